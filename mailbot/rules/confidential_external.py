"""Labelled mail to the outside: what is marked confidential leaves encrypted, or not at all.

Looks at headings, so it runs under a decision only, for the people of its sample, about days within it. What
leaves the road is an enum, a date and a count; neither subject nor recipient is kept.
"""

from collections.abc import Collection
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from mailbot.model.decisiveness import Basis, Decisive, Lean, Road
from mailbot.model.facts import FactUnknown, Reason, known
from mailbot.model.mailbox import Interval
from mailbot.model.needs import DataClass, Need, SentLabels
from mailbot.model.sent import Evidence, Reach, SentLabel, Strength, SubjectSearch
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable, unknown
from mailbot.model.worktime import WorkCalendar
from mailbot.rules import Parameters, Subject, rule
from mailbot.rules.mail.lexicon import lexicon
from mailbot.rules.mail.sent_label import SentLabelRedactor, monday

WEEK = timedelta(days=7)

Words = Annotated[tuple[str, ...], Field(strict=False, max_length=40)]


class Mode(StrEnum):
    """What the norm asks of labelled mail to the outside."""

    ENCRYPT_EXTERNAL = "encrypt_external"  # it may leave when it is encrypted
    FORBIDDEN_EXTERNAL = "forbidden_external"  # it may not leave


class ConfidentialExternal(Parameters):
    """`trigger_words` are the labels; each brings its spellings and abbreviations along. `hands_off_words`
    are added to those of every organisation: a subject with one of them is not looked at."""

    mode: Annotated[Mode, Field(strict=False)]
    trigger_words: Annotated[Words, Field(min_length=1)]
    hands_off_words: Words = ()

    def excuses(self, lean: Lean) -> bool:
        """Where labelled mail may not leave at all, encryption excuses nothing: no calibration is needed."""
        return self.mode is Mode.FORBIDDEN_EXTERNAL and lean is Basis.CALIBRATION

    @model_validator(mode="after")
    def _told_apart(self) -> "ConfidentialExternal":
        words = lexicon(self.trigger_words, self.hands_off_words)  # refuses a word without letters
        if set(self.trigger_words) & set(self.hands_off_words):
            raise ValueError("a word is a label or hands-off, not both")
        if not words.fragments:
            raise ValueError("at least one trigger word")
        return self


class _LooksAtNothing:
    """Stands in for the redactor where only the question is named, in the table of decisiveness."""

    search = SubjectSearch((), ())
    headers: tuple[str, ...] = ()
    keeping = None

    def wants(self, _subject: str, _item_class: str, _sensitivity: str) -> bool:
        return False

    def redact(self, _item: object) -> None:
        return None


LABELS = SentLabels(date(9999, 1, 1), _LooksAtNothing())


def question(subject: Subject, norm: ConfidentialExternal, calendar: WorkCalendar) -> SentLabels | None:
    """Mail of this week and the last, no further back than the decision reaches; None without a decision."""
    if subject.decided_from is None:
        return None
    since = max(monday(calendar.today) - WEEK, subject.decided_from)
    own = subject.organisation
    words = lexicon(norm.trigger_words, norm.hands_off_words)
    # Where mail may not leave, a partner counts as inside; where it must be encrypted, as a secure channel.
    partners_inside = norm.mode is Mode.FORBIDDEN_EXTERNAL
    redactor = SentLabelRedactor(words, since, own.domains, own.secure_mail, calendar, partners_inside)
    return SentLabels(since, redactor)


def gateway_secures_all(subject: Subject, norm: ConfidentialExternal, calendar: WorkCalendar) -> bool:
    """Where everything leaves secured, no copy could show anything else; where nothing may leave, that is no
    excuse."""
    oldest = monday(calendar.today) - WEEK
    return norm.mode is Mode.ENCRYPT_EXTERNAL and subject.organisation.secure_mail.secures_everything(
        oldest, calendar.today
    )


def passed_over(subject: Subject, norm: ConfidentialExternal, calendar: WorkCalendar) -> str | None:
    """Why no heading needs to be read: nobody is there to be told, or the answer is certain without."""
    if not known(subject.person.recipient_type).personal:
        return "not_a_user_mailbox"
    if not subject.person.in_service(calendar.today):
        return "not_in_service"
    return "gateway_secures_all" if gateway_secures_all(subject, norm, calendar) else None


def more(subject: Subject, norm: ConfidentialExternal, calendar: WorkCalendar) -> Collection[Need[Any]]:
    """Headings only of the mailbox of somebody who works here, and not where they would decide nothing."""
    if passed_over(subject, norm, calendar) is not None:
        return ()
    asked = question(subject, norm, calendar)
    return () if asked is None else (asked,)


