"""Automatic reply for a planned absence: whoever is away for long says so to the outside.

*Planned* means: visible in a sweep on or before the person's last own working day before the absence
begins. The rule remembers no sightings, so it says *deviation* on that one day only. Before it the reply
is not due yet; an absence that shows up later counts as unplanned, and of that nothing is said or kept.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from mailbot.model.decisiveness import everything
from mailbot.model.facts import FactUnknown, Known, Reason, known
from mailbot.model.mailbox import AbsenceList, Audience, Interval, ReplyRule, ReplySetting, ReplyState
from mailbot.model.needs import Absences, AutomaticReply, InboxReplyRules, Need, WorkingHours
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable, tip
from mailbot.model.worktime import WorkCalendar, WorkPattern
from mailbot.rules import Parameters, Subject, rule

ABSENCES = Absences()
HOURS = WorkingHours()
REPLY = AutomaticReply()
RULES = InboxReplyRules()

NO_ROSTER = (Reason.WORK_PATTERN_MISSING, Reason.NOT_IN_SOURCES)
"""Personnel delivers none for this person; any other reason means that there is one we could not read."""


class OutOfOffice(Parameters):
    """`more_than_days`: working days an absence must exceed; `day_counts_from_percent`: the share of a
    day's scheduled hours from which it counts; `tolerance_hours`: slack at both ends of the reply."""

    more_than_days: Annotated[int, Field(ge=1, le=30)]
    day_counts_from_percent: Annotated[int, Field(ge=1, le=100)]
    tolerance_hours: Annotated[int, Field(ge=0, le=12)]


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive own working days away. `start` and `end` are those days' working hours, in UTC.

    `open_end` tells that the block may go on after the window that was asked for.
    """

    days: tuple[date, ...]
    start: datetime
    end: datetime
    open_end: bool

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)


def work_pattern(subject: Subject) -> WorkPattern:
    """The personnel roster; where personnel has none, the working hours of Outlook.

    Raises FactUnknown when both are missing, and when a roster exists but could not be read: Outlook's
    default of five days would then call a part-timer away for too long.
    """
    roster = subject.person.roster
    if isinstance(roster, Known):
        return roster.value
    if roster.reason not in NO_ROSTER:
        raise FactUnknown(roster.reason)
    hours = subject.mailbox.get(HOURS)
    if isinstance(hours, Known) and hours.value.days:
        return hours.value
    raise FactUnknown(Reason.WORK_PATTERN_MISSING)


def blocks(away: AbsenceList, pattern: WorkPattern, norm: OutOfOffice, calendar: WorkCalendar) -> list[Block]:
    """Runs of own working days on which the person is away for long enough to count.

    Days that are not worked (weekend, part-time day, holiday) neither count nor break a run. Raises
    FactUnknown when the window reaches into a year whose holidays nobody settled.
    """
    first, last = (calendar.local(edge).date() for edge in (away.window.start, away.window.end))
    last -= timedelta(days=1)
    first += timedelta(days=1)
    try:
        worked = list(calendar.working_days(pattern, first, last))
    except KeyError:
        raise FactUnknown(Reason.CALENDAR_YEAR_MISSING) from None
    merged = merge(away.blocks)
    runs: list[list[date]] = []
    away_before = False
    for day in worked:
        away_now = counts(day, merged, pattern, norm, calendar)
        if away_now and away_before:
            runs[-1].append(day)
        elif away_now:
            runs.append([day])
        away_before = away_now
    return [
        Block(
            tuple(run),
            calendar.spans(run[0], pattern.days[run[0].weekday()])[0][0],
            calendar.spans(run[-1], pattern.days[run[-1].weekday()])[-1][1],
            open_end=run[-1] == worked[-1],
        )
        for run in runs
    ]


def merge(intervals: Sequence[Interval]) -> list[Interval]:
    """The same time without overlaps, so that two entries for one day do not count double."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged


def counts(
    day: date, away: Sequence[Interval], pattern: WorkPattern, norm: OutOfOffice, calendar: WorkCalendar
) -> bool:
    """Whether enough of the day's scheduled hours lies inside `away`, which has no overlaps."""
    scheduled = covered = timedelta()
    for start, end in calendar.spans(day, pattern.days[day.weekday()]):
        scheduled += end - start
        for interval in away:
            covered += max(min(end, interval.end) - max(start, interval.start), timedelta())
    return bool(scheduled) and covered * 100 >= scheduled * norm.day_counts_from_percent


def next_long_block(subject: Subject, norm: OutOfOffice, calendar: WorkCalendar) -> Block | None:
    """The first block that is long enough and not over yet.

    Raises FactUnknown when today is the due day of a block of which too little lies inside the window to
    tell: who works one day a week and is away over Christmas, say.
    """
    away = known(subject.mailbox.get(ABSENCES))
    if not away.blocks:
        return None
    found = blocks(away, work_pattern(subject), norm, calendar)
    for block in found:
        if block.end <= calendar.now:
            continue
        if len(block.days) > norm.more_than_days:
            return block
        if block.open_end and due_day(block, subject, calendar) == calendar.today:
            raise FactUnknown(Reason.BEYOND_WINDOW)
    return None


