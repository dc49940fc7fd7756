"""The section [post] of mailbot.toml: how letters leave."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from mailbot.config.kinds import Account, FilePath, HostName
from mailbot.config.section import Section, number
from mailbot.policy.typed import refusal

IMPLICIT_PORT, STARTTLS_PORT = 465, 587
"""By RFC 8314, section 7.3, and RFC 6409: on neither of them does the other way of encrypting work."""


class PostSection(Section):
    kind: Annotated[
        Literal["exchange", "smtp"],
        Field(description="exchange: through the service mailbox; smtp: submission to a mail server"),
    ] = "exchange"
    per_minute: Annotated[
        int, number(1, 1200, "letters a minute on the long run; ask who runs the server what it takes")
    ] = 120
    smtp_host: Annotated[
        HostName | None, Field(description="the mail server, by the name in its certificate")
    ] = None
    smtp_port: Annotated[int, number(1, 65535, "587 with STARTTLS, 465 with implicit TLS")] = 587
    smtp_tls: Annotated[
        Literal["starttls", "implicit"], Field(description="how the connection is encrypted; it always is")
    ] = "starttls"
    smtp_username: Annotated[
        Account | None,
        Field(repr=False, description="account for the mail server; without it nobody signs in"),
    ] = None
    smtp_password_file: Annotated[
        FilePath | None, Field(description="file that holds the password of that account")
    ] = None
    smtp_ca_file: Annotated[
        FilePath | None,
        Field(description="PEM file with the only authorities to trust; without it those of the machine"),
    ] = None
    smtp_deadline_seconds: Annotated[
        int, number(5, 300, "wait for one answer; under 5 slow servers fail, over 300 a dead one holds us up")
    ] = 60

    @field_validator("smtp_host", "smtp_username", "smtp_password_file", "smtp_ca_file")
    @classmethod
    def _of_smtp(cls, value: object, info: ValidationInfo) -> object:
        """A key too many is a misunderstanding: somebody thinks that letters leave another way."""
        kind, key = info.data.get("kind"), info.field_name
        if kind == "exchange" and value is not None:
            raise refusal("this key only with kind `smtp`", "take it away, or change kind", "a value")
        if kind == "smtp" and value is None and key == "smtp_host":
            raise refusal("a mail server, because kind is `smtp`", "add smtp_host = ...", "nothing")
        return value

    @field_validator("smtp_tls")
    @classmethod
    def _fits_port(cls, value: str, info: ValidationInfo) -> str:
        port = info.data.get("smtp_port")
        usual = {IMPLICIT_PORT: "implicit", STARTTLS_PORT: "starttls"}.get(port or 0, value)
        if value != usual and info.data.get("kind") == "smtp":
            raise refusal(f"`{usual}`, because smtp_port is {port}", "change one of the two", f"`{value}`")
        return value

    @field_validator("smtp_password_file")
    @classmethod
    def _account(cls, value: object, info: ValidationInfo) -> object:
        data = info.data
        if "smtp_username" in data and (value is None) != (data["smtp_username"] is None):
            raise refusal("smtp_username and smtp_password_file, or neither", "add the one that is missing")
        return value
