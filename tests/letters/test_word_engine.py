"""Outlook on Windows lays letters out with Word. Only what it reads, or passes over without harm, is used
(practice 6)."""

import re
from collections.abc import Callable
from typing import Any

from lxml import html

from mailbot.model.letters import Letter, Mail

Render = Callable[[Letter], Mail]

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body",
    "table", "tr", "td", "th", "p", "h1", "h2", "ol", "li", "span", "strong", "br",
}  # fmt: skip
ATTRIBUTES = {
    "html": {"lang", "dir", "xmlns:o"},
    "meta": {"charset", "name", "content"},
    "table": {"role", "width", "cellpadding", "cellspacing", "border"},
    "td": {"align", "valign", "width"},
    "th": {"align", "valign", "width", "scope"},
    "span": {"aria-hidden"},
}
READ = {
    "margin", "padding", "border", "border-top", "border-left", "border-bottom", "border-collapse",
    "background-color", "color", "font-family", "font-size", "font-weight", "line-height", "text-align",
    "mso-line-height-rule", "mso-table-lspace", "mso-table-rspace",
}  # fmt: skip
PASSED_OVER = {"max-width", "table-layout", "word-wrap", "overflow-wrap"}
"""For other programs: Word gets its width from the table in the conditional comment, and wraps by itself."""

ONLY_CELLS = {"padding", "border", "border-top", "border-left", "border-bottom"}
"""Word gives these to no p, h1, h2, li or span; a zero is no loss."""

OWN_FONTS = "Verdana,Arial,sans-serif"


def elements(mail: Mail) -> list[Any]:
    return [e for e in html.document_fromstring(mail.html).iter() if isinstance(e.tag, str)]


def styles(element: Any) -> dict[str, str]:
    pairs = (part.partition(":") for part in element.get("style", "").split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def test_only_elements_and_attributes_that_word_knows(case: Any, render: Render) -> None:
    for element in elements(render(case.letter())):
        assert element.tag in ELEMENTS
        allowed = ATTRIBUTES.get(element.tag, set()) | {"class", "style"}
        assert set(element.keys()) <= allowed, element.tag


def test_only_properties_that_word_reads_or_passes_over(case: Any, render: Render) -> None:
    for element in elements(render(case.letter())):
        for name, value in styles(element).items():
            assert name in READ | PASSED_OVER, (element.tag, name)
            if name in ONLY_CELLS and element.tag not in ("table", "td", "th"):
                assert set(value.split()) <= {"0", "4px"}, (element.tag, name, value)
            if name == "margin" and element.tag == "table":
                raise AssertionError("Word gives tables no margin")
            assert "auto" not in value
            if name == "font-family":
                assert value == OWN_FONTS


def test_every_line_height_is_exact_and_every_layout_table_plain(case: Any, render: Render) -> None:
    for element in elements(render(case.letter())):
        found = styles(element)
        if element.tag == "table":
            assert found["border-collapse"] == "collapse"
            assert [element.get(name) for name in ("cellpadding", "cellspacing", "border")] == ["0", "0", "0"]
            assert element.get("width") == "100%"
        if element.tag in ("p", "h1", "h2") and element.get("class") != "accent":
            assert found["mso-line-height-rule"] == "exactly"


def test_word_gets_a_table_of_600_pixels(quota_letter: Letter, render: Render) -> None:
    comments = re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", render(quota_letter).html, re.DOTALL)
    assert [c for c in comments if 'width="600"' in c and c.startswith("<table")]
    assert sum(c.count("<table") for c in comments) == sum(c.count("</table>") for c in comments) == 1


def test_a_program_without_styles_shows_light_letters_whole(case: Any, render: Render) -> None:
    """Mail programs drop the style in the head: everything that a light letter needs is inline."""
    page = render(case.letter()).html
    without = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert without != page
    for element in elements(render(case.letter())):
        if element.tag in ("p", "h1", "h2", "li", "th", "td") and (element.text or "").strip():
            assert {"color", "font-size"} <= {
                n for e in (element, *element.iterancestors()) for n in styles(e)
            }


def test_nothing_is_loaded_or_clicked(case: Any, render: Render) -> None:
    page = render(case.letter()).html
    loading = ("@import", "@font-face", "url(", "<img", "<svg", "<a ", "<script", "<link", "javascript:")
    assert [word for word in loading if word in page] == []
