"""The managers' digest over two weeks: figures that show nobody, leavers of the own team, or silence."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailbot import wiring
from mailbot.engine.figures.encoding import decode
from mailbot.engine.figures.words import Level, Word
from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import Digests, digest, fresh_sweep
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.model.ids import ObjectGuid, RuleId
from mailbot.model.letters import LetterKind, OutboxLetter
from mailbot.model.people import People
from mailbot.model.slots import Job
from mailbot.model.verdicts import Outcome
from mailbot.policy.packs import Audience
from mailbot.policy.waivers import Waiver
from mailbot.service.run import Service, Timetable
from mailbot.simulator import Delivered
from mailbot.simulator.mailboxes import Trouble
from tests.acceptance.desk import GIB, SENDER, Desk, small_town
from tests.acceptance.municipality import Municipality, municipality

SUBJECT = "Weekoverzicht van de postbushulp"
QUOTA = RuleId("quota")
JUDGED = ("compliant", "deviation", "tip")


def monday(here: Municipality, day: int, month: int = 11) -> int | None:
    """Sweep at six, digests and letters at half past eight; gives the digests that were ordered."""
    desk = Desk(here)
    with here.opened() as house:
        desk.goes_to_day(day, 6, month=month)
        sweep(house, here.slot())
        desk.goes_to_day(day, 8, 31, month=month)
        ordered = digest(house, here.slot(Job.DIGEST))
        deliver(house)
    return ordered


def digests(here: Municipality) -> dict[str, list[Delivered]]:
    """By the reader's address."""
    desk = Desk(here)
    found = {p.address: [m for m in desk.got(p.address) if is_digest(m)] for p in here.town.residents}
    return {address: mails for address, mails in found.items() if mails}


def is_digest(mail: Delivered) -> bool:
    return mail.subject in (SUBJECT, "Weekly overview from mailbox help")


# one Monday, looked at from all sides


@pytest.fixture(scope="module")
def voorbeeld_on_monday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Municipality]:
    with municipality(tmp_path_factory.mktemp("town")) as here:
        monday(here, 23)
        yield here


def people_and_orders(here: Municipality) -> tuple[People, dict[ObjectGuid, OutboxLetter]]:
    with here.opened() as house:
        people = house.directory.people()
        with house.store.begin() as work:
            kept = {guid: work.letters_of(house.store.person_key(guid)) for guid in people.by_guid}
    found = {guid: [x for x in all_ if x.order.kind is LetterKind.DIGEST] for guid, all_ in kept.items()}
    return people, {guid: orders[0] for guid, orders in found.items() if orders}


def test_only_managers_get_one(voorbeeld_on_monday: Municipality) -> None:
    with voorbeeld_on_monday.opened() as house:
        people = house.directory.people()
        managers = {people.by_guid[guid].address.value for guid in people.managers()}
    readers = set(digests(voorbeeld_on_monday))
    assert readers
    assert readers <= managers


def test_a_digest_names_its_reader_and_leavers_of_the_own_team_and_nobody_else(
    voorbeeld_on_monday: Municipality,
) -> None:
    people, _ = people_and_orders(voorbeeld_on_monday)
    by_address = {person.address.value: person for person in people.by_guid.values()}
    everybody = {resident.name for resident in voorbeeld_on_monday.town.residents}
    with_leavers = 0
    for address, (mail,) in digests(voorbeeld_on_monday).items():
        reader = by_address[address]
        team = [p for p in people.by_guid.values() if p.manager == reader.guid]
        named = {name for name in everybody if name in mail.body}
        assert reader.name in named
        others = named - {reader.name}
        assert others <= {p.name for p in team if p.ends is not None}, "a leaver of the own team"
        assert not [person for person in everybody if person in mail.subject]
        with_leavers += bool(others)
    assert with_leavers >= 2, "the story needs leavers"


def test_every_figure_rests_on_five_others_who_were_judged(voorbeeld_on_monday: Municipality) -> None:
    """Counted again by hand, from the stories of the municipality and the directory."""
    expected = voorbeeld_on_monday.town.expected()
    people, orders = people_and_orders(voorbeeld_on_monday)
    looked_at = 0
    for reader, letter in orders.items():
        shown = decode(letter.order.shown)
        for rule, figure in shown.figures.items():
            members = circle(people, reader, figure.level)
            judged = [expected[guid][rule] for guid in members if expected[guid][rule] in JUDGED]
            deviating = judged.count("deviation")
            assert reader not in members, "whoever reads it is not in it"
            assert len(judged) >= 5
            assert figure.word in may_be_said(deviating, len(judged)), (rule, figure, deviating, len(judged))
            if figure.tenths is not None:
                assert len(judged) >= 40
                share = 10 * deviating / len(judged)
                assert abs(figure.tenths - share) <= 0.5 if figure.tenths else share < 1
            looked_at += 1
    assert looked_at >= 10
    levels = {f.level for x in orders.values() for f in decode(x.order.shown).figures.values()}
    assert levels > {Level.TEAM}, "small teams are merged upward"


