"""Looks whether this installation can do its work, and says what to mend."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from mailbot.engine import breaker
from mailbot.engine.judge import ActiveRule
from mailbot.engine.recipients import Mode
from mailbot.jobs.house import House, SignsIn
from mailbot.jobs.mending import MENDING
from mailbot.jobs.sources import NAMES, advice, days_old
from mailbot.model.decisiveness import Basis, Lean, Road, name
from mailbot.model.errors import MailbotError
from mailbot.model.facts import Reason
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.letters import LetterState
from mailbot.model.needs import DataClass, Need
from mailbot.model.organisation import Organisation
from mailbot.model.people import People
from mailbot.model.plan import PlanState
from mailbot.model.sources import SourceState
from mailbot.model.statements import Claim
from mailbot.policy.stages import Stage
from mailbot.ports import ProbeAnswer, Target

ROAD = Road.EWS
"""The only road of this version."""
PAUSED = "not tried: an objection of its holder is pending, and nothing of it is read; name another one"
LEAVING = (LetterState.WAITING, LetterState.CLAIMED, LetterState.DRAFTED)

BUT = ", but for tests and for rules that observe"


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
    that it must not: a right that is too wide is a defect as well. Clears the sign-in breakers.
    """
    yield from _gates(house)
    yield _audit(house)
    yield _delivery(house)
    yield from _stages(house)
    yield from _held_plan(house)
    yield _outbox(house)
    _try_again(house, breaker.DIRECTORY)
    try:
        people = house.directory.people()
    except MailbotError as error:
        yield Check("people", Level.BAD, str(error))
        return
    yield Check("people", Level.GOOD, f"{len(people.by_guid)} people in the population")
    for state in people.sources:
        yield _source(house, state)
    yield _excluded_groups(people.unmatched_groups)
    yield _export(house)
    _try_again(house, breaker.EXCHANGE)
    _try_again(house, breaker.POST)
    try:
        house.exchange().sign_in()
    except MailbotError as error:
        yield Check("sign-in", Level.BAD, str(error))
        return
    yield _signed_in(house.signs_in)
    yield from _mailboxes(house, people, readable, unreadable)
    yield _post(house)
    yield _left_over(house)


def _try_again(house: House, note: str) -> None:
    """Whoever runs the doctor has mended the account: one new try, also in the half hour after a refusal."""
    with house.store.begin() as work:
        work.set_note(note, None)


def _gates(house: House) -> Iterator[Check]:
    for state in house.gates():
        level = Level.GOOD if state.open else Level.BAD
        says = state.why if state.open else f"{state.why}; {state.mend}"
        yield Check(f"gate {state.gate.value}", level, says)


def _signed_in(way: SignsIn) -> Check:
    says = " ".join(filter(None, ("Exchange accepts the service account", way.by)))
    return Check("sign-in", Level.GOOD if way.proven else Level.NOTE, says)


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


def _stages(house: House) -> Iterator[Check]:
    """A rule that observes is where every rule begins; one that nobody decided about says how to go on."""
    for rule, standing in sorted(house.standings().items()):
        observes = standing.stage is Stage.OBSERVE
        mend = "; what it would have sent: mailbot plan show" if observes else ""
        if standing.doubt is not None:
            mend += f"; once it is decided: mailbot rules stage pilot {rule}"
        yield Check(f"stage {rule}", Level.NOTE if observes else Level.GOOD, standing.says + mend)


def _held_plan(house: House) -> Iterator[Check]:
    with house.store.begin() as work:
        held = work.newest_plan(PlanState.HELD)
    if held is not None:
        says = (
            f"{held} is held, and no letter follows from it until somebody decides: mailbot plan show {held}"
        )
        yield Check("plan", Level.NOTE, says)


