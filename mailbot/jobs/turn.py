"""A turn of a sweep that was broken off: left for whoever takes it up, taken up again, or given up."""

from dataclasses import dataclass
from datetime import date, timedelta

from mailbot.jobs.ending import broken_off, given_up
from mailbot.jobs.house import House
from mailbot.jobs.lease import Lease
from mailbot.model.errors import Halted, MailbotError, SignInRefused, Unreachable, WorkerHung
from mailbot.model.slots import Claim, Job, Slot, SlotResult, SlotRow
from mailbot.ports import Work

LEASE = timedelta(minutes=5)
"""How long a process that died keeps its slot. Renewed by a thread and with every mailbox."""

MANUAL, DRY = "manual", "dry"
"""What the labels of sweeps by hand begin with; a dry run changes nothing."""

HALF_YEAR = timedelta(weeks=26)
"""For as long turns are kept."""

RESUMED_WITHIN = timedelta(hours=8)
"""How old a sweep by hand may be that is taken up again; later, typing the command begins another one."""

PARTIAL, ABORTED, HUNG = "sweep_partial", "sweep_aborted", "worker_hung"
"""Problems of which the operator is told until a sweep ends well."""

HANGS_ENOUGH = 3
"""Processes that may end in one turn because a worker hangs: in the last of them the sweep goes on without
it. What hangs again and again would else cost a restart each time, for as long as the turn lasts."""


@dataclass(frozen=True, slots=True)
class Break:
    """Why a turn ends before its sweep does, and the error that says so; `then` is what to do about it."""

    cause: str
    error: type[MailbotError]
    then: str = ""


REFUSED = Break(
    "sign-in was refused on the way",
    SignInRefused,
    ", in 30 minutes at the earliest, or after: mailbot doctor",
)
HANGS = Break("a worker hangs and one mailbox is unknown", WorkerHung, ": start mailbot again")
ASKED_TO_END = Break("mailbot was asked to end", Halted)


def leave(house: House, slot: Slot, lease: Lease, found: Break, done: int, population: int) -> MailbotError:
    """The turn is not over: whoever comes may take it up at once, and sees why this process left it. Of a
    sweep by hand the operator is told here; the service tells of its own."""
    why = broken_off(found.cause, done, population)
    lease.stop()
    with house.store.begin() as work:
        hangs = hangs_in(work, slot) + (found is HANGS)
        counts = {"why": why, "cause": found.cause, "population": population, "hangs": hangs}
        work.leave(slot.id, house.owner, house.clock.now(), counts)
    if begun_by(slot) == MANUAL and found is not ASKED_TO_END:
        house.operator.problem(ABORTED, f"The sweep by hand is aborted: {why}: {slot.id}")
    return found.error(f"aborted: {why}{found.then}")


def begun_by(slot: Slot) -> str | None:
    """MANUAL or DRY for a sweep that somebody started, None for one of the timetable."""
    kind, _, _ = slot.label.partition("-")
    return kind if kind in (MANUAL, DRY) else None


def newest_sweeps(work: Work, since: date) -> tuple[SlotRow | None, SlotRow | None]:
    """The sweep that began last, and the dry run when one began after it; a skipped one never began."""
    rows = [row for row in work.slots(Job.SWEEP, since) if row.result is not SlotResult.SKIPPED]
    rows.sort(key=lambda row: (row.claimed, row.slot.id))
    real = [row for row in rows if begun_by(row.slot) != DRY]
    newest = real[-1] if real else None
    return newest, rows[-1] if rows and rows[-1] is not newest else None


def end_left_by_hand(house: House, but: Slot) -> None:
    """Give up the sweeps by hand that a process left or died in before this one: nobody else ends them."""
    now = house.clock.now()
    with house.store.begin() as work:
        rows = work.slots(Job.SWEEP, house.today() - HALF_YEAR)
    begun = next(row.claimed for row in rows if row.slot == but)
    for row in rows:
        left = row.finished is None and row.lease <= now and row.slot != but
        if left and row.claimed <= begun and begun_by(row.slot) is not None:
            give_up(house, row.slot)


