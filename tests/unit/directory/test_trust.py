"""The order of trust: complete, and the same in the code and on the page for the administrator."""

import re
from pathlib import Path

import pytest

from mailbot.directory.trust import TRUST, Word, trusted
from mailbot.model.conflicts import Clash
from mailbot.model.sources import Attribute, Source

PAGE = (Path(__file__).parents[3] / "deploy" / "directory" / "merging.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """The first table after a heading: cells of each line by their first one."""
    text = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if re.match(r"\| `?[a-z_]+`? \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells if first != "attribute" and first != "conflict"}


def test_the_page_shows_the_order_that_is_in_force() -> None:
    shown = {
        attribute.value: [
            *(source.value for source in order.sources),
            *[""] * (2 - len(order.sources)),
            order.why,
        ]
        for attribute, order in TRUST.items()
    }
    assert table("Whose word counts") == shown


def test_every_attribute_has_its_order() -> None:
    assert list(TRUST) == list(Attribute)
    for order in TRUST.values():
        assert order.sources and len(set(order.sources)) == len(order.sources)
        assert re.fullmatch(r"[A-Z][^.]*\.", order.why), "one sentence"


def test_every_conflict_is_explained() -> None:
    explained = table("Conflicts")
    assert list(explained) == [clash.value for clash in Clash]
    assert all(len(cells) == 3 and all(cells) for cells in explained.values())


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({Source.PERSONNEL: 1, Source.DIRECTORY: 2}, Word(Source.PERSONNEL, 1)),
        ({Source.DIRECTORY: 2}, Word(Source.DIRECTORY, 2)),
        ({}, None),
    ],
)
def test_the_first_that_says_anything_is_believed(said: dict[Source, int], word: Word[int] | None) -> None:
    assert trusted(Attribute.ENDS, said) == word


def test_that_there_is_no_end_is_an_answer() -> None:
    assert trusted(Attribute.ENDS, {Source.PERSONNEL: None}) == Word(Source.PERSONNEL, None)


def test_who_is_not_in_the_order_is_never_believed() -> None:
    assert trusted(Attribute.HOLD, {Source.PERSONNEL: True}) is None
