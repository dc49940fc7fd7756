"""Texts belong to the municipality. What is wrong in them is told at once, by file and key, with the mend."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2.exceptions import SecurityError

from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.errors import SettingsRefused

Change = Callable[[str, str, str], None]


@pytest.fixture
def change(own_texts: Path) -> Change:
    """Replace one piece of one text file, which must be there."""

    def do(file: str, old: str, new: str) -> None:
        path = own_texts / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return do


def found(folder: Path) -> list[tuple[str, str, str]]:
    return [(problem.file, problem.where, problem.found) for problem in LetterTexts.check(folder)[1]]


def test_the_shipped_texts_are_whole(own_texts: Path) -> None:
    assert found(own_texts) == []


def test_a_municipality_changes_a_text_and_that_is_all(own_texts: Path, change: Change) -> None:
    change("nl/quota.toml", "De ruimte in je postbus", "Post over je postbus")
    nudge = LetterTexts.load(own_texts).topics["quota"][Language.NL].nudge
    assert nudge is not None
    assert nudge.subject == "Post over je postbus"


def test_a_language_that_lacks_a_topic_is_named(own_texts: Path) -> None:
    (own_texts / "en" / "quota.toml").unlink()
    (own_texts / "en" / "common.toml").unlink()
    assert found(own_texts) == [
        ("letters/en/common.toml", "file", "nothing"),
        ("letters/en/quota.toml", "file", "nothing"),
    ]


def test_a_language_that_lacks_a_letter_is_named(own_texts: Path) -> None:
    with (own_texts / "nl" / "quota.toml").open("a") as file:
        file.write('[hint]\nsubject = "Een tip"\nheading = "Een tip"\n')
    assert found(own_texts) == [("letters/en/quota.toml", "hint", "nothing")]


def test_placeholders_are_the_same_in_every_language(own_texts: Path, change: Change) -> None:
    change("en/quota.toml", 'limit_bytes = "bytes"', 'limit_bytes = "number"')
    assert found(own_texts) == [
        ("letters/nl/quota.toml", "placeholders.limit_bytes", '"bytes"'),
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "what"),
    [
        ("nl/quota.toml", "{{ size_bytes }}", "{{ size }}", "nudge.facts.1.value", "{{ size }}"),
        ("nl/quota.toml", "{{ where }}", "{{ wher }}", "figures.none", "{{ wher }}"),
        ("nl/quota.toml", "{{ code }}", "{{ code", "nudge.when.hold.steps.2", "expected name"),
        ("nl/quota.toml", "[nudge.when.hold]", "[nudge.when.held]", "nudge.when.held", "no such flag"),
        ("nl/quota.toml", 'heading = "Je postbus kan', 'kop = "Je postbus kan', "nudge.heading", "nothing"),
        ("nl/quota.toml", 'heading = "Je postbus kan', 'kop = "Je postbus kan', "nudge.kop", "another key"),
        ("nl/explain.toml", "[notice.about.why]", "[notice.about.wy]", "notice.about.wy", "no such remark"),
        ("nl/common.toml", "{{ norm }}", "{{ norms }}", "about.why.text", "{{ norms }}"),
        ("nl/digest.toml", "[parts]", "[part]", "part", "another key"),
        (
            "nl/out_of_office.toml",
            'open_end = "flag"',
            'code = "text"',
            "placeholders.code",
            "every letter has",
        ),
        (
            "nl/out_of_office.toml",
            'first_day = "date"',
            'first_day = "day"',
            "placeholders.first_day",
            "word",
        ),
        ("nl/quota.toml", "name = ", "name == ", "file", "line 2"),
    ],
)
def test_every_kind_of_mistake_is_named(
    own_texts: Path, change: Change, file: str, old: str, new: str, where: str, what: str
) -> None:
    change(file, old, new)
    problems = found(own_texts)
    assert any(f == f"letters/{file}" and w == where and what in text for f, w, text in problems), problems


def test_a_fifth_step_is_too_much(own_texts: Path, change: Change) -> None:
    change("nl/quota.toml", '  "Verwijder wat', '  "Nog een stap.",\n  "Verwijder wat')
    assert found(own_texts) == [("letters/nl/quota.toml", "nudge.steps", "more")]


@pytest.mark.parametrize(
    ("file", "old", "new", "where"),
    [
        ("nl/quota.toml", "Laat al je berichten gewoon staan.", "Verwijder niets.", "nudge.paragraphs.1"),
        ("nl/out_of_office.toml", "Een reden noemen", "Ruim je postbus op. Een reden", "nudge.closing.1"),
        ("nl/quota.toml", "Grote bijlagen vullen", "Wis oude post. Bijlagen vullen", "tip"),
        ("nl/quota.toml", "Deel een groot bestand", "Gooi grote post weg. Deel", "tip"),
        ("en/common.toml", "We only want to help.", "Delete it if you like.", "about.warning.text"),
        ("en/digest.toml", "It saves everybody searching.", "Tidy up together.", "parts.tips.helper"),
    ],
)
def test_no_text_that_can_reach_a_held_mailbox_says_delete(
    own_texts: Path, change: Change, file: str, old: str, new: str, where: str
) -> None:
    change(file, old, new)
    assert where in {place for f, place, _ in found(own_texts) if f == f"letters/{file}"}


def test_without_its_hold_variant_the_quota_letter_is_refused(own_texts: Path) -> None:
    path = own_texts / "nl" / "quota.toml"
    text = path.read_text(encoding="utf-8")
    variant, rest = text.partition("[nudge.when.hold]")[2].split("[reminder]", 1)
    path.write_text(text.replace(f"[nudge.when.hold]{variant}", ""), encoding="utf-8")
    assert rest
    assert {where for _, where, _ in found(own_texts)} == {"nudge.steps.3", "nudge.steps.4"}


def test_all_mistakes_are_told_in_one_go_with_their_mends(own_texts: Path, change: Change) -> None:
    change("nl/quota.toml", "{{ size_bytes }}", "{{ size }}")
    change("en/explain.toml", "[notice.about.why]", "[notice.about.wy]")
    (own_texts / "en" / "out_of_office.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(SettingsRefused) as refusal:
        LetterTexts.load(own_texts)
    said = str(refusal.value)
    assert said.startswith("4 problems")
    assert len(re.findall(r"^    mend: ", said, re.MULTILINE)) == 4


def test_a_text_can_do_nothing_but_print(
    own_texts: Path, change: Change, letters_with: Callable, quota_letter: object
) -> None:
    change("nl/quota.toml", "De ruimte in je postbus", "{{ name.__class__.__mro__ }}")
    letters = letters_with(LetterTexts.load(own_texts))
    with pytest.raises(SecurityError):
        letters.document(quota_letter)


def test_tips_have_names_that_last(texts: LetterTexts) -> None:
    assert texts.tips == (
        "confidential_external",
        "delegates",
        "digest.helper",
        "digest.leave",
        "out_of_office",
        "quota",
        "signature",
    )
    for name in texts.tips:
        assert texts.tip(name, Language.EN)
    assert texts.tip("gone", Language.NL) is None
    assert texts.tip("digest.gone", Language.NL) is None
