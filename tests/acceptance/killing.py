"""The process that runs jobs for a test or a campaign, and kills them on the way."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[2]


class Driver:
    """Forks, kills and reports; see `crash_driver`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.crash_driver"],
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(
        self,
        settings: Path,
        kill_at: int | None = None,
        job: str = "monday",
        *,
        now: datetime | None = None,
        after: float | None = None,
    ) -> dict[str, Any]:
        """Run a job, at `now` or else from six on that Monday; kill it at the point `kill_at`, `after` these
        seconds, or not at all. Gives how it ended: `signal`, `code`, `error`, the `points` that it passed,
        and the `seconds` that it lived."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        moment = now.isoformat() if now else None
        command = {"settings": str(settings), "job": job, "kill_at": kill_at, "now": moment, "after": after}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def driving() -> Iterator[Driver]:
    driver = Driver()
    try:
        yield driver
    finally:
        driver.close()
