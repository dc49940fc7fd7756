"""`mailbot letters check` finds what is wrong with a text before anybody gets it, and says how to mend it."""

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mailbot.config.problems import Problem
from mailbot.letters.check import check
from mailbot.letters.render import NormText, TomlLetters
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.errors import SettingsRefused
from mailbot.model.ids import RuleId
from mailbot.rules import registry
from mailbot.wiring.letters import desk
from tests.letters.cases import NORMS, TODAY
from tests.letters.conftest import SHIPPED

Look = Callable[[], list[Problem]]


@pytest.fixture
def look(own_texts: Path, letters_with: Callable[..., TomlLetters]) -> Look:
    """What is wrong with the texts as they are now."""

    def checked() -> list[Problem]:
        texts = LetterTexts.load(own_texts)
        norms = {**dict.fromkeys(registry(), NORMS[RuleId("quota")]), **NORMS}
        letters = letters_with(texts, norms=norms)
        return check(texts, letters, list(registry().values()), NORMS, "packs/voorbeeld/pack.toml", TODAY)

    return checked


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_nothing_is_wrong_with_the_shipped_texts(look: Look) -> None:
    assert look() == []


@pytest.mark.parametrize("topic", ["digest", "explain", "waiver"])
def test_a_letter_that_no_rule_causes_is_missed_too(look: Look, own_texts: Path, topic: str) -> None:
    """Settings from before there was such a letter lack it in every language."""
    for language in Language:
        (own_texts / language / f"{topic}.toml").unlink()
    assert [p.file for p in look()] == [f"letters/{language}/{topic}.toml" for language in Language]


SIXTEEN = "een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien."


SUITS = "Doe het als het jou past."
OUR_HELP = "We willen je alleen helpen."
BEFORE = "We schreven je hier eerder over. Daarom"
REST = "We laten het een tijd rusten."
STAND = "Laat al je berichten gewoon"


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "found"),
    [
        ("nl/quota.toml", SUITS, SIXTEEN, "nudge.closing.1", "16 words"),
        ("nl/quota.toml", STAND, f"{SIXTEEN} Laat ze", "nudge.when.hold.paragraphs.1", "16 words"),
        ("nl/quota.toml", SUITS, "Doe het conform de afspraak.", "nudge.closing.1", "conform"),
        ("nl/quota.toml", SUITS, "Dit heeft spoed.", "nudge.closing.1", "spoed"),
        ("nl/quota.toml", SUITS, "Dat moet je doen.", "nudge.closing.1", "moet je"),
        ("en/quota.toml", "Do it when it suits you.", "You failed to.", "nudge.closing.1", "failed to"),
        ("nl/quota.toml", SUITS, "Doe het als het u past.", "nudge.closing.1", '"u"'),
        ("nl/quota.toml", SUITS, "Kijk op hulp.voorbeeld.nl.", "nudge.closing.1", "hulp.voorbeeld.nl"),
        ("nl/quota.toml", SUITS, "Doe het <b>vandaag</b>.", "nudge.closing.1", "<b"),
        ("nl/quota.toml", "De ruimte in je postbus", "Je postbus is te vol", "nudge.subject", "te"),
        ("nl/quota.toml", SUITS, "Doe het <!-- nu --> rustig.", "nudge.closing.1", "<!--"),
        ("nl/quota.toml", SUITS, "Doe het **vandaag**.", "nudge.closing.1", "**"),
        ("nl/quota.toml", SUITS, "Noem de code { code }.", "nudge.closing.1", "{"),
        ("nl/quota.toml", SUITS, "Mail mailto:hulp@voorbeeld.example.", "nudge.closing.1", "mailto:"),
        ("nl/quota.toml", SUITS, "Kijk op intranet.voorbeeld.local/hulp.", "nudge.closing.1", "intranet."),
        ("nl/quota.toml", "De ruimte in je postbus", "Er ontbreekt ruimte", "nudge.subject", "ontbreekt"),
        ("nl/quota.toml", "Je postbus kan wel wat ruimte gebruiken", "  ", "nudge.heading", "can be seen"),
        (
            "nl/quota.toml",
            "Verwijder wat je niet meer nodig hebt.",
            "{# nu #}",
            "nudge.steps.3",
            "can be seen",
        ),
        ("nl/common.toml", OUR_HELP, SIXTEEN, "about.warning.text", "16 words"),
        ("nl/common.toml", BEFORE, SIXTEEN, "about_of.thanks.why.text", "16 words"),
        ("nl/common.toml", REST, SIXTEEN, "last.text", "16 words"),
    ],
)
def test_how_a_line_sounds_is_told_by_its_key(
    own_texts: Path, look: Look, file: str, old: str, new: str, where: str, found: str
) -> None:
    change(own_texts, file, old, new)
    (problem,) = (p for p in look() if p.where == where)
    assert problem.file == f"letters/{file}"
    assert found in problem.found
    assert problem.mend


