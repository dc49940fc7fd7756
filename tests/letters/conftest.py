"""Letters as the fictional gemeente Voorbeeld sends them, in every topic, kind, variant and language."""

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.letters.render import NormText, TomlLetters
from mailbot.letters.texts import LetterTexts
from mailbot.model.ids import Address, RuleId
from mailbot.model.letters import Letter, Mail
from tests.letters.cases import CASES, NORMS
from tests.letters.digest_cases import DIGESTS

SHIPPED = Path(__file__).parents[2] / "settings" / "letters"
ALL = [*CASES, *DIGESTS]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", ALL, ids=[case.name for case in ALL])


@pytest.fixture(scope="session")
def texts() -> LetterTexts:
    return LetterTexts.load(SHIPPED)


@pytest.fixture(scope="session")
def post_help(texts: LetterTexts) -> TomlLetters:
    """The letters of Voorbeeld with its shipped texts."""
    return house_of(texts)


def house_of(texts: LetterTexts, norms: Mapping[RuleId, NormText] = NORMS, **changes: str) -> TomlLetters:
    """`changes` are other words of the house: as TomlLetters takes them."""
    words = {
        "organisation": "Gemeente Voorbeeld",
        "sender_name": "Postbushulp gemeente Voorbeeld",
        "contact": "de servicedesk, telefoon 14 0123",
        "intranet_word": "postbushulp",
        "warning_article": "11",
        **changes,
    }
    sender = Address("postbushulp@voorbeeld.example")
    return TomlLetters(texts, sender=sender, norms=lambda _day: norms, **words)


@pytest.fixture
def letters_with() -> Callable[..., TomlLetters]:
    """The letters of Voorbeeld with other texts, norms or words."""
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
    return next(case for case in ALL if case.name == "out_of_office-nudge.nl").letter()


@pytest.fixture
def delegates_letter() -> Letter:
    return next(case for case in ALL if case.name == "delegates-nudge.nl").letter()


@pytest.fixture
def signature_letter() -> Letter:
    return next(case for case in ALL if case.name == "signature-nudge.nl").letter()


@pytest.fixture
def confidential_letter() -> Letter:
    return next(case for case in ALL if case.name == "confidential_external-nudge.nl").letter()


@pytest.fixture
def waiver_letter() -> Letter:
    return next(case for case in ALL if case.name == "waiver-named.nl").letter()


@pytest.fixture
def digest_letter() -> Letter:
    return next(case for case in ALL if case.name == "digest.nl").letter()


@pytest.fixture
def own_texts(tmp_path: Path) -> Path:
    """A copy of the shipped texts that a test may spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "letters"))
