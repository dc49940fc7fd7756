"""What leaves for the server: valid by the schema of EWS, small, under one name, and no more than needed."""

from collections.abc import Callable
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from exchangelib.services import FindFolder, GetUserOofSettings
from exchangelib.services.common import EWSAccountService, EWSService
from lxml import etree
from requests import PreparedRequest, Response

from mailbot.exchange.ews import access_calls, calls, wire
from mailbot.model.ids import Address, LetterId, ObjectGuid
from mailbot.ports import Exchange, Post, Target
from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenRoad
from tests.contract.roads import (
    ABSENCES,
    AMSTERDAM,
    EVERYTHING,
    NOW,
    asked,
    listen,
    read,
    staff,
)
from tests.contract.test_post import letter, send

LARGEST = 64 * 1024
"""Some servers answer HTTP 400 on a kept connection to anything larger."""


@pytest.fixture
def contents(server: SimulatorServer) -> list[bytes]:
    """Every request as it came in."""
    heard: list[bytes] = []
    listen(server, heard.append)
    return heard


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[PreparedRequest]:
    """Every HTTP request as it went out, the rounds of NTLM included."""
    heard: list[PreparedRequest] = []
    send_one = wire.Adapter.send

    def tapped(self: wire.Adapter, request: PreparedRequest, **options: Any) -> Response:
        heard.append(request.copy())
        return send_one(self, request, **options)

    monkeypatch.setattr(wire.Adapter, "send", tapped)
    return heard


def everything(road: Exchange, post: Post, town: Town) -> None:
    """Every request that mailbot has."""
    road.sign_in()
    read(road, staff(town), EVERYTHING)
    list(road.reachable([Target(m.guid, Address(m.address)) for m in staff(town)]))
    mail = letter(town)
    send(post, mail)
    post.trace(mail.key, mail.message_id)
    post.trace(LetterId("other"), "<other@voorbeeld.example>")
    post.left_over()
    post.tidy([mail.key])


@pytest.mark.parametrize("impersonate", [True, False], ids=["impersonation", "full access"])
def test_every_request_is_valid_by_the_schema(
    serve: Callable[..., SimulatorServer],
    open_road: OpenRoad,
    open_post: Callable[..., Post],
    town: Town,
    valid: Callable[[Any], None],
    schema: etree.XMLSchema,
    impersonate: bool,
) -> None:
    server = serve(full_access=True)
    contents: list[bytes] = []
    listen(server, contents.append)
    everything(open_road(server, impersonate=impersonate), open_post(server, impersonate=impersonate), town)
    operations = set()
    for content in contents:
        header, body = etree.fromstring(content)
        operations.add(etree.QName(body[0]).localname.removesuffix("Request"))
        for part in (*header, *body):
            valid(part)
    assert operations == {
        "FindFolder", "GetFolder", "GetUserAvailability", "GetUserOofSettings", "GetInboxRules",
        "CreateItem", "SendItem", "FindItem", "DeleteItem",
    }  # fmt: skip


def test_the_largest_batch_stays_small(
    open_road: OpenRoad, server: SimulatorServer, contents: list[bytes]
) -> None:
    """Fifty addresses of the greatest length that addresses have."""
    longest = [Address(f"{'a' * 60}{n:03}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example") for n in range(50)]
    assert {len(address.value) for address in longest} == {254}
    targets = [Target(ObjectGuid(str(n)), address) for n, address in enumerate(longest)]
    road = open_road(workers=1)
    list(road.read(targets, [ABSENCES], lambda _facts: (), NOW))
    list(road.read([*targets, *targets[:1]], [ABSENCES], lambda _facts: (), NOW))
    assert max(map(len, contents)) < LARGEST


def test_a_letter_of_ordinary_length_stays_small(post: Post, contents: list[bytes], town: Town) -> None:
    send(post, letter(town, html="<p>" + "woorden " * 5000 + "</p>"))
    assert max(map(len, contents)) < LARGEST


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_requests_bear_our_name_and_no_header_too_many(
    open_road: OpenRoad, open_post: Callable[..., Post], town: Town, sent: list[PreparedRequest], auth: str
) -> None:
    everything(open_road(auth=auth), open_post(auth=auth), town)
    assert {request.headers["User-Agent"] for request in sent} == {"mailbot"}
    names = {name.lower() for request in sent for name in request.headers}
    assert names == {
        "user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length",
        "authorization", "x-anchormailbox",
    }  # fmt: skip


