"""Values the way readers know them from Outlook and from speech."""

from datetime import date

import pytest

from mailbot.letters.formats import clean, day_in_words, listed, number, size, sizes
from mailbot.model.accounts import Language

NL, EN = Language.NL, Language.EN
GB = 1024**3


@pytest.mark.parametrize(
    ("value", "dutch", "english"),
    [
        (5 * GB, "5 GB", "5 GB"),
        (int(5.3 * GB), "5,3 GB", "5.3 GB"),
        (int(12.04 * GB), "12 GB", "12 GB"),
        (700 * 1024**2, "700 MB", "700 MB"),
        (1536, "1,5 kB", "1.5 kB"),
        (10, "0 kB", "0 kB"),
    ],
)
def test_sizes_are_counted_in_1024_as_outlook_does(value: int, dutch: str, english: str) -> None:
    assert size(value, NL) == dutch
    assert size(value, EN) == english


def test_a_mailbox_just_over_the_limit_never_looks_as_large_as_the_limit() -> None:
    limit = 5 * GB
    assert sizes([limit, int(5.3 * GB)], NL) == {limit: "5 GB", int(5.3 * GB): "5,3 GB"}
    assert sizes([limit, int(5.04 * GB)], NL)[int(5.04 * GB)] == "5,04 GB"
    assert sizes([limit + 1, limit], NL) == {limit: "5 GB", limit + 1: "iets meer dan 5 GB"}
    assert sizes([limit + 1, limit], EN)[limit + 1] == "just over 5 GB"


def test_dates_are_words_and_have_a_year_only_when_it_is_another() -> None:
    today = date(2026, 11, 23)
    assert day_in_words(date(2026, 11, 24), NL, today) == "dinsdag 24 november"
    assert day_in_words(date(2026, 11, 24), EN, today) == "Tuesday 24 November"
    assert day_in_words(date(2027, 1, 4), NL, today) == "maandag 4 januari 2027"


def test_every_day_of_a_year_has_its_own_words() -> None:
    today = date(2026, 1, 1)
    days = [date.fromordinal(today.toordinal() + n) for n in range(365)]
    for language in Language:
        assert len({day_in_words(day, language, today) for day in days}) == 365


def test_lists_read_as_speech() -> None:
    assert listed([], NL) == ""
    assert listed(["a"], NL) == "a"
    assert listed(["a", "b"], NL) == "a en b"
    assert listed(["a", "b", "c"], EN) == "a, b and c"


def test_large_numbers_have_marks() -> None:
    assert number(12345, NL) == "12.345"
    assert number(12345, EN) == "12,345"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jan\r\nBcc: everybody@voorbeeld.example", "Jan Bcc: everybody@voorbeeld.example"),
        ("Jan\u202egnp.exe", "Jangnp.exe"),
        ("Jan\u2028\x00\x1bDekker", "Jan Dekker"),
        ("  Jan \t Dekker ", "Jan Dekker"),
        ("Renée 👩‍💻 Ömer", "Renée 👩‍💻 Ömer"),
        ("Zoe\u0308", "Zoë"),
        ("J" * 200, "J" * 79 + "…"),
        ("J\u200dan\u200d \u200cDekker\u200d", "Jan Dekker"),
        ("\u3164\u2800\u0301\u200d", ""),
        ("J\u030a\u030a\u030a\u030a\u030a\u030a\u030aan", "J\u030a\u030a\u030aan"),
        ("\u0301 Jan", "Jan"),
    ],
)
def test_names_are_one_short_line_without_tricks(name: str, shown: str) -> None:
    assert clean(name) == shown
