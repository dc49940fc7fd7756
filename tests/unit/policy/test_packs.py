"""A pack switches rules on, says since when and until when, and explains every article that has no rule."""

import hashlib
import json
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from mailbot.config.shipped import shipped_settings
from mailbot.policy.packs import Audience, Pack, policy_hash
from mailbot.rules import registry
from mailbot.rules.quota import Quota

Table = Callable[..., dict[str, Any]]
TODAY = date(2026, 11, 21)


def shipped(name: str) -> Pack:
    return Pack.model_validate(tomllib.loads((shipped_settings() / f"packs/{name}/pack.toml").read_text()))


def expectation(table: dict[str, Any]) -> str:
    """What the one problem of a wrong pack says was expected."""
    with pytest.raises(ValidationError) as refused:
        Pack.model_validate(table)
    (detail,) = refused.value.errors()
    return str(detail["ctx"]["expected"])


def test_a_built_rule_gets_typed_parameters(pack: Table) -> None:
    (norm,) = Pack.model_validate(pack()).active_norms(TODAY)
    assert norm.rule == "quota"
    assert norm.parameters == Quota(limit_bytes=5 * 1024**3, tip_percent=90)


def test_a_norm_without_parameters_is_a_ground_and_switches_nothing_on(pack: Table, norm: Table) -> None:
    ground = norm(id="klein-2", parameters=None)
    parsed = Pack.model_validate(pack(norm(), ground))
    assert [found.built for found in parsed.norms] == [True, False]
    assert [found.id for found in parsed.active_norms(TODAY)] == ["klein-1"]


def test_a_rule_that_there_is_not_is_an_error(pack: Table, norm: Table) -> None:
    told = expectation(pack(norm(rule="mood")))
    assert "quota" in told and "delegates" in told


def test_voorbeeld_switches_every_rule_on() -> None:
    assert {norm.rule for norm in shipped("voorbeeld").active_norms(TODAY)} == set(registry())


def test_parameters_are_held_to_the_rule_s_own_bounds(pack: Table, norm: Table) -> None:
    with pytest.raises(ValidationError) as refused:
        Pack.model_validate(pack(norm(parameters={"limit_bytes": 5 * 1024**3, "tip_percent": 100})))
    assert [detail["loc"] for detail in refused.value.errors()] == [("norm", 0, "parameters", "tip_percent")]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"rule": None, "parameters": None}, "a rule, or `why_no_rule` with the reason"),
        ({"why_no_rule": "no time"}, "a rule or `why_no_rule`"),
        ({"class": ["B"]}, "a rule only on a norm of class M, M+, C or L"),
        ({"parameters": None}, "one norm with the parameters of quota"),
        ({"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)}, "valid_to on or after valid_from"),
    ],
)
def test_a_norm_that_does_not_add_up_is_refused(
    pack: Table, norm: Table, changed: dict[str, Any], expected: str
) -> None:
    assert expectation(pack(norm(**changed))) == expected


def test_two_norms_cannot_set_one_rule_on_the_same_day(pack: Table, norm: Table) -> None:
    told = expectation(pack(norm(), norm(id="klein-2")))
    assert told == "one norm at a time with the parameters of quota"


def test_a_norm_can_follow_another_in_time(pack: Table, norm: Table) -> None:
    tighter = {"limit_bytes": 2 * 1024**3, "tip_percent": 80}
    old = norm(valid_to=date(2026, 12, 31))
    new = norm(id="klein-2", valid_from=date(2027, 1, 1), parameters=tighter)
    parsed = Pack.model_validate(pack(old, new))
    assert [n.id for n in parsed.active_norms(date(2026, 12, 31))] == ["klein-1"]
    assert [n.id for n in parsed.active_norms(date(2027, 1, 1))] == ["klein-2"]


def test_several_articles_can_be_the_ground_of_one_rule(pack: Table, norm: Table) -> None:
    parsed = Pack.model_validate(pack(norm(), norm(id="klein-2", parameters=None)))
    assert [n.id for n in parsed.active_norms(TODAY)] == ["klein-1"]


@pytest.mark.parametrize("wrong", [True, "all", "department", None])
def test_figures_go_to_managers_to_the_directie_or_to_none(pack: Table, wrong: object) -> None:
    with pytest.raises(ValidationError, match="shown_to"):
        Pack.model_validate(pack(team_figures={"shown_to": wrong, "source": "artikel 11"}))
    with pytest.raises(ValidationError, match="source"):
        Pack.model_validate(pack(team_figures={"shown_to": "none"}))


def test_no_pack_shows_figures_of_fewer_than_five_people(pack: Table) -> None:
    with pytest.raises(ValidationError, match="at_least"):
        Pack.model_validate(
            pack(team_figures={"shown_to": "managers", "at_least": 4, "source": "artikel 11"})
        )


def test_a_date_is_a_toml_date(pack: Table) -> None:
    for wrong in ("2024-01-01", datetime(2024, 1, 1, 9), 20240101):  # noqa: DTZ001
        with pytest.raises(ValidationError):
            Pack.model_validate(pack(valid_from=wrong))


class TestValidity:
    """The first and the last day are in force."""

    @pytest.mark.parametrize(
        ("day", "on"),
        [
            (date(2023, 12, 31), False),
            (date(2024, 1, 1), True),
            (date(2025, 6, 30), True),
            (date(2025, 7, 1), False),
        ],
    )
    def test_rules_are_on_between_first_and_last_day(self, pack: Table, day: date, on: bool) -> None:
        parsed = Pack.model_validate(pack(valid_to=date(2025, 6, 30)))
        assert bool(parsed.active_norms(day)) is on
        assert (parsed.inactive_because(day) is None) is on

    def test_a_lapse_needs_its_day(self, pack: Table) -> None:
        assert expectation(pack(lapsed_because="withdrawn")) == "valid_to beside lapsed_because"


