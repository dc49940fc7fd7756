"""A real process, really killed: at every point of sweep and delivery, then started again.

Whatever the moment, each letter arrives exactly once, nobody is judged twice, and no finding is doubled.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailbot.model.letters import LetterState
from mailbot.model.slots import Job
from mailbot.simulator.access import WRITES
from tests.acceptance.killing import Driver, driving
from tests.acceptance.municipality import Municipality, municipality

STORIES = ("plain-over", "portugal", "size-missing")
"""One letter about a state, one about an event, and one unknown from which nothing may follow."""


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with driving() as driver:
        yield driver


def town(folder: Path) -> Any:
    return municipality(folder, mailboxes=6, stories=STORIES)


def arrived(here: Municipality) -> Counter[str]:
    """Our letters in everybody's inbox, by Message-ID."""
    return Counter(
        mail.message_id
        for mails in here.server.delivered().values()
        for mail in mails
        if mail.sender == "postbushulp@voorbeeld.example"
    )


def state(here: Municipality) -> dict[str, Any]:
    """What the store says after it all, in counts; not how many processes it took."""
    with here.opened() as house:
        with house.store.begin() as work:
            row = work.last_counts(Job.SWEEP)
            assert row is not None
            told = {
                "findings": dict(work.finding_counts()),
                "letters": dict(work.letter_counts()),
                "tally": {rule: dict(by) for rule, by in work.tally(row[0].slot.id).items()},
                "sweep": {k: v for k, v in row[1].items() if k not in ("seconds", "why", "earlier")},
                "untidy": len(work.untidy(10)),
            }
        return {**told, "left_over": house.post().left_over()}


def test_killed_at_every_point(driver: Driver, tmp_path: Path) -> None:
    with town(tmp_path / "whole") as here:
        whole = driver.run(here.settings, None)
        assert (whole["signal"], whole["code"]) == (0, 0)
        expected, letters = state(here), sorted(arrived(here).values())
        writes = sum(line.operation in WRITES for line in here.server.access_log())
    points = whole["points"]
    assert letters, "the whole run must send letters, or this test proves nothing"
    assert set(letters) == {1}
    seen = Counter(point.partition(" ")[2] for point in points)
    assert sum(n for name, n in seen.items() if name != "commit") == 2 * writes, "a writing call has no point"
    assert seen["commit"] > 40

    wrong: dict[str, Any] = {}
    for number, point in enumerate(points, start=1):
        with town(tmp_path / str(number)) as here:
            died = driver.run(here.settings, number)
            assert died["signal"] == signal.SIGKILL, f"point {number} was not reached"
            again = driver.run(here.settings, None)
            found = state(here)
            if again["code"] != 0 or found != expected or sorted(arrived(here).values()) != letters:
                wrong[f"{number}: {point}"] = (again["code"], found, arrived(here))
    assert wrong == {}


def test_a_letter_that_cannot_be_traced_is_in_doubt_and_never_sent_again(
    driver: Driver, tmp_path: Path
) -> None:
    """The process dies right after a send, and somebody empties Sent Items before it is back."""
    with town(tmp_path / "a") as here:
        points = driver.run(here.settings, None)["points"]
    number = points.index("after SendItem") + 1
    with town(tmp_path / "b") as here:
        assert driver.run(here.settings, number)["signal"] == signal.SIGKILL
        before = arrived(here)
        assert sum(before.values()) == 1, "the letter had left"
        sender = here.town.mailbox("postbushulp@voorbeeld.example")
        assert sender is not None
        sender.items.clear()
        for _ in range(2):
            assert driver.run(here.settings, None)["code"] == 0
        with here.opened() as house, house.store.begin() as work:
            letters = {state: n for (_, state), n in work.letter_counts().items()}
            problems = work.problems()
        assert letters[LetterState.IN_DOUBT] == 1
        assert [code for code in problems if code.startswith("letter_in_doubt_")], "the operator was told"
        assert set(arrived(here).values()) == {1}, "nothing came twice"
        assert before.items() <= arrived(here).items()


def test_a_recovery_that_dies_too_is_made_up_for(driver: Driver, tmp_path: Path) -> None:
    """Killed between draft and send, and the process that takes the letter up is killed at each of its own
    points until that letter has left."""
    with town(tmp_path / "whole") as here:
        points = driver.run(here.settings, None)["points"]
        letters, expected = sorted(arrived(here).values()), state(here)
    first = points.index("before SendItem") + 1
    with town(tmp_path / "second") as here:
        driver.run(here.settings, first)
        recovery = driver.run(here.settings, None)["points"]
    last = recovery.index("after SendItem") + 2
    wrong: dict[str, Any] = {}
    for number in range(1, last + 1):
        with town(tmp_path / str(number)) as here:
            assert driver.run(here.settings, first)["signal"] == signal.SIGKILL
            assert driver.run(here.settings, number)["signal"] == signal.SIGKILL
            driver.run(here.settings, None)
            if state(here) != expected or sorted(arrived(here).values()) != letters:
                wrong[f"{number}: {recovery[number - 1]}"] = (state(here), arrived(here))
    assert wrong == {}
