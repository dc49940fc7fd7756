"""The name by which a letter is recognised, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.model.ids import Address, LetterId
from mailbot.model.message_id import letter_of, message_id

SENDER = Address("postbushulp@voorbeeld.example")
LETTERS = st.binary(min_size=16, max_size=16).map(lambda raw: LetterId(raw.hex()))


@given(LETTERS)
def test_a_letter_is_read_back_from_its_message_id(letter: LetterId) -> None:
    assert letter_of(message_id(letter, SENDER), SENDER) == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "0123456789abcdef0123456789abcdef.mailbot@voorbeeld.example",
        "<0123456789abcdef0123456789abcdef.mailbot@elders.example>",
        "<0123456789abcdef0123456789abcdef@voorbeeld.example>",
        "<0123456789abcdef0123456789abcde.mailbot@voorbeeld.example>",
        "<../../etc/passwd.mailbot@voorbeeld.example>",
        "<0123456789abcdef0123456789abcdef.mailbot@voorbeeld.example> <x@y>",
    ],
)
def test_what_is_not_ours_names_no_letter(text: str) -> None:
    assert letter_of(text, SENDER) is None


def test_a_server_may_write_the_domain_in_capitals() -> None:
    letter = LetterId("0" * 32)
    assert letter_of(message_id(letter, SENDER).replace("voorbeeld", "Voorbeeld"), SENDER) == letter


@given(st.text(max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    letter_of(text, SENDER)
