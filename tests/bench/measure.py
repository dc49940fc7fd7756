"""What a client's process says about itself: processor time, time on the clock, memory, and what it read."""

import json
import os
import resource
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Task:
    """`folder` holds the settings, `connections` is how many may be open at a time."""

    endpoint: str
    mailboxes: int
    connections: int
    folder: str
    core: int | None

    @classmethod
    def given(cls) -> "Task":
        """From the command line, where the bench puts it as JSON. Takes to its processor core."""
        task = cls(**json.loads(sys.argv[1]))
        pin(task.core)
        return task


def pin(core: int | None) -> None:
    """Stay on one core; where the system knows no such thing, anywhere."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def cpu() -> float:
    """Processor seconds of this process so far, all its threads together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_memory() -> float:
    """MB that this process held at most. Where the system tells (Linux), not by rusage: what that says is
    handed down from the process that started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def asked_of(endpoint: str) -> dict[str, Any]:
    """What the server was asked since the last time: `counts` by what, and `bytes` of answers."""
    place = urlsplit(endpoint)
    with urllib.request.urlopen(f"http://{place.netloc}/counts") as answer:
        said: dict[str, Any] = json.load(answer)
    return said


SWEEPS = 2
"""The first, which reads all that is in view, and a later one, which knows how far it read."""


class Meter:
    """Measures what is inside its `with`: everything is imported, opened and signed in before."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._said: dict[str, Any] = {}

    def __enter__(self) -> "Meter":
        asked_of(self._endpoint)
        self._clock = time.perf_counter()
        self._cpu = cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self._said = {"cpu": cpu() - self._cpu, "seconds": time.perf_counter() - self._clock}
        self._said["peak_mb"] = round(peak_memory())
        self._said.update(asked_of(self._endpoint))

    def said(self, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The figures; `values` are what was read, by address."""
        return {**self._said, "values": values or {}}


def tell(sweeps: Sequence[Mapping[str, Any]]) -> None:
    """Print the figures of each sweep, as JSON."""
    json.dump(sweeps, sys.stdout)
