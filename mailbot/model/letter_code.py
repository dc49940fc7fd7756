"""The short code on a letter: by it the servicedesk finds whether a letter is really ours."""

import hashlib

from mailbot.model.ids import LetterId

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32 signs that nobody mistakes for each other on the telephone
LENGTH = 8


def letter_code(letter: LetterId) -> str:
    """`K7QF-2M9X`: 40 bits of the SHA-256 of the letter's id; the id cannot be read from it."""
    digest = hashlib.sha256(letter.encode()).digest()
    signs = "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:LENGTH])
    return f"{signs[:4]}-{signs[4:]}"


def same_code(typed: str, letter: LetterId) -> bool:
    """Whether a person typed this letter's code, in capitals or not, with or without the dash."""
    return "".join(typed.upper().split()).replace("-", "") == letter_code(letter).replace("-", "")