def may_be_said(deviating: int, judged: int) -> set[Word]:
    """What is true of these numbers and points at nobody."""
    true = {
        Word.NONE: deviating == 0,
        Word.FEW: 1 <= deviating <= 2 and judged >= 10,
        Word.SOME: 3 <= deviating <= judged - 3,
        Word.MOST: deviating >= judged - 2,
    }
    return {word for word, holds in true.items() if holds}


def circle(people: People, reader: ObjectGuid, level: Level) -> set[ObjectGuid]:
    """Team; team and own department; everybody: without the reader."""
    persons = people.by_guid.values()
    found = {p.guid for p in persons if p.manager == reader}
    unit = people.by_guid[reader].unit
    if level in (Level.DEPARTMENT, Level.ORGANISATION) and unit is not None:
        found |= {p.guid for p in persons if p.unit is not None and p.unit.code == unit.code}
    if level is Level.ORGANISATION:
        found |= set(people.by_guid)
    return found - {reader}


ALLOWED = ("5 mensen", "5 people", "10 mensen", "10 people")
"""On how many a figure rests at least, and "about 2 in 10" or "fewer than 1 in 10 people"."""


def test_no_digest_shows_how_many_people_deviate(voorbeeld_on_monday: Municipality) -> None:
    """Words, and a share in tenths where forty or more were judged; never a count, never a percentage."""
    for (mail,) in digests(voorbeeld_on_monday).values():
        said = re.sub(r"<[^>]+>", " ", mail.body.partition("</style>")[2])
        assert "%" not in said
        counted = re.findall(r"\b\d+ (?:mensen|people)\b", said)
        assert counted
        assert [count for count in counted if count not in ALLOWED] == []


def test_it_says_how_much_was_read_and_never_of_how_many(voorbeeld_on_monday: Municipality) -> None:
    """A population that stays the same when a known colleague joins would show who is left out."""
    for (mail,) in digests(voorbeeld_on_monday).values():
        assert re.search(r"([Aa]lle of bijna alle postbussen|all or nearly all mailboxes)", mail.body)
        said = re.sub(r"<[^>]+>", " ", mail.body.partition("</style>")[2])
        assert not re.search(r"\b(2\d\d|\d+ (van de|of the) \d+)\b", said)


def test_excluded_people_are_in_no_figure_and_get_no_digest(voorbeeld_on_monday: Municipality) -> None:
    excluded = set(voorbeeld_on_monday.town.excluded())
    assert not excluded & set(digests(voorbeeld_on_monday))
    people, _ = people_and_orders(voorbeeld_on_monday)
    assert not excluded & {person.address.value for person in people.by_guid.values()}


def test_asked_twice_in_one_week_it_comes_once(voorbeeld_on_monday: Municipality) -> None:
    here, desk = voorbeeld_on_monday, Desk(voorbeeld_on_monday)
    before = {address: len(mails) for address, mails in digests(here).items()}
    for day in (23, 25, 27):
        desk.goes_to_day(day, 9, 30)
        with here.opened() as house:
            assert digest(house, here.slot(Job.DIGEST)) == 0
            deliver(house)
    assert {address: len(mails) for address, mails in digests(here).items()} == before


def test_the_week_after_it_comes_again(voorbeeld_on_monday: Municipality) -> None:
    here = voorbeeld_on_monday
    ordered = monday(here, 30)
    assert ordered
    assert max(len(mails) for mails in digests(here).values()) == 2
    tips = {
        mail.body.partition("Tip van de week")[2][:200] for mails in digests(here).values() for mail in mails
    }
    assert len(tips) >= 2, "another tip every week"


# two weeks in a row

MORE, FEWER = "Duidelijk meer dan vorige week.", "Duidelijk minder dan vorige week."
IN_DUTCH = {"Clearly more than last week.": MORE, "Clearly fewer than last week.": FEWER}


def fills(here: Municipality, in_ten: int) -> None:
    """So many in ten of all mailboxes are too full, the others are not."""
    for number, mailbox in enumerate(here.town.mailboxes.values()):
        inbox = mailbox.folders.by_name["inbox"]
        inbox.size = (8 if number % 10 < in_ten else 1) * GIB


