"""Faults on command: every kind, where it was aimed, when it was due, and how often."""

import threading
import time

import pytest
import requests

from mailbot.simulator import Fault, FaultKind


@pytest.fixture
def ask(client, asks, address):
    """One ordinary request about one ordinary mailbox."""
    someone = address("plain-over")
    return lambda **more: client.ask(asks.get_reply(someone), someone, **more)


def test_throttling_by_http_tells_when_to_come_back(server, ask):
    server.faults.add(Fault(FaultKind.BUSY_503, seconds=7))
    got = ask()
    assert (got.status, got.headers["Retry-After"]) == (503, "7")


def test_throttling_by_soap_fault_tells_milliseconds(server, ask):
    server.faults.add(Fault(FaultKind.SERVER_BUSY, seconds=1.5))
    got = ask()
    assert (got.status, got.fault) == (500, "ErrorServerBusy")
    (value,) = got.all(".//t:MessageXml/t:Value")
    assert (value.get("Name"), value.text) == ("BackOffMilliseconds", "1500")


def test_throttling_can_hide_inside_an_internal_error(server, ask):
    server.faults.add(Fault(FaultKind.INTERNAL_BUSY))
    got = ask()
    assert (got.status, got.codes) == (200, ["ErrorInternalServerError"])
    inner = {value.get("Name"): value.text for value in got.all(".//t:Value")}
    assert inner["InnerErrorResponseCode"] == "ErrorServerBusy"


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FaultKind.UNAUTHORIZED, 401), (FaultKind.FORBIDDEN_403, 403), (FaultKind.PLAIN_500, 500)],
)
def test_plain_http_refusals(server, ask, kind, status):
    server.faults.add(Fault(kind))
    got = ask()
    assert (got.status, got.content) == (status, None)


def test_a_web_page_instead_of_soap(server, ask):
    server.faults.add(Fault(FaultKind.HTML_PAGE))
    got = ask()
    assert got.status == 200
    assert got.headers["Content-Type"].startswith("text/html")


def test_broken_xml_and_an_answer_to_another_question(server, ask):
    server.faults.add(Fault(FaultKind.BROKEN_XML, count=1), Fault(FaultKind.UNEXPECTED))
    assert not ask().text.endswith("Envelope>")
    assert ask().content.tag.endswith("UnsubscribeResponse")


def test_a_missing_operation_is_missing_whichever_way_the_server_says_so(server, ask):
    server.faults.add(
        Fault(FaultKind.NO_OPERATION, count=1), Fault(FaultKind.NO_OPERATION, code="ErrorInvalidRequest")
    )
    assert ask().fault == "ErrorInvalidOperation"
    assert ask().fault == "ErrorInvalidRequest"


def test_an_operation_that_the_server_never_had(client, asks, address):
    got = client.ask("<m:GetPhoneCallInformation/>", address("plain-over"))
    assert (got.status, got.fault) == (500, "ErrorInvalidOperation")


def test_any_response_code_in_a_message_or_as_a_soap_fault(server, ask):
    server.faults.add(
        Fault(FaultKind.CODE, code="ErrorMailboxMoveInProgress", count=1),
        Fault(FaultKind.SOAP_CODE, code="ErrorImpersonateUserDenied"),
    )
    got = ask()
    assert (got.status, got.codes) == (200, ["ErrorMailboxMoveInProgress"])
    got = ask()
    assert (got.status, got.fault) == (500, "ErrorImpersonateUserDenied")


def test_one_mailbox_of_many_fails_in_its_place(server, client, asks, address):
    one, other = address("three-days"), address("two-days")
    server.faults.add(Fault(FaultKind.CODE, "GetUserAvailability", one, code="ErrorTimeoutExpired"))
    assert client.ask(asks.availability(other, one)).codes == ["NoError", "ErrorTimeoutExpired"]


def test_all_mailboxes_fail_when_none_is_named(server, client, asks, address):
    server.faults.add(Fault(FaultKind.CODE, "GetUserAvailability", code="ErrorTimeoutExpired"))
    got = client.ask(asks.availability(address("three-days"), address("two-days")))
    assert got.codes == ["ErrorTimeoutExpired", "ErrorTimeoutExpired"]


