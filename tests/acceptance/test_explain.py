"""Looking at one person's state: with a reason, on record, and never behind that person's back."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailbot.cli.demo_settings import decision
from mailbot.jobs.forgetting import CLASSES
from mailbot.jobs.retain import retain
from mailbot.jobs.rights import check_disclosures, explain
from mailbot.jobs.sweep import sweep
from mailbot.model.letters import LetterState
from mailbot.model.needs import SentLabels
from mailbot.model.reading import Reading
from mailbot.model.slots import Job, Slot
from mailbot.wiring.mailboxes import StoredBookmarks
from tests.acceptance.desk import ADMINISTRATOR, GIB, Desk, small_town
from tests.acceptance.municipality import AMSTERDAM

REASON = "belde zelf over de brief"
NOTICE = "Over je gegevens bij de postbushulp"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as here:
        yield here


def look(desk: Desk, story: str = "plain-over") -> str:
    said = desk.types("explain", desk.resident(story).address, "--reason", REASON)
    assert said.code == 0, said.err
    return said.out


def subjects(desk: Desk, story: str = "plain-over") -> list[str]:
    return [mail.subject for mail in desk.staff_got(story)]


# what is shown


def test_it_shows_what_is_kept_and_when_the_person_hears_of_it(desk: Desk) -> None:
    desk.types("sweep")
    shown = look(desk, "both-rules")
    lines = [line.split() for line in shown.splitlines()]
    assert ["quota", "deviation", "over_limit", "-"] in lines
    assert ["out_of_office", "deviation", "no_reply_set", "-"] in lines
    assert "quota nudge waiting it waits; it may leave from 2026-11-23 08:30" in map(" ".join, lines)
    assert ["quota", "3", "open", "2026-11-23", "2026-11-23", "0"] in lines, "under article 3 of the protocol"
    assert "Newest sweep: 2026-11-23 06:00" in shown, "in local time, as all clocks of the house"
    assert "The person is told of it by 2026-11-30." in shown, "five working days, weekend not counted"


def test_as_json_it_says_the_same(desk: Desk) -> None:
    desk.types("sweep")
    shown = desk.shows("explain", desk.resident("both-rules").address, "--reason", REASON)
    assert shown["verdicts"] == {
        "delegates": "compliant",
        "leaver": "not_applicable",
        "out_of_office": "deviation",
        "quota": "deviation",
        "signature": "compliant",
    }
    assert {(row["rule"], row["state"]) for row in shown["findings"]} == {
        ("quota", "open"),
        ("out_of_office", "open"),
    }
    assert {(row["opened"][:10], row["changed"][:10], row["letters"]) for row in shown["findings"]} == {
        ("2026-11-23", "2026-11-23", 0)
    }
    assert {(row["topic"], row["state"]) for row in shown["letters"]} == {
        ("quota", "waiting"),
        ("out_of_office", "waiting"),
    }
    assert shown["told_by"] == "2026-11-30"


def test_it_shows_no_measured_value(desk: Desk) -> None:
    desk.types("sweep")
    shown = look(desk) + json.dumps(
        desk.shows("explain", desk.resident("plain-over").address, "--reason", REASON)
    )
    assert "6549" not in shown and "6,1" not in shown and "6.1" not in shown


def test_it_shows_how_the_mailbox_was_read_and_until_when_that_is_kept(desk: Desk) -> None:
    """Where it stopped in the mail is nobody's business: that a mark is kept, under which decision."""
    desk.here.calibrated()
    made = decision(sample_percent=99)
    everybody = {person.address for person in desk.here.town.residents}
    with desk.here.opened(decisions=[made]) as house:
        sweep(house, desk.here.slot())
        looks = [
            explain(house, address, REASON, ADMINISTRATOR)
            for address in (person.address for person in house.directory.people().by_guid.values())
        ]
    marked = [look for look in looks if look.marks]
    assert marked, "a rule that reads sent items keeps marks"
    assert len(everybody) > len(looks) - len(marked)
    for look in marked:
        assert look.reading.read == desk.here.clock.now()
        for mark in look.marks:
            assert mark.need == SentLabels.name
            assert mark.decisions == (made.id,)
            assert mark.until == min(made.end + timedelta(days=1), mark.made.date() + timedelta(days=21))