class TestPolicyHash:
    """The works council consents to what a pack says, not to how its file looks."""

    def test_layout_and_order_do_not_count(self, pack: Table) -> None:
        table = pack()
        turned = dict(reversed(list(table.items())))
        assert policy_hash(Pack.model_validate(table)) == policy_hash(Pack.model_validate(turned))

    def test_a_wider_norm_counts(self, pack: Table, norm: Table) -> None:
        wider = norm(parameters={"limit_bytes": 5 * 1024**3, "tip_percent": 80})
        assert policy_hash(Pack.model_validate(pack())) != policy_hash(Pack.model_validate(pack(wider)))

    def test_what_the_file_leaves_to_a_default_does_not_count(self, pack: Table) -> None:
        """So that a new version of mailbot, with a new optional key, does not close gate G1."""
        parsed = Pack.model_validate(pack())
        assert parsed.valid_to is None
        assert policy_hash(parsed) != policy_hash(Pack.model_validate(pack(valid_to=None)))

    @pytest.mark.parametrize("name", ["huizen", "voorbeeld", "brunssum"])
    def test_what_is_counted_is_what_the_file_says_and_nothing_else(self, name: str) -> None:
        """Typed parameters count as they were written: a rule that is built anew asks no new consent."""
        raw = tomllib.loads((shipped_settings() / f"packs/{name}/pack.toml").read_text(encoding="utf-8"))
        text = json.dumps(raw, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
        assert policy_hash(shipped(name)) == hashlib.sha256(text.encode()).hexdigest()

    def test_the_works_council_of_voorbeeld_consented_to_the_pack_as_it_is(self) -> None:
        evidence = tomllib.loads((shipped_settings() / "gates.toml").read_text(encoding="utf-8"))
        assert evidence["works_council"]["policy_hash"] == policy_hash(shipped("voorbeeld"))


class TestShippedPacks:
    HUIZEN_ARTICLES = (
        "0 ua.1 ua.2 ua.3 ua.4 rw or 1.1 1.2 2.1 2.2 2.3 2.4 2.5 3.1 3.2 3.3 3.4 3.5 3.6 "
        "4.1 4.2 4.3 4.4 4.5 4.6 4.7 4.8 4.9 4.10 4.11 5.1 5.2 5.3a 5.3b 5.3c 5.4 5.5 5.6 5.7 5.8a 5.8b "
        "5.9 5.10 6 7.1-6 7.7-9 8 9.1 9.2 9.3 9.4 9.5 10.1 10.2 10.3 10.4 11.1-2 11.3 11.4 12 b1.1 "
        "b2.1-2 b2.3-4"
    )

    def test_huizen_has_every_article(self) -> None:
        assert [norm.id for norm in shipped("huizen").norms] == [
            f"huizen-{a}" for a in self.HUIZEN_ARTICLES.split()
        ]

    def test_huizen_checks_what_its_protocol_lets_it_check(self) -> None:
        rules = {norm.article: norm.rule for norm in shipped("huizen").norms if norm.rule}
        assert rules == {
            "Gebruikersaccount": "leaver",
            "4 lid 5": "quota",
            "4 lid 7": "out_of_office",
            "4 lid 8": "delegates",
            "5 lid 3, derde zin": "confidential_external",
            "5 lid 10": "signature",
        }

    def test_huizen_answers_within_two_weeks(self) -> None:
        rights = shipped("huizen").rights
        assert (rights.access_days, rights.rectify_days) == (14, 14)

    @pytest.mark.parametrize(
        ("name", "shown_to", "article"),
        [
            ("voorbeeld", Audience.MANAGERS, "artikel 9 lid 2"),
            ("huizen", Audience.DIRECTIE, "artikel 9 lid 1"),
            ("brunssum", Audience.NONE, "geen controle"),
        ],
    )
    def test_who_sees_figures_stands_in_the_pack_with_its_source(
        self, name: str, shown_to: Audience, article: str
    ) -> None:
        """Huizen 9.1 lets the directie check by sample and names no manager; Brunssum knows no checks."""
        said = shipped(name).team_figures
        assert said.shown_to is shown_to
        assert article in said.source

    def test_voorbeeld_has_the_first_two_rules_with_the_agreed_numbers(self) -> None:
        quota, absence = shipped("voorbeeld").active_norms(TODAY)[:2]
        assert quota.parameters.model_dump() == {"limit_bytes": 5368709120, "tip_percent": 90}
        assert absence.parameters.model_dump() == {
            "more_than_days": 2,
            "day_counts_from_percent": 50,
            "tolerance_hours": 2,
        }

    def test_brunssum_lapsed_and_says_so(self) -> None:
        brunssum = shipped("brunssum")
        assert brunssum.active_norms(TODAY) == ()
        assert brunssum.inactive_because(date(2019, 2, 20)) is None
        told = brunssum.inactive_because(date(2019, 2, 21))
        assert told is not None and "lapsed on 21 February 2019" in told

    @pytest.mark.parametrize("name", ["huizen", "voorbeeld", "brunssum"])
    def test_every_article_has_a_rule_or_a_reason_in_two_languages(self, name: str) -> None:
        for norm in shipped(name).norms:
            assert (norm.rule is None) != (norm.why_no_rule is None)
            assert norm.text_nl != norm.text_en
