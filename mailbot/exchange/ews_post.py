"""Sends letters through EWS: a draft, a send with a saved copy, and a search for either after a crash."""

from collections.abc import Callable, Collection
from functools import partial

from mailbot.exchange.ews import letter_calls
from mailbot.exchange.ews.calls import TOO_LONG
from mailbot.exchange.ews.letter_calls import Found
from mailbot.exchange.ews.own_mailbox import OwnMailbox
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.ids import LetterId
from mailbot.model.letters import Mail, Trace, Whereabouts
from mailbot.ports import PostRefused

DRAFTS, SENT = "drafts", "sentitems"
DELETE_BATCH = 50
TRIES = 4

PAGES = 80
"""Pages of our letters in one folder that are looked through, of 250 letters each."""

REFUSALS = frozenset(
    {
        "ErrorInvalidRecipients",
        "ErrorNoRespondingCASInDestinationSite",
        "ErrorMessageSizeExceeded",
        "ErrorInvalidSmtpAddress",
        TOO_LONG,
    }
)
"""Codes that say no for good to this one letter; the last one is our own."""


class EwsPost(OwnMailbox):
    """Implements ports.Post over a connection of its own. Only searches are ever tried again: a write that
    got no answer may have been carried out, and the caller looks before it writes once more.

    For one thread at a time.
    """

    def reach(self) -> None:
        """A look into Drafts: where letters are made."""
        self._ask(self._find(DRAFTS, offset=0), TRIES)

    def prepare(self, mail: Mail) -> str:
        return self._ask(partial(letter_calls.create_draft, self._box, mail))

    def dispatch(self, draft: str) -> None:
        self._ask(partial(letter_calls.send_draft, self._box, draft))

    def trace(self, key: LetterId, message_id: str) -> Trace:
        """Sent first: a letter that is there has left, whatever else is lying about. And sent again at the
        end: a letter can leave while we look into drafts."""
        for folder, where in (
            (SENT, Whereabouts.SENT),
            (DRAFTS, Whereabouts.DRAFTS),
            (SENT, Whereabouts.SENT),
        ):
            found = self._search(folder, key=key) or self._search(folder, message_id=message_id)
            if found:
                return Trace(where, found[0].reference)
        return Trace(Whereabouts.NOWHERE)

    def discard(self, draft: str) -> bool:
        return self._ask(partial(letter_calls.delete_for_good, self._box, [draft])) == 1

    def tidy(self, keys: Collection[LetterId]) -> frozenset[LetterId]:
        """A letter that is not found counts as gone only when all of both folders was seen."""
        wanted = set(keys)
        if not wanted:
            return frozenset()
        gone: set[LetterId] = set()
        saw_all = True
        for folder in (SENT, DRAFTS):
            letters, complete = self._all(folder)
            saw_all = saw_all and complete and all(letter.key for letter in letters)
            copies = [letter for letter in letters if letter.key in wanted]
            for first in range(0, len(copies), DELETE_BATCH):
                batch = [letter.reference for letter in copies[first : first + DELETE_BATCH]]
                self._ask(partial(letter_calls.delete_for_good, self._box, batch))
            gone |= {LetterId(letter.key) for letter in copies if letter.key}
        return frozenset(wanted if saw_all else gone)

    def left_over(self) -> int:
        return sum(len(self._all(folder)[0]) for folder in (DRAFTS, SENT))

    def _all(self, folder: str) -> tuple[list[Found], bool]:
        """All letters of ours in a folder, and whether these are really all."""
        letters: list[Found] = []
        for _ in range(PAGES):
            page, last = self._ask(self._find(folder, offset=len(letters)), TRIES)
            letters += page
            if last:
                return letters, True
        return letters, False

    def _search(self, folder: str, key: str | None = None, message_id: str | None = None) -> list[Found]:
        return self._ask(self._find(folder, key=key, message_id=message_id), TRIES)[0]

    def _find(
        self, folder: str, key: str | None = None, message_id: str | None = None, offset: int = 0
    ) -> Callable[[float], tuple[list[Found], bool]]:
        return lambda deadline: letter_calls.find_letters(
            self._box, folder, deadline, key, message_id, offset
        )

    def _error(self, trouble: EwsTrouble, since: float) -> Exception:
        return PostRefused(trouble.code) if trouble.code in REFUSALS else super()._error(trouble, since)
