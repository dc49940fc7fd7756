"""What retention takes away of what is about one person: by which limit, under which rule, and up to when it
has done so. Nobody keeps a record of what was deleted of whom: it would be kept about that person."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailbot.jobs.house import House
from mailbot.jobs.retain import personal
from mailbot.model.retention import Keeping
from mailbot.model.slots import Job, SlotResult
from mailbot.ports import Work

LOOK_BACK = timedelta(weeks=26)
"""Turns of a job are kept for as long."""

CLASSES = {
    ("visited", "at"): ("that the mailbox was dealt with", "after the sweep, or when the next one is over"),
    ("judgement", "at"): ("verdicts", "after the sweep, or when the next one is over"),
    ("last_read", "at"): ("when the mailbox was read", "after it was read"),
    ("last_read", "failed"): ("when reading it failed", "after it failed"),
    ("bookmark", "at"): ("marks of how far it was read", "after it was made"),
    ("finding", "changed"): ("findings", "after the last change"),
    ("finding", "opened"): ("findings, whatever changes", "after it was opened"),
    ("finding_history", "at"): ("what findings went through", "after it happened"),
    ("plan_step", "made"): ("steps of plans", "after the plan was made"),
    ("letter", "changed"): ("that letters were sent", "after the last change"),
    ("letter", "ordered"): ("letters, whatever changes", "after it was made"),
    ("topic_letter", "until"): ("silence on a topic", "when the silence is over"),
    ("rest", "until"): ("rest from letters", "when the rest is over"),
    ("disclosure", "told"): ("that somebody looked", "after the person heard of it"),
    ("disclosure", "at"): ("that somebody looked, told or not", "after the look"),
    ("audit", "at"): ("who looked and why, in the audit log", "after the look"),
}
"""What each limit is about and when its clock starts, in words, in the order in which they are shown."""

OWN = "mailbot's own limit"


@dataclass(frozen=True, slots=True)
class Limit:
    """One class of data. `days` after what `since` says a row of it goes, under the rule `under`. All that
    had come so far by `gone_before` is deleted; None as long as forgetting never ran."""

    what: str
    days: int
    since: str
    under: str
    gone_before: date | None


@dataclass(frozen=True, slots=True)
class Forgetting:
    """`last` is when forgetting last ran to its end; None when it never did, or longer ago than turns are
    kept."""

    last: datetime | None
    limits: tuple[Limit, ...]


def forgetting(house: House, work: Work) -> Forgetting:
    """The same for everybody: it says what cannot be kept any more, not what there was."""
    turns = work.slots(Job.RETAIN, house.today() - LOOK_BACK)
    ends = [(turn.finished, turn.claimed) for turn in turns if turn.result is SlotResult.COMPLETE]
    last, began = max(((end, began) for end, began in ends if end is not None), default=(None, None))
    retention = house.terms.pack.retention
    article = f"{retention.source} of {house.terms.pack.title}"
    limits = {(kept.table, kept.clock): kept for kept in work.keeping(personal(house))}
    return Forgetting(
        last,
        tuple(_limit(house, limits[place], place, article, began) for place in CLASSES if place in limits),
    )


def _limit(
    house: House, kept: Keeping, place: tuple[str, str], article: str, began: datetime | None
) -> Limit:
    what, since = CLASSES[place]
    gone = None if began is None else (began - kept.after).astimezone(house.terms.zone).date()
    under = article if kept.shortened or kept.after == personal(house) else OWN
    return Limit(what, kept.after.days, since, under, gone)
