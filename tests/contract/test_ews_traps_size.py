"""No request is longer than 64 KiB: whatever our code builds fits, and what does not fit is not sent.

Some servers answer HTTP 400 on a kept connection to anything longer. Requests are built at their worst here:
ids and addresses of the greatest length there is, words of people who make long lists.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.exchange.ews import access_calls, calls, letter_calls, sent_calls, sent_changes
from mailbot.exchange.ews.address_book import AddressBook
from mailbot.exchange.ews.connection import Box, Line, Server
from mailbot.exchange.ews.free_busy import BATCH
from mailbot.exchange.ews.sent_bookmark import LONGEST_STATE
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.exchange.ews.watchdog import Watchdog
from mailbot.exchange.ews_post import DELETE_BATCH
from mailbot.model.facts import Reason
from mailbot.model.ids import Address, LetterId
from mailbot.model.letters import Mail
from mailbot.model.sent import SubjectSearch
from mailbot.ports import Post, PostRefused
from mailbot.rules.mail.lexicon import lexicon
from mailbot.simulator import SimulatorServer, Town
from tests.contract.roads import NOW
from tests.contract.test_post import HEADERS, arrived, letter, send

LONGEST_ID = 512
"""Characters. Ids of Exchange have 150 to 250; on a folder deep in an archive they were seen at 400."""

EVER = 1e12
WORDS = st.text(min_size=1, max_size=60)
IDS = st.integers(1, LONGEST_ID).map(lambda length: "A/+" * (length // 3) + "=" * (length % 3))


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    """Up to 64 characters before the @, 254 in all, with those that XML writes longest."""
    local = draw(st.text("abc.&'+-", min_size=1, max_size=64))
    domain = draw(st.text("abc-", max_size=180))
    return Address(f"{local}@a{domain}a.example")


class Measured:
    """Lengths of the requests that would have left, envelope and all."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def note(self, service: Any, payload: Any) -> list[Any]:
        self.sizes.append(len(service.wrap(payload)))
        return []


@contextmanager
def measured() -> Iterator[Measured]:
    """Nothing is sent; every request is answered with nothing at all."""
    found = Measured()

    def instead(service: Any, payload: Any) -> list[Any]:
        return found.note(service, payload)

    with mock.patch.object(calls.Raw, "_get_response_xml", instead, create=True):
        yield found


class Unwatched(Watchdog):
    """Nothing is sent here, so nothing can hang."""

    @contextmanager
    def watching(self, _line: Any, _deadline: float) -> Iterator[None]:
        yield


def box(address: str = f"{'a' * 64}@{'b' * 181}.example") -> Box:
    """A mailbox with the longest address there is, which nobody will be asked about."""
    server = Server("http://127.0.0.1:9/", "basic", "x", "y", impersonate=True)
    return Line(server, Unwatched()).box(address)


def all_fit(build: Callable[[], Any]) -> list[int]:
    """Sizes of all that `build` would send. Whatever comes of an empty answer is no matter here."""
    with measured() as found, suppress(EwsTrouble):
        build()
    assert found.sizes, "nothing was built, or it did not fit"
    assert max(found.sizes) <= calls.LARGEST
    return found.sizes


def every(answers: Any) -> list[Any]:
    return list(answers)


FIXED: dict[str, Callable[[Box], Any]] = {
    "folders with sizes": lambda box: calls.find_folders(box, 10**9, EVER),
    "a folder's id": lambda box: calls.folder_id(box, "recoverableitemsroot", EVER),
    "the automatic reply": lambda box: calls.oof_settings(box, EVER),
    "inbox rules": lambda box: calls.inbox_rules(box, EVER),
    "permissions of the inbox": lambda box: access_calls.inbox(box, EVER),
    "delegates": lambda box: access_calls.delegates(box, EVER),
    "settings of Outlook": lambda box: access_calls.user_options(box, EVER),
    "folders with a private name": lambda box: access_calls.folders_named(box, ["&" * 40] * 10, EVER),
    "a sync state of the greatest length": lambda box: sent_changes.sync(box, "A" * LONGEST_STATE, EVER),
    "all our letters": lambda box: letter_calls.find_letters(box, "sentitems", EVER),
    "letters by key": lambda box: letter_calls.find_letters(box, "drafts", EVER, key="k" * 200),
    "letters by Message-ID": lambda box: letter_calls.find_letters(box, "drafts", EVER, message_id="m" * 998),
}


