"""Restrictions of FindItem: which items a search expression lets through.

Shapes: t:SearchExpressionType and its kinds in the EWS schema.
"""

from datetime import UTC, datetime

from lxml import etree

from mailbot.simulator.incoming import property_key
from mailbot.simulator.mailboxes import Item
from mailbot.simulator.soap import ResponseError, T

_HEADER_SET = "internetheaders"


def matches(item: Item, element: etree._Element) -> bool:
    """Raises ResponseError for an expression that this server does not know."""
    kind = etree.QName(element).localname
    match kind:
        case "Restriction" | "And":
            return all(matches(item, part) for part in element)
        case "Or":
            return any(matches(item, part) for part in element)
        case "Not":
            return not matches(item, element[0])
        case "Exists":
            return _value(item, element[0]) is not None
        case "Contains":
            return _contains(item, element)
    value = _value(item, element[0])
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
    left, right = _moment(value), _moment(wanted)
    match kind:
        case "IsGreaterThan":
            return left > right
        case "IsGreaterThanOrEqualTo":
            return left >= right
        case "IsLessThan":
            return left < right
        case "IsLessThanOrEqualTo":
            return left <= right
    raise ResponseError("ErrorUnsupportedQueryFilter")


def _contains(item: Item, element: etree._Element) -> bool:
    value = _value(item, element[0])
    constant = element.find(T + "Constant")
    if value is None or constant is None:
        return False
    wanted = constant.get("Value", "")
    if element.get("ContainmentComparison", "Exact") != "Exact":
        value, wanted = value.lower(), wanted.lower()
    match element.get("ContainmentMode", "FullString"):
        case "FullString":
            return value == wanted
        case "Prefixed":
            return value.startswith(wanted)
    return wanted in value


def _value(item: Item, path: etree._Element) -> str | None:
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
        case "item:DateTimeSent":
            return item.sent.isoformat() if item.sent else None
        case "item:DateTimeCreated":
            return item.created.isoformat() if item.created else None
        case "item:DateTimeReceived":
            return item.received.isoformat() if item.received else None
        case "message:IsRead":
            return "false"
    raise ResponseError("ErrorUnsupportedPathForQuery")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ResponseError("ErrorUnsupportedQueryFilter") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
