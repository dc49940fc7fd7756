"""A waiver names who answers for it, whom to tell, and ends within a year."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from mailbot.policy.waivers import Waiver, Waivers, year_after


def waiver(**changed: Any) -> dict[str, Any]:
    return {
        "owner": "teamleider Archief",
        "owner_address": "tl.archief@voorbeeld.example",
        "reason": "project archive",
        "rule": "quota",
        "address": "archief@voorbeeld.example",
        "from": date(2026, 1, 1),
        "until": date(2027, 1, 1),
    } | changed


def expected_of(*tables: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        Waivers.model_validate({"waiver": list(tables)})
    (detail,) = refused.value.errors()
    return str(detail["ctx"]["expected"])


def test_a_waiver_holds_from_its_first_to_its_last_day() -> None:
    (one,) = Waivers.model_validate({"waiver": [waiver()]}).waivers
    held = [
        day
        for day in (date(2025, 12, 31), date(2026, 1, 1), date(2027, 1, 1), date(2027, 1, 2))
        if one.holds(day)
    ]
    assert held == [date(2026, 1, 1), date(2027, 1, 1)]


def test_a_waiver_prints_neither_address_nor_reason() -> None:
    printed = repr(Waivers.model_validate({"waiver": [waiver()]}))
    assert "archief@" not in printed and "project" not in printed


def test_one_that_goes_on_in_another_is_known_by_its_dates_mailbox_and_rule() -> None:
    def one(**changed: Any) -> Waiver:
        return Waiver.model_validate(waiver(**changed))

    first = one()
    next_year = {"from": date(2027, 1, 2), "until": date(2027, 12, 31)}
    assert first.goes_on_in(one(**next_year))
    assert not first.goes_on_in(first)
    assert not one(**next_year).goes_on_in(first)
    assert not first.goes_on_in(one(**next_year | {"from": date(2027, 1, 3)}))
    assert not first.goes_on_in(one(**next_year, rule="delegates"))
    assert not first.goes_on_in(one(**next_year, address="ander@voorbeeld.example"))


def test_a_day_more_than_a_year_is_too_long() -> None:
    assert expected_of(waiver(until=date(2027, 1, 2))) == "a period of at most 12 months"


def test_a_period_runs_forward() -> None:
    assert expected_of(waiver(until=date(2025, 12, 31))) == "`until` on or after `from`"


def test_a_rule_must_exist() -> None:
    Waivers.model_validate({"waiver": [waiver(rule="delegates")]})
    assert expected_of(waiver(rule="politeness")).startswith("one of the rules")


@pytest.mark.parametrize("key", ["address", "owner_address"])
def test_an_address_is_an_address(key: str) -> None:
    assert expected_of(waiver(**{key: "archief"})) == "an e-mail address"


@pytest.mark.parametrize("key", list(waiver()))
def test_nothing_of_it_can_be_left_out(key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Waivers.model_validate({"waiver": [{k: v for k, v in waiver().items() if k != key}]})
    assert [(error["loc"][-1], error["type"]) for error in refused.value.errors()] == [(key, "missing")]


@pytest.mark.parametrize("key", ["owner", "reason"])
def test_an_empty_text_is_as_good_as_none(key: str) -> None:
    with pytest.raises(ValidationError):
        Waivers.model_validate({"waiver": [waiver(**{key: "  "})]})


def test_a_date_in_quotes_is_no_date() -> None:
    with pytest.raises(ValidationError):
        Waivers.model_validate({"waiver": [waiver(until="2026-06-01")]})


def test_two_of_one_mailbox_and_rule_double_each_other_on_any_day_that_both_hold() -> None:
    one = Waiver.model_validate(waiver())
    begins, ends = date(2027, 1, 1), date(2027, 6, 1)
    assert one.until == begins
    assert one.doubles(Waiver.model_validate(waiver(**{"from": begins, "until": ends})))
    assert not one.doubles(Waiver.model_validate(waiver(**{"from": date(2027, 1, 2), "until": ends})))
    assert not one.doubles(
        Waiver.model_validate(waiver(rule="out_of_office", **{"from": begins, "until": ends}))
    )


def test_a_year_after_leap_day_ends_on_28_february() -> None:
    assert year_after(date(2028, 2, 29)) == date(2029, 2, 28)
