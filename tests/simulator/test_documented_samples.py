"""Answers have the structure of the responses that Microsoft documents for the same questions.

Each test names the article of the EWS reference (office-developer-exchange-docs, web-service-reference).
What is compared is which elements stand where, not their values.
"""

import pytest
import requests
from lxml import etree

from mailbot.simulator.mailboxes import Group, OwaOptions, Right


def outline(element):
    """Names of an element and everything in it, as nested lists."""
    name = etree.QName(element).localname
    return [name, *(outline(child) for child in element)] if len(element) else name


def test_get_user_oof_settings_of_a_reply_that_is_off(client, asks, address):
    """Article "GetUserOofSettings operation", successful response."""
    someone = address("reply-text-ready-but-off")
    assert outline(client.ask(asks.get_reply(someone), someone).content) == [
        "GetUserOofSettingsResponse",
        ["ResponseMessage", "ResponseCode"],
        [
            "OofSettings",
            "OofState",
            "ExternalAudience",
            ["Duration", "StartTime", "EndTime"],
            ["InternalReply", "Message"],
            ["ExternalReply", "Message"],
        ],
        "AllowExternalOof",
    ]


def test_get_user_availability_with_plain_rights_on_a_detailed_question(client, asks, address):
    """Article "GetUserAvailability operation", second FreeBusyResponse: asked DetailedMerged, granted
    FreeBusyMerged, events without details."""
    season = ["Bias", "Time", "DayOrder", "Month", "DayOfWeek"]
    got = client.ask(
        asks.availability(
            address("roster-nowhere-not-away"),
            address("reply-on"),
            start="2026-11-24T00:00:00",
            end="2026-11-24T08:00:00",
            view="DetailedMerged",
        )
    )
    response = got.all(".//m:FreeBusyResponse")[1]
    assert response.findtext(".//{*}FreeBusyViewType") == "FreeBusyMerged"
    assert len(response.findtext(".//{*}MergedFreeBusy")) == 8
    assert outline(response) == [
        "FreeBusyResponse",
        ["ResponseMessage", "ResponseCode"],
        [
            "FreeBusyView",
            "FreeBusyViewType",
            "MergedFreeBusy",
            ["CalendarEventArray", ["CalendarEvent", "StartTime", "EndTime", "BusyType"]],
            [
                "WorkingHours",
                ["TimeZone", "Bias", ["StandardTime", *season], ["DaylightTime", *season]],
                [
                    "WorkingPeriodArray",
                    ["WorkingPeriod", "DayOfWeek", "StartTimeInMinutes", "EndTimeInMinutes"],
                ],
            ],
        ],
    ]


def test_find_folder_with_the_default_shape_and_without_a_page(client, asks, address):
    """Article "FindFolder operation", response: which properties Default means, and the paging attributes."""
    body = asks.find_folder(below="inbox", traversal="Shallow", base="Default", properties="")
    view = '<m:IndexedPageFolderView MaxEntriesReturned="1000" Offset="0" BasePoint="Beginning"/>'
    got = client.ask(body.replace(view, ""), address("plain-over"))
    folder = ["Folder", "FolderId", "DisplayName", "TotalCount", "ChildFolderCount", "UnreadCount"]
    (root,) = got.all(".//m:RootFolder")
    folders = root[0]
    assert dict(root.attrib) == {"TotalItemsInView": str(len(folders)), "IncludesLastItemInRange": "true"}
    assert outline(got.content) == [
        "FindFolderResponse",
        [
            "ResponseMessages",
            [
                "FindFolderResponseMessage",
                "ResponseCode",
                ["RootFolder", ["Folders", *[folder] * len(folders)]],
            ],
        ],
    ]


@pytest.mark.parametrize("operation", ["FindFolder", "SendItem"])
def test_a_malformed_identifier(client, asks, address, town, operation):
    """Articles "FindFolder operation" and "SendItem operation", error responses."""
    bodies = {
        "FindFolder": asks.find_folder().replace(asks.place("root"), '<t:FolderId Id="%BadId%"/>'),
        "SendItem": asks.send("%BadItemId%", town.sender),
    }
    got = client.ask(bodies[operation], None if operation == "SendItem" else address("plain-over"))
    assert outline(got.content) == [
        f"{operation}Response",
        [
            "ResponseMessages",
            [f"{operation}ResponseMessage", "MessageText", "ResponseCode", "DescriptiveLinkKey"],
        ],
    ]
    assert got.text_of(".//m:MessageText") == "Id is malformed."
    assert got.codes == ["ErrorInvalidIdMalformed"]


def test_a_sent_mail(client, asks, address, town):
    """Article "SendItem operation", successful response."""
    made = client.ask(asks.create(address("plain-over"), sender=town.sender))
    got = client.ask(asks.send(made.all(".//t:ItemId")[0].get("Id"), town.sender))
    assert outline(got.content) == [
        "SendItemResponse",
        ["ResponseMessages", ["SendItemResponseMessage", "ResponseCode"]],
    ]


