"""Reads a case file. Everything that is wrong with it is told at once, with its line and how to mend it."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from mailbot.casefiles import facts, notation, organisation, people
from mailbot.casefiles.lines import Lines
from mailbot.casefiles.places import Places
from mailbot.casefiles.runner import Case, Expected
from mailbot.config.problems import Problem, report
from mailbot.config.tomlfile import read_toml
from mailbot.config.validation import did_you_mean, problems_of
from mailbot.model.errors import SettingsRefused
from mailbot.model.facts import Reason
from mailbot.model.ids import RuleId
from mailbot.model.tasks import Task
from mailbot.model.verdicts import Outcome
from mailbot.model.worktime import WorkCalendar
from mailbot.policy.decisions import Decision
from mailbot.policy.packs import Pack
from mailbot.policy.secure_mail import SecureMailFile
from mailbot.rules import Parameters, Rule, registry

CALENDAR = frozenset({"now", "holidays", "settled_years", "early_closing"})
ABOUT = frozenset(
    {"story", "near_miss", "expect", "expect_block", "expect_shown", "expect_tasks", "unknown", "norm"}
)
CAN_BE_UNKNOWN = frozenset({*facts.BY_NAME, *people.FACTS})
COMMON = CALENDAR | ABOUT | people.LINES | organisation.LINES
LINES = COMMON | facts.DETAILS | frozenset(facts.BY_NAME)
"""Every line that a case may have; the common ones have a meaning for every rule."""

TOP = ("rule", "pack", "norm", "base", "case")
LAID_OVER = organisation.TABLES | {"unknown", "norm"}

_QUOTED = 60
_EXPECT = re.compile(r"(?P<outcome>\w+) because (?P<why>\w+)")

T = TypeVar("T")


class CasesRefused(SettingsRefused):
    """A case file says something that nobody reads or understands."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(report(self.problems, "in the case files; no case was run"))


def load(file: Path, packs: Mapping[str, Pack] | None = None, shown: str = "") -> list[Case]:
    """The cases of one file, in its order. Raises CasesRefused with everything that is wrong."""
    cases, problems = read(file, packs or {}, shown or file.name)
    if problems:
        raise CasesRefused(problems)
    return cases


def read(file: Path, packs: Mapping[str, Pack], shown: str) -> tuple[list[Case], list[Problem]]:
    """The same without raising, so that the problems of several files can join one report.

    `packs` are those whose parameters a file may take over by `pack = "NAME"`; `shown` is the file's name in
    problems.
    """
    if _is_missing(file):
        return [], [
            Problem(shown, "the file", "a case file", "no such file", "look at its name and its folder")
        ]
    raw, problems = read_toml(file, shown)
    if raw is None:
        return [], problems
    places = Places(file.read_bytes().decode("utf-8-sig"))
    return _File(shown, file.stem, raw, places, packs, []).read()


def _is_missing(file: Path) -> bool:
    try:
        return not file.exists()
    except OSError:  # a folder on the way that may not be looked into; reading tells
        return False


@dataclass(slots=True)
class _File:
    shown: str
    stem: str
    raw: dict[str, Any]
    places: Places
    packs: Mapping[str, Pack]
    problems: list[tuple[int, Problem]]

    def read(self) -> tuple[list[Case], list[Problem]]:
        for name in self.raw:
            if name not in TOP:
                hint = did_you_mean(name, list(TOP))
                self._wrong(None, name, "a key or section that mailbot knows", "an unknown one", hint)
        rule = self._rule()
        base = self._table("base")
        norm = self._table("norm")
        written = self.raw.get("case")
        if not isinstance(written, list) or not written:
            self._wrong(None, "case", "at least one [[case]]", "none", "write a [[case]] with a story")
            written = []
        cases: list[Case] = []
        for number, changes in enumerate(written, start=1):
            if not isinstance(changes, Mapping):
                self._wrong(None, "case", "[[case]] tables only", "something else", "write [[case]] above it")
            elif rule is not None:
                cases += _Reading(self, rule, norm, base, changes, number).case()
        in_order = sorted(dict.fromkeys(self.problems), key=lambda numbered: numbered[0])
        return cases, [problem for _, problem in in_order]

    def _rule(self) -> Rule | None:
        name = self.raw.get("rule", self.stem)
        known = registry()
        found = known.get(RuleId(name)) if isinstance(name, str) else None
        if found is None:
            self._wrong(
                None,
                "rule",
                "the name of a rule: in this line, or as the name of the file",
                f"`{name}`",
                did_you_mean(str(name), list(known)) if "rule" in self.raw else f"add rule = {_or(known)}",
            )
        return found

    def _table(self, name: str) -> Lines:
        table = self.raw.get(name, {})
        if isinstance(table, Mapping):
            return table
        self._wrong(None, name, "a table", "something else", f"write a section [{name}]")
        return {}

    def _wrong(self, number: int | None, key: str, expected: str, found: str, mend: str) -> None:
        self.add(number, "", key, Problem(self.shown, "", expected, found, mend))

    def add(self, number: int | None, story: str, key: str, problem: Problem) -> None:
        """Note a problem with the line of the file that it is about."""
        line = self.places.line(number, key)
        where = f"line {line}" if line else "the file"
        case = f"case {number}{story}, " if number and self.places.in_case(number, key) else ""
        self.problems.append((line or 0, replace(problem, where=f"{where}, {case}{key}")))


