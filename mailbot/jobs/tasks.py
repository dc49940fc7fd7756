"""Work for an administrator that the newest sweep saw: counts, and whose mailbox only with a reason."""

from collections.abc import Mapping
from datetime import datetime

from mailbot.jobs.house import House
from mailbot.jobs.rights import disclose
from mailbot.model.people import Person
from mailbot.model.slots import Job
from mailbot.model.tasks import Task

INSTRUCTIONS: Mapping[Task, str] = {
    Task.INBOX_OPEN_TO_ALL: "take the reading rights of Default or Anonymous off the inbox, with its owner",
    Task.ORPHANED_DELEGATE: "remove the rights of an account that no longer exists",
    Task.BLOCK_ACCOUNT: "block the account: its holder has left",
    Task.SET_LEAVER_REPLY: "set the automatic reply of somebody who left",
    Task.MEND_REPLY_TEXT: "put the agreed text back into the automatic reply of somebody who left",
    Task.END_LEAVER_REPLY: "end the automatic reply: the month is over",
    Task.STOP_FORWARDING: "stop mail of somebody who left from being sent on by itself",
    Task.REPLY_AND_FORWARD: "the reply says that mail is not forwarded, and it is: mend one of them",
    Task.END_DELEGATIONS: "take away the rights of somebody who left on mailboxes of others",
    Task.DECIDE_REMOVAL: "decide on removal: hold, archive list, open requests, private mail, two signatures",
}
"""What each task asks, in words for the one who has to do it."""


def open_tasks(house: House) -> tuple[datetime | None, Mapping[Task, int]]:
    """When the newest sweep ended, and the number of mailboxes by task."""
    with house.store.begin() as work:
        newest = work.last_counts(Job.SWEEP)
        if newest is None:
            return None, {}
        return newest[0].finished, work.task_counts(newest[0].slot.id)


def whose(house: House, task: Task, reason: str, actor: str) -> list[Person]:
    """The people whose mailboxes a task is about. The look is logged, and told to those still in service:
    who has left cannot be told, and the account of a leaver is the administrator's to mend."""
    people = house.directory.people()
    keyed = {house.store.person_key(guid): person for guid, person in people.by_guid.items()}
    today = house.today()
    with house.store.begin() as work:
        newest = work.last_counts(Job.SWEEP)
        tasked = work.tasked(newest[0].slot.id, task) if newest else []
        found = [(key, keyed[key]) for key in tasked if key in keyed]
        for key, person in found:
            if person.ends is None or person.ends >= today:
                disclose(house, work, key)
            detail = {"task": task.value, "person": key, "reason": reason}
            work.audit(house.clock.now(), actor, "tasks", detail)
    return sorted((person for _, person in found), key=lambda person: person.address)
