"""Work for an administrator: what the newest sweep saw, whose letters came back, and where the sources of
people disagree today. Counts, and whose mailbox only with a reason."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from mailbot.jobs.house import House
from mailbot.jobs.incoming import ARRIVED_AFTER, IN_PEACE
from mailbot.jobs.rights import disclose
from mailbot.model.conflicts import Clash, Conflict
from mailbot.model.ids import ObjectGuid, PersonKey, SlotId
from mailbot.model.people import People, Person
from mailbot.model.restrictions import Restriction
from mailbot.model.slots import Job
from mailbot.model.tasks import Task
from mailbot.ports import Work

INSTRUCTIONS: Mapping[Task | Clash, str] = {
    Task.INBOX_OPEN_TO_ALL: "take the reading rights of Default or Anonymous off the inbox, with its owner",
    Task.ORPHANED_DELEGATE: "remove the rights of an account that no longer exists",
    Task.BLOCK_ACCOUNT: "block the account: its holder has left",
    Task.SET_LEAVER_REPLY: "set the automatic reply of somebody who left",
    Task.MEND_REPLY_TEXT: "put the agreed text back into the automatic reply of somebody who left",
    Task.END_LEAVER_REPLY: "end the automatic reply: the month is over",
    Task.STOP_FORWARDING: "stop mail of somebody who left from being sent on by itself",
    Task.REPLY_AND_FORWARD: "the reply says that mail is not forwarded, and it is: mend one of them",
    Task.END_DELEGATIONS: "take away the rights of somebody who left on mailboxes of others",
    Task.LETTERS_COME_BACK: "letters to this mailbox came back for good: mend its address, or the mailbox",
    Task.LETTERS_NOT_TAKEN: "letters to this mailbox are refused or do not leave: mend address or mailbox",
    Task.DECIDE_REMOVAL: "decide on removal: hold, archive list, open requests, private mail, two signatures",
    Clash.CLOSED_IN_SERVICE: "the account is closed, personnel says in service: open it or mend the contract",
    Clash.NO_MANAGER: "no source names a manager who has a mailbox: fill it in at one of them",
    Clash.OWN_MANAGER: "a source calls somebody their own manager: mend it there",
    Clash.MANAGER_CIRCLE: "managers report to each other in a circle: mend one of them at the source",
    Clash.SHARED_MAILBOX: "two people of personnel have one mailbox: give one a mailbox, or mend the address",
    Clash.SECOND_MAILBOX: "one person has two mailboxes: put person_key in employeeID of the right one",
    Clash.SAME_ADDRESS: "two mailboxes carry one address: take it off one of them",
    Clash.FOREIGN_ADDRESS: "the address is in no accepted domain: mend it, or add the domain",
    Clash.NO_MAILBOX: "personnel names an address that no mailbox carries: mend it, or make the mailbox",
}
"""What each task asks, in words for the one who has to do it."""

OF_DELIVERY = (Task.LETTERS_COME_BACK, Task.LETTERS_NOT_TAKEN)
"""Which no rule sees: mail servers tell of them."""


def conflict_counts(people: People, aside: Collection[ObjectGuid] = ()) -> dict[Clash, int]:
    """Conflicts of the sources by kind, in the order of their kinds. Of who is paused, or stands in `aside`,
    nothing is counted."""
    counts = Counter(conflict.clash for conflict in _conflicts(people, aside))
    return {clash: counts[clash] for clash in Clash if counts[clash]}


def open_tasks(house: House) -> tuple[datetime | None, Mapping[Task | Clash, int]]:
    """When the newest sweep ended, and the number of mailboxes by task; then of conflicts as the sources are
    now. Raises SettingsRefused when these cannot be used."""
    people = house.directory.people()
    with house.store.begin() as work:
        newest = work.last_counts(Job.SWEEP)
        seen = _seen(house, work, people, newest[0].slot.id) if newest else {}
        for task in OF_DELIVERY:
            if number := len(_of_task(house, work, people, task)):
                seen[task] = number
    return newest[0].finished if newest else None, together(seen, conflict_counts(people))


def whose(house: House, task: Task | Clash, reason: str, actor: str) -> list[Person]:
    """The people whose mailboxes a task or conflict is about. The look is logged, and told to those still in
    service: who has left cannot be told, and the account of a leaver is the administrator's to mend."""
    people = house.directory.people()
    today = house.today()
    with house.store.begin() as work:
        found = _of_conflict(people, task) if isinstance(task, Clash) else _of_task(house, work, people, task)
        for person in found:
            key = house.store.person_key(person.guid)
            if person.ends is None or person.ends >= today:
                disclose(house, work, key)
            detail = {"task": task.value, "person": key, "reason": reason}
            work.audit(house.clock.now(), actor, "tasks", detail)
    return sorted(found, key=lambda person: person.address)


def together(seen: Mapping[Task, int], conflicts: Mapping[Clash, int]) -> dict[Task | Clash, int]:
    """One list of work: tasks first, then conflicts."""
    found: dict[Task | Clash, int] = {}
    found.update((task, number) for task, number in seen.items())
    found.update((clash, number) for clash, number in conflicts.items())
    return found


def _seen(house: House, work: Work, people: People, slot: SlotId) -> dict[Task, int]:
    """Who was paused since the sweep, or left out by the settings, is not counted any more: a number that
    differs from that of the mailboxes which `whose` names would tell of somebody who is left out."""
    paused = {guid for guid, kind in work.restrictions().items() if kind is Restriction.PAUSED}
    present = {house.store.person_key(guid) for guid in people.by_guid if guid not in paused}
    counts: dict[Task, int] = {}
    for task in work.task_counts(slot):
        if number := len(present.intersection(work.tasked(slot, task))):
            counts[task] = number
    return counts


def _of_task(house: House, work: Work, people: People, task: Task) -> list[Person]:
    keyed = {house.store.person_key(guid): person for guid, person in people.by_guid.items()}
    return [keyed[key] for key in _tasked(work, task, house.clock.now()) if key in keyed]


def _tasked(work: Work, task: Task, now: datetime) -> list[PersonKey]:
    if task is Task.LETTERS_COME_BACK:
        return work.came_back(now - ARRIVED_AFTER)
    if task is Task.LETTERS_NOT_TAKEN:
        return work.not_taken(now - IN_PEACE, now)
    newest = work.last_counts(Job.SWEEP)
    return work.tasked(newest[0].slot.id, task) if newest else []


def _of_conflict(people: People, clash: Clash) -> list[Person]:
    """Each person once. A conflict without a mailbox of the population names nobody."""
    guids = dict.fromkeys(guid for one in _conflicts(people) if one.clash is clash for guid in one.mailboxes)
    return [people.by_guid[guid] for guid in guids if guid in people.by_guid]


def _conflicts(people: People, aside: Collection[ObjectGuid] = ()) -> list[Conflict]:
    return [
        conflict
        for conflict in people.conflicts
        if not any(guid in people.set_aside or guid in aside for guid in conflict.mailboxes)
    ]
