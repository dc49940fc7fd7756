"""A mail as bytes: what any mail program reads back from it."""

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mailbot.letters.mime import to_bytes
from mailbot.model.letters import Letter, Mail

Render = Callable[[Letter], Mail]


def test_a_mail_program_reads_back_what_was_rendered(case: Any, render: Render) -> None:
    mail = render(case.letter())
    parsed = email.message_from_bytes(to_bytes(mail), policy=email.policy.default)
    assert parsed["Subject"] == mail.subject
    assert parsed["Message-ID"] == mail.message_id
    assert parsed["Date"].datetime == mail.date
    assert parsed["From"].addresses[0].display_name == "Postbushulp gemeente Voorbeeld"
    assert {name: parsed[name] for name in mail.headers} == dict(mail.headers)
    assert parsed.get_content_type() == "multipart/alternative"
    text, page = parsed.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert page.get_content_type() == "text/html"
    assert page.get_content().replace("\r\n", "\n").strip() == mail.html.strip()


def test_bytes_are_the_same_every_time_and_fit_every_server(quota_letter: Letter, render: Render) -> None:
    named = replace(quota_letter, to=replace(quota_letter.to, name="Renée 👩‍💻 Ömer"))
    mail = render(named)
    assert to_bytes(mail) == to_bytes(mail)
    assert all(len(line) <= 998 and line.isascii() for line in to_bytes(mail).split(b"\r\n"))
    assert b"\n" not in to_bytes(mail).replace(b"\r\n", b"")
    parsed = email.message_from_bytes(to_bytes(mail), policy=email.policy.default)
    assert parsed["To"].addresses[0].display_name == "Renée 👩‍💻 Ömer"


def test_a_letter_stays_small_enough_not_to_be_clipped(case: Any, render: Render) -> None:
    assert len(to_bytes(render(case.letter()))) < 40_000
