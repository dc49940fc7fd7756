"""Subjects: prefixes, normalisation, the place of a label, and the words of another municipality."""

import sys

import pytest

from mailbot.casefiles.sent import matches
from mailbot.model.sent import SubjectSearch
from mailbot.rules.mail.label_words import HANDS_OFF
from mailbot.rules.mail.lexicon import CUT_AT, Reading, lexicon
from mailbot.rules.mail.subject_prefixes import LONGEST, bare, clean, is_mail
from mailbot.rules.mail.typos import distance

HUIZEN = lexicon(("vertrouwelijk",), ("persoonlijk", "privé", "prive"))
WITH_SECRET = lexicon(("vertrouwelijk", "geheim"), ())
ONLY_SECRET = lexicon(("strikt geheim",), ())


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("vertrouwelijk", "vertrouwelijk", 0),
        ("vertouwelijk", "vertrouwelijk", 1),  # left out
        ("vertrouwelijjk", "vertrouwelijk", 1),  # doubled
        ("vertrouwleijk", "vertrouwelijk", 1),  # swapped, not two replaced
        ("vertrouwelijl", "vertrouwelijk", 1),  # replaced
        ("vertouwlijk", "vertrouwelijk", 2),
        ("vertrouwd", "vertrouwelijk", 3),  # more than two is told as three
        ("", "vertrouwelijk", 3),
    ],
)
def test_slips_are_counted_up_to_two(one: str, other: str, steps: int) -> None:
    assert distance(one, other, 2) == distance(other, one, 2) == steps


@pytest.mark.parametrize("word", ["vertr0uwelijk", "vertouwelijk", "vertrouwelijke", "vertouwelijke"])
def test_long_words_are_read_with_their_slips(word: str) -> None:
    assert HUIZEN.read(f"{word}: stuk") is Reading.STRONG


@pytest.mark.parametrize(
    "word",
    [
        "vertrouweling",
        "vertrouwelijker",
        "vertrouwelijkst",
        "vervrouwelijkt",
        "vertrouwelijkheid",
        "vertruwen",
    ],
)
def test_words_of_their_own_are_no_slips(word: str) -> None:
    assert HUIZEN.read(f"{word}: stuk") is Reading.NONE


def test_short_words_are_never_taken_for_a_misspelt_abbreviation() -> None:
    assert HUIZEN.read("vetr.: stuk") is Reading.NONE
    assert HUIZEN.read("Vertrek: 8 uur") is Reading.NONE


def test_prefixes_are_stripped_as_often_as_there_are_any() -> None:
    assert bare("RE: FW: [EXT] AW: Antw: RE[2]: stuk").text == "stuk"
    assert bare("Regeling: stuk").text == "Regeling: stuk"
    assert bare("").text == ""


def test_an_answer_of_a_program_is_known_by_its_first_prefix() -> None:
    assert bare("Geaccepteerd: overleg").machine
    assert not bare("RE: Geaccepteerd: overleg").machine
    assert not bare("Gelezen en akkoord: overleg").machine


@pytest.mark.parametrize(
    "item_class",
    [
        "IPM.Schedule.Meeting.Request",
        "ipm.schedule.meeting.resp.pos",
        "REPORT.IPM.Note.NDR",
        "IPM.Note.Rules.OofTemplate.Microsoft",
        "IPM.Outlook.Recall",
    ],
)
def test_what_no_person_wrote_as_a_mail_is_known_by_its_class(item_class: str) -> None:
    assert not is_mail(item_class)


@pytest.mark.parametrize("item_class", ["IPM.Note", "IPM.Note.SMIME", "IPM.Note.Zivver", "", "IPM.Reportage"])
def test_other_classes_are_mail(item_class: str) -> None:
    assert is_mail(item_class)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Ver\u200btrou\u00adwelijk", "Vertrouwelijk"),
        ("\u202eVertrouwelijk\u202c", "Vertrouwelijk"),
        ("Vertrouwelĳk", "Vertrouwelijk"),
        ("privé", "prive"),
        ("een\u00a0\t\r\n twee", "een twee"),
        ("a – b — c − d", "a - b - c - d"),
        ("=?utf-8?Q?Priv=C3=A9?=", "Prive"),
        ("=?utf-8?B?VmVydHJvdXdlbGlqaw==?=", "Vertrouwelijk"),
        ("=?utf-8?Q?ver?= =?utf-8?Q?trouwelijk?=", "vertrouwelijk"),
        ("=?utf-8*nl?q?ver_trouwelijk?=", "ver trouwelijk"),
    ],
)
def test_a_subject_is_read_as_a_person_sees_it(written: str, meant: str) -> None:
    assert clean(written) == meant


