"""The log: one JSON object a line, and only keys that were thought about.

A key that is not listed here is printed as `***`: forgetting to list one costs a value in a log, never
somebody's privacy.
"""

import logging
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO, cast

import structlog

from mailbot.model.incoming import IncomingKind
from mailbot.model.letters import LetterState

ALLOWED = frozenset(
    {
        "event",
        "code",
        "level",
        "timestamp",
        "slot",
        "result",
        "population",
        "read",
        "reachable",
        "letters",
        "held",
        "tries",
        "returned",
        "deleted",
        "at_a_time",
        "operation",
        "bytes",
        "letter",
        "topic",
        "digests",
        "rows",
        "tidied",
        "gates",
        "rule",
        "error",
        "where",
        "why",
        "problem",
        "text",
        "job",
        "late",
        "seconds",
        "waiting",
        *(state.value for state in LetterState),
        *(kind.value for kind in IncomingKind),
    }
)
"""Of letters and incoming mail it is their number that is logged."""


def keep_known(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event:
        if key not in ALLOWED:
            event[key] = "***"
    return event


class Patient:
    """A stream that a full disk cannot break: a line that cannot be written is lost, the service is not."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            return


def configure(file: Path | None, verbose: bool = False, least: int = logging.WARNING) -> None:
    """Log to `file`, or to standard error without one, from the level `least` on. Libraries are heard from
    warnings on, except those whose log would hold mail; exchangelib's is shut where it is used."""
    stream = file.open("a", encoding="utf-8", buffering=1) if file is not None else sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_known,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else least),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, Patient(stream))),
        cache_logger_on_first_use=False,
    )
