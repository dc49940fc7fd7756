"""What a norm about labelled mail may say, and how the question that follows from it is put."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from mailbot.casefiles.notation import ZONE
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.decisiveness import Basis
from mailbot.model.facts import FactUnknown, Known, MailboxFacts, Reason
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.needs import DataClass, SentLabels
from mailbot.model.people import Person
from mailbot.model.worktime import ClosedDays, WorkCalendar, WorkPattern
from mailbot.rules import Subject
from mailbot.rules.confidential_external import LABELS, ConfidentialExternal, Mode, judge, more, question

MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)
CALENDAR = WorkCalendar(MONDAY, ZONE, ClosedDays({}))
NORM = ConfidentialExternal(mode=Mode.ENCRYPT_EXTERNAL, trigger_words=("vertrouwelijk",))


def somebody(decided_from: date | None) -> Subject:
    guid = ObjectGuid("11111111-2222-3333-4444-555555555555")
    person = Person(
        guid,
        Address("kim@voorbeeld.example"),
        "Kim",
        Language.NL,
        Known(True, MONDAY),
        Known(RecipientType.USER, MONDAY),
        Known(False, MONDAY),
        Known(WorkPattern({}), MONDAY),
    )
    return Subject(person, MailboxFacts(guid), decided_from=decided_from)


def test_a_norm_is_read_from_a_pack_as_it_is_written() -> None:
    written = '{"mode": "forbidden_external", "trigger_words": ["geheim"], "hands_off_words": ["privé"]}'
    norm = ConfidentialExternal.model_validate_json(written)
    assert norm.mode is Mode.FORBIDDEN_EXTERNAL
    assert norm.hands_off_words == ("privé",)


@pytest.mark.parametrize(
    "written",
    [
        {"mode": "off", "trigger_words": ["vertrouwelijk"]},
        {"mode": "encrypt_external", "trigger_words": []},
        {"mode": "encrypt_external", "trigger_words": ["--"]},
        {"mode": "encrypt_external", "trigger_words": ["geheim"], "hands_off_words": ["geheim"]},
        {"mode": "encrypt_external", "trigger_words": ["vertrouwelijk"], "hands_off_words": [""]},
        {"mode": "encrypt_external", "trigger_words": ["vertrouwelijk"], "words": []},
    ],
    ids=["mode", "no label", "no letter", "both", "empty word", "unknown key"],
)
def test_a_norm_that_says_nothing_or_two_things_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ConfidentialExternal.model_validate(written)


def test_the_question_goes_back_to_the_monday_of_last_week() -> None:
    asked = question(somebody(date(2026, 11, 1)), NORM, CALENDAR)
    assert asked is not None
    assert asked.since == date(2026, 11, 16)


def test_the_question_goes_back_no_further_than_the_decision() -> None:
    asked = question(somebody(date(2026, 11, 19)), NORM, CALENDAR)
    assert asked is not None
    assert asked.since == date(2026, 11, 19)


def test_nothing_is_asked_and_nothing_judged_without_a_decision() -> None:
    assert more(somebody(None), NORM, CALENDAR) == ()
    with pytest.raises(FactUnknown) as missing:
        judge.judge(somebody(None), NORM, CALENDAR)
    assert missing.value.reason is Reason.NOT_ASKED


def test_the_question_that_is_put_is_the_one_that_is_looked_up() -> None:
    who = somebody(date(2026, 11, 1))
    [put] = more(who, NORM, CALENDAR)
    looked_up = question(who, NORM, CALENDAR)
    assert put == looked_up
    assert hash(put) == hash(looked_up)


def test_the_rule_reads_headings_and_asks_for_them_of_nobody_at_first() -> None:
    assert judge.data_class is DataClass.HEADING
    assert judge.needs == ()


def test_the_question_in_the_table_of_decisiveness_would_read_nothing() -> None:
    assert isinstance(LABELS, SentLabels)
    assert LABELS.redactor.search.fragments == ()
    assert not LABELS.redactor.wants("Vertrouwelijk: stuk", "IPM.Note", "Normal")


def test_where_nothing_may_leave_no_calibration_is_needed() -> None:
    """The doctor does not ask for one then."""
    forbid = ConfidentialExternal(mode=Mode.FORBIDDEN_EXTERNAL, trigger_words=("vertrouwelijk",))
    encrypt = ConfidentialExternal(mode=Mode.ENCRYPT_EXTERNAL, trigger_words=("vertrouwelijk",))
    assert forbid.excuses(Basis.CALIBRATION)
    assert not forbid.excuses(LABELS)
    assert not encrypt.excuses(Basis.CALIBRATION)
