"""What a sent copy and the channels prove about encryption: secured, plain, or not proven.

That a copy shows no mark proves nothing by itself: a gateway or a mail-flow rule works after the copy was
saved. Only where every mail program of the organisation was calibrated and marks secure mail is an unmarked
copy plain, and only of mail since that calibration was approved. A signature is not encryption, and neither
is Outlook's sensitivity flag. A password on an attached file cannot be seen from outside: beside a kind of
file that can have one nothing is proven.

Sources: [MS-OXOSMIME] 2.1.3.2, [MS-OXORMMS] 2.2.2 and 2.2.3, RFC 3156 (PGP/MIME), RFC 8551 (S/MIME), and
public manuals of the products for their headers.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from mailbot.model.secure_mail import Marker, MarkerKind, SecureMail, TrustedDomain
from mailbot.model.sent import Evidence, SentItem
from mailbot.rules.mail.recipients import Recipients, covering
from mailbot.rules.mail.subject_prefixes import folded

CONTENT_TYPE = "content-type"
CONTENT_CLASS = "content-class"
LABELS = "msip_labels"

VENDOR_HEADERS = ("zivver-relay", "x-zivver-transport", "x-postguard", "x-sm-encrypted", "x-smartlockr")
"""Headers that products for secure mail are known to leave. Without calibration they prove neither that a
mail was secured nor that it was not."""

VENDOR_TAGS = ("[secure]", "#secure", "[veilig]", "#veilig", "[encrypt]", "[beveiligd]", "zivver:")
"""Tags that organisations let a mail-flow rule act on. One that nobody confirmed proves nothing."""

HEADERS = (CONTENT_TYPE, CONTENT_CLASS, LABELS, *VENDOR_HEADERS)
"""Named internet headers that are looked at in every organisation."""

_SMIME_TYPE = re.compile(r'smime-type\s*=\s*"?\s*([a-z-]+)')
_SMIME_OBJECT = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_ENVELOPED = ("enveloped-data", "authenveloped-data")
_MSIP = re.compile(r"msip_label_([0-9a-f-]{36})_([a-z]+)\s*=\s*([^;]*)")
_ENCRYPTS_BIT = 8
_ORDINARY_CLASSES = ("ipm.note", "ipm.note.smime.multipartsigned")
_LOCKED_FILES = (".gpg", ".pgp", ".asc", ".age")
_SMIME_FILE = "smime.p7m"
_LOCKABLE_FILES = (
    *(".zip", ".zipx", ".7z", ".rar", ".pdf", ".rtf"),
    *(".doc", ".docx", ".docm", ".dot", ".dotx", ".xls", ".xlsx", ".xlsm", ".xlsb", ".xlt", ".xltx"),
    *(".ppt", ".pptx", ".pptm", ".pps", ".ppsx", ".one", ".accdb", ".mdb", ".vsd", ".vsdx", ".mpp"),
    *(".odt", ".ods", ".odp", ".odg"),
)
_LOCKABLE_TYPES = (
    *("application/zip", "application/x-zip", "application/x-7z", "application/x-rar", "application/vnd.rar"),
    *("application/pdf", "application/x-pdf", "application/msword", "application/vnd.ms-", "application/rtf"),
    *("application/vnd.openxmlformats-officedocument", "application/vnd.oasis.opendocument"),
)
_NO = frozenset({"no", "nee", "none", "false", "0", "off", "skip", "disabled"})


def headers(secure_mail: SecureMail, today: date) -> tuple[str, ...]:
    """All headers that the evidence needs, those of the calibration included; lower case."""
    calibrated = (m.name.casefold() for m in secure_mail.markers(today) if m.kind is MarkerKind.HEADER)
    return tuple(dict.fromkeys((*HEADERS, *calibrated)))


def says_no(value: str) -> bool:
    """Whether the first word of a header's value says that something was not done."""
    return re.split(r"[\s;,]", value.strip().casefold(), maxsplit=1)[0] in _NO


def evidence(item: SentItem, to: Recipients, secure_mail: SecureMail, sent: date, today: date) -> Evidence:
    """What is proven today about this item, sent on the local day `sent`. Anything secured outweighs all
    doubt; any doubt outweighs the absence of a mark."""
    given = {name.casefold(): value.strip().casefold() for name, value in item.headers.items()}
    if secure_mail.secures_everything(sent, today):
        return Evidence.SECURED
    seen = {
        _smime(item, given),
        _rights_managed(item, given),
        _pgp(item, given),
        _labels(given.get(LABELS, ""), secure_mail.labels),
        _marked(item, given, secure_mail.markers(today)),
        _trusted(to, secure_mail.trusted, sent, today),
        _vendor_traces(item, given),
        _lockable(item),
        Evidence.UNPROVEN if secure_mail.gateway else None,  # not relied on for that day, perhaps at work
    }
    if Evidence.SECURED in seen:
        return Evidence.SECURED
    if Evidence.UNPROVEN in seen or not secure_mail.tells_plain(sent, today):
        return Evidence.UNPROVEN
    return Evidence.PLAIN


def _smime(item: SentItem, given: Mapping[str, str]) -> Evidence | None:
    """The item class alone says "signed or encrypted"; only the type of the object inside tells which."""
    said = [
        given.get(CONTENT_TYPE, ""),
        *(attachment.content_type.casefold() for attachment in item.attachments),
    ]
    objects = [text for text in said if text.startswith(_SMIME_OBJECT)]
    types = {found.group(1) for text in objects if (found := _SMIME_TYPE.search(text))}
    if types & set(_ENVELOPED):
        return Evidence.SECURED
    kind = item.item_class.strip().casefold()
    names = {attachment.name.strip().casefold() for attachment in item.attachments}
    # A clear-signed message keeps its whole MIME text in one file of that name ([MS-OXOSMIME] 2.1.3.1).
    whole = _SMIME_FILE in names and not kind.endswith(".smime.multipartsigned")
    if kind.endswith(".smime") or objects or whole:
        return None if types == {"signed-data"} else Evidence.UNPROVEN
    return None


