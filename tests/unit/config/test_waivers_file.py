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
