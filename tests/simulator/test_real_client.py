"""The real exchangelib against the town: what it sends is valid, and it understands what it gets."""

from datetime import timedelta

import exchangelib
import pytest
from exchangelib.errors import (
    ErrorDelegateNoUser,
    ErrorImpersonateUserDenied,
    ErrorItemNotFound,
    ErrorMailboxMoveInProgress,
    ErrorNameResolutionNoResults,
    ErrorNonExistentMailbox,
    ErrorTimeIntervalTooBig,
)
from exchangelib.extended_properties import ExtendedProperty
from exchangelib.restriction import Q, Restriction
from exchangelib.services import FindFolder
from exchangelib.version import Build, Version
from lxml import etree

from mailbot.simulator.mailboxes import Group, OwaOptions, Right, legacy_dn

GROUP = "team@voorbeeld.example"
ZONE = exchangelib.EWSTimeZone("Europe/Amsterdam")
START = exchangelib.EWSDateTime(2026, 11, 16, 6, tzinfo=ZONE)


class Key(ExtendedProperty):
    property_set_id = "7c1c2f9e-4f0a-4a4e-8d7b-1b1d5a0f9e11"
    property_name = "mailbot-key"
    property_type = "String"


class Suppress(ExtendedProperty):
    distinguished_property_set_id = "InternetHeaders"
    property_name = "X-Auto-Response-Suppress"
    property_type = "String"


class FolderSize(ExtendedProperty):
    property_tag = 0x0E08
    property_type = "Long"


@pytest.fixture
def registered():
    exchangelib.Message.register("test_key", Key)
    exchangelib.Message.register("test_suppress", Suppress)
    exchangelib.Folder.register("test_size", FolderSize)
    yield
    exchangelib.Message.deregister("test_key")
    exchangelib.Message.deregister("test_suppress")
    exchangelib.Folder.deregister("test_size")


@pytest.fixture(params=[exchangelib.BASIC, exchangelib.NTLM])
def account(request, serve, monkeypatch):
    """An account on a server whose every request and answer is kept in `account.test_traffic`."""
    server = serve()
    traffic = []
    answer = server.answer_ews

    def watch(name, content):
        given = answer(name, content)
        traffic.append((content, given))
        return given

    monkeypatch.setattr(server, "answer_ews", watch)
    made = []

    def open_mailbox(address, access=exchangelib.IMPERSONATION, *, known=True):
        config = exchangelib.Configuration(
            service_endpoint=server.endpoint,
            credentials=exchangelib.Credentials("VOORBEELD\\svc-mailbot", "demo-only"),
            auth_type=request.param if known else None,
            version=Version(Build(15, 2, 1544, 14)) if known else None,
            retry_policy=exchangelib.FailFast(),
            max_connections=1,
        )
        opened = exchangelib.Account(
            address, config=config, autodiscover=False, access_type=access, default_timezone=ZONE
        )
        made.append(opened)
        return opened

    open_mailbox.server, open_mailbox.traffic = server, traffic
    yield open_mailbox
    for opened in made:
        opened.protocol.close()


@pytest.fixture
def all_valid(account, valid):
    """Hold everything that went over the line against the schema, at the end of a test."""
    yield
    assert account.traffic
    for content, given in account.traffic:
        request = etree.fromstring(content).find("{*}Body")[0]
        valid(request)
        reply = etree.fromstring(given.body).find("{*}Body")[0]
        if etree.QName(reply).localname != "Fault":
            valid(reply)


def test_it_reads_the_whole_folder_tree_with_sizes(account, address, registered, all_valid):
    opened = account(address("deep-over"))
    sizes = [folder.test_size for folder in opened.root.walk()]
    assert 3_000_000_000 in sizes


def test_it_reads_and_writes_the_automatic_reply(account, address, all_valid):
    opened = account(address("reply-exact"))
    settings = opened.oof_settings
    assert (settings.state, settings.start.hour) == ("Scheduled", 7)
    opened.oof_settings = exchangelib.OofSettings(
        state="Enabled", external_audience="Known", internal_reply="Weg", external_reply="Away"
    )
    assert (opened.oof_settings.state, opened.oof_settings.external_audience) == ("Enabled", "Known")


