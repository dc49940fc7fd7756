"""Mail leaves in two steps, leaves its traces, arrives at once, and is answered by who is away."""

import base64
from email import message_from_bytes

import pytest

from mailbot.simulator.delivery import LONGEST_CHAIN
from mailbot.simulator.mime import NON_DELIVERY_CLASS

HEADER = (
    '<t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" '
    'PropertyName="X-Auto-Response-Suppress" PropertyType="String"/>'
)


@pytest.fixture
def sender(town):
    return town.sender


@pytest.fixture
def draft(client, asks, sender):
    """Make a draft and give its identifier."""

    def make(*to, **values):
        got = client.ask(asks.create(*to, sender=sender, **values))
        assert got.codes == ["NoError"]
        return got.all(".//t:ItemId")[0].get("Id")

    return make


def found(client, asks, folder, sender, key="k-1"):
    got = client.ask(asks.find_item(folder, sender, restriction=asks.with_key(key)))
    return [element.get("Id") for element in got.all(".//t:ItemId")]


def test_a_draft_lies_in_drafts_and_nowhere_else(client, asks, server, address, draft, sender):
    someone = address("plain-over")
    made = draft(someone)
    assert found(client, asks, "drafts", sender) == [made]
    assert found(client, asks, "sentitems", sender) == []
    assert server.inbox_of(someone) == []


def test_a_sent_draft_moves_to_sent_items_under_a_new_identifier_and_arrives(
    client, asks, server, address, draft, sender
):
    someone = address("plain-over")
    made = draft(someone)
    assert client.ask(asks.send(made, sender)).codes == ["NoError"]
    assert found(client, asks, "drafts", sender) == []
    (saved,) = found(client, asks, "sentitems", sender)
    assert saved != made
    (mail,) = server.inbox_of(someone)
    assert (mail.subject, mail.message_id) == ("Even over je postvak", "<k-1@voorbeeld.example>")
    assert mail.headers["X-Auto-Response-Suppress"] == "All"
    assert (mail.sensitivity, mail.body, mail.body_type) == ("Private", "<p>Hoi</p>", "HTML")
    assert mail.sender == sender
    assert mail.when == server.town.clock.now()


def test_a_draft_can_be_sent_once_only(client, asks, server, address, draft, sender):
    someone = address("plain-over")
    made = draft(someone)
    client.ask(asks.send(made, sender))
    assert client.ask(asks.send(made, sender)).codes == ["ErrorItemNotFound"]
    assert len(server.inbox_of(someone)) == 1


def test_sending_without_change_key_or_without_recipients_is_refused(client, asks, address, draft, sender):
    made = draft(address("plain-over"))
    assert client.ask(asks.send(made, sender, change_key="")).codes == ["ErrorChangeKeyRequired"]
    nobody = draft(key="k-2")
    assert client.ask(asks.send(nobody, sender)).codes == ["ErrorMissingRecipients"]
    assert found(client, asks, "drafts", sender, "k-2") == [nobody]


def test_a_mail_is_found_by_message_id_too(client, asks, address, draft, sender):
    made = draft(address("plain-over"))
    draft(address("plain-over"), key="k-2", message_id="<k-2@voorbeeld.example>")
    restriction = (
        '<t:IsEqualTo><t:FieldURI FieldURI="message:InternetMessageId"/><t:FieldURIOrConstant>'
        '<t:Constant Value="&lt;k-1@voorbeeld.example&gt;"/></t:FieldURIOrConstant></t:IsEqualTo>'
    )
    got = client.ask(asks.find_item("drafts", sender, restriction=restriction))
    assert [element.get("Id") for element in got.all(".//t:ItemId")] == [made]


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        ("<t:Exists>{key}</t:Exists>", 2),
        ("<t:Not><t:Exists>{key}</t:Exists></t:Not>", 0),
        ("<t:Or>{one}{two}</t:Or>", 2),
        ("<t:And>{one}{two}</t:And>", 0),
        ('<t:Contains ContainmentMode="Prefixed">{key}<t:Constant Value="k-"/></t:Contains>', 2),
    ],
)
def test_restrictions_combine(client, asks, address, draft, sender, shape, count):
    draft(address("plain-over"))
    draft(address("plain-over"), key="k-2")
    restriction = shape.format(key=asks.KEY, one=asks.with_key("k-1"), two=asks.with_key("k-2"))
    got = client.ask(asks.find_item("drafts", sender, restriction=restriction))
    assert len(got.all(".//t:ItemId")) == count


