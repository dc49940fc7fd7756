"""The file `secure_mail.toml`: how secure mail shows on a sent copy, approved for a while."""

import re
from types import MappingProxyType
from typing import Annotated, TypeVar

from pydantic import Field, StringConstraints, model_validator

from mailbot.model.secure_mail import (
    ClientCalibration,
    Gateway,
    Marker,
    MarkerKind,
    SecureMail,
    TrustedDomain,
)
from mailbot.policy.typed import Day, Line, Typed, refusal
from mailbot.policy.waivers import year_after
from mailbot.rules.mail import encryption

Guid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]


_SIGNED_TOO = (".smime", ".smime.multipartsigned", ".p7m", ".p7s")
"""How item classes and attachments of S/MIME end that a merely signed mail has too (MS-OXOSMIME 2.1.3.2)."""

_ENCRYPTED = re.compile(r"smime-type=\"?(auth)?enveloped-data|^multipart/encrypted", re.IGNORECASE)

_ORDINARY_CONTENT = "urn:content-classes:"
"""Content classes of every mail, meeting and report."""

_EXEMPTS = ("skip-", "x-skip-")
"""Headers that keep a product away from a mail."""


def proves_nothing(kind: MarkerKind, name: str, value: str = "") -> bool:
    """Whether ordinary or signed mail shows this mark as well, or mail that a product had to pass over."""
    name = name.strip().casefold()
    match kind:
        case MarkerKind.ITEM_CLASS:
            return name == "ipm.note" or name.endswith(_SIGNED_TOO)
        case MarkerKind.ATTACHMENT:
            return name.endswith(_SIGNED_TOO)
        case MarkerKind.HEADER:
            if name == encryption.CONTENT_CLASS:
                return not value.strip() or value.strip().casefold().startswith(_ORDINARY_CONTENT)
            if name.startswith(_EXEMPTS) or encryption.says_no(value):
                return True
            return name == "content-type" and _ENCRYPTED.search(value) is None
        case MarkerKind.SUBJECT_TAG:
            return False


class MarkerEntry(Typed):
    """A mark that secure mail leaves and plain mail does not."""

    kind: MarkerKind
    name: Line
    value: Annotated[str, StringConstraints(max_length=400)] = ""
    flow_rule_confirmed: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _confirmed(self) -> "MarkerEntry":
        if self.kind is MarkerKind.SUBJECT_TAG and not self.flow_rule_confirmed:
            raise refusal(
                "flow_rule_confirmed = true beside a subject tag",
                "confirm that a mail-flow rule acts on exactly this tag, or remove the marker",
                "a tag that nobody confirmed",
            )
        if self.kind is not MarkerKind.HEADER and self.value:
            raise refusal("`value` beside a header only", "remove the value")
        if proves_nothing(self.kind, self.name, self.value):
            raise refusal(
                "a marker that plain and merely signed mail do not have",
                "remove it: mail that only looks like this is not secured by that",
                "one that they have too",
            )
        return self


class ClientEntry(Typed):
    client: Line
    markers: Annotated[tuple[MarkerEntry, ...], Field(alias="marker")] = ()


class LabelEntry(Typed):
    guid: Guid
    encrypts: Annotated[bool, Field(strict=True)]


class TrustedEntry(Typed):
    domain: Domain
    basis: Line
    approver: Line
    approved: Day
    review_by: Day
    subdomains: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _period(self) -> "TrustedEntry":
        return _within_a_year(self)


class GatewayEntry(Typed):
    product: Line
    approver: Line
    approved: Day
    review_by: Day

    @model_validator(mode="after")
    def _period(self) -> "GatewayEntry":
        return _within_a_year(self)


class CalibrationEntry(Typed):
    """Who approved the calibration of all clients below, and until when it may be relied upon."""

    approver: Line
    approved: Day
    review_by: Day

    @model_validator(mode="after")
    def _period(self) -> "CalibrationEntry":
        return _within_a_year(self)


class SecureMailFile(Typed):
    """Everything is optional: without it nothing unmarked is ever called plain."""

    calibration: CalibrationEntry | None = None
    clients: Annotated[tuple[ClientEntry, ...], Field(alias="client")] = ()
    labels: Annotated[tuple[LabelEntry, ...], Field(alias="label")] = ()
    trusted: Annotated[tuple[TrustedEntry, ...], Field(alias="trusted_domain")] = ()
    gateway: GatewayEntry | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "SecureMailFile":
        if bool(self.clients) != (self.calibration is not None):
            raise refusal(
                "[calibration] and at least one [[client]], or neither",
                "run `mailbot calibrate secure-mail`, which writes both",
                "one of them",
            )
        for kind, names in (
            ("client", [entry.client.casefold() for entry in self.clients]),
            ("label", [entry.guid.lower() for entry in self.labels]),
            ("trusted domain", [entry.domain for entry in self.trusted]),
        ):
            if len(set(names)) != len(names):
                raise refusal(f"every {kind} once", "remove one of the two")
        return self

    def value(self) -> SecureMail:
        return SecureMail(
            tuple(
                ClientCalibration(c.client, tuple(Marker(m.kind, m.name, m.value) for m in c.markers))
                for c in self.clients
            ),
            self.calibration.approver if self.calibration else "",
            self.calibration.review_by if self.calibration else None,
            MappingProxyType({entry.guid.lower(): entry.encrypts for entry in self.labels}),
            tuple(
                TrustedDomain(t.domain, t.basis, t.approver, t.review_by, t.subdomains, t.approved)
                for t in self.trusted
            ),
            Gateway(
                self.gateway.product, self.gateway.approver, self.gateway.review_by, self.gateway.approved
            )
            if self.gateway
            else None,
            self.calibration.approved if self.calibration else None,
        )


E = TypeVar("E", TrustedEntry, GatewayEntry, CalibrationEntry)


def _within_a_year(entry: E) -> E:
    if not entry.approved <= entry.review_by <= year_after(entry.approved):
        raise refusal(
            "`review_by` within a year after `approved`",
            f"let it be reviewed on {year_after(entry.approved).isoformat()} or earlier",
            f"{entry.approved.isoformat()} to {entry.review_by.isoformat()}",
        )
    return entry
