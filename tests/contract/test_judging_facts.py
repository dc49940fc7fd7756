"""What every road must read the same, for the rules about delegates, signatures, labels and leavers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from lxml import etree

from mailbot.model.facts import Reason
from mailbot.model.ids import Address
from mailbot.model.mailbox import AccessList, ForwardRules, Membership, SignatureSetting
from mailbot.model.needs import (
    ForwardingRules,
    GroupMembers,
    InboxAccess,
    Need,
    OutlookDelegates,
    PrivateFolderAccess,
    ReplyOfLeaver,
    SentLabels,
    SignatureSettings,
)
from mailbot.model.sent import Recipient, RecipientKind, SentItem, SubjectSearch
from mailbot.ports import Exchange
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from mailbot.simulator.mailboxes import (
    Flaw,
    Group,
    InboxRule,
    Item,
    Mailbox,
    OwaOptions,
    Right,
    Trouble,
    legacy_dn,
    opaque,
)
from mailbot.simulator.stories import enabled
from tests.contract.conftest import OpenRoad
from tests.contract.roads import listen, one, read, values

SEARCH = SubjectSearch(("vertrouwelijk",), ("persoonlijk",))


@dataclass
class Sieve:
    """A redactor that wants what says "vertrouwelijk", and shows the test what it saw."""

    search: SubjectSearch = SEARCH
    headers: tuple[str, ...] = ("zivver-relay",)
    seen: list[SentItem] = field(default_factory=list)
    keeping: None = None

    def wants(self, subject: str, item_class: str, sensitivity: str) -> bool:
        return "vertrouwelijk" in subject.lower() and sensitivity == "Normal"

    def redact(self, item: SentItem) -> Any:
        self.seen.append(item)
        return len(self.seen)

    def features(self, text: str) -> frozenset[str]:
        return frozenset({"phone"} if "14 0" in text else ())


SINCE = date(2026, 11, 2)
INBOX, DELEGATES, FORWARDING = InboxAccess(), OutlookDelegates(), ForwardingRules()
PRIVATE = PrivateFolderAccess(("privé", "persoonlijk"))
TEAM = GroupMembers(Address("team@voorbeeld.example"))
SIGNATURE, REPLY, LABELS = SignatureSettings(Sieve()), ReplyOfLeaver(Sieve()), SentLabels(SINCE, Sieve())
ALL: tuple[Need[Any], ...] = (
    INBOX, DELEGATES, TEAM, PRIVATE, SIGNATURE, REPLY, FORWARDING, LABELS,
)  # fmt: skip


@pytest.fixture
def three(people: list[Mailbox], somebody: Mailbox) -> list[str]:
    """Addresses of three colleagues."""
    return [mailbox.address for mailbox in people if mailbox is not somebody][:3]


def give(mailbox: Mailbox, folder: str, *rights: Right) -> None:
    mailbox.rights[mailbox.folders.by_name[folder].id] = list(rights)


def send(mailbox: Mailbox, subject: str, **more: Any) -> None:
    folder = mailbox.folders.by_name["sentitems"].id
    id_ = opaque(f"sent|{mailbox.guid}|proef{len(mailbox.items)}")
    details = {"sender": mailbox.address, "sent": datetime(2026, 11, 3, 9, tzinfo=UTC), **more}
    mailbox.items[id_] = Item(id_, folder, subject, **details)


def forget_sent(mailbox: Mailbox) -> None:
    """Whatever the town was furnished with."""
    folder = mailbox.folders.by_name["sentitems"].id
    for item in [item for item in mailbox.items.values() if item.folder == folder]:
        del mailbox.items[item.id]


class TestAccess:
    def test_the_inbox_and_its_delegates(self, road: Exchange, somebody: Mailbox, three: list[str]) -> None:
        give(
            somebody,
            "inbox",
            Right(three[0], "Editor", delegate=True),
            Right(three[1], "Contributor"),
            Right(three[2], "Custom"),
            Right("", "Reviewer"),
            Right("weg@voorbeeld.example", "Editor", delegate=True, orphan=True),
        )
        found = values(read(road, [somebody], [INBOX, DELEGATES])[somebody.guid])
        readers = frozenset(map(Address, (three[0], three[2])))
        assert found["inbox permissions"] == AccessList(readers, unresolved=2)
        assert found["Outlook delegates"] == AccessList(frozenset({Address(three[0])}), orphans=1)

    def test_nobody_at_all(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.rights.clear()
        found = values(read(road, [somebody], [INBOX, DELEGATES])[somebody.guid])
        assert found["inbox permissions"] == found["Outlook delegates"] == AccessList(frozenset())

    def test_a_right_for_everybody(self, road: Exchange, somebody: Mailbox) -> None:
        give(somebody, "inbox", Right("Default", "Reviewer"))
        assert one(road, somebody, INBOX) == AccessList(frozenset(), everyone=True)

    def test_private_folders_that_others_may_read(
        self, road: Exchange, somebody: Mailbox, three: list[str]
    ) -> None:
        somebody.rights.clear()
        parent = somebody.folders.by_name["inbox"]
        names = {"Privé Anna": three[0], "PERSOONLIJK": "Default", "Persoonlijk 2": "", "Wmo": three[0]}
        for name, account in names.items():
            folder = somebody.folders.add(name, parent)
            somebody.rights[folder.id] = [Right(account)] if account else []
        assert one(road, somebody, PRIVATE) == 2


class TestGroup:
    def test_members_of_nested_groups(
        self, road: Exchange, somebody: Mailbox, town: Town, three: list[str]
    ) -> None:
        inner = Group("binnen@voorbeeld.example", (three[1], "team@voorbeeld.example"))
        outer = Group("team@voorbeeld.example", (three[0], inner.address))
        town.groups.update({group.address: group for group in (inner, outer)})
        assert one(road, somebody, TEAM) == Membership(True, frozenset(map(Address, three[:2])))

    def test_a_group_that_hides_its_members(
        self, road: Exchange, somebody: Mailbox, town: Town, three: list[str]
    ) -> None:
        town.groups["team@voorbeeld.example"] = Group("team@voorbeeld.example", (three[0],), hidden=True)
        assert one(road, somebody, TEAM) == Membership(True, frozenset(), complete=False)

    def test_a_colleague_is_no_group_and_nobody_is_unknown(
        self, road: Exchange, somebody: Mailbox, three: list[str]
    ) -> None:
        assert one(road, somebody, GroupMembers(Address(three[0]))) == Membership(group=False)
        assert one(road, somebody, TEAM) is Reason.ACCOUNT_UNRESOLVED


class TestSettings:
    def test_the_signature_of_outlook_on_the_web(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.owa = OwaOptions(True, "<p>Anna & Bram, 14 035</p>", None)
        assert one(road, somebody, SIGNATURE) == SignatureSetting(True, True, frozenset({"phone"}))
        somebody.owa = OwaOptions(False, "", "")
        assert one(road, somebody, SIGNATURE) == SignatureSetting(False, False)
        somebody.owa = None
        assert one(road, somebody, SIGNATURE) == SignatureSetting(False, False)

    def test_what_a_leaver_left_behind(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.reply = enabled(internal="Bel 14 035", external="")
        somebody.rules = [InboxRule("KANARIE", forwards_to="thuis@elders.example")]
        found = values(read(road, [somebody], [REPLY, FORWARDING])[somebody.guid])
        assert found["automatic reply of a leaver"].inside == frozenset({"phone"})
        assert found["automatic reply of a leaver"].outside == frozenset()
        assert found["forwarding rules"] == ForwardRules(1, 0)

    @pytest.mark.parametrize("trouble", [Trouble.DISABLED, Trouble.OUT_OF_SCOPE])
    def test_a_closed_account_is_read_with_our_own_rights(
        self, road: Exchange, somebody: Mailbox, trouble: Trouble
    ) -> None:
        """Its owner cannot be impersonated. Nothing but what a leaver's rule asks is read that way."""
        somebody.trouble = trouble
        somebody.reply = enabled(internal="Bel 14 035")
        somebody.full_access = trouble is Trouble.DISABLED
        found = values(read(road, [somebody], [REPLY, FORWARDING, INBOX])[somebody.guid])
        if trouble is Trouble.DISABLED:
            assert found["automatic reply of a leaver"].inside == frozenset({"phone"})
            assert found["forwarding rules"] == ForwardRules(0, 0)
            assert found["inbox permissions"] is Reason.MAILBOX_DISABLED
        else:
            assert set(found.values()) == {Reason.ACCESS_DENIED}