def went(here: Municipality) -> dict[str, list[str | None]]:
    """By reader: where each digest in turn says that a share went."""
    found: dict[str, list[str | None]] = {}
    for address, mails in digests(here).items():
        for mail in sorted(mails, key=lambda mail: mail.when):
            said = [IN_DUTCH.get(s, s) for s in (*IN_DUTCH, MORE, FEWER) if s in mail.body]
            assert len(said) <= 1
            found.setdefault(address, []).append(said[0] if said else None)
    return found


def bars(here: Municipality) -> dict[str, list[int | None]]:
    """By reader: the tenths that the bar of each digest in turn shows; None for one without a bar."""
    found: dict[str, list[int | None]] = {}
    for address, mails in digests(here).items():
        for mail in sorted(mails, key=lambda mail: mail.when):
            drawn = re.findall("[█░]{10}", mail.body)
            found.setdefault(address, []).append(drawn[0].count("█") if drawn else None)
    return found


def test_a_bar_says_where_it_went_since_the_digest_of_the_week_before(tmp_path: Path) -> None:
    """Three weeks: 2, 6 and 3 in ten mailboxes are too full. Without a bar there is no direction."""
    with municipality(tmp_path, 90, stories=()) as here:
        for day, month, in_ten in ((23, 11, 2), (30, 11, 6), (7, 12, 3)):
            fills(here, in_ten)
            assert monday(here, day, month=month)
        shown, said = bars(here), went(here)
    with_bars = {address for address, tenths in shown.items() if None not in tenths and len(tenths) == 3}
    assert with_bars
    for address in with_bars:
        first, second, third = (tenths or 0 for tenths in shown[address])
        assert second - first >= 2
        assert second - third >= 2
        assert said[address] == [None, MORE, FEWER]
    without = {address for address, tenths in shown.items() if tenths == [None] * 3}
    assert without
    assert {what for address in without for what in said[address]} == {None}


def test_a_digest_that_never_left_is_no_week_before(tmp_path: Path) -> None:
    """Its reader could not compare: the bar of the second week says nothing of the first."""
    with municipality(tmp_path, 90, stories=()) as here:
        fills(here, 2)
        desk = Desk(here)
        assert desk.types("stop").code == 0
        assert monday(here, 23)
        assert digests(here) == {}
        assert desk.types("stop", "--lift").code == 0
        fills(here, 6)
        assert monday(here, 30)
        shown, said = bars(here), went(here)
    assert any(tenths != [None] for tenths in shown.values())
    assert {len(times) for times in said.values()} == {1}
    assert {what for times in said.values() for what in times} == {None}


def test_a_bar_says_nothing_of_a_week_in_which_part_of_the_mailboxes_was_not_read(tmp_path: Path) -> None:
    """Then the share is one of other people."""
    with municipality(tmp_path, 90, stories=()) as here:
        fills(here, 2)
        assert monday(here, 23)
        fills(here, 5)
        staff = [mailbox for mailbox in here.town.mailboxes.values() if mailbox.address != SENDER]
        for mailbox in staff[::5]:
            mailbox.trouble = Trouble.MOVING
        assert monday(here, 30)
        shown, said = bars(here), went(here)
        newest = [max(mails, key=lambda mail: mail.when) for mails in digests(here).values()]
    assert not [mail for mail in newest if re.search(r"[Aa]lle of bijna alle|all or nearly all", mail.body)]
    moved = [tenths for tenths in shown.values() if len(tenths) == 2 and None not in tenths]
    assert moved
    assert all((second or 0) - (first or 0) >= 2 for first, second in moved)
    assert {what for times in said.values() for what in times} == {None}


# silence


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Municipality]:
    """A village where all is well."""
    with municipality(tmp_path, 30, stories=["empty", "leaver-near"]) as here:
        yield here


def test_where_all_is_well_managers_are_left_in_peace(quiet: Municipality) -> None:
    """Only who has a leaver in the team hears something: the departure is theirs to run."""
    monday(quiet, 23)
    people, _ = people_and_orders(quiet)
    teams = people.managers()
    expected = {
        people.by_guid[manager].address.value
        for manager, team in teams.items()
        if any(person.ends is not None for person in team)
    }
    assert 0 < len(expected) < len(teams)
    assert set(digests(quiet)) == expected


