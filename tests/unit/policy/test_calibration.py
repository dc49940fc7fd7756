"""From two test mails per client to the file that says how secure mail shows."""

import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.model.secure_mail import Marker, MarkerKind, SecureMail
from mailbot.model.sent import AttachmentMark, MailSample, SentItem
from mailbot.policy.calibration import (
    HEADERS,
    ClientResult,
    SampleRedactor,
    compare,
    forgotten,
    recorded,
    review_day,
    shows,
    subject,
    to_toml,
)
from mailbot.policy.secure_mail import SecureMailFile

NOVEMBER = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY = date(2026, 11, 2)
GUID = "2a7d5b9e-0d3c-4f67-8a41-5be0c6a1f203"
HEADER, CLASS = MarkerKind.HEADER, MarkerKind.ITEM_CLASS
ATTACHMENT, TAG = MarkerKind.ATTACHMENT, MarkerKind.SUBJECT_TAG
EMPTY = SecureMailFile()


def mail(client: str = "Outlook", *, secure: bool = False, **changed: Any) -> MailSample:
    values: dict[str, Any] = {
        "client": client, "secure": secure, "item_class": "IPM.Note", "headers": {}, "attachments": (),
        "tags": (), "sent": NOVEMBER,
    }  # fmt: skip
    return MailSample(**values | changed)


def pair(**secure: Any) -> tuple[MailSample, MailSample]:
    return mail(), mail(secure=True, **secure)


