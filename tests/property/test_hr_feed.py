"""The personnel feed under any content: what was written comes back, what was damaged never half loads, and
days are days whatever the clocks do."""

import csv
import io
import os
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mailbot.directory.hr.columns import COLUMNS, sensitive
from mailbot.directory.hr.content import Feed, read_feed
from mailbot.directory.hr.feed import HrFeed
from mailbot.directory.hr.guards import doubt
from mailbot.directory.hr.places import Place
from mailbot.model.clock import SetClock
from mailbot.model.employment import Employment, Leave, OrgUnit
from mailbot.model.ids import Address
from mailbot.model.sources import Trouble
from mailbot.model.worktime import Hours, WorkPattern

TODAY = date(2026, 11, 21)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
SEPARATORS = {";": ";", ",": ",", "tab": "\t", "|": "|"}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -&()'\";,|éëïöüáàèçñÉËÏÖÜØåæß"

dates = st.dates(date(1990, 1, 1), date(2099, 12, 31))
words = st.text(st.sampled_from(LETTERS), min_size=1, max_size=30).map(str.strip).filter(bool)
keys = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True)


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
def leaves(draw: st.DrawFn) -> tuple[Leave, ...]:
    """Leaves that do not overlap, by date."""
    days = sorted(draw(st.sets(dates, max_size=6)))
    pairs = zip(days[::2], days[1::2], strict=False)
    return tuple(Leave(first, last, draw(dates)) for first, last in pairs)


@st.composite
def employments(draw: st.DrawFn) -> list[Employment]:
    people: list[Employment] = []
    for key in draw(st.lists(keys, min_size=1, max_size=6, unique=True)):
        starts = draw(st.none() | dates)
        people.append(
            Employment(
                key=key,
                address=draw(st.none() | st.just(Address(f"p{len(people)}@voorbeeld.example"))),
                starts=starts,
                ends=draw(st.none() | st.dates(starts or date(1990, 1, 1), date(2099, 12, 31))),
                manager_key=draw(st.none() | keys),
                unit=draw(st.none() | st.builds(OrgUnit, words, words)),
                roster=draw(st.none() | patterns),
                leave=draw(leaves()),
            )
        )
    return people


def day(value: date | None) -> str:
    return "" if value is None else value.isoformat()


def clock(hours: Hours) -> str:
    end = "24:00" if hours.end == time(0) else f"{hours.end:%H:%M}"
    return f"{hours.start:%H:%M}-{end}"


def work_days(pattern: WorkPattern) -> str:
    return ",".join(f"{DAYS[n]} {'+'.join(map(clock, hours))}" for n, hours in pattern.days.items())


def lines(person: Employment) -> list[dict[str, str]]:
    """One line per leave, at least one."""
    return [
        {
            "person_key": person.key,
            "mail": person.address.value if person.address else "",
            "dienst_in": day(person.starts),
            "dienst_uit": day(person.ends),
            "contract_volgnr": "",
            "manager_key": person.manager_key or "",
            "org_code": person.unit.code if person.unit else "",
            "org_naam": person.unit.name if person.unit else "",
            "werkdagen": work_days(person.roster) if person.roster else "",
            "verlof_van": day(leave.first if leave else None),
            "verlof_tot": day(leave.last if leave else None),
            "verlof_goedgekeurd_op": day(leave.approved if leave else None),
        }
        for leave in (person.leave or (None,))
    ]


def written(
    people: Sequence[Employment], separator: str = ";", columns: Sequence[str] = COLUMNS, ends: str = "\n"
) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, delimiter=separator, lineterminator=ends)
    writer.writeheader()
    for person in people:
        writer.writerows(lines(person))
    return out.getvalue()


def read(data: bytes, encoding: str = "auto", separator: str = "auto") -> tuple[Feed | None, Place]:
    return read_feed(data, "hr.csv", TODAY, encoding, separator)


CODECS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "windows-1252": "windows-1252",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
}


@given(
    employments(),
    st.sampled_from(sorted(CODECS)),
    st.sampled_from(sorted(SEPARATORS)),
    st.permutations(COLUMNS),
    st.sampled_from(("\n", "\r\n", "\r")),
    st.booleans(),
)
def test_what_was_written_in_any_way_is_read(
    people: list[Employment], codec: str, separator: str, columns: list[str], ends: str, told: bool
) -> None:
    text = written(people, SEPARATORS[separator], columns, ends)
    how = (CODECS[codec], separator) if told else ("auto", "auto")
    feed, place = read(text.encode(codec), *how)
    assert place.problems == []
    assert feed is not None
    assert list(feed.employments) == people
    assert feed.separator == separator


