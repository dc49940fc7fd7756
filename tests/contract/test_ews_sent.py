"""Labelled sent items: which are looked for, what is asked of them, who they went to, and what is kept."""

import gc
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from lxml import etree

from mailbot.exchange.ews import sent_calls, sent_items
from mailbot.model.facts import Reason
from mailbot.model.needs import SentLabels, SentSamples
from mailbot.model.sent import Recipient, RecipientKind, SentItem, SubjectSearch
from mailbot.ports import Exchange
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.canned import Canned, asked_fields, can, messages, page, person, refusal, refused
from tests.contract.roads import SIZE, one, read, values
from tests.contract.test_ews_groups import at, group, listing, resolution

SINCE = date(2026, 10, 24)
"""A Saturday: the next night the clock goes back, so that local midnight is 22:00 in UTC."""

SEARCH = SubjectSearch(("vertrouwelijk", "confiden"), ("persoonlijk",))
CANARY = "KANARIE-ONDERWERP"


@dataclass
class Sieve:
    """Wants what says "vertrouwelijk"; keeps what it saw for the test, and answers with a number."""

    search: SubjectSearch = SEARCH
    headers: tuple[str, ...] = ("x-zivver-transport", "msip_labels")
    weighed: list[tuple[str, str, str]] = field(default_factory=list)
    seen: list[SentItem] = field(default_factory=list)
    keeping: None = None

    def wants(self, subject: str, item_class: str, sensitivity: str) -> bool:
        self.weighed.append((subject, item_class, sensitivity))
        return "vertrouwelijk" in subject.lower() and sensitivity == "Normal"

    def redact(self, item: SentItem) -> Any:
        self.seen.append(item)
        return None if item.item_class.startswith("REPORT") else len(self.seen)


def need(sieve: Any) -> SentLabels:
    return SentLabels(SINCE, sieve)


def listed(
    id_: str,
    subject: str = "Vertrouwelijk",
    kind: str = "IPM.Note",
    secret: str = "Normal",
    sent: str = "2026-11-02T09:00:00Z",
) -> str:
    return (
        f'<t:Message><t:ItemId Id="{id_}"/><t:ItemClass>{kind}</t:ItemClass>'
        f"<t:Subject>{subject}</t:Subject><t:Sensitivity>{secret}</t:Sensitivity>"
        f"<t:DateTimeSent>{sent}</t:DateTimeSent></t:Message>"
    )


def item(
    id_: str = "1",
    *,
    subject: str = "Vertrouwelijk",
    kind: str = "IPM.Note",
    attachments: str = "",
    times: str = "<t:DateTimeSent>2026-11-02T09:00:00Z</t:DateTimeSent>",
    to: str = "",
    cc: str = "",
    bcc: str = "",
    headers: Mapping[str, str] | None = None,
    people: str = "",
) -> str:
    """As GetItem shows it, its children in the order of the schema."""
    named = "".join(
        "<t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId='InternetHeaders' "
        f"PropertyName='{name}' PropertyType='String'/><t:Value>{value}</t:Value></t:ExtendedProperty>"
        for name, value in (headers or {}).items()
    )
    lists = "".join(
        f"<t:{name}Recipients>{mailboxes}</t:{name}Recipients>"
        for name, mailboxes in (("To", to), ("Cc", cc), ("Bcc", bcc))
        if mailboxes
    )
    return (
        f'<m:Items><t:Message><t:ItemId Id="{id_}"/><t:ItemClass>{kind}</t:ItemClass>'
        f"<t:Subject>{subject}</t:Subject><t:Sensitivity>Normal</t:Sensitivity>"
        f"<t:Attachments>{attachments}</t:Attachments>{times}{named}{people}{lists}</t:Message></m:Items>"
    )


def signed(sender: str, author: str) -> str:
    return f"<t:Sender>{sender}</t:Sender><t:From>{author}</t:From>"


