"""Secrets come from files or from systemd's credentials folder, never from TOML or the environment."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from mailbot.config.problems import Problem

_LONGEST = 1024
"""Bytes; a longer file is not a password."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Each is None when the settings name no file for it."""

    exchange_password: SecretStr | None = field(repr=False)
    store_password: SecretStr | None = field(repr=False)
    proxy_password: SecretStr | None = field(default=None, repr=False)
    ldap_password: SecretStr | None = field(default=None, repr=False)
    smtp_password: SecretStr | None = field(default=None, repr=False)


def plain(secret: SecretStr | None) -> str:
    """The secret's text, for the one who signs in with it; empty where there is none."""
    return secret.get_secret_value() if secret else ""


def read_secrets(
    exchange_file: Path | None,
    store_file: Path | None,
    env: Mapping[str, str],
    shown: str,
    proxy_file: Path | None = None,
    ldap_file: Path | None = None,
    smtp_file: Path | None = None,
) -> tuple[Secrets | None, list[Problem]]:
    """All secrets, or what is wrong with their files (absolute paths; None where the settings name none)."""
    read: list[SecretStr | None] = []
    problems: list[Problem] = []
    for file, where in (
        (exchange_file, "exchange.password_file"),
        (store_file, "store.password_file"),
        (proxy_file, "exchange.proxy_password_file"),
        (ldap_file, "ldap.password_file"),
        (smtp_file, "post.smtp_password_file"),
    ):
        secret, more = (None, []) if file is None else _read(file, env, shown, where)
        read.append(secret)
        problems += more
    return (None, problems) if problems else (Secrets(*read), [])


def read_store_password(
    store_file: Path | None, env: Mapping[str, str], shown: str
) -> tuple[SecretStr | None, list[Problem]]:
    """The database's password alone; None without a problem where the settings name no file for it."""
    return (None, []) if store_file is None else _read(store_file, env, shown, "store.password_file")


def _read(
    path: Path, env: Mapping[str, str], shown: str, where: str
) -> tuple[SecretStr | None, list[Problem]]:
    """One secret. A credential of the same name, handed over by systemd, comes before the file."""
    folder = env.get("CREDENTIALS_DIRECTORY")
    credential = Path(folder) / path.name if folder else None
    handed_over = credential is not None and credential.is_file()
    file = credential if credential is not None and handed_over else path

    def refused(found: str, mend: str) -> tuple[None, list[Problem]]:
        return None, [Problem(shown, where, "a file with one line, the password", found, mend)]

    try:
        mode = file.stat().st_mode
        text = file.read_bytes()[: _LONGEST + 1].decode().strip("\r\n")
    except FileNotFoundError:
        return refused(f"no file at {file}", "write the password to that file, with mode 600")
    except (OSError, ValueError):
        return refused(
            "a file that cannot be read as text", "give mailbot the right to read it; save it as UTF-8"
        )
    if os.name == "posix" and not handed_over and mode & (stat.S_IROTH | stat.S_IWOTH):
        return refused("a file that every user of this machine can read", "chmod 600 on that file")
    if not text or len(text) > _LONGEST or any(ord(c) < 32 for c in text):
        return refused("an empty file, or more than one line", "write only the password to that file")
    return SecretStr(text), []