def test_where_the_pack_gives_managers_no_figures_they_get_agenda_and_tip(quiet: Municipality) -> None:
    desk = Desk(quiet)
    desk.goes_to_day(23, 6)
    with quiet.opened() as house:
        sweep(house, quiet.slot())
        desk.goes_to_day(23, 8, 31)
        terms = house.terms
        for_directie = terms.pack.team_figures.model_copy(update={"shown_to": Audience.DIRECTIE})
        pack = terms.pack.model_copy(update={"team_figures": for_directie})
        assert digest(replace(house, terms=replace(terms, pack=pack)), quiet.slot(Job.DIGEST))
    people, orders = people_and_orders(quiet)
    for reader, letter in orders.items():
        content = decode(letter.order.shown)
        assert (content.figures, content.reach) == ({}, None)
        assert content.tip is not None or reader not in people.managers()


def test_what_the_brake_holds_is_told_to_no_manager(tmp_path: Path) -> None:
    """So many deviations at once can be our own mistake: the directie and managers hear nothing of them until
    a human ran the plan. Departures are told all the same."""
    with small_town(tmp_path) as desk:
        desk.here.change(("opened = 1000", "opened = 10"))
        plan = desk.shows_with_log("sweep", code=14)["plan"]
        desk.goes_to_day(23, 8, 31)
        with desk.here.opened() as house:
            assert figures_of_all(house) == {None}
            desk.types("plan", "run", plan)
            assert QUOTA in figures_of_all(house)


def figures_of_all(house: House) -> set[RuleId | None]:
    """Topics that any reader gets a figure of; None beside them where nobody gets one of anything."""
    people, now = house.directory.people(), house.clock.now()
    with house.store.begin() as work:
        newest = fresh_sweep(work, now)
        assert newest is not None
        digests = Digests(house, work, newest, people, now)
        made = [digests.of(people.by_guid[guid]) for guid in people.managers()]
    return {rule for one in made if one for rule in one.figures.figures} or {None}


def test_whoever_is_waived_is_in_no_figure(voorbeeld_on_monday: Municipality) -> None:
    """Waived, all who deviate leave nothing but people who do not."""
    here = voorbeeld_on_monday
    people, _ = people_and_orders(here)
    with here.opened() as house, house.store.begin() as work:
        newest = fresh_sweep(work, house.clock.now())
        assert newest is not None
        outcomes = work.outcomes(newest.slot.id, QUOTA)
        waivers = tuple(
            Waiver.model_validate(
                {
                    "owner": "teamleider",
                    "owner_address": "teamleider@voorbeeld.example",
                    "reason": "groot archief",
                    "rule": QUOTA,
                    "address": person.address,
                    "from": house.today(),
                    "until": house.today(),
                }
            )
            for guid, person in people.by_guid.items()
            if outcomes.get(house.store.person_key(guid)) is Outcome.DEVIATION
        )
        assert waivers
        waived = replace(house, terms=replace(house.terms, waivers=waivers))
        made = [
            Digests(waived, work, newest, people, house.clock.now()).of(people.by_guid[guid])
            for guid in people.managers()
        ]
    said = {one.figures.figures[QUOTA].word for one in made if one and QUOTA in one.figures.figures}
    assert said == {Word.NONE}


def test_without_a_sweep_of_the_last_week_nothing_is_said_but_to_the_operator(quiet: Municipality) -> None:
    monday(quiet, 23)
    desk = Desk(quiet)
    with quiet.opened() as house:
        desk.goes_to_day(7, 8, 31, month=12)
        assert digest(house, quiet.slot(Job.DIGEST)) == 0
    assert "digest_without_sweep" in desk.shows("findings")["problems"]
    monday(quiet, 8, month=12)
    assert "digest_without_sweep" not in desk.shows("findings")["problems"]


def test_after_a_closed_monday_it_comes_on_tuesday(quiet: Municipality) -> None:
    """The service's own clockwork, with a local closing day in the calendar."""
    calendar = quiet.settings / "calendar.toml"
    calendar.write_text(calendar.read_text().replace("2026-05-15]", "2026-05-15, 2026-11-30]", 1))
    desk = Desk(quiet)
    monday(quiet, 23)
    before = len(next(iter(digests(quiet).values())))
    for day, month, expected in ((30, 11, before), (1, 12, before + 1), (2, 12, before + 1)):
        for hour, minute in ((6, 1), (8, 31), (8, 46)):
            desk.goes_to_day(day, hour, minute, month=month)
            with quiet.opened() as house:
                tick(quiet, house)
        assert {len(mails) for mails in digests(quiet).values()} == {expected}, (day, month)


def tick(here: Municipality, house: House) -> None:
    service = Service(house, Timetable(*wiring.schedules(here.settings, {})), threading.Event())
    service.tick_slots()
    service.tick_delivery()
