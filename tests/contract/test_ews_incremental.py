"""The second look at Sent Items reads only what changed, counts nothing twice, and misses nothing."""

import json
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from mailbot.exchange.ews import sent_bookmark, sent_calls, sent_changes, sent_items
from mailbot.model.facts import Reason
from mailbot.model.ids import ObjectGuid
from mailbot.model.needs import SentLabels
from mailbot.model.sent import SentItem, SubjectSearch
from mailbot.ports import Exchange, NoBookmarks
from mailbot.simulator import Fault, FaultKind, SimulatorServer
from mailbot.simulator.access import Access
from mailbot.simulator.mailboxes import Item, Mailbox, Past, opaque
from tests.contract.canned import asked_fields
from tests.contract.conftest import OpenRoad
from tests.contract.roads import NOW, Terms, listen, one, rewrite

TODAY = NOW.astimezone(UTC).date()
SINCE = TODAY - timedelta(days=14)
"""Monday 9 November, two weeks before the sweep."""


MENDABLE = 1_000_000
SEARCH = SubjectSearch(("vertrouwelijk",), ())


@dataclass
class Shelf:
    """Bookmarks in a dict, which counts how often one was kept."""

    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    kept: int = 0

    def recall(self, guid: ObjectGuid, need: str) -> str | None:
        return self.texts.get((guid, need))

    def keep(self, guid: ObjectGuid, need: str, text: str) -> None:
        self.texts[guid, need] = text
        self.kept += 1

    @property
    def text(self) -> str:
        (text,) = self.texts.values()
        return text

    def change(self, **values: Any) -> None:
        """Write other values into the only bookmark."""
        ((key, text),) = self.texts.items()
        self.texts[key] = json.dumps({**json.loads(text), **values})


@dataclass(frozen=True)
class NumberKeeping:
    """Keeps the numbers as they are. Of a large number somebody may still mend the answer."""

    fingerprint: str = "the same"

    def reads(self, item_class: str) -> bool:
        return not item_class.startswith("IPM.Schedule")

    def settled(self, answer: int) -> bool:
        return answer < MENDABLE

    def write(self, answer: int) -> str:
        return str(answer)

    def read(self, text: str) -> int:
        return int(text)


@dataclass
class Numbers:
    """Answers with the number at the end of the subject, so that a test sees which mail was counted."""

    keeping: NumberKeeping | None = NumberKeeping()
    search: SubjectSearch = SEARCH
    headers: tuple[str, ...] = ()

    def wants(self, subject: str, item_class: str, sensitivity: str) -> bool:
        return "vertrouwelijk" in subject.lower()

    def redact(self, item: SentItem) -> Any:
        return int(item.subject.split()[-1])


