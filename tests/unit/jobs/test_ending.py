"""The first line about a sweep: how it ended and why."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mailbot.jobs.ending import NO_TURN, Ending, broken_off, missed, standing
from mailbot.model.facts import WITHOUT_TURN, Known, MailboxFacts, Reason, Unknown
from mailbot.model.figures import Coverage
from mailbot.model.ids import ObjectGuid
from mailbot.model.mailbox import Size
from mailbot.model.needs import AutomaticReply, ExportedQuota, InboxAccess, MailboxSize
from mailbot.model.slots import Job, Slot, SlotResult, SlotRow

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ending", "line"),
    [
        (Ending(Coverage(1000, 1000)), "complete: 1,000 of 1,000 mailboxes read"),
        (
            Ending(Coverage(1000, 812), {Reason.THROTTLED: 38, Reason.NOT_VISITED: 150}),
            "partial: 812 of 1,000 mailboxes read; 150 not visited in the time of the run, 38 throttled; "
            "who had no turn comes first next time",
        ),
        (
            Ending(Coverage(40, 37), {Reason.TIMED_OUT: 1, Reason.ACCESS_DENIED: 2}),
            "complete: 37 of 40 mailboxes read; 2 access denied, 1 timed out",
        ),
        (
            Ending(Coverage(40, 35), {Reason.ACCESS_DENIED: 5}),
            "partial: 35 of 40 mailboxes read; 5 access denied",
        ),
        (
            Ending(Coverage(1000, 1000), earlier=412),
            "complete: 1,000 of 1,000 mailboxes read; resumed: 412 of 1,000 were done by an earlier process",
        ),
        (
            Ending(Coverage(40, 39), {Reason.SIGN_IN_REFUSED: 1}),
            "complete: 39 of 40 mailboxes read; 1 sign in refused",
        ),
        (Ending(Coverage(0, 0)), "complete: 0 of 0 mailboxes read"),
        (Ending(Coverage(40, 40), hangs=3), "partial: 40 of 40 mailboxes read; 3 times a worker hung"),
    ],
)
def test_the_line_says_how_it_ended_and_why(ending: Ending, line: str) -> None:
    assert ending.line == line


@pytest.mark.parametrize("reason", list(Reason))
def test_one_mailbox_without_a_turn_is_never_complete_and_one_that_cannot_be_read_is(reason: Reason) -> None:
    """Else a sweep would never be complete where one mailbox is denied, or always be where the time ended."""
    ending = Ending(Coverage(1000, 999), {reason: 1})
    assert (ending.result is SlotResult.COMPLETE) is (reason not in NO_TURN)
    assert ending.line.startswith(f"{ending.result}: 999 of 1,000 mailboxes read; 1 ")


SIZE = Known(Size(1, 1), NOW)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({MailboxSize(): SIZE, AutomaticReply(): Unknown(Reason.ACCESS_DENIED)}, None),
        ({MailboxSize(): SIZE, AutomaticReply(): Unknown(Reason.SERVER_FAILED)}, None),
        ({MailboxSize(): SIZE, AutomaticReply(): Unknown(Reason.TIMED_OUT)}, Reason.TIMED_OUT),
        ({MailboxSize(): SIZE, AutomaticReply(): Unknown(Reason.THROTTLED)}, Reason.THROTTLED),
        ({MailboxSize(): SIZE, AutomaticReply(): Unknown(Reason.NOT_VISITED)}, Reason.NOT_VISITED),
        (
            {MailboxSize(): Unknown(Reason.TIMED_OUT), ExportedQuota(): Known(None, NOW)},
            Reason.TIMED_OUT,
        ),
        (
            {
                MailboxSize(): Unknown(Reason.CONNECTION_LOST),
                AutomaticReply(): Unknown(Reason.ACCESS_DENIED),
                InboxAccess(): Unknown(Reason.ACCESS_DENIED),
            },
            Reason.ACCESS_DENIED,
        ),
        ({MailboxSize(): SIZE, ExportedQuota(): Unknown(Reason.NOT_VISITED)}, None),
        ({}, Reason.NOT_VISITED),
    ],
)
def test_a_mailbox_counts_as_read_when_it_answered_and_was_not_cut_short(
    values: Mapping[Any, Any], why: Reason | None
) -> None:
    assert missed(MailboxFacts(ObjectGuid("1"), values)) is why


def test_whoever_had_no_turn_is_the_same_in_words_and_in_what_is_kept() -> None:
    assert NO_TURN.keys() == WITHOUT_TURN


def turn(result: SlotResult | None, lease: timedelta, **counts: str) -> SlotRow:
    slot = Slot(Job.SWEEP, date(2026, 11, 23), "06:00")
    return SlotRow(slot, NOW, NOW if result else None, result, NOW + lease, counts)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (turn(SlotResult.PARTIAL, HOUR, why="812 of 1,000"), ("partial", "812 of 1,000")),
        (turn(SlotResult.COMPLETE, -HOUR), ("complete", "")),
        (turn(None, HOUR), ("under way", "412 mailboxes are done")),
        (turn(None, HOUR, why="of an earlier process"), ("under way", "412 mailboxes are done")),
        (turn(None, -HOUR, why="mailbot was asked to end"), ("aborted", "mailbot was asked to end")),
        (turn(None, -HOUR), ("aborted", broken_off("the process was killed", 412))),
    ],
)
def test_a_turn_stands_as_its_slot_says(row: SlotRow, said: tuple[str, str]) -> None:
    """A process that was killed said nothing: its lease that ran out does."""
    assert standing(row, 412, NOW) == said
