"""The list of traps is whole: each names tests that exist, and none of those that matter most is missing.

Beside it stands what holds for all requests at once: which operations we can send, and how large a page is.
"""

import ast
import importlib
import pkgutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from exchangelib.services.common import EWSService
from lxml import etree

from mailbot import exchange
from mailbot.exchange import ews
from mailbot.exchange.ews import access_calls, calls, letter_calls, sent_calls, sent_changes
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.ports import Post
from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.access import SIGN_IN
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.canned import can, messages, page
from tests.contract.conftest import OpenRoad
from tests.contract.roads import EVERYTHING, listen, read
from tests.contract.test_ews_requests import everything
from tests.contract.test_judging_facts import ALL

ROOT = Path(__file__).parents[2]
TRAPS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("traps.toml").read_text(encoding="utf-8")
)["trap"]

NAMED = {
    "pool deadlock",
    "doubled CreateItem",
    "401 as throttling",
    "orphaned delegate",
    "wrong permission levels",
    "sub-folder flag",
    "bodies by default",
    "fractional seconds ending in Z",
    "one bad mailbox in an availability batch",
    "sync state lost on a crash",
    "expired or missing sync state",
    "OOF texts wiped on disable",
    "mail data in library logs",
    "User-Agent",
    "invalid MailTips",
    "requests over 64 KiB",
    "offset paging gaps",
    "error objects in lists",
    "codes without an exception class",
}
SECTIONS = {2, 3, 4, 5, 6, 10, 12, 17}

READS = {
    "ExpandDL", "FindFolder", "FindItem", "GetDelegate", "GetFolder", "GetInboxRules", "GetItem",
    "GetUserAvailability", "GetUserConfiguration", "GetUserOofSettings", "ResolveNames", "SyncFolderItems",
}  # fmt: skip
WRITES = {"CreateItem", "SendItem", "DeleteItem"}
"""All about letters of our own, in the service mailbox."""


class TestTheList:
    def test_none_that_matters_is_missing(self) -> None:
        assert {trap["name"] for trap in TRAPS if trap.get("named")} == NAMED
        assert {trap["section"] for trap in TRAPS} == SECTIONS

    def test_every_entry_is_whole_and_has_a_name_of_its_own(self) -> None:
        names = [trap["name"] for trap in TRAPS]
        assert len(set(names)) == len(names)
        for trap in TRAPS:
            assert trap.keys() - {"named"} == {"name", "section", "trap", "handled", "tests"}, trap["name"]
            assert all(trap[key] for key in ("trap", "handled", "tests")), trap["name"]

    def test_every_test_that_is_named_is_there_and_runs(self) -> None:
        """Collected as pytest does it, so that a name that nobody runs does not pass for a test."""
        named = {_whole(test) for trap in TRAPS for test in trap["tests"]}
        files = sorted({test.partition("::")[0] for test in named})
        command = [sys.executable, "-m", "pytest", "--collect-only", *files]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        collected = {line.partition("[")[0] for line in told.stdout.splitlines() if "::" in line}
        assert collected, told.stdout + told.stderr
        there = collected | {test.rpartition("::")[0] for test in collected} | set(files)
        missing = sorted(named - there)
        assert not missing, f"traps.toml names tests that do not exist: {missing}"


def _whole(test: str) -> str:
    return test if test.startswith("tests/") else f"tests/contract/{test}"


