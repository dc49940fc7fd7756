"""Whose letter of the week is taken, while nobody says what became of the one before."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mailbot.engine.ladder import Ladder
from mailbot.jobs.planning import written_to
from mailbot.model.letters import LetterKind, LetterOrder, LetterState
from mailbot.store.sql import SqlStore
from tests.unit.jobs.braked_house import Braked, braked

DAY = timedelta(days=1)


@pytest.fixture
def here() -> Iterator[Braked]:
    store = SqlStore("sqlite://", bytes(range(32)))
    yield braked(store)
    store.close()


@pytest.mark.parametrize("reminder_days", [14, 30])
def test_after_a_letter_in_doubt_nobody_waits_longer_than_after_one_that_arrived(
    here: Braked, reminder_days: int
) -> None:
    """It may have arrived, so the next one on its topic is as far away as if it had."""
    here.changes(ladder=Ladder(reminder_days=reminder_days))
    now, reader = here.clock.now(), here.key(1)
    order = LetterOrder("one", LetterKind.NUDGE, "quota", reader, {}, now, now + 90 * DAY)
    letter = here.house.store.letter_id(order.key)
    with here.house.store.begin() as work:
        work.order(letter, order, now)
        work.move(letter, LetterState.WAITING, LetterState.IN_DOUBT, now)
        for days, waits in ((8, True), (reminder_days, True), (reminder_days + 1, False)):
            assert (reader in written_to(here.house, work, now + days * DAY)) is waits
