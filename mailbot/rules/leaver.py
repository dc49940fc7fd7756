"""Departure: in which state a leaver's mailbox should be today, and in which it is.

Huizen, Gebruikersaccount 2 to 4: blocked first; then for at most a month an automatic reply that the person
no longer works there; then account and messages go, which nothing here does by itself (Archiefwet, holds).
The rule judges only. It tells the administrator, as tasks, and never the employee.

    last day of service | reply period: the clamped calendar month(s) | one working day of grace | removal due

The day of blocking is not known, so the month is counted from the last day of service, and the working day
after it may be either. Of who has not left nothing is read.
"""

from calendar import monthrange
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from mailbot.model.accounts import RecipientType
from mailbot.model.decisiveness import Basis, Decisive, Road
from mailbot.model.facts import Fact, FactUnknown, Known, Reason, Unknown, known
from mailbot.model.mailbox import Audience, LeaverReply, ReplySetting, ReplyState
from mailbot.model.needs import (
    ExportedHold,
    ForwardingRules,
    HeldAccess,
    MailboxForwarding,
    Need,
    ReplyOfLeaver,
)
from mailbot.model.people import Person
from mailbot.model.tasks import Task
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable, unknown
from mailbot.model.worktime import WorkCalendar
from mailbot.rules import Parameters, Subject, Tells, rule
from mailbot.rules.mail.reply_text import LeaverReplyText, ReplyFeature

REPLY = ReplyOfLeaver(LeaverReplyText())
RULES = ForwardingRules()
MAILBOX = MailboxForwarding()
HELD = HeldAccess()
EXPORTED_HOLD = ExportedHold()

LONGEST_BREAK = timedelta(days=14)
"""No run of free days is longer; so long after the reply period nobody needs a calendar to tell the stage."""


class Leaver(Parameters):
    """`reply_max_months`: calendar months after the last day of service during which the reply is on."""

    reply_max_months: Annotated[int, Field(ge=1, le=3)]


class Stage(StrEnum):
    """Where somebody is in leaving, by the calendar alone."""

    NOT_LEAVING = "not_leaving"
    REPLY = "reply"
    GRACE = "grace"
    REMOVAL = "removal"


def last_reply_day(ends: date, months: int) -> date:
    """The same day of the month, `months` later; the last day of a month that is too short for it."""
    year, month = divmod(ends.year * 12 + ends.month - 1 + months, 12)
    return date(year, month + 1, min(ends.day, monthrange(year, month + 1)[1]))


def stage(ends: date | None, norm: Leaver, calendar: WorkCalendar) -> Stage:
    """`ends` is the last day of service. Raises FactUnknown when today can only be told by the holidays of
    a year that nobody settled."""
    today = calendar.today
    if ends is None or today <= ends:
        return Stage.NOT_LEAVING
    until = last_reply_day(ends, norm.reply_max_months)
    if today <= until:
        return Stage.REPLY
    if today > until + LONGEST_BREAK:
        return Stage.REMOVAL
    return Stage.GRACE if today <= _next_office_day(until, calendar) else Stage.REMOVAL


def _next_office_day(day: date, calendar: WorkCalendar) -> date:
    try:
        for later in range(1, LONGEST_BREAK.days + 1):
            if calendar.is_office_day(day + timedelta(days=later)):
                return day + timedelta(days=later)
    except KeyError:
        raise FactUnknown(Reason.CALENDAR_YEAR_MISSING) from None
    return day + LONGEST_BREAK


@dataclass(frozen=True, slots=True)
class Heard:
    """Who hears the automatic reply today."""

    inside: bool
    outside: bool

    @property
    def anybody(self) -> bool:
        return self.inside or self.outside


def heard(setting: ReplySetting, calendar: WorkCalendar) -> Heard:
    """Raises FactUnknown for a schedule without dates."""
    on = setting.state is ReplyState.ENABLED
    if setting.state is ReplyState.SCHEDULED:
        if setting.period is None:
            raise FactUnknown(Reason.VALUE_MISSING)
        on = setting.period.start <= calendar.now < setting.period.end
    return Heard(
        inside=on and setting.internal_text,
        outside=on and setting.external_text and setting.audience is not Audience.NONE,
    )


def of_texts(reply: LeaverReply) -> Verdict:
    """Both texts must say that the person left, and neither what is nobody's business. A wording that nobody
    knows here is no deviation: somebody reads it."""
    both = (reply.inside, reply.outside)
    silent = [text for text in both if ReplyFeature.LEFT not in text]
    if any(ReplyFeature.TOO_MUCH in text for text in both) or any(
        ReplyFeature.ABSENT in text for text in silent
    ):
        return deviation("reply_text").with_tasks(Task.MEND_REPLY_TEXT)
    if silent:
        return unknown(Reason.REPLY_TEXT_UNCLEAR).with_tasks(Task.MEND_REPLY_TEXT)
    return compliant("reply_on")


def on_hold(subject: Subject) -> bool:
    """Whether the directory or the nightly export says that the mailbox must be kept: one is enough, and
    both must deny it. Who makes no export leans on the directory alone.

    Raises FactUnknown when a source that is there may still say so.
    """
    by_people, by_export = subject.person.hold, subject.mailbox.get(EXPORTED_HOLD)
    if any(isinstance(fact, Known) and fact.value for fact in (by_people, by_export)):
        return True
    known(by_people)
    if isinstance(by_export, Unknown) and by_export.reason is not Reason.EXPORT_MISSING:
        raise FactUnknown(by_export.reason)
    return False