def test_it_reads_free_busy_with_zones_that_it_asked_the_server_for(account, address, all_valid):
    opened = account(address("plain-over"))
    people = [(address("made-in-tokyo"), "Required", False), (address("every-friday"), "Required", False)]
    first, second = opened.protocol.get_free_busy_info(
        accounts=people, start=START, end=START + timedelta(days=42), requested_view="FreeBusy"
    )
    away = [event for event in first.calendar_events if event.busy_type == "OOF"]
    assert [(event.start.day, event.start.hour, event.end.hour) for event in away] == [(23, 16, 16)]
    assert len([event for event in second.calendar_events if event.busy_type == "OOF"]) == 6
    assert first.working_hours[0].weekdays == [1, 2, 3, 4, 5]


def test_it_reads_inbox_rules(account, address, all_valid):
    (rule,) = account(address("rule-in-period")).rules
    assert rule.actions.server_reply_with_message is not None
    assert rule.conditions.within_date_range.end_date_time.day == 30
    (hidden,) = account(address("rule-hidden")).rules
    assert hidden.is_not_supported and hidden.actions is None
    assert list(account(address("plain-over")).rules) == []


def share(town, owner, *rights):
    mailbox = town.mailbox(owner)
    mailbox.rights = {mailbox.folders.by_name["inbox"].id: list(rights)}


def test_it_reads_delegates(account, address, town, all_valid):
    owner, colleague = address("plain-over"), address("deep-over")
    share(town, owner, Right(colleague, "Editor", delegate=True), Right(address("portugal")))
    (delegate,) = account(owner).delegates
    assert delegate.user_id.primary_smtp_address == colleague
    assert delegate.delegate_permissions.inbox_folder_permission_level == "Editor"
    share(town, owner)
    assert account(owner).delegates == []


def test_it_loses_all_delegates_when_one_of_them_is_gone(account, address, town, all_valid):
    owner, colleague = address("plain-over"), address("deep-over")
    share(town, owner, Right(colleague, delegate=True), Right("", delegate=True, orphan=True))
    with pytest.raises(ErrorDelegateNoUser):
        account(owner).delegates  # noqa: B018 - reading is the request


def test_it_reads_permissions_but_neither_levels_nor_unknown_entries(account, address, town, all_valid):
    """Both are faults of the client that mailbot reads around."""
    owner, colleague = address("plain-over"), address("deep-over")
    share(town, owner, Right(colleague, "Editor"), Right("", orphan=True))
    shown = account(owner).inbox.permission_set
    *_, permission = shown.permissions
    assert permission.user_id.primary_smtp_address == colleague
    assert (permission.read_items, permission.edit_items) == ("FullDetails", "All")
    assert (permission.permission_level, shown.unknown_entries) == ("None", [])
    _, given = account.traffic[-1]
    assert b"<t:PermissionLevel>Editor" in given.body and b"<t:UnknownEntry>" in given.body


def test_it_expands_a_group_and_resolves_an_address(account, address, town, all_valid):
    someone = address("plain-over")
    town.groups[GROUP] = Group(GROUP, (someone, "gast@elders.example"))
    protocol = account(someone).protocol
    assert [member.email_address for member in protocol.expand_dl(GROUP)] == [someone, "gast@elders.example"]
    with pytest.raises(ErrorNameResolutionNoResults):
        list(protocol.expand_dl("niemand@voorbeeld.example"))
    (found,) = protocol.resolve_names([GROUP], search_scope="ActiveDirectory")
    assert (found.email_address, found.mailbox_type) == (GROUP, "PublicDL")
    (missing,) = protocol.resolve_names(["niemand@voorbeeld.example"], search_scope="ActiveDirectory")
    assert isinstance(missing, ErrorNameResolutionNoResults)


def test_it_reads_the_options_of_outlook_on_the_web(account, address, town, all_valid):
    owner = address("plain-over")
    town.mailbox(owner).owa = OwaOptions(auto_add=True, html="<p>Groet &amp; dag</p>")
    root = account(owner).root
    options = root.get_user_configuration(name="OWA.UserOptions", properties="Dictionary").dictionary
    assert options["autoaddsignature"] is True
    assert options["signaturehtml"] == "<p>Groet &amp; dag</p>"
    town.mailbox(owner).owa = None
    with pytest.raises(ErrorItemNotFound):
        root.get_user_configuration(name="OWA.UserOptions", properties="Dictionary")


