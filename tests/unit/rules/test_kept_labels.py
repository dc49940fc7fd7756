"""What is kept of labelled mail between sweeps, and what makes it worth nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from mailbot.casefiles.notation import ZONE
from mailbot.model.secure_mail import (
    ClientCalibration,
    Gateway,
    Marker,
    MarkerKind,
    SecureMail,
    TrustedDomain,
)
from mailbot.model.sent import Evidence, Reach, Recipient, SentItem, SentLabel, Strength
from mailbot.model.worktime import ClosedDays, WorkCalendar
from mailbot.rules.mail.lexicon import lexicon
from mailbot.rules.mail.sent_label import SentLabelRedactor

MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)
REVIEW = date(2026, 12, 1)
RELAY = Marker(MarkerKind.HEADER, "zivver-relay")
SECURE = SecureMail(
    clients=(ClientCalibration("Outlook", (RELAY,)),),
    review_by=date(2027, 3, 1),
    approved=date(2026, 9, 1),
    labels={"11111111-2222-3333-4444-555555555555": True},
    trusted=(TrustedDomain("partner.example", "tls", "CISO", REVIEW, approved=date(2026, 9, 1)),),
    gateway=Gateway("poort", "CISO", REVIEW, approved=date(2026, 11, 30)),
)
REDACTOR = SentLabelRedactor(
    lexicon(("vertrouwelijk",), ()),
    date(2026, 11, 9),
    ("voorbeeld.example",),
    SECURE,
    WorkCalendar(MONDAY, ZONE, ClosedDays({})),
)
GUID = "11111111-2222-3333-4444-555555555555"


def on(day: date) -> SentLabelRedactor:
    now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    return replace(REDACTOR, calendar=replace(REDACTOR.calendar, now=now))


@pytest.mark.parametrize(
    "other",
    [
        replace(REDACTOR, words=lexicon(("vertrouwelijk", "geheim"), ())),
        replace(REDACTOR, words=lexicon(("vertrouwelijk",), ("casus",))),
        replace(REDACTOR, own=("voorbeeld.example", "deelgemeente.example")),
        replace(REDACTOR, partners_inside=True),
        replace(REDACTOR, secure_mail=replace(SECURE, labels={GUID: False})),
        replace(REDACTOR, secure_mail=replace(SECURE, clients=())),
        replace(REDACTOR, secure_mail=replace(SECURE, approved=date(2026, 11, 10))),
        replace(REDACTOR, secure_mail=replace(SECURE, trusted=())),
        replace(REDACTOR, secure_mail=replace(SECURE, gateway=None)),
        replace(
            REDACTOR,
            secure_mail=replace(SECURE, trusted=(replace(SECURE.trusted[0], approved=date(2026, 11, 11)),)),
        ),
        replace(
            REDACTOR, secure_mail=replace(SECURE, trusted=(replace(SECURE.trusted[0], subdomains=True),))
        ),
    ],
    ids=[
        *("labels", "hands-off words", "domains", "partners", "sensitivity labels", "calibration"),
        *("approval", "trust", "gateway", "approval of trust", "subdomains"),
    ],
)
def test_answers_are_kept_only_under_the_same_terms(other: SentLabelRedactor) -> None:
    assert other.keeping.fingerprint != REDACTOR.keeping.fingerprint


def test_the_same_terms_have_the_same_fingerprint_whatever_their_order() -> None:
    same = replace(REDACTOR, words=lexicon(("vertrouwelijk",), ()), own=frozenset(REDACTOR.own))
    assert same.keeping.fingerprint == REDACTOR.keeping.fingerprint


def test_a_new_day_changes_nothing_until_a_review_date_has_passed() -> None:
    """Those of the gateway and the trusted domain, and later that of the calibration."""
    days = [MONDAY.date() + timedelta(days=number) for number in range(120)]
    prints = [on(day).keeping.fingerprint for day in days]
    changes = [
        day for day, before, after in zip(days[1:], prints, prints[1:], strict=False) if before != after
    ]
    assert changes == [date(2026, 12, 2), date(2027, 3, 2)]


def test_while_the_fingerprint_stays_so_does_the_answer() -> None:
    """Of mail of every day in view, to every kind of place, marked and unmarked, under either norm."""
    sent = [MONDAY - timedelta(days=number) for number in range(14)]
    places = ("a@partner.example", "a@elders.example", "a@voorbeeld.example", None)
    items = [
        SentItem("Vertrouwelijk: stuk", sent=moment, recipients=(Recipient(place),), headers=headers)
        for moment, place, headers in product(sent, places, ({}, {"zivver-relay": "ja"}))
    ]
    told: dict[str, list[SentLabel | None]] = {}
    for number, partners in product(range(0, 120, 4), (False, True)):
        redactor = replace(on(MONDAY.date() + timedelta(days=number)), partners_inside=partners)
        answers = [redactor.redact(item) for item in items]
        assert told.setdefault(redactor.keeping.fingerprint, answers) == answers
    assert len(told) == 6


def test_every_answer_is_read_as_it_was_written() -> None:
    keeping = REDACTOR.keeping
    for strength, reach, evidence in product(Strength, Reach, Evidence):
        label = SentLabel(strength, reach, evidence, date(2026, 11, 16))
        assert keeping.read(keeping.write(label)) == label
        assert keeping.settled(label) == (reach is not Reach.UNCLEAR)


@pytest.mark.parametrize(
    "text", ["", "KANARIE", "strong external plain", "strong external plain gisteren", "1 2 3 2026-11-16"]
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        REDACTOR.keeping.read(text)


@pytest.mark.parametrize(
    ("item_class", "expected"),
    [("IPM.Note", True), ("IPM.Note.SMIME", True), ("", True), ("IPM.Schedule.Meeting.Request", False)],
)
def test_only_mail_is_a_reason_to_search(item_class: str, expected: bool) -> None:
    assert REDACTOR.keeping.reads(item_class) is expected
