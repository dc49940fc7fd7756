"""Time zones as EWS writes them: rules by bias and transition, and Windows names.

Shapes: SerializableTimeZone and TimeZoneDefinitionType of the EWS schema (types.xsd).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from lxml import etree

from mailbot.simulator.soap import T, text_of
from mailbot.simulator.weeks import ENGLISH_DAYS


@dataclass(frozen=True, slots=True)
class Change:
    """The moment in a year at which a season begins, by the clock of the season before it.

    `order` is the n-th `weekday` (Monday is 0) of `month`; 5 means the last. `bias` in minutes is added to
    the zone's own bias while the season lasts.
    """

    bias: int
    month: int
    order: int
    weekday: int
    clock: time

    def local(self, year: int) -> datetime:
        """Wall-clock moment, without zone."""
        first = datetime.combine(date(year, self.month, 1), self.clock)
        day = first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.order - 1))
        while day.month != self.month:
            day -= timedelta(days=7)
        return day


@dataclass(frozen=True, slots=True)
class RuleZone:
    """`bias` in minutes: UTC = local time + bias. Without seasons both changes are None."""

    bias: int
    standard: Change | None = None
    daylight: Change | None = None

    def to_local(self, moment: datetime) -> datetime:
        """Wall-clock time without zone of an aware moment."""
        utc = moment.astimezone(UTC).replace(tzinfo=None)
        return utc - timedelta(minutes=self._bias_at(utc))

    def to_utc(self, local: datetime) -> datetime:
        """The aware moment of a wall-clock time without zone; the standard reading when it comes twice."""
        for season in (self.standard, self.daylight):
            bias = self.bias + (season.bias if season else 0)
            utc = local + timedelta(minutes=bias)
            if self._bias_at(utc) == bias:
                return utc.replace(tzinfo=UTC)
        return (local + timedelta(minutes=self.bias)).replace(tzinfo=UTC)

    def _bias_at(self, utc: datetime) -> int:
        if self.standard is None or self.daylight is None:
            return self.bias
        summer, winter = _changes(self, utc.year)
        in_summer = summer <= utc < winter if summer < winter else not winter <= utc < summer
        return self.bias + (self.daylight.bias if in_summer else self.standard.bias)


@lru_cache(maxsize=256)
def _changes(zone: RuleZone, year: int) -> tuple[datetime, datetime]:
    """Start of daylight time and of standard time in a year, in UTC without zone."""
    assert zone.standard is not None and zone.daylight is not None
    summer = zone.daylight.local(year) + timedelta(minutes=zone.bias + zone.standard.bias)
    winter = zone.standard.local(year) + timedelta(minutes=zone.bias + zone.daylight.bias)
    return summer, winter


UTC_ZONE = RuleZone(0)
WEST_EUROPE = RuleZone(-60, Change(0, 10, 5, 6, time(3)), Change(-60, 3, 5, 6, time(2)))
EASTERN = RuleZone(300, Change(0, 11, 1, 6, time(2)), Change(-60, 3, 2, 6, time(2)))
TOKYO = RuleZone(-540)

SERVER_ZONES = {
    "UTC": ("(UTC) Coordinated Universal Time", UTC_ZONE),
    "W. Europe Standard Time": ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", WEST_EUROPE),
    "Romance Standard Time": ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", WEST_EUROPE),
    "Eastern Standard Time": ("(UTC-05:00) Eastern Time (US & Canada)", EASTERN),
    "Tokyo Standard Time": ("(UTC+09:00) Osaka, Sapporo, Tokyo", TOKYO),
}
"""Windows name -> display name and rules, as GetServerTimeZones answers them."""

WINDOWS_NAMES = {
    "Europe/Amsterdam": "W. Europe Standard Time",
    "America/New_York": "Eastern Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time",
}
"""IANA name -> Windows name, for the zones in which the town's calendar entries are made."""


def read_zone(element: etree._Element) -> RuleZone:
    """The zone of a t:TimeZone element. Raises ValueError when it is malformed."""
    bias = int(text_of(element, "Bias"))
    standard, daylight = (_read_change(element, name) for name in ("StandardTime", "DaylightTime"))
    if standard is None or daylight is None:
        return RuleZone(bias)
    return RuleZone(bias, standard, daylight)


def _read_change(element: etree._Element, name: str) -> Change | None:
    change = element.find(T + name)
    if change is None or int(text_of(change, "Month")) == 0:
        return None
    return Change(
        int(text_of(change, "Bias")),
        int(text_of(change, "Month")),
        int(text_of(change, "DayOrder")),
        ENGLISH_DAYS.index(text_of(change, "DayOfWeek")),
        time.fromisoformat(text_of(change, "Time")),
    )


def write_zone(zone: RuleZone) -> str:
    """The t:TimeZone element of a zone. A zone without seasons has both changes in month 0."""
    return (
        f"<t:TimeZone><t:Bias>{zone.bias}</t:Bias>"
        f"{_write_change('StandardTime', zone.standard)}{_write_change('DaylightTime', zone.daylight)}"
        "</t:TimeZone>"
    )


def _write_change(name: str, change: Change | None) -> str:
    change = change or Change(0, 0, 0, 6, time(0))
    return (
        f"<t:{name}><t:Bias>{change.bias}</t:Bias><t:Time>{change.clock.isoformat()}</t:Time>"
        f"<t:DayOrder>{change.order}</t:DayOrder><t:Month>{change.month}</t:Month>"
        f"<t:DayOfWeek>{ENGLISH_DAYS[change.weekday]}</t:DayOfWeek></t:{name}>"
    )
