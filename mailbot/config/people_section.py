"""The sections [people] and [ldap] of mailbot.toml: where people come from, and who is left out of what."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from mailbot.config.kinds import Account, FilePath, GroupName, LdapServer, Mailbox, principal
from mailbot.config.section import Section, number
from mailbot.model.accounts import RecipientType
from mailbot.policy.typed import Line, refusal

AccountPattern = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9._*-]*[a-z0-9][a-z0-9._*-]*$", max_length=64)
]
"""The part of an address before the @, in lower case; `*` stands for anything."""


class PeopleSection(Section):
    directory: Annotated[
        Literal["export", "ldap"], Field(description="how the directory is read: a nightly export, or LDAP")
    ] = "export"
    directory_export: Annotated[
        FilePath, Field(description="LDIF file, written every night by export-directory.ps1")
    ] = Path("directory.ldf")
    directory_max_age_hours: Annotated[
        int,
        number(12, 168, "under 12 a nightly export is stale by noon, over a week it tells of other people"),
    ] = 36
    hr_folder: Annotated[
        FilePath | None, Field(description="folder into which personnel drops its CSV files; none: no feed")
    ] = None
    hr_encoding: Annotated[
        Literal["auto", "utf-8", "windows-1252", "utf-16"], Field(description="encoding of these files")
    ] = "auto"
    hr_separator: Annotated[
        Literal["auto", ";", ",", "|", "tab"], Field(description="what stands between two cells")
    ] = "auto"
    hr_max_age_days: Annotated[
        int, number(1, 60, "after how many days without a new file you are told; over 60 nobody notices")
    ] = 7
    accepted_domains: Annotated[
        FilePath, Field(description="mail domains of the organisation, one per line")
    ] = Path("accepted_domains.txt")
    exclude_groups: Annotated[
        tuple[GroupName, ...], Field(description="groups and departments of which nobody is looked at")
    ] = ()
    exclude_types: Annotated[
        tuple[RecipientType, ...], Field(description="kinds of mailbox that are not looked at")
    ] = (RecipientType.ROOM, RecipientType.EQUIPMENT, RecipientType.SYSTEM)
    exclude_addresses: Annotated[
        tuple[Mailbox, ...],
        Field(description="functional addresses that are not looked at; persons: mailbot people exclude"),
    ] = ()
    service_accounts: Annotated[
        tuple[AccountPattern, ...],
        Field(description="addresses that are no people, by the part before the @; `*` stands for anything"),
    ] = ()
    settings_only_groups: Annotated[
        tuple[GroupName, ...],
        Field(description="groups and departments of which only sizes and settings are looked at"),
    ] = ()
    settings_only_types: Annotated[
        tuple[RecipientType, ...],
        Field(description="kinds of mailbox of which only sizes and settings are looked at"),
    ] = ()
    pilot_groups: Annotated[
        tuple[GroupName, ...], Field(description="groups that get letters in the modes redirect and pilot")
    ] = ()

    @property
    def named_groups(self) -> frozenset[str]:
        """Groups that the directory is asked about; of no other does mailbot learn who is in it."""
        return frozenset((*self.exclude_groups, *self.settings_only_groups, *self.pilot_groups))


_PLACE = re.compile(r"\s*(?:[a-z][a-z0-9-]*\s*=.*,)?\s*dc\s*=\s*[a-z0-9-]+\s*", re.IGNORECASE)
"""A distinguished name below a domain, as far as a typing mistake shows."""

_OF_AUTH = {"password_file": "simple", "keytab_file": "kerberos"}
"""The way of signing in that a key belongs to."""


class Ldap(Section):
    """Used when people.directory is `ldap`; then `servers`, `base` and an account are needed."""

    servers: Annotated[
        tuple[LdapServer, ...],
        Field(max_length=8, description="domain controllers, ldaps://HOST, tried in this order"),
    ] = ()
    base: Annotated[
        Line | None, Field(description="where people are looked for, such as DC=ad,DC=voorbeeld,DC=example")
    ] = None
    auth: Annotated[
        Literal["simple", "kerberos"], Field(description="how the service account signs in to the directory")
    ] = "simple"
    starttls: Annotated[
        bool,
        Field(strict=True, description="ldap:// servers, encrypted by TLS after connecting"),
    ] = False
    username: Annotated[
        Account | None, Field(repr=False, description="service account, name@domain; kerberos: name@REALM")
    ] = None
    password_file: Annotated[
        FilePath | None, Field(description="simple: file that holds the password and nothing else")
    ] = None
    keytab_file: Annotated[
        FilePath | None, Field(description="kerberos: keytab with the keys of the service account")
    ] = None
    ca_file: Annotated[
        FilePath | None,
        Field(description="PEM file with the only authorities to trust; without it those of the machine"),
    ] = None
    deadline_seconds: Annotated[
        int, number(2, 120, "wait for one answer; under 2 slow servers fail, over 120 a dead one holds us up")
    ] = 20

    @field_validator("servers")
    @classmethod
    def _encrypted(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        schemes = {server.partition("://")[0] for server in value}
        if len(schemes) > 1:
            raise refusal("all servers ldaps://, or all ldap:// with starttls", "write one kind of address")
        return value

    @field_validator("starttls")
    @classmethod
    def _sealed(cls, value: bool, info: ValidationInfo) -> bool:
        """Passwords and people never travel unencrypted. Kerberos can seal a connection without TLS."""
        servers = info.data.get("servers") or ()
        plain = any(server.startswith("ldap://") for server in servers)
        if servers and value and not plain:
            raise refusal("false beside ldaps:// servers", "take it away: they are encrypted from the start")
        if plain and not value and info.data.get("auth") == "simple":
            raise refusal(
                "true beside ldap:// servers, because auth is `simple`",
                "use ldaps://, or ldap:// with starttls: the password would be readable on its way",
                "false",
            )
        return value

    @field_validator("base", "username", "password_file", "keytab_file")
    @classmethod
    def _complete(cls, value: object, info: ValidationInfo) -> object:
        """A server needs a base and an account; each way of signing in its own file and no other."""
        key, data = str(info.field_name), info.data
        if "servers" not in data:
            return value
        if not data["servers"]:
            if value is not None:
                raise refusal(
                    "this key only beside ldap.servers", "name the servers, or take it away", "a value"
                )
            return value
        auth = data.get("auth")
        belongs = key not in _OF_AUTH or _OF_AUTH[key] == auth
        if value is None and belongs and (key == "base" or auth is not None):
            raise refusal("a value, because ldap.servers is set", f"add `{key} = ...`", "nothing")
        if value is not None and not belongs and auth is not None:
            raise refusal(
                f"this key only with auth `{_OF_AUTH[key]}`", "take it away, or change auth", "a value"
            )
        return value

    @field_validator("base")
    @classmethod
    def _name_of_a_place(cls, value: str | None) -> str | None:
        if value is not None and not _PLACE.fullmatch(value):
            raise refusal(
                "a distinguished name that ends in the domain, such as OU=Staf,DC=voorbeeld,DC=example",
                "write it as Active Directory does: voorbeeld.example is DC=voorbeeld,DC=example",
            )
        return value

    @field_validator("username")
    @classmethod
    def _principal(cls, value: str | None, info: ValidationInfo) -> str | None:
        return principal(value, info.data.get("auth"))