@given(employments(), st.data())
def test_it_does_not_matter_over_how_many_contracts_service_is_spread(
    people: list[Employment], data: st.DataObject
) -> None:
    """One contract that is cut in two or more, in any order of lines, is the same service."""
    rows: list[dict[str, str]] = []
    for person in people:
        inside = st.dates((person.starts or date(1990, 1, 1)), (person.ends or date(2099, 12, 31)))
        cuts = sorted(data.draw(st.sets(inside, max_size=3)) - {person.ends})
        firsts = [person.starts, *(cut + timedelta(1) for cut in cuts)]
        lasts = [*cuts, person.ends]
        plain = lines(person)
        for number, (first, last) in enumerate(zip(firsts, lasts, strict=True), start=1):
            shares = plain if number == 1 else plain[:1]
            rows += [
                one | {"dienst_in": day(first), "dienst_uit": day(last), "contract_volgnr": str(number)}
                for one in shares
            ]
    rows = data.draw(st.permutations(rows))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    feed, place = read(out.getvalue().encode())
    assert feed is not None, place.problems
    assert sorted(feed.employments, key=lambda one: one.key) == sorted(people, key=lambda one: one.key)


SOUND = written(
    [
        Employment(
            key=f"canary{number}",
            address=Address(f"canary{number}@voorbeeld.example"),
            starts=date(2015, 3, 1),
            ends=date(2027, 1, 31),
            manager_key=f"canary{number - 1}" if number > 1 else None,
            unit=OrgUnit("Canarina", "Canariné"),
            roster=WorkPattern({0: (Hours(time(8, 30), time(17)),)}),
            leave=(Leave(date(2026, 12, 21), date(2026, 12, 31), date(2026, 10, 5)),),
        )
        for number in range(1, 6)
    ]
)
BYTES = SOUND.encode()
WHERE = re.compile(r"line [1-9][0-9]*(, column ([a-z_]+|[1-9][0-9]*))?")


def check(feed: Feed | None, place: Place) -> None:
    """Whole or not at all; every problem has a place, an expectation and a way out, and tells no content."""
    assert (feed is None) == bool(place.problems)
    for problem in place.problems:
        assert problem.file == "hr.csv" and WHERE.fullmatch(problem.where)
        assert problem.expected and problem.found and problem.mend
    assert "anar" not in repr(place) and "anar" not in place.told("x") and "anar" not in repr(feed)


damages = st.lists(
    st.tuples(
        st.integers(0, len(BYTES)),
        st.integers(0, 40),
        st.one_of(
            st.binary(max_size=4),
            st.sampled_from(
                (b";", b'"', b"\n", b"\r", b",", b"\x00", b"\xef\xbb\xbf", b"9999-12-31", b"\t|")
            ),
        ),
    ),
    min_size=1,
    max_size=4,
)


@given(damages, st.sampled_from(("auto", "utf-8", "windows-1252", "utf-16")))
@settings(max_examples=400)
def test_a_damaged_feed_loads_whole_or_not_at_all(
    damage: list[tuple[int, int, bytes]], encoding: str
) -> None:
    """Stretches replaced by others: where, how many bytes, by what."""
    data = BYTES
    for start, length, other in damage:
        data = data[:start] + other + data[start + length :]
    feed, place = read(data, encoding)
    check(feed, place)
    if feed is not None and b'"' not in data:
        text = data.decode("utf-8-sig" if feed.encoding == "utf-8" else feed.encoding)
        rows = [line for line in re.split(r"[\r\n]+", text) if line][1:]
        separator = SEPARATORS[feed.separator]
        place_of_key = re.split(r"[\r\n]+", text.lstrip("\r\n"))[0].split(separator).index("person_key")
        assert {one.key for one in feed.employments} == {
            row.split(separator)[place_of_key].strip() for row in rows
        }


@given(st.integers(0, len(BYTES)))
def test_a_feed_that_was_cut_off_is_seen_or_ends_with_a_line(length: int) -> None:
    """A cut within a line is an error, apart from one that leaves the last cell a date or takes the line end
    only; a cut between lines leaves a feed that the guards have to judge."""
    feed, place = read(BYTES[:length])
    check(feed, place)
    if feed is not None and feed.employments:
        assert BYTES[length - 1 : length + 1].count(b"\n") == 1


@given(st.data())
def test_cells_that_changed_places_are_told_or_mean_something(data: st.DataObject) -> None:
    table = [line.split(";") for line in SOUND.splitlines()]
    for _ in range(data.draw(st.integers(1, 4))):
        row, other = (data.draw(st.integers(0, 5)) for _ in range(2))
        cell, swapped = (data.draw(st.integers(0, 11)) for _ in range(2))
        table[row][cell], table[other][swapped] = table[other][swapped], table[row][cell]
    feed, place = read("\n".join(";".join(cells) for cells in table).encode())
    check(feed, place)


@given(st.binary(max_size=400), st.sampled_from(("auto", "utf-8", "windows-1252", "utf-16")))
@example(b"\xff\xfe\x00", "auto")
@example(b"\x00", "auto")
def test_any_bytes_are_refused_or_name_nobody(data: bytes, encoding: str) -> None:
    feed, place = read(data, encoding)
    check(feed, place)
    assert feed is None or feed.employments == ()


@given(st.text(max_size=40))
def test_any_name_of_a_column_is_judged(name: str) -> None:
    assume(name.strip().lower() not in COLUMNS)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerow([*COLUMNS, name])
    feed, place = read(out.getvalue().replace("\0", "").encode("utf-8", errors="ignore"))
    assert feed is None
    if name.isascii() and name.isprintable():
        assert place.forbidden == sensitive(name)


