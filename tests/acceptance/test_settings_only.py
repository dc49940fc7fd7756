"""Settings-only, told by nothing: one town twice, first with one person settings-only, then with that person
simply not drawn. Everything that anybody can read of it is the same."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from mailbot.cli.demo_settings import decision
from mailbot.engine import judge
from mailbot.engine.gates import in_sample
from mailbot.jobs.rights import explain
from mailbot.jobs.sweep import sweep
from mailbot.model.ids import Address, ObjectGuid, PersonKey, RuleId
from mailbot.model.people import People
from mailbot.policy.decisions import Decision
from mailbot.ports import Directory
from tests.acceptance.municipality import Municipality, municipality

STORY = "labelled-plain"
CAST = (STORY, "labelled-in-brackets", "secured-zivver", "plain-over", "both-rules")
LABELLED = RuleId("confidential_external")
SHARED = "ExpandDL"
"""Asked once for all, for the mailbox whose worker comes first: that is another one in every sweep."""

ALL_BUT_FEW = decision(sample_percent=99)


@dataclass(frozen=True)
class Marked:
    """A directory in which this person is settings-only."""

    real: Directory
    guid: ObjectGuid

    def people(self) -> People:
        people = self.real.people()
        only = replace(people.by_guid[self.guid], settings_only=True)
        return replace(people, by_guid=MappingProxyType({**people.by_guid, self.guid: only}))

    def guid_of(self, address: Address) -> ObjectGuid | None:
        return self.real.guid_of(address)


@dataclass(frozen=True)
class Told:
    """What is left of a sweep: its report, the status file, what Exchange was asked, what is kept."""

    report: dict[str, Any]
    status: dict[str, Any]
    asked: Counter[tuple[str, ...]]
    explained: tuple[Any, ...]
    outcome: str
    asked_deeper: bool


def swept(here: Municipality, mark: Callable[[Directory, ObjectGuid], Directory]) -> Told:
    here.calibrated()
    guid = here.town.staged()[STORY]
    with here.opened(decisions=[ALL_BUT_FEW]) as opened:
        house = replace(opened, directory=mark(opened.directory, guid))
        slot = here.slot()
        report = sweep(house, slot)
        assert report is not None
        person = house.directory.people().by_guid[guid]
        explained = explain(house, person.address, "vraag", "b.eheerder")
        with house.store.begin() as work:
            counts = work.last_counts(slot.job)
            outcome = work.outcomes(slot.id, LABELLED)[house.store.person_key(guid)]
        assert counts is not None
    figures = report.figures
    asked = Counter(
        (line.operation, *sorted(line.mailboxes))
        for line in here.server.access_log()
        if line.operation != SHARED
    )
    return Told(
        {
            "coverage": figures.coverage,
            "verdicts": figures.verdicts,
            "unknowns": figures.unknowns,
            "requests": {name: n for name, n in figures.requests.items() if name != SHARED},
            "steps": report.counts,
            "tasks": report.tasks,
        },
        {name: value for name, value in counts[1].items() if name != "seconds"},
        asked,
        (explained.judgements, explained.findings, explained.letters, explained.reading),
        outcome.value,
        any(
            line.subject_searched and person.address.value in line.mailboxes
            for line in here.server.access_log()
        ),
    )


def not_drawn(monkeypatch: pytest.MonkeyPatch, key: PersonKey) -> None:
    def drawn(of: Decision, person: PersonKey) -> bool:
        return person != key and in_sample(of, person)

    monkeypatch.setattr(judge, "in_sample", drawn)


def test_nobody_can_tell_who_is_settings_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with municipality(tmp_path / "first", 30, stories=CAST) as here:
        guid = here.town.staged()[STORY]
        with here.opened() as house:
            key = house.store.person_key(guid)
            assert in_sample(ALL_BUT_FEW, key), "else this shows nothing; take another decision"
        only = swept(here, Marked)
        secret = tmp_path / "mailbot.key"
        shutil.copy(here.settings / "mailbot.key", secret)
    with municipality(tmp_path / "second", 30, stories=CAST) as here:
        shutil.copy(secret, here.settings / "mailbot.key")
        with monkeypatch.context() as patch:
            not_drawn(patch, key)
            outside = swept(here, lambda real, _guid: real)
    assert only == outside
    assert (only.outcome, only.asked_deeper) == ("not_applicable", False)


def test_the_same_person_is_looked_at_otherwise(tmp_path: Path) -> None:
    """Else nothing above would show anything."""
    with municipality(tmp_path, 30, stories=CAST) as here:
        told = swept(here, lambda real, _guid: real)
    assert (told.outcome, told.asked_deeper) == ("deviation", True)
