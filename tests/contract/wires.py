"""Odd things on the way to a server: encryption under an authority of one's own, and servers that dawdle."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"
HERE = (x509.IPAddress(ip_address(LOOPBACK)),)
Serve = Callable[[socket.socket, threading.Event], None]
"""What a server does with one connection, until the event is set."""


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its own certificate, and a chain with key for 127.0.0.1 or other names."""

    ca_file: Path
    chain_file: Path


def authority(
    folder: Path,
    name: str,
    years: tuple[int, int] = (2020, 2090),
    names: Sequence[x509.GeneralName] = HERE,
) -> Authority:
    """`years` and `names` are those of the chain's own certificate; years from and until."""
    folder.mkdir()
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CA van {name}")])
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.voorbeeld.example")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    end = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)
    own_start, own_end = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in years)

    def certificate(
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        *extensions: tuple[x509.ExtensionType, bool],
        valid: tuple[datetime.datetime, datetime.datetime] = (start, end),
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder(ca_name, subject, public, x509.random_serial_number(), *valid)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(ca_key, hashes.SHA256())

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca = certificate(
        ca_name,
        ca_key.public_key(),
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), False),
    )
    own = certificate(
        own_name,
        key.public_key(),
        (x509.SubjectAlternativeName(names), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False),
        valid=(own_start, own_end),
    )
    pem = serialization.Encoding.PEM
    made = Authority(folder / "ca.pem", folder / "chain.pem")
    made.ca_file.write_bytes(ca.public_bytes(pem))
    made.chain_file.write_bytes(
        own.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


@contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """A server on the loopback address that does `serve` with each connection, in a thread of its own."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    listener = socket.create_server((LOOPBACK, 0))
    listener.settimeout(0.05)

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            serve(connection, over)

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.setblocking(True)
                threads.append(threading.Thread(target=one, args=(connection,), daemon=True))
                threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        acceptor.join()
        for thread in threads:
            thread.join()
        listener.close()


def encrypted(serve: Serve, chain_file: Path) -> Serve:
    """The same server behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain_file)

    def serve_encrypted(connection: socket.socket, over: threading.Event) -> None:
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as wrapped:
            serve(wrapped, over)

    return serve_encrypted


def relay(port: int) -> Serve:
    """Hands everything on to another port, and its answers back."""

    def serve(connection: socket.socket, over: threading.Event) -> None:
        connection.settimeout(0.05)
        with socket.create_connection((LOOPBACK, port)) as onward:
            onward.settimeout(0.005)
            while not over.is_set():
                if not (_pass_on(connection, onward) and _pass_on(onward, connection)):
                    return

    return serve


def _pass_on(from_: socket.socket, to: socket.socket) -> bool:
    """Whatever is there now. False when the other side has hung up."""
    try:
        data = from_.recv(65536)
    except TimeoutError:
        return True
    if data:
        to.sendall(data)
    return bool(data)


def dawdling(head: bytes, drop: bytes) -> Serve:
    """Reads a request, answers `head` at once, and then `drop` again and again, for ever."""

    def serve(connection: socket.socket, over: threading.Event) -> None:
        connection.settimeout(0.5)
        with suppress(TimeoutError):
            connection.recv(65536)
        connection.sendall(head)
        while not over.wait(0.02):
            connection.sendall(drop)

    return serve


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Takes the connection and says nothing, not even about encryption."""
    over.wait()
