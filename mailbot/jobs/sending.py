"""Whether a letter that was ordered earlier may still leave, now, and to whom: much can change in between."""

from collections.abc import Callable, Mapping
from datetime import datetime

from mailbot.engine.figures.encoding import decode, worth_saying
from mailbot.engine.ladder import Recipient, frozen
from mailbot.engine.recipients import Mode, held
from mailbot.engine.returning import away, back_on
from mailbot.engine.waiving import waived
from mailbot.jobs.house import House
from mailbot.jobs.rendering import agenda_of, leads
from mailbot.jobs.restriction import forbids, left_out
from mailbot.jobs.waivers import tells_untruth
from mailbot.model.errors import Stopped
from mailbot.model.findings import FindingState
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.letters import LetterKind, OutboxLetter
from mailbot.model.people import People, Person
from mailbot.model.restrictions import Restriction
from mailbot.model.verdicts import Kind, Outcome
from mailbot.rules import registry

MayLeave = Callable[[OutboxLetter], bool]

TO_MEND = frozenset({FindingState.OPEN, FindingState.TOLD, FindingState.REMINDED})
"""States of a finding that a letter may speak of; of one that is waived it is silent."""

SPEAKS_OF: Mapping[LetterKind, frozenset[Outcome]] = {
    LetterKind.NUDGE: frozenset({Outcome.DEVIATION, Outcome.UNKNOWN}),
    LetterKind.REMINDER: frozenset({Outcome.DEVIATION, Outcome.UNKNOWN}),
    LetterKind.HINT: frozenset({Outcome.TIP, Outcome.UNKNOWN}),
    LetterKind.THANKS: frozenset({Outcome.COMPLIANT, Outcome.TIP, Outcome.UNKNOWN}),
}
"""What a rule says today of a state that the letter is still true of; what was not read changes nothing."""

AT_ANY_TIME = frozenset({LetterKind.NOTICE, LetterKind.DIGEST, LetterKind.TASK})
"""Kinds that have days of their own, or are owed on any day."""


