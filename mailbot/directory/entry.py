"""An entry as a directory server gives it: a name and raw values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """`values` are by attribute name in lower case; an attribute without values is not among them."""

    dn: str = field(repr=False)
    values: Mapping[str, tuple[bytes, ...]] = field(repr=False)
