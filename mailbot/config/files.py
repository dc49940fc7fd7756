"""Whether the files that settings name can be used, before anything that needs them starts."""

import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mailbot.config.environment import named_path
from mailbot.config.problems import Problem

Wrong = tuple[str, str]
"""What was found, and how to mend it."""


def check_files(raw: Mapping[str, Any], folder: Path, shown: str) -> list[Problem]:
    """Problems of the files to write and of the certificate authority. `raw` are the tables of mailbot.toml,
    so that a mistake in another key does not hide these."""
    checks: tuple[tuple[str, str, str, Callable[[Path], Wrong | None]], ...] = (
        ("exchange", "ca_file", "a PEM file with certificates", _certificates),
        ("operator", "status_file", "a file that can be written", _writable),
        ("operator", "log_file", "a file that can be written", _writable),
    )
    problems = []
    for section, key, expected, check in checks:
        file = named_path(raw, section, key, folder)
        wrong = check(file) if file else None
        if wrong:
            problems.append(Problem(shown, f"{section}.{key}", expected, *wrong))
    return problems


def _writable(file: Path) -> Wrong | None:
    if os.path.isdir(file):  # noqa: PTH112 - unlike Path.is_dir, never raises
        return f"a folder at {file}", "name a file in it"
    if not os.path.isdir(file.parent):  # noqa: PTH112
        return f"no folder at {file.parent}", "make that folder, or name a file in another one"
    if not os.access(file if os.path.exists(file) else file.parent, os.W_OK):  # noqa: PTH110
        return f"no right to write {file}", "give mailbot the right, or name a file in another folder"
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
