"""Our patches against the pinned release of exchangelib: what they lean on is still what was read.

Every piece of exchangelib that our code overrides, calls by a private name or counts on has a fingerprint
here. When a new release changes one, the test says which of ours leans on it and what to look at. Then read
the change, mend what has to be mended, and put the new fingerprint in the table.
"""

import ast
import hashlib
import importlib
import inspect
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from importlib import metadata
from pathlib import Path

import pytest

from mailbot import exchange

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Lean:
    """`place` is module and name inside exchangelib; `ours` what leans on it; `look` what to look at when it
    changed."""

    place: str
    fingerprint: str
    ours: str
    look: str

    @property
    def name(self) -> str:
        return self.place.partition(":")[2]


SERVICE, ACCOUNT_SERVICE = "services.common:EWSService", "services.common:EWSAccountService"
PROTOCOL = "protocol:BaseProtocol"

LEANS = (
    Lean(
        f"{SERVICE}._get_response_xml",
        "21285babe9ae6da8",
        "calls._ask takes the response messages from it, one request and one API version for each call",
        "whether it still tries the versions of _api_versions_to_try only, and retries nothing itself",
    ),
    Lean(
        f"{SERVICE}._get_response",
        "bc8593eda928aa8b",
        "calls._ask counts on one connection taken and given back, and on service.timeout being used",
        "whether a connection is still taken before wrap(), and given back or retired on every way out",
    ),
    Lean(
        f"{SERVICE}.wrap",
        "c0c099811e862f93",
        "calls._write writes the request once, measures it, and hands it over in the place of this method",
        "whether its parameters are the same and the whole request is what it returns",
    ),
    Lean(
        f"{SERVICE}._api_versions_to_try",
        "452b40fb0285c5c1",
        "calls.Raw gives one version, so that a refused request is not sent ten times",
        "whether the loop in _get_response_xml still asks this method",
    ),
    Lean(
        f"{SERVICE}._update_api_version",
        "3f1870a442b23fab",
        "calls.Raw does nothing here, so that the version in an answer's header is not followed",
        "whether the version is followed somewhere else now",
    ),
    Lean(
        f"{SERVICE}._get_soap_parts",
        "b552666bc3b81b8d",
        "calls.Raw parses the whole answer at once, without entities",
        "whether it is still a class method that gives header and body of one response",
    ),
    Lean(
        f"{SERVICE}._get_soap_messages",
        "a4611c5534651678",
        "the elements that calls.checked reads come from it; access_calls._GetDelegate replaces it",
        "whether it gives the messages themselves, or the response when there is no list of messages",
    ),
    Lean(
        f"{SERVICE}._raise_soap_errors",
        "b8a735aea8f3f4d7",
        "calls.Raw raises by the response code of the fault, also where no class has that name",
        "whether every SOAP fault still comes by here",
    ),
    Lean(
        f"{SERVICE}._extra_headers",
        "f3aa17bd0851930c",
        "availability is asked without X-AnchorMailbox and in nobody's name",
        "whether a call of the protocol still adds no header of its own",
    ),
    Lean(
        f"{SERVICE}.__init__",
        "73e3c3f43a68f7cb",
        "our services are made with account=box or a protocol, and nothing else",
        "whether it now asks the server for something, such as its version",
    ),
    Lean(
        ACCOUNT_SERVICE,
        "6e4ccc30f2a8a685",
        "connection.Box stands for the account: impersonation, anchor mailbox, zone and version come from it",
        "which attributes of an account it reads, and whether Box has them all",
    ),
    Lean(
        "services.get_delegate:GetDelegate",
        "cc55b4f1b66a4512",
        "access_calls._GetDelegate takes the answer whole, because one orphan would hide all delegates",
        "whether faulty delegates now come one by one (ERRORS_TO_CATCH_IN_RESPONSE): then ours can go",
    ),
    Lean(
        "services.get_user_availability:GetUserAvailability",
        "128307e6b6c91e98",
        "calls.availability reads one FreeBusyResponse for each mailbox, faulty ones among them",
        "under which tag the answers stand, and whether one bad mailbox still raises",
    ),
    Lean(
        "services.inbox_rules:GetInboxRules",
        "f9e2221dd4b520c6",
        "calls.inbox_rules uses its payload and reads the answer beside the message",
        "whether get_payload still takes the mailbox alone",
    ),
    Lean(
        "services.get_user_oof_settings:GetUserOofSettings",
        "078a22757b1ddb8e",
        "calls.oof_settings reads OofSettings beside the message in one response",
        "under which tag the answer stands",
    ),
    Lean(
        f"{PROTOCOL}.__init__",
        "40b104e369afc740",
        "connection.Line makes a protocol past the cache, with one connection",
        "whether it now talks to the server or keeps state that lines would share",
    ),
    Lean(
        f"{PROTOCOL}.create_session",
        "d6658030b80232eb",
        "connection.LineProtocol sets trust on what it gives; a new session is a new sign-in",
        "whether trust_env and verify are still ours to set afterwards, and whether it asks for a token",
    ),
    Lean(
        f"{PROTOCOL}.raw_session",
        "636956e5d447ac50",
        "the User-Agent, the adapter with our sockets and the default headers are set here",
        "whether USERAGENT and HTTP_ADAPTER_CLS are still read, and which headers were added",
    ),
    Lean(
        f"{PROTOCOL}.get_session",
        "6ab1355bdb797278",
        "a line has one connection and one thread: it may never wait here, for nothing could cut it",
        "whether it still makes a session when the pool is empty and below its size",
    ),
    Lean(
        f"{PROTOCOL}.release_session",
        "4915b3d621b87d2c",
        "MAX_SESSION_USAGE_COUNT wears a connection out after 500 requests",
        "whether a worn-out session is still replaced by a new one",
    ),
    Lean(
        f"{PROTOCOL}.retire_session",
        "6d947ef7cdc08439",
        "after a failed call the next one has a connection of its own again",
        "whether a session that cannot be made is still lost (issue 1373): see LineProtocol",
    ),
    Lean(
        f"{PROTOCOL}.close",
        "0fb2153bee3b9f40",
        "connection.Line.close ends the connections of a line",
        "whether all sessions of the pool are still closed",
    ),
    Lean(
        "protocol:CachingProtocol.__call__",
        "0bee373e2684c16a",
        "connection.Line steps over it: its cache would give all workers one and the same connection",
        "whether the cache is still in the metaclass and nowhere else",
    ),
    Lean(
        "protocol:RetryPolicy.raise_response_errors",
        "f19304db63e7bce7",
        "connection.Strict replaces it: 401 is no throttling, and no answer's text gets into an error",
        "whether the statuses that pass (200, and 500 with XML) are the same",
    ),
    Lean(
        "protocol:FailFast",
        "83ee9286a656d9d9",
        "connection.Strict never rests and never tries again",
        "whether it still has no back-off",
    ),
    Lean(
        "util:post_ratelimited",
        "54d678b790429c9e",
        "trouble.from_exception reads its errors; nothing of it may be tried again or logged",
        "which errors it raises, whether sessions are retired on each, and what it logs",
    ),
    Lean(
        "util:is_xml",
        "a015d170c7922cef",
        "connection.Strict lets an HTTP 500 pass that carries XML",
        "whether it still takes bytes and looks at their beginning only",
    ),
    Lean(
        "util:create_element",
        "5c0d7f9f20d30284",
        "calls.el makes every element of every request with it",
        "whether prefixes and attributes are still given as text",
    ),
    Lean(
        "util:xml_to_str",
        "351f15072cf74041",
        "the request is measured as the bytes that it gives",
        "whether it still gives bytes with an XML declaration",
    ),
    Lean(
        "transport:get_auth_instance",
        "0180d5d1a290954b",
        "sign-in is made here from user name and password, and for Kerberos from the ticket",
        "which arguments the sign-in gets, channel binding among them",
    ),
    Lean(
        "configuration:Configuration.__init__",
        "f2f7208d988d3113",
        "connection.Line gives endpoint, way of signing in and version, so that nothing is asked for first",
        "whether something is now asked of the server, or looked up by autodiscover",
    ),
    Lean(
        "account:Identity",
        "45e44b2faa9cc53f",
        "connection.Box impersonates by the primary SMTP address",
        "which element it becomes in the header ExchangeImpersonation",
    ),
    Lean(
        "version:Version.__init__",
        "788a3189738e4136",
        "connection.Line names build and API version itself",
        "whether they still need no server",
    ),
)