def at(day: int, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    """A moment of November, in UTC."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


class Desk:
    """Somebody's Sent Items, looked at again and again through one road with one shelf."""

    def __init__(self, server: SimulatorServer, mailbox: Mailbox, open_road: OpenRoad) -> None:
        self.server, self.mailbox, self.shelf = server, mailbox, Shelf()
        self.clock = Terms().clock
        self.folder = mailbox.folders.by_name["sentitems"].id
        self.redactor = Numbers()
        self.sent = self.looked_at = 0
        self.road: Exchange = open_road(bookmarks=self.shelf, clock=self.clock)
        for item in list(mailbox.items_in(mailbox.folders.by_name["sentitems"])):
            del mailbox.items[item.id]

    def send(self, number: int, sent: datetime, *, label: str = "Vertrouwelijk", **more: Any) -> str:
        self.sent += 1
        item_id = opaque(f"sent|{self.mailbox.guid}|bureau{self.sent}")
        to = [("bureau@elders.example", "")]
        item = Item(item_id, self.folder, f"{label} {number}", sent=sent, created=sent, to=to, **more)
        item.sender = self.mailbox.address
        self.mailbox.items[item_id] = item
        return item_id

    def look(self, since: date = SINCE) -> Any:
        """The numbers in order, or why there are none."""
        self.looked_at = len(self.server.access_log())
        found = one(self.road, self.mailbox, SentLabels(since, self.redactor))
        return sorted(found) if isinstance(found, tuple) else found

    @property
    def asked(self) -> Mapping[str, int]:
        """Requests of the last look, by operation, without that about the service's own mailbox."""
        return Counter(line.operation for line in self.lines if self.mailbox.address in line.mailboxes)

    @property
    def lines(self) -> list[Access]:
        """The access log of the last look."""
        return self.server.access_log()[self.looked_at :]


@pytest.fixture
def desk(server: SimulatorServer, somebody: Mailbox, open_road: OpenRoad) -> Desk:
    return Desk(server, somebody, open_road)


@pytest.fixture
def told(server: SimulatorServer) -> list[etree._Element]:
    """All requests from now on, as elements."""
    heard: list[etree._Element] = []
    listen(server, lambda content: heard.append(etree.fromstring(content)))
    return heard


def starts(heard: list[etree._Element]) -> list[str]:
    """From which moment of sending on each search asked."""
    return [
        constant.get("Value", "")
        for request in heard
        for condition in request.iter("{*}IsGreaterThanOrEqualTo")
        for constant in condition.iter("{*}Constant")
    ]


class TestSecondLook:
    @pytest.fixture(autouse=True)
    def looked(self, desk: Desk) -> None:
        """Two labelled mails and one other, seen at the first look."""
        desk.send(1, at(12))
        desk.send(2, at(17))
        desk.send(3, at(19), label="Lunch")
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1, "FindItem": 1, "GetItem": 1}

    def test_where_nothing_is_new_no_subject_is_searched(self, desk: Desk) -> None:
        for _ in range(2):
            assert desk.look() == [1, 2]
            assert desk.asked == {"SyncFolderItems": 1}
            assert not any(line.content_asked for line in desk.lines)

    def test_new_mail_is_searched_for_from_its_day_on(self, desk: Desk, told: list[etree._Element]) -> None:
        desk.send(4, at(20))
        assert desk.look() == [1, 2, 4]
        assert desk.asked == {"SyncFolderItems": 1, "FindItem": 1, "GetItem": 1}
        assert starts(told) == ["2026-11-19T23:00:00Z"]
        assert desk.look() == [1, 2, 4]
        assert desk.asked == {"SyncFolderItems": 1}

    def test_new_mail_without_a_label_has_nothing_more_read(self, desk: Desk) -> None:
        desk.send(4, at(20), label="Verslag")
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1, "FindItem": 1}

    def test_mail_that_lay_in_an_outbox_for_days_is_not_missed(
        self, desk: Desk, told: list[etree._Element]
    ) -> None:
        """It comes into the folder now, sent eight days ago: long before the last search."""
        desk.send(4, at(14))
        assert desk.look() == [1, 2, 4]
        assert starts(told) == ["2026-11-13T23:00:00Z"]

    def test_a_day_that_is_read_again_replaces_its_answers(self, desk: Desk) -> None:
        desk.send(4, at(17, 12))
        assert desk.look() == [1, 2, 4]

    def test_mail_from_before_the_days_in_view_costs_nothing(self, desk: Desk) -> None:
        desk.send(4, at(3))
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1}

    def test_meetings_are_no_reason_to_search(self, desk: Desk) -> None:
        desk.send(4, at(20), item_class="IPM.Schedule.Meeting.Resp.Pos")
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1}

    def test_what_was_sent_was_sent(self, desk: Desk) -> None:
        """A mail that is thrown away is no reason to search, and its answer stays."""
        gone = next(item.id for item in desk.mailbox.items.values() if item.subject == "Vertrouwelijk 1")
        del desk.mailbox.items[gone]
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1}

    def test_days_out_of_view_leave_the_bookmark(self, desk: Desk) -> None:
        desk.clock.set(NOW + timedelta(days=7))
        assert desk.look(SINCE + timedelta(days=7)) == [2]
        assert desk.asked == {"SyncFolderItems": 1}
        assert "2026-11-12" not in desk.shelf.text and "2026-11-17" in desk.shelf.text

    def test_an_answer_that_somebody_may_mend_is_asked_for_again(
        self, desk: Desk, told: list[etree._Element]
    ) -> None:
        desk.send(MENDABLE, at(20))
        desk.look()
        told.clear()
        assert desk.look() == [1, 2, MENDABLE]
        assert starts(told) == ["2026-11-19T23:00:00Z"]
        assert desk.asked == {"SyncFolderItems": 1, "FindItem": 1, "GetItem": 1}

    @pytest.mark.parametrize("unreadable", [
        "", "KANARIE", "[]", "null", "{}", "7",
    ])  # fmt: skip
    def test_of_an_unreadable_bookmark_nothing_is_used(self, desk: Desk, unreadable: str) -> None:
        desk.shelf.texts = dict.fromkeys(desk.shelf.texts, unreadable)
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1, "FindItem": 1, "GetItem": 1}

    @pytest.mark.parametrize("changed", [
        {"version": 0},
        {"days": {"2026-11-12": {"een": 1}}},
        {"days": {"2026-11-12": {"9": 0}}},
        {"days": {"gisteren": {"9": 1}}},
        {"days": [["2026-11-12", "9"]]},
        {"days": {"2026-11-12": ["9"]}},
        {"fingerprint": None},
        {"state": 7},
        {"begun": "2026-11-20T10:00:00"},
        {"begun": (NOW + timedelta(minutes=1)).isoformat()},
        {"begun": None},
        {"since": (SINCE + timedelta(days=1)).isoformat()},
    ])  # fmt: skip
    def test_a_bookmark_that_does_not_answer_the_question_is_not_used(
        self, desk: Desk, told: list[etree._Element], changed: dict[str, Any]
    ) -> None:
        """Damaged, of before the clock was set back, or of fewer days: all days are read again."""
        desk.shelf.change(**changed)
        assert desk.look() == [1, 2]
        assert starts(told) == ["2026-11-08T23:00:00Z"]
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1}

    def test_other_rules_for_answers_read_all_again_but_follow_the_folder_from_where_it_was(
        self, desk: Desk, told: list[etree._Element]
    ) -> None:
        desk.redactor = Numbers(NumberKeeping("other words"))
        assert desk.look() == [1, 2]
        assert starts(told) == ["2026-11-08T23:00:00Z"]
        assert told[0].find(".//{*}SyncState") is not None

    def test_another_version_of_the_program_reads_all_again(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sent_items, "__version__", "9.9")
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1, "FindItem": 1, "GetItem": 1}

    def test_another_address_of_the_owner_reads_all_again(self, desk: Desk) -> None:
        """What was sent under the earlier one may now be somebody else's."""
        old, new = desk.mailbox.address, "nieuwe.naam@voorbeeld.example"
        desk.mailbox.address = new
        desk.server.town.mailboxes[new] = desk.server.town.mailboxes.pop(old)
        assert desk.look() == [1, 2]
        assert desk.asked == {"SyncFolderItems": 1, "FindItem": 1, "GetItem": 1}

    def test_the_bookmark_holds_no_word_of_anybody(self, desk: Desk) -> None:
        desk.send(4, at(20), label="Vertrouwelijk KANARIE")
        desk.look()
        kept = json.loads(desk.shelf.text)
        ids = [item_id for item_id in desk.mailbox.items if item_id in desk.shelf.text]
        assert ids == [] and "KANARIE" not in desk.shelf.text and "elders" not in desk.shelf.text
        assert kept["days"] == {"2026-11-12": {"1": 1}, "2026-11-17": {"2": 1}, "2026-11-20": {"4": 1}}


