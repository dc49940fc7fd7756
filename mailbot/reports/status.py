"""The status file: one small JSON that monitoring and people read. It holds counts and codes, no persons."""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from mailbot.model.clock import Clock

FORMAT = 1


@dataclass(frozen=True, slots=True)
class OpenProblem:
    """`told` is False while the message about it could not be sent."""

    code: str
    since: datetime
    text: str
    told: bool = True


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest turn of a job: its slot, when and how it ended, and what it counted."""

    job: str
    slot: str
    finished: datetime
    result: str
    counts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    problems: Mapping[str, OpenProblem] = field(default_factory=dict)
    runs: Mapping[str, LastRun] = field(default_factory=dict)


class StatusFile:
    """Keeps the file up to date. A reader sees the old file or the new one, never half of it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()

    def read(self) -> Status:
        """What the file says; nothing when it is missing or spoiled: the store is what remembers."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            return Status(
                {p["code"]: _problem(p) for p in content["problems"]},
                {r["job"]: _run(r) for r in content["runs"]},
            )
        except (OSError, ValueError, KeyError, TypeError):
            return Status()

    def open(self, problem: OpenProblem) -> None:
        """Raises OSError when the file cannot be written, as all that change it do."""
        with self._lock:
            status = self.read()
            self._write(replace(status, problems={**status.problems, problem.code: problem}))

    def close(self, code: str) -> None:
        with self._lock:
            status = self.read()
            left = {name: problem for name, problem in status.problems.items() if name != code}
            self._write(replace(status, problems=left))

    def ran(self, run: LastRun) -> None:
        with self._lock:
            status = self.read()
            self._write(replace(status, runs={**status.runs, run.job: run}))

    def beat(self) -> None:
        """Say that the service is alive: `written` moves on, nothing else does."""
        with self._lock:
            self._write(self.read())

    def _write(self, status: Status) -> None:
        content = {
            "format": FORMAT,
            "written": self._clock.now().isoformat(),
            "healthy": not status.problems,
            "problems": [asdict(problem) for _, problem in sorted(status.problems.items())],
            "runs": [asdict(run) for _, run in sorted(status.runs.items())],
        }
        text = json.dumps(content, indent=2, ensure_ascii=False, default=_plain) + "\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f".{self._path.name}.{uuid4().hex}")
        try:
            with beside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        finally:
            beside.unlink(missing_ok=True)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _problem(value: Mapping[str, Any]) -> OpenProblem:
    since = datetime.fromisoformat(value["since"])
    return OpenProblem(str(value["code"]), since, str(value["text"]), bool(value["told"]))


def _run(value: Mapping[str, Any]) -> LastRun:
    finished = datetime.fromisoformat(value["finished"])
    return LastRun(
        str(value["job"]), str(value["slot"]), finished, str(value["result"]), dict(value["counts"])
    )
