"""Reading a settings folder as a whole: everything is validated together, or nothing starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from mailbot.config.calendar import read_calendar
from mailbot.config.domains import foreign_addresses, read_domains
from mailbot.config.environment import absolute, absolute_url, lay_over, misplaced, named_path
from mailbot.config.files import check_files, missing_extras
from mailbot.config.managers import read_managers
from mailbot.config.problems import Problem, report
from mailbot.config.secrets import Secrets, read_secrets, read_store_password
from mailbot.config.settings import QUOTABLE, Settings, Store
from mailbot.config.tomlfile import read_model, read_toml
from mailbot.config.validation import did_you_mean, problems_of
from mailbot.config.waivers import doubled, foreign_owners
from mailbot.model.arrangements import Arrangements
from mailbot.model.errors import SettingsRefused
from mailbot.model.secure_mail import SecureMail
from mailbot.model.statements import Statement
from mailbot.model.worktime import ClosedDays
from mailbot.policy.evidence import Evidence
from mailbot.policy.packs import Pack, policy_hash
from mailbot.policy.secure_mail import SecureMailFile
from mailbot.policy.stages import RuleStage, StagesFile
from mailbot.policy.statements import StatementsFile
from mailbot.policy.waivers import Waiver, Waivers

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that one settings folder says. `policy_hash` is that of `pack`; gates compare with it."""

    folder: Path
    settings: Settings
    pack: Pack
    policy_hash: str
    evidence: Evidence
    closed: ClosedDays
    waivers: tuple[Waiver, ...]
    stages: tuple[RuleStage, ...]
    secure_mail: SecureMail
    statements: tuple[Statement, ...]
    managers: Arrangements
    packs: Mapping[str, Pack]
    secrets: Secrets = field(repr=False)


def load(folder: Path, env: Mapping[str, str]) -> Configuration:
    """The configuration in `folder`. Raises SettingsRefused once, with every problem of every file."""
    require_settings(folder)
    configuration, problems = collect(folder, env)
    if configuration is None or problems:
        raise SettingsRefused(report(problems))
    return configuration


def require_settings(folder: Path) -> None:
    """Raises SettingsRefused in one line when the folder holds no settings at all: a wrong folder is no
    reason to list everything that is not in it."""
    folder = folder.absolute()
    try:
        (folder / "mailbot.toml").stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise SettingsRefused(f"no settings in {folder} (use --settings or MAILBOT_SETTINGS)") from None
    except OSError as error:
        raise SettingsRefused(f"the settings in {folder} cannot be read ({error.strerror})") from None


def collect(folder: Path, env: Mapping[str, str]) -> tuple[Configuration | None, list[Problem]]:
    """The same without raising, so that the problems of letter texts can join the report."""
    folder = folder.absolute()
    raw, settings, problems = _read_settings(folder, env)
    refused = {problem.where for problem in problems}

    def secret(section: str, key: str) -> Path | None:
        """None also for a key that was refused: to put its file there would be the wrong advice."""
        return None if f"{section}.{key}" in refused else named_path(raw, section, key, folder)

    secrets, more = read_secrets(
        secret("exchange", "password_file"),
        secret("store", "password_file"),
        env,
        "mailbot.toml",
        secret("exchange", "proxy_password_file"),
        secret("ldap", "password_file"),
        secret("post", "smtp_password_file"),
    )
    problems += more
    problems += check_files(raw, folder, "mailbot.toml", refused) if raw else []
    problems += missing_extras(raw, "mailbot.toml", refused)
    domains: frozenset[str] = frozenset()
    domains_file = named_path(raw, "people", "accepted_domains", folder)
    if raw and domains_file:
        domains, more = read_domains(domains_file, domains_file.name)
        problems += more
        problems += foreign_addresses(settings.delivery, domains, "mailbot.toml") if settings else []
    packs, more = read_packs(folder)
    problems += more
    evidence, more = _read_optional(folder / "gates.toml", "gates.toml", Evidence)
    problems += more
    closed, more = read_calendar(folder / "calendar.toml", "calendar.toml")
    problems += more
    waivers, more = _read_optional(folder / "waivers.toml", "waivers.toml", Waivers)
    problems += more
    problems += doubled(folder / "waivers.toml", "waivers.toml")
    problems += foreign_owners(folder / "waivers.toml", domains, "waivers.toml")
    stages, more = read_stages(folder)
    problems += more
    secure_mail, more = _read_optional(folder / "secure_mail.toml", "secure_mail.toml", SecureMailFile)
    problems += more
    managers, more = read_managers(folder / "managers.toml", "managers.toml")
    problems += more
    statements, more = _read_optional(folder / "statements.toml", "statements.toml", StatementsFile)
    problems += more
    problems += _wrong_choice(raw, folder, packs)
    pack = packs.get(settings.policy.pack) if settings else None
    if problems or not (settings and secrets and pack and evidence and closed and waivers):
        return None, problems
    if not (secure_mail and statements and managers):
        return None, problems
    return Configuration(
        folder=folder,
        settings=settings,
        pack=pack,
        policy_hash=policy_hash(pack),
        evidence=evidence,
        closed=closed,
        waivers=waivers.waivers,
        stages=stages,
        secure_mail=secure_mail.value(),
        statements=statements.value(),
        managers=managers,
        packs=MappingProxyType(packs),
        secrets=secrets,
    ), []


