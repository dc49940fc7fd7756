"""What a rule says it must be able to read before it says *deviation*: no less, and no more."""

from collections.abc import Iterable

import pytest

from mailbot.casefiles.facts import BY_NAME, BY_NEED
from mailbot.casefiles.runner import Case
from mailbot.model.decisiveness import Basis, Decisive, Lean, Road, name
from mailbot.model.facts import Reason
from mailbot.model.needs import EXPORTED, DataClass, Need
from mailbot.model.statements import Claim
from mailbot.model.verdicts import Outcome
from mailbot.rules import Rule, registry
from tests.rules.cases import all_cases

DEVIATIONS = [case for case in all_cases() if case.verdict().outcome is Outcome.DEVIATION]
FAR_AWAY = "2099-12-31"

Group = tuple[Lean, ...]


def tables() -> list[tuple[Rule, Road, Decisive]]:
    return [(rule, road, rule.decisive[road]) for rule in registry().values() for road in Road]


def groups() -> list[tuple[Rule, Group]]:
    """Every group of every rule once; most are the same on both roads."""
    found = {(rule.id, group): rule for rule, _road, table in tables() for group in table.requires}
    return [(rule, group) for (_id, group), rule in found.items()]


def label(value: object) -> str:
    if isinstance(value, Rule):
        return value.id
    return " or ".join(name(lean) for lean in value) if isinstance(value, tuple) else str(value)


def of(rule: Rule) -> list[Case]:
    return [case for case in DEVIATIONS if case.rule is rule]


def without(case: Case, leans: Iterable[Lean]) -> Case:
    """The same story where none of these can be read, was stated or is on record."""
    for lean in leans:
        if isinstance(lean, Need):
            # Only for an export that is not made can a statement stand in.
            reason = Reason.EXPORT_MISSING if isinstance(lean, EXPORTED) else Reason.SERVER_FAILED
            case = case.failing({BY_NEED[type(lean)].name: reason})
        elif isinstance(lean, Claim):
            stated = dict(case.lines.get("statements", {}))
            stated.pop(lean.value, None)
            case = case.changed(statements=stated)
        elif lean is Basis.CALIBRATION:
            parts = dict(case.lines.get("secure_mail", {}))
            case = case.changed(
                secure_mail={k: parts[k] for k in parts if k not in ("calibration", "client")}
            )
        elif lean is Basis.END_DATE:
            case = case.changed(ends=None)
        else:
            line = {Basis.ACCOUNT_STATE: "account", Basis.HOLD: "hold"}[lean]
            case = case.failing({line: Reason.VALUE_MISSING})
    return case


def stated(case: Case, lean: Lean) -> Case:
    """The same story where a claim that it leaves out is stated; other leans stay as they are written."""
    if not isinstance(lean, Claim):
        return case
    return case.changed(statements={**case.lines.get("statements", {}), lean.value: FAR_AWAY})


@pytest.mark.parametrize(("rule", "group"), groups(), ids=label)
def test_without_it_no_deviation_is_found_that_leans_on_it(rule: Rule, group: Group) -> None:
    """Some stories need it: they become unknown, or are about nobody who left. Others keep their verdict to
    the letter, for the reason that they had. None turns into anything else."""
    lost = Outcome.NOT_APPLICABLE if Basis.END_DATE in group else Outcome.UNKNOWN
    became = [(case.verdict(), without(case, group).verdict()) for case in of(rule)]
    assert any(after.outcome is lost for _, after in became)
    for before, after in became:
        assert after.outcome is lost or (after.outcome, after.why) == (before.outcome, before.why)


@pytest.mark.parametrize(
    ("rule", "group"), [(r, g) for r, g in groups() if len(g) == 1 and g[0] is Basis.END_DATE], ids=label
)
def test_nobody_leaves_without_an_end_date(rule: Rule, group: Group) -> None:
    assert {without(case, group).verdict().outcome for case in of(rule)} == {Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("rule", "group", "lean"),
    [(rule, group, lean) for rule, group in groups() if len(group) > 1 for lean in group],
    ids=lambda value: name(value) if isinstance(value, (Need, Claim, Basis)) else label(value),
)
def test_of_a_group_one_is_enough(rule: Rule, group: Group, lean: Lean) -> None:
    others = [other for other in group if other != lean]
    alone = [stated(without(case, others), lean).verdict() for case in of(rule)]
    assert Outcome.DEVIATION in {verdict.outcome for verdict in alone}


@pytest.mark.parametrize(("rule", "road", "table"), tables(), ids=label)
def test_more_than_that_need_not_be_readable(rule: Rule, road: Road, table: Decisive) -> None:
    """With every other fact of the mailbox unread some deviation is still found."""
    if table.never:
        return
    leans = [lean for group in table.requires for lean in group]
    named = {BY_NEED[type(lean)].name for lean in leans if isinstance(lean, Need)}
    others = dict.fromkeys(set(BY_NAME) - named, Reason.SERVER_FAILED)
    assert Outcome.DEVIATION in {case.failing(others).verdict().outcome for case in of(rule)}


def test_every_rule_says_it_for_both_roads() -> None:
    for rule in registry().values():
        assert set(rule.decisive) == set(Road)
        for table in rule.decisive.values():
            assert bool(table.requires) is not bool(table.never)


def test_what_a_rule_never_finds_stands_in_no_story() -> None:
    for rule in registry().values():
        if all(table.never for table in rule.decisive.values()):
            assert of(rule) == []


@pytest.mark.parametrize("rule", registry().values(), ids=label)
def test_nothing_deeper_is_leaned_on_than_the_rule_declares(rule: Rule) -> None:
    leans = [lean for table in rule.decisive.values() for group in table.requires for lean in group]
    deepest = max((lean.data_class for lean in leans if isinstance(lean, Need)), default=DataClass.TRAFFIC)
    assert deepest <= rule.data_class
