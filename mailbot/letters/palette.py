"""The colours of a letter. Every pair that is used has a contrast of at least 4.5 to 1 (WCAG 1.4.3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """`page` lies behind the letter, `paper` is the letter, `panel` sets apart what is not the letter itself.

    `accent` is for the house's name and numbers on paper; `test`/`test_ink` for the test banner.
    """

    page: str
    paper: str
    panel: str
    tint: str
    line: str
    ink: str
    soft: str
    accent: str
    test: str
    test_ink: str


LIGHT = Palette(
    page="#edf1f3",
    paper="#ffffff",
    panel="#f5f7f8",
    tint="#e9f3f4",
    line="#d3dce0",
    ink="#1d2b33",
    soft="#4b5b64",
    accent="#0b5a66",
    test="#fff1cc",
    test_ink="#573d00",
)
DARK = Palette(
    page="#11181c",
    paper="#1b252b",
    panel="#151e23",
    tint="#1f343a",
    line="#36464e",
    ink="#e9eef0",
    soft="#b6c3c9",
    accent="#7fd3df",
    test="#46380f",
    test_ink="#ffe6a3",
)