PLAIN = {
    "exchangelib": {
        "BASIC", "DELEGATE", "GSSAPI", "IMPERSONATION", "NTLM", "UTC", "Build", "Configuration",
        "Credentials", "Version",
    },
    "exchangelib.account": {"Identity"},
    "exchangelib.errors": {"EWSError"},
    "exchangelib.protocol": {"FailFast", "Protocol"},
    "exchangelib.services": {
        "CreateItem", "DeleteItem", "ExpandDL", "FindFolder", "FindItem", "GetDelegate", "GetFolder",
        "GetInboxRules", "GetItem", "GetUserAvailability", "GetUserConfiguration", "GetUserOofSettings",
        "ResolveNames", "SendItem", "SyncFolderItems",
    },
    "exchangelib.services.common": {"EWSAccountService"},
    "exchangelib.transport": {"NOAUTH"},
    "exchangelib.util": {"ENS", "MNS", "SOAPNS", "TNS", "create_element", "is_xml"},
}  # fmt: skip
"""All that our code imports. A name that joins is read first, and gets a fingerprint when we lean on it."""


def fingerprint(source: str) -> str:
    """Of what the source does: comments, docstrings, blank lines and indentation do not count."""
    text = textwrap.dedent(source)
    lines = dict(enumerate(text.splitlines(), 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            first = node.body[0]
            for number in range(first.lineno, (first.end_lineno or first.lineno) + 1):
                lines.pop(number, None)
    kept = (line.strip() for line in lines.values())
    doing = "\n".join(line for line in kept if line and not line.startswith("#"))
    return hashlib.sha256(doing.encode()).hexdigest()[:16]


def installed(lean: Lean) -> str | None:
    """The source as it is installed, None when there is no such thing any more."""
    module, _, path = lean.place.partition(":")
    try:
        thing = reduce(getattr, path.split("."), importlib.import_module(f"exchangelib.{module}"))
    except (ImportError, AttributeError):
        return None
    return inspect.getsource(thing)  # type: ignore[arg-type]


def complaint(lean: Lean, source: str | None, release: str) -> str | None:
    """What to tell the one who installed another release; None when all is as it was."""
    if source is None:
        return (
            f"exchangelib {release} has no {lean.name} any more. Ours leans on it: {lean.ours}. "
            f"Look {lean.look}."
        )
    now = fingerprint(source)
    if now == lean.fingerprint:
        return None
    return (
        f"exchangelib {release} changed {lean.name}. Ours leans on it: {lean.ours}. Look {lean.look}. "
        f"When ours still holds, its fingerprint in this file becomes {now!r}."
    )


@pytest.mark.parametrize("lean", LEANS, ids=lambda lean: lean.name)
def test_what_we_lean_on_is_what_was_read(lean: Lean) -> None:
    told = complaint(lean, installed(lean), metadata.version("exchangelib"))
    assert told is None, told


class TestComplaints:
    """The day a new release comes, simulated: the sentence must tell what to do."""

    LEAN = next(lean for lean in LEANS if lean.name == "EWSService.wrap")

    def test_a_changed_source_is_told_with_what_leans_on_it(self) -> None:
        source = installed(self.LEAN)
        assert source is not None
        changed = source.replace("s:Envelope", "s:Envelop")
        assert changed != source
        told = complaint(self.LEAN, changed, "5.7.0")
        assert told is not None
        assert told.startswith("exchangelib 5.7.0 changed EWSService.wrap. Ours leans on it: calls._write ")
        assert "Look whether its parameters are the same" in told
        assert told.endswith(f"its fingerprint in this file becomes {fingerprint(changed)!r}.")

    def test_a_name_that_went_is_told_too(self) -> None:
        gone = Lean("services.common:EWSService._gone", "", "calls._ask uses it", "for its new name")
        told = complaint(gone, installed(gone), "5.7.0")
        assert told == (
            "exchangelib 5.7.0 has no EWSService._gone any more. Ours leans on it: calls._ask uses it. "
            "Look for its new name."
        )

    def test_words_for_people_do_not_count(self) -> None:
        source = "    def f(self):\n        return 1\n"
        told = 'def f(self):\n    """What it is for,\n\n    at length."""\n\n    # why\n    return 1'
        assert fingerprint(source) == fingerprint(told)
        assert fingerprint(source) != fingerprint(source.replace("1", "2"))


def imported() -> Iterator[tuple[str, str]]:
    """(module, name) of everything that the road imports from exchangelib."""
    for path in sorted(Path(exchange.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("exchangelib"):
                yield from ((node.module or "", alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names if alias.name.startswith("exchangelib")]
                assert not names, f"{path.name} imports all of {names}: name what it needs"


def test_nothing_of_it_is_used_that_was_not_read() -> None:
    unread = {f"{module}.{name}" for module, name in imported() if name not in PLAIN.get(module, set())}
    unread -= {"exchangelib.errors"}
    assert not unread, (
        f"our code imports {sorted(unread)} from exchangelib: read it, add it to PLAIN, and give it a "
        "fingerprint in LEANS when ours leans on how it works"
    )


def test_the_release_is_the_one_that_was_read() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [pin] = [text for text in project["project"]["dependencies"] if text.startswith("exchangelib")]
    release = metadata.version("exchangelib")
    assert pin == f"exchangelib=={release}", (
        f"pyproject.toml says {pin}, and exchangelib {release} is installed: the fingerprints here are "
        "those of the pinned release"
    )
