"""Sent items and calendar items of the bench's Exchange: every property in EWS form, in schema order."""

import base64
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from xml.sax.saxutils import escape

from tests.bench.payload import Event, Payload, Sent

MAILBOX = "m~~~~~"
"""Stands in answers for the mailbox that is asked; as long as what takes its place."""

NEVER_LISTED = frozenset(
    {
        "item:MimeContent",
        "item:Body",
        "item:TextBody",
        "item:UniqueBody",
        "item:Attachments",
        "item:InternetMessageHeaders",
        "item:ResponseObjects",
        "message:ToRecipients",
        "message:CcRecipients",
        "message:BccRecipients",
        "calendar:RequiredAttendees",
    }
)
"""What FindItem leaves out however it is asked (article "FindItem operation")."""

DEFAULT = frozenset({"item:ItemId", "item:Subject", "item:DateTimeSent", "message:From", "calendar:Start"})
RIGHTS = (
    "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true"
    "</t:CreateContents><t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete>"
    "<t:Modify>true</t:Modify><t:Read>true</t:Read><t:ViewPrivateItems>true</t:ViewPrivateItems>"
    "</t:EffectiveRights>"
)


def opaque(key: str) -> str:
    """An id as long as Exchange's. It holds the mailbox in clear, by which the server knows whose it is."""
    return f"AAMkAGVvb3JiZWVsZA.{MAILBOX}.{key}.".ljust(120, "A")


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def leaf(name: str, text: str) -> str:
    return f"<t:{name}>{escape(text)}</t:{name}>"


def person(address: str, name: str) -> str:
    return (
        f"<t:Mailbox><t:Name>{escape(name)}</t:Name><t:EmailAddress>{address}</t:EmailAddress>"
        "<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>"
    )


def chosen(properties: Mapping[str, str], asked: frozenset[str], listing: bool) -> str:
    """The properties that are asked for; None of those that a listing never shows."""
    return "".join(
        text
        for name, text in properties.items()
        if name in asked and not (listing and name in NEVER_LISTED) and text
    )


