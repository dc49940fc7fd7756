"""Signed statements: what no program can read, said by somebody who answers for it, until a review date."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Claim(StrEnum):
    """What a statement can say. Closed: a rule leans on each of them."""

    NO_FULL_ACCESS = "no_full_access"  # nobody has full access to another person's mailbox
    NO_HIDDEN_MEMBERS = "no_hidden_members"  # no colleague is hidden from the address lists
    SERVER_SIGNATURES = "server_signatures"  # the server puts a signature under all mail that leaves
    NO_SERVER_SIGNATURES = "no_server_signatures"  # the server adds none
    # nobody sends with a program that keeps signatures to itself: classic Outlook, Outlook for Mac, phones
    NO_CLASSIC_OUTLOOK = "no_classic_outlook"


@dataclass(frozen=True, slots=True)
class Statement:
    """`signed_by` is a function, not a name. It holds from `signed` up to and including `review_by`."""

    claim: Claim
    signed_by: str
    signed: date
    review_by: date

    def holds(self, day: date) -> bool:
        return self.signed <= day <= self.review_by
