"""Paths, from the environment and relative ones: what a server's own set-up may move, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mailbot.config.kinds import is_path
from mailbot.config.problems import Problem
from mailbot.config.settings import Settings

PATHS: Mapping[str, tuple[str, str]] = {
    "MAILBOT_EXCHANGE_PASSWORD_FILE": ("exchange", "password_file"),
    "MAILBOT_EXCHANGE_KEYTAB_FILE": ("exchange", "keytab_file"),
    "MAILBOT_EXCHANGE_CERTIFICATE_FILE": ("exchange", "certificate_file"),
    "MAILBOT_EXCHANGE_PROXY_PASSWORD_FILE": ("exchange", "proxy_password_file"),
    "MAILBOT_EXCHANGE_CA_FILE": ("exchange", "ca_file"),
    "MAILBOT_EXCHANGE_ACCESS_EXPORT": ("exchange", "access_export"),
    "MAILBOT_PEOPLE_DIRECTORY_EXPORT": ("people", "directory_export"),
    "MAILBOT_PEOPLE_HR_FOLDER": ("people", "hr_folder"),
    "MAILBOT_PEOPLE_ACCEPTED_DOMAINS": ("people", "accepted_domains"),
    "MAILBOT_LDAP_PASSWORD_FILE": ("ldap", "password_file"),
    "MAILBOT_LDAP_KEYTAB_FILE": ("ldap", "keytab_file"),
    "MAILBOT_LDAP_CA_FILE": ("ldap", "ca_file"),
    "MAILBOT_POST_SMTP_PASSWORD_FILE": ("post", "smtp_password_file"),
    "MAILBOT_POST_SMTP_CA_FILE": ("post", "smtp_ca_file"),
    "MAILBOT_STORE_PASSWORD_FILE": ("store", "password_file"),
    "MAILBOT_STORE_KEY_FILE": ("store", "key_file"),
    "MAILBOT_OPERATOR_STATUS_FILE": ("operator", "status_file"),
    "MAILBOT_OPERATOR_LOG_FILE": ("operator", "log_file"),
    "MAILBOT_OPERATOR_SMTP_CA_FILE": ("operator", "smtp_ca_file"),
}
"""Variables that are laid over the file. They only ever name paths."""


def lay_over(raw: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """The file's tables with the paths of the environment in them; empty variables do not count."""
    merged = {key: dict(value) if isinstance(value, Mapping) else value for key, value in raw.items()}
    for variable, (section, key) in PATHS.items():
        table = merged.setdefault(section, {}) if env.get(variable) else None
        if isinstance(table, dict):
            table[key] = env[variable]
    return merged


def misplaced(env: Mapping[str, str]) -> list[Problem]:
    """Variables that look like a setting but do not work as one. Silence would be taken for consent."""
    problems = []
    for section, field in Settings.model_fields.items():
        for key in getattr(field.annotation, "model_fields", {}):
            variable = f"MAILBOT_{section}_{key}".upper()
            if variable in env and variable not in PATHS:
                problems.append(
                    Problem(
                        "environment",
                        variable,
                        "only variables that name paths",
                        "a setting that is no path",
                        f"remove the variable and set {section}.{key} in mailbot.toml",
                    )
                )
    return problems


def absolute(settings: Settings, folder: Path) -> Settings:
    """The same settings with every path absolute; relative ones are relative to the settings folder."""
    changed: dict[str, Any] = {}
    for section, key in PATHS.values():
        part = changed.get(section, getattr(settings, section))
        value = getattr(part, key)
        if value is not None:
            changed[section] = part.model_copy(update={key: folder / value.expanduser()})
    store = changed["store"]
    changed["store"] = store.model_copy(update={"url": absolute_url(store.url, folder)})
    return settings.model_copy(update=changed)


def named_path(raw: Mapping[str, Any], section: str, key: str, folder: Path) -> Path | None:
    """One absolute path straight from the tables, so that a mistake in another key does not hide its file.

    None when there is none, or when it is no path at all: then the validation of the settings tells it.
    """
    table = raw.get(section, {})
    annotation = Settings.model_fields[section].annotation
    default = getattr(annotation, "model_fields", {})[key].default
    value = table.get(key, default) if isinstance(table, Mapping) else None
    if not isinstance(value, str | Path) or not value or not is_path(str(value)):
        return None
    return folder / Path(value).expanduser()


def absolute_url(url: str, folder: Path) -> str:
    """A SQLite address with an absolute file name; other addresses as they are."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or ":memory:" in url:
        return url
    name, mark, query = url.removeprefix(prefix).partition("?")
    return f"{prefix}{folder / name}{mark}{query}"
