"""The process that runs jobs for a test, and kills them on the way."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, settings: Path, kill_at: int | None, job: str = "monday") -> dict[str, Any]:
        """How the job ended: `signal`, `code`, and the `points` that it passed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        command = {"settings": str(settings), "job": job, "kill_at": kill_at}
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
