"""What came back to the service mailbox: letters that bounced were told to nobody.

Nothing is ever sent because of what comes in. An automatic reply is no business of ours and stays where it
is, unanswered: people read this mailbox. A report of delivery about a letter of ours is deleted for good as
soon as what it says is committed; one about a letter that is still on its way, or in doubt, stays for a human
to see.

What a forger can do. A report counts only when it names a letter of ours, and the name of a letter cannot
be guessed (`model.message_id`): it is known to its reader and to whoever may read that mailbox, who could as
well delete the letter. A report counts for one letter, once, and within `BELIEVED` of its leaving, and it
gives two weeks of rest, three in a row a quarter: to silence somebody one must go on seeing all letters to
them. And the administrator hears of it, with the task `letters_come_back`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

import structlog

from mailbot.engine.recipients import Mode
from mailbot.jobs.house import House
from mailbot.model.errors import Busy, Unreachable
from mailbot.model.ids import LetterId
from mailbot.model.incoming import Incoming, IncomingKind
from mailbot.model.letters import LetterState, OutboxLetter
from mailbot.model.message_id import letter_of

log = structlog.get_logger(__name__)

BOOKMARK = "service_mailbox_seen"
MOST = 500
"""Items that are looked at in one run; the next one goes on from there."""

OVERLAP = timedelta(hours=1)
"""What came in so long before the last look is looked at again: clocks differ, and servers are slow. Nothing
happens twice."""

BELIEVED = timedelta(days=7)
"""After its letter left, a report comes within this time: servers give up after four or five days (RFC 5321,
4.5.4.1)."""

IN_PEACE = timedelta(days=14)
"""Nothing is sent after a bounce for so long: whoever runs the mailbox gets time to mend it. After as many in
a row as a topic has letters it is the silence of the ladder: a forgotten forward behind the mailbox may be
what bounces, and the reader have all of them."""

LEFT = frozenset({LetterState.SENT, LetterState.BOUNCED})

ARRIVED_AFTER = timedelta(days=1)
"""A letter that left so long ago and did not come back counts as arrived."""

RETURNED = "letters_come_back"
UNREAD = "service_mailbox_unread"


@dataclass(frozen=True, slots=True)
class IncomingReport:
    """Items by kind, letters that were found to have come back, and reports that were deleted."""

    kinds: Counter[IncomingKind] = field(default_factory=Counter)
    returned: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look saw: `next_from` is where the next one begins if all that it found is dealt with."""

    items: tuple[Incoming, ...]
    next_from: datetime
    trouble: str | None = None


def read(house: House) -> IncomingReport:
    """Look at what came in since the last time, as long as letters of ours can come back. A mailbox that does
    not answer is one problem for the administrator and keeps no letter from leaving. Raises SignInRefused."""
    report = IncomingReport()
    since = _since(house)
    if since is not None:
        look = _look(house, since)
        if look.trouble is not None:
            house.operator.problem(UNREAD, f"The service mailbox could not be read. {look.trouble}")
        else:
            house.operator.solved(UNREAD)
        report = _deal_with(house, look, since)
        counts = {kind.value: number for kind, number in report.kinds.items()}
        log.info("service mailbox read", returned=report.returned, deleted=report.deleted, **counts)
    _tell(house)
    return report


def _since(house: House) -> datetime | None:
    """From when on to look; None when no letter left that could have come back since the last look."""
    now = house.clock.now()
    if house.terms.mode is Mode.OFF:
        return None
    with house.store.begin() as work:
        if work.stopped():
            return None
        known = _moment(work.note(BOOKMARK)) or now - BELIEVED
        left = work.first_left(known - BELIEVED)
    if left is None:
        return None
    return max(known, left - ARRIVED_AFTER)  # a crash may have kept us from seeing at once that it left


def _look(house: House, since: datetime) -> _Look:
    """At most `MOST` items. One that is cut off goes on where it ended, and moves on by a second at least."""
    seen: list[Incoming] = []
    reached = max(since, house.clock.now() - OVERLAP)
    try:
        for item in house.service_mailbox().incoming(since):
            if len(seen) == MOST:
                on = max(seen[-1].received, since + timedelta(seconds=1))
                return _Look(tuple(seen), on)
            seen.append(item)
    except Unreachable as error:
        return _Look(tuple(seen), seen[-1].received if seen else since, str(error))
    return _Look(tuple(seen), reached)


