"""What is kept of labelled mail between two sweeps, and when that may not be used any more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from mailbot.model.secure_mail import SecureMail
from mailbot.model.sent import Evidence, Reach, SentLabel, Strength
from mailbot.rules.mail.lexicon import Lexicon
from mailbot.rules.mail.subject_prefixes import is_mail


def fingerprint(
    words: Lexicon,
    own: Iterable[str],
    secure_mail: SecureMail,
    today: date,
    partners_inside: bool,
    zone: str,
) -> str:
    """Of all that an answer of `SentLabelRedactor` depends on beside the item.

    Of `today` only what it decides counts: which markers hold, whether they tell what is plain, and which
    channels are past their review. So it changes on the day after a review date, and not every day.
    """
    gateway = secure_mail.gateway
    parts = (
        sorted(words.labels),
        sorted(words.hands_off),
        words.fuzzy,
        words.fragments,
        words.left_out,
        sorted(own),
        secure_mail.markers(today),
        secure_mail.always_marks(today),
        secure_mail.approved,
        sorted(secure_mail.labels.items()),
        sorted(
            (entry.domain, entry.subdomains, str(entry.approved), today <= entry.review_by)
            for entry in secure_mail.trusted
        ),
        gateway and (gateway.approved, today <= gateway.review_by),
        partners_inside,
        zone,
    )
    return repr(parts)


@dataclass(frozen=True, slots=True)
class LabelKeeping:
    """The `Keeping` of labelled mail.

    Who was in a group is kept as it was when the mail was first read: that is nearer to who got it than the
    group of a later day. Where it could not be told who gets it, that may be mended, so it is asked again.
    """

    fingerprint: str

    def reads(self, item_class: str) -> bool:
        return is_mail(item_class)

    def settled(self, answer: SentLabel) -> bool:
        return answer.reach is not Reach.UNCLEAR

    def write(self, answer: SentLabel) -> str:
        return f"{answer.strength} {answer.reach} {answer.evidence} {answer.week.isoformat()}"

    def read(self, text: str) -> SentLabel:
        strength, reach, evidence, week = text.split()
        return SentLabel(Strength(strength), Reach(reach), Evidence(evidence), date.fromisoformat(week))