def test_it_reads_recipients_and_attachments_of_what_a_search_found(account, address, put, all_valid):
    owner, reader = address("plain-over"), address("deep-over")
    put(
        owner,
        subject="Zeer geheim besluit",
        to=[(reader, "Lezer")],
        bcc=[(legacy_dn("weg@voorbeeld.example"), "Weg")],
        attachments=[("besluit.pdf", "application/pdf")],
    )
    found = account(owner).sent.filter(subject__icontains="zeer geheim")
    (item,) = found.only("subject", "to_recipients", "bcc_recipients", "attachments", "has_attachments")
    assert [one.email_address for one in item.to_recipients] == [reader]
    assert [(one.routing_type, one.mailbox_type) for one in item.bcc_recipients] == [("EX", "Mailbox")]
    assert item.has_attachments and item.attachments[0].name == "besluit.pdf"
    assert all(line.subject_searched for line in account.server.access_log() if line.headings_asked)


def test_it_finds_folders_by_name(account, address, all_valid):
    opened = account(address("plain-over"))
    (folder,) = FindFolder(account=opened).call(
        folders=[opened.root],
        additional_fields=set(),
        restriction=Restriction(
            Q(name__icontains="vertrouwelijk"), folders=[opened.root], applies_to=Restriction.FOLDERS
        ),
        shape="IdOnly",
        depth="Deep",
        max_items=None,
        offset=0,
    )
    assert folder.id


def test_it_expands_a_calendar_view(account, address, all_valid):
    opened = account(address("every-friday"))
    view = opened.calendar.view(start=START, end=START + timedelta(days=14))
    items = list(view.only("start", "end", "legacy_free_busy_status", "is_all_day"))
    fridays = [item for item in items if item.legacy_free_busy_status == "OOF"]
    assert [str(item.start) for item in fridays] == ["2026-11-20", "2026-11-27"]


def test_it_sends_a_mail_in_two_steps_and_finds_it_back(account, address, registered, town, all_valid):
    sender = account(town.sender, exchangelib.DELEGATE)
    someone = address("plain-over")
    mail = exchangelib.Message(
        account=sender,
        folder=sender.drafts,
        subject="Even over je postvak",
        body=exchangelib.HTMLBody("<p>Hoi</p>"),
        to_recipients=[someone],
        message_id="<k-9@voorbeeld.example>",
        sensitivity="Private",
        test_key="k-9",
        test_suppress="All",
    )
    mail.save()
    assert [found.id for found in sender.drafts.filter(test_key="k-9").only("id")] == [mail.id]
    mail.send(save_copy=True)
    assert not list(sender.drafts.filter(test_key="k-9").only("id"))
    (copy,) = sender.sent.filter(message_id="<k-9@voorbeeld.example>").only("test_key", "datetime_sent")
    assert copy.test_key == "k-9"
    (arrived,) = account.server.inbox_of(someone)
    assert arrived.headers == {"X-Auto-Response-Suppress": "All"}
    copy.delete()
    assert not list(sender.sent.filter(test_key="k-9").only("id"))


def test_it_raises_the_errors_that_exchange_would_make_it_raise(account, address, all_valid):
    with pytest.raises(ErrorImpersonateUserDenied):
        account(address("denied")).oof_settings  # noqa: B018 - reading is the request
    with pytest.raises(ErrorNonExistentMailbox):
        account("niemand@voorbeeld.example").oof_settings  # noqa: B018
    with pytest.raises(ErrorMailboxMoveInProgress):
        account(address("moving")).oof_settings  # noqa: B018
    with pytest.raises(ErrorTimeIntervalTooBig):
        list(
            account(address("plain-over")).protocol.get_free_busy_info(
                accounts=[(address("portugal"), "Required", False)],
                start=START,
                end=START + timedelta(days=43),
            )
        )


def test_it_finds_out_the_version_by_itself(account, address, all_valid):
    opened = account(address("plain-over"), known=False)
    assert opened.oof_settings.state == "Disabled"
    assert opened.version.build.major_version == 15
