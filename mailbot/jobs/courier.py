"""Carries one letter as far as it goes, one commit before and after every step.

A letter that an earlier process left behind is traced on the server first. Sent, it is done. In drafts, the
draft is deleted and the letter starts again, under today's terms. In neither, a drafted letter stays in doubt
and is never sent again by itself.
"""

from datetime import datetime, timedelta

import structlog

from mailbot.jobs.doubts import record_sent, report_doubt
from mailbot.jobs.house import House
from mailbot.jobs.incoming import IN_PEACE
from mailbot.jobs.rendering import render
from mailbot.jobs.sending import Sending
from mailbot.model.errors import LetterRefused, Stopped, Unreachable
from mailbot.model.ids import LetterId
from mailbot.model.letter_code import letter_code
from mailbot.model.letters import LetterState, OutboxLetter, Whereabouts
from mailbot.model.people import People, Person
from mailbot.model.tasks import Task
from mailbot.ports import PostClosed, PostDeferred, PostRefused

log = structlog.get_logger(__name__)

REFUSED = "letters_refused"

PAUSES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
"""Before each further try of a letter that the post put off; after the last one it is set aside."""


SET_ASIDE = "letter_set_aside_"
WHOSE = f'Whose mailbox to look at: mailbot tasks {Task.LETTERS_NOT_TAKEN} --reason "why you look".'


def set_aside_code(letter: LetterId) -> str:
    """One problem per letter, so that a later one is told as well."""
    return f"{SET_ASIDE}{letter[:8]}"


