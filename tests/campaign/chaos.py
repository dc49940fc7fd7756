"""Chaos: a week of the service while people come and go and about a thousand faults strike Exchange.

Two houses look at one town. The *calm* one sweeps first, while nothing is wrong; on the staged Monday its
verdicts must be the literals of the stories. Then faults are drawn, and the service itself (its ticks, its
turns, its pauses) lives through the day in the *stormy* house. After every sweep each verdict there must be
the calm one's, or unknown for a reason that a fault which struck that mailbox explains.
"""

import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from mailbot import wiring
from mailbot.cli.demo_settings import PASSWORD, decision
from mailbot.engine.gates import in_sample
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.model.ids import ObjectGuid, SlotId
from mailbot.model.letters import LetterKind, LetterState, OutboxLetter
from mailbot.model.slots import Job, Slot
from mailbot.model.verdicts import Outcome
from mailbot.service.run import Service, Timetable
from mailbot.simulator.faults import Fault, FaultKind, Strike
from tests.acceptance.municipality import AMSTERDAM, MONDAY
from tests.acceptance.test_canary import files, tables
from tests.campaign.blame import Troubles
from tests.campaign.chaos_town import CALM, EXPORT_TROUBLES, SENDER, STORMY, Surroundings, Verdicts, verdicts
from tests.campaign.ledger import Ledger
from tests.campaign.listening import Heard, listening
from tests.campaign.odds import Odds

DST_MONDAY = datetime(2026, 10, 19, 6, 0, tzinfo=AMSTERDAM)
"""A week that ends with the night in which the clock goes back."""

SWEEPS = ((6, 0), (6, 35), (7, 10), (7, 45), (8, 20))
"""When the service looks whether the sweep of the day is due: one turn, and more where it failed."""

DELIVERIES = ((8, 30), (10, 5), (11, 40), (15, 5), (16, 40))
POST_FAULTS = 8
"""For each delivery."""

UNTIMED = frozenset({"quota"})
"""Rules whose literals hold on every day, whoever comes or goes."""

REFUSED_SIGN_IN, RESTART = 0.12, 0.25
"""Chances that a sweep meets a refused sign-in, and that the server goes away once in the middle of it."""

LEAST_JUDGED = 60
"""Percent of verdicts that must be judged on a day on which neither sign-in was refused nor the server away:
a bot that knows nothing would have an explanation for everything."""

HEADS = ("day", "tries", "drawn", "struck", "verdicts", "right", "unknown", "judged%", "sent", "seconds")


