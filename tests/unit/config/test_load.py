"""A sound folder gives one configuration; a file that is missing or no TOML is told with its place."""

import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.config.load import collect, directory_export, key_file, load
from mailbot.config.shipped import shipped_settings
from mailbot.engine.gates import all_open, check
from mailbot.policy.evidence import Evidence
from mailbot.policy.packs import Pack, policy_hash

Change = Callable[[str, str, str], None]
SECRET = "Zeer-Geheim-4711"


def where_of(folder: Path, file: str) -> list[str]:
    return [problem.where for problem in collect(folder, {})[1] if problem.file == file]


def test_a_sound_folder_gives_everything(folder: Path) -> None:
    found = load(folder, {})
    assert found.pack.name == "voorbeeld"
    assert found.policy_hash == policy_hash(found.pack)
    assert set(found.packs) == {"voorbeeld"}
    assert found.waivers == ()
    assert found.closed.covers(2026) and not found.closed.covers(2029)
    assert found.settings.people.directory_export == folder / "directory.ldf"
    assert found.settings.store.url == f"sqlite:///{folder}/mailbot.db"


def test_secrets_are_there_and_print_nowhere(folder: Path) -> None:
    found = load(folder, {})
    assert found.secrets.exchange_password.get_secret_value() == SECRET
    assert SECRET not in repr(found) and SECRET not in repr(found.secrets)
    assert "svc-mailbot" not in repr(found)


def test_the_shipped_evidence_is_for_the_shipped_pack() -> None:
    """Voorbeeld ships with open gates: its works council consented to the very pack beside it."""
    shipped = shipped_settings()
    pack = Pack.model_validate(tomllib.loads((shipped / "packs/voorbeeld/pack.toml").read_text("utf-8")))
    evidence = Evidence.model_validate(tomllib.loads((shipped / "gates.toml").read_text("utf-8")))
    assert evidence.works_council is not None
    assert evidence.works_council.policy_hash == policy_hash(pack)
    assert all_open(check(evidence, pack, policy_hash(pack), datetime(2026, 11, 21, tzinfo=UTC).date()))


def test_a_lapsed_pack_can_be_chosen_and_has_no_rules(folder: Path, change: Change) -> None:
    (folder / "packs/brunssum").mkdir()
    lapsed = (shipped_settings() / "packs/brunssum/pack.toml").read_bytes()
    (folder / "packs/brunssum/pack.toml").write_bytes(lapsed)
    change("mailbot.toml", 'pack = "voorbeeld"', 'pack = "brunssum"')
    assert load(folder, {}).pack.active_norms(datetime(2026, 11, 21, tzinfo=UTC).date()) == ()


@pytest.mark.parametrize("name", ["gates.toml", "waivers.toml"])
def test_files_that_may_be_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    load(folder, {})


@pytest.mark.parametrize("name", ["mailbot.toml", "calendar.toml"])
def test_files_that_may_not(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert "the file" in where_of(folder, name)


def test_a_folder_without_packs(folder: Path) -> None:
    (folder / "packs/voorbeeld/pack.toml").unlink()
    assert where_of(folder, "packs") == ["the folder"]


def test_a_pack_is_named_after_its_folder(folder: Path) -> None:
    (folder / "packs/voorbeeld").rename(folder / "packs/anders")
    assert where_of(folder, "packs/anders/pack.toml") == ["name"]
    assert where_of(folder, "mailbot.toml") == ["policy.pack"]


def test_a_line_that_is_no_toml_is_told_by_line_and_column(folder: Path, change: Change) -> None:
    change("mailbot.toml", 'language = "nl"', f"language = {SECRET}")
    lines = (folder / "mailbot.toml").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if SECRET in line)
    (problem,) = collect(folder, {})[1]
    assert problem.where.startswith(f"line {number}, column ")
    assert SECRET not in repr(problem)


@pytest.mark.parametrize("name", [r"TOWN\svc", r"TOWN\user", r"TOWN\xyz", r"TOWN\nico", r"TOWN\tjitske"])
def test_a_backslash_in_double_quotes_says_to_use_single_ones(
    folder: Path, change: Change, name: str
) -> None:
    """Also where TOML reads it as a line break: `TOWN\\nico` would sign in as somebody else."""
    change("mailbot.toml", r"'VOORBEELD\svc-mailbot'", f'"{name}"')
    (problem,) = collect(folder, {})[1]
    assert "single quotes around a" in problem.mend
    assert name.partition("\\")[2] not in repr(problem)


