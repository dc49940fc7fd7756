"""The twelve columns of the personnel feed (practice.md 4.4), and what is wrong with a header line."""

import difflib
import re
import unicodedata
from collections.abc import Sequence

from mailbot.directory.hr.places import Place

COLUMNS = (
    "person_key",
    "mail",
    "dienst_in",
    "dienst_uit",
    "contract_volgnr",
    "manager_key",
    "org_code",
    "org_naam",
    "werkdagen",
    "verlof_van",
    "verlof_tot",
    "verlof_goedgekeurd_op",
)

_HEALTH = re.compile(
    r"ziek|verzuim|sick|illness|medis|medic(?!i[js])|zwanger|pregnan|bevalling|matern|patern|reintegr|poortwachter"
    r"|arbeidsongesch|arbodienst|bedrijfsarts|betermeld|herstelmeld|hersteldmeld|hersteldatum|handicap"
    r"|disabilit|diagnos|gezondheid|health|wajong|calamiteit|bereave|burnout|therapie"
)
"""Words that speak of illness wherever they stand in a name, read without separators."""

_SHORT = frozenset({
    "adoptie", "ao", "arbo", "geboorte", "ill", "iva", "ouderschap", "parental", "rouw", "uwv", "vzm", "wao",
    "wazo", "wga", "wia", "wvp", "zkm", "zkt", "zw",
})  # fmt: skip
"""Laws and abbreviations of the same; whole words only, for they stand inside innocent ones."""

_AWAY = r"(verlof|leave(?!r)|absen|afwezig|vakantie|vlf|afw|abs)"
_KIND = r"(soort|type|code|kind|categor|rubriek|oorzaak|cause|omschr|descr|naam|name|aard|srt|cat$|oms$)"
_KIND_OF_LEAVE = re.compile(rf"{_AWAY}.*{_KIND}|{_KIND}.*{_AWAY}")
_NAMED_LEAVE = re.compile(
    r"(ouderschaps?|zorg|bijzonder|buitengewoon|studie|rouw|geboorte|adoptie|kraam|partner|vaderschaps?"
    r"|mantelzorg|(on)?betaald|palliatief|sabbatical|kort|lang|levensloop|onbetaalde?)verlof"
    r"|(parental|care|carers?|adoption|study|special|compassionate|(un)?paid|family)leave(?!r)"
)
_REASON = re.compile(r"reden|reason")
_INNOCENT = re.compile(r"(in|uit|op|aan|over|be|toe|af|dienst|salaris)treden|\btreden|tevreden")
"""Dutch words that hold `reden` by chance: to enter, to leave, steps of a scale, content."""


def sensitive(name: str) -> bool:
    """Whether a column's name speaks of illness, or of a kind or reason of absence."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", plain)
    words = re.findall(r"[a-z]+", plain.casefold())
    short = {*words, *re.findall(r"[a-z]+", parted.casefold())}
    joined = "".join(words)
    return bool(
        _HEALTH.search(joined)
        or _SHORT & short
        or _KIND_OF_LEAVE.search(joined)
        or _NAMED_LEAVE.search(joined)
        or _REASON.search("".join(_INNOCENT.sub("", " ".join(words)).split()))
    )


def known(cells: Sequence[str]) -> int:
    """How many columns of the contract a header line names."""
    return len(set(map(_name, cells)) & set(COLUMNS))


def check_header(line: int, cells: Sequence[str], place: Place) -> tuple[str, ...] | None:
    """The column names in the file's order, or None when rows cannot or may not be read by it.

    A column of no contract is told by its number only: a file without a header has people on its first line.
    """
    names = tuple(map(_name, cells))
    for number, (name, cell) in enumerate(zip(names, cells, strict=True), start=1):
        if name not in COLUMNS and sensitive(cell):
            place.add(
                line,
                str(number),
                "no column about illness, or about the kind or reason of absence",
                "a column name that speaks of it",
                "remove it from the export: mailbot may not receive it (AVG 9); the file is not kept",
            )
            place.forbidden = True
    if not known(cells):
        place.add(
            line,
            None,
            "a header line with the names of the columns",
            "no known column name",
            f"begin the file with: {';'.join(COLUMNS)}",
        )
        return None
    for number, (name, cell) in enumerate(zip(names, cells, strict=True), start=1):
        if name in COLUMNS:
            if name in names[: number - 1]:
                place.add(line, name, "every column once", "the same column twice", "remove one of them")
        elif not sensitive(cell):
            near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.7)
            mend = (
                f"did you mean {near[0]}?"
                if near
                else "give it the name of the contract, or remove it from the export"
            )
            found = "an unknown column" if name else "a column without a name"
            place.add(line, str(number), "only the columns of the contract", found, mend)
    for name in COLUMNS:
        if name not in names:
            place.add(line, name, "every column of the contract", "no such column", "add it to the export")
    usable = all(names.count(name) == 1 for name in COLUMNS) and not place.forbidden
    return names if usable else None


def _name(cell: str) -> str:
    return cell.strip().lower()