class Sending:
    """What holds for one delivery. `may_leave` says whether this letter may be sent at this moment by hours,
    gates and mode; `resting` are people who are left in peace, and until when."""

    def __init__(
        self,
        house: House,
        people: People,
        keyed: Mapping[PersonKey, Person],
        may_leave: MayLeave,
        resting: Mapping[PersonKey, datetime],
    ) -> None:
        self._house = house
        self._people = people
        self._keyed = keyed
        self._may_leave = may_leave
        self._resting = resting
        self._waived = waived(house.terms.waivers, people, house.today())

    def reader(self, letter: OutboxLetter) -> Person | None:
        """Who would read it; None when there is nobody any more, or nothing to say to them."""
        person = self._keyed.get(letter.order.person)
        if person is None or self._needless(letter, person) or not self.wanted(letter, person):
            return None
        return person

    def waits(self, letter: OutboxLetter, person: Person) -> bool:
        """Whether it may not leave now, and may later."""
        return (
            not self._may_leave(letter)
            or self._held(letter, person)
            or self._in_peace(letter, person)
            or self._seen_otherwise(letter)
        )

    def wanted(self, letter: OutboxLetter, person: Person) -> bool:
        """Whether the letter may still reach this person, by what the store says at this moment: somebody may
        have been paused, or become settings-only, since it was ordered. A notice is owed in a pause as well.
        Raises Stopped."""
        with self._house.store.begin() as work:
            if work.stopped():
                raise Stopped("sending is stopped")
            if letter.order.kind is LetterKind.NOTICE:
                return True
            if person.guid in self._people.set_aside:  # by another mailbox of the same person, say
                return False
            restriction = work.restrictions().get(person.guid)
        by_settings = Restriction.SETTINGS_ONLY if person.settings_only else None
        return not (forbids(restriction, letter.order.topic) or forbids(by_settings, letter.order.topic))

    def _held(self, letter: OutboxLetter, person: Person) -> bool:
        """Modes, stages and accounts can have changed since the letter was ordered. A notice must reach the
        person it is about, so in mode redirect it waits."""
        terms = self._house.terms
        if terms.mode is Mode.REDIRECT and not letter.order.test:
            return True
        today = self._house.today()
        if letter.order.kind is LetterKind.DIGEST and away(person, self._house.calendar(), today):
            return True
        stage = self._house.stage_of(letter.order.topic)
        return held(person, terms.mode, terms.pilot_groups, today, terms.redirect_everyone, stage) is not None

    def _in_peace(self, letter: OutboxLetter, person: Person) -> bool:
        """Whether the reader does not work today, is away, new, nearly gone, or left in peace: then it waits.
        What is of use today only does not, and a test letter meets somebody else."""
        rule = registry().get(RuleId(letter.order.topic))
        if letter.order.test or letter.order.kind in AT_ANY_TIME or (rule is not None and rule.urgent):
            return False
        calendar = self._house.calendar()
        rests = self._resting.get(letter.order.person)
        recipient = Recipient(person, None, rests, {})
        return frozen(recipient, self._house.terms.ladder, calendar, calendar.today) is not None

    def _seen_otherwise(self, letter: OutboxLetter) -> bool:
        """Whether what it speaks of was different when the mailbox was read last. Of a dry run, and of a
        sweep whose plan is held or under way, no finding changes: whoever mended it is not written to for
        that, and the next plan that is carried out settles it."""
        true_of = SPEAKS_OF.get(letter.order.kind)
        if true_of is None:
            return False
        with self._house.store.begin() as work:
            found = work.judgements_elsewhere(None, letter.order.person)
        judged = [judgement for _, judgement in found if judgement.rule == letter.order.topic]
        return bool(judged) and judged[-1].kind is Kind.STATE and judged[-1].verdict.outcome not in true_of

    def _needless(self, letter: OutboxLetter, person: Person) -> bool:
        """A test letter when tests are over, what no decision lets us tell any more, what was mended or
        waived meanwhile, also since the sweep, a waiver that ends no more, a notice of what another letter
        told already, and a digest without a reader."""
        if not self._house.tells_of(letter.order.topic):
            return True
        if letter.order.test and self._house.terms.mode is not Mode.REDIRECT:
            return True
        if person.guid in self._waived.get(RuleId(letter.order.topic), ()):
            return True
        match letter.order.kind:
            case LetterKind.DIGEST:
                return self._without_reader(letter, person)
            case LetterKind.NOTICE:
                with self._house.store.begin() as work:
                    return not work.undisclosed(letter.order.person)
            case LetterKind.WAIVER:
                return tells_untruth(self._house, letter)
            case LetterKind.NUDGE | LetterKind.REMINDER | LetterKind.THANKS:
                return self._overtaken(letter)
            case _:
                return False

    def _overtaken(self, letter: OutboxLetter) -> bool:
        """What it asks for is mended or waived; or thanks for what deviates again."""
        with self._house.store.begin() as work:
            found = work.findings_of(letter.order.person)
        if letter.order.kind is LetterKind.THANKS:
            return any(finding.rule == letter.order.topic and finding.state.live for finding in found)
        if letter.order.finding is None:
            return False
        return not any(one.id == letter.order.finding and one.state in TO_MEND for one in found)

    def _without_reader(self, letter: OutboxLetter, person: Person) -> bool:
        """A digest for somebody who is on leave until its time is over, or who has neither a team nor a
        departure to run any more; and one that has nothing left to say. The next one comes when it is due."""
        calendar = self._house.calendar()
        if away(person, calendar, calendar.today):
            back = back_on(person, calendar, calendar.today)
            opens, _ = self._house.terms.hours.office
            return back is None or calendar.at(back, opens) > letter.order.not_after
        with self._house.store.begin() as work:
            out = left_out(work)
        if agenda_of(self._house, self._people, person, calendar.now, out):
            return False
        if not leads(self._people, person):
            return True
        try:
            return not worth_saying(decode(letter.order.shown).figures, leavers=0)
        except ValueError:
            return False  # told when it is rendered
