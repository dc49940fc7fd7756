"""The private names of exchangelib that the EWS road leans on.

A new release of exchangelib may rename them without a word. These tests say so in one sentence each; then
read its changes, mend `mailbot/exchange/ews/connection.py` and `calls.py`, and move the pin.
"""

import importlib
import inspect
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from exchangelib.protocol import BaseProtocol, CachingProtocol, Protocol
from exchangelib.services import common

from mailbot.exchange import ews
from mailbot.exchange.ews import calls, connection

OURS = {"line"}
"""Names that our classes add and exchangelib need not know."""


def pinned() -> str:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    [pin] = [text for text in project["project"]["dependencies"] if text.startswith("exchangelib")]
    return str(pin).removeprefix("exchangelib==")


def adopted() -> Iterator[tuple[type, type]]:
    """Classes of the road that stand on a class of exchangelib: (ours, theirs)."""
    for info in pkgutil.iter_modules(ews.__path__):
        for value in vars(importlib.import_module(f"{ews.__name__}.{info.name}")).values():
            if isinstance(value, type) and value.__module__.startswith("mailbot."):
                theirs = [base for base in value.__mro__ if base.__module__.startswith("exchangelib.")]
                if theirs:
                    yield value, theirs[0]


def overridden() -> list[tuple[type, type, str, Any]]:
    """(our class, theirs, name, our definition) for every name of exchangelib's that is ours now."""
    found = []
    for ours, theirs in adopted():
        for base in ours.__mro__:
            if base.__module__.startswith("mailbot."):
                names = {n: v for n, v in vars(base).items() if not n.startswith("__") and n not in OURS}
                found += [(ours, theirs, name, definition) for name, definition in names.items()]
    return found


def parameters(definition: object) -> list[str]:
    function = definition.__func__ if isinstance(definition, classmethod) else definition
    assert isinstance(function, FunctionType)
    return list(inspect.signature(function).parameters)


def test_the_installed_release_is_the_pinned_one() -> None:
    installed = version("exchangelib")
    assert installed == pinned(), (
        f"exchangelib {installed} is installed, but pyproject.toml pins {pinned()}: "
        "the road leans on private names of the pinned release"
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "name", "definition"),
    overridden(),
    ids=[f"{o.__name__}.{n}" for o, _, n, _ in overridden()],
)
def test_what_we_override_is_there_to_be_overridden(
    ours: type, theirs: type, name: str, definition: object
) -> None:
    original = inspect.getattr_static(theirs, name, None)
    assert name in dir(theirs), f"{theirs.__name__}.{name} is gone: {ours.__name__} overrides nothing"
    if isinstance(definition, FunctionType | classmethod):
        assert type(original) is type(definition), (
            f"{theirs.__name__}.{name} is no longer called the same way"
        )
        assert parameters(original) == parameters(definition), (
            f"{theirs.__name__}.{name} has other parameters"
        )


def test_the_road_stands_on_the_services_and_the_protocol() -> None:
    names = {theirs.__name__ for _, theirs in adopted()}
    assert {"Protocol", "FailFast", "FindFolder", "GetUserAvailability", "GetInboxRules"} <= names
    assert len(overridden()) > len(names)


def test_a_service_sends_one_payload_and_gives_the_response_messages() -> None:
    assert parameters(common.EWSService._get_response_xml) == ["self", "payload"]
    source = inspect.getsource(common.EWSService._get_response_xml)
    used = {name for name in vars(calls.Raw) if name.startswith("_") and not name.startswith("__")}
    for name in used:
        assert f"{name}(" in inspect.getsource(common.EWSService), f"EWSService no longer calls {name}"
    assert "_api_versions_to_try" in source and "_update_api_version" in source


def test_the_version_hint_is_a_property_with_the_version_of_the_account() -> None:
    for service in (common.EWSService, common.EWSAccountService):
        assert isinstance(inspect.getattr_static(service, "_version_hint"), property)


def test_a_service_asks_nothing_of_an_account_that_a_box_does_not_have() -> None:
    asked = set(re.findall(r"self\.account\.(\w+)", inspect.getsource(common.EWSAccountService)))
    assert asked, "EWSAccountService no longer asks its account for anything: look how it signs now"
    missing = {name for name in asked if name not in inspect.getsource(connection.Box)}
    assert not missing, f"exchangelib now asks an account for {sorted(missing)}, which Box does not have"


def test_a_timeout_set_on_a_service_reaches_the_socket() -> None:
    assert "timeout" in inspect.signature(common.EWSService.__init__).parameters
    assert "self.timeout or" in inspect.getsource(common.EWSService)


def test_the_cache_of_protocols_is_in_the_metaclass_that_we_step_over() -> None:
    assert type(Protocol) is CachingProtocol
    assert "__call__" in vars(CachingProtocol), "the cache moved: workers may share one connection again"
    source = inspect.getsource(BaseProtocol)
    for name in ("HTTP_ADAPTER_CLS", "USERAGENT", "MAX_SESSION_USAGE_COUNT"):
        assert f".{name}" in source, f"exchangelib no longer reads {name}"
