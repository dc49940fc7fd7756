"""waivers.toml as part of a settings folder: malformed, it stops everything and silences nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailbot.config.load import collect, load
from mailbot.model.errors import SettingsRefused

WAIVER = """
[[waiver]]
owner = "teamleider Archief"
owner_address = "tl.archief@voorbeeld.example"
reason = "project archive until migration"
rule = "quota"
address = "archief@voorbeeld.example"
from = 2026-11-01
until = 2027-04-30
"""

Change = Callable[[str, str, str], None]


@pytest.fixture
def waivers(folder: Path) -> Path:
    """Three good ones, of three mailboxes."""
    file = folder / "waivers.toml"
    file.write_text("".join(WAIVER.replace("archief@", f"archief{n}@") for n in range(3)), encoding="utf-8")
    return file


def test_good_ones_are_read_in_their_order(folder: Path, waivers: Path) -> None:
    found = load(folder, {}).waivers
    assert [waiver.address.value for waiver in found] == [f"archief{n}@voorbeeld.example" for n in range(3)]


def test_the_shipped_example_would_be_accepted(folder: Path) -> None:
    text = (folder / "waivers.toml").read_text(encoding="utf-8")
    example = text[text.index("# [[waiver]]") :].replace("# ", "", 1).replace("\n# ", "\n")
    (folder / "waivers.toml").write_text(example, encoding="utf-8")
    (waiver,) = load(folder, {}).waivers
    assert waiver.rule == "quota"


def test_whoever_answers_for_it_is_one_of_ours(folder: Path, waivers: Path, change: Change) -> None:
    change("waivers.toml", "tl.archief1@", "tl.archief1@buiten.")
    _, problems = collect(folder, {})
    assert [(problem.file, problem.where) for problem in problems] == [
        ("waivers.toml", "waiver 2.owner_address")
    ]
    assert "buiten" not in problems[0].found + problems[0].mend


def test_all_that_is_wrong_is_told_at_once_and_no_other_waiver_holds(
    folder: Path, waivers: Path, change: Change
) -> None:
    text = waivers.read_text(encoding="utf-8")
    first, second, third = text.strip().split("\n\n")
    first = first.replace('owner = "teamleider Archief"\n', "")
    second = second.replace("until = 2027-04-30", "until = 2028-04-30")
    third = third.replace('rule = "quota"', 'rule = "qouta"').replace("from", "form")
    waivers.write_text("\n\n".join((first, second, third)), encoding="utf-8")
    configuration, problems = collect(folder, {})
    assert configuration is None
    assert {problem.where for problem in problems} == {
        "waiver 1.owner",
        "waiver 2",
        "waiver 3.rule",
        "waiver 3.from",
        "waiver 3.form",
    }
    with pytest.raises(SettingsRefused, match="5 problems"):
        load(folder, {})


def test_every_pair_on_the_same_days_is_told_beside_all_that_is_wrong(folder: Path, waivers: Path) -> None:
    """Two of archief0, two of archief2 in capitals, and one with a rule that does not exist."""
    text = waivers.read_text(encoding="utf-8")
    first, _, third = text.strip().split("\n\n")
    added = (first, third.replace("archief2@", "Archief2@"), first.replace('"quota"', '"qouta"'))
    waivers.write_text(text + "\n\n".join(added), encoding="utf-8")
    _, problems = collect(folder, {})
    assert [(problem.where, problem.found) for problem in problems if problem.file == "waivers.toml"] == [
        ("waiver 6.rule", "a text of 5 characters"),
        ("waiver 4", "waivers 1 and 4 on the same days"),
        ("waiver 5", "waivers 3 and 5 on the same days"),
    ]


def test_single_brackets_are_told_as_such(folder: Path, waivers: Path) -> None:
    waivers.write_text(WAIVER.replace("[[waiver]]", "[waiver]"), encoding="utf-8")
    _, problems = collect(folder, {})
    assert [(problem.where, problem.mend) for problem in problems] == [
        ("waiver", "write the heading in two brackets on each side: [[waiver]]")
    ]