class TestSync:
    def test_asks_ids_classes_and_dates(
        self, desk: Desk, told: list[etree._Element], valid: Callable[[Any], None]
    ) -> None:
        desk.send(1, at(12))
        desk.look()
        desk.look()
        asked = [request.find("{*}Body")[0] for request in told]
        first, *_, second = [body for body in asked if etree.QName(body).localname == "SyncFolderItems"]
        for body in (first, second):
            valid(body)
            assert asked_fields(body) == ["item:ItemClass", "item:DateTimeSent", "item:DateTimeCreated"]
            assert body.findtext(".//{*}BaseShape") == "IdOnly"
            assert body.findtext("{*}MaxChangesReturned") == "512"
            assert next(body.iter("{*}DistinguishedFolderId")).get("Id") == "sentitems"
        assert first.find("{*}SyncState") is None
        assert second.findtext("{*}SyncState")
        (line, *_) = [one for one in desk.server.access_log() if one.operation == "SyncFolderItems"]
        assert line.impersonated == desk.mailbox.address

    def test_without_a_place_for_bookmarks_or_leave_to_keep_it_is_not_asked(
        self, desk: Desk, open_road: OpenRoad
    ) -> None:
        desk.send(1, at(12))
        desk.redactor = Numbers(keeping=None)
        assert desk.look() == [1]
        assert desk.asked == {"FindItem": 1, "GetItem": 1} and desk.shelf.texts == {}
        desk.redactor, desk.road = Numbers(), open_road(bookmarks=NoBookmarks())
        assert desk.look() == [1]
        assert desk.asked == {"FindItem": 1, "GetItem": 1}

    @pytest.mark.parametrize(
        "forgets",
        [
            lambda desk: desk.mailbox.items.forget_states(),
            lambda desk: desk.server.faults.add(
                Fault(FaultKind.SOAP_CODE, "SyncFolderItems", code="ErrorInvalidSyncStateData", count=1)
            ),
            lambda desk: rewrite(desk.server, r"<m:SyncState>[^<]*</m:SyncState>", "", count=1),
            lambda desk: rewrite(desk.server, r"<m:SyncState>[^<]*<", "<m:SyncState><", count=1),
        ],
        ids=["refused", "refused as a fault", "no state", "an empty state"],
    )
    def test_where_the_server_forgot_its_state_all_is_read_again(
        self, desk: Desk, told: list[etree._Element], forgets: Callable[[Desk], None]
    ) -> None:
        """Mail that came in meanwhile, sent long before the last search, would be missed otherwise."""
        desk.send(1, at(12))
        assert desk.look() == [1]
        desk.send(2, at(10))
        told.clear()
        forgets(desk)
        assert desk.look() == [1, 2]
        assert starts(told) == ["2026-11-08T23:00:00Z"]

    def test_a_refusal_with_an_empty_state_is_one_too(self, desk: Desk) -> None:
        """exchangelib raises one thing with and another without the element; it may stand in an error."""
        desk.send(1, at(12))
        desk.look()
        desk.mailbox.items.forget_states()
        rewrite(desk.server, "(<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>)", r"\1<m:SyncState/>")
        assert desk.look() == [1]
        assert desk.asked == {"SyncFolderItems": 2, "FindItem": 1, "GetItem": 1}

    def test_after_a_fresh_beginning_the_next_look_is_short_again(self, desk: Desk) -> None:
        desk.send(1, at(12))
        desk.look()
        desk.mailbox.items.forget_states()
        desk.look()
        assert desk.look() == [1]
        assert desk.asked == {"SyncFolderItems": 1}

    def test_pages_that_never_end_end(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same state again and more to come, for ever: two tries, then the search does without."""
        desk.send(1, at(12))
        rewrite(desk.server, "<m:IncludesLastItemInRange>true", "<m:IncludesLastItemInRange>false")
        for _ in range(2):
            assert desk.look() == [1]
            assert desk.asked["SyncFolderItems"] <= 3 and desk.asked["FindItem"] == 1

    @pytest.mark.parametrize("said", ["<m:SyncState/>", ""], ids=["empty", "missing"])
    def test_a_server_that_never_gives_a_state_costs_the_search_of_all_days(
        self, desk: Desk, said: str
    ) -> None:
        rewrite(desk.server, r"<m:SyncState>[^<]*</m:SyncState>", said)
        for number in (1, 2):
            desk.send(number, at(12, number))
            assert desk.look() == list(range(1, number + 1))
            assert desk.asked == {"SyncFolderItems": 1, "FindItem": 1, "GetItem": 1}

    @pytest.mark.parametrize("trouble", ["no operation", "long state"])
    def test_without_sync_each_search_overlaps_the_last_by_days(
        self, desk: Desk, told: list[etree._Element], trouble: str
    ) -> None:
        if trouble == "no operation":
            desk.server.faults.add(Fault(FaultKind.NO_OPERATION, "SyncFolderItems"))
        else:
            rewrite(desk.server, "<m:SyncState>", f"<m:SyncState>{'A' * sent_bookmark.LONGEST_STATE}")
        desk.send(1, at(12))
        desk.send(2, at(21))
        assert desk.look() == [1, 2]
        desk.clock.set(NOW + timedelta(days=1))
        desk.send(3, at(22))
        desk.send(4, at(23, 12))
        if trouble == "long state":
            desk.mailbox.items.changes.clear()  # nor does the one page tell anything
        told.clear()
        assert desk.look() == [1, 2, 3, 4]
        assert starts(told) == ["2026-11-19T23:00:00Z"]
        assert len(desk.shelf.text) < 1024

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(FaultKind.NO_OPERATION, "SyncFolderItems"),
            Fault(FaultKind.CODE, "SyncFolderItems", code="ErrorInternalServerError"),
            Fault(FaultKind.CODE, "SyncFolderItems", code="ErrorSyncFolderNotFound"),
        ],
        ids=["no operation", "always fails", "folder unknown"],
    )
    def test_where_sync_never_works_late_mail_is_found_within_a_week(self, desk: Desk, fault: Fault) -> None:
        desk.server.faults.add(fault)
        desk.send(1, at(22))
        assert desk.look() == [1]
        desk.clock.set(NOW + timedelta(days=1))
        desk.send(2, at(12))
        for day in range(2, 8):
            desk.clock.set(NOW + timedelta(days=day))
            found = desk.look()
        assert found == [1, 2]

    @pytest.mark.parametrize("kind", [FaultKind.INTERNAL_BUSY, FaultKind.BROKEN_XML, FaultKind.NO_OPERATION])
    def test_a_sync_that_fails_once_is_taken_up_where_it_was(
        self, desk: Desk, told: list[etree._Element], kind: FaultKind
    ) -> None:
        """The search overlaps meanwhile; what came in late is found when the folder can be followed again."""
        desk.send(1, at(12))
        desk.look()
        desk.send(2, at(10))
        desk.send(3, at(22))
        desk.server.faults.add(Fault(kind, "SyncFolderItems", count=1))
        told.clear()
        assert desk.look() == ([1, 2, 3] if kind is FaultKind.INTERNAL_BUSY else [1, 3])
        if kind is not FaultKind.INTERNAL_BUSY:
            assert starts(told) == ["2026-11-19T23:00:00Z"]
        assert desk.look() == [1, 2, 3]
        assert desk.look() == [1, 2, 3]
        assert desk.asked == {"SyncFolderItems": 1}

    def test_an_odd_date_is_no_date(self, desk: Desk, told: list[etree._Element]) -> None:
        """Then the day is not known, and all days are read."""
        desk.send(1, at(12))
        desk.look()
        told.clear()
        desk.send(2, at(20))
        rewrite(
            desk.server,
            r"(</t:ItemClass>)<t:DateTimeSent>[^<]*</t:DateTimeSent><t:DateTimeCreated>[^<]*<",
            r"\1<t:DateTimeCreated>ooit<",
        )
        assert desk.look() == [1, 2]
        assert starts(told) == ["2026-11-08T23:00:00Z"]


class TestBrokenOff:
    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sent_calls, "PAGE", 3)

    def test_a_search_goes_on_at_the_page_where_it_broke_off(
        self, desk: Desk, told: list[etree._Element]
    ) -> None:
        for number in range(1, 21):
            desk.send(number, at(12, 10, number))
        desk.server.faults.add(Fault(FaultKind.CODE, "FindItem", nth=6, count=1, code="ErrorAccessDenied"))
        assert desk.look() is Reason.ACCESS_DENIED
        assert desk.asked["FindItem"] == 6
        told.clear()
        assert desk.look() == list(range(1, 21))
        assert starts(told)[0] == "2026-11-12T10:11:00Z"
        assert desk.asked["FindItem"] == 5

    def test_a_busy_server_is_asked_for_the_rest_only(self, desk: Desk, told: list[etree._Element]) -> None:
        """The same visit, a second try."""
        for number in range(1, 21):
            desk.send(number, at(12, 10, number))
        desk.server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindItem", nth=6, count=1, seconds=0.01))
        assert desk.look() == list(range(1, 21))
        first = [start for start in starts(told) if start == "2026-11-08T23:00:00Z"]
        assert len(first) == 1

    def test_mail_of_one_second_on_two_pages_is_counted_once(self, desk: Desk) -> None:
        """The search breaks off within that second; the next one reads all of it again."""
        for number in range(1, 9):
            desk.send(number, at(12, 10, 0, 0 if number < 3 else 1))
        desk.server.faults.add(Fault(FaultKind.CODE, "FindItem", nth=3, count=1, code="ErrorAccessDenied"))
        assert desk.look() is Reason.ACCESS_DENIED
        assert desk.look() == list(range(1, 9))
        assert desk.look() == list(range(1, 9))

    def test_mail_that_came_in_before_the_break_is_found_behind_it(self, desk: Desk) -> None:
        for number in range(1, 21):
            desk.send(number, at(14, 10, number))
        desk.server.faults.add(Fault(FaultKind.CODE, "FindItem", nth=6, count=1, code="ErrorAccessDenied"))
        assert desk.look() is Reason.ACCESS_DENIED
        desk.send(21, at(12))
        assert desk.look() == list(range(1, 22))

    @pytest.mark.parametrize("seed", range(2))
    def test_whatever_happens_it_is_as_if_all_were_read(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, seed: int
    ) -> None:
        """Three weeks in which mail comes in late, looks break off and the server forgets."""
        monkeypatch.setattr(sent_changes, "PAGE", 4)
        monkeypatch.setattr(sent_changes, "PAGES", 5)
        chance, number = random.Random(seed), 0
        for day in range(21):
            now = NOW + timedelta(days=day)
            since = now.date() - timedelta(days=now.weekday() + 7)
            desk.clock.set(now)
            for _ in range(chance.randrange(6)):
                number += 1
                late = timedelta(days=chance.choice((0, 0, 0, 1, 2, 6, 20)), minutes=chance.randrange(900))
                label = chance.choice(("Vertrouwelijk", "Vertrouwelijk", "Lunch"))
                desk.send(number if chance.random() < 0.9 else number + MENDABLE, now - late, label=label)
            if chance.random() < 0.15:
                desk.mailbox.items.forget_states()
            if chance.random() < 0.4:
                operation = chance.choice(("FindItem", "GetItem", "SyncFolderItems"))
                desk.server.faults.add(
                    Fault(FaultKind.CODE, operation, nth=chance.randrange(1, 4), count=1,
                          code="ErrorAccessDenied")
                )  # fmt: skip
            found = desk.look(since)
            desk.server.faults.clear()
            if isinstance(found, Reason):
                continue
            keeping, desk.redactor = desk.redactor, Numbers(keeping=None)
            everything = desk.look(since)
            desk.redactor = keeping
            if json.loads(desk.shelf.text)["caught_up"]:
                assert found == everything, f"day {day}"
            else:
                assert set(found) <= set(everything) and len(found) == len(set(found)), f"day {day}"


class TestLargeFolder:
    """Twenty thousand items here; `tests/campaign` has four hundred thousand."""

    COUNT = 20_000
    BOUND = 8 * 1024 * 1024
    """Bytes that the reading, and the server in the same process, may take at their peak."""

    @pytest.fixture(autouse=True)
    def years(self, desk: Desk) -> None:
        step = timedelta(minutes=15)
        first = at(22) - step * (self.COUNT - 1)
        box = desk.mailbox
        box.past = Past(box.address, desk.folder, box.guid, self.COUNT, first, step, "a@elders.example")

    def test_is_caught_up_with_over_several_visits_in_little_memory(self, desk: Desk) -> None:
        """The verdict does not wait for it: it rests on the search from the first visit on."""
        asked = []
        tracemalloc.start()
        try:
            while not asked or not json.loads(desk.shelf.text)["caught_up"]:
                assert desk.look() == [20_000 - 1000]
                asked.append(desk.asked)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert [look["SyncFolderItems"] for look in asked] == [20, 20]
        assert all(look["FindItem"] <= 1 for look in asked)
        assert peak < self.BOUND
        assert desk.look() == [20_000 - 1000]
        assert desk.asked == {"SyncFolderItems": 1}

    def test_the_state_is_kept_after_each_page(self, desk: Desk) -> None:
        """A walk that breaks off in its seventh page goes on there."""
        desk.server.faults.add(
            Fault(FaultKind.CODE, "SyncFolderItems", nth=7, count=1, code="ErrorAccessDenied")
        )
        assert desk.look() is Reason.ACCESS_DENIED
        assert desk.shelf.kept == 6
        walked = 0
        while not json.loads(desk.shelf.text)["caught_up"]:
            desk.look()
            walked += desk.asked["SyncFolderItems"]
        assert walked == -(-self.COUNT // 512) - 6
