"""The section [exchange] of mailbot.toml: the server, the way of signing in, deadlines."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from mailbot.config.kinds import (
    Account,
    Endpoint,
    FilePath,
    Guid,
    HostName,
    ProxyAddress,
    Tenant,
    is_loopback,
    principal,
)
from mailbot.config.section import Section, number
from mailbot.policy.typed import Line, refusal

MOST_WITH_BASIC = 4
"""Workers. Requests that are on their way when the password is changed cannot be called back, and accounts
often lock after five refusals."""

PASSWORDS = frozenset({"basic", "ntlm"})
"""Ways of signing in that need a password."""

_OF_AUTH = {
    "password_file": PASSWORDS,
    "keytab_file": frozenset({"kerberos"}),
    "spn_host": frozenset({"kerberos"}),
    "tenant": frozenset({"modern"}),
    "client_id": frozenset({"modern"}),
    "certificate_file": frozenset({"modern"}),
}
"""The ways of signing in that a key belongs to."""


class Exchange(Section):
    road: Annotated[Literal["ews"], Field(description="how mailboxes are reached")] = "ews"
    endpoint: Annotated[Endpoint, Field(description="URL of Exchange Web Services; https")]
    auth: Annotated[
        Literal["basic", "ntlm", "kerberos", "modern"],
        Field(description="how the service account signs in; modern is unproven"),
    ]
    username: Annotated[
        Account | None,
        Field(repr=False, description=r"service account: DOMAIN\name or name@domain; kerberos: name@REALM"),
    ] = None
    password_file: Annotated[
        FilePath | None,
        Field(description="file that holds the password of the service account and nothing else"),
    ] = None
    keytab_file: Annotated[
        FilePath | None, Field(description="kerberos: keytab with the keys of the service account")
    ] = None
    spn_host: Annotated[
        HostName | None,
        Field(description="kerberos: host in the server's SPN, where it is not the endpoint's"),
    ] = None
    tenant: Annotated[Tenant | None, Field(description="modern: tenant of Microsoft Entra")] = None
    client_id: Annotated[Guid | None, Field(description="modern: id of the application in Entra")] = None
    certificate_file: Annotated[
        FilePath | None, Field(description="modern: PEM file with the application's certificate and its key")
    ] = None
    access: Annotated[
        Literal["impersonation", "full_access"], Field(description="the right by which mailboxes are opened")
    ] = "impersonation"
    server_version: Annotated[
        str,
        StringConstraints(pattern=r"^15\.[0-2](\.\d{1,5}){0,2}$"),
        Field(description="15.0 is Exchange 2013, 15.1 is 2016, 15.2 is 2019 and SE"),
    ] = "15.2"
    ca_file: Annotated[
        FilePath | None,
        Field(description="PEM file with the only authorities to trust; without it those of the machine"),
    ] = None
    proxy: Annotated[
        ProxyAddress | None,
        Field(description="proxy to the endpoint, http://HOST:PORT; nothing else names one"),
    ] = None
    proxy_username: Annotated[
        Line | None, Field(repr=False, description="account for the proxy, where it wants one")
    ] = None
    proxy_password_file: Annotated[
        FilePath | None, Field(description="file that holds the password for the proxy and nothing else")
    ] = None
    workers: Annotated[
        int,
        number(
            1, 32, "connections at a time; more than 32 would be throttled, not faster; with basic at most 4"
        ),
    ] = 4
    request_deadline_seconds: Annotated[
        int, number(5, 300, "wait for one answer; under 5 slow servers fail, over 300 a dead one holds us up")
    ] = 60
    mailbox_deadline_seconds: Annotated[
        int, number(10, 1800, "time for one mailbox; over half an hour it would hold up the others")
    ] = 180
    run_minutes: Annotated[
        int, number(10, 720, "time for a whole sweep; over 12 hours the next one would meet it")
    ] = 240
    access_export: Annotated[
        FilePath, Field(description="CSV with full access, written every night by export-access.ps1")
    ] = Path("access.csv")
    export_max_age_hours: Annotated[
        int,
        number(12, 168, "under 12 a nightly export is stale by noon, over a week it tells of other people"),
    ] = 36

    @field_validator("username", *_OF_AUTH)
    @classmethod
    def _fits_auth(cls, value: object, info: ValidationInfo) -> object:
        """Each way of signing in needs its own keys and no others: one too many is a misunderstanding."""
        auth, key = info.data.get("auth"), str(info.field_name)
        if auth is None:
            return value
        ways = _OF_AUTH.get(key, PASSWORDS | {"kerberos"})
        if value is None and auth in ways and key != "spn_host":
            raise refusal(f"a value, because auth is `{auth}`", f"add `{key} = ...`", "nothing")
        if value is not None and auth not in ways:
            named = " or ".join(f"`{way}`" for way in sorted(ways))
            raise refusal(
                f"this key only with auth {named}", f"take it away, or change auth from `{auth}`", "a value"
            )
        return value

    @field_validator("username")
    @classmethod
    def _principal(cls, value: str | None, info: ValidationInfo) -> str | None:
        return principal(value, info.data.get("auth"))

    @field_validator("proxy")
    @classmethod
    def _tunnel(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Over plain http the proxy would read the password, and answer in the server's name."""
        if value is not None and info.data.get("endpoint", "https:").startswith("http:"):
            raise refusal(
                "a proxy only with an https endpoint", "take it away; a simulator needs none", "a value"
            )
        return value

    @field_validator("proxy_username", "proxy_password_file")
    @classmethod
    def _proxy_account(cls, value: object, info: ValidationInfo) -> object:
        key, data = info.field_name, info.data
        if key == "proxy_username":
            if value is not None and "proxy" in data and data["proxy"] is None:
                raise refusal("this key only beside proxy", "add proxy = ..., or take it away", "a value")
            if isinstance(value, str) and ":" in value:
                raise refusal("an account without a colon", "correct it", "a colon")
        elif "proxy_username" in data and (value is None) != (data["proxy_username"] is None):
            raise refusal("proxy_username and proxy_password_file, or neither", "add the one that is missing")
        return value

    @field_validator("workers")
    @classmethod
    def _few_with_basic(cls, value: int, info: ValidationInfo) -> int:
        """A simulator locks nobody."""
        auth, endpoint = info.data.get("auth"), info.data.get("endpoint", "")
        if auth == "basic" and value > MOST_WITH_BASIC and not is_loopback(urlsplit(endpoint).hostname):
            raise refusal(
                f"at most {MOST_WITH_BASIC}, because auth is `basic`: each request shows the password, "
                "and several refusals at once could lock the account",
                f"write {MOST_WITH_BASIC} or fewer, or change auth to `ntlm` or `kerberos`",
                str(value),
            )
        return value

    @field_validator("mailbox_deadline_seconds")
    @classmethod
    def _deadlines(cls, value: int, info: ValidationInfo) -> int:
        request = info.data.get("request_deadline_seconds", 0)
        if value < request:
            raise refusal(
                f"at least request_deadline_seconds, {request}", "raise this or lower the other", str(value)
            )
        return value

    @property
    def on_this_machine(self) -> bool:
        """Whether the server is on loopback, which only the simulator is."""
        return is_loopback(urlsplit(self.endpoint).hostname)
