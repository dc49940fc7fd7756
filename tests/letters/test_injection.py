"""Names come from a directory that many can write to. Whatever stands there, a letter stays the letter."""

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from mailbot.letters.formats import clean
from mailbot.letters.mime import to_bytes
from mailbot.letters.render import TomlLetters
from mailbot.letters.texts import LetterTexts
from mailbot.model.letters import AgendaLine, Letter, Mail

Render = Callable[[Letter], Mail]

NASTY = [
    '<script>alert("x")</script>',
    "</td></tr></table><a href='https://evil.example'>Klik</a>",
    "Jan\r\nBcc: all@voorbeeld.example\r\n\r\nBody",
    "{{ code }} {% raw %}",
    "=?utf-8?q?Evil?=",
    "\u202eDekker",
    "\u2066Dekker",
    "👩‍💻 Renée 𝕁𝕒𝕟",
    '"Dekker, Jan" <other@voorbeeld.example>',
    "W" * 200,
    "\x00\x07",
    "",
    "\u200bJan\u200b\u2060 \ufeffDekker",
    "Z\u0335\u0321\u031b\u0352\u0330a\u0334\u0328lgo",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{{ name.__class__ }}{# gone #}",
    "-->]]><![endif]--><b>vet</b><!--",
    "محمد \u202a\u061cالأمين",
    "&lt;b&gt; &amp; &#x202e;",
]
TRICKS = set("\u200b\u2060\ufeff\u061c\u202a\u202b\u202d\u202e\u2066\u2067\u2068\x00\x07\r")


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_name_is_only_a_name(
    name: str, quota_letter: Letter, digest_letter: Letter, render: Render
) -> None:
    for letter in (quota_letter, replace(digest_letter, agenda=(AgendaLine(name, date(2026, 12, 1)),))):
        plain = html.document_fromstring(render(letter).html)
        named = replace(letter, to=replace(letter.to, name=name))
        mail = render(named)
        parsed = email.message_from_bytes(to_bytes(mail), policy=email.policy.default)
        assert [a.addr_spec for a in parsed["To"].addresses] == ["jw.dekker@voorbeeld.example"]
        assert parsed["Bcc"] is None
        assert len(parsed.keys()) == len(set(parsed.keys()))
        page = html.document_fromstring(mail.html)
        assert [e.tag for e in page.iter()] == [e.tag for e in plain.iter()]
        assert clean(name) in " ".join(page.text_content().split())
        assert not set(mail.html + mail.text) & TRICKS


def shape(mail: Mail) -> list[str]:
    return [e.tag for e in html.document_fromstring(mail.html).iter()]


@pytest.mark.parametrize("text", NASTY)
def test_a_nasty_value_is_only_a_value(text: str, waiver_letter: Letter, render: Render) -> None:
    plain = render(waiver_letter)
    for name in ("mailbox", "rule"):
        mail = render(replace(waiver_letter, shown={**waiver_letter.shown, name: text}))
        assert shape(mail) == shape(plain)
        assert not set(mail.html + mail.text) & TRICKS
        assert len(mail.text.splitlines()) == len(plain.text.splitlines())
        seen = " ".join(html.document_fromstring(mail.html).text_content().split())
        assert clean(text, 80 if name == "rule" else 200) in mail.text
        assert clean(text, 80).rstrip("…") in seen


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("word", ["organisation", "contact", "intranet_word", "sender_name"])
def test_nasty_words_of_the_house_are_only_words(
    word: str,
    text: str,
    texts: LetterTexts,
    letters_with: Callable[..., TomlLetters],
    quota_letter: Letter,
    render: Render,
) -> None:
    house = letters_with(texts, **{word: text})
    mail = house.render(
        quota_letter, "<x@voorbeeld.example>", quota_letter.to.address, render(quota_letter).date
    )
    assert shape(mail) == shape(render(quota_letter))
    assert not set(mail.html + mail.text + mail.sender_name) & TRICKS
    parsed = email.message_from_bytes(to_bytes(mail), policy=email.policy.default)
    assert [a.addr_spec for a in parsed["From"].addresses] == ["postbushulp@voorbeeld.example"]
    assert parsed["Bcc"] is None
    assert len(parsed.keys()) == len(set(parsed.keys()))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=220))
def test_a_subject_never_leaves_its_line(name: str) -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = clean(name, 150)
    raw = message.as_bytes().split(b"\r\n\r\n")[0]
    assert [line.split(b":")[0] for line in raw.split(b"\r\n") if line[:1] not in b" \t"] == [b"Subject"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=250))
def test_whatever_a_name_holds_it_is_one_line(name: str) -> None:
    shown = clean(name)
    assert len(shown) <= 80
    assert shown == "" or len(shown.splitlines()) == 1
    assert clean(shown) == shown


def test_a_message_id_cannot_carry_another_header(quota_letter: Letter, render: Render) -> None:
    mail = render(quota_letter)
    for bad in ("<a@b>\r\nBcc: x@voorbeeld.example", "a@voorbeeld.example", "<a b@voorbeeld.example>", ""):
        with pytest.raises(ValueError, match="Message-ID"):
            to_bytes(replace(mail, message_id=bad))


def test_a_header_cannot_break_out_of_its_line(quota_letter: Letter, render: Render) -> None:
    mail = render(quota_letter)
    with pytest.raises(ValueError, match=r"newline|linefeed"):
        to_bytes(replace(mail, subject="Hello\r\nBcc: x@voorbeeld.example"))
