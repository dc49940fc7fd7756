"""Who works with whom: colleagues who may look into each other's inbox, and groups of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

from mailbot.simulator.mailboxes import Folder, Group, Mailbox, Right
from mailbot.simulator.names import DOMAIN
from mailbot.simulator.residents import Resident
from mailbot.simulator.stories import COUNCIL, MATES, SELF, Story

FEWEST = 2
"""So many colleagues in service with an open account must there be for anybody to be looked after."""

PRIVATE_FOLDER = "Vertrouwelijk"
_LEVELS = ("Reviewer", "Reviewer", "Editor", "PublishingEditor")
_FARTHEST = 6


@dataclass(slots=True)
class Circles:
    """Colleagues in service with an open account, by unit; whoever else lives in the town is in no circle.
    `council` is the address of a member of the works council."""

    today: date
    council: str = ""
    _everybody: list[str] = field(default_factory=list)
    _units: dict[str, list[str]] = field(default_factory=dict)

    def add(self, resident: Resident) -> None:
        if _sound(resident, self.today) and resident.unit is not None:
            self._everybody.append(resident.address)
            self._units.setdefault(resident.unit.code, []).append(resident.address)

    def mates(self, resident: Resident) -> list[str]:
        """Those of the own unit first, beginning with the next one; then others, so that there are enough.

        Raises ValueError when there are fewer than `FEWEST` in the whole town.
        """
        unit = self._units.get(resident.unit.code, []) if resident.unit else []
        here = unit.index(resident.address) + 1 if resident.address in unit else 0
        near = [*unit[here:], *unit[:here]]
        found = dict.fromkeys((*near, *self._everybody[:_FARTHEST]))
        mates = [address for address in found if address != resident.address]
        if len(mates) < FEWEST:
            raise ValueError("too few people to look after each other")
        return mates

    def team(self, resident: Resident) -> Group | None:
        """The group of the own unit; None when there are not enough others in it."""
        unit = self._units.get(resident.unit.code, []) if resident.unit else []
        if resident.unit is None or len(set(unit) - {resident.address}) < FEWEST:
            return None
        return Group(f"team.{resident.unit.code.lower()}@{DOMAIN}", tuple(unit))

    def resolve(self, words: Iterable[str], resident: Resident) -> tuple[str, ...]:
        """Addresses for words such as `stories.MATE_1`; anything else stays as it is.

        Raises ValueError when there are fewer colleagues than the words name.
        """
        mates = dict(zip(MATES, self.mates(resident), strict=False))
        known = {**mates, SELF: resident.address, COUNCIL: self.council}
        found = tuple(known.get(word, word) for word in words)
        if any(word in MATES for word in found):
            raise ValueError("too few people to look after each other")
        return found


def look_after(mailbox: Mailbox, resident: Resident, circles: Circles, random: Random) -> tuple[Group, ...]:
    """Let two to four colleagues of the unit look in: by name, as a group (which is given back), or with
    full access, which shows in the nightly export only."""
    mates = circles.mates(resident)
    chosen = mates[: random.randint(2, min(4, len(mates)))]
    inbox = mailbox.folders.by_name["inbox"]
    way = random.random()
    group = circles.team(resident) if way < 0.15 else None
    if group is not None:
        mailbox.rights[inbox.id] = [Right(group.address)]
    elif way > 0.85:
        mailbox.trustees = tuple(chosen)
    else:
        mailbox.rights[inbox.id] = [
            Right(mate, random.choice(_LEVELS), delegate=random.random() < 0.3) for mate in chosen
        ]
    return (group,) if group else ()


def look_after_as_told(
    mailbox: Mailbox, resident: Resident, story: Story, circles: Circles
) -> tuple[Group, ...]:
    """Rights as the story tells; its groups are given back with addresses for words."""
    inbox, calendar = mailbox.folders.by_name["inbox"], mailbox.folders.by_name["calendar"]
    for folder, rights in (
        (inbox, story.rights),
        (_private(mailbox, inbox), story.private_rights),
        (calendar, story.calendar_rights),
    ):
        if rights:
            accounts = circles.resolve((right.account for right in rights), resident)
            mailbox.rights[folder.id] = [
                replace(right, account=account) for right, account in zip(rights, accounts, strict=True)
            ]
    mailbox.trustees = circles.resolve(story.trustees, resident)
    return tuple(replace(group, members=circles.resolve(group.members, resident)) for group in story.groups)


def _private(mailbox: Mailbox, inbox: Folder) -> Folder:
    return next(folder for folder in mailbox.folders.children(inbox) if folder.name == PRIVATE_FOLDER)


def _sound(resident: Resident, today: date) -> bool:
    """Who is in service, with an open account and a mailbox here. Of a linked mailbox the directory does not
    tell whether the account that opens it is."""
    starts = [contract.starts for contract in resident.contracts]
    ends = [contract.ends or date.max for contract in resident.contracts]
    return (
        resident.enabled is True
        and resident.recipient_type == "user"
        and bool(starts)
        and min(starts) <= today <= max(ends)
    )
