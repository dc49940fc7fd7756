"""Letters as the fictional gemeente Voorbeeld sends them, in every topic, kind, variant and language."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mailbot.engine.figures import DigestFigures, Figure, Level, Word, encode
from mailbot.letters.render import NormText, TomlLetters
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.arrangements import Via
from mailbot.model.figures import Coverage
from mailbot.model.ids import Address, LetterId, RuleId
from mailbot.model.letters import Addressee, AgendaLine, Letter, LetterKind, Mail
from mailbot.model.verdicts import Shown

SHIPPED = Path(__file__).parents[2] / "settings" / "letters"
TODAY = date(2026, 11, 23)
REGULATION = {
    Language.NL: "E-mailprotocol gemeente Voorbeeld",
    Language.EN: "E-mailprotocol gemeente Voorbeeld",
}
NORMS = {
    RuleId("quota"): NormText(
        "4.5",
        REGULATION,
        {Language.NL: "Een postbus is hoogstens 5 GB.", Language.EN: "A mailbox is at most 5 GB."},
    ),
    RuleId("out_of_office"): NormText(
        "4.7",
        REGULATION,
        {
            Language.NL: "Wie langer dan 2 werkdagen weg is, zet een automatisch antwoord aan.",
            Language.EN: "Whoever is away for more than 2 working days turns on an automatic reply.",
        },
    ),
    RuleId("delegates"): NormText(
        "4.8",
        REGULATION,
        {
            Language.NL: "Minstens 2 collega's kunnen in je postbus kijken als je er niet bent.",
            Language.EN: "At least 2 colleagues can look into your mailbox while you are away.",
        },
    ),
    RuleId("signature"): NormText(
        "5.10",
        REGULATION,
        {
            Language.NL: "Mail naar buiten heeft een handtekening.",
            Language.EN: "Mail to the outside carries a signature.",
        },
    ),
    RuleId("confidential_external"): NormText(
        "5.3",
        REGULATION,
        {
            Language.NL: "Mail met het woord vertrouwelijk in het onderwerp gaat beveiligd naar buiten.",
            Language.EN: "Mail with the word confidential in its subject goes outside secured.",
        },
    ),
}
QUOTA: Mapping[str, Shown] = {"size_bytes": 6_549_825_126, "limit_bytes": 5 * 1024**3}
ABSENCE: Mapping[str, Shown] = {
    "first_day": date(2026, 11, 24),
    "last_day": date(2026, 12, 11),
    "open_end": False,
    "reply_set": False,
    "reply_empty": False,
    "days_assumed": False,
}
COLLEAGUES: Mapping[str, Shown] = {"minimum": 2, "effective": 1}
LABELLED: Mapping[str, Shown] = {"messages": 2, "week": date(2026, 11, 16), "forbidden": False}
FIGURES = DigestFigures(
    Coverage(population=250, read=243),
    {RuleId("quota"): Figure(Level.DEPARTMENT, Word.FEW)},
    "quota",
)
AGENDA = (
    AgendaLine("Sanne de Boer", date(2026, 12, 18)),
    AgendaLine("Pieter Bakker", date(2026, 11, 13)),  # left already
)
STANDING_IN = (AgendaLine("Sanne de Boer", date(2026, 12, 18), Via.DEPUTY),)
AS_HEAD = (AgendaLine("Sanne de Boer", date(2026, 12, 18), Via.HEAD), *AGENDA[1:])


@dataclass(frozen=True)
class Case:
    """A letter that is looked at whole; `name` is the name of its golden file."""

    name: str
    topic: str
    kind: LetterKind
    shown: Mapping[str, Shown]
    language: Language = Language.NL
    more: Mapping[str, Any] = field(default_factory=dict)

    def letter(self) -> Letter:
        return Letter(
            id=LetterId("letter-7"),
            kind=self.kind,
            topic=self.topic,
            to=Addressee("Jan-Willem Dekker", Address("jw.dekker@voorbeeld.example"), self.language),
            shown=self.shown,
            day=TODAY,
            **{"hold": False, **self.more},
        )


def _cases() -> list[Case]:
    nudge, notice, digest = LetterKind.NUDGE, LetterKind.NOTICE, LetterKind.DIGEST
    looked = {"looked_at": (date(2026, 11, 19), date(2026, 11, 20))}
    tenths = replace(
        FIGURES,
        figures={RuleId("quota"): Figure(Level.ORGANISATION, Word.SOME, 3)},
        tip="digest.helper",
        at_least=10,
    )
    share = replace(FIGURES, figures={RuleId("quota"): Figure(Level.ORGANISATION, Word.SOME, 0)})
    bare = replace(FIGURES, figures={}, tip=None)
    plain = [
        Case("quota-nudge", "quota", nudge, QUOTA),
        Case("quota-nudge-hold", "quota", nudge, QUOTA, more={"hold": True}),
        Case("quota-nudge-looked-at", "quota", nudge, QUOTA, more=looked),
        Case("quota-nudge-redirected", "quota", nudge, QUOTA, more={"redirected": True}),
        Case("out_of_office-nudge", "out_of_office", nudge, ABSENCE),
        Case("out_of_office-nudge-open-end", "out_of_office", nudge, {**ABSENCE, "open_end": True}),
        Case("out_of_office-nudge-reply-set", "out_of_office", nudge, {**ABSENCE, "reply_set": True}),
        Case("out_of_office-nudge-reply-empty", "out_of_office", nudge, {**ABSENCE, "reply_empty": True}),
        Case(
            "out_of_office-nudge-reply-set-open-end",
            "out_of_office",
            nudge,
            {**ABSENCE, "reply_set": True, "open_end": True},
        ),
        Case("out_of_office-nudge-days-assumed", "out_of_office", nudge, {**ABSENCE, "days_assumed": True}),
        Case(
            "out_of_office-nudge-reply-set-days-assumed",
            "out_of_office",
            nudge,
            {**ABSENCE, "reply_set": True, "days_assumed": True},
        ),
        Case("delegates-nudge", "delegates", nudge, COLLEAGUES),
        Case("delegates-nudge-none-of-one", "delegates", nudge, {"minimum": 1, "effective": 0}),
        Case("delegates-hint", "delegates", LetterKind.HINT, COLLEAGUES),
        Case("signature-nudge", "signature", nudge, {"made": False}),
        Case("signature-nudge-made", "signature", nudge, {"made": True}),
        Case("confidential_external-nudge", "confidential_external", nudge, LABELLED),
        Case("confidential_external-nudge-one", "confidential_external", nudge, {**LABELLED, "messages": 1}),
        Case(
            "confidential_external-nudge-forbidden",
            "confidential_external",
            nudge,
            {**LABELLED, "forbidden": True},
        ),
        Case("explain-notice", "explain", notice, {}, more=looked),
        Case("digest", "digest", digest, encode(FIGURES), more={"agenda": AGENDA}),
        Case("digest-large-groups", "digest", digest, encode(tenths)),
        Case("digest-small-share", "digest", digest, encode(share)),
        Case("digest-no-figures", "digest", digest, encode(bare), more={"agenda": AGENDA[:1]}),
        Case("digest-deputy", "digest", digest, encode(bare), more={"agenda": STANDING_IN}),
        Case("digest-head", "digest", digest, encode(bare), more={"agenda": AS_HEAD}),
        Case(
            "digest-redirected",
            "digest",
            digest,
            encode(FIGURES),
            more={"agenda": AGENDA, "redirected": True},
        ),
    ]
    return [
        replace(case, name=f"{case.name}.{language.value}", language=language)
        for language in Language
        for case in plain
    ]


CASES = _cases()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CASES, ids=[case.name for case in CASES])


@pytest.fixture(scope="session")
def texts() -> LetterTexts:
    return LetterTexts.load(SHIPPED)


@pytest.fixture(scope="session")
def post_help(texts: LetterTexts) -> TomlLetters:
    """The letters of Voorbeeld with its shipped texts."""
    return house_of(texts)


def house_of(texts: LetterTexts) -> TomlLetters:
    return TomlLetters(
        texts,
        organisation="Gemeente Voorbeeld",
        sender=Address("postbushulp@voorbeeld.example"),
        sender_name="Postbushulp gemeente Voorbeeld",
        contact="de servicedesk, telefoon 14 0123",
        intranet_word="postbushulp",
        norms=lambda _day: NORMS,
        warning_article="11",
    )


@pytest.fixture
def letters_with() -> Callable[[LetterTexts], TomlLetters]:
    """The letters of Voorbeeld with other texts."""
    return house_of


@pytest.fixture
def render(post_help: TomlLetters) -> Callable[[Letter], Mail]:
    def make(letter: Letter) -> Mail:
        return post_help.render(
            letter, "<letter-7@voorbeeld.example>", letter.to.address, datetime(2026, 11, 23, 9, tzinfo=UTC)
        )

    return make


@pytest.fixture
def quota_letter() -> Letter:
    return CASES[0].letter()


@pytest.fixture
def absence_letter() -> Letter:
    return next(case for case in CASES if case.name == "out_of_office-nudge.nl").letter()


@pytest.fixture
def delegates_letter() -> Letter:
    return next(case for case in CASES if case.name == "delegates-nudge.nl").letter()


@pytest.fixture
def signature_letter() -> Letter:
    return next(case for case in CASES if case.name == "signature-nudge.nl").letter()


@pytest.fixture
def confidential_letter() -> Letter:
    return next(case for case in CASES if case.name == "confidential_external-nudge.nl").letter()


@pytest.fixture
def digest_letter() -> Letter:
    return next(case for case in CASES if case.name == "digest.nl").letter()


@pytest.fixture
def own_texts(tmp_path: Path) -> Path:
    """A copy of the shipped texts that a test may spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "letters"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser for pictures of letters; skips when there is none, unless MAILBOT_REQUIRE names it."""
    where = shutil.which("chromium")
    if where is None:
        if "chromium" in os.environ.get("MAILBOT_REQUIRE", "").replace(",", " ").split():
            pytest.fail("MAILBOT_REQUIRE names chromium, and it is not installed")
        pytest.skip("no chromium on this machine: letters were not looked at in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=where,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--font-render-hinting=none",
            ],
        )
        yield browser
        browser.close()
