"""The judge around the rules: each question once, and a rule that fails judges nobody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from mailbot.engine import judge
from mailbot.engine.gates import in_sample
from mailbot.engine.judge import ActiveRule, Candidate
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.facts import FactUnknown, Known, MailboxFacts, Reason, Unknown, known
from mailbot.model.ids import Address, ObjectGuid, PersonKey, RuleId
from mailbot.model.mailbox import Interval, Size
from mailbot.model.needs import (
    Absences,
    AutomaticReply,
    DataClass,
    InboxReplyRules,
    MailboxSize,
    Need,
    SentSignatures,
)
from mailbot.model.organisation import NOWHERE
from mailbot.model.people import Person
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation
from mailbot.model.worktime import ClosedDays, WorkCalendar
from mailbot.policy.decisions import Decision
from mailbot.rules import Parameters, Rule, Subject, Tells
from tests.unit.engine.deciding import deciding

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
GUID = ObjectGuid("11111111-2222-3333-4444-555555555555")
CALENDAR = WorkCalendar(
    NOW, ZoneInfo("Europe/Amsterdam"), ClosedDays({2026: frozenset({date(2026, 12, 25)})})
)
PERSON = Person(
    GUID,
    Address("kim.de.wit@voorbeeld.example"),
    "Kim de Wit",
    Language.NL,
    Known(True, NOW),
    Known(RecipientType.USER, NOW),
    Known(False, NOW),
    Unknown(Reason.WORK_PATTERN_MISSING),
)
KIM = Candidate(PersonKey("0" * 64), PERSON, NOWHERE)
SIZE = MailboxSize()


class Subjects(Need[int]):
    """A toy question about headings."""

    data_class = DataClass.HEADING
    name = "subjects"


def toy(
    says: Callable[[Subject], Verdict],
    name: str = "toy",
    needs: tuple[Need[Any], ...] = (SIZE,),
    more: Callable[[Subject], tuple[Need[Any], ...]] = lambda _subject: (),
    kind: Kind = Kind.STATE,
    data_class: DataClass = DataClass.TRAFFIC,
    decision: Decision | None = None,
) -> ActiveRule:
    rule = Rule(
        RuleId(name),
        kind,
        needs,
        {},
        {},
        data_class,
        Tells.PERSON,
        Parameters,
        lambda s, _n, _c: says(s),
        lambda s, _n, _c: more(s),
        (AutomaticReply, InboxReplyRules, SentSignatures, Subjects),
        50,
        False,
        frozenset(),
    )
    return ActiveRule(rule, Parameters(), decision)


def facts(size: int = 3) -> MailboxFacts:
    return MailboxFacts(GUID, {SIZE: Known(Size(size, folders=1), NOW)})


def verdict(active: ActiveRule, mailbox: MailboxFacts) -> Verdict:
    [judgement] = judge.judge([active], KIM, mailbox, CALENDAR)
    assert (judgement.rule, judgement.kind) == (active.rule.id, active.rule.kind)
    return judgement.verdict


def by_size(subject: Subject) -> Verdict:
    return compliant("small") if known(subject.mailbox.get(SIZE)).total < 10 else deviation("large")


def test_a_rule_judges_what_was_read() -> None:
    assert verdict(toy(by_size), facts(size=3)) == compliant("small")
    assert verdict(toy(by_size), facts(size=30)) == deviation("large")


def test_a_fact_that_could_not_be_read_makes_the_verdict_unknown_for_its_reason() -> None:
    said = verdict(toy(by_size), MailboxFacts(GUID, {SIZE: Unknown(Reason.THROTTLED)}))
    assert (said.outcome, said.why, said.reason) == (Outcome.UNKNOWN, "throttled", Reason.THROTTLED)


def test_a_fact_that_nobody_asked_for_is_unknown_and_not_absent() -> None:
    assert verdict(toy(by_size), MailboxFacts(GUID)).reason is Reason.NOT_ASKED


def broken(subject: Subject) -> Verdict:
    raise ZeroDivisionError(f"trouble with {subject.person.name}")


def test_a_broken_rule_judges_nobody_and_spoils_no_other() -> None:
    with capture_logs() as logs:
        judgements = judge.judge([toy(broken, "broken"), toy(by_size, "sound")], KIM, facts(size=3), CALENDAR)
    assert [j.verdict.outcome for j in judgements] == [Outcome.UNKNOWN, Outcome.COMPLIANT]
    assert judgements[0].verdict.reason is Reason.RULE_FAILED
    assert logs == [
        {"event": "rule failed", "rule": "broken", "error": "ZeroDivisionError", "log_level": "error"}
    ]


def test_what_a_broken_rule_knew_of_the_person_is_not_logged() -> None:
    with capture_logs() as logs:
        verdict(toy(broken), facts(size=3))
    assert "Kim" not in repr(logs)


def test_an_event_rule_that_does_not_say_which_event_is_broken() -> None:
    with capture_logs():
        assert verdict(toy(by_size, kind=Kind.EVENT), facts(size=30)).reason is Reason.RULE_FAILED
    week = Interval(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC))
    says_which = toy(lambda _subject: deviation("away", week), kind=Kind.EVENT)
    assert verdict(says_which, facts()).occurrence == week


def test_every_question_is_asked_once() -> None:
    rules = [toy(by_size, "one", (SIZE, AutomaticReply())), toy(by_size, "two", (Absences(), MailboxSize()))]
    assert judge.needs(rules) == (SIZE, AutomaticReply(), Absences())


def test_the_second_step_is_what_the_rules_ask_for_after_the_first() -> None:
    def large_only(subject: Subject) -> tuple[Need[Any], ...]:
        return (InboxReplyRules(),) if known(subject.mailbox.get(SIZE)).total > 10 else ()

    def always(_subject: Subject) -> tuple[Need[Any], ...]:
        return (AutomaticReply(), InboxReplyRules())

    rules = [toy(by_size, "one", more=large_only), toy(by_size, "two", more=always)]
    assert judge.follow_up(rules, KIM, facts(size=30), CALENDAR) == (
        InboxReplyRules(),
        AutomaticReply(),
    )
    assert judge.follow_up(rules[:1], KIM, facts(size=3), CALENDAR) == ()


def test_a_rule_that_cannot_tell_what_it_needs_asks_for_nothing_more() -> None:
    def cannot_tell(_subject: Subject) -> tuple[Need[Any], ...]:
        raise FactUnknown(Reason.ACCESS_DENIED)

    rules = [
        toy(by_size, "one", more=cannot_tell),
        toy(by_size, "two", more=lambda _subject: (AutomaticReply(),)),
    ]
    assert judge.follow_up(rules, KIM, facts(), CALENDAR) == (AutomaticReply(),)


@pytest.mark.parametrize("rules", [[], [toy(by_size, "one"), toy(by_size, "two"), toy(by_size, "three")]])
def test_there_is_one_judgement_per_rule_in_their_order(rules: list[ActiveRule]) -> None:
    judgements = judge.judge(rules, KIM, facts(size=3), CALENDAR)
    assert [j.rule for j in judgements] == [active.rule.id for active in rules]


def test_a_rule_whose_second_step_breaks_spoils_no_other() -> None:
    def broken(_subject: Subject) -> tuple[Need[Any], ...]:
        raise ZeroDivisionError

    reply = AutomaticReply()
    rules = [
        toy(lambda _s: compliant("fine"), "broken", more=broken),
        toy(lambda _s: compliant("fine"), "sound", more=lambda _s: (reply,)),
    ]
    assert judge.follow_up(rules, KIM, facts(), CALENDAR) == (reply,)


SUBJECTS = Subjects()


def heading_rule(decision: Decision | None) -> ActiveRule:
    return toy(
        lambda _s: compliant("fine"),
        "quota",
        needs=(SIZE,),
        more=lambda _s: (SUBJECTS, SentSignatures()),
        data_class=DataClass.HEADING,
        decision=decision,
    )


def candidates(decision: Decision, drawn: bool) -> Candidate:
    keys = (PersonKey(f"{number:064}") for number in range(1000))
    return Candidate(next(key for key in keys if in_sample(decision, key) is drawn), PERSON, NOWHERE)


def test_headings_are_never_asked_of_everybody() -> None:
    rule = toy(by_size, needs=(SIZE, SUBJECTS), data_class=DataClass.HEADING, decision=deciding())
    assert judge.needs([rule]) == (SIZE,)


def test_headings_are_asked_of_who_was_drawn_and_content_of_nobody() -> None:
    decision = deciding(sample_percent=50)
    drawn = candidates(decision, drawn=True)
    assert judge.follow_up([heading_rule(decision)], drawn, facts(), CALENDAR) == (SUBJECTS,)
    [judgement] = judge.judge([heading_rule(decision)], drawn, facts(), CALENDAR)
    assert judgement.verdict == compliant("fine")


def test_who_was_not_drawn_is_not_looked_at() -> None:
    decision = deciding(sample_percent=50)
    outside = candidates(decision, drawn=False)
    assert judge.follow_up([heading_rule(decision)], outside, facts(), CALENDAR) == ()
    [judgement] = judge.judge([heading_rule(decision)], outside, facts(), CALENDAR)
    assert (judgement.verdict.outcome, judgement.verdict.why) == (Outcome.NOT_APPLICABLE, "outside_sample")


def test_who_is_settings_only_is_drawn_by_no_decision() -> None:
    """The words are those of anybody outside the sample: whoever reads them learns nothing else."""
    decision = deciding(sample_percent=50)
    drawn = candidates(decision, drawn=True)
    only, outside = (
        replace(drawn, person=replace(PERSON, settings_only=True)),
        candidates(decision, drawn=False),
    )
    on_settings = toy(by_size, "delegates", more=lambda _s: (SUBJECTS, AutomaticReply()), decision=decision)
    rules = [heading_rule(decision), on_settings]
    assert judge.follow_up(rules, only, facts(), CALENDAR) == (AutomaticReply(),)
    assert judge.follow_up(rules, only, facts(), CALENDAR) == judge.follow_up(
        rules, outside, facts(), CALENDAR
    )
    assert judge.judge(rules, only, facts(), CALENDAR) == judge.judge(rules, outside, facts(), CALENDAR)


def test_a_rule_cannot_learn_of_a_decision_by_who_is_settings_only() -> None:
    seen: list[date | None] = []

    def note(subject: Subject) -> Verdict:
        seen.append(subject.decided_from)
        return compliant("fine")

    decision = deciding(sample_percent=99)
    active = toy(note, "delegates", decision=decision)
    only = replace(candidates(decision, drawn=True), person=replace(PERSON, settings_only=True))
    judge.judge([active], only, facts(), CALENDAR)
    assert seen == [None]


def test_without_a_decision_a_rule_on_headings_looks_at_nobody() -> None:
    assert judge.follow_up([heading_rule(None)], KIM, facts(), CALENDAR) == ()
    [judgement] = judge.judge([heading_rule(None)], KIM, facts(), CALENDAR)
    assert judgement.verdict.outcome is Outcome.NOT_APPLICABLE


def test_a_rule_on_settings_gets_no_headings_even_when_it_asks() -> None:
    curious = toy(by_size, more=lambda _s: (SUBJECTS, AutomaticReply()))
    assert judge.follow_up([curious], KIM, facts(), CALENDAR) == (AutomaticReply(),)


def test_a_rule_knows_from_which_day_it_may_look() -> None:
    seen: list[date | None] = []

    def note(subject: Subject) -> Verdict:
        seen.append(subject.decided_from)
        return compliant("fine")

    decision = deciding(sample_percent=99)
    active = toy(note, "quota", data_class=DataClass.HEADING, decision=decision)
    judge.judge([active], candidates(decision, drawn=True), facts(), CALENDAR)
    assert seen == [decision.start]


def test_a_rule_gets_no_answer_to_a_question_that_it_did_not_declare() -> None:
    curious = toy(by_size, more=lambda _s: (Absences(), AutomaticReply()))
    assert judge.follow_up([curious], KIM, facts(), CALENDAR) == (AutomaticReply(),)


def test_a_rule_on_settings_gets_headings_of_who_was_drawn_and_of_nobody_else() -> None:
    decision = deciding(sample_percent=50)
    curious = toy(by_size, "quota", more=lambda _s: (SUBJECTS,), decision=decision)
    drawn, outside = (candidates(decision, drawn=drawn) for drawn in (True, False))
    assert judge.follow_up([curious], drawn, facts(), CALENDAR) == (SUBJECTS,)
    assert judge.follow_up([curious], outside, facts(), CALENDAR) == ()


def test_a_decision_that_is_over_by_the_clock_opens_nothing_whatever_the_calendar_says() -> None:
    decision = deciding(sample_percent=50)
    drawn, after = candidates(decision, drawn=True), date(2027, 1, 1)
    assert judge.follow_up([heading_rule(decision)], drawn, facts(), CALENDAR, after) == ()
    [judgement] = judge.judge([heading_rule(decision)], drawn, facts(), CALENDAR, after)
    assert judgement.verdict.why == "outside_sample"
