"""Who may see a folder, and the delegates that Outlook shows."""

import pytest

from mailbot.simulator import Fault, FaultKind
from mailbot.simulator.mailboxes import Flaw, FolderKind, Group, Right

PERMISSIONS = '<t:FieldURI FieldURI="folder:PermissionSet"/>'


@pytest.fixture
def owner(address, town):
    """Somebody who shared nothing yet."""
    someone = address("plain-over")
    town.mailbox(someone).rights.clear()
    return someone


@pytest.fixture
def colleague(address):
    return address("deep-over")


@pytest.fixture
def grant(town, owner):
    """Give rights on a folder of the owner's mailbox, by the folder's distinguished name."""

    def give(folder, *rights):
        mailbox = town.mailbox(owner)
        mailbox.rights[mailbox.folders.by_name[folder].id] = list(rights)

    return give


@pytest.fixture
def permissions(client, asks, owner):
    """The permissions of one folder, as (who, level, may read)."""

    def ask(folder):
        got = client.ask(asks.get_folder(folder, properties=PERMISSIONS), owner)
        assert got.codes == ["NoError"]
        rows = [*got.all(".//t:Permission"), *got.all(".//t:CalendarPermission")]
        return [
            (
                row.findtext("{*}UserId/{*}PrimarySmtpAddress")
                or row.findtext("{*}UserId/{*}DistinguishedUser")
                or row.findtext("{*}UserId/{*}SID"),
                row[-1].text,
                row.findtext("{*}ReadItems"),
            )
            for row in rows
        ]

    return ask


def test_a_folder_that_nobody_shared_shows_default_and_anonymous_without_rights(permissions):
    assert permissions("inbox") == [("Default", "None", "None"), ("Anonymous", "None", "None")]


def test_everybody_sees_when_the_owner_of_a_calendar_is_busy(permissions):
    assert permissions("calendar")[0] == ("Default", "FreeBusyTimeOnly", "TimeOnly")


def test_a_colleague_who_was_given_rights_is_shown_with_address_name_and_sid(
    client, asks, owner, colleague, grant, town, permissions
):
    grant("inbox", Right(colleague, "Editor"), Right("Default", "Reviewer"))
    assert permissions("inbox") == [
        ("Default", "Reviewer", "FullDetails"),
        ("Anonymous", "None", "None"),
        (colleague, "Editor", "FullDetails"),
    ]
    got = client.ask(asks.get_folder("inbox", properties=PERMISSIONS), owner)
    assert town.mailbox(colleague).name in [name.text for name in got.all(".//t:UserId/t:DisplayName")]
    assert got.all(".//t:UserId/t:SID")[0].text.startswith("S-1-5-21-")


@pytest.mark.parametrize(
    ("level", "flags", "edits", "deletes", "reads"),
    [
        ("Owner", "true true true true true", "All", "All", "FullDetails"),
        ("PublishingEditor", "true true false true false", "All", "All", "FullDetails"),
        ("Editor", "true false false true false", "All", "All", "FullDetails"),
        ("PublishingAuthor", "true true false true false", "Owned", "Owned", "FullDetails"),
        ("Author", "true false false true false", "Owned", "Owned", "FullDetails"),
        ("NoneditingAuthor", "true false false true false", "None", "Owned", "FullDetails"),
        ("Reviewer", "false false false true false", "None", "None", "FullDetails"),
        ("Contributor", "true false false true false", "None", "None", "None"),
        ("None", "false false false false false", "None", "None", "None"),
    ],
)
def test_what_a_level_allows(client, asks, owner, colleague, grant, level, flags, edits, deletes, reads):
    """The table of article "PermissionLevel"."""
    grant("inbox", Right(colleague, level))
    got = client.ask(asks.get_folder("inbox", properties=PERMISSIONS), owner)
    row = got.all(".//t:Permission")[-1]
    assert " ".join(child.text for child in row[1:6]) == flags
    assert [child.text for child in row[6:]] == [edits, deletes, reads, level]


def test_custom_rights_may_or_may_not_include_reading(colleague, grant, permissions):
    grant("inbox", Right(colleague, "Custom"))
    assert permissions("inbox")[-1] == (colleague, "Custom", "FullDetails")
    grant("inbox", Right(colleague, "Custom", reads=False))
    assert permissions("inbox")[-1] == (colleague, "Custom", "None")


def test_an_account_can_show_as_a_bare_sid(grant, permissions):
    grant("inbox", Right("", "Reviewer"))
    (who, level, _) = permissions("inbox")[-1]
    assert (who.startswith("S-1-5-21-"), level) == (True, "Reviewer")


def test_accounts_that_are_gone_are_unknown_entries_without_a_level(client, asks, owner, colleague, grant):
    grant("inbox", Right(colleague), Right("", orphan=True), Right("weg@voorbeeld.example", orphan=True))
    got = client.ask(asks.get_folder("inbox", properties=PERMISSIONS), owner)
    entries = [entry.text for entry in got.all(".//t:UnknownEntries/t:UnknownEntry")]
    assert len(set(entries)) == 2
    assert all(entry.startswith("NT User:S-1-5-21-") for entry in entries)
    assert "weg@voorbeeld.example" not in got.text
    assert len(got.all(".//t:Permission")) == 3


