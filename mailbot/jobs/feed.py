"""Letting a held personnel feed through: a human has looked whether so many can really leave."""

from mailbot.jobs.house import House
from mailbot.jobs.sources import tell_of_sources
from mailbot.model.errors import SettingsRefused
from mailbot.model.sources import SourceState, Trouble
from mailbot.ports import PersonnelFeed

HELD = (Trouble.EMPTY, Trouble.MANY_LEAVERS)


def held_feed(house: House) -> SourceState:
    """How the feed is that a guard holds back, with the counts that the guard saw; it names nobody. Raises
    SettingsRefused when there is no feed, none is held, or the held one can never be accepted."""
    state = _feed(house).examine()
    if state.trouble not in HELD:
        raise SettingsRefused("no personnel feed is held; there is nothing to accept")
    if state.trouble is Trouble.EMPTY:
        raise SettingsRefused("the held feed names nobody and is never accepted: have it exported again")
    return state


def accept_feed(house: House, actor: str) -> SourceState:
    """Use the held feed from now on. Raises SettingsRefused as `held_feed`, or when it names nobody."""
    state = _feed(house).accept()
    with house.store.begin() as work:
        work.audit(house.clock.now(), actor, "accept_feed", {})
    tell_of_sources(house, [state], {state.source})
    return state


def _feed(house: House) -> PersonnelFeed:
    feed = house.personnel()
    if feed is None:
        raise SettingsRefused("there is no personnel feed: [people] hr_folder is not set")
    return feed