def _outbox(house: House) -> Check:
    """Letters of an earlier day or mode leave with the next delivery: nobody should be surprised by them."""
    with house.store.begin() as work:
        counts = work.letter_counts()
    waiting = sum(n for (_, state), n in counts.items() if state in LEAVING)
    doubtful = sum(n for (_, state), n in counts.items() if state is LetterState.IN_DOUBT)
    says = [
        f"{waiting} letter{'s wait' if waiting > 1 else ' waits'} to leave"
        if waiting
        else "no letter waits to leave"
    ]
    if waiting:
        match house.terms.mode:
            case Mode.OFF:
                says.append(f"in mode off they stay; in mode pilot or live they will go to real people{BUT}")
            case Mode.REDIRECT:
                says.append("in mode redirect none of them reaches the person it is about")
            case Mode.PILOT:
                says.append(f"in mode pilot those of the pilot groups will go to real people{BUT}")
            case Mode.LIVE:
                says.append(f"in mode live they will go to real people{BUT}")
    if doubtful:
        says.append(f"{doubtful} are in doubt: they may have been sent, and are not sent again by themselves")
    return Check("outbox", Level.NOTE if waiting or doubtful else Level.GOOD, "; ".join(says))


def _source(house: House, state: SourceState) -> Check:
    """The last good state of a source is used while it is in trouble, so that is no defect by itself."""
    old = days_old(house, state)
    age = "never read" if old is None else f"{old} days old"
    if state.trouble is None:
        return Check(NAMES[state.source], Level.GOOD, age)
    level = Level.BAD if old is None else Level.NOTE
    return Check(NAMES[state.source], level, f"{age}; {advice(state)}")


def _excluded_groups(unmatched: frozenset[str]) -> Check:
    if not unmatched:
        return Check("excluded groups", Level.GOOD, "each of them has people in the sources")
    says = "nobody in the sources belongs to: "
    mend = (
        "; a group that is spelled otherwise there leaves nobody out, see exclude_groups and "
        "settings_only_groups under [people]"
    )
    return Check("excluded groups", Level.NOTE, says + ", ".join(sorted(unmatched)) + mend)


def _export(house: House) -> Check:
    """Without it some facts are unknown; a signed statement may do as well, so it is no defect by itself."""
    export = house.export()
    return Check("nightly export", Level.GOOD if export.good else Level.NOTE, export.says)


def _mailboxes(
    house: House, people: People, readable: Address | None, unreadable: Address | None
) -> Iterator[Check]:
    """Of who is paused nothing is read, not even by hand."""
    rules = house.rules(house.today())
    if not rules:
        yield Check("rules", Level.NOTE, house.terms.pack.inactive_because(house.today()) or "no rule is on")
    paused = {person.address for person in people.set_aside.values()}
    if readable in paused:
        yield Check("readable mailbox", Level.BAD, PAUSED)
    else:
        answer = house.exchange().probe(
            _target(readable or house.terms.sender), _settings_asked(rules), house.clock.now()
        )
        yield _readable(answer)
        if answer.trouble is None:
            organisation = house.organisation(people)
            for active in rules:
                yield _decisive(active, answer, organisation, house.today())
    yield from _undecided(house, rules)
    if unreadable is None:
        says = "not tried; name one with --unreadable, such as the works council's"
        yield Check("unreadable mailbox", Level.NOTE, says)
        return
    if unreadable in paused:
        yield Check("unreadable mailbox", Level.BAD, PAUSED)
        return
    yield _unreadable(house.exchange().probe(_target(unreadable), (), house.clock.now()))


def _settings_asked(rules: Collection[ActiveRule]) -> tuple[Need[Any], ...]:
    """All that the rules lean on, sizes and settings only: no heading is read to see whether it can be."""
    leans = (lean for active in rules for group in active.rule.decisive[ROAD].requires for lean in group)
    needs = (*(need for active in rules for need in active.rule.needs), *leans)
    asked = (need for need in needs if isinstance(need, Need) and need.data_class <= DataClass.TRAFFIC)
    return tuple(dict.fromkeys(asked))


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