@pytest.mark.parametrize(
    "broken", ["=?utf-8?B?!!!?=", "=?nix-1?Q?a?=", "=?utf-8?Q?=FF?=", "=?utf-8?Q?a", "=?=?="]
)
def test_a_broken_encoding_stays_as_it_is(broken: str) -> None:
    assert clean(broken) == broken
    assert HUIZEN.read(f"Vertrouwelijk: {broken}") is Reading.STRONG


def test_nothing_is_looked_at_beyond_the_length_that_any_person_writes() -> None:
    assert HUIZEN.read("a " * LONGEST + "(vertrouwelijk)") is Reading.NONE


def test_the_last_word_of_a_subject_that_was_cut_may_go_on() -> None:
    """A listing shows 255 characters; "vertrouwelijkheid" may be what stood there."""
    long = ("stuk " * 100)[: CUT_AT - len(" - vertrouwelijk")] + " - vertrouwelijk"
    assert len(long) == CUT_AT
    assert HUIZEN.read(long) is Reading.WEAK
    assert HUIZEN.read(long[1:]) is Reading.STRONG
    assert HUIZEN.read(f"Vertrouwelijk: {long}") is Reading.STRONG


def test_a_negation_counts_within_two_words_before_the_label() -> None:
    assert HUIZEN.read("Stuk niet meer (vertrouwelijk)") is Reading.NONE
    assert HUIZEN.read("Niet dit ene stuk (vertrouwelijk)") is Reading.STRONG
    assert HUIZEN.read("Dossier niet zeer strikt vertrouwelijk") is Reading.NONE


def test_a_dash_within_a_word_sets_nothing_apart() -> None:
    assert HUIZEN.read("Het vertrouwelijk-stempel zoeken") is Reading.WEAK
    assert HUIZEN.read("Het stuk - vertrouwelijk - graag lezen") is Reading.STRONG


def test_a_bare_word_may_be_an_adjective() -> None:
    """At the beginning, at the end and in the middle alike; what stands alone is a label."""
    assert HUIZEN.read("Vertrouwelijke stukken in het systeem: zo werkt het") is Reading.WEAK
    assert HUIZEN.read("Dossier twaalf vertrouwelijk") is Reading.WEAK
    assert HUIZEN.read("Het stuk vertrouwelijk - graag lezen") is Reading.WEAK
    assert HUIZEN.read("Dossier twaalf - vertrouwelijk") is Reading.STRONG
    assert HUIZEN.read("Vertrouwelijk") is Reading.STRONG


def test_before_one_document_a_bare_word_is_a_label() -> None:
    assert HUIZEN.read("Vertrouwelijk bod") is Reading.STRONG
    assert HUIZEN.read("Vertrouwelijke bijlage bij brief 2026-3391") is Reading.WEAK
    assert HUIZEN.read("Vertrouwelijk dossier opgevraagd door advocaat") is Reading.WEAK


def test_a_mark_that_is_spoken_of_is_no_label() -> None:
    assert HUIZEN.read("[Vertrouwelijk] werkt niet") is Reading.WEAK
    assert HUIZEN.read("(Vertrouwelijk) als standaardtekst") is Reading.WEAK
    assert HUIZEN.read("Deels vertrouwelijk: evaluatie") is Reading.WEAK


@pytest.mark.parametrize(
    "answer", ["n.v.t.", "niet", "geen", "niet van toepassing", "wel of niet", "ja", "n/a", "nog onbekend"]
)
def test_an_answer_behind_the_word_makes_an_entry_of_a_form_of_it(answer: str) -> None:
    for subject in (f"Vertrouwelijk: {answer}", f"Vertrouwelijk - {answer}", f"[Vertrouwelijk] {answer}"):
        assert HUIZEN.read(subject) is Reading.WEAK


def test_an_order_behind_the_label_is_no_answer() -> None:
    assert HUIZEN.read("Vertrouwelijk: niet doorsturen") is Reading.STRONG
    assert HUIZEN.read("Vertrouwelijk - geen kopie maken, niet verspreiden svp") is Reading.WEAK


