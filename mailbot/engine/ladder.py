"""The ladder of letters on one topic, in the reader's own working days. Pure.

The plan asks it when it makes a letter, and the courier once more at the moment of sending: between the two
somebody may have gone on leave.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice

from mailbot.engine.returning import DAY, days_at_work, free_by_roster, just_back
from mailbot.model.findings import Finding, TopicLetters
from mailbot.model.ids import RuleId
from mailbot.model.people import Person
from mailbot.model.plan import Held
from mailbot.model.worktime import WorkCalendar

AN_INSTANT = timedelta(microseconds=1)
REMEMBER_WITHIN = timedelta(days=7)
"""How long before its end an absence in the calendar is remembered; until then it may still be cut short."""

LOOKED_AGAIN_WITHIN = timedelta(days=4)
"""From one sweep to the next, a long weekend included."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """How often somebody may be written to; bounds and reasons stand in the settings.

    A reminder comes after `reminder_days` days and `reminder_working_days` own working days at work, the
    later of the two. After `most_letters` letters on a topic it rests for `silence_days`. Free of letters are
    `first_working_days` and `last_working_days` of employment, `after_return_working_days` after leave, the
    day of return being the first of them, and `after_pause_days` after a pause.
    """

    reminder_days: int = 14
    reminder_working_days: int = 10
    most_letters: int = 3
    silence_days: int = 90
    first_working_days: int = 5
    last_working_days: int = 5
    after_return_working_days: int = 1
    after_pause_days: int = 7
    thanks: bool = True


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody a letter may be for, as the ladder sees them. `away_from` and `away_until` are those of the
    absence that the calendar tells of, which may be over or still to come; without `away_from` it has begun.
    `rests_until` is the end of a rest; `topics` are letters that count."""

    person: Person = field(repr=False)
    away_until: datetime | None = None
    rests_until: datetime | None = None
    topics: Mapping[RuleId, TopicLetters] = field(default_factory=dict)
    away_from: datetime | None = None


def frozen(
    recipient: Recipient,
    ladder: Ladder,
    calendar: WorkCalendar,
    day: date,
    leaves: datetime | None = None,
) -> Held | None:
    """Why no letter at all may reach somebody on that day, today or later; None when it may.

    On leave, away by calendar, on a day that the roster leaves free and on the first own working days back
    (AWAY); in the first and last own working days of employment, leave not counted (FIRST_DAYS, LAST_DAYS);
    after a pause or a letter that came back (RESTING). An absence that begins in the course of the day counts
    from its morning, but for an urgent letter that `leaves` before it begins: that may be about it.
    """
    person = recipient.person
    moment = max(calendar.now, calendar.at(day, time(0)))
    if person.on_leave(day) or free_by_roster(person, calendar, day):
        return Held.AWAY
    last_away = None
    latest = leaves or calendar.at(day + DAY, time(0)) - AN_INSTANT
    if recipient.away_until is not None and (recipient.away_from or latest) <= latest:
        if moment < recipient.away_until:
            return Held.AWAY
        last_away = calendar.local(recipient.away_until - AN_INSTANT).date()
    if just_back(person, calendar, day, ladder.after_return_working_days, last_away):
        return Held.AWAY
    if person.starts is not None:
        since = days_at_work(person, calendar, person.starts, day)
        if len(list(islice(since, ladder.first_working_days))) < ladder.first_working_days:
            return Held.FIRST_DAYS
    if person.ends is not None:
        left = days_at_work(person, calendar, day, person.ends + DAY)
        if len(list(islice(left, ladder.last_working_days + 1))) <= ladder.last_working_days:
            return Held.LAST_DAYS
    if recipient.rests_until is not None and moment < recipient.rests_until:
        return Held.RESTING
    return None


def quiet_until(recipient: Recipient, ladder: Ladder, calendar: WorkCalendar) -> datetime | None:
    """Until when to leave somebody in peace who is away today, of which only the calendar tells. An absence
    that ends within a week: through the first own working days back, because once it is over no sweep sees it
    any more. A longer one: until a sweep has looked again, for what waits in the outbox. None without one."""
    ends = recipient.away_until
    tomorrow = calendar.at(calendar.today + DAY, time(0))
    if ends is None or ends <= calendar.now or (recipient.away_from or calendar.now) >= tomorrow:
        return None
    if ends > calendar.now + REMEMBER_WITHIN:
        return calendar.now + LOOKED_AGAIN_WITHIN
    first = calendar.local(ends - AN_INSTANT).date() + DAY
    back = days_at_work(recipient.person, calendar, first, first + timedelta(days=366))
    free = list(islice(back, ladder.after_return_working_days))
    return calendar.at((free[-1] if free else first) + DAY, time(0))


def crowded(
    recipient: Recipient,
    rule: RuleId,
    ladder: Ladder,
    moment: datetime,
    urgent: bool = False,
    once: bool = False,
) -> Held | None:
    """Whether at that moment one more letter on the topic is too many (SILENT) or too soon (TOO_SOON). An
    urgent one is never too soon; what is told `once` is too many after any letter, also one that the outbox
    has forgotten."""
    topic = recipient.topics.get(rule)
    if topic is None or topic.until <= moment:
        return None
    if once or topic.letters >= ladder.most_letters:
        return Held.SILENT
    newest = topic.until - timedelta(days=ladder.silence_days)
    return Held.TOO_SOON if not urgent and moment < newest + timedelta(days=ladder.reminder_days) else None


def told_before(finding: Finding, recipient: Recipient, moment: datetime) -> bool:
    """Whether the topic had letters before those about this finding that are not forgotten yet."""
    topic = recipient.topics.get(finding.rule)
    return topic is not None and topic.until > moment and topic.letters > finding.steps


def rests_after(recipient: Recipient, rule: RuleId, ladder: Ladder, moment: datetime) -> bool:
    """Whether the topic rests once one more letter about it was delivered at that moment."""
    topic = recipient.topics.get(rule)
    before = 0 if topic is None or topic.until <= moment else topic.letters
    return before + 1 >= ladder.most_letters


def reminder_due(
    finding: Finding, person: Person, ladder: Ladder, calendar: WorkCalendar, moment: datetime
) -> bool:
    """Whether at that moment the newest letter about a finding is long enough ago, counted from its delivery:
    in days, and in own working days at work, the day of delivery being the first and that of the moment not
    counted. Absences of which only the calendar told are not known any more, and count as worked."""
    told = finding.told or finding.changed
    if moment < told + timedelta(days=ladder.reminder_days):
        return False
    first, today = calendar.local(told).date(), calendar.local(moment).date()
    worked = days_at_work(person, calendar, first, today)
    enough = ladder.reminder_working_days
    return len(list(islice(worked, enough))) == enough
