"""The commands about rules, and the handbook that teaches a municipality to write its own cases."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailbot.casefiles import facts
from mailbot.casefiles.reader import LINES, TOP
from mailbot.config.shipped import shipped_settings
from mailbot.model.accounts import RecipientType
from mailbot.model.facts import Reason
from mailbot.model.ids import RuleId
from mailbot.model.organisation import Standing
from mailbot.model.statements import Claim
from mailbot.model.tasks import Task
from mailbot.model.verdicts import Outcome
from mailbot.rules import Tells, registry
from tests.rules.cases import all_cases

ROOT = Path(__file__).parents[2]
HANDBOOK = (ROOT / "deploy" / "handbook" / "rule-cases.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", HANDBOOK, re.DOTALL)

CASES = """
rule = "quota"
[norm]
limit_bytes = 2_147_483_648
tip_percent = 90
[base]
now = "2026-11-23 06:00"
size = "1 GiB"
[[case]]
story = "One gigabyte is fine."
expect = "compliant because within_limit"
expect_tasks = []
[[case]]
story = "Three are not."
size = "3 GiB"
expect = "deviation because over_limit"
expect_shown = { size_bytes = 3_221_225_472, limit_bytes = 2_147_483_648 }
"""


@dataclass(frozen=True)
class Typed:
    code: int
    out: str
    err: str


def types(*words: str | Path) -> Typed:
    """What an administrator sees, on a machine without settings, Exchange or database."""
    command = [sys.executable, "-m", "mailbot", "rules", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={"COLUMNS": "200"}, cwd=ROOT
    )
    return Typed(done.returncode, done.stdout, done.stderr)


def shows(*words: str | Path) -> Any:
    typed = types(*words, "--json")
    assert typed.code == 0, typed.err
    return json.loads(typed.out)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of a municipality, somewhere on its disk."""
    file = tmp_path / "our limit.toml"
    file.write_text(CASES, encoding="utf-8")
    return file


# --- check ----------------------------------------------------------------------------------------------


def test_a_file_whose_cases_hold_is_told_in_one_line(own: Path) -> None:
    typed = types("check", own)
    assert (typed.code, typed.out) == (0, f"{own}: 2 cases, all as expected\n")


def test_what_differs_is_told_expected_beside_given(own: Path) -> None:
    own.write_text(CASES.replace('"3 GiB"', '"1.9 GiB"'), encoding="utf-8")
    typed = types("check", own)
    assert typed.code == 1
    assert typed.out.splitlines() == [
        f"{own}: 2 cases, 1 not as expected",
        "  case 2: Three are not.",
        "    expect",
        "      expected: deviation because over_limit",
        "      given:    tip because near_limit",
        "    expect_shown",
        "      expected: limit_bytes = 2147483648, size_bytes = 3221225472",
        "      given:    limit_bytes = 2147483648, size_bytes = 2040109466",
    ]


def test_a_task_that_was_not_expected_is_a_difference(tmp_path: Path) -> None:
    example = next(text for text in EXAMPLES if 'rule = "delegates"' in text)
    file = tmp_path / "delegates.toml"
    file.write_text(
        example + '[[case]]\nstory = "Open."\ninbox_open_to_all = true\n'
        'expect = "deviation because too_few"\nexpect_tasks = ["orphaned_delegate"]\n'
    )
    typed = types("check", file)
    assert typed.code == 1
    assert "expected: orphaned_delegate\n      given:    inbox_open_to_all" in typed.out


def test_all_cases_are_printed_when_asked(own: Path) -> None:
    said = types("check", own, "--verbose").out
    assert "case 1: One gigabyte is fine.\n    given: compliant because within_limit" in said


def test_the_same_for_programs(own: Path) -> None:
    [file] = shows("check", own)
    assert [case["agrees"] for case in file["cases"]] == [True, True]
    assert file["cases"][1]["given"] == {
        "outcome": "deviation",
        "why": "over_limit",
        "tasks": [],
        "shown": {"size_bytes": 3221225472, "limit_bytes": 2147483648},
    }


def test_slips_of_all_files_are_told_at_once_and_no_case_is_run(own: Path, tmp_path: Path) -> None:
    other = tmp_path / "quota.toml"
    other.write_text(CASES.replace('size = "3 GiB"', 'sise = "3 GiB"'), encoding="utf-8")
    own.write_text(CASES.replace('"1 GiB"', '"1 gig"'), encoding="utf-8")
    typed = types("check", own, other, tmp_path / "nowhere.toml")
    assert (typed.code, typed.out) == (2, "")
    assert "3 problems in the case files; no case was run." in typed.err
    assert "line 8, size" in typed.err and "a size reads like 5 GiB" in typed.err
    assert "line 15, case 2 (Three are not.), sise" in typed.err and "did you mean `size`?" in typed.err
    assert "nowhere.toml" in typed.err


