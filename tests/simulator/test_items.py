"""Items in Sent Items: what FindItem tells, what only GetItem tells, and what a search lets through."""

from datetime import timedelta

import pytest

from mailbot.simulator import Fault, FaultKind, canaries
from mailbot.simulator.mailboxes import Flaw, Group, legacy_dn

PEOPLE = ("message:ToRecipients", "message:CcRecipients", "message:BccRecipients")
ROW = ("Name", "EmailAddress", "RoutingType", "MailboxType")


@pytest.fixture
def sender(address, town):
    """Somebody whose mailbox holds only what a test lays into it."""
    someone = address("plain-over")
    town.mailbox(someone).items.clear()
    return someone


def people(got, name):
    return [tuple(box.findtext(f"{{*}}{part}") for part in ROW) for box in got.all(f".//t:{name}/t:Mailbox")]


def test_recipients_come_with_their_kind_and_only_from_get_item(client, asks, sender, address, town, put):
    reader = address("deep-over")
    town.groups["team@voorbeeld.example"] = Group("team@voorbeeld.example", (reader,))
    town.contacts["notaris@voorbeeld.example"] = "balie@notaris.example"
    item = put(
        sender,
        to=[(reader, "Lezer"), ("team@voorbeeld.example", "Team")],
        cc=[("notaris@voorbeeld.example", "Notaris"), (canaries.CORRESPONDENT, "")],
        bcc=[(legacy_dn("weg@voorbeeld.example"), "Weg"), ("", "Nooit gevonden")],
    )
    got = client.ask(asks.get_item(item.id, asks.fields(*PEOPLE)), sender)
    assert people(got, "ToRecipients") == [
        ("Lezer", reader, "SMTP", "Mailbox"),
        ("Team", "team@voorbeeld.example", "SMTP", "PublicDL"),
    ]
    assert people(got, "CcRecipients") == [
        ("Notaris", "notaris@voorbeeld.example", "SMTP", "Contact"),
        (canaries.CORRESPONDENT, canaries.CORRESPONDENT, "SMTP", "OneOff"),
    ]
    assert people(got, "BccRecipients") == [
        ("Weg", legacy_dn("weg@voorbeeld.example"), "EX", "Mailbox"),
        ("Nooit gevonden", None, None, "Unknown"),
    ]
    listed = client.ask(asks.find_item("sentitems", properties=asks.fields(*PEOPLE)), sender)
    assert listed.codes == ["NoError"]
    assert not list(listed.content.iter("{*}Mailbox"))


def test_a_list_names_senders_without_their_addresses(client, asks, sender, put):
    put(sender, to=[("a@elders.example", "A"), ("b@elders.example", "B")])
    fields = asks.fields("message:From", "message:Sender", "item:DisplayTo")
    got = client.ask(asks.find_item("sentitems", properties=fields), sender)
    assert got.all(".//t:From/t:Mailbox/t:Name")
    assert got.all(".//t:EmailAddress") == []
    assert "A; B" in [element.text for element in got.all(".//t:DisplayTo")]


def test_mail_sent_in_the_name_of_another_is_from_that_other(client, asks, sender, address, put):
    chief = address("deep-over")
    item = put(sender, on_behalf_of=chief)
    got = client.ask(asks.get_item(item.id, asks.fields("message:From", "message:Sender")), sender)
    assert got.text_of(".//t:Sender/t:Mailbox/t:EmailAddress") == sender
    assert got.text_of(".//t:From/t:Mailbox/t:EmailAddress") == chief


def test_attachments_have_names_types_and_sizes_but_no_content(client, asks, sender, put):
    item = put(sender, attachments=[(f"{canaries.ATTACHMENT}.pdf", "application/pdf"), ("smime.p7m", "")])
    got = client.ask(asks.get_item(item.id, asks.fields("item:Attachments", "item:HasAttachments")), sender)
    first, second = got.all(".//t:FileAttachment")
    assert [child.tag.rpartition("}")[2] for child in first] == [
        "AttachmentId",
        "Name",
        "ContentType",
        "Size",
        "IsInline",
    ]
    assert first.findtext("{*}Name") == f"{canaries.ATTACHMENT}.pdf"
    assert second.find("{*}ContentType") is None
    assert got.text_of(".//t:HasAttachments") == "true"


def test_a_list_tells_that_there_are_attachments_but_not_which(client, asks, sender, put):
    put(sender, attachments=[(canaries.ATTACHMENT, "application/pdf")])
    fields = asks.fields("item:Attachments", "item:HasAttachments")
    got = client.ask(asks.find_item("sentitems", properties=fields), sender)
    assert "true" in [element.text for element in got.all(".//t:HasAttachments")]
    assert canaries.ATTACHMENT not in got.text


def test_the_content_of_an_attachment_cannot_be_had(client, asks, sender, server):
    got = client.ask(
        "<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id='eA=='/></m:AttachmentIds></m:GetAttachment>",
        sender,
    )
    assert got.fault == "ErrorInvalidOperation"
    assert server.access_log()[0].bodies_asked == ("attachment:Content",)


