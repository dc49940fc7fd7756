"""What every road must read the same: the contract of ports.Exchange, fact by fact."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mailbot.exchange.ews import calls
from mailbot.model.facts import Known, Reason
from mailbot.model.mailbox import (
    AbsenceList,
    Audience,
    Interval,
    ReplyRule,
    ReplyRules,
    ReplySetting,
    ReplyState,
    Size,
)
from mailbot.model.needs import Absences
from mailbot.model.worktime import WorkPattern
from mailbot.ports import Exchange
from mailbot.simulator import Town
from mailbot.simulator.calendars import Busy, all_day, timed, weekly
from mailbot.simulator.furnishing import _plant_archive
from mailbot.simulator.mailboxes import Flaw, FolderKind, InboxRule, Mailbox, Reply, Trouble
from mailbot.simulator.weeks import Week, joined, week
from tests.contract.roads import (
    ABSENCES,
    AMSTERDAM,
    EVERYTHING,
    HOURS,
    NOW,
    REPLY,
    RULES,
    SIZE,
    nothing_more,
    one,
    read,
    target,
    values,
)

GIB = 1024**3
TROUBLES = {
    Trouble.MOVING: Reason.MAILBOX_MOVED,
    Trouble.STORE_DOWN: Reason.SERVER_FAILED,
    Trouble.ELSEWHERE: Reason.MAILBOX_MISSING,
    Trouble.OUT_OF_SCOPE: Reason.ACCESS_DENIED,
    Trouble.DISABLED: Reason.MAILBOX_DISABLED,
}


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


class TestSize:
    """The bytes of the whole folder tree, and only of that."""

    def test_3_gb_in_a_deep_folder_of_ones_own_count(self, road: Exchange, somebody: Mailbox) -> None:
        before = one(road, somebody, SIZE)
        here = somebody.folders.by_name["inbox"]
        for level in range(7):
            here = somebody.folders.add(f"Map {level}", here)
        here.size = 3 * GIB
        assert one(road, somebody, SIZE) == Size(before.total + 3 * GIB, before.folders + 7)

    def test_bytes_beyond_what_32_bits_hold(self, road: Exchange, somebody: Mailbox) -> None:
        before = one(road, somebody, SIZE).total
        somebody.folders.add("Kaarten", somebody.folders.by_name["msgfolderroot"], size=9 * GIB)
        assert one(road, somebody, SIZE).total == before + 9 * GIB

    @pytest.mark.parametrize("place", ["recoverableitemsroot", "recoverableitemspurges"])
    def test_recoverable_items_do_not_count(self, road: Exchange, somebody: Mailbox, place: str) -> None:
        before = one(road, somebody, SIZE)
        folder = somebody.folders.by_name[place]
        folder.size = (folder.size or 0) + 3 * GIB
        assert one(road, somebody, SIZE) == before

    def test_a_new_folder_below_recoverable_items_does_not_count(
        self, road: Exchange, somebody: Mailbox
    ) -> None:
        before = one(road, somebody, SIZE)
        hold = somebody.folders.add("DiscoveryHolds", somebody.folders.by_name["recoverableitemsroot"])
        somebody.folders.add("Zaak", hold, size=GIB)
        assert one(road, somebody, SIZE) == before

    def test_search_folders_do_not_count_their_mail_twice(self, road: Exchange, somebody: Mailbox) -> None:
        before = one(road, somebody, SIZE)
        searches = somebody.folders.by_name["searchfolders"]
        somebody.folders.add("Alles", searches, size=4 * GIB, kind=FolderKind.SEARCH)
        assert one(road, somebody, SIZE) == before

    def test_the_archive_mailbox_does_not_count(self, road: Exchange, somebody: Mailbox) -> None:
        before = one(road, somebody, SIZE)
        _plant_archive(somebody, 40 * GIB)
        assert one(road, somebody, SIZE) == before

    def test_folders_that_hold_calendars_and_contacts_count(self, road: Exchange, somebody: Mailbox) -> None:
        before = one(road, somebody, SIZE).total
        for name in ("calendar", "contacts", "tasks"):
            folder = somebody.folders.by_name[name]
            folder.size = (folder.size or 0) + GIB
        assert one(road, somebody, SIZE).total == before + 3 * GIB

    def test_many_pages_make_the_same_size_as_one(
        self, road: Exchange, somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = one(road, somebody, SIZE)
        for page in (1, 7, whole.folders + 5):
            monkeypatch.setattr(calls, "PAGE", page)
            assert one(road, somebody, SIZE) == whole

    def test_a_folder_without_a_size_leaves_no_sum(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.folders.add("Sync", somebody.folders.by_name["inbox"], size=None)
        assert one(road, somebody, SIZE) is Reason.VALUE_MISSING


class TestAutomaticReply:
    """State, period and audience; of the texts only whether there is one."""

    def test_one_that_was_never_set(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.reply = Reply()
        assert one(road, somebody, REPLY) == ReplySetting(
            ReplyState.DISABLED, None, Audience.ALL, internal_text=False, external_text=False
        )

    def test_one_that_is_on_has_no_period_though_the_server_fills_one_in(
        self, road: Exchange, somebody: Mailbox
    ) -> None:
        somebody.reply = Reply("Enabled", "Known", internal="Ik ben weg", external="")
        assert one(road, somebody, REPLY) == ReplySetting(
            ReplyState.ENABLED, None, Audience.KNOWN, internal_text=True, external_text=False
        )

    def test_one_with_a_period(self, road: Exchange, somebody: Mailbox) -> None:
        start, end = utc(24, 16), utc(4, 7, month=12)
        somebody.reply = Reply("Scheduled", "None", start, end, "Weg", "Away")
        assert one(road, somebody, REPLY) == ReplySetting(
            ReplyState.SCHEDULED, Interval(start, end), Audience.NONE, internal_text=True, external_text=True
        )

    @pytest.mark.parametrize(
        "text",
        [
            "<html><body></body></html>",
            "<html><head><title>Antwoord</title><style>p{margin:0}</style></head><body><p>&nbsp;</p></body></html>",
            "<div><!-- vul hier uw tekst in --><br/>&#160;&zwnj;\ufeff</div>",
            "<p><o:p>&ensp;&shy;</o:p></p>",
            "  \r\n\t ",
        ],
    )
    def test_markup_without_a_word_is_an_empty_text(
        self, road: Exchange, somebody: Mailbox, text: str
    ) -> None:
        somebody.reply = Reply("Enabled", internal=text, external=text)
        setting = one(road, somebody, REPLY)
        assert (setting.internal_text, setting.external_text) == (False, False)

    @pytest.mark.parametrize(
        "text", ["Weg", "<p>x</p>", "<b>.</b>", "a < b", "&lt;br&gt;", "<style>p{}</style>Weg", "休暇中"]
    )
    def test_one_visible_character_is_a_text(self, road: Exchange, somebody: Mailbox, text: str) -> None:
        somebody.reply = Reply("Enabled", internal=text, external="")
        assert one(road, somebody, REPLY).internal_text is True

    def test_the_texts_are_not_kept(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.reply = Reply("Enabled", internal="Bel mij op 06-12345678", external="Gone fishing")
        assert "06-12345678" not in repr(read(road, [somebody])), "the reply's text left the road"

    def test_no_setting_in_the_answer_is_not_a_disabled_one(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.flaws = frozenset({Flaw.REPLY_MISSING})
        assert one(road, somebody, REPLY) is Reason.VALUE_MISSING


class TestAbsences:
    """Blocks marked "away", in UTC, whoever made them in whichever zone."""

    WINDOW = Interval(NOW - timedelta(days=7), NOW + timedelta(days=35))

    def test_only_away_is_an_absence(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.calendar += [
            timed("Overleg", date(2026, 11, 24), "09:00", "10:00", busy)
            for busy in (Busy.FREE, Busy.TENTATIVE, Busy.BUSY, Busy.ELSEWHERE)
        ]
        somebody.calendar.append(timed("Tandarts", date(2026, 11, 25), "09:00", "12:30", Busy.AWAY))
        assert one(road, somebody, ABSENCES) == AbsenceList(
            (Interval(utc(25, 8), utc(25, 11, 30)),), self.WINDOW
        )

    def test_all_day_made_at_home_and_made_in_another_zone(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.calendar += [
            all_day("Weg", date(2026, 11, 24), date(2026, 11, 24)),
            all_day("Weg", date(2026, 12, 1), date(2026, 12, 2), zone="America/New_York"),
        ]
        assert one(road, somebody, ABSENCES).blocks == (
            Interval(utc(23, 23), utc(24, 23)),
            Interval(utc(1, 5, month=12), utc(3, 5, month=12)),
        )

    def test_a_weekly_entry_is_one_block_a_week(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.calendar.append(weekly("Papadag", date(2026, 1, 6), (2,), "00:00", "00:00", Busy.AWAY))
        blocks = one(road, somebody, ABSENCES).blocks
        assert [block.start for block in blocks] == [
            utc(17, 23) + timedelta(weeks=number) for number in range(6)
        ]

    def test_nobody_away_is_an_empty_list_not_an_unknown_one(self, road: Exchange, somebody: Mailbox) -> None:
        assert one(road, somebody, ABSENCES) == AbsenceList((), self.WINDOW)

    def test_a_window_that_is_too_long_for_one_question_is_asked_in_pieces(
        self, road: Exchange, somebody: Mailbox
    ) -> None:
        """The last block lies across the border of two pieces and is one block."""
        need = Absences(ahead=timedelta(days=100), back=timedelta(days=10))
        border = (NOW - timedelta(days=10) + timedelta(days=42)).date()
        somebody.calendar += [
            all_day("Weg", date(2027, 2, 1), date(2027, 2, 5)),
            all_day("Weg", border - timedelta(days=1), border + timedelta(days=1)),
        ]
        found = one(road, somebody, need)
        assert found.window == Interval(NOW - timedelta(days=10), NOW + timedelta(days=100))
        assert [(block.end - block.start).days for block in found.blocks] == [3, 5]

    def test_two_rules_with_two_windows_each_get_their_own(self, road: Exchange, somebody: Mailbox) -> None:
        soon, late = Absences(ahead=timedelta(days=3)), Absences(ahead=timedelta(days=30))
        somebody.calendar += [
            all_day("Weg", date(2026, 11, 24), date(2026, 11, 24)),
            all_day("Weg", date(2026, 12, 10), date(2026, 12, 11)),
        ]
        facts = read(road, [somebody], [soon, late])[somebody.guid]
        counts = []
        for need in (soon, late):
            fact = facts.get(need)
            assert isinstance(fact, Known)
            counts.append(len(fact.value.blocks))
        assert counts == [1, 2]

    def test_the_window_is_the_same_moment_however_now_is_written(
        self, road: Exchange, somebody: Mailbox
    ) -> None:
        somebody.calendar.append(timed("Weg", date(2026, 12, 28), "05:00", "05:30"))
        (facts,) = road.read([target(somebody)], [ABSENCES], nothing_more, NOW.astimezone(AMSTERDAM))
        assert values(facts) == values(read(road, [somebody], [ABSENCES])[somebody.guid])
        assert len(values(facts)["absences"].blocks) == 1

    def test_a_calendar_that_is_closed_to_us(
        self, road: Exchange, people: list[Mailbox], somebody: Mailbox
    ) -> None:
        somebody.flaws = frozenset({Flaw.FREE_BUSY_HIDDEN})
        facts = read(road, people, [ABSENCES, HOURS])
        closed = {guid for guid, found in facts.items() if Reason.ACCESS_DENIED in values(found).values()}
        assert closed == {somebody.guid}

    def test_one_bad_mailbox_in_a_batch_costs_only_itself(
        self, road: Exchange, town: Town, people: list[Mailbox], somebody: Mailbox
    ) -> None:
        del town.mailboxes[somebody.address]
        facts = read(road, people, [ABSENCES])
        unknown = {guid: values(found)["absences"] for guid, found in facts.items() if not found.was_read}
        assert unknown == {somebody.guid: Reason.MAILBOX_MISSING}


class TestWorkingHours:
    """The hours set in Outlook, with days that differ."""

    @pytest.mark.parametrize(
        ("hours", "expected"),
        [
            (week("ma di wo do vr"), {day: ["08:30-17:00"] for day in range(5)}),
            (joined(week("di"), week("wo", "08:30-12:30")), {1: ["08:30-17:00"], 2: ["08:30-12:30"]}),
            (week("do", "08:00-12:00", "13:00-17:00"), {3: ["08:00-12:00", "13:00-17:00"]}),
            (week("za zo", "16:00-24:00"), {5: ["16:00-00:00"], 6: ["16:00-00:00"]}),
        ],
    )
    def test_days_and_hours(
        self, road: Exchange, somebody: Mailbox, hours: Week, expected: dict[int, list[str]]
    ) -> None:
        somebody.hours = hours
        found = one(road, somebody, HOURS)
        assert {
            day: [f"{span.start:%H:%M}-{span.end:%H:%M}" for span in spans]
            for day, spans in found.days.items()
        } == expected

    def test_hours_that_nobody_ever_set(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.hours = None
        facts = read(road, [somebody], [HOURS, ABSENCES])[somebody.guid]
        assert values(facts)["working hours"] == WorkPattern({}), "the server answered, and there are none"
        assert isinstance(facts.get(ABSENCES), Known), "free/busy does not need working hours"

    def test_hours_of_a_calendar_that_is_closed_to_us(self, road: Exchange, somebody: Mailbox) -> None:
        """There may be some, so that nothing may be assumed."""
        somebody.flaws = frozenset({Flaw.FREE_BUSY_HIDDEN})
        assert values(read(road, [somebody], [HOURS])[somebody.guid])["working hours"] is Reason.ACCESS_DENIED

    def test_asked_for_alone(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.hours = week("ma")
        assert set(one(road, somebody, HOURS).days) == {0}


class TestInboxRules:
    """Rules that reply from the server; of all others nothing but how many hide what they do."""

    def test_no_rules(self, road: Exchange, somebody: Mailbox) -> None:
        assert one(road, somebody, RULES) == ReplyRules((), 0)

    def test_a_reply_without_conditions(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.rules = [InboxRule("Weg", replies=True)]
        assert one(road, somebody, RULES) == ReplyRules((ReplyRule((None, None), conditional=False),), 0)

    @pytest.mark.parametrize(("starts", "ends"), [(utc(24, 7), utc(1, 7, month=12)), (utc(24, 7), None)])
    def test_a_reply_with_its_own_dates(
        self, road: Exchange, somebody: Mailbox, starts: datetime, ends: datetime | None
    ) -> None:
        somebody.rules = [InboxRule("Weg", replies=True, starts=starts, ends=ends)]
        assert one(road, somebody, RULES).rules == (ReplyRule((starts, ends), conditional=False),)

    @pytest.mark.parametrize(
        "rule",
        [
            InboxRule("Alleen", replies=True, only_from="baas@voorbeeld.example"),
            InboxRule("Behalve", replies=True, except_from="baas@voorbeeld.example"),
            InboxRule("Woorden", replies=True, subject_words=("offerte",)),
        ],
        ids=lambda rule: rule.name,
    )
    def test_a_reply_to_some_is_conditional(self, road: Exchange, somebody: Mailbox, rule: InboxRule) -> None:
        somebody.rules = [rule]
        assert one(road, somebody, RULES).rules == (ReplyRule((None, None), conditional=True),)

    def test_rules_that_do_not_reply_or_are_off_are_nothing_to_us(
        self, road: Exchange, somebody: Mailbox
    ) -> None:
        somebody.rules = [
            InboxRule("Opruimen", moves=True),
            InboxRule("Doorsturen", forwards_to="elders@buitenwereld.example"),
            InboxRule("Uit", enabled=False, replies=True),
            InboxRule("Uit en onleesbaar", enabled=False, supported=False),
        ]
        assert one(road, somebody, RULES) == ReplyRules((), 0)

    def test_a_rule_that_hides_what_it_does_is_counted(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.rules = [InboxRule("Outlook", supported=False), InboxRule("Weg", replies=True)]
        found = one(road, somebody, RULES)
        assert (len(found.rules), found.hidden) == (1, 1)


class TestTroubledMailboxes:
    """A mailbox that cannot be opened says why, and its neighbours are read as ever."""

    @pytest.mark.parametrize("trouble", Trouble)
    def test_one_mailbox_in_trouble(
        self, road: Exchange, people: list[Mailbox], somebody: Mailbox, trouble: Trouble
    ) -> None:
        before = {guid: values(facts) for guid, facts in read(road, people).items()}
        somebody.trouble = trouble
        after = {guid: values(facts) for guid, facts in read(road, people).items()}
        troubled = after.pop(somebody.guid)
        del before[somebody.guid]
        assert {troubled[need.name] for need in (SIZE, REPLY, RULES)} == {TROUBLES[trouble]}
        assert after == before

    def test_what_a_mailbox_lacks_does_not_hide_what_it_has(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.flaws = frozenset({Flaw.RULES_DENIED})
        found = values(read(road, [somebody])[somebody.guid])
        assert found.pop("inbox rules") is Reason.ACCESS_DENIED
        assert not [value for value in found.values() if isinstance(value, Reason)]

    def test_every_mailbox_says_whether_it_opens(
        self, road: Exchange, people: list[Mailbox], somebody: Mailbox
    ) -> None:
        somebody.trouble = Trouble.OUT_OF_SCOPE
        found = dict(road.reachable([target(mailbox) for mailbox in people]))
        assert {t.guid: reason for t, reason in found.items() if reason} == {
            somebody.guid: Reason.ACCESS_DENIED
        }
        assert len(found) == len(people)

    def test_the_doctor_hears_need_by_need_what_cannot_be_read(
        self, road: Exchange, somebody: Mailbox
    ) -> None:
        somebody.flaws = frozenset({Flaw.RULES_DENIED, Flaw.REPLY_MISSING})
        answer = road.probe(target(somebody), EVERYTHING, NOW)
        assert answer.trouble is None
        assert answer.unreadable == {
            "inbox rules": Reason.ACCESS_DENIED,
            "automatic reply": Reason.VALUE_MISSING,
        }