@pytest.mark.parametrize("build", FIXED.values(), ids=FIXED)
def test_requests_that_do_not_grow(build: Callable[[Box], Any]) -> None:
    all_fit(lambda: build(box()))


@settings(max_examples=25, deadline=None)
@given(st.lists(addresses(), min_size=BATCH, max_size=BATCH))
def test_free_busy_of_a_whole_batch(people: list[Address]) -> None:
    asked = [address.value for address in people]
    all_fit(lambda: calls.availability(box().line, asked, NOW, NOW + timedelta(days=42), EVER))


def test_free_busy_of_a_batch_at_its_worst() -> None:
    worst = f"{'&' * 64}@{'b' * 181}.example"
    assert len(Address(worst).value) == 254
    (size,) = all_fit(
        lambda: calls.availability(box().line, [worst] * BATCH, NOW, NOW + timedelta(days=42), EVER)
    )
    assert size > 30_000, "the worst case is none"


@settings(max_examples=25, deadline=None)
@given(st.lists(IDS, min_size=1, max_size=120))
def test_items_and_folders_by_id_go_in_chunks(ids: list[str]) -> None:
    headers = [f"X-Header-{number:02}" for number in range(20)]
    with measured() as found:
        for build in (
            lambda: every(sent_calls.listed(box(), ids, EVER)),
            lambda: every(sent_calls.headings(box(), ids, headers, EVER)),
            lambda: every(access_calls.folders(box(), ids, EVER)),
            lambda: letter_calls.delete_for_good(box(), [f"{id_}|{'C' * 64}" for id_ in ids[:50]], EVER),
            lambda: letter_calls.send_draft(box(), f"{ids[0]}|{'C' * 64}", EVER),
        ):
            with suppress(EwsTrouble):
                build()
    assert len(found.sizes) == 5
    assert max(found.sizes) <= calls.LARGEST


@pytest.mark.parametrize("chunk", [sent_calls.CHUNK, access_calls.CHUNK, DELETE_BATCH])
def test_chunks_are_small_enough_for_the_longest_ids(chunk: int) -> None:
    """The chunk itself, and not only what was drawn above."""
    assert chunk * (LONGEST_ID + 128) + 4096 < calls.LARGEST


@settings(max_examples=20, deadline=None)
@given(addresses(), WORDS)
def test_questions_to_the_address_book(address: Address, name: str) -> None:
    book = AddressBook()
    all_fit(lambda: book.group(box(), address.value, EVER))
    all_fit(lambda: book.private_group(box(), "A" * LONGEST_ID, EVER))
    all_fit(lambda: book._look_up(box(), "/o=" + name * 20, EVER))


def test_the_longest_lists_of_words_that_a_norm_may_have() -> None:
    """Forty labels and forty words that are nobody's business, each as long as Dutch words get."""
    labels = tuple(f"hoogstvertrouwelijkheidsverklaringsnummer {number}" for number in range(40))
    hands_off = tuple(f"arbeidsongeschiktheidsverzekeringsdossier {number}" for number in range(40))
    words = lexicon(labels, hands_off)
    search = SubjectSearch(words.fragments, words.left_out)
    (size,) = all_fit(lambda: sent_calls.find(box(), NOW, search, 10**6, EVER))
    assert size > 20_000, "the worst case is none"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("&é€x", min_size=1, max_size=400), min_size=1, max_size=60), st.integers(0, 60))
