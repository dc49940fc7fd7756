"""Carries one letter as far as it goes, one commit before and after every step.

A letter that an earlier process left behind is traced on the server first. In sent items, it is done. In
drafts, the draft is deleted and the letter starts again, under today's terms. In neither, a drafted letter
stays in doubt and is never sent again by itself.
"""

from collections.abc import Callable, Collection
from datetime import datetime

import structlog

from mailbot.engine.figures import decode, worth_saying
from mailbot.engine.recipients import Mode, held
from mailbot.engine.returning import away, back_on
from mailbot.jobs.agenda import agendas
from mailbot.jobs.house import House
from mailbot.jobs.restriction import forbids, left_out
from mailbot.model.errors import LetterRefused, Stopped, Unreachable
from mailbot.model.facts import Known
from mailbot.model.ids import Address, LetterId, ObjectGuid, PersonKey
from mailbot.model.letter_code import letter_code
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
from mailbot.model.restrictions import Restriction
from mailbot.ports import PostRefused

log = structlog.get_logger(__name__)

REFUSED = "letters_refused"

MayLeave = Callable[[OutboxLetter], bool]


def in_doubt_code(letter: LetterId) -> str:
    """One problem per letter, so that a later one is told as well."""
    return f"letter_in_doubt_{letter[:8]}"


