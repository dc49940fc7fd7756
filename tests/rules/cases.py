"""The case files of this folder, one for each rule, named after it."""

from pathlib import Path

from mailbot.casefiles.reader import load
from mailbot.casefiles.runner import Case

FOLDER = Path(__file__).parent


def case_files() -> list[Path]:
    return sorted(FOLDER.glob("*.toml"))


def all_cases() -> list[Case]:
    return [case for file in case_files() for case in load(file)]
