"""Evidence is complete or it is refused; evidence that is missing is no error."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from mailbot.policy.evidence import Evidence

MANDATE: dict[str, Any] = {
    "decider": "M. Voorbeeld",
    "function": "gemeentesecretaris",
    "purpose": "capacity",
    "population": "all",
    "ground": "settings only",
    "date": date(2024, 2, 19),
}


def test_an_empty_file_is_no_evidence_and_no_error() -> None:
    evidence = Evidence.model_validate({})
    assert (evidence.dpia, evidence.works_council, evidence.staff_notice) == (None, None, None)
    assert (evidence.mandate, evidence.register_entry) == (None, None)


def test_a_policy_hash_is_a_whole_sha256() -> None:
    consent = {"id": "OR-1", "date": date(2024, 2, 5), "policy_hash": "6129df79"}
    with pytest.raises(ValidationError):
        Evidence.model_validate({"works_council": consent})


@pytest.mark.parametrize(
    "changed",
    [
        {"population": "sample"},
        {"sample_percent": 20},
        {"population": "sample", "sample_percent": 100},
        {"population": "one person"},
        {"revoked": date(2024, 2, 18)},
        {"ground": ""},
    ],
)
def test_a_mandate_that_does_not_add_up_is_refused(changed: dict[str, Any]) -> None:
    Evidence.model_validate({"mandate": MANDATE})
    with pytest.raises(ValidationError):
        Evidence.model_validate({"mandate": MANDATE | changed})


def test_the_decider_s_name_is_not_printed() -> None:
    assert "M. Voorbeeld" not in repr(Evidence.model_validate({"mandate": MANDATE}))
