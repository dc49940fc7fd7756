"""Every kind of answer is valid against the EWS schema, whatever was asked and however it went."""

import pytest
from lxml import etree

from mailbot.simulator import Fault, FaultKind, Town
from mailbot.simulator.mailboxes import Group, OwaOptions, Right
from mailbot.simulator.operations import OPERATIONS
from mailbot.simulator.town import STORIES

GROUP = "team@voorbeeld.example"
RIGHTS = (
    Right("deep@voorbeeld.example", "Editor", delegate=True),
    Right(GROUP, "Custom"),
    Right("", "Reviewer"),
    Right("", orphan=True, delegate=True),
    Right("Default", "Contributor"),
)

EVERY_FOLDER_FIELD = "".join(
    f'<t:FieldURI FieldURI="folder:{name}"/>'
    for name in (
        "ParentFolderId",
        "FolderClass",
        "DisplayName",
        "TotalCount",
        "ChildFolderCount",
        "UnreadCount",
        "DistinguishedFolderId",
        "PermissionSet",
    )
)
EVERY_ITEM_FIELD = "".join(
    f'<t:FieldURI FieldURI="{name}"/>'
    for name in (
        "item:ParentFolderId",
        "item:ItemClass",
        "item:Subject",
        "item:Sensitivity",
        "item:Body",
        "item:Attachments",
        "item:DateTimeReceived",
        "item:Size",
        "item:Importance",
        "item:IsDraft",
        "item:InternetMessageHeaders",
        "item:DateTimeSent",
        "item:DateTimeCreated",
        "item:DisplayCc",
        "item:DisplayTo",
        "item:DisplayBcc",
        "item:HasAttachments",
        "item:LastModifiedTime",
        "message:Sender",
        "message:ToRecipients",
        "message:CcRecipients",
        "message:BccRecipients",
        "message:From",
        "message:InternetMessageId",
        "message:IsRead",
    )
)
EVERY_EVENT_FIELD = "".join(
    f'<t:FieldURI FieldURI="{name}"/>'
    for name in (
        "item:Subject",
        "item:Sensitivity",
        "calendar:Start",
        "calendar:End",
        "calendar:IsAllDayEvent",
        "calendar:LegacyFreeBusyStatus",
        "calendar:IsCancelled",
        "calendar:IsRecurring",
        "calendar:CalendarItemType",
        "calendar:MyResponseType",
        "calendar:StartTimeZone",
        "calendar:EndTimeZone",
    )
)
HEADERS = (
    '<t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" '
    'PropertyName="X-Auto-Response-Suppress" PropertyType="String"/>'
)
ZONES = "<m:GetServerTimeZones/>"
CONVERT = (
    '<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EwsId" Id="{id}" '
    'Mailbox="x@voorbeeld.example"/></m:SourceIds></m:ConvertId>'
)


@pytest.fixture
def asked(client, valid):
    """Ask, and hold request and answer against the schema."""

    def ask(body, impersonate=None):
        got = client.ask(body, impersonate)
        valid(got.content)
        return got

    return ask


@pytest.fixture
def requests_by_operation(asks, address, town):
    """One request of every kind that the server knows, with who is impersonated for it."""
    someone, sender = address("plain-over"), town.sender
    item = next(iter(town.mailbox(sender).items))
    mailbox = town.mailbox(someone)
    mailbox.owa = OwaOptions(auto_add=True, html="<p>Groet</p>", text="Groet")
    mailbox.rights = {mailbox.folders.by_name["inbox"].id: list(RIGHTS)}
    town.groups[GROUP] = Group(GROUP, (someone, sender, GROUP, "gast@elders.example"))
    return {
        "ConvertId": (CONVERT.format(id=item), None),
        "CreateItem": (asks.create(someone, sender=sender), None),
        "DeleteItem": (asks.delete(item), None),
        "ExpandDL": (asks.expand(GROUP), None),
        "FindFolder": (asks.find_folder(), someone),
        "FindItem": (asks.find_item("inbox", sender), None),
        "GetDelegate": (asks.delegates(someone), someone),
        "GetFolder": (asks.get_folder("inbox", "calendar", properties=EVERY_FOLDER_FIELD), someone),
        "GetInboxRules": (asks.rules(someone), someone),
        "GetItem": (asks.get_item(item), None),
        "GetServerTimeZones": (ZONES, None),
        "GetUserAvailability": (asks.availability(someone, sender), None),
        "GetUserConfiguration": (asks.options(parts="All"), someone),
        "GetUserOofSettings": (asks.get_reply(someone), someone),
        "ResolveNames": (asks.resolve(someone, full=True), None),
        "SendItem": (asks.send(item, sender), None),
        "SetUserOofSettings": (asks.set_reply(someone, "Enabled", "x"), someone),
        "SyncFolderItems": (asks.sync_items(sender, folder="inbox", properties=EVERY_ITEM_FIELD), None),
    }


