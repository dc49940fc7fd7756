"""Looks whether this installation can do its work, and says what to mend."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mailbot.engine.recipients import Mode
from mailbot.jobs.house import House
from mailbot.jobs.mending import MENDING
from mailbot.model.errors import MailbotError
from mailbot.model.facts import Reason
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.letters import LetterState
from mailbot.ports import ProbeAnswer, Target

BREAKER = "ews_breaker"
LEAVING = (LetterState.WAITING, LetterState.CLAIMED, LetterState.DRAFTED)


class Level(StrEnum):
    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor: what was looked at, how it is, and what to do when it is not good."""

    what: str
    level: Level
    says: str


def doctor(house: House, readable: Address | None, unreadable: Address | None) -> Iterator[Check]:
    """Checks in the order in which they must be mended. Reads at most two mailboxes, both named by hand.

    `readable` is a mailbox that the account must be able to read (else the sender's own), `unreadable` one
    that it must not: a right that is too wide is a defect as well. Clears the sign-in breaker.
    """
    yield from _gates(house)
    yield _audit(house)
    yield _delivery(house)
    yield _outbox(house)
    try:
        people = house.directory.people()
    except MailbotError as error:
        yield Check("people file", Level.BAD, str(error))
        return
    yield Check("people file", Level.GOOD, f"{len(people.by_guid)} people in the population")
    yield _excluded_groups(people.unmatched_groups)
    with house.store.begin() as work:
        work.set_note(BREAKER, None)
    try:
        house.exchange().sign_in()
    except MailbotError as error:
        yield Check("sign-in", Level.BAD, str(error))
        return
    yield Check("sign-in", Level.GOOD, "Exchange accepts the service account")
    yield from _mailboxes(house, readable, unreadable)
    yield _left_over(house)


def _gates(house: House) -> Iterator[Check]:
    for state in house.gates():
        level = Level.GOOD if state.open else Level.BAD
        says = state.why if state.open else f"{state.why}; {state.mend}"
        yield Check(f"gate {state.gate.value}", level, says)


def _audit(house: House) -> Check:
    with house.store.begin() as work:
        intact = work.audit_intact()
    if intact:
        return Check("audit log", Level.GOOD, "holds together from its first row to its last")
    return Check("audit log", Level.BAD, "rows were changed or removed from outside; ask who has access")


def _delivery(house: House) -> Check:
    """Off is where everybody begins, so it is no defect; but who waits for letters must be told."""
    terms = house.terms
    if terms.mode is Mode.LIVE and not house.gates_open():
        says = (
            "mode live: will not start while gates are closed; open them, or choose another [delivery] mode"
        )
        return Check("delivery", Level.BAD, says)
    with house.store.begin() as work:
        stopped = work.stopped()
    if terms.mode is not Mode.OFF and not house.gates_open():
        return Check("delivery", Level.NOTE, f"mode {terms.mode}: no letter leaves while gates are closed")
    if stopped:
        return Check("delivery", Level.NOTE, "all sending is stopped; to lift it: mailbot stop --lift")
    match terms.mode:
        case Mode.OFF:
            says = "mode off: no letter leaves; the next step is [delivery] mode = redirect"
            return Check("delivery", Level.NOTE, says)
        case Mode.REDIRECT:
            whose = "everybody" if terms.redirect_everyone else "the pilot groups"
            says = f"mode redirect: letters of {whose} go to [delivery] redirect_to, to nobody else"
        case Mode.PILOT:
            says = f"mode pilot: letters go to the groups {', '.join(sorted(terms.pilot_groups))}"
        case Mode.LIVE:
            says = "mode live: letters go to everybody in the population"
    return Check("delivery", Level.GOOD, says)