def test_an_entry_of_a_form_and_a_title_are_no_labels() -> None:
    assert HUIZEN.read("Status: vertrouwelijk") is Reading.WEAK
    assert HUIZEN.read("Film: Strikt Vertrouwelijk") is Reading.WEAK
    assert HUIZEN.read("Strikt vertrouwelijk - de musical") is Reading.WEAK


@pytest.mark.parametrize(
    "subject",
    [
        "Vertr: 10:15",
        "Re: Vertr.: 8:15 Utrecht",
        "Vluchtgegevens (vertr) 12 december",
        "Vertr: Schiphol",
        "Spoor 5 (vertr)",
    ],
)
def test_the_abbreviation_beside_a_time_or_a_journey_may_be_a_departure(subject: str) -> None:
    assert HUIZEN.read(subject) is Reading.WEAK
    assert HUIZEN.read("Vertr.: dossier zes") is Reading.STRONG


def test_how_to_set_the_mark_is_no_label() -> None:
    assert HUIZEN.read("VERTROUWELIJK erboven zetten kan automatisch") is Reading.WEAK
    assert HUIZEN.read("(Vertrouwelijk) in kop plaatsen") is Reading.WEAK
    assert HUIZEN.read("[Vertrouwelijk] vervalt per 1 december") is Reading.WEAK


def test_capitals_set_a_word_apart_only_at_an_end_and_where_the_rest_is_not_in_capitals() -> None:
    assert HUIZEN.read("VERTROUWELIJK stuk zes") is Reading.STRONG
    assert HUIZEN.read("Hierbij stuk zes VERTROUWELIJK") is Reading.STRONG
    assert HUIZEN.read("Hierbij VERTROUWELIJK stuk zes") is Reading.WEAK
    assert HUIZEN.read("HIERBIJ STUK ZES VERTROUWELIJK") is Reading.WEAK


def test_secret_is_a_label_only_where_the_norm_says_so() -> None:
    assert HUIZEN.read("Geheim: bod") is Reading.HANDS_OFF
    assert WITH_SECRET.read("Geheim: bod") is Reading.STRONG
    assert WITH_SECRET.read("Geheime stukken (geheim)") is Reading.STRONG
    assert WITH_SECRET.read("Geheimhouding: raad") is Reading.NONE


def test_a_label_of_two_words_is_one_label() -> None:
    assert ONLY_SECRET.read("Strikt geheim: bod") is Reading.STRONG
    assert ONLY_SECRET.read("Geheim: bod") is Reading.NONE
    assert ONLY_SECRET.read("Vertrouwelijk: bod") is Reading.NONE


def test_the_server_leaves_out_long_hands_off_words_and_never_a_label() -> None:
    assert {"persoonlijk", "private", "medisch", "geheim"} <= set(HUIZEN.left_out)
    assert not {"prive", "privé", "or", "p.v."} & set(HUIZEN.left_out)
    for words in (WITH_SECRET, ONLY_SECRET):
        assert "geheim" not in words.left_out
        assert matches(SubjectSearch(words.fragments, words.left_out), "Strikt geheim: bod")


@pytest.mark.parametrize("word", HANDS_OFF)
def test_every_hands_off_word_outweighs_the_label(word: str) -> None:
    assert HUIZEN.read(f"Vertrouwelijk: {word}") is Reading.HANDS_OFF
    assert HUIZEN.read(f"VERTROUWELIJK {word.upper()}") is Reading.HANDS_OFF


def test_a_hands_off_word_inside_another_word_is_none() -> None:
    assert HUIZEN.read("Vertrouwelijk: opdracht orthopedie") is Reading.STRONG


def test_a_word_without_letters_is_refused() -> None:
    with pytest.raises(ValueError, match="letter"):
        lexicon(("!?",), ())


def steps(subject: str) -> int:
    """How many calls it takes to read a subject."""
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    sys.setprofile(count)
    try:
        HUIZEN.read(subject)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize(
    "piece",
    [
        "het vertrouwelijke ",
        "vertouwlijka ",
        "strikt ",
        "v e r t r o u w e l i j k ",
        "RE: ",
        "[a]",
        "((",
        "a ",
    ],
)
def test_a_subject_four_times_as_long_takes_some_four_times_the_steps(piece: str) -> None:
    short, long = (steps("het " + (piece * LONGEST)[:length]) for length in (LONGEST // 4 - 4, LONGEST - 4))
    assert long <= 5 * short