def test_it_says_so_in_words(desk: Desk) -> None:
    desk.types("sweep")
    guid = desk.resident("plain-over").guid
    with desk.here.opened() as house:
        StoredBookmarks(house.store, house.clock).keep(guid, SentLabels.name, "page 1")
    shown = look(desk)
    assert "The mailbox was last read on 2026-11-23 06:00." in shown
    assert "That is kept until 2027-02-22, unless it is read again." in shown
    row = [*SentLabels.name.split(), "2026-11-23", "2026-11-24", "-"]
    assert row in [line.split() for line in shown.splitlines()]
    assert "page 1" not in shown
    value = desk.shows("explain", desk.resident("plain-over").address, "--reason", REASON)
    assert value["reading"]["read"].startswith("2026-11-23T05:00")
    assert value["reading"]["failed"] is None
    assert value["marks"][0]["kept_until"] == "2026-11-24", "no decision lets us ask: it goes tonight"


# the story


def section(shown: str, title: str) -> list[str]:
    """The lines under a title, up to the next empty one."""
    lines = shown.splitlines()
    start = lines.index(title) + 1
    return [line.strip() for line in lines[start : lines.index("", start)]]


def explained(desk: Desk, story: str = "plain-over") -> Any:
    return desk.shows("explain", desk.resident(story).address, "--reason", REASON)


def told_on_monday(desk: Desk) -> None:
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.delivers()


def test_it_tells_what_was_found_told_and_mended(desk: Desk) -> None:
    told_on_monday(desk)
    desk.goes_to_day(24, 9)
    desk.resizes("plain-over", GIB)
    desk.types("sweep")
    assert section(look(desk), "What happened") == [
        "2026-11-23 06:00  quota (article 3): something to mend was found",
        "2026-11-23 10:05  quota (article 3): the person was told by letter",
        "2026-11-24 09:00  quota (article 3): it was mended",
    ]
    shown = explained(desk)
    assert [(e["rule"], e["happened"]) for e in shown["story"]] == [
        ("quota", "opened"), ("quota", "told"), ("quota", "mended"),
    ]  # fmt: skip
    assert shown["story"][1]["at"] == "2026-11-23T09:05:00+00:00"
    [finding] = shown["findings"]
    assert (finding["articles"], finding["letters"]) == (["3"], 1)
    assert finding["told"] == "2026-11-23T09:05:00+00:00"


def test_it_tells_before_when_no_letter_comes(desk: Desk) -> None:
    told_on_monday(desk)
    assert section(look(desk), "What comes next") == [
        "all topics: no letter before 2026-11-30 10:05, but urgent ones; there was one this week",
        "quota: no letter on this topic before 2026-12-07 10:05; the last one is not long enough ago",
    ]
    assert explained(desk)["next"]["no_letter_before"] == [
        {"topic": None, "before": "2026-11-30T09:05:00+00:00", "why": "one_a_week"},
        {"topic": "quota", "before": "2026-12-07T09:05:00+00:00", "why": "too_soon"},
    ]


def test_it_tells_that_a_letter_came_back_and_for_how_long_the_person_is_left_in_peace(desk: Desk) -> None:
    told_on_monday(desk)
    desk.goes_to_day(23, 12)
    with desk.here.opened() as house, house.store.begin() as work:
        [sent] = work.letters_of(house.store.person_key(desk.resident("plain-over").guid))
        now = house.clock.now()
        work.move(sent.id, LetterState.SENT, LetterState.BOUNCED, now)
        work.untold(sent, now)
        work.rest(sent.order.person, now + timedelta(days=14))
    shown = look(desk)
    assert section(shown, "What happened")[2:] == [
        "2026-11-23 12:00  quota (article 3): that letter came back: it does not count"
    ]
    assert ["quota", "nudge", "bounced", "it", "came", "back", "on", "2026-11-23", "12:00"] in [
        line.split() for line in shown.splitlines()
    ]
    assert section(shown, "What comes next")[0] == (
        "all topics: the person rests until 2026-12-07 12:00, after a pause, an absence or a letter that "
        "did not arrive"
    )
    [finding] = explained(desk)["findings"]
    assert (finding["state"], finding["letters"], finding["told"]) == ("open", 0, None)


def test_it_tells_why_a_letter_did_not_leave(desk: Desk) -> None:
    """Mended before it could."""
    desk.types("sweep")
    desk.resizes("plain-over", GIB)
    desk.goes_to_day(23, 7)
    desk.types("sweep")
    shown = look(desk)
    assert (
        "quota nudge withdrawn it was not needed any more when it was to leave, on 2026-11-23 07:00"
    ) in " ".join(shown.split())
    assert "What comes next: the number of earlier letters holds none back" in shown