def only(*samples: MailSample, confirmed: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> ClientResult:
    [result] = compare(samples, confirmed, confirmed=names)
    return result


def marked(**secure: Any) -> tuple[Marker, ...]:
    return only(*pair(**secure)).markers


class TestSubjects:
    REDACTOR = SampleRedactor()

    def sample(self, text: str, **item: Any) -> MailSample | None:
        return self.REDACTOR.redact(SentItem(text, **item))

    @pytest.mark.parametrize(
        ("text", "client", "secure", "tags"),
        [
            (subject("Outlook", secure=False), "Outlook", False, ()),
            (subject("nieuwe Outlook (web)", secure=True), "nieuwe Outlook (web)", True, ()),
            ("MAILBOT Calibration  Secure:iPhone", "iPhone", True, ()),
            ("[veilig] mailbot calibration secure: Outlook", "Outlook", True, ("[veilig]",)),
            ("mailbot calibration secure: Outlook #Veilig", "Outlook", True, ("#veilig",)),
            ("Zivver: mailbot calibration secure: Outlook", "Outlook", True, ("zivver:",)),
        ],
    )
    def test_a_test_mail(self, text: str, client: str, secure: bool, tags: tuple[str, ...]) -> None:
        found = self.sample(text)
        assert found is not None
        assert (found.client, found.secure, found.tags) == (client, secure, tags)
        assert self.REDACTOR.wants(text, "IPM.Note", "Normal")

    @pytest.mark.parametrize(
        "text",
        [
            "mailbot calibration secure:",
            "mailbot calibration: Outlook",
            "RE: mailbot calibration secure: Outlook",
            "Notulen over mailbot calibration secure: Outlook",
            "mailbot calibration secure: [veilig]",
            "mailbot calibration secure: " + "x" * 61,
        ],
    )
    def test_any_other_mail_is_left_alone(self, text: str) -> None:
        assert not self.REDACTOR.wants(text, "IPM.Note", "Normal")
        assert self.sample(text) is None

    def test_it_asks_for_the_vendors_headers_and_those_that_the_administrator_adds(self) -> None:
        asked = SampleRedactor(["X-Eigen-Product", "zivver-relay"]).headers
        assert asked == (*HEADERS, "x-eigen-product")

    @pytest.mark.parametrize("name", ["", "two words", "with:colon", "é"])
    def test_a_name_that_no_header_can_have(self, name: str) -> None:
        with pytest.raises(ValueError, match="a header's name"):
            SampleRedactor([name])

    def test_of_headers_only_those_that_were_asked_for_and_say_something(self) -> None:
        headers = {"zivver-relay": " sdr ", "msip_labels": "", "x-mailer": "Outlook"}
        found = self.sample("mailbot calibration plain: O", headers=headers)
        assert found is not None
        assert found.headers == {"zivver-relay": "sdr"}

    def test_of_attachments_only_their_names(self) -> None:
        marks = (
            AttachmentMark(" message.rpmsg ", "application/x-microsoft-rpmsg-message"),
            AttachmentMark(""),
        )
        found = self.sample("mailbot calibration secure: O", attachments=marks)
        assert found is not None
        assert found.attachments == ("message.rpmsg",)

    @given(st.text(), st.text(), st.text())
    def test_no_subject_breaks_it(self, before: str, client: str, after: str) -> None:
        text = f"{before}mailbot calibration secure: {client}{after}"
        assert self.REDACTOR.wants(text, "", "") == (self.sample(text) is not None)


class TestMarkers:
    """What the secure copy shows and the plain one does not."""

    def test_zivver_with_a_readable_copy_leaves_a_header(self) -> None:
        assert marked(headers={"zivver-relay": "zivver-message-info"}) == (
            Marker(HEADER, "zivver-relay", "zivver-message-info"),
        )

    def test_zivver_with_an_encrypted_copy_may_leave_a_class_of_its_own(self) -> None:
        assert marked(item_class="IPM.Note.Zivver") == (Marker(CLASS, "IPM.Note.Zivver"),)

    def test_purview_leaves_its_rights_managed_part(self) -> None:
        found = marked(headers={"content-class": "rpmsg.message"}, attachments=("message.rpmsg",))
        assert found == (
            Marker(HEADER, "content-class", "rpmsg.message"),
            Marker(ATTACHMENT, "message.rpmsg"),
        )

    def test_of_s_mime_only_the_enveloped_type_proves_anything(self) -> None:
        content_type = 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'
        found = marked(
            item_class="IPM.Note.SMIME", attachments=("smime.p7m",), headers={"content-type": content_type}
        )
        assert found == (Marker(HEADER, "content-type", "application/pkcs7-mime; smime-type=enveloped-data"),)

    def test_the_enveloped_type_may_stand_beside_the_attachment_only(self) -> None:
        enveloped = AttachmentMark("smime.p7m", "application/pkcs7-mime; smime-type=enveloped-data")
        item = SentItem(subject("Outlook", secure=True), "IPM.Note.SMIME", attachments=(enveloped,))
        secure = SampleRedactor().redact(item)
        assert secure is not None
        assert only(mail(), secure).markers == (Marker(HEADER, "content-type", enveloped.content_type),)

    @pytest.mark.parametrize(
        "secure",
        [
            {"item_class": "IPM.Note.SMIME", "attachments": ("smime.p7m",)},
            {"item_class": "IPM.Note.SMIME.MultipartSigned", "attachments": ("smime.p7s",)},
            {"headers": {"content-type": "application/pkcs7-mime; smime-type=signed-data"}},
            {"headers": {"content-type": "application/pkcs7-mime"}},
            {"headers": {"content-type": "text/html"}},
        ],
    )
    def test_what_a_signature_shows_too_is_no_marker(self, secure: dict[str, Any]) -> None:
        assert marked(**secure) == ()

    @pytest.mark.parametrize(
        ("said", "markers", "open_questions"),
        [
            ({}, (), (GUID,)),
            ({GUID: False}, (), ()),
            ({GUID: True}, (Marker(HEADER, "msip_labels", f"MSIP_Label_{GUID}_Enabled=true"),), ()),
        ],
    )
    def test_a_label_proves_what_the_table_of_labels_says_of_it(
        self, said: dict[str, bool], markers: tuple[Marker, ...], open_questions: tuple[str, ...]
    ) -> None:
        value = f"MSIP_Label_{GUID}_Enabled=true;MSIP_Label_{GUID}_ContentBits=8"
        [found] = compare(pair(headers={"msip_labels": value}), labels=said)
        assert (found.markers, found.labels) == (markers, open_questions)

    def test_a_value_that_changes_every_time_counts_by_its_header(self) -> None:
        assert marked(headers={"x-postguard": "0.9.1"}) == (Marker(HEADER, "x-postguard"),)

    def test_a_header_that_plain_mail_has_too_needs_a_value_of_its_own(self) -> None:
        plain = mail(headers={"x-zivver-transport": "none", "zivver-relay": "a1"})
        secure = mail(secure=True, headers={"x-zivver-transport": "sdr; id=4711", "zivver-relay": "b2"})
        assert only(plain, secure).markers == (Marker(HEADER, "x-zivver-transport", "sdr"),)

    def test_an_attachment_with_a_number_in_its_name_is_another_one_next_time(self) -> None:
        assert marked(attachments=("bericht-83a1.html",)) == ()

    def test_what_another_clients_plain_mail_shows_proves_nothing(self) -> None:
        web = mail("OWA", headers={"content-class": "urn:content-classes:message"})
        secure = mail(secure=True, headers={"content-class": "urn:content-classes:message"})
        outlook, owa = compare([mail(), secure, web, replace(web, secure=True)])
        assert (outlook.client, outlook.markers) == ("Outlook", ())
        assert (owa.client, owa.markers) == ("OWA", ())

    def test_no_difference_is_no_error_but_no_marker_either(self) -> None:
        assert only(*pair()) == ClientResult("Outlook")


class TestAccidents:
    """What one secure mail may bear by chance proves nothing until somebody confirms it."""

    ODD: dict[str, Any] = {  # noqa: RUF012 - read only
        "item_class": "IPM.Note.Huisstijl",
        "headers": {"x-eigen": "ja"},
        "attachments": ("logo.png", "Handleiding Zivver.pdf"),
    }

    def test_marks_of_no_known_product_are_named_and_prove_nothing(self) -> None:
        found = only(*pair(**self.ODD))
        assert found.markers == ()
        assert found.unsure == ("IPM.Note.Huisstijl", "x-eigen", "logo.png", "Handleiding Zivver.pdf")

    def test_one_that_is_confirmed_counts(self) -> None:
        found = only(*pair(**self.ODD), names=("X-Eigen", " ipm.note.huisstijl "))
        assert found.markers == (Marker(CLASS, "IPM.Note.Huisstijl"), Marker(HEADER, "x-eigen", "ja"))
        assert found.unsure == ("logo.png", "Handleiding Zivver.pdf")

    def test_what_plain_mail_shows_too_cannot_be_confirmed(self) -> None:
        plain = mail("OWA", attachments=("logo.png",))
        secure = mail(secure=True, attachments=("logo.png",))
        both = [mail(), secure, plain, replace(plain, secure=True)]
        for result in compare(both, confirmed=("logo.png",)):
            assert (result.markers, result.unsure) == ((), ())

    @pytest.mark.parametrize(
        "header",
        [
            ("content-class", "urn:content-classes:message"),
            ("content-class", "urn:content-classes:calendarmessage"),
            ("skip-zivver-relay", "true"),
            ("x-sm-encrypted", "no"),
            ("x-sm-encrypted", "0"),
            ("zivver-relay", "False; reason=internal"),
        ],
    )
    def test_ordinary_values_and_exemptions_are_no_marks_even_when_confirmed(
        self, header: tuple[str, str]
    ) -> None:
        name, value = header
        found = only(*pair(headers={name: value}), names=(name,))
        assert (found.markers, found.unsure) == ((), ())

    def test_marks_of_known_products_need_nobody(self) -> None:
        found = only(
            *pair(
                item_class="IPM.Note.SmartLockr",
                headers={"x-postguard": "1", "content-class": "rpmsg.message"},
                attachments=("message.rpmsg",),
            )
        )
        assert len(found.markers) == 4
        assert found.unsure == ()


class TestTags:
    def test_a_tag_counts_once_its_mail_flow_rule_is_confirmed(self) -> None:
        unconfirmed = only(*pair(tags=("[veilig]",)))
        assert (unconfirmed.markers, unconfirmed.unconfirmed) == ((), ("[veilig]",))
        confirmed = only(*pair(tags=("[veilig]",)), confirmed=("[Veilig]",))
        assert (confirmed.markers, confirmed.unconfirmed) == ((Marker(TAG, "[veilig]"),), ())

    def test_a_tag_on_plain_mail_is_no_sign(self) -> None:
        found = only(mail(tags=("#test",)), mail(secure=True, tags=("#test",)), confirmed=("#test",))
        assert found == ClientResult("Outlook")


class TestPairs:
    def test_half_a_pair_says_which_mail_is_missing(self) -> None:
        assert only(mail()).error == "no mail with the subject: mailbot calibration secure: Outlook"
        assert only(mail(secure=True)).error == "no mail with the subject: mailbot calibration plain: Outlook"

    def test_the_newest_pair_counts_in_whatever_order_it_comes(self) -> None:
        old = mail(secure=True, item_class="IPM.Note.Old", sent=NOVEMBER.replace(month=3))
        undated = mail(secure=True, item_class="IPM.Note.Undated", sent=None)
        new = mail(secure=True, item_class="IPM.Note.New")
        for samples in ([old, new, undated, mail()], [mail(), undated, new, old]):
            assert only(*samples).unsure == ("IPM.Note.New",)

    def test_a_client_is_one_whatever_its_case(self) -> None:
        assert only(mail("outlook"), mail("Outlook", secure=True)).error == ""

    def test_clients_come_by_name(self) -> None:
        assert [result.client for result in compare([mail("B"), mail("a"), mail("C")])] == ["a", "B", "C"]

    def test_no_mail_no_result(self) -> None:
        assert compare([]) == ()


names = st.text(max_size=30)
mails = st.builds(
    MailSample,
    st.sampled_from(["Outlook", "OWA"]),
    st.booleans(),
    names,
    st.dictionaries(st.sampled_from(HEADERS), names, max_size=3),
    st.lists(names, max_size=2).map(tuple),
    st.lists(st.sampled_from(["[veilig]", "#secure"]), max_size=2).map(tuple),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(mails, max_size=8))
def test_a_marker_is_on_the_secure_copy_and_on_no_newest_plain_one(samples: list[MailSample]) -> None:
    newest = {
        (one.client, one.secure): one
        for one in sorted(samples, key=lambda one: one.sent or datetime.min.replace(tzinfo=UTC))
    }
    everything = {name for one in samples for name in (one.item_class, *one.attachments, *one.headers)}
    for result in compare(samples, ("[veilig]",), confirmed=everything):
        for marker in result.markers:
            assert shows(newest[result.client, True], marker)
            assert not any(shows(one, marker) for (_, secure), one in newest.items() if not secure)


KEPT = SecureMailFile.model_validate(
    {
        "calibration": {"approver": "CISO", "approved": DAY, "review_by": DAY},
        "client": [{"client": "Oude Outlook"}],
        "label": [{"guid": GUID, "encrypts": True}],
        "trusted_domain": [
            {"domain": "suwi.example", "basis": 'gesloten "net" \\ lijn', "approver": "CISO", "approved": DAY,
             "review_by": date(2027, 11, 2), "subdomains": True}
        ],
        "gateway": {"product": "Sluis", "approver": "CISO", "approved": DAY, "review_by": DAY},
    }
)  # fmt: skip


def again(file: SecureMailFile) -> SecureMailFile:
    return SecureMailFile.model_validate(tomllib.loads(to_toml(file)))


class TestFile:
    RESULTS = (
        ClientResult("iPhone"),
        ClientResult("Outlook", (Marker(HEADER, "zivver-relay", "sdr"), Marker(TAG, "[veilig]"))),
    )

    def test_what_is_written_is_read_back(self) -> None:
        file = recorded(self.RESULTS, EMPTY, approver="CISO", approved=DAY)
        assert again(file) == file
        value = again(file).value()
        assert [(client.client, client.markers) for client in value.clients] == [
            (result.client, result.markers) for result in self.RESULTS
        ]
        assert (value.approver, value.review_by) == ("CISO", date(2027, 5, 2))

    def test_labels_trusted_domains_and_the_gateway_stay(self) -> None:
        file = again(recorded(self.RESULTS, KEPT, approver="CISO", approved=DAY))
        assert (file.labels, file.trusted, file.gateway) == (KEPT.labels, KEPT.trusted, KEPT.gateway)
        assert [client.client for client in file.clients] == ["iPhone", "Outlook"]

    def test_a_file_without_calibration_is_written_too(self) -> None:
        assert again(EMPTY) == EMPTY

    def test_a_client_without_a_marker_makes_that_nothing_is_called_plain(self) -> None:
        blank = recorded(self.RESULTS, EMPTY, approver="CISO", approved=DAY).value()
        whole = recorded(self.RESULTS[1:], EMPTY, approver="CISO", approved=DAY).value()
        assert blank.calibrated(DAY) and not blank.always_marks(DAY)
        assert whole.always_marks(DAY)

    def test_after_its_review_it_proves_nothing(self) -> None:
        value = recorded(self.RESULTS[1:], EMPTY, approver="CISO", approved=DAY).value()
        assert value.always_marks(date(2027, 5, 2)) and not value.always_marks(date(2027, 5, 3))
        assert value.markers(date(2027, 5, 3)) == ()

    def test_half_a_pair_is_not_written(self) -> None:
        for results in ((), (*self.RESULTS, ClientResult("OWA", error="no mail"))):
            with pytest.raises(ValueError, match="not a whole pair"):
                recorded(results, EMPTY, approver="CISO", approved=DAY)

    def test_it_is_reviewed_within_a_year(self) -> None:
        recorded(self.RESULTS, EMPTY, approver="CISO", approved=DAY, review_by=date(2027, 11, 2))
        for late in (date(2027, 11, 3), date(2026, 11, 1)):
            with pytest.raises(ValueError, match="within a year") as refused:
                recorded(self.RESULTS, EMPTY, approver="CISO", approved=DAY, review_by=late)
            assert str(refused.value) == (
                "the review is within a year after the approval: a day from 2026-11-02 to 2027-11-02"
            )

    @pytest.mark.parametrize("approver", ["", "  ", "x" * 201])
    def test_somebody_approves_it(self, approver: str) -> None:
        with pytest.raises(ValueError, match=r"^the approver is one short text, such as CISO$"):
            recorded(self.RESULTS, EMPTY, approver=approver, approved=DAY)

    def test_clients_that_would_be_forgotten_are_named(self) -> None:
        assert forgotten(self.RESULTS, KEPT) == ("Oude Outlook",)
        assert forgotten([ClientResult("OUDE Outlook")], KEPT) == ()

    @pytest.mark.parametrize(
        ("approved", "review"),
        [
            (date(2026, 8, 31), date(2027, 2, 28)),
            (date(2027, 8, 31), date(2028, 2, 29)),
            (date(2026, 6, 30), date(2026, 12, 30)),
            (date(2026, 7, 1), date(2027, 1, 1)),
        ],
    )
    def test_half_a_year_later(self, approved: date, review: date) -> None:
        assert review_day(approved) == review

    @given(st.lists(mails, min_size=1, max_size=8), st.text(min_size=1, max_size=40).filter(str.strip))
    def test_whatever_the_mails_show_the_file_can_be_read(self, samples: list[MailSample], who: str) -> None:
        results = [result for result in compare(samples, ("[veilig]", "#secure")) if not result.error]
        if results:
            file = recorded(results, KEPT, approver=who, approved=DAY)
            assert again(file) == file


def test_an_empty_calibration_marks_nothing() -> None:
    assert SecureMail() == EMPTY.value()
