"""From a validation error to problems: the key as it stands in the file, and words that say what to do."""

import difflib
import re
import types
from collections.abc import Container, Mapping
from datetime import date, datetime, time
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from mailbot.config.problems import Problem

_LONGEST_QUOTED = 40
_SAFE_ID = re.compile(r"[a-z0-9.+_-]{1,60}")
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}
_LENGTHS = {
    "string_too_short": "a longer text",
    "string_too_long": "a shorter text",
    "too_short": "at least one item",
    "too_long": "fewer items",
}
_KINDS = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a date without quotes, such as 2026-11-21",
    "date_from_datetime_inexact": "a date without a time, such as 2026-11-21",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "tuple_type": "a list in square brackets",
    "list_type": "a list in square brackets",
    "frozen_set_type": "a list in square brackets",
    "path_type": "a path in quotes",
    "is_instance_of": "a text in quotes",
    "dataclass_type": "a text in quotes",
}


def problems_of(
    file: str, error: ValidationError, model: type[BaseModel], raw: Any, quotable: Container[str] = ()
) -> list[Problem]:
    """One problem per error. `raw` is what the file held; of it only numbers and dates are quoted, and short
    texts of the keys in `quotable`, written as `section.key`."""
    return [_problem(file, detail, model, raw, quotable) for detail in error.errors(include_url=False)]


def did_you_mean(word: str, known: list[str]) -> str:
    """A hint for a misspelt name; else the names that exist."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"remove it; known here: {', '.join(sorted(known))}"


def _problem(file: str, detail: Any, model: type[BaseModel], raw: Any, quotable: Container[str]) -> Problem:
    kind, loc, value = detail["type"], detail["loc"], detail["input"]
    context = detail.get("ctx", {})
    where = _where(loc, raw)
    about = _description(model, loc, raw)
    shape = _quoted(value) if where in quotable else _shape(value)
    if kind == "refused":
        found = context["found"] or shape
        return Problem(file, where or "the file", context["expected"], found, context["mend"])
    if kind == "missing":
        if _is_section(model, loc, raw):
            return Problem(file, where, about or "this section", "nothing", f"add a section [{where}]")
        return Problem(file, where, about or "a value for this key", "nothing", f"add `{loc[-1]} = ...`")
    if kind == "extra_forbidden":
        parent = _model_at(model, loc[:-1], raw)
        known = _keys(parent) if parent else []
        return Problem(
            file, where, "a key that mailbot knows", "an unknown key", did_you_mean(str(loc[-1]), known)
        )
    if kind in _LIMITS:
        word, key = _LIMITS[kind]
        expected = _range(model, loc, raw) or f"{word} {context[key]}"
        return Problem(file, where, expected, _shape(value, quote=True), _mend(about))
    if kind in ("literal_error", "enum"):
        options = str(context["expected"]).replace("'", "`")
        return Problem(file, where, options, shape, _mend(about, "choose one of these"))
    if kind in _LENGTHS:
        return Problem(file, where, _LENGTHS[kind], shape, _mend(about))
    if kind in ("tuple_type", "list_type") and isinstance(value, Mapping):
        mend = f"write the heading in two brackets on each side: [[{where}]]"
        return Problem(file, where, "tables with one heading each", "one table", mend)
    expected = _KINDS.get(kind) or about or "a value of another form"
    return Problem(file, where, expected, shape, _mend(about))


def _mend(about: str, otherwise: str = "correct the value") -> str:
    return f"{otherwise}; this is: {about}" if about else otherwise


def _where(loc: tuple[int | str, ...], raw: Any) -> str:
    """The key as people write it: `exchange.workers`, `norm 3 (huizen-4.5).article`."""
    text = ""
    for part in loc:
        raw = _inside(raw, part)
        if isinstance(part, int):
            name = raw.get("id") if isinstance(raw, Mapping) else None
            shown = isinstance(name, str) and _SAFE_ID.fullmatch(name)
            text += f" {part + 1} ({name})" if shown else f" {part + 1}"
        else:
            text += f".{part}" if text else str(part)
    return text


def _inside(raw: Any, part: int | str) -> Any:
    try:
        return raw[part]
    except (KeyError, IndexError, TypeError):
        return None


def _shape(value: Any, *, quote: bool = False) -> str:
    """What a value looks like, without telling it; numbers out of bounds are told."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return str(value) if quote else "a number"
    if isinstance(value, str):
        return f"a text of {len(value)} characters" if value else "an empty text"
    if isinstance(value, datetime | date | time):
        return "a date or time"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return "nothing" if value is None else "something else"


def _quoted(value: Any) -> str:
    """A value that is nobody's secret, as it stands there; a long or strange one by its shape."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.isprintable() and 0 < len(value) <= _LONGEST_QUOTED:
        return f"`{value}`"
    return _shape(value, quote=True)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _field_at(model: type[BaseModel], loc: tuple[int | str, ...], raw: Any) -> FieldInfo | None:
    parent = _model_at(model, loc[:-1], raw) if loc else None
    fields = parent.model_fields.items() if parent else ()
    return next((field for name, field in fields if loc[-1] in (name, field.alias)), None)


def _description(model: type[BaseModel], loc: tuple[int | str, ...], raw: Any) -> str:
    field = _field_at(model, loc, raw)
    return (field.description or "") if field else ""


def _is_section(model: type[BaseModel], loc: tuple[int | str, ...], raw: Any) -> bool:
    """Whether the key holds a table of its own in the file."""
    field = _field_at(model, loc, raw)
    annotation = field.annotation if field else None
    return get_origin(annotation) is dict or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    )


def _range(model: type[BaseModel], loc: tuple[int | str, ...], raw: Any) -> str:
    """Both bounds of a number, when its field has both."""
    field = _field_at(model, loc, raw)
    bounds = field.metadata if field else []
    low = next((bound.ge for bound in bounds if hasattr(bound, "ge")), None)
    high = next((bound.le for bound in bounds if hasattr(bound, "le")), None)
    return "" if low is None or high is None else f"a whole number from {low} to {high}"


def _model_at(model: type[BaseModel] | None, loc: tuple[int | str, ...], raw: Any) -> type[BaseModel] | None:
    """The model that the keys at this place belong to."""
    for part in loc:
        if model is None:
            return None
        if isinstance(part, str):
            depends = getattr(model, "model_of", None)
            found = depends(part, raw) if depends and isinstance(raw, Mapping) else None
            model = found or _field_model(model, part)
        raw = _inside(raw, part)
    return model


def _field_model(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return _first_model(field.annotation)
    return None


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, tuple, dict, Mapping):
        return next((found for arg in get_args(annotation) if (found := _first_model(arg))), None)
    return None