def _deal_with(house: House, look: _Look, since: datetime) -> IncomingReport:
    """Commit what the reports say, then delete them; the bookmark moves when both are done."""
    sender = house.terms.sender
    about = {
        item.reference: letter
        for item in look.items
        if item.kind in (IncomingKind.BOUNCE, IncomingKind.DELAY)
        and (letter := letter_of(item.about or "", sender)) is not None
    }
    with house.store.begin() as work:
        letters = work.letter_with(set(about.values()))
    open_ = [item for item in look.items if _still_open(about, letters, item)]
    returned = sum(
        _came_back(house, letters[about[item.reference]], item)
        for item in look.items
        if item.kind is IncomingKind.BOUNCE and about.get(item.reference) in letters
    )
    waiting = {item.reference for item in open_}
    deleted = _delete(house, [reference for reference in about if reference not in waiting])
    if deleted is not None:
        with house.store.begin() as work:
            work.set_note(BOOKMARK, _next_from(look, since, open_).isoformat())
    return IncomingReport(Counter(item.kind for item in look.items), returned, deleted or 0)


def _still_open(
    about: Mapping[str, LetterId], letters: Mapping[LetterId, OutboxLetter], item: Incoming
) -> bool:
    """Whether it is about a letter of which it is not settled yet whether it left."""
    letter = letters.get(about.get(item.reference, LetterId("")))
    return letter is not None and letter.state.under_way


def _next_from(look: _Look, since: datetime, open_: Iterable[Incoming]) -> datetime:
    """Not past a report whose letter is not settled, unless there is more to see than fits in one look."""
    if len(look.items) == MOST:
        return look.next_from
    oldest = look.next_from - BELIEVED
    return min([look.next_from, *(max(item.received, oldest, since) for item in open_)])


def _came_back(house: House, letter: OutboxLetter, item: Incoming) -> bool:
    """Whether this says something new: a letter that left not long ago is told to nobody after all. Its
    reader is left in peace, and hears again later of what it told."""
    left = letter.changed
    if letter.state is not LetterState.SENT or left is None or item.received > left + BELIEVED:
        return False
    now = house.clock.now()
    try:
        with house.store.begin() as work:
            work.move(letter.id, LetterState.SENT, LetterState.BOUNCED, now)
            work.untold(letter, now)
            if not letter.order.test:
                work.disclosure_lost(letter.order.person, left)
                work.rest(letter.order.person, now + _peace(house, work.letters_of(letter.order.person)))
            work.audit(now, "mailbot", "letter_came_back", {"status": item.status})
    except Busy:
        return False  # another report, or another process, said so before
    return True


def _peace(house: House, letters: Iterable[OutboxLetter]) -> timedelta:
    """How long somebody is left in peace to whom a letter came back; `letters` are all that are kept of
    theirs, this one among them."""
    ladder = house.terms.ladder
    left = [one for one in letters if one.state in LEFT and not one.order.test]
    left.sort(key=lambda one: one.order.not_before, reverse=True)
    in_a_row = takewhile(lambda one: one.state is LetterState.BOUNCED, left)
    again_and_again = sum(1 for _ in in_a_row) >= ladder.most_letters
    return max(IN_PEACE, timedelta(days=ladder.silence_days)) if again_and_again else IN_PEACE


def _delete(house: House, references: list[str]) -> int | None:
    """How many were there; None when it is not known whether they are gone: then they are met again."""
    if not references:
        return 0
    try:
        return house.service_mailbox().delete(references)
    except Unreachable as error:
        log.warning("reports of delivery stay for now", why=str(error))
        return None


def _tell(house: House) -> None:
    """One problem for all whose letters came back, until later ones arrive or nothing is kept of them."""
    with house.store.begin() as work:
        people = len(work.came_back(house.clock.now() - ARRIVED_AFTER))
    if not people:
        house.operator.solved(RETURNED)
        return
    ladder = house.terms.ladder
    house.operator.problem(
        RETURNED,
        f"Letters to {people} {'person' if people == 1 else 'people'} came back for good; they get none for "
        f"two weeks, and after {ladder.most_letters} in a row none for {ladder.silence_days} days. Whose "
        f'mailboxes to mend: mailbot tasks {RETURNED} --reason "why you look"',
    )


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
