"""What is spelt wrong in a case file is told with its line and how to mend it; nothing crashes."""

from pathlib import Path

import pytest

from mailbot.casefiles.facts import lines_of
from mailbot.casefiles.reader import COMMON, LINES, CasesRefused, load
from mailbot.casefiles.runner import run
from mailbot.rules import Rule, registry
from tests.rules.cases import all_cases, case_files

HEAD = """
[norm]
limit_bytes = 5368709120
tip_percent = 90
[base]
now = "2026-11-23 06:00"
mailbox = "user"
size = "1 GiB"
[[case]]
story = "A story."
"""
GOOD = 'expect = "compliant because within_limit"\n'


def _written(folder: Path, case: str) -> Path:
    file = folder / "quota.toml"
    file.write_text(HEAD.lstrip() + case)
    return file


@pytest.mark.parametrize(
    ("case", "told"),
    [
        (GOOD + 'sise = "1 GiB"', "did you mean `size`?"),
        (GOOD + 'size = "1 gig"', "a size reads like 5 GiB"),
        (GOOD + "size = 7", "size"),
        ('expect = "fine"', "OUTCOME because CODE"),
        ('expect = "complient because within_limit"', "did you mean `compliant`?"),
        ('expect = "unknown because timed_ot"\nunknown.size = "timed_out"', "did you mean `timed_out`?"),
        ('expect = "unknown because tired"\nunknown.size = "tired"', "`tired`"),
        ('expect = "unknown because timed_out"\nunknown.syze = "timed_out"', "did you mean `size`?"),
        (GOOD + "norm.tip_percent = 100", "a whole number from 50 to 99"),
        (GOOD + "norm.tip_procent = 80", "did you mean `tip_percent`?"),
        (GOOD + 'expect_tasks = ["blok_account"]', "did you mean `block_account`?"),
        (GOOD + 'account = "shut"', "it is one of open, closed"),
        (GOOD + 'hold = "yes"', "it is true or false"),
        (GOOD + 'away = ["2026-11-24 - 2026-11-27"]', "does not read like 2026-11-24 .. 2026-11-27"),
        (GOOD + 'now = "Monday"', "a moment reads like 2026-11-24 13:00"),
        (GOOD + 'colleagues = { "anna" = "active" }', "by their mail address"),
        (GOOD + 'statements = { no_full_acces = "2027-06-01" }', "it is one of no_full_access"),
        (GOOD + "secure_mail.calibration.approver = 'CISO'", "secure_mail.calibration.review_by"),
        (GOOD + 'decision = "2026-01-01 .. 2026-12-31"', "at most 13 weeks"),
        (GOOD + "near_miss = 1", "true or false"),
        (GOOD + f'size = "{"9" * 400} GiB"', "with 16 digits at most"),
        (GOOD + f'size = "1 GiB + {"9" * 400} bytes"', "with 16 digits at most"),
        (GOOD + 'colleagues = { "anna@voorbeeld.example" = "active", "bram" = "gone" }', "not 'bram'"),
        (
            GOOD + 'colleagues = { "bram@voorbeeld.example" = "left" }',
            "bram@voorbeeld.example is one of active",
        ),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_line_and_how_to_mend_it(
    tmp_path: Path, case: str, told: str
) -> None:
    with pytest.raises(CasesRefused) as refused:
        load(_written(tmp_path, case))
    assert told in str(refused.value)
    lines = {int(problem.where.removeprefix("line ").partition(",")[0]) for problem in refused.value.problems}
    first = HEAD.count("\n")
    assert lines <= {first - 2, first, first + 1, first + 2}
    assert all(problem.mend for problem in refused.value.problems)


def told_of(folder: Path, rule: str, line: str) -> str:
    """What is told when the first case of this rule's own file has this line as well."""
    [file] = (file for file in case_files() if file.stem == rule)
    head, _, rest = file.read_text(encoding="utf-8").partition("[[case]]")
    name = line.partition(" =")[0]
    first = [text for text in rest.partition("[[case]]")[0].splitlines() if not text.startswith(f"{name} =")]
    slip = folder / file.name
    slip.write_text("\n".join([head, "[[case]]", *first, line]), encoding="utf-8")
    with pytest.raises(CasesRefused) as refused:
        load(slip)
    return str(refused.value)


@pytest.mark.parametrize(
    ("rule", "line", "told"),
    [
        ("leaver", 'leaver_reply = "aan"', 'it is on, off, "scheduled, no dates" or when it runs'),
        ("leaver", "leaver_reply = true", "leaver_reply"),
        ("leaver", 'leaver_reply = "2026-11-24 .. soon"', "does not read like 2026-11-24 .. 2026-11-27"),
        ("out_of_office", 'reply = "aan"', 'it is on, off, "scheduled, no dates" or when it runs'),
        ("out_of_office", 'leave = ["2026-11-23 .. 2026-11-27"]', "approved 2026-06-15"),
        ("out_of_office", 'leave = ["2026-11-27 .. 2026-11-23 approved 2026-06-15"]', "ends after it begins"),
        (
            "out_of_office",
            'leave = ["2026-11-23 .. 2026-11-27 approved June"]',
            "a day reads like 2026-11-24",
        ),
        ("out_of_office", 'leave = "2026-11-23 .. 2026-11-27 approved 2026-06-15"', "a list of texts"),
        ("out_of_office", 'early_closing = ["2026-12-24"]', "a time after midnight"),
        ("out_of_office", 'early_closing = ["noon"]', "a moment reads like 2026-11-24 13:00"),
        (
            "confidential_external",
            'sent = [{ subject = "Vertrouwelijk", to = ["b@provincie.example"], on = "2031-01-01 10:00" }]',
            "mail that was sent before `now`",
        ),
    ],
)
def test_a_slip_in_a_line_of_one_rule_is_told(tmp_path: Path, rule: str, line: str, told: str) -> None:
    assert told in told_of(tmp_path, rule, line)


def test_of_an_unknown_line_only_those_of_this_rule_are_named(tmp_path: Path) -> None:
    told = told_of(tmp_path, "quota", "colour = 7")
    known = told.partition("known here: ")[2].partition("\n")[0].split(", ")
    assert {"size", "mailbox", "now", "statements"} <= set(known) < LINES
    assert not {"text_inside", "signature", "sent", "inbox", "reply"} & set(known)
    told = told_of(tmp_path, "leaver", 'unknown.colour = "timed_out"')
    known = told.partition("known here: ")[2].partition("\n")[0].split(", ")
    assert {"leaver_reply", "forwarding_rules", "account"} <= set(known)
    assert "size" not in known


@pytest.mark.parametrize("rule", registry().values(), ids=lambda rule: rule.id)
def test_every_line_that_a_rule_may_ask_about_is_one_of_its_own(rule: Rule) -> None:
    """What its own cases write is among the names that a hint gives."""
    written = {name for case in all_cases() if case.rule.id == rule.id for name in case.lines}
    assert written <= COMMON | lines_of(rule)


def test_a_file_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(CasesRefused) as refused:
        load(tmp_path / "quotta.toml")
    [problem] = refused.value.problems
    assert (problem.found, problem.mend) == ("no such file", "look at its name and its folder")
    (tmp_path / "quota.toml").mkdir()
    with pytest.raises(CasesRefused, match="a file that cannot be read"):
        load(tmp_path / "quota.toml")


def test_all_slips_of_a_file_are_told_at_once_in_its_order(tmp_path: Path) -> None:
    more = '[[case]]\nstory = "Another."\nsize = "two"\n' + GOOD + '[[case]]\nstory = "A third."\n'
    with pytest.raises(CasesRefused) as refused:
        load(_written(tmp_path, 'expect = "fine"\nsize = "one"\n' + more))
    told = [(problem.where, problem.expected) for problem in refused.value.problems]
    assert [where for where, _ in told] == [
        "line 10, case 1 (A story.), expect",
        "line 11, case 1 (A story.), size",
        "line 14, case 2 (Another.), size",
        "line 16, case 3 (A third.), expect",
    ]


def test_a_slip_in_the_base_is_told_once_and_not_for_every_case(tmp_path: Path) -> None:
    file = _written(tmp_path, GOOD + '[[case]]\nstory = "Another."\n' + GOOD)
    file.write_text(file.read_text().replace('"user"', '"usr"'))
    with pytest.raises(CasesRefused) as refused:
        load(file)
    assert [problem.where for problem in refused.value.problems] == ["line 6, mailbox"]


def test_a_file_that_is_named_after_no_rule_says_which_rule_it_is_about(tmp_path: Path) -> None:
    file = _written(tmp_path, GOOD).rename(tmp_path / "our_own.toml")
    with pytest.raises(CasesRefused, match="the name of a rule: in this line, or as the name of the file"):
        load(file)
    file.write_text('rule = "quota"\n' + file.read_text())
    [case] = load(file)
    assert case.rule.id == "quota" and run(case).agrees


ODD = (
    "7",
    "true",
    "[]",
    "{}",
    '""',
    '["x"]',
    "2026-11-23",
    '"0001-01-01 00:00"',
    "{ a = 1 }",
    "[{ a = nan }]",
    '".."',
)


@pytest.mark.parametrize("file", case_files(), ids=lambda file: file.stem)
def test_no_value_of_a_line_crashes_the_reader(tmp_path: Path, file: Path) -> None:
    """Each either makes a case or is told."""
    head, _, rest = file.read_text(encoding="utf-8").partition("[[case]]")
    first = rest.partition("[[case]]")[0].splitlines()
    odd_file = tmp_path / file.name
    told = 0
    for line in sorted(LINES):
        kept = [text for text in first if not text.startswith((f"{line} =", f"{line}.", "#"))]
        for odd in ODD:
            odd_file.write_text("\n".join([head, "[[case]]", *kept, f"{line} = {odd}"]), encoding="utf-8")
            try:
                assert len(load(odd_file)) == 1
            except CasesRefused as refused:
                told += 1
                assert all(problem.where and problem.mend for problem in refused.problems)
    assert told > len(LINES)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("part", ["rule", "pack", "norm", "base", "case"])
def test_no_value_of_a_part_crashes_the_reader(tmp_path: Path, part: str, odd: str) -> None:
    file = tmp_path / "quota.toml"
    text = HEAD.lstrip() + GOOD
    for name in ("norm", "base", "case"):
        if name == part:
            text = text.partition(f"[{name}]" if name != "case" else "[[case]]")[0]
    file.write_text(f"{part} = {odd}\n{text}", encoding="utf-8")
    with pytest.raises(CasesRefused):
        load(file)
