"""Traps in what is read: exchangelib out of the box gives a wrong value or none, and we give the right one.

Each test shows the trap first, on the same wire. The list of all traps is `traps.toml`.
"""

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import exchangelib
import pytest
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorDelegateNoUser,
    ErrorItemNotFound,
    ErrorNoFreeBusyAccess,
    SOAPError,
    TransportError,
)
from exchangelib.services import GetMailTips
from lxml import etree

from mailbot.exchange.ews import calls, sent_calls
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.model.ids import Address
from mailbot.model.mailbox import Interval
from mailbot.model.needs import InboxAccess, OutlookDelegates, SentLabels
from mailbot.model.sent import SubjectSearch
from mailbot.model.worktime import Hours
from mailbot.ports import Exchange, Post
from mailbot.simulator import Fault, FaultKind, SimulatorServer
from mailbot.simulator.calendars import timed
from mailbot.simulator.ews import Answer
from mailbot.simulator.mailboxes import InboxRule, Mailbox, Reply, Right
from mailbot.simulator.soap import envelope
from mailbot.simulator.weeks import week
from tests.contract.canned import can, refusal
from tests.contract.conftest import OpenRoad
from tests.contract.roads import (
    ABSENCES,
    HOURS,
    REPLY,
    RULES,
    SIZE,
    listen,
    nothing_more,
    one,
    read,
    reason,
    rewrite,
    target,
    values,
)
from tests.contract.stock import stock
from tests.contract.test_ews_sent import Sieve
from tests.contract.test_judging_facts import forget_sent, send

START, END = datetime(2026, 11, 24, 7, tzinfo=UTC), datetime(2026, 12, 4, 16, tzinfo=UTC)
AMSTERDAM = exchangelib.EWSTimeZone("Europe/Amsterdam")
MORNING = exchangelib.EWSDateTime(2026, 11, 23, 6, tzinfo=AMSTERDAM)


def stock_free_busy(account: Any, *addresses: str, days: int = 7) -> list[Any]:
    people = [(address, "Required", False) for address in addresses]
    return list(
        account.protocol.get_free_busy_info(
            accounts=people, start=MORNING, end=MORNING + timedelta(days=days), requested_view="FreeBusy"
        )
    )


