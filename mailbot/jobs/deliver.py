"""Delivery: takes letters from the outbox to the server, one commit before and after every step.

After a crash the server is asked where a letter is. What is in drafts is sent, what is in sent is done, and
what is in neither stays in doubt and is never sent again by itself.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mailbot.engine.recipients import Mode, held
from mailbot.jobs.house import House
from mailbot.model.errors import Busy, LetterRefused, Stopped, Unreachable
from mailbot.model.facts import Known
from mailbot.model.ids import Address, PersonKey
from mailbot.model.letters import (
    Addressee,
    AgendaLine,
    Disclosure,
    Letter,
    LetterKind,
    LetterState,
    Mail,
    OutboxLetter,
    Whereabouts,
)
from mailbot.model.people import People, Person
from mailbot.model.slots import Claim, Job, Slot
from mailbot.ports import PostRefused

log = structlog.get_logger(__name__)

BATCH = 50
LEASE = timedelta(minutes=15)
"""Longer than a batch of letters takes when each of them waits for its deadline once."""
ATTEMPTS = 3
AGENDA_AHEAD = timedelta(weeks=6)
AGENDA_BACK = timedelta(weeks=5)

IN_DOUBT = "letters_in_doubt"
REFUSED = "letters_refused"
POST = "post_unreachable"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """Letters by the state that this delivery left them in, and copies removed from the service mailbox."""

    states: Counter[LetterState]
    tidied: int

    @property
    def sent(self) -> int:
        return self.states[LetterState.SENT]

    @property
    def in_doubt(self) -> int:
        return self.states[LetterState.IN_DOUBT]


def deliver(house: House) -> DeliveryReport:
    """Send what may leave now. Raises Unreachable when the post fails three letters in a row, SignInRefused
    when the service account is refused, Busy when another process delivers; what was not sent waits for the
    next delivery."""
    now = house.clock.now()
    lane = Slot(Job.DELIVER, house.today(), "lane")
    with house.store.begin() as work:
        work.expire(now)
        if work.stopped():
            return DeliveryReport(Counter(), 0)
        if not work.letters_due(now, 1) and not work.untidy(1):
            return DeliveryReport(Counter(), 0)
        if work.claim(lane, house.owner, now, now + LEASE) is Claim.HELD:
            raise Busy("another process is delivering")
    try:
        return _deliver(house, lane)
    finally:
        with house.store.begin() as work:
            work.extend(lane.id, house.owner, house.clock.now())


def _deliver(house: House, lane: Slot) -> DeliveryReport:
    states: Counter[LetterState] = Counter()
    with house.store.begin() as work:
        due = work.letters_due(house.clock.now(), BATCH)
    people = house.directory.people()
    keyed = {house.store.person_key(guid): person for guid, person in people.by_guid.items()}
    courier = Courier(house, people, keyed)
    seen: set[str] = set()
    failures = 0
    while due:
        for letter in due:
            if house.halting():
                return DeliveryReport(states, 0)
            seen.add(letter.id)
            try:
                states[courier.carry(letter)] += 1
                failures = 0
            except Stopped:
                return DeliveryReport(states, 0)
            except Busy:
                # its row is gone: the person was excluded while the letter was on its way
                house.post().tidy([letter.id])
            except Unreachable as error:
                failures += 1
                log.warning("letter waits", letter=letter.id, why=str(error))
                if failures >= ATTEMPTS:
                    house.operator.problem(POST, str(error))
                    raise
        now = house.clock.now()
        with house.store.begin() as work:
            work.extend(lane.id, house.owner, now + LEASE)
            due = [row for row in work.letters_due(now, BATCH) if row.id not in seen]
    if failures == 0:
        house.operator.solved(POST)
    tidied = _tidy(house)
    counts = {state.value: number for state, number in states.items()}
    house.operator.ran(Job.DELIVER, lane.id, house.clock.now(), "complete", counts)
    log.info("delivery finished", tidied=tidied, **counts)
    return DeliveryReport(states, tidied)


def _tidy(house: House) -> int:
    """Remove proof copies, only of letters whose `sent` is committed."""
    done = 0
    while True:
        with house.store.begin() as work:
            keys = work.untidy(BATCH)
        if not keys:
            return done
        gone = house.post().tidy(keys)
        with house.store.begin() as work:
            for key in gone:
                work.tidied(key)
        done += len(gone)
        if not gone:
            return done


class Courier:
    """Carries one letter as far as it goes."""

    def __init__(self, house: House, people: People, keyed: dict[PersonKey, Person]) -> None:
        self._house = house
        self._people = people
        self._keyed = keyed

    def carry(self, letter: OutboxLetter) -> LetterState:
        """The state in which the letter now is. Raises Unreachable, Stopped, SignInRefused."""
        person = self._keyed.get(letter.order.person)
        state, draft = letter.state, letter.draft
        if state is LetterState.WAITING:
            if person is None:
                return self._move(letter, state, LetterState.WITHDRAWN)
            if self._held(letter, person):
                return state
            self._move(letter, state, LetterState.CLAIMED)
            state = LetterState.CLAIMED
        elif state is LetterState.CLAIMED:
            found = self._house.post().trace(letter.id, self._house.message_id(letter.id))
            draft = found.draft if found.where is Whereabouts.DRAFTS else None
        if state is LetterState.CLAIMED:
            if person is None:
                return self._move(letter, state, LetterState.WITHDRAWN)
            if draft is None:
                draft = self._prepare(letter, person)
                if draft is None:
                    return LetterState.REFUSED
            self._move(letter, state, LetterState.DRAFTED, draft)
            return self._dispatch(letter, draft)
        return self._resolve(letter)

    def _prepare(self, letter: OutboxLetter, person: Person) -> str | None:
        try:
            return self._house.post().prepare(self._render(letter, person))
        except PostRefused as refusal:
            self._refuse(letter, LetterState.CLAIMED, refusal.code)
        except LetterRefused as refusal:
            log.error("letter without text", topic=letter.order.topic, why=str(refusal))
            self._refuse(letter, LetterState.CLAIMED, "no text")
        return None

    def _dispatch(self, letter: OutboxLetter, draft: str) -> LetterState:
        """Send the draft. Without an answer, look first: it may have left."""
        self._check_stop()
        try:
            self._house.post().dispatch(draft)
        except PostRefused as refusal:
            return self._refuse(letter, LetterState.DRAFTED, refusal.code)
        except Unreachable:
            found = self._house.post().trace(letter.id, self._house.message_id(letter.id))
            if found.where is not Whereabouts.SENT:
                raise
        return self._sent(letter)

    def _resolve(self, letter: OutboxLetter) -> LetterState:
        """A drafted letter of an earlier process."""
        found = self._house.post().trace(letter.id, self._house.message_id(letter.id))
        if found.where is Whereabouts.SENT:
            return self._sent(letter)
        if found.where is Whereabouts.DRAFTS and found.draft is not None:
            return self._dispatch(letter, found.draft)
        self._move(letter, LetterState.DRAFTED, LetterState.IN_DOUBT)
        self._house.operator.problem(
            IN_DOUBT,
            "A letter is neither in drafts nor in sent items of the service mailbox: it may or may not have "
            "arrived. It is not sent again by itself. See: mailbot findings",
        )
        return LetterState.IN_DOUBT

    def _sent(self, letter: OutboxLetter) -> LetterState:
        """Commit it. A test letter went to somebody else: it tells the person nothing."""
        now = self._house.clock.now()
        with self._house.store.begin() as work:
            work.move(letter.id, LetterState.DRAFTED, LetterState.SENT, now)
            if self._house.terms.mode is Mode.REDIRECT:
                return LetterState.SENT
            if letter.order.finding is not None:
                work.told(letter.order.finding, now)
            if letter.order.kind is not LetterKind.DIGEST:
                told = _disclosures(work.undisclosed(letter.order.person), letter.changed or now)
                work.disclosed([disclosure.id for disclosure in told], now)
        return LetterState.SENT

    def _refuse(self, letter: OutboxLetter, state: LetterState, code: str) -> LetterState:
        self._house.operator.problem(
            REFUSED, f"A letter was refused for good ({code}). See: mailbot findings"
        )
        return self._move(letter, state, LetterState.REFUSED)

    def _move(
        self, letter: OutboxLetter, from_: LetterState, to: LetterState, draft: str | None = None
    ) -> LetterState:
        with self._house.store.begin() as work:
            if work.stopped() and to in (LetterState.CLAIMED, LetterState.DRAFTED):
                raise Stopped("sending is stopped")
            work.move(letter.id, from_, to, self._house.clock.now(), draft)
        return to

    def _check_stop(self) -> None:
        with self._house.store.begin() as work:
            if work.stopped():
                raise Stopped("sending is stopped")

    def _held(self, letter: OutboxLetter, person: Person) -> bool:
        """Modes and accounts can have changed since the letter was ordered; a notice left without a reason
        to speak is not sent either."""
        terms = self._house.terms
        if held(person, terms.mode, terms.pilot_groups, terms.redirect_everyone) is not None:
            return True
        if letter.order.kind is LetterKind.NOTICE:
            with self._house.store.begin() as work:
                if not work.undisclosed(letter.order.person):
                    work.move(letter.id, LetterState.WAITING, LetterState.WITHDRAWN, self._house.clock.now())
                    return True
        return False

    # the mail itself

    def _render(self, letter: OutboxLetter, person: Person) -> Mail:
        house, now = self._house, self._house.clock.now()
        with house.store.begin() as work:
            looked = work.undisclosed(letter.order.person)
        is_digest = letter.order.kind is LetterKind.DIGEST
        zone = house.terms.zone
        content = Letter(
            id=letter.id,
            kind=letter.order.kind,
            topic=letter.order.topic,
            to=Addressee(person.name, person.address, person.language),
            shown=letter.order.shown,
            hold=not (isinstance(person.hold, Known) and not person.hold.value),
            day=now.astimezone(zone).date(),
            looked_at=()
            if is_digest
            else tuple(sorted({d.at.astimezone(zone).date() for d in _disclosures(looked, now)})),
            agenda=self._agenda(person, now) if is_digest else (),
            redirected=house.terms.mode is Mode.REDIRECT,
        )
        return house.letters.render(content, house.message_id(letter.id), self._deliver_to(person), now)

    def _deliver_to(self, person: Person) -> Address:
        terms = self._house.terms
        if terms.mode is Mode.REDIRECT and terms.redirect_to is not None:
            return terms.redirect_to
        return person.address

    def _agenda(self, manager: Person, now: datetime) -> tuple[AgendaLine, ...]:
        """Leavers of the reader's own team, because the reader runs their departure."""
        today = now.astimezone(self._house.terms.zone).date()
        lines = [
            AgendaLine(person.name, person.ends)
            for person in self._people.by_guid.values()
            if person.manager == manager.guid
            and person.ends is not None
            and today - AGENDA_BACK <= person.ends <= today + AGENDA_AHEAD
        ]
        return tuple(sorted(lines, key=lambda line: (line.last_day, line.name)))


def _disclosures(all_: list[Disclosure], until: datetime) -> list[Disclosure]:
    """Those that a letter made at `until` tells of; later ones wait for their own letter."""
    return [disclosure for disclosure in all_ if disclosure.at <= until]