class Courier:
    """What may have left already is traced, whatever `sending` says of today. After `patience` noes in a row
    it is not the letters that the post says no to."""

    def __init__(self, house: House, people: People, sending: Sending, patience: int) -> None:
        self._house = house
        self._people = people
        self._sending = sending
        self.patience = patience
        self.noes = 0
        """Letters in a row that the post refused or put off, with none that left in between."""

    def carry(self, letter: OutboxLetter) -> LetterState:
        """The state in which the letter now is. Raises Unreachable, Stopped, Halted, SignInRefused, and Busy
        when another process has it or its row is gone."""
        state = letter.state
        if state is not LetterState.WAITING:
            state = self._take_up(letter)
            if state is not LetterState.CLAIMED:
                return state
        person = self._sending.reader(letter)
        if person is None:
            return self._move(letter, state, LetterState.WITHDRAWN)
        if self._sending.waits(letter, person):
            if state is LetterState.CLAIMED:
                self._move(letter, state, LetterState.WAITING)
            return LetterState.WAITING
        if state is LetterState.WAITING:
            self._move(letter, state, LetterState.CLAIMED)
        return self._send(letter, person)

    def put_off(self, letter: OutboxLetter, why: str) -> None:
        """Count one try more of a letter that failed while others left, when it is certain that it did not.
        Raises as `carry`."""
        with self._house.store.begin() as work:
            now = work.letter(letter.id)
        if now is not None and now.state in (LetterState.CLAIMED, LetterState.DRAFTED):
            state = self._take_up(now, copy_may_come=True)
            if state is LetterState.CLAIMED:
                self._postpone(now, state, why)

    def _take_up(self, letter: OutboxLetter, copy_may_come: bool = False) -> LetterState:
        """A letter of which it is not known how far it came: CLAIMED when it is certain that it never left.

        Where a draft stands, the letter is CLAIMED again before the draft is deleted: a crash between the two
        must not look like a letter that is in neither place. While its copy may come soon, one in neither
        place is not in doubt yet.
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
            return state if copy_may_come else self._doubt(letter, state)
        if self._house.clock.now() > letter.order.not_after:
            return self._move(letter, state, LetterState.EXPIRED)
        return state

    def _doubt(self, letter: OutboxLetter, state: LetterState) -> LetterState:
        self._move(letter, state, LetterState.IN_DOUBT)
        report_doubt(self._house, letter)
        return LetterState.IN_DOUBT

    def _send(self, letter: OutboxLetter, person: Person) -> LetterState:
        """From claimed to sent. Without an answer to the send, look first: it may have left."""
        post = self._house.post()
        made = self._house.clock.now()
        try:
            draft = post.prepare(render(self._house, self._people, letter, person, made))
        except PostRefused as refusal:
            return self._refuse(letter, LetterState.CLAIMED, refusal.code)
        except PostDeferred as deferral:
            return self._defer(letter, LetterState.CLAIMED, deferral)
        except LetterRefused as refusal:
            log.error("letter without text", topic=letter.order.topic, why=str(refusal))
            self._tell_refusal("Of a letter no text could be made. See: mailbot letters check")
            return self._move(letter, LetterState.CLAIMED, LetterState.REFUSED)
        self._move(letter, LetterState.CLAIMED, LetterState.DRAFTED, draft)
        try:
            wanted = self._sending.wanted(letter, person)
        except Stopped:
            self._take_back(letter, draft)
            self._move(letter, LetterState.CLAIMED, LetterState.WAITING)
            raise
        if not wanted:
            self._take_back(letter, draft)
            return self._move(letter, LetterState.CLAIMED, LetterState.WITHDRAWN)
        try:
            post.dispatch(draft)
        except PostRefused as refusal:
            self._take_back(letter, draft)
            return self._refuse(letter, LetterState.CLAIMED, refusal.code)
        except PostDeferred as deferral:
            self._take_back(letter, draft)
            return self._defer(letter, LetterState.CLAIMED, deferral)
        except Unreachable:
            found = post.trace(letter.id, self._house.message_id(letter.id))
            if found.where is not Whereabouts.SENT:
                raise
        return self._sent(letter, LetterState.DRAFTED, made)

    def _take_back(self, letter: OutboxLetter, draft: str) -> None:
        """What certainly has not left is CLAIMED again. The draft goes last: a crash in between must not look
        like a letter in neither place."""
        self._move(letter, LetterState.DRAFTED, LetterState.CLAIMED)
        self._house.post().discard(draft)

    def _sent(self, letter: OutboxLetter, state: LetterState, made: datetime | None) -> LetterState:
        with self._house.store.begin() as work:
            record_sent(self._house, work, letter, state, made)
        self.noes = 0
        return LetterState.SENT

    def _refuse(self, letter: OutboxLetter, state: LetterState, code: str) -> LetterState:
        """Its reader is left in peace, as after one that came back, unless the post says no to everybody."""
        self.noes += 1
        self._tell_refusal(f"A letter was refused for good ({code}). {WHOSE}")
        now = self._house.clock.now()
        with self._house.store.begin() as work:
            work.move(letter.id, state, LetterState.REFUSED, now)
            if self.noes < self.patience and not letter.order.test:
                work.rest(letter.order.person, now + IN_PEACE)
        return LetterState.REFUSED

    def _tell_refusal(self, text: str) -> None:
        self._house.operator.problem(REFUSED, text)

    def _defer(self, letter: OutboxLetter, state: LetterState, deferral: PostDeferred) -> LetterState:
        """Raises Unreachable when no letter would have left: that is no fault of this one. It stays CLAIMED,
        and so behind all that wait: if others leave, it was its fault after all."""
        if isinstance(deferral, PostClosed):
            raise Unreachable(f"The post takes no letters now: {deferral.code}.") from None
        self.noes += 1
        return self._postpone(letter, state, deferral.code, deferral.rest)

    def _postpone(
        self, letter: OutboxLetter, state: LetterState, why: str, rest: timedelta | None = None
    ) -> LetterState:
        """It waits, longer with every try. After the last one a human looks at it."""
        now = self._house.clock.now()
        pause = max(PAUSES[min(letter.attempts, len(PAUSES) - 1)], rest or timedelta())
        with self._house.store.begin() as work:
            tries = work.postpone(letter.id, state, now + pause, now)
            if tries <= len(PAUSES):
                log.info("letter put off", letter=letter.id, why=why, tries=tries)
                return LetterState.WAITING
            work.move(letter.id, LetterState.WAITING, LetterState.SET_ASIDE, now)
        self._house.operator.problem(
            set_aside_code(letter.id),
            f"A letter did not leave in {tries} tries ({why}), and is set aside. {WHOSE} Then close "
            f"this: mailbot letter {letter_code(letter.id)} --lost",
        )
        return LetterState.SET_ASIDE

    def _move(
        self,
        letter: OutboxLetter,
        from_: LetterState,
        to: LetterState,
        draft: str | None = None,
    ) -> LetterState:
        """Raises Stopped instead of bringing a letter nearer to its reader."""
        nearer = (LetterState.WAITING, LetterState.CLAIMED), (LetterState.CLAIMED, LetterState.DRAFTED)
        with self._house.store.begin() as work:
            if (from_, to) in nearer and work.stopped():
                raise Stopped("sending is stopped")
            work.move(letter.id, from_, to, self._house.clock.now(), draft)
        return to
