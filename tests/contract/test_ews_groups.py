"""Who is in a group: nested groups, circles, groups that hide, addresses that are no group, and the cache."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from lxml import etree

from mailbot.exchange.ews import address_book
from mailbot.exchange.ews.address_book import Entry, Group
from mailbot.model.facts import Reason
from mailbot.model.ids import Address
from mailbot.model.mailbox import Membership
from mailbot.model.needs import GroupMembers
from mailbot.model.sent import RecipientKind
from mailbot.ports import Exchange
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.canned import Canned, can, messages, person, refusal
from tests.contract.conftest import OpenRoad
from tests.contract.roads import one, read, values

TEAM = GroupMembers(Address("team@voorbeeld.example"))
NO_RESULTS = "ErrorNameResolutionNoResults"


def at(name: str) -> str:
    return f"{name}@voorbeeld.example"


def members(*names: str) -> frozenset[Address]:
    return frozenset(Address(at(name)) for name in names)


def group(name: str) -> str:
    return person(at(name), "PublicDL")


def listing(*mailboxes: str, last: bool = True, total: int | None = None) -> str:
    count = len(mailboxes) if total is None else total
    return messages(
        "ExpandDL",
        f'<m:DLExpansion TotalItemsInView="{count}" IncludesLastItemInRange="{str(last).lower()}">'
        f"{''.join(mailboxes)}</m:DLExpansion>",
    )


def resolution(*mailboxes: str) -> str:
    listed = "".join(f"<t:Resolution>{mailbox}</t:Resolution>" for mailbox in mailboxes)
    return messages(
        "ResolveNames",
        f'<m:ResolutionSet TotalItemsInView="{len(mailboxes)}" IncludesLastItemInRange="true">{listed}'
        "</m:ResolutionSet>",
    )


Directory = Callable[..., Canned]


@pytest.fixture
def directory(server: SimulatorServer, valid: Callable[[Any], None]) -> Directory:
    """An address book: what ExpandDL says by group, and ResolveNames by entry. Others are not to be found."""

    def start(groups: Mapping[str, str], names: Mapping[str, str] | None = None) -> Canned:
        def expand(request: etree._Element) -> str:
            return groups.get(request.findtext(".//{*}EmailAddress") or "", refusal("ExpandDL", NO_RESULTS))

        def resolve(request: etree._Element) -> str:
            entry = request.findtext("{*}UnresolvedEntry") or ""
            return (names or {}).get(entry, refusal("ResolveNames", NO_RESULTS))

        return can(server, {"ExpandDL": expand, "ResolveNames": resolve}, valid)

    return start


class TestMembers:
    def test_members_are_listed(self, road: Exchange, directory: Directory, somebody: Mailbox) -> None:
        """A contact outside is a member like any other; the rule knows who is a colleague."""
        outside = person("bureau@elders.example", "Contact")
        directory({at("team"): listing(person(at("Anna")), person(at("bram")), outside)})
        assert one(road, somebody, TEAM) == Membership(
            True, members("anna", "bram") | {Address("bureau@elders.example")}
        )

    def test_nested_groups_are_flattened(
        self, road: Exchange, directory: Directory, somebody: Mailbox
    ) -> None:
        directory(
            {
                at("team"): listing(person(at("anna")), group("balie"), group("wmo")),
                at("balie"): listing(person(at("bram")), group("avond")),
                at("wmo"): listing(person(at("anna")), person(at("cor"))),
                at("avond"): listing(person(at("dirk"))),
            }
        )
        assert one(road, somebody, TEAM) == Membership(True, members("anna", "bram", "cor", "dirk"))

    def test_groups_that_hold_each_other_are_asked_once(
        self, road: Exchange, directory: Directory, somebody: Mailbox
    ) -> None:
        canned = directory(
            {
                at("team"): listing(person(at("anna")), group("balie")),
                at("balie"): listing(person(at("bram")), group("Team"), group("balie")),
            }
        )
        assert one(road, somebody, TEAM) == Membership(True, members("anna", "bram"))
        assert canned.operations() == ["ExpandDL", "ExpandDL"]

    def test_a_group_nested_too_deep_is_not_complete(
        self, road: Exchange, directory: Directory, somebody: Mailbox
    ) -> None:
        deep = {
            at(f"laag{level}"): listing(person(at(f"p{level}")), group(f"laag{level + 1}"))
            for level in range(20)
        }
        canned = directory({**deep, at("team"): listing(group("laag0"))})
        found = one(road, somebody, TEAM)
        assert not found.complete
        assert found.members == members(*(f"p{level}" for level in range(address_book.DEPTH - 1)))
        assert len(canned.requests) == address_book.DEPTH + 1

    def test_exactly_deep_enough_is_complete(
        self, road: Exchange, directory: Directory, somebody: Mailbox
    ) -> None:
        last = address_book.DEPTH - 2
        deep = {
            at(f"laag{level}"): listing(person(at(f"p{level}")), group(f"laag{level + 1}"))
            for level in range(last)
        }
        deep[at(f"laag{last}")] = listing(person(at("diep")))
        directory({**deep, at("team"): listing(group("laag0"))})
        assert one(road, somebody, TEAM).complete

    def test_too_many_groups_or_members_are_not_complete(
        self,
        road: Exchange,
        directory: Directory,
        somebody: Mailbox,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(address_book, "GROUPS", 3)
        monkeypatch.setattr(address_book, "MEMBERS", 4)
        many = GroupMembers(Address(at("velen")))
        canned = directory(
            {
                at("team"): listing(*(group(f"g{n}") for n in range(9))),
                **{at(f"g{n}"): listing(person(at(f"p{n}"))) for n in range(9)},
                at("velen"): listing(*(person(at(f"p{n}")) for n in range(9))),
            }
        )
        found = values(read(road, [somebody], [TEAM])[somebody.guid])["group members"]
        assert found.group
        assert not found.complete
        assert len(canned.requests) <= 4
        found = one(road, somebody, many)
        assert (len(found.members), found.complete) == (4, False)

    @pytest.mark.parametrize(
        "said",
        [
            listing(person(at("anna")), last=False),
            listing(person(at("anna")), total=3),
            listing(person(at("anna")), person("/o=VOORBEELD/cn=weg", routing="EX")),
            listing(person(at("anna")), person("geen adres")),
            listing(person(at("anna")), group("verborgen")),
            listing(person(at("anna")), "<t:Mailbox><t:MailboxType>PublicDL</t:MailboxType></t:Mailbox>"),
            listing(person(at("anna"), "Unknown")),
        ],
        ids=[
            "more to come",
            "fewer than said",
            "unresolved",
            "no address",
            "hidden nested",
            "nameless nested",
            "of no kind",
        ],
    )
    def test_a_part_that_cannot_be_seen_makes_it_incomplete(
        self, road: Exchange, directory: Directory, somebody: Mailbox, said: str
    ) -> None:
        directory({at("team"): said})
        assert one(road, somebody, TEAM) == Membership(True, members("anna"), complete=False)

    def test_an_address_of_exchange_itself_is_looked_up(
        self, road: Exchange, directory: Directory, somebody: Mailbox
    ) -> None:
        dn = "/o=VOORBEELD/ou=Exchange/cn=Recipients/cn=anna"
        canned = directory(
            {at("team"): listing(person(dn, routing="EX"))}, {dn: resolution(person(at("anna")))}
        )
        assert one(road, somebody, TEAM) == Membership(True, members("anna"))
        (request,) = canned.asked("ResolveNames")
        assert request.get("ReturnFullContactData") == "false"
        assert request.get("SearchScope") == "ActiveDirectory"

    def test_two_who_answer_to_the_name_are_nobody(
        self, road: Exchange, directory: Directory, somebody: Mailbox
    ) -> None:
        dn = "/o=VOORBEELD/cn=anna"
        both = resolution(person(at("anna")), person(at("annabel")))
        directory({at("team"): listing(person(at("cor")), person(dn, routing="EX"))}, {dn: both})
        assert one(road, somebody, TEAM) == Membership(True, members("cor"), complete=False)


class TestWhatIsNoGroup:
    """ExpandDL says the same of a mailbox, of a hidden group and of nothing at all."""

    @pytest.mark.parametrize("said", [refusal("ExpandDL", NO_RESULTS), listing()])
    def test_a_mailbox_is_no_group(
        self, road: Exchange, directory: Directory, somebody: Mailbox, said: str
    ) -> None:
        directory({at("team"): said}, {f"smtp:{at('team')}": resolution(person(at("Team")))})
        assert one(road, somebody, TEAM) == Membership(group=False)

    def test_a_contact_is_no_group_whatever_address_stands_behind_it(
        self, road: Exchange, directory: Directory, somebody: Mailbox
    ) -> None:
        behind = resolution(person("bureau@elders.example", "Contact"))
        directory({}, {f"smtp:{at('team')}": behind})
        assert one(road, somebody, TEAM) == Membership(group=False)

    @pytest.mark.parametrize(
        "said", [refusal("ExpandDL", "ErrorAccessDenied"), refusal("ExpandDL", NO_RESULTS), listing()]
    )
    def test_a_group_that_shows_no_member_is_not_complete(
        self, road: Exchange, directory: Directory, somebody: Mailbox, said: str
    ) -> None:
        """An empty list may be an empty group, or one that hides who is in it."""
        directory({at("team"): said}, {f"smtp:{at('team')}": resolution(group("team"))})
        assert one(road, somebody, TEAM) == Membership(True, frozenset(), complete=False)

    @pytest.mark.parametrize(
        "said",
        [
            refusal("ResolveNames", NO_RESULTS),
            refusal("ResolveNames", "ErrorNameResolutionMultipleResults"),
            resolution(),
            resolution(person(at("team"), "Unknown")),
            resolution(person(at("team"), "PublicFolder")),
            resolution(person("team@voorbeeld.example.org")),
            resolution(person("/o=VOORBEELD/cn=team", routing="EX")),
        ],
    )
    def test_what_nobody_can_see_is_unknown_and_not_a_mailbox(
        self, road: Exchange, directory: Directory, somebody: Mailbox, said: str
    ) -> None:
        directory({}, {f"smtp:{at('team')}": said})
        assert one(road, somebody, TEAM) is Reason.ACCOUNT_UNRESOLVED

    @pytest.mark.parametrize(
        ("code", "why"),
        [
            ("ErrorNameResolutionMultipleResults", Reason.ACCOUNT_UNRESOLVED),
            ("ErrorNameResolutionNoMailbox", Reason.ACCESS_DENIED),
            ("ErrorMailboxStoreUnavailable", Reason.SERVER_FAILED),
            ("ErrorInvalidRecipients", Reason.SERVER_FAILED),
        ],
    )
    def test_other_refusals_are_unknown(
        self, road: Exchange, directory: Directory, somebody: Mailbox, code: str, why: Reason
    ) -> None:
        directory({at("team"): refusal("ExpandDL", code)})
        assert one(road, somebody, TEAM) is why

    def test_trouble_that_passes_in_a_nested_group_is_trouble(
        self, road: Exchange, directory: Directory, somebody: Mailbox
    ) -> None:
        down = refusal("ExpandDL", "ErrorADUnavailable")
        directory({at("team"): listing(person(at("anna")), group("balie")), at("balie"): down})
        assert one(road, somebody, TEAM) is Reason.SERVER_FAILED


class TestCache:
    """The same group stands on many mailboxes."""

    def test_a_group_is_asked_once_in_a_run_and_anew_in_the_next(
        self, open_road: OpenRoad, directory: Directory, people: list[Mailbox]
    ) -> None:
        canned = directory({at("team"): listing(person(at("anna")), group("balie")),
                            at("balie"): listing(person(at("bram")))})  # fmt: skip
        road = open_road(workers=1)
        for rounds in (1, 2):
            facts = read(road, people, [TEAM])
            assert {values(found)["group members"] for found in facts.values()} == {
                Membership(True, members("anna", "bram"))
            }
            assert len(canned.requests) == 2 * rounds

    def test_several_workers_share_what_they_learned(
        self, open_road: OpenRoad, directory: Directory, people: list[Mailbox]
    ) -> None:
        """Two that ask at the same moment both ask; nobody asks again."""
        canned = directory({at("team"): listing(person(at("anna")))})
        read(open_road(workers=3), people, [TEAM])
        assert len(people) > 3 >= len(canned.requests)

    def test_that_an_address_is_no_group_is_remembered_too(
        self, open_road: OpenRoad, directory: Directory, people: list[Mailbox]
    ) -> None:
        canned = directory({}, {f"smtp:{at('team')}": resolution(person(at("team")))})
        read(open_road(workers=1), people, [TEAM, GroupMembers(Address(at("niemand")))])
        assert canned.operations() == ["ExpandDL", "ResolveNames"] * 2

    def test_trouble_is_not_remembered(
        self,
        open_road: OpenRoad,
        server: SimulatorServer,
        people: list[Mailbox],
        valid: Callable[[Any], None],
    ) -> None:
        said = iter([refusal("ExpandDL", "ErrorNameResolutionMultipleResults")])
        can(server, {"ExpandDL": lambda _: next(said, listing(person(at("anna"))))}, valid)
        facts = read(open_road(workers=1), people[:2], [TEAM])
        found = [values(facts[mailbox.guid])["group members"] for mailbox in people[:2]]
        assert found == [Reason.ACCOUNT_UNRESOLVED, Membership(True, members("anna"))]

    def test_entries_print_nobody(self) -> None:
        entry = Entry(at("kanarie"), RecipientKind.MAILBOX)
        assert "kanarie" not in repr(entry) + repr(Group((entry,), True))