def test_a_file_that_is_no_toml_says_where(own: Path) -> None:
    own.write_text(CASES + "[[case]\n", encoding="utf-8")
    typed = types("check", own)
    assert typed.code == 2
    assert "line 18" in typed.err


def test_the_parameters_can_come_from_a_pack(own: Path, tmp_path: Path) -> None:
    """A shipped one, or one of the municipality's own folder; a line of [norm] still goes first."""
    without = re.sub(r"\[norm\]\n.*\n.*\n", "", CASES).strip()
    own.write_text('pack = "huizen"\n' + without, encoding="utf-8")
    assert "given:    compliant because within_limit" in types("check", own).out, "Huizen allows 5 GB"
    assert types("check", own, "--settings", settings(tmp_path, "limit_bytes = 2147483648")).code == 0
    own.write_text('pack = "huizen"\n' + without + "\n[norm]\nlimit_bytes = 2147483648\n", encoding="utf-8")
    assert types("check", own).code == 0


def test_a_pack_that_is_not_there_or_not_in_force_is_told(own: Path) -> None:
    without = re.sub(r"\[norm\]\n.*\n.*\n", "", CASES).strip()
    own.write_text('pack = "huisen"\n' + without, encoding="utf-8")
    assert "did you mean `huizen`?" in types("check", own).err
    own.write_text('pack = "brunssum"\n' + without, encoding="utf-8")
    assert "was in force until" in types("check", own).err


def settings(folder: Path, limit: str) -> Path:
    """The folder of gemeente Huizen, with another limit."""
    made = folder / "settings"
    shutil.copytree(shipped_settings(), made)
    pack = made / "packs" / "huizen" / "pack.toml"
    text = pack.read_text(encoding="utf-8")
    changed, count = re.subn(r"limit_bytes = \S+", limit, text)
    assert count == 1
    pack.write_text(changed, encoding="utf-8")
    main = made / "mailbot.toml"
    text = main.read_text(encoding="utf-8")
    main.write_text(re.sub(r'^pack = "\w+"', 'pack = "huizen"', text, flags=re.M), encoding="utf-8")
    return made


# --- list and show --------------------------------------------------------------------------------------


def test_the_list_says_of_every_rule_what_it_is_and_whether_it_is_on(tmp_path: Path) -> None:
    listed = shows("list")
    rules = {row["rule"]: row for row in listed["rules"]}
    assert set(rules) == set(registry())
    assert listed["pack"] == "voorbeeld"
    terms = rules["quota"].pop("terms")
    assert re.fullmatch("[0-9a-f]{64}", terms)
    assert rules["quota"] == {
        "rule": "quota", "kind": "state", "reads": "traffic", "tells": "person",
        "on": True, "why": "by article 3", "stage": "everyone", "stage_says": "everyone, since 2024-04-02",
    }  # fmt: skip
    huizen = {
        row["rule"]: row
        for row in shows("list", "--settings", settings(tmp_path, "limit_bytes = 2147483648"))["rules"]
    }
    assert huizen["quota"]["why"] == "by article 4 lid 5"


def test_a_rule_over_headings_is_off_until_a_decision(tmp_path: Path) -> None:
    [deep] = [row for row in shows("list")["rules"] if row["reads"] == "heading"]
    assert deep["on"] is False and "under a signed decision only" in deep["why"]


def test_a_lapsed_pack_switches_everything_off(tmp_path: Path) -> None:
    folder = settings(tmp_path, "limit_bytes = 2147483648")
    main = folder / "mailbot.toml"
    main.write_text(
        main.read_text(encoding="utf-8").replace('pack = "huizen"', 'pack = "brunssum"'), encoding="utf-8"
    )
    typed = types("list", "--settings", folder)
    assert typed.out.count(": off, ") == len(registry())
    assert "was in force until" in typed.out


def test_a_folder_without_settings_is_refused(tmp_path: Path) -> None:
    typed = types("list", "--settings", tmp_path)
    assert (typed.code, typed.out) == (2, "")
    assert "no settings in" in typed.err


@pytest.mark.parametrize("rule", registry())
def test_a_rule_shows_its_verdicts_parameters_and_what_it_must_read(rule: str) -> None:
    shown = shows("show", rule)
    here = registry()[rule]  # type: ignore[index]
    assert set(shown["says"]) == {outcome.value for outcome in here.says}
    assert [parameter["name"] for parameter in shown["parameters"]] == list(here.parameters.model_fields)
    assert set(shown["decisive"]) == {"ews", "graph"}
    text = types("show", rule).out
    assert all(when in text for when in shown["says"].values())
    assert all(f"  {road}: {said}" in text for road, said in shown["decisive"].items())


