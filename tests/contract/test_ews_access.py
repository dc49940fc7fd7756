"""Who may read a mailbox: permissions of the inbox, Outlook's delegates, folders with a private name."""

from collections.abc import Callable
from typing import Any

import pytest

from mailbot.exchange.ews import access_calls
from mailbot.model.facts import Reason
from mailbot.model.ids import Address
from mailbot.model.mailbox import AccessList
from mailbot.model.needs import InboxAccess, OutlookDelegates, PrivateFolderAccess
from mailbot.ports import Exchange
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.canned import Canned, asked_fields, can, messages, page, refused, wrapped
from tests.contract.roads import one

INBOX, DELEGATES = InboxAccess(), OutlookDelegates()
PRIVATE = PrivateFolderAccess(("privé", "persoonlijk"))

Cans = Callable[..., Canned]


@pytest.fixture
def cans(server: SimulatorServer, valid: Callable[[Any], None]) -> Cans:
    return lambda **replies: can(server, replies, valid)


def addresses(*names: str) -> frozenset[Address]:
    return frozenset(Address(f"{name}@voorbeeld.example") for name in names)


def entry(who: str, level: str, reads: str = "", kind: str = "") -> str:
    """A permission of `who`: a name, "Default" or "Anonymous"; empty for an account without an address."""
    if who in ("Default", "Anonymous"):
        user = f"<t:DistinguishedUser>{who}</t:DistinguishedUser>"
    elif who:
        user = f"<t:PrimarySmtpAddress>{who}@voorbeeld.example</t:PrimarySmtpAddress>"
    else:
        user = "<t:SID>S-1-5-21-1</t:SID>"
    flag = f"<t:ReadItems>{reads}</t:ReadItems>" if reads else ""
    return (
        f"<t:{kind}Permission><t:UserId>{user}</t:UserId>"
        "<t:CanCreateItems>false</t:CanCreateItems><t:CanCreateSubFolders>true</t:CanCreateSubFolders>"
        f"{flag}<t:{kind}PermissionLevel>{level}</t:{kind}PermissionLevel></t:{kind}Permission>"
    )


def folder(*entries: str, unknown: int = 0, kind: str = "", element: str = "Folder", id_: str = "in") -> str:
    more = "<t:UnknownEntry>NT User:S-1-5-21-9</t:UnknownEntry>" * unknown
    unknowns = f"<t:UnknownEntries>{more}</t:UnknownEntries>" if unknown else ""
    return (
        f'<m:Folders><t:{element}><t:FolderId Id="{id_}"/><t:PermissionSet>'
        f"<t:{kind}Permissions>{''.join(entries)}</t:{kind}Permissions>{unknowns}"
        f"</t:PermissionSet></t:{element}></m:Folders>"
    )


NOBODY = (entry("Default", "None", "None"), entry("Anonymous", "None", "None"))


