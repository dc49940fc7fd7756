"""The people file under any content: what was written comes back, and what was damaged never half loads."""

import csv
import io
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.config.problems import Problem
from mailbot.directory.csv_people import read_people
from mailbot.directory.exclusion import Exclusion
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.employment import Leave, OrgUnit
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid, object_guid
from mailbot.model.people import People, Person
from mailbot.model.worktime import Hours, WorkPattern

T = TypeVar("T")

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
HEADER = (
    "object_guid;display_name;mail;language;pilot_group;enabled;recipient_type;hold;person_key;dienst_in;"
    "dienst_uit;contract_volgnr;manager_key;org_code;org_naam;werkdagen;verlof_van;verlof_tot;verlof_goedgekeurd_op"
)

dates = st.dates(date(1990, 1, 1), date(2099, 12, 31))
words = (
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
)
group_names = st.from_regex(r"[a-z]{1,8}( [a-z]{1,8})?", fullmatch=True)


def facts(values: st.SearchStrategy[T], reason: Reason) -> st.SearchStrategy[Fact[T]]:
    return st.one_of(st.just(Unknown(reason)), values.map(lambda value: Known(value, NOW)))


@st.composite
def spans(draw: st.DrawFn) -> tuple[Hours, ...]:
    """One or two spans of a day with a gap between them; the last may end at midnight."""
    count = draw(st.sampled_from((2, 4)))
    minutes = sorted(draw(st.sets(st.integers(0, 24 * 60), min_size=count, max_size=count)))
    clocks = [time(minute // 60 % 24, minute % 60) for minute in minutes]
    return tuple(Hours(*pair) for pair in zip(clocks[::2], clocks[1::2], strict=True))


patterns = st.dictionaries(st.integers(0, 6), spans(), min_size=1, max_size=7).map(
    lambda days: WorkPattern(dict(sorted(days.items())))
)


@st.composite
def leaves(draw: st.DrawFn) -> Leave:
    first, last = sorted((draw(dates), draw(dates)))
    return Leave(first, last, draw(dates))


@st.composite
def populations(draw: st.DrawFn) -> list[Person]:
    """A few people; each is managed by somebody before them, or by nobody."""
    guids = draw(st.lists(st.uuids(version=4), min_size=1, max_size=6, unique=True))
    people: list[Person] = []
    for number, guid in enumerate(guids):
        starts = draw(st.none() | dates)
        ends = draw(st.none() | st.dates(starts or date(1990, 1, 1), date(2099, 12, 31)))
        leave = draw(st.lists(leaves(), max_size=3, unique_by=lambda one: one.first))
        people.append(
            Person(
                guid=ObjectGuid(str(guid)),
                address=Address(f"p{number}@voorbeeld.example"),
                name=draw(words),
                language=draw(st.sampled_from(Language)),
                enabled=draw(facts(st.booleans(), Reason.NOT_IN_SOURCES)),
                recipient_type=draw(facts(st.sampled_from(RecipientType), Reason.NOT_IN_SOURCES)),
                hold=draw(facts(st.booleans(), Reason.NOT_IN_SOURCES)),
                roster=draw(facts(patterns, Reason.WORK_PATTERN_MISSING)),
                groups=draw(st.frozensets(group_names, max_size=3)),
                unit=draw(st.none() | st.builds(OrgUnit, words, words)),
                manager=draw(st.none() | st.sampled_from([p.guid for p in people])) if people else None,
                starts=starts,
                ends=ends,
                leave=tuple(sorted(leave, key=lambda one: one.first)),
            )
        )
    return people


def said(fact: Fact[bool]) -> str:
    return "" if isinstance(fact, Unknown) else ("ja" if fact.value else "nee")


def day(value: date | None) -> str:
    return "" if value is None else value.isoformat()


def clock(hours: Hours) -> str:
    end = "24:00" if hours.end == time(0) else f"{hours.end:%H:%M}"
    return f"{hours.start:%H:%M}-{end}"


def work_days(pattern: WorkPattern) -> str:
    return ",".join(f"{DAYS[n]} {'+'.join(map(clock, hours))}" for n, hours in pattern.days.items())


def lines(person: Person) -> list[list[str]]:
    """One line per leave, at least one."""
    return [
        [
            person.guid,
            person.name,
            person.address.value,
            person.language,
            ",".join(sorted(person.groups)),
            said(person.enabled),
            person.recipient_type.value if isinstance(person.recipient_type, Known) else "",
            said(person.hold),
            f"key-{person.guid}",
            day(person.starts),
            day(person.ends),
            "",
            f"key-{person.manager}" if person.manager else "",
            person.unit.code if person.unit else "",
            person.unit.name if person.unit else "",
            work_days(person.roster.value) if isinstance(person.roster, Known) else "",
            day(leave.first if leave else None),
            day(leave.last if leave else None),
            day(leave.approved if leave else None),
        ]
        for leave in (person.leave or (None,))
    ]


def written(people: Sequence[Person]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(HEADER.split(";"))
    for person in people:
        writer.writerows(lines(person))
    return out.getvalue().encode()


def read(data: bytes) -> tuple[People | None, list[Problem]]:
    with tempfile.TemporaryDirectory() as folder:
        people, domains = Path(folder, "people.csv"), Path(folder, "domains.txt")
        people.write_bytes(data)
        domains.write_text("voorbeeld.example\n")
        return read_people(people, domains, Exclusion(), frozenset(), NOW)


@given(populations())
def test_what_was_written_is_read(people: list[Person]) -> None:
    found, problems = read(written(people))
    assert problems == []
    assert found is not None
    assert found.by_guid == MappingProxyType({person.guid: person for person in people})


SOUND = written(
    [
        Person(
            guid=ObjectGuid(f"00000000-0000-4000-8000-{number:012d}"),
            address=Address(f"canary{number}@voorbeeld.example"),
            name=f"Canarina {number}",
            language=Language.NL,
            enabled=Known(True, NOW),
            recipient_type=Known(RecipientType.USER, NOW),
            hold=Unknown(Reason.NOT_IN_SOURCES),
            roster=Known(WorkPattern({0: (Hours(time(8, 30), time(17)),)}), NOW),
            groups=frozenset({"pilot"}),
            unit=OrgUnit("100", "Burgerzaken"),
            manager=ObjectGuid(f"00000000-0000-4000-8000-{number - 1:012d}") if number > 1 else None,
            starts=date(2015, 3, 1),
            ends=date(2027, 1, 31),
            leave=(Leave(date(2026, 12, 21), date(2026, 12, 31), date(2026, 10, 5)),),
        )
        for number in range(1, 6)
    ]
)

Damage = tuple[int, int, bytes]
damages = st.lists(
    st.tuples(
        st.integers(0, len(SOUND)),
        st.integers(0, 40),
        st.one_of(st.binary(max_size=4), st.sampled_from((b";", b'"', b"\n", b"\r", b",", b"\x00", b"ja"))),
    ),
    min_size=1,
    max_size=4,
)


def damaged(damage: list[Damage]) -> bytes:
    """The sound file with stretches replaced: (where, how many bytes, by what)."""
    data = SOUND
    for start, length, other in damage:
        data = data[:start] + other + data[start + length :]
    return data


@given(damages)
@settings(max_examples=300)
def test_a_damaged_file_loads_whole_or_not_at_all(damage: list[Damage]) -> None:
    data = damaged(damage)
    people, problems = read(data)
    assert (people is None) == bool(problems)
    assert "Canarina" not in repr(problems) and "canary" not in repr(problems)
    if people is not None and b'"' not in data:
        rows = [line for line in re.split(r"[\r\n]+", data.decode()) if line][1:]
        assert set(people.by_guid) == {object_guid(line.split(";")[0]) for line in rows}


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_report(data: bytes) -> None:
    people, problems = read(data)
    assert people is None
    assert all(problem.where.startswith("line ") and problem.mend for problem in problems)
