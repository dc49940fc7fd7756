"""A decision is whole or it is refused: for a while, by sample, signed by two, about nobody in particular."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mailbot.model.needs import DataClass
from mailbot.policy.decisions import Decision

WHOLE: dict[str, Any] = {
    "id": "2026-07",
    "decider": "M. Voorbeeld",
    "function": "gemeentesecretaris",
    "authority": "artikel 9 lid 1 van het protocol",
    "date": date(2026, 10, 20),
    "purpose": "c: vertrouwelijkheid van informatie",
    "weighty_reason": "twee datalekken in een kwartaal",
    "less_intrusive_means": "voorlichting hielp niet genoeg",
    "checks": ("quota",),
    "data_class": 2,
    "population": "alle medewerkers",
    "sample_percent": 20,
    "start": date(2026, 11, 1),
    "end": date(2026, 12, 31),
    "who_sees_what": "alleen de medewerker zelf",
    "works_council": "OR-2026-12",
    "ap_field": "niet nodig: geen inhoud",
    "fg_advice": "positief, 12 oktober 2026",
    "second_signer": "A. Tweede",
}


def decide(**changed: Any) -> Decision:
    return Decision.model_validate(WHOLE | changed)


def test_a_whole_decision() -> None:
    decision = decide()
    assert (decision.checks, decision.data_class) == (("quota",), DataClass.HEADING)


@pytest.mark.parametrize("key", sorted(WHOLE))
def test_nothing_may_be_left_out_or_empty(key: str) -> None:
    with pytest.raises(ValidationError):
        Decision.model_validate({name: value for name, value in WHOLE.items() if name != key})
    with pytest.raises(ValidationError):
        decide(**{key: ""})


def test_it_lasts_13_weeks_at_most() -> None:
    decide(end=date(2027, 1, 30))  # the 91st day
    with pytest.raises(ValidationError, match="13 weeks"):
        decide(end=date(2027, 1, 31))


def test_nothing_is_looked_at_before_it_was_decided_or_after_its_end() -> None:
    for changed in ({"date": date(2026, 11, 2)}, {"end": date(2026, 10, 31)}):
        with pytest.raises(ValidationError):
            decide(**changed)


@pytest.mark.parametrize("name", ["M. Voorbeeld", "m.voorbeeld", "  M  Voorbeeld "])
def test_two_people_sign(name: str) -> None:
    with pytest.raises(ValidationError, match="a second signer"):
        decide(second_signer=name)


@pytest.mark.parametrize("percent", [0, 100, "20", 20.5, None])
def test_it_is_always_a_sample(percent: Any) -> None:
    with pytest.raises(ValidationError):
        decide(sample_percent=percent)


def test_it_is_never_about_one_person() -> None:
    with pytest.raises(ValidationError, match="a group of people"):
        decide(population="fatma@voorbeeld.example")
    for key in ("person", "address", "mailbox"):
        with pytest.raises(ValidationError):
            decide(**{key: "fatma@voorbeeld.example"})


@pytest.mark.parametrize("checks", [(), ("horoscope",), ("quota", "quota")])
def test_it_is_about_rules_that_there_are_each_once(checks: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        decide(checks=checks)


@pytest.mark.parametrize("depth", [DataClass.TRAFFIC, 0, 4])
def test_it_is_about_headings_or_content(depth: int) -> None:
    with pytest.raises(ValidationError):
        decide(data_class=depth)
    assert decide(data_class=3).data_class is DataClass.CONTENT


@pytest.mark.parametrize("key", sorted(WHOLE))
def test_it_is_never_edited(key: str) -> None:
    """Who wants it otherwise decides again: that is a new record with a new id."""
    decision = decide()
    with pytest.raises(ValidationError):
        setattr(decision, key, WHOLE[key])


def test_the_signers_names_are_not_printed() -> None:
    assert "Voorbeeld" not in repr(decide()) and "Tweede" not in repr(decide())


@given(st.dates(date(2026, 10, 20), date(2030, 1, 1)), st.integers(-5, 120))
def test_every_decision_that_is_taken_has_between_1_and_91_days(start: date, days: int) -> None:
    end = date.fromordinal(start.toordinal() + days - 1)
    try:
        decision = decide(start=start, end=end)
    except ValidationError:
        assert not 1 <= days <= 91
    else:
        assert 1 <= (decision.end - decision.start).days + 1 <= 91
