"""Mail comes in from outside: by a call in this process, or over the control page."""

import base64
import json

import pytest
import requests

from mailbot.simulator import SimulatorServer

MAIL = (
    b"From: Wim <wim@buitenwereld.example>\r\nTo: %s\r\nSubject: Vraag\r\n"
    b"Message-ID: <1@buitenwereld.example>\r\nIn-Reply-To: <0@voorbeeld.example>\r\nX-S: nee\r\n\r\nHoi\r\n"
)
REPORT = (
    b'Content-Type: multipart/report; report-type=%s; boundary="g"\r\n\r\n--g\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mta\r\n\r\n"
    b"Final-Recipient: rfc822; a@b.example\r\nAction: %s\r\nStatus: 5.0.0\r\n\r\n--g--\r\n"
)


def test_a_mail_arrives_at_every_address_of_its_envelope(server, address):
    one, other = address("plain-over"), address("deep-over")
    server.receive(MAIL % one.encode(), [one.upper(), other, "elders@buitenwereld.example"])
    for reader in (one, other, "elders@buitenwereld.example"):
        (mail,) = server.inbox_of(reader)
        assert (mail.sender, mail.subject, mail.body.strip()) == ("wim@buitenwereld.example", "Vraag", "Hoi")
        assert (mail.message_id, mail.headers["X-S"]) == ("<1@buitenwereld.example>", "nee")


def test_the_town_says_whom_it_takes_mail_for(server, address):
    assert server.takes(address("plain-over").upper())
    assert server.takes("iemand@buitenwereld.example")
    assert not server.takes("niemand@voorbeeld.example")


@pytest.mark.parametrize(
    ("kind", "action", "item_class"),
    [
        ("delivery-status", "failed", "REPORT.IPM.Note.NDR"),
        ("delivery-status", "delayed", "REPORT.IPM.Note.Delayed.DR"),
        ("delivery-status", "delivered", "REPORT.IPM.Note.DR"),
        ("delivery-status", "confused", "IPM.Note"),
        ("disposition-notification", "failed", "REPORT.IPM.Note.IPNRN"),
        ("iets", "failed", "IPM.Note"),
    ],
)
def test_exchange_gives_reports_a_class_of_their_own(server, address, kind, action, item_class):
    reader = address("plain-over")
    server.receive(REPORT % (kind.encode(), action.encode()), [reader])
    assert [mail.item_class for mail in server.inbox_of(reader)] == [item_class]


def test_or_leaves_them_as_they_are(serve, address):
    server = serve(converts_reports=False)
    reader = address("plain-over")
    server.receive(REPORT % (b"delivery-status", b"failed"), [reader])
    assert [mail.item_class for mail in server.inbox_of(reader)] == ["IPM.Note"]


def test_who_is_away_answers_somebody_in_the_town(server, address):
    away, colleague = address("already-away-covered"), address("plain-over")
    mail = (MAIL % away.encode()).replace(b"wim@buitenwereld.example", colleague.encode())
    server.receive(mail, [away])
    assert [reply.sender for reply in server.inbox_of(colleague)] == [away]


def test_nobody_answers_a_report(server, address):
    away = address("already-away-covered")
    report = b"From: " + address("plain-over").encode() + b"\r\n" + REPORT % (b"delivery-status", b"failed")
    server.receive(report, [away])
    assert list(server.delivered()) == [away]


def test_what_came_in_survives_a_restart(new_town, tmp_path, address):
    journal = tmp_path / "journal"
    with SimulatorServer(new_town(), journal) as before:
        before.receive(MAIL % b"x@voorbeeld.example", [address("plain-over")])
    with SimulatorServer(new_town(), journal) as after:
        assert [mail.subject for mail in after.inbox_of(address("plain-over"))] == ["Vraag"]


def test_another_process_hands_mail_in_over_the_control_page(server, address):
    reader = address("plain-over")
    given = {"to": [reader], "mime": base64.b64encode(MAIL % reader.encode()).decode()}
    answer = requests.post(f"{server.control}/mail", json.dumps(given), timeout=5)
    assert answer.status_code == 200
    assert [mail.subject for mail in server.inbox_of(reader)] == ["Vraag"]


@pytest.mark.parametrize("given", [{"to": []}, {"mime": "geen base64!", "to": []}])
def test_what_is_no_mail_is_refused_there(server, given):
    assert requests.post(f"{server.control}/mail", json.dumps(given), timeout=5).status_code == 400


def test_of_a_report_and_of_nothing_else_the_log_says_so(server, client, asks, town, address):
    reader = address("plain-over")
    server.receive(REPORT % (b"delivery-status", b"failed"), [reader])
    server.receive(MAIL % reader.encode(), [reader])
    box = town.mailbox(reader)
    for item in [item for item in box.items.values() if item.arrived]:
        client.ask(asks.get_item(item.id, mime=True), impersonate=reader)
    assert [line.reports_only for line in server.access_log()] == [True, False]
