"""Values of Active Directory's attributes: octets as texts, numbers, moments, identities and addresses."""

import re
import unicodedata
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailbot.model.ids import Address, ObjectGuid

Values = Sequence[bytes]

NEVER = frozenset({0, 0x7FFFFFFFFFFFFFFF})
"""Both ways in which accountExpires says that an account stays open."""

LATEST = datetime(9999, 1, 1, tzinfo=UTC)
"""From here on a moment means "never": local time must not run past the calendar's end."""

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
DISABLED = 0x2

_NUMBER = re.compile(rb"-?[0-9]{1,19}")
_NOT_TEXT = ("Cc", "Cs", "Zl", "Zp")
_LONGEST = 1024


class Unusable(Exception):
    """A value is not what its attribute holds. Quotes nothing."""


def one(values: Values) -> bytes | None:
    """The value of an attribute that has one at most. Raises Unusable for more."""
    if len(values) > 1:
        raise Unusable
    return values[0] if values else None


def text(values: Values) -> str | None:
    """One line without outer blanks; None for nothing. Raises Unusable."""
    value = one(values)
    return None if value is None else plain(value) or None


def plain(value: bytes) -> str:
    """UTF-8 on one line, without outer blanks. Raises Unusable."""
    try:
        found = value.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise Unusable from None
    if len(found) > _LONGEST:
        raise Unusable
    if not found.isprintable() and any(unicodedata.category(char) in _NOT_TEXT for char in found):
        raise Unusable
    return found


def number(values: Values) -> int | None:
    """Raises Unusable for what is no whole number of at most 64 bits."""
    value = one(values)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise Unusable
    return int(value)


def truth(values: Values) -> bool | None:
    value = one(values)
    if value is None:
        return None
    try:
        return {b"TRUE": True, b"FALSE": False}[value.upper()]
    except KeyError:
        raise Unusable from None


def guid(values: Values) -> ObjectGuid:
    """16 octets, of which the first three fields have their lowest first. Raises Unusable."""
    value = one(values)
    if value is None or len(value) != 16 or not any(value):
        raise Unusable
    return ObjectGuid(str(uuid.UUID(bytes_le=value)))


def expiry(values: Values) -> datetime | None:
    """accountExpires: 100 ns steps since 1601, in UTC; None is never. Raises Unusable."""
    steps = number(values)
    if steps is None or steps in NEVER:
        return None
    if steps < 0:
        raise Unusable
    try:
        moment = EPOCH + timedelta(microseconds=steps // 10)
    except OverflowError:
        return None
    return None if moment >= LATEST else moment


def last_day(expires: datetime, zone: ZoneInfo) -> date:
    """The last local day on which an account that closes at `expires` was of use.

    Consoles write the local midnight after it, some of them with the other season's clock; scripts write
    midnight in UTC. Whatever falls up to 02:00 ends the day before.
    """
    local = expires.astimezone(zone)
    return local.date() - timedelta(days=1) if local.time() <= time(2) else local.date()


def addresses(proxies: Values, mail: Values) -> tuple[Address, frozenset[Address]]:
    """The primary SMTP address and the further ones. `SMTP:` is written before the primary, `smtp:` before
    others; without a primary it is `mail`. Raises Unusable when there is no primary or more than one."""
    primaries: set[Address] = set()
    others: set[Address] = set()
    for value in proxies:
        kind, sign, rest = plain(value).partition(":")
        if not sign or kind.lower() != "smtp":
            continue
        try:
            address = Address(rest)
        except ValueError:
            if kind == "SMTP":
                raise Unusable from None
            continue
        (primaries if kind == "SMTP" else others).add(address)
    told = text(mail)
    if not primaries and told is not None:
        try:
            primaries.add(Address(told))
        except ValueError:
            raise Unusable from None
    if len(primaries) != 1:
        raise Unusable
    [primary] = primaries
    return primary, frozenset(others - primaries)
