"""Automatic reply for a planned absence: whoever is away for long says so to the outside.

*Planned* means: visible in a sweep on or before the person's last own working day before the absence
begins, and approved by then where personnel knows it as leave. The rule remembers no sightings, so it says
*deviation* on that one day only. Before it the reply is not due yet; an absence that shows up later counts as
unplanned, and of that nothing is said; that somebody is away is known until the sweep is over, so that they
are not written to about anything else.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from mailbot.model import absence
from mailbot.model.absence import Block
from mailbot.model.decisiveness import everything
from mailbot.model.facts import FactUnknown, Known, Reason, Unknown, known
from mailbot.model.mailbox import AbsenceList, Audience, Interval, ReplyRule, ReplySetting, ReplyState
from mailbot.model.needs import Absences, AutomaticReply, InboxReplyRules, Need, WorkingHours
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable, tip
from mailbot.model.work_days import ASSUMED_WEEK
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
class Ahead:
    """What lies before the person: `block` is the first one that is long enough and not over yet.

    `week` are the working days, `assumed` when nobody knows them; `off` are weekly days off, which are no
    working days either. `approved` is when personnel approved the last leave of the block. `unread` is why
    the calendar could not be read; the block is then that of approved leave alone.
    """

    week: WorkPattern
    assumed: bool = False
    off: frozenset[date] = frozenset()
    block: Block | None = None
    approved: date | None = None
    unread: Reason | None = None


def work_week(subject: Subject) -> tuple[WorkPattern, bool]:
    """The personnel roster; where personnel has none, the working hours of Outlook; where nobody set these
    either, an ordinary week, and True for being assumed.

    Raises FactUnknown when a roster or hours may exist and could not be read: what is assumed, and Outlook's
    default of five days, would then call a part-timer away for too long.
    """
    roster = subject.person.roster
    if isinstance(roster, Known):
        return roster.value, False
    if roster.reason not in NO_ROSTER:
        raise FactUnknown(roster.reason)
    hours = known(subject.mailbox.get(HOURS))
    return (hours, False) if hours.days else (ASSUMED_WEEK, True)


def look_ahead(subject: Subject, norm: OutOfOffice, calendar: WorkCalendar) -> Ahead | None:
    """None when nothing tells of any absence: then nobody has to know the working days.

    Raises FactUnknown when the calendar cannot be read and no leave tells of a long absence, and when the
    holidays of a year in sight are not settled.
    """
    seen = subject.mailbox.get(ABSENCES)
    unread = seen.reason if isinstance(seen, Unknown) else None
    window = Interval(calendar.now - ABSENCES.back, calendar.now + ABSENCES.ahead)
    away = AbsenceList((), window) if isinstance(seen, Unknown) else seen.value
    first, last = absence.whole_days(away.window, calendar)
    leave = [one for one in subject.person.leave if one.last >= first]
    if not away.blocks and all(one.first > last for one in leave):
        if unread is not None:
            raise FactUnknown(unread)
        return None
    week, assumed = work_week(subject)
    percent = norm.day_counts_from_percent
    try:
        days = absence.diary(away.blocks, leave, away.window, week, percent, calendar)
    except KeyError:
        raise FactUnknown(Reason.CALENDAR_YEAR_MISSING) from None
    off = absence.weekly_days_off(days)
    ahead = Ahead(week, assumed, off, unread=unread)
    block = _first_long(absence.blocks(days, week, calendar, off), ahead, norm, calendar)
    if block is None:
        if unread is not None:
            raise FactUnknown(unread)
        return ahead
    in_block = (one for one in leave if one.first <= block.days[-1] and block.days[0] <= one.last)
    return replace(ahead, block=block, approved=max((one.approved for one in in_block), default=None))


def _first_long(
    found: Iterable[Block], ahead: Ahead, norm: OutOfOffice, calendar: WorkCalendar
) -> Block | None:
    """Raises FactUnknown when today is the due day of a block of which too little lies inside the window to
    tell: who works one day a week and is away over Christmas, say."""
    for block in found:
        if block.end <= calendar.now:
            continue
        if len(block.days) > norm.more_than_days:
            return block
        if block.open_end and due_day(block, ahead, calendar) == calendar.today:
            raise FactUnknown(ahead.unread or Reason.BEYOND_WINDOW)
    return None


def due_day(block: Block, ahead: Ahead, calendar: WorkCalendar) -> date | None:
    """The person's last own working day before the block: the day on which the reply is due."""
    try:
        return calendar.previous_working_day(ahead.week, block.days[0], without=ahead.off)
    except KeyError:
        raise FactUnknown(Reason.CALENDAR_YEAR_MISSING) from None


