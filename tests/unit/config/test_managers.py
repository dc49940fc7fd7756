"""The file managers.toml: who stands in, who heads a department, and all that can be wrong with it."""

import re
from datetime import date
from pathlib import Path

import pytest

from mailbot.config.managers import read_managers
from mailbot.config.problems import Problem
from mailbot.config.shipped import shipped_settings
from mailbot.model.arrangements import Arrangements, Deputy, Head
from mailbot.model.ids import Address

CHEF, OTHER = Address("chef@voorbeeld.example"), Address("waarnemer@voorbeeld.example")


def read(folder: Path, text: str) -> tuple[Arrangements | None, list[Problem]]:
    file = folder / "managers.toml"
    file.write_text(text, encoding="utf-8")
    return read_managers(file, "managers.toml")


def deputy(manager: str = "chef", other: str = "waarnemer", more: str = "") -> str:
    return (
        f'[[deputy]]\nmanager = "{manager}@voorbeeld.example"\ndeputy = "{other}@voorbeeld.example"\n{more}\n'
    )


def department(code: str = "100") -> str:
    return f'[[department]]\norg_code = "{code}"\nhead = "chef@voorbeeld.example"\n'


def test_who_stands_in_and_who_is_head(tmp_path: Path) -> None:
    found, problems = read(tmp_path, deputy(more="until = 2027-03-31") + deputy("hoofd") + department())
    assert problems == []
    assert found == Arrangements(
        (Deputy(CHEF, OTHER, date(2027, 3, 31)), Deputy(Address("hoofd@voorbeeld.example"), OTHER)),
        (Head("100", CHEF),),
    )


def test_a_file_that_is_not_there_arranges_nothing(tmp_path: Path) -> None:
    assert read_managers(tmp_path / "managers.toml", "managers.toml") == (Arrangements(), [])


def test_the_shipped_file_arranges_nothing_and_its_examples_are_right(tmp_path: Path) -> None:
    shipped = shipped_settings() / "managers.toml"
    assert read_managers(shipped, "managers.toml") == (Arrangements(), [])
    text = shipped.read_text(encoding="utf-8")
    examples = re.sub("^# ?", "", text[text.index("# [[deputy]]") :], flags=re.MULTILINE)
    found, problems = read(tmp_path, examples)
    assert problems == []
    assert found is not None
    assert (len(found.deputies), len(found.heads)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "where", "expected"),
    [
        (deputy(other="chef"), "deputy 1", "a deputy who is somebody else"),
        (deputy() + deputy(other="ander"), "deputy", "one deputy for a manager"),
        (department("Bz") + department(" bZ "), "department", "one head for an org_code"),
        (deputy("geen adres"), "deputy 1.manager", "an e-mail address"),
        (deputy(other="geen adres"), "deputy 1.deputy", "an e-mail address"),
        (deputy(more='until = "2027-03-31"'), "deputy 1.until", None),
        (deputy(more='untill = "x"'), "deputy 1.untill", None),
        (deputy() + '[[deputy]]\nmanager = "ander@voorbeeld.example"\n', "deputy 2.deputy", None),
        ('[[department]]\norg_code = ""\nhead = "chef@voorbeeld.example"\n', "department 1.org_code", None),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_quotes_nobody(
    tmp_path: Path, text: str, where: str, expected: str | None
) -> None:
    found, problems = read(tmp_path, text)
    assert found is None
    [problem] = problems
    assert (problem.file, problem.where) == ("managers.toml", where)
    assert problem.expected == (expected or problem.expected)
    assert problem.mend
    assert "voorbeeld.example" not in repr(problem)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    _, problems = read(tmp_path, deputy("geen adres", more="until = 3") + department(""))
    assert [p.where for p in problems] == ["deputy 1.manager", "deputy 1.until", "department 1.org_code"]