def test_the_versions_of_our_libraries_are_nobodys_business(
    post: Post, road: Exchange, town: Town, sent: list[PreparedRequest], contents: list[bytes]
) -> None:
    everything(road, post, town)
    told = b"".join(str(dict(request.headers)).encode() for request in sent) + b"".join(contents)
    for word in (b"exchangelib", b"python", metadata.version("exchangelib").encode()):
        assert word not in told.lower()


def test_a_letter_is_made_without_asking_for_anything(
    post: Post, server: SimulatorServer, town: Town
) -> None:
    send(post, letter(town))
    assert dict(server.log.counts()) == {"CreateItem": 1, "SendItem": 1}
    assert not [line for line in server.access_log() if line.properties]


def test_no_words_of_people_are_asked_for(
    road: Exchange, post: Post, server: SimulatorServer, town: Town
) -> None:
    """Neither a body nor a subject, a correspondent, a folder's name or an event's details."""
    everything(road, post, town)
    assert [line.content_asked for line in server.access_log() if line.content_asked] == []


def test_all_at_once_costs_each_mailbox_one_request_per_question(
    open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
) -> None:
    road = open_road(workers=3)
    road.sign_in()
    server.log.clear()
    read(road, people)
    counts = dict(server.log.counts())
    batches = counts.pop("GetUserAvailability")
    assert counts == dict.fromkeys(("FindFolder", "GetUserOofSettings", "GetInboxRules"), len(people))
    assert batches <= 2 * 3


def test_a_batch_never_exceeds_what_exchange_takes(open_road: OpenRoad) -> None:
    town = Town.build(seed=1, mailboxes=170, now=NOW, stories=())
    people = staff(town)
    with SimulatorServer(town) as server:
        road = open_road(server, workers=1)
        road.sign_in()
        server.log.clear()
        read(road, people, [ABSENCES])
        sizes = [len(boxes) for boxes in asked(server, "GetUserAvailability")]
    assert max(sizes) <= 50
    assert len(sizes) == -(-len(people) // 50)


def test_the_window_of_free_busy_is_written_in_utc(
    post: Post, server: SimulatorServer, contents: list[bytes]
) -> None:
    """Its times have no offset: the zone beside them says that they are UTC."""
    line = post._line  # type: ignore[attr-defined]
    start = NOW.astimezone(AMSTERDAM)
    calls.availability(line, [server.town.sender], start, start + timedelta(days=1), 1e9)
    assert b"<t:StartTime>2026-11-23T05:00:00</t:StartTime>" in contents[0]
    assert b"<t:Bias>0</t:Bias>" in contents[0]


class TestThePinnedClient:
    """The private names of exchangelib that we lean on. When one goes, this says so before the wire does."""

    def test_its_version_is_the_one_that_was_read(self) -> None:
        assert metadata.version("exchangelib") == "5.6.0"
        pins = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
        assert '"exchangelib==5.6.0"' in pins

    @pytest.mark.parametrize(
        "name",
        [
            "_get_response_xml",
            "_get_soap_parts",
            "_raise_soap_errors",
            "_api_versions_to_try",
            "_update_api_version",
        ],
    )
    def test_a_name_is_still_there_and_is_ours_where_we_replace_it(self, name: str) -> None:
        assert callable(getattr(EWSService, name))
        if name != "_get_response_xml":
            assert getattr(calls._FindFolder, name) != getattr(FindFolder, name)
        assert issubclass(GetUserOofSettings, EWSAccountService)

    def test_of_delegates_the_whole_answer_is_ours(self) -> None:
        ours = access_calls._GetDelegate
        assert ours._get_soap_messages is not EWSService._get_soap_messages
        assert ours._response_tag().endswith("}GetDelegateResponse")
