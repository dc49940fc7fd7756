"""The file mailbot.toml, section by section. Every number has bounds, and every key says what it is for.

Nothing secret stands in it: passwords come from files or from systemd's credentials.
"""

from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mailbot.config.kinds import (
    Account,
    ClockTime,
    Database,
    Endpoint,
    FilePath,
    GroupName,
    Guid,
    HostName,
    Mailbox,
    ProxyAddress,
    Tenant,
    Zone,
    is_loopback,
    is_principal,
)
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.ids import Address
from mailbot.policy.typed import Line, Typed, refusal


class DeliveryMode(StrEnum):
    OFF = "off"  # letters are planned and shown as counts, none leaves
    REDIRECT = "redirect"  # letters of pilot people go to one address
    PILOT = "pilot"  # letters go to the people of the pilot groups
    LIVE = "live"  # letters go to everybody in the population


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"

    @property
    def number(self) -> int:
        """Monday is 0, as in `date.weekday()`."""
        return list(Weekday).index(self)


def number(low: int, high: int, description: str) -> Any:
    """A whole number with bounds; the description says why these."""
    return Field(strict=True, ge=low, le=high, description=description)


class Section(Typed):
    """Defaults are validated too: some are wrong beside another key's value."""

    model_config = ConfigDict(arbitrary_types_allowed=True, validate_default=True)


class Organisation(Section):
    name: Annotated[Line, Field(description="name of the organisation, as letters use it")]
    zone: Annotated[Zone, Field(description="time zone in which days and times are judged")] = ZoneInfo(
        "Europe/Amsterdam"
    )
    language: Annotated[
        Language, Field(description="language of letters to people for whom the people file names none")
    ] = Language.NL


class Policy(Section):
    pack: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$"),
        Field(description="name of a folder under packs/"),
    ]


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
        if value is not None and info.data.get("auth") == "kerberos" and not is_principal(value):
            raise refusal(
                "name@REALM, because auth is `kerberos`",
                "write the account as it stands in the keytab, with the realm in capitals",
            )
        return value

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


AccountPattern = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9._*-]*[a-z0-9][a-z0-9._*-]*$", max_length=64)
]
"""The part of an address before the @, in lower case; `*` stands for anything."""


class PeopleSection(Section):
    file: Annotated[FilePath, Field(description="people file, CSV")] = Path("people.csv")
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
    pilot_groups: Annotated[
        tuple[GroupName, ...], Field(description="groups that get letters in the modes redirect and pilot")
    ] = ()


class Delivery(Section):
    mode: Annotated[DeliveryMode, Field(description="where letters go")] = DeliveryMode.OFF
    redirect_to: Annotated[
        Mailbox | None, Field(description="the one address that gets all letters in mode redirect")
    ] = None
    sender: Annotated[Mailbox, Field(description="mailbox that letters are sent from; it is read by people")]
    sender_name: Annotated[Line, Field(description="display name of the sender")]
    cap_per_run: Annotated[
        int, number(1, 5000, "letters per sweep; the rest waits for the next one, and the operator is told")
    ] = 200
    contact: Annotated[
        Line, Field(description="who answers questions about a letter, for example a phone number")
    ]
    intranet_word: Annotated[Line, Field(description="the word by which staff find the page on the intranet")]

    @field_validator("redirect_to")
    @classmethod
    def _redirect(cls, value: Address | None, info: ValidationInfo) -> Address | None:
        if value is None and info.data.get("mode") is DeliveryMode.REDIRECT:
            raise refusal("an address, because mode is `redirect`", "add redirect_to = ...")
        return value


class Store(Section):
    url: Annotated[Database, Field(description="database: SQLite file or PostgreSQL")] = (
        "sqlite:///mailbot.db"
    )
    password_file: Annotated[
        FilePath | None, Field(description="file that holds the password of the PostgreSQL account")
    ] = None
    key_file: Annotated[
        FilePath, Field(description="key under which people are stored; back it up elsewhere")
    ] = Path("mailbot.key")