def test_a_wrong_choice_is_shown_as_it_stands_there(folder: Path, change: Change) -> None:
    """`aan` is nobody's secret; an account, an address or a password may be anything."""
    change("mailbot.toml", 'mode = "off"', 'mode = "aan"')
    change("mailbot.toml", 'sweep = "06:00"', 'sweep = "6 uur"')
    change("mailbot.toml", 'pack = "voorbeeld"', 'pack = "voorbeld"')
    change("mailbot.toml", '"griffie@voorbeeld.example"', '"griffie van ons"')
    change("mailbot.toml", "sqlite:///mailbot.db", f"mysql://{SECRET}")
    found = {problem.where: problem.found for problem in collect(folder, {})[1]}
    assert found["delivery.mode"] == "`aan`"
    assert found["schedule.sweep"] == "`6 uur`"
    assert found["policy.pack"] == "`voorbeld`"
    assert found["people.exclude_addresses 7"] == "a text of 15 characters"
    assert SECRET not in found["store.url"]


def test_a_file_in_another_encoding(folder: Path) -> None:
    (folder / "calendar.toml").write_bytes("# Hemelvaart\n# één dag\n".encode("cp1252"))
    assert where_of(folder, "calendar.toml") == ["line 2"]


def test_an_unclosed_table_at_the_end_of_the_file(folder: Path) -> None:
    with (folder / "gates.toml").open("a") as gates:
        gates.write("[dpia")
    (place,) = where_of(folder, "gates.toml")
    assert place == "the end of the file" or place.startswith("line ")


@pytest.mark.parametrize("section", ["organisation", "policy", "exchange", "delivery"])
def test_a_missing_section_is_told_as_a_section(folder: Path, change: Change, section: str) -> None:
    change("mailbot.toml", f"[{section}]", f"[{section}s]")
    mends = {problem.where: problem.mend for problem in collect(folder, {})[1]}
    assert mends[section] == f"add a section [{section}]"
    assert mends[f"{section}s"] == f"did you mean `{section}`?"


def test_a_key_cannot_reach_the_options_of_the_settings_library(folder: Path, change: Change) -> None:
    change("mailbot.toml", "[organisation]", '_env_prefix = "X"\n[organisation]')
    assert where_of(folder, "mailbot.toml") == ["_env_prefix"]


