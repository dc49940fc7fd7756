"""The human behind the brake and the stages: what is held, what is shown, and what is typed next."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailbot.jobs.braking import HELD
from mailbot.jobs.staging import UNDECIDED
from tests.acceptance.desk import ADMINISTRATOR, Desk, small_town, typed
from tests.acceptance.staged import bring, forget_terms

FINDINGS = {("out_of_office", "open"): 3, ("quota", "open"): 8}
EXIT_HELD, EXIT_REFUSED = 14, 5


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Delivery is live, and every rule writes to everyone."""
    with small_town(tmp_path) as here:
        yield here


@pytest.fixture
def braked(desk: Desk) -> Desk:
    """Eleven new findings in a town where ten are the limit."""
    desk.here.change(("opened = 1000", "opened = 10"))
    return desk


def problems(desk: Desk) -> set[str]:
    return set(desk.shows("findings")["problems"])


def says_to_type(text: str, words: str) -> str:
    """The command that is to be typed next, as it stands in what was printed."""
    (line,) = {
        line.strip() for line in text.splitlines() if line.strip().startswith(f"mailbot plan {words} ")
    }
    return line


def steps(shown: dict[str, Any], rule: str) -> dict[str, int]:
    return {row["step"]: row["count"] for row in shown["steps"] if row["rule"] == rule}


def letters(shown: dict[str, Any], rule: str) -> tuple[int, int, int]:
    (row,) = [row for row in shown["letters"] if row["rule"] == rule]
    return row["letters"], row["later"], row["observed"]


class TestBrake:
    def test_a_plan_that_jumps_is_held_and_a_human_carries_it_out(self, braked: Desk) -> None:
        said = braked.types("sweep")
        assert said.code == EXIT_HELD
        assert "The plan is held: nothing of it was done" in said.out
        assert "11 new findings; the limit is 10 (opened)" in said.out
        assert (braked.findings(), braked.letters(), problems(braked)) == ({}, {}, {HELD})
        braked.goes_to_day(23, 10, 5)
        assert braked.delivers().sent == 0

        shown = braked.types(*says_to_type(said.out, "show").split()[1:]).out
        assert "held; nothing of it was done" in shown and "11 new findings" in shown
        done = braked.types(*says_to_type(shown, "run").split()[1:])
        assert done.code == 0, done.err
        assert (braked.findings(), problems(braked)) == (FINDINGS, set())
        assert braked.delivers().sent == 10
        braked.goes_to_day(24)
        assert braked.types("sweep").code == 0

    def test_a_plan_that_is_wrong_is_turned_down_for_good(self, braked: Desk) -> None:
        plan = braked.shows_with_log("sweep", code=EXIT_HELD)["plan"]
        said = braked.types("plan", "reject", plan, "--reason", "one database server was restored")
        assert (
            said.out == f"Plan {plan} is rejected: nothing of it was done. The next sweep makes a new one.\n"
        )
        actor, action, detail = braked.audit()[0]
        assert (actor, action) == (ADMINISTRATOR, "plan_reject")
        assert detail == {"plan": plan, "reason": "one database server was restored"}
        assert (braked.findings(), braked.letters(), problems(braked)) == ({}, {}, set())
        assert "was rejected" in braked.refused("plan", "run", plan)
        braked.goes_to_day(23, 7)
        assert braked.types("sweep").code == EXIT_HELD, "nobody said that so many are right"

    def test_a_dry_run_tells_beforehand(self, braked: Desk) -> None:
        said = braked.types("sweep", "--dry-run")
        assert said.code == 0
        assert "The plan would be held" in said.out and "11 new findings" in said.out
        assert problems(braked) == set()

    def test_whoever_looks_after_the_house_sees_that_a_plan_waits(self, braked: Desk) -> None:
        plan = braked.shows_with_log("sweep", code=EXIT_HELD)["plan"]
        (line,) = [line for line in braked.types("doctor").out.splitlines() if line.startswith("plan: ")]
        assert line == (
            f"plan: note, {plan} is held, and no letter follows from it until somebody decides: "
            f"mailbot plan show {plan}"
        )

    def test_a_reason_is_one_line(self, braked: Desk) -> None:
        plan = braked.shows_with_log("sweep", code=EXIT_HELD)["plan"]
        for reason in ("two\nlines", "x" * 401):
            assert "one line" in braked.refused("plan", "reject", plan, "--reason", reason)
        assert braked.shows("plan", "show")["state"] == "held"


