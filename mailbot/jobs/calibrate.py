"""Learns from an administrator's own test mails how secure mail shows on a sent copy."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from mailbot.jobs.house import House
from mailbot.jobs.mending import MENDING
from mailbot.model.errors import Unreachable
from mailbot.model.facts import Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.needs import SentSamples
from mailbot.policy.calibration import (
    ClientResult,
    SampleRedactor,
    compare,
    forgotten,
    recorded,
)
from mailbot.policy.secure_mail import SecureMailFile
from mailbot.ports import Target

DAYS = 14
"""How far back test mails are looked for."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the test mails show. `forgotten` are clients of the earlier calibration without new test mails.

    `file` is what `secure_mail.toml` becomes; None when a mail is missing, or a client was forgotten.
    """

    results: tuple[ClientResult, ...]
    forgotten: tuple[str, ...]
    file: SecureMailFile | None


def calibrate(
    house: House,
    mailbox: Address,
    existing: SecureMailFile,
    *,
    approver: str,
    approved: date | None = None,
    review_by: date | None = None,
    confirmed_tags: Collection[str] = (),
    confirmed: Collection[str] = (),
    more_headers: Collection[str] = (),
    actor: str = "mailbot",
) -> Calibration:
    """Read the test mails in the sent items of `mailbox`, and only these: the server looks for their subject.

    A mailbox that is excluded is not touched, and looks as one without test mails: who is excluded is
    nobody's business. `approved` is today when not said. `confirmed_tags` and `confirmed` are what somebody
    confirms: tags on which a mail-flow rule acts, and names of other marks. Raises Unreachable when the
    mailbox cannot be read, ValueError for what cannot be a header's name, for no approver and for a review
    that is not within a year.
    """
    if house.directory.guid_of(mailbox) and house.directory.people().with_address(mailbox) is None:
        return Calibration((), forgotten((), existing), None)
    today = house.today()
    need = SentSamples(today - timedelta(days=DAYS), SampleRedactor(more_headers))
    _note(house, mailbox, approver, actor)
    house.exchange().sign_in()
    target = Target(ObjectGuid(""), mailbox)
    [facts] = house.exchange().read([target], [need], lambda _facts: (), house.clock.now())
    found = facts.get(need)
    if isinstance(found, Unknown):
        reason = found.reason
        raise Unreachable(f"the mailbox cannot be read ({reason.code}); {MENDING[reason]}")
    results = compare(found.value, confirmed_tags, existing.value().labels, confirmed)
    missed = forgotten(results, existing)
    if not results or missed or any(result.error for result in results):
        return Calibration(results, missed, None)
    file = recorded(results, existing, approver=approver, approved=approved or today, review_by=review_by)
    return Calibration(results, missed, file)


def _note(house: House, mailbox: Address, approver: str, actor: str) -> None:
    """In the audit log, before anything is read: whose mailbox, by the key, if it is somebody's."""
    person = house.directory.people().with_address(mailbox)
    detail: dict[str, str | int] = {"approver": approver}
    if person is not None:
        detail["person"] = house.store.person_key(person.guid)
    with house.store.begin() as work:
        work.audit(house.clock.now(), actor, "calibrate", detail)
