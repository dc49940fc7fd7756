"""What comes after a first letter: a reminder, a thank-you; and the letter about a waiver that ends."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import pytest

from mailbot.letters.render import TomlLetters
from mailbot.letters.style import sentences, words
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.errors import LetterRefused
from mailbot.model.letters import Letter, LetterKind, Mail
from mailbot.model.verdicts import Kind, Shown
from mailbot.rules import Tells, registry
from tests.letters.cases import CASES, Case

Render = Callable[[Letter], Mail]
REMINDERS = [case for case in CASES if case.kind is LetterKind.REMINDER]
THANKS = [case for case in CASES if case.kind is LetterKind.THANKS]


def by_name(case: Case) -> str:
    return case.name


def length(letters: TomlLetters, letter: Letter) -> int:
    return sum(len(words(part)) for part in letters.document(letter).core)


@pytest.mark.parametrize("reminder", REMINDERS, ids=by_name)
def test_a_reminder_is_shorter_than_the_first_letter(reminder: Case, post_help: TomlLetters) -> None:
    letter = reminder.letter()
    assert length(post_help, letter) < length(post_help, replace(letter, kind=LetterKind.NUDGE))


@pytest.mark.parametrize("reminder", REMINDERS, ids=by_name)
def test_a_reminder_is_on_the_same_topic_offers_help_and_the_way_out(reminder: Case, render: Render) -> None:
    letter = reminder.letter()
    mail = render(letter)
    assert mail.subject == render(replace(letter, kind=LetterKind.NUDGE)).subject
    below, before, way_out = {
        Language.NL: ("Over dit bericht", "hier eerder over", "bezwaar maken"),
        Language.EN: ("About this message", "about this before", "may object"),
    }[reminder.language]
    letter_itself = mail.text.partition(below)[0]
    for said in (before, way_out, "de servicedesk, telefoon 14 0123"):
        assert said in letter_itself


@pytest.mark.parametrize("kind", [LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.HINT])
def test_only_the_last_letter_before_the_rest_says_so(
    kind: LetterKind, delegates_letter: Letter, render: Render
) -> None:
    said = "Dit vragen we je voorlopig niet meer. We laten het een tijd rusten."
    letter = replace(delegates_letter, kind=kind)
    assert said not in render(letter).text
    assert said not in render(replace(letter, shown={**letter.shown, "last": False})).text
    assert said in render(replace(letter, shown={**letter.shown, "last": True})).text


@pytest.mark.parametrize("thanks", THANKS, ids=by_name)
def test_thanks_are_three_sentences_and_ask_nothing(thanks: Case, post_help: TomlLetters) -> None:
    document = post_help.document(thanks.letter())
    *said, _regards = document.core[1:]
    assert sum(len(sentences(part)) for part in said) == 3
    assert all(block.block == "paragraph" for block in document.blocks)
    assert not any("waarschuwing" in part or "warning" in part for part in document.rest)


def test_thanks_need_no_value_of_a_verdict_that_has_none(
    post_help: TomlLetters, quota_letter: Letter
) -> None:
    assert post_help.document(replace(quota_letter, kind=LetterKind.THANKS, shown={})).blocks


def test_thanks_say_nothing_of_an_article_that_may_have_gone(
    texts: LetterTexts, letters_with: Callable[..., TomlLetters], quota_letter: Letter
) -> None:
    letters = letters_with(texts, norms={})
    assert letters.document(replace(quota_letter, kind=LetterKind.THANKS, shown={})).remarks


def test_every_rule_that_tells_people_has_its_letters(post_help: TomlLetters) -> None:
    made = {(case.topic, case.kind, case.language) for case in CASES}
    for rule in registry().values():
        for language in Language:
            found = {kind for topic, kind, of in made if topic == rule.id and of is language}
            if rule.tells is not Tells.PERSON:
                assert not found
            elif rule.kind is Kind.EVENT:
                assert found == {LetterKind.NUDGE}
            else:
                assert {LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.THANKS} <= found


def waiver_letter(more: Mapping[str, Shown], language: Language = Language.NL) -> Letter:
    letter = next(case for case in CASES if case.name == f"waiver.{language.value}").letter()
    return replace(letter, shown={**letter.shown, **more})


def test_a_waiver_letter_tells_what_until_when_and_how_to_prolong(render: Render) -> None:
    text = render(waiver_letter({})).text
    for fact in (
        "Onderwerp: Ruimte in de postbus",
        "Begonnen op: maandag 8 juni",
        "Laatste dag: maandag 7 december",
        "Daarna geldt de afspraak weer",
        "Vraag de beheerder om verlenging.",
        "Een postbus is hoogstens 5 GB.",
        "artikel 4.5",
    ):
        assert fact in text


def test_a_persons_mailbox_is_not_named_even_if_the_order_would(render: Render) -> None:
    mail = render(waiver_letter({"named": False, "mailbox": "fatma@voorbeeld.example"}))
    assert "fatma" not in mail.text + mail.html
    assert (
        "burgerzaken@voorbeeld.example"
        in render(waiver_letter({"named": True, "mailbox": "burgerzaken@voorbeeld.example"})).text
    )


@pytest.mark.parametrize(
    ("rule", "language", "called"),
    [
        ("leaver", Language.NL, "Vertrek van een collega"),
        ("out_of_office", Language.EN, "Automatic reply"),
        ("toy", Language.NL, "toy"),
    ],
)
def test_the_topic_of_a_waiver_has_the_name_that_people_know(
    rule: str, language: Language, called: str, render: Render
) -> None:
    assert f": {called}\n" in render(waiver_letter({"rule": rule}, language)).text


def test_a_waiver_of_a_rule_without_article_still_has_its_letter(render: Render) -> None:
    text = render(waiver_letter({"rule": "leaver"})).text
    assert "Jij staat vermeld als verantwoordelijke." in text
    assert "artikel" not in text


@pytest.mark.parametrize("hole", ["rule", "since", "until", "named"])
def test_a_waiver_letter_with_a_hole_in_it_is_not_made(hole: str, render: Render) -> None:
    letter = waiver_letter({})
    shown = {name: value for name, value in letter.shown.items() if name != hole}
    with pytest.raises(LetterRefused, match=hole):
        render(replace(letter, shown=shown))


def test_a_named_waiver_needs_its_mailbox(render: Render) -> None:
    with pytest.raises(LetterRefused, match="mailbox"):
        render(waiver_letter({"named": True}))
    with pytest.raises(LetterRefused, match="until"):
        render(waiver_letter({"until": "2026-12-07"}))
    assert render(waiver_letter({"until": date(2027, 1, 4)})).text.count("maandag 4 januari 2027") == 1


def test_several_waivers_are_told_of_in_one_letter_that_names_none(render: Render) -> None:
    mail = render(waiver_letter({"several": True, "waivers": 3, "mailbox": "fatma@voorbeeld.example"}))
    assert "Aantal: 3" in mail.text
    assert "De eerste eindigt op: maandag 7 december" in mail.text
    assert "fatma" not in mail.text + mail.html


def test_a_tip_about_a_folder_cites_no_article_on_something_else(
    delegates_letter: Letter, render: Render
) -> None:
    hint = render(replace(delegates_letter, kind=LetterKind.HINT)).text
    assert "artikel 4.8" in render(delegates_letter).text
    assert "artikel 4.8" not in hint
    assert "Daarbij zagen we dit." in hint
