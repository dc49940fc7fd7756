"""Signing in: names and passwords are really checked, per request with Basic, per connection with NTLM."""

import sys

import pytest
import requests
from requests_ntlm import HttpNtlmAuth

from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.signin import NtlmMissing

NAME, PASSWORD = "VOORBEELD\\svc-mailbot", "demo-only"


def test_basic_with_the_right_password_is_let_in(client, asks, address):
    someone = address("plain-over")
    assert client.ask(asks.get_reply(someone), someone).status == 200


@pytest.mark.parametrize("name", ["voorbeeld\\SVC-mailbot", "svc-mailbot@voorbeeld.example"])
def test_other_spellings_of_the_account_are_the_same_account(server, client_of, asks, address, name):
    someone = address("plain-over")
    assert client_of(server, (name, PASSWORD)).ask(asks.get_reply(someone), someone).status == 200


@pytest.mark.parametrize("auth", [(NAME, "wrong"), ("VOORBEELD\\somebody", PASSWORD), (NAME, "")])
def test_basic_with_anything_else_is_refused(server, client_of, asks, auth):
    got = client_of(server, auth).ask(asks.get_reply("x@voorbeeld.example"))
    assert got.status == 401
    assert [line.refused for line in server.access_log()] == [True]


def test_a_request_without_credentials_is_challenged_but_not_counted_as_refused(server, client_of, asks):
    got = client_of(server, None).ask(asks.get_reply("x@voorbeeld.example"))
    assert got.status == 401
    assert "NTLM" in got.headers["WWW-Authenticate"]
    assert "Basic realm" in got.headers["WWW-Authenticate"]
    assert [line.refused for line in server.access_log()] == [False]


def test_ntlm_signs_the_connection_in_once_for_many_requests(server, client_of, asks, address):
    someone = address("plain-over")
    client = client_of(server, HttpNtlmAuth(NAME, PASSWORD))
    for _ in range(3):
        assert client.ask(asks.get_reply(someone), someone).status == 200
    assert server.log.counts() == {"(sign-in)": 2, "GetUserOofSettings": 3}


def test_ntlm_with_the_other_name_form(server, client_of, asks, address):
    someone = address("plain-over")
    client = client_of(server, HttpNtlmAuth("svc-mailbot@voorbeeld.example", PASSWORD))
    assert client.ask(asks.get_reply(someone), someone).status == 200


def test_ntlm_with_a_wrong_password_is_refused_once_at_the_end_of_its_handshake(server, client_of, asks):
    got = client_of(server, HttpNtlmAuth(NAME, "wrong")).ask(asks.get_reply("x@voorbeeld.example"))
    assert got.status == 401
    assert [line.refused for line in server.access_log()] == [False, False, True]


def test_a_new_connection_starts_unknown(server, client_of, asks, address):
    someone = address("plain-over")
    client_of(server, HttpNtlmAuth(NAME, PASSWORD)).ask(asks.get_reply(someone), someone)
    assert client_of(server, None).ask(asks.get_reply(someone), someone).status == 401


def test_basic_does_not_sign_the_connection_in(server, client_of, asks, address):
    someone = address("plain-over")
    client = client_of(server)
    assert client.ask(asks.get_reply(someone), someone).status == 200
    client.session.auth = None
    assert client.ask(asks.get_reply(someone), someone).status == 401


@pytest.mark.parametrize("header", ["NTLM ###", "NTLM AAAA", "Basic ###", "Bearer x", "Basic", "NTLM "])
def test_nonsense_in_the_authorization_header_is_refused(server, header):
    answer = requests.post(server.endpoint, data=b"<x/>", headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401


def test_only_the_methods_that_are_offered_work(serve, client_of, asks):
    server = serve(methods=("ntlm",))
    got = client_of(server).ask(asks.get_reply("x@voorbeeld.example"))
    assert got.status == 401
    assert got.headers["WWW-Authenticate"] == "NTLM"


def test_another_password_can_be_set(serve, client_of, asks, address):
    server = serve(password="een ander wachtwoord")
    someone = address("plain-over")
    assert client_of(server).ask(asks.get_reply(someone), someone).status == 401
    auth = (NAME, "een ander wachtwoord")
    assert client_of(server, auth).ask(asks.get_reply(someone), someone).status == 200


def test_without_the_ntlm_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "spnego", None)
    with pytest.raises(NtlmMissing, match="pyspnego"):
        SimulatorServer(Town.build(mailboxes=12, stories=()))


def test_no_other_address_than_loopback_is_listened_on():
    with pytest.raises(ValueError, match="loopback"):
        SimulatorServer(Town.build(mailboxes=12, stories=()), host="0.0.0.0")


def test_a_password_that_ntlm_cannot_hold_is_said_so():
    with pytest.raises(ValueError, match="colon"):
        SimulatorServer(Town.build(mailboxes=12, stories=()), password="a:b")