def test_headers_and_our_key_are_read_back_as_extended_properties(client, asks, address, draft, sender):
    draft(address("plain-over"))
    got = client.ask(asks.find_item("drafts", sender, properties=HEADER + asks.KEY))
    assert [element.text for element in got.all(".//t:Value")] == ["All", "k-1"]


def test_lists_never_hold_bodies(client, asks, address, draft, sender):
    draft(address("plain-over"))
    got = client.ask(asks.find_item("drafts", sender, properties='<t:FieldURI FieldURI="item:Body"/>'))
    assert got.codes == ["NoError"]
    assert got.all(".//t:Body") == []


def test_a_deleted_copy_is_gone(client, asks, address, draft, sender):
    client.ask(asks.send(draft(address("plain-over")), sender))
    (saved,) = found(client, asks, "sentitems", sender)
    assert client.ask(asks.delete(saved)).codes == ["NoError"]
    assert found(client, asks, "sentitems", sender) == []
    assert client.ask(asks.delete(saved)).codes == ["ErrorItemNotFound"]


def test_who_is_away_answers_once_to_a_mail_that_does_not_forbid_it(
    client, asks, server, address, draft, sender
):
    away = address("already-away-covered")
    for number in (1, 2):
        client.ask(asks.send(draft(away, key=f"k-{number}", quiet=False), sender))
    assert len(server.inbox_of(away)) == 2
    (reply,) = server.inbox_of(sender)
    assert (reply.sender, reply.headers["Auto-Submitted"]) == (away, "auto-replied")


def test_who_is_away_answers_again_after_setting_a_new_reply(client, asks, server, address, draft, sender):
    away = address("already-away-covered")
    client.ask(asks.send(draft(away, quiet=False), sender))
    client.ask(asks.set_reply(away, "Enabled", "Nog steeds weg"), away)
    client.ask(asks.send(draft(away, key="k-2", quiet=False), sender))
    assert [mail.body for mail in server.inbox_of(sender)][1:] == ["Nog steeds weg"]


def test_nobody_answers_a_mail_that_asks_not_to(client, asks, server, address, draft, sender):
    client.ask(asks.send(draft(address("already-away-covered")), sender))
    assert server.inbox_of(sender) == []


def test_a_scheduled_reply_speaks_only_in_its_period(client, asks, server, address, draft, sender):
    client.ask(asks.send(draft(address("reply-exact"), quiet=False), sender))
    assert server.inbox_of(sender) == []


def test_an_unknown_recipient_of_our_own_comes_back_as_a_report(client, asks, server, draft, sender):
    assert client.ask(asks.send(draft("niemand@voorbeeld.example"), sender)).codes == ["NoError"]
    (report,) = server.inbox_of(sender)
    assert report.item_class == NON_DELIVERY_CLASS
    assert report.headers["In-Reply-To"] == "<k-1@voorbeeld.example>"


def test_mail_to_the_outside_world_leaves(client, asks, server, draft, sender):
    client.ask(asks.send(draft("iemand@elders.example"), sender))
    assert [mail.subject for mail in server.inbox_of("iemand@elders.example")] == ["Even over je postvak"]
    assert server.inbox_of(sender) == []


def test_every_recipient_gets_one_copy(client, asks, server, address, draft, sender):
    one, other = address("plain-over"), address("deep-over")
    client.ask(asks.send(draft(one, other, one), sender))
    assert {address: len(mails) for address, mails in server.delivered().items()} == {one: 1, other: 1}


def test_the_clock_of_the_town_stamps_the_mail(client, asks, server, address, draft, sender):
    server.town.clock.sleep(3600)
    client.ask(asks.send(draft(address("plain-over")), sender))
    got = client.ask(
        asks.find_item(
            "sentitems",
            sender,
            restriction=asks.with_key("k-1"),
            properties='<t:FieldURI FieldURI="item:DateTimeSent"/>',
        )
    )
    assert got.text_of(".//t:DateTimeSent") == "2026-11-23T06:00:00Z"


def test_sending_as_somebody_else_is_refused(client, asks, address, sender):
    other = address("deep-over")
    author = f"<t:From><t:Mailbox><t:EmailAddress>{other}</t:EmailAddress></t:Mailbox></t:From>"
    body = asks.create(address("plain-over"), sender=sender).replace(
        "<t:InternetMessageId>", f"{author}<t:InternetMessageId>"
    )
    assert client.ask(body).codes == ["ErrorSendAsDenied"]