def test_it_tells_why_the_newest_plan_made_no_letter(desk: Desk) -> None:
    desk.here.change(('mode = "live"', 'mode = "off"'))
    desk.types("sweep")
    assert section(look(desk), "What comes next") == [
        "quota: the plan of 2026-11-23 06:00 made no letter (mode_off)"
    ]
    [held] = explained(desk)["next"]["held_back"]
    assert (held["rule"], held["why"]) == ("quota", "mode_off")


def test_it_tells_what_a_plan_would_do_that_waits_for_a_human(desk: Desk) -> None:
    """The brake holds it: nothing of it has been done, so neither findings nor letters show it."""
    desk.here.change(("share_percent = 60", "share_percent = 10"), ("least = 50", "least = 10"))
    assert desk.types("sweep").code == 14
    waits = "the plan of 2026-11-23 06:00 waits for a human"
    would = f"quota: {waits}; if it is run, a letter is ordered (nudge)"
    assert would in section(look(desk), "What comes next")
    told = explained(desk)
    assert told["findings"] == []
    assert {letter["kind"] for letter in told["letters"]} == {"notice"}, "of the look before"
    waiting = told["next"]["waiting"]
    assert {"rule": "quota", "letter": "nudge", "why": None} in waiting["steps"]
    nothing = f"all topics: {waits}; it does nothing to this person"
    assert nothing in section(look(desk, "just-under-limit"), "What comes next")
    desk.types("plan", "reject", waiting["plan"])
    assert explained(desk)["next"]["waiting"] is None


def test_it_tells_by_whom_a_rule_is_waived_and_until_when(desk: Desk) -> None:
    """The reason of the waiver stays in the file: it is about the mailbox, and not for every reader."""
    address = desk.resident("plain-over").address
    waiver = (
        '[[waiver]]\nowner = "teamleider Burgerzaken"\nowner_address = "div@voorbeeld.example"\n'
        f'reason = "archief tot de migratie"\nrule = "quota"\naddress = "{address}"\n'
        "from = 2026-11-01\nuntil = 2027-04-30\n"
    )
    (desk.here.settings / "waivers.toml").write_text(waiver, encoding="utf-8")
    desk.types("sweep")
    shown = look(desk)
    assert section(shown, "What comes next") == [
        "quota: left alone until 2027-04-30, by teamleider Burgerzaken"
    ]
    assert section(shown, "What happened") == [
        "2026-11-23 06:00  quota (article 3): it is left alone, by a waiver"
    ]
    value = explained(desk)
    assert value["next"]["waived"] == [
        {"rule": "quota", "owner": "teamleider Burgerzaken", "until": "2027-04-30"}
    ]
    assert [(f["rule"], f["state"]) for f in value["findings"]] == [("quota", "waived")]
    assert "archief" not in shown + json.dumps(value)


def test_after_a_pause_the_person_rests(desk: Desk) -> None:
    address = desk.resident("plain-over").address
    never = desk.types("people", "resume", desk.resident("both-rules").address)
    desk.types("people", "pause", address)
    ended = desk.types("people", "resume", address)
    assert (ended.code, ended.out, ended.err) == (never.code, never.out, never.err)
    rests = "all topics: the person rests until 2026-11-30 06:00, after a pause, an absence or a letter that"
    assert section(look(desk), "What comes next") == [f"{rests} did not arrive"]
    assert "What comes next: the number" in look(desk, "both-rules"), "there was no pause to rest from"


# what is deleted by now


def forget(desk: Desk) -> None:
    with desk.here.opened() as house:
        retain(house, Slot(Job.RETAIN, house.today(), "03:30"))


def test_before_forgetting_ever_ran_it_says_what_will_go(desk: Desk) -> None:
    shown = look(desk)
    assert "Forgetting never ran yet" in shown
    assert "gone" not in shown
    assert "  findings: 13 weeks after the last change" in shown.splitlines()
    assert explained(desk)["forgetting"]["last"] is None