def test_get_inbox_rules_with_a_rule_that_moves_mail(client, asks, address):
    """Article "GetInboxRules operation", response: the message is the response element itself."""
    someone = address("rule-other-work")
    got = client.ask(asks.rules(someone), someone)
    assert got.content.get("ResponseClass") == "Success"
    assert outline(got.content)[:3] == ["GetInboxRulesResponse", "ResponseCode", "OutlookRuleBlobExists"]
    assert outline(got.all(".//t:Rule")[0]) == [
        "Rule",
        "RuleId",
        "DisplayName",
        "Priority",
        "IsEnabled",
        ["Conditions", ["ContainsSubjectStrings", "String"]],
        ["Actions", ["MoveToFolder", "FolderId"]],
    ]


def test_get_delegate(client, asks, address, town):
    """Article "GetDelegate operation", successful response; the sample has two of the six levels."""
    owner, colleague = address("plain-over"), address("deep-over")
    mailbox = town.mailbox(owner)
    mailbox.rights = {mailbox.folders.by_name["inbox"].id: [Right(colleague, "Reviewer", delegate=True)]}
    got = client.ask(asks.delegates(owner), owner)
    folders = ("Calendar", "Tasks", "Inbox", "Contacts", "Notes", "Journal")
    assert outline(got.content) == [
        "GetDelegateResponse",
        "ResponseCode",
        [
            "ResponseMessages",
            [
                "DelegateUserResponseMessageType",
                "ResponseCode",
                [
                    "DelegateUser",
                    ["UserId", "SID", "PrimarySmtpAddress", "DisplayName"],
                    ["DelegatePermissions", *(f"{name}FolderPermissionLevel" for name in folders)],
                    "ReceiveCopiesOfMeetingMessages",
                    "ViewPrivateItems",
                ],
            ],
        ],
        "DeliverMeetingRequests",
    ]


def test_expand_dl(client, asks, address, town):
    """Article "ExpandDL operation", successful and error response."""
    members = (address("plain-over"), address("deep-over"))
    town.groups["team@voorbeeld.example"] = Group("team@voorbeeld.example", members)
    member = ["Mailbox", "Name", "EmailAddress", "RoutingType", "MailboxType"]
    got = client.ask(asks.expand("team@voorbeeld.example"))
    assert outline(got.content) == [
        "ExpandDLResponse",
        ["ResponseMessages", ["ExpandDLResponseMessage", "ResponseCode", ["DLExpansion", member, member]]],
    ]
    refused = client.ask(asks.expand("niemand@voorbeeld.example"))
    assert outline(refused.content) == [
        "ExpandDLResponse",
        [
            "ResponseMessages",
            ["ExpandDLResponseMessage", "MessageText", "ResponseCode", "DescriptiveLinkKey"],
        ],
    ]
    assert refused.codes == ["ErrorNameResolutionNoResults"]


def test_resolve_names(client, asks, address):
    """Article "ResolveNames operation", successful and error response; without contact data."""
    got = client.ask(asks.resolve(address("plain-over")))
    assert outline(got.content) == [
        "ResolveNamesResponse",
        [
            "ResponseMessages",
            [
                "ResolveNamesResponseMessage",
                "ResponseCode",
                [
                    "ResolutionSet",
                    ["Resolution", ["Mailbox", "Name", "EmailAddress", "RoutingType", "MailboxType"]],
                ],
            ],
        ],
    ]
    refused = client.ask(asks.resolve("niemand@voorbeeld.example"))
    assert refused.text_of(".//m:MessageText") == "No results were found."
    assert refused.codes == ["ErrorNameResolutionNoResults"]


def test_get_user_configuration(client, asks, address, town):
    """Article "GetUserConfiguration operation", successful response; the folder is named by its own id."""
    someone = address("plain-over")
    town.mailbox(someone).owa = OwaOptions(auto_add=True)
    entry = ["DictionaryEntry", ["DictionaryKey", "Type", "Value"], ["DictionaryValue", "Type", "Value"]]
    got = client.ask(asks.options(), someone)
    assert outline(got.content) == [
        "GetUserConfigurationResponse",
        [
            "ResponseMessages",
            [
                "GetUserConfigurationResponseMessage",
                "ResponseCode",
                [
                    "UserConfiguration",
                    ["UserConfigurationName", "FolderId"],
                    ["Dictionary", *[entry] * len(got.all(".//t:DictionaryEntry"))],
                ],
            ],
        ],
    ]


def test_the_version_header(server, asks, address):
    """Article "ServerVersionInfo": in the SOAP header of every answer, four numbers and a version name."""
    someone = address("plain-over")
    body = asks.get_reply(someone)
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
        'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )
    answer = requests.post(
        server.endpoint, data=envelope, auth=("VOORBEELD\\svc-mailbot", "demo-only"), timeout=10
    )
    (header,) = etree.fromstring(answer.content).find("{*}Header")
    assert etree.QName(header).localname == "ServerVersionInfo"
    assert set(header.attrib) == {
        "MajorVersion",
        "MinorVersion",
        "MajorBuildNumber",
        "MinorBuildNumber",
        "Version",
    }