def directory_export(folder: Path, env: Mapping[str, str]) -> Path | None:
    """The export of the directory, also when other settings are wrong; None where there is none."""
    raw, _settings, _problems = _read_settings(folder.absolute(), env)
    people = raw.get("people")
    by_ldap = isinstance(people, Mapping) and people.get("directory") == "ldap"
    return named_path(raw, "people", "directory_export", folder.absolute()) if raw and not by_ldap else None


def key_file(folder: Path, env: Mapping[str, str]) -> Path | None:
    """The file with the key of the installation, also when other settings are wrong."""
    raw, _settings, _problems = _read_settings(folder.absolute(), env)
    return named_path(raw, "store", "key_file", folder.absolute()) if raw else None


def store_settings(folder: Path, env: Mapping[str, str]) -> tuple[Store, SecretStr | None]:
    """The section [store] and its password, also when other settings are wrong: who has to stop the letters
    cannot first mend the rest. Raises SettingsRefused when this section itself cannot be used."""
    require_settings(folder)
    folder = folder.absolute()
    raw, _settings, problems = _read_settings(folder, env)
    if not raw:
        raise SettingsRefused(report(problems))
    try:
        found = Store.model_validate(raw.get("store", {}))
    except ValidationError as error:
        wrong = problems_of("mailbot.toml", error, Store, raw.get("store"))
        raise SettingsRefused(report(replace(p, where=f"store.{p.where}") for p in wrong)) from None
    password, wrong = read_store_password(
        named_path(raw, "store", "password_file", folder), env, "mailbot.toml"
    )
    if wrong:
        raise SettingsRefused(report(wrong))
    changes = {"url": absolute_url(found.url, folder), "key_file": folder / found.key_file.expanduser()}
    return found.model_copy(update=changes), password


def _read_settings(
    folder: Path, env: Mapping[str, str]
) -> tuple[dict[str, Any], Settings | None, list[Problem]]:
    """mailbot.toml with the environment's paths laid over it: as tables, and as settings if all is well."""
    problems = misplaced(env)
    raw, more = read_toml(folder / "mailbot.toml", "mailbot.toml")
    if raw is None:
        return {}, None, problems + more
    merged = lay_over(raw, env)
    for name in [
        name for name in merged if name.startswith("_")
    ]:  # pydantic-settings takes these for options
        del merged[name]
        hint = did_you_mean(name, list(Settings.model_fields))
        problems.append(Problem("mailbot.toml", name, "a key that mailbot knows", "an unknown key", hint))
    try:
        return merged, absolute(Settings(**merged), folder), problems
    except ValidationError as error:
        return merged, None, problems + problems_of("mailbot.toml", error, Settings, merged, QUOTABLE)


def _wrong_choice(raw: Mapping[str, Any], folder: Path, packs: Mapping[str, Pack]) -> list[Problem]:
    """The chosen pack must be there; what is wrong inside it is told in its own file."""
    table = raw.get("policy")
    chosen = table.get("pack") if isinstance(table, Mapping) else None
    if not isinstance(chosen, str) or os.path.isfile(folder / "packs" / chosen / "pack.toml"):  # noqa: PTH113
        return []
    names = sorted({*packs, *(file.parent.name for file in folder.glob("packs/*/pack.toml"))})
    return [
        Problem(
            "mailbot.toml",
            "policy.pack",
            "the name of a folder under packs/",
            f"`{chosen}`" if chosen.isprintable() and len(chosen) <= 40 else "a name without a folder",
            did_you_mean(chosen, names),
        )
    ]


def read_packs(folder: Path) -> tuple[dict[str, Pack], list[Problem]]:
    """Every pack under packs/, by name, and what is wrong with any of them."""
    packs: dict[str, Pack] = {}
    problems: list[Problem] = []
    for file in sorted(folder.glob("packs/*/pack.toml")):
        shown = file.relative_to(folder).as_posix()
        pack, more = read_model(file, shown, Pack)
        problems += more
        if pack is None:
            continue
        if pack.name != file.parent.name:
            problems.append(
                Problem(
                    shown,
                    "name",
                    f"the name of its folder, {file.parent.name}",
                    f"the name {pack.name}",
                    "rename the folder or the pack",
                )
            )
        packs[pack.name] = pack
    if not packs and not problems:
        problems.append(
            Problem("packs", "the folder", "at least one pack", "none", "run `mailbot init` for a new folder")
        )
    return packs, problems


def read_stages(folder: Path) -> tuple[tuple[RuleStage, ...], list[Problem]]:
    """What stages.toml says of rules, and what is wrong with it. Without the file every rule observes."""
    found, problems = _read_optional(folder / "stages.toml", "stages.toml", StagesFile)
    return found.rules if found else (), problems


def _read_optional(file: Path, shown: str, model: type[M]) -> tuple[M | None, list[Problem]]:
    """A file that may be missing: then it says nothing, as an empty one."""
    if not os.path.lexists(file):
        return model(), []
    return read_model(file, shown, model)