FROM_THE_TEAM = "Spreek af wie het werk overneemt."
FIRST_WORDS = "Elk cijfer gaat over"


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "found"),
    [
        ("nl/digest.toml", FROM_THE_TEAM, SIXTEEN, "parts.agenda_advice", "16 words"),
        ("nl/digest.toml", "We lezen geen berichten.", "Dat moet je doen.", "parts.coverage", "moet je"),
        ("nl/digest.toml", "Dat scheelt iedereen zoeken.", "Kijk op www.hulp", "parts.tips.helper", "www."),
        ("nl/quota.toml", "een te volle postbus", "een compliance probleem", "figures.none", "compliance"),
        ("nl/quota.toml", "Grote bijlagen vullen", "Dringend: bijlagen vullen", "tip", "Dringend"),
    ],
)
def test_the_lines_of_the_weekly_overview_sound_as_plain_as_letters(
    own_texts: Path, look: Look, file: str, old: str, new: str, where: str, found: str
) -> None:
    change(own_texts, file, old, new)
    problems = [p for p in look() if found in p.found]
    assert problems
    assert all(p.file == f"letters/{file}" and p.where.startswith(where) for p in problems)


@pytest.mark.parametrize(
    ("file", "old", "where"),
    [
        ("nl/digest.toml", FROM_THE_TEAM, "parts.agenda_advice"),
        ("nl/digest.toml", "Weekoverzicht van de postbushulp", "digest.subject"),
        ("nl/quota.toml", "Grote bijlagen vullen", "tip"),
        ("nl/digest.toml", FIRST_WORDS, "parts.basis"),
        ("nl/digest.toml", "Alle of bijna alle", "parts.coverage.nearly_all"),
        ("nl/quota.toml", "Een deel van de mensen", "figures.some"),
    ],
)
def test_a_figure_is_spoken_of_only_where_there_is_one(
    own_texts: Path, file: str, old: str, where: str
) -> None:
    """Elsewhere nobody would fill it in, and no manager would get a weekly overview."""
    change(own_texts, file, old, f"{{{{ tenths }}}} {old}")
    with pytest.raises(SettingsRefused) as refused:
        LetterTexts.load(own_texts)
    said = str(refused.value)
    assert where in said
    assert "{{ tenths }}" in said


def test_a_name_in_the_contact_is_no_link(own_texts: Path, look: Look) -> None:
    change(own_texts, "nl/quota.toml", SUITS, "Mail aan hulp@voorbeeld.nl.")
    assert look() == []


def test_a_house_that_says_u_is_told_of_every_je(own_texts: Path, look: Look) -> None:
    change(own_texts, "nl/common.toml", 'form = "je"', 'form = "u"')
    found = {(p.file, p.where) for p in look() if p.expected == "the u-form"}
    assert ("letters/nl/quota.toml", "nudge.heading") in found
    assert ("letters/nl/common.toml", "about.who.text") in found
    assert all(file.startswith("letters/nl/") for file, _ in found)


def test_a_letter_that_is_long_in_one_variant_only_is_found(own_texts: Path, look: Look) -> None:
    more = " ".join(["Nog een kort zinnetje erbij."] * 12)
    change(own_texts, "nl/out_of_office.toml", "We weten je werkdagen niet.", more)
    found = [p for p in look() if p.expected == "at most 120 words"]
    assert found
    assert all(p.file == "letters/nl/out_of_office.toml" and "days_assumed" in p.where for p in found)


def test_a_reminder_as_long_as_the_first_letter_is_found(own_texts: Path, look: Look) -> None:
    more = " ".join(["Nog een kort zinnetje erbij."] * 8)
    change(own_texts, "nl/signature.toml", "Samen doen kan ook:", f"{more} Samen doen kan ook:")
    assert {(p.file, p.where) for p in look() if "fewer words than the nudge" in p.expected} >= {
        ("letters/nl/signature.toml", "reminder")
    }


def test_thanks_that_go_on_are_found(own_texts: Path, look: Look) -> None:
    change(own_texts, "en/quota.toml", "Thank you. You", "Thank you. Well done! You")
    assert [(p.file, p.where, p.found) for p in look()] == [("letters/en/quota.toml", "thanks", "4")]


@pytest.mark.parametrize("kind", ["reminder", "thanks"])
def test_a_letter_that_a_rule_can_cause_and_nobody_wrote_is_found(
    own_texts: Path, look: Look, kind: str
) -> None:
    for language in Language:
        path = own_texts / language / "signature.toml"
        text = path.read_text(encoding="utf-8")
        tables = re.split(r"(?m)^(?=\[)", text)
        path.write_text("".join(t for t in tables if not t.startswith(f"[{kind}")), encoding="utf-8")
    assert [(p.file, p.where) for p in look()] == [(f"letters/{x}/signature.toml", kind) for x in Language]