def _decisive(active: ActiveRule, answer: ProbeAnswer, organisation: Organisation, today: date) -> Check:
    """Whether everything that the rule leans on is there; if not, what is missing and what helps."""
    rule = active.rule
    decisive = rule.decisive[ROAD]
    if decisive.never:
        return Check(f"rule {rule.id}", Level.NOTE, f"cannot find deviations here because {decisive.never}")
    missing: list[list[_Trouble]] = []
    for group in decisive.requires:
        if any(active.norm.excuses(lean) for lean in group):
            continue
        troubles = [_trouble(lean, answer, organisation, today) for lean in group]
        denied = any(trouble is not None and trouble.outweighs for trouble in troubles)
        if denied or None not in troubles:
            missing.append([trouble for trouble in troubles if trouble is not None])
    if not missing:
        needed = "; ".join(" or ".join(name(lean) for lean in group) for group in decisive.requires)
        return Check(f"rule {rule.id}", Level.GOOD, f"can find deviations here, knowing {needed}")
    why = "; ".join(" and ".join(trouble.why for trouble in group) for group in missing)
    mend = "; ".join(dict.fromkeys(", or ".join(trouble.mend for trouble in group) for group in missing))
    level = Level.NOTE if all(any(t.choice for t in group) for group in missing) else Level.BAD
    return Check(f"rule {rule.id}", level, f"cannot find deviations here because {why}. To mend: {mend}")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What is wrong with one thing that a rule leans on. `choice` tells that an organisation may well leave
    it so: an export that it does not make, a statement that nobody signs. `outweighs` that no statement can
    stand in: there is an export, and it may contradict it."""

    why: str
    mend: str
    choice: bool = True
    outweighs: bool = False


def _trouble(lean: Lean, answer: ProbeAnswer, organisation: Organisation, today: date) -> _Trouble | None:
    """What is wrong with one thing that a rule leans on, and what helps; None when nothing is.

    What the sources say differs from person to person: there a gap makes that one person unknown.
    """
    match lean:
        case Claim():
            if organisation.states(lean, today):
                return None
            mend = f"have it signed in statements.toml, claim {lean.value}"
            return _Trouble(f"nobody states {name(lean)}", mend)
        case Basis.CALIBRATION:
            if organisation.secure_mail.always_marks(today):
                return None
            return _Trouble(
                "secure mail is not calibrated for every client", "run mailbot calibrate secure-mail"
            )
        case Basis():
            return None
    reason = answer.unreadable.get(lean.name)
    if reason is None or reason is Reason.NOT_IN_EXPORT:  # the probed mailbox may be none of the exported
        return None
    return _Trouble(
        f"{lean.name} cannot be read ({reason.code})",
        MENDING[reason],
        choice=reason in (Reason.EXPORT_MISSING, Reason.EXPORT_STALE),
        outweighs=reason in (Reason.EXPORT_STALE, Reason.EXPORT_BROKEN),
    )


def _undecided(house: House, rules: Collection[ActiveRule]) -> Iterator[Check]:
    """Rules that the pack switches on and that no decision lets look."""
    on = {active.rule.id for active in rules}
    for norm in house.terms.pack.active_norms(house.today()):
        if norm.rule is not None and norm.rule not in on:
            says = (
                f"off: it looks at more than settings, and no decision in force allows that ({norm.article})"
            )
            yield Check(f"rule {norm.rule}", Level.NOTE, says)


def _post(house: House) -> Check:
    try:
        house.post().reach()
    except MailbotError as error:
        return Check("post", Level.BAD, str(error))
    return Check("post", Level.GOOD, "letters can leave")


def _left_over(house: House) -> Check:
    try:
        count = house.post().left_over()
    except MailbotError as error:
        return Check("service mailbox", Level.BAD, str(error))
    return Check("service mailbox", Level.GOOD, f"holds {count} copies of our letters")
