"""What is stored comes back equal and of the same type, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, exc, select

from mailbot.store.columns import decode, encode
from mailbot.store.schema import letter
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

NAIVE = datetime(2026, 3, 2, 7, tzinfo=UTC).replace(tzinfo=None)
MOMENTS = st.datetimes(timezones=st.just(UTC))
SHOWN = st.dictionaries(
    st.text(max_size=8), st.integers() | st.text(max_size=12) | st.booleans() | st.dates() | MOMENTS
)


@given(SHOWN)
def test_shown_values_round_trip_with_their_types(shown: dict[str, Any]) -> None:
    back = decode(encode(shown))
    assert back == shown
    assert {name: type(value) for name, value in back.items()} == {n: type(v) for n, v in shown.items()}


def test_equal_values_have_equal_texts() -> None:
    one = encode(MappingProxyType({"b": 1, "a": date(2026, 3, 2)}))
    assert one == encode({"a": date(2026, 3, 2), "b": 1})


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", NAIVE, object(), float("nan")])
def test_what_could_not_come_back_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode({"value": value})


def test_moments_keep_their_microseconds_and_come_back_in_utc(store: SqlStore, story: Story) -> None:
    amsterdam = timezone(timedelta(hours=2))
    at = datetime(2026, 7, 1, 10, 30, 15, 123456, tzinfo=amsterdam)
    order = story.order(1, not_before=at, not_after=at + timedelta(hours=1))
    with store.begin() as work:
        work.order(store.letter_id(order.key), order, at)
        kept = work.letters_of(story.person(1))[0]
    assert kept.order.not_before == at
    assert kept.order.not_before.utcoffset() == timedelta(0)
    assert kept.changed == at


def test_a_naive_moment_is_refused(store: SqlStore, story: Story) -> None:
    with pytest.raises(exc.StatementError, match="aware"), store.begin() as work:
        work.order(store.letter_id("x"), story.order(1), NAIVE)


def test_words_are_stored_by_their_value(raw: Engine, store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    with raw.connect() as connection:
        found = connection.exec_driver_sql("SELECT kind, state FROM letter").one()
    assert tuple(found) == ("nudge", "waiting")
    with raw.connect() as connection:
        kind = connection.scalar(select(letter.c.kind))
    assert isinstance(kind, StrEnum)
