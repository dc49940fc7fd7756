"""Answers that other servers and builds give: dates in every valid form, pages that do not add up, holes.

The simulator's answers are rewritten on their way out. What is odd is unknown; nothing odd becomes a value.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from mailbot.exchange.ews import calls, readers
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.model.mailbox import Interval
from mailbot.model.worktime import Hours, WorkPattern
from mailbot.ports import Exchange
from mailbot.simulator import SimulatorServer
from mailbot.simulator.calendars import timed
from mailbot.simulator.mailboxes import InboxRule, Mailbox, Reply
from mailbot.simulator.weeks import week
from tests.contract.conftest import OpenRoad
from tests.contract.roads import ABSENCES, HOURS, REPLY, RULES, SIZE, one, read, rewrite, values

START, END = datetime(2026, 11, 24, 7, tzinfo=UTC), datetime(2026, 12, 4, 16, tzinfo=UTC)


class TestMoments:
    """xs:dateTime in all its forms, and nothing that only looks like it."""

    NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-11-21T12:00:00Z", NOON),
            ("2026-11-21T12:00:00", NOON),
            ("2026-11-21T13:00:00+01:00", NOON),
            ("2026-11-21T06:30:00-05:30", NOON),
            ("2026-11-21T12:00:00.123Z", NOON + timedelta(milliseconds=123)),
            ("2026-11-21T12:00:00.1234567Z", NOON + timedelta(microseconds=123456)),
            ("2026-11-21T13:00:00.5+01:00", NOON + timedelta(milliseconds=500)),
            ("\n 2026-11-21T12:00:00Z ", NOON),
        ],
    )
    def test_valid_ones(self, text: str, expected: datetime) -> None:
        assert readers.moment(text) == expected
        assert readers.moment(text).tzinfo is UTC

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2026-11-21",
            "20261121T120000Z",
            "2026-W47-6T12:00:00Z",
            "2026-11-21 12:00:00",
            "2026-11-31T12:00:00Z",
            "2026-11-21T12:00",
            "21-11-2026T12:00:00",
            "0001-01-01T00:00:00+02:00",
            "9999-12-31T23:59:59-01:00",
            "morgen",
        ],
    )
    def test_others_are_no_moment(self, text: str) -> None:
        with pytest.raises(EwsTrouble) as trouble:
            readers.moment(text)
        assert trouble.value.reason is Reason.ANSWER_BROKEN


class TestReply:
    @pytest.fixture(autouse=True)
    def away(self, somebody: Mailbox) -> None:
        somebody.reply = Reply("Scheduled", "All", START, END, "Weg", "Away")

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2026-11-24T07:00:00.000Z", "2026-12-04T16:00:00.0000000Z"),
            ("2026-11-24T07:00:00", "2026-12-04T16:00:00"),
            ("2026-11-24T08:00:00+01:00", "2026-12-04T17:00:00+01:00"),
        ],
    )
    def test_the_same_period_in_other_words(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, start: str, end: str
    ) -> None:
        rewrite(server, "<t:StartTime>2026.*?</t:EndTime>", _period(start, end))
        assert one(road, somebody, REPLY).period == Interval(START, END)

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("<t:Duration>.*?</t:Duration>", "", Reason.VALUE_MISSING),
            ("<t:EndTime>.*?</t:EndTime>", "", Reason.VALUE_MISSING),
            ("<t:EndTime>.*?</t:EndTime>", "<t:EndTime/>", Reason.VALUE_MISSING),
            ("<t:EndTime>.*?<", "<t:EndTime>2026-11-24T07:00:00Z<", Reason.ANSWER_BROKEN),
            ("<t:EndTime>.*?<", "<t:EndTime>0001-01-01T00:00:00+02:00<", Reason.ANSWER_BROKEN),
            ("<t:EndTime>.*?<", "<t:EndTime>volgende week<", Reason.ANSWER_BROKEN),
            ("<t:OofState>.*?</t:OofState>", "", Reason.VALUE_MISSING),
            (">Scheduled<", ">Sometimes<", Reason.ANSWER_BROKEN),
            ("<t:ExternalAudience>.*?</t:ExternalAudience>", "", Reason.VALUE_MISSING),
            (">All<", ">Martians<", Reason.ANSWER_BROKEN),
            ("<m:ResponseMessage .*?</m:ResponseMessage>", "", Reason.ANSWER_BROKEN),
            ('ResponseClass="Success"', 'ResponseClass="Warning"', Reason.ANSWER_BROKEN),
        ],
    )
    def test_an_odd_setting_is_unknown(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, old: str, new: str, why: Reason
    ) -> None:
        road.sign_in()
        rewrite(server, old, new)
        found = values(read(road, [somebody], [REPLY, SIZE])[somebody.guid])
        assert found["automatic reply"] is why
        if "Response" not in old:
            assert not isinstance(found["mailbox size"], Reason)

    def test_no_texts_at_all_are_empty_texts(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        rewrite(server, "<t:InternalReply>.*?</t:ExternalReply>", "")
        setting = one(road, somebody, REPLY)
        assert (setting.internal_text, setting.external_text) == (False, False)


class TestSize:
    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ('TotalItemsInView="\\d+"', 'TotalItemsInView="3"', Reason.ANSWER_BROKEN),
            (' TotalItemsInView="\\d+"', "", Reason.VALUE_MISSING),
            (' IncludesLastItemInRange="true"', "", Reason.ANSWER_BROKEN),
            ("<m:RootFolder.*</m:RootFolder>", "", Reason.ANSWER_BROKEN),
            ("<t:ParentFolderId [^>]*>", "", Reason.VALUE_MISSING),
            ("<t:Value>\\d+</t:Value>", "<t:Value>veel</t:Value>", Reason.VALUE_MISSING),
            ("<t:Value>\\d+</t:Value>", "<t:Value>-5</t:Value>", Reason.VALUE_MISSING),
            ('PropertyTag="0xe08"', 'PropertyTag="0xe09"', Reason.VALUE_MISSING),
            ('<t:FolderId Id="[^"]*"', '<t:FolderId Id="same"', Reason.ANSWER_BROKEN),
        ],
    )
    def test_folders_that_do_not_add_up(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, old: str, new: str, why: Reason
    ) -> None:
        rewrite(server, old, new)
        assert one(road, somebody, SIZE) is why

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('PropertyTag="0xe08"', 'PropertyTag="0x0E08"'),
            (' IndexedPagingOffset="\\d+"', ""),
            ('IncludesLastItemInRange="true"', 'IncludesLastItemInRange="1"'),
            ("<s:Envelope", "\ufeff<s:Envelope"),
        ],
    )
    def test_other_habits_that_mean_the_same(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, old: str, new: str
    ) -> None:
        whole = one(road, somebody, SIZE)
        if new.startswith("\ufeff"):
            rewrite(server, "^<\\?xml.*?<s:Envelope", new)
        else:
            rewrite(server, old, new)
        assert one(road, somebody, SIZE) == whole

    @pytest.mark.parametrize("step", [-2, -1, 1, 5])
    def test_pages_that_overlap_or_leave_gaps_are_no_size(
        self,
        open_road: OpenRoad,
        server: SimulatorServer,
        somebody: Mailbox,
        step: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The server says to go on elsewhere than where its page ended."""
        monkeypatch.setattr(calls, "PAGE", 7)
        rewrite(server, 'IndexedPagingOffset="7"', f'IndexedPagingOffset="{7 + step}"')
        assert one(open_road(), somebody, SIZE) is Reason.ANSWER_BROKEN

    def test_the_same_page_twice_is_no_size(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that does not page: it answers every offset with its first folders."""
        monkeypatch.setattr(calls, "PAGE", 20)
        folders = len(somebody.folders.by_id) - 1
        find_folders = calls.find_folders

        def first_page_again(box: object, offset: int, deadline: float) -> object:
            page = find_folders(box, 0, deadline)  # type: ignore[arg-type]
            if offset:
                page.set("IncludesLastItemInRange", "true")
                for folder in list(page[0])[folders - offset :]:
                    page[0].remove(folder)
            return page

        monkeypatch.setattr(calls, "find_folders", first_page_again)
        assert one(road, somebody, SIZE) is Reason.ANSWER_BROKEN

    def test_an_empty_page_that_is_not_the_last_ends_the_reading(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calls, "PAGE", 7)
        rewrite(server, "<t:Folders><t:.*</t:Folders>", "<t:Folders/>")
        assert one(road, somebody, SIZE) is Reason.ANSWER_BROKEN

    def test_a_server_that_names_no_distinguished_folders_is_asked_for_one(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        whole = one(road, somebody, SIZE)
        rewrite(server, "<t:DistinguishedFolderId>.*?</t:DistinguishedFolderId>", "")
        server.log.clear()
        assert one(road, somebody, SIZE) == whole
        assert server.log.counts() == {"FindFolder": 1, "GetFolder": 1}

    def test_a_mailbox_without_recoverable_items(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        for name in [n for n in somebody.folders.by_name if n.startswith("recoverable")]:
            folder = somebody.folders.by_name.pop(name)
            folder.distinguished, folder.size = "", 0
        assert one(road, somebody, SIZE).total > 0


class TestFreeBusy:
    @pytest.fixture(autouse=True)
    def away(self, somebody: Mailbox) -> None:
        somebody.calendar.append(timed("Weg", date(2026, 11, 24), "08:00", "17:00"))
        somebody.hours = week("ma di wo")

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2026-11-24T07:00:00Z", "2026-11-24T16:00:00.000Z"),
            ("2026-11-24T08:00:00+01:00", "2026-11-24T17:00:00+01:00"),
        ],
    )
    def test_times_with_an_offset(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, start: str, end: str
    ) -> None:
        rewrite(server, "<t:StartTime>.*?</t:EndTime>", _period(start, end))
        (block,) = one(road, somebody, ABSENCES).blocks
        assert block == Interval(START, datetime(2026, 11, 24, 16, tzinfo=UTC))

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("<t:StartTime>.*?</t:StartTime>", "", Reason.VALUE_MISSING),
            ("<t:EndTime>.*?<", "<t:EndTime>straks<", Reason.ANSWER_BROKEN),
            ("<t:BusyType>.*?</t:BusyType>", "", Reason.VALUE_MISSING),
            ("<m:FreeBusyView>.*?</m:FreeBusyView>", "", Reason.VALUE_MISSING),
            (">FreeBusy</t:FreeBusyViewType>", ">None</t:FreeBusyViewType>", Reason.ACCESS_DENIED),
            (">FreeBusy</t:FreeBusyViewType>", ">MergedOnly</t:FreeBusyViewType>", Reason.ACCESS_DENIED),
            ("<t:FreeBusyViewType>.*?</t:FreeBusyViewType>", "", Reason.VALUE_MISSING),
            ("<m:FreeBusyResponse><m:ResponseMessage.*</m:FreeBusyResponse>", "", Reason.ANSWER_BROKEN),
        ],
    )
    def test_a_list_with_a_hole_is_no_list(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, old: str, new: str, why: Reason
    ) -> None:
        road.sign_in()
        rewrite(server, old, new)
        assert one(road, somebody, ABSENCES) is why

    def test_one_answer_too_few_is_nobodys_answer(
        self, road: Exchange, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """Answers have no names: when one is missing, all of the batch could be somebody else's. Asked one
        by one, each is its own."""
        whole = {guid: values(found) for guid, found in read(road, people, [ABSENCES]).items()}
        rewrite(
            server,
            "(<m:FreeBusyResponse>(?:(?!</m:FreeBusyResponse>).)*</m:FreeBusyResponse>)(<m:FreeBusyResponse>)",
            r"\2",
            count=1,
        )
        found = read(road, people, [ABSENCES])
        assert {guid: values(facts) for guid, facts in found.items()} == whole

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("<t:Bias>-60</t:Bias>", "<t:Bias>300</t:Bias>", Reason.VALUE_MISSING),
            ("<t:Bias>-60</t:Bias>", "<t:Bias>thuis</t:Bias>", Reason.ANSWER_BROKEN),
            ("<t:DayOfWeek>Monday.*?<", "<t:DayOfWeek>Maandag<", Reason.ANSWER_BROKEN),
            ("<t:StartTimeInMinutes>.*?</t:StartTimeInMinutes>", "", Reason.VALUE_MISSING),
            ("<t:StartTimeInMinutes>510<", "<t:StartTimeInMinutes>1440<", Reason.ANSWER_BROKEN),
            ("<t:EndTimeInMinutes>1020<", "<t:EndTimeInMinutes>1441<", Reason.ANSWER_BROKEN),
            ("<t:EndTimeInMinutes>1020<", "<t:EndTimeInMinutes>60<", Reason.ANSWER_BROKEN),
        ],
    )
    def test_odd_working_hours_are_unknown_and_absences_are_not(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, old: str, new: str, why: Reason
    ) -> None:
        rewrite(server, old, new)
        found = values(read(road, [somebody], [ABSENCES, HOURS])[somebody.guid])
        assert found["working hours"] is why
        assert len(found["absences"].blocks) == 1

    @pytest.mark.parametrize(
        ("word", "days"), [("Weekday", range(5)), ("WeekendDay", (5, 6)), ("Day", range(7))]
    )
    def test_words_for_several_days(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, word: str, days: range
    ) -> None:
        rewrite(server, "<t:DayOfWeek>Monday.*?<", f"<t:DayOfWeek>{word}<")
        assert set(one(road, somebody, HOURS).days) == set(days)

    def test_periods_that_overlap_make_no_day_longer(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """07:00-09:00 on every day, said beside the hours of working days."""
        second = (
            "<t:WorkingPeriod><t:DayOfWeek>Day</t:DayOfWeek><t:StartTimeInMinutes>420</t:StartTimeInMinutes>"
            "<t:EndTimeInMinutes>540</t:EndTimeInMinutes></t:WorkingPeriod></t:WorkingPeriodArray>"
        )
        rewrite(server, "</t:WorkingPeriodArray>", second)
        found = one(road, somebody, HOURS)
        assert set(found.days) == set(range(7))
        assert found.days[0] == (Hours(time(7), time(17)),)
        assert found.days[5] == (Hours(time(7), time(9)),)

    def test_a_list_of_no_periods_at_all(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        rewrite(server, "<t:WorkingPeriod>.*</t:WorkingPeriod>", "")
        assert one(road, somebody, HOURS) == WorkPattern({})


class TestRules:
    @pytest.fixture(autouse=True)
    def replying(self, somebody: Mailbox) -> None:
        somebody.rules = [InboxRule("Weg", replies=True, starts=START, ends=END)]

    def test_dates_with_fractions_and_offsets(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        rewrite(server, "2026-11-24T07:00:00Z", "2026-11-24T08:00:00.000+01:00")
        assert one(road, somebody, RULES).rules[0].period == (START, END)

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("2026-11-24T07:00:00Z", "dinsdag", Reason.ANSWER_BROKEN),
            ("<t:IsEnabled>true</t:IsEnabled>", "", Reason.VALUE_MISSING),
            ("<t:IsEnabled>true</t:IsEnabled>", "<t:IsEnabled>ja</t:IsEnabled>", Reason.ANSWER_BROKEN),
        ],
    )
    def test_an_odd_rule_makes_the_rules_unknown(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, old: str, new: str, why: Reason
    ) -> None:
        rewrite(server, old, new)
        assert one(road, somebody, RULES) is why

    def test_a_rule_that_the_server_could_not_run_does_not_reply(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        rewrite(server, "</t:IsEnabled>", "</t:IsEnabled><t:IsInError>true</t:IsInError>")
        assert one(road, somebody, RULES).rules == ()


def _period(start: str, end: str) -> str:
    return f"<t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime>"


def test_moments_come_out_in_utc_whatever_zone_they_came_in() -> None:
    made = datetime(2026, 11, 21, 8, tzinfo=timezone(timedelta(hours=-5)))
    assert readers.moment(made.isoformat()).utcoffset() == timedelta(0)