class TestInbox:
    @pytest.mark.parametrize(
        "level",
        [
            "Owner",
            "PublishingEditor",
            "Editor",
            "PublishingAuthor",
            "Author",
            "NoneditingAuthor",
            "Reviewer",
        ],
    )
    def test_levels_that_include_reading(
        self, road: Exchange, cans: Cans, somebody: Mailbox, level: str
    ) -> None:
        cans(GetFolder=messages("GetFolder", folder(*NOBODY, entry("anna", level))))
        assert one(road, somebody, INBOX) == AccessList(addresses("anna"))

    @pytest.mark.parametrize("level", ["None", "Contributor"])
    def test_levels_that_do_not(self, road: Exchange, cans: Cans, somebody: Mailbox, level: str) -> None:
        """Whoever may make subfolders may not read by that."""
        cans(GetFolder=messages("GetFolder", folder(*NOBODY, entry("anna", level, "None"))))
        assert one(road, somebody, INBOX) == AccessList(frozenset())

    def test_of_a_level_of_ones_own_making_the_flag_decides(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        entries = [entry("anna", "Custom", "FullDetails"), entry("bram", "Custom", "None")]
        cans(GetFolder=messages("GetFolder", folder(*NOBODY, *entries, entry("cor", "Custom"))))
        assert one(road, somebody, INBOX) == AccessList(addresses("anna"), unresolved=1)

    @pytest.mark.parametrize("who", ["Default", "Anonymous"])
    def test_everyone(self, road: Exchange, cans: Cans, somebody: Mailbox, who: str) -> None:
        cans(GetFolder=messages("GetFolder", folder(entry(who, "Reviewer", "FullDetails"))))
        assert one(road, somebody, INBOX) == AccessList(frozenset(), everyone=True)

    def test_accounts_without_an_address_are_counted(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        """One with a SID only, two that the server itself does not know, and one that may not read."""
        entries = [entry("anna", "Editor"), entry("", "Reviewer"), entry("", "Contributor")]
        cans(GetFolder=messages("GetFolder", folder(*entries, unknown=2)))
        assert one(road, somebody, INBOX) == AccessList(addresses("anna"), unresolved=3)

    def test_an_address_that_is_none_is_not_resolved(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        cans(GetFolder=messages("GetFolder", folder(entry("a b", "Editor"))))
        assert one(road, somebody, INBOX) == AccessList(frozenset(), unresolved=1)

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ('<m:Folders><t:Folder><t:FolderId Id="x"/></t:Folder></m:Folders>', Reason.VALUE_MISSING),
            ("<m:Folders/>", Reason.ANSWER_BROKEN),
            ("", Reason.ANSWER_BROKEN),
            (
                '<m:Folders><t:Folder><t:FolderId Id="x"/><t:PermissionSet/></t:Folder></m:Folders>',
                Reason.VALUE_MISSING,
            ),
            (folder(entry("anna", "Grandmaster")), Reason.ANSWER_BROKEN),
            (folder(entry("anna", "")), Reason.ANSWER_BROKEN),
            (folder("<t:Permission><t:PermissionLevel>Editor</t:PermissionLevel></t:Permission>"),
             Reason.VALUE_MISSING),
        ],
    )  # fmt: skip
    def test_an_odd_answer_is_unknown(
        self, road: Exchange, cans: Cans, somebody: Mailbox, said: str, why: Reason
    ) -> None:
        cans(GetFolder=messages("GetFolder", said))
        assert one(road, somebody, INBOX) is why

    @pytest.mark.parametrize(
        ("code", "why"),
        [("ErrorAccessDenied", Reason.ACCESS_DENIED), ("ErrorFolderNotFound", Reason.VALUE_MISSING)],
    )
    def test_a_refusal_is_unknown(
        self, road: Exchange, cans: Cans, somebody: Mailbox, code: str, why: Reason
    ) -> None:
        cans(GetFolder=wrapped("GetFolder", refused("GetFolder", code)))
        assert one(road, somebody, INBOX) is why

    def test_one_request_for_the_permissions_of_the_inbox_alone(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        canned = cans(GetFolder=messages("GetFolder", folder(*NOBODY)))
        one(road, somebody, INBOX)
        (request,) = canned.asked("GetFolder")
        assert asked_fields(request) == ["folder:PermissionSet"]
        (wanted,) = request.iter("{*}DistinguishedFolderId")
        assert wanted.get("Id") == "inbox"
        assert wanted.findtext(".//{*}EmailAddress") == somebody.address


def delegate(who: str, inbox: str | None, code: str = "NoError") -> str:
    if code != "NoError":
        return (
            '<m:DelegateUserResponseMessageType ResponseClass="Error"><m:MessageText>Weg.</m:MessageText>'
            f"<m:ResponseCode>{code}</m:ResponseCode></m:DelegateUserResponseMessageType>"
        )
    address = f"<t:PrimarySmtpAddress>{who}@voorbeeld.example</t:PrimarySmtpAddress>" if who else ""
    rights = (
        "<t:DelegatePermissions><t:CalendarFolderPermissionLevel>Editor</t:CalendarFolderPermissionLevel>"
        f"<t:InboxFolderPermissionLevel>{inbox}</t:InboxFolderPermissionLevel></t:DelegatePermissions>"
    )
    return (
        '<m:DelegateUserResponseMessageType ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"<m:DelegateUser><t:UserId><t:SID>S-1-5-21-1</t:SID>{address}</t:UserId>"
        f"{rights if inbox else ''}</m:DelegateUser></m:DelegateUserResponseMessageType>"
    )


def delegates(*each: str, code: str = "NoError") -> str:
    listed = f"<m:ResponseMessages>{''.join(each)}</m:ResponseMessages>" if each else ""
    good = "Success" if code == "NoError" else "Error"
    return (
        f'<m:GetDelegateResponse ResponseClass="{good}"><m:ResponseCode>{code}</m:ResponseCode>'
        f"{listed}</m:GetDelegateResponse>"
    )


class TestDelegates:
    def test_those_with_reading_rights_on_the_inbox(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        """Dirk keeps the calendar only. Of Eva's own mixture of rights nobody can tell."""
        each = [
            delegate("anna", "Reviewer"),
            delegate("bram", "Author"),
            delegate("cor", "Editor"),
            delegate("dirk", "None"),
            delegate("eva", "Custom"),
        ]
        cans(GetDelegate=delegates(*each))
        assert one(road, somebody, DELEGATES) == AccessList(addresses("anna", "bram", "cor"), unresolved=1)

    @pytest.mark.parametrize("code", ["NoError", "ErrorDelegateNoUser"])
    def test_an_orphan_spoils_no_other(
        self, road: Exchange, cans: Cans, somebody: Mailbox, code: str
    ) -> None:
        """Whether or not the server calls the whole answer an error because of it."""
        gone = delegate("", "", "ErrorDelegateNoUser")
        cans(GetDelegate=delegates(gone, delegate("anna", "Editor"), gone, code=code))
        assert one(road, somebody, DELEGATES) == AccessList(addresses("anna"), orphans=2)

    def test_without_delegates_the_list_is_empty(self, road: Exchange, cans: Cans, somebody: Mailbox) -> None:
        cans(GetDelegate=delegates())
        assert one(road, somebody, DELEGATES) == AccessList(frozenset())

    def test_a_delegate_who_is_not_shown_well_is_not_resolved(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        """One whose rights are left out, one without an address, one whom we may not see."""
        each = [
            delegate("anna", None),
            delegate("", "Editor"),
            delegate("bram", "", "ErrorAccessDenied"),
            delegate("cor", "Editor"),
        ]
        cans(GetDelegate=delegates(*each))
        assert one(road, somebody, DELEGATES) == AccessList(addresses("cor"), unresolved=3)

    def test_trouble_that_passes_with_one_of_them_is_trouble(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        each = [delegate("anna", "Editor"), delegate("bram", "", "ErrorMailboxStoreUnavailable")]
        cans(GetDelegate=delegates(*each))
        assert one(road, somebody, DELEGATES) is Reason.SERVER_FAILED

    @pytest.mark.parametrize(
        ("code", "why"),
        [
            ("ErrorAccessDenied", Reason.ACCESS_DENIED),
            ("ErrorDelegateMissingConfiguration", Reason.VALUE_MISSING),
            ("ErrorDelegateNoUser", Reason.ACCOUNT_UNRESOLVED),
        ],
    )
    def test_a_refusal_is_unknown_and_not_an_empty_list(
        self, road: Exchange, cans: Cans, somebody: Mailbox, code: str, why: Reason
    ) -> None:
        cans(GetDelegate=delegates(code=code))
        assert one(road, somebody, DELEGATES) is why

    def test_a_refusal_beside_a_list_counts(self, road: Exchange, cans: Cans, somebody: Mailbox) -> None:
        cans(GetDelegate=delegates(delegate("anna", "Editor"), code="ErrorAccessDenied"))
        assert one(road, somebody, DELEGATES) is Reason.ACCESS_DENIED

    def test_a_good_message_without_a_delegate_is_unknown(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        empty = (
            '<m:DelegateUserResponseMessageType ResponseClass="Success"><m:ResponseCode>NoError'
            "</m:ResponseCode></m:DelegateUserResponseMessageType>"
        )
        cans(GetDelegate=delegates(empty))
        assert one(road, somebody, DELEGATES) is Reason.VALUE_MISSING


def found(*ids: str, element: str = "Folder", last: bool = True, following: int = 0) -> str:
    listed = "".join(f'<t:{element}><t:FolderId Id="{id_}"/></t:{element}>' for id_ in ids)
    return messages("FindFolder", page(listed, kind="Folders", last=last, following=following))


def permissions_of(**folders: str) -> Callable[[Any], str]:
    """GetFolder for whichever of these folders is asked for."""

    def reply(request: Any) -> str:
        return messages("GetFolder", *(folders[wanted.get("Id")] for wanted in request.iter("{*}FolderId")))

    return reply


class TestPrivateFolders:
    def test_those_that_somebody_else_may_read_are_counted(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        """Shared with Anna; with everybody; with nobody; an owner's entry for herself; a calendar that shows
        everybody when she is busy, and one that Bram may read."""
        me = somebody.address.partition("@")[0]
        busy = entry("Default", "FreeBusyTimeOnly", "TimeOnly", "Calendar")
        cans(
            FindFolder=found("a", "b", "c", "d", "e", "f"),
            GetFolder=permissions_of(
                a=folder(*NOBODY, entry("anna", "Reviewer")),
                b=folder(entry("Default", "Reviewer")),
                c=folder(*NOBODY, unknown=1),
                d=folder(*NOBODY, entry(me, "Owner")),
                e=folder(busy, kind="Calendar", element="CalendarFolder"),
                f=folder(busy, entry("bram", "Editor", "", "Calendar"), kind="Calendar",
                         element="CalendarFolder"),
            ),
        )  # fmt: skip
        assert one(road, somebody, PRIVATE) == 3

    def test_the_server_compares_the_names_and_is_not_asked_for_one(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        canned = cans(FindFolder=found("a"), GetFolder=permissions_of(a=folder(*NOBODY)))
        one(road, somebody, PRIVATE)
        (search,) = canned.asked("FindFolder")
        assert asked_fields(search) == []
        assert [word.get("Value") for word in search.iter("{*}Constant")] == ["privé", "persoonlijk"]
        assert [path.get("FieldURI") for path in search.iter("{*}FieldURI")] == ["folder:DisplayName"] * 2
        assert search.get("Traversal") == "Deep"
        assert next(search.iter("{*}DistinguishedFolderId")).get("Id") == "msgfolderroot"
        assert asked_fields(canned.asked("GetFolder")[0]) == ["folder:PermissionSet"]

    @pytest.mark.parametrize("element", ["Folder", "SearchFolder"])
    def test_nothing_found_costs_no_second_request(
        self, road: Exchange, cans: Cans, somebody: Mailbox, element: str
    ) -> None:
        """A search folder with such a name holds no mail of its own."""
        ids = [] if element == "Folder" else ["zoekmap"]
        canned = cans(FindFolder=found(*ids, element=element), GetFolder=permissions_of())
        assert one(road, somebody, PRIVATE) == 0
        assert canned.operations() == ["FindFolder"]

    @pytest.mark.parametrize("words", [(), ("",)])
    def test_without_words_nothing_is_asked(
        self, road: Exchange, cans: Cans, somebody: Mailbox, words: tuple[str, ...]
    ) -> None:
        canned = cans(FindFolder=found(), GetFolder=permissions_of())
        assert one(road, somebody, PrivateFolderAccess(words)) == 0
        assert canned.operations() == []

    def test_a_hundred_folders_are_asked_in_chunks(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        """They come on two pages of sixty; one stands on both."""
        ids = [f"{number:03}" for number in range(119)]

        def listing(request: Any) -> str:
            first = next(request.iter("{*}IndexedPageFolderView")).get("Offset") == "0"
            return found(*(ids[:60] if first else ids[59:]), last=not first, following=60 if first else 120)

        canned = cans(
            FindFolder=listing,
            GetFolder=permissions_of(**dict.fromkeys(ids, folder(entry("anna", "Editor")))),
        )
        assert one(road, somebody, PRIVATE) == 119
        sizes = [len(list(request.iter("{*}FolderId"))) for request in canned.asked("GetFolder")]
        assert sizes == [50, 50, 19]

    def test_pages_without_end_end(
        self, road: Exchange, cans: Cans, somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(access_calls, "PAGES", 3)

        def again(request: Any) -> str:
            offset = int(next(request.iter("{*}IndexedPageFolderView")).get("Offset"))
            return found(f"id{offset}", last=False, following=offset + 1)

        canned = cans(FindFolder=again)
        assert one(road, somebody, PRIVATE) is Reason.ANSWER_BROKEN
        assert len(canned.requests) == 3

    @pytest.mark.parametrize("following", [0, -1])
    def test_a_page_that_leads_nowhere_is_trouble(
        self, road: Exchange, cans: Cans, somebody: Mailbox, following: int
    ) -> None:
        cans(FindFolder=found("a", last=False, following=following))
        assert one(road, somebody, PRIVATE) is Reason.ANSWER_BROKEN

    def test_one_folder_that_cannot_be_read_leaves_no_count(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        good = messages("GetFolder", folder(entry("anna", "Editor")))
        both = good.replace(
            "</m:ResponseMessages>", refused("GetFolder", "ErrorAccessDenied") + "</m:ResponseMessages>"
        )
        cans(FindFolder=found("a", "b"), GetFolder=both)
        assert one(road, somebody, PRIVATE) is Reason.ACCESS_DENIED

    def test_a_message_too_few_leaves_no_count(self, road: Exchange, cans: Cans, somebody: Mailbox) -> None:
        cans(FindFolder=found("a", "b"), GetFolder=messages("GetFolder", folder(*NOBODY)))
        assert one(road, somebody, PRIVATE) is Reason.ANSWER_BROKEN
