"""Statements stand in for what no program can read: for a while, each once, by who answers for it."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from mailbot.model.organisation import Organisation
from mailbot.model.statements import Claim, Statement
from mailbot.policy.statements import StatementsFile

SIGNED, REVIEW = date(2026, 11, 1), date(2027, 5, 1)


def entry(**changed: Any) -> dict[str, Any]:
    return {
        "claim": "no_full_access",
        "signed_by": "functioneel beheerder Exchange",
        "signed": SIGNED,
        "review_by": REVIEW,
    } | changed


def read(*entries: dict[str, Any]) -> tuple[Statement, ...]:
    return StatementsFile.model_validate({"statement": list(entries)}).value()


def test_an_empty_file_states_nothing() -> None:
    assert StatementsFile.model_validate({}).value() == ()


def test_it_holds_from_the_day_it_was_signed_up_to_its_review() -> None:
    organisation = Organisation(statements=read(entry()))
    days = (date(2026, 10, 31), SIGNED, REVIEW, date(2027, 5, 2))
    assert [organisation.states(Claim.NO_FULL_ACCESS, day) for day in days] == [False, True, True, False]
    assert not organisation.states(Claim.NO_CLASSIC_OUTLOOK, SIGNED)


@pytest.mark.parametrize("claim", list(Claim))
def test_every_claim_can_be_stated(claim: Claim) -> None:
    [statement] = read(entry(claim=claim.value))
    assert statement == Statement(claim, "functioneel beheerder Exchange", SIGNED, REVIEW)


@pytest.mark.parametrize("review", [date(2027, 11, 2), date(2026, 10, 31)])
def test_it_is_reviewed_within_a_year(review: date) -> None:
    read(entry(review_by=date(2027, 11, 1)))
    with pytest.raises(ValidationError, match="within a year"):
        read(entry(review_by=review))


@pytest.mark.parametrize(
    "changed",
    [{"claim": "all_is_well"}, {"signed_by": ""}, {"signed": "2026-11-01"}, {"until": REVIEW}],
)
def test_half_a_statement_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(entry(**changed))


def test_a_claim_stands_once_and_does_not_contradict_another() -> None:
    with pytest.raises(ValidationError, match="every claim once"):
        read(entry(), entry(signed_by="een ander"))
    with pytest.raises(ValidationError, match="server_signatures or no_server_signatures"):
        read(entry(claim="server_signatures"), entry(claim="no_server_signatures"))