def of_reply(subject: Subject, now: Stage, calendar: WorkCalendar) -> Verdict:
    """What the reply, and after its month the mailbox, should be today."""
    if now is Stage.GRACE:
        return compliant("reply_ending")
    reply = known(subject.mailbox.get(REPLY))
    who = heard(reply.setting, calendar)
    if now is Stage.REMOVAL:
        if who.anybody:
            return deviation("reply_too_long").with_tasks(Task.END_LEAVER_REPLY)
        if on_hold(subject):
            return compliant("kept_on_hold")
        return deviation("removal_due").with_tasks(Task.DECIDE_REMOVAL)
    if not who.anybody:
        return deviation("reply_off").with_tasks(Task.SET_LEAVER_REPLY)
    if not (who.inside and who.outside):
        return deviation("reply_one_side").with_tasks(Task.MEND_REPLY_TEXT)
    return of_texts(reply)


def of_account(enabled: Fact[bool], then: Verdict) -> Verdict:
    """The account comes first: an open one is the deviation, whatever else there is; of one that nobody
    knows to be closed nothing else is said. Removal is no question while the account may be open."""
    if isinstance(enabled, Known) and not enabled.value:
        return then
    tasks = then.tasks - {Task.DECIDE_REMOVAL}
    if isinstance(enabled, Unknown):
        return unknown(enabled.reason).with_tasks(*tasks)
    return deviation("account_open").with_tasks(Task.BLOCK_ACCOUNT, *tasks)


def noticed(subject: Subject, calendar: WorkCalendar) -> Iterator[Task]:
    """What an administrator should know beside the norm, as far as it could be read."""
    rules, mailbox = subject.mailbox.get(RULES), subject.mailbox.get(MAILBOX)
    told = (mailbox, subject.person.forwards)  # by the nightly export, and by the directory
    forwards = (isinstance(rules, Known) and rules.value.forwards > 0) or any(
        isinstance(fact, Known) and fact.value for fact in told
    )
    if forwards:
        yield Task.STOP_FORWARDING
        if _says_not_forwarded(subject.mailbox.get(REPLY), calendar):
            yield Task.REPLY_AND_FORWARD
    held = subject.mailbox.get(HELD)
    if isinstance(held, Known) and held.value > 0:
        yield Task.END_DELEGATIONS


def _says_not_forwarded(reply: Fact[LeaverReply], calendar: WorkCalendar) -> bool:
    """Whether anybody is told today that the message is not sent on."""
    if isinstance(reply, Unknown):
        return False
    try:
        who = heard(reply.value.setting, calendar)
    except FactUnknown:
        return False
    said = ReplyFeature.NOT_FORWARDED
    return (who.inside and said in reply.value.inside) or (who.outside and said in reply.value.outside)


def of_one_person(person: Person) -> bool:
    """A mailbox of one human being, also when it was turned into a shared one to keep it after departure:
    an end of service is told by that."""
    kind = known(person.recipient_type)
    kept = kind in (RecipientType.SHARED, RecipientType.REMOTE_SHARED) and person.ends is not None
    return kind.personal or kept


def more(subject: Subject, _norm: Leaver, calendar: WorkCalendar) -> Collection[Need[Any]]:
    """Only of who has left is anything asked."""
    if not of_one_person(subject.person):
        return ()
    if subject.person.ends is None or calendar.today <= subject.person.ends:
        return ()
    domains = {subject.person.address.value.rpartition("@")[2], *subject.organisation.domains}
    names = frozenset(domain.rpartition(".")[0].rpartition(".")[2] for domain in domains)
    return (ReplyOfLeaver(LeaverReplyText(names)), RULES, MAILBOX, HELD, EXPORTED_HOLD)


SAYS = {
    Outcome.COMPLIANT: "closed and replying within the month, just after it, or kept on hold after it",
    Outcome.DEVIATION: "account still open, reply off, one-sided, wrong or too long, or removal due",
    Outcome.NOT_APPLICABLE: "not leaving, the last day is not over, or not a person's mailbox",
    Outcome.UNKNOWN: "account, reply, hold, kind of mailbox could not be read, the reply's words are not "
    "understood, or a year has no holidays",
}
DECISIVE = Decisive(((Basis.END_DATE,), (Basis.ACCOUNT_STATE,), (REPLY,), (Basis.HOLD,)))


@rule(
    "leaver",
    kind=Kind.STATE,
    parameters=Leaver,
    needs=[],
    decisive={Road.EWS: DECISIVE, Road.GRAPH: DECISIVE},
    says=SAYS,
    tells=Tells.ADMINISTRATOR,
    more=more,
    follow_ups=(
        ReplyOfLeaver,
        ForwardingRules,
        MailboxForwarding,
        HeldAccess,
        ExportedHold,
    ),
    priority=90,
)
def judge(subject: Subject, norm: Leaver, calendar: WorkCalendar) -> Verdict:
    """Huizen, Gebruikersaccount 2 to 4."""
    if not of_one_person(subject.person):
        return not_applicable("not_a_user_mailbox")
    try:
        now = stage(subject.person.ends, norm, calendar)
        if now is Stage.NOT_LEAVING:
            return not_applicable("not_leaving")
        then = of_reply(subject, now, calendar)
    except FactUnknown as missing:
        then = unknown(missing.reason)
    return of_account(subject.person.enabled, then).with_tasks(*noticed(subject, calendar))
