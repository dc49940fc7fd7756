"""Turns a sent item into all that is kept of it: how surely it was labelled, where it went, how, and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from mailbot.model.secure_mail import SecureMail
from mailbot.model.sent import Reach, SentItem, SentLabel, Strength, SubjectSearch
from mailbot.model.worktime import WorkCalendar
from mailbot.rules.mail import encryption, recipients
from mailbot.rules.mail.kept_labels import LabelKeeping, fingerprint
from mailbot.rules.mail.lexicon import Lexicon, Reading
from mailbot.rules.mail.subject_prefixes import is_mail

_STRENGTH = {Reading.STRONG: Strength.STRONG, Reading.WEAK: Strength.WEAK}


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True, repr=False)
class SentLabelRedactor:
    """The `SentRedactor` of labelled mail. `own` are the organisation's mail domains; items of days before
    `since` are nobody's business. `partners_inside`: who is on the list of trusted domains is not outside
    (practice 3.4); else such a domain is a channel that secures what goes outside."""

    words: Lexicon
    since: date
    own: Iterable[str]
    secure_mail: SecureMail
    calendar: WorkCalendar
    partners_inside: bool = False

    @property
    def search(self) -> SubjectSearch:
        return SubjectSearch(self.words.fragments, self.words.left_out)

    @property
    def headers(self) -> tuple[str, ...]:
        return encryption.headers(self.secure_mail, self.calendar.today)

    @property
    def keeping(self) -> LabelKeeping:
        """`since` is no part of it: the road drops the days before it."""
        zone = self.calendar.zone.key
        inputs = (self.words, self.own, self.secure_mail, self.calendar.today, self.partners_inside)
        return LabelKeeping(fingerprint(*inputs, zone))

    def wants(self, subject: str, item_class: str, sensitivity: str) -> bool:
        """Nothing more is asked of an item that carries no label, or that is hands-off.

        All three of Outlook's sensitivity flags put an item out of reach (practice 2.4), "confidential" too:
        the flag is no encryption, but whoever sets it has asked for more than a label.
        """
        if not is_mail(item_class) or sensitivity.strip().casefold() not in ("", "normal"):
            return False
        return self.words.read(subject) in _STRENGTH

    def redact(self, item: SentItem) -> SentLabel | None:
        """None also for what stayed inside, of which nothing is kept, and for an item without a sent time:
        that is a draft, and drafts are not looked at."""
        if item.on_behalf or item.sent is None:
            return None
        if not self.wants(item.subject, item.item_class, item.sensitivity):
            return None
        day = self.calendar.local(item.sent).date()
        today = self.calendar.today
        to = recipients.resolve(item.recipients, self.own)
        if self.partners_inside:
            to = recipients.with_partners(to, self.secure_mail.trusted, day, today)
        if day < self.since or to.reach is Reach.INTERNAL:
            return None
        return SentLabel(
            _STRENGTH[self.words.read(item.subject)],
            to.reach,
            encryption.evidence(item, to, self.secure_mail, day, today),
            monday(day),
        )