def test_after_its_time_the_story_is_gone_and_it_says_under_which_rule(desk: Desk) -> None:
    """Told on a Monday in November, mended on the Tuesday, and never looked at again until March."""
    told_on_monday(desk)
    desk.resizes("plain-over", GIB)
    desk.goes_to_day(24)
    desk.types("sweep")
    desk.goes_to(datetime(2027, 3, 1, 3, 30, tzinfo=AMSTERDAM))
    forget(desk)
    desk.goes_to(datetime(2027, 3, 1, 9, tzinfo=AMSTERDAM))
    shown = look(desk)
    assert "Findings: none" in shown
    assert "What happened: nothing that is still kept" in shown
    assert "quota" not in shown, "and no other word of it"
    assert "What is deleted in time. Forgetting last ran on 2027-03-01 03:30;" in shown
    under = section(shown + "\n", "Under artikel 11 of Protocol e-mail gemeente Voorbeeld:")
    assert "findings: 13 weeks after the last change; all from before 2026-11-30 is gone" in under
    assert (
        "that letters were sent: 13 weeks after the last change; all from before 2026-11-30 is gone" in under
    )
    assert (
        "verdicts: 2 weeks after the sweep, or when the next one is over; all from before 2027-02-15 is gone"
        in [line.strip() for line in shown.splitlines()]
    )
    limits = {limit["what"]: limit for limit in explained(desk)["forgetting"]["limits"]}
    assert limits["findings"] == {
        "what": "findings",
        "days": 91,
        "since": "after the last change",
        "under": "artikel 11 of Protocol e-mail gemeente Voorbeeld",
        "gone_before": "2026-11-30",
    }
    assert limits["silence on a topic"]["under"] == "mailbot's own limit"


def test_what_is_deleted_is_the_same_for_everybody(desk: Desk) -> None:
    """A record of what went of whom would be kept about that person."""
    told_on_monday(desk)
    desk.goes_to_day(24, 3, 30)
    forget(desk)
    said = {json.dumps(explained(desk, story)["forgetting"]) for story in ("plain-over", "just-under-limit")}
    assert len(said) == 1


def test_every_class_of_data_about_people_has_words(desk: Desk) -> None:
    with desk.here.opened() as house, house.store.begin() as work:
        kept = {(k.table, k.clock) for k in work.keeping(timedelta(weeks=13))}
    assert kept == CLASSES.keys()


def test_of_who_is_left_out_nothing_of_how_they_were_read_is_kept(desk: Desk) -> None:
    desk.types("sweep")
    person = desk.resident("plain-over")
    with desk.here.opened() as house:
        StoredBookmarks(house.store, house.clock).keep(person.guid, SentLabels.name, "page 1")
    key = desk.key("plain-over")
    assert desk.types("people", "exclude", person.address).code == 0
    with desk.here.opened() as house, house.store.begin() as work:
        assert work.reading_of(key, timedelta(weeks=52)) == Reading()


def test_before_the_first_sweep_there_is_nothing_to_show(desk: Desk) -> None:
    shown = desk.shows("explain", desk.resident("plain-over").address, "--reason", REASON)
    assert (shown["swept"], shown["verdicts"], shown["findings"]) == (None, {}, [])


# who may look, and who is there


@pytest.mark.parametrize("reason", ["", "   ", "ja", "x y"])
def test_without_a_reason_nobody_looks(desk: Desk, reason: str) -> None:
    before = desk.audit()
    said = desk.types("explain", desk.resident("plain-over").address, "--reason", reason)
    assert said.code == 2
    assert "say why you look" in said.err
    assert desk.audit() == before


def test_a_reason_must_be_given(desk: Desk) -> None:
    said = desk.types("explain", desk.resident("plain-over").address)
    assert said.code == 2
    assert "--reason" in said.err


def test_nobody_can_find_out_who_is_excluded(desk: Desk) -> None:
    """Unknown, excluded by group, by type, by address and by person: word for word the same answer."""
    person = desk.resident("plain-over").address
    desk.types("people", "exclude", person)
    answers = {
        address: desk.types("explain", address, "--reason", REASON)
        for address in ("nobody@voorbeeld.example", person, *desk.here.town.excluded())
    }
    assert len(answers) > 10
    assert {(said.code, said.out, said.err) for said in answers.values()} == {
        (1, "", "mailbot: nobody with this address is in the population\n")
    }
    assert "explain" not in {action for _, action, _ in desk.audit()}


def test_the_look_is_in_the_audit_log_under_a_key_with_name_and_reason(desk: Desk) -> None:
    look(desk)
    actor, action, detail = desk.audit()[0]
    assert (actor, action) == (ADMINISTRATOR, "explain")
    assert detail == {"person": desk.key("plain-over"), "reason": REASON}


# how the person hears of it


def test_the_next_letter_tells_it_and_no_notice_follows(desk: Desk) -> None:
    """Looked at on Sunday evening, told in Monday's letter: that was that."""
    look(desk)
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    (mail,) = desk.staff_got("plain-over")
    assert "Er is naar je gegevens gekeken." in mail.body
    assert "maandag 23 november" in mail.body
    walk(desk, 24, 30)
    assert subjects(desk) == ["De ruimte in je postbus"]
    assert desk.letters()[("notice", "withdrawn")] == 1


