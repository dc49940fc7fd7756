"""How case files write sent mail: raw, before the redactor sees it, or what the redactor would keep of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from mailbot.casefiles import notation
from mailbot.casefiles.lines import FactLine, Lines
from mailbot.model.needs import SentLabels
from mailbot.model.sent import (
    AttachmentMark,
    Evidence,
    Reach,
    Recipient,
    RecipientKind,
    SentItem,
    SentLabel,
    SentRedactor,
    Strength,
    SubjectSearch,
)

T = TypeVar("T", Strength, Reach, Evidence)

NO_ADDRESS = "?"
"""Stands in a list of recipients for one that Exchange could not resolve to an address."""

_ITEM = {"subject", "on", "to", "cc", "bcc", "groups", "hidden_groups", "class", "sensitivity"} | {
    "on_behalf",
    "headers",
    "attachments",
}
_LABEL = {"strength", "reach", "evidence", "week"}


def sent(lines: Lines, need: SentLabels) -> tuple[SentLabel, ...]:
    """What a road answers: it lets the server search, asks on about what the redactor wants, and keeps its
    answers. Lines `labels` stand in for all of that."""
    if "labels" in lines:
        return tuple(label(entry) for entry in _tables(lines["labels"], "labels"))
    items = [item(entry) for entry in _tables(lines["sent"], "sent")]
    now = notation.moment(lines["now"])
    if any(one.sent is not None and one.sent > now for one in items):
        raise ValueError("mail that was sent before `now`: look at its `on`, and at the line now")
    answers = (through(need.redactor, one, need.since) for one in items)
    return tuple(answer for answer in answers if answer is not None)


def through(redactor: SentRedactor[SentLabel], one: SentItem, since: date) -> SentLabel | None:
    """One item on the way that it takes on a road."""
    if one.sent is not None and one.sent.astimezone(notation.ZONE).date() < since:
        return None
    if not matches(redactor.search, one.subject):
        return None
    if not redactor.wants(one.subject, one.item_class, one.sensitivity):
        return None
    return redactor.redact(one)


def matches(search: SubjectSearch, subject: str) -> bool:
    """As the server compares: parts of the subject, cases ignored."""
    text = subject.casefold()
    return any(part in text for part in search.fragments) and not any(part in text for part in search.without)


def item(entry: Mapping[str, Any]) -> SentItem:
    """Raises ValueError, in words for whoever wrote it, when the item cannot be understood."""
    _known(entry, _ITEM, "a sent item")
    groups = _mapping(entry, "groups")
    hidden = _texts(entry, "hidden_groups")
    written = [*_texts(entry, "to"), *_texts(entry, "cc"), *_texts(entry, "bcc")]
    headers = _mapping(entry, "headers")
    return SentItem(
        subject=_text(entry, "subject"),
        item_class=_text(entry, "class", "IPM.Note"),
        sensitivity=_text(entry, "sensitivity", "Normal"),
        sent=notation.moment(_text(entry, "on")) if "on" in entry else None,
        on_behalf=bool(entry.get("on_behalf", False)),
        recipients=tuple(_recipient(address, groups, hidden) for address in written),
        headers={name.casefold(): str(value) for name, value in headers.items()},
        attachments=tuple(_attachment(text) for text in _texts(entry, "attachments")),
    )


def label(entry: Mapping[str, Any]) -> SentLabel:
    """Raises ValueError when an entry of `labels` cannot be understood."""
    _known(entry, _LABEL, "a label")
    return SentLabel(
        _one_of(Strength, entry, "strength"),
        _one_of(Reach, entry, "reach"),
        _one_of(Evidence, entry, "evidence"),
        notation.day(entry.get("week")),
    )


def _recipient(address: str, groups: Mapping[str, Any], hidden: list[str], depth: int = 0) -> Recipient:
    """A name among the groups is that group; groups may hold groups."""
    if address == NO_ADDRESS:
        return Recipient(None, RecipientKind.UNKNOWN)
    if address in hidden:
        return Recipient(address, RecipientKind.GROUP, None)
    if address not in groups:
        return Recipient(address)
    if depth > len(groups):
        raise ValueError("the groups go round in a circle")
    members = (_recipient(member, groups, hidden, depth + 1) for member in _texts(groups, address))
    return Recipient(address, RecipientKind.GROUP, tuple(members))


def _attachment(text: str) -> AttachmentMark:
    name, _, content_type = text.partition(" as ")
    return AttachmentMark(name, content_type)


def _tables(value: Any, line: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise ValueError(
            f'{line} is a list of tables, such as [{{ subject = "...", on = "2026-11-19 10:00" }}]'
        )
    return value


def _known(entry: Mapping[str, Any], names: set[str], what: str) -> None:
    if extra := sorted(set(entry) - names):
        raise ValueError(f"{what} has {', '.join(sorted(names))}; not {', '.join(extra)}")


def _text(entry: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = entry.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, and is not left out")
    return value


def _texts(entry: Mapping[str, Any], name: str) -> list[str]:
    value = entry.get(name, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f'{name} of a sent item is a list of texts, such as ["one", "two"]')
    return value


def _mapping(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = entry.get(name, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} of a sent item is a table")
    return value


def _one_of(kind: type[T], entry: Mapping[str, Any], name: str) -> T:
    try:
        return kind(_text(entry, name))
    except ValueError:
        raise ValueError(f"{name} of a label is one of {', '.join(kind)}") from None


FACTS: tuple[FactLine, ...] = (FactLine("sent", SentLabels, sent),)
DETAILS = frozenset({"labels"})
