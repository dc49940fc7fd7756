"""Reading EWS requests: the operation, who acts, which mailbox is meant, which properties are wanted."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from mailbot.simulator.mailboxes import PropertyKey, owner_of
from mailbot.simulator.soap import S, SoapFault, T

CONTENT_PROPERTIES = frozenset(
    {
        "item:Subject",
        "item:Body",
        "item:MimeContent",
        "item:TextBody",
        "item:UniqueBody",
        "item:NormalizedBody",
        "item:Preview",
        "item:Attachments",
        "item:InternetMessageHeaders",
        "item:DisplayTo",
        "item:DisplayCc",
        "item:DisplayBcc",
        "message:Sender",
        "message:From",
        "message:ToRecipients",
        "message:CcRecipients",
        "message:BccRecipients",
        "message:ConversationTopic",
        "calendar:Location",
        "calendar:Organizer",
        "calendar:RequiredAttendees",
        "calendar:OptionalAttendees",
        "folder:DisplayName",
        "item:(Default)",
        "item:(AllProperties)",
        "view:Detailed",
    }
)
"""Properties that carry words or correspondents of people."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Properties that a request wants beside the id, as `prefix:Name` and as extended property keys."""

    fields: frozenset[str]
    extended: tuple[PropertyKey, ...]

    def __contains__(self, field: str) -> bool:
        return field in self.fields

    @property
    def names(self) -> tuple[str, ...]:
        return (*sorted(self.fields), *(":".join(key) for key in self.extended))


@dataclass(frozen=True, slots=True)
class Request:
    """One parsed envelope. `operation` is the name without a trailing "Request". `mailboxes` are the
    addresses that it names, `owners` the GUIDs of those whose items and folders it names."""

    operation: str
    body: etree._Element
    impersonated: str | None
    shape: Shape
    mailboxes: tuple[str, ...]
    owners: tuple[str, ...]


FOLDER_SHAPES = {
    "IdOnly": frozenset[str](),
    "Default": frozenset(
        {"folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount"}
    ),
}
ITEM_SHAPES = {
    "IdOnly": frozenset[str](),
    "Default": frozenset(
        {
            "item:Subject",
            "item:Sensitivity",
            "item:Size",
            "item:DateTimeSent",
            "item:DateTimeCreated",
            "item:HasAttachments",
            "message:From",
            "message:ToRecipients",
            "message:IsRead",
        }
    ),
}
ALL_FOLDER_FIELDS = FOLDER_SHAPES["Default"] | {
    "folder:ParentFolderId",
    "folder:FolderClass",
    "folder:DistinguishedFolderId",
}
ALL_ITEM_FIELDS = ITEM_SHAPES["Default"] | {
    "item:ParentFolderId",
    "item:ItemClass",
    "item:Body",
    "item:DateTimeReceived",
    "item:Importance",
    "item:IsDraft",
    "item:LastModifiedTime",
    "message:Sender",
    "message:InternetMessageId",
}


def read_request(content: bytes) -> Request:
    """Parse an envelope. Raises SoapFault ErrorInvalidRequest when it is no EWS request."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        raise SoapFault("ErrorSchemaValidation") from None
    body = root.find(S + "Body")
    if body is None or len(body) != 1:
        raise SoapFault("ErrorInvalidRequest")
    operation = body[0]
    name = etree.QName(operation).localname
    return Request(
        name.removesuffix("Request"),
        operation,
        _impersonated(root.find(S + "Header")),
        _shape(operation),
        tuple(dict.fromkeys(_mailboxes(operation))),
        tuple(dict.fromkeys(_owners(operation))),
    )


def _impersonated(header: etree._Element | None) -> str | None:
    if header is None:
        return None
    identity = header.find(f"{T}ExchangeImpersonation/{T}ConnectingSID")
    if identity is None:
        return None
    if len(identity) != 1 or not (identity[0].text or "").strip():
        raise SoapFault("ErrorInvalidExchangeImpersonationHeaderData")
    return (identity[0].text or "").strip().lower()


def _owners(operation: etree._Element) -> Iterator[str]:
    for element in operation.iter(T + "ItemId", T + "FolderId"):
        if guid := owner_of(element.get("Id", "")):
            yield guid


def _mailboxes(operation: etree._Element) -> Iterator[str]:
    """Addresses of the mailboxes that a request names, wherever its kind puts them."""
    for element in operation.iter(
        "{*}DistinguishedFolderId", "{*}MailboxData", "{*}Mailbox", "{*}MailboxSmtpAddress"
    ):
        name = etree.QName(element).localname
        text: str | None = None
        if name == "MailboxSmtpAddress":
            text = element.text
        elif name == "DistinguishedFolderId":
            text = element.findtext(f"{T}Mailbox/{T}EmailAddress")
        elif name == "MailboxData":
            text = element.findtext(f"{T}Email/{T}Address")
        elif element.getparent() is operation:
            text = element.findtext(T + "Address")
        if text and text.strip():
            yield text.strip().lower()


def _shape(operation: etree._Element) -> Shape:
    for child in operation:
        name = etree.QName(child).localname
        if name in ("FolderShape", "ItemShape"):
            return _read_shape(child, folders=name == "FolderShape")
    view = operation.findtext(f"{T}FreeBusyViewOptions/{T}RequestedView") or ""
    return Shape(frozenset({"view:Detailed"} if view.startswith("Detailed") else ()), ())


def _read_shape(element: etree._Element, *, folders: bool) -> Shape:
    base = element.findtext(T + "BaseShape") or "IdOnly"
    shapes, everything = (FOLDER_SHAPES, ALL_FOLDER_FIELDS) if folders else (ITEM_SHAPES, ALL_ITEM_FIELDS)
    fields = set(shapes.get(base, everything))
    if base != "IdOnly" and not folders:
        fields.add(f"item:({base})")
    if (element.findtext(T + "IncludeMimeContent") or "") == "true":
        fields.add("item:MimeContent")
    extended: list[PropertyKey] = []
    for path in element.iterfind(f"{T}AdditionalProperties/*"):
        name = etree.QName(path).localname
        if name == "ExtendedFieldURI":
            extended.append(property_key(path))
        else:
            fields.add(path.get("FieldURI", ""))
    return Shape(frozenset(fields), tuple(extended))


def property_key(path: etree._Element) -> PropertyKey:
    """The identity of an ExtendedFieldURI, however it is written: `0x0E08` and `0xe08` are one."""
    kind = path.get("PropertyType", "")
    if tag := path.get("PropertyTag"):
        return ("tag", hex(int(tag, 0)), kind)
    owner = (path.get("DistinguishedPropertySetId") or path.get("PropertySetId") or "").lower()
    if identifier := path.get("PropertyId"):
        return (owner, hex(int(identifier, 0)), kind)
    return (owner, path.get("PropertyName", "").lower(), kind)
