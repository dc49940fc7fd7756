"""The simulator as a child process, with its control page."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from mailbot.simulator import Town
from mailbot.simulator.__main__ import FEWEST_MAILBOXES, main


@contextmanager
def child(folder, *options):
    command = [sys.executable, "-m", "mailbot.simulator", "--folder", str(folder), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def ask(asks):
    def send(ready, password="demo-only"):
        body = asks.get_reply(ready["sender"])
        envelope = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
            'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
            f"<s:Body>{body}</s:Body></s:Envelope>"
        )
        auth = (ready["username"], password)
        return requests.post(ready["endpoint"], data=envelope, auth=auth, timeout=60).status_code

    return send


def test_it_writes_its_files_says_where_it_is_serves_and_ends_on_sigterm(tmp_path, ask):
    with child(tmp_path / "town", "--seed", "3", "--mailboxes", "400") as (process, ready):
        assert ready["endpoint"].startswith("http://127.0.0.1:")
        told = (tmp_path / "town" / "directory.ldf").read_bytes()
        assert told == Town.build(3, 400).directory_ldf().encode("ascii")
        assert ask(ready) == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_it_ends_when_its_parent_closes_the_pipe(tmp_path):
    with child(tmp_path, "--mailboxes", "400", "--watch-stdin") as (process, _ready):
        process.stdin.close()
        assert process.wait(60) == 0
        process.stdin = None


def test_its_password_comes_from_a_file(tmp_path, ask):
    (tmp_path / "secret").write_text("een ander\n")
    with child(tmp_path, "--mailboxes", "400", "--password-file", str(tmp_path / "secret")) as (_, ready):
        assert ask(ready) == 401
        assert ask(ready, "een ander") == 200


def test_a_moment_without_zone_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="offset"):
        main(["--folder", str(tmp_path), "--now", "2026-11-23T06:00:00"])


def test_a_town_that_is_too_small_is_refused_in_one_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["--folder", str(tmp_path / "town"), "--mailboxes", str(FEWEST_MAILBOXES - 1)])
    assert refused.value.code == 2
    assert capsys.readouterr().err.endswith(f"need at least {FEWEST_MAILBOXES} mailboxes\n")
    assert not (tmp_path / "town").exists()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_smallest_town_has_room_for_all_stories(seed):
    assert len(Town.build(seed, FEWEST_MAILBOXES).staged()) > 200


@pytest.fixture
def control(server):
    def call(method, page, given=None):
        answer = requests.request(method, f"{server.control}/{page}", json=given, timeout=60)
        return answer.status_code, answer.json()

    return call


def test_the_control_page_tells_what_was_asked(control, client, asks, address):
    someone = address("plain-over")
    client.ask(asks.find_folder(), someone)
    client.ask(asks.find_item("inbox", someone, properties='<t:FieldURI FieldURI="item:Subject"/>'), someone)
    assert control("GET", "log?summary=1") == (
        200,
        {
            "operations": {"FindFolder": 1, "FindItem": 1},
            "content_asked": 1,
            "body_asked": 1,
            "refused_sign_ins": 0,
        },
    )
    status, lines = control("GET", "log")
    assert (status, [line["mailboxes"] for line in lines]) == (200, [[someone], [someone]])
    assert control("DELETE", "log") == (200, {})
    assert control("GET", "log") == (200, [])


def test_the_control_page_moves_the_clock(control, town):
    assert control("GET", "clock") == (200, {"now": "2026-11-23T05:00:00+00:00"})
    assert control("POST", "clock", {"advance_seconds": 3600})[1] == {"now": "2026-11-23T06:00:00+00:00"}
    assert control("POST", "clock", {"now": "2026-12-01T08:00:00+01:00"})[0] == 200
    assert town.clock.now().isoformat() == "2026-12-01T07:00:00+00:00"
    assert control("POST", "clock", {"now": "2026-12-01T08:00:00"})[0] == 400


def test_the_control_page_sets_and_clears_faults(control, client, asks, address):
    someone = address("plain-over")
    assert control("POST", "faults", {"kind": "plain_500", "operation": "GetInboxRules", "nth": 2})[0] == 200
    assert [client.ask(asks.rules(someone), someone).status for _ in range(2)] == [200, 500]
    assert control("GET", "faults") == (200, {"struck": 1})
    assert control("DELETE", "faults") == (200, {})
    assert client.ask(asks.rules(someone), someone).status == 200
    assert control("POST", "faults", {"kind": "earthquake"})[0] == 400


def test_the_control_page_tells_what_was_delivered_expected_and_excluded(
    control, client, asks, address, town
):
    someone = address("plain-over")
    made = client.ask(asks.create(someone, sender=town.sender))
    client.ask(asks.send(made.all(".//t:ItemId")[0].get("Id"), town.sender))
    assert control("GET", "delivered") == (
        200,
        {someone: {"count": 1, "message_ids": ["<k-1@voorbeeld.example>"]}},
    )
    assert control("GET", "expected") == (200, town.expected())
    assert control("GET", "excluded") == (200, town.excluded())


def test_other_pages_do_not_exist(control, server):
    assert control("GET", "secrets")[0] == 404
    assert requests.get(f"{server.base_url}/owa", timeout=60).status_code == 404
    assert requests.post(f"{server.base_url}/owa", data=b"x", timeout=60).status_code == 404


def test_a_request_without_length_or_far_too_long_is_refused(server):
    answer = requests.post(server.endpoint, data=iter([b"x"]), timeout=60)
    assert answer.status_code == 413


@pytest.mark.parametrize("content", [b"", b"<a/>", b"not xml", b"<!DOCTYPE x [<!ENTITY e 'x'>]><x>&e;</x>"])
def test_what_is_no_soap_gets_a_fault(server, content):
    answer = requests.post(
        server.endpoint, data=content, auth=("VOORBEELD\\svc-mailbot", "demo-only"), timeout=60
    )
    assert answer.status_code == 500
    assert "<s:Fault>" in answer.text
