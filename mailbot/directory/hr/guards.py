"""Whether a feed without a single error is still not to be believed: it names nobody, or half the house
leaves.

People are counted on the day on which they leave, not on the day on which the feed says so. After three weeks
of silence a feed brings three weeks of leavers; each of them counts on a day of its own, as if it had come in
time. What a broken export does, leaving out a department or closing everybody's contract, falls on one day.
What it does too is to write the wrong column as last day, for everybody another one long ago. So whoever had
left already when the last good feed came, which did not know it, is counted with all others like that.
Feeds that were delivered on one day count together: a loss that comes in small steps is as large.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from mailbot.model.employment import Employment
from mailbot.model.sources import Trouble

PERCENT = 5
FEW = 2
"""So many may always leave on one day: in a small house they soon are more than 5%."""

_MEND = (
    "When that is right, let it through with `mailbot people accept-feed`; else let personnel's system write "
    "a better one."
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a feed is held. `says` counts; it names nobody."""

    trouble: Trouble
    says: str


def leavers(before: Sequence[Employment], after: Sequence[Employment], today: date) -> Counter[date]:
    """How many of those in service today leave by the new feed and not by the last one, by their last day."""
    told = {person.key: person for person in after}
    return Counter(
        day
        for person in before
        if _in_service(person, today)
        and (day := _leaves_on(told.get(person.key), today)) is not None
        and (person.ends is None or day < person.ends)
    )


def doubt(
    before: Sequence[Employment] | None,
    after: Sequence[Employment],
    today: date,
    since: date | None = None,
    earlier: Mapping[date, int] = MappingProxyType({}),
) -> Doubt | None:
    """What keeps `after` from following the last good feed; `before` is None when there is none yet, and
    `since` the local day on which it came. `earlier` are leavers of accepted feeds that were delivered on the
    same day, by their last day.

    Everybody counts who is in service today by the last good feed, and gets a last day that is new or
    earlier. That day may lie in the past or in the future. Who is missing, or would only begin later, counts
    as leaving today. Who had left already does not count, and neither does an end that is moved later or
    withdrawn.
    """
    if not after:
        return Doubt(Trouble.EMPTY, "The feed names nobody: it holds a header at most.")
    if before is None:
        return None
    serving = sum(_in_service(person, today) for person in before)
    serving += sum(people for day, people in earlier.items() if day <= today)
    leaving = leavers(before, after, today) + Counter(earlier)
    late = sum(people for day, people in leaving.items() if since is not None and day < since)
    day, people = max(leaving.items(), key=lambda one: (one[1], one[0]), default=(today, 0))
    if _many(late, serving) and late > people:
        return Doubt(
            Trouble.MANY_LEAVERS,
            f"By the feed {late} of {serving} people in service had left before the last good feed, "
            f"which still had them: more than {PERCENT}%. {_MEND}",
        )
    if not _many(people, serving):
        return None
    told = {person.key for person in after}
    missing = sum(_in_service(p, today) and p.key not in told for p in before) if day == today else 0
    whose = "the feeds of that day" if earlier else "the feed"
    gone = f" {missing} of them are missing from it." if missing else ""
    return Doubt(
        Trouble.MANY_LEAVERS,
        f"By {whose} {people} of {serving} people in service leave on {day.isoformat()}: "
        f"more than {PERCENT}% on one day.{gone} {_MEND}",
    )


def _many(people: int, serving: int) -> bool:
    return people > FEW and people * 100 > PERCENT * serving


def _in_service(person: Employment, day: date) -> bool:
    return (person.starts or date.min) <= day <= (person.ends or date.max)


def _leaves_on(person: Employment | None, today: date) -> date | None:
    if person is None or (person.starts is not None and person.starts > today):
        return today
    return person.ends