def test_parameters_are_shown_with_bounds_and_the_value_here(tmp_path: Path) -> None:
    folder = settings(tmp_path, "limit_bytes = 2147483648")
    shown = shows("show", "quota", "--settings", folder)
    assert (shown["norm"], shown["article"]) == ("huizen-4.5", "4 lid 5")
    assert shown["parameters"][0] == {
        "name": "limit_bytes", "bounds": "from 104857600 to 1125899906842624", "value": 2147483648,
    }  # fmt: skip
    assert (
        "limit_bytes: from 104857600 to 1125899906842624; here 2147483648"
        in types("show", "quota", "--settings", folder).out
    )


def test_a_misspelt_rule_gets_a_hint() -> None:
    typed = types("show", "quotta")
    assert typed.code == 2
    assert "did you mean `quota`?" in typed.err


# --- stages ---------------------------------------------------------------------------------------------


def stage_lines(*words: str | Path) -> list[dict[str, Any]]:
    typed = types("stage", *words)
    assert typed.code == 0, typed.err
    return tomllib.loads(typed.out)["rule"]


def test_the_lines_that_bring_a_rule_to_a_stage_are_printed() -> None:
    [line] = stage_lines("pilot", "quota", "--since", "2026-11-23", "--decided-by", "teamleider")
    listed = {row["rule"]: row for row in shows("list")["rules"]}
    assert line == {
        "name": "quota", "stage": "pilot", "terms": listed["quota"]["terms"],
        "since": date(2026, 11, 23), "decided_by": "teamleider",
    }  # fmt: skip


def test_without_a_rule_they_are_those_of_the_whole_pack(tmp_path: Path) -> None:
    """After an upgrade by which every rule observes, say."""
    folder = settings(tmp_path, "limit_bytes = 2147483648")
    lines = stage_lines("everyone", "--settings", folder)
    writing = [name for name, rule in registry().items() if rule.tells is Tells.PERSON]
    assert [line["name"] for line in lines] == sorted(writing)
    assert {line["decided_by"] for line in lines} == {"TO FILL IN: the function that decided"}


def test_a_rule_that_writes_to_nobody_has_no_stage() -> None:
    """Whoever left gets no letters: there is nothing to observe first, and nothing to decide."""
    leaver = next(row for row in shows("list")["rules"] if row["rule"] == "leaver")
    assert (leaver["on"], leaver["stage"], leaver["terms"]) == (True, None, None)
    assert types("list").out.count("no stage: it sends no letters") == 1
    assert "no stage: it sends no letters" in types("show", "leaver").out
    refused = types("stage", "pilot", "leaver")
    assert (refused.code, refused.out) == (2, "")
    assert "or it sends no letters" in " ".join(refused.err.split())


def test_they_say_of_which_pack_they_are(tmp_path: Path) -> None:
    """The terms of another pack would make every rule observe."""
    assert types("stage", "pilot").out.startswith("# Pack voorbeeld of the settings that mailbot ships\n")
    folder = settings(tmp_path, "limit_bytes = 2147483648")
    assert types("stage", "pilot", "--settings", folder).out.splitlines()[0].endswith(f" of {folder}")


def test_to_observe_nobody_decides() -> None:
    [line] = stage_lines("observe", "quota")
    assert set(line) == {"name", "stage", "terms", "since"}, "since today, so it counts over what was before"


def test_other_numbers_are_another_rule(tmp_path: Path) -> None:
    here, there = (
        stage_lines("pilot", "quota", "--settings", settings(tmp_path / size, f"limit_bytes = {size}"))
        for size in ("2147483648", "3221225472")
    )
    assert here[0]["terms"] != there[0]["terms"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("everybody",), "one of observe, pilot, everyone"),
        (("pilot", "qouta"), "did you mean `quota`?"),
        (("pilot", "quota", "--since", "23-11-2026"), "--since"),
    ],
)
def test_a_mistake_in_the_command_prints_no_lines(words: tuple[str, ...], hint: str) -> None:
    typed = types("stage", *words)
    assert (typed.code, typed.out) == (2, "")
    assert hint in typed.err


def test_a_spoiled_file_is_told_by_the_list_as_by_everything_else(tmp_path: Path) -> None:
    folder = settings(tmp_path, "limit_bytes = 2147483648")
    (folder / "stages.toml").write_text('[[rule]]\nname = "quota"\nstage = "all"\n', encoding="utf-8")
    typed = types("list", "--settings", folder)
    assert (typed.code, typed.out) == (2, "")
    assert "stages.toml" in typed.err and "rule 1.stage" in typed.err


