"""Whether a letter is ours, by the short code that stands on it. For the helpdesk; names nobody."""

from mailbot.jobs.house import House
from mailbot.model.letter_code import same_code
from mailbot.model.letters import OutboxLetter


def look_up(house: House, typed: str) -> OutboxLetter | None:
    """The letter with this code, or None: then it is not ours, or so old that it was forgotten."""
    with house.store.begin() as work:
        found = work.letters_that(lambda letter: same_code(typed, letter))
    return found[0] if found else None
