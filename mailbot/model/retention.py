"""How long what is about one person is kept, as the store declares it."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Keeping:
    """Rows of a table go when the moment in their column `clock` is longer ago than `after`. `shortened`
    tells that the policy makes it less than mailbot would."""

    table: str
    clock: str
    after: timedelta
    shortened: bool = False