@dataclass
class SentBox:
    """Sent Items with these listed items, oldest first, and the same items by id as GetItem shows them.
    A page has at most `size` of them."""

    listing: list[str]
    items: Mapping[str, str]
    groups: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    size: int = 200

    def find(self, request: etree._Element) -> str:
        offset = int(next(request.iter("{*}IndexedPageItemView")).get("Offset", ""))
        since = next(request.iter("{*}IsGreaterThanOrEqualTo")).find(".//{*}Constant").get("Value")
        found = [one for one in self.listing if one.split("DateTimeSent>")[1] >= since]
        following = offset + self.size
        shown = found[offset:following]
        return messages("FindItem", page("".join(shown), last=following >= len(found), following=following))

    def get(self, request: etree._Element) -> str:
        wanted = [id_.get("Id", "") for id_ in request.iter("{*}ItemId")]
        return messages("GetItem", *(self.items[id_] for id_ in wanted))

    def expand(self, request: etree._Element) -> str:
        wanted = request.findtext(".//{*}EmailAddress") or next(request.iter("{*}ItemId")).get("Id")
        return self.groups.get(wanted or "", refusal("ExpandDL", "ErrorNameResolutionNoResults"))

    def resolve(self, request: etree._Element) -> str:
        wanted = request.findtext("{*}UnresolvedEntry") or ""
        return self.names.get(wanted, refusal("ResolveNames", "ErrorNameResolutionNoResults"))


Opens = Callable[..., Canned]


@pytest.fixture
def opens(server: SimulatorServer, valid: Callable[[Any], None]) -> Opens:
    def start(box: SentBox, **others: Any) -> Canned:
        replies = {
            "FindItem": box.find,
            "GetItem": box.get,
            "ExpandDL": box.expand,
            "ResolveNames": box.resolve,
        }
        return can(server, {**replies, **others}, valid)

    return start


def alone(shown: str, **more: Any) -> SentBox:
    """A box with one item, labelled."""
    return SentBox([listed("1")], {"1": shown}, **more)


def look(road: Exchange, somebody: Mailbox) -> SentItem:
    """What the redactor got to see of the only item."""
    sieve = Sieve()
    assert one(road, somebody, need(sieve)) == (1,)
    (seen,) = sieve.seen
    return seen


def who(recipient: Recipient) -> tuple[str | None, RecipientKind, Any]:
    """A recipient as a test can read it; by itself it prints nothing."""
    members = recipient.members
    return recipient.address, recipient.kind, None if members is None else [who(one) for one in members]


MAILBOX, GROUP, UNKNOWN = RecipientKind.MAILBOX, RecipientKind.GROUP, RecipientKind.UNKNOWN