class TestShow:
    def test_without_an_id_it_is_the_newest_plan(self, desk: Desk) -> None:
        swept = desk.shows("sweep", "--dry-run")
        shown = desk.shows("plan", "show")
        assert (shown["plan"], shown["state"]) == (swept["plan"], "stored")
        assert shown["steps"] == swept["steps"]
        assert (letters(shown, "quota"), letters(shown, "out_of_office")) == ((7, 0, 0), (3, 0, 0))
        assert shown["to_type"] == [f"mailbot plan {words} {swept['plan']}" for words in ("run", "reject")]
        assert shown["alarms"] == []

    def test_in_words_it_says_how_old_it_is_and_until_when_it_can_be_run(self, desk: Desk) -> None:
        desk.types("sweep", "--dry-run")
        desk.goes_to_day(23, 9)
        said = desk.types("plan", "show").out
        assert "3 hours old, made in mode live: made by a dry run; nothing of it was done." in said
        assert "Until 2026-11-24 06:00 it can be carried out, or turned down:" in said

    def test_one_that_can_be_run_no_more_says_why(self, desk: Desk) -> None:
        desk.types("sweep", "--dry-run")
        desk.goes_to_day(23, 15, 1)
        said = desk.types("plan", "show").out
        assert "It can be run no more: it has letters whose time has passed. For a new one:" in said
        assert "plan run" not in said

    def test_what_was_done_can_be_looked_at_as_well(self, desk: Desk) -> None:
        desk.types("sweep")
        assert desk.shows("plan", "show")["state"] == "run"
        assert "carried out." in desk.types("plan", "show").out

    def test_nobody_is_named(self, braked: Desk) -> None:
        braked.types("sweep")
        said = "".join(braked.types("plan", "show", *more).out for more in ((), ("--json",)))
        residents = braked.here.town.residents
        keys = [braked.key(story) for story in braked.here.town.staged()]
        named = [p for p in residents if p.name in said or p.address in said or p.guid in said]
        assert said and not named and not [key for key in keys if key in said]

    def test_whoever_is_left_out_since_is_not_counted(self, desk: Desk) -> None:
        desk.types("sweep", "--dry-run")
        desk.types("people", "pause", desk.resident("plain-over").address)
        desk.types("people", "exclude", desk.resident("over-in-english").address)
        assert letters(desk.shows("plan", "show"), "quota") == (5, 0, 0)

    def test_a_plan_that_there_is_not(self, desk: Desk) -> None:
        for words in (("show",), ("show", "20261123-000000"), ("run", "x"), ("reject", "x")):
            said = desk.types("plan", *words)
            assert (said.code, said.out) == (EXIT_REFUSED, "")
            assert "there is no plan" in said.err


class TestStages:
    def decided(self, desk: Desk, stage: str, rule: str) -> None:
        """Somebody decided: the lines that mailbot prints go into the file."""
        settings = desk.here.settings
        words = ("rules", "stage", stage, rule, "--since", "2026-11-23", "--decided-by", "teamleider")
        printed = typed(desk.here, *words, "--settings", str(settings))
        assert printed.code == 0, printed.err
        with (settings / "stages.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n{printed.out}")

    def test_a_rule_that_observes_shows_what_it_would_have_sent(self, desk: Desk) -> None:
        bring(desk.here.settings, quota="observe")
        swept = desk.shows("sweep")
        assert steps(swept, "quota") == {"open (observing)": 7, "open (account_closed)": 1}
        shown = desk.shows("plan", "show")
        assert (letters(shown, "quota"), letters(shown, "out_of_office")) == ((0, 0, 7), (3, 0, 0))
        assert desk.findings() == FINDINGS, "it judges as any other rule"
        desk.goes_to_day(23, 10, 5)
        assert desk.delivers().sent == 3
        assert problems(desk) == set(), "somebody decided that it should"

    def test_then_it_writes_to_the_pilot_and_then_to_everyone(self, desk: Desk) -> None:
        bring(desk.here.settings, quota="observe")
        desk.types("sweep")
        self.decided(desk, "pilot", "quota")
        desk.goes_to_day(24)
        swept = desk.shows("sweep")
        assert steps(swept, "quota")["keep+nudge"] == 2
        assert steps(swept, "quota")["keep (away)"] == 1, "since this morning, as the calendar tells"
        assert steps(swept, "quota")["keep (not_in_pilot)"] == 5
        file = desk.here.settings / "stages.toml"
        file.write_text(file.read_text(encoding="utf-8").replace('"pilot"', '"everyone"'), encoding="utf-8")
        desk.goes_to_day(25)
        assert steps(desk.shows("sweep"), "quota")["keep+nudge"] == 4

    def test_a_rule_that_changed_since_observes_and_the_operator_hears_it(self, desk: Desk) -> None:
        forget_terms(desk.here.settings, "quota")
        assert steps(desk.shows_with_log("sweep"), "quota")["open (observing)"] == 7
        assert problems(desk) == {UNDECIDED}
        (line,) = [line for line in desk.types("doctor").out.splitlines() if line.startswith("stage quota: ")]
        assert line.startswith("stage quota: note, observe: the rule, or a parameter of its norm, changed")
        assert line.endswith("once it is decided: mailbot rules stage pilot quota")
        assert "changed since stages.toml was written" in desk.types("plan", "show").out

        self.decided(desk, "everyone", "quota")
        desk.goes_to_day(24)
        swept = steps(desk.shows("sweep"), "quota")
        assert (swept["keep+nudge"], swept["keep (away)"]) == (6, 1), "the calendar tells of one absence"
        assert problems(desk) == set()

    def test_without_the_file_nobody_is_written_to(self, desk: Desk) -> None:
        (desk.here.settings / "stages.toml").unlink()
        shown = desk.shows_with_log("sweep")
        assert not [row for row in shown["steps"] if "+" in row["step"]]
        assert problems(desk) == {UNDECIDED}

    def test_a_plan_made_before_a_rule_was_stopped_is_not_carried_out(self, desk: Desk) -> None:
        plan = desk.shows("sweep", "--dry-run")["plan"]
        bring(desk.here.settings, quota="observe")
        assert "made under another policy, mandate, stage or pilot" in desk.refused("plan", "run", plan)
        assert desk.letters() == {}
