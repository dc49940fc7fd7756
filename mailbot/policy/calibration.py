"""Calibration of secure mail: from test mails that an administrator sent to the file `secure_mail.toml`.

Per client one plain and one secure mail. What the secure copy shows and no plain copy does is a marker. What
a signature or a label shows too is none: neither is encryption (MS-OXOSMIME 2.1.3.2).
"""

import json
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType

from mailbot.model.secure_mail import Marker, MarkerKind
from mailbot.model.sent import MailSample, SentItem, SubjectSearch
from mailbot.policy.secure_mail import SecureMailFile, proves_nothing
from mailbot.policy.typed import Typed
from mailbot.policy.waivers import year_after
from mailbot.rules.mail import encryption

FRAGMENT = "mailbot calibration"
"""What the server looks for; nobody's ordinary subject."""

HEADERS = (*encryption.HEADERS, "x-microsoft-classified", "x-microsoft-classification")
"""Named headers in which products leave their marks; classifications ([MS-OXCMAIL] 2.1.3.2.17) can steer a
mail-flow rule."""

REVIEW_MONTHS = 6

_HEADER_NAME = re.compile(r"[!-9;-~]{1,100}")
_SUBJECT = re.compile(rf"{FRAGMENT} (plain|secure): *(\S.*)", re.IGNORECASE)
_TAG = re.compile(r"\[[^\[\]\s]{1,40}\]|(?<!\S)(?:#\w{2,40}|zivver:)(?!\S)", re.IGNORECASE)
_LONGEST_CLIENT = 60
LONGEST_NAME = 200
"""Characters of a name or value of a marker; nobody approves what is longer."""

_ENVELOPED = re.compile(r"(.*smime-type=\"?(?:auth)?enveloped-data\"?)", re.IGNORECASE)
_CERTAIN_TYPES = ("multipart/encrypted",)
_KNOWN_HEADERS = frozenset({encryption.CONTENT_TYPE, encryption.CONTENT_CLASS, *encryption.VENDOR_HEADERS})
_KNOWN_FILE = "message.rpmsg"
_PROTECTED_CONTENT = "rpmsg.message"
_PRODUCTS = ("zivver", "smartlockr", "cryptshare", "secumailer", "seppmail", "postguard", "zorgmail")
"""Products for secure mail; a class of mail with such a name is the product's own."""

_LABEL = re.compile(r"MSIP_Label_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_Enabled=true", re.IGNORECASE)
_CHANGES = re.compile(r"[0-9]|[0-9a-f]{8}", re.IGNORECASE)
"""Numbers and keys: parts of a value or name that are another one in every mail."""


def subject(client: str, *, secure: bool) -> str:
    """The subject that a test mail must have; tags may stand before or after it."""
    return f"{FRAGMENT} {'secure' if secure else 'plain'}: {client}"


class SampleRedactor:
    """SentRedactor of test mails. `more_headers` are names that the administrator adds, in any case.

    Raises ValueError for what cannot be the name of a header (RFC 5322 2.2).
    """

    def __init__(self, more_headers: Iterable[str] = ()) -> None:
        names = [name.strip().lower() for name in more_headers]
        if not all(_HEADER_NAME.fullmatch(name) for name in names):
            raise ValueError("a header's name is one word without a colon, such as X-Product-Secured")
        self._headers = tuple(dict.fromkeys((*HEADERS, *names)))

    @property
    def keeping(self) -> None:
        """Test mails are read when somebody asks for a calibration, and not again."""

    @property
    def search(self) -> SubjectSearch:
        return SubjectSearch((FRAGMENT,), ())

    @property
    def headers(self) -> tuple[str, ...]:
        return self._headers

    def wants(self, subject: str, item_class: str, sensitivity: str) -> bool:
        return _parsed(subject) is not None

    def redact(self, item: SentItem) -> MailSample | None:
        parsed = _parsed(item.subject)
        if parsed is None:
            return None
        client, secure, tags = parsed
        headers = {
            name: value.strip()
            for name in self._headers
            if (value := item.headers.get(name, "")) and value.strip()
        }
        # S/MIME tells its type in the header or beside the attachment, whichever Exchange shows.
        for attachment in item.attachments:
            if _ENVELOPED.match(attachment.content_type):
                headers[encryption.CONTENT_TYPE] = attachment.content_type.strip()
        names = tuple(attachment.name.strip() for attachment in item.attachments if attachment.name.strip())
        return MailSample(client, secure, item.item_class, headers, names, tags, item.sent)


def _parsed(text: str) -> tuple[str, bool, tuple[str, ...]] | None:
    """Client, whether sent securely, and tags; None when it is no subject of a test mail."""
    tags = tuple(dict.fromkeys(found.group().casefold() for found in _TAG.finditer(text)))
    found = _SUBJECT.fullmatch(" ".join(_TAG.sub(" ", text).split()))
    if found is None or not found[2].isprintable() or len(found[2]) > _LONGEST_CLIENT:
        return None
    return found[2], found[1].casefold() == "secure", tags


