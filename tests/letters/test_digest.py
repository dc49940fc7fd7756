"""What a digest says, and what it keeps to itself."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import html

from mailbot.engine.figures.encoding import DigestFigures, encode
from mailbot.engine.figures.words import Direction, Extent, Figure, Level, Reach, Word
from mailbot.letters.render import TomlLetters
from mailbot.letters.style import style_faults
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.ids import RuleId
from mailbot.model.letters import Letter, Mail
from tests.letters.digest_cases import FULL

Render = Callable[[Letter], Mail]


def test_the_agenda_of_a_digest_is_in_order_of_day(digest_letter: Letter, render: Render) -> None:
    text = render(digest_letter).text
    assert "Pieter Bakker | vrijdag 13 november\nSanne de Boer | vrijdag 18 december" in text
    assert "vertrekt" not in render(replace(digest_letter, agenda=())).text


def test_a_digest_begins_with_what_was_read(digest_letter: Letter, post_help: TomlLetters) -> None:
    first, *_ = post_help.document(digest_letter).blocks
    assert getattr(first, "text", None) == (
        "Alle of bijna alle postbussen konden we bereiken. We lezen geen berichten."
    )


def test_where_managers_see_no_figures_nothing_is_said_about_figures(
    post_help: TomlLetters, digest_letter: Letter
) -> None:
    bare = replace(digest_letter, shown=encode(DigestFigures(tip="quota")))
    text = post_help.document(bare).text()
    for word in ("cijfer", "Hoe staat het ervoor?", "zagen we"):
        assert word not in text
    assert "Spreek af wie het werk overneemt." in text
    assert "Tip van de week" in text


@pytest.mark.parametrize(
    ("reach", "said"),
    [
        (Reach(Extent.NEARLY_ALL), "Alle of bijna alle postbussen konden we bereiken."),
        (Reach(Extent.TENTHS, 8), "Ongeveer 8 op de 10 postbussen konden"),
        (Reach(Extent.HALF), "De helft of meer van de postbussen konden"),
        (Reach(Extent.LESS), "Minder dan de helft van de postbussen konden"),
    ],
)
def test_coverage_is_said_in_words(reach: Reach, said: str, digest_letter: Letter, render: Render) -> None:
    assert said in render(replace(digest_letter, shown=encode(DigestFigures(reach)))).text


def test_a_share_has_a_bar_that_is_kept_from_screen_readers(digest_letter: Letter, render: Render) -> None:
    figure = Figure(Level.TEAM, Word.SOME, 3)
    shown = encode(DigestFigures(Reach(Extent.NEARLY_ALL), {RuleId("quota"): figure}))
    mail = render(replace(digest_letter, shown=shown))
    assert "Ruimte in de postbus ███░░░░░░░ | Ongeveer 3 op de 10 mensen" in mail.text
    bars = [
        e.text for e in html.document_fromstring(mail.html).iter("span") if e.get("aria-hidden") == "true"
    ]
    assert bars == ["███░░░░░░░"]
    assert "█" not in render(digest_letter).text, "no bar without a share"


def test_where_all_is_well_one_line_stands_for_the_rows(digest_letter: Letter, render: Render) -> None:
    none = {rule: Figure(Level.TEAM, Word.NONE) for rule in (RuleId("quota"), RuleId("delegates"))}
    whole = DigestFigures(Reach(Extent.NEARLY_ALL), none, whole=True)
    text = render(replace(digest_letter, shown=encode(whole))).text
    assert "Goed nieuws: in je team zagen we niets om te regelen." in text
    assert "We keken naar: Postbus delen en Ruimte in de postbus." in text, "of other topics it says nothing"
    assert "Hoe staat het ervoor?" not in text
    part = render(replace(digest_letter, shown=encode(replace(whole, whole=False)))).text
    assert "Goed nieuws" not in part
    assert part.count("in je team") == 2, "a row for each rule"


def test_the_rules_that_most_people_can_improve_come_first_and_not_more_than_fit(
    digest_letter: Letter, render: Render
) -> None:
    said = [Word.NONE, Word.MOST, Word.FEW, Word.SOME, Word.NONE, Word.NONE]
    figures = {RuleId(f"toy{n}"): Figure(Level.TEAM, word) for n, word in enumerate(said)}
    text = render(replace(digest_letter, shown=encode(DigestFigures(Reach(Extent.LESS), figures)))).text
    rows = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("toy")]
    assert rows == ["toy1", "toy3", "toy2", "toy0"]


def test_also_the_fullest_digest_is_plain(
    digest_letter: Letter, post_help: TomlLetters, texts: LetterTexts
) -> None:
    """Its rows are a table to look things up in, so that its words may be more than those of a letter."""
    for language in Language:
        to = replace(digest_letter.to, language=language)
        document = post_help.document(replace(digest_letter, shown=encode(FULL), to=to))
        faults = style_faults(document.core, document.rest, texts.common[language].jargon)
        assert [fault for fault in faults if "words; at most" not in fault] == []


def test_a_direction_is_said_after_the_figure(digest_letter: Letter, render: Render) -> None:
    figure = Figure(Level.TEAM, Word.SOME, 3, Direction.FEWER)
    shown = encode(DigestFigures(Reach(Extent.NEARLY_ALL), {RuleId("quota"): figure}))
    assert "postbus. Duidelijk minder dan vorige week." in render(replace(digest_letter, shown=shown)).text


@pytest.mark.parametrize(
    ("rule", "tenths", "said"),
    [
        ("quota", 0, "Minder dan 1 op de 10 mensen in je team heeft een te volle postbus."),
        ("quota", 1, "Ongeveer 1 op de 10 mensen in je team heeft een te volle postbus."),
        ("quota", 2, "Ongeveer 2 op de 10 mensen in je team hebben een te volle postbus."),
        ("quota", None, "Een deel van de mensen in je team heeft een te volle postbus."),
        ("toy", 0, "Bij minder dan 1 op de 10 mensen in je team kan iets beter."),
        ("toy", 4, "Bij ongeveer 4 op de 10 mensen in je team kan iets beter."),
        ("toy", None, "Bij een deel van de mensen in je team kan iets beter."),
    ],
)
def test_a_share_is_said_in_tenths_also_of_a_rule_without_sentences_of_its_own(
    rule: str, tenths: int | None, said: str, digest_letter: Letter, render: Render
) -> None:
    figure = Figure(Level.TEAM, Word.SOME, tenths)
    shown = encode(DigestFigures(Reach(Extent.NEARLY_ALL), {RuleId(rule): figure}))
    assert said in render(replace(digest_letter, shown=shown)).text


def test_a_digest_gives_no_counts_about_people(digest_letter: Letter, render: Render) -> None:
    text = render(digest_letter).text
    assert "Enkele mensen (minder dan 3) op je afdeling hebben een te volle postbus." in text
    assert "%" not in text
    assert "ten minste 5 mensen" in text
    assert "niet gebruiken om mensen te beoordelen" in text
