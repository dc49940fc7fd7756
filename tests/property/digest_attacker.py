"""A manager who wants to know more than the digests say, with a solver (OR-Tools CP-SAT).

The attacker knows the program and the pack, who is on every roster in every week, who has a leaver, and every
digest that came or did not come. The model is written from the text of practice 2.6 and of the digest itself;
it calls nothing of mailbot.

People who were on the same rosters in all weeks look the same to the attacker. So the unknowns are counts per
such group: how many of it are left out, and per week how many mailbot looked at, read, judged, and found to
deviate. What is possible for one of a group is possible for each of them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from tests.property.organisations import Letter, Story

LEVELS = ("team", "department", "organisation")
BITS = {"none": 0, "few": 1, "some": 2, "most": 3, "veiled": 4, "small": 5}


@dataclass(frozen=True)
class Assumptions:
    """What the attacker takes to be so. The protections are on by default; a test that switches one off tells
    the attacker.

    `steady`: nobody is ever paused or waived and no rule fails, so that whoever was read was judged.
    `all_read`: every mailbox was read. `lasting`: nobody mends anything and nobody slips.
    """

    at_least: int = 5
    few_from: int = 10
    complementary: bool = True
    steady: bool = False
    all_read: bool = False
    lasting: bool = False


@dataclass(frozen=True)
class Group:
    """People on the same rosters in every week: by week the number of the smallest roster they are on (team,
    department, organisation), or None where they are on none."""

    where: tuple[int | None, ...]
    members: tuple[int, ...]


def groups_of(story: Story, weeks: Collection[int]) -> list[Group]:
    everybody = sorted(frozenset().union(*(story.weeks[w].rosters[-1] for w in weeks)))
    found: dict[tuple[int | None, ...], list[int]] = {}
    for person in everybody:
        where = tuple(
            next((place for place, roster in enumerate(week.rosters) if person in roster), None)
            if w in weeks
            else None
            for w, week in enumerate(story.weeks)
        )
        found.setdefault(where, []).append(person)
    return [Group(where, tuple(members)) for where, members in found.items()]


@dataclass(frozen=True)
class Broken:
    """Something that the digests show of somebody and that they may not: `what` in words."""

    what: str
    members: tuple[int, ...]
    week: int | None = None
    rule: str | None = None


class Attacker:
    """Everything that can have been so, given all letters. With `weeks` only what was so in these."""

    def __init__(
        self,
        story: Story,
        letters: Sequence[Letter],
        assumptions: Assumptions | None = None,
        weeks: Collection[int] | None = None,
    ) -> None:
        self.story = story
        modelled = range(len(letters)) if weeks is None else weeks
        self.groups = groups_of(story, modelled)
        self.rules = sorted({rule for week in story.weeks for rule in week.judged})
        self._a = assumptions or Assumptions(at_least=story.at_least)
        self._model = cp_model.CpModel()
        self._count()
        self._seen: dict[str, set[str]] = {rule: set() for rule in self.rules}
        for week, letter in enumerate(letters):
            if week in modelled:
                self._learn(week, letter)
            for rule in self.rules:
                if letter is not None and f"{rule}.level" in letter:
                    self._seen[rule].add(str(letter[f"{rule}.level"]))

    # the unknowns

    def _count(self) -> None:
        model, a = self._model, self._a
        self.out = [model.new_int_var(0, len(group.members), "") for group in self.groups]
        self.there: dict[tuple[int, int], Any] = {}
        self.read: dict[tuple[int, int], Any] = {}
        self.judged: dict[tuple[int, int, str], Any] = {}
        self.deviating: dict[tuple[int, int, str], Any] = {}
        for g, group in enumerate(self.groups):
            size = len(group.members)
            lasting = {rule: model.new_int_var(0, size, "") for rule in self.rules}
            for w, where in enumerate(group.where):
                if where is None:
                    continue
                there = self.there[g, w] = model.new_int_var(0, size, "")
                read = self.read[g, w] = model.new_int_var(0, size, "")
                left = size - self.out[g]
                model.add(there == left if a.steady else there <= left)
                model.add(read == there if a.all_read else read <= there)
                for rule in self.rules:
                    judged = self.judged[g, w, rule] = model.new_int_var(0, size, "")
                    deviating = self.deviating[g, w, rule] = model.new_int_var(0, size, "")
                    model.add(judged == read if a.steady else judged <= read)
                    model.add(deviating <= judged)
                    if a.lasting:
                        model.add(deviating == lasting[rule])

    # what letters tell

    def _learn(self, week: int, letter: Letter) -> None:
        agenda = self.story.weeks[week].leavers
        if letter is None and agenda:
            raise ValueError("a digest with an agenda always comes")
        if letter is not None:
            self._coverage(week, letter)
        for rule in self.rules:
            cells = [self._cell(week, place, rule) for place in range(len(LEVELS))]
            shown = self._shown(cells, self._seen[rule])
            if letter is None:
                # nothing worth a letter: whatever there was to show, it was that nobody deviates
                for cell, is_shown in zip(cells, shown, strict=True):
                    self._model.add_implication(is_shown, cell.case["none"])
                continue
            level = letter.get(f"{rule}.level")
            for place, is_shown in enumerate(shown):
                self._model.add(is_shown == (LEVELS[place] == level))
            if level is not None:
                place = LEVELS.index(str(level))
                self._model.add(cells[place].case[str(letter[f"{rule}.word"])] == 1)
                share = letter.get(f"{rule}.tenths")
                told = None if share is None else int(str(share))
                self._share(cells[place], told, str(letter[f"{rule}.word"]))

    def _coverage(self, week: int, letter: Mapping[str, Any]) -> None:
        """The reader's own mailbox is one of them, and may or may not have been read."""
        model = self._model
        own = model.new_bool_var("")
        population = sum(there for (_, w), there in self.there.items() if w == week) + 1
        read = sum(read for (_, w), read in self.read.items() if w == week) + own
        if "population" in letter:
            model.add(population == letter["population"])
            model.add(read == letter["read"])
            return
        match letter["coverage"]:
            case "all":
                model.add(read == population)
            case "nearly_all":
                model.add(10 * read >= 9 * population)
            case "less":
                model.add(2 * read < population)
            case "half":
                model.add(2 * read >= population)
                model.add(10 * read < 9 * population)
                model.add(population < 40)
            case "tenths":
                said = letter["coverage.tenths"]
                model.add(2 * read >= population)
                model.add(10 * read < 9 * population)
                model.add(population >= 40)
                model.add(20 * read + population >= 2 * said * population)
                model.add(20 * read + population < 2 * (said + 1) * population)

    def _cell(self, week: int, place: int, rule: str) -> "Cell":
        """How many were judged in a circle and how many of these deviate, and which word that makes."""
        model, a = self._model, self._a
        inside = [
            g
            for g, group in enumerate(self.groups)
            if group.where[week] is not None and group.where[week] <= place  # type: ignore[operator]
        ]
        judged = sum(self.judged[g, week, rule] for g in inside)
        deviating = sum(self.deviating[g, week, rule] for g in inside)
        case = {name: model.new_bool_var("") for name in BITS}
        model.add_exactly_one(case.values())
        model.add(judged < a.at_least).only_enforce_if(case["small"])
        for name in ("none", "few", "some", "most", "veiled"):
            model.add(judged >= a.at_least).only_enforce_if(case[name])
        model.add(deviating == 0).only_enforce_if(case["none"])
        model.add(deviating >= 1).only_enforce_if(case["most"])
        model.add(deviating >= judged - 2).only_enforce_if(case["most"])
        model.add(deviating >= 3).only_enforce_if(case["some"])
        for name in ("some", "few", "veiled"):
            model.add(deviating <= judged - 3).only_enforce_if(case[name])
        for name in ("few", "veiled"):
            model.add(deviating >= 1).only_enforce_if(case[name])
            model.add(deviating <= 2).only_enforce_if(case[name])
        model.add(judged >= a.few_from).only_enforce_if(case["few"])
        model.add(judged < a.few_from).only_enforce_if(case["veiled"])
        return Cell(judged, deviating, case)

    def _shown(self, cells: Sequence["Cell"], seen: Iterable[str]) -> list[Any]:
        """Which circle is the first that may be shown: one truth value each, at most one of them true."""
        model, a = self._model, self._a
        seen = set(seen)
        # one that is nearly the organisation, of which the monthly report tells, is never shown itself
        merged = [self._near(cell.judged, cells[-1].judged) for cell in cells[:-1]] if a.complementary else []
        shown: list[Any] = []
        for place, cell in enumerate(cells):
            may = model.new_bool_var("")
            bars = [cell.case["small"], cell.case["veiled"], *shown, *merged[place : place + 1]]
            for other_place, other in enumerate(cells):
                if other_place == place or not a.complementary:
                    continue
                near = self._near(cell.judged, other.judged)
                if LEVELS[other_place] in seen:
                    bars.append(near)
                elif other_place < place:
                    both = model.new_bool_var("")
                    apart = ~merged[other_place]
                    model.add_bool_and([near, ~other.case["small"], apart]).only_enforce_if(both)
                    model.add_bool_or([~near, other.case["small"], ~apart]).only_enforce_if(~both)
                    bars.append(both)
            model.add_bool_and([~bar for bar in bars]).only_enforce_if(may)
            model.add_bool_or(bars).only_enforce_if(~may)
            shown.append(may)
        return shown

    def _near(self, one: Any, other: Any) -> Any:
        """Whether two circles, of which one takes in the other, differ by too few people to hide in."""
        domain = cp_model.Domain
        few = self._a.at_least - 1
        near = self._model.new_bool_var("")
        close = domain(-few, few)
        self._model.add_linear_expression_in_domain(one - other, close).only_enforce_if(near)
        self._model.add_linear_expression_in_domain(one - other, close.complement()).only_enforce_if(~near)
        return near

    def _share(self, cell: "Cell", tenths: int | None, word: str) -> None:
        """A share is told of "some" in large groups, rounded, and never where only one or two counts fit."""
        model, judged, deviating = self._model, cell.judged, cell.deviating
        if word != "some":
            return
        if tenths is None:
            small, low = model.new_bool_var(""), model.new_bool_var("")
            model.add_bool_or([small, low])
            model.add(judged < 40).only_enforce_if(small)
            model.add(judged < 60).only_enforce_if(low)
            model.add(20 * deviating + judged < 4 * judged).only_enforce_if(low)
            return
        model.add(judged >= (40 if tenths > 1 else 60))
        if tenths == 0:
            model.add(10 * deviating < judged)
            return
        model.add(10 * deviating >= judged)
        model.add(20 * deviating + judged >= 2 * tenths * judged)
        if tenths < 9:
            model.add(20 * deviating + judged < 2 * (tenths + 1) * judged)

    def exact_shares(self, shares: Mapping[tuple[int, int, str], int]) -> None:
        """Without the protection of shares: rounded tenths of any cell, by week, place and rule."""
        for (week, place, rule), tenths in shares.items():
            cell = self._cell(week, place, rule)
            self._model.add(20 * cell.deviating + cell.judged >= 2 * tenths * cell.judged)
            self._model.add(20 * cell.deviating + cell.judged < 2 * (tenths + 1) * cell.judged)

    def changed(self, week: int, place: int, rule: str, sign: int) -> None:
        """Without the protection of directions: whether more (1), fewer (-1) or as many (0) deviate in a cell
        as the week before."""
        now, before = self._cell(week, place, rule), self._cell(week - 1, place, rule)
        difference = now.deviating - before.deviating
        if sign == 0:
            self._model.add(difference == 0)
        else:
            self._model.add(sign * difference >= 1)

    def shows(self, week: int, place: int, rule: str, word: str) -> None:
        """Without complementary suppression: one cell by itself, whatever else was or was not shown."""
        self._model.add(self._cell(week, place, rule).case[word] == 1)

    def few_joined_or_left(self, week: int, place: int, told: bool) -> None:
        """A direction that is told only when not one or two joined or left, of those mailbot looks at."""
        moved = []
        for g, group in enumerate(self.groups):
            inside = [w for w in (week - 1, week) if (at := group.where[w]) is not None and at <= place]
            if len(inside) == 1:
                moved.append(self.there[g, inside[0]])
        one_or_two = cp_model.Domain(1, 2)
        self._model.add_linear_expression_in_domain(
            sum(moved), one_or_two.complement() if told else one_or_two
        )

    # what follows

    def knows_the_truth_possible(self) -> bool:
        """Whether what really was is one of the things that can have been so. If not, this model is wrong."""
        model = self._model.clone()
        for g, group in enumerate(self.groups):
            members = frozenset(group.members)
            model.add(_of(model, self.out[g]) == len(members & self.story.out))
            for w, where in enumerate(group.where):
                if where is None:
                    continue
                week = self.story.weeks[w]
                model.add(_of(model, self.there[g, w]) == len(members & week.there))
                model.add(_of(model, self.read[g, w]) == len(members & week.read))
                for rule in self.rules:
                    model.add(_of(model, self.judged[g, w, rule]) == len(members & week.judged[rule]))
                    model.add(_of(model, self.deviating[g, w, rule]) == len(members & week.deviating[rule]))
        status = _solver().solve(model)
        return status in (cp_model.OPTIMAL, cp_model.FEASIBLE)

    def finds(self) -> list[Broken]:
        """All that is certain and may not be."""
        wanted: list[tuple[Broken, Any]] = []
        for (g, w, rule), judged in self.judged.items():
            members = self.groups[g].members
            if self._a.steady:
                # whoever was not read is not judged: then "does not deviate" is what must stay possible
                free = len(members) - self.deviating[g, w, rule]
                wanted.append((Broken("deviates", members, w, rule), free))
            else:
                free = judged - self.deviating[g, w, rule]
                wanted.append((Broken("deviates, or was not counted", members, w, rule), free))
        for g, group in enumerate(self.groups):
            wanted.append((Broken("is left out", group.members), len(group.members) - self.out[g]))
        return self._impossible(wanted)

    def _impossible(self, wanted: list[tuple[Broken, Any]]) -> list[Broken]:
        """Those of which no solution has at least one. Each solution found covers as many as it can."""
        model = self._model
        open_: dict[int, tuple[Any, Any]] = {}
        for number, (_, free) in enumerate(wanted):
            met = model.new_bool_var("")
            model.add(free >= 1).only_enforce_if(met)
            open_[number] = (met, free)
        while open_:
            asked = model.clone()
            asked.add_bool_or([_of(asked, met) for met, _ in open_.values()])
            for met, _ in open_.values():
                asked.add_hint(_of(asked, met), 1)
            solver = _solver()
            status = solver.solve(asked)
            if status == cp_model.UNKNOWN:
                raise AssertionError("the solver was not given enough time")
            if status == cp_model.INFEASIBLE:
                break
            for number in [number for number, (_, free) in open_.items() if solver.value(free) >= 1]:
                del open_[number]
        if open_ and _solver().solve(model) == cp_model.INFEASIBLE:
            raise AssertionError("the letters contradict the model")
        return [wanted[number][0] for number in open_]


def attack(story: Story, letters: Sequence[Letter], assumptions: Assumptions | None = None) -> list[Broken]:
    """All that this story's reader can be certain of and may not be.

    For an attacker who holds it possible that people are paused or not judged for a week, nothing ties one
    week to another: whatever fits a week with some left out fits it as well with these paused instead. Then
    each week is looked at by itself, which is quicker and finds the same.
    """
    if assumptions is not None and (assumptions.steady or assumptions.lasting):
        return Attacker(story, letters, assumptions).finds()
    return [
        broken
        for week in range(len(letters))
        for broken in Attacker(story, letters, assumptions, [week]).finds()
    ]


@dataclass(frozen=True)
class Cell:
    judged: Any
    deviating: Any
    case: Mapping[str, Any]


def _of(model: cp_model.CpModel, variable: Any) -> Any:
    return model.get_int_var_from_proto_index(variable.index)


def _solver() -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = 20
    solver.parameters.linearization_level = 0
    return solver
