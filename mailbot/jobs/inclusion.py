"""Lifting the exclusion of one person, or settings-only: for a mistake, or because a mind was changed."""

from mailbot.jobs.house import House
from mailbot.jobs.rights import NotInPopulation
from mailbot.model.ids import Address
from mailbot.model.restrictions import Restriction


def include(house: House, address: Address, actor: str) -> None:
    """Take one person back in. What was erased stays erased.

    Answers the same, and writes the same audit row, whether or not the person was excluded or settings-only:
    whoever wants to know who is on that list learns nothing here. The row names nobody. Raises
    NotInPopulation for an address that nobody in the sources has.
    """
    guid = house.directory.guid_of(address)
    if guid is None:
        raise NotInPopulation("nobody in the sources has this address")
    now = house.clock.now()
    with house.store.begin() as work:
        work.include(guid)
        work.unrestrict(guid, Restriction.SETTINGS_ONLY)
        work.audit(now, actor, "include", {})
