"""Letters by the short code that stands on them: whether one is ours, and what became of one in doubt."""

from mailbot.jobs.courier import SET_ASIDE, set_aside_code
from mailbot.jobs.doubts import IN_DOUBT, in_doubt_code, record_sent
from mailbot.jobs.house import House
from mailbot.model.errors import MailbotError
from mailbot.model.ids import LetterId
from mailbot.model.letter_code import same_code
from mailbot.model.letters import LetterState, OutboxLetter


class NotInDoubt(MailbotError):
    """There is nothing to settle about the letter."""


def look_up(house: House, typed: str) -> OutboxLetter | None:
    """The letter with this code, or None: then it is not ours, or so old that it was forgotten."""
    with house.store.begin() as work:
        found = work.letters_that(lambda letter: same_code(typed, letter))
    return found[0] if found else None


def settle(house: House, typed: str, arrived: bool, actor: str) -> OutboxLetter:
    """A human says what became of a letter in doubt, or looked at one that was set aside: that never left.
    Lost, the next sweep may make a new one.

    Raises NotInDoubt for a code of no such letter.
    """
    letter = look_up(house, typed)
    looked_at = letter is not None and letter.state is LetterState.SET_ASIDE and not arrived
    if letter is None or not (looked_at or letter.state is LetterState.IN_DOUBT):
        raise NotInDoubt("no letter with this code is in doubt; nothing was changed")
    now = house.clock.now()
    with house.store.begin() as work:
        if arrived:
            record_sent(house, work, letter, LetterState.IN_DOUBT, None)
        else:
            work.move(letter.id, letter.state, LetterState.EXPIRED, now)
        work.audit(now, actor, "letter_settled", {"arrived": int(arrived)})
    house.operator.solved(set_aside_code(letter.id) if looked_at else in_doubt_code(letter.id))
    return letter


def close_forgotten(house: House) -> None:
    """Close the problems of letters that are not kept any more: no command knows their codes now."""
    with house.store.begin() as work:
        open_ = [code for code in work.problems() if code.startswith((IN_DOUBT, SET_ASIDE))]
        if not open_:
            return
        kept = work.letters_that(lambda letter: _codes(letter).intersection(open_) != frozenset())
    for code in open_:
        if not any(code in _codes(letter.id) for letter in kept):
            house.operator.solved(code)


def _codes(letter: LetterId) -> frozenset[str]:
    return frozenset({in_doubt_code(letter), set_aside_code(letter)})