def test_every_operation_is_covered_here(requests_by_operation):
    assert set(requests_by_operation) == set(OPERATIONS)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_ordinary_answers(asked, requests_by_operation, operation):
    assert asked(*requests_by_operation[operation]).status == 200


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize(
    "fault",
    [Fault(FaultKind.INTERNAL_BUSY), Fault(FaultKind.CODE, code="ErrorMailboxMoveInProgress")],
    ids=lambda fault: fault.kind.value,
)
def test_answers_that_carry_an_error(asked, server, requests_by_operation, operation, fault):
    server.faults.add(fault)
    got = asked(*requests_by_operation[operation])
    assert got.status == 200
    assert set(got.codes) == {fault.code or "ErrorInternalServerError"}


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"GetServerTimeZones", "ConvertId"}))
def test_refusals_of_the_server_itself(asked, asks, requests_by_operation, operation):
    """The same requests for a mailbox that may not be opened, or for something that is not there."""
    bodies = {
        "DeleteItem": asks.delete("bm9uc2Vuc2U="),
        "GetItem": asks.get_item("bm9uc2Vuc2U="),
        "SendItem": asks.send("bm9uc2Vuc2U=", "x@voorbeeld.example"),
        "CreateItem": asks.create("a@voorbeeld.example", sender="x@voorbeeld.example"),
        "FindItem": asks.find_item("inbox", "x@voorbeeld.example"),
        "SyncFolderItems": asks.sync_items("x@voorbeeld.example"),
        "ExpandDL": asks.expand("x@voorbeeld.example"),
        "ResolveNames": asks.resolve("x@voorbeeld.example"),
    }
    body = bodies.get(operation, requests_by_operation[operation][0])
    if operation == "GetUserAvailability":
        body = asks.availability("niemand@voorbeeld.example")
    got = asked(body, None)
    assert got.status == 200
    assert all(code.startswith("Error") for code in got.codes)


@pytest.fixture(scope="module")
def whole_town():
    """The town with all its stories: there are the unusual values."""
    return Town.build(mailboxes=len(STORIES) + 100)


@pytest.fixture
def asked_whole(serve, client_of, valid, whole_town):
    client = client_of(serve(town=whole_town))

    def ask(body, impersonate=None):
        got = client.ask(body, impersonate)
        valid(got.content)
        return got

    return ask


def test_every_staged_mailbox_gives_valid_answers_to_every_question(asked_whole, asks, whole_town):
    folders = asks.SIZE + EVERY_FOLDER_FIELD
    staged = [whole_town.by_guid(guid) for guid in whole_town.staged().values()]
    for mailbox in staged:
        someone = mailbox.address
        if mailbox.trouble is None:
            asked_whole(asks.find_folder(properties=folders), someone)
            asked_whole(asks.get_reply(someone), someone)
            asked_whole(asks.rules(someone), someone)
            asked_whole(asks.delegates(someone), someone)
            asked_whole(asks.options(), someone)
            asked_whole(asks.find_item("sentitems", properties=EVERY_ITEM_FIELD + HEADERS), someone)
    everybody = [mailbox.address for mailbox in staged]
    asked_whole(asks.availability(*everybody[:100]))
    asked_whole(asks.availability(*everybody[:100], view="DetailedMerged", interval=1440))
    asked_whole(asks.availability(*everybody[:10], view="MergedOnly"))