# --- the handbook ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.partition("\n")[0])
def test_every_example_of_the_handbook_holds(tmp_path: Path, example: str) -> None:
    file = tmp_path / "example.toml"
    file.write_text(example, encoding="utf-8")
    typed = types("check", file)
    assert typed.code == 0, typed.out + typed.err


def test_every_rule_has_an_example() -> None:
    shown = {found[1] for text in EXAMPLES if (found := re.search(r'^rule = "(\w+)"', text))}
    assert shown == set(registry())


def names(heading: str) -> set[str]:
    """The first column of the tables between this heading and the next one of its level or above."""
    level = len(heading.partition(" ")[0])
    part = re.split(rf"^#{{1,{level}}} ", HANDBOOK.partition(f"\n{heading}\n")[2], flags=re.M)[0]
    return set(re.findall(r"^\| `(\w+)` \|", part, re.M))


def test_every_line_of_a_case_stands_in_the_handbook_and_no_other() -> None:
    assert names("## Every line") == LINES


def test_lines_of_the_mailbox_say_which_rule_they_are_for() -> None:
    assert names("### The mailbox") == {*facts.BY_NAME, *facts.DETAILS}


def test_every_key_of_a_sent_item_stands_in_the_handbook(tmp_path: Path) -> None:
    example = next(text for text in EXAMPLES if 'rule = "confidential_external"' in text)
    file = tmp_path / "example.toml"
    file.write_text(example.replace("{ subject =", "{ colour ="), encoding="utf-8")
    told = re.search(r"a sent item has ([\w, ]+); not colour", types("check", file).err)
    assert told and names("## A sent item") == set(told[1].split(", "))


def test_every_reason_and_every_task_stands_in_the_handbook() -> None:
    assert names("## Reasons") == {reason.code for reason in Reason}
    assert names("## Tasks") == {task.value for task in Task}


def codes_of_table(rule: str) -> set[tuple[str, str]]:
    part = HANDBOOK.partition(f"\n### Codes of {rule}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| \w[^|]+ \|$", part, re.M)
    assert len(rows) == part.count("\n| `"), "every row has a code, an outcome and a line that tells it"
    return {(outcome, code) for code, cell in rows for outcome in re.findall(r"`(\w+)`", cell)}


def codes_of_cases(rule: str) -> set[tuple[str, str]]:
    said = [case.expected for case in all_cases() if case.rule.id == rule]
    return {(one.outcome.value, one.why) for one in said if one.outcome is not Outcome.UNKNOWN}


def codes_of_source(rule: str) -> set[str]:
    """First words of all calls that make a verdict: of the helpers, and of functions that return one."""
    verdict = {"compliant", "deviation", "tip", "not_applicable"}
    module = registry()[RuleId(rule)].judge.__module__
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    verdict |= {one.name for one in functions if one.returns and ast.unparse(one.returns) == "Verdict"}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    firsts = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in verdict]
    said = [
        word
        for first in firsts
        for word in ((first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,))
    ]
    return {word.value for word in said if isinstance(word, ast.Constant) and isinstance(word.value, str)}


@pytest.mark.parametrize("rule", registry())
def test_every_code_that_a_rule_can_give_stands_in_the_handbook_and_no_other(rule: str) -> None:
    table = codes_of_table(rule)
    assert codes_of_cases(rule) <= table
    assert {code for _, code in table} == codes_of_source(rule) | {code for _, code in codes_of_cases(rule)}
    assert {outcome for outcome, _ in table} == {
        outcome.value for outcome in registry()[RuleId(rule)].says if outcome is not Outcome.UNKNOWN
    }


@pytest.mark.parametrize("rule", registry())
def test_a_rule_that_is_shown_says_where_its_codes_stand(rule: str) -> None:
    assert "stand in the handbook, rule-cases.md, under Codes" in types("show", rule).out
    assert f"### Codes of {rule}\n" in HANDBOOK


def test_every_part_of_a_file_stands_in_the_handbook() -> None:
    assert {name for name in TOP if f"| `{name}` |" in HANDBOOK or f"[{name}]" in HANDBOOK} == set(TOP)


@pytest.mark.parametrize("words", [Outcome, Standing, Claim, RecipientType], ids=lambda enum: enum.__name__)
def test_every_word_that_a_line_may_have_stands_in_the_handbook(words: Any) -> None:
    for word in words:
        assert re.search(rf'`"?{word.value}"?`', HANDBOOK), word
