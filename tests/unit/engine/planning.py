"""Plans of a few people on a Friday, for tests to change one thing of."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailbot.engine.ladder import Recipient
from mailbot.engine.plan import LetterHours, Limits, make_steps
from mailbot.model.accounts import Language
from mailbot.model.facts import Known
from mailbot.model.findings import Finding, FindingState, TopicLetters
from mailbot.model.ids import Address, FindingId, ObjectGuid, PersonKey, RuleId
from mailbot.model.letters import LetterOrder
from mailbot.model.mailbox import Interval
from mailbot.model.people import NOT_SAID, Person
from mailbot.model.plan import Case, Held, PlanStep
from mailbot.model.verdicts import Kind, deviation, tip
from mailbot.model.worktime import ClosedDays, Hours, WorkCalendar, WorkPattern

ZONE = ZoneInfo("Europe/Amsterdam")
CLOSED = ClosedDays(
    {2026: frozenset({date(2026, 4, 6), date(2026, 12, 25)}), 2027: frozenset({date(2027, 1, 1)})}
)
QUOTA, SIGNATURE, ABSENCE = RuleId("quota"), RuleId("signature"), RuleId("out_of_office")
LEAVER, LABELLED = RuleId("leaver"), RuleId("confidential_external")
DELEGATES = RuleId("delegates")
LIMITS = Limits(
    cap=100,
    hours=LetterHours(),
    priority={ABSENCE: 20, QUOTA: 40, SIGNATURE: 45},
    silent=frozenset({LEAVER}),
    urgent=frozenset({ABSENCE}),
)
KIM, LEE, MO = (PersonKey(letter * 64) for letter in "klm")
HOURS = (Hours(time(8, 30), time(17)),)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def calendar(now: str) -> WorkCalendar:
    return WorkCalendar(local(now), ZONE, CLOSED)


def colleague(*weekdays: int, starts: date | None = None, ends: date | None = None) -> Person:
    """Who works on these weekdays; on office days when none is named."""
    roster = Known(WorkPattern(dict.fromkeys(weekdays, HOURS)), local("2026-01-01 00:00"))
    return Person(
        guid=ObjectGuid("1"),
        address=Address("medewerker@voorbeeld.example"),
        name="Medewerker",
        language=Language.NL,
        enabled=NOT_SAID,
        recipient_type=NOT_SAID,
        hold=NOT_SAID,
        roster=roster if weekdays else NOT_SAID,
        starts=starts,
        ends=ends,
    )


ANYBODY = Recipient(colleague())


def too_large(person: PersonKey = KIM, *findings: Finding, rule: RuleId = QUOTA) -> Case:
    return Case(person, rule, Kind.STATE, deviation("over_limit", size_bytes=6), findings)


def away(person: PersonKey = KIM) -> Case:
    week = Interval(local("2026-11-23 08:30"), local("2026-11-27 17:00"))
    return Case(person, ABSENCE, Kind.EVENT, deviation("no_reply_set", week), ())


def plan(
    *cases: Case,
    now: str = "2026-11-20 06:00",
    limits: Limits = LIMITS,
    nudged: Collection[PersonKey] = (),
    mended: Sequence[Finding] = (),
    kim: Recipient = ANYBODY,
    held: Mapping[tuple[PersonKey, RuleId], Held] = {},
) -> tuple[PlanStep, ...]:
    readers = {KIM: kim, LEE: ANYBODY, MO: ANYBODY}
    return make_steps(cases, calendar(now), limits, lambda *about: held.get(about), nudged, readers, mended)


def letter_of(step: PlanStep) -> LetterOrder:
    assert step.letter is not None
    return step.letter


def window(order: LetterOrder) -> tuple[str, str]:
    begin, end = (at.astimezone(ZONE) for at in (order.not_before, order.not_after))
    return f"{begin:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}"


def existing(
    state: FindingState,
    letters: int = 0,
    pending: bool = False,
    told: str | None = None,
    rule: RuleId = QUOTA,
    kind: Kind = Kind.STATE,
    occurrence: Interval | None = None,
    name: str = "f1",
    changed: str = "2026-11-10 06:00",
) -> Finding:
    return Finding(
        FindingId(name),
        KIM,
        rule,
        kind,
        state,
        2,
        local("2026-06-10 06:00"),
        local(changed),
        occurrence,
        letters,
        pending,
        1 if told else 0,
        local(told) if told else None,
    )


def shares_a_private_folder() -> Case:
    return Case(KIM, DELEGATES, Kind.STATE, tip("private_folder_shared"), ())


def topic(letters: int, newest: str, rule: RuleId = QUOTA) -> Recipient:
    until = local(newest) + timedelta(days=LIMITS.ladder.silence_days)
    return Recipient(colleague(), topics={rule: TopicLetters(letters, until)})