def test_permissions_come_only_when_asked_for_and_never_with_find_folder(client, asks, owner):
    assert "PermissionSet" not in client.ask(asks.get_folder("inbox"), owner).text
    listed = client.ask(asks.find_folder(properties=PERMISSIONS), owner)
    assert listed.codes == ["NoError"]
    assert "PermissionSet" not in listed.text


def test_permissions_can_be_denied_while_the_folder_is_readable(client, asks, owner, town):
    town.mailbox(owner).flaws = frozenset({Flaw.PERMISSIONS_DENIED})
    denied = client.ask(asks.get_folder("inbox", "calendar", properties=PERMISSIONS), owner)
    assert denied.codes == ["ErrorAccessDenied", "ErrorAccessDenied"]
    assert client.ask(asks.get_folder("inbox", properties=asks.SIZE), owner).codes == ["NoError"]


def test_a_search_folder_has_no_permissions(client, asks, owner, town):
    mailbox = town.mailbox(owner)
    finder = next(f for f in mailbox.folders.by_id.values() if f.kind is FolderKind.SEARCH)
    body = asks.get_folder("inbox", properties=PERMISSIONS)
    got = client.ask(body.replace(asks.place("inbox"), f'<t:FolderId Id="{finder.id}"/>'), owner)
    assert got.codes == ["NoError"]
    assert "PermissionSet" not in got.text


def test_a_delegate_is_told_with_the_levels_on_each_folder(client, asks, owner, colleague, grant):
    grant("inbox", Right(colleague, "Editor", delegate=True))
    grant("calendar", Right(colleague, "PublishingEditor"))
    got = client.ask(asks.delegates(owner), owner)
    (user,) = got.all(".//m:DelegateUser")
    assert user.findtext("{*}UserId/{*}PrimarySmtpAddress") == colleague
    assert user.findtext(".//{*}InboxFolderPermissionLevel") == "Editor"
    assert user.findtext(".//{*}CalendarFolderPermissionLevel") == "Custom"
    assert user.findtext(".//{*}TasksFolderPermissionLevel") == "None"


def test_a_delegate_for_the_calendar_alone_has_no_rights_on_the_inbox(client, asks, owner, colleague, grant):
    grant("calendar", Right(colleague, "Editor", delegate=True))
    (user,) = client.ask(asks.delegates(owner), owner).all(".//m:DelegateUser")
    assert user.findtext(".//{*}InboxFolderPermissionLevel") == "None"


def test_levels_come_only_when_permissions_are_asked_for(client, asks, owner, colleague, grant):
    grant("inbox", Right(colleague, "Editor", delegate=True))
    got = client.ask(asks.delegates(owner, permissions=False), owner)
    assert got.all(".//m:DelegateUser") and not got.all(".//t:DelegatePermissions")


def test_whoever_merely_has_rights_is_no_delegate_and_without_delegates_there_is_no_list(
    client, asks, owner, colleague, grant
):
    grant("inbox", Right(colleague, "Editor"))
    got = client.ask(asks.delegates(owner), owner)
    assert got.codes == ["NoError"]
    assert got.all("./m:ResponseMessages") == []


def test_a_delegate_who_is_gone_stands_beside_the_good_ones_without_a_name(
    client, asks, owner, colleague, grant
):
    gone = Right("weg@voorbeeld.example", "Editor", delegate=True, orphan=True)
    grant("inbox", gone, Right(colleague, "Reviewer", delegate=True))
    got = client.ask(asks.delegates(owner), owner)
    assert got.content.get("ResponseClass") == "Success"
    assert sorted(got.codes) == ["ErrorDelegateNoUser", "NoError", "NoError"]
    assert colleague in got.text and "weg@voorbeeld.example" not in got.text


def test_only_the_delegates_that_were_named(client, asks, owner, colleague, grant, address):
    grant("inbox", Right(colleague, delegate=True), Right(address("portugal"), delegate=True))
    got = client.ask(asks.delegates(owner, colleague, "niemand@voorbeeld.example"), owner)
    assert got.codes == ["NoError", "NoError", "ErrorNotDelegate"]
    assert [e.text for e in got.all(".//t:PrimarySmtpAddress")] == [colleague]


def test_delegates_can_be_denied(client, asks, owner, town):
    town.mailbox(owner).flaws = frozenset({Flaw.DELEGATES_DENIED})
    assert client.ask(asks.delegates(owner), owner).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.get_folder("inbox", properties=PERMISSIONS), owner).codes == ["NoError"]


def test_a_group_as_delegate_makes_the_whole_question_fail(client, asks, owner, colleague, grant, town):
    """Article "GetDelegate operation": groups as delegates are not supported."""
    town.groups["team@voorbeeld.example"] = Group("team@voorbeeld.example", (colleague,))
    grant("inbox", Right("team@voorbeeld.example", delegate=True), Right(colleague, delegate=True))
    got = client.ask(asks.delegates(owner), owner)
    assert (got.content.get("ResponseClass"), got.codes) == ("Error", ["ErrorDelegateNoUser"])


def test_a_success_without_the_delegates_or_permissions(client, asks, server, owner, colleague, grant):
    grant("inbox", Right(colleague, delegate=True))
    server.faults.add(Fault(FaultKind.VALUE_MISSING))
    assert client.ask(asks.delegates(owner), owner).all(".//m:DelegateUser") == []
    got = client.ask(asks.get_folder("inbox", properties=PERMISSIONS), owner)
    assert got.codes == ["NoError"] and "PermissionSet" not in got.text