def _outbox(house: House) -> Check:
    """Letters of an earlier day or mode leave with the next delivery: nobody should be surprised by them."""
    with house.store.begin() as work:
        counts = work.letter_counts()
    waiting = sum(n for (_, state), n in counts.items() if state in LEAVING)
    doubtful = sum(n for (_, state), n in counts.items() if state is LetterState.IN_DOUBT)
    says = [f"{waiting} letters wait to leave" if waiting else "no letter waits to leave"]
    if waiting:
        match house.terms.mode:
            case Mode.OFF:
                says.append(
                    "in mode off they stay; in mode pilot or live they will go to real people, tests excepted"
                )
            case Mode.REDIRECT:
                says.append("in mode redirect none of them reaches the person it is about")
            case Mode.PILOT:
                says.append("in mode pilot those of the pilot groups will go to real people, tests excepted")
            case Mode.LIVE:
                says.append("in mode live they will go to real people, tests excepted")
    if doubtful:
        says.append(f"{doubtful} are in doubt: they may have been sent, and are not sent again by themselves")
    return Check("outbox", Level.NOTE if waiting or doubtful else Level.GOOD, "; ".join(says))


def _excluded_groups(unmatched: frozenset[str]) -> Check:
    if not unmatched:
        return Check("excluded groups", Level.GOOD, "each of them has people in the people file")
    says = "nobody in the people file belongs to: "
    mend = "; a group that is spelled otherwise there leaves nobody out, see [people] exclude_groups"
    return Check("excluded groups", Level.NOTE, says + ", ".join(sorted(unmatched)) + mend)


def _mailboxes(house: House, readable: Address | None, unreadable: Address | None) -> Iterator[Check]:
    rules = house.rules(house.today())
    if not rules:
        yield Check("rules", Level.NOTE, house.terms.pack.inactive_because(house.today()) or "no rule is on")
    asked = tuple(dict.fromkeys(need for r in rules for need in (*r.rule.needs, *r.rule.decisive)))
    answer = house.exchange().probe(_target(readable or house.terms.sender), asked, house.clock.now())
    yield _readable(answer)
    if answer.trouble is None:
        for active in rules:
            missing = {
                n.name: answer.unreadable[n.name] for n in active.rule.decisive if n.name in answer.unreadable
            }
            yield _decisive(active.rule.id, missing)
    if unreadable is None:
        says = "not tried; name one with --unreadable, such as the works council's"
        yield Check("unreadable mailbox", Level.NOTE, says)
        return
    yield _unreadable(house.exchange().probe(_target(unreadable), (), house.clock.now()))


def _target(address: Address) -> Target:
    return Target(ObjectGuid(""), address)


def _readable(answer: ProbeAnswer) -> Check:
    if answer.trouble is None:
        return Check("readable mailbox", Level.GOOD, "opens")
    says = f"does not open ({answer.trouble.code}); {MENDING[answer.trouble]}"
    return Check("readable mailbox", Level.BAD, says)


def _unreadable(answer: ProbeAnswer) -> Check:
    if answer.trouble is Reason.ACCESS_DENIED:
        return Check("unreadable mailbox", Level.GOOD, "stays closed, as it should")
    if answer.trouble is None:
        return Check("unreadable mailbox", Level.BAD, "opens; narrow the rights of the service account")
    says = f"cannot be told ({answer.trouble.code}); {MENDING[answer.trouble]}"
    return Check("unreadable mailbox", Level.NOTE, says)


def _decisive(rule: str, missing: dict[str, Reason]) -> Check:
    if not missing:
        return Check(f"rule {rule}", Level.GOOD, "can find deviations here")
    facts = ", ".join(f"{name} cannot be read ({reason.code})" for name, reason in missing.items())
    mend = "; ".join(dict.fromkeys(MENDING[reason] for reason in missing.values()))
    return Check(f"rule {rule}", Level.BAD, f"cannot find deviations here because {facts}; {mend}")


def _left_over(house: House) -> Check:
    try:
        count = house.post().left_over()
    except MailbotError as error:
        return Check("service mailbox", Level.BAD, str(error))
    return Check("service mailbox", Level.GOOD, f"holds {count} copies of our letters")
