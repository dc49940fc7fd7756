"""LDIF under any content: what was written comes back, and what was damaged never half loads."""

import base64
import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mailbot.directory.attributes import ATTRIBUTES, STORE_ATTRIBUTES, read_directory
from mailbot.directory.entry import Entry
from mailbot.directory.ldif import MOST_PROBLEMS, parse_ldif

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
ASKED = tuple(sorted({name.lower() for name in (*ATTRIBUTES, *STORE_ATTRIBUTES)}))

names = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True).filter(
    lambda name: name not in ("dn", "changetype", "control")
)
dns = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
entries = st.lists(
    st.builds(
        Entry,
        dns,
        st.dictionaries(
            names, st.lists(st.binary(max_size=60), min_size=1, max_size=3).map(tuple), max_size=5
        ),
    ),
    min_size=1,
    max_size=4,
)


def folded(line: str, width: int) -> str:
    """One line as several, each continued with a blank."""
    rest = range(width, len(line), width - 1)
    return "\n".join([line[:width], *(" " + line[start : start + width - 1] for start in rest)])


def plainly(value: bytes) -> str | None:
    """The value as text where LDIF allows that."""
    safe = re.fullmatch(rb"([\x21-\x39\x3b\x3d-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?", value)
    return value.decode("ascii") if safe else None


def written(name: str, value: bytes, plain: bool) -> str:
    text = plainly(value) if plain else None
    return f"{name}: {text}" if text is not None else f"{name}:: {base64.b64encode(value).decode()}"


@given(entries, st.booleans(), st.integers(20, 80), st.sampled_from(("\n", "\r\n")), st.booleans())
def test_what_was_written_comes_back(
    made: list[Entry], plain: bool, width: int, end: str, version: bool
) -> None:
    lines = ["version: 1"] if version else []
    for entry in made:
        lines.append(written("dn", entry.dn.encode(), plain))
        lines += [written(name, value, plain) for name, values in entry.values.items() for value in values]
        lines.append("")
    text = "\n".join(folded(line, width) for line in lines) + "\n"
    found, problems = parse_ldif(text.replace("\n", end).encode(), "people.ldf")
    assert problems == []
    assert found is not None
    assert found.entries == tuple(made)


GOOD = b"""version: 1
# attributes: mail

dn: CN=Wachtwoord,DC=voorbeeld,DC=example
objectClass: user
mail:: Z2VoZWltQHZvb3JiZWVsZC5leGFtcGxl
displayName: Wachtwoord
 Zeer Wachtwoord

dn: CN=Wachtwoord2,DC=voorbeeld,DC=example
mail: wachtwoord@voorbeeld.example
"""


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good file with a few cuts, or with other octets put in."""
    data = GOOD
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 30)))
        data = (
            data[:start]
            + draw(st.binary(max_size=8) | st.sampled_from((b"\n", b"\n\n", b":", b"\n ")))
            + data[end:]
        )
    return data


@given(damaged() | st.binary(max_size=300))
def test_a_damaged_file_loads_as_a_whole_or_says_where_it_is_wrong(data: bytes) -> None:
    found, problems = parse_ldif(data, "people.ldf")
    assert (found is None) is bool(problems)
    assert len(problems) <= MOST_PROBLEMS
    lines = max(data.count(b"\n"), data.count(b"\n\0")) + 1
    for problem in problems:
        number = re.fullmatch(r"line (\d+)", problem.where)
        assert number
        assert 1 <= int(number[1]) <= lines
        assert problem.expected
        assert problem.mend
        assert not re.search("wachtwoord|Z2Vo|voorbeeld", repr(problem), re.IGNORECASE)


values = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        (b"user", b"msExchPrivateMDB", b"group", b"TRUE", b"FALSE", b"1", b"-1", bytes(range(16)))
    ),
    st.integers(-(2**64), 2**64).map(lambda number: str(number).encode()),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        (b"SMTP:geheim@voorbeeld.example", b"smtp:geheim@voorbeeld.example", b"CN=geheim,DC=example")
    ),
)
strange = st.lists(
    st.builds(
        Entry,
        st.text(max_size=20) | st.just("CN=geheim,DC=example"),
        st.dictionaries(
            st.sampled_from(ASKED), st.lists(values, min_size=1, max_size=3).map(tuple), max_size=12
        ),
    ),
    max_size=5,
)


@given(strange, st.frozensets(st.sampled_from(ASKED)))
def test_any_octets_in_any_attribute_make_an_account_or_are_counted(
    found: list[Entry], asked: frozenset[str]
) -> None:
    directory = read_directory(found, asked, {}, NOW)
    assert len(directory.accounts) + directory.broken <= len(found)
    assert "geheim" not in repr(directory)
    guids = {account.guid for account in directory.accounts}
    assert len(guids) == len(directory.accounts)
    assert all(account.manager in {None, *guids} for account in directory.accounts)
