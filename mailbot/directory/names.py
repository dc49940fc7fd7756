"""Distinguished names as Active Directory writes them (RFC 4514), in the form in which they are compared."""

FoldedDn = tuple[str, ...]
"""One text per part, from the object up to the domain."""

_HEX = frozenset(b"0123456789abcdefABCDEF")
_BACKSLASH = ord("\\")


def fold_dn(dn: str) -> FoldedDn:
    """The same for two ways to write one name: whatever the case, blanks around separators and escapes.

    Never raises: what is no name equals itself and nothing else.
    """
    return tuple(_folded(part) for part in _parts(dn))


def common_name(dn: str) -> str:
    """The value of the name's first part, such as `Anna Voorbeeld` of `CN=Anna Voorbeeld,OU=...`; empty when
    there is none."""
    first = _parts(dn)[0]
    return _plain(first.partition("=")[2])


def _parts(dn: str) -> list[str]:
    """The name cut at commas that are not escaped."""
    if "\\" not in dn:
        return dn.split(",")
    parts, start, escaped = [], 0, False
    for place, char in enumerate(dn):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            parts.append(dn[start:place])
            start = place + 1
    return [*parts, dn[start:]]


def _folded(part: str) -> str:
    kind, sign, value = part.partition("=")
    return f"{kind.strip().casefold()}{sign}{_plain(value).casefold()}"


def _plain(value: str) -> str:
    """A value without escapes and without the blanks around it, but with blanks that are escaped."""
    if "\\" not in value:
        return value.strip(" ")
    raw = value.lstrip(" ").encode("utf-8", "surrogatepass")
    plain, last, place = bytearray(), 0, 0
    while place < len(raw):
        if raw[place] != _BACKSLASH or place + 1 == len(raw):
            plain.append(raw[place])
            last = last if raw[place] == ord(" ") else len(plain)
            place += 1
            continue
        if len(raw) > place + 2 and raw[place + 1] in _HEX and raw[place + 2] in _HEX:
            plain.append(int(raw[place + 1 : place + 3], 16))
            place += 3
        else:
            plain.append(raw[place + 1])
            place += 2
        last = len(plain)
    return bytes(plain[:last]).decode("utf-8", "backslashreplace")
