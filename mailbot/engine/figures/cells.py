"""Which cell of a rule a reader may see: that of the smallest circle that is large enough. Pure.

What is not shown tells something too: a department in place of a team says that the team could not be shown.
So a larger circle is shown only when the people whom it adds are themselves enough to hide in.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailbot.engine.figures.words import FLOOR, Figure, Level, Word, tenths, word
from mailbot.model.ids import ObjectGuid, PersonKey, RuleId
from mailbot.model.people import People
from mailbot.model.verdicts import Outcome

JUDGED = frozenset({Outcome.COMPLIANT, Outcome.DEVIATION, Outcome.TIP})


@dataclass(frozen=True, slots=True)
class Circle:
    """The people around a reader at one level."""

    level: Level
    members: frozenset[PersonKey]


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with the number of people it rests on. `judged` is for our own reports, not for managers:
    with the roster beside it, it tells who was not counted."""

    figure: Figure
    judged: int


def cell(
    reader: PersonKey,
    circles: Sequence[Circle],
    outcomes: Mapping[PersonKey, Outcome],
    k: int = FLOOR,
    before: Collection[Level] = (),
) -> Cell | None:
    """The cell of the first circle, from small to large, that may be shown to `reader`.

    The reader is never counted: whoever knows one outcome of a cell knows more than it says. Every circle
    takes in the smaller ones, so that merging is always upward.

    `before` are the levels at which this reader saw the rule in earlier weeks. A cell is not shown when it
    differs by fewer than `k` people from a smaller one that was large enough, or from the one at such a
    level: whoever takes the one from the other would be left with those few. By none at all is too few as
    well: if that were let through, it would show that the one colleague outside the team is not counted.
    The largest circle takes the place of one that differs from it by so few: the monthly report tells of
    it, and a reader may have that too.
    """
    judged = _judged_by_circle(reader, circles, outcomes)
    merged = [len(counted ^ judged[-1]) < k for counted in judged[:-1]]
    for place, (circle, counted) in enumerate(zip(circles, judged, strict=True)):
        deviating = sum(outcomes[person] is Outcome.DEVIATION for person in counted)
        said = word(deviating, len(counted), k)
        if said is None or any(merged[place : place + 1]):
            continue
        beside = [
            other
            for number, other in enumerate(judged)
            if number != place
            and (
                circles[number].level in before or (number < place and len(other) >= k and not merged[number])
            )
        ]
        if any(len(counted ^ other) < k for other in beside):
            continue
        share = tenths(deviating, len(counted)) if said is Word.SOME else None
        return Cell(Figure(circle.level, said, share), len(counted))
    return None


def _judged_by_circle(
    reader: PersonKey, circles: Sequence[Circle], outcomes: Mapping[PersonKey, Outcome]
) -> list[frozenset[PersonKey]]:
    found: list[frozenset[PersonKey]] = []
    members: frozenset[PersonKey] = frozenset()
    for circle in circles:
        members = (members | circle.members) - {reader}
        found.append(frozenset(person for person in members if outcomes.get(person) in JUDGED))
    return found


def cells(
    reader: PersonKey,
    circles: Sequence[Circle],
    outcomes: Mapping[RuleId, Mapping[PersonKey, Outcome]],
    k: int = FLOOR,
    before: Mapping[RuleId, Collection[Level]] | None = None,
) -> dict[RuleId, Cell]:
    """One cell per rule at most. A rule that nothing may be said about is left out."""
    seen = before or {}
    found = {
        rule: cell(reader, circles, of_rule, k, seen.get(rule, ())) for rule, of_rule in outcomes.items()
    }
    return {rule: value for rule, value in found.items() if value is not None}


def circles_of(
    reader: ObjectGuid, people: People, key: Callable[[ObjectGuid], PersonKey]
) -> tuple[Circle, ...]:
    """The circles of a manager: direct reports, own unit, everybody. A manager without unit has no second."""
    persons = people.by_guid.values()
    unit = people.by_guid[reader].unit

    def circle(level: Level, guids: Iterable[ObjectGuid]) -> Circle:
        return Circle(level, frozenset(key(guid) for guid in guids if guid != reader))

    found = [circle(Level.TEAM, (p.guid for p in persons if p.manager == reader))]
    if unit is not None:
        in_unit = (p.guid for p in persons if p.unit is not None and p.unit.code == unit.code)
        found.append(circle(Level.DEPARTMENT, in_unit))
    found.append(circle(Level.ORGANISATION, people.by_guid))
    return tuple(found)
