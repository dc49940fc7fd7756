"""What a letter is made of, and what the machinery of mail must know about it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mailbot.letters.render import TomlLetters
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.errors import LetterRefused
from mailbot.model.ids import Address, LetterId
from mailbot.model.letter_code import letter_code, same_code
from mailbot.model.letters import Letter, LetterKind, Mail

Render = Callable[[Letter], Mail]


def test_no_machine_answers_a_letter_and_no_delegate_sees_a_private_one(
    quota_letter: Letter, render: Render
) -> None:
    assert render(quota_letter).headers == {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": "<postbushulp.voorbeeld.example>",
        "Sensitivity": "Private",
        "Content-Language": "nl",
    }


def test_the_same_letter_is_the_same_mail_for_ever(case: Any, render: Render) -> None:
    assert render(case.letter()) == render(case.letter())


def test_the_caller_decides_id_and_moment(quota_letter: Letter, post_help: TomlLetters) -> None:
    at = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    mail = post_help.render(quota_letter, "<x@voorbeeld.example>", quota_letter.to.address, at)
    assert (mail.key, mail.message_id, mail.date) == (quota_letter.id, "<x@voorbeeld.example>", at)
    assert mail.to == quota_letter.to.address


def test_an_absence_without_known_end_claims_no_last_day(absence_letter: Letter, render: Render) -> None:
    assert "vrijdag 11 december" in render(absence_letter).text
    open_end = replace(absence_letter, shown={**absence_letter.shown, "open_end": True})
    mail = render(open_end)
    assert "dinsdag 24 november" in mail.text
    for part in (mail.text, mail.html):
        assert "11 december" not in part
        assert "Laatste dag" not in part


@pytest.mark.parametrize("open_end", [False, True])
@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("reply_set", "al ingesteld, maar niet voor je hele afwezigheid"),
        ("reply_empty", "al ingesteld, maar zegt nog niets"),
    ],
)
def test_who_has_set_a_reply_is_not_told_that_it_is_off(
    flag: str, said: str, open_end: bool, absence_letter: Letter, render: Render
) -> None:
    assert "staat nog niet aan" in render(absence_letter).text
    text = render(
        replace(absence_letter, shown={**absence_letter.shown, flag: True, "open_end": open_end})
    ).text
    assert said in text
    assert "staat nog niet aan" not in text
    assert "Zet het antwoord aan" not in text
    assert ("Laatste dag" in text) is not open_end


@pytest.mark.parametrize("flag", ["open_end", "reply_set", "reply_empty", "hold"])
def test_whose_working_days_nobody_knows_hears_what_was_assumed(
    flag: str, absence_letter: Letter, render: Render
) -> None:
    assumed = "We weten je werkdagen niet. We gingen uit van maandag tot en met vrijdag."
    assert assumed not in render(absence_letter).text
    letter = replace(absence_letter, shown={**absence_letter.shown, "days_assumed": True, flag: True})
    assert assumed in render(replace(letter, hold=flag == "hold")).text


def test_under_hold_the_steps_are_an_offer(quota_letter: Letter, render: Render) -> None:
    held = render(replace(quota_letter, hold=True)).text
    assert "Wat kun je doen?" in held
    assert "Zo doe je dat" not in held


def test_who_was_looked_at_hears_on_which_days_and_why_that_may(quota_letter: Letter, render: Render) -> None:
    days = (date(2026, 11, 20), date(2026, 11, 19), date(2026, 11, 20))
    text = render(replace(quota_letter, looked_at=days)).text
    assert "Dat gebeurde op donderdag 19 november en vrijdag 20 november." in text
    assert "Dat mag alleen met een reden." in text
    assert "naar je gegevens gekeken" not in render(quota_letter).text


def test_a_notice_about_looking_says_so_once(render: Render, quota_letter: Letter) -> None:
    notice = replace(
        quota_letter, topic="explain", kind=LetterKind.NOTICE, shown={}, looked_at=(date(2026, 11, 19),)
    )
    assert render(notice).text.count("donderdag 19 november") == 1


def test_a_test_letter_says_so_and_names_nobody(
    quota_letter: Letter, digest_letter: Letter, post_help: TomlLetters
) -> None:
    tester = Address("test@voorbeeld.example")
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    for letter in (quota_letter, digest_letter):
        mail = post_help.render(replace(letter, redirected=True), "<x@voorbeeld.example>", tester, at)
        assert mail.to == tester
        assert mail.to_name == ""
        assert mail.subject.startswith("Test: ")
        assert "Dit is een testbericht." in mail.text
        for name in ("Jan-Willem", "Dekker", "Sanne", "Pieter"):
            assert name not in mail.subject + mail.text + mail.html


def test_the_helpdesk_finds_a_letter_by_its_code(quota_letter: Letter, render: Render) -> None:
    code = letter_code(quota_letter.id)
    assert code in render(quota_letter).text
    assert same_code(f" {code.lower().replace('-', '')} ", quota_letter.id)
    assert not same_code(code, LetterId("letter-8"))


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"size_bytes": 1},
        {"size_bytes": "6 GB", "limit_bytes": 1},
        {"size_bytes": True, "limit_bytes": 1},
        {"size_bytes": -1, "limit_bytes": 1},
    ],
)
def test_a_letter_with_a_hole_in_it_is_not_made(shown: Any, quota_letter: Letter, render: Render) -> None:
    with pytest.raises(LetterRefused, match="_bytes"):
        render(replace(quota_letter, shown=shown))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"topic": "leaver"}, "no text for a nudge on leaver"),
        ({"kind": LetterKind.HINT}, "no text for a hint on quota"),
        ({"topic": "explain", "kind": LetterKind.NOTICE}, "looked_days"),
    ],
)
def test_a_letter_that_nobody_wrote_is_not_made(
    changes: Any, why: str, quota_letter: Letter, render: Render
) -> None:
    with pytest.raises(LetterRefused, match=why):
        render(replace(quota_letter, **changes))


def test_a_rule_without_article_gets_no_letter(texts: LetterTexts, quota_letter: Letter) -> None:
    letters = TomlLetters(
        texts,
        organisation="Gemeente Voorbeeld",
        sender=Address("postbushulp@voorbeeld.example"),
        sender_name="Postbushulp",
        contact="toestel 1400",
        intranet_word="postbushulp",
        norms=lambda _day: {},
    )
    with pytest.raises(LetterRefused, match="norm"):
        letters.document(quota_letter)


def test_a_new_rule_needs_one_text_file_per_language(
    own_texts: Path, quota_letter: Letter, letters_with: Callable[[LetterTexts], TomlLetters]
) -> None:
    for language, word in (("nl", "berichten"), ("en", "messages")):
        (own_texts / language / "toy.toml").write_text(
            f"""
            name = "Toy"
            [placeholders]
            unread = "number"
            [nudge]
            subject = "Toy"
            heading = "Toy"
            opening = ["{{{{ unread }}}} {word}"]
            [nudge.about.why]
            lead = "Why?"
            text = "A toy."
            """
        )
    letters = letters_with(LetterTexts.load(own_texts))
    assert "toy" in letters.topics()
    toy = replace(quota_letter, topic="toy", shown={"unread": 1234})
    assert "1.234 berichten" in letters.document(toy).text()
    english = replace(toy, to=replace(toy.to, language=Language.EN))
    assert "1,234 messages" in letters.document(english).text()
