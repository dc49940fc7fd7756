"""Whether a letter about a person may be made at all, by delivery mode and stage. Pure, with the reason."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from mailbot.model.facts import Known
from mailbot.model.people import Person
from mailbot.model.plan import Held
from mailbot.policy.stages import Stage


class Mode(StrEnum):
    OFF = "off"
    REDIRECT = "redirect"
    PILOT = "pilot"
    LIVE = "live"


def held(
    person: Person,
    mode: Mode,
    pilot_groups: Collection[str],
    today: date,
    everyone: bool = False,
    stage: Stage = Stage.EVERYONE,
) -> Held | None:
    """None when the letter may be made. `everyone` widens redirect to all people: on the simulator only.

    `stage` is that of the letter's rule, everyone for a letter of no rule. Of mode and stage the narrower one
    counts; `everyone` widens no stage. OBSERVING is said of letters that a rule at stage everyone would send
    in mode live, whatever the mode is: their number is what there is to look at before the rule goes on.
    """
    gone = _gone(person, today)
    if stage is Stage.OBSERVE:
        return gone or Held.OBSERVING
    if mode is Mode.OFF:
        return Held.MODE_OFF
    widened = mode is Mode.REDIRECT and everyone
    only_pilot = stage is Stage.PILOT or (mode is not Mode.LIVE and not widened)
    if only_pilot and person.groups.isdisjoint(pilot_groups):
        return Held.NOT_IN_PILOT
    return gone


def _gone(person: Person, today: date) -> Held | None:
    """Whether there is anybody left to read it."""
    if isinstance(person.enabled, Known) and not person.enabled.value:
        return Held.ACCOUNT_CLOSED
    if person.ends is not None and person.ends < today:
        return Held.LEFT
    return None
