"""People from a CSV file: UTF-8, columns separated by `;`, accepted mail domains in a file beside it.

The file is taken as a whole or not at all. Excluded people are left out here and reach no further; where an
excluded person manages others, those have no manager.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from mailbot.config.domains import read_domains
from mailbot.config.problems import Problem, report
from mailbot.config.textfile import read_text
from mailbot.directory.assemble import assemble
from mailbot.directory.columns import Place, check_header
from mailbot.directory.exclusion import Exclusion
from mailbot.directory.rows import Row, parse_row
from mailbot.model.accounts import Language
from mailbot.model.clock import Clock
from mailbot.model.errors import SettingsRefused
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import People, Person, standing
from mailbot.policy.waivers import Waiver

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class CsvDirectory:
    """The directory port over a people file, which is read anew for every run.

    `excluded` gives the persons that `mailbot people exclude` took out.
    """

    def __init__(
        self,
        people_file: Path,
        domains_file: Path,
        exclusion: Exclusion,
        excluded: Callable[[], frozenset[ObjectGuid]],
        clock: Clock,
        zone: ZoneInfo = AMSTERDAM,
        language: Language = Language.NL,
    ) -> None:
        self._people_file = people_file
        self._domains_file = domains_file
        self._exclusion = exclusion
        self._excluded = excluded
        self._clock = clock
        self._zone = zone
        self._language = language

    def people(self) -> People:
        """Raises SettingsRefused with all errors of both files at once."""
        return self._read(self._exclusion, self._excluded())

    def guid_of(self, address: Address) -> ObjectGuid | None:
        person = self._read(Exclusion(), frozenset()).with_address(address)
        return person.guid if person else None

    def _read(self, exclusion: Exclusion, excluded: frozenset[ObjectGuid]) -> People:
        people, problems = read_people(
            self._people_file,
            self._domains_file,
            exclusion,
            excluded,
            self._clock.now(),
            zone=self._zone,
            language=self._language,
        )
        if people is None:
            raise SettingsRefused(report(problems))
        return people


def read_people(
    people_file: Path,
    domains_file: Path,
    exclusion: Exclusion,
    excluded: frozenset[ObjectGuid],
    now: datetime,
    *,
    waivers: Sequence[Waiver] = (),
    zone: ZoneInfo = AMSTERDAM,
    language: Language = Language.NL,
) -> tuple[People | None, list[Problem]]:
    """The population, or every problem of the two files and of waivers for addresses that nobody has.

    `now` is aware; it is when the file was read, and its local day decides which contracts run. `language`
    is that of people whose own language the file does not say.
    """
    problems: list[Problem] = []
    domains, wrong = read_domains(domains_file, domains_file.name)
    problems += wrong
    place = Place(people_file.name, problems)
    known = frozenset() if wrong else domains  # a domain that could not be read is not everybody's mistake
    everybody = _everybody(place, people_file, known, now, zone, language)
    if everybody is not None:
        problems += _unknown_waivers(waivers, {person.address for person in everybody.values()})
    if everybody is None or problems:
        return None, problems
    kept = {
        guid: person
        for guid, person in everybody.items()
        if guid not in excluded and not exclusion.covers(person)
    }
    without = {
        guid: person if person.manager in kept else replace(person, manager=None)
        for guid, person in kept.items()
    }
    today = now.astimezone(zone).date()
    colleagues = {person.address: standing(person, today) for person in everybody.values()}
    unmatched = exclusion.unmatched(everybody.values())
    return People(MappingProxyType(without), domains, now, unmatched, MappingProxyType(colleagues)), []


def _everybody(
    place: Place, file: Path, domains: frozenset[str], now: datetime, zone: ZoneInfo, language: Language
) -> dict[ObjectGuid, Person] | None:
    """All persons of the file, excluded ones too; None when a line or the header cannot be used."""
    before = len(place.problems)
    text, wrong = read_text(file, place.file)
    if text is None:
        place.problems.extend(wrong)
        return None
    lines = _lines(place, text)
    header = next(lines, None)
    if header is None:
        place.add(1, None, "a header line and at least one person", "an empty file", "export it again")
        return None
    names = check_header(header[1], place) if header[1] else None
    if names is None:
        return None
    rows, keys = _rows(place, lines, names, domains, language)
    if not rows and len(place.problems) == before:
        place.add(2, None, "at least one person", "only a header", "export the file again")
    people = assemble(rows, keys, now, now.astimezone(zone).date(), place)
    return people if len(place.problems) == before else None


def _rows(
    place: Place,
    lines: Iterator[tuple[int, list[str]]],
    names: tuple[str, ...],
    domains: frozenset[str],
    language: Language,
) -> tuple[list[Row], set[str] | None]:
    """The sound lines, and the person keys of all lines; None when a line's key could not be read."""
    rows: list[Row] = []
    keys: set[str] | None = set()
    first_seen: dict[tuple[str, ...], int] = {}
    for line, cells in lines:
        if len(cells) != len(names):
            keys = None
            if cells:
                place.add(
                    line,
                    None,
                    f"{len(names)} cells, as in the header",
                    f"{len(cells)} cells",
                    "put values with ; or line breaks in double quotes",
                )
            continue
        same = first_seen.setdefault(tuple(cells), line)
        if same != line:
            place.add(
                line,
                None,
                "every line once",
                f"the same line as line {same}",
                "remove one of them, and let the export be looked at: it should not write lines twice",
            )
            continue
        raw = dict(zip(names, cells, strict=True))
        if keys is not None:
            keys.add(raw["person_key"].strip())
        row = parse_row(line, raw, place, language)
        if row is not None:
            rows.append(row)
            _check_domain(row, domains, place)
    return rows, keys


def _check_domain(row: Row, domains: frozenset[str], place: Place) -> None:
    if domains and row.account.address.domain not in domains:
        place.add(
            row.line,
            "mail",
            "an address in one of the accepted domains",
            "another domain",
            "correct the address, or add the domain to the accepted domains when it is yours",
        )


def _lines(place: Place, text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines with their first line number; blank ones are passed over. Ends at a line that is no CSV, which
    it notes and gives without cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            place.add(
                line,
                None,
                "cells separated by ;, with quotes only around whole cells",
                "quotes that do not match, or a cell that is far too long",
                "export the file again; lines after this one were not checked",
            )
            yield line, []
            return
        if cells:
            yield line, cells


def _unknown_waivers(waivers: Sequence[Waiver], addresses: set[Address]) -> list[Problem]:
    return [
        Problem(
            "waivers.toml",
            f"waiver {number}.address",
            "an address of the people file",
            "an address that nobody has",
            "correct the address, or remove the waiver",
        )
        for number, waiver in enumerate(waivers, start=1)
        if waiver.address not in addresses
    ]