class TestSent:
    def look(self, road: Exchange, somebody: Mailbox) -> list[SentItem]:
        sieve = Sieve()
        answers = one(road, somebody, SentLabels(SINCE, sieve))
        assert answers == tuple(range(1, len(sieve.seen) + 1))
        return sieve.seen

    @pytest.fixture(autouse=True)
    def empty(self, somebody: Mailbox) -> None:
        forget_sent(somebody)

    def test_labelled_items_since_that_day(self, road: Exchange, somebody: Mailbox) -> None:
        """Of local midnight: 23:00 in UTC the day before. Hands-off items are left out by the search."""
        send(somebody, "VERTROUWELIJK: te oud", sent=datetime(2026, 11, 1, 22, 59, tzinfo=UTC))
        send(somebody, "Vertrouwelijk: net", sent=datetime(2026, 11, 1, 23, tzinfo=UTC))
        send(somebody, "Gewoon")
        send(somebody, "Vertrouwelijk en persoonlijk")
        send(somebody, "Heel vertrouwelijk", sensitivity="Private")
        assert [item.subject for item in self.look(road, somebody)] == ["Vertrouwelijk: net"]

    def test_a_label_behind_255_characters(self, road: Exchange, somebody: Mailbox) -> None:
        send(somebody, "x" * 300 + " vertrouwelijk")
        (seen,) = self.look(road, somebody)
        assert len(seen.subject) == 314

    def test_the_headings_of_an_item(
        self, road: Exchange, somebody: Mailbox, town: Town, three: list[str]
    ) -> None:
        outside = "bureau@elders.example"
        town.contacts["bureau@voorbeeld.example"] = outside
        town.groups["team@voorbeeld.example"] = Group(
            "team@voorbeeld.example", (three[1], "bureau@voorbeeld.example")
        )
        send(
            somebody,
            "Vertrouwelijk",
            item_class="IPM.Note.SMIME",
            to=[(three[0], "A"), ("team@voorbeeld.example", "T")],
            cc=[("los@elders.example", "L")],
            bcc=[(legacy_dn(three[2]), "C"), ("/o=Voorbeeld/cn=Recipients/cn=weg", "W"), ("", "N")],
            attachments=[("smime.p7m", "application/pkcs7-mime")],
            headers={"Zivver-Relay": "zivver-message-info", "X-Ander": "KANARIE"},
            on_behalf_of=three[0],
        )
        (seen,) = self.look(road, somebody)
        assert (seen.item_class, seen.sensitivity, seen.on_behalf) == ("IPM.Note.SMIME", "Normal", True)
        assert [(mark.name, mark.content_type) for mark in seen.attachments] == [
            ("smime.p7m", "application/pkcs7-mime")
        ]
        assert dict(seen.headers) == {"zivver-relay": "zivver-message-info"}
        shown = [(recipient.address, recipient.kind) for recipient in seen.recipients]
        assert shown == [
            (three[0], RecipientKind.MAILBOX),
            ("team@voorbeeld.example", RecipientKind.GROUP),
            ("los@elders.example", RecipientKind.ONE_OFF),
            (three[2], RecipientKind.MAILBOX),
            (None, RecipientKind.MAILBOX),
            (None, RecipientKind.UNKNOWN),
        ]
        members: tuple[Recipient, ...] = seen.recipients[1].members or ()
        assert [(member.address, member.kind) for member in members] == [
            (three[1], RecipientKind.MAILBOX),
            (outside, RecipientKind.CONTACT),
        ]


