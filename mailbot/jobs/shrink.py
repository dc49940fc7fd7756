"""The guard before a sweep: a population that lost more people than leave is not believed unseen."""

from mailbot.model.errors import PeopleRefused
from mailbot.model.people import People
from mailbot.model.slots import Job
from mailbot.ports import Work

SHRINK_LEAST, SHRINK_PERCENT = 5, 10
"""People who may be missing from one sweep to the next: the larger of the two."""


def check_shrink(work: Work, people: People) -> None:
    """Sources that were cut off must not end findings, or tell people again when they are whole again.

    Who is paused since the last sweep is not missing. They are added here and kept in no count: beside the
    population it would tell how many they are.
    """
    newest = work.last_counts(Job.SWEEP)
    before = int(newest[1].get("people", 0)) if newest else 0
    there = len(people.by_guid) + len(people.set_aside)
    if before - there > max(SHRINK_LEAST, before * SHRINK_PERCENT // 100):
        raise PeopleRefused(
            f"the sources hold {len(people.by_guid)} people, the last sweep had {before}; nothing was done. "
            "If that is right: mailbot sweep --accept-people"
        )