def test_lists_without_measure_fit_or_are_not_sent(fragments: list[str], without: int) -> None:
    search = SubjectSearch(tuple(fragments), tuple(fragments[:1]) * without)
    with measured() as found, pytest.raises(EwsTrouble) as told:
        sent_calls.find(box(), datetime(2026, 11, 2, tzinfo=UTC), search, 0, EVER)
    if found.sizes:
        assert max(found.sizes) <= calls.LARGEST
        assert told.value.reason is Reason.ANSWER_BROKEN, "it was sent, and answered with nothing"
    else:
        assert (told.value.reason, told.value.code) == (Reason.RULE_FAILED, calls.TOO_LONG)


class TestTheGuard:
    def test_it_tells_what_was_too_long_and_nothing_of_what_stood_in_it(self) -> None:
        search = SubjectSearch(("KANARIE" * 20_000,), ())
        with (
            structlog.testing.capture_logs() as logged,
            measured() as found,
            pytest.raises(EwsTrouble) as told,
        ):
            sent_calls.find(box(), NOW, search, 0, EVER)
        assert found.sizes == []
        assert str(told.value) == "rule_failed (request_too_long)"
        (line,) = logged
        assert line["operation"] == "FindItem" and line["bytes"] > 140_000
        assert line["event"].startswith("request not sent: it is longer than 64 KiB")
        assert "KANARIE" not in repr(logged) + repr(told.value)

    def test_what_it_refuses_costs_no_connection(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        """The next request goes out over the same connection as if nothing had been."""
        line: Line = post._line  # type: ignore[attr-defined]
        send(post, letter(town, key="brief-1"))
        (session,) = line.protocol._session_pool.queue
        with pytest.raises(PostRefused):
            post.prepare(letter(town, key="brief-2", html="x" * calls.LARGEST))
        assert list(line.protocol._session_pool.queue) == [session]
        send(post, letter(town, key="brief-3"))
        assert line.protocol._session_pool.queue == [session]
        assert server.log.counts() == {"CreateItem": 2, "SendItem": 2}

    @pytest.mark.parametrize("over", [0, 1])
    def test_it_is_exact(self, over: int) -> None:
        mail = _mail(Address("iemand@voorbeeld.example"), "")
        with measured() as found, suppress(EwsTrouble):
            letter_calls.create_draft(box(), mail, EVER)
        fill = calls.LARGEST - found.sizes[0]
        longer = _mail(Address("iemand@voorbeeld.example"), "x" * (fill + over))
        with measured() as again, pytest.raises(EwsTrouble) as told:
            letter_calls.create_draft(box(), longer, EVER)
        assert again.sizes == ([] if over else [calls.LARGEST])
        assert (told.value.code == calls.TOO_LONG) is bool(over)


class TestLetters:
    @settings(max_examples=30, deadline=None)
    @given(addresses(), st.text(max_size=120), st.integers(0, 100_000))
    def test_a_letter_fits_or_is_not_sent(self, to: Address, subject: str, length: int) -> None:
        html = ("<p>woorden & <b>meer</b></p>" * (length // 25 + 1))[:length]
        with measured() as found, pytest.raises(EwsTrouble) as told:
            letter_calls.create_draft(box(), _mail(to, html, subject), EVER)
        assert bool(found.sizes) is not (told.value.code == calls.TOO_LONG)
        assert all(size <= calls.LARGEST for size in found.sizes)

    def test_one_of_a_hundred_kilobytes_is_refused_for_good_and_never_sent(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        """It is no trouble that passes: the courier is told once, and the next letter leaves."""
        long = letter(town, key="brief-1", html="<p>" + "woorden " * 13_000 + "</p>")
        with pytest.raises(PostRefused, match="request_too_long"):
            post.prepare(long)
        assert server.access_log() == []
        mail = letter(town, key="brief-2")
        send(post, mail)
        assert len(arrived(server, mail)) == 1


def _mail(to: Address, html: str, subject: str = "Even over je postvak") -> Mail:
    return Mail(
        key=LetterId("k" * 64),
        message_id=f"<{'m' * 64}@voorbeeld.example>",
        sender=Address("postbushulp@voorbeeld.example"),
        sender_name="Postbushulp",
        to=to,
        to_name="&" * 120,
        subject=subject,
        html=html,
        text="",
        headers=HEADERS,
        date=NOW,
    )
