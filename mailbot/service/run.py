"""`mailbot run`: APScheduler ticks, `engine/slots` decides, each turn of each job happens once.

Two lanes, so that a long sweep does not hold up letters. SIGTERM and SIGINT end both at the next mailbox or
letter; what was under way is taken up by the next process. A worker that hangs ends the process too, with an
exit code that tells the supervisor to start it again.
"""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from types import FrameType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from mailbot.engine.slots import Schedule, due
from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.house import House
from mailbot.jobs.retain import retain
from mailbot.jobs.rights import check_disclosures
from mailbot.jobs.sweep import sweep
from mailbot.jobs.turn import HUNG, give_up
from mailbot.model.clock import SystemClock
from mailbot.model.errors import Busy, Halted, MailbotError, SignInRefused, Unreachable, WorkerHung
from mailbot.model.slots import Job, Slot, SlotResult

log = structlog.get_logger(__name__)

TICK_SECONDS = 20
END_WITHIN = 15.0
"""Seconds from a signal until calls that hang are cut; all ends within 30, which systemd is told to wait."""

POLL_SECONDS = 0.2
PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3600.0
REFUSED_PAUSE_SECONDS = 300.0
"""After a refused sign-in. It does not grow: the breaker says when the server may be asked again, and a turn
that was broken off must not wait much longer than that."""

SINCE = "first_run"


@dataclass(frozen=True, slots=True)
class Timetable:
    """When each job takes its turn; `deliver_every` is the pause between deliveries."""

    schedules: tuple[Schedule, ...]
    deliver_every: timedelta