def test_the_value_can_be_missing_from_a_success(server, client, asks, address, ask):
    server.faults.add(Fault(FaultKind.VALUE_MISSING))
    assert ask().all(".//t:OofSettings") == []
    sizes = client.ask(asks.find_folder(), address("plain-over"))
    assert sizes.codes == ["NoError"]
    assert sizes.all(".//t:Value") == []


def test_a_dropped_connection_before_executing_changes_nothing(server, client, asks, address, town):
    server.faults.add(Fault(FaultKind.DROP_BEFORE, "CreateItem"))
    with pytest.raises(requests.ConnectionError):
        client.ask(asks.create(address("plain-over"), sender=town.sender))
    assert not any(item.draft for item in town.mailbox(town.sender).items.values())


def test_an_answer_lost_after_executing_leaves_the_draft_behind(server, client, asks, address, town):
    server.faults.add(Fault(FaultKind.DROP_AFTER, "CreateItem"))
    with pytest.raises(requests.ConnectionError):
        client.ask(asks.create(address("plain-over"), sender=town.sender))
    assert [item.draft for item in town.mailbox(town.sender).items.values()].count(True) == 1
    assert server.access_log()[-1].status == 0


def test_a_mail_can_leave_although_the_answer_is_lost(server, client, asks, address, town):
    someone = address("plain-over")
    made = client.ask(asks.create(someone, sender=town.sender)).all(".//t:ItemId")[0].get("Id")
    server.faults.add(Fault(FaultKind.DROP_AFTER, "SendItem"))
    with pytest.raises(requests.ConnectionError):
        client.ask(asks.send(made, town.sender))
    assert len(server.inbox_of(someone)) == 1


def test_a_connection_dropped_midway_gives_half_an_answer(server, ask):
    server.faults.add(Fault(FaultKind.DROP_MIDWAY))
    with pytest.raises(requests.RequestException):
        ask()


def test_a_hanging_request_outlasts_its_client(server, ask):
    server.faults.add(Fault(FaultKind.HANG, count=1))
    with pytest.raises(requests.ReadTimeout):
        ask(timeout=1)
    assert ask().codes == ["NoError"]


def test_a_hanging_request_ends_when_the_simulator_stops(serve, client_of, asks, address):
    server = serve()
    server.faults.add(Fault(FaultKind.HANG))
    someone = address("plain-over")
    client = client_of(server)
    ended = []

    def wait():
        with pytest.raises(requests.ConnectionError):
            client.ask(asks.get_reply(someone), someone)
        ended.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not server.access_log():
        time.sleep(0.005)
    server.stop()
    waiting.join(60)
    assert ended == [True]


def test_a_slow_answer_is_a_right_answer(server, ask):
    server.faults.add(Fault(FaultKind.SLOW, seconds=0.05))
    assert ask().codes == ["NoError"]


def test_a_fault_strikes_only_where_it_was_aimed(server, client, asks, address):
    one, other = address("plain-over"), address("deep-over")
    server.faults.add(Fault(FaultKind.PLAIN_500, "FindFolder", one.upper()))
    assert client.ask(asks.find_folder(), one).status == 500
    assert client.ask(asks.find_folder(), other).status == 200
    assert client.ask(asks.get_reply(one), one).status == 200


def test_a_fault_strikes_from_the_nth_call_on_as_often_as_told(server, ask):
    server.faults.add(Fault(FaultKind.PLAIN_500, nth=2, count=2))
    assert [ask().status for _ in range(5)] == [200, 500, 500, 200, 200]
    assert server.faults.struck() == 2


def test_of_two_faults_the_older_strikes_and_cleared_faults_are_over(server, ask):
    server.faults.add(Fault(FaultKind.FORBIDDEN_403), Fault(FaultKind.PLAIN_500))
    assert ask().status == 403
    server.faults.clear()
    assert ask().status == 200


def test_the_log_names_the_fault_that_struck(server, ask):
    server.faults.add(Fault(FaultKind.PLAIN_500))
    ask()
    assert [(line.operation, line.status, line.fault) for line in server.access_log()] == [
        ("GetUserOofSettings", 500, "plain_500")
    ]