class Courier:
    """`may_leave` says whether this letter may be sent at this moment; what may have left already is traced
    whatever it says."""

    def __init__(
        self, house: House, people: People, keyed: dict[PersonKey, Person], may_leave: MayLeave
    ) -> None:
        self._house = house
        self._people = people
        self._keyed = keyed
        self._may_leave = may_leave

    def carry(self, letter: OutboxLetter) -> LetterState:
        """The state in which the letter now is. Raises Unreachable, Stopped, SignInRefused, and Busy when
        another process has it or its row is gone."""
        state = letter.state
        if state is not LetterState.WAITING:
            state = self._take_up(letter)
            if state is not LetterState.CLAIMED:
                return state
        person = self._keyed.get(letter.order.person)
        if person is None:
            return self._move(letter, state, LetterState.WITHDRAWN)
        if self._needless(letter, person) or not self._wanted(letter, person):
            return self._move(letter, state, LetterState.WITHDRAWN)
        if not self._may_leave(letter) or self._held(letter, person):
            if state is LetterState.CLAIMED:
                self._move(letter, state, LetterState.WAITING)
            return LetterState.WAITING
        if state is LetterState.WAITING:
            self._move(letter, state, LetterState.CLAIMED)
        return self._send(letter, person)

    def _take_up(self, letter: OutboxLetter) -> LetterState:
        """A letter of an earlier process: CLAIMED when it is certain that it never left.

        Where a draft stands, the letter is CLAIMED again before the draft is deleted: a crash between the two
        must not look like a letter that is in neither place.
        """
        post, message_id = self._house.post(), self._house.message_id(letter.id)
        state = letter.state
        found = post.trace(letter.id, message_id)
        doubtful = found.where is Whereabouts.NOWHERE and state is LetterState.DRAFTED
        if found.where is Whereabouts.DRAFTS and found.draft is not None:
            if state is LetterState.DRAFTED:
                state = self._move(letter, state, LetterState.CLAIMED)
            if not post.discard(found.draft):
                found = post.trace(letter.id, message_id)  # it left while we looked
                doubtful = found.where is not Whereabouts.SENT
        if found.where is Whereabouts.SENT:
            return self._sent(letter, state, letter.changed)
        if doubtful:
            return self._doubt(letter, state)
        if self._house.clock.now() > letter.order.not_after:
            return self._move(letter, state, LetterState.EXPIRED)
        return state

    def _doubt(self, letter: OutboxLetter, state: LetterState) -> LetterState:
        self._move(letter, state, LetterState.IN_DOUBT)
        code = letter_code(letter.id)
        self._house.operator.problem(
            in_doubt_code(letter.id),
            "A letter is in neither drafts nor sent items of the service mailbox: it may have arrived, "
            f"and is not sent again by itself. When you know: mailbot letter {code} --arrived, or --lost",
        )
        return LetterState.IN_DOUBT

    def _send(self, letter: OutboxLetter, person: Person) -> LetterState:
        """From claimed to sent. Without an answer to the send, look first: it may have left."""
        post = self._house.post()
        made = self._house.clock.now()
        try:
            draft = post.prepare(self._render(letter, person, made))
        except PostRefused as refusal:
            return self._refuse(letter, LetterState.CLAIMED, refusal.code)
        except LetterRefused as refusal:
            log.error("letter without text", topic=letter.order.topic, why=str(refusal))
            return self._refuse(letter, LetterState.CLAIMED, "no text")
        self._move(letter, LetterState.CLAIMED, LetterState.DRAFTED, draft)
        if not self._wanted(letter, person):
            # the draft goes last: a crash in between must not look like a letter in neither place
            self._move(letter, LetterState.DRAFTED, LetterState.CLAIMED)
            post.discard(draft)
            return self._move(letter, LetterState.CLAIMED, LetterState.WITHDRAWN)
        try:
            post.dispatch(draft)
        except PostRefused as refusal:
            post.discard(draft)
            return self._refuse(letter, LetterState.DRAFTED, refusal.code)
        except Unreachable:
            found = post.trace(letter.id, self._house.message_id(letter.id))
            if found.where is not Whereabouts.SENT:
                raise
        return self._sent(letter, LetterState.DRAFTED, made)

    def _sent(self, letter: OutboxLetter, state: LetterState, made: datetime | None) -> LetterState:
        """Commit it. A test letter went to somebody else: it tells the person nothing."""
        now = self._house.clock.now()
        with self._house.store.begin() as work:
            work.move(letter.id, state, LetterState.SENT, now)
            if letter.order.test:
                return LetterState.SENT
            if letter.order.finding is not None:
                work.told(letter.order.finding, now)
            if letter.order.kind is not LetterKind.DIGEST:
                told = disclosures_until(work.undisclosed(letter.order.person), made or now)
                work.disclosed([disclosure.id for disclosure in told], now)
        return LetterState.SENT

    def _refuse(self, letter: OutboxLetter, state: LetterState, code: str) -> LetterState:
        self._house.operator.problem(
            REFUSED, f"A letter was refused for good ({code}). See: mailbot findings"
        )
        return self._move(letter, state, LetterState.REFUSED)

    def _move(
        self,
        letter: OutboxLetter,
        from_: LetterState,
        to: LetterState,
        draft: str | None = None,
    ) -> LetterState:
        with self._house.store.begin() as work:
            if work.stopped() and to in (LetterState.CLAIMED, LetterState.DRAFTED):
                raise Stopped("sending is stopped")
            work.move(letter.id, from_, to, self._house.clock.now(), draft)
        return to

    def _wanted(self, letter: OutboxLetter, person: Person) -> bool:
        """Whether the letter may still reach this person, by what the store says at this moment: somebody may
        have been paused, or become settings-only, since it was ordered. A notice is owed in a pause as well.
        Raises Stopped."""
        with self._house.store.begin() as work:
            if work.stopped():
                raise Stopped("sending is stopped")
            if letter.order.kind is LetterKind.NOTICE:
                return True
            if person.guid in self._people.set_aside:  # by another mailbox of the same person, say
                return False
            restriction = work.restrictions().get(person.guid)
        by_settings = Restriction.SETTINGS_ONLY if person.settings_only else None
        return not (forbids(restriction, letter.order.topic) or forbids(by_settings, letter.order.topic))

    def _held(self, letter: OutboxLetter, person: Person) -> bool:
        """Modes and accounts can have changed since the letter was ordered. A notice must reach the person
        it is about, so in mode redirect it waits."""
        terms = self._house.terms
        if terms.mode is Mode.REDIRECT and not letter.order.test:
            return True
        today = self._house.today()
        if letter.order.kind is LetterKind.DIGEST and away(person, self._house.calendar(), today):
            return True
        return held(person, terms.mode, terms.pilot_groups, today, terms.redirect_everyone) is not None

    def _needless(self, letter: OutboxLetter, person: Person) -> bool:
        """A test letter when tests are over, what no decision lets us tell any more, a notice of what another
        letter told already, and a digest that finds no reader."""
        if not self._house.tells_of(letter.order.topic):
            return True
        if letter.order.test and self._house.terms.mode is not Mode.REDIRECT:
            return True
        if letter.order.kind is LetterKind.DIGEST:
            return self._without_reader(letter, person)
        if letter.order.kind is not LetterKind.NOTICE:
            return False
        with self._house.store.begin() as work:
            return not work.undisclosed(letter.order.person)

    def _without_reader(self, letter: OutboxLetter, person: Person) -> bool:
        """A digest for somebody who is on leave until its time is over, or who has neither a team nor a
        departure to run any more; and one that has nothing left to say. The next one comes when it is due."""
        calendar = self._house.calendar()
        if away(person, calendar, calendar.today):
            back = back_on(person, calendar, calendar.today)
            opens, _ = self._house.terms.hours.office
            return back is None or calendar.at(back, opens) > letter.order.not_after
        with self._house.store.begin() as work:
            out = left_out(work)
        if self._agenda(person, calendar.now, out):
            return False
        if not any(one.manager == person.guid for one in self._people.by_guid.values()):
            return True
        try:
            return not worth_saying(decode(letter.order.shown).figures, leavers=0)
        except ValueError:
            return False  # told when it is rendered

    # the mail itself

    def _render(self, letter: OutboxLetter, person: Person, at: datetime) -> Mail:
        house = self._house
        with house.store.begin() as work:
            looked = disclosures_until(work.undisclosed(letter.order.person), at)
            out = left_out(work)
        is_digest = letter.order.kind is LetterKind.DIGEST
        zone = house.terms.zone
        days = sorted({disclosure.at.astimezone(zone).date() for disclosure in looked})
        content = Letter(
            id=letter.id,
            kind=letter.order.kind,
            topic=letter.order.topic,
            to=Addressee(person.name, person.address, person.language),
            shown=letter.order.shown,
            hold=not (isinstance(person.hold, Known) and not person.hold.value),
            day=at.astimezone(zone).date(),
            looked_at=() if is_digest or letter.order.test else tuple(days),
            agenda=self._agenda(person, at, out) if is_digest else (),
            redirected=letter.order.test,
        )
        to = self._deliver_to(letter, person)
        return house.letters.render(content, house.message_id(letter.id), to, at)

    def _deliver_to(self, letter: OutboxLetter, person: Person) -> Address:
        """Only what was made for its reader goes to the reader."""
        if not letter.order.test:
            return person.address
        to = self._house.terms.redirect_to
        if to is None:
            raise LetterRefused("there is no [delivery] redirect_to for test letters")
        return to

    def _agenda(self, reader: Person, now: datetime, out: Collection[ObjectGuid]) -> tuple[AgendaLine, ...]:
        """Leavers whose departure the reader runs on this day."""
        terms = self._house.terms
        today = now.astimezone(terms.zone).date()
        return agendas(self._people, terms.managers, today, out).get(reader.guid, ())


def disclosures_until(all_: list[Disclosure], made: datetime) -> list[Disclosure]:
    """Those that a letter made at `made` tells of; later ones wait for their own letter."""
    return [disclosure for disclosure in all_ if disclosure.at <= made]
