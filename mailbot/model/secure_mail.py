"""How this organisation's secure mail shows on a sent copy, as calibrated and approved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType


class MarkerKind(StrEnum):
    """Where on a sent copy a product leaves its mark."""

    ITEM_CLASS = "item_class"  # the item class, whole
    HEADER = "header"  # a named property of the internet headers
    ATTACHMENT = "attachment"  # the file name of an attachment
    SUBJECT_TAG = "subject_tag"  # a tag in the subject on which a mail-flow rule acts


@dataclass(frozen=True, slots=True)
class Marker:
    """`name` is compared without case. `value` is the beginning of a header's value; empty is any value."""

    kind: MarkerKind
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class ClientCalibration:
    """What secure mail sent with one client shows and plain mail does not. Empty: it shows nothing."""

    client: str
    markers: tuple[Marker, ...]


@dataclass(frozen=True, slots=True)
class TrustedDomain:
    """A closed network, or a domain with enforced transport encryption: mail to it counts as secured."""

    domain: str
    basis: str
    approver: str
    review_by: date
    subdomains: bool = False
    approved: date | None = None

    def holds(self, sent: date, today: date) -> bool:
        """Whether it covers mail sent on a day not before its approval, and is not past its review today."""
        return self.approved is not None and self.approved <= sent and today <= self.review_by


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway through which all mail to the outside leaves secured, whatever the copy shows."""

    product: str
    approver: str
    review_by: date
    approved: date | None = None

    def holds(self, sent: date, today: date) -> bool:
        """Whether it covers mail sent on a day not before its approval, and is not past its review today."""
        return self.approved is not None and self.approved <= sent and today <= self.review_by


@dataclass(frozen=True, slots=True)
class SecureMail:
    """`labels` maps the GUID of a sensitivity label (lower case) to whether it encrypts.

    `approved`, `review_by` and `approver` are those of the calibration; None and empty when there is none.
    """

    clients: tuple[ClientCalibration, ...] = ()
    approver: str = ""
    review_by: date | None = None
    labels: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    trusted: tuple[TrustedDomain, ...] = ()
    gateway: Gateway | None = None
    approved: date | None = None

    def calibrated(self, day: date) -> bool:
        """Whether a calibration is there, approved, and not past its review date."""
        if not self.clients or self.approved is None or self.review_by is None:
            return False
        return self.approved <= day <= self.review_by

    def always_marks(self, day: date) -> bool:
        """Whether a copy without any marker was certainly sent plain: every client leaves a marker."""
        return self.calibrated(day) and all(client.markers for client in self.clients)

    def tells_plain(self, sent: date, today: date) -> bool:
        """Whether a copy without any marker, sent on that day, was certainly sent plain.

        Never before the approval: nobody knows whether the mail programs marked secure mail back then.
        """
        return self.always_marks(today) and self.approved is not None and self.approved <= sent

    def markers(self, day: date) -> tuple[Marker, ...]:
        """The markers that prove security today; none once the calibration is past its review date."""
        if not self.calibrated(day):
            return ()
        return tuple(dict.fromkeys(marker for client in self.clients for marker in client.markers))

    def secures_everything(self, sent: date, today: date) -> bool:
        """Whether all mail of that day to the outside left through a gateway that is relied on today."""
        return self.gateway is not None and self.gateway.holds(sent, today)