class Schedule(Section):
    sweep: Annotated[ClockTime, Field(description="daily time of the sweep, local")] = time(6, 0)
    deliver_from: Annotated[ClockTime, Field(description="no letter leaves before this time")] = time(8, 30)
    deliver_until: Annotated[ClockTime, Field(description="no letter leaves after this time")] = time(17, 0)
    digest: Annotated[ClockTime, Field(description="time of the managers' weekly digest, local")] = time(
        8, 30
    )
    digest_weekday: Annotated[
        Weekday, Field(description="day of the digest; on a closed day it moves to the next working day")
    ] = Weekday.MONDAY
    deliver_every_minutes: Annotated[
        int, number(5, 120, "pause between delivery runs; over 2 hours a letter could miss its window")
    ] = 15
    retain: Annotated[ClockTime, Field(description="daily time at which old rows are deleted, local")] = time(
        2, 0
    )

    @field_validator("deliver_from", "deliver_until")
    @classmethod
    def _office_hours(cls, value: time, info: ValidationInfo) -> time:
        if not time(8, 30) <= value <= time(17, 0):
            raise refusal(
                "a time from 08:30 to 17:00", "letters disturb nobody outside office hours", f"{value:%H:%M}"
            )
        if value <= info.data.get("deliver_from", time.min):
            raise refusal("a time after deliver_from", "widen the window", f"{value:%H:%M}")
        return value

    @field_validator("digest")
    @classmethod
    def _inside(cls, value: time, info: ValidationInfo) -> time:
        first, last = info.data.get("deliver_from", time.min), info.data.get("deliver_until", time.max)
        if not first <= value <= last:
            raise refusal(
                "a time between deliver_from and deliver_until", "move the digest inside", f"{value:%H:%M}"
            )
        return value


class Operator(Section):
    status_file: Annotated[FilePath, Field(description="JSON file with the state of the service")] = Path(
        "status.json"
    )
    log_file: Annotated[FilePath | None, Field(description="log file; without it the log goes to stderr")] = (
        None
    )
    smtp_host: Annotated[Line | None, Field(description="relay for messages to the administrator")] = None
    smtp_port: Annotated[int, number(1, 65535, "port of the relay; ports go from 1 to 65535")] = 25
    smtp_starttls: Annotated[
        bool, Field(strict=True, description="whether the connection to the relay is encrypted")
    ] = True
    smtp_from: Annotated[Mailbox | None, Field(description="sender of messages to the administrator")] = None
    smtp_to: Annotated[tuple[Mailbox, ...], Field(description="administrators who get them")] = ()

    @field_validator("smtp_from", "smtp_to")
    @classmethod
    def _mail(cls, value: object, info: ValidationInfo) -> object:
        if not value and info.data.get("smtp_host") is not None:
            raise refusal(
                "an address, because smtp_host is set", f"add {info.field_name}, or remove smtp_host"
            )
        return value


QUOTABLE = frozenset(
    {
        "organisation.zone",
        "organisation.language",
        "policy.pack",
        *(f"exchange.{key}" for key in ("road", "auth", "access", "server_version", "workers")),
        *(
            f"exchange.{key}"
            for key in ("request_deadline_seconds", "mailbox_deadline_seconds", "run_minutes")
        ),
        "exchange.export_max_age_hours",
        "delivery.mode",
        "delivery.cap_per_run",
        *(f"schedule.{key}" for key in Schedule.model_fields),
        "operator.smtp_port",
        "operator.smtp_starttls",
    }
)
"""Keys whose wrong value an error message may show. None of them names a person, an account or a secret."""


class Settings(BaseSettings):
    """One organisation's settings. Paths are absolute once `config.load` has read them.

    Its only source is the file (with paths from MAILBOT_* variables laid over it by `config.load`): a stray
    variable of the environment must not change what the file says.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    organisation: Organisation
    policy: Policy
    exchange: Exchange
    people: PeopleSection = PeopleSection()
    delivery: Delivery
    store: Store = Store()
    schedule: Schedule = Schedule()
    operator: Operator = Operator()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @field_validator("delivery")
    @classmethod
    def _pilot(cls, value: Delivery, info: ValidationInfo) -> Delivery:
        people, exchange = info.data.get("people"), info.data.get("exchange")
        narrow = value.mode in (DeliveryMode.REDIRECT, DeliveryMode.PILOT)
        if narrow and people and exchange and not people.pilot_groups and not exchange.on_this_machine:
            raise refusal(
                f"somebody in people.pilot_groups, because mode is `{value.mode}`",
                "name at least one group in people.pilot_groups",
                "no pilot group",
            )
        return value
