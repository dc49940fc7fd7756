"""Six gates. Each opens on its own evidence and on nothing else, and says how it can be opened."""

import tomllib
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.config.shipped import shipped_settings
from mailbot.engine.gates import Gate, GateState, all_open, check, in_population
from mailbot.model.ids import PersonKey
from mailbot.policy.evidence import Evidence, Mandate
from mailbot.policy.packs import Pack, policy_hash

TODAY = date(2026, 11, 21)
PACK = Pack.model_validate(
    tomllib.loads((shipped_settings() / "packs/voorbeeld/pack.toml").read_text(encoding="utf-8"))
)
LAPSED = Pack.model_validate(
    tomllib.loads((shipped_settings() / "packs/brunssum/pack.toml").read_text(encoding="utf-8"))
)
HASH = policy_hash(PACK)
FULL: dict[str, dict[str, Any]] = {
    "dpia": {"id": "DPIA-1", "date": date(2024, 1, 15), "fg_advice": "positive"},
    "works_council": {"id": "OR-1", "date": date(2024, 2, 5), "policy_hash": HASH},
    "staff_notice": {"date": date(2024, 2, 12), "text_hash": "a" * 64},
    "mandate": {
        "decider": "M. Voorbeeld",
        "function": "gemeentesecretaris",
        "purpose": "capacity",
        "population": "all",
        "ground": "settings only",
        "date": date(2024, 2, 19),
    },
    "register": {"id": "VW-1"},
}


def states(evidence: dict[str, Any], today: date = TODAY, pack: Pack = PACK) -> dict[Gate, GateState]:
    found = check(Evidence.model_validate(evidence), pack, policy_hash(pack), today)
    return {state.gate: state for state in found}


def with_section(section: str, **changed: Any) -> dict[str, Any]:
    return FULL | {section: FULL[section] | changed}


def closed(evidence: dict[str, Any], today: date = TODAY, pack: Pack = PACK) -> set[Gate]:
    return {gate for gate, state in states(evidence, today, pack).items() if not state.open}


def test_full_evidence_opens_all_six() -> None:
    found = check(Evidence.model_validate(FULL), PACK, HASH, TODAY)
    assert [state.gate for state in found] == list(Gate)
    assert all_open(found)
    assert all(state.why and not state.mend for state in found)


def test_no_evidence_leaves_only_the_pack() -> None:
    found = states({})
    assert {gate for gate, state in found.items() if state.open} == {Gate.PACK}
    for gate, state in found.items():
        if gate is not Gate.PACK:
            assert "gates.toml" in state.mend


@pytest.mark.parametrize(
    ("section", "gate"),
    [
        ("dpia", Gate.DPIA),
        ("works_council", Gate.WORKS_COUNCIL),
        ("staff_notice", Gate.STAFF_NOTICE),
        ("mandate", Gate.MANDATE),
        ("register", Gate.REGISTER),
    ],
)
def test_each_section_opens_its_own_gate(section: str, gate: Gate) -> None:
    assert closed({key: value for key, value in FULL.items() if key != section}) == {gate}


@pytest.mark.parametrize("section", ["dpia", "works_council", "staff_notice", "mandate"])
def test_what_is_dated_after_today_opens_nothing(section: str) -> None:
    assert len(closed(with_section(section, date=TODAY + timedelta(days=1)))) == 1


def test_consent_to_another_policy_is_no_consent_and_the_new_hash_is_told() -> None:
    state = states(with_section("works_council", policy_hash="b" * 64))[Gate.WORKS_COUNCIL]
    assert not state.open
    assert HASH in state.mend


def test_staff_are_told_two_weeks_before_the_first_run() -> None:
    told = with_section("staff_notice", date=date(2026, 11, 1))
    assert closed(told, date(2026, 11, 14)) == {Gate.STAFF_NOTICE}
    assert closed(told, date(2026, 11, 15)) == set()


def test_a_mandate_ends_on_the_day_it_is_revoked() -> None:
    revoked = with_section("mandate", revoked=TODAY)
    assert closed(revoked, TODAY - timedelta(days=1)) == set()
    assert closed(revoked, TODAY) == {Gate.MANDATE}


def test_a_lapsed_pack_closes_the_last_gate_and_says_why() -> None:
    state = states(FULL, pack=LAPSED)[Gate.PACK]
    assert not state.open
    assert "lapsed on 21 February 2019" in state.why


def test_gates_that_nobody_checked_are_not_open() -> None:
    found = check(Evidence.model_validate(FULL), PACK, HASH, TODAY)
    assert not all_open(())
    assert not all_open(found[:5])


def test_the_decider_s_name_is_not_in_what_is_told() -> None:
    assert "M. Voorbeeld" not in repr(states(FULL))


class TestSample:
    SAMPLE = Mandate.model_validate(FULL["mandate"] | {"population": "sample", "sample_percent": 20})
    KEYS = tuple(PersonKey(f"{number:064x}") for number in range(2000))

    def drawn(self, day: date) -> set[PersonKey]:
        return {key for key in self.KEYS if in_population(self.SAMPLE, key, day)}

    def test_a_fifth_is_about_a_fifth(self) -> None:
        assert 340 <= len(self.drawn(TODAY)) <= 460

    def test_the_sample_stays_within_a_quarter_and_changes_after_it(self) -> None:
        assert self.drawn(date(2026, 10, 1)) == self.drawn(date(2026, 12, 31))
        assert self.drawn(date(2026, 12, 31)) != self.drawn(date(2027, 1, 1))

    @given(st.text("0123456789abcdef", min_size=64, max_size=64), st.dates())
    def test_all_means_all(self, key: str, day: date) -> None:
        assert in_population(Mandate.model_validate(FULL["mandate"]), PersonKey(key), day)
