"""The real exchangelib against the town: what it sends is valid, and it understands what it gets."""

from datetime import timedelta

import exchangelib
import pytest
from exchangelib.errors import (
    ErrorImpersonateUserDenied,
    ErrorMailboxMoveInProgress,
    ErrorNonExistentMailbox,
    ErrorTimeIntervalTooBig,
)
from exchangelib.extended_properties import ExtendedProperty
from exchangelib.version import Build, Version
from lxml import etree

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
