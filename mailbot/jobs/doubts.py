"""Letters of which nobody knows whether they left: reported once, and settled when their copy turns up."""

from datetime import datetime, timedelta

import structlog

from mailbot.jobs.house import House
from mailbot.jobs.rendering import disclosures_until
from mailbot.model.errors import Unreachable
from mailbot.model.ids import LetterId
from mailbot.model.letter_code import letter_code
from mailbot.model.letters import LetterKind, LetterState, OutboxLetter, Whereabouts
from mailbot.ports import Work

log = structlog.get_logger(__name__)

COPY_COMES_WITHIN = timedelta(hours=48)
"""Mail servers keep trying for longer, but seldom on their way to a mailbox of the same organisation."""

ASKING = frozenset({LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.HINT})
"""Kinds that ask something of their reader: they count as letters on their topic."""


IN_DOUBT = "letter_in_doubt_"


def in_doubt_code(letter: LetterId) -> str:
    """One problem per letter, so that a later one is told as well."""
    return f"{IN_DOUBT}{letter[:8]}"


def report_doubt(house: House, letter: OutboxLetter) -> None:
    code = letter_code(letter.id)
    house.operator.problem(
        in_doubt_code(letter.id),
        "Of a letter no trace is left: it may have arrived, and is not sent again by itself. A copy that "
        "turns up within two days settles it. When you know: "
        f"mailbot letter {code} --arrived, or --lost",
    )


def record_sent(
    house: House, work: Work, letter: OutboxLetter, state: LetterState, made: datetime | None
) -> None:
    """The letter has left; `made` is when its text was, None when nobody knows: then it may not tell yet who
    looked. A test letter went to somebody else: it tells the person nothing. Raises Busy when it is not in
    `state` any more."""
    now = house.clock.now()
    work.move(letter.id, state, LetterState.SENT, now)
    if letter.order.test:
        return
    if letter.order.kind in ASKING:
        work.told(letter, now + timedelta(days=house.terms.ladder.silence_days), now)
    if made is not None and letter.order.kind is not LetterKind.DIGEST:
        told = disclosures_until(work.undisclosed(letter.order.person), made)
        work.disclosed([disclosure.id for disclosure in told], now)


def settle_doubts(house: House) -> int:
    """Look once more for the letters in doubt; those that are found were sent. Gives how many. Raises
    SignInRefused."""
    now = house.clock.now()
    with house.store.begin() as work:
        doubtful = work.letters_in_doubt(now - COPY_COMES_WITHIN)
    settled = 0
    for letter in doubtful:
        try:
            found = house.post().trace(letter.id, house.message_id(letter.id))
        except Unreachable as error:
            log.warning("letters in doubt stay so", why=str(error))
            break
        if found.where is not Whereabouts.SENT:
            continue
        with house.store.begin() as work:
            record_sent(house, work, letter, LetterState.IN_DOUBT, None)
            work.audit(now, "mailbot", "letter_settled", {"arrived": 1})
        house.operator.solved(in_doubt_code(letter.id))
        settled += 1
    return settled
