"""Whether the files that settings name can be used, before anything that needs them starts."""

import importlib
import os
import ssl
import stat
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any

from mailbot.config.environment import named_path
from mailbot.config.problems import Problem

Wrong = tuple[str, str]
"""What was found, and how to mend it."""


def check_files(
    raw: Mapping[str, Any], folder: Path, shown: str, refused: Container[str] = ()
) -> list[Problem]:
    """Problems of the files to write, of the certificate authority and of files with keys. `raw` are the
    tables of mailbot.toml, so that a mistake in another key does not hide these. A key in `refused`, written
    as `section.key`, has been told about already: its file is not looked at."""
    checks: tuple[tuple[str, str, str, Callable[[Path], Wrong | None]], ...] = (
        ("exchange", "ca_file", "a PEM file with certificates", _certificates),
        ("exchange", "keytab_file", "a keytab that only mailbot can read", _keytab),
        ("exchange", "certificate_file", "a PEM file with a certificate and its key", _key_pair),
        ("ldap", "ca_file", "a PEM file with certificates", _certificates),
        ("ldap", "keytab_file", "a keytab that only mailbot can read", _keytab),
        ("post", "smtp_ca_file", "a PEM file with certificates", _certificates),
        ("operator", "smtp_ca_file", "a PEM file with certificates", _certificates),
        ("people", "hr_folder", "a folder in which mailbot may move files", _folder),
        ("operator", "status_file", "a file that can be written", _writable),
        ("operator", "log_file", "a file that can be written", _writable),
    )
    problems = []
    for section, key, expected, check in checks:
        file = None if f"{section}.{key}" in refused else named_path(raw, section, key, folder)
        wrong = check(file) if file else None
        if wrong:
            problems.append(Problem(shown, f"{section}.{key}", expected, *wrong))
    return problems


EXTRAS = {
    "kerberos": "gssapi",
    "modern": "msal",
    "postgres": "psycopg",
    "ldap": "ldap3",
    "ldap-kerberos": "bonsai",
}
"""The module that an extra brings. The extra of a way of signing in to Exchange has the name of the way."""


def missing_extras(raw: Mapping[str, Any], shown: str, refused: Container[str] = ()) -> list[Problem]:
    """Values whose packages are not installed, or cannot be loaded; those in `refused` are not looked at."""
    wanted = {"exchange.auth": _text(raw, "exchange", "auth")}
    if _text(raw, "store", "url").startswith("postgresql"):
        wanted["store.url"] = "postgres"
    if _text(raw, "people", "directory") == "ldap":
        wanted["people.directory"] = "ldap"
        if _text(raw, "ldap", "auth") == "kerberos":
            wanted["ldap.auth"] = "ldap-kerberos"
    problems = []
    for where, extra in wanted.items():
        if extra not in EXTRAS or where in refused:
            continue
        try:
            importlib.import_module(EXTRAS[extra])
        except ImportError:
            mend = f"in the folder of mailbot's source: pip install '.[{extra}]'"
            expected = f"the extra `{extra}` beside this value"
            problems.append(Problem(shown, where, expected, "no such extra where mailbot runs", mend))
    return problems


def _text(raw: Mapping[str, Any], section: str, key: str) -> str:
    """The value of a key; empty where there is no text."""
    table = raw.get(section)
    value = table.get(key) if isinstance(table, Mapping) else None
    return value if isinstance(value, str) else ""


def _writable(file: Path) -> Wrong | None:
    if os.path.isdir(file):  # noqa: PTH112 - unlike Path.is_dir, never raises
        return f"a folder at {file}", "name a file in it"
    if not os.path.isdir(file.parent):  # noqa: PTH112
        return f"no folder at {file.parent}", "make that folder, or name a file in another one"
    if not os.access(file if os.path.exists(file) else file.parent, os.W_OK):  # noqa: PTH110
        return f"no right to write {file}", "give mailbot the right, or name a file in another folder"
    return None


def _folder(path: Path) -> Wrong | None:
    if not os.path.isdir(path):  # noqa: PTH112 - unlike Path.is_dir, never raises
        return f"no folder at {path}", "make that folder, or take the key away when there is no feed"
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return f"no right to read and write in {path}", "give mailbot that right"
    return None


def _secret(file: Path) -> tuple[bytes, Wrong | None]:
    """The content of a file with a key in it, and what is wrong with who may read it."""
    try:
        mode = file.stat().st_mode
        content = file.read_bytes()
    except FileNotFoundError:
        return b"", (f"no file at {file}", "put it there, with mode 600")
    except OSError:
        return b"", (f"a file that cannot be read at {file}", "give mailbot the right to read it")
    if os.name == "posix" and mode & (stat.S_IROTH | stat.S_IWOTH):
        return content, ("a file that every user of this machine can read", "chmod 600 on that file")
    return content, None


def _keytab(file: Path) -> Wrong | None:
    """MIT's format of keytabs begins with 5 and its version, 2."""
    content, wrong = _secret(file)
    if wrong is None and (not content.startswith(b"\x05\x02") or len(content) < 10):
        return f"no keytab in {file}", "make one with ktpass or ktutil; see deploy/exchange/sign-in.md"
    return wrong


def _key_pair(file: Path) -> Wrong | None:
    _, wrong = _secret(file)
    if wrong is not None:
        return wrong
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(file, password=lambda: b"")
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return f"no certificate with its key in {file}", "save both as PEM, the key without a password"
    return None


def _certificates(file: Path) -> Wrong | None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except FileNotFoundError:
        return f"no file at {file}", "put the certificate there, or take the key away"
    except ssl.SSLError:
        return f"no certificate in {file}", "save it as PEM: it begins with -----BEGIN CERTIFICATE-----"
    except OSError:
        return f"a file that cannot be read at {file}", "give mailbot the right to read it"
    return None
