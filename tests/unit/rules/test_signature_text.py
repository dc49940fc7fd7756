"""The reader of the signature that is set in Outlook on the web: which elements a reader would see."""

import pytest

from mailbot.rules.mail.signature_text import SignatureFeature as Feature
from mailbot.rules.mail.signature_text import SignatureText, name_words, surname
from tests.unit.rules.sent_bodies import FULL, breaks, owa_signature, paragraphs

KIM = SignatureText("Kim de Wit")


def features(text: str) -> frozenset[str]:
    return KIM.features(text)


@pytest.mark.parametrize("wrap", [breaks, paragraphs, owa_signature, lambda *lines: "\n".join(lines)])
def test_a_full_signature_has_all_but_a_fax(wrap: object) -> None:
    assert callable(wrap)
    assert features(wrap(*FULL)) == {Feature.PRESENT, Feature.NAME, Feature.PHONE, Feature.ADDRESS}


@pytest.mark.parametrize(
    "number",
    [
        *(
            "14 0123",
            "14 020",
            "140123",
            "0123-456789",
            "0123 - 45 67 89",
            "(0123) 45 67 89",
            "088 123 45 67",
        ),
        *("06-12345678", "06 12 34 56 78", "+31 6 12345678", "+31 (0)123 45 67 89", "0031 123456789"),
        *("0800-1234", "0900 1234567", "T: 0123.456789", "tel.0123–456789"),
    ],
)
def test_a_telephone_number_in_any_dress(number: str) -> None:
    assert Feature.PHONE in features(f"Kim de Wit, {number}")


@pytest.mark.parametrize(
    "digits",
    ["2026-001234", "1234 AB", "16-11-2026", "KvK 12345678", "NL12 BANK 0123 4567 8901 23", "14 jaar"],
)
def test_other_digits_are_no_telephone_number(digits: str) -> None:
    assert Feature.PHONE not in features(f"Kim de Wit, {digits}")


@pytest.mark.parametrize(
    "address", ["1234 AB Voorbeeld", "1234AB Voorbeeld", "Postbus 12", "Stadhuisplein 1", "Lange Gracht 12a"]
)
def test_an_address(address: str) -> None:
    assert Feature.ADDRESS in features(f"Kim de Wit\n{address}")


@pytest.mark.parametrize("words", ["sinds 1998 in dienst", "Voorbeeld", "0123 AB", "op weg naar 2030"])
def test_other_words_are_no_address(words: str) -> None:
    assert Feature.ADDRESS not in features(f"Kim de Wit\n{words}")


@pytest.mark.parametrize("written", ["Kim", "KIM DE WIT", "K. de Wit", "mevr. De Wit-Bakker", "Kím"])
def test_a_name_in_any_form(written: str) -> None:
    assert Feature.NAME in features(f"Groet van {written}")


@pytest.mark.parametrize(
    "written", ["Team Belastingen", "kim.de.wit@voorbeeld.example", "de Witte", "K.", "de"]
)
def test_what_is_not_the_name(written: str) -> None:
    assert Feature.NAME not in features(written)


def test_only_a_picture_shows_a_picture() -> None:
    assert features('<div><p>&nbsp;</p><img src="cid:logo@1"></div>') == {Feature.IMAGE}


@pytest.mark.parametrize(
    "picture",
    [
        *(
            '<img src="//cdn.voorbeeld.example/a.png">',
            '<img src="blob:1">',
            '<img src="/owa/a.png">',
            "<img>",
        ),
        *('<p><img src="data:image/png;base64,AA"></p>', '<p><object data="a.png"></object></p>'),
        '<p><!--[if gte vml 1]><v:shape><v:imagedata src="a.png"/></v:shape><![endif]--></p>',
        '<p><v:rect><v:fill type="frame" src="a.png"/></v:rect></p>',
        '<table background="a.png"><tr><td></td></tr></table>',
        "<div style=\"background-image: URL('a.png')\"></div>",
        "<html><head><style>.s {background:#fff url(a.png)}</style></head><body><p class=s></body></html>",
    ],
)
def test_a_picture_is_one_wherever_it_comes_from(picture: str) -> None:
    assert features(picture) == {Feature.IMAGE}


@pytest.mark.parametrize(
    "colour", ['<p style="background: #fff"></p>', "<td bgcolor=red></td>", "<p>&nbsp;</p>"]
)
def test_a_colour_is_no_picture(colour: str) -> None:
    assert Feature.IMAGE not in features(colour)


@pytest.mark.parametrize(
    "empty",
    ["", " \n", "<br>", "<div><br></div>", "<p>&nbsp;</p>", "--", "\u200b", "<!-- Kim de Wit 14 0123 -->"],
)
def test_nothing_shows_nothing(empty: str) -> None:
    assert features(empty) == frozenset()


@pytest.mark.parametrize(
    ("name", "words", "family"),
    [
        ("Kim de Wit", ("kim", "wit"), "wit"),
        ("Wit, Kim de", ("wit", "kim"), "wit"),
        ("K.L. van der Berg", ("berg",), "berg"),
        ("Renée Müller-Ólafs", ("renee", "muller", "olafs"), "olafs"),
        ("Bo", ("bo",), "bo"),
        ("-", (), ""),
        ("", (), ""),
    ],
)
def test_words_by_which_a_reader_knows_somebody(name: str, words: tuple[str, ...], family: str) -> None:
    assert name_words(name) == words
    assert surname(name) == family


def test_a_reader_is_never_printed_with_the_name() -> None:
    assert "Kim" not in repr(KIM)
