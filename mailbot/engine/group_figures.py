"""What is kept of a sweep about the organisation and its departments: groups in which nobody shows. Pure.

Practice 2.6: at least 10 people judged in every group of the monthly report. No departments are kept that
would leave fewer than 10 when they are taken from the organisation: by subtraction these would show.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from mailbot.model.figures import ORGANISATION, GroupFigure
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.verdicts import Outcome

FLOOR = 10
"""People judged in a group, at least. In code, because no setting may go below it."""

JUDGED = frozenset({Outcome.COMPLIANT, Outcome.DEVIATION, Outcome.TIP})

DEPARTMENT = "unit/"
"""Before the code of a department, in the name of its group."""


def department(code: str) -> str:
    """The name of the group of one department."""
    return f"{DEPARTMENT}{code}"


def group_figures(
    outcomes: Mapping[RuleId, Mapping[PersonKey, Outcome]],
    departments: Mapping[PersonKey, str],
    waived: Mapping[RuleId, Collection[PersonKey]],
    waivers: Mapping[RuleId, int],
    k: int = FLOOR,
) -> tuple[GroupFigure, ...]:
    """One figure per rule and group that may be kept, rules in alphabetical order, the organisation first.

    `departments` gives the code of whoever belongs to one; empty keeps the organisation alone. People who are
    `waived` are counted nowhere. `waivers` are those in force by rule; these and of how many nothing could be
    told stand with the organisation only.
    Raises ValueError for k below the floor.
    """
    if k < FLOOR:
        raise ValueError(f"figures of groups need at least {FLOOR} people")
    found: list[GroupFigure] = []
    for rule, of_rule in sorted(outcomes.items()):
        left_alone = frozenset(waived.get(rule, ()))
        counted = {p: o for p, o in of_rule.items() if o in JUDGED and p not in left_alone}
        if len(counted) < k:
            continue
        deviating = [person for person, outcome in counted.items() if outcome is Outcome.DEVIATION]
        unknown = sum(o is Outcome.UNKNOWN and p not in left_alone for p, o in of_rule.items())
        whole = (len(counted), len(deviating), waivers.get(rule, 0), unknown)
        found.append(GroupFigure(ORGANISATION, rule, *whole))
        judged_by = Counter(departments[person] for person in counted if person in departments)
        deviating_by = Counter(departments[person] for person in deviating if person in departments)
        found += [
            GroupFigure(department(code), rule, judged_by[code], deviating_by[code])
            for code in sorted(safe_beside(judged_by, len(counted), k))
        ]
    return tuple(found)


def safe_beside(judged: Mapping[str, int], everybody: int, k: int = FLOOR) -> frozenset[str]:
    """Which groups, none overlapping, may stand beside the whole: each has `k` people, and so has what is
    left when all of them are taken away, unless nobody is. The smallest give way, by numbers judged alone:
    which of them stand must tell nothing about who deviates."""
    kept = {name: count for name, count in judged.items() if count >= k}
    while kept and 0 < everybody - sum(kept.values()) < k:
        del kept[min(kept, key=lambda name: (kept[name], name))]
    return frozenset(kept)