def too_late(block: Block, ahead: Ahead, calendar: WorkCalendar) -> bool:
    """Whether nobody could have been asked in time: the due day is over, or leave was approved after it."""
    due = due_day(block, ahead, calendar)
    approved_late = due is not None and ahead.approved is not None and ahead.approved > due
    return due is None or calendar.today > due or approved_late


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


def more(subject: Subject, norm: OutOfOffice, calendar: WorkCalendar) -> Collection[Need[Any]]:
    """The reply only of who will be away for long; inbox rules only on the due day, if it is not covered."""
    if not known(subject.person.recipient_type).personal:
        return ()
    ahead = look_ahead(subject, norm, calendar)
    if ahead is None or ahead.block is None:
        return ()
    reply = subject.mailbox.get(REPLY)
    if (
        isinstance(reply, Known)
        and not reply_covers(reply.value, ahead.block, norm)
        and not too_late(ahead.block, ahead, calendar)
        and due_day(ahead.block, ahead, calendar) == calendar.today
    ):
        return (REPLY, RULES)
    return (REPLY,)


SAYS = {
    Outcome.COMPLIANT: "the reply, or an inbox rule that replies, covers the absence",
    Outcome.DEVIATION: "on the last own working day before a long absence nothing replies",
    Outcome.TIP: "the reply covers the absence but says nothing outside, or one of its texts is empty; or a "
    "weekly day off stands in the calendar that is none of the working days on record",
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
    absences=True,
)
def judge(subject: Subject, norm: OutOfOffice, calendar: WorkCalendar) -> Verdict:
    """Huizen 4.7: set an absence rule for a planned absence of more than 2 working days."""
    if not known(subject.person.recipient_type).personal:
        return not_applicable("not_a_user_mailbox")
    ahead = look_ahead(subject, norm, calendar)
    if ahead is None:
        return not_applicable("no_long_absence")
    verdict = judge_block(ahead, subject, norm, calendar)
    if verdict.outcome is not Outcome.NOT_APPLICABLE:
        return verdict
    if ahead.unread is not None:  # there may be an absence beside the leave, and its reply may be due
        raise FactUnknown(ahead.unread)
    running = verdict.occurrence is not None and verdict.occurrence.start <= calendar.now
    return tip("weekly_day_off") if ahead.off and not running else verdict


def judge_block(ahead: Ahead, subject: Subject, norm: OutOfOffice, calendar: WorkCalendar) -> Verdict:
    """What the first long block asks for, as if nothing else were in sight."""
    block = ahead.block
    if block is None:
        return not_applicable("no_long_absence")
    reply = known(subject.mailbox.get(REPLY))
    if reply_covers(reply, block, norm):
        if reply.audience is Audience.NONE:
            return tip("nothing_outside", block.interval)
        if not (reply.internal_text and reply.external_text):
            return tip("one_text_empty", block.interval)
        return compliant("reply_set", block.interval)
    if too_late(block, ahead, calendar):
        return not_applicable("not_seen_in_time", block.interval)
    if due_day(block, ahead, calendar) != calendar.today:
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
        days_assumed=ahead.assumed,
    )
