"""The budget of an endpoint: who rests, how many may ask at a time, and what is taken for whose trouble."""

import threading
import time
from collections.abc import Callable

import pytest

from mailbot.exchange import throttling
from mailbot.exchange.throttling import GOOD, LONGEST_REST, MANY, WINDOW, Budget, budget_of

LONG = 3000.0


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def soon() -> float:
    return time.monotonic() + 0.05


def enter(budget: Budget, stop: threading.Event, *, ours: bool = False) -> object:
    """A place that is free."""
    place = budget.enter(ours, time.monotonic() + 60, stop, LONG)
    assert place is not None
    return place


def full(budget: Budget, stop: threading.Event, *, ours: bool = False) -> bool:
    """Whether there is no place just now."""
    return budget.enter(ours, soon(), stop, LONG) is None


def has_places(budget: Budget, stop: threading.Event, count: int) -> bool:
    """That many are free, and no more."""
    places = [enter(budget, stop) for _ in range(count)]
    no_more = full(budget, stop)
    for place in places:
        budget.leave(place)
    return no_more


class TestRest:
    def test_a_rest_in_our_own_name_is_not_everybodys(self, stop: threading.Event) -> None:
        budget = Budget(4)
        budget.back_off(LONG, ours=True)
        assert enter(budget, stop)
        assert full(budget, stop, ours=True)
        assert budget.rest() == 0
        assert budget.rest(ours=True) > LONG / 2
        assert budget.limit == 4

    def test_the_rest_of_the_endpoint_is_everybodys(self, stop: threading.Event) -> None:
        budget = Budget(4)
        budget.back_off(LONG)
        assert full(budget, stop)
        assert full(budget, stop, ours=True)

    def test_it_is_waited_for(self, stop: threading.Event) -> None:
        budget = Budget()
        budget.back_off(0.1)
        assert budget.wait(time.monotonic() + 60, stop)
        assert budget.rest() == 0

    @pytest.mark.parametrize("ours", [False, True])
    def test_who_has_something_else_to_do_does_not_wait_for_it(
        self, stop: threading.Event, ours: bool
    ) -> None:
        budget = Budget()
        budget.back_off(LONG, ours=ours)
        until = time.monotonic() + 2 * LONG
        assert budget.enter(True, until, stop, LONG, patient=False) is None
        assert (budget.enter(False, until, stop, LONG, patient=False) is not None) is ours

    def test_a_shorter_one_does_not_shorten_a_longer_one(self, stop: threading.Event) -> None:
        budget = Budget()
        budget.back_off(LONG)
        budget.back_off(0.01)
        assert not budget.wait(time.monotonic() + LONG / 2, stop)

    def test_no_rest_is_longer_than_an_hour(self) -> None:
        budget = Budget()
        budget.back_off(float("inf"), ours=True)
        assert budget.rest(ours=True) <= LONGEST_REST

    def test_whoever_stops_gets_no_place_and_does_not_wait_for_one(self, stop: threading.Event) -> None:
        budget = Budget(1)
        stop.set()
        assert budget.enter(False, time.monotonic() + LONG, stop, LONG) is None

    def test_each_endpoint_has_its_own(self) -> None:
        assert budget_of("https://a.example/") is budget_of("https://a.example/")
        assert budget_of("https://a.example/") is not budget_of("https://b.example/")


class TestPlaces:
    def test_no_more_at_a_time_than_allowed(self, stop: threading.Event) -> None:
        assert has_places(Budget(3), stop, 3)

    def test_who_waits_gets_the_place_that_is_left(self, stop: threading.Event) -> None:
        budget = Budget(1)
        first = enter(budget, stop)
        got: list[object | None] = []
        waiting = threading.Thread(
            target=lambda: got.append(budget.enter(False, time.monotonic() + 60, stop, LONG))
        )
        waiting.start()
        assert full(budget, stop)
        budget.leave(first)
        waiting.join()
        assert got != [None]

    def test_the_place_of_who_hangs_is_free_when_its_time_is_over(
        self, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(throttling, "GRACE", 0.0)
        budget = Budget(1)
        hangs = budget.enter(False, time.monotonic() + 60, stop, 0.01)
        time.sleep(0.02)
        assert enter(budget, stop)
        budget.leave(hangs)
        assert full(budget, stop), "what comes back late gives nothing back"

    def test_the_most_that_anybody_allows_counts(self, stop: threading.Event) -> None:
        budget = Budget(2)
        budget.allow(5)
        budget.allow(3)
        assert has_places(budget, stop, 5)
        assert budget.limit == 5


class TestFewerAndMore:
    def test_half_at_once_and_never_none(self) -> None:
        budget = Budget(5)
        limits = []
        for _ in range(4):
            budget.back_off(0.0)
            limits.append(budget.limit)
        assert limits == [2, 1, 1, 1]

    def test_a_volley_of_refusals_counts_once(self) -> None:
        """Thirty-two requests were on their way when the server had enough: one of them has told us."""
        budget = Budget(32)
        begun = time.monotonic()
        for _ in range(32):
            budget.back_off(0.0, since=begun)
        assert budget.limit == 16
        budget.back_off(0.0)
        assert budget.limit == 8

    def test_one_more_after_many_good_answers_in_a_row(self) -> None:
        budget = Budget(8)
        budget.back_off(0.0)
        for _ in range(GOOD - 1):
            budget.answered()
        assert budget.limit == 4
        budget.answered()
        assert budget.limit == 5

    def test_a_refusal_begins_the_row_anew(self) -> None:
        budget = Budget(8)
        budget.back_off(0.0)
        for _ in range(GOOD - 1):
            budget.answered()
        budget.back_off(0.0, ours=True)
        budget.answered()
        assert budget.limit == 4

    def test_never_more_than_allowed(self) -> None:
        budget = Budget(8)
        for _ in range(GOOD * 10):
            budget.answered()
        assert budget.limit == 8

    def test_what_is_lowered_stays_so_when_another_road_opens(self) -> None:
        budget = Budget(8)
        budget.back_off(0.0)
        budget.allow(8)
        assert budget.limit == 4


class TestBusyMailboxes:
    def busy(self, budget: Budget, names: Callable[[int], str], times: int) -> None:
        for number in range(times):
            budget.busy(names(number), 0.0, time.monotonic())

    def test_many_different_ones_are_the_endpoints_trouble(self) -> None:
        budget = Budget(8)
        self.busy(budget, str, MANY - 1)
        assert budget.limit == 8
        self.busy(budget, lambda _: "one more", 1)
        assert budget.limit == 4

    def test_the_same_one_over_and_over_is_its_own(self) -> None:
        budget = Budget(8)
        self.busy(budget, lambda _: "always the same", 10 * MANY)
        assert budget.limit == 8

    def test_one_in_ten_is_no_trouble_of_the_endpoint(self) -> None:
        budget = Budget(8)
        for number in range(10 * WINDOW):
            self.busy(budget, lambda _, number=number: str(number), 1)
            for _ in range(9):
                budget.answered()
        assert budget.limit == 8

    def test_after_a_rest_of_all_it_is_looked_at_anew(self) -> None:
        budget = Budget(8)
        self.busy(budget, str, MANY)
        self.busy(budget, lambda number: f"later {number}", MANY - 1)
        assert budget.limit == 4
