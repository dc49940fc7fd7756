"""Delivery: takes letters from the outbox to the server, in office hours and while every gate is open."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from mailbot.engine.office_days import is_office_day
from mailbot.engine.recipients import Mode
from mailbot.jobs import incoming
from mailbot.jobs.courier import REFUSED, Courier
from mailbot.jobs.doubts import COPY_COMES_WITHIN, settle_doubts
from mailbot.jobs.house import House
from mailbot.jobs.lease import LEASE, Lease, kept
from mailbot.jobs.lookup import close_forgotten
from mailbot.jobs.renaming import rename_rules
from mailbot.jobs.sending import MayLeave, Sending
from mailbot.model.errors import Busy, Halted, Stopped, Unreachable
from mailbot.model.ids import LetterId
from mailbot.model.letters import LetterKind, LetterState, OutboxLetter
from mailbot.model.slots import Claim, Job, Slot
from mailbot.model.worktime import WorkCalendar

log = structlog.get_logger(__name__)

BATCH = 50
MOST_UNTIDY = 5000
"""Proof copies that are looked for in one delivery; those that are still on their way are among them."""

ATTEMPTS = 3
NOES = 10
"""Letters in a row that the post refuses or puts off: then it is not the letters."""

ALL_REFUSED = (
    "The post refuses or puts off every letter; the others wait, and one is tried in each delivery. Look "
    "whether its account may send to everybody."
)
UNTRIED = frozenset({LetterState.WAITING, LetterState.WITHDRAWN, LetterState.EXPIRED})
"""Of a letter that ends here it does not show whether the post works."""

EXPIRED = "letters_expired"
NOTHING_TAKEN = "post_takes_nothing"
POST = "post_unreachable"
GATES = "delivery_gates_closed"


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
    """Send what may leave now, and hear what came back. Raises Unreachable when the post fails three letters
    in a row, SignInRefused when an account is refused, Busy when another process delivers; what was not sent
    waits for the next delivery."""
    now = house.clock.now()
    lane = Slot(Job.DELIVER, house.today(), "lane")
    with house.store.begin() as work:
        rename_rules(work)
        expired = work.expire(now)
        doubtful = work.letters_in_doubt(now - COPY_COMES_WITHIN)
        idle = work.stopped() or not (work.letters_due(now, 1) or work.untidy(1) or doubtful)
        if not idle and work.claim(lane, house.owner, now, now + LEASE) is Claim.HELD:
            raise Busy("another process is delivering")
    if expired:
        house.operator.problem(
            EXPIRED, f"{expired} letters passed their time before they could leave. See: mailbot findings"
        )
    close_forgotten(house)
    if idle:
        incoming.read(house)
        return DeliveryReport(Counter(), 0)
    with kept(house, lane) as lease:
        return _deliver(house, lane, lease)


def may_leave(house: House) -> MayLeave:
    """What may be sent at the moment of asking: many letters take their time, and hours end. Mode and gates
    are decided once per delivery. A letter about an event has hours of its own, on a day on which its reader
    works; all others leave in office hours on office days only. A notice tells a person that somebody looked:
    that is owed whatever gate has closed since."""
    gates_open = house.gates_open()
    sending = house.terms.mode is not Mode.OFF

    def allowed(letter: OutboxLetter) -> bool:
        calendar = house.calendar()
        about_event = letter.order.kind is LetterKind.NUDGE and not letter.order.weekly
        owed = letter.order.kind is LetterKind.NOTICE
        in_time = calendar.now <= letter.order.not_after and (about_event or _office_hours(house, calendar))
        return sending and (gates_open or owed) and in_time

    return allowed


def _office_hours(house: House, calendar: WorkCalendar) -> bool:
    opens, closes = house.terms.hours.office
    return is_office_day(calendar, calendar.today) and opens <= calendar.local(calendar.now).time() < closes


def _deliver(house: House, lane: Slot, lease: Lease) -> DeliveryReport:
    states: Counter[LetterState] = Counter()
    settle_doubts(house)
    incoming.read(house)  # a letter that came back may leave its reader in peace for today's
    people = house.directory.people()
    everybody = {**people.by_guid, **people.set_aside}
    keyed = {house.store.person_key(guid): person for guid, person in everybody.items()}
    with house.store.begin() as work:
        resting = work.resting(house.clock.now())
        patience = 1 if NOTHING_TAKEN in work.problems() else NOES
    courier = Courier(house, people, Sending(house, people, keyed, may_leave(house), resting), patience)
    seen: set[LetterId] = set()
    failed: list[tuple[OutboxLetter, str]] = []
    in_a_row = 0
    while due := _next(house, seen):
        for letter in due:
            if house.halting():
                return DeliveryReport(states, 0)
            seen.add(letter.id)
            lease.renew()
            try:
                state = courier.carry(letter)
            except (Stopped, Halted):
                return DeliveryReport(states, 0)
            except Busy:
                _let_go(house, letter)
                continue
            except Unreachable as error:
                in_a_row += 1
                failed.append((letter, str(error)))
                log.warning("letter waits", letter=letter.id, why=str(error))
                if in_a_row >= ATTEMPTS:
                    _put_off(courier, failed, states)
                    house.operator.problem(POST, str(error))
                    raise
                continue
            states[state] += 1
            in_a_row = in_a_row if state in UNTRIED else 0
            if state is LetterState.SENT:
                courier.patience = NOES
                house.operator.solved(NOTHING_TAKEN)
            elif courier.noes >= courier.patience:
                _put_off(courier, failed, states)
                house.operator.problem(NOTHING_TAKEN, ALL_REFUSED)
                raise Unreachable(ALL_REFUSED)
    _put_off(courier, failed, states)
    tidied = _tidy(house, lease)
    _tell(house, states, len(failed))
    counts = {state.value: number for state, number in states.items()}
    house.operator.ran(Job.DELIVER, lane.id, house.clock.now(), "complete", counts)
    log.info("delivery finished", tidied=tidied, **counts)
    return DeliveryReport(states, tidied)


def _put_off(
    courier: Courier, failed: Sequence[tuple[OutboxLetter, str]], states: Counter[LetterState]
) -> None:
    """While others left, it is these letters that the post fails on."""
    if not states[LetterState.SENT]:
        return
    for letter, why in failed:
        try:
            courier.put_off(letter, why)
        except Busy:
            continue
        except (Stopped, Unreachable):
            return


def _next(house: House, seen: set[LetterId]) -> list[OutboxLetter]:
    with house.store.begin() as work:
        return work.letters_due(house.clock.now(), BATCH, seen)


def _let_go(house: House, letter: OutboxLetter) -> None:
    """Another process has the letter, or its row is gone because the person was excluded meanwhile: then
    nothing of it may stay on the server."""
    with house.store.begin() as work:
        gone = work.letter(letter.id) is None
    if gone:
        house.post().tidy([letter.id])


def _tidy(house: House, lease: Lease) -> int:
    """Remove proof copies, only of letters whose `sent` is committed. A copy that was looked for in vain for
    days does not come any more. A mailbox that does not answer spoils no delivery: they are looked for in
    the next one."""
    done = 0
    with house.store.begin() as work:
        keys = work.untidy(MOST_UNTIDY)
    for first in range(0, len(keys), BATCH):
        lease.renew()
        batch = keys[first : first + BATCH]
        try:
            gone = house.post().tidy(batch)
        except Unreachable as error:
            log.warning("copies stay for now", why=str(error))
            break
        late = house.clock.now() - COPY_COMES_WITHIN
        with house.store.begin() as work:
            for key, letter in work.letter_with(batch).items():
                if key in gone or (letter.changed is not None and letter.changed < late):
                    work.tidied(key)
        done += len(gone)
    return done


def _tell(house: House, states: Counter[LetterState], failures: int) -> None:
    """Close what this delivery shows to be over, and say when letters wait for a gate."""
    operator = house.operator
    if failures == 0:
        operator.solved(POST)
    if states[LetterState.SENT]:
        operator.solved(EXPIRED)
        if not states[LetterState.REFUSED]:
            operator.solved(REFUSED)
    with house.store.begin() as work:
        waiting = any(state is LetterState.WAITING for _, state in work.letter_counts())
    if waiting and house.terms.mode is not Mode.OFF and not house.gates_open():
        operator.problem(GATES, "Letters wait because a gate is closed; see: mailbot doctor")
    else:
        operator.solved(GATES)
