"""A small export of Exchange: Anna and Bert each have a mailbox, and the front desk shares one."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.model.ids import Address, ObjectGuid
from mailbot.ports import Target

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
EXPORTED = "2026-11-23T03:00:00+01:00"
HEADER = "object_guid;primary_smtp;recipient_type;full_access;send_as;forwarding;hold;quota_bytes;exported_at"


def target(number: int, name: str) -> Target:
    return Target(ObjectGuid(f"00000000-0000-4000-8000-{number:012}"), Address(f"{name}@voorbeeld.example"))


ANNA, BERT, DESK, NEW = target(1, "anna"), target(2, "bert"), target(3, "balie"), target(4, "nieuw")


def line(of: Target, **changed: str) -> str:
    cells = {
        "object_guid": of.guid, "primary_smtp": of.address.value, "recipient_type": "UserMailbox",
        "full_access": "", "send_as": "", "forwarding": "false", "hold": "false", "quota_bytes": "unlimited",
        "exported_at": EXPORTED,
    }  # fmt: skip
    return ";".join((cells | changed).values())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "access.csv"


@pytest.fixture
def write(file: Path) -> Callable[..., Path]:
    """Write an export with these lines below the header."""

    def write_lines(*lines: str, header: str = HEADER) -> Path:
        file.write_text("\r\n".join([header, *lines, ""]), encoding="utf-8-sig", newline="")
        return file

    return write_lines