class Week:
    """One round. `days` of `faults` together, from `start` on."""

    def __init__(self, around: Surroundings, ledger: Ledger, heard: Heard, days: int, faults: int) -> None:
        self._around = around
        self._ledger = ledger
        self._heard = heard
        self._days = days
        self._faults = faults
        self._random = around.random
        self._odds = Odds(around.random)
        self._told_of: set[tuple[ObjectGuid, str]] = set()
        self._everybody: set[ObjectGuid] = set()
        self._excluded_late: set[ObjectGuid] = set()
        self._post_strikes = 0

    def live(self) -> None:
        around = self._around
        with around.house(CALM) as calm:
            for day in range(self._days):
                with around.house(STORMY) as house:  # a process of its own every day
                    self._live_day(day, house, calm)
            with around.house(STORMY) as house:
                self._settle_up(house)
        self._look_for_leaks()

    def _live_day(self, day: int, house: House, calm: House) -> None:
        around, began = self._around, time.monotonic()
        today = around.go(day, 2, 0)
        trouble = self._night(day, house, calm)
        service = Service(
            house, Timetable(*wiring.schedules(around.folder / STORMY, {})), stop=threading.Event()
        )
        service.tick_slots()
        said: list[Verdicts] = []
        strikes: list[Strike] = []
        drawn, restarted, slot = 0, False, None
        faults: list[Fault] = []
        for hour, minute in SWEEPS:
            around.go(day, hour, minute)
            around.calm_down()
            said.append(self._calm_sweep(calm, today))
            asked = around.server.access_log()
            if not faults:
                faults = list(self._odds.sweep(asked, self._faults // self._days))
                drawn = len(faults)
                if self._random.random() < REFUSED_SIGN_IN:
                    faults.append(self._odds.refused_sign_in())
            away = self._random.uniform(0.2, 3) if day and self._random.random() < RESTART else None
            around.server.faults.add(*faults)
            with around.restarting(away, faults):
                service.tick_slots()
            restarted = restarted or away is not None
            strikes += around.strikes()
            self._check_requests(day, house)
            slot = _finished_sweep(house, today)
            if slot is not None:
                break
            # the others struck the sign-in, which asks about the service's own mailbox
            faults = [fault for fault in faults if fault.mailbox not in (None, SENDER)]
        around.calm_down()
        self._ledger.check(slot is not None, f"day {day}: the sweep was never finished")
        if day == 0 and around.start == MONDAY:
            self._check_literals(calm, said[0])
        counts: Counter[str] = Counter()
        if slot is not None:
            told = Troubles(tuple(strikes), trouble)
            counts = self._check_verdicts(day, verdicts(house, slot), said, told)
            refused = any(strike.fault.kind is FaultKind.UNAUTHORIZED for strike in strikes)
            percent = 100 * counts["right"] // max(1, counts["verdicts"])
            self._ledger.check(
                refused or restarted or percent >= LEAST_JUDGED, f"day {day}: only {percent}% were judged"
            )
        sent = self._deliver(day, service)
        struck = len(strikes)
        self._ledger.row(
            f"{today:%a %d %b}" + ("*" if restarted else "") + (f" {trouble}" if trouble else ""),
            len(said),
            drawn,
            struck,
            counts["verdicts"],
            counts["right"],
            counts["unknown"],
            100 * counts["right"] // max(1, counts["verdicts"]),
            sent,
            round(time.monotonic() - began),
        )

    def _night(self, day: int, house: House, calm: House) -> str:
        """Who comes, who goes, who asks to be left alone; what is wrong with tonight's export."""
        around, trouble = self._around, ""
        if day:
            for _ in range(self._random.randint(0, 2)):
                around.leave()
            for _ in range(self._random.randint(0, 2)):
                around.join()
            left_alone = around.town.residents[around.somebody()]
            self._excluded_late.add(left_alone.guid)
            for where in (house, calm):
                with where.store.begin() as work:
                    key = where.store.person_key(left_alone.guid)
                    work.exclude(left_alone.guid, key, where.clock.now())
            trouble = self._random.choice(("", "", "", *EXPORT_TROUBLES))
        around.publish(trouble)
        return trouble

    def _calm_sweep(self, calm: House, today: date) -> Verdicts:
        slot = Slot(Job.SWEEP, today, f"{calm.clock.now():%H%M}")
        sweep(calm, slot)
        found = verdicts(calm, slot.id)
        self._everybody |= found.keys()
        self._told_of |= {
            (guid, rule)
            for guid, by_rule in found.items()
            for rule, (outcome, _) in by_rule.items()
            if outcome in (Outcome.DEVIATION, Outcome.TIP)
        }
        return found

    # what must hold

    def _check_literals(self, calm: House, said: Verdicts) -> None:
        """The calm house is the yardstick of the week, so it is held against the stories first."""
        made = decision(50)
        for guid, literals in self._around.town.expected().items():
            for rule, literal in literals.items():
                drawn = rule not in made.checks or in_sample(made, calm.store.person_key(guid))
                expected = literal if drawn else Outcome.NOT_APPLICABLE.value
                given = said[guid][rule][0]
                self._ledger.check(given == expected, f"calm: {rule} is {given}, the story says {expected}")

    def _check_verdicts(
        self, day: int, given: Verdicts, said: list[Verdicts], told: Troubles
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        people = {resident.guid: resident for resident in self._around.town.residents}
        self._ledger.check(
            given.keys() == said[-1].keys(), f"day {day}: other people were judged than live here"
        )
        for guid, by_rule in given.items():
            address = people[guid].address
            story = self._around.town.story(guid)
            for rule, verdict in by_rule.items():
                counts["verdicts"] += 1
                right = {calm[guid][rule] for calm in said}
                if verdict in right:
                    counts["right"] += 1
                elif verdict[0] == Outcome.UNKNOWN and told.explain(address, rule, verdict[1]):
                    counts["unknown"] += 1
                else:
                    self._ledger.wrong.append(
                        f"day {day}: {story.id if story else address}: {rule} is {_plain(verdict)}, "
                        f"not {' or '.join(map(_plain, right))}; struck by {told.about(address)}"
                    )
                literal = self._around.town.expected().get(guid, {}).get(rule)
                if rule in UNTIMED and literal is not None and verdict[0] != Outcome.UNKNOWN:
                    self._ledger.check(
                        verdict[0] == literal,
                        f"day {day}: {story.id if story else address}: {rule} is {verdict[0]}, "
                        f"the story says {literal}",
                    )
        return counts

    def _check_requests(self, day: int, house: House) -> None:
        """Nobody was asked about who is not in the directory, excluded in it or by command."""
        touched = {address for line in self._around.server.access_log() for address in line.mailboxes}
        allowed = {person.address.value for person in house.directory.people().by_guid.values()}
        excluded = {*self._around.town.excluded()}
        excluded |= {r.address for r in self._around.town.residents if r.guid in self._excluded_late}
        self._ledger.check(not touched & excluded, f"day {day}: somebody excluded was asked about")
        self._ledger.check(touched <= allowed | {SENDER}, f"day {day}: a stranger was asked about")

    # letters

    def _deliver(self, day: int, service: Service) -> int:
        around, before = self._around, sum(self._arrived().values())
        for hour, minute in DELIVERIES:
            around.go(day, hour, minute)
            around.calm_down()
            faults: list[Fault] = list(self._odds.delivery(POST_FAULTS))
            around.server.faults.add(*faults)
            service.tick_slots()
            service.tick_delivery()
            self._post_strikes += len(around.strikes())
        around.calm_down()
        return sum(self._arrived().values()) - before

    def _arrived(self) -> Counter[str]:
        """Our letters in everybody's inbox, by Message-ID."""
        return Counter(
            mail.message_id
            for mails in self._around.server.delivered().values()
            for mail in mails
            if mail.sender == SENDER
        )

    def _settle_up(self, house: House) -> None:
        """Without faults all that may leave leaves; then each letter is where its state says."""
        around, check = self._around, self._ledger.check
        service = Service(house, Timetable(*wiring.schedules(around.folder / STORMY, {})), threading.Event())
        for hour, minute in ((10, 5), (10, 45), (11, 20)):
            around.go(self._days, hour, minute)
            service.tick_delivery()
        arrived, states = self._arrived(), Counter[str]()
        check(set(arrived.values()) <= {1}, f"{sum(n > 1 for n in arrived.values())} letters came twice")
        for guid in self._everybody:
            with house.store.begin() as work:
                key = house.store.person_key(guid)
                letters, findings = work.letters_of(key), work.findings_of(key)
            for finding in findings:
                check((guid, finding.rule) in self._told_of, f"a finding of {finding.rule} without deviation")
            for letter in letters:
                states[letter.state] += 1
                self._check_letter(guid, letter, arrived[house.message_id(letter.id)])
        check(states[LetterState.IN_DOUBT] <= self._post_strikes, "more letters in doubt than faults")
        self._ledger.note("letters: " + ", ".join(f"{n} {state}" for state, n in sorted(states.items())))

    def _check_letter(self, guid: ObjectGuid, letter: OutboxLetter, arrived: int) -> None:
        check, topic = self._ledger.check, letter.order.topic
        if letter.order.kind in (LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.HINT):
            check((guid, topic) in self._told_of, f"a letter about {topic} to somebody without deviation")
        match letter.state:
            case LetterState.SENT:
                check(arrived == 1, f"a letter about {topic} was sent and arrived {arrived} times")
            case LetterState.IN_DOUBT:
                pass
            case LetterState.CLAIMED | LetterState.DRAFTED:
                check(False, f"a letter about {topic} is still {letter.state}")
            case _:
                check(arrived == 0, f"a letter about {topic} is {letter.state} and arrived")

    def _look_for_leaks(self) -> None:
        settings, said = self._around.folder / STORMY, self._heard.text
        kept = tables(settings) + files(settings)
        town, check = self._around.town, self._ledger.check
        for secret in (*town.canaries(), PASSWORD, (settings / "mailbot.key").read_text().strip()):
            check(secret not in kept and secret not in said, "a canary or a secret was kept or logged")
        own = "\n".join(map(str, self._heard.own()))
        for mailbox in town.mailboxes.values():
            for word in {mailbox.name, mailbox.address} - {SENDER}:
                check(word not in kept and word not in own, "a name or address was kept or logged")
        for line in self._heard.faults_of_ours():
            check(False, f"a fault of our own: {line}")


def _plain(verdict: tuple[str, str]) -> str:
    return " ".join(verdict).strip()


def _finished_sweep(house: House, today: date) -> SlotId | None:
    with house.store.begin() as work:
        rows = work.slots(Job.SWEEP, today - timedelta(days=1))
    return next((row.slot.id for row in rows if row.slot.day == today and row.finished), None)


def chaos(seed: int, folder: Path, short: bool) -> Ledger:
    """One week; under an odd seed a whole one is that in which summer time ends."""
    start = MONDAY if short or seed % 2 == 0 else DST_MONDAY
    days, faults = (2, 60) if short else (7, 1000)
    ledger = Ledger(
        f"chaos, seed {seed}: {days} days from {start:%d %B %Y}, {faults} faults",
        f"make campaign ARGS='chaos --seed {seed} --rounds 1{' --short' if short else ''}'",
        HEADS,
    )
    with ExitStack() as stack:
        heard = stack.enter_context(listening())
        around = Surroundings(folder, Random(seed), 280, start)
        stack.callback(around.close)
        Week(around, ledger, heard, days, faults).live()
        ledger.note(
            "log: " + ", ".join(f"{n} {event}" for event, n in sorted(heard.events().items()) if event)
        )
    return ledger
