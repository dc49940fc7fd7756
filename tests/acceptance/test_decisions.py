"""Headings are shut: no settings file opens them, and what the demo hands in works on the simulator alone."""

from datetime import date

import pytest

from mailbot import wiring
from mailbot.cli.demo_settings import decision
from mailbot.engine.gates import in_sample
from mailbot.jobs.deliver import deliver
from mailbot.jobs.execute import run_plan
from mailbot.jobs.retain import retain
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import GateClosed, PlanRefused
from mailbot.model.ids import RuleId
from mailbot.model.slots import Job
from mailbot.model.verdicts import Outcome
from tests.acceptance.municipality import Municipality

LABELLED = RuleId("confidential_external")


def test_without_a_decision_the_rule_about_headings_is_off_and_nothing_is_asked(
    voorbeeld: Municipality,
) -> None:
    with voorbeeld.opened() as house:
        slot = voorbeeld.slot()
        sweep(house, slot)
        assert LABELLED not in {active.rule.id for active in house.rules(house.today())}
        with house.store.begin() as work:
            assert work.outcomes(slot.id, LABELLED) == {}
    log = voorbeeld.server.access_log()
    assert not [line for line in log if line.operation in ("FindItem", "GetItem")]
    assert not [line for line in log if line.subject_searched or line.body_asked]


def test_a_decision_opens_them_for_its_sample_alone(voorbeeld: Municipality) -> None:
    half = decision(sample_percent=50)
    with voorbeeld.opened(decisions=[half]) as house:
        slot = voorbeeld.slot()
        sweep(house, slot)
        people = house.directory.people().by_guid
        keys = {house.store.person_key(guid): person for guid, person in people.items()}
        with house.store.begin() as work:
            outcomes = work.outcomes(slot.id, LABELLED)
    drawn = {key for key in keys if in_sample(half, key)}
    assert 0 < len(drawn) < len(keys)
    assert {outcomes[key] for key in keys.keys() - drawn} == {Outcome.NOT_APPLICABLE}
    searched = {
        address
        for line in voorbeeld.server.access_log()
        if line.operation in ("FindItem", "GetItem")
        for address in line.mailboxes
    }
    assert searched <= {keys[key].address.value for key in drawn}
    assert searched


def test_a_decision_that_is_over_opens_nothing(voorbeeld: Municipality) -> None:
    over = decision().model_copy(update={"end": decision().start})
    with voorbeeld.opened(decisions=[over]) as house:
        assert LABELLED not in {active.rule.id for active in house.rules(house.today())}


def test_a_decision_that_ends_during_a_sweep_closes_headings_at_midnight(voorbeeld: Municipality) -> None:
    """The sweep begins on the last evening and reads on after midnight: then nothing more is searched, and
    nobody is written to about what was found before."""
    voorbeeld.calibrated()
    last = decision(sample_percent=99).model_copy(update={"end": date(2026, 11, 23)})
    voorbeeld.at(23, 58)
    searched_late: list[int] = []

    def midnight(done: int, _all: int) -> None:
        if done == 40:
            voorbeeld.at(0, 10, day=24)
            searched_late.append(len(searches(voorbeeld)))

    with voorbeeld.opened(decisions=[last]) as house:
        report = sweep(house, voorbeeld.slot(), progress=midnight)
        assert report is not None
        assert LABELLED not in {rule for rule, _ in report.counts}
        with house.store.begin() as work:
            assert not [finding for finding in work.living() if finding.rule == LABELLED]
    under_way = 4 * 50
    assert len(searches(voorbeeld)) - searched_late[0] <= under_way
    assert searched_late[0] > 0


def searches(here: Municipality) -> list[str]:
    return [line.operation for line in here.server.access_log() if line.subject_searched]


def test_letters_and_findings_do_not_outlive_the_decision(voorbeeld: Municipality) -> None:
    voorbeeld.calibrated()
    last = decision(sample_percent=99).model_copy(update={"end": date(2026, 11, 23)})
    with voorbeeld.opened(decisions=[last]) as house:
        sweep(house, voorbeeld.slot())
        with house.store.begin() as work:
            found = [finding for finding in work.living() if finding.rule == LABELLED]
        assert found
        voorbeeld.at(9, 0, day=24)
        deliver(house)
        topics = {mail.subject for mails in voorbeeld.server.delivered().values() for mail in mails}
        assert topics, "other letters leave"
        assert "Veilig mailen naar buiten" not in topics
        retain(house, voorbeeld.slot(Job.RETAIN))
        with house.store.begin() as work:
            assert not [finding for finding in work.living() if finding.rule == LABELLED]


def test_a_plan_of_the_last_day_is_not_carried_out_the_day_after(voorbeeld: Municipality) -> None:
    voorbeeld.calibrated()
    last = decision(sample_percent=99).model_copy(update={"end": date(2026, 11, 23)})
    voorbeeld.at(16)
    with voorbeeld.opened(decisions=[last]) as house:
        report = sweep(house, voorbeeld.slot(), dry_run=True)
        assert report is not None and report.plan is not None
        voorbeeld.at(9, 0, day=24)
        with pytest.raises(PlanRefused, match="another policy"):
            run_plan(house, report.plan, "b.eheerder")


def test_on_a_real_exchange_no_decision_is_taken_from_anybody(voorbeeld: Municipality) -> None:
    voorbeeld.change((voorbeeld.server.endpoint, "https://mail.voorbeeld.example/EWS/Exchange.asmx"))
    with (
        pytest.raises(GateClosed, match="simulator only"),
        wiring.opened(voorbeeld.settings, {}, clock=voorbeeld.clock, decisions=(decision(),)),
    ):
        pytest.fail("it must not open")


def test_nobody_asked_for_a_body_nor_for_a_subject_outside_the_search(voorbeeld: Municipality) -> None:
    voorbeeld.calibrated()
    with voorbeeld.opened(decisions=[decision(sample_percent=99)]) as house:
        sweep(house, voorbeeld.slot())
    log = voorbeeld.server.access_log()
    assert [line for line in log if line.subject_searched], "the search was made"
    assert [line.operation for line in log if line.bodies_asked] == []
    assert [line.operation for line in log if line.headings_asked and not line.subject_searched] == []
