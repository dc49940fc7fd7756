"""Reading EWS requests: the operation, who acts, which mailbox is meant, which properties are wanted."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from mailbot.simulator.mailboxes import PropertyKey, owner_of
from mailbot.simulator.soap import M, S, SoapFault, T

WIDE_SHAPES = frozenset({"item:(Default)", "item:(AllProperties)"})
"""Shapes that bring bodies, subjects and correspondents along, whatever else is asked."""

BODY_PROPERTIES = WIDE_SHAPES | {
    "item:Body",
    "item:MimeContent",
    "item:TextBody",
    "item:UniqueBody",
    "item:NormalizedBody",
    "item:Preview",
    "attachment:Content",
}
SUBJECT_PROPERTIES = WIDE_SHAPES | {"item:Subject", "message:ConversationTopic"}
CORRESPONDENT_PROPERTIES = WIDE_SHAPES | {
    "item:InternetMessageHeaders",
    "item:DisplayTo",
    "item:DisplayCc",
    "item:DisplayBcc",
    "message:Sender",
    "message:From",
    "message:ToRecipients",
    "message:CcRecipients",
    "message:BccRecipients",
}
ATTACHMENT_PROPERTIES = frozenset({"item:Attachments"})
"""Names and types of attachments; their content is "attachment:Content"."""

CONTENT_PROPERTIES = (
    BODY_PROPERTIES
    | SUBJECT_PROPERTIES
    | CORRESPONDENT_PROPERTIES
    | ATTACHMENT_PROPERTIES
    | {
        "calendar:Location",
        "calendar:Organizer",
        "calendar:RequiredAttendees",
        "calendar:OptionalAttendees",
        "folder:DisplayName",
        "view:Detailed",
    }
)
"""Properties that carry words or correspondents of people."""

_TAGGED = {
    "0x37": "item:Subject",
    "0xe1d": "item:Subject",
    "0x70": "message:ConversationTopic",
    "0x7d": "item:InternetMessageHeaders",
    "0xe02": "item:DisplayBcc",
    "0xe03": "item:DisplayCc",
    "0xe04": "item:DisplayTo",
    "0xc1a": "message:Sender",
    "0xc1f": "message:Sender",
    "0x5d01": "message:Sender",
    "0x42": "message:From",
    "0x65": "message:From",
    "0x5d02": "message:From",
    "0x1000": "item:Body",
    "0x1009": "item:Body",
    "0x1013": "item:Body",
    "0x3001": "folder:DisplayName",
}
"""MAPI property tags (MS-OXPROPS) behind which the same words stand, by the property that they equal."""

SHORTEST_FRAGMENT = 3
"""Letters that a piece of a subject has at least; a search for less would find nearly every item."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Properties that a request wants beside the id, as `prefix:Name` and as extended property keys."""

    fields: frozenset[str]
    extended: tuple[PropertyKey, ...]

    def __contains__(self, field: str) -> bool:
        return field in self.fields

    @property
    def names(self) -> tuple[str, ...]:
        return (*sorted(self.fields | self._in_disguise), *(":".join(key) for key in self.extended))

    @property
    def _in_disguise(self) -> set[str]:
        """Fields that are asked for by the tag of their MAPI property."""
        return {_TAGGED[name] for owner, name, _ in self.extended if owner == "tag" and name in _TAGGED}


@dataclass(frozen=True, slots=True)
class Request:
    """One parsed envelope. `operation` is the name without a trailing "Request". `mailboxes` are the
    addresses that it names, `owners` the GUIDs of those whose items and folders it names.

    `looked_up` are entries of the address list that it asks about: no mailbox is opened for those. `items`
    are the identifiers of items that it names. `by_subject` tells a FindItem that lets only items through
    that have one of its fragments in their subject.
    """

    operation: str
    body: etree._Element
    impersonated: str | None
    shape: Shape
    mailboxes: tuple[str, ...]
    owners: tuple[str, ...]
    looked_up: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    by_subject: bool = False


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
    "item:Attachments",
    "item:DisplayCc",
    "item:DisplayTo",
    "message:Sender",
    "message:CcRecipients",
    "message:BccRecipients",
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
        tuple(dict.fromkeys(_looked_up(operation))),
        tuple(element.get("Id", "") for element in operation.iter(T + "ItemId")),
        name == "FindItem" and _demands_subject(operation.find(M + "Restriction")),
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
            if etree.QName(operation).localname == "GetDelegate":
                text = element.findtext(T + "EmailAddress")
        if text and text.strip():
            yield text.strip().lower()


def _looked_up(operation: etree._Element) -> Iterator[str]:
    match etree.QName(operation).localname:
        case "ExpandDL":
            texts = [operation.findtext(f"{M}Mailbox/{T}EmailAddress")]
        case "ResolveNames":
            texts = [element.text for element in operation.iterfind(M + "UnresolvedEntry")]
        case _:
            return
    for text in texts:
        if text and text.strip():
            yield text.strip().lower().removeprefix("smtp:")


def _demands_subject(element: etree._Element | None) -> bool:
    """Whether whatever passes this expression has a given piece of text in its subject."""
    if element is None:
        return False
    match etree.QName(element).localname:
        case "Restriction" | "And":
            return any(_demands_subject(part) for part in element)
        case "Or":
            return len(element) > 0 and all(_demands_subject(part) for part in element)
        case "Contains":
            path, constant = element.find(T + "FieldURI"), element.find(T + "Constant")
            return (
                path is not None
                and path.get("FieldURI") == "item:Subject"
                and constant is not None
                and len(constant.get("Value", "").strip()) >= SHORTEST_FRAGMENT
            )
    return False


def _shape(operation: etree._Element) -> Shape:
    for child in operation:
        name = etree.QName(child).localname
        if name in ("FolderShape", "ItemShape"):
            return _read_shape(child, folders=name == "FolderShape")
    if etree.QName(operation).localname == "GetUserConfiguration":
        return _settings_shape(operation)
    if etree.QName(operation).localname == "GetAttachment":
        return Shape(frozenset({"attachment:Content"}), ())
    view = operation.findtext(f"{T}FreeBusyViewOptions/{T}RequestedView") or ""
    return Shape(frozenset({"view:Detailed"} if view.startswith("Detailed") else ()), ())


def _settings_shape(operation: etree._Element) -> Shape:
    """Of a configuration object its id alone carries no words."""
    parts = (operation.findtext(M + "UserConfigurationProperties") or "").split()
    name = operation.find(M + "UserConfigurationName")
    if name is None or set(parts) <= {"Id"}:
        return Shape(frozenset(), ())
    return Shape(frozenset({f"setting:{name.get('Name', '')}"}), ())


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
