"""Letters by SMTP submission: when one has certainly left, certainly not, or nobody knows."""

import email
import email.policy
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailbot.engine.breaker import Breaker
from mailbot.letters import smtp_post
from mailbot.letters.mime import KEY_HEADER
from mailbot.letters.smtp_post import SmtpPost
from mailbot.letters.submission import MailServer
from mailbot.model.clock import SetClock
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.ids import Address, LetterId
from mailbot.model.incoming import Incoming, IncomingKind
from mailbot.model.letters import Mail, Trace, Whereabouts
from mailbot.model.message_id import message_id
from mailbot.ports import PostClosed, PostDeferred, PostRefused
from tests.contract.mail_desk import (
    ACCOUNT,
    HOST,
    PASSWORD,
    MailDesk,
    Taken,
    Trouble,
    loopback_authority,
    mail_desk,
)
from tests.contract.wires import Authority, authority

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
SENDER = Address("postbushulp@voorbeeld.example")
READER = Address("jan@voorbeeld.example")
MailServerTerms = Mapping[str, Any]


@dataclass
class Inbox:
    """The service mailbox: what was delivered to it, copies and all, by reference."""

    items: dict[str, str] = field(default_factory=dict)

    def deliver(self, letter: Taken) -> None:
        if SENDER.value in letter.to:
            found = email.message_from_bytes(letter.content)
            self.items[f"item {len(self.items)}"] = found["Message-ID"]

    def incoming(self, _since: datetime) -> Iterator[Incoming]:
        for reference, name in self.items.items():
            yield Incoming(reference, IncomingKind.COPY, NOW, name)

    def copies(self, message_ids: Collection[str]) -> Mapping[str, str]:
        return {name: reference for reference, name in self.items.items() if name in message_ids}

    def delete(self, references: Collection[str]) -> int:
        return sum(self.items.pop(reference, None) is not None for reference in list(references))

    def close(self) -> None: ...


@dataclass
class Note:
    """What the breaker remembers between processes."""

    text: str | None = None

    def remember(self, text: str | None) -> None:
        self.text = text


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return loopback_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def desk(tls: Authority) -> Iterator[MailDesk]:
    with mail_desk(tls) as desk:
        yield desk


@pytest.fixture
def inbox(desk: MailDesk) -> Inbox:
    inbox = Inbox()
    desk.hands_on = inbox.deliver
    return inbox


OpenPost = Callable[..., SmtpPost]


@pytest.fixture
def note() -> Note:
    return Note()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def open_post(desk: MailDesk, inbox: Inbox, note: Note, clock: SetClock) -> Iterator[OpenPost]:
    """Open a post with other terms; it is closed when the test ends."""
    with ExitStack() as stack:

        def start(idle: float = 600.0, **terms: Any) -> SmtpPost:
            values: dict[str, Any] = {"username": ACCOUNT, "password": PASSWORD, "ca_file": desk.ca_file}
            host, port = terms.pop("host", HOST), terms.pop("port", desk.port)
            server = MailServer(host, port, **{**values, **terms})
            breaker = Breaker(clock, lambda: note.text, note.remember, "The mail server")
            post = SmtpPost(
                server, SENDER, lambda: inbox, lambda key: message_id(key, SENDER), breaker, clock, idle
            )
            stack.callback(post.close)
            return post

        yield start


@pytest.fixture
def post(open_post: OpenPost) -> SmtpPost:
    return open_post()


def letter(key: str = "1", to: Address = READER, **changed: Any) -> Mail:
    mail = Mail(
        key=LetterId(key),
        message_id=message_id(LetterId(key), SENDER),
        sender=SENDER,
        sender_name="Postbushulp",
        to=to,
        to_name="Jan-Willem Ångström & Zn.",
        subject="Even over je postvak – geen haast",
        html="<p>Hoi, je postvak is &gt; 5 GB.</p>",
        text="Hoi, je postvak is > 5 GB.",
        headers={"Auto-Submitted": "auto-generated", "Sensitivity": "Private"},
        date=NOW,
    )
    return replace(mail, **changed)


def hurry(post: SmtpPost, seconds: float = 0.25) -> None:
    """From now on the open connection has so long for a letter. Where the trouble is at the very end of it,
    all before must have time enough."""
    talk = post._talk
    assert talk is not None
    talk._server = replace(talk._server, deadline=seconds)


def send(post: SmtpPost, mail: Mail) -> None:
    post.dispatch(post.prepare(mail))