class Service:
    """One process of one organisation. `house` is shared by both lanes."""

    def __init__(self, house: House, timetable: Timetable, stop: threading.Event) -> None:
        self._house = house
        self._timetable = timetable
        self._stop = stop
        self._asked_to_end = False
        self._hung: WorkerHung | None = None
        self._delivered: float | None = None
        self._failures: Counter[Job] = Counter()
        self._not_before: dict[Job, float] = {}

    def run(self) -> None:
        """Returns after SIGTERM or SIGINT. Raises WorkerHung when only a new process can go on, and
        SettingsRefused when a source of people is wrong from the start."""
        self._look_for_people()
        self._house.exchange()  # imported here, before two lanes would import the same library at once
        self._house.post()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(2)}, timezone="UTC")
        for tick in (self.tick_slots, self.tick_delivery):
            scheduler.add_job(
                tick,
                IntervalTrigger(seconds=TICK_SECONDS),
                next_run_time=SystemClock().now(),  # APScheduler lives by the machine's clock
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        scheduler.start()
        log.info("service started")
        while not self._asked_to_end:
            time.sleep(POLL_SECONDS)
            _follow_the_clock(scheduler)
        self._stop.set()
        ended = threading.Thread(target=scheduler.shutdown, name="shutdown", daemon=True)
        ended.start()
        ended.join(END_WITHIN)
        log.info("service ended")
        if self._hung is not None:
            raise self._hung

    def _look_for_people(self) -> None:
        """A file that is wrong is told to who starts the service, not to nobody at six in the morning. One
        that is only late, or a server that does not answer, may be there by then."""
        try:
            self._house.directory.people()
        except (Unreachable, SignInRefused, Busy) as error:
            log.warning("people could not be read at the start", why=str(error))

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # not the event itself: its lock may be held by the very code that the signal interrupts
        self._asked_to_end = True

    def tick_slots(self) -> None:
        """Let every scheduled job that is due take its turn."""
        for schedule in self._timetable.schedules:
            if not self._stop.is_set():
                self._guarded(schedule.job, partial(self._turn, schedule))

    def tick_delivery(self) -> None:
        self._house.operator.alive()
        clock = self._house.clock
        pause = self._timetable.deliver_every.total_seconds()
        if self._delivered is not None and clock.monotonic() - self._delivered < pause:
            return
        self._delivered = clock.monotonic()
        self._guarded(Job.DELIVER, self._deliver)

    def _deliver(self) -> None:
        deliver(self._house)
        check_disclosures(self._house)

    def _turn(self, schedule: Schedule) -> None:
        house = self._house
        now = house.clock.now()
        since = self._since(now)
        with house.store.begin() as work:
            rows = work.slots(schedule.job, house.today() - timedelta(days=40))
        finished = {row.slot for row in rows if row.finished is not None}
        closed = {day for days in house.terms.closed.years.values() for day in days}
        first_day = since.astimezone(house.terms.zone).date()
        found = due(now, schedule, finished, house.terms.zone, closed, first_day)
        begun = {row.slot for row in rows}
        for slot in found.skipped:
            if slot in begun or self._moment(slot) >= since:
                self._skip(slot)
        if found.run is None:
            return
        ended_well = False
        try:
            RUNNERS[schedule.job](house, found.run)
            ended_well = True
        finally:
            if not ended_well:
                self._free(found.run)
        if not found.skipped:
            house.operator.solved(f"{schedule.job}_skipped")
            house.operator.solved(f"{schedule.job}_aborted")

    def _moment(self, slot: Slot) -> datetime:
        return datetime.combine(slot.day, time_of_day.fromisoformat(slot.label), self._house.terms.zone)

    def _since(self, now: datetime) -> datetime:
        """When the installation first ran: turns before it were nobody's. A clock that was ahead then does
        not keep it from working now."""
        with self._house.store.begin() as work:
            text = work.note(SINCE)
            since = min(datetime.fromisoformat(text), now) if text else now
            if text is None or since == now:
                work.set_note(SINCE, since.isoformat())
        return since

    def _free(self, slot: Slot) -> None:
        """A turn that failed may be tried again at once, by whoever comes."""
        try:
            with self._house.store.begin() as work:
                work.extend(slot.id, self._house.owner, self._house.clock.now())
        except MailbotError as error:  # it was never claimed, or the database is what failed
            log.info("slot not freed", slot=slot.id, error=type(error).__name__)

    def _skip(self, slot: Slot) -> None:
        """A missed turn is a decision, and said."""
        over = give_up(self._house, slot)
        if over is None:
            return
        log.warning("turn missed", slot=slot.id, result=over.result)
        if over.result is SlotResult.ABORTED:
            code, text = f"{slot.job}_aborted", f"The {slot.job} is aborted: {over.counts['why']}"
        else:
            code, text = f"{slot.job}_skipped", f"A turn of {slot.job} was missed and not made up for"
        self._house.operator.problem(code, f"{text}: {slot.id}")

    def _guarded(self, job: Job, turn: Callable[[], None]) -> None:
        """Every failure is one message to the operator; the job is tried again after a growing pause."""
        code = f"{job}_failed"
        if self._house.clock.monotonic() < self._not_before.get(job, 0.0):
            return
        try:
            turn()
        except (Busy, Halted) as error:
            log.info("job gives way", job=job.value, why=str(error))
        except WorkerHung as error:
            log.error("worker hangs, the process ends", job=job.value, why=str(error))
            self._house.operator.problem(HUNG, str(error))
            self._hung = error
            self._asked_to_end = True
        except SignInRefused as error:
            log.error("job failed", job=job.value, error=type(error).__name__)
            self._not_before[job] = self._house.clock.monotonic() + REFUSED_PAUSE_SECONDS
            self._house.operator.problem(code, str(error))
        except MailbotError as error:
            log.error("job failed", job=job.value, error=type(error).__name__)
            self._failed(job, code, str(error))
        except Exception as error:  # noqa: BLE001 - the place "per job": the service outlives any job
            log.error("job failed", job=job.value, error=type(error).__name__, where=_where(error))
            self._failed(job, code, f"The job {job} failed: {type(error).__name__}")
        else:
            self._failures[job] = 0
            self._house.operator.solved(code)

    def _failed(self, job: Job, code: str, text: str) -> None:
        pause = min(PAUSE_SECONDS * 2 ** self._failures[job], LONGEST_PAUSE_SECONDS)
        self._failures[job] += 1
        self._not_before[job] = self._house.clock.monotonic() + pause
        self._house.operator.problem(code, text)


def _follow_the_clock(scheduler: BackgroundScheduler) -> None:
    """APScheduler waits for a time of day. When the machine's clock is put back, as after a start with the
    wrong zone, that would be hours of silence."""
    now = SystemClock().now()
    soon = now + timedelta(seconds=2 * TICK_SECONDS)
    late = [job for job in scheduler.get_jobs() if job.next_run_time and job.next_run_time > soon]
    if late:
        log.warning("the clock of this machine was put back")
    for job in late:
        job.modify(next_run_time=now)


def _where(error: BaseException) -> str:
    """File and line of an unexpected error: of a crash, all that may be told without people's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


def _sweep(house: House, slot: Slot) -> None:
    sweep(house, slot)


def _digest(house: House, slot: Slot) -> None:
    digest(house, slot)


def _retain(house: House, slot: Slot) -> None:
    retain(house, slot)


RUNNERS: dict[Job, Callable[[House, Slot], None]] = {
    Job.SWEEP: _sweep,
    Job.DIGEST: _digest,
    Job.RETAIN: _retain,
}
