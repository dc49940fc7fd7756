"""SyncFolderItems: what came, changed and went since a state, page by page, and states that are no good."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.mailboxes import Item, Past, opaque
from tests.simulator.asks import Asks
from tests.simulator.conftest import Client, Got

DATED = ("item:ItemClass", "item:DateTimeSent", "item:DateTimeCreated")
Put = Callable[..., Item]
Sync = Callable[..., Got]


@pytest.fixture
def sender(address: Callable[[str], str], town: Town) -> str:
    """Somebody whose mailbox holds only what a test lays into it."""
    someone = address("plain-over")
    mailbox = town.mailbox(someone)
    assert mailbox is not None
    mailbox.items.clear()
    return someone


@pytest.fixture
def sync(client: Client, asks: Asks, sender: str, valid: Callable[[Any], None]) -> Sync:
    def ask(state: str = "", limit: int = 512, properties: str = "", folder: str = "sentitems") -> Got:
        got = client.ask(
            asks.sync_items(state=state, limit=limit, properties=properties, folder=folder), sender
        )
        valid(got.content)
        return got

    return ask


def state(got: Got) -> str:
    found = got.text_of(".//m:SyncState")
    assert found
    return found


def last(got: Got) -> bool:
    return got.text_of(".//m:IncludesLastItemInRange") == "true"


def changes(got: Got) -> list[tuple[str, str]]:
    """The kind of each change and the id of its item."""
    return [
        (etree.QName(change).localname, next(change.iter("{*}ItemId")).get("Id", ""))
        for change in got.all(".//m:Changes/*")
    ]


def test_first_everything_is_new_and_then_only_what_became_of_it(
    sync: Sync, put: Put, sender: str, town: Town
) -> None:
    mailbox = town.mailbox(sender)
    assert mailbox is not None
    one, two, three = (put(sender) for _ in range(3))
    first = sync()
    assert changes(first) == [("Create", item.id) for item in (one, two, three)] and last(first)
    assert changes(sync(state(first))) == []
    four = put(sender)
    put(sender, "drafts")
    passing = put(sender)
    del mailbox.items[passing.id]
    mailbox.items[one.id] = one
    del mailbox.items[two.id]
    then = sync(state(first))
    assert changes(then) == [("Create", four.id), ("Update", one.id), ("Delete", two.id)]
    assert changes(sync(state(then))) == []


def test_pages_are_as_long_as_was_asked_and_lose_nothing(sync: Sync, put: Put, sender: str) -> None:
    laid = [put(sender).id for _ in range(5)]
    first = sync(limit=2)
    second = sync(state(first), limit=2)
    third = sync(state(second), limit=2)
    assert [last(page) for page in (first, second, third)] == [False, False, True]
    assert [item_id for page in (first, second, third) for _, item_id in changes(page)] == laid


def test_what_is_asked_for_is_shown_and_no_more(
    sync: Sync, put: Put, sender: str, asks: Asks, server: SimulatorServer
) -> None:
    put(sender, subject="Vertrouwelijk")
    got = sync(properties=asks.fields(*DATED))
    assert got.text_of(".//t:Create/t:Message/t:ItemClass") == "IPM.Note"
    assert "ertrouwelijk" not in got.text
    line = server.access_log()[-1]
    assert (line.operation, line.mailboxes, line.content_asked) == ("SyncFolderItems", (sender,), ())


def test_a_sync_that_asks_for_subjects_stands_out_in_the_access_log(
    sync: Sync, asks: Asks, server: SimulatorServer
) -> None:
    sync(properties=asks.fields("item:Subject"))
    line = server.access_log()[-1]
    assert line.headings_asked == ("item:Subject",) and not line.subject_searched


def test_states_of_other_folders_of_earlier_and_of_nobody_are_refused(
    sync: Sync, sender: str, town: Town
) -> None:
    mailbox = town.mailbox(sender)
    assert mailbox is not None
    good = state(sync())
    assert sync(good).codes == ["NoError"]
    for wrong in (state(sync(folder="inbox")), "bm9uc2Vuc2U=", "KANARIE", opaque("sync 0|x|0.0")):
        assert sync(wrong).codes == ["ErrorInvalidSyncStateData"]
    mailbox.items.forget_states()
    assert sync(good).codes == ["ErrorInvalidSyncStateData"]
    assert sync().codes == ["NoError"]


@pytest.mark.parametrize("limit", [0, 513])
def test_a_page_has_one_to_512_changes(client: Client, asks: Asks, sender: str, limit: int) -> None:
    assert client.ask(asks.sync_items(limit=limit), sender).fault == "ErrorSchemaValidation"


def test_mail_of_many_years_is_made_when_it_is_looked_at(
    client: Client, sync: Sync, asks: Asks, put: Put, sender: str, town: Town
) -> None:
    """It comes before all other items, in the sync and in a listing that is sorted by date."""
    mailbox = town.mailbox(sender)
    assert mailbox is not None
    folder = mailbox.folders.by_name["sentitems"].id
    first, step = datetime(2020, 1, 1, tzinfo=UTC), timedelta(hours=1)
    mailbox.past = Past(sender, folder, mailbox.guid, 1000, first, step, "a@elders.example", labelled=300)
    new = put(sender, sent=first + 1200 * step, subject="Vertrouwelijk, nieuw")
    pages = [sync(limit=400)]
    while not last(pages[-1]):
        pages.append(sync(state(pages[-1]), limit=400))
    ids = [item_id for page in pages for _, item_id in changes(page)]
    assert [len(changes(page)) for page in pages] == [400, 400, 201]
    assert len(set(ids)) == 1001 and ids[-1] == new.id
    late = f"<t:And>{asks.since('2020-01-13T12:00:00Z')}{asks.has('vertrouwelijk')}</t:And>"
    got = client.ask(
        asks.find_item("sentitems", properties=asks.fields("item:Subject"), restriction=late), sender
    )
    assert [subject.text for subject in got.all(".//t:Subject")] == [
        "Vertrouwelijk: stuk 300", "Vertrouwelijk: stuk 600", "Vertrouwelijk: stuk 900",
        "Vertrouwelijk, nieuw",
    ]  # fmt: skip
    assert client.ask(asks.get_item(ids[300]), sender).codes == ["NoError"]
    assert client.ask(asks.get_item(opaque(f"past|{mailbox.guid}|1000")), sender).codes == [
        "ErrorItemNotFound"
    ]


@pytest.mark.parametrize(("order", "expected"), [("Ascending", "abc"), ("Descending", "cba")])
def test_a_listing_can_be_sorted_by_date(
    client: Client, asks: Asks, put: Put, sender: str, town: Town, order: str, expected: str
) -> None:
    now = town.clock.now()
    for name, days in (("b", 2), ("c", 1), ("a", 3)):
        put(sender, subject=name, sent=now - timedelta(days=days))

    def sorted_by(field: str) -> Got:
        by = f'<t:FieldOrder Order="{order}"><t:FieldURI FieldURI="{field}"/></t:FieldOrder>'
        listing = asks.find_item("sentitems", properties=asks.fields("item:Subject"))
        return client.ask(
            listing.replace("<m:ParentFolderIds>", f"<m:SortOrder>{by}</m:SortOrder><m:ParentFolderIds>"),
            sender,
        )

    assert "".join(subject.text for subject in sorted_by("item:DateTimeSent").all(".//t:Subject")) == expected
    assert sorted_by("item:Size").codes == ["ErrorUnsupportedPathForSortGroup"]
