"""Values that cannot be made wrong: addresses, ids, stretches of time, verdicts, slots, people."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.model.accounts import Language, RecipientType
from mailbot.model.facts import Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid, object_guid
from mailbot.model.mailbox import Interval
from mailbot.model.people import People, Person
from mailbot.model.slots import Job, Slot
from mailbot.model.verdicts import Outcome, Verdict, compliant, deviation, tip, unknown

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
GUID = "11111111-2222-3333-4444-55555555abcd"


@pytest.mark.parametrize("text", [GUID, GUID.upper(), f"{{{GUID}}}", f" {GUID} ", GUID.replace("-", "")])
def test_one_guid_has_one_spelling(text: str) -> None:
    assert object_guid(text) == GUID


@pytest.mark.parametrize("text", ["", "kim", "00000000-0000-0000-0000-000000000000", GUID[:-1]])
def test_what_names_nobody_is_no_guid(text: str) -> None:
    with pytest.raises(ValueError, match=r"badly formed|names nobody"):
        object_guid(text)


def test_an_address_is_compared_without_case_and_trailing_dot() -> None:
    assert Address("Kim@Voorbeeld.Example.") == Address(" kim@voorbeeld.example")
    assert Address("kim@voorbeeld.example").domain == "voorbeeld.example"


@pytest.mark.parametrize(
    "text",
    ["", "kim", "@voorbeeld.example", "kim@", "kim de wit@voorbeeld.example", "<kim@voorbeeld.example>",
     "kim@voorbeeld.example,lee@voorbeeld.example", "kim@voorbeeld.example\nBcc: lee@voorbeeld.example",
     "k" * 250 + "@voorbeeld.example"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not an e-mail address$"):
        Address(text)


def test_an_address_cannot_slip_into_a_log() -> None:
    address = Address("kim@voorbeeld.example")
    assert "kim" not in f"{address} {address!r} {[address]}"


def person(name: str = "Kim de Wit") -> Person:
    return Person(
        ObjectGuid(GUID),
        Address("kim@voorbeeld.example"),
        name,
        Language.NL,
        Known(True, NOW),
        Known(RecipientType.USER, NOW),
        Known(False, NOW),
        Unknown(Reason.WORK_PATTERN_MISSING),
    )


def test_a_person_cannot_slip_into_a_log() -> None:
    shown = repr(person()).lower()
    assert "kim" not in shown and "abcd" not in shown


def test_managers_are_found_through_their_team() -> None:
    boss, kim = (
        replace(person("De baas"), guid=ObjectGuid("boss")),
        replace(person(), manager=ObjectGuid("boss")),
    )
    stray = replace(person("Lee"), guid=ObjectGuid("lee"), manager=ObjectGuid("somebody who left"))
    people = People({p.guid: p for p in (boss, kim, stray)}, frozenset({"voorbeeld.example"}), NOW)
    assert people.managers() == {"boss": (kim,)}


@pytest.mark.parametrize("kind", RecipientType)
def test_a_mailbox_is_a_persons_or_not(kind: RecipientType) -> None:
    assert kind.personal is (kind in ("user", "linked", "remote_user"))


def test_a_stretch_is_kept_in_utc_whatever_zone_it_came_in() -> None:
    local = Interval(datetime(2026, 10, 25, 0, tzinfo=AMSTERDAM), datetime(2026, 10, 26, 0, tzinfo=AMSTERDAM))
    assert local == Interval(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))
    assert local.start.isoformat() == "2026-10-24T22:00:00+00:00"
    assert local.end - local.start == timedelta(hours=25)


def test_a_stretch_within_the_hour_that_comes_twice() -> None:
    first = datetime(2026, 10, 25, 2, 45, tzinfo=AMSTERDAM)
    second = datetime(2026, 10, 25, 2, 15, tzinfo=AMSTERDAM, fold=1)
    half_hour = Interval(first, second)
    assert half_hour.end - half_hour.start == timedelta(minutes=30)
    with pytest.raises(ValueError, match="ends after it starts"):
        Interval(second, first)


def test_a_stretch_needs_zones_and_a_length() -> None:
    with pytest.raises(ValueError, match="aware"):
        Interval(NOW.replace(tzinfo=None), NOW)
    with pytest.raises(ValueError, match="ends after it starts"):
        Interval(NOW, NOW)


def test_only_an_unknown_verdict_has_a_reason() -> None:
    assert unknown(Reason.TIMED_OUT) == Verdict(Outcome.UNKNOWN, "timed_out", reason=Reason.TIMED_OUT)
    with pytest.raises(ValueError, match="unknown verdict"):
        Verdict(Outcome.UNKNOWN, "timed_out")
    with pytest.raises(ValueError, match="unknown verdict"):
        Verdict(Outcome.DEVIATION, "over_limit", reason=Reason.TIMED_OUT)


def test_what_a_letter_shows_is_in_no_repr_and_cannot_be_changed() -> None:
    verdict = deviation("over_limit", size_bytes=6_442_450_944)
    assert "6442450944" not in repr(verdict)
    with pytest.raises(TypeError):
        verdict.shown["size_bytes"] = 1  # type: ignore[index]


def test_the_makers_of_verdicts_say_what_they_are_called() -> None:
    assert [v.outcome for v in (compliant("a"), tip("b"), deviation("c"))] == [
        "compliant",
        "tip",
        "deviation",
    ]


def test_a_slot_is_named_after_its_job_day_and_label() -> None:
    assert Slot(Job.SWEEP, date(2026, 11, 20), "06:00").id == "sweep/2026-11-20/06:00"
