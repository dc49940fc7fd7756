"""What only letters through EWS know: drafts that outlive the process, saved copies, throttling.

What every post promises stands in `test_post`."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mailbot.exchange.ews import calls, letter_calls
from mailbot.exchange.throttling import budget_of
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.ids import Address, LetterId
from mailbot.model.letters import Mail, Trace, Whereabouts
from mailbot.ports import Post, PostRefused
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from mailbot.simulator.mailboxes import Item, Mailbox, opaque
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.moments import Hurry
from tests.contract.roads import SIZE, Memory, listen, one, rewrite
from tests.contract.test_post import arrived, kept, send, where
from tests.contract.test_post import letter as contract_letter


def letter(town: Town, to: str | None = None, key: str = "brief-1", **changed: Any) -> Mail:
    return contract_letter(town, to, key, **{"message_id": f"<{key}@voorbeeld.example>", **changed})


class TestSending:
    def test_a_draft_is_not_sent_yet(self, post: Post, server: SimulatorServer, town: Town) -> None:
        mail = letter(town)
        assert post.prepare(mail)
        assert arrived(server, mail) == []
        assert [item.draft for item in kept(town, "drafts")] == [True]

    def test_the_proof_copy_bears_our_key(self, post: Post, town: Town) -> None:
        send(post, letter(town))
        (copy,) = kept(town, "sentitems")
        key = (letter_calls.KEY_SET, letter_calls.KEY_NAME.lower(), "String")
        assert copy.named == {key: "brief-1"}

    def test_characters_that_xml_cannot_carry_are_left_out(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        """A control character in a name must not stop the letters of everybody after it."""
        mail = letter(town, subject="Even\x0b over\x00 je postvak", to_name="Jan\x1f")
        send(post, mail)
        assert arrived(server, mail)[0].subject == "Even over je postvak"


class TestTrace:
    def test_nowhere_in_drafts_and_sent(self, post: Post, town: Town) -> None:
        mail = letter(town)
        assert post.trace(mail.key, mail.message_id) == Trace(Whereabouts.NOWHERE)
        post.prepare(mail)
        found = post.trace(mail.key, mail.message_id)
        assert found.where is Whereabouts.DRAFTS
        assert found.draft is not None
        post.dispatch(found.draft)
        assert where(post, mail) is Whereabouts.SENT

    @pytest.mark.parametrize("folder", ["drafts", "sentitems"])
    def test_by_key_alone(self, post: Post, town: Town, folder: str) -> None:
        """A server may give a mail another Message-ID when it leaves."""
        mail = letter(town)
        draft = post.prepare(mail)
        if folder == "sentitems":
            post.dispatch(draft)
        kept(town, folder)[0].message_id = "<made.by@server.example>"
        assert where(post, mail) is {"drafts": Whereabouts.DRAFTS, "sentitems": Whereabouts.SENT}[folder]

    @pytest.mark.parametrize("folder", ["drafts", "sentitems"])
    def test_by_message_id_alone(self, post: Post, town: Town, folder: str) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        if folder == "sentitems":
            post.dispatch(draft)
        kept(town, folder)[0].named.clear()
        assert where(post, mail) is {"drafts": Whereabouts.DRAFTS, "sentitems": Whereabouts.SENT}[folder]

    def test_a_sent_copy_counts_for_more_than_a_draft(self, post: Post, town: Town) -> None:
        mail = letter(town)
        send(post, mail)
        post.prepare(mail)
        assert where(post, mail) is Whereabouts.SENT

    def test_a_letter_that_leaves_while_we_look_is_found_in_sent(
        self, post: Post, open_post: OpenPost, server: SimulatorServer, town: Town
    ) -> None:
        """The draft goes between our look into sent and our look into drafts."""
        mail = letter(town)
        draft = post.prepare(mail)
        other = open_post()

        def leave(content: bytes) -> None:
            if b"FindItem" in content and b'Id="drafts"' in content and not arrived(server, mail):
                other.dispatch(draft)

        listen(server, leave)
        assert where(post, mail) is Whereabouts.SENT

    def test_a_server_that_does_not_answer_tells_nothing(
        self, open_post: OpenPost, server: SimulatorServer, town: Town
    ) -> None:
        server.faults.add(Fault(FaultKind.HANG, "FindItem"))
        mail = letter(town)
        with pytest.raises(Unreachable):
            open_post(request_deadline=0.3).trace(mail.key, mail.message_id)


class TestDiscarding:
    def test_twice_is_told_apart(self, post: Post, town: Town) -> None:
        draft = post.prepare(letter(town))
        assert [post.discard(draft), post.discard(draft)] == [True, False]

    @pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
    def test_without_an_answer_nobody_knows(
        self, post: Post, server: SimulatorServer, town: Town, kind: FaultKind
    ) -> None:
        draft = post.prepare(letter(town))
        server.faults.add(Fault(kind, "DeleteItem", count=1))
        with pytest.raises(Unreachable):
            post.discard(draft)
        assert server.log.counts()["DeleteItem"] == 1


class TestTidying:
    def test_second_drafts_of_a_sent_letter_go_too(self, post: Post, town: Town) -> None:
        mail = letter(town)
        post.prepare(mail)
        post.prepare(mail)
        send(post, mail)
        assert (len(kept(town, "drafts")), len(kept(town, "sentitems"))) == (2, 1)
        post.tidy([mail.key])
        assert post.left_over() == 0

    def test_other_letters_and_the_mail_of_strangers_stay(self, post: Post, town: Town) -> None:
        mailbox = town.mailbox(town.sender)
        assert mailbox is not None
        before = set(mailbox.items)
        send(post, letter(town, key="brief-1"))
        send(post, letter(town, key="brief-2"))
        post.prepare(letter(town, key="brief-3"))
        post.tidy([LetterId("brief-1")])
        assert before <= set(mailbox.items)
        keys = [
            value
            for folder in ("sentitems", "drafts")
            for i in kept(town, folder)
            for value in i.named.values()
        ]
        assert keys == ["brief-2", "brief-3"]

    def test_a_copy_that_somebody_removed_is_gone_as_well(self, post: Post) -> None:
        assert post.tidy([LetterId("brief-9")]) == {"brief-9"}

    def test_a_copy_behind_many_others_is_found(
        self, post: Post, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calls, "FILTERED_PAGE", 2)
        for number in range(5):
            send(post, letter(town, key=f"brief-{number}"))
        assert post.left_over() == 5
        assert post.tidy([LetterId("brief-4")]) == {"brief-4"}
        assert post.left_over() == 4

    def test_more_than_one_batch(self, post: Post, town: Town) -> None:
        mailbox = town.mailbox(town.sender)
        assert mailbox is not None
        key = (letter_calls.KEY_SET, letter_calls.KEY_NAME.lower(), "String")
        sent = mailbox.folders.by_name["sentitems"].id
        for number in range(120):
            item = Item(opaque(f"item|{mailbox.guid}|copy{number}"), sent, named={key: f"brief-{number}"})
            mailbox.items[item.id] = item
        keys = [LetterId(f"brief-{number}") for number in range(120)]
        assert post.tidy(keys) == frozenset(keys)
        assert post.left_over() == 0

    def test_what_was_not_seen_in_full_is_not_called_gone(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        """A server that does not show our key: whose copies these are, nobody can tell."""
        send(post, letter(town))
        rewrite(
            server,
            "<t:Items><t:Message>(.*?)<t:ExtendedProperty>.*?</t:ExtendedProperty>",
            r"<t:Items><t:Message>\1",
        )
        assert post.tidy([LetterId("brief-1")]) == frozenset()
        assert len(kept(town, "sentitems")) == 1

    def test_a_deletion_without_an_answer_is_not_a_deletion(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        send(post, letter(town))
        server.faults.add(Fault(FaultKind.DROP_BEFORE, "DeleteItem", count=1))
        with pytest.raises(Unreachable):
            post.tidy([LetterId("brief-1")])
        assert post.left_over() == 1
        assert post.tidy([LetterId("brief-1")]) == {"brief-1"}


class TestCrashes:
    """A write is carried out and its answer lost: the caller hears "unreachable", and a look tells."""

    LOST = (FaultKind.DROP_AFTER, FaultKind.DROP_MIDWAY, FaultKind.BROKEN_XML)

    @pytest.mark.parametrize("kind", LOST)
    def test_a_draft_that_was_made(
        self, post: Post, server: SimulatorServer, town: Town, kind: FaultKind
    ) -> None:
        mail = letter(town)
        server.faults.add(Fault(kind, "CreateItem", count=1))
        with pytest.raises(Unreachable):
            post.prepare(mail)
        assert where(post, mail) is Whereabouts.DRAFTS

    @pytest.mark.parametrize("kind", LOST)
    def test_a_letter_that_was_sent(
        self, post: Post, server: SimulatorServer, town: Town, kind: FaultKind
    ) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        server.faults.add(Fault(kind, "SendItem", count=1))
        with pytest.raises(Unreachable):
            post.dispatch(draft)
        assert where(post, mail) is Whereabouts.SENT
        assert len(arrived(server, mail)) == 1

    @pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.HANG, FaultKind.PLAIN_500])
    def test_a_letter_that_was_not_sent(
        self, post: Post, server: SimulatorServer, town: Town, hurry: Hurry, kind: FaultKind
    ) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        server.faults.add(Fault(kind, "SendItem", count=1))
        if kind is FaultKind.HANG:
            hurry("SendItem", count=1)
        with pytest.raises(Unreachable):
            post.dispatch(draft)
        assert where(post, mail) is Whereabouts.DRAFTS
        post.dispatch(draft)
        assert len(arrived(server, mail)) == 1

    @pytest.mark.parametrize("operation", ["CreateItem", "SendItem", "DeleteItem"])
    @pytest.mark.parametrize("kind", [k for k in FaultKind if k is not FaultKind.SLOW])
    def test_no_write_is_ever_repeated(
        self, post: Post, server: SimulatorServer, town: Town, hurry: Hurry, operation: str, kind: FaultKind
    ) -> None:
        if kind is FaultKind.HANG:
            hurry(operation)
        mail = letter(town)
        draft = post.prepare(mail) if operation != "CreateItem" else ""
        if operation == "DeleteItem":
            post.dispatch(draft)
        server.log.clear()
        server.faults.add(Fault(kind, operation, code="ErrorInternalServerTransientError"))
        steps: dict[str, Callable[[], object]] = {
            "CreateItem": lambda: post.prepare(mail),
            "SendItem": lambda: post.dispatch(draft),
            "DeleteItem": lambda: post.tidy([mail.key]),
        }
        if kind is FaultKind.VALUE_MISSING:
            steps[operation]()  # means nothing for a write
        else:
            with pytest.raises(Exception):  # noqa: B017 - which one is told by the tests around this one
                steps[operation]()
        assert server.log.counts()[operation] == 1

    def test_a_look_is_repeated(self, post: Post, server: SimulatorServer, town: Town) -> None:
        mail = letter(town)
        send(post, mail)
        for kind in (FaultKind.DROP_BEFORE, FaultKind.BUSY_503, FaultKind.PLAIN_500):
            server.faults.clear()
            server.faults.add(Fault(kind, "FindItem", count=2))
            assert where(post, mail) is Whereabouts.SENT


def test_closing_the_post_ends_a_call_that_hangs(
    open_post: OpenPost, server: SimulatorServer, town: Town
) -> None:
    """The service must be able to end within its half minute, whatever the server does."""
    server.faults.add(Fault(FaultKind.HANG, "CreateItem"))
    post = open_post(request_deadline=600)

    def close_when_it_hangs() -> None:
        while not server.faults.struck():
            time.sleep(0.01)
        post.close()

    closer = threading.Thread(target=close_when_it_hangs)
    closer.start()
    with pytest.raises(Unreachable):
        post.prepare(letter(town))
    closer.join()


class TestRefusals:
    @pytest.mark.parametrize("code", ["ErrorInvalidRecipients", "ErrorMessageSizeExceeded"])
    def test_a_no_for_good(self, post: Post, server: SimulatorServer, town: Town, code: str) -> None:
        server.faults.add(Fault(FaultKind.CODE, "SendItem", code=code))
        draft = post.prepare(letter(town))
        with pytest.raises(PostRefused) as refused:
            post.dispatch(draft)
        assert refused.value.code == code

    def test_a_sender_that_is_not_ours_is_no_fault_of_the_letter(self, post: Post, town: Town) -> None:
        """It would strike every letter; they wait until the administrator has mended it."""
        with pytest.raises(Unreachable, match="ErrorSendAsDenied"):
            post.prepare(letter(town, sender=Address("burgemeester@voorbeeld.example")))

    def test_an_unknown_recipient_is_found_out_by_the_transport_not_by_us(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        """Exchange accepts the letter; a report of non-delivery comes back into the service mailbox."""
        mail = letter(town, "bestaat.niet@voorbeeld.example")
        send(post, mail)
        assert where(post, mail) is Whereabouts.SENT
        (report,) = server.inbox_of(town.sender)
        assert report.item_class == "REPORT.IPM.Note.NDR"

    def test_any_other_no_may_pass(self, post: Post, server: SimulatorServer, town: Town) -> None:
        server.faults.add(Fault(FaultKind.CODE, "CreateItem", code="ErrorQuotaExceeded", count=1))
        with pytest.raises(Unreachable, match="ErrorQuotaExceeded"):
            post.prepare(letter(town))
        post.prepare(letter(town))


class TestThrottling:
    @pytest.mark.parametrize("kind", [FaultKind.BUSY_503, FaultKind.SERVER_BUSY, FaultKind.INTERNAL_BUSY])
    def test_a_throttled_letter_waits(
        self, post: Post, server: SimulatorServer, town: Town, kind: FaultKind
    ) -> None:
        mail = letter(town)
        server.faults.add(Fault(kind, "CreateItem", count=1))
        with pytest.raises(Unreachable):
            post.prepare(mail)
        send(post, mail)
        assert len(arrived(server, mail)) == 1

    def test_rest_that_the_server_asked_the_road_for_is_the_posts_rest_too(
        self, open_road: OpenRoad, open_post: OpenPost, server: SimulatorServer, town: Town, somebody: Mailbox
    ) -> None:
        server.faults.add(Fault(FaultKind.BUSY_503, "FindFolder", seconds=3000))
        one(open_road(run_deadline=20), somebody, SIZE)
        server.log.clear()
        with pytest.raises(Unreachable, match="rest"):
            open_post(request_deadline=0.3).prepare(letter(town))
        assert server.access_log() == []


def test_a_refusal_while_it_waits_for_its_turn_stops_it(
    open_post: OpenPost, open_road: OpenRoad, server: SimulatorServer
) -> None:
    """Our own account rests; meanwhile the road is refused. The post was let wait before it knew."""
    memory = Memory()
    post = open_post(password="yesterday's", memory=memory)
    waits, go = threading.Event(), threading.Event()
    budget = budget_of(server.endpoint)

    class Slow:
        def enter(self, *asked: Any, **how: Any) -> object | None:
            waits.set()
            assert go.wait(60)
            return budget.enter(*asked, **how)

        def leave(self, place: object) -> None:
            budget.leave(place)

    post._budget = Slow()  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(post.left_over)
        assert waits.wait(60)
        with pytest.raises(SignInRefused):
            open_road(password="yesterday's", memory=memory).sign_in()
        go.set()
        with pytest.raises(SignInRefused):
            asked.result()
    assert sum(line.refused for line in server.access_log()) == 1
