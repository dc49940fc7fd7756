"""Operator mail over a real SMTP conversation on this machine."""

import email
import email.policy
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailbot.letters.smtp_relay import SmtpRelay
from mailbot.model.clock import SetClock
from mailbot.model.errors import Unreachable
from mailbot.model.ids import Address
from tests.free_ports import free_port

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
SENDER = Address("mailbot@voorbeeld.example")
ADMINISTRATORS = (Address("ineke@voorbeeld.example"), Address("ruud@voorbeeld.example"))


class Box(Message):
    """Keeps what was delivered; refuses addresses that begin with `nobody`."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[email.message.Message] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # type: ignore[no-untyped-def]
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def handle_message(self, message: email.message.Message) -> None:
        self.kept.append(message)


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def plain_server(box: Box) -> Iterator[Controller]:
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay.voorbeeld.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls_server(box: Box, certificate: Path) -> Iterator[Controller]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        ready_timeout=60,
        tls_context=context,
        require_starttls=True,
    )
    controller.start()
    yield controller
    controller.stop()


def relay_to(controller: Controller, starttls: bool = False, **more: object) -> SmtpRelay:
    return SmtpRelay(
        "127.0.0.1",
        int(controller.port),
        starttls,
        SENDER,
        more.pop("to", ADMINISTRATORS),  # type: ignore[arg-type]
        clock=SetClock(NOW),
        timeout=60,
        **more,  # type: ignore[arg-type]
    )


def test_every_administrator_gets_the_message(box: Box, plain_server: Controller) -> None:
    relay_to(plain_server)("mailbot: sign_in", "Exchange weigert het account.\nZie het draaiboek.")
    (message,) = box.kept
    parsed = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert parsed["Subject"] == "mailbot: sign_in"
    assert parsed["Date"].datetime == NOW
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert [a.addr_spec for a in parsed["To"].addresses] == [a.value for a in ADMINISTRATORS]
    assert parsed.get_content().strip() == "Exchange weigert het account.\nZie het draaiboek."


def test_a_subject_stays_one_line(box: Box, plain_server: Controller) -> None:
    relay_to(plain_server)("mailbot\r\nBcc: x@voorbeeld.example", "text")
    assert box.kept[0]["Subject"] == "mailbot Bcc: x@voorbeeld.example"
    assert box.kept[0]["Bcc"] is None


def test_starttls_is_used_and_the_certificate_checked(
    box: Box, tls_server: Controller, certificate: Path
) -> None:
    relay_to(tls_server, starttls=True, ca_file=certificate)("mailbot", "text")
    assert len(box.kept) == 1
    with pytest.raises(Unreachable, match="smtp_ca_file"):
        relay_to(tls_server, starttls=True)("mailbot", "text")
    assert len(box.kept) == 1


def test_the_environment_names_nobody_to_trust(
    box: Box, tls_server: Controller, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(Unreachable, match="not trusted here"):
        relay_to(tls_server, starttls=True)("mailbot", "text")
    assert box.kept == []


def test_a_list_of_authorities_that_is_gone(box: Box, tls_server: Controller, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no list of certificate authorities"):
        relay_to(tls_server, starttls=True, ca_file=tmp_path / "gone.pem")("mailbot", "text")
    assert box.kept == []


def test_a_relay_that_wants_encryption_gets_nothing_without(box: Box, tls_server: Controller) -> None:
    with pytest.raises(Unreachable):
        relay_to(tls_server, starttls=False)("mailbot", "text")
    assert box.kept == []


def test_a_relay_without_encryption_gets_nothing_when_it_is_asked_for(
    box: Box, plain_server: Controller
) -> None:
    with pytest.raises(Unreachable, match="SMTPNotSupportedError"):
        relay_to(plain_server, starttls=True)("mailbot", "text")
    assert box.kept == []


def test_a_refused_administrator_is_no_success(box: Box, plain_server: Controller) -> None:
    one_bad = (ADMINISTRATORS[0], Address("nobody@voorbeeld.example"))
    with pytest.raises(Unreachable, match="1 of 2"):
        relay_to(plain_server, to=one_bad)("mailbot", "text")
    assert len(box.kept) == 1


def test_a_relay_that_is_not_there_is_unreachable() -> None:
    relay = SmtpRelay("127.0.0.1", free_port(), False, SENDER, ADMINISTRATORS, timeout=60)
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        relay("mailbot", "text")
