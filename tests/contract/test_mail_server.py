"""The mail server that other tests lean on does what real ones do: it asks for a name, refuses, waits, and
tells the sender later what it could not deliver."""

import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from mailbot.model.incoming import IncomingKind
from mailbot.simulator import SimulatorServer, Town
from tests.contract.mail_server import HOST, PASSWORD, USERNAME, MailServer, mail_server
from tests.contract.roads import NOW, Kit, Terms

SENDER = "postbushulp@voorbeeld.example"
UNKNOWN = "niemand@voorbeeld.example"


@pytest.fixture(scope="module")
def post_office() -> Iterator[tuple[MailServer, SimulatorServer]]:
    town = Town.build(seed=1, mailboxes=12, now=NOW, stories=())
    with SimulatorServer(town) as exchange, mail_server(exchange, gives_up=8, warns=1) as server:
        yield server, exchange


@pytest.fixture
def server(post_office: tuple[MailServer, SimulatorServer]) -> MailServer:
    post_office[0].fresh()
    return post_office[0]


@pytest.fixture
def exchange(post_office: tuple[MailServer, SimulatorServer]) -> SimulatorServer:
    return post_office[1]


@pytest.fixture
def somebody(exchange: SimulatorServer) -> str:
    return exchange.town.residents[0].address


def hand_in(server: MailServer, to: str, key: str = "brief", password: str | None = PASSWORD) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = SENDER, to, "Even over je postvak"
    mail["Message-ID"] = f"<{key}@voorbeeld.example>"
    mail.set_content("Hoi")
    with smtplib.SMTP(HOST, server.port, timeout=10) as line:
        line.starttls(context=ssl.create_default_context(cafile=str(server.ca_file)))
        if password is not None:
            line.login(USERNAME, password)
        line.send_message(mail)


def arrived(exchange: SimulatorServer, address: str, key: str) -> int:
    return sum(mail.message_id == f"<{key}@voorbeeld.example>" for mail in exchange.inbox_of(address))


def test_what_is_handed_in_arrives(server: MailServer, exchange: SimulatorServer, somebody: str) -> None:
    hand_in(server, somebody, "aankomst")
    server.settled()
    assert arrived(exchange, somebody, "aankomst") == 1
    assert [mail.sender for mail in server.door.passed] == [SENDER]


def test_under_implicit_tls_as_well(server: MailServer, exchange: SimulatorServer, somebody: str) -> None:
    trust = ssl.create_default_context(cafile=str(server.ca_file))
    with smtplib.SMTP_SSL(HOST, server.implicit_port, timeout=10, context=trust) as line:
        line.login(USERNAME, PASSWORD)
        line.sendmail(SENDER, [somebody], b"Message-ID: <impliciet@voorbeeld.example>\r\n\r\nHoi\r\n")
    server.settled()
    assert arrived(exchange, somebody, "impliciet") == 1


@pytest.mark.parametrize(("password", "code"), [("fout", 535), (None, 554)])
def test_nobody_hands_in_without_the_right_password(
    server: MailServer, exchange: SimulatorServer, somebody: str, password: str | None, code: int
) -> None:
    with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as refused:
        hand_in(server, somebody, "ongenood", password)
    error = refused.value
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        assert [answer[0] for answer in error.recipients.values()] == [code]
    else:
        assert error.smtp_code == code
    assert arrived(exchange, somebody, "ongenood") == 0


def test_its_certificate_is_that_of_its_own_authority(server: MailServer) -> None:
    with smtplib.SMTP(HOST, server.port, timeout=10) as line, pytest.raises(ssl.SSLCertVerificationError):
        line.starttls(context=ssl.create_default_context(cafile=str(server.other_ca_file)))


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "451 4.7.1 try later"])
def test_a_recipient_is_refused_or_put_off_at_the_door(
    server: MailServer, exchange: SimulatorServer, somebody: str, answer: str
) -> None:
    key = f"na-{answer[:3]}"
    server.refuse(somebody, answer)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        hand_in(server, somebody, key)
    assert [str(code) for code, _ in refused.value.recipients.values()] == [answer[:3]]
    server.accept(somebody)
    hand_in(server, somebody, key)
    server.settled()
    assert arrived(exchange, somebody, key) == 1


def test_what_cannot_be_delivered_comes_back_to_its_sender(
    server: MailServer, exchange: SimulatorServer
) -> None:
    before = len(exchange.inbox_of(SENDER))
    hand_in(server, UNKNOWN, "onbestelbaar")
    server.settled(lambda: len(exchange.inbox_of(SENDER)) > before)
    report = exchange.inbox_of(SENDER)[-1]
    assert report.item_class == "REPORT.IPM.Note.NDR"
    assert server.door.passed[-1].sender == "<>"
    text = server.door.passed[-1].mime.decode()
    assert "Action: failed" in text and "Status: 5.1.10" in text
    assert "<onbestelbaar@voorbeeld.example>" in text


def test_what_is_put_off_is_tried_again_until_it_arrives(
    server: MailServer, exchange: SimulatorServer, somebody: str
) -> None:
    server.door.defer(somebody, times=2)
    hand_in(server, somebody, "later")
    server.settled(lambda: arrived(exchange, somebody, "later") > 0)
    assert arrived(exchange, somebody, "later") == 1
    assert server.door.tried.count(somebody) == 3


def test_what_stays_put_off_is_announced_and_then_given_up(
    server: MailServer, exchange: SimulatorServer, somebody: str
) -> None:
    server.door.defer(somebody, times=99)
    before = len(exchange.inbox_of(SENDER))
    hand_in(server, somebody, "nooit")
    server.settled(lambda: len(exchange.inbox_of(SENDER)) >= before + 2)
    classes = [mail.item_class for mail in exchange.inbox_of(SENDER)[before:]]
    assert classes == ["REPORT.IPM.Note.Delayed.DR", "REPORT.IPM.Note.NDR"]


@pytest.mark.parametrize("converts", [True, False], ids=["as a report", "as ordinary mail"])
def test_the_service_mailbox_reads_what_it_reports(
    server: MailServer, exchange: SimulatorServer, kit: Kit, somebody: str, converts: bool
) -> None:
    """The whole way: handed in, refused, put off, given up; reported by Postfix, read from the inbox."""
    exchange.converts_reports = converts
    exchange.town.clock.sleep(60)
    refused, late = (f"{letter * 32}.mailbot" for letter in "ab")
    server.door.defer(somebody, times=99)
    before = len(exchange.inbox_of(SENDER))
    hand_in(server, UNKNOWN, refused)
    server.settled(lambda: len(exchange.inbox_of(SENDER)) == before + 1)
    hand_in(server, somebody, late)
    server.settled(lambda: len(exchange.inbox_of(SENDER)) == before + 3)
    mailbox = kit.service_mailbox(exchange, Terms())
    found = [(one.kind, one.about, one.status) for one in mailbox.incoming(exchange.town.clock.now())]
    mailbox.close()
    assert found == [
        (IncomingKind.BOUNCE, f"<{refused}@voorbeeld.example>", "5.1.10"),
        (IncomingKind.DELAY, f"<{late}@voorbeeld.example>", "4.3.0"),
        (IncomingKind.BOUNCE, f"<{late}@voorbeeld.example>", "4.3.0"),
    ]
