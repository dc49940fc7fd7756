"""Conditions of FindItem and FindFolder, as far as the bench's clients use them."""

from collections.abc import Mapping

from lxml import etree

T = "{http://schemas.microsoft.com/exchange/services/2006/types}"


def holds(condition: etree._Element, values: Mapping[str, str]) -> bool:
    """Whether it is true of something with these properties. Raises ValueError for one that is not known."""
    match etree.QName(condition).localname:
        case "And":
            return all(holds(one, values) for one in condition)
        case "Or":
            return any(holds(one, values) for one in condition)
        case "Not":
            return not holds(condition[0], values)
        case "Contains":
            constant = condition.find(T + "Constant")
            return (
                constant is not None
                and constant.get("Value", "").lower() in _value(condition, values).lower()
            )
        case "IsGreaterThanOrEqualTo":
            return _value(condition, values) >= _constant(condition)
        case "IsEqualTo":
            return _value(condition, values) == _constant(condition)
    raise ValueError("a condition that the bench's Exchange does not know")


def _value(condition: etree._Element, values: Mapping[str, str]) -> str:
    uri = condition.find(T + "FieldURI")
    return values[uri.get("FieldURI", "")] if uri is not None else ""


def _constant(condition: etree._Element) -> str:
    constant = condition.find(f"{T}FieldURIOrConstant/{T}Constant")
    return constant.get("Value", "") if constant is not None else ""