@dataclass(frozen=True, slots=True)
class ClientResult:
    """What the newest pair of one client shows. With an `error` the pair says nothing.

    `markers` prove security; empty: secure mail of this client looks as plain mail does. `unconfirmed` are
    subject tags that prove it only once somebody confirmed their mail-flow rule, `unsure` names of other
    marks that one mail may bear by accident and that prove it only once somebody confirmed them; `labels` the
    GUIDs of sensitivity labels on the secure copy alone of which nobody said yet whether they encrypt.
    """

    client: str
    markers: tuple[Marker, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    error: str = ""
    unsure: tuple[str, ...] = ()


def compare(
    samples: Iterable[MailSample],
    confirmed_tags: Iterable[str] = (),
    labels: Mapping[str, bool] = MappingProxyType({}),
    confirmed: Iterable[str] = (),
) -> tuple[ClientResult, ...]:
    """One result per client, by name. `confirmed_tags` are those on which a mail-flow rule acts; `labels`
    tells of sensitivity labels, by GUID in lower case, whether they encrypt; `confirmed` are names of other
    marks, in any case, that somebody says only secure mail bears. Marks of known products need none."""
    newest: dict[str, dict[bool, MailSample]] = {}
    for sample in sorted(samples, key=lambda one: one.sent or datetime.min.replace(tzinfo=UTC)):
        newest.setdefault(sample.client.casefold(), {})[sample.secure] = sample
    plain = [pair[False] for pair in newest.values() if False in pair]
    tags = frozenset(tag.strip().casefold() for tag in confirmed_tags)
    names = frozenset(name.strip().casefold() for name in confirmed)
    return tuple(_result(newest[client], plain, tags, names, labels) for client in sorted(newest))


def _result(
    pair: Mapping[bool, MailSample],
    plain: Sequence[MailSample],
    confirmed: frozenset[str],
    names: frozenset[str],
    labels: Mapping[str, bool],
) -> ClientResult:
    if len(pair) < 2:
        [there] = pair.values()
        missing = subject(there.client, secure=not there.secure)
        return ClientResult(there.client, error=f"no mail with the subject: {missing}")
    secure, own_plain = pair[True], pair[False]
    tags = [tag for tag in secure.tags if not any(tag in one.tags for one in plain)]
    differ = [
        marker for marker in _differences(secure, own_plain) if not any(shows(one, marker) for one in plain)
    ]
    sure = [marker for marker in differ if _of_product(marker) or marker.name.casefold() in names]
    seen = [
        *sure,
        *_encrypting(secure, labels),
        *(Marker(MarkerKind.SUBJECT_TAG, tag) for tag in tags if tag in confirmed),
    ]
    return ClientResult(
        secure.client,
        tuple(marker for marker in seen if not any(shows(one, marker) for one in plain)),
        tuple(tag for tag in tags if tag not in confirmed),
        tuple(sorted(_labels(secure) - _labels(own_plain) - labels.keys())),
        unsure=tuple(dict.fromkeys(marker.name for marker in differ if marker not in sure)),
    )


def _of_product(marker: Marker) -> bool:
    """Whether a known product leaves this mark, so that no accident of this one mail could have."""
    name = marker.name.casefold()
    match marker.kind:
        case MarkerKind.ITEM_CLASS:
            return any(product in name for product in _PRODUCTS)
        case MarkerKind.ATTACHMENT:
            return name == _KNOWN_FILE
        case MarkerKind.HEADER if name == encryption.CONTENT_CLASS:
            return marker.value.casefold() == _PROTECTED_CONTENT
        case MarkerKind.HEADER:
            return name in _KNOWN_HEADERS
    return False


def _encrypting(secure: MailSample, labels: Mapping[str, bool]) -> Iterator[Marker]:
    """The label that the header begins with, when it is one that encrypts."""
    found = _LABEL.match(secure.headers.get(encryption.LABELS, ""))
    if found and labels.get(found[1].lower()):
        yield Marker(MarkerKind.HEADER, encryption.LABELS, found[0])


def shows(sample: MailSample, marker: Marker) -> bool:
    """Whether a copy carries the marker."""
    name = marker.name.casefold()
    match marker.kind:
        case MarkerKind.ITEM_CLASS:
            return sample.item_class.casefold() == name
        case MarkerKind.ATTACHMENT:
            return name in (one.casefold() for one in sample.attachments)
        case MarkerKind.SUBJECT_TAG:
            return name in sample.tags
        case MarkerKind.HEADER:
            value = sample.headers.get(name)
            return value is not None and value.casefold().startswith(marker.value.casefold())


def _differences(secure: MailSample, plain: MailSample) -> Iterator[Marker]:
    seen = [
        Marker(MarkerKind.ITEM_CLASS, secure.item_class),
        *(
            _header(name, value)
            for name, value in sorted(secure.headers.items())
            if name != encryption.LABELS and not encryption.says_no(value)
        ),
        *(Marker(MarkerKind.ATTACHMENT, name) for name in dict.fromkeys(secure.attachments)),
    ]
    for marker in seen:
        new_every_time = marker.kind is MarkerKind.ATTACHMENT and _CHANGES.search(marker.name)
        if _usable(marker) and not new_every_time and not shows(plain, marker):
            yield marker


def _usable(marker: Marker) -> bool:
    texts = (marker.name, marker.value)
    readable = all(text.isprintable() and len(text) <= LONGEST_NAME for text in texts) and marker.name
    return bool(readable) and not proves_nothing(marker.kind, marker.name, marker.value)


def _header(name: str, value: str) -> Marker:
    stable = _content_type(value) if name == encryption.CONTENT_TYPE else _stable(value)
    return Marker(MarkerKind.HEADER, name, stable)


def _content_type(value: str) -> str:
    """The beginning of a content type that says encrypted; empty for one that does not."""
    enveloped = _ENVELOPED.match(value)
    if enveloped:
        return enveloped[1]
    return next((kind for kind in _CERTAIN_TYPES if value.casefold().startswith(kind)), "")


def _stable(value: str) -> str:
    """The beginning of a value up to its first space, sign of division or part that changes per mail."""
    word = re.split(r"[\s;,=]", value, maxsplit=1)[0]
    return "" if _CHANGES.search(word) else word


def _labels(sample: MailSample) -> frozenset[str]:
    return frozenset(guid.lower() for guid in _LABEL.findall(sample.headers.get(encryption.LABELS, "")))


def forgotten(results: Iterable[ClientResult], existing: SecureMailFile) -> tuple[str, ...]:
    """Clients of the file that no test mail was sent with this time. Written anew, the file would know them
    no more, and call their unmarked mail plain."""
    there = {result.client.casefold() for result in results}
    return tuple(entry.client for entry in existing.clients if entry.client.casefold() not in there)


def review_day(approved: date) -> date:
    """Half a year later; the last day of a month that is shorter."""
    years, month = divmod(approved.month - 1 + REVIEW_MONTHS, 12)
    year, month = approved.year + years, month + 1
    return date(year, month, min(approved.day, monthrange(year, month)[1]))


def recorded(
    results: Sequence[ClientResult],
    existing: SecureMailFile,
    *,
    approver: str,
    approved: date,
    review_by: date | None = None,
) -> SecureMailFile:
    """The file with this calibration in place of an earlier one; labels, trusted domains and gateway stay.

    Raises ValueError, in plain words, when there is no result, a result has an error, nobody approves, or the
    review is not within a year.
    """
    wrong = [result.client for result in results if result.error]
    if wrong or not results:
        raise ValueError(f"not a whole pair of test mails for: {', '.join(wrong) or 'any client'}")
    if not 0 < len(approver.strip()) <= LONGEST_NAME:
        raise ValueError("the approver is one short text, such as CISO")
    review = review_by or review_day(approved)
    if not approved <= review <= year_after(approved):
        raise ValueError(
            f"the review is within a year after the approval: a day from {approved.isoformat()} to "
            f"{year_after(approved).isoformat()}"
        )
    return SecureMailFile.model_validate(
        {
            "calibration": {
                "approver": approver,
                "approved": approved,
                "review_by": review,
            },
            "client": [
                {"client": result.client, "marker": [_entry(marker) for marker in result.markers]}
                for result in results
            ],
            "label": existing.labels,
            "trusted_domain": existing.trusted,
            "gateway": existing.gateway,
        }
    )


def _entry(marker: Marker) -> dict[str, object]:
    tag = marker.kind is MarkerKind.SUBJECT_TAG
    return {
        "kind": marker.kind,
        "name": marker.name,
        "value": marker.value,
        "flow_rule_confirmed": tag,
    }


HEAD = """\
# How secure mail shows on the copy in Sent Items. Written by `mailbot calibrate secure-mail`.
# [calibration] and [[client]] are written anew by every calibration. Labels, trusted domains and the gateway
# are yours: they stay, comments do not. See secure_mail.toml of a new settings folder for every key.
"""


def to_toml(file: SecureMailFile) -> str:
    """The text of `secure_mail.toml`. Read again, it is the same value."""
    tables = [HEAD]
    if file.calibration is not None:
        tables.append(_table("[calibration]", file.calibration))
    for client in file.clients:
        tables.append(_table("[[client]]", client))
        tables += [_table("[[client.marker]]", marker) for marker in client.markers]
    tables += [_table("[[label]]", label) for label in file.labels]
    tables += [_table("[[trusted_domain]]", domain) for domain in file.trusted]
    if file.gateway is not None:
        tables.append(_table("[gateway]", file.gateway))
    return "\n".join(tables)


def _table(heading: str, entry: Typed) -> str:
    """One table with its own keys; those that say nothing and the tables below it are left out."""
    values = entry.model_dump(exclude={"markers"}, exclude_defaults=True)
    return "\n".join([heading, *(f"{key} = {_value(value)}" for key, value in values.items()), ""])


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
