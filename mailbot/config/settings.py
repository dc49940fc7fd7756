"""The file mailbot.toml, section by section. Every number has bounds, and every key says what it is for.

Nothing secret stands in it: passwords come from files or from systemd's credentials.
"""

from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mailbot.config.brake_section import BrakeSection
from mailbot.config.exchange_section import Exchange
from mailbot.config.kinds import (
    ClockTime,
    Database,
    FilePath,
    Mailbox,
    Zone,
)
from mailbot.config.ladder_section import LadderSection
from mailbot.config.people_section import Ldap, PeopleSection
from mailbot.config.post_section import PostSection
from mailbot.config.section import Section, number
from mailbot.model.accounts import Language
from mailbot.model.ids import Address
from mailbot.policy.typed import Line, refusal


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


class Organisation(Section):
    name: Annotated[Line, Field(description="name of the organisation, as letters use it")]
    zone: Annotated[Zone, Field(description="time zone in which days and times are judged")] = ZoneInfo(
        "Europe/Amsterdam"
    )
    language: Annotated[
        Language, Field(description="language of letters to people for whom the directory names none")
    ] = Language.NL


class Policy(Section):
    pack: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$"),
        Field(description="name of a folder under packs/"),
    ]


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
    contact_en: Annotated[
        Line | None, Field(description="the same in English; without it the words of contact")
    ] = None
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
    smtp_ca_file: Annotated[
        FilePath | None,
        Field(description="PEM file with the only authorities to trust; without it those of the machine"),
    ] = None
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
        *(f"people.{key}" for key in ("directory", "directory_max_age_hours", "hr_encoding")),
        *(f"people.{key}" for key in ("hr_separator", "hr_max_age_days")),
        *(f"ldap.{key}" for key in ("starttls", "auth", "deadline_seconds")),
        "delivery.mode",
        "delivery.cap_per_run",
        *(f"schedule.{key}" for key in Schedule.model_fields),
        *(f"ladder.{key}" for key in LadderSection.model_fields),
        *(f"brake.{key}" for key in BrakeSection.model_fields),
        *(f"post.{key}" for key in ("kind", "per_minute", "smtp_port", "smtp_tls", "smtp_deadline_seconds")),
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
    ldap: Ldap = Ldap()
    delivery: Delivery
    store: Store = Store()
    schedule: Schedule = Schedule()
    ladder: LadderSection = LadderSection()
    brake: BrakeSection = BrakeSection()
    post: PostSection = PostSection()
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

    @field_validator("ldap")
    @classmethod
    def _servers(cls, value: Ldap, info: ValidationInfo) -> Ldap:
        people = info.data.get("people")
        if people and people.directory == "ldap" and not value.servers:
            raise refusal(
                "ldap.servers, because people.directory is `ldap`",
                "name your domain controllers in the section [ldap]",
                "no server",
            )
        if people and people.directory == "export" and value.servers:
            raise refusal(
                "no ldap.servers, because people.directory is `export`",
                "take the section [ldap] away, or set people.directory to `ldap`",
                "servers that nobody would ask",
            )
        return value

    @field_validator("post")
    @classmethod
    def _proof(cls, value: PostSection, info: ValidationInfo) -> PostSection:
        """Copies in the sender's mailbox prove what left and are deleted then: a test letter is none."""
        delivery = info.data.get("delivery")
        if value.kind == "smtp" and delivery and delivery.redirect_to == delivery.sender:
            raise refusal(
                "another mailbox in delivery.redirect_to than delivery.sender, because post.kind is `smtp`",
                "let test letters go to a mailbox of their own",
                "one mailbox for both",
            )
        return value

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