def test_a_look_after_the_letter_was_ordered_is_told_in_it_and_once(desk: Desk) -> None:
    """Ordered at six, looked at nine, sent at ten: the letter tells it, so the notice stays away."""
    desk.types("sweep")
    desk.goes_to_day(23, 8, 15)
    look(desk)
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    (mail,) = desk.staff_got("plain-over")
    assert "Er is naar je gegevens gekeken." in mail.body
    walk(desk, 24, 30)
    assert subjects(desk) == ["De ruimte in je postbus"]


def walk(desk: Desk, first: int, last: int) -> None:
    """The service's deliveries, twice a day."""
    for day in range(first, last + 1):
        for hour in (9, 16):
            desk.goes_to_day(day, hour)
            desk.delivers()


def test_who_gets_no_letter_gets_a_notice_within_five_working_days(desk: Desk) -> None:
    look(desk, "just-under-limit")
    walk(desk, 23, 25)
    assert desk.staff_got("just-under-limit") == [], "a letter of this week may still tell it"
    walk(desk, 26, 26)
    (mail,) = desk.staff_got("just-under-limit")
    assert mail.subject == NOTICE
    assert "maandag 23 november" in mail.body
    assert REASON not in mail.body, "the reason can be asked for; it does not go through the mail"
    assert mail.sensitivity == "Private"
    walk(desk, 27, 30)
    assert subjects(desk, "just-under-limit") == [NOTICE], "once"


def test_two_looks_in_one_week_make_one_notice_with_both_days(desk: Desk) -> None:
    look(desk, "just-under-limit")
    desk.goes_to_day(24, 12)
    look(desk, "just-under-limit")
    walk(desk, 25, 30)
    assert subjects(desk, "just-under-limit") == [NOTICE]
    (mail,) = desk.staff_got("just-under-limit")
    assert "maandag 23" in mail.body
    assert "dinsdag 24 november" in mail.body


def test_a_look_after_the_notice_has_a_notice_of_its_own(desk: Desk) -> None:
    look(desk, "just-under-limit")
    walk(desk, 24, 26)
    look(desk, "just-under-limit")
    walk(desk, 27, 30)
    desk.goes_to_day(1, 9, month=12)
    desk.delivers()
    assert subjects(desk, "just-under-limit") == [NOTICE, NOTICE]


def test_a_holiday_does_not_count_as_a_working_day(desk: Desk) -> None:
    desk.goes_to_day(22, 12, month=12)
    assert "told of it by 2026-12-30" in look(desk), "Christmas falls on Friday, then comes the weekend"


def test_a_look_that_could_not_be_told_in_time_is_a_problem_until_it_is(desk: Desk) -> None:
    """Delivery is off, so nobody can be told: on the sixth day the administrator hears of it."""
    desk.here.change(('mode = "live"', 'mode = "off"'))
    look(desk, "just-under-limit")
    for day, open_problem in ((30, False), (1, True)):
        desk.goes_to_day(day, 18, month=11 if day == 30 else 12)
        with desk.here.opened() as house:
            check_disclosures(house)
        assert ("disclosure_overdue" in desk.shows("findings")["problems"]) is open_problem
    status = json.loads((desk.here.settings / "status.json").read_text(encoding="utf-8"))
    (problem,) = status["problems"]
    assert problem["code"] == "disclosure_overdue"
    assert "delivery to be opened" in problem["text"]

    desk.here.change(('mode = "off"', 'mode = "live"'))
    desk.goes_to_day(2, 9, month=12)
    desk.delivers()
    assert subjects(desk, "just-under-limit") == [NOTICE], "late, but told"
    with desk.here.opened() as house:
        check_disclosures(house)
    assert desk.shows("findings")["problems"] == {}


def test_a_look_works_while_a_gate_is_closed(desk: Desk) -> None:
    """A right of access does not depend on whether mailbot may go on."""
    desk.types("sweep")
    (desk.here.settings / "gates.toml").unlink()
    assert ["quota", "deviation", "over_limit", "-"] in [line.split() for line in look(desk).splitlines()]


def test_the_answer_after_the_mailbox_was_mended(desk: Desk) -> None:
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    desk.resizes("plain-over", GIB)
    desk.goes_to_day(24)
    desk.types("sweep")
    shown = desk.shows("explain", desk.resident("plain-over").address, "--reason", REASON)
    assert shown["verdicts"]["quota"] == "compliant"
    assert [(row["rule"], row["state"]) for row in shown["findings"]] == [("quota", "resolved")]
    assert [(row["topic"], row["state"]) for row in shown["letters"]] == [("quota", "sent")]
