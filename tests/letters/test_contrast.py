"""Every word in every letter can be read by weak eyes, in light and in dark (WCAG 2.1, 1.4.3 and 1.4.4)."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lxml import html

from mailbot.model.letters import Letter, Mail

ENOUGH = 4.5
SMALLEST = 14


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.1)."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def dark_rules(page: str) -> dict[str, dict[str, str]]:
    """The declarations that the dark style gives to each class."""
    _, _, dark = page.partition("(prefers-color-scheme: dark) {")
    rules = re.findall(r"\.(\w+) \{([^}]*)\}", dark.partition("</style>")[0])
    return {name: dict(re.findall(r"([\w-]+): (\S+) !important", body)) for name, body in rules}


def declared(element: Any, name: str, dark: dict[str, dict[str, str]]) -> str | None:
    for css_class in element.get("class", "").split():
        if name in dark.get(css_class, {}):
            return dark[css_class][name]
    found = re.search(rf"(?:^|;)\s*{name}:\s*([^;]+)", element.get("style", ""))
    return found.group(1).strip() if found else None


def seen(page: str, dark: dict[str, dict[str, str]]) -> Iterator[tuple[str, str, str, str]]:
    """Each piece of text with the colour, background and size it is shown in."""
    body = html.document_fromstring(page).find("body")
    for element in body.iter():
        pieces = [] if not isinstance(element.tag, str) else [element.text]
        where = element
        pieces += [element.tail] if element is not body else []
        for place, piece in enumerate(pieces):
            if piece and piece.strip():
                owner = where if place == 0 and isinstance(element.tag, str) else element.getparent()
                chain = [owner, *owner.iterancestors()]
                colour = next(c for e in chain if (c := declared(e, "color", dark)))
                behind = next(c for e in chain if (c := declared(e, "background-color", dark)))
                size = next(c for e in chain if (c := declared(e, "font-size", {})))
                yield piece.strip(), colour, behind, size


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_and_is_large_enough(
    case: Any, scheme: str, render: Callable[[Letter], Mail]
) -> None:
    page = render(case.letter()).html
    dark = dark_rules(page) if scheme == "dark" else {}
    pieces = list(seen(page, dark))
    assert len(pieces) > 10
    for text, colour, behind, size in pieces:
        assert contrast(colour, behind) >= ENOUGH, (text, colour, behind)
        assert int(size.removesuffix("px")) >= SMALLEST, text


def test_the_dark_letter_is_really_dark(quota_letter: Letter, render: Callable[[Letter], Mail]) -> None:
    page = render(quota_letter).html
    light = {behind for _, _, behind, _ in seen(page, {})}
    dark = {behind for _, _, behind, _ in seen(page, dark_rules(page))}
    assert min(map(luminance, light)) > 0.8
    assert max(map(luminance, dark)) < 0.05


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_screen_reader_finds_language_headings_lists_and_tables(
    case: Any, render: Callable[[Letter], Mail]
) -> None:
    page = html.document_fromstring(render(case.letter()).html)
    assert page.getroottree().getroot().get("lang") == case.language.value
    levels = [int(e.tag[1]) for e in page.iter("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert set(levels) == {1, 2}
    for table in page.iter("table"):
        cells = table.xpath("./tr/th | ./tbody/tr/th")
        assert (table.get("role") == "presentation") is not bool(cells)
        assert all(th.get("scope") in ("row", "col") for th in cells)
