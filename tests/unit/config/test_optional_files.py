"""Statements and secure mail: templates that say nothing until somebody takes a # away, then are right."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from mailbot.config.load import collect, load
from mailbot.config.shipped import shipped_settings
from mailbot.model.secure_mail import SecureMail
from mailbot.model.statements import Claim
from mailbot.policy.secure_mail import SecureMailFile
from mailbot.policy.statements import StatementsFile

Change = Callable[[str, str, str], None]
TEMPLATES: list[tuple[str, type[BaseModel]]] = [
    ("statements.toml", StatementsFile),
    ("secure_mail.toml", SecureMailFile),
]


def uncommented(text: str) -> str:
    """The example lines of a template: what is TOML behind its # begins with a key or a table."""
    lines = (re.match(r"# ((?:\[+[a-z_.]+\]+|[a-z_]+ = ).*)", line) for line in text.splitlines())
    return "\n".join(found[1] for found in lines if found)


@pytest.mark.parametrize(("name", "model"), TEMPLATES)
def test_a_new_folder_has_the_shipped_template_which_says_nothing(
    folder: Path, name: str, model: type[BaseModel]
) -> None:
    written = (folder / name).read_text(encoding="utf-8")
    assert written == (shipped_settings() / name).read_text(encoding="utf-8")
    assert tomllib.loads(written) == {}


def test_the_examples_of_secure_mail_are_right_as_they_stand() -> None:
    text = uncommented((shipped_settings() / "secure_mail.toml").read_text(encoding="utf-8"))
    example = SecureMailFile.model_validate(tomllib.loads(text))
    assert example.calibration and example.gateway
    assert (len(example.clients), len(example.labels), len(example.trusted)) == (1, 1, 1)
    assert len(example.clients[0].markers) == 2


def test_the_example_of_a_statement_is_right_and_every_claim_is_explained() -> None:
    template = (shipped_settings() / "statements.toml").read_text(encoding="utf-8")
    _, _, example = template.partition("# [[statement]]")
    assert (
        len(StatementsFile.model_validate(tomllib.loads(uncommented("# [[statement]]" + example))).value())
        == 1
    )
    assert set(re.findall(r'^# claim = "(\w+)" +\w', template, re.MULTILINE)) == {
        claim.value for claim in Claim
    }


def test_without_the_files_nothing_is_stated(folder: Path) -> None:
    for name, _ in TEMPLATES:
        (folder / name).unlink()
    found = load(folder, {})
    assert (found.secure_mail, found.statements) == (SecureMail(), ())


def test_what_is_wrong_in_them_is_told_with_everything_else(folder: Path) -> None:
    (folder / "statements.toml").write_text('[[statement]]\nclaim = "all_is_well"\n')
    (folder / "secure_mail.toml").write_text("gateway = 1\n")
    _, problems = collect(folder, {})
    assert {(problem.file, problem.where) for problem in problems} >= {
        ("statements.toml", "statement 1.claim"),
        ("secure_mail.toml", "gateway"),
    }


class TestExport:
    def test_it_lies_beside_the_settings_unless_they_say_otherwise(
        self, folder: Path, change: Change
    ) -> None:
        assert load(folder, {}).settings.exchange.access_export == folder / "access.csv"
        change("mailbot.toml", 'access_export = "access.csv"', 'access_export = "../nightly/access.csv"')
        assert load(folder, {}).settings.exchange.access_export == folder / "../nightly/access.csv"

    def test_the_environment_may_move_it(self, folder: Path) -> None:
        moved = load(folder, {"MAILBOT_EXCHANGE_ACCESS_EXPORT": "/var/lib/export/access.csv"})
        assert moved.settings.exchange.access_export == Path("/var/lib/export/access.csv")

    def test_that_it_is_not_there_yet_is_no_reason_not_to_start(self, folder: Path) -> None:
        assert not load(folder, {}).settings.exchange.access_export.exists()

    @pytest.mark.parametrize(("hours", "taken"), [(11, False), (12, True), (168, True), (169, False)])
    def test_how_old_it_may_be_has_bounds(
        self, folder: Path, change: Change, hours: int, taken: bool
    ) -> None:
        change("mailbot.toml", "export_max_age_hours = 36", f"export_max_age_hours = {hours}")
        _, problems = collect(folder, {})
        assert [problem.where for problem in problems] == ([] if taken else ["exchange.export_max_age_hours"])
        assert all(problem.expected == "a whole number from 12 to 168" for problem in problems)


class TestServiceAccounts:
    def test_the_shipped_patterns(self, folder: Path) -> None:
        assert load(folder, {}).settings.people.service_accounts == ("svc-*", "adm-*")

    @pytest.mark.parametrize("pattern", ["*", "SVC-*", "svc@voorbeeld.example", "svc *", ""])
    def test_a_pattern_that_is_everybody_or_nobody_is_refused(
        self, folder: Path, change: Change, pattern: str
    ) -> None:
        change("mailbot.toml", '"svc-*"', f'"{pattern}"')
        _, problems = collect(folder, {})
        assert [problem.where for problem in problems] == ["people.service_accounts 1"]
