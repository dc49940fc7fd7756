"""The road and the judge: `python -m tests.bench.ours TASK`. With `job` after the task the whole sweep, with
its plan and database."""

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mailbot.engine import judge
from mailbot.jobs.sweep import sweep
from mailbot.model.facts import MailboxFacts
from mailbot.model.ids import ObjectGuid
from mailbot.model.needs import Need
from mailbot.model.slots import Job, Slot
from mailbot.ports import Target
from mailbot.reports.logs import configure
from mailbot.wiring import mailboxes
from tests.bench.measure import SWEEPS, Meter, Task, tell
from tests.bench.payload import load
from tests.bench.plain import plain
from tests.bench.settings import opened


class Kept:
    """Bookmarks in memory: what the database costs is measured by the whole job."""

    def __init__(self) -> None:
        self.texts: dict[tuple[ObjectGuid, str], str] = {}

    def recall(self, guid: ObjectGuid, need: str) -> str | None:
        return self.texts.get((guid, need))

    def keep(self, guid: ObjectGuid, need: str, text: str) -> None:
        self.texts[guid, need] = text


def read(task: Task) -> None:
    """Every fact of every mailbox, and the verdicts of all rules on it; twice."""
    with opened(Path(task.folder), load()) as house:
        calendar = house.calendar()
        rules = house.rules(calendar.today)
        people = house.directory.people()
        organisation = house.organisation(people)
        candidates = {
            guid: judge.Candidate(house.store.person_key(guid), person, organisation)
            for guid, person in people.by_guid.items()
        }
        targets = [Target(person.guid, person.address) for person in people.by_guid.values()]
        needs = judge.needs(rules)

        def follow_up(facts: MailboxFacts) -> Collection[Need[Any]]:
            return judge.follow_up(rules, candidates[facts.guid], facts, calendar)

        kept = Kept()
        with patch.object(mailboxes, "StoredBookmarks", return_value=kept):
            exchange = house.exchange()
        list(exchange.read(targets[:1], needs, follow_up, calendar.now))
        kept.texts.clear()
        sweeps = []
        for _ in range(SWEEPS):
            found = {}
            with Meter(task.endpoint) as meter:
                for facts in exchange.read(targets, needs, follow_up, calendar.now):
                    judge.judge(rules, candidates[facts.guid], facts, calendar)
                    found[facts.guid] = facts
            values = {target.address.value: plain(found[target.guid]) for target in targets}
            sweeps.append(meter.said(values))
    tell(sweeps)


def whole_job(task: Task) -> None:
    with opened(Path(task.folder), load()) as house:
        house.exchange().sign_in()
        with Meter(task.endpoint) as meter:
            sweep(house, Slot(Job.SWEEP, house.today(), "bench"))
    tell([meter.said()])


if __name__ == "__main__":
    configure(None)
    (whole_job if "job" in sys.argv[2:] else read)(Task.given())