def test_a_list_cuts_texts_at_255_characters(client, asks, sender, put):
    item = put(sender, subject="Vertrouwelijk " + "x" * 400, headers={"X-Long": "y" * 400})
    header = (
        '<t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" PropertyName="X-Long" '
        'PropertyType="String"/>'
    )
    fields = asks.fields("item:Subject") + header
    search = asks.find_item("sentitems", properties=fields, restriction=asks.has("xxxxx"))
    got = client.ask(search, sender)
    assert {len(got.text_of(".//t:Subject")), len(got.text_of(".//t:Value"))} == {255}
    whole = client.ask(asks.get_item(item.id, fields), sender)
    assert len(whole.text_of(".//t:Subject")) == 414
    assert len(whole.text_of(".//t:Value")) == 400


@pytest.mark.parametrize(
    ("item_class", "element"),
    [
        ("IPM.Note", "Message"),
        ("IPM.Note.SMIME", "Message"),
        ("REPORT.IPM.Note.NDR", "Message"),
        ("IPM.Outlook.Recall", "Message"),
        ("IPM.Schedule.Meeting.Request", "MeetingRequest"),
        ("IPM.Schedule.Meeting.Resp.Pos", "MeetingResponse"),
        ("IPM.Schedule.Meeting.Canceled", "MeetingCancellation"),
    ],
)
def test_meeting_mail_has_elements_of_its_own(client, asks, sender, put, item_class, element):
    item = put(sender, item_class=item_class)
    got = client.ask(asks.get_item(item.id, asks.fields("item:ItemClass")), sender)
    assert got.text_of(f".//m:Items/t:{element}/t:ItemClass") == item_class


@pytest.fixture
def search(client, asks, sender):
    """Subjects that a search lets through."""

    def ask(restriction):
        body = asks.find_item("sentitems", properties=asks.fields("item:Subject"), restriction=restriction)
        got = client.ask(body, sender)
        assert got.codes == ["NoError"]
        return [element.text for element in got.all(".//t:Subject")]

    return ask


@pytest.mark.parametrize(
    ("comparison", "found"),
    [
        ("Exact", ["strikt vertrouwelijk"]),
        ("IgnoreCase", ["strikt vertrouwelijk", "VERTROUWELIJK"]),
        ("IgnoreNonSpacingCharacters", ["strikt vertrouwelijk", "vertróuwelijk"]),
        ("IgnoreCaseAndNonSpacingCharacters", ["strikt vertrouwelijk", "VERTROUWELIJK", "vertróuwelijk"]),
        ("Loose", ["strikt vertrouwelijk", "VERTROUWELIJK", "vertróuwelijk"]),
    ],
)
def test_a_search_can_ignore_capitals_and_accents(search, asks, put, sender, comparison, found):
    for subject in ("strikt vertrouwelijk", "VERTROUWELIJK", "vertróuwelijk", "vertrouw elijk"):
        put(sender, subject=subject)
    assert search(asks.has("vertrouwelijk", comparison=comparison)) == found


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("FullString", ["geheim"]),
        ("Prefixed", ["geheim", "geheimhouding"]),
        ("PrefixOnWords", ["geheim", "geheimhouding", "zeer geheime stukken"]),
        ("Substring", ["geheim", "geheimhouding", "zeer geheime stukken", "topgeheim"]),
    ],
)
def test_a_search_looks_at_the_beginning_or_anywhere(search, asks, put, sender, mode, found):
    for subject in ("geheim", "geheimhouding", "zeer geheime stukken", "topgeheim"):
        put(sender, subject=subject)
    assert search(asks.has("geheim", mode=mode)) == found


def test_fragments_exclusions_and_a_date_work_together_on_the_server(search, asks, put, sender, town):
    """What mailbot looks for: any fragment, none of the words without, nothing from before a day."""
    now = town.clock.now()
    put(sender, subject="Vertrouwelijk: begroting")
    put(sender, subject="GEHEIM besluit")
    put(sender, subject="Vertrouwelijk: klacht vertrouwenspersoon")
    put(sender, subject="Vertrouwelijk, lang geleden", sent=now - timedelta(days=60))
    put(sender, subject="Vertrouwelijk, nooit verzonden", sent=None)
    put(sender, subject="Lunch")
    since = (now - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    fragments = f"<t:Or>{asks.has('vertrouwelijk')}{asks.has('geheim')}</t:Or>"
    without = f"<t:Not>{asks.has('vertrouwenspersoon')}</t:Not>"
    restriction = f"<t:And>{asks.since(since)}{fragments}{without}</t:And>"
    assert search(restriction) == ["Vertrouwelijk: begroting", "GEHEIM besluit"]


def test_sent_items_can_be_denied_while_the_rest_is_readable(client, asks, sender, put, town):
    sent, received = put(sender), put(sender, "inbox")
    town.mailbox(sender).flaws = frozenset({Flaw.SENT_DENIED})
    assert client.ask(asks.find_item("sentitems"), sender).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.get_item(sent.id), sender).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.find_item("inbox"), sender).codes == ["NoError"]
    assert client.ask(asks.get_item(received.id), sender).codes == ["NoError"]


def test_a_success_without_the_moment_of_sending(client, asks, server, sender, put):
    item = put(sender)
    fields = asks.fields("item:DateTimeSent")
    assert client.ask(asks.get_item(item.id, fields), sender).all(".//t:DateTimeSent")
    server.faults.add(Fault(FaultKind.VALUE_MISSING))
    assert client.ask(asks.get_item(item.id, fields), sender).all(".//t:DateTimeSent") == []
