"""A step counts when its letter was delivered, once, and not any more when the letter came back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, select

from mailbot.model.findings import Finding, FindingChange, FindingState, TopicLetters
from mailbot.model.ids import FindingId, RuleId
from mailbot.model.letters import LetterKind, LetterState, OutboxLetter
from mailbot.model.restrictions import Restriction
from mailbot.ports import Work
from mailbot.store.schema import finding_history
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

DAY = timedelta(days=1)
SILENCE = timedelta(days=90)
F1 = FindingId("f1")
QUOTA = RuleId("quota")
OPEN, TOLD, REMINDED = FindingState.OPEN, FindingState.TOLD, FindingState.REMINDED


def deliver(story: Story, work: Work, key: str, at: datetime, **changes: object) -> OutboxLetter:
    """Order a letter about finding 1 and let it arrive."""
    order = story.order(1, key, finding=F1, **changes)
    letter = story.store.letter_id(order.key)
    work.order(letter, order, at)
    work.move(letter, LetterState.WAITING, LetterState.SENT, at)
    kept = work.letter(letter)
    assert kept is not None
    work.told(kept, at + SILENCE, at)
    return kept


def come_back(story: Story, work: Work, letter: OutboxLetter, at: datetime) -> None:
    work.move(letter.id, LetterState.SENT, LetterState.BOUNCED, at)
    work.untold(letter, at)


def first(work: Work, story: Story) -> Finding:
    return work.findings_of(story.person(1))[0]


def ladder(finding: Finding) -> tuple[FindingState, int, datetime | None]:
    return finding.state, finding.steps, finding.told


def test_letter_by_letter_a_finding_climbs_and_each_one_counts_on_its_topic(
    store: SqlStore, story: Story
) -> None:
    story.open_finding(1, letter=False)
    climbed = []
    with store.begin() as work:
        assert ladder(first(work, story)) == (OPEN, 0, None)
        for number in range(4):
            at = story.now + number * 20 * DAY
            deliver(story, work, f"letter {number}", at)
            climbed.append((ladder(first(work, story)), work.topics(at)))
    topic = (story.person(1), QUOTA)
    days = [story.now + number * 20 * DAY for number in range(4)]
    assert climbed == [
        ((TOLD, 1, days[0]), {topic: TopicLetters(1, days[0] + SILENCE)}),
        ((REMINDED, 2, days[1]), {topic: TopicLetters(2, days[1] + SILENCE)}),
        ((REMINDED, 3, days[2]), {topic: TopicLetters(3, days[2] + SILENCE)}),
        ((REMINDED, 4, days[3]), {topic: TopicLetters(4, days[3] + SILENCE)}),
    ]


def test_each_step_is_a_version_and_a_line_of_history(store: SqlStore, story: Story, raw: Engine) -> None:
    story.open_finding(1, letter=False)
    with store.begin() as work:
        deliver(story, work, "nudge", story.now + DAY)
        last = deliver(story, work, "reminder", story.now + 20 * DAY, kind=LetterKind.REMINDER)
        deliver(story, work, "another", story.now + 40 * DAY, kind=LetterKind.REMINDER)
        come_back(story, work, last, story.now + 41 * DAY)
        mended = story.transition(1, FindingState.RESOLVED, 5)
        work.change(story.plan(story.step(1, mended)), 0, story.now + 50 * DAY)
        assert first(work, story).version == 6
        history = work.history_of(story.person(1))
    assert history == [
        FindingChange(F1, story.now, None, OPEN),
        FindingChange(F1, story.now + DAY, OPEN, TOLD),
        FindingChange(F1, story.now + 20 * DAY, TOLD, REMINDED),
        FindingChange(F1, story.now + 40 * DAY, REMINDED, REMINDED),
        FindingChange(F1, story.now + 41 * DAY, REMINDED, REMINDED),
        FindingChange(F1, story.now + 50 * DAY, REMINDED, FindingState.RESOLVED),
    ]
    columns = {"id", "finding", "at", "from_state", "to_state"}
    assert set(finding_history.c.keys()) == columns, "and nothing else is remembered of it"
    with raw.connect() as connection:
        assert len(connection.execute(select(finding_history.c.id)).all()) == len(history)


def test_history_is_of_one_person_oldest_first(store: SqlStore, story: Story) -> None:
    story.open_finding(2, now=story.now + DAY)
    story.open_finding(1, now=story.now)
    with store.begin() as work:
        later = story.transition(1, FindingState.RESOLVED, 1)
        work.change(story.plan(story.step(1, later)), 0, story.now + 2 * DAY)
        assert [change.after for change in work.history_of(story.person(1))] == [OPEN, FindingState.RESOLVED]
        assert [change.finding for change in work.history_of(story.person(2))] == ["f2"]
        assert work.history_of(story.person(3)) == []


def test_a_letter_that_is_told_twice_counts_once(store: SqlStore, story: Story) -> None:
    """A process that was killed after the commit tells it again when it comes back."""
    story.open_finding(1, letter=False)
    with store.begin() as work:
        letter = deliver(story, work, "nudge", story.now)
        before = first(work, story), work.topics(story.now), work.history_of(story.person(1))
    with store.begin() as work:
        work.told(letter, story.now + DAY + SILENCE, story.now + DAY)
        assert (first(work, story), work.topics(story.now), work.history_of(story.person(1))) == before


def test_a_letter_that_came_back_takes_its_step_back_once(store: SqlStore, story: Story) -> None:
    story.open_finding(1, letter=False)
    topic = (story.person(1), QUOTA)
    with store.begin() as work:
        deliver(story, work, "nudge", story.now)
        reminder = deliver(story, work, "reminder", story.now + 20 * DAY, kind=LetterKind.REMINDER)
        for _ in range(2):
            if work.letters_of(story.person(1))[-1].state is LetterState.SENT:
                come_back(story, work, reminder, story.now + 21 * DAY)
            else:
                work.untold(reminder, story.now + 22 * DAY)
        assert ladder(first(work, story)) == (TOLD, 1, story.now), "told by the one that arrived"
        assert work.topics(story.now) == {topic: TopicLetters(1, story.now + 20 * DAY + SILENCE)}
        assert first(work, story).changed == story.now + 21 * DAY


def test_when_the_only_letter_came_back_nobody_was_told(store: SqlStore, story: Story) -> None:
    story.open_finding(1, letter=False)
    with store.begin() as work:
        come_back(story, work, deliver(story, work, "nudge", story.now), story.now + DAY)
        assert ladder(first(work, story)) == (OPEN, 0, None)
        assert work.topics(story.now) == {}


def test_a_letter_that_never_counted_cannot_be_taken_back(store: SqlStore, story: Story) -> None:
    story.open_finding(1, letter=False)
    with store.begin() as work:
        deliver(story, work, "nudge", story.now)
        thanks = deliver(story, work, "thanks", story.now, kind=LetterKind.THANKS)
        come_back(story, work, thanks, story.now + DAY)
        assert ladder(first(work, story)) == (TOLD, 1, story.now)
        assert [topic.letters for topic in work.topics(story.now).values()] == [1]


@pytest.mark.parametrize(
    "kind",
    [LetterKind.THANKS, LetterKind.DIGEST, LetterKind.NOTICE, LetterKind.WAIVER, LetterKind.TASK],
)
def test_letters_that_ask_nothing_do_not_count(store: SqlStore, story: Story, kind: LetterKind) -> None:
    before = story.open_finding(1, letter=False)
    with store.begin() as work:
        deliver(story, work, "letter", story.now, kind=kind)
        assert ladder(first(work, story)) == ladder(before)
        assert work.topics(story.now) == {}


def test_a_test_letter_tells_nobody(store: SqlStore, story: Story) -> None:
    before = story.open_finding(1, letter=False)
    with store.begin() as work:
        deliver(story, work, "nudge", story.now, test=True)
        assert ladder(first(work, story)) == ladder(before)
        assert work.topics(story.now) == {}


def test_a_tip_counts_on_its_topic_and_moves_no_finding(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        order = story.order(1, "hint", kind=LetterKind.HINT)
        work.order(store.letter_id(order.key), order, story.now)
        [hint] = work.letters_of(story.person(1))
        work.told(hint, story.now + SILENCE, story.now)
        assert work.topics(story.now) == {(story.person(1), QUOTA): TopicLetters(1, story.now + SILENCE)}
        assert work.findings_of(story.person(1)) == []


@pytest.mark.parametrize("end", [FindingState.WAIVED, FindingState.RESOLVED, FindingState.LAPSED])
def test_a_letter_that_arrives_after_the_end_counts_and_changes_no_state(
    store: SqlStore, story: Story, end: FindingState
) -> None:
    """It was under way when the finding ended. The reader got it all the same."""
    story.open_finding(1, letter=False)
    with store.begin() as work:
        work.change(story.plan(story.step(1, story.transition(1, end, 1))), 0, story.now + DAY)
        ended = first(work, story)
        letter = deliver(story, work, "nudge", story.now + 2 * DAY)
        told = first(work, story)
        assert ladder(told) == (end, 1, story.now + 2 * DAY)
        assert (told.version, told.changed) == (ended.version, ended.changed)
        assert len(work.topics(story.now)) == 1
        come_back(story, work, letter, story.now + 3 * DAY)
        assert ladder(first(work, story)) == ladder(ended)


def test_a_letter_whose_finding_is_forgotten_still_counts_on_its_topic(store: SqlStore, story: Story) -> None:
    story.open_finding(1, letter=False)
    with store.begin() as work:
        order = story.order(1, "late", finding=F1)
        work.order(store.letter_id(order.key), order, story.now + 60 * DAY)
        assert work.purge(story.now + 92 * DAY) == {"finding_history": 1, "finding": 1}
        [late] = work.letters_of(story.person(1))
        work.told(late, story.now + 92 * DAY + SILENCE, story.now + 92 * DAY)
        assert [topic.letters for topic in work.topics(story.now).values()] == [1]


def test_of_a_letter_that_is_not_kept_any_more_nothing_comes_back(store: SqlStore, story: Story) -> None:
    """Its reader was excluded while the server took it."""
    story.open_finding(1)
    with store.begin() as work:
        [letter] = work.letters_of(story.person(1))
    with store.begin() as work:
        work.exclude(story.guid(1), story.person(1), story.now)
        work.told(letter, story.now + SILENCE, story.now)
        work.untold(letter, story.now)
        assert (work.topics(story.now), work.findings_of(story.person(1))) == ({}, [])


# who is thanked


def mend(story: Story, work: Work, at: datetime) -> None:
    version = first(work, story).version
    work.change(story.plan(story.step(1, story.transition(1, FindingState.RESOLVED, version))), 0, at)


def test_who_mended_it_after_a_letter_is_thanked_once(store: SqlStore, story: Story) -> None:
    story.open_finding(1, letter=False)
    with store.begin() as work:
        deliver(story, work, "nudge", story.now)
        assert work.mended_since(story.now) == []
        mend(story, work, story.now + DAY)
        assert work.mended_since(story.now + DAY) == [first(work, story)]
        assert work.mended_since(story.now + DAY + timedelta(seconds=1)) == [], "too long ago"
        thanks = story.order(1, "thanks", finding=F1, kind=LetterKind.THANKS)
        work.order(store.letter_id(thanks.key), thanks, story.now + DAY)
        assert work.mended_since(story.now) == []
        work.move(store.letter_id(thanks.key), LetterState.WAITING, LetterState.EXPIRED, story.now + 2 * DAY)
        assert work.mended_since(story.now) == [], "a letter of thanks that did not leave in time is no debt"


def test_nobody_is_thanked_who_was_not_told(store: SqlStore, story: Story) -> None:
    story.open_finding(1, letter=False)
    with store.begin() as work:
        come_back(story, work, deliver(story, work, "nudge", story.now), story.now)
        mend(story, work, story.now + DAY)
        assert work.mended_since(story.now) == []
        deliver(story, work, "too late", story.now + 2 * DAY)
        assert work.mended_since(story.now) == [], "mended before the letter came"


@pytest.mark.parametrize("end", [FindingState.LAPSED, FindingState.WAIVED])
def test_an_end_that_is_nobodys_work_is_no_reason_for_thanks(
    store: SqlStore, story: Story, end: FindingState
) -> None:
    story.open_finding(1, letter=False)
    with store.begin() as work:
        deliver(story, work, "nudge", story.now)
        work.change(story.plan(story.step(1, story.transition(1, end, 2))), 0, story.now + DAY)
        assert work.mended_since(story.now) == []


def test_who_is_paused_is_not_thanked(store: SqlStore, story: Story) -> None:
    story.open_finding(1, letter=False)
    with store.begin() as work:
        deliver(story, work, "nudge", story.now)
        mend(story, work, story.now + DAY)
        work.restrict(story.guid(1), Restriction.PAUSED, story.now + DAY)
        assert work.mended_since(story.now) == []
        work.unrestrict(story.guid(1), Restriction.PAUSED)
        assert len(work.mended_since(story.now)) == 1