@given(
    st.sampled_from(("ziek", "verzuim", "verlofsoort", "wazo", "re-integratie", "reden", "zwanger")),
    st.data(),
)
def test_a_forbidden_name_is_seen_however_it_is_dressed(name: str, data: st.DataObject) -> None:
    dressed = "".join(data.draw(st.sampled_from((sign.lower(), sign.upper()))) for sign in name)
    before, after = (data.draw(st.sampled_from(("", "x_", "hr ", "1.", "  "))) for _ in range(2))
    assert sensitive(before + dressed + after[::-1])


corners = st.sampled_from(
    [
        date(2026, 12, 31), date(2027, 1, 1), date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1),
        date(2027, 3, 27), date(2027, 3, 28), date(2027, 3, 29), date(2027, 10, 30), date(2027, 10, 31),
        date(2027, 11, 1),
    ]
)  # fmt: skip
near_midnight = st.sampled_from(
    [timedelta(seconds=s) for s in (-7201, -3601, -3600, -1, 0, 1, 3599, 3600, 7201)]
)


class Box:
    """A drop folder of its own, whose clock stands at `now`."""

    def __init__(self, folder: str, now: datetime) -> None:
        self.folder = Path(folder)
        self.clock = SetClock(now)
        self.hr = HrFeed(self.folder, max_age=timedelta(days=7), clock=self.clock, zone=AMSTERDAM)

    def drop(self, people: Sequence[Employment], at: datetime) -> None:
        file = self.folder / "hr.csv"
        file.write_text(written(people), encoding="utf-8")
        os.utime(file, (at.timestamp(),) * 2)


@given(corners, near_midnight)
def test_the_last_day_lasts_until_local_midnight(last: date, away: timedelta) -> None:
    """On both sides of it, through both clock changes, on leap days and at the turn of the year."""
    midnight = datetime.combine(last + timedelta(1), time(0), AMSTERDAM).astimezone(UTC)
    now = midnight + away
    with tempfile.TemporaryDirectory() as folder:
        box = Box(folder, now)
        box.drop([Employment(key="1", ends=last)], now - timedelta(minutes=2))
        [person], state = box.hr.read()
    assert state.as_of == now - timedelta(minutes=2)
    assert person.ends == last
    today = now.astimezone(AMSTERDAM).date()
    assert (today <= person.ends) == (away < timedelta(0))


@given(corners, near_midnight, st.integers(1, 3))
def test_contracts_hand_over_at_local_midnight(last: date, away: timedelta, lead: int) -> None:
    """Whenever it was delivered, the day of reading decides whose department somebody is in."""
    midnight = datetime.combine(last + timedelta(1), time(0), AMSTERDAM).astimezone(UTC)
    now = midnight + away
    before, after = OrgUnit("1", "Toen"), OrgUnit("2", "Straks")
    plain = lines(Employment(key="1", unit=before))[0]
    rows = [
        plain | {"contract_volgnr": "1", "dienst_uit": day(last)},
        plain
        | {
            "contract_volgnr": "2",
            "dienst_in": day(last + timedelta(1)),
            "org_code": "2",
            "org_naam": "Straks",
        },
    ]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        box = Box(folder, now)
        file = box.folder / "hr.csv"
        file.write_text(out.getvalue())
        delivered = now - timedelta(days=lead)
        os.utime(file, (delivered.timestamp(),) * 2)
        [person], _ = box.hr.read()
    assert person.unit == (before if away < timedelta(0) else after)
    assert (person.starts, person.ends) == (None, None)


@given(corners, near_midnight, st.integers(0, 10))
def test_a_feed_is_old_after_so_many_times_24_hours_whatever_the_clocks_show(
    last: date, away: timedelta, days: int
) -> None:
    delivered = datetime.combine(last, time(0), AMSTERDAM).astimezone(UTC) + away
    with tempfile.TemporaryDirectory() as folder:
        box = Box(folder, delivered + timedelta(days=days, minutes=1))
        box.drop([Employment(key="1")], delivered)
        _, state = box.hr.read()
    assert state.as_of == delivered
    assert (state.trouble is Trouble.OLD) == (days >= 7)


@given(st.lists(st.none() | st.dates(TODAY - timedelta(60), TODAY + timedelta(60)), min_size=1, max_size=80))
def test_a_feed_follows_itself_and_withdrawals_always_pass(ends: list[date | None]) -> None:
    people = [Employment(key=str(n), ends=end) for n, end in enumerate(ends)]
    assert doubt(people, people, TODAY) is None
    assert doubt(people, [Employment(key=one.key) for one in people], TODAY) is None


@given(st.integers(3, 200), st.integers(0, 200))
def test_more_than_a_twentieth_on_one_day_is_held_and_not_fewer(staff: int, gone: int) -> None:
    gone = min(gone, staff - 1)
    people = [Employment(key=str(n)) for n in range(staff)]
    held = doubt(people, people[gone:], TODAY) is not None
    assert held == (gone > 2 and gone / staff > 0.05)
