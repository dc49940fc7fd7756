"""Tells the administrator: always in the log and the status file, and by mail when a relay is set.

One message when a problem begins and one when it is over, however often it is met in between. A message that
could not be sent is tried again when the same problem is met again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from mailbot.model.clock import Clock
from mailbot.model.errors import MailbotError
from mailbot.model.slots import Job
from mailbot.reports.status import LastRun, OpenProblem, StatusFile

Relay = Callable[[str, str], None]
"""Sends a subject and a text to the administrator. Raises MailbotError when it cannot."""

LOG = structlog.get_logger("mailbot.operator")


Change = Callable[[str, datetime | None], bool]
"""Opens (a moment) or closes (None) a problem in the store; True when that changed anything."""


class FileOperator:
    """The `Operator` port. Telling must never break the work that is told about, so a store, disk or relay
    that fails is itself only logged."""

    def __init__(self, status_file: Path, change: Change, clock: Clock, relay: Relay | None = None) -> None:
        self._status = StatusFile(status_file, clock)
        self._change = change
        self._clock = clock
        self._relay = relay

    def problem(self, code: str, text: str) -> None:
        before = self._status.read().problems.get(code)
        now = self._clock.now()
        new = self._remember(code, now, otherwise=before is None)
        if new:
            LOG.warning("problem_open", code=code, text=text)
        told = before.told if before is not None else not new
        if new or not told:
            told = self._send(f"mailbot: {code}", text)
        since = now if new or before is None else before.since
        self._note(lambda: self._status.open(OpenProblem(code, since, text, told)))

    def solved(self, code: str) -> None:
        before = self._status.read().problems.get(code)
        was_open = self._remember(code, None, otherwise=before is not None)
        if before is not None:
            self._note(lambda: self._status.close(code))
        if was_open:
            LOG.info("problem_solved", code=code)
            if before is None or before.told:
                self._send(f"mailbot: {code} is solved", f"The problem {code} is over.")

    def ran(self, job: Job, slot: str, finished: datetime, result: str, counts: Mapping[str, Any]) -> None:
        """Put the newest turn of a job in the status file."""
        self._note(lambda: self._status.ran(LastRun(job, slot, finished, result, counts)))

    def alive(self) -> None:
        self._note(self._status.beat)

    def _remember(self, code: str, now: datetime | None, otherwise: bool) -> bool:
        """Whether this is news. When the store does not answer, the status file says (`otherwise`)."""
        try:
            return self._change(code, now)
        except MailbotError as error:
            LOG.warning("problem_memory_failed", code=code, error=type(error).__name__)
            return otherwise

    def _note(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            LOG.error("status_file_failed", error=type(error).__name__, why=error.strerror)

    def _send(self, subject: str, text: str) -> bool:
        """Whether the administrator was told as far as is set: without a relay, log and file are enough."""
        if self._relay is None:
            return True
        try:
            self._relay(subject, text)
        except MailbotError as error:
            LOG.error("operator_mail_failed", error=str(error))
            return False
        return True