class TestEnvironment:
    """Paths may come from the environment; other settings may not, and that is said."""

    def test_a_path_comes_from_the_environment(self, folder: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "export" / "directory.ldf"
        found = load(
            folder, {"MAILBOT_PEOPLE_DIRECTORY_EXPORT": str(elsewhere), "MAILBOT_OPERATOR_LOG_FILE": "x.log"}
        )
        assert found.settings.people.directory_export == elsewhere
        assert found.settings.operator.log_file == folder / "x.log"

    def test_an_empty_variable_does_not_count(self, folder: Path) -> None:
        found = load(folder, {"MAILBOT_PEOPLE_DIRECTORY_EXPORT": ""})
        assert found.settings.people.directory_export == folder / "directory.ldf"

    def test_a_setting_that_is_no_path_is_refused(self, folder: Path) -> None:
        assert [p.where for p in collect(folder, {"MAILBOT_DELIVERY_MODE": "live"})[1]] == [
            "MAILBOT_DELIVERY_MODE"
        ]

    def test_other_variables_are_none_of_our_business(self, folder: Path) -> None:
        load(folder, {"MAILBOT_REQUIRE": "x", "delivery": "live", "PATH": "/bin"})

    def test_the_process_environment_is_not_looked_at(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DELIVERY", '{"mode": "live"}')
        monkeypatch.setenv("MAILBOT_PEOPLE_DIRECTORY_EXPORT", "/elsewhere.ldf")
        found = load(folder, {})
        assert found.settings.delivery.mode == "off"
        assert found.settings.people.directory_export == folder / "directory.ldf"


class TestFiles:
    """A file that cannot be used is a line in the report, never a crash."""

    def told(self, folder: Path, section: str, line: str) -> dict[str, str]:
        file = folder / "mailbot.toml"
        text = file.read_text(encoding="utf-8")
        key = line.partition(" =")[0]
        text = re.sub(rf"(?m)^{key} = .*\n", "", text) if key != "password_file" else text
        file.write_text(text.replace(f"[{section}]", f"[{section}]\n{line}", 1), encoding="utf-8")
        return {problem.where: problem.found for problem in collect(folder, {})[1]}

    @pytest.mark.parametrize("key", ["log_file", "status_file"])
    def test_a_file_to_write_in_a_folder_that_is_not_there(self, folder: Path, key: str) -> None:
        told = self.told(folder, "operator", f"{key} = 'nowhere/a.file'")
        assert told == {f"operator.{key}": f"no folder at {folder}/nowhere"}

    @pytest.mark.parametrize("key", ["log_file", "status_file"])
    def test_a_file_to_write_that_is_a_folder(self, folder: Path, key: str) -> None:
        assert self.told(folder, "operator", f"{key} = 'packs'") == {
            f"operator.{key}": f"a folder at {folder}/packs"
        }

    @pytest.mark.parametrize(
        ("name", "found"),
        [("gone.pem", "no file at"), ("gates.toml", "no certificate in"), ("packs", "a file that cannot")],
    )
    def test_a_certificate_authority_that_is_none(self, folder: Path, name: str, found: str) -> None:
        (place, says), *others = self.told(folder, "exchange", f"ca_file = '{name}'").items()
        assert (place, others) == ("exchange.ca_file", [])
        assert says.startswith(found)

    @pytest.mark.parametrize("path", ['"a\\u0000b"', "'~nosuchuser/x'", '"a\\nb"'])
    @pytest.mark.parametrize(
        ("section", "key"),
        [
            ("people", "directory_export"),
            ("people", "accepted_domains"),
            ("operator", "log_file"),
            ("operator", "status_file"),
            ("store", "key_file"),
            ("exchange", "ca_file"),
        ],
    )
    def test_a_path_that_cannot_be_looked_for(self, folder: Path, section: str, key: str, path: str) -> None:
        assert self.told(folder, section, f"{key} = {path}") == {
            f"{section}.{key}": "a path that cannot be looked for"
        }
        directory_export(folder, {})
        key_file(folder, {})

    def test_a_name_that_is_far_too_long(self, folder: Path) -> None:
        long = "x" * 300
        assert set(self.told(folder, "operator", f"log_file = '{long}/a'")) == {"operator.log_file"}
        assert "policy.pack" in self.told(folder, "policy", f"pack = '{long}'")

    def test_a_database_in_a_file_with_an_impossible_name(self, folder: Path) -> None:
        assert set(self.told(folder, "store", 'url = "sqlite:///a\\u0000b"')) == {"store.url"}


@pytest.mark.parametrize("key", ["sender", "redirect_to"])
def test_letters_come_from_and_go_to_an_own_domain(folder: Path, change: Change, key: str) -> None:
    """`voorbeeld.exmaple` would send letters about staff to a stranger."""
    change("mailbot.toml", "# redirect_to = ", "redirect_to = ")
    load(folder, {})
    own = {"sender": "postbushulp@voorbeeld.example", "redirect_to": "testpostbus@voorbeeld.example"}[key]
    change("mailbot.toml", own, own.replace("voorbeeld.example", "voorbeld.example"))
    (problem,) = collect(folder, {})[1]
    assert (problem.where, problem.found) == (f"delivery.{key}", "another domain")


class TestPasswordFile:
    def problem(self, folder: Path) -> str:
        (problem,) = collect(folder, {})[1]
        assert problem.where == "exchange.password_file"
        assert SECRET not in repr(problem)
        return problem.found

    def test_it_must_be_there(self, folder: Path) -> None:
        (folder / "exchange.password").unlink()
        assert self.problem(folder) == f"no file at {folder}/exchange.password"

    def test_not_everybody_may_read_it(self, folder: Path) -> None:
        (folder / "exchange.password").chmod(0o644)
        assert self.problem(folder) == "a file that every user of this machine can read"

    @pytest.mark.parametrize("content", ["", "\n", f"{SECRET}\nmore\n", "x" * 2000])
    def test_it_holds_one_line(self, folder: Path, content: str) -> None:
        (folder / "exchange.password").write_text(content)
        assert self.problem(folder) == "an empty file, or more than one line"

    def test_it_is_text(self, folder: Path) -> None:
        (folder / "exchange.password").write_bytes(b"\xff\xfe")
        assert self.problem(folder).startswith("a file that cannot be read")

    def test_a_systemd_credential_of_its_name_comes_first(self, folder: Path, tmp_path: Path) -> None:
        credentials = tmp_path / "credentials"
        credentials.mkdir()
        (credentials / "exchange.password").write_text("from-systemd")
        found = load(folder, {"CREDENTIALS_DIRECTORY": str(credentials)})
        assert found.secrets.exchange_password.get_secret_value() == "from-systemd"

    def test_the_database_s_password_is_read_when_named(self, folder: Path, change: Change) -> None:
        change("mailbot.toml", '# password_file = "store.', 'password_file = "store.')
        (folder / "store.password").write_text("db-secret")
        (folder / "store.password").chmod(0o600)
        password = load(folder, {}).secrets.store_password
        assert password is not None and password.get_secret_value() == "db-secret"