def hangs_in(work: Work, slot: Slot) -> int:
    """How many processes left this turn because a worker hung."""
    return int(_row(work, slot).counts.get("hangs", 0))


def ended_well(house: House) -> None:
    """A sweep was brought to an end: what earlier ones told the operator is over."""
    house.operator.solved(ABORTED)
    if not house.exchange().hung():
        house.operator.solved(HUNG)


def sign_in(house: House, slot: Slot, lease: Lease, population: int) -> None:
    """One try before any worker starts. Raises SignInRefused or Unreachable; the turn is left for later."""
    try:
        house.exchange().sign_in()
    except (SignInRefused, Unreachable) as error:
        refused = isinstance(error, SignInRefused)
        cause = "sign-in was refused" if refused else "Exchange could not be reached"
        with house.store.begin() as work:
            done = len(work.judged(slot.id))
        told = leave(house, slot, lease, Break(cause, type(error), f". {error}"), done, population)
        raise (told if done else error) from None


def slot_by_hand(house: House, label: str) -> Slot:
    """The slot of a sweep that somebody starts: the newest one of this kind when a process left it or died
    in it some hours ago, else a new one."""
    now = house.clock.now()
    local = now.astimezone(house.terms.zone)
    with house.store.begin() as work:
        newest = work.newest(Job.SWEEP)
    if (
        newest is not None
        and newest.finished is None
        and newest.lease <= now
        and now - newest.claimed <= RESUMED_WITHIN
        and begun_by(newest.slot) == label
    ):
        return newest.slot
    return Slot(Job.SWEEP, local.date(), f"{label}-{local:%H%M%S}")


def give_up(house: House, slot: Slot) -> SlotRow | None:
    """End a turn that nobody brought to its end in time: skipped when nobody began it, else aborted. None
    when it is over already, or another process is at work on it.

    Nothing follows from what an aborted sweep judged, and it is dropped. The verdicts are hours old when that
    is known, the letters would have had to leave by the account that was refused, and the next sweep is soon;
    until then the verdicts of the one before stand. Of whom it read is kept that they were, so that the next
    one begins with the others.
    """
    now = house.clock.now()
    with house.store.begin() as work:
        claim = work.claim(slot, house.owner, now, now)
        if claim in (Claim.DONE, Claim.HELD):
            return None
        begun = claim is Claim.RESUMED
        result = SlotResult.ABORTED if begun else SlotResult.SKIPPED
        counts = _came_to(work, _row(work, slot)) if begun else {}
        work.drop(slot.id)
        work.finish(slot.id, now, result, counts)
        work.audit(now, "mailbot", result.value, {"slot": slot.id})
        row = _row(work, slot)
    if begun and begun_by(slot) != DRY:
        house.operator.ran(slot.job, slot.id, now, result.value, counts)
    return row


def _row(work: Work, slot: Slot) -> SlotRow:
    return next(row for row in work.slots(slot.job, slot.day) if row.slot == slot)


def _came_to(work: Work, row: SlotRow) -> dict[str, object]:
    """The counts of a turn that somebody left, or died in: then it left none."""
    left, slot = row.counts, row.slot.id
    cause = str(left.get("cause", "the process was killed"))
    if row.slot.job is not Job.SWEEP:
        return {"why": f"{cause}; begun, and not ended in time"}
    done, population = len(work.judged(slot)), left.get("population")
    return {
        "why": given_up(cause, done, population),
        "population": population,
        "read": work.read_count(slot),
        "rules": {rule: {o.value: n for o, n in by.items()} for rule, by in work.tally(slot).items()},
        "unknowns": {f"{rule}/{reason}": n for (rule, reason), n in work.unknowns(slot).items()},
        "missed": {reason.code: n for reason, n in work.missed_counts(slot).items()},
        "letters": 0,
    }
