"""Who is left alone, and whose waivers end soon."""

from datetime import UTC, date, datetime, timedelta

from mailbot.engine.waiving import ending, in_force, waived
from mailbot.model.accounts import Language
from mailbot.model.facts import Known
from mailbot.model.ids import Address, ObjectGuid, RuleId
from mailbot.model.people import NOT_SAID, People, Person
from mailbot.policy.waivers import Waiver

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TODAY = NOW.date()
QUOTA, DELEGATES = RuleId("quota"), RuleId("delegates")


def address(name: str) -> Address:
    return Address(f"{name}@voorbeeld.example")


def person(name: str) -> Person:
    return Person(
        guid=ObjectGuid(name),
        address=address(name),
        name=name,
        language=Language.NL,
        enabled=Known(True, NOW),
        recipient_type=NOT_SAID,
        hold=NOT_SAID,
        roster=NOT_SAID,
    )


def people(*names: str) -> People:
    return People({ObjectGuid(name): person(name) for name in names}, frozenset(), NOW)


def waiver(
    mailbox: str,
    until: date = TODAY + timedelta(days=100),
    first: date = TODAY - timedelta(days=100),
    owner: str = "baas",
    rule: RuleId = QUOTA,
) -> Waiver:
    return Waiver.model_validate(
        {
            "owner": "teamleider",
            "owner_address": f"{owner}@voorbeeld.example",
            "reason": "archief",
            "rule": rule,
            "address": f"{mailbox}@voorbeeld.example",
            "from": first,
            "until": until,
        }
    )


def days(number: int) -> date:
    return TODAY + timedelta(days=number)


# who is left alone


def test_a_waiver_holds_for_its_rule_on_its_days_and_for_nobody_else() -> None:
    waivers = [waiver("an", rule=QUOTA), waiver("bo", rule=DELEGATES), waiver("cor", until=days(-1))]
    found = waived(waivers, people("an", "bo", "cor", "dirk"), TODAY)
    assert found == {QUOTA: {"an"}, DELEGATES: {"bo"}}


def test_an_address_of_nobody_silences_nobody() -> None:
    assert waived([waiver("an")], people("bo"), TODAY) == {}


def test_how_many_hold_is_counted_in_the_file_whoever_is_left_out() -> None:
    """The owner knows the file: one waiver fewer would show that somebody is excluded."""
    waivers = [waiver("an"), waiver("bo"), waiver("cor", rule=DELEGATES), waiver("dirk", first=days(1))]
    assert in_force(waivers, TODAY) == {QUOTA: 2, DELEGATES: 1}


# who must hear of the end


def test_the_owner_hears_from_fourteen_days_before_the_last_day_up_to_that_day() -> None:
    heard = {n: ending([waiver("an", until=days(n))], TODAY) for n in (15, 14, 1, 0, -1)}
    assert [n for n, found in heard.items() if found] == [14, 1, 0]


def test_one_that_was_prolonged_does_not_end() -> None:
    ends = waiver("an", until=days(10))
    next_one = waiver("an", until=days(200), first=days(11))
    assert ending([ends, next_one], TODAY) == {}
    assert ending([ends, waiver("an", until=days(200), first=days(12))], TODAY) == {address("baas"): (ends,)}


def test_what_ends_in_the_same_days_is_told_together() -> None:
    soon, later, much_later = (waiver(n, until=days(d)) for n, d in (("an", 14), ("bo", 21), ("cor", 22)))
    other = waiver("dirk", until=days(20), owner="ander")
    assert ending([much_later, later, soon, other], TODAY) == {address("baas"): (soon, later)}
