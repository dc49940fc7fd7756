"""A waiver from its first day to its end: silence, a letter to who answers for it, then the rule again."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from mailbot.simulator import Delivered
from tests.acceptance.desk import GIB, Desk, small_town

OVER, OWNER = "plain-over", "in-english"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as here:
        yield here


def waives(desk: Desk, until: date, **changed: str) -> None:
    """The administrator writes a waiver for the mailbox that is over its limit."""
    keys = {
        "owner": "teamleider Archief",
        "owner_address": desk.resident(OWNER).address,
        "reason": "project archive until migration",
        "rule": "quota",
        "address": desk.resident(OVER).address,
    } | changed
    lines = [f'{key} = "{value}"' for key, value in keys.items()]
    text = "\n".join(["[[waiver]]", *lines, "from = 2026-11-01", f"until = {until.isoformat()}", ""])
    (desk.here.settings / "waivers.toml").write_text(text, encoding="utf-8")


def works_on(desk: Desk, day: int, month: int = 11) -> None:
    """One working day: the sweep in the morning, letters through the day."""
    desk.goes_to_day(day, 6, month=month)
    assert desk.types("sweep").code in (0, 12)
    for hour in (9, 11, 15):
        desk.goes_to_day(day, hour, month=month)
        desk.delivers()


def about_size(mails: list[Delivered]) -> list[Delivered]:
    return [mail for mail in mails if "postbus" in mail.subject.lower() or "mailbox" in mail.subject.lower()]


def waiver_letters(desk: Desk) -> list[Delivered]:
    return [
        mail
        for mail in desk.staff_got(OWNER)
        if re.search(r"[Uu]itzondering|[Ww]aiver|[Ee]xception", mail.subject)
    ]


def test_without_a_waiver_the_person_gets_a_letter(desk: Desk) -> None:
    works_on(desk, 23)
    assert len(about_size(desk.staff_got(OVER))) == 1


def test_while_it_holds_nobody_writes_and_no_figure_counts_the_mailbox(desk: Desk) -> None:
    works_on(desk, 23)
    before = desk.findings()
    waives(desk, date(2027, 3, 1))
    works_on(desk, 24)
    assert desk.findings()[("quota", "waived")] == 1
    assert sum(before.values()) == sum(desk.findings().values()), "it is waived, not forgotten"
    for day in (1, 8, 15):
        works_on(desk, day, month=12)
    assert len(desk.staff_got(OVER)) == 1, "the letter of before the waiver, and none since"
    assert waiver_letters(desk) == []


def test_a_letter_that_waits_when_the_waiver_is_written_does_not_leave(desk: Desk) -> None:
    desk.goes_to_day(23, 6)
    desk.types("sweep")
    waives(desk, date(2027, 3, 1))
    desk.goes_to_day(23, 10, 5)
    assert desk.delivers().sent > 0
    assert desk.staff_got(OVER) == []


def test_the_owner_hears_fourteen_days_before_the_end_and_then_the_rule_holds_again(desk: Desk) -> None:
    waives(desk, date(2026, 12, 11))
    works_on(desk, 26)
    assert desk.staff_got(OVER) == waiver_letters(desk) == []
    for day in (27, 30):
        works_on(desk, day)
    (letter,) = waiver_letters(desk)
    assert desk.resident(OVER).address not in letter.body, "a mailbox of one person is not named"
    works_on(desk, 11, month=12)
    assert desk.findings()[("quota", "waived")] == 1
    works_on(desk, 14, month=12)
    assert ("quota", "waived") not in desk.findings()
    assert len(about_size(desk.staff_got(OVER))) == 1
    assert len(waiver_letters(desk)) == 1


@pytest.mark.parametrize("change", ["taken away", "prolonged", "another owner"])
def test_a_letter_that_is_true_no_more_when_it_is_to_leave_stays_away(desk: Desk, change: str) -> None:
    """Between the sweep of the morning and the first letters the file was changed."""
    ends = date(2026, 12, 7)
    waives(desk, ends)
    assert desk.types("sweep").code in (0, 12)
    assert ("waiver", "waiting") in letters_to_owner(desk)
    if change == "taken away":
        (desk.here.settings / "waivers.toml").write_text("", encoding="utf-8")
    elif change == "prolonged":
        waives(desk, date(2027, 3, 1))
    else:
        waives(desk, ends, owner_address=desk.resident("both-rules").address)
    desk.goes_to_day(23, 9)
    desk.delivers()
    assert waiver_letters(desk) == []
    assert ("waiver", "withdrawn") in letters_to_owner(desk)


def letters_to_owner(desk: Desk) -> list[tuple[str, str]]:
    shown = desk.shows("explain", desk.resident(OWNER).address, "--reason", "vraag van de eigenaar")
    return [(letter["topic"], letter["state"]) for letter in shown["letters"]]


def test_a_mailbox_that_was_tidied_meanwhile_is_simply_fine(desk: Desk) -> None:
    waives(desk, date(2026, 12, 11))
    works_on(desk, 23)
    desk.resizes(OVER, GIB)
    works_on(desk, 24)
    assert ("quota", "waived") not in desk.findings()


def test_where_nobody_can_be_written_to_the_operator_hears(desk: Desk) -> None:
    waives(desk, date(2026, 12, 4), owner_address="niemand@voorbeeld.example")
    works_on(desk, 23)
    problems = desk.shows("findings")["problems"]
    assert [code for code in problems if code.startswith("waiver_ends_")]
    waives(desk, date(2027, 3, 1), owner_address="niemand@voorbeeld.example")
    works_on(desk, 24)
    assert not [code for code in desk.shows("findings")["problems"] if code.startswith("waiver_ends_")]


@pytest.mark.parametrize(
    "command", [("sweep",), ("findings",), ("report",), ("people", "check"), ("doctor",)]
)
def test_a_malformed_one_stops_every_command_and_silences_nobody(
    desk: Desk, command: tuple[str, ...]
) -> None:
    waives(desk, date(2028, 1, 1), owner_address="tl.archief@buiten.example")
    said = desk.types(*command)
    assert said.code != 0
    for where in ("waiver 1\n", "waiver 1.owner_address\n"):
        assert f"  {where}" in said.err
    assert "tl.archief@" not in said.out + said.err