def _rights_managed(item: SentItem, given: Mapping[str, str]) -> Evidence | None:
    protected = given.get(CONTENT_CLASS) == "rpmsg.message" or any(
        attachment.name.strip().casefold() == "message.rpmsg"
        or attachment.content_type.casefold().startswith("application/x-microsoft-rpmsg-message")
        for attachment in item.attachments
    )
    return Evidence.SECURED if protected else None


def _pgp(item: SentItem, given: Mapping[str, str]) -> Evidence | None:
    if given.get(CONTENT_TYPE, "").startswith("multipart/encrypted"):
        return Evidence.SECURED
    # A file that was encrypted by hand says nothing about the message around it, but is no plain mail.
    if any(attachment.name.strip().casefold().endswith(_LOCKED_FILES) for attachment in item.attachments):
        return Evidence.UNPROVEN
    return None


def _lockable(item: SentItem) -> Evidence | None:
    """A file may have a password that nobody sees from outside (practice: then it is unknown)."""
    locks = any(
        attachment.name.strip().casefold().endswith(_LOCKABLE_FILES)
        or attachment.content_type.strip().casefold().startswith(_LOCKABLE_TYPES)
        for attachment in item.attachments
    )
    return Evidence.UNPROVEN if locks else None


def _labels(header: str, encrypts: Mapping[str, bool]) -> Evidence | None:
    """A label encrypts when the organisation's map says so; of one that is not on it only the content bits
    can tell that it does not. An empty header is that of a mail without a label."""
    if not header:
        return None
    settings: dict[str, dict[str, str]] = {}
    for guid, key, value in _MSIP.findall(header):
        settings.setdefault(guid, {})[key] = value.strip()
    if not settings:
        return Evidence.UNPROVEN
    found = set()
    for guid, values in settings.items():
        if values.get("enabled") == "false":
            continue
        if guid in encrypts:
            found.add(Evidence.SECURED if encrypts[guid] else None)
        else:
            bits = values.get("contentbits", "")
            plain = bits.isascii() and bits.isdecimal() and len(bits) < 6 and not int(bits) & _ENCRYPTS_BIT
            found.add(None if plain else Evidence.UNPROVEN)
    for strongest in (Evidence.SECURED, Evidence.UNPROVEN):
        if strongest in found:
            return strongest
    return None


def _marked(item: SentItem, given: Mapping[str, str], markers: Iterable[Marker]) -> Evidence | None:
    return Evidence.SECURED if any(_bears(item, given, marker) for marker in markers) else None


def _bears(item: SentItem, given: Mapping[str, str], marker: Marker) -> bool:
    """S/MIME's own class and file never count as a mark: signed mail bears them too."""
    name = marker.name.strip().casefold()
    match marker.kind:
        case MarkerKind.ITEM_CLASS:
            ambiguous = name.endswith((".smime", ".smime.multipartsigned")) or name in _ORDINARY_CLASSES
            return not ambiguous and item.item_class.strip().casefold() == name
        case MarkerKind.HEADER:
            value = given.get(name, "")
            return bool(value) and not says_no(value) and value.startswith(marker.value.strip().casefold())
        case MarkerKind.ATTACHMENT:
            names = {attachment.name.strip().casefold() for attachment in item.attachments}
            return name in names - {_SMIME_FILE, "smime.p7s"}
        case MarkerKind.SUBJECT_TAG:
            return _has_tag(folded(item.subject), folded(marker.name))


def _trusted(to: Recipients, trusted: Iterable[TrustedDomain], sent: date, today: date) -> Evidence | None:
    """Counts only when it covers everybody outside. Past its review date, before its approval, or with a
    recipient of whom nobody knows where he is, the channel may still have secured the mail: then nothing is
    proven."""
    if to.guests or not to.external:
        return None
    entries = tuple(trusted)
    holds = [covering(name, entries, sent, today) for name in to.external]
    if None in holds:
        return None
    return Evidence.SECURED if all(holds) and not to.unclear else Evidence.UNPROVEN


def _vendor_traces(item: SentItem, given: Mapping[str, str]) -> Evidence | None:
    """Marks of products, tags and item classes that the calibration does not know."""
    subject = folded(item.subject)
    kind = item.item_class.strip().casefold()
    strange = kind not in _ORDINARY_CLASSES and not kind.endswith((".smime", ".smime.multipartsigned"))
    traces = (
        strange
        or any(given.get(name) for name in VENDOR_HEADERS)
        or any(_has_tag(subject, tag) for tag in VENDOR_TAGS)
    )
    return Evidence.UNPROVEN if traces else None


def _has_tag(subject: str, tag: str) -> bool:
    """Whether the tag stands in the subject as it is, and not as a part of a longer word."""
    if not tag:
        return False
    start = subject.find(tag)
    while start >= 0:
        end = start + len(tag)
        before, after = subject[max(start - 1, 0) : start], subject[end : end + 1]
        if not (tag[0].isalnum() and before.isalnum()) and not (tag[-1].isalnum() and after.isalnum()):
            return True
        start = subject.find(tag, end)
    return False
