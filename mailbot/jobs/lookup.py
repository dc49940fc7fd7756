"""Letters by the short code that stands on them: whether one is ours, and what became of one in doubt."""

from mailbot.jobs.courier import set_aside_code
from mailbot.jobs.doubts import in_doubt_code, record_sent
from mailbot.jobs.house import House
from mailbot.model.errors import MailbotError
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
    """A human says what became of a letter in doubt. Lost, the next sweep may make a new one. One that was
    set aside never left: to say so closes its problem.

    Raises NotInDoubt for a code of no such letter.
    """
    letter = look_up(house, typed)
    if letter is not None and letter.state is LetterState.SET_ASIDE and not arrived:
        house.operator.solved(set_aside_code(letter.id))
        return letter
    if letter is None or letter.state is not LetterState.IN_DOUBT:
        raise NotInDoubt("no letter with this code is in doubt; nothing was changed")
    now = house.clock.now()
    with house.store.begin() as work:
        if arrived:
            record_sent(house, work, letter, LetterState.IN_DOUBT, None)
        else:
            work.move(letter.id, LetterState.IN_DOUBT, LetterState.EXPIRED, now)
        work.audit(now, actor, "letter_settled", {"arrived": int(arrived)})
    house.operator.solved(in_doubt_code(letter.id))
    return letter