@dataclass(slots=True)
class _Reading:
    """One case on its way from the file to a value."""

    file: _File
    rule: Rule
    norm: Lines
    base: Lines
    changes: Lines
    number: int

    def case(self) -> Iterator[Case]:
        """The case, if nothing is wrong with it."""
        before = len(self.file.problems)
        lines = self._lines()
        unknown = self._unknown(lines)
        self._every_line_is_understood(lines)
        expected = self._expected(lines)
        calendar = self._calendar(lines)
        if calendar is None:
            return
        self._every_fact_is_understood(lines, unknown, calendar)
        norm = self._norm(calendar, lines)
        decision = self._decision(lines, calendar)
        if norm is None or expected is None or len(self.file.problems) > before:
            return
        case = Case(
            file=self.file.shown,
            number=self.number,
            story=lines["story"],
            near_miss=lines.get("near_miss", False),
            rule=self.rule,
            norm=norm,
            lines=MappingProxyType(lines),
            unknown=MappingProxyType(unknown),
            calendar=calendar,
            decision=decision,
            expected=expected,
        )
        try:
            case.as_swept()
        except facts.ReadingError as error:
            self._cannot_read(error.line, error.wrong)
        else:
            yield case

    def _lines(self) -> dict[str, Any]:
        for source in (self.base, self.changes):
            for name in source:
                if name not in LINES:
                    hint = did_you_mean(name, sorted(COMMON | facts.lines_of(self.rule)))
                    self._wrong(name, "a line that mailbot knows", "an unknown line", hint)
        lines: dict[str, Any] = {**self.base, **self.changes}
        for name in LAID_OVER:
            over, under = self.changes.get(name), self.base.get(name)
            if over and isinstance(over, Mapping) and isinstance(under, Mapping):
                lines[name] = {**under, **over}
        if not isinstance(lines.get("story"), str):
            self._wrong("story", "a sentence that tells the case", "none", 'add story = "..."')
        if not isinstance(lines.get("near_miss", False), bool):
            self._wrong("near_miss", "true or false", "something else", "write near_miss = true")
        return lines

    def _unknown(self, lines: Lines) -> dict[str, Reason]:
        """What could not be read. A case that writes a fact knows it, whatever [base] says."""
        written = lines.get("unknown", {})
        if not isinstance(written, Mapping):
            self._wrong("unknown", "a table", "something else", 'write unknown.LINE = "REASON"')
            return {}
        own = self.changes.get("unknown", {})
        found: dict[str, Reason] = {}
        for name, code in written.items():
            if name not in CAN_BE_UNKNOWN:
                mine = facts.lines_of(self.rule) & frozenset(facts.BY_NAME)
                hint = did_you_mean(name, sorted(mine | frozenset(people.FACTS)))
                self._wrong(f"unknown.{name}", "a fact that can be unknown", "another line", hint)
            elif code not in (codes := _reasons()):
                hint = did_you_mean(str(code), codes)
                self._wrong(f"unknown.{name}", "the code of a reason", f"`{code}`", hint)
            elif name not in self.changes or name in own:
                found[name] = Reason.of(code)
        return found

    def _every_line_is_understood(self, lines: Lines) -> None:
        """Those about person and organisation; facts are tried with the needs that ask for them."""
        for name, reader in (*people.READERS, *organisation.READERS):
            if name in lines:
                self._try(name, reader, lines)
        if "secure_mail" in lines:
            try:
                organisation.secure_mail(lines)
            except ValidationError as error:
                self._invalid("secure_mail", error, SecureMailFile, lines["secure_mail"])
            except ValueError as error:
                self._cannot_read("secure_mail", error)

    def _every_fact_is_understood(
        self, lines: Lines, unknown: Mapping[str, Reason], calendar: WorkCalendar
    ) -> None:
        """Also those that nobody asks for in this case."""
        for need in facts.questions(self.rule):
            try:
                facts.answer(lines, unknown, calendar.now, need)
            except facts.ReadingError as error:
                self._cannot_read(error.line, error.wrong)

    def _calendar(self, lines: Lines) -> WorkCalendar | None:
        if "now" not in lines:
            self._wrong("now", "the moment of the sweep", "none", 'add now = "2026-11-23 06:00" to [base]')
            return None
        now: datetime | None = self._try("now", lambda known: notation.moment(known["now"]), lines)
        closed = self._try("holidays", notation.closed_days, lines)
        early = self._try("early_closing", notation.early_closing, lines)
        if now is None or closed is None or early is None:
            return None
        return WorkCalendar(now, notation.ZONE, replace(closed, early=early))

    def _expected(self, lines: Lines) -> Expected | None:
        text = lines.get("expect")
        found = _EXPECT.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            self._wrong(
                "expect",
                "OUTCOME because CODE",
                "a text of another form" if text is not None else "nothing",
                'write expect = "deviation because over_limit", with the outcome and code of your case',
            )
            return None
        outcomes = {outcome.value: outcome for outcome in Outcome}
        outcome, why = outcomes.get(found["outcome"]), found["why"]
        if outcome is None:
            hint = did_you_mean(found["outcome"], list(outcomes))
            self._wrong("expect", "one of the five outcomes", f"`{found['outcome']}`", hint)
            return None
        if outcome is Outcome.UNKNOWN and why not in (codes := _reasons()):
            self._wrong("expect", "the code of a reason", f"`{why}`", did_you_mean(why, codes))
        block = lines.get("expect_block")
        return Expected(
            outcome,
            why,
            self._tasks(lines),
            self._try("expect_shown", _shown, lines) if "expect_shown" in lines else None,
            self._try("expect_block", lambda _: notation.stretch(str(block)), lines) if block else None,
        )

    def _tasks(self, lines: Lines) -> frozenset[Task] | None:
        if "expect_tasks" not in lines:
            return None
        known = [task.value for task in Task]
        written = lines["expect_tasks"]
        if not isinstance(written, list):
            self._wrong("expect_tasks", "a list of tasks", "something else", 'write ["block_account"] or []')
            return None
        for task in written:
            if task not in known:
                self._wrong("expect_tasks", "names of tasks", f"`{task}`", did_you_mean(str(task), known))
        return frozenset(Task(task) for task in written if task in known)

    def _norm(self, calendar: WorkCalendar, lines: Lines) -> Parameters | None:
        """The pack's parameters, with those of [norm] and of the case laid over them."""
        own = lines.get("norm", {})
        if not isinstance(own, Mapping):
            self._wrong("norm", "a table", "something else", "write norm.NAME = VALUE")
            return None
        values = {**self._of_pack(calendar), **self.norm, **own}
        try:
            return self.rule.parameters.model_validate_json(json.dumps(values, default=str))
        except ValidationError as error:
            self._invalid("norm", error, self.rule.parameters, values)
            return None

    def _of_pack(self, calendar: WorkCalendar) -> dict[str, Any]:
        name, packs = self.file.raw.get("pack"), self.file.packs
        if name is None:
            return {}
        pack = packs.get(name) if isinstance(name, str) else None
        if pack is None:
            hint = did_you_mean(str(name), list(packs)) if packs else "give the folder with --settings"
            self._wrong("pack", "the name of a pack", f"`{name}`", hint)
            return {}
        norms = [norm for norm in pack.active_norms(calendar.today) if norm.rule == self.rule.id]
        if not norms and not self.norm:
            self._wrong(
                "pack",
                f"a pack with parameters of {self.rule.id} on the day of the case",
                pack.inactive_because(calendar.today) or f"{name} has none",
                "name another pack, or write the parameters in [norm]",
            )
        values: dict[str, Any] = norms[0].parameters.model_dump(mode="json") if norms else {}
        return values

    def _decision(self, lines: Lines, calendar: WorkCalendar) -> Decision | None:
        try:
            return organisation.decision(lines, self.rule, calendar.today)
        except ValidationError as error:
            self._invalid("decision", error, Decision, {})
        except facts.UNREADABLE as error:
            self._cannot_read("decision", error)
        return None

    def _try(self, name: str, reader: Callable[[Lines], T], lines: Lines) -> T | None:
        try:
            return reader(lines)
        except facts.UNREADABLE as error:
            self._cannot_read(name, error)
            return None

    def _cannot_read(self, name: str, error: Exception) -> None:
        if isinstance(error, KeyError):
            expected = f"another line beside it or another word: {error.args[0]!r} is not there"
        else:
            expected = str(error) if isinstance(error, ValueError) else "a value of another form"
        found = _as_written(self.changes.get(name, self.base.get(name)))
        self._wrong(name, expected, found, f"correct the line {name}")

    def _invalid(self, name: str, error: ValidationError, model: Any, raw: Any) -> None:
        for problem in problems_of(self.file.shown, error, model, raw):
            self._add(f"{name}.{problem.where}" if problem.where != "the file" else name, problem)

    def _wrong(self, key: str, expected: str, found: str, mend: str) -> None:
        self._add(key, Problem(self.file.shown, "", expected, found, mend))

    def _add(self, key: str, problem: Problem) -> None:
        story = self.changes.get("story")
        told = f" ({story.strip()})" if isinstance(story, str) else ""
        self.file.add(self.number, told, key, problem)


def _shown(lines: Lines) -> Mapping[str, Any]:
    if not isinstance(lines["expect_shown"], Mapping):
        raise ValueError("it is a table of what a letter may tell; {} when that is nothing")
    return MappingProxyType(dict(lines["expect_shown"]))


def _as_written(value: object) -> str:
    """The value itself when it is short and one of a kind; else what it looks like."""
    if isinstance(value, str):
        return f"`{value}`" if value.isprintable() and 0 < len(value) <= _QUOTED else "a text"
    if isinstance(value, bool | int | float):
        return f"`{str(value).lower()}`"
    return "a table" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else "nothing"


def _reasons() -> list[str]:
    return [reason.code for reason in Reason]


def _or(names: Iterable[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)
