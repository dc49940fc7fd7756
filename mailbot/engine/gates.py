"""Gates G0 to G5: recorded preconditions. One that is closed turns a sweep into a closed run."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.needs import DataClass
from mailbot.policy.decisions import Decision
from mailbot.policy.evidence import Evidence, Mandate, Population
from mailbot.policy.packs import Pack

NOTICE = timedelta(days=14)
"""How long before the first run staff must have been told."""

DEEPEST_POSSIBLE = DataClass.HEADING
"""What a decision can open in this version: content stays shut whatever anybody decides."""


class Gate(StrEnum):
    DPIA = "G0"
    WORKS_COUNCIL = "G1"
    STAFF_NOTICE = "G2"
    MANDATE = "G3"
    REGISTER = "G4"
    PACK = "G5"


@dataclass(frozen=True, slots=True)
class GateState:
    """`why` says what stands or what is missing; `mend` how to open a closed gate, empty for an open one."""

    gate: Gate
    open: bool
    why: str
    mend: str = ""


def check(evidence: Evidence, pack: Pack, policy_hash: str, today: date) -> tuple[GateState, ...]:
    """The state of every gate on one local day, in the order G0 to G5. `policy_hash` is the pack's own."""
    return (
        _dpia(evidence, today),
        _works_council(evidence, policy_hash, today),
        _staff_notice(evidence, today),
        _mandate(evidence, today),
        _register(evidence),
        _pack(pack, today),
    )


def all_open(states: Iterable[GateState]) -> bool:
    """Whether every gate is open; False when none was checked at all."""
    checked = {state.gate for state in states if state.open}
    return checked == set(Gate)


def in_population(mandate: Mandate, person: PersonKey, today: date) -> bool:
    """Whether the mandate lets this person be looked at.

    A sample is drawn anew every quarter, so that it is not always the same people, and stays the same
    within it, so that a finding can be followed. It is decided by the key alone.
    """
    if mandate.population is Population.ALL or mandate.sample_percent is None:
        return True
    quarter = f"{today.year}-{(today.month + 2) // 3}"
    return _drawn(quarter, person, mandate.sample_percent)


def _drawn(occasion: str, person: PersonKey, percent: int) -> bool:
    drawn = hashlib.sha256(f"{occasion}/{person}".encode()).digest()
    return int.from_bytes(drawn[:4]) % 100 < percent


def decision_for(
    decisions: Iterable[Decision], rule: RuleId, wanted: DataClass, today: date
) -> Decision | None:
    """The decision in force today that lets this rule look this deep, if any; the one that ends last.

    A decision can never be stretched: what lies deeper than `DEEPEST_POSSIBLE` stays shut.
    """
    if wanted > DEEPEST_POSSIBLE:
        return None
    found = [
        decision
        for decision in decisions
        if rule in decision.checks
        and decision.data_class >= wanted
        and decision.start <= today <= decision.end
    ]
    return max(found, key=lambda decision: (decision.end, decision.id), default=None)


def in_sample(decision: Decision, person: PersonKey) -> bool:
    """Whether this person was drawn for this decision. Decided by the key and the decision alone, so the
    same people for as long as it lasts, and others for the next one."""
    return _drawn(f"decision/{decision.id}", person, decision.sample_percent)


def _dpia(evidence: Evidence, today: date) -> GateState:
    if evidence.dpia is None:
        return _closed(Gate.DPIA, "no DPIA is recorded", "dpia", "its id, date and the FG's advice")
    if evidence.dpia.date > today:
        return _future(Gate.DPIA, "the DPIA", evidence.dpia.date)
    return GateState(Gate.DPIA, True, f"DPIA {evidence.dpia.id} of {evidence.dpia.date.isoformat()}")


def _works_council(evidence: Evidence, policy_hash: str, today: date) -> GateState:
    consent = evidence.works_council
    if consent is None:
        return _closed(
            Gate.WORKS_COUNCIL,
            "no consent of the works council is recorded",
            "works_council",
            f"its id, date and policy_hash = {policy_hash}",
        )
    if consent.policy_hash != policy_hash:
        return GateState(
            Gate.WORKS_COUNCIL,
            False,
            f"the works council consented to policy {consent.policy_hash}, the pack is now {policy_hash}",
            f"ask consent to the pack as it is now, then record policy_hash = {policy_hash}",
        )
    if consent.date > today:
        return _future(Gate.WORKS_COUNCIL, "the consent of the works council", consent.date)
    return GateState(Gate.WORKS_COUNCIL, True, f"consent {consent.id} of {consent.date.isoformat()}")


def _staff_notice(evidence: Evidence, today: date) -> GateState:
    notice = evidence.staff_notice
    if notice is None:
        return _closed(
            Gate.STAFF_NOTICE, "no notice to staff is recorded", "staff_notice", "its date and text_hash"
        )
    opens = notice.date + NOTICE
    if today < opens:
        return GateState(
            Gate.STAFF_NOTICE,
            False,
            f"staff were told on {notice.date.isoformat()}, less than {NOTICE.days} days ago",
            f"wait until {opens.isoformat()}",
        )
    return GateState(Gate.STAFF_NOTICE, True, f"staff were told on {notice.date.isoformat()}")


def _mandate(evidence: Evidence, today: date) -> GateState:
    mandate = evidence.mandate
    if mandate is None:
        return _closed(
            Gate.MANDATE,
            "no decision of the competent person is recorded",
            "mandate",
            "decider, function, purpose, population, ground and date",
        )
    if mandate.date > today:
        return _future(Gate.MANDATE, "the mandate", mandate.date)
    if mandate.revoked is not None and mandate.revoked <= today:
        return GateState(
            Gate.MANDATE,
            False,
            f"the mandate was revoked on {mandate.revoked.isoformat()}",
            "ask for a new decision and record it in gates.toml, section [mandate]",
        )
    return GateState(Gate.MANDATE, True, f"mandate of {mandate.date.isoformat()} by the {mandate.function}")


def _register(evidence: Evidence) -> GateState:
    entry = evidence.register_entry
    if entry is None:
        return _closed(
            Gate.REGISTER, "no entry in the register of processing is recorded", "register", "its id"
        )
    return GateState(Gate.REGISTER, True, f"register entry {entry.id}")


def _pack(pack: Pack, today: date) -> GateState:
    why = pack.inactive_because(today)
    if why is not None:
        return GateState(
            Gate.PACK, False, why, "choose a pack that is in force in mailbot.toml, section [policy]"
        )
    return GateState(Gate.PACK, True, f"{pack.title} is in force")


def _closed(gate: Gate, why: str, section: str, content: str) -> GateState:
    return GateState(gate, False, why, f"record it in gates.toml, section [{section}]: {content}")


def _future(gate: Gate, what: str, day: date) -> GateState:
    return GateState(gate, False, f"{what} is dated {day.isoformat()}, after today", "wait until that day")
