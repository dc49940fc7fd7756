"""One process delivers at a time, and behind one that was killed nobody waits long."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from mailbot.exchange.ews_post import EwsPost
from mailbot.jobs import lease
from mailbot.jobs.deliver import deliver
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import Busy
from mailbot.model.slots import Claim, Job, SlotRow
from tests.acceptance.desk import Desk, small_town
from tests.acceptance.municipality import Municipality
from tests.acceptance.test_service import until

SECOND = timedelta(seconds=1)


class Killed(BaseException):
    """Stands for the end of the process: nothing of ours handles it."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Municipality]:
    with small_town(tmp_path) as desk:
        with desk.here.opened() as house:
            sweep(house, desk.here.slot())
        desk.goes_to_day(23, 10, 5)
        yield desk.here


def lane(house: House) -> SlotRow:
    with house.store.begin() as work:
        (row,) = work.slots(Job.DELIVER, house.today())
    return row


def killed_at_the_first_letter(here: Municipality) -> None:
    """Its lease stays behind, as nobody gave it back."""

    def dies(_post: EwsPost, _draft: str) -> None:
        raise Killed

    with (
        patch.object(EwsPost, "dispatch", dies),
        patch.object(lease.Lease, "end", lambda kept: kept._ended.set()),
        pytest.raises(Killed),
        here.opened("killed") as house,
    ):
        deliver(house)


def test_another_process_takes_over_within_two_minutes(here: Municipality) -> None:
    killed_at_the_first_letter(here)
    now = here.clock.now()
    with here.opened("next") as house:
        here.clock.set(now + lease.LEASE - SECOND)
        with pytest.raises(Busy, match="another process is delivering"):
            deliver(house)
        assert here.letters() == 0
        assert timedelta(minutes=2) > lease.LEASE
        here.clock.set(now + lease.LEASE)
        assert deliver(house).sent > 0
        assert Desk(here).letters().keys() == {("nudge", "sent")}


def test_a_letter_that_takes_longer_than_the_lease_is_not_taken_from_the_process(here: Municipality) -> None:
    """Exchange answers late; all the while nobody else may deliver."""
    dispatch, tried = EwsPost.dispatch, []

    def late(post: EwsPost, draft: str) -> None:
        if not tried:
            before = here.clock.now()
            for _ in range(3):
                here.clock.set(here.clock.now() + lease.LEASE - SECOND)
                assert until(lambda: lane(other).lease >= here.clock.now() + lease.LEASE)
                with pytest.raises(Busy, match="another process is delivering"):
                    deliver(other)
            tried.append(here.clock.now() - before)
        dispatch(post, draft)

    with (
        here.opened("other") as other,
        here.opened("slow") as house,
        patch.object(lease, "BEAT_SECONDS", 0.02),
        patch.object(EwsPost, "dispatch", late),
    ):
        done = deliver(house)
        assert tried[0] > 2 * lease.LEASE
        assert done.sent == here.letters() > 0
        assert lane(house).lease == here.clock.now(), "it is free again at once"


def test_a_process_that_lost_the_lane_sends_no_further_letter(here: Municipality) -> None:
    """It stood still for longer than the lease, and another has begun."""
    dispatch, sent = EwsPost.dispatch, []

    def stands_still(post: EwsPost, draft: str) -> None:
        dispatch(post, draft)
        sent.append(draft)
        if len(sent) == 1:
            here.clock.set(here.clock.now() + lease.LEASE)
            now, slot = here.clock.now(), lane(other).slot
            with other.store.begin() as work:
                assert work.claim(slot, "other", now, now + lease.LEASE) is Claim.RESUMED

    with (
        here.opened("other") as other,
        here.opened("slow") as house,
        patch.object(EwsPost, "dispatch", stands_still),
        pytest.raises(Busy, match="took over"),
    ):
        deliver(house)
    assert len(sent) == 1