class Items:
    """Properties by their EWS name, in the order in which the schema wants them."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._owner = person(f"{MAILBOX}@{payload.domain}", "Een Medewerker")

    @cached_property
    def _recipients(self) -> str:
        return "".join(person(r["address"], r["name"]) for r in self._payload.settings["recipient"])

    def _headers(self, key: str) -> str:
        named = {
            "Received": "from mail.voorbeeld.example by mail.voorbeeld.example with HTTPS; " + "x" * 80,
            "Content-Type": "multipart/alternative",
            "Message-ID": f"<{key}.{MAILBOX}@voorbeeld.example>",
            "X-MS-Exchange-Organization-SCL": "-1",
            "Thread-Index": "AdxA" + "B" * 28,
            "MIME-Version": "1.0",
        }
        inside = "".join(
            f'<t:InternetMessageHeader HeaderName="{name}">{escape(value)}</t:InternetMessageHeader>'
            for name, value in named.items()
        )
        return f"<t:InternetMessageHeaders>{inside}</t:InternetMessageHeaders>"

    def _item(
        self, key: str, kind: str, subject: str, body: str, at: datetime, folder: str, text: str
    ) -> dict[str, str]:
        plain = self._payload.text(max(1, len(body) - len("<html><body><p></p></body></html>")))
        mime = base64.b64encode(f"Subject: {subject}\r\nMIME-Version: 1.0\r\n\r\n{body}".encode()).decode()
        html = f'<t:{{}} BodyType="HTML" IsTruncated="false">{escape(body)}</t:{{}}>'
        return {
            "item:MimeContent": f'<t:MimeContent CharacterSet="UTF-8">{mime}</t:MimeContent>',
            "item:ItemId": f'<t:ItemId Id="{opaque(key)}" ChangeKey="CQAAABYAAAC{key}"/>',
            "item:ParentFolderId": f'<t:ParentFolderId Id="{opaque(folder)}" ChangeKey="AQAAAA=="/>',
            "item:ItemClass": leaf("ItemClass", kind),
            "item:Subject": leaf("Subject", subject),
            "item:Sensitivity": leaf("Sensitivity", "Normal"),
            "item:Body": html.format("Body", "Body"),
            "item:DateTimeReceived": leaf("DateTimeReceived", moment(at)),
            "item:Size": leaf("Size", str(4 * len(body))),
            "item:Importance": leaf("Importance", "Normal"),
            "item:IsSubmitted": leaf("IsSubmitted", "false"),
            "item:IsDraft": leaf("IsDraft", "false"),
            "item:IsFromMe": leaf("IsFromMe", "false"),
            "item:IsResend": leaf("IsResend", "false"),
            "item:IsUnmodified": leaf("IsUnmodified", "true"),
            "item:InternetMessageHeaders": self._headers(key),
            "item:DateTimeSent": leaf("DateTimeSent", moment(at)),
            "item:DateTimeCreated": leaf("DateTimeCreated", moment(at)),
            "item:ResponseObjects": "<t:ResponseObjects><t:ForwardItem/></t:ResponseObjects>",
            "item:ReminderIsSet": leaf("ReminderIsSet", "false"),
            "item:ReminderMinutesBeforeStart": leaf("ReminderMinutesBeforeStart", "15"),
            "item:DisplayCc": "<t:DisplayCc/>",
            "item:DisplayTo": leaf("DisplayTo", "Een Ontvanger; Een Ander"),
            "item:HasAttachments": leaf("HasAttachments", "false"),
            "item:Culture": leaf("Culture", "nl-NL"),
            "item:EffectiveRights": RIGHTS,
            "item:LastModifiedName": leaf("LastModifiedName", "Een Medewerker"),
            "item:LastModifiedTime": leaf("LastModifiedTime", moment(at)),
            "item:IsAssociated": leaf("IsAssociated", "false"),
            "item:WebClientReadFormQueryString": leaf(
                "WebClientReadFormQueryString", f"https://mail.voorbeeld.example/owa/?ItemID={opaque(key)}"
            ),
            "item:ConversationId": f'<t:ConversationId Id="{opaque("c" + key)}"/>',
            "item:UniqueBody": html.format("UniqueBody", "UniqueBody"),
            "item:TextBody": f'<t:TextBody BodyType="Text" IsTruncated="false">{plain}</t:TextBody>',
        }

    def sent(self, item: Sent, labelled: bool, folder: str) -> dict[str, str]:
        subject = item.labelled if labelled else item.subject
        return {
            **self._item(item.key, "IPM.Note", subject, item.body, item.sent, folder, "Message"),
            "message:Sender": f"<t:Sender>{self._owner}</t:Sender>",
            "message:ToRecipients": f"<t:ToRecipients>{self._recipients}</t:ToRecipients>",
            "message:IsReadReceiptRequested": leaf("IsReadReceiptRequested", "false"),
            "message:IsDeliveryReceiptRequested": leaf("IsDeliveryReceiptRequested", "false"),
            "message:ConversationIndex": leaf("ConversationIndex", "AdxA" + "B" * 28),
            "message:ConversationTopic": leaf("ConversationTopic", subject),
            "message:From": f"<t:From>{self._owner}</t:From>",
            "message:InternetMessageId": leaf(
                "InternetMessageId", f"<{item.key}.{MAILBOX}@voorbeeld.example>"
            ),
            "message:IsRead": leaf("IsRead", "true"),
            "message:IsResponseRequested": leaf("IsResponseRequested", "false"),
        }

    def event(self, event: Event, folder: str) -> dict[str, str]:
        minutes = int((event.end - event.start).total_seconds() // 60)
        attendee = "".join(
            f"<t:Attendee>{person(r['address'], r['name'])}{leaf('ResponseType', 'Accept')}</t:Attendee>"
            for r in self._payload.settings["recipient"]
        )
        zone = 'Id="W. Europe Standard Time" Name="(UTC+01:00) Amsterdam, Berlijn"'
        return {
            **self._item(
                event.key, "IPM.Appointment", event.subject, event.body, event.start, folder, "CalendarItem"
            ),
            "calendar:UID": leaf("UID", "040000008200E00074C5B7101A82E008" + event.key * 6),
            "calendar:Start": leaf("Start", moment(event.start)),
            "calendar:End": leaf("End", moment(event.end)),
            "calendar:IsAllDayEvent": leaf("IsAllDayEvent", "false"),
            "calendar:LegacyFreeBusyStatus": leaf("LegacyFreeBusyStatus", event.busy),
            "calendar:Location": leaf("Location", "Kamer 1"),
            "calendar:IsMeeting": leaf("IsMeeting", "true"),
            "calendar:IsCancelled": leaf("IsCancelled", "false"),
            "calendar:IsRecurring": leaf("IsRecurring", "false"),
            "calendar:MeetingRequestWasSent": leaf("MeetingRequestWasSent", "true"),
            "calendar:IsResponseRequested": leaf("IsResponseRequested", "true"),
            "calendar:CalendarItemType": leaf("CalendarItemType", "Single"),
            "calendar:MyResponseType": leaf("MyResponseType", "Organizer"),
            "calendar:Organizer": f"<t:Organizer>{self._owner}</t:Organizer>",
            "calendar:RequiredAttendees": f"<t:RequiredAttendees>{attendee}</t:RequiredAttendees>",
            "calendar:ConflictingMeetingCount": leaf("ConflictingMeetingCount", "0"),
            "calendar:AdjacentMeetingCount": leaf("AdjacentMeetingCount", "0"),
            "calendar:Duration": leaf("Duration", f"PT{minutes}M"),
            "calendar:AppointmentReplyTime": leaf("AppointmentReplyTime", moment(event.start)),
            "calendar:AppointmentSequenceNumber": leaf("AppointmentSequenceNumber", "0"),
            "calendar:AppointmentState": leaf("AppointmentState", "1"),
            "calendar:StartTimeZone": f"<t:StartTimeZone {zone}/>",
            "calendar:EndTimeZone": f"<t:EndTimeZone {zone}/>",
            "calendar:ConferenceType": leaf("ConferenceType", "0"),
            "calendar:AllowNewTimeProposal": leaf("AllowNewTimeProposal", "true"),
            "calendar:IsOnlineMeeting": leaf("IsOnlineMeeting", "false"),
        }
