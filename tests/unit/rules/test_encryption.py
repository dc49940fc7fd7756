"""Evidence of encryption: what proves it, what proves nothing, and what proves that there was none."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest

from mailbot.model.secure_mail import (
    ClientCalibration,
    Gateway,
    Marker,
    MarkerKind,
    SecureMail,
    TrustedDomain,
)
from mailbot.model.sent import AttachmentMark, Evidence, Recipient, SentItem
from mailbot.rules.mail.encryption import HEADERS, evidence, headers
from mailbot.rules.mail.recipients import resolve

TODAY = date(2026, 11, 23)
YESTERDAY, NEXT_YEAR = date(2026, 11, 22), date(2027, 11, 1)
APPROVED, SENT = date(2026, 11, 2), date(2026, 11, 19)
GUID = "11111111-2222-3333-4444-555555555555"
ZIVVER = Marker(MarkerKind.HEADER, "Zivver-Relay", "zivver-message-info")
CALIBRATED = SecureMail((ClientCalibration("Outlook", (ZIVVER,)),), "CISO", NEXT_YEAR, approved=APPROVED)
UNCALIBRATED = SecureMail()
PLAIN = SentItem("Vertrouwelijk: stuk", recipients=(Recipient("b@provincie.example"),))


def proven(item: SentItem, secure_mail: SecureMail = CALIBRATED, sent: date = SENT) -> Evidence:
    return evidence(item, resolve(item.recipients, ["voorbeeld.example"]), secure_mail, sent, TODAY)


def with_header(name: str, value: str) -> SentItem:
    return replace(PLAIN, headers={name: value})


def with_file(name: str, content_type: str = "") -> SentItem:
    return replace(PLAIN, attachments=(AttachmentMark(name, content_type),))


def marked_by(*markers: Marker) -> SecureMail:
    return replace(CALIBRATED, clients=(ClientCalibration("Outlook", markers),))


def test_an_unmarked_copy_is_plain_only_where_every_mail_program_marks() -> None:
    assert proven(PLAIN) is Evidence.PLAIN
    assert proven(PLAIN, UNCALIBRATED) is Evidence.UNPROVEN
    assert proven(PLAIN, replace(CALIBRATED, review_by=YESTERDAY)) is Evidence.UNPROVEN
    silent = ClientCalibration("telefoon", ())
    assert proven(PLAIN, replace(CALIBRATED, clients=(*CALIBRATED.clients, silent))) is Evidence.UNPROVEN


def test_an_unmarked_copy_from_before_the_approval_is_never_plain() -> None:
    """Nobody knows whether the mail programs marked secure mail back then; a mark still proves it."""
    before = date(2026, 11, 1)
    assert proven(PLAIN, sent=APPROVED) is Evidence.PLAIN
    assert proven(PLAIN, sent=before) is Evidence.UNPROVEN
    assert proven(with_header("zivver-relay", "zivver-message-info"), sent=before) is Evidence.SECURED


def test_without_a_day_of_approval_nothing_is_calibrated() -> None:
    unsigned = replace(CALIBRATED, approved=None)
    assert not unsigned.calibrated(TODAY) and unsigned.markers(TODAY) == ()
    assert proven(PLAIN, unsigned) is Evidence.UNPROVEN
    assert proven(PLAIN, replace(CALIBRATED, approved=date(2026, 11, 24))) is Evidence.UNPROVEN


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", Evidence.SECURED),
        ('application/x-pkcs7-mime; SMIME-TYPE = "enveloped-data"', Evidence.SECURED),
        ("application/pkcs7-mime; smime-type=authEnveloped-data", Evidence.SECURED),
        ("application/pkcs7-mime; smime-type=signed-data", Evidence.PLAIN),
        ("application/pkcs7-mime; smime-type=compressed-data", Evidence.UNPROVEN),
        ("application/pkcs7-mime; name=smime.p7m", Evidence.UNPROVEN),
        ("", Evidence.UNPROVEN),
    ],
)
def test_the_smime_class_is_decided_by_the_object_inside(content_type: str, expected: Evidence) -> None:
    item = replace(PLAIN, item_class="IPM.Note.SMIME")
    assert proven(replace(item, headers={"content-type": content_type})) is expected
    attached = replace(item, attachments=(AttachmentMark("smime.p7m", content_type),))
    assert proven(attached) is expected


def test_clear_signed_mail_is_not_encrypted() -> None:
    signed = replace(PLAIN, item_class="IPM.Note.SMIME.MultipartSigned")
    assert proven(signed) is Evidence.PLAIN
    assert proven(with_file("smime.p7s", "application/pkcs7-signature")) is Evidence.PLAIN


def test_rights_management_shows_in_the_content_class_or_the_attachment() -> None:
    assert proven(with_header("Content-Class", "rpmsg.message")) is Evidence.SECURED
    assert proven(with_file("message.rpmsg")) is Evidence.SECURED
    assert proven(with_file("x", "application/x-microsoft-rpmsg-message")) is Evidence.SECURED
    assert proven(with_header("content-class", "urn:content-classes:message")) is Evidence.PLAIN


def test_pgp_mime_is_encryption_and_a_locked_file_is_doubt() -> None:
    sealed = 'multipart/encrypted; protocol="application/pgp-encrypted"'
    assert proven(with_header("content-type", sealed)) is Evidence.SECURED
    assert proven(with_header("content-type", "multipart/signed")) is Evidence.PLAIN
    assert proven(with_file("stuk.pdf.gpg")) is Evidence.UNPROVEN


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("stuk.zip", ""),
        ("stuk.7z", ""),
        ("stuk.rar", ""),
        ("Stuk.PDF ", ""),
        ("stuk.docx", ""),
        ("stuk.xls", ""),
        ("stuk.pptx", ""),
        ("stuk.odt", ""),
        ("stuk", "application/pdf"),
        ("stuk", "Application/X-Zip-Compressed"),
        ("stuk", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_a_file_that_may_have_a_password_leaves_doubt(name: str, content_type: str) -> None:
    """From outside nobody sees whether it has one (practice 3.1); a mark on the mail still proves it."""
    locked = with_file(name, content_type)
    assert proven(locked) is Evidence.UNPROVEN
    marked = replace(locked, headers={"zivver-relay": "zivver-message-info"})
    assert proven(marked) is Evidence.SECURED


@pytest.mark.parametrize("name", ["logo.png", "stuk.txt", "afspraak.ics", "mail.eml", "zip", "pdf.jpg"])
def test_another_file_does_not_matter(name: str) -> None:
    assert proven(with_file(name)) is Evidence.PLAIN


@pytest.mark.parametrize(
    ("header", "mapped", "expected"),
    [
        (f"MSIP_Label_{GUID}_Enabled=true;MSIP_Label_{GUID}_ContentBits=8", {GUID: True}, Evidence.SECURED),
        (f"MSIP_Label_{GUID}_Enabled=true", {GUID: True}, Evidence.SECURED),
        (f"MSIP_Label_{GUID}_Enabled=false", {GUID: True}, Evidence.PLAIN),
        (f"MSIP_Label_{GUID}_Enabled=true;MSIP_Label_{GUID}_ContentBits=8", {GUID: False}, Evidence.PLAIN),
        (f"MSIP_Label_{GUID}_Enabled=true;MSIP_Label_{GUID}_ContentBits=8", {}, Evidence.UNPROVEN),
        (f"MSIP_Label_{GUID}_Enabled=true;MSIP_Label_{GUID}_ContentBits=3", {}, Evidence.PLAIN),
        (f"MSIP_Label_{GUID}_Enabled=true;MSIP_Label_{GUID}_ContentBits=x", {}, Evidence.UNPROVEN),
        (f"MSIP_Label_{GUID}_Enabled=true", {}, Evidence.UNPROVEN),
        ("something else", {}, Evidence.UNPROVEN),
        ("", {}, Evidence.PLAIN),
    ],
)
def test_a_sensitivity_label_proves_what_the_map_says(
    header: str, mapped: dict[str, bool], expected: Evidence
) -> None:
    secure_mail = replace(CALIBRATED, labels=MappingProxyType(mapped))
    assert proven(with_header("msip_labels", header), secure_mail) is expected


def test_a_calibrated_header_counts_by_the_beginning_of_its_value() -> None:
    assert proven(with_header("zivver-relay", "Zivver-Message-Info; v=2")) is Evidence.SECURED
    assert proven(with_header("zivver-relay", "smart-sdr")) is Evidence.UNPROVEN
    assert proven(with_header("zivver-relay", "")) is Evidence.PLAIN
    any_value = marked_by(Marker(MarkerKind.HEADER, "zivver-relay"))
    assert proven(with_header("zivver-relay", "smart-sdr"), any_value) is Evidence.SECURED


@pytest.mark.parametrize("value", ["no", "False", "0", "none; reason=internal"])
def test_a_calibrated_header_that_says_no_proves_nothing(value: str) -> None:
    any_value = marked_by(Marker(MarkerKind.HEADER, "x-sm-encrypted"))
    assert proven(with_header("x-sm-encrypted", value), any_value) is Evidence.UNPROVEN
    assert proven(with_header("x-sm-encrypted", "yes"), any_value) is Evidence.SECURED


def test_a_calibrated_class_attachment_or_tag_counts() -> None:
    secure_mail = marked_by(
        Marker(MarkerKind.ITEM_CLASS, "IPM.Note.Zivver"),
        Marker(MarkerKind.ATTACHMENT, "zivver.json"),
        Marker(MarkerKind.SUBJECT_TAG, "#veilig"),
    )
    assert proven(replace(PLAIN, item_class="ipm.note.zivver"), secure_mail) is Evidence.SECURED
    assert proven(with_file("Zivver.json"), secure_mail) is Evidence.SECURED
    assert proven(replace(PLAIN, subject="RE: #Veilig stuk"), secure_mail) is Evidence.SECURED
    assert proven(replace(PLAIN, subject="#veiligheid in de wijk"), secure_mail) is Evidence.PLAIN


def test_what_signed_mail_bears_too_is_no_mark_of_encryption() -> None:
    secure_mail = marked_by(
        Marker(MarkerKind.ITEM_CLASS, "IPM.Note.SMIME"),
        Marker(MarkerKind.ITEM_CLASS, "IPM.Note"),
        Marker(MarkerKind.ATTACHMENT, "smime.p7m"),
    )
    assert proven(PLAIN, secure_mail) is Evidence.PLAIN
    unsaid = replace(with_file("smime.p7m"), item_class="IPM.Note.SMIME")
    assert proven(unsaid, secure_mail) is Evidence.UNPROVEN


@pytest.mark.parametrize(
    "item",
    [
        with_header("x-postguard", "1"),
        with_header("X-SM-Encrypted", "yes"),
        with_header("x-zivver-transport", "1"),
        replace(PLAIN, subject="[secure] Vertrouwelijk: stuk"),
        replace(PLAIN, item_class="IPM.Note.Vendor"),
    ],
    ids=["postguard", "seppmail", "zivver", "tag", "class"],
)
def test_a_trace_of_a_product_that_nobody_calibrated_is_never_plain(item: SentItem) -> None:
    assert proven(item) is Evidence.UNPROVEN


def test_marks_of_an_expired_calibration_prove_nothing() -> None:
    expired = replace(CALIBRATED, review_by=YESTERDAY)
    assert proven(with_header("zivver-relay", "zivver-message-info"), expired) is Evidence.UNPROVEN


def trust(domain: str, review_by: date = NEXT_YEAR, subdomains: bool = False) -> SecureMail:
    return replace(
        CALIBRATED, trusted=(TrustedDomain(domain, "Suwinet", "CISO", review_by, subdomains, APPROVED),)
    )


def to(*addresses: str | None) -> SentItem:
    return replace(PLAIN, recipients=tuple(Recipient(address) for address in addresses))


def test_a_trusted_domain_counts_when_it_covers_everybody_outside() -> None:
    trusted = trust("provincie.example")
    assert proven(to("b@Provincie.example", "a@voorbeeld.example"), trusted) is Evidence.SECURED
    assert proven(to("b@provincie.example", "c@bureau.example"), trusted) is Evidence.PLAIN
    assert proven(to("b@post.provincie.example"), trusted) is Evidence.PLAIN
    assert (
        proven(to("b@post.provincie.example"), trust("provincie.example", subdomains=True))
        is Evidence.SECURED
    )
    assert proven(to("b@provincie.example", "c_x#EXT#@voorbeeld.example"), trusted) is Evidence.PLAIN


def test_trust_past_its_review_and_a_recipient_nobody_knows_leave_doubt() -> None:
    assert proven(to("b@provincie.example"), trust("provincie.example", YESTERDAY)) is Evidence.UNPROVEN
    assert proven(to("b@provincie.example"), trust("provincie.example", TODAY)) is Evidence.SECURED
    assert proven(to("b@provincie.example", None), trust("provincie.example")) is Evidence.UNPROVEN
    early = proven(to("b@provincie.example"), trust("provincie.example"), sent=date(2026, 11, 1))
    assert early is Evidence.UNPROVEN


def test_a_gateway_secures_everything_until_its_review_and_leaves_doubt_after_it() -> None:
    gateway = Gateway("poort", "CISO", TODAY, APPROVED)
    assert proven(PLAIN, replace(UNCALIBRATED, gateway=gateway)) is Evidence.SECURED
    late = replace(gateway, review_by=YESTERDAY)
    assert proven(PLAIN, replace(CALIBRATED, gateway=late)) is Evidence.UNPROVEN
    new = replace(gateway, approved=TODAY)
    assert proven(PLAIN, replace(CALIBRATED, gateway=new)) is Evidence.UNPROVEN


def test_the_headers_asked_for_are_those_of_the_evidence_and_of_the_calibration() -> None:
    own = marked_by(Marker(MarkerKind.HEADER, "X-Own"), Marker(MarkerKind.HEADER, "Content-Class"))
    assert headers(own, TODAY) == (*HEADERS, "x-own")
    assert headers(replace(own, review_by=YESTERDAY), TODAY) == HEADERS
