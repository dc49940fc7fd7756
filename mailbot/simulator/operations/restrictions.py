"""Restrictions of FindItem and FindFolder: what a search expression lets through.

Shapes: t:SearchExpressionType and its kinds in the EWS schema; articles "Contains" and
"ContainmentComparison" of Microsoft's EWS reference. A loose comparison ignores case and accents, as MAPI
does for FL_LOOSE.
"""

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

from lxml import etree

from mailbot.simulator.incoming import property_key
from mailbot.simulator.mailboxes import Folder, Item
from mailbot.simulator.soap import ResponseError, T

_HEADER_SET = "internetheaders"

Values = Callable[[etree._Element], str | None]
"""The value that a FieldURI or ExtendedFieldURI has, None when it has none."""


def matches(item: Item, element: etree._Element) -> bool:
    """Whether an item passes. Raises ResponseError for an expression that this server does not know."""
    return _passes(lambda path: _item_value(item, path), element)


def sent_since(element: etree._Element) -> datetime | None:
    """The moment before which nothing that passes was sent, when the expression names one."""
    match etree.QName(element).localname:
        case "Restriction" | "And":
            named = [moment for part in element if (moment := sent_since(part)) is not None]
            return max(named, default=None)
        case "IsGreaterThan" | "IsGreaterThanOrEqualTo" if element[0].get("FieldURI") == "item:DateTimeSent":
            constant = element.find(f"{T}FieldURIOrConstant/{T}Constant")
            return None if constant is None else _moment(constant.get("Value", ""))
    return None


def folder_matches(folder: Folder, children: int, element: etree._Element) -> bool:
    """Whether a folder with so many subfolders passes. Raises as `matches`."""
    return _passes(lambda path: _folder_value(folder, children, path), element)


def _passes(values: Values, element: etree._Element) -> bool:
    kind = etree.QName(element).localname
    match kind:
        case "Restriction" | "And":
            return all(_passes(values, part) for part in element)
        case "Or":
            return any(_passes(values, part) for part in element)
        case "Not":
            return not _passes(values, element[0])
        case "Exists":
            return values(element[0]) is not None
        case "Contains":
            return _contains(values, element)
    value = values(element[0])
    constant = element.find(f"{T}FieldURIOrConstant/{T}Constant")
    if constant is None:
        raise ResponseError("ErrorUnsupportedQueryFilter")
    wanted = constant.get("Value", "")
    match kind:
        case "IsEqualTo":
            return value == wanted
        case "IsNotEqualTo":
            return value != wanted
    if value is None:
        return False
    order = _order(value, wanted)
    match kind:
        case "IsGreaterThan":
            return order > 0
        case "IsGreaterThanOrEqualTo":
            return order >= 0
        case "IsLessThan":
            return order < 0
        case "IsLessThanOrEqualTo":
            return order <= 0
    raise ResponseError("ErrorUnsupportedQueryFilter")


def _contains(values: Values, element: etree._Element) -> bool:
    value = values(element[0])
    constant = element.find(T + "Constant")
    if value is None or constant is None:
        return False
    comparison = element.get("ContainmentComparison", "Exact")
    value, wanted = _folded(value, comparison), _folded(constant.get("Value", ""), comparison)
    match element.get("ContainmentMode", "FullString"):
        case "FullString":
            return value == wanted
        case "Prefixed":
            return value.startswith(wanted)
        case "PrefixOnWords":
            return any(word.startswith(wanted) for word in value.split())
    return wanted in value


def _folded(text: str, comparison: str) -> str:
    loose = comparison.startswith("Loose")
    if loose or "NonSpac" in comparison:
        apart = unicodedata.normalize("NFD", text)
        text = "".join(letter for letter in apart if unicodedata.category(letter) != "Mn")
    return text.lower() if loose or "IgnoreCase" in comparison else text


def _item_value(item: Item, path: etree._Element) -> str | None:
    if etree.QName(path).localname == "ExtendedFieldURI":
        key = property_key(path)
        return item.header(key[1]) if key[0] == _HEADER_SET else item.named.get(key)
    match path.get("FieldURI"):
        case "message:InternetMessageId":
            return item.message_id or None
        case "item:Subject":
            return item.subject
        case "item:ItemClass":
            return item.item_class
        case "item:Sensitivity":
            return item.sensitivity
        case "item:HasAttachments":
            return "true" if item.attachments else "false"
        case "item:DateTimeSent":
            return item.sent.isoformat() if item.sent else None
        case "item:DateTimeCreated":
            return item.created.isoformat() if item.created else None
        case "item:DateTimeReceived":
            return item.received.isoformat() if item.received else None
        case "message:IsRead":
            return "false"
    raise ResponseError("ErrorUnsupportedPathForQuery")


def _folder_value(folder: Folder, children: int, path: etree._Element) -> str | None:
    match path.get("FieldURI"):
        case "folder:DisplayName":
            return folder.name
        case "folder:FolderClass":
            return folder.folder_class or None
        case "folder:TotalCount":
            return str(folder.items)
        case "folder:ChildFolderCount":
            return str(children)
    raise ResponseError("ErrorUnsupportedPathForQuery")


def _order(left: str, right: str) -> float:
    """Below zero when left comes first. Numbers and moments are known; a moment without zone is in UTC."""
    if left.isdigit() and right.isdigit():
        return int(left) - int(right)
    return (_moment(left) - _moment(right)).total_seconds()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ResponseError("ErrorUnsupportedQueryFilter") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
