"""stages.toml: who decided how far which rule may go, and exactly which rule that was."""

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from mailbot.config.load import read_packs
from mailbot.config.shipped import shipped_settings
from mailbot.model.ids import RuleId
from mailbot.policy.packs import Pack
from mailbot.policy.stages import Stage, StagesFile, terms_of
from mailbot.rules import Parameters, Tells, registry

PACKS, _ = read_packs(shipped_settings())
TERMS = "0" * 64
QUOTA = registry()[RuleId("quota")]


def table(**changes: Any) -> dict[str, Any]:
    entry = {
        "name": "quota",
        "stage": "pilot",
        "terms": TERMS,
        "since": date(2026, 11, 1),
        "decided_by": "teamleider",
    } | changes
    return {key: value for key, value in entry.items() if value is not None}


def read(*tables: Mapping[str, Any]) -> StagesFile:
    return StagesFile.model_validate({"rule": list(tables)})


def refused(*tables: Mapping[str, Any]) -> str:
    with pytest.raises(ValidationError) as error:
        read(*tables)
    (detail,) = error.value.errors()
    return str(detail.get("ctx", {}).get("expected", detail["msg"]))


class TestFile:
    def test_a_decision_says_since_when_and_which_function_decided(self) -> None:
        (entry,) = read(table()).rules
        assert (entry.name, entry.stage, entry.since) == ("quota", Stage.PILOT, date(2026, 11, 1))

    def test_lines_added_as_they_were_printed_are_no_decision(self) -> None:
        """`mailbot rules stage` knows everything but who decided."""
        assert refused(table(decided_by="TO FILL IN: the function that decided")) == (
            "the function that decided, no name"
        )

    def test_an_empty_file_says_nothing(self) -> None:
        assert read().rules == ()

    @pytest.mark.parametrize("key", ["since", "decided_by"])
    @pytest.mark.parametrize("stage", ["pilot", "everyone"])
    def test_nobody_is_written_to_without_a_decision(self, stage: str, key: str) -> None:
        assert "`since` and `decided_by`" in refused(table(stage=stage) | {key: None})

    def test_to_observe_needs_none(self) -> None:
        (entry,) = read(table(stage="observe", since=None, decided_by=None)).rules
        assert entry.begins == date.min

    @pytest.mark.parametrize("key", ["name", "stage", "terms"])
    def test_which_rule_it_is_must_be_said(self, key: str) -> None:
        assert refused(table(**{key: None})) == "Field required"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": "qouta"},
            {"stage": "everybody"},
            {"terms": "abc"},
            {"since": "2026-11-01"},
            {"decided_by": " "},
            {"until": date(2027, 1, 1)},
        ],
    )
    def test_a_mistake_is_never_read_as_something_else(self, wrong: dict[str, Any]) -> None:
        assert refused(table(**wrong))

    def test_a_rule_goes_on_by_a_table_more(self) -> None:
        later = table(stage="everyone", since=date(2026, 12, 1))
        assert len(read(table(), later).rules) == 2

    def test_it_has_one_stage_a_day(self) -> None:
        assert "one stage of a rule" in refused(table(), table(stage="everyone"))


class TestTerms:
    """The hash changes with all that decides how a rule judges, and with nothing else."""

    def parameters(self, pack: str = "voorbeeld", rule: str = "quota") -> Parameters:
        norm = next(n for n in PACKS[pack].norms if n.rule == rule and n.built)
        assert isinstance(norm.parameters, Parameters)
        return norm.parameters

    def test_another_number_is_another_rule(self) -> None:
        other = self.parameters().model_copy(update={"tip_percent": 91})
        assert terms_of(QUOTA, other) != terms_of(QUOTA, self.parameters())

    def test_so_is_another_edition(self) -> None:
        assert terms_of(replace(QUOTA, edition=2), self.parameters()) != terms_of(QUOTA, self.parameters())

    def test_so_is_another_name(self) -> None:
        assert terms_of(replace(QUOTA, id=RuleId("size")), self.parameters()) != terms_of(
            QUOTA, self.parameters()
        )

    def test_how_it_is_sorted_or_announced_is_not(self) -> None:
        same = replace(QUOTA, priority=1, urgent=True, says={}, formerly=frozenset({RuleId("size")}))
        assert terms_of(same, self.parameters()) == terms_of(QUOTA, self.parameters())

    def test_a_value_that_is_written_out_or_left_to_mailbot_is_the_same(self) -> None:
        """What counts is what the rule judges by."""
        rule = registry()[RuleId("signature")]
        short = rule.parameters.model_validate_json('{"elements": ["present"]}')
        long = rule.parameters.model_validate_json('{"elements": ["present"], "level": "finding"}')
        assert terms_of(rule, short) == terms_of(rule, long)

    def test_the_order_of_what_has_none_does_not_count(self) -> None:
        """Python draws the order of a set anew in every process."""

        class Words(Parameters):
            words: frozenset[str]

        said = (
            "from mailbot.rules import Parameters, registry; from mailbot.policy.stages import terms_of\n"
            "class Words(Parameters):\n    words: frozenset[str]\n"
            "print(terms_of(registry()['quota'], Words(words=frozenset('abcdefgh'))))"
        )
        environment = {"PYTHONHASHSEED": "1"}
        done = subprocess.run(
            [sys.executable, "-c", said], capture_output=True, text=True, check=True, env=environment
        )
        assert done.stdout.strip() == terms_of(QUOTA, Words(words=frozenset("abcdefgh")))


class TestShipped:
    def shipped(self, name: str) -> StagesFile:
        text = (shipped_settings() / name).read_text(encoding="utf-8")
        return StagesFile.model_validate(tomllib.loads(text))

    def test_at_voorbeeld_every_rule_that_writes_goes_to_everyone_as_it_is_now(self) -> None:
        pack: Pack = PACKS["voorbeeld"]
        built = [(registry()[n.rule], n.parameters) for n in pack.norms if n.rule and n.built]
        expected = {
            rule.id: terms_of(rule, parameters) for rule, parameters in built if rule.tells is Tells.PERSON
        }
        found = self.shipped("stages.toml").rules
        assert {entry.name: entry.terms for entry in found} == expected
        assert {entry.stage for entry in found} == {Stage.EVERYONE}

    def test_the_other_one_decides_nothing(self) -> None:
        assert self.shipped("stages.empty.toml").rules == ()