def reply_covers(setting: ReplySetting, block: Block, norm: OutOfOffice) -> bool:
    """Whether the automatic reply speaks during the whole block, give or take the tolerance."""
    if not speaks(setting) or setting.state is ReplyState.DISABLED:
        return False
    if setting.state is ReplyState.ENABLED:
        return True
    if setting.period is None:
        raise FactUnknown(Reason.VALUE_MISSING)
    return spans_block(setting.period.start, setting.period.end, block, norm)


def speaks(setting: ReplySetting) -> bool:
    """Whether there is a text that anybody would get."""
    return setting.internal_text or (setting.external_text and setting.audience is not Audience.NONE)


def is_set(setting: ReplySetting, now: datetime) -> bool:
    """Whether a reply is on or still to come; an earlier absence's reply that is over is not."""
    if setting.state is ReplyState.SCHEDULED:
        return setting.period is not None and setting.period.end > now
    return setting.state is ReplyState.ENABLED


def a_rule_covers(rules: Iterable[ReplyRule], block: Block, norm: OutOfOffice) -> bool:
    """Whether one of the rules replies during the whole block. Rules without an end come first: when one of
    them covers it, nobody minds that another one's end cannot be judged."""
    endless_first = sorted(rules, key=lambda rule: rule.period[1] is not None)
    return any(spans_block(*rule.period, block, norm) for rule in endless_first)


def spans_block(start: datetime | None, end: datetime | None, block: Block, norm: OutOfOffice) -> bool:
    """Raises FactUnknown when the block runs on beyond the window and `end` lies beyond it too: then
    nobody can say whether the reply lasts long enough."""
    slack = timedelta(hours=norm.tolerance_hours)
    if start is not None and start > block.start + slack:
        return False
    if end is None:
        return True
    if end < block.end - slack:
        return False
    if block.open_end:
        raise FactUnknown(Reason.BEYOND_WINDOW)
    return True


def due_day(block: Block, subject: Subject, calendar: WorkCalendar) -> date | None:
    """The person's last own working day before the block: the day on which the reply is due."""
    try:
        return calendar.previous_working_day(work_pattern(subject), block.days[0])
    except KeyError:
        raise FactUnknown(Reason.CALENDAR_YEAR_MISSING) from None


def more(subject: Subject, norm: OutOfOffice, calendar: WorkCalendar) -> Collection[Need[Any]]:
    """The reply only of who will be away for long; inbox rules only on the due day, if it is not covered."""
    if not known(subject.person.recipient_type).personal:
        return ()
    block = next_long_block(subject, norm, calendar)
    if block is None:
        return ()
    reply = subject.mailbox.get(REPLY)
    if (
        isinstance(reply, Known)
        and not reply_covers(reply.value, block, norm)
        and due_day(block, subject, calendar) == calendar.today
    ):
        return (REPLY, RULES)
    return (REPLY,)


SAYS = {
    Outcome.COMPLIANT: "the reply, or an inbox rule that replies, covers the absence",
    Outcome.DEVIATION: "on the last own working day before a long absence nothing replies",
    Outcome.TIP: "the reply covers the absence but says nothing outside, or one of its texts is empty",
    Outcome.NOT_APPLICABLE: "no long absence in sight, not due yet, seen too late, or not a person's mailbox",
    Outcome.UNKNOWN: "absences, working days, reply or rules could not be read, or leave room for doubt",
}


@rule(
    "out_of_office",
    kind=Kind.EVENT,
    parameters=OutOfOffice,
    needs=[ABSENCES, HOURS],
    decisive=everything(ABSENCES, REPLY, RULES),
    says=SAYS,
    more=more,
    follow_ups=(
        AutomaticReply,
        InboxReplyRules,
    ),
    priority=20,
    urgent=True,
)
def judge(subject: Subject, norm: OutOfOffice, calendar: WorkCalendar) -> Verdict:
    """Huizen 4.7: set an absence rule for a planned absence of more than 2 working days."""
    if not known(subject.person.recipient_type).personal:
        return not_applicable("not_a_user_mailbox")
    block = next_long_block(subject, norm, calendar)
    if block is None:
        return not_applicable("no_long_absence")
    reply = known(subject.mailbox.get(REPLY))
    if reply_covers(reply, block, norm):
        if reply.audience is Audience.NONE:
            return tip("nothing_outside", block.interval)
        if not (reply.internal_text and reply.external_text):
            return tip("one_text_empty", block.interval)
        return compliant("reply_set", block.interval)
    due = due_day(block, subject, calendar)
    if due is None or calendar.today > due:
        return not_applicable("not_seen_in_time")
    if calendar.today < due:
        return not_applicable("not_due_yet")
    rules = known(subject.mailbox.get(RULES))
    if a_rule_covers((r for r in rules.rules if not r.conditional), block, norm):
        return compliant("reply_rule_set", block.interval)
    if rules.hidden:
        raise FactUnknown(Reason.RULES_HIDDEN)
    if a_rule_covers((r for r in rules.rules if r.conditional), block, norm):
        raise FactUnknown(Reason.REPLY_RULE_CONDITIONAL)
    return deviation(
        "no_reply_set",
        block.interval,
        first_day=block.days[0],
        last_day=block.days[-1],
        open_end=block.open_end,
        reply_set=is_set(reply, calendar.now) and speaks(reply),
        reply_empty=is_set(reply, calendar.now) and not speaks(reply),
    )
