"""Letters as a browser shows them, on a telephone and on a desk, in light and in dark."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailbot.engine.figures.encoding import encode
from mailbot.letters.gallery import write_gallery
from mailbot.letters.palette import DARK, LIGHT
from mailbot.model.accounts import Language
from mailbot.model.letters import Letter, Mail
from tests.letters.digest_cases import FULL

Render = Callable[[Letter], Mail]
WIDTHS = (360, 800)
SCREEN = 1020
"""Pixels of height that a digest may take on a desk before the notes under it: one screen."""

LOWEST, HIGHEST = 500, {360: 2400, 800: 1600}
"""Heights between which a letter is neither broken nor long."""

CUT = """
[...document.body.querySelectorAll("*")]
  .filter(e => getComputedStyle(e).display != "inline")
  .filter(e => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.tagName + ": " + e.textContent.slice(0, 40))
"""
"""Elements whose text is wider than they are."""


def colours_in(picture: bytes) -> int:
    """How many different bytes the pixels of a PNG have: 1 or 2 for a blank one."""
    data, place = b"", 8
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        if picture[place + 4 : place + 8] == b"IDAT":
            data += picture[place + 8 : place + 8 + length]
        place += length + 12
    return len(set(zlib.decompress(data)))


@pytest.fixture(scope="module")
def window(chromium: Any) -> Iterator[Any]:
    """One page without a network, for all letters one after the other."""
    context = chromium.new_context(offline=True, viewport={"width": 800, "height": 600})
    yield context.new_page()
    context.close()


def look(window: Any, page_html: str, width: int, scheme: str, picture: Path) -> dict[str, Any]:
    """Show a page, take its picture and measure it."""
    window.emulate_media(color_scheme=scheme)
    window.set_viewport_size({"width": width, "height": 600})
    window.set_content(page_html)
    window.screenshot(path=picture, full_page=True)
    return dict(
        window.evaluate(
            "({wide: document.documentElement.scrollWidth, high: document.body.scrollHeight,"
            f" behind: getComputedStyle(document.body).backgroundColor, cut: {CUT},"
            " main: (document.querySelector('td.panel') ?? document.body).getBoundingClientRect().top})"
        )
    )


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[n : n + 2], 16)) for n in (1, 3, 5))})"


def test_a_letter_fits_and_is_seen_whole(case: Any, window: Any, render: Render, tmp_path: Path) -> None:
    mail = render(case.letter())
    for width in WIDTHS:
        heights = set()
        for scheme, palette in (("light", LIGHT), ("dark", DARK)):
            picture = tmp_path / f"{case.name}-{width}-{scheme}.png"
            measured = look(window, mail.html, width, scheme, picture)
            assert measured["wide"] == width
            assert measured["cut"] == []
            assert measured["behind"] == rgb(palette.page)
            assert LOWEST < measured["high"] < HIGHEST[width]
            assert colours_in(picture.read_bytes()) > 30
            heights.add(measured["high"])
        assert len(heights) == 1


def test_a_name_of_200_letters_does_not_push_the_letter_off_the_screen(
    window: Any, quota_letter: Letter, render: Render, tmp_path: Path
) -> None:
    long = replace(quota_letter, to=replace(quota_letter.to, name="W" * 200))
    assert look(window, render(long).html, 360, "light", tmp_path / "long.png")["wide"] == 360


@pytest.mark.parametrize("language", list(Language))
def test_a_digest_is_one_screen(
    language: Language, window: Any, digest_letter: Letter, render: Render, tmp_path: Path
) -> None:
    """The fullest one there can be, down to what stands under every letter."""
    to = replace(digest_letter.to, language=language)
    page = render(replace(digest_letter, shown=encode(FULL), to=to)).html
    measured = look(window, page, 800, "light", tmp_path / "d.png")
    assert 500 < measured["main"] <= SCREEN


@pytest.mark.parametrize("width", WIDTHS)
def test_the_gallery_fits(
    width: int, window: Any, quota_letter: Letter, digest_letter: Letter, render: Render, tmp_path: Path
) -> None:
    mails = [render(quota_letter), render(digest_letter)]
    index = write_gallery(mails, tmp_path, "Letters of gemeente Voorbeeld")
    measured = look(window, index.read_text(encoding="utf-8"), width, "light", tmp_path / "gallery.png")
    assert measured["wide"] == width


def test_the_stylesheet_asks_for_nothing(quota_letter: Letter, render: Render) -> None:
    assert re.search(r"@import|@font-face|url\(", render(quota_letter).html) is None
