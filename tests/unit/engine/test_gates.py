"""Six gates. Each opens on its own evidence and on nothing else, and says how it can be opened."""

import tomllib
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.config.shipped import shipped_settings
from mailbot.engine.gates import (
    Gate,
    GateState,
    all_open,
    check,
    decision_for,
    in_population,
    in_sample,
)
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.needs import DataClass
from mailbot.policy.decisions import Decision
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


class TestDecisions:
    """Headings are looked at only while a decision lets one rule do so; content never."""

    RULE, OTHER = RuleId("quota"), RuleId("out_of_office")
    KEYS = TestSample.KEYS
    FIRST, LAST = date(2026, 11, 1), date(2027, 1, 30)
    LINES = (
        "id", "decider", "function", "authority", "purpose", "weighty_reason", "less_intrusive_means",
        "population", "who_sees_what", "works_council", "ap_field", "fg_advice", "second_signer",
    )  # fmt: skip

    def decide(self, **changed: Any) -> Decision:
        whole = {name: name for name in self.LINES} | {
            "date": date(2026, 10, 20),
            "checks": (self.RULE,),
            "data_class": DataClass.HEADING,
            "sample_percent": 20,
            "start": self.FIRST,
            "end": self.LAST,
        }
        return Decision.model_validate(whole | changed)

    def drawn(self, decision: Decision) -> set[PersonKey]:
        return {key for key in self.KEYS if in_sample(decision, key)}

    def test_it_opens_headings_for_its_rule_from_its_first_to_its_last_day(self) -> None:
        decision = self.decide()
        for today in (self.FIRST, TODAY, self.LAST):
            assert decision_for([decision], self.RULE, DataClass.HEADING, today) is decision

    @pytest.mark.parametrize(
        "today", [FIRST - timedelta(days=1), LAST + timedelta(days=1), date(2028, 11, 21)]
    )
    def test_one_that_has_not_begun_or_is_over_opens_nothing(self, today: date) -> None:
        assert decision_for([self.decide()], self.RULE, DataClass.HEADING, today) is None

    def test_it_opens_nothing_for_another_rule(self) -> None:
        assert decision_for([self.decide()], self.OTHER, DataClass.HEADING, TODAY) is None

    def test_without_a_decision_nothing_is_open(self) -> None:
        assert decision_for([], self.RULE, DataClass.HEADING, TODAY) is None

    @pytest.mark.parametrize("depth", [DataClass.HEADING, DataClass.CONTENT])
    def test_content_stays_shut_whatever_anybody_decides(self, depth: DataClass) -> None:
        assert decision_for([self.decide(data_class=depth)], self.RULE, DataClass.CONTENT, TODAY) is None

    def test_of_two_the_one_that_ends_last_counts(self) -> None:
        short, long = self.decide(id="b", end=date(2026, 12, 1)), self.decide(id="a")
        for decisions in ([short, long], [long, short]):
            assert decision_for(decisions, self.RULE, DataClass.HEADING, TODAY) is long

    def test_a_fifth_is_about_a_fifth(self) -> None:
        assert 340 <= len(self.drawn(self.decide())) <= 460

    def test_the_same_people_for_as_long_as_it_lasts_and_others_for_the_next(self) -> None:
        first, again, following = self.decide(), self.decide(), self.decide(id="next")
        assert self.drawn(first) == self.drawn(again)
        assert len(self.drawn(first) & self.drawn(following)) < 140  # by chance a fifth of them, not all

    def test_a_larger_sample_of_the_same_decision_would_hold_the_smaller(self) -> None:
        assert self.drawn(self.decide(sample_percent=5)) < self.drawn(self.decide(sample_percent=50))

    @given(
        st.lists(
            st.tuples(st.dates(FIRST, LAST), st.integers(0, 60), st.sampled_from(DataClass)), max_size=5
        ),
        st.dates(FIRST, LAST),
        st.sampled_from(DataClass),
    )
    def test_no_pile_of_decisions_opens_more_than_one_of_them_says(
        self, made: list[tuple[date, int, DataClass]], today: date, wanted: DataClass
    ) -> None:
        decisions = [
            self.decide(id=f"{number}", start=start, end=start + timedelta(days=days), data_class=depth)
            for number, (start, days, depth) in enumerate(made)
            if depth > DataClass.TRAFFIC
        ]
        found = decision_for(decisions, self.RULE, wanted, today)
        if found is not None:
            assert found.start <= today <= found.end
            assert wanted <= min(found.data_class, DataClass.HEADING)