def test_a_mail_can_be_made_from_a_mime_text(client, asks, server, address, sender):
    someone = address("plain-over")
    mime = (
        f"To: {someone}\r\nSubject: Uit MIME\r\nMessage-ID: <m-1@voorbeeld.example>\r\n"
        "Auto-Submitted: auto-generated\r\nContent-Type: text/html\r\n\r\n<p>Hoi</p>\r\n"
    )
    encoded = base64.b64encode(mime.encode()).decode()
    body = (
        f'<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>{asks.place("drafts", sender)}'
        f"</m:SavedItemFolderId><m:Items><t:Message><t:MimeContent>{encoded}</t:MimeContent></t:Message>"
        "</m:Items></m:CreateItem>"
    )
    made = client.ask(body).all(".//t:ItemId")[0].get("Id")
    client.ask(asks.send(made, sender))
    (mail,) = server.inbox_of(someone)
    assert (mail.subject, mail.message_id) == ("Uit MIME", "<m-1@voorbeeld.example>")
    assert mail.headers == {"Auto-Submitted": "auto-generated"}
    assert client.ask(asks.get_item(made)).codes == ["ErrorItemNotFound"]


def test_a_calendar_view_expands_recurrences_and_tells_no_subject_unless_asked(client, asks, address, town):
    someone = address("every-friday")
    start, end = "2026-11-23T00:00:00Z", "2026-12-05T00:00:00Z"
    busy = '<t:FieldURI FieldURI="calendar:Start"/><t:FieldURI FieldURI="calendar:LegacyFreeBusyStatus"/>'
    got = client.ask(asks.calendar_view(someone, start, end, busy), someone)
    away = [
        item.findtext("{*}Start")
        for item in got.all(".//t:CalendarItem")
        if item.findtext("{*}LegacyFreeBusyStatus") == "OOF"
    ]
    assert away == ["2026-11-26T23:00:00Z", "2026-12-03T23:00:00Z"]
    assert got.all(".//t:Subject") == []


def test_a_mail_can_be_made_and_sent_at_once(client, asks, server, address, sender):
    someone = address("plain-over")
    body = asks.create(someone, sender=sender, disposition="SendAndSaveCopy")
    assert client.ask(body).codes == ["NoError"]
    assert len(server.inbox_of(someone)) == 1
    assert len(found(client, asks, "sentitems", sender)) == 1
    nobody = asks.create(sender=sender, disposition="SendAndSaveCopy")
    assert client.ask(nobody).codes == ["ErrorInvalidRecipients"]


def test_the_report_brings_back_what_it_is_about(client, asks, server, town, draft, sender):
    client.ask(asks.send(draft("niemand@voorbeeld.example"), sender))
    box = town.mailbox(sender)
    (report,) = [item for item in box.items_in(box.folders.by_name["inbox"]) if item.arrived]
    asked = asks.fields("item:InReplyTo", "message:References")
    got = client.ask(asks.get_item(report.id, asked, mime=True))
    assert got.text_of(".//t:InReplyTo") == got.text_of(".//t:References") == "<k-1@voorbeeld.example>"
    text = message_from_bytes(base64.b64decode(got.text_of(".//t:MimeContent")))
    assert text.get_content_type() == "multipart/report"
    _, told, returned = text.get_payload()
    (recipient,) = told.get_payload()[1:]
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.10")
    assert returned.get_payload()[0]["Message-ID"] == "<k-1@voorbeeld.example>"


def test_nobody_reports_on_a_report(server, sender):
    """What cannot be delivered of a report is gone."""
    kind = 'Content-Type: multipart/report; report-type=delivery-status; boundary="g"'
    told = "Content-Type: message/delivery-status\n\nX: y\n\nAction: failed\n\n--g--\n"
    server.receive(f"From: {sender}\n{kind}\n\n--g\n{told}".encode(), ["niemand@voorbeeld.example"])
    assert server.delivered() == {}


def test_who_answers_everything_answers_every_time(client, asks, server, town, address, draft, sender):
    parrot = address("plain-over")
    town.mailbox(parrot).parrot = "Dank!"
    for number in (1, 2):
        client.ask(asks.send(draft(parrot, key=f"k-{number}"), sender))
    answers = server.inbox_of(sender)
    assert [(mail.sender, mail.body) for mail in answers] == [(parrot, "Dank!")] * 2
    assert {mail.item_class for mail in answers} == {"IPM.Note"}
    assert "Auto-Submitted" not in answers[0].headers


def test_two_who_answer_everything_are_stopped_at_last(client, asks, server, town, address, draft, sender):
    parrot = address("plain-over")
    town.mailbox(parrot).parrot = town.mailbox(sender).parrot = "Dank!"
    client.ask(asks.send(draft(parrot), sender))
    assert len(server.inbox_of(sender)) + len(server.inbox_of(parrot)) == 1 + LONGEST_CHAIN
