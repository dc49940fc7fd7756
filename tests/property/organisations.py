"""Made-up organisations over some weeks, what a manager of them knows, and the digests that the manager gets.

Numbers stand for people. Rosters are what everybody in the building knows; they hold people who are left out
of mailbot and who are paused as well, which is why what mailbot publishes has to be compared with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from mailbot.engine.figures.cells import Circle
from mailbot.engine.figures.digests import figures_for
from mailbot.engine.figures.encoding import DigestFigures, decode, encode, worth_saying
from mailbot.engine.figures.words import FLOOR, Level
from mailbot.model.figures import Coverage
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.verdicts import Outcome, Shown

LEVELS = (Level.TEAM, Level.DEPARTMENT, Level.ORGANISATION)


@dataclass(frozen=True)
class Week:
    """One week of truth, as one manager stands in it.

    `rosters` are team, department and organisation, each taking in the smaller ones, without the manager.
    `there` are those whom mailbot looks at this week, `read` those whose mailbox could be read; by rule, who
    was `judged` and who of them deviates. `leavers` tells that the digest has an agenda.
    """

    rosters: tuple[frozenset[int], ...]
    there: frozenset[int]
    read: frozenset[int]
    judged: Mapping[str, frozenset[int]]
    deviating: Mapping[str, frozenset[int]]
    leavers: bool = False


@dataclass(frozen=True)
class Story:
    """All weeks of one manager. `out` are people who are left out; nobody was told who they are."""

    weeks: tuple[Week, ...]
    out: frozenset[int]
    at_least: int = FLOOR


Letter = Mapping[str, Shown] | None
"""What a digest shows beside its agenda, as it is stored; None when none came."""


def published(story: Story) -> list[Letter]:
    """The digests of a story, week by week, as mailbot makes them."""
    letters: list[Letter] = []
    for week in story.weeks:
        got = [decode(letter) for letter in letters if letter is not None]
        last = decode(letters[-1]) if letters and letters[-1] is not None else None
        digest = in_one_week(week, story.at_least, got, last)
        sent = worth_saying(digest.figures, leavers=int(week.leavers))
        letters.append(encode(digest) if sent else None)
    return letters


def in_one_week(
    week: Week, at_least: int, earlier: Sequence[DigestFigures], last: DigestFigures | None
) -> DigestFigures:
    circles = [
        Circle(level, frozenset(_key(person) for person in roster & week.there))
        for level, roster in zip(LEVELS, week.rosters, strict=True)
    ]
    outcomes = {
        RuleId(rule): {_key(person): _outcome(week, rule, person) for person in sorted(week.there)}
        for rule in week.judged
    }
    # the manager's own mailbox is one of those that were read
    coverage = Coverage(len(week.there) + 1, len(week.read) + 1)
    return figures_for(PersonKey("manager"), circles, outcomes, coverage, at_least, "unit", earlier, last)


def _key(person: int) -> PersonKey:
    return PersonKey(str(person))


def _outcome(week: Week, rule: str, person: int) -> Outcome:
    if person not in week.judged[rule]:
        return Outcome.UNKNOWN
    return Outcome.DEVIATION if person in week.deviating[rule] else Outcome.COMPLIANT


# organisations at random


@dataclass
class Place:
    """Where a person works: department and team; a team's number is its manager's."""

    department: int
    team: int | None


@dataclass
class Town:
    """An organisation as it stands; `steady` ones pause, waive and misread nobody: whoever was read is judged
    by every rule."""

    random: Random
    steady: bool
    places: dict[int, Place] = field(default_factory=dict)
    managers: list[int] = field(default_factory=list)
    out: set[int] = field(default_factory=set)
    paused: set[int] = field(default_factory=set)
    waived: set[tuple[str, int]] = field(default_factory=set)
    deviating: dict[str, set[int]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    hired: int = 0


def town(seed: int, steady: bool) -> Town:
    """20 to 120 people in teams of 3 to 15, of whom up to a fifth are left out."""
    random = Random(seed)
    made = Town(random, steady)
    size = random.choice((20, 24, 30, 45, 60, 90, 120))
    departments = random.randint(1, 4)
    while len(made.places) < size:
        department = random.randrange(departments)
        manager = hire(made, department, random.choice((None, *made.managers)))
        made.managers.append(manager)
        for _ in range(random.randint(3, 15)):
            hire(made, department, manager)
    share = random.choice((0.05, 0.1, 0.2))
    made.out = {person for person in made.places if random.random() < share}
    made.rates = {
        "scarce": random.choice((0.0, 0.02, 0.08)),
        "common": random.choice((0.2, 0.35, 0.6)),
        "usual": random.choice((0.85, 0.95, 1.0)),
    }
    made.deviating = {rule: set() for rule in made.rates}
    for person in made.places:
        judge_anew(made, person)
    return made


def hire(made: Town, department: int, team: int | None) -> int:
    made.hired += 1
    made.places[made.hired] = Place(department, team)
    return made.hired


def judge_anew(made: Town, person: int) -> None:
    for rule, rate in made.rates.items():
        made.deviating[rule].discard(person)
        if made.random.random() < rate:
            made.deviating[rule].add(person)


def stories(seed: int, weeks: int = 8, readers: int = 3, steady: bool = False) -> list[Story]:
    """The same weeks of one organisation, as several of its managers live through them."""
    made = town(seed, steady)
    chosen = [m for m in made.managers if m not in made.out][:readers]
    told: dict[int, list[Week]] = {reader: [] for reader in chosen}
    for _ in range(weeks):
        live_a_week(made, frozenset(chosen))
        there = frozenset(made.places.keys() - made.out - made.paused)
        reachable = made.random.choice((1.0, 1.0, 0.97, 0.93, 0.8, 0.45))
        read = frozenset(p for p in sorted(there) if made.random.random() < reachable)
        judged = {
            rule: frozenset(p for p in sorted(read) if _is_judged(made, rule, p)) for rule in made.rates
        }
        for reader in chosen:
            rosters = rosters_of(made, reader)
            told[reader].append(
                Week(
                    rosters,
                    there - {reader},
                    read - {reader},
                    {rule: who - {reader} for rule, who in judged.items()},
                    {rule: who & made.deviating[rule] - {reader} for rule, who in judged.items()},
                    leavers=made.random.random() < 0.3,
                )
            )
    return [Story(tuple(told[reader]), frozenset(made.out)) for reader in chosen]


def _is_judged(made: Town, rule: str, person: int) -> bool:
    return made.steady or ((rule, person) not in made.waived and made.random.random() > 0.06)


def rosters_of(made: Town, reader: int) -> tuple[frozenset[int], ...]:
    others = {person: place for person, place in made.places.items() if person != reader}
    team = {person for person, place in others.items() if place.team == reader}
    own = made.places[reader].department
    department = team | {person for person, place in others.items() if place.department == own}
    return frozenset(team), frozenset(department), frozenset(others)


def live_a_week(made: Town, stay: frozenset[int]) -> None:
    """People join, leave, move, mend, slip, object and are waived; the managers of the story stay."""
    random = made.random
    movable = sorted(made.places.keys() - stay)
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        person = random.choice(movable)
        if person in made.places and random.random() < 0.5:
            del made.places[person]
    movable = sorted(made.places.keys() - stay)
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        department = random.choice([place.department for place in made.places.values()])
        person = hire(made, department, random.choice(made.managers))
        judge_anew(made, person)
        if random.random() < 0.25:
            made.out.add(person)
    for person in random.sample(movable, min(len(movable), random.choice((0, 0, 1, 2)))):
        other = made.places[random.choice(movable)]
        made.places[person] = replace(other)
    for person in random.sample(movable, len(movable) // 8):
        judge_anew(made, person)
    if not made.steady:
        made.paused = {p for p in movable if random.random() < (0.7 if p in made.paused else 0.03)}
        made.waived = {(rule, p) for rule in made.rates for p in movable if random.random() < 0.03}


def village(random: Random, steady: bool) -> Story:
    """One to four weeks of a team of a few people in a department and an organisation that are hardly larger:
    where cells are as small, and differ by as few people, as they can."""
    rosters = [set(range(random.randint(0, 11)))]
    for more in ((0, 1, 1, 2, 3, 5, 6, 9), (0, 1, 2, 4, 5, 6, 12, 40, 60)):
        first = 100 * len(rosters)
        rosters.append(rosters[-1] | set(range(first, first + random.choice(more))))
    out = {person for person in rosters[2] if random.random() < 0.15}
    rates = {rule: random.choice((0.0, 0.05, 0.15, 0.5, 0.9, 1.0)) for rule in ("one", "two")}
    deviating = {rule: {p for p in rosters[2] if random.random() < rate} for rule, rate in rates.items()}
    weeks: list[Week] = []
    for number in range(random.randint(1, 4)):
        if number:
            _change(random, rosters, out, 1000 + 10 * number)
        for rule, rate in rates.items():
            for person in sorted(rosters[2]):
                if person >= 1000 and random.random() < rate:
                    deviating[rule].add(person)
                if random.random() < 0.1:
                    deviating[rule] ^= {person}
        sure = 1.0 if steady else 0.95
        reachable = random.choice((1.0, 1.0, 0.95, 0.7))
        there = frozenset(p for p in sorted(rosters[2] - out) if random.random() < sure)
        read = frozenset(p for p in sorted(there) if random.random() < reachable)
        judged = {rule: frozenset(p for p in sorted(read) if random.random() < sure) for rule in rates}
        weeks.append(
            Week(
                tuple(frozenset(roster) for roster in rosters),
                there,
                read,
                judged,
                {rule: who & deviating[rule] for rule, who in judged.items()},
                leavers=random.random() < 0.6,
            )
        )
    return Story(tuple(weeks), frozenset(out))


def _change(random: Random, rosters: list[set[int]], out: set[int], newcomer: int) -> None:
    for person in range(newcomer, newcomer + random.choice((0, 1, 1, 2))):
        for roster in rosters[random.randrange(3) :]:
            roster.add(person)
        if random.random() < 0.3:
            out.add(person)
    if rosters[2] and random.random() < 0.6:
        gone = random.choice(sorted(rosters[2]))
        for roster in rosters:
            roster.discard(gone)
