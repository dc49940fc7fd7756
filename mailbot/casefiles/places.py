"""On which line of a case file a key stands; the TOML reader itself does not tell."""

import re

_HEADER = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w-]+(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"))*)\s*=")
_LONG_TEXT = re.compile(r'"""|\'\'\'')


class Places:
    """Lines are counted from 1. A case is known by its number, also from 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[int, str], int] = {}
        number, section, inside = 0, "", False
        for count, line in enumerate(text.splitlines(), start=1):
            quotes = len(_LONG_TEXT.findall(line))
            if inside:
                inside = quotes % 2 == 0
                continue
            inside = quotes % 2 == 1
            if header := _HEADER.match(line):
                section = header[1]
                top, _, rest = section.partition(".")
                if top == "case" and not rest:
                    number += 1
                self._note(number if top == "case" else 0, rest or (top if top != "case" else ""), count)
            elif key := _KEY.match(line):
                top, _, rest = section.partition(".")
                name = re.sub(r"\s", "", key[1])
                within = {"": "", "case": rest, "base": rest}.get(top, section)
                self._note(number if top == "case" else 0, f"{within}.{name}".strip("."), count)

    def _note(self, number: int, key: str, line: int) -> None:
        self._lines.setdefault((number, key), line)

    def line(self, number: int | None, key: str) -> int | None:
        """Where the key stands: in this case, else in [base], else where the case itself begins."""
        parts = _plain(key).split(".")
        for place in (number or 0, 0):
            for length in range(len(parts), 0, -1):
                found = self._lines.get((place, ".".join(parts[:length])))
                if found:
                    return found
        return self._lines.get((number, "")) if number else None

    def in_case(self, number: int, key: str) -> bool:
        """Whether the case itself, and not [base] or the head of the file, has the key or lacks it."""
        first = _plain(key).partition(".")[0]
        of_case = any(n == number and k.partition(".")[0] == first for n, k in self._lines)
        return of_case or not any(n == 0 and k.partition(".")[0] == first for n, k in self._lines)


def _plain(key: str) -> str:
    """`client 1.marker` is looked for as `client.marker`."""
    return re.sub(r" \d+( \([^)]*\))?", "", key)
