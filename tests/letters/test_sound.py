"""How letters sound: short, plain and friendly, and never "delete" to somebody whose mail must be kept."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailbot.letters.render import NormText, TomlLetters
from mailbot.letters.schema import Shape
from mailbot.letters.style import DELETING, PRESSURE, speaks_of_deleting, style_faults
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.ids import Address, RuleId
from mailbot.model.letters import Letter, LetterKind, Mail
from tests.letters.conftest import house_of


def test_a_letter_is_short_and_plain(case: Any, post_help: TomlLetters, texts: LetterTexts) -> None:
    document = post_help.document(case.letter())
    jargon = texts.common[case.language].jargon
    assert style_faults(document.core, document.rest, jargon) == []


def test_a_letter_neither_presses_nor_asks_to_sign_in(case: Any, render: Callable[[Letter], Mail]) -> None:
    mail = render(case.letter())
    assert PRESSURE[case.language].search(mail.subject + mail.text) is None


def test_a_letter_has_nothing_to_click_on_and_loads_nothing(
    case: Any, render: Callable[[Letter], Mail]
) -> None:
    mail = render(case.letter())
    assert re.search(r"<(a|img|button|form|input|script|link|iframe|svg)\b", mail.html) is None
    assert "url(" not in mail.html
    assert re.findall(r"https?://|www\.", mail.text) == []


def test_a_subject_tells_a_bystander_nothing_bad(case: Any, render: Callable[[Letter], Mail]) -> None:
    subject = render(case.letter()).subject.lower()
    for word in ("groot", "vol", "limiet", "regel", "niet", "large", "full", "limit", "rule", "not", "gb"):
        assert re.search(rf"\b{word}\b", subject) is None


def test_every_letter_greets_its_reader_and_names_the_organisation(
    case: Any, render: Callable[[Letter], Mail]
) -> None:
    mail = render(case.letter())
    assert "Gemeente Voorbeeld" in mail.text
    redirected = case.more.get("redirected", False)
    assert ("Jan-Willem Dekker," in mail.text) is not redirected


def test_every_letter_to_an_employee_says_what_it_is_and_who_sees_it(
    quota_letter: Letter,
    absence_letter: Letter,
    delegates_letter: Letter,
    signature_letter: Letter,
    confidential_letter: Letter,
    render: Callable[[Letter], Mail],
) -> None:
    for letter in (quota_letter, absence_letter, delegates_letter, signature_letter, confidential_letter):
        text = render(letter).text
        for promise in (
            "alleen aan jou",
            "Collega's die jouw postbus mogen openen, kunnen het zien",
            "geen waarschuwing zoals in artikel 11",
            "bezwaar maken",
            "de servicedesk, telefoon 14 0123",
            "'postbushulp'",
            "De afspraak: ",
            "De regeling heet 'E-mailprotocol gemeente Voorbeeld'",
            "Groeten van de Postbushulp",
        ):
            assert promise in text


@pytest.mark.parametrize("language", list(Language))
def test_under_hold_no_letter_speaks_of_deleting(
    case: Any, language: Language, post_help: TomlLetters
) -> None:
    letter = replace(case.letter(), hold=True)
    letter = replace(letter, to=replace(letter.to, language=language))
    document = post_help.document(letter)
    for part in (document.subject, *document.core, *document.rest):
        assert speaks_of_deleting(part, language) is None


def test_what_a_delegate_may_see_names_nobody_and_no_message(texts: LetterTexts) -> None:
    """Whoever may open the mailbox can read its letters: numbers and weeks only, nothing in words."""
    for language in Language:
        for topic in ("delegates", "confidential_external", "signature"):
            assert Shape.TEXT not in texts.topics[topic][language].placeholders.values()


def test_without_hold_the_quota_letter_does_say_how(
    quota_letter: Letter, render: Callable[[Letter], Mail]
) -> None:
    assert "Verwijder wat je niet meer nodig hebt." in render(quota_letter).text


def test_an_article_that_speaks_of_deleting_is_only_cited_under_hold(
    quota_letter: Letter, texts: LetterTexts
) -> None:
    own_words = {Language.NL: "Iedereen ruimt de postbus op.", Language.EN: "Everybody empties the mailbox."}
    regulation = {Language.NL: "het protocol", Language.EN: "the protocol"}
    letters = TomlLetters(
        texts,
        organisation="Gemeente Voorbeeld",
        sender=Address("postbushulp@voorbeeld.example"),
        sender_name="Postbushulp",
        contact="toestel 1400",
        intranet_word="postbushulp",
        norms=lambda _day: {RuleId("quota"): NormText("4.5", regulation, own_words)},
    )
    free = letters.document(quota_letter).text()
    held = letters.document(replace(quota_letter, hold=True)).text()
    assert "Iedereen ruimt de postbus op." in free
    assert "Iedereen ruimt" not in held
    assert "De afspraak staat in artikel 4.5" in held


def test_whom_to_ask_stands_in_every_letter_and_in_no_english_sentence(
    case: Any, post_help: TomlLetters
) -> None:
    """It can be in Dutch there too, so that it stands by itself, after a colon."""
    contact = "de servicedesk, telefoon 14 0123"
    alone = f": {contact}." if case.language is Language.EN else contact
    text = post_help.document(case.letter()).text()
    assert text.count(alone) == text.count(contact) > 0


def test_whom_to_ask_can_be_said_in_english(case: Any, texts: LetterTexts) -> None:
    """Only where somebody wrote it, and in no Dutch letter."""
    english = "the service desk, telephone 14 0123"
    text = house_of(texts, contact_en=english).document(case.letter()).text()
    assert (english in text) == (case.language is Language.EN)
    assert ("de servicedesk" in text) == (case.language is Language.NL)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.NL, "Verwijder oude berichten."),
        (Language.NL, "Ruim je postbus op."),
        (Language.NL, "Maak de map met oude post leeg."),
        (Language.NL, "Gooi weg wat je niet nodig hebt."),
        (Language.NL, "Het wissen van berichten helpt."),
        (Language.EN, "Delete old messages."),
        (Language.EN, "Clean up your mailbox."),
        (Language.EN, "Empty the folder."),
        (Language.EN, "Throw old mail away."),
    ],
)
def test_deleting_is_recognised_in_its_many_forms(language: Language, text: str) -> None:
    assert speaks_of_deleting(text, language) is not None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.NL, "Je postbus kan wel wat ruimte gebruiken."),
        (Language.NL, "Binnenkort weg? Zet je automatische antwoord aan."),
        (Language.NL, "Laat al je berichten gewoon staan."),
        (Language.EN, "Leave all your messages where they are."),
        (Language.EN, "Your mailbox is filling up."),
    ],
)
def test_ordinary_words_are_not_taken_for_deleting(language: Language, text: str) -> None:
    assert speaks_of_deleting(text, language) is None


def test_both_languages_have_their_own_words_for_deleting() -> None:
    assert DELETING.keys() == set(Language)


def test_style_faults_names_what_is_wrong() -> None:
    long = "een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien."
    faults = style_faults(["Middels dit bericht.", long, *["kort genoeg"] * 60], [], ["middels"])
    assert faults == ["139 words; at most 120", f"16 words, at most 15: '{long}'", "jargon: 'middels'"]


def test_kinds_that_are_shipped(texts: LetterTexts) -> None:
    kinds = {topic: by[Language.NL].kinds for topic, by in texts.topics.items()}
    ladder = {LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.THANKS}
    assert kinds == {
        "quota": ladder,
        "out_of_office": {LetterKind.NUDGE},
        "delegates": ladder | {LetterKind.HINT},
        "signature": ladder,
        "confidential_external": {LetterKind.NUDGE},
        "leaver": frozenset(),
        "waiver": {LetterKind.WAIVER},
        "explain": {LetterKind.NOTICE},
        "digest": {LetterKind.DIGEST},
    }
