"""Everything that is logged while a campaign runs, ours and the libraries', kept in memory."""

import io
import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass

from mailbot.reports.logs import configure

OUR_OWN_FAULTS = ("mailbox failed", "rule failed", "event without occurrence", "worker hangs", "workers left")
"""Beginnings of events that tell of a fault in mailbot itself, whatever the server did. A job that fails for
a reason that has no message for the administrator is one too: it tells `where`."""


@dataclass(frozen=True, slots=True)
class Heard:
    """`text` is all of it; `events` counts our own lines by event and error class."""

    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def own(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.text.splitlines() if line.startswith('{"')]

    def events(self) -> Counter[str]:
        return Counter(f"{line['event']} {line.get('error', '')}".strip() for line in self.own())

    def faults_of_ours(self) -> list[str]:
        return [
            json.dumps(line)
            for line in self.own()
            if line["event"].startswith(OUR_OWN_FAULTS) or "where" in line
        ]


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear all libraries at their most talkative, and our own log from INFO on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with redirect_stderr(stream):
        configure(None, verbose=True)
        try:
            yield Heard(stream)
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
