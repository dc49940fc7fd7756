"""What stands in `secure_mail.toml` proves security for a while, and never more than it can."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from mailbot.model.secure_mail import Marker, MarkerKind
from mailbot.policy.secure_mail import SecureMailFile

BEFORE, APPROVED, REVIEW = date(2026, 10, 31), date(2026, 11, 1), date(2027, 5, 1)
SIGNED: dict[str, Any] = {"approver": "CISO", "approved": APPROVED, "review_by": REVIEW}
HEADER = {"kind": "header", "name": "zivver-relay"}
GUID = "2A7D5B9E-0D3C-4F67-8A41-5BE0C6A1F203"


def clients(*markers: dict[str, Any]) -> dict[str, Any]:
    return {"calibration": SIGNED, "client": [{"client": "Outlook", "marker": list(markers)}]}


def read(tables: dict[str, Any]) -> SecureMailFile:
    return SecureMailFile.model_validate(tables)


def refusal(tables: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        read(tables)
    return str(refused.value.errors()[0]["ctx"]["expected"])


def test_an_empty_file_calls_nothing_plain() -> None:
    value = read({}).value()
    assert not value.calibrated(APPROVED) and not value.always_marks(APPROVED)
    assert value.markers(APPROVED) == () and not value.secures_everything(APPROVED, APPROVED)


def test_a_calibration_says_how_secure_mail_shows() -> None:
    value = read(clients(HEADER, HEADER | {"name": "x-eigen", "value": "ja"})).value()
    assert value.markers(REVIEW) == (
        Marker(MarkerKind.HEADER, "zivver-relay"),
        Marker(MarkerKind.HEADER, "x-eigen", "ja"),
    )
    assert value.markers(date(2027, 5, 2)) == ()


def test_a_calibration_tells_nothing_of_mail_from_before_its_approval() -> None:
    value = read(clients(HEADER)).value()
    assert value.tells_plain(APPROVED, REVIEW) and not value.tells_plain(BEFORE, REVIEW)
    assert not value.calibrated(BEFORE) and not value.tells_plain(APPROVED, date(2027, 5, 2))


def test_a_calibration_without_clients_or_clients_without_one_are_half_a_file() -> None:
    for tables in ({"calibration": SIGNED}, {"client": [{"client": "Outlook"}]}):
        assert refusal(tables) == "[calibration] and at least one [[client]], or neither"


def test_a_tag_must_be_confirmed() -> None:
    tag = {"kind": "subject_tag", "name": "[veilig]"}
    assert refusal(clients(tag)) == "flow_rule_confirmed = true beside a subject tag"
    read(clients(tag | {"flow_rule_confirmed": True}))


@pytest.mark.parametrize(
    "marker",
    [
        {"kind": "item_class", "name": "IPM.Note"},
        {"kind": "item_class", "name": "IPM.Note.SMIME"},
        {"kind": "item_class", "name": "IPM.Note.SMIME.MultipartSigned"},
        {"kind": "attachment", "name": "smime.p7m"},
        {"kind": "header", "name": "content-class"},
        {"kind": "header", "name": "Content-Class", "value": "urn:content-classes:message"},
        {"kind": "header", "name": "skip-zivver-relay"},
        {"kind": "header", "name": "X-SM-Encrypted", "value": "No"},
        {"kind": "header", "name": "x-eigen", "value": "0"},
        {"kind": "header", "name": "Content-Type"},
        {"kind": "header", "name": "content-type", "value": "application/pkcs7-mime"},
        {"kind": "header", "name": "content-type", "value": "application/pkcs7-mime; smime-type=signed-data"},
    ],
)
def test_what_ordinary_and_signed_mail_show_too_is_no_marker(marker: dict[str, Any]) -> None:
    """One such line would call every mail secured."""
    assert refusal(clients(marker)) == "a marker that plain and merely signed mail do not have"


def test_a_value_belongs_to_a_header() -> None:
    marker = {"kind": "attachment", "name": "message.rpmsg", "value": "x"}
    assert refusal(clients(marker)) == "`value` beside a header only"


@pytest.mark.parametrize("section", ["calibration", "gateway", "trusted_domain"])
def test_everything_that_is_approved_is_reviewed_within_a_year(section: str) -> None:
    def tables(review: date) -> dict[str, Any]:
        signed = SIGNED | {"review_by": review}
        examples: dict[str, dict[str, Any]] = {
            "calibration": {"calibration": signed, "client": [{"client": "Outlook"}]},
            "gateway": {"gateway": signed | {"product": "Sluis"}},
            "trusted_domain": {"trusted_domain": [signed | {"domain": "suwi.example", "basis": "net"}]},
        }
        return examples[section]

    read(tables(date(2027, 11, 1)))
    for review in (date(2027, 11, 2), date(2026, 10, 31)):
        assert refusal(tables(review)) == "`review_by` within a year after `approved`"


def test_labels_are_compared_by_their_guid_whatever_its_case() -> None:
    assert read({"label": [{"guid": GUID, "encrypts": True}]}).value().labels == {GUID.lower(): True}
    twice = [{"guid": GUID, "encrypts": True}, {"guid": GUID.lower(), "encrypts": False}]
    assert refusal({"label": twice}) == "every label once"


def test_clients_and_trusted_domains_stand_once() -> None:
    domain = SIGNED | {"domain": "suwi.example", "basis": "net"}
    assert refusal({"trusted_domain": [domain, domain]}) == "every trusted domain once"
    two = {"calibration": SIGNED, "client": [{"client": "Outlook"}, {"client": "OUTLOOK"}]}
    assert refusal(two) == "every client once"


def test_a_gateway_secures_everything_until_its_review() -> None:
    value = read({"gateway": SIGNED | {"product": "Sluis"}}).value()
    assert value.secures_everything(APPROVED, REVIEW)
    assert not value.secures_everything(APPROVED, date(2027, 5, 2))
    assert not value.secures_everything(BEFORE, APPROVED), "mail from before its approval"


def test_a_trusted_domain_holds_until_its_review() -> None:
    entry = SIGNED | {"domain": "suwi.example", "basis": "gesloten netwerk", "subdomains": True}
    [domain] = read({"trusted_domain": [entry]}).value().trusted
    assert domain.holds(APPROVED, REVIEW) and not domain.holds(APPROVED, date(2027, 5, 2))
    assert not domain.holds(BEFORE, APPROVED), "mail from before its approval"
    assert (domain.domain, domain.basis, domain.subdomains) == ("suwi.example", "gesloten netwerk", True)


@pytest.mark.parametrize("name", ["Suwi.example", "suwi", "@suwi.example", "*.suwi.example", ""])
def test_a_domain_is_written_plainly(name: str) -> None:
    with pytest.raises(ValidationError):
        read({"trusted_domain": [SIGNED | {"domain": name, "basis": "net"}]})
