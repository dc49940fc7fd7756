"""The service mailbox as its owner sees it: what came back, what is a copy of our own, and what people wrote,
which nobody reads. The contract of ports.ServiceMailbox."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from lxml import etree

from mailbot.exchange import ews_service_mailbox
from mailbot.exchange.delivery_report import LARGEST
from mailbot.exchange.ews import inbox_calls
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.ids import Address, LetterId
from mailbot.model.incoming import Incoming, IncomingKind
from mailbot.model.message_id import message_id
from mailbot.ports import Post, ServiceMailbox
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from mailbot.simulator.mailboxes import Item, Mailbox, Reply
from tests.contract.roads import NOW, Kit, Terms, listen, rewrite
from tests.contract.test_post import letter, send

BOUNCE, DELAY, AUTOMATIC, COPY, OTHER = IncomingKind
SECRET = "Gesprek bedrijfsarts Jan-Willem"
"""Stands in subject and text of what people write; it may turn up nowhere."""


def name_of(number: int) -> str:
    return message_id(LetterId(f"{number:032x}"), Address("postbushulp@voorbeeld.example"))


def mail(sender: str, to: str, **headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = sender, to
    for name, value in {"Subject": SECRET, "Message_ID": "<een@elders.example>", **headers}.items():
        made[name.replace("_", "-")] = value
    made.set_content(SECRET)
    return made


def report(
    about: str, action: str = "failed", status: str = "5.1.1", to: str = "jan@elders.example", **headers: str
) -> bytes:
    """As a mail server in front of Exchange writes it."""
    lines = [
        "From: MAILER-DAEMON@post.voorbeeld.example",
        "Message-ID: <bericht@post.voorbeeld.example>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="grens"',
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        *("", "--grens", "Content-Type: text/plain", "", SECRET),
        *("--grens", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; post.example"),
        *("", f"Final-Recipient: rfc822; {to}", f"Action: {action}", f"Status: {status}"),
        *("", "--grens", "Content-Type: message/rfc822", "", f"Message-ID: {about}", "", SECRET),
        *("--grens--", ""),
    ]
    return "\r\n".join(lines).encode()


@dataclass
class Desk:
    """The service mailbox, and what a test puts into it."""

    server: SimulatorServer
    mailbox: ServiceMailbox

    def gets(self, mime: bytes | EmailMessage) -> None:
        raw = mime.as_bytes() if isinstance(mime, EmailMessage) else mime
        self.server.receive(raw, [self.server.town.sender])

    def sees(self) -> list[Incoming]:
        return list(self.mailbox.incoming(NOW - timedelta(days=1)))

    def sees_one(self) -> Incoming:
        (found,) = self.sees()
        return found

    def inbox(self) -> list[Item]:
        box = self.server.town.mailbox(self.server.town.sender)
        assert box is not None
        return [item for item in box.items_in(box.folders.by_name["inbox"]) if item.arrived]

    def asked_texts(self) -> int:
        """Requests for a MIME text."""
        return sum("item:MimeContent" in line.properties for line in self.server.access_log())


@pytest.fixture
def open_desk(kit: Kit, server: SimulatorServer) -> Iterator[Callable[..., Desk]]:
    with ExitStack() as stack:

        def start(to: SimulatorServer | None = None, **terms: Any) -> Desk:
            mailbox = kit.service_mailbox(to or server, Terms(**terms))
            stack.callback(mailbox.close)
            return Desk(to or server, mailbox)

        yield start


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    return open_desk()


class TestLettersThatCameBack:
    def test_exchange_itself_reports_an_unknown_recipient(self, desk: Desk, post: Post, town: Town) -> None:
        send(post, letter(town, to="niemand@voorbeeld.example", message_id=name_of(1)))
        found = desk.sees_one()
        assert (found.kind, found.about, found.status) == (BOUNCE, name_of(1), "5.1.10")
        assert found.received == NOW

    @pytest.mark.parametrize("converts", [True, False], ids=["as a report", "as ordinary mail"])
    @pytest.mark.parametrize(
        ("action", "status", "kind"),
        [
            ("failed", "5.1.1", BOUNCE),
            ("failed", "4.4.7", BOUNCE),
            ("delayed", "4.4.1", DELAY),
            ("delivered", "2.0.0", AUTOMATIC),
            ("relayed", "2.0.0", AUTOMATIC),
        ],
    )
    def test_another_server_reports(
        self,
        serve: Callable[..., SimulatorServer],
        open_desk: Callable[..., Desk],
        converts: bool,
        action: str,
        status: str,
        kind: IncomingKind,
    ) -> None:
        desk = open_desk(serve(converts_reports=converts))
        desk.gets(report(name_of(2), action, status))
        found = desk.sees_one()
        assert (found.kind, found.about) == (kind, name_of(2))
        assert found.status == ("" if kind is AUTOMATIC else status)

    def test_a_report_about_our_own_copy_is_none_about_the_letter(self, desk: Desk, town: Town) -> None:
        desk.gets(report(name_of(2), to=town.sender))
        assert desk.sees_one().kind is AUTOMATIC

    def test_a_report_about_mail_of_people_is_not_opened(self, desk: Desk) -> None:
        desk.gets(report("<van.een.mens@voorbeeld.example>", In_Reply_To="<van.een.mens@voorbeeld.example>"))
        assert (desk.sees_one().kind, desk.sees_one().about) == (BOUNCE, None)
        assert desk.asked_texts() == 0

    def test_a_report_that_names_two_letters_names_none(self, desk: Desk) -> None:
        desk.gets(report(name_of(2), In_Reply_To=name_of(3)))
        assert desk.sees_one().about is None

    def test_a_report_that_is_too_long_is_known_by_its_class_alone(self, desk: Desk) -> None:
        end = b"--grens--"
        desk.gets(report(name_of(2), References=name_of(2)).replace(end, b"x" * LARGEST + b"\r\n" + end))
        found = desk.sees_one()
        assert (found.kind, found.about, found.status) == (BOUNCE, name_of(2), "")
        assert desk.asked_texts() == 0

    def test_a_report_that_exchange_cannot_write_out_is_known_by_its_class_alone(
        self, desk: Desk, server: SimulatorServer
    ) -> None:
        desk.gets(report(name_of(2), "delayed", "4.4.1", In_Reply_To=name_of(2)))
        rewrite(server, r"<t:MimeContent.*?</t:MimeContent>", "")
        found = desk.sees_one()
        assert (found.kind, found.about, found.status) == (DELAY, name_of(2), "")

    def test_of_a_report_no_more_is_kept_than_what_it_is_about(self, desk: Desk) -> None:
        desk.gets(report(name_of(2)))
        assert SECRET not in repr(desk.sees_one())
        assert "jan@" not in repr(desk.sees_one())


class TestWhatPeopleWrite:
    @pytest.fixture
    def human(self, desk: Desk, somebody: Mailbox) -> Desk:
        desk.gets(mail(somebody.address, desk.server.town.sender, In_Reply_To=name_of(1)))
        return desk

    def test_it_is_other_and_about_nothing(self, human: Desk) -> None:
        assert (human.sees_one().kind, human.sees_one().about) == (OTHER, None)

    def test_nothing_but_a_listing_is_asked_for(self, human: Desk) -> None:
        human.sees()
        lines = human.server.access_log()
        assert [line.operation for line in lines] == ["FindItem"]
        assert [line.content_asked for line in lines] == [()]

    def test_it_stays_as_it_is(self, human: Desk) -> None:
        before = human.inbox()
        human.sees()
        assert human.inbox() == before

    def test_a_report_that_somebody_pastes_or_forwards_is_mail_of_theirs(self, desk: Desk) -> None:
        forwarded = mail("jan@voorbeeld.example", desk.server.town.sender)
        forwarded.set_content(report(name_of(1)).decode())
        forwarded.add_attachment(report(name_of(1)), "application", "octet-stream", filename="bericht.eml")
        desk.gets(forwarded)
        assert desk.sees_one().kind is OTHER
        assert desk.asked_texts() == 0

    def test_somebody_who_answers_everything_looks_like_a_person(
        self, desk: Desk, post: Post, town: Town, somebody: Mailbox
    ) -> None:
        somebody.parrot = "Dank voor uw bericht!"
        send(post, letter(town, to=somebody.address, message_id=name_of(1)))
        assert desk.sees_one().kind is OTHER


class TestWhatMachinesSay:
    def test_who_is_away_answers_by_itself(
        self, desk: Desk, post: Post, town: Town, somebody: Mailbox
    ) -> None:
        """Exchange answers only letters that let it; ours forbid it."""
        somebody.reply = Reply("Enabled", internal=SECRET)
        send(post, letter(town, to=somebody.address, headers={}))
        assert desk.sees_one().kind is AUTOMATIC

    @pytest.mark.parametrize("value", ["auto-replied", "auto-generated", "Auto-Replied; owner-email=x"])
    def test_other_programs_say_so_in_a_header(self, desk: Desk, value: str) -> None:
        desk.gets(mail("robot@elders.example", desk.server.town.sender, Auto_Submitted=value))
        assert desk.sees_one().kind is AUTOMATIC

    def test_a_header_that_says_no_is_written_by_people(self, desk: Desk) -> None:
        desk.gets(mail("jan@elders.example", desk.server.town.sender, Auto_Submitted="no"))
        assert desk.sees_one().kind is OTHER

    def test_a_receipt_is_no_report_of_delivery(self, desk: Desk) -> None:
        kinds = (b"report-type=delivery-status", b"report-type=disposition-notification")
        desk.gets(report(name_of(1)).replace(*kinds))
        assert desk.sees_one().kind is AUTOMATIC
        assert desk.asked_texts() == 0


class TestCopies:
    def test_a_letter_of_our_own_is_a_copy(self, desk: Desk, town: Town) -> None:
        desk.gets(mail(town.sender, town.sender, Message_ID=name_of(7)))
        assert (desk.sees_one().kind, desk.sees_one().about) == (COPY, name_of(7))

    def test_copies_are_found_by_name_however_many_are_asked_for(self, desk: Desk, town: Town) -> None:
        names = [name_of(number) for number in range(2 * inbox_calls.BY_NAME + 3)]
        for name in names[::2]:
            desk.gets(mail(town.sender, town.sender, Message_ID=name))
        assert sorted(desk.mailbox.copies(names)) == sorted(names[::2])
        assert len(desk.server.access_log()) == 3

    def test_nothing_is_asked_for_no_names(self, desk: Desk) -> None:
        assert desk.mailbox.copies([]) == {}
        assert desk.server.access_log() == []

    def test_found_copies_can_be_deleted_for_good(self, desk: Desk, town: Town) -> None:
        desk.gets(mail(town.sender, town.sender, Message_ID=name_of(7)))
        desk.gets(mail("jan@elders.example", town.sender))
        found = desk.mailbox.copies([name_of(7)])
        assert desk.mailbox.delete(found.values()) == 1
        assert [item.message_id for item in desk.inbox()] == ["<een@elders.example>"]
        assert desk.mailbox.delete(found.values()) == 0, "it is gone already"

    def test_what_is_seen_can_be_deleted(self, desk: Desk) -> None:
        for number in range(ews_service_mailbox.DELETE_BATCH + 2):
            desk.gets(report(name_of(number)))
        seen = [found.reference for found in desk.sees()]
        assert desk.mailbox.delete(seen) == len(seen) == ews_service_mailbox.DELETE_BATCH + 2
        assert desk.inbox() == []


class TestLooking:
    def test_what_came_in_since_a_moment_oldest_first(self, desk: Desk) -> None:
        for hour in range(4):
            desk.server.town.clock.set(NOW + timedelta(hours=hour))
            desk.gets(report(name_of(hour)))
        found = list(desk.mailbox.incoming(NOW + timedelta(hours=2)))
        assert [one.about for one in found] == [name_of(2), name_of(3)]
        assert [one.received for one in found] == [NOW + timedelta(hours=hour) for hour in (2, 3)]

    def test_more_than_a_page(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inbox_calls, "PAGE", 3)
        for number in range(8):
            desk.gets(report(name_of(number)))
        assert [one.about for one in desk.sees()] == [name_of(number) for number in range(8)]

    def test_whoever_stops_looking_asks_for_no_more_pages(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox_calls, "PAGE", 3)
        for _ in range(8):
            desk.gets(mail("jan@elders.example", desk.server.town.sender))
        next(iter(desk.mailbox.incoming(NOW)))
        assert len(desk.server.access_log()) == 1

    def test_a_report_that_somebody_takes_away_meanwhile_tells_nothing(
        self, desk: Desk, server: SimulatorServer
    ) -> None:
        desk.gets(report(name_of(1)))
        server.faults.add(Fault(FaultKind.CODE, operation="GetItem", code="ErrorItemNotFound", count=1))
        assert [found.about for found in desk.sees()] == [None]

    def test_trouble_that_passes_is_waited_for(self, desk: Desk, server: SimulatorServer) -> None:
        desk.gets(report(name_of(1)))
        server.faults.add(
            Fault(FaultKind.SERVER_BUSY, operation="FindItem", count=1, seconds=0.01),
            Fault(FaultKind.DROP_BEFORE, operation="GetItem", count=1),
        )
        assert desk.sees_one().about == name_of(1)

    def test_a_server_that_is_gone_is_unreachable(self, desk: Desk, server: SimulatorServer) -> None:
        server.faults.add(Fault(FaultKind.DROP_BEFORE, count=None))
        with pytest.raises(Unreachable):
            desk.sees()
        with pytest.raises(Unreachable):
            desk.mailbox.copies([name_of(1)])

    def test_a_look_that_lasts_too_long_ends(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ews_service_mailbox, "PATIENCE", 0.0)
        with pytest.raises(Unreachable, match="too slowly"):
            desk.sees()

    def test_a_deletion_without_an_answer_is_not_asked_for_again(
        self, desk: Desk, server: SimulatorServer
    ) -> None:
        desk.gets(report(name_of(1)))
        reference = desk.sees_one().reference
        server.faults.add(Fault(FaultKind.DROP_AFTER, operation="DeleteItem", count=1))
        with pytest.raises(Unreachable):
            desk.mailbox.delete([reference])
        assert desk.inbox() == []
        assert desk.mailbox.delete([reference]) == 0

    def test_a_wrong_password_is_tried_once(self, open_desk: Callable[..., Desk]) -> None:
        desk = open_desk(password="fout")
        for _ in range(2):
            with pytest.raises(SignInRefused):
                desk.sees()
        assert len([line for line in desk.server.access_log() if line.refused]) == 1


class TestRequests:
    def test_every_request_is_valid_against_the_schema(
        self, desk: Desk, server: SimulatorServer, valid: Callable[[Any], None]
    ) -> None:
        asked: list[bytes] = []
        listen(server, asked.append)
        desk.gets(report(name_of(1)))
        desk.gets(mail("jan@elders.example", server.town.sender))
        desk.sees()
        desk.mailbox.delete(desk.mailbox.copies([name_of(1), name_of(2)]).values())
        desk.mailbox.copies([name_of(1)])
        bodies = [etree.fromstring(content).find("{*}Body")[0] for content in asked]
        names = [etree.QName(body).localname for body in bodies]
        assert names == ["FindItem", "GetItem", "GetItem", "FindItem", "FindItem"]
        for body in bodies:
            valid(body)

    def test_every_answer_of_the_simulator_is_as_well(
        self, desk: Desk, server: SimulatorServer, valid: Callable[[Any], None]
    ) -> None:
        answers: list[bytes] = []
        answer_ews = server.answer_ews

        def hearing(account: str, content: bytes) -> Any:
            answer = answer_ews(account, content)
            answers.append(answer.body)
            return answer

        server.answer_ews = hearing  # type: ignore[method-assign]
        desk.gets(report(name_of(1), In_Reply_To=name_of(1), References=name_of(1)))
        desk.sees()
        assert len(answers) == 3
        for content in answers:
            valid(etree.fromstring(content).find("{*}Body")[0])

    def test_of_nothing_but_reports_a_text_is_asked_for(self, desk: Desk, server: SimulatorServer) -> None:
        for made in (mail("jan@elders.example", server.town.sender), report(name_of(1))):
            desk.gets(made)
        desk.sees()
        for line in server.access_log():
            assert line.mailboxes == (server.town.sender,)
            assert not line.subjects_asked and not line.correspondents_asked
            assert line.reports_only or not line.bodies_asked
        assert desk.asked_texts() == 1

    def test_nothing_that_people_wrote_is_left_in_memory_or_in_errors(
        self, desk: Desk, server: SimulatorServer
    ) -> None:
        desk.gets(report(name_of(1)))
        server.faults.add(Fault(FaultKind.BROKEN_XML, operation="GetItem", count=None))
        with pytest.raises(Unreachable) as error:
            desk.sees()
        assert error.value.__cause__ is None
        assert SECRET not in str(error.value)


def test_two_looks_do_not_hinder_each_other(open_desk: Callable[..., Desk]) -> None:
    """The courier asks for copies while nobody else may use its connection."""
    one, other = open_desk(), open_desk()
    one.gets(report(name_of(1)))
    looks = one.mailbox.incoming(NOW)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(other.mailbox.copies([name_of(1)])))
    thread.start()
    thread.join()
    assert [look.about for look in looks] == [name_of(1)]
    assert found == [{}]
