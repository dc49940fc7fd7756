"""Whether a letter about a person may be made at all, by delivery mode. Pure, with the reason."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from mailbot.model.facts import Known
from mailbot.model.people import Person
from mailbot.model.plan import Held


class Mode(StrEnum):
    OFF = "off"
    REDIRECT = "redirect"
    PILOT = "pilot"
    LIVE = "live"


def held(
    person: Person, mode: Mode, pilot_groups: Collection[str], today: date, everyone: bool = False
) -> Held | None:
    """None when the letter may be made. `everyone` widens redirect to all people: on the simulator only."""
    if mode is Mode.OFF:
        return Held.MODE_OFF
    in_pilot = not person.groups.isdisjoint(pilot_groups)
    if mode is Mode.PILOT and not in_pilot:
        return Held.NOT_IN_PILOT
    if mode is Mode.REDIRECT and not (in_pilot or everyone):
        return Held.NOT_IN_PILOT
    if isinstance(person.enabled, Known) and not person.enabled.value:
        return Held.ACCOUNT_CLOSED
    if person.ends is not None and person.ends < today:
        return Held.LEFT
    return None