class TestDates:
    def test_fractional_seconds_that_end_in_z(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """A valid xs:dateTime, which the client drops with a line in a log."""
        somebody.reply = Reply("Scheduled", "All", START, END, "Weg", "Away")
        rewrite(server, "(2026-1[12]-[0-9]+T[0-9:]+)(Z?)</t:(Start|End)Time>", r"\1.123Z</t:\3Time>")
        with stock(server, somebody.address) as account:
            settings = account.oof_settings
            assert (settings.start, settings.end) == (None, None)
        period = one(road, somebody, REPLY).period
        moved = timedelta(milliseconds=123)
        assert period == Interval(START + moved, END + moved)

    def test_a_date_that_is_none_is_unknown_and_not_long_ago(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        somebody.reply = Reply("Scheduled", "All", START, END, "Weg", "Away")
        rewrite(server, "<t:StartTime>[^<]*<", "<t:StartTime>straks<")
        with stock(server, somebody.address) as account:
            assert account.oof_settings.start is None
        assert one(road, somebody, REPLY) is Reason.ANSWER_BROKEN


class TestAutomaticReplies:
    @pytest.fixture(autouse=True)
    def away(self, somebody: Mailbox) -> None:
        somebody.reply = Reply("Enabled", "Known", internal="<p>Weg</p>", external="<p>Away</p>")

    def test_switching_a_reply_off_wipes_its_texts_and_reading_it_leaves_them(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        before = copy.deepcopy(somebody.reply)
        setting = one(road, somebody, REPLY)
        assert (setting.internal_text, setting.external_text) == (True, True)
        assert somebody.reply == before
        assert set(server.log.counts()) == {"GetUserAvailability", "GetUserOofSettings"}
        with stock(server, somebody.address) as account:
            account.oof_settings = exchangelib.OofSettings(state="Disabled", external_audience="All")
        assert (somebody.reply.internal, somebody.reply.external) == ("", "")

    @pytest.mark.parametrize(
        "refused",
        [
            {"state": "Enabled", "internal_reply": "Weg"},
            {
                "state": "Scheduled",
                "internal_reply": "Weg",
                "external_reply": "Away",
                "start": exchangelib.EWSDateTime(2020, 1, 1, tzinfo=exchangelib.UTC),
                "end": exchangelib.EWSDateTime(2020, 1, 2, tzinfo=exchangelib.UTC),
            },
        ],
        ids=["one text only", "a period that is over"],
    )
    def test_what_the_client_refuses_to_write_we_read(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, refused: dict[str, Any]
    ) -> None:
        with stock(server, somebody.address) as account, pytest.raises(ValueError):
            account.oof_settings = exchangelib.OofSettings(external_audience="None", **refused)
        past = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)
        period = past if "start" in refused else (None, None)
        texts = refused["internal_reply"], refused.get("external_reply", "")
        somebody.reply = Reply(refused["state"], "None", *period, *texts)
        setting = one(road, somebody, REPLY)
        assert (setting.internal_text, setting.external_text) == (True, bool(texts[1]))
        assert setting.period == (Interval(*past) if "start" in refused else None)


class TestFreeBusy:
    def test_one_bad_mailbox_costs_the_client_the_whole_batch(
        self, road: Exchange, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        unlucky = people[3]
        server.faults.add(
            Fault(FaultKind.CODE, "GetUserAvailability", unlucky.address, code="ErrorNoFreeBusyAccess")
        )
        with stock(server, people[0].address) as account, pytest.raises(ErrorNoFreeBusyAccess):
            stock_free_busy(account, *(mailbox.address for mailbox in people))
        facts = read(road, people, [ABSENCES])
        assert reason(facts.pop(unlucky.guid), ABSENCES) is Reason.ACCESS_DENIED
        assert all(found.was_read for found in facts.values())

    def test_it_is_asked_in_nobodys_name_and_without_asking_for_zones_first(
        self, road: Exchange, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """The rights are the service account's own, so that all come in one request."""
        with stock(server, people[0].address) as account:
            stock_free_busy(account, people[0].address)
        assert server.log.counts() == {"GetServerTimeZones": 1, "GetUserAvailability": 1}
        assert {line.impersonated for line in server.access_log()} == {None}
        server.log.clear()
        read(road, people[:1], [ABSENCES])
        assert set(server.log.counts()) == {"GetUserAvailability"}
        assert {line.impersonated for line in server.access_log()} == {None}

    def test_words_for_several_days_are_no_days_to_the_client(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        somebody.hours = week("ma di wo")
        rewrite(server, "<t:DayOfWeek>Monday.*?<", "<t:DayOfWeek>Weekday<")
        with stock(server, somebody.address) as account:
            (view,) = stock_free_busy(account, somebody.address)
            assert view.working_hours[0].weekdays is None
        assert set(one(road, somebody, HOURS).days) == set(range(5))

    def test_hours_until_midnight_end_before_they_start_to_the_client(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """For us 00:00 as an end is the midnight that ends the day; hours that really do so are unknown."""
        somebody.hours = week("ma")
        rewrite(server, "<t:EndTimeInMinutes>1020<", "<t:EndTimeInMinutes>1440<")
        with stock(server, somebody.address) as account:
            (view,) = stock_free_busy(account, somebody.address)
            assert view.working_hours[0].end < view.working_hours[0].start
        (monday,) = one(road, somebody, HOURS).days[0]
        assert monday == Hours(time(8, 30), time(0))

    def test_a_window_over_new_year_knows_of_no_rules_of_zones(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """Asked in UTC, whatever the year; the client takes the start year's rules for all of it."""
        somebody.calendar.append(timed("Weg", date(2027, 1, 5), "08:00", "17:00"))
        contents: list[bytes] = []
        listen(server, contents.append)
        december = datetime(2026, 12, 21, 5, tzinfo=UTC)
        (facts,) = road.read([target(somebody)], [ABSENCES], nothing_more, december)
        away = Interval(datetime(2027, 1, 5, 7, tzinfo=UTC), datetime(2027, 1, 5, 16, tzinfo=UTC))
        assert away in values(facts)["absences"].blocks
        biases = [
            element.text for content in contents for element in etree.fromstring(content).iter("{*}Bias")
        ]
        assert set(biases) == {"0"}


class TestPermissions:
    @pytest.fixture
    def colleague(self, people: list[Mailbox], somebody: Mailbox) -> str:
        return next(mailbox.address for mailbox in people if mailbox is not somebody)

    def test_the_client_sees_no_level_and_no_right_to_make_folders(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, colleague: str
    ) -> None:
        inbox = somebody.folders.by_name["inbox"].id
        somebody.rights = {inbox: [Right(colleague, "Owner")]}
        answers: list[bytes] = []
        answer_ews = server.answer_ews

        def keeping(account: str, content: bytes) -> Any:
            answer = answer_ews(account, content)
            answers.append(answer.body)
            return answer

        server.answer_ews = keeping  # type: ignore[method-assign]
        with stock(server, somebody.address) as account:
            *_, permission = account.inbox.permission_set.permissions
            assert permission.user_id.primary_smtp_address == colleague
            assert (permission.permission_level, permission.can_create_subfolders) == ("None", False)
        assert b"<t:PermissionLevel>Owner<" in answers[-1]
        assert b"<t:CanCreateSubFolders>true<" in answers[-1]
        assert one(road, somebody, InboxAccess()).grants == {Address(colleague)}

    def test_one_orphan_costs_the_client_all_delegates(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, colleague: str
    ) -> None:
        inbox = somebody.folders.by_name["inbox"].id
        somebody.rights = {
            inbox: [Right(colleague, "Editor", delegate=True), Right("", delegate=True, orphan=True)]
        }
        with stock(server, somebody.address) as account, pytest.raises(ErrorDelegateNoUser):
            account.delegates  # noqa: B018 - reading is the request
        found = one(road, somebody, OutlookDelegates())
        assert (found.grants, found.orphans) == ({Address(colleague)}, 1)


class TestSentItems:
    @pytest.fixture(autouse=True)
    def mail(self, somebody: Mailbox) -> None:
        forget_sent(somebody)
        send(somebody, "Vertrouwelijk: besluit", body="<p>KANARIE</p>")
        send(somebody, "Lunch", body="<p>KANARIE</p>")

    def test_all_brings_every_body_along_and_ours_never_one(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        with stock(server, somebody.address) as account:
            assert any("KANARIE" in (item.body or "") for item in account.sent.all())
        assert any(line.bodies_asked for line in server.access_log())
        server.log.clear()
        assert one(road, somebody, SentLabels(date(2026, 11, 2), Sieve()))
        assert not any(line.bodies_asked for line in server.access_log())

    def test_one_field_too_many_makes_the_client_fetch_every_item(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        with stock(server, somebody.address) as account:
            assert len(list(account.sent.all().only("subject", "to_recipients"))) == 2
        assert len([line for line in server.access_log() if line.operation == "GetItem"]) == 1
        server.log.clear()
        nothing = Sieve(SubjectSearch(("staat er niet",), ()))
        assert one(road, somebody, SentLabels(date(2026, 11, 2), nothing)) == ()
        assert server.log.counts()["FindItem"] == 1
        assert "GetItem" not in server.log.counts()


class TestPages:
    """What our own reading does in these places is shown in test_ews_incremental.py."""

    @pytest.fixture(autouse=True)
    def mail(self, somebody: Mailbox) -> None:
        forget_sent(somebody)
        for number in range(6):
            send(somebody, f"Stuk {number}")

    def test_items_that_go_between_two_pages_make_the_client_skip_others(
        self, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        mine = [item.id for item in somebody.items_in(somebody.folders.by_name["sentitems"])]
        seen = []
        with stock(server, somebody.address) as account:
            query = account.sent.all().only("item_class")
            query.page_size = 2
            for item in query:
                seen.append(item.id)
                if len(seen) == 2:
                    for gone in seen:
                        del somebody.items[gone]
        assert len(seen) == 4 and set(seen) < set(mine)

    def test_the_client_has_a_sync_state_only_when_all_was_read(
        self, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        with stock(server, somebody.address) as account:
            folder = account.sent
            changes = folder.sync_items(max_changes_returned=2)
            for _ in range(4):
                next(changes)
            assert folder.item_sync_state is None
            assert len(list(changes)) == 2
            assert folder.item_sync_state

    def test_a_refused_state_without_a_new_one_breaks_the_client(
        self, server: SimulatorServer, somebody: Mailbox, valid: Callable[[Any], None]
    ) -> None:
        with stock(server, somebody.address) as account:
            folder = account.sent
            can(server, {"SyncFolderItems": refusal("SyncFolderItems", "ErrorInvalidSyncStateData")}, valid)
            with pytest.raises(AttributeError):
                list(folder.sync_items(sync_state="oud"))


class TestErrorsThatHide:
    def test_an_item_that_is_refused_is_an_object_in_the_clients_list(
        self, post: Post, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        with stock(server, somebody.address) as account:
            (found,) = account.fetch([(_nowhere(somebody), None)], only_fields=["item_class"])
            assert isinstance(found, ErrorItemNotFound)
        box = post._line.box(somebody.address)  # type: ignore[attr-defined]
        with pytest.raises(EwsTrouble, match="ErrorItemNotFound"):
            list(sent_calls.listed(box, [_nowhere(somebody)], 1e9))

    @pytest.mark.parametrize(
        ("kind", "raised"), [(FaultKind.CODE, TransportError), (FaultKind.SOAP_CODE, SOAPError)]
    )
    def test_a_code_without_a_class(
        self,
        road: Exchange,
        server: SimulatorServer,
        somebody: Mailbox,
        kind: FaultKind,
        raised: type[Exception],
    ) -> None:
        assert not hasattr(exchangelib.errors, "ErrorCannotFindUser")
        road.sign_in()
        server.faults.add(Fault(kind, code="ErrorCannotFindUser"))
        with stock(server, somebody.address) as account, pytest.raises(raised) as told:
            account.oof_settings  # noqa: B018 - reading is the request
        assert type(told.value) is raised
        assert one(road, somebody, REPLY) is Reason.MAILBOX_MISSING

    def test_rights_on_one_folder_alone_are_not_enough_for_the_client(
        self, open_road: OpenRoad, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """It asks for the root folder before any other; we name the folder and ask for it alone."""
        answer_ews = server.answer_ews

        def closed_root(account: str, content: bytes) -> Any:
            if b'Id="root"' in content:
                return Answer(200, envelope(refusal("GetFolder", "ErrorAccessDenied")))
            return answer_ews(account, content)

        server.answer_ews = closed_root  # type: ignore[method-assign]
        with stock(server, somebody.address) as account, pytest.raises(ErrorAccessDenied):
            account.inbox  # noqa: B018 - reading is the request
        server.log.clear()
        assert not isinstance(one(open_road(), somebody, InboxAccess()), Reason)
        assert server.log.counts()["GetFolder"] == 1


def _nowhere(mailbox: Mailbox) -> str:
    """The id of an item of this mailbox that was deleted."""
    gone = mailbox.items.pop(next(iter(mailbox.items)))
    return gone.id


class TestWhatIsNeverAsked:
    def test_the_clients_mail_tips_are_invalid_by_the_schema(
        self, server: SimulatorServer, somebody: Mailbox, schema: etree.XMLSchema
    ) -> None:
        contents: list[bytes] = []
        listen(server, contents.append)
        with stock(server, somebody.address) as account, pytest.raises(Exception):  # noqa: B017
            account.mail_tips  # noqa: B018 - reading is the request
        asked = [etree.fromstring(content).find("{*}Body")[0] for content in contents]
        (tips,) = [body for body in asked if etree.QName(body).localname == GetMailTips.SERVICE_NAME]
        assert tips.xpath("text()") == ["All"]
        assert not schema.validate(etree.fromstring(etree.tostring(tips)))

    def test_rules_are_read_and_left_as_they_are(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """Writing rules deletes those of Outlook alone; nothing here writes any."""
        somebody.rules = [InboxRule("Weg", replies=True), InboxRule("Outlook", supported=False)]
        before = copy.deepcopy(somebody.rules)
        assert one(road, somebody, RULES).hidden == 1
        assert somebody.rules == before

    def test_sizes_are_longs_and_folders_have_no_names(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """As an Integer the size of a folder overflows at 2 GiB."""
        somebody.folders.by_name["inbox"].size = 3 << 31
        contents: list[bytes] = []
        listen(server, contents.append)
        assert one(road, somebody, SIZE).total > 3 << 31
        asked = next(content for content in contents if b"FindFolder" in content)
        assert b'PropertyTag="0x0E08" PropertyType="Long"' in asked
        assert calls.PAGE == 1000 and b'MaxEntriesReturned="1000"' in asked
        assert b"DisplayName" not in asked