def services() -> Iterator[tuple[str, type[Any]]]:
    """(module, service) of every exchangelib service that the road can send."""
    for info in pkgutil.iter_modules(ews.__path__):
        module = importlib.import_module(f"{ews.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, EWSService) and value is not EWSService:
                yield info.name, value


def test_we_can_send_these_operations_and_no_others() -> None:
    """Nothing that writes a setting, a rule or a folder, and no tips: by what the source can send at all."""
    named = {(module, service.SERVICE_NAME) for module, service in services() if service.SERVICE_NAME}
    assert {operation for _, operation in named} == READS | WRITES
    assert {module for module, operation in named if operation in WRITES} == {"letter_calls"}
    assert not {"SetUserOofSettings", "UpdateInboxRules", "GetMailTips", "UpdateItem", "ConvertId"} & (
        READS | WRITES
    )


def test_every_service_that_is_sent_is_one_of_ours() -> None:
    """A service without our patches would retry, log and wait as the client does."""
    bare = {
        (module, service.__name__)
        for module, service in services()
        if service.__module__.startswith("mailbot.") and not issubclass(service, calls.Raw)
    }
    assert not bare
    for path in Path(ews.__path__[0]).glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        theirs = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "exchangelib.services"
            for alias in node.names
        }
        called = {
            n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        assert not theirs & called, f"{path.name} sends {theirs & called} without our patches"


def test_the_client_is_not_changed_for_the_whole_process() -> None:
    """No property is registered with it, and nobody looks for a server elsewhere."""
    for path in Path(exchange.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls_made = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not calls_made & {"register", "deregister", "discover"}, path.name
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not [module for module in modules if module.startswith("exchangelib.autodiscover")]


def test_a_whole_run_sends_nothing_else_either(
    open_road: OpenRoad, post: Post, server: SimulatorServer, town: Town, people: list[Mailbox]
) -> None:
    """By the server's own log, of every need that there is and a letter's whole life."""
    road = open_road()
    everything(road, post, town)
    read(road, people, [*EVERYTHING, *ALL])
    log = [line for line in server.access_log() if line.operation != SIGN_IN]
    assert {line.operation for line in log} <= READS | WRITES
    assert {box for line in log if line.operation in WRITES for box in line.mailboxes} == {town.sender}


def test_no_page_is_larger_than_servers_give(
    open_road: OpenRoad, post: Post, server: SimulatorServer, town: Town, people: list[Mailbox]
) -> None:
    """1000 entries, and 250 where the question has a condition; 512 changes."""
    contents: list[bytes] = []
    listen(server, contents.append)
    road = open_road()
    everything(road, post, town)
    read(road, people, ALL)
    sizes: dict[bool, set[int]] = {True: set(), False: set()}
    for content in contents:
        (request,) = etree.fromstring(content).find("{*}Body")
        for view in request.iterfind("{*}IndexedPageItemView"):
            sizes[request.find("{*}Restriction") is not None].add(int(view.get("MaxEntriesReturned", "")))
        for view in request.iterfind("{*}IndexedPageFolderView"):
            sizes[request.find("{*}Restriction") is not None].add(int(view.get("MaxEntriesReturned", "")))
    assert max(sizes[True]) <= 250 and max(sizes[False]) <= 1000
    assert (sent_calls.PAGE, sent_changes.PAGE, calls.FILTERED_PAGE, calls.PAGE) == (200, 512, 250, 1000)
    assert max(sent_calls.CHUNK, access_calls.CHUNK) <= 100


class TestLettersOfOurs:
    """FindItem for our own letters, which pages by offset as well."""

    LETTER = "<t:Message><t:ItemId Id='a' ChangeKey='b'/></t:Message>"

    @pytest.mark.parametrize("following", [0, 1, 3], ids=["back", "overlap", "gap"])
    def test_pages_that_leave_a_gap_are_no_list(
        self, post: Post, server: SimulatorServer, valid: Callable[[Any], None], following: int
    ) -> None:
        shown = page(self.LETTER * 2, last=False, following=following)
        can(server, {"FindItem": messages("FindItem", shown)}, valid)
        box = post._box  # type: ignore[attr-defined]
        with pytest.raises(EwsTrouble) as told:
            letter_calls.find_letters(box, "sentitems", 1e12)
        assert (told.value.reason, told.value.code) == (Reason.ANSWER_BROKEN, "paging")

    def test_the_oldest_come_first_so_that_new_ones_move_nothing(
        self, post: Post, server: SimulatorServer, valid: Callable[[Any], None]
    ) -> None:
        canned = can(server, {"FindItem": messages("FindItem", page(self.LETTER))}, valid)
        box = post._box  # type: ignore[attr-defined]
        found, last = letter_calls.find_letters(box, "sentitems", 1e12)
        assert (len(found), last) == (1, True)
        (asked,) = canned.asked("FindItem")
        (order,) = asked.iterfind("{*}SortOrder/{*}FieldOrder")
        assert order.get("Order") == "Ascending"
        assert order[0].get("FieldURI") == "item:DateTimeCreated"
