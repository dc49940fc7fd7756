"""All lines that say what a road would answer about the mailbox, and the need that each one answers."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mailbot.casefiles import access, leaver, notation, sent, signature
from mailbot.casefiles.lines import FactLine, Lines
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.needs import (
    Absences,
    AutomaticReply,
    InboxReplyRules,
    MailboxSize,
    Need,
    WorkingHours,
)
from mailbot.rules import Rule

GROUPS: tuple[tuple[tuple[FactLine, ...], frozenset[str]], ...] = (
    ((FactLine("size", MailboxSize, notation.size),), frozenset()),
    (
        (
            FactLine("away", Absences, notation.away),
            FactLine("outlook_hours", WorkingHours, notation.outlook_hours),
            FactLine("reply", AutomaticReply, notation.reply),
            FactLine("reply_rules", InboxReplyRules, notation.reply_rules),
        ),
        frozenset({"reply_to_outside", "reply_texts", "hidden_rules"}),
    ),
    (access.FACTS, access.DETAILS),
    (sent.FACTS, sent.DETAILS),
    (signature.FACTS, signature.DETAILS),
    (leaver.FACTS, leaver.DETAILS),
)
"""A rule with a new need adds a line here, and says in its case file how the fact is written."""

FACTS: tuple[FactLine, ...] = tuple(line for lines, _ in GROUPS for line in lines)

DETAILS = frozenset(detail for _, details in GROUPS for detail in details)
"""Lines that belong to a fact and are none by themselves."""

BY_NEED: Mapping[type[Need[Any]], FactLine] = MappingProxyType({line.need: line for line in FACTS})
BY_NAME: Mapping[str, FactLine] = MappingProxyType({line.name: line for line in FACTS})

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What reading a line that was written by hand may raise."""


class ReadingError(Exception):
    """A line of the case cannot be understood. `wrong` says why."""

    def __init__(self, line: str, wrong: Exception) -> None:
        super().__init__(line)
        self.line = line
        self.wrong = wrong


def answer(lines: Lines, unknown: Mapping[str, Reason], now: datetime, need: Need[Any]) -> Fact[Any]:
    """What a road would answer. Raises ReadingError when the line cannot be understood."""
    line = BY_NEED.get(type(need))
    if line is None:
        return Unknown(Reason.NOT_ASKED)
    if line.name in unknown:
        return Unknown(unknown[line.name])
    if line.name not in lines:
        return Unknown(Reason.NOT_ASKED)
    try:
        return Known(line.read(lines, need), now)
    except UNREADABLE as wrong:
        raise ReadingError(line.name, wrong) from wrong


def lines_of(rule: Rule) -> frozenset[str]:
    """Names of the lines about what this rule may ask, with those that belong to them."""
    asked = {*(type(need) for need in rule.needs), *rule.follow_ups}
    names: set[str] = set()
    for lines, details in GROUPS:
        own = {line.name for line in lines if line.need in asked}
        names |= own | details if own else set()
    return frozenset(names)


def questions(rule: Rule) -> tuple[Need[Any], ...]:
    """Everything that the rule says it may ask, and all that can be asked without saying more."""
    asked = [*rule.needs]
    for decisive in rule.decisive.values():
        asked += [lean for group in decisive.requires for lean in group if isinstance(lean, Need)]
    kinds = {type(need) for need in asked}
    asked += [line.need() for line in FACTS if line.need not in kinds and _plain(line.need)]
    return tuple(dict.fromkeys(asked))


def _plain(need: Callable[[], Need[Any]]) -> bool:
    """Whether a need has no parameters that must be given."""
    try:
        need()
    except TypeError:
        return False
    return True
