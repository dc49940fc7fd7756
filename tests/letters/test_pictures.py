"""Letters as a browser shows them, on a telephone and on a desk, in light and in dark."""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailbot.letters.gallery import write_gallery
from mailbot.letters.palette import DARK, LIGHT
from mailbot.model.letters import Letter, Mail

Render = Callable[[Letter], Mail]
SHOWN = (
    "quota_letter",
    "absence_letter",
    "delegates_letter",
    "signature_letter",
    "confidential_letter",
    "digest_letter",
)
WIDTHS = (360, 800)
SCREEN = 1150
"""Pixels of height that a digest may take on a desk: one screen."""


def colours_in(picture: bytes) -> int:
    """How many different bytes the pixels of a PNG have: 1 or 2 for a blank one."""
    data, place = b"", 8
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        if picture[place + 4 : place + 8] == b"IDAT":
            data += picture[place + 8 : place + 8 + length]
        place += length + 12
    return len(set(zlib.decompress(data)))


def look(chromium: Any, page_html: str, width: int, scheme: str, picture: Path) -> dict[str, Any]:
    """Show a page, take its picture and measure it."""
    context = chromium.new_context(
        color_scheme=scheme, offline=True, viewport={"width": width, "height": 600}
    )
    try:
        page = context.new_page()
        page.set_content(page_html)
        page.screenshot(path=picture, full_page=True)
        return dict(
            page.evaluate(
                "({wide: document.documentElement.scrollWidth, high: document.body.scrollHeight,"
                " behind: getComputedStyle(document.body).backgroundColor})"
            )
        )
    finally:
        context.close()


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[n : n + 2], 16)) for n in (1, 3, 5))})"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", SHOWN)
def test_a_letter_fits_and_is_seen(
    which: str,
    width: int,
    scheme: str,
    chromium: Any,
    render: Render,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    mail = render(request.getfixturevalue(which))
    picture = tmp_path / f"{which}-{width}-{scheme}.png"
    measured = look(chromium, mail.html, width, scheme, picture)
    assert measured["wide"] == width
    assert measured["behind"] == rgb((LIGHT if scheme == "light" else DARK).page)
    assert colours_in(picture.read_bytes()) > 30


def test_a_name_of_200_letters_does_not_push_the_letter_off_the_screen(
    chromium: Any, quota_letter: Letter, render: Render, tmp_path: Path
) -> None:
    long = replace(quota_letter, to=replace(quota_letter.to, name="W" * 200))
    assert look(chromium, render(long).html, 360, "light", tmp_path / "long.png")["wide"] == 360


def test_a_digest_is_one_screen(chromium: Any, digest_letter: Letter, render: Render, tmp_path: Path) -> None:
    assert look(chromium, render(digest_letter).html, 800, "light", tmp_path / "d.png")["high"] <= SCREEN


@pytest.mark.parametrize("width", WIDTHS)
def test_the_gallery_fits(
    width: int, chromium: Any, quota_letter: Letter, digest_letter: Letter, render: Render, tmp_path: Path
) -> None:
    mails = [render(quota_letter), render(digest_letter)]
    index = write_gallery(mails, tmp_path, "Letters of gemeente Voorbeeld")
    measured = look(chromium, index.read_text(encoding="utf-8"), width, "light", tmp_path / "gallery.png")
    assert measured["wide"] == width


def test_the_stylesheet_asks_for_nothing(quota_letter: Letter, render: Render) -> None:
    assert re.search(r"@import|@font-face|url\(", render(quota_letter).html) is None