def test_every_shared_folder_and_every_sent_item_gives_valid_answers(asked_whole, asks, whole_town):
    shared, sent = 0, 0
    for guid in whole_town.staged().values():
        mailbox = whole_town.by_guid(guid)
        if mailbox.trouble is not None:
            continue
        body = asks.get_folder("inbox", properties=EVERY_FOLDER_FIELD)
        for folder in mailbox.rights:
            by_id = body.replace(asks.place("inbox"), f'<t:FolderId Id="{folder}"/>')
            shared += bool(asked_whole(by_id, mailbox.address).all(".//t:PermissionSet"))
        for item in mailbox.items:
            got = asked_whole(asks.get_item(item, EVERY_ITEM_FIELD + HEADERS), mailbox.address)
            sent += bool(got.all(".//t:ToRecipients"))
    assert shared and sent


def test_every_group_and_contact_gives_valid_answers(asked_whole, asks, whole_town):
    assert whole_town.groups and whole_town.contacts
    for group in whole_town.groups:
        asked_whole(asks.expand(group))
    for entry in (*whole_town.groups, *whole_town.contacts):
        assert asked_whole(asks.resolve(entry, full=True)).codes == ["NoError"]


def test_wide_shapes_of_items_and_events(asked, asks, address, town):
    someone, sender = address("every-friday"), town.sender
    fields = EVERY_ITEM_FIELD + HEADERS + asks.KEY
    made = asked(asks.create(someone, sender=sender)).all(".//t:ItemId")[0].get("Id")
    asked(asks.get_item(made, fields, mime=True))
    asked(asks.send(made, sender))
    for folder in ("inbox", "sentitems", "drafts"):
        asked(asks.find_item(folder, sender, properties=fields))
    view = asks.calendar_view(someone, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", EVERY_EVENT_FIELD)
    assert asked(view, someone).all(".//t:CalendarItem")


@pytest.mark.parametrize("full", ["true", "false"])
def test_time_zones_with_and_without_their_rules(asked, full):
    got = asked(f'<m:GetServerTimeZones ReturnFullTimeZoneData="{full}"/>')
    assert bool(got.all(".//t:Periods")) is (full == "true")


def test_the_requests_of_these_tests_are_valid_too(requests_by_operation, valid, client, server, monkeypatch):
    seen = []
    answer = server.answer_ews

    def watch(account, content):
        seen.append(etree.fromstring(content).find("{*}Body")[0])
        return answer(account, content)

    monkeypatch.setattr(server, "answer_ews", watch)
    for body, impersonate in requests_by_operation.values():
        client.ask(body, impersonate)
    assert len(seen) == len(OPERATIONS)
    for content in seen:
        valid(content)


@pytest.mark.parametrize(
    "kind", [FaultKind.SERVER_BUSY, FaultKind.NO_OPERATION, FaultKind.SOAP_CODE], ids=lambda kind: kind.value
)
def test_soap_faults_have_the_documented_shape(client, server, asks, address, kind, schema):
    """No schema of EWS covers faults; their response codes are those of messages.xsd all the same."""
    server.faults.add(Fault(kind, code="ErrorImpersonateUserDenied" if kind is FaultKind.SOAP_CODE else ""))
    someone = address("plain-over")
    got = client.ask(asks.get_reply(someone), someone)
    assert got.status == 500
    assert [child.tag for child in got.content] == ["faultcode", "faultstring", "detail"]
    assert got.content.findtext("faultcode").partition(":")[2] == got.fault
    code = etree.fromstring(
        '<m:GetInboxRulesResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
        f'ResponseClass="Error"><m:ResponseCode>{got.fault}</m:ResponseCode></m:GetInboxRulesResponse>'
    )
    assert schema.validate(code), "a response code that the schema does not know"


def test_an_answer_that_lacks_a_value_is_the_only_kind_that_may_be_odd(
    client, server, asks, address, valid, requests_by_operation
):
    """Even then the schema allows it: what is left out is optional there."""
    server.faults.add(Fault(FaultKind.VALUE_MISSING))
    someone = address("plain-over")
    valid(client.ask(asks.find_folder(), someone).content)
    valid(client.ask(asks.get_reply(someone), someone).content)
    for body, impersonate in requests_by_operation.values():
        valid(client.ask(body, impersonate).content)