class TestSearch:
    def test_the_server_compares_the_subjects(self, road: Exchange, opens: Opens, somebody: Mailbox) -> None:
        canned = opens(SentBox([], {}))
        assert one(road, somebody, need(Sieve())) == ()
        ((_, request),) = canned.requests
        assert asked_fields(request) == [
            "item:ItemClass", "item:Subject", "item:Sensitivity", "item:DateTimeSent",
        ]  # fmt: skip
        assert next(request.iter("{*}DistinguishedFolderId")).get("Id") == "sentitems"
        (condition,) = request.iterfind("{*}Restriction/*")
        kinds = [etree.QName(part).localname for part in condition]
        assert kinds == ["IsGreaterThanOrEqualTo", "IsEqualTo", "Or", "Not"]
        assert [word.get("Value") for word in condition.iter("{*}Constant")] == [
            "2026-10-23T22:00:00Z", "Normal", "vertrouwelijk", "confiden", "persoonlijk",
        ]  # fmt: skip
        assert condition[1][0].get("FieldURI") == "item:Sensitivity"
        for words in condition.iter("{*}Contains"):
            assert words.get("ContainmentMode") == "Substring"
            assert words.get("ContainmentComparison") == "IgnoreCase"

    def test_one_fragment_needs_no_choice(self, road: Exchange, opens: Opens, somebody: Mailbox) -> None:
        canned = opens(SentBox([], {}))
        one(road, somebody, need(Sieve(SubjectSearch(("geheim",), ()))))
        (condition,) = canned.requests[0][1].iterfind("{*}Restriction/*")
        kinds = [etree.QName(part).localname for part in condition]
        assert kinds == ["IsGreaterThanOrEqualTo", "IsEqualTo", "Contains"]

    def test_without_fragments_no_subject_is_asked_for(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        canned = opens(SentBox([listed("1")], {}))
        assert one(road, somebody, need(Sieve(SubjectSearch((), ("persoonlijk",))))) == ()
        assert canned.requests == []

    def test_of_what_is_not_labelled_nothing_more_is_asked(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        """The fragment is found in longer words as well, and in items that are nobody's business."""
        shown = [
            listed("1", "Het is confidentieel"),
            listed("2"),
            listed("3", secret="Private"),
            listed("4", "Niet vertrouwelijk?", "REPORT.IPM.Note.NDR"),
        ]
        canned = opens(SentBox(shown, {"2": item("2"), "4": item("4", kind="REPORT.IPM.Note.NDR")}))
        sieve = Sieve()
        assert one(road, somebody, need(sieve)) == (1,)
        (request,) = canned.asked("GetItem")
        assert [id_.get("Id") for id_ in request.iter("{*}ItemId")] == ["2", "4"]
        assert sieve.weighed[3] == ("Niet vertrouwelijk?", "REPORT.IPM.Note.NDR", "Normal")

    def test_only_headings_are_asked_for(self, road: Exchange, opens: Opens, somebody: Mailbox) -> None:
        canned = opens(alone(item()))
        one(road, somebody, need(Sieve()))
        (request,) = canned.asked("GetItem")
        assert asked_fields(request) == [
            "item:ItemClass", "item:Subject", "item:Sensitivity", "item:DateTimeSent",
            "item:DateTimeCreated", "item:Attachments", "message:ToRecipients", "message:CcRecipients",
            "message:BccRecipients", "message:Sender", "message:From", "x-zivver-transport", "msip_labels",
        ]  # fmt: skip
        shape = next(request.iter("{*}ItemShape"))
        assert [etree.QName(part).localname for part in shape] == ["BaseShape", "AdditionalProperties"]
        assert shape[0].text == "IdOnly"
        assert canned.operations() == ["FindItem", "GetItem"]

    def test_a_subject_that_may_be_cut_off_is_read_in_full_first(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        """FindItem shows 255 characters. One of these two has its label behind them."""
        cut = "x" * 255
        shown = [listed("1", cut), listed("2", cut), listed("3", cut[1:])]
        whole = {"1": item("1", subject=cut + " vertrouwelijk"), "2": item("2", subject=cut + " en meer")}
        canned = opens(SentBox(shown, whole))
        assert one(road, somebody, need(Sieve())) == (1,)
        first, second = canned.asked("GetItem")
        assert asked_fields(first) == ["item:ItemClass", "item:Subject", "item:Sensitivity"]
        assert [id_.get("Id") for id_ in first.iter("{*}ItemId")] == ["1", "2"]
        assert [id_.get("Id") for id_ in second.iter("{*}ItemId")] == ["1"]

    def test_samples_of_a_calibration_come_the_same_way(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        opens(alone(item()))
        assert one(road, somebody, SentSamples(SINCE, Sieve())) == (1,)


class TestPages:
    def box(self, count: int, size: int, *, apart: bool = True) -> SentBox:
        """Items sent a minute `apart`, or all in the same second."""
        ids = [f"{number:03}" for number in range(count)]
        minutes = range(count) if apart else [0] * count
        listing = [
            listed(id_, sent=f"2026-11-02T{9 + minute // 60:02}:{minute % 60:02}:00Z")
            for id_, minute in zip(ids, minutes, strict=True)
        ]
        return SentBox(listing, {id_: item(id_) for id_ in ids}, size=size)

    def test_all_pages_are_read_and_items_in_chunks(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        """Each page begins with the last item of the one before, which is not read again."""
        canned = opens(self.box(130, 60))
        assert one(road, somebody, need(Sieve())) == tuple(range(1, 131))
        sizes = [len(list(request.iter("{*}ItemId"))) for request in canned.asked("GetItem")]
        assert sizes == [50, 10, 50, 9, 11]
        starts = [
            (view.get("Offset"), next(request.iter("{*}IsGreaterThanOrEqualTo")).find(".//{*}Constant"))
            for request in canned.asked("FindItem")
            for view in request.iter("{*}IndexedPageItemView")
        ]
        assert [(offset, constant.get("Value")) for offset, constant in starts if constant is not None] == [
            ("0", "2026-10-23T22:00:00Z"),
            ("0", "2026-11-02T09:59:00Z"),
            ("0", "2026-11-02T10:58:00Z"),
        ]

    def test_a_page_of_one_second_is_followed_by_offset(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        """A mail merge: more mail in one second than a page holds."""
        canned = opens(self.box(7, 3, apart=False))
        assert one(road, somebody, need(Sieve())) == tuple(range(1, 8))
        offsets = [
            view.get("Offset")
            for request in canned.asked("FindItem")
            for view in request.iter("{*}IndexedPageItemView")
        ]
        assert offsets == ["0", "0", "3", "6"]

    def test_an_item_deleted_between_two_pages_hides_no_other(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        """By offset the fourth item would have moved to the page that was read already."""
        box = self.box(6, 3)

        def find(request: etree._Element) -> str:
            answer = box.find(request)
            if len(box.listing) == 6:
                del box.listing[0]
            return answer

        canned = opens(box, FindItem=find)
        assert one(road, somebody, need(Sieve())) == tuple(range(1, 7))
        assert (
            len({id_.get("Id") for request in canned.asked("GetItem") for id_ in request.iter("{*}ItemId")})
            == 6
        )

    def test_pages_without_end_end(
        self, road: Exchange, opens: Opens, somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sent_items, "PAGES", 3)
        opens(self.box(4, 1))
        assert one(road, somebody, need(Sieve())) is Reason.ANSWER_BROKEN

    def test_the_largest_request_stays_small(self, road: Exchange, opens: Opens, somebody: Mailbox) -> None:
        """Long ids and many words; the envelope around it is small."""
        ids = [f"{number:0500}" for number in range(50)]
        words = SubjectSearch(
            tuple(f"fragment{n:02}" for n in range(60)), tuple("zonder" * 2 for _ in range(40))
        )
        canned = opens(SentBox([listed(id_) for id_ in ids], {id_: item(id_) for id_ in ids}))
        one(road, somebody, need(Sieve(words)))
        assert max(len(etree.tostring(request)) for _, request in canned.requests) < 60 * 1024


class TestItem:
    def test_a_plain_one(self, road: Exchange, opens: Opens, somebody: Mailbox) -> None:
        marks = (
            "<t:FileAttachment><t:AttachmentId Id='a'/><t:Name>smime.p7m</t:Name>"
            "<t:ContentType>application/pkcs7-mime</t:ContentType></t:FileAttachment>"
            "<t:ItemAttachment><t:AttachmentId Id='b'/><t:Name>Bericht</t:Name></t:ItemAttachment>"
        )
        headers = {"X-Zivver-Transport": "ja", "msip_labels": ""}
        people = signed(person(somebody.address), person(somebody.address))
        opens(alone(item(kind="IPM.Note.SMIME", attachments=marks, headers=headers, people=people)))
        seen = look(road, somebody)
        assert (seen.subject, seen.item_class, seen.sensitivity) == (
            "Vertrouwelijk",
            "IPM.Note.SMIME",
            "Normal",
        )
        assert seen.sent == datetime(2026, 11, 2, 9, tzinfo=UTC)
        assert [(mark.name, mark.content_type) for mark in seen.attachments] == [
            ("smime.p7m", "application/pkcs7-mime"),
            ("Bericht", ""),
        ]
        assert dict(seen.headers) == {"x-zivver-transport": "ja", "msip_labels": ""}
        assert not seen.on_behalf

    @pytest.mark.parametrize(
        ("times", "expected"),
        [
            ("<t:DateTimeCreated>2026-11-02T08:00:00Z</t:DateTimeCreated>",
             datetime(2026, 11, 2, 8, tzinfo=UTC)),
            ("", None),
            ("<t:DateTimeSent>2026-11-02T09:00:00.123Z</t:DateTimeSent>",
             datetime(2026, 11, 2, 9, 0, 0, 123000, tzinfo=UTC)),
        ],
    )  # fmt: skip
    def test_when_it_was_sent(
        self, road: Exchange, opens: Opens, somebody: Mailbox, times: str, expected: datetime | None
    ) -> None:
        opens(alone(item(times=times)))
        assert look(road, somebody).sent == expected

    @pytest.mark.parametrize(
        ("sender", "author", "expected"),
        [
            ("{owner}", "{Owner}", False),
            ("{owner}", person("wethouder@voorbeeld.example"), True),
            (person("secretaris@voorbeeld.example"), "{owner}", True),
            (person("team.wmo@voorbeeld.example"), person("team.wmo@voorbeeld.example"), True),
            (person("/o=V/cn=owner", routing="EX"), "{owner}", False),
            ("{owner}", person("/o=V/cn=owner", routing="EX"), False),
            (person("/o=V/cn=weg", routing="EX"), person("/o=V/cn=WEG", routing="EX"), True),
            ("{owner}", person("/o=V/cn=weg", routing="EX"), True),
            (person("/o=V/cn=weg", routing="EX"), "{owner}", True),
        ],
        ids=[
            *("own, in any case", "on behalf of", "by a secretary", "sent as the team", "Exchange's sender"),
            *("Exchange's author", "nobody known", "unknown author", "unknown sender"),
        ],
    )
    def test_what_was_not_sent_by_and_as_the_owner_is_nobodys(
        self, road: Exchange, opens: Opens, somebody: Mailbox, sender: str, author: str, expected: bool
    ) -> None:
        own = {"{owner}": person(somebody.address), "{Owner}": person(somebody.address.upper())}
        names = {"/o=V/cn=owner": resolution(person(somebody.address))}
        people = signed(own.get(sender, sender), own.get(author, author))
        opens(alone(item(people=people), names=names))
        assert look(road, somebody).on_behalf is expected

    def test_the_author_alone_may_be_shown_and_without_one_it_is_nobodys(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        opens(alone(item(people=f"<t:From>{person(somebody.address)}</t:From>")))
        assert not look(road, somebody).on_behalf
        opens(alone(item(people=f"<t:Sender>{person(somebody.address)}</t:Sender>")))
        assert look(road, somebody).on_behalf


class TestRecipients:
    def test_to_cc_and_bcc_with_what_exchange_calls_them(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        to = person("Anna@voorbeeld.example") + person("bureau@elders.example", "Contact")
        cc = person("los@elders.example", "OneOff") + person("map@voorbeeld.example", "PublicFolder")
        bcc = "<t:Mailbox><t:EmailAddress>kaal@elders.example</t:EmailAddress></t:Mailbox>"
        opens(alone(item(to=to, cc=cc, bcc=bcc)))
        assert [who(recipient) for recipient in look(road, somebody).recipients] == [
            ("Anna@voorbeeld.example", MAILBOX, None),
            ("bureau@elders.example", RecipientKind.CONTACT, None),
            ("los@elders.example", RecipientKind.ONE_OFF, None),
            ("map@voorbeeld.example", UNKNOWN, None),
            ("kaal@elders.example", UNKNOWN, None),
        ]

    def test_addresses_of_exchange_itself_are_looked_up(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        """The second one is nobody's any more; the third has a fax machine."""
        to = (
            person("/o=V/cn=anna", routing="EX")
            + person("/o=V/cn=weg", routing="EX")
            + person("Fax@035-1234", "OneOff", "FAX")
        )
        opens(alone(item(to=to), names={"/o=V/cn=anna": resolution(person(at("anna")))}))
        assert [who(recipient) for recipient in look(road, somebody).recipients] == [
            (at("anna"), MAILBOX, None),
            (None, MAILBOX, None),
            (None, RecipientKind.ONE_OFF, None),
        ]

    def test_a_group_comes_with_its_members(self, road: Exchange, opens: Opens, somebody: Mailbox) -> None:
        outside = person("bureau@elders.example", "Contact")
        groups = {
            at("team"): listing(person(at("anna")), group("balie")),
            at("balie"): listing(outside),
        }
        opens(alone(item(to=group("team")), groups=groups))
        (recipient,) = look(road, somebody).recipients
        assert who(recipient) == (
            at("team"),
            GROUP,
            [(at("anna"), MAILBOX, None), ("bureau@elders.example", RecipientKind.CONTACT, None)],
        )

    def test_of_a_group_that_is_listed_in_part_somebody_is_unknown(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        opens(alone(item(to=group("team")), groups={at("team"): listing(person(at("anna")), total=2)}))
        (recipient,) = look(road, somebody).recipients
        assert who(recipient) == (at("team"), GROUP, [(at("anna"), MAILBOX, None), (None, UNKNOWN, None)])

    @pytest.mark.parametrize("code", ["ErrorAccessDenied", "ErrorNameResolutionNoResults"])
    def test_a_group_that_hides_has_no_members(
        self, road: Exchange, opens: Opens, somebody: Mailbox, code: str
    ) -> None:
        opens(alone(item(to=group("team")), groups={at("team"): refusal("ExpandDL", code)}))
        (recipient,) = look(road, somebody).recipients
        assert who(recipient) == (at("team"), GROUP, None)

    def test_a_list_among_ones_own_contacts_is_expanded_by_its_id(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        private = (
            "<t:Mailbox><t:Name>Clubje</t:Name><t:RoutingType>MAPIPDL</t:RoutingType>"
            '<t:MailboxType>PrivateDL</t:MailboxType><t:ItemId Id="lijst"/></t:Mailbox>'
        )
        nameless = "<t:Mailbox><t:MailboxType>PrivateDL</t:MailboxType></t:Mailbox>"
        groups = {"lijst": listing(person("ouder@elders.example", "OneOff"))}
        opens(alone(item(to=private + nameless), groups=groups))
        first, second = look(road, somebody).recipients
        assert who(first) == (None, GROUP, [("ouder@elders.example", RecipientKind.ONE_OFF, None)])
        assert who(second) == (None, GROUP, None)

    def test_trouble_that_passes_is_trouble_and_not_a_hidden_group(
        self, road: Exchange, opens: Opens, somebody: Mailbox
    ) -> None:
        down = refusal("ExpandDL", "ErrorADUnavailable")
        opens(alone(item(to=group("team")), groups={at("team"): down}))
        assert one(road, somebody, need(Sieve())) is Reason.SERVER_FAILED


class TestTrouble:
    @pytest.mark.parametrize(
        ("code", "why"),
        [
            ("ErrorItemNotFound", Reason.VALUE_MISSING),
            ("ErrorAccessDenied", Reason.ACCESS_DENIED),
            ("ErrorItemCorrupt", Reason.SERVER_FAILED),
        ],
    )
    def test_one_item_that_cannot_be_read_leaves_no_answer(
        self, road: Exchange, opens: Opens, somebody: Mailbox, code: str, why: Reason
    ) -> None:
        box = SentBox([listed("1"), listed("2")], {})
        good = messages("GetItem", item("1"))
        both = good.replace("</m:ResponseMessages>", refused("GetItem", code) + "</m:ResponseMessages>")
        opens(box, GetItem=both)
        assert one(road, somebody, need(Sieve())) is why

    @pytest.mark.parametrize(
        ("operation", "said", "why"),
        [
            ("FindItem", messages("FindItem", ""), Reason.ANSWER_BROKEN),
            ("FindItem", refusal("FindItem", "ErrorAccessDenied"), Reason.ACCESS_DENIED),
            ("FindItem", messages("FindItem", page("<t:Message/>")), Reason.VALUE_MISSING),
            ("FindItem", messages("FindItem", page(listed("", "Vertrouwelijk"))), Reason.ANSWER_BROKEN),
            (
                "FindItem",
                messages("FindItem", page(listed("1").replace("<t:Sensitivity>Normal</t:Sensitivity>", ""))),
                Reason.VALUE_MISSING,
            ),
            (
                "FindItem",
                messages("FindItem", page(listed("1", sent="2026-11-03T09:00:00Z") + listed("2"))),
                Reason.ANSWER_BROKEN,
            ),
            (
                "FindItem",
                messages("FindItem", page(listed("1", sent="2026-10-23T21:59:59Z"))),
                Reason.ANSWER_BROKEN,
            ),
            ("FindItem", messages("FindItem", page(listed("1"), last=False)), Reason.ANSWER_BROKEN),
            ("GetItem", messages("GetItem"), Reason.ANSWER_BROKEN),
            ("GetItem", messages("GetItem", "<m:Items/>"), Reason.ANSWER_BROKEN),
            ("GetItem", messages("GetItem", item(times="<t:DateTimeSent>ooit</t:DateTimeSent>")),
             Reason.ANSWER_BROKEN),
        ],
    )  # fmt: skip
    def test_odd_answers_are_unknown(
        self, road: Exchange, opens: Opens, somebody: Mailbox, operation: str, said: str, why: Reason
    ) -> None:
        opens(alone(item()), **{operation: said})
        assert one(road, somebody, need(Sieve())) is why

    def test_a_search_without_fragments_cannot_be_sent(self) -> None:
        with pytest.raises(ValueError, match="every subject"):
            sent_calls.find(None, datetime.now(UTC), SubjectSearch((), ()), 0, 0.0)  # type: ignore[arg-type]


class Leaking(Sieve):
    """Redactors with a fault in them that quotes what they were looking at."""

    def __init__(self, at_once: bool) -> None:
        super().__init__()
        self._at_once = at_once

    def wants(self, subject: str, item_class: str, sensitivity: str) -> bool:
        if self._at_once:
            raise LookupError(subject)
        return True

    def redact(self, item: SentItem) -> Any:
        raise ValueError(item.subject, [recipient.address for recipient in item.recipients])


class Forgetful(Sieve):
    """As a redactor should be: what it saw is gone."""

    def redact(self, item: SentItem) -> Any:
        return 7


def alive() -> list[object]:
    """All raw items and recipients in memory; other tests may keep some of their own."""
    return [thing for thing in gc.get_objects() if isinstance(thing, SentItem | Recipient)]


class TestPrivacy:
    @pytest.fixture
    def box(self) -> SentBox:
        shown = item(
            subject=CANARY,
            to=person("kanarie@elders.example", "OneOff") + group("kanarie"),
            attachments="<t:FileAttachment><t:Name>KANARIE.pdf</t:Name></t:FileAttachment>",
            headers={"msip_labels": "KANARIE"},
        )
        return SentBox([listed("1", f"{CANARY} vertrouwelijk")], {"1": shown})

    @pytest.mark.parametrize("at_once", [True, False])
    def test_a_fault_of_a_redactor_is_told_without_the_item(
        self,
        road: Exchange,
        opens: Opens,
        box: SentBox,
        somebody: Mailbox,
        caplog: pytest.LogCaptureFixture,
        at_once: bool,
    ) -> None:
        opens(box)
        with caplog.at_level(logging.DEBUG):
            facts = read(road, [somebody], [need(Leaking(at_once)), SIZE])[somebody.guid]
        assert values(facts)["labelled sent items"] is Reason.RULE_FAILED
        assert not isinstance(values(facts)["mailbox size"], Reason)
        assert "KANARIE" not in (caplog.text + repr(facts)).upper()

    def test_nothing_of_an_item_is_printed_or_logged(
        self, road: Exchange, opens: Opens, box: SentBox, somebody: Mailbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        opens(box)
        sieve = Sieve()
        with caplog.at_level(logging.DEBUG):
            facts = read(road, [somebody], [need(sieve)])[somebody.guid]
        assert values(facts)["labelled sent items"] == (1,)
        shown = repr(facts) + repr(sieve.seen) + repr(sieve.seen[0].recipients)
        assert "KANARIE" not in (caplog.text + shown).upper()

    @pytest.mark.parametrize("redactor", [Forgetful(), Leaking(at_once=False)])
    def test_no_item_outlives_its_redactor(
        self, road: Exchange, opens: Opens, box: SentBox, somebody: Mailbox, redactor: Any
    ) -> None:
        """Not even until the garbage collector comes by, and whether or not the redactor failed."""
        opens(box)
        gc.collect()
        gc.disable()
        before = alive()
        try:
            facts = read(road, [somebody], [need(redactor)])
            left = [thing for thing in alive() if not any(thing is one for one in before)]
        finally:
            gc.enable()
        assert values(facts[somebody.guid])["labelled sent items"] in ((7,), Reason.RULE_FAILED)
        assert left == []

    @pytest.mark.parametrize("operation", ["FindItem", "GetItem", "ExpandDL"])
    def test_words_in_the_place_of_a_code_are_not_repeated(
        self,
        road: Exchange,
        opens: Opens,
        box: SentBox,
        somebody: Mailbox,
        caplog: pytest.LogCaptureFixture,
        operation: str,
    ) -> None:
        opens(box, **{operation: refusal(operation, f"Error {CANARY}")})
        with caplog.at_level(logging.DEBUG):
            facts = read(road, [somebody], [need(Sieve())])[somebody.guid]
        assert values(facts)["labelled sent items"] is Reason.ANSWER_BROKEN
        assert "KANARIE" not in (caplog.text + repr(facts)).upper()
