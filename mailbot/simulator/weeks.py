"""Working weeks as municipal personnel systems and Outlook write them down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

DUTCH_DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Span = tuple[int, int]
"""Start and end in minutes after midnight, local time."""


def _empty() -> Mapping[int, tuple[Span, ...]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Week:
    """Working spans per weekday (Monday is 0). A weekday that is not named is not worked."""

    days: Mapping[int, tuple[Span, ...]] = field(default_factory=_empty)

    @property
    def workdays(self) -> int:
        return len(self.days)

    def with_times(self) -> str:
        """As in a personnel feed with clock times: `ma 08:30-17:00,do 08:30-12:30`."""
        return ",".join(
            f"{DUTCH_DAYS[day]} " + "+".join(f"{_clock(start)}-{_clock(end)}" for start, end in spans)
            for day, spans in sorted(self.days.items())
        )

    def with_hours(self) -> str:
        """As in a personnel feed with paid hours a day: `ma 8,di 8,do 4`."""
        return ",".join(f"{DUTCH_DAYS[day]} {_paid(spans):g}" for day, spans in sorted(self.days.items()))

    def with_days(self) -> str:
        """As in a personnel feed that names days only: `ma,di,do`."""
        return ",".join(DUTCH_DAYS[day] for day in sorted(self.days))


def week(days: str, *spans: str) -> Week:
    """A week from text: `week("ma di do", "08:30-12:30", "13:00-17:00")`; default 08:30-17:00."""
    parsed = tuple(_span(text) for text in spans or ("08:30-17:00",))
    return Week(MappingProxyType({DUTCH_DAYS.index(day): parsed for day in days.split()}))


def joined(*parts: Week) -> Week:
    """One week made of parts, for people whose days differ."""
    days: dict[int, tuple[Span, ...]] = {}
    for part in parts:
        days.update(part.days)
    return Week(MappingProxyType(days))


def _span(text: str) -> Span:
    start, end = text.split("-")
    return _minutes(start), _minutes(end)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _paid(spans: tuple[Span, ...]) -> float:
    """Paid hours: a long day without a gap holds half an hour's break."""
    minutes = sum(end - start for start, end in spans)
    return (minutes - (30 if len(spans) == 1 and minutes > 330 else 0)) / 60


FULL_TIME = week("ma di wo do vr")
