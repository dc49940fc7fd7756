"""The key of an installation: its file, and what is derived from it.

One master key of 32 bytes. Every purpose has a label of its own inside the HMAC, so that nothing derived
for one purpose means anything for another. The key is kept apart from the database: either one alone
says nothing about anybody.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailbot.model.errors import KeyRefused
from mailbot.model.ids import LetterId, ObjectGuid, PersonKey
from mailbot.model.restrictions import Restriction

KEY_BYTES = 32
NONCE_BYTES = 12
KIND_LENGTH = max(len(kind.value) for kind in Restriction)
ADVICE = "Restore the key file that belongs to this database from its backup."


def read_key_file(path: Path) -> bytes:
    """The 32 bytes that the file holds as 64 hexadecimal digits.

    Raises KeyRefused when the file is missing, not readable, open to other users (POSIX) or no such key.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KeyRefused(
            f"There is no key file at {path}. {ADVICE} For a new installation run `mailbot init`."
        ) from None
    except OSError as error:
        raise KeyRefused(f"The key file {path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise KeyRefused(f"The key file {path} holds no key. {ADVICE}") from None
    if os.name == "posix" and mode & 0o077 and not _is_credential(path):
        raise KeyRefused(f"Other users can read the key file {path}. Close it: chmod 600 {path}")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES or len(text) != 2 * KEY_BYTES:
        raise KeyRefused(f"The key file {path} must hold {2 * KEY_BYTES} hexadecimal digits. {ADVICE}")
    return key


def create_key_file(path: Path) -> bytes:
    """Make a new key that only its owner can read. Raises KeyRefused when the file exists already."""
    key = secrets.token_bytes(KEY_BYTES)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyRefused(f"The key file {path} exists already; a key is never overwritten.") from None
    except OSError as error:
        raise KeyRefused(f"The key file {path} cannot be made ({error.strerror}).") from None
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(key.hex() + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return key


def _is_credential(path: Path) -> bool:
    """Whether systemd guards the file: it gives access by an ACL, whose mask looks like group access."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.resolve().parent == Path(folder).resolve()


class Keys:
    """Everything that is derived from one master key. It has no repr that shows anything."""

    __slots__ = ("_audit", "_bookmarks", "_cipher", "_exclusion", "_master", "_restriction", "_restrictions")

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise KeyRefused(f"A key has {KEY_BYTES} bytes. {ADVICE}")
        self._master = master
        self._audit = self._digest("key:audit")
        self._exclusion = self._digest("key:exclusion-tag")
        self._cipher = AESGCM(self._digest("key:exclusion"))
        self._bookmarks = AESGCM(self._digest("key:bookmark"))
        self._restriction = self._digest("key:restriction-tag")
        self._restrictions = AESGCM(self._digest("key:restriction"))

    def _digest(self, labelled: str) -> bytes:
        return hmac.digest(self._master, labelled.encode(), hashlib.sha256)

    def check(self) -> str:
        """What the database keeps to recognise its key by."""
        return self._digest("check").hex()

    def person_key(self, guid: ObjectGuid) -> PersonKey:
        return PersonKey(self._digest(f"person:{guid}").hex())

    def letter_id(self, key: str) -> LetterId:
        return LetterId(self._digest(f"letter:{key}").hex()[:32])

    def exclusion_tag(self, person: PersonKey) -> str:
        """Finds an exclusion without showing whose it is: not the person key, and not computable from it."""
        return hmac.digest(self._exclusion, person.encode(), hashlib.sha256).hex()

    def seal(self, guid: ObjectGuid) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, guid.encode(), b"exclusion")

    def unseal(self, sealed: bytes) -> ObjectGuid:
        """Raises KeyRefused when it was sealed with another key or changed since."""
        try:
            plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], b"exclusion")
        except InvalidTag:
            raise KeyRefused(f"An exclusion cannot be decrypted with this key. {ADVICE}") from None
        return ObjectGuid(plain.decode())

    def restriction_tag(self, person: PersonKey, kind: Restriction) -> str:
        """Finds a restriction of one kind without showing whose it is, or of which kind."""
        return hmac.digest(self._restriction, f"{kind.value}:{person}".encode(), hashlib.sha256).hex()

    def seal_restriction(self, guid: ObjectGuid, kind: Restriction) -> bytes:
        """Of one length for all kinds: the length must not tell the kind."""
        nonce = os.urandom(NONCE_BYTES)
        text = f"{kind.value:<{KIND_LENGTH}}{guid}"
        return nonce + self._restrictions.encrypt(nonce, text.encode(), b"restriction")

    def open_restriction(self, sealed: bytes) -> tuple[ObjectGuid, Restriction]:
        """Raises KeyRefused when it was sealed with another key or changed since."""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            plain = self._restrictions.decrypt(nonce, text, b"restriction").decode()
        except (InvalidTag, ValueError):  # a ValueError when it was cut to less than a nonce
            raise KeyRefused(f"A restriction cannot be decrypted with this key. {ADVICE}") from None
        return ObjectGuid(plain[KIND_LENGTH:]), Restriction(plain[:KIND_LENGTH].strip())

    def seal_bookmark(self, text: str, person: PersonKey, need: str) -> bytes:
        """Bound to whose it is and what it is about: put in another row it opens nowhere."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._bookmarks.encrypt(nonce, text.encode(), f"{person}:{need}".encode())

    def open_bookmark(self, sealed: bytes, person: PersonKey, need: str) -> str | None:
        """None when it was changed since, or sealed with another key: then there is no bookmark."""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._bookmarks.decrypt(nonce, text, f"{person}:{need}".encode()).decode()
        except (InvalidTag, ValueError):  # a ValueError when it was cut to less than a nonce
            return None

    def audit_mac(self, message: str) -> str:
        return hmac.digest(self._audit, message.encode(), hashlib.sha256).hex()
