"""Mailbox size: nobody keeps more mail than the norm allows; a tip when it comes near."""

from typing import Annotated

from pydantic import Field

from mailbot.model.facts import known
from mailbot.model.needs import MailboxSize
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable, tip
from mailbot.model.worktime import WorkCalendar
from mailbot.rules import Parameters, Subject, rule

SIZE = MailboxSize()
MEBIBYTE = 1024 * 1024


class Quota(Parameters):
    """`limit_bytes`: the largest size that is still within the norm, as Exchange counts bytes.

    `tip_percent`: from this share of the limit on there is a tip. 100 would leave no room for one, and
    under 50 it would be noise.
    """

    limit_bytes: Annotated[int, Field(ge=100 * MEBIBYTE, le=2**50)]
    tip_percent: Annotated[int, Field(ge=50, le=99)]


SAYS = {
    Outcome.COMPLIANT: "smaller than the share of the limit from which there is a tip",
    Outcome.DEVIATION: "larger than the limit",
    Outcome.TIP: "near the limit (a warning before it is too late: Huizen 4.5)",
    Outcome.NOT_APPLICABLE: "not the mailbox of one human being",
    Outcome.UNKNOWN: "the size or the kind of mailbox could not be read",
}


@rule("quota", kind=Kind.STATE, parameters=Quota, needs=[SIZE], says=SAYS, priority=40)
def judge(subject: Subject, norm: Quota, _calendar: WorkCalendar) -> Verdict:
    """Huizen 4.5: at most 5 GB per user; strictly more is a deviation."""
    if not known(subject.person.recipient_type).personal:
        return not_applicable("not_a_user_mailbox")
    size = known(subject.mailbox.get(SIZE)).total
    if size > norm.limit_bytes:
        return deviation("over_limit", size_bytes=size, limit_bytes=norm.limit_bytes)
    if size * 100 >= norm.limit_bytes * norm.tip_percent:
        return tip("near_limit", size_bytes=size, limit_bytes=norm.limit_bytes)
    return compliant("within_limit")