class TestTrouble:
    @pytest.mark.parametrize(
        ("flaw", "need"),
        [
            (Flaw.PERMISSIONS_DENIED, INBOX),
            (Flaw.DELEGATES_DENIED, DELEGATES),
            (Flaw.OPTIONS_DENIED, SIGNATURE),
            (Flaw.SENT_DENIED, LABELS),
            (Flaw.RULES_DENIED, FORWARDING),
        ],
    )
    def test_what_may_not_be_read_is_unknown_and_the_rest_is_not(
        self, road: Exchange, somebody: Mailbox, town: Town, flaw: Flaw, need: Need[Any]
    ) -> None:
        town.groups["team@voorbeeld.example"] = Group("team@voorbeeld.example", (somebody.address,))
        somebody.flaws = frozenset({flaw})
        found = values(read(road, [somebody], ALL)[somebody.guid])
        denied = {name for name, value in found.items() if isinstance(value, Reason)}
        assert found[need.name] is Reason.ACCESS_DENIED
        assert denied <= {need.name, PRIVATE.name}

    @pytest.mark.parametrize(
        ("kind", "code", "why"),
        [
            (FaultKind.NO_OPERATION, "", Reason.OPERATION_MISSING),
            (FaultKind.CODE, "ErrorMailboxMoveInProgress", Reason.MAILBOX_MOVED),
            (FaultKind.SOAP_CODE, "ErrorADUnavailable", Reason.SERVER_FAILED),
            (FaultKind.BROKEN_XML, "", Reason.ANSWER_BROKEN),
            (FaultKind.UNEXPECTED, "", Reason.OPERATION_MISSING),
            (FaultKind.DROP_BEFORE, "", Reason.CONNECTION_LOST),
            (FaultKind.FORBIDDEN_403, "", Reason.ACCESS_DENIED),
        ],
    )
    def test_a_server_in_trouble_is_unknown_for_every_need(
        self,
        road: Exchange,
        server: SimulatorServer,
        somebody: Mailbox,
        kind: FaultKind,
        code: str,
        why: Reason,
    ) -> None:
        road.sign_in()
        server.faults.add(Fault(kind, code=code))
        for need in ALL:
            assert one(road, somebody, need) is why

    def test_a_success_without_the_value_is_no_value(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        give(somebody, "inbox", Right("anna@voorbeeld.example", "Editor", delegate=True))
        server.faults.add(Fault(FaultKind.VALUE_MISSING))
        somebody.owa = OwaOptions(True, "Anna")
        found = values(read(road, [somebody], [INBOX, DELEGATES, SIGNATURE, REPLY])[somebody.guid])
        assert set(found.values()) == {Reason.VALUE_MISSING}

    def test_a_group_without_the_value_is_unknown(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, town: Town
    ) -> None:
        """Neither what is in it nor what it is."""
        town.groups["team@voorbeeld.example"] = Group("team@voorbeeld.example", (somebody.address,))
        server.faults.add(Fault(FaultKind.VALUE_MISSING))
        assert one(road, somebody, TEAM) is Reason.VALUE_MISSING


def test_every_request_is_valid_small_and_no_deeper_than_its_need(
    open_road: OpenRoad,
    server: SimulatorServer,
    town: Town,
    people: list[Mailbox],
    three: list[str],
    valid: Callable[[Any], None],
) -> None:
    """Headings only of what a search by subject brought up; never a body, a folder's name, an attachment."""
    town.groups["team@voorbeeld.example"] = Group("team@voorbeeld.example", tuple(three))
    for mailbox in people:
        folder = mailbox.folders.add("Privé", mailbox.folders.by_name["inbox"])
        mailbox.rights[folder.id] = [Right(three[0])]
        send(mailbox, "Vertrouwelijk", to=[(legacy_dn(three[0]), "A"), ("team@voorbeeld.example", "T")])
        send(mailbox, "x" * 260 + " vertrouwelijk")
    contents: list[bytes] = []
    listen(server, contents.append)
    facts = read(open_road(), people, ALL)
    assert not [
        fact for found in facts.values() for fact in values(found).values() if isinstance(fact, Reason)
    ]
    for content in contents:
        header, body = etree.fromstring(content)
        for part in (*header, *body):
            valid(part)
    assert max(map(len, contents)) < 64 * 1024
    log = server.access_log()
    assert {line.operation for line in log} >= {
        "GetDelegate", "ExpandDL", "ResolveNames", "GetUserConfiguration", "FindItem", "GetItem",
    }  # fmt: skip
    assert [line.bodies_asked for line in log if line.bodies_asked] == []
    assert [line.operation for line in log if line.headings_asked and not line.subject_searched] == []
    assert not [line for line in log if "folder:DisplayName" in line.properties]