def where(post: SmtpPost, mail: Mail) -> Whereabouts:
    return post.trace(mail.key, mail.message_id).where


def read(taken: Taken) -> EmailMessage:
    found = email.message_from_bytes(taken.content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


class TestOneLetter:
    def test_to_its_reader_and_a_copy_to_ourselves(self, post: SmtpPost, desk: MailDesk) -> None:
        send(post, letter())
        (taken,) = desk.taken
        assert taken.sender == SENDER.value
        assert taken.to == (READER.value, SENDER.value), "the reader is asked first"
        assert read(taken)["To"].addresses[0].addr_spec == READER.value
        assert "Bcc" not in read(taken)

    def test_arrives_as_it_was_written(self, post: SmtpPost, desk: MailDesk) -> None:
        """With every dot at the beginning of a line, and lines of any length."""
        text = "Hoi,\n.\n..stippen\n" + "é" * 3000
        mail = letter(text=text, to_name='Zoë "Zus" O\'Neil')
        send(post, mail)
        found = read(desk.taken[0])
        body = found.get_body(("plain",))
        assert body is not None
        assert body.get_content().replace("\r\n", "\n").rstrip("\n") == text
        assert (found["Subject"], found["Message-ID"]) == (mail.subject, mail.message_id)
        assert found["To"].addresses[0].display_name == mail.to_name
        assert max(map(len, desk.taken[0].content.split(b"\r\n"))) <= 998

    def test_bears_our_key_and_the_headers_of_every_post(self, post: SmtpPost, desk: MailDesk) -> None:
        mail = letter()
        send(post, mail)
        found = read(desk.taken[0])
        assert found[KEY_HEADER] == mail.key
        assert {name: found[name] for name in mail.headers} == dict(mail.headers)

    def test_names_no_machine(self, post: SmtpPost, desk: MailDesk) -> None:
        send(post, letter())
        assert set(desk.greeted) == {f"[{HOST}]"}

    def test_to_the_service_mailbox_itself_is_sent_once(self, post: SmtpPost, desk: MailDesk) -> None:
        send(post, letter(to=SENDER))
        assert desk.taken[0].to == (SENDER.value,)

    def test_a_draft_is_sent_to_nobody(self, post: SmtpPost, desk: MailDesk) -> None:
        draft = post.prepare(letter())
        assert not {"MAIL", "RCPT", "DATA"} & set(desk.heard)
        assert [post.discard(draft), post.discard(draft)] == [True, False]

    def test_a_draft_is_sent_once_only(self, post: SmtpPost, desk: MailDesk) -> None:
        draft = post.prepare(letter())
        post.dispatch(draft)
        assert post.discard(draft) is False
        with pytest.raises(PostDeferred):
            post.dispatch(draft)
        assert len(desk.taken) == 1

    def test_an_address_beyond_ascii(self, post: SmtpPost, desk: MailDesk) -> None:
        mail = letter(to=Address("josé@voorbeeld.example"))
        send(post, mail)
        assert desk.taken[0].to[0] == "josé@voorbeeld.example"
        assert "SMTPUTF8" in desk.taken[0].options
        assert "josé@voorbeeld.example".encode() in desk.taken[0].content

    def test_an_address_beyond_ascii_that_the_server_cannot_take(
        self, post: SmtpPost, desk: MailDesk
    ) -> None:
        desk.extensions = ("8BITMIME",)
        with pytest.raises(PostRefused, match="SMTPUTF8"):
            post.prepare(letter(to=Address("josé@voorbeeld.example")))
        send(post, letter())

    def test_a_header_that_breaks_out_of_its_line_is_refused_alone(
        self, post: SmtpPost, desk: MailDesk
    ) -> None:
        with pytest.raises(PostRefused, match="header"):
            post.prepare(letter(subject="Hoi\r\nBcc: x@elders.example"))
        assert desk.heard == []


class TestEncryption:
    def test_starttls_before_anything_is_said(self, post: SmtpPost, desk: MailDesk) -> None:
        send(post, letter())
        assert desk.heard[:5] == ["GREETING", "EHLO", "STARTTLS", "EHLO", "AUTH"]

    def test_implicit(self, open_post: OpenPost, tls: Authority, inbox: Inbox) -> None:
        with mail_desk(tls, implicit=True, hands_on=inbox.deliver) as other:
            post = open_post(tls="implicit", port=other.port)
            send(post, letter())
            post.close()
            assert other.heard[:3] == ["GREETING", "EHLO", "AUTH"]
            assert len(other.taken) == 1

    @pytest.mark.parametrize("way", ["starttls", "implicit"])
    def test_an_authority_that_nobody_trusts(
        self, open_post: OpenPost, tls: Authority, tmp_path: Path, way: str
    ) -> None:
        stranger = authority(tmp_path / "x", "een ander")
        with mail_desk(tls, implicit=way == "implicit") as other:
            for ca_file in (None, stranger.ca_file):
                with pytest.raises(Unreachable, match="certificate"):
                    open_post(tls=way, port=other.port, ca_file=ca_file).prepare(letter())
            assert "AUTH" not in other.heard

    def test_the_environment_names_nobody_to_trust(
        self, open_post: OpenPost, desk: MailDesk, tls: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A variable for another program must not decide who gets our letters and our password."""
        monkeypatch.setenv("SSL_CERT_FILE", str(tls.ca_file))
        with pytest.raises(Unreachable, match="not trusted here; name that authority's file in smtp_ca_file"):
            open_post(ca_file=None).prepare(letter())
        assert "AUTH" not in desk.heard

    def test_an_authority_that_is_written_into_the_file_counts_from_the_next_connection_on(
        self, open_post: OpenPost, tls: Authority, desk: MailDesk, tmp_path: Path
    ) -> None:
        file = tmp_path / "authorities.pem"
        post = open_post(ca_file=file)
        with pytest.raises(Unreachable, match="no list of certificate authorities"):
            post.prepare(letter())
        file.write_bytes(authority(tmp_path / "x", "een ander").ca_file.read_bytes())
        with pytest.raises(Unreachable, match="not trusted"):
            post.prepare(letter())
        file.write_bytes(tls.ca_file.read_bytes())
        send(post, letter())
        assert len(desk.taken) == 1

    def test_a_certificate_of_another_host(self, open_post: OpenPost, desk: MailDesk) -> None:
        with pytest.raises(Unreachable, match="for another name"):
            open_post(host="localhost").prepare(letter())
        assert "AUTH" not in desk.heard

    @pytest.mark.parametrize("answer", ["502 5.5.1 no", "454 4.7.0 not now"])
    def test_a_server_without_starttls_hears_nothing(
        self, post: SmtpPost, desk: MailDesk, answer: str
    ) -> None:
        desk.at["STARTTLS"] = answer
        with pytest.raises(Unreachable, match="STARTTLS"):
            post.prepare(letter())
        assert not {"AUTH", "MAIL"} & set(desk.heard)


class TestAccount:
    @pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "LOGIN NTLM GSSAPI", "plain"])
    def test_signs_in_with_what_the_server_offers(
        self, post: SmtpPost, desk: MailDesk, mechanisms: str
    ) -> None:
        desk.mechanisms = mechanisms
        send(post, letter())
        assert len(desk.taken) == 1

    def test_nobody_signs_in_without_an_account(self, open_post: OpenPost, desk: MailDesk) -> None:
        send(open_post(username=None, password=""), letter())
        assert "AUTH" not in desk.heard

    def test_a_server_that_offers_no_way(self, post: SmtpPost, desk: MailDesk) -> None:
        desk.mechanisms = "NTLM"
        with pytest.raises(Unreachable, match="neither"):
            post.prepare(letter())

    @pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN"])
    def test_a_wrong_password_is_shown_once_in_half_an_hour(
        self, open_post: OpenPost, desk: MailDesk, clock: SetClock, mechanisms: str
    ) -> None:
        """Also by another process: accounts lock after a few refusals."""
        desk.mechanisms = mechanisms
        for _ in range(3):
            with pytest.raises(SignInRefused):
                open_post(password="gisteren").prepare(letter())
        assert desk.heard.count("AUTH") == 1
        clock.set(NOW + timedelta(minutes=31))
        send(open_post(), letter())
        assert desk.heard.count("AUTH") == 2

    @pytest.mark.parametrize("answer", ["550 5.7.1 no", "525 5.7.13 disabled", "534 5.7.9 no", "550 no"])
    def test_a_refusal_in_other_words_is_one(self, open_post: OpenPost, desk: MailDesk, answer: str) -> None:
        desk.at["AUTH"] = answer
        for _ in range(2):
            with pytest.raises(SignInRefused):
                open_post().prepare(letter())
        assert desk.heard.count("AUTH") == 1

    def test_a_server_that_asks_on_has_not_let_us_in(self, post: SmtpPost, desk: MailDesk) -> None:
        desk.at["AUTH"] = "334 "
        with pytest.raises(Unreachable, match="334"):
            post.prepare(letter())
        assert "MAIL" not in desk.heard

    def test_a_sign_in_that_fails_for_now_is_no_refusal(
        self, post: SmtpPost, desk: MailDesk, note: Note
    ) -> None:
        desk.at["AUTH"] = "454 4.7.0 later"
        with pytest.raises(Unreachable, match="454"):
            post.prepare(letter())
        assert note.text is None

    def test_says_nothing_of_account_and_password(self, open_post: OpenPost, desk: MailDesk) -> None:
        desk.at["AUTH"] = f"535 5.7.8 {ACCOUNT} is wrong"
        with pytest.raises(SignInRefused) as refused:
            open_post(password="Zeer-geheim").prepare(letter())
        assert "postbushulp@" not in str(refused.value)
        assert "geheim" not in repr(MailServer(HOST, 25, username=ACCOUNT, password="Zeer-geheim"))


class TestRefusals:
    """In each of these the letter has certainly not left, nor has its copy."""

    def refused(
        self, post: SmtpPost, desk: MailDesk, kind: type[Exception], says: str, in_a_hurry: bool = False
    ) -> None:
        draft = post.prepare(letter())
        if in_a_hurry:
            hurry(post)
        with pytest.raises(kind, match=says) as told:
            post.dispatch(draft)
        assert type(told.value) is kind
        assert desk.taken == []
        assert READER.value not in str(told.value)
        assert post.discard(draft) is True
        desk.at.clear()
        send(post, letter("2"))
        assert len(desk.taken) == 1, "and the next one leaves"
        assert desk.taken[0].to == (READER.value, SENDER.value)

    @pytest.mark.parametrize(
        ("step", "answer"),
        [
            (f"RCPT {READER.value}", f"550 5.1.1 no such user {READER.value}"),
            ("DOT", "554 5.6.0 rejected"),
            ("DOT", "552 5.3.4 too large"),
            ("MAIL", "552 5.3.4 too large"),
            ("DATA", "554 5.5.1 no"),
        ],
    )
    def test_for_good(self, post: SmtpPost, desk: MailDesk, step: str, answer: str) -> None:
        desk.at[step] = answer
        self.refused(post, desk, PostRefused, answer[:9])

    @pytest.mark.parametrize(
        ("step", "answer"),
        [
            (f"RCPT {READER.value}", "451 4.3.0 later"),
            ("DATA", "451 4.3.0 later"),
            ("DOT", "452 4.3.1 full"),
        ],
    )
    def test_for_now(self, post: SmtpPost, desk: MailDesk, step: str, answer: str) -> None:
        desk.at[step] = answer
        self.refused(post, desk, PostDeferred, answer[:9])

    @pytest.mark.parametrize(
        ("step", "answer"),
        [
            ("MAIL", "550 5.7.60 cannot send as this sender"),
            ("MAIL", "451 4.7.1 too fast"),
            (f"RCPT {READER.value}", "530 5.7.57 not authenticated"),
            (f"RCPT {SENDER.value}", "550 5.1.1 no such user"),
            (f"RCPT {SENDER.value}", "452 4.2.2 mailbox full"),
            (f"RCPT {READER.value}", "421 4.3.2 going down"),
            ("DOT", "421 4.3.2 going down"),
        ],
    )
    def test_of_every_letter(self, post: SmtpPost, desk: MailDesk, step: str, answer: str) -> None:
        desk.at[step] = answer
        self.refused(post, desk, PostClosed, answer[:9])

    @pytest.mark.parametrize("trouble", [Trouble.HANG_UP, Trouble.SILENCE, Trouble.DRIP, Trouble.NONSENSE])
    @pytest.mark.parametrize("step", ["MAIL", "RCPT", f"RCPT {SENDER.value}", "DATA"])
    def test_a_connection_that_ends_before_the_final_dot(
        self, post: SmtpPost, desk: MailDesk, step: str, trouble: Trouble
    ) -> None:
        desk.at[step] = trouble
        self.refused(post, desk, PostClosed, ".", in_a_hurry=True)

    @pytest.mark.parametrize("step", ["MAIL", f"RCPT {READER.value}", "DATA"])
    def test_an_answer_to_another_question(self, post: SmtpPost, desk: MailDesk, step: str) -> None:
        """Whoever takes one for a yes is one answer behind, and takes the next one for the last."""
        desk.at[step] = "250 2.0.0 ok\r\n250 2.0.0 ok" if step == "DATA" else "354 go ahead"
        self.refused(post, desk, PostClosed, "354" if step != "DATA" else "250")

    def test_the_reader_is_refused_before_the_copy_is_asked_for(self, post: SmtpPost, desk: MailDesk) -> None:
        desk.at[f"RCPT {READER.value}"] = "550 5.1.1 no"
        with pytest.raises(PostRefused):
            send(post, letter())
        assert desk.heard[-3:] == ["MAIL", f"RCPT {READER.value}", "RSET"]


class TestNoServer:
    """Nothing was sent, and no letter has had its turn: it shows before there is a draft."""

    @pytest.mark.parametrize("step", ["GREETING", "EHLO", "AUTH"])
    @pytest.mark.parametrize(
        "behaviour",
        [Trouble.HANG_UP, Trouble.SILENCE, Trouble.DRIP, Trouble.NONSENSE, "421 4.3.2 later", "554 5.3.2 no"],
    )
    def test_that_can_be_used(
        self, open_post: OpenPost, desk: MailDesk, step: str, behaviour: str | Trouble
    ) -> None:
        desk.at[step] = behaviour
        with pytest.raises(Unreachable, match="mail server"):
            open_post(deadline=0.25).prepare(letter())
        assert "MAIL" not in desk.heard

    def test_that_listens(self, open_post: OpenPost, desk: MailDesk) -> None:
        with pytest.raises(Unreachable, match="refused: does it listen on smtp_port"):
            open_post(port=1).prepare(letter())

    def test_that_has_an_address(self, open_post: OpenPost) -> None:
        with pytest.raises(Unreachable, match="no address is found for smtp_host"):
            open_post(host="bestaat-niet.invalid").prepare(letter())

    def test_that_speaks_another_kind_of_encryption(self, open_post: OpenPost, desk: MailDesk) -> None:
        with pytest.raises(Unreachable, match="does smtp_tls fit smtp_port"):
            open_post(tls="implicit").reach()

    def test_that_waits_for_encryption_while_we_wait_for_a_word(
        self, open_post: OpenPost, tls: Authority
    ) -> None:
        with (
            mail_desk(tls, implicit=True) as desk,
            pytest.raises(
                Unreachable, match=r"not answer in time. Is a firewall .* does smtp_tls fit smtp_port"
            ),
        ):
            open_post(port=desk.port, deadline=0.3).reach()


class TestReach:
    def test_nothing_is_sent(self, post: SmtpPost, desk: MailDesk) -> None:
        post.reach()
        assert "DATA" not in desk.heard
        send(post, letter())
        assert len(desk.taken) == 1, "on the same connection"

    @pytest.mark.parametrize(
        ("step", "answer"), [("MAIL", "550 5.7.60 no such right"), ("RCPT", "554 5.7.1 Access denied")]
    )
    def test_a_server_that_greets_everybody_and_takes_no_letter(
        self, open_post: OpenPost, desk: MailDesk, step: str, answer: str
    ) -> None:
        """Postfix answers who has no account at the recipient, and not before."""
        desk.at[step] = answer
        with pytest.raises(Unreachable, match=rf"takes no letter .*{answer[:9]}.*smtp_username"):
            open_post(username=None).reach()

    def test_a_connection_that_ends_meanwhile(self, post: SmtpPost, desk: MailDesk) -> None:
        desk.at["MAIL"] = Trouble.HANG_UP
        with pytest.raises(Unreachable, match="cannot be used: it ended the connection"):
            post.reach()


class TestDoubt:
    @pytest.mark.parametrize("trouble", [Trouble.TAKE_AND_HANG_UP, Trouble.DRIP, Trouble.NONSENSE])
    def test_an_answer_to_the_final_dot_that_is_lost(
        self, post: SmtpPost, desk: MailDesk, trouble: Trouble
    ) -> None:
        mail = letter()
        desk.at["DOT"] = trouble
        draft = post.prepare(mail)
        hurry(post, seconds=4)
        with pytest.raises(Unreachable):
            post.dispatch(draft)
        assert where(post, mail) is Whereabouts.SENT, "its copy tells"
        assert post.discard(draft) is False
        with pytest.raises(PostDeferred):
            post.dispatch(draft)
        assert len(desk.taken) == 1

    @pytest.mark.parametrize("trouble", [Trouble.HANG_UP, Trouble.SILENCE])
    def test_a_final_dot_that_never_came(self, post: SmtpPost, desk: MailDesk, trouble: Trouble) -> None:
        mail = letter()
        desk.at["DOT"] = trouble
        draft = post.prepare(mail)
        hurry(post, seconds=4)
        with pytest.raises(Unreachable):
            post.dispatch(draft)
        assert post.trace(mail.key, mail.message_id) == Trace(Whereabouts.NOWHERE)

    def test_a_text_that_breaks_off_is_taken_by_nobody(self, post: SmtpPost, desk: MailDesk) -> None:
        """We may have said the final dot before we heard: then nobody knows, and the copy tells."""
        desk.at["TEXT"] = Trouble.HANG_UP
        with pytest.raises((PostClosed, Unreachable)):
            send(post, letter())
        assert desk.taken == []

    def test_half_an_answer_is_none(self, open_post: OpenPost, desk: MailDesk) -> None:
        desk.at["DOT"] = Trouble.HALF
        with pytest.raises(Unreachable):
            send(open_post(), letter())

    def test_an_answer_to_another_question_says_nothing(self, post: SmtpPost, desk: MailDesk) -> None:
        """To DATA it answered twice, say."""
        desk.at["DOT"] = "354 go ahead"
        with pytest.raises(Unreachable):
            send(post, letter())

    def test_closing_ends_a_letter_that_hangs(self, open_post: OpenPost, desk: MailDesk) -> None:
        """The service must be able to end within its half minute, whatever the server does."""
        post = open_post(deadline=600)
        desk.at["DOT"] = Trouble.SILENCE
        draft = post.prepare(letter())

        def close_when_it_hangs() -> None:
            until(lambda: "DOT" in desk.heard)
            post.close()

        closer = threading.Thread(target=close_when_it_hangs)
        closer.start()
        with pytest.raises(Unreachable):
            post.dispatch(draft)
        closer.join()


class TestConnection:
    def test_is_kept_for_several_letters(self, post: SmtpPost, desk: MailDesk) -> None:
        for number in range(5):
            send(post, letter(str(number)))
        assert (desk.connections, len(desk.taken)) == (1, 5)

    def test_is_given_back_when_no_letter_follows(self, post: SmtpPost, desk: MailDesk) -> None:
        patience, draft = post._idle, post.prepare(letter())
        post._idle = 0.05
        post.dispatch(draft)
        until(lambda: desk.heard[-1] == "QUIT")
        post._idle = patience
        send(post, letter("2"))
        assert (desk.connections, len(desk.taken)) == (2, 2)

    def test_is_given_back_when_the_post_is_closed(self, post: SmtpPost, desk: MailDesk) -> None:
        send(post, letter())
        post.close()
        until(lambda: desk.heard[-1] == "QUIT")
        post.close()

    def test_takes_so_many_letters_and_no_more(
        self, post: SmtpPost, desk: MailDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp_post, "LETTERS_EACH", 2)
        for number in range(5):
            send(post, letter(str(number)))
        assert (desk.connections, len(desk.taken)) == (3, 5)

    @pytest.mark.parametrize("trouble", [Trouble.HANG_UP, "421 4.4.2 idle for too long"])
    def test_that_the_server_ended_meanwhile_costs_nothing(
        self, post: SmtpPost, desk: MailDesk, trouble: str | Trouble
    ) -> None:
        send(post, letter())
        desk.at["NOOP"] = trouble
        send(post, letter("2"))
        assert (desk.connections, len(desk.taken)) == (2, 2)


class TestCopies:
    def test_tell_where_a_letter_is(self, post: SmtpPost) -> None:
        mail = letter()
        assert where(post, mail) is Whereabouts.NOWHERE
        draft = post.prepare(mail)
        assert where(post, mail) is Whereabouts.NOWHERE
        post.dispatch(draft)
        assert where(post, mail) is Whereabouts.SENT
        assert where(post, letter("2")) is Whereabouts.NOWHERE

    def test_are_deleted_by_key_and_no_others(self, post: SmtpPost, inbox: Inbox) -> None:
        inbox.items["vraag"] = "<vraag@elders.example>"
        for number in range(3):
            send(post, letter(str(number)))
        assert post.tidy([LetterId("0"), LetterId("2"), LetterId("9")]) == {"0", "2"}
        assert sorted(inbox.items.values()) == ["<1.mailbot@voorbeeld.example>", "<vraag@elders.example>"]

    def test_nothing_to_tidy_looks_nowhere(self, open_post: OpenPost, inbox: Inbox) -> None:
        assert open_post().tidy([]) == frozenset()

    def test_are_counted(self, post: SmtpPost) -> None:
        send(post, letter())
        assert post.left_over() == 1


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