def occurrence(week: date, calendar: WorkCalendar) -> Interval:
    """The time during which mail of this week is told of once: the week after it.

    An event that is over lapses, and is forgotten as told. Mail of a Friday may be seen on Monday only, and
    stays in view until the end of the week after it was sent; so the occurrence must end no sooner, or it
    would be told again. And occurrences of two weeks must not overlap, or the second would pass for the
    first and never be told. One whole week, moved on by one, does both.
    """
    start = week + WEEK
    return Interval(calendar.at(start, time(0)), calendar.at(start + WEEK, time(0)))


def breaks(label: SentLabel, mode: Mode) -> bool:
    """Whether this one is certainly against the norm."""
    if label.strength is not Strength.STRONG or label.reach is not Reach.EXTERNAL:
        return False
    return mode is Mode.FORBIDDEN_EXTERNAL or label.evidence is Evidence.PLAIN


def doubt(label: SentLabel, mode: Mode, calibrated: bool) -> Reason | None:
    """Why it cannot be told whether this one, which does not certainly break the norm, is against it."""
    if label.reach is Reach.INTERNAL:
        return None
    if mode is Mode.ENCRYPT_EXTERNAL and label.evidence is Evidence.SECURED:
        return None
    if label.strength is Strength.WEAK:
        return Reason.LABEL_UNCLEAR
    if label.reach is Reach.UNCLEAR:
        return Reason.RECIPIENT_UNRESOLVED
    return Reason.ENCRYPTION_UNPROVEN if calibrated else Reason.NOT_CALIBRATED


DOUBTS = (
    Reason.NOT_CALIBRATED,
    Reason.ENCRYPTION_UNPROVEN,
    Reason.RECIPIENT_UNRESOLVED,
    Reason.LABEL_UNCLEAR,
)
"""Which doubt is told when there are several: first what an administrator can mend."""

SAYS = {
    Outcome.COMPLIANT: "labelled mail went outside, and all of it is proven to be secured",
    Outcome.DEVIATION: "labelled mail went outside plain (encrypt_external), or at all (forbidden_external)",
    Outcome.NOT_APPLICABLE: "not a person's mailbox or not in service, a gateway secures all mail, or no "
    "label was found on mail to the outside; what is not found is not compliant",
    Outcome.UNKNOWN: "headings could not be read, or it is uncertain whether a subject is labelled, a "
    "recipient is outside, or (encrypt_external only) the mail was secured",
}

_DECISIVE = Decisive(((LABELS,), (Basis.CALIBRATION,)))
"""In mode forbidden_external the calibration is not needed: there encryption excuses nothing."""


@rule(
    "confidential_external",
    kind=Kind.EVENT,
    parameters=ConfidentialExternal,
    needs=[],
    data_class=DataClass.HEADING,
    # Over Graph the class and the named headers of a message take Mail.Read, which could read bodies too;
    # Mail.ReadBasic.All shows neither, and then nothing can be proven plain.
    decisive={Road.EWS: _DECISIVE, Road.GRAPH: _DECISIVE},
    says=SAYS,
    more=more,
    follow_ups=(SentLabels,),
    priority=10,
)
def judge(subject: Subject, norm: ConfidentialExternal, calendar: WorkCalendar) -> Verdict:
    """Huizen 5.3, third sentence: such mail to the outside is always encrypted. Groningen, "wat mag je niet":
    what is marked confidential is not mailed."""
    if (why := passed_over(subject, norm, calendar)) is not None:
        return not_applicable(why)
    asked = question(subject, norm, calendar)
    if asked is None:
        raise FactUnknown(Reason.NOT_ASKED)
    labels = known(subject.mailbox.get(asked))
    if found := [label.week for label in labels if breaks(label, norm.mode)]:
        week, forbidden = max(found), norm.mode is Mode.FORBIDDEN_EXTERNAL
        return deviation(
            "sent_outside" if forbidden else "sent_unsecured",
            occurrence(week, calendar),
            messages=found.count(week),
            week=week,
            forbidden=forbidden,
        )
    calibrated = subject.organisation.secure_mail.calibrated(calendar.today)
    doubts = {doubt(label, norm.mode, calibrated) for label in labels}
    if (reason := next((reason for reason in DOUBTS if reason in doubts), None)) is not None:
        return unknown(reason)
    # No doubt is left, so whatever went outside under a label was secured.
    secured = [
        label.week for label in labels if label.strength is Strength.STRONG and label.reach is Reach.EXTERNAL
    ]
    if secured:
        return compliant("sent_secured", occurrence(max(secured), calendar))
    return not_applicable("nothing_labelled_outside")
