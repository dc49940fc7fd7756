"""Houses for properties of people: wild ones, in which sources say anything, and sound ones."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from mailbot.directory.merge import House
from mailbot.model.accounts import Account, Language, Quota, RecipientType
from mailbot.model.employment import Employment, Leave, OrgUnit
from mailbot.model.facts import Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import NOT_SAID, Person
from mailbot.model.worktime import Hours, WorkPattern

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
HOUSE = House(frozenset({"voorbeeld.example"}), ("adm-*",), Language.NL, ZONE)

NAMES = ("anna", "bram", "cato", "adm-dirk", "balie")
NUMBERS = ("7", "07", " 7", "8", "0", "", "9")
addresses = st.builds(
    lambda name, domain: Address(f"{name}@{domain}.example"),
    st.sampled_from(NAMES),
    st.sampled_from(("voorbeeld", "voorbeeld", "voorbeeld", "elders")),
)


def guid(number: int) -> ObjectGuid:
    return ObjectGuid(f"00000000-0000-4000-8000-{number:012d}")


guids = st.integers(1, 6).map(guid)
days = st.sampled_from((date(2026, 11, 22), TODAY, date(2026, 11, 24)))

wild_accounts = st.lists(
    st.builds(
        Account,
        guid=guids,
        address=addresses,
        name=st.just("Iemand"),
        login=st.sampled_from(("iemand", "adm-iemand")),
        others=st.frozensets(addresses, max_size=2),
        kind=st.none() | st.sampled_from(RecipientType),
        closed=st.none() | st.booleans(),
        expires=st.none() | st.sampled_from((NOW, NOW + timedelta(days=3))),
        manager=st.none() | guids,
        has_manager=st.booleans(),
        department=st.none() | st.sampled_from(("Burgerzaken", "Griffie")),
        staff_number=st.none() | st.sampled_from(NUMBERS),
    ),
    max_size=7,
)


@st.composite
def wild_records(draw: st.DrawFn) -> list[Employment]:
    """Each record has a year of its own, by which it can be told where its data went."""
    records = []
    for number in range(draw(st.integers(0, 6))):
        day = date(2000 + number, 1, 1)
        records.append(
            Employment(
                key=draw(st.sampled_from(NUMBERS)),
                address=draw(st.none() | addresses),
                starts=day,
                ends=draw(st.none() | days),
                manager_key=draw(st.none() | st.sampled_from(NUMBERS)),
                unit=OrgUnit(f"{number}", draw(st.sampled_from(("Burgerzaken", "Griffie")))),
                roster=WorkPattern({0: (Hours(time(8), time(9, number)),)}),
                leave=(Leave(day, day, day),),
            )
        )
    return records


@dataclass(frozen=True)
class Organisation:
    """A house in which the sources agree, and the people that it consists of."""

    accounts: tuple[Account, ...]
    records: tuple[Employment, ...]
    people: tuple[Person, ...]

    def joined(self) -> dict[Employment, ObjectGuid]:
        """Whose record each one is: the first day of service is different for everybody."""
        by_start = {person.starts: person.guid for person in self.people}
        return {record: by_start[record.starts] for record in self.records}

    def without_departments(self) -> "Organisation":
        """The same house, in which only personnel knows units."""
        accounts = tuple(replace(account, department=None) for account in self.accounts)
        return replace(self, accounts=accounts)


@st.composite
def organisations(draw: st.DrawFn, most: int = 7, bosses: int = 6) -> Organisation:
    """Of 2 to `most` people; only the first `bosses` manage anybody. Number 0 is at the top and manages
    number 1; each other reports to somebody before them. Some are known to personnel by staff number, some by
    address, some by an old address, some not at all."""
    accounts, records, people = [], [], []
    joins: list[str] = []
    for number in range(draw(st.integers(2, most))):
        join = draw(st.sampled_from(("number", "address", "old address", "directory only")))
        joins.append(join)
        known = join != "directory only"
        boss = None if number == 0 else draw(st.integers(0, min(number, bosses) - 1))
        by_personnel = boss is not None and known and joins[boss] != "directory only" and draw(st.booleans())
        address, old = Address(f"p{number}@voorbeeld.example"), Address(f"oud{number}@voorbeeld.example")
        left = draw(st.booleans()) and number > 1
        ends = TODAY - timedelta(days=draw(st.integers(1, 400))) if left else None
        expires = (
            datetime(2027, 1, 1, tzinfo=ZONE) if not known and not left and draw(st.booleans()) else None
        )
        if left and not known:
            assert ends is not None
            expires = datetime.combine(ends + timedelta(days=1), time(0), ZONE)
        last = ends or (date(2026, 12, 31) if expires else None)
        closed = left and known
        unit = draw(st.none() | st.just(OrgUnit(f"{number % 3}", f"Afdeling {number % 3}")))
        in_directory = unit is not None and (not known or draw(st.booleans()))
        roster = (
            draw(st.none() | st.just(WorkPattern({number % 5: (Hours(time(8), time(12)),)})))
            if known
            else None
        )
        leave = (Leave(TODAY, TODAY, date(2026, 1, 5)),) if known and draw(st.booleans()) else ()
        starts = date(2015, 1, 1 + number) if known else None
        quota = draw(st.none() | st.just(Quota(10**9)))
        directory_unit = None if unit is None else OrgUnit(unit.name, unit.name)
        accounts.append(
            Account(
                guid(number),
                address,
                f"Persoon {number}",
                others=frozenset({old}),
                kind=RecipientType.USER,
                closed=closed,
                expires=expires,
                quota=quota,
                manager=None if boss is None or by_personnel else guid(boss),
                has_manager=boss is not None and not by_personnel,
                department=unit.name if unit and in_directory else None,
                staff_number=f"{100 + number}" if join == "number" else None,
            )
        )
        if known:
            records.append(
                Employment(
                    f"0{100 + number}",
                    {"number": None, "address": address, "old address": old}[join],
                    starts,
                    ends,
                    f"{100 + boss}" if by_personnel and boss is not None else None,
                    unit,
                    roster,
                    leave,
                )
            )
        people.append(
            Person(
                guid(number),
                address,
                f"Persoon {number}",
                Language.NL,
                Known(not left, NOW),
                Known(RecipientType.USER, NOW),
                NOT_SAID,
                Unknown(Reason.WORK_PATTERN_MISSING) if roster is None else Known(roster, NOW),
                unit=unit if known else directory_unit,
                manager=None if boss is None else guid(boss),
                starts=starts,
                ends=last,
                leave=leave,
                quota=NOT_SAID if quota is None else Known(quota, NOW),
            )
        )
    of_personnel = {record.unit for record in records}
    people = [
        replace(p, unit=next((u for u in of_personnel if u and p.unit and u.name == p.unit.name), p.unit))
        for p in people
    ]
    return Organisation(tuple(accounts), tuple(records), tuple(people))
