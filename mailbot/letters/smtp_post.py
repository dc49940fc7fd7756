"""Sends letters by SMTP submission, each with a copy to the service mailbox that proves it.

Until the final dot a letter has certainly not left; from then on only the server's answer or the copy tells.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from mailbot.engine.breaker import Breaker
from mailbot.letters.mime import needs_utf8, to_bytes
from mailbot.letters.submission import CLOSING, LoginRefused, Lost, MailServer, Reply, Submission
from mailbot.model.clock import Clock
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.ids import Address, LetterId
from mailbot.model.incoming import IncomingKind
from mailbot.model.letters import Mail, Trace, Whereabouts
from mailbot.ports import PostClosed, PostDeferred, PostRefused, ServiceMailbox

LETTERS_EACH = 100
"""Letters over one connection: servers set an end to it, and closing it ourselves comes first."""

IDLE_SECONDS = 15.0
"""After so long without a letter the connection is given back."""

KEPT = timedelta(weeks=26)
"""No letter is kept longer, and no copy of one."""

TOO_LARGE = 552
WHOEVER_IT_IS_FOR = frozenset({530, 535, 538})
"""Codes that say something of our account, at whatever step."""


@dataclass(frozen=True, slots=True)
class _Draft:
    mail: Mail
    content: bytes = field(repr=False)


class SmtpPost:
    """Implements ports.Post. A draft lives in this process and is nowhere else: when the process dies before
    the final dot, the copy that never comes is what tells. For one thread at a time; `close` from any.

    `mailbox` is the sender's own, `message_id` the Message-ID of a letter.
    """

    def __init__(
        self,
        server: MailServer,
        sender: Address,
        mailbox: Callable[[], ServiceMailbox],
        message_id: Callable[[LetterId], str],
        breaker: Breaker,
        clock: Clock,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._server = server
        self._sender = sender
        self._mailbox = mailbox
        self._message_id = message_id
        self._breaker = breaker
        self._clock = clock
        self._idle = idle
        self._drafts: dict[str, _Draft] = {}
        self._talk: Submission | None = None
        self._busy = threading.Lock()
        self._timer: threading.Timer | None = None

    def reach(self) -> None:
        """Asks whether a letter of ours to ourselves would be taken, and begins none: a server may greet who
        has no account and refuse every letter."""
        with self._talking() as talk:
            try:
                with talk.one_letter():
                    reply = talk.sender(self._sender.value, [])
                    if reply.good:
                        reply = talk.recipient(self._sender.value)
                    talk.reset()
            except Lost as lost:
                self._drop()
                raise Unreachable(f"The mail server cannot be used: {lost}. See [post].") from None
        if not reply.good:
            raise Unreachable(
                f"The mail server takes no letter from and to [delivery] sender ({reply}). Does it want an "
                "account (smtp_username under [post]), or not let this one send in that name?"
            )

    def prepare(self, mail: Mail) -> str:
        """Also sees to it that somebody listens: trouble with the server that shows here costs no letter its
        turn. Raises PostRefused, Unreachable, SignInRefused."""
        try:
            content = to_bytes(mail, key=True)
        except (ValueError, UnicodeError):
            raise PostRefused("a header that cannot be written") from None
        with self._talking() as talk:
            if needs_utf8(mail) and not talk.takes("smtputf8"):
                raise PostRefused("an address that the mail server cannot take (no SMTPUTF8)")
        self._drafts[mail.message_id] = _Draft(mail, content)
        return mail.message_id

    def dispatch(self, draft: str) -> None:
        """Raises PostRefused, PostDeferred (certainly not sent) or Unreachable."""
        if draft not in self._drafts:
            raise PostDeferred("a draft of another process")
        with self._busy:
            talk = self._talk
            if talk is None:
                raise PostClosed("the connection was closed")
            try:
                with talk.one_letter():
                    self._hand_over(talk, draft)
            finally:
                self._rest_later()

    def trace(self, key: LetterId, message_id: str) -> Trace:
        """A copy in the service mailbox is the only proof; where there is none, nobody knows yet."""
        found = self._mailbox().copies([message_id])
        return Trace(Whereabouts.SENT if found else Whereabouts.NOWHERE)

    def discard(self, draft: str) -> bool:
        return self._drafts.pop(draft, None) is not None

    def tidy(self, keys: Collection[LetterId]) -> frozenset[LetterId]:
        """Those whose copy was there: another one may still be on its way."""
        if not keys:
            return frozenset()
        named = {self._message_id(key): key for key in keys}
        box = self._mailbox()
        copies = box.copies(named)
        if copies:
            box.delete(copies.values())
        return frozenset(named[message_id] for message_id in copies if message_id in named)

    def left_over(self) -> int:
        since = self._clock.now() - KEPT
        return sum(found.kind is IncomingKind.COPY for found in self._mailbox().incoming(since))

    def close(self) -> None:
        """Ends a step that hangs in another thread, too."""
        if not self._busy.acquire(blocking=False):
            talk = self._talk
            if talk is not None:
                talk.cut()
            self._busy.acquire()
        try:
            self._hang_up()
        finally:
            self._busy.release()

    def _hand_over(self, talk: Submission, name: str) -> None:
        draft = self._drafts[name]
        try:
            refusal = self._envelope(talk, draft) or self._content(talk, draft)
        except Lost as lost:
            self._drop()
            raise PostClosed(str(lost)) from None
        if refusal is not None:
            self._begin_again(talk)
            raise refusal
        del self._drafts[name]  # from here on it may have left
        try:
            talk.final_dot()
            reply = talk.answer()
        except Lost as lost:
            self._drop()
            raise Unreachable(f"The mail server did not say whether it took a letter: {lost}.") from None
        if not reply.good:
            self._drafts[name] = draft
            raise self._refusal(reply)

    def _envelope(self, talk: Submission, draft: _Draft) -> Exception | None:
        """The reader is asked before the copy: of a letter that is refused nothing is sent to anybody."""
        options = ["SMTPUTF8", "BODY=8BITMIME"] if needs_utf8(draft.mail) else []
        if talk.takes("size"):
            options.append(f"SIZE={len(draft.content)}")
        reply = talk.sender(self._sender.value, options)
        if reply.code == TOO_LARGE:
            return PostRefused(str(reply))
        if not reply.good:
            return PostClosed(f"{reply} to the sender")
        reply = talk.recipient(draft.mail.to.value)
        if not reply.good:
            return self._refusal(reply)
        if draft.mail.to == self._sender:
            return None
        reply = talk.recipient(self._sender.value)
        if not reply.good:  # without a copy it would be in doubt for ever
            return PostClosed(f"{reply} to the copy for the service mailbox")
        return None

    def _content(self, talk: Submission, draft: _Draft) -> Exception | None:
        reply = talk.data()
        if reply is not None:
            return self._refusal(reply)
        talk.body(draft.content)
        return None

    @staticmethod
    def _refusal(reply: Reply) -> Exception:
        if reply.code == CLOSING or reply.code in WHOEVER_IT_IS_FOR:
            return PostClosed(str(reply))
        return PostRefused(str(reply)) if reply.for_good else PostDeferred(str(reply))

    @contextmanager
    def _talking(self) -> Iterator[Submission]:
        """A connection on which the server answers."""
        with self._busy:
            if self._talk is not None and (self._talk.letters >= LETTERS_EACH or not self._talk.alive()):
                self._hang_up()
            if self._talk is None:
                self._talk = self._open()
            try:
                yield self._talk
            finally:
                self._rest_later()

    def _open(self) -> Submission:
        self._breaker.check()
        try:
            self._talk = talk = Submission(self._server)  # `close` can cut it from here on
            talk.open()
        except LoginRefused as refused:
            self._drop()
            self._breaker.refused()
            raise SignInRefused(
                f"The mail server refused the account for letters ({refused}): see smtp_username and "
                "smtp_password_file under [post]."
            ) from None
        except Lost as lost:
            self._drop()
            raise Unreachable(f"The mail server cannot be used: {lost}. See [post].") from None
        if self._server.username is not None:
            self._breaker.accepted()
        return talk

    def _begin_again(self, talk: Submission) -> None:
        try:
            talk.reset()
        except Lost:
            self._drop()

    def _rest_later(self) -> None:
        """Give the connection back when no letter follows soon."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._talk is None:
            return
        self._timer = timer = threading.Timer(self._idle, self._rest)
        timer.name, timer.daemon = "smtp-idle", True
        timer.start()

    def _rest(self) -> None:
        with self._busy:
            if self._timer is threading.current_thread():
                self._hang_up()

    def _hang_up(self) -> None:
        talk, self._talk = self._talk, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if talk is not None:
            talk.quit()

    def _drop(self) -> None:
        talk, self._talk = self._talk, None
        if talk is not None:
            talk.drop()
