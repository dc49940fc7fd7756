"""Waivers that end soon: a letter to who answers for them, or word to the operator. Nobody falls through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mailbot.engine.office_days import next_office_day
from mailbot.engine.recipients import Mode, held
from mailbot.engine.returning import back_on
from mailbot.engine.waiving import ending
from mailbot.jobs.house import House
from mailbot.jobs.restriction import left_out
from mailbot.model.letters import LetterKind, LetterOrder, LetterState, OutboxLetter
from mailbot.model.organisation import Standing
from mailbot.model.people import People, Person
from mailbot.model.verdicts import Shown
from mailbot.policy.waivers import Waiver
from mailbot.ports import Work

TOPIC = "waiver"
SIGNS = 16
"""Of a mark; enough to tell all waivers of one municipality apart."""

PROBLEM = "waiver_ends_"

LAST_DAYS = timedelta(days=3)
"""Before the end: a letter that waits until then may come too late, and the operator hears."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """A waiver that ends, and of which no letter can tell its owner. `number` is its place in the file."""

    mark: str
    number: int
    until: date


@dataclass(frozen=True, slots=True)
class WaiverLetters:
    """What came of it today: letters ordered, and what the operator must tell in their place."""

    ordered: int
    unheard: tuple[Unheard, ...] = field(default=())


def order_waiver_letters(house: House, work: Work, people: People, now: datetime) -> WaiverLetters:
    """Order the letters of today, in the caller's transaction. Give the answer to `tell_of_waivers` when that
    is over: the operator is told outside it.

    A letter is named after what it tells of: asked again, it is the same letter. One that waits and tells of
    a waiver that was prolonged meanwhile is withdrawn; what `tells_untruth` finds does not leave either.
    """
    return _Ending(house, work, people, now).order_all()


def tell_of_waivers(house: House, letters: WaiverLetters) -> None:
    """One problem per waiver whose owner hears nothing; it is over when the waiver is, or is prolonged."""
    open_now = {f"{PROBLEM}{waiver.mark}": waiver for waiver in letters.unheard}
    with house.store.begin() as work:
        known = [code for code in work.problems() if code.startswith(PROBLEM)]
    for code in known:
        if code not in open_now:
            house.operator.solved(code)
    for code, waiver in open_now.items():
        house.operator.problem(
            code,
            f"Waiver {waiver.number} of waivers.toml ends on {waiver.until.isoformat()}, and no letter can "
            "tell its owner: tell them yourself. To prolong it, decide anew and change the file.",
        )


def tells_untruth(house: House, letter: OutboxLetter) -> bool:
    """Whether it tells of a waiver that ends no more as it says: prolonged, taken away or given to another
    owner since it was ordered."""
    ends = ending(house.terms.waivers, house.today()).values()
    return not _marks(letter) <= {_mark(house, waiver) for theirs in ends for waiver in theirs}


class _Ending:
    def __init__(self, house: House, work: Work, people: People, now: datetime) -> None:
        self._house = house
        self._work = work
        self._people = people
        self._now = now
        self._test = house.terms.mode is Mode.REDIRECT
        self._out = left_out(work)

    def order_all(self) -> WaiverLetters:
        waivers = self._house.terms.waivers
        numbers = {_mark(self._house, waiver): number for number, waiver in enumerate(waivers, start=1)}
        due = ending(waivers, self._house.today())
        ordered, unheard = 0, list[Unheard]()
        for address in dict.fromkeys(waiver.owner_address for waiver in waivers):
            owner = self._people.with_address(address)
            ends = due.get(address, ())
            before = self._before(owner)
            self._withdraw_untrue(before, {_mark(self._house, waiver) for waiver in ends})
            untold = [waiver for waiver in ends if not self._told(waiver, before)]
            if not untold:
                continue
            if owner is not None and self._order(owner, untold):
                ordered += 1
            else:
                marks = [(_mark(self._house, waiver), waiver.until) for waiver in untold]
                unheard += [Unheard(mark, numbers[mark], until) for mark, until in marks]
        return WaiverLetters(ordered, tuple(unheard))

    def _before(self, owner: Person | None) -> dict[frozenset[str], OutboxLetter]:
        """Letters of this kind that the owner got or will get, by the waivers that they tell of."""
        if owner is None:
            return {}
        letters = self._work.letters_of(self._house.store.person_key(owner.guid))
        return {
            _marks(letter): letter
            for letter in letters
            if letter.order.kind is LetterKind.WAIVER and letter.order.test is self._test
        }

    def _told(self, waiver: Waiver, before: Mapping[frozenset[str], OutboxLetter]) -> bool:
        """Whether a letter told of it, or still will; on the last days only one that has left counts."""
        states = {letter.state for marks, letter in before.items() if _mark(self._house, waiver) in marks}
        waits = any(state.under_way for state in states) and waiver.until > self._house.today() + LAST_DAYS
        return LetterState.SENT in states or waits

    def _withdraw_untrue(self, before: dict[frozenset[str], OutboxLetter], true: set[str]) -> None:
        for marks, letter in list(before.items()):
            if letter.state is LetterState.WAITING and not marks <= true:
                self._work.move(letter.id, LetterState.WAITING, LetterState.WITHDRAWN, self._now)
                del before[marks]

    def _order(self, owner: Person, waivers: Sequence[Waiver]) -> bool:
        """False when no letter can tell it in time, or one that should have did not arrive."""
        house, terms = self._house, self._house.terms
        calendar = house.calendar()
        opens, closes = terms.hours.office
        last = min(waiver.until for waiver in waivers)
        day = back_on(owner, calendar, next_office_day(calendar, closes))
        if day is None or day > last or not self._reaches(owner):
            return False
        marks = sorted(_mark(self._house, waiver) for waiver in waivers)
        order = LetterOrder(
            key=f"{TOPIC}/{'test/' if self._test else ''}{'+'.join(marks)}",
            kind=LetterKind.WAIVER,
            topic=TOPIC,
            person=house.store.person_key(owner.guid),
            shown=self._shown(waivers),
            not_before=calendar.at(day, opens),
            not_after=calendar.at(last, closes),
            weekly=False,
            test=self._test,
        )
        return self._work.order(house.store.letter_id(order.key), order, self._now)

    def _reaches(self, owner: Person) -> bool:
        terms, today = self._house.terms, self._house.today()
        if owner.guid in self._out:
            return False
        return held(owner, terms.mode, terms.pilot_groups, today, terms.redirect_everyone) is None

    def _shown(self, waivers: Sequence[Waiver]) -> Mapping[str, Shown]:
        """Of several only how many there are and when the first ends. Of one its mailbox too, when that is
        nobody's own: by what the directory says, which also knows mailboxes that are left out of all else."""
        first, several = waivers[0], len(waivers) > 1
        named = not several and self._people.colleagues.get(first.address) is Standing.NO_PERSON
        shown: dict[str, Shown] = {
            "until": first.until,
            "named": named,
            "several": several,
            "waivers": len(waivers),
        }
        if not several:
            shown |= {"rule": first.rule, "since": first.first}
        if named:
            shown["mailbox"] = first.address.value
        return shown


def _mark(house: House, waiver: Waiver) -> str:
    """Names a waiver by what its end is about; keyed, because an address is easily guessed. Another reason or
    another name of the function makes no new letter, a later end does."""
    said = (waiver.rule, waiver.address.value, waiver.owner_address.value, waiver.until.isoformat())
    return house.store.letter_id("/".join((TOPIC, "mark", *said)))[:SIGNS]


def _marks(letter: OutboxLetter) -> frozenset[str]:
    return frozenset(letter.order.key.rpartition("/")[2].split("+"))
