"""Reads the case files. Each explains its own lines at its head; what is spelt wrong is refused here."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mailbot.directory.work_days import parse_work_days
from mailbot.engine import judge
from mailbot.engine.judge import ActiveRule
from mailbot.model.facts import Fact, Known, MailboxFacts, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid, RuleId
from mailbot.model.mailbox import Interval
from mailbot.model.needs import AutomaticReply, InboxReplyRules, MailboxSize, Need, WorkingHours
from mailbot.model.people import Language, Person, RecipientType
from mailbot.model.verdicts import Judgement, Outcome, Shown, Verdict
from mailbot.model.worktime import WorkCalendar
from mailbot.rules import registry
from tests.rules import notation
from tests.rules.notation import ZONE, Lines

FOLDER = Path(__file__).parent
GUID = ObjectGuid("11111111-2222-3333-4444-555555555555")

MAILBOX_FACTS: Mapping[str, tuple[Need[Any], Callable[[Lines], Any]]] = {
    "size": (MailboxSize(), notation.size),
    "away": (notation.WINDOW, notation.away),
    "outlook_hours": (WorkingHours(), notation.outlook_hours),
    "reply": (AutomaticReply(), notation.reply),
    "reply_rules": (InboxReplyRules(), notation.reply_rules),
}
"""A rule with a new need adds a line here, and says in its case file how the fact is written."""

PERSON_FACTS = ("mailbox", "roster")
FACTS = {*MAILBOX_FACTS, *PERSON_FACTS}
DETAILS = {"reply_to_outside", "reply_texts", "hidden_rules", "account", "hold"}
CALENDAR = {"now", "holidays", "settled_years"}
ABOUT = {"story", "near_miss", "expect", "expect_block", "expect_shown", "unknown", "norm"}

_EXPECT = re.compile(r"(?P<outcome>\w+) because (?P<why>\w+)")


class CaseError(Exception):
    """A case file says something that nobody reads or understands."""


@dataclass(frozen=True, slots=True)
class RuleCase:
    """One story: whom a rule looks at, when, by which norm, and what it must say.

    `mailbox` holds every fact of the file by its name there, also those that a sweep would not ask for.
    """

    story: str
    near_miss: bool
    active: ActiveRule
    person: Person
    mailbox: Mapping[str, Fact[Any]]
    calendar: WorkCalendar
    outcome: Outcome
    why: str
    block: Interval | None
    shown: Mapping[str, Shown] | None

    @property
    def id(self) -> str:
        return f"{self.active.rule.id}: {self.story}"

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of all facts of the story: two of the people file, the others of the mailbox."""
        return (*PERSON_FACTS, *self.mailbox)

    def failing(self, failures: Mapping[str, Reason]) -> "RuleCase":
        """The same story when these facts could not be read."""
        person = self.person
        if "mailbox" in failures:
            person = replace(person, recipient_type=Unknown(failures["mailbox"]))
        if "roster" in failures:
            person = replace(person, roster=Unknown(failures["roster"]))
        mailbox: dict[str, Fact[Any]] = {
            name: Unknown(failures[name]) if name in failures else fact for name, fact in self.mailbox.items()
        }
        return replace(self, person=person, mailbox=mailbox)

    def everything(self) -> MailboxFacts:
        """All facts of the story, asked for or not."""
        return MailboxFacts(GUID, {MAILBOX_FACTS[name][0]: fact for name, fact in self.mailbox.items()})

    def as_swept(self) -> MailboxFacts:
        """What a sweep reads: what it asks of everybody, then what the rule asks for after seeing that."""
        everything, facts = self.everything(), MailboxFacts(GUID)
        wanted = judge.needs([self.active])
        while wanted:
            facts = facts.with_values({need: everything.get(need) for need in wanted})
            follow_up = judge.follow_up([self.active], self.person, facts, self.calendar)
            wanted = tuple(need for need in follow_up if need not in facts.values)
        return facts

    def judgement(self) -> Judgement:
        [judgement] = judge.judge([self.active], self.person, self.as_swept(), self.calendar)
        return judgement

    def verdict(self) -> Verdict:
        return self.judgement().verdict


def case_files() -> list[Path]:
    return sorted(FOLDER.glob("*.toml"))


def all_cases() -> list[RuleCase]:
    return [case for file in case_files() for case in load(file)]


def load(file: Path) -> list[RuleCase]:
    """The cases of the rule that the file is named after. Raises CaseError with the story that is wrong."""
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    if extra := set(content) - {"norm", "base", "case"}:
        raise CaseError(f"{file.name} has sections that nobody reads: {sorted(extra)}")
    cases = []
    for changes in content["case"]:
        story = changes.get("story", "a case without a story")
        try:
            cases.append(_case(RuleId(file.stem), content["norm"], content["base"], changes))
        except (LookupError, ValueError) as error:
            raise CaseError(f"{file.name}, {story!r}: {error!r}") from error
    return cases


def _case(rule: RuleId, norm: Lines, base: Lines, changes: Lines) -> RuleCase:
    still_unknown = {fact: why for fact, why in base.get("unknown", {}).items() if fact not in changes}
    unknown: dict[str, str] = still_unknown | changes.get("unknown", {})
    lines = {**base, **changes, "unknown": unknown}
    if extra := (set(lines) - FACTS - DETAILS - CALENDAR - ABOUT) | (set(unknown) - FACTS):
        raise ValueError(f"nobody reads {sorted(extra)}")
    expect = _EXPECT.fullmatch(lines["expect"])
    if not expect:
        raise ValueError("expect reads like: deviation because over_limit")
    definition = registry()[rule]
    now = notation.moment(lines["now"])
    return RuleCase(
        story=lines["story"],
        near_miss=lines.get("near_miss", False),
        active=ActiveRule(
            definition, definition.parameters.model_validate({**norm, **changes.get("norm", {})})
        ),
        person=_person(lines, now),
        mailbox={
            name: _fact(name, lines, read, now)
            for name, (_, read) in MAILBOX_FACTS.items()
            if name in lines or name in unknown
        },
        calendar=WorkCalendar(now, ZONE, notation.closed_days(lines)),
        outcome=Outcome(expect["outcome"]),
        why=expect["why"],
        block=notation.stretch(lines["expect_block"]) if "expect_block" in lines else None,
        shown=MappingProxyType(lines["expect_shown"]) if "expect_shown" in lines else None,
    )


def _person(lines: Lines, now: datetime) -> Person:
    return Person(
        guid=GUID,
        address=Address("kim.de.wit@voorbeeld.example"),
        name="Kim de Wit",
        language=Language.NL,
        enabled=Known(lines.get("account", "open") == "open", now),
        recipient_type=_fact("mailbox", lines, lambda known: RecipientType(known["mailbox"]), now),
        hold=Known(lines.get("hold", False), now),
        roster=_fact("roster", lines, lambda known: parse_work_days(known["roster"]), now)
        if "roster" in {*lines, *lines["unknown"]}
        else Unknown(Reason.WORK_PATTERN_MISSING),
    )


def _fact(name: str, lines: Lines, read: Callable[[Lines], Any], now: datetime) -> Fact[Any]:
    code = lines["unknown"].get(name)
    return Unknown(Reason.of(code)) if code else Known(read(lines), now)
