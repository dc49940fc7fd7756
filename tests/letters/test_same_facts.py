"""Whoever reads the text part reads the same words, in the same order, as whoever reads the HTML part."""

import re
from collections.abc import Callable
from typing import Any

from lxml import html

from mailbot.model.letters import Letter, Mail


def words_of_html(page: str) -> list[str]:
    body = html.document_fromstring(page).find("body")
    assert body is not None
    for comment in body.xpath(".//comment()"):
        comment.drop_tree()
    return " ".join(body.itertext()).split()


def words_of_text(text: str) -> list[str]:
    """Without what stands for layout: lines under headings, numbers of steps, bars between columns."""
    lines = [re.sub(r"^\d\. ", "", line) for line in text.splitlines() if not re.fullmatch(r"[=-]+", line)]
    return " ".join(lines).replace(" | ", " ").split()


def without_colons(words: list[str]) -> list[str]:
    return [word.rstrip(":") for word in words]


def test_both_parts_say_the_same(case: Any, render: Callable[[Letter], Mail]) -> None:
    mail = render(case.letter())
    assert without_colons(words_of_html(mail.html)) == without_colons(words_of_text(mail.text))


def test_the_values_of_a_letter_stand_in_both_parts(
    quota_letter: Letter, absence_letter: Letter, render: Callable[[Letter], Mail]
) -> None:
    for letter, facts in (
        (quota_letter, ["6,1 GB", "hoogstens 5 GB"]),
        (absence_letter, ["dinsdag 24 november", "vrijdag 11 december"]),
    ):
        mail = render(letter)
        for fact in facts:
            assert fact in mail.text
            assert fact in mail.html.replace("\u00a0", " ")
