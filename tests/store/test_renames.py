"""A rule gets a better name: all that is kept moves along, and nobody hears the same thing anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, MetaData, insert, select

from mailbot.model.figures import Coverage, GroupFigure
from mailbot.model.findings import FindingState, TopicLetters
from mailbot.model.ids import RuleId
from mailbot.model.letters import LetterKind
from mailbot.model.plan import PlanState
from mailbot.model.verdicts import Judgement, Kind, deviation, tip
from mailbot.ports import Work
from mailbot.store.schema import topic_letter
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

DAY = timedelta(days=1)
SILENCE = timedelta(days=90)
OLD, NEW, OTHER = RuleId("quota"), RuleId("mailbox_size"), RuleId("quota_of_rooms")
MONDAY = date(2026, 3, 2)


def live(story: Story, work: Work) -> None:
    """Somebody was told of the rule and got its tip; a plan is stored, a figure was made."""
    story.claim(work)
    over = Judgement(OLD, Kind.STATE, deviation("over_limit", size_bytes=6))
    near = Judgement(OTHER, Kind.STATE, tip("near_limit"))
    work.record(story.sweep.id, story.person(1), None, [over, near], story.now)
    [nudge] = [x for x in work.letters_of(story.person(1)) if x.order.kind is LetterKind.NUDGE]
    work.told(nudge, story.now + SILENCE, story.now)
    hint = story.order(1, kind=LetterKind.HINT)
    hint = replace(hint, key=f"hint/{OLD}/near_limit/{story.person(1)}")
    work.order(story.store.letter_id(hint.key), hint, story.now)
    [finding] = work.findings_of(story.person(1))
    change = story.transition(1, FindingState.RESOLVED, 2)
    step = story.step(1, change, replace(hint, finding=finding.id), finding)
    work.save_plan(story.plan(step), PlanState.HELD)
    work.measure(MONDAY, Coverage(20, 20), [GroupFigure("organisation", OLD, 20, 3)], story.now)


def test_all_that_is_kept_moves_to_the_new_name(store: SqlStore, story: Story, raw: Engine) -> None:
    story.open_finding(1)
    with store.begin() as work:
        live(story, work)
        before = work.history_of(story.person(1))
    with store.begin() as work:
        assert work.rename_rule(OLD, NEW) == 7, "finding, verdict, figure, two letters, plan step, silence"
        [finding] = work.findings_of(story.person(1))
        assert (finding.id, finding.rule, finding.state) == ("f1", NEW, FindingState.TOLD)
        assert work.history_of(story.person(1)) == before
        assert [j.rule for j in work.judgements_of(story.sweep.id, story.person(1))] == [NEW, OTHER]
        assert {letter.order.topic for letter in work.letters_of(story.person(1))} == {NEW}
        assert work.topics(story.now) == {(story.person(1), NEW): TopicLetters(1, story.now + SILENCE)}
        assert work.measured(MONDAY, MONDAY)[MONDAY][1] == [GroupFigure("organisation", NEW, 20, 3)]
        stored = work.plan(story.plan().id)
        assert stored is not None
        [step] = stored[0].steps
        assert step.finding is not None
        assert step.transition is not None
        assert step.letter is not None
        assert {step.rule, step.finding.rule, step.transition.rule, step.letter.topic} == {NEW}
        assert step.letter.key == f"hint/{NEW}/near_limit/{story.person(1)}"
    assert f"'{OLD}'" not in everything(raw)


def everything(raw: Engine) -> str:
    tables = MetaData()
    tables.reflect(raw)
    with raw.connect() as connection:
        return str([list(connection.execute(select(table))) for table in tables.sorted_tables])


def test_the_second_time_there_is_nothing_to_move(store: SqlStore, story: Story, raw: Engine) -> None:
    story.open_finding(1)
    with store.begin() as work:
        live(story, work)
        work.rename_rule(OLD, NEW)
    before = everything(raw)
    with store.begin() as work:
        assert work.rename_rule(OLD, NEW) == 0
        assert work.rename_rule(NEW, NEW) == 0
    assert everything(raw) == before


def test_a_tip_is_not_given_again_under_the_new_name(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    with store.begin() as work:
        live(story, work)
        work.rename_rule(OLD, NEW)
        again = story.order(1, kind=LetterKind.HINT, topic=NEW)
        again = replace(again, key=f"hint/{NEW}/near_limit/{story.person(1)}")
        assert work.ordered(again.key)
        assert not work.order(store.letter_id(again.key), again, story.now)


def test_silence_under_both_names_becomes_one(store: SqlStore, story: Story) -> None:
    """Two rules become one. Nobody gets more letters for it: they are added up, and the later end holds."""
    one, two = story.person(1), story.person(2)
    rows = [
        (one, OLD, 1, 30), (one, OLD, 2, 30), (one, NEW, 1, 50), (two, OLD, 1, 60), (two, OTHER, 1, 20),
    ]  # fmt: skip
    with store.begin() as work:
        work.connection.execute(
            insert(topic_letter),
            [
                {"person": person, "rule": rule, "number": number, "until": story.now + days * DAY}
                for person, rule, number, days in rows
            ],
        )
        assert work.rename_rule(OLD, NEW) == 3
        assert work.topics(story.now) == {
            (one, NEW): TopicLetters(3, story.now + 50 * DAY),
            (two, NEW): TopicLetters(1, story.now + 60 * DAY),
            (two, OTHER): TopicLetters(1, story.now + 20 * DAY),
        }
        assert work.purge(story.now + 51 * DAY) == {"topic_letter": 4}, "all of a topic end together"


@pytest.mark.parametrize("first", [OLD, NEW])
def test_where_both_names_stand_the_new_one_stays(store: SqlStore, story: Story, first: RuleId) -> None:
    with store.begin() as work:
        story.claim(work)
        names = (first, NEW if first == OLD else OLD)
        judged = [Judgement(name, Kind.STATE, deviation(f"seen_by_{name}")) for name in names]
        work.record(story.sweep.id, story.person(1), None, judged, story.now)
        figures = [GroupFigure("organisation", name, 20 if name == OLD else 30, 3) for name in names]
        work.measure(MONDAY, Coverage(20, 20), figures, story.now)
        assert work.rename_rule(OLD, NEW) == 2
        [kept] = work.judgements_of(story.sweep.id, story.person(1))
        assert (kept.rule, kept.verdict.why) == (NEW, f"seen_by_{NEW}")
        assert work.measured(MONDAY, MONDAY)[MONDAY][1] == [GroupFigure("organisation", NEW, 30, 3)]
