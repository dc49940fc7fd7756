"""Known or unknown, and nothing between."""

from datetime import UTC, datetime, timedelta

import pytest

from mailbot.model.facts import FactUnknown, Known, MailboxFacts, Mender, Reason, Unknown, known
from mailbot.model.ids import ObjectGuid
from mailbot.model.mailbox import AbsenceList, Interval, Size
from mailbot.model.needs import Absences, MailboxSize

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
GUID = ObjectGuid("11111111-2222-3333-4444-555555555555")
SIZE = MailboxSize()


def test_a_known_fact_gives_its_value() -> None:
    assert known(Known(Size(3, 1), NOW)) == Size(3, 1)


@pytest.mark.parametrize("nothing", [0, "", False, ()])
def test_a_value_that_looks_like_nothing_is_still_known(nothing: object) -> None:
    assert known(Known(nothing, NOW)) == nothing


def test_an_unknown_fact_gives_its_reason_and_never_a_value() -> None:
    with pytest.raises(FactUnknown) as missing:
        known(Unknown(Reason.THROTTLED))
    assert missing.value.reason is Reason.THROTTLED


def test_what_was_not_asked_is_unknown() -> None:
    assert MailboxFacts(GUID).get(SIZE) == Unknown(Reason.NOT_ASKED)


def test_the_same_question_with_other_parameters_is_another_question() -> None:
    nobody_away = Known(AbsenceList((), Interval(NOW, NOW + timedelta(days=1))), NOW)
    facts = MailboxFacts(GUID, {Absences(): nobody_away})
    assert facts.get(Absences()) == nobody_away
    assert facts.get(Absences(ahead=Absences().ahead * 2)) == Unknown(Reason.NOT_ASKED)


def test_more_values_make_new_facts_and_leave_the_old_ones_alone() -> None:
    first = MailboxFacts(GUID, {SIZE: Unknown(Reason.THROTTLED)})
    second = first.with_values({SIZE: Known(Size(3, 1), NOW)})
    assert first.get(SIZE) == Unknown(Reason.THROTTLED)
    assert second.get(SIZE) == Known(Size(3, 1), NOW)


def test_a_mailbox_was_read_when_it_answered_anything() -> None:
    assert not MailboxFacts(GUID).was_read
    assert not MailboxFacts(GUID, {SIZE: Unknown(Reason.ACCESS_DENIED)}).was_read
    assert MailboxFacts(GUID, {SIZE: Unknown(Reason.ACCESS_DENIED), Absences(): Known((), NOW)}).was_read


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.code)
def test_a_reason_is_found_by_its_code_and_somebody_can_mend_it(reason: Reason) -> None:
    assert Reason.of(reason.code) is reason
    assert isinstance(reason.mender, Mender)


def test_every_reason_has_a_code_of_its_own() -> None:
    assert len({reason.code for reason in Reason}) == len(Reason)


def test_a_code_that_nobody_stored_is_refused() -> None:
    with pytest.raises(ValueError, match="no such reason"):
        Reason.of("tired")