def test_a_letter_that_asks_says_what_it_must_and_how(own_texts: Path, look: Look) -> None:
    change(
        own_texts,
        "nl/signature.toml",
        "[reminder.when.made]",
        '[reminder.about.who]\nlead = "-"\ntext = ""\n[reminder.when.made]',
    )
    change(own_texts, "en/signature.toml", "steps = [", "steps = []\nclosing_ = [")
    text = (own_texts / "en" / "signature.toml").read_text(encoding="utf-8")
    (own_texts / "en" / "signature.toml").write_text(
        re.sub(r"closing_ = \[.*?\]\n", "", text, count=1, flags=re.DOTALL)
    )
    found = {(p.file, p.where, p.expected) for p in look()}
    assert ("letters/nl/signature.toml", "reminder.about.who", "who sees it") in found
    assert ("letters/en/signature.toml", "nudge", "1 to 4 steps") in found


def test_a_text_that_reaches_for_what_it_may_not_is_found(own_texts: Path, look: Look) -> None:
    change(own_texts, "nl/quota.toml", "Doe het als het jou past.", "{{ name.__class__.__mro__ }}")
    found = [p for p in look() if p.expected == "a letter that can be made"]
    assert {p.file for p in found} == {"letters/nl/quota.toml"}


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (" in artikel {{ article }}", "", "about.why"),
        (" De regeling heet '{{ regulation }}'.", "", "about.why"),
        (" en noem de code {{ code }}", "", "about.check"),
        ("Beantwoord dit bericht of vraag het aan {{ contact }}.", "Vraag het na.", "about.object"),
    ],
)
def test_what_every_letter_must_name_is_missed(
    own_texts: Path, look: Look, old: str, new: str, where: str
) -> None:
    change(own_texts, "nl/common.toml", old, new)
    assert {(p.file, p.where) for p in look()} == {("letters/nl/common.toml", where)}


def test_a_value_that_no_letter_says_any_more_is_told(own_texts: Path, look: Look) -> None:
    path = own_texts / "nl" / "quota.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("{{ size_bytes }}", "vrij groot"), encoding="utf-8"
    )
    assert [(p.file, p.where) for p in look()] == [("letters/nl/quota.toml", "placeholders.size_bytes")]


def test_a_figure_says_of_whom_it_is(own_texts: Path, look: Look) -> None:
    """Without it the words of a whole organisation read as those of a team."""
    change(own_texts, "nl/quota.toml", "Bij niemand {{ where }} zagen", "Bij niemand zagen")
    assert [(p.file, p.where) for p in look()] == [("letters/nl/quota.toml", "figures.none")]


@pytest.mark.parametrize(
    "line", ["{% if name > 1 %}Doe het.{% endif %}", "{{ code + 1 }}", "{% include 'x' %}", "{{ 1 / 0 }}"]
)
def test_a_text_that_calculates_is_told_and_no_crash(own_texts: Path, look: Look, line: str) -> None:
    """Numbers come in as words, so a comparison with one cannot be made."""
    change(own_texts, "nl/quota.toml", SUITS, line)
    found = [p for p in look() if p.expected == "a letter that can be made"]
    assert {p.file for p in found} == {"letters/nl/quota.toml"}
    assert all(line in p.found for p in found)


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2027, 1, 4), date(2027, 10, 29), date(2029, 2, 1)])
def test_it_finds_the_same_on_every_day(day: date) -> None:
    """A date of another year is a word longer; whether texts are fine may not depend on today."""
    assert desk(SHIPPED.parent, day).faults() == []


@pytest.mark.parametrize("topic", ["quota", "out_of_office", "digest"])
@pytest.mark.parametrize("language", [*Language])
def test_a_file_that_cannot_be_read_is_told_and_only_that(
    tmp_path: Path, topic: str, language: Language
) -> None:
    """Other letters call its topic by name; what is wrong with it is not wrong with them."""
    settings = Path(shutil.copytree(SHIPPED.parent, tmp_path / "settings"))
    path = settings / "letters" / language / f"{topic}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[parts]", "[parts", 1) + "[", encoding="utf-8")
    assert {p.file for p in desk(settings, TODAY).faults()} == {f"letters/{language}/{topic}.toml"}


def test_a_file_that_is_none_is_told(own_texts: Path) -> None:
    (own_texts / "nl" / "quota.toml").unlink()
    (own_texts / "nl" / "quota.toml").mkdir()
    (problem,) = LetterTexts.check(own_texts)[1]
    assert (problem.file, problem.expected) == ("letters/nl/quota.toml", "a file that can be read")


def test_an_article_in_stiff_words_is_told_where_it_stands(
    texts: LetterTexts, letters_with: Callable[..., TomlLetters]
) -> None:
    jargon = "Your quota is 5 gigabytes."
    stiff = NormText("4", NORMS[RuleId("quota")].regulation, {Language.NL: SIXTEEN, Language.EN: jargon})
    found = check(
        texts,
        letters_with(texts),
        [registry()[RuleId("quota")]],
        {RuleId("quota"): stiff},
        "pack.toml",
        TODAY,
    )
    assert [(p.file, p.where) for p in found] == [
        ("pack.toml", f"the norm of quota, text_{language}") for language in Language
    ]
