"""The people file: who comes out of it, who is left out, and how every mistake is told."""

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from mailbot.config.problems import Problem
from mailbot.config.shipped import shipped_settings
from mailbot.directory.csv_people import CsvDirectory, read_people
from mailbot.directory.exclusion import Exclusion, folded
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.clock import SetClock
from mailbot.model.employment import Leave, OrgUnit
from mailbot.model.errors import SettingsRefused
from mailbot.model.facts import Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import People, Person
from mailbot.model.worktime import Hours, WorkPattern
from mailbot.policy.waivers import Waiver

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
Files = Callable[..., tuple[Path, Path]]
OFFICE = (Hours(time(8, 30), time(17)),)

COLUMNS = (
    "object_guid;display_name;mail;language;pilot_group;enabled;recipient_type;hold;person_key;dienst_in;"
    "dienst_uit;contract_volgnr;manager_key;org_code;org_naam;werkdagen;verlof_van;verlof_tot;verlof_goedgekeurd_op"
)


def guid(number: int) -> ObjectGuid:
    return ObjectGuid(f"00000000-0000-4000-8000-{number:012d}")


def row(number: int, **cells: str) -> dict[str, str]:
    """A plain employee whose guid, address and key follow from the number."""
    plain = dict.fromkeys(COLUMNS.split(";"), "") | {
        "object_guid": guid(number),
        "display_name": f"Persoon {number}",
        "mail": f"p{number}@voorbeeld.example",
        "language": "nl",
        "enabled": "ja",
        "recipient_type": "user",
        "hold": "nee",
        "person_key": f"{1000 + number}",
        "dienst_in": "2015-03-01",
        "org_code": "100",
        "org_naam": "Burgerzaken",
        "werkdagen": "ma,di,wo,do,vr",
    }
    return plain | cells


def read(files: tuple[Path, Path], **options: Any) -> tuple[People | None, list[Problem]]:
    exclusion = options.pop("exclusion", Exclusion())
    excluded = options.pop("excluded", frozenset())
    return read_people(*files, exclusion, excluded, NOW, **options)


def persons(files: tuple[Path, Path], **options: Any) -> dict[ObjectGuid, Person]:
    people, problems = read(files, **options)
    assert people is not None, problems
    return dict(people.by_guid)


def places(files: tuple[Path, Path], **options: Any) -> list[str]:
    people, problems = read(files, **options)
    assert people is None
    return [problem.where for problem in problems]


class TestOneMistakeIsOneProblem:
    """A mistake in one place is not repeated for everybody who has to do with it."""

    def test_a_line_that_cannot_be_read_hides_no_manager(self, files: Files) -> None:
        people = [row(1), *(row(number, manager_key="1001") for number in range(2, 20))]
        for broken in (("Persoon 1;", "Persoon; 1;"), ("Persoon 1;", '"Persoon" 1;')):
            file, domains = files(*people)
            file.write_text(file.read_text().replace(*broken, 1), encoding="utf-8")
            (place,) = places((file, domains))
            assert place == "line 2"

    def test_a_file_that_breaks_off_does_not_hide_managers_either(self, files: Files) -> None:
        file, domains = files(row(2, manager_key="1001"), row(1))
        file.write_text(file.read_text().replace("Persoon 1;", '"Persoon" 1;'), encoding="utf-8")
        assert places((file, domains)) == ["line 3"]

    def test_a_domain_that_is_mistyped_is_no_mistake_of_everybody_in_it(self, files: Files) -> None:
        file, domains = files(row(1), row(2))
        domains.write_text("@voorbeeld.example\nlandelijk.example\n")
        assert places((file, domains)) == ["line 1"]

    def test_the_same_line_twice_names_both(self, files: Files) -> None:
        people, (problem,) = read(files(row(1), row(2), row(1)))
        assert people is None
        assert (problem.where, problem.found) == ("line 4", "the same line as line 2")


class TestOnePerson:
    def test_who_has_no_language_gets_the_organisation_s(self, files: Files) -> None:
        lines = files(row(1, language=""), row(2, language="nl"))
        found = persons(lines, language=Language.EN)
        assert (found[guid(1)].language, found[guid(2)].language) == (Language.EN, Language.NL)

    def test_every_column_arrives(self, files: Files) -> None:
        full = row(
            1,
            language="en",
            pilot_group="pilot, balie",
            dienst_uit="2027-01-31",
            werkdagen="ma 8",
            verlof_van="2026-12-21",
            verlof_tot="2026-12-31",
            verlof_goedgekeurd_op="2026-10-05",
            manager_key="1002",
        )
        assert persons(files(full, row(2)))[guid(1)] == Person(
            guid=guid(1),
            address=Address("p1@voorbeeld.example"),
            name="Persoon 1",
            language=Language.EN,
            enabled=Known(True, NOW),
            recipient_type=Known(RecipientType.USER, NOW),
            hold=Known(False, NOW),
            roster=Known(WorkPattern({0: OFFICE}), NOW),
            groups=frozenset({"pilot", "balie"}),
            unit=OrgUnit("100", "Burgerzaken"),
            manager=guid(2),
            starts=date(2015, 3, 1),
            ends=date(2027, 1, 31),
            leave=(Leave(date(2026, 12, 21), date(2026, 12, 31), date(2026, 10, 5)),),
        )

    def test_what_the_file_does_not_say_is_unknown_and_not_no(self, files: Files) -> None:
        person = persons(files(row(1, enabled="", recipient_type="", hold="", werkdagen="")))[guid(1)]
        missing = Unknown(Reason.NOT_IN_SOURCES)
        assert (person.enabled, person.recipient_type, person.hold) == (missing, missing, missing)
        assert person.roster == Unknown(Reason.WORK_PATTERN_MISSING)

    @pytest.mark.parametrize("written", [guid(1).upper(), "{" + guid(1) + "}"])
    def test_a_guid_has_one_form(self, files: Files, written: str) -> None:
        assert list(persons(files(row(1, object_guid=written)))) == [guid(1)]

    @pytest.mark.parametrize("open_end", ["", "9999-12-31"])
    def test_an_open_end_is_no_end(self, files: Files, open_end: str) -> None:
        assert persons(files(row(1, dienst_uit=open_end)))[guid(1)].ends is None


class TestSeveralLines:
    """Several lines of one guid are contracts or leaves of one person."""

    def test_the_last_end_of_all_contracts_counts(self, files: Files) -> None:
        first = row(1, contract_volgnr="1", dienst_in="2020-01-01", dienst_uit="2024-12-31")
        second = row(1, contract_volgnr="2", dienst_in="2025-01-01", dienst_uit="2027-12-31")
        person = persons(files(second, first))[guid(1)]
        assert (person.starts, person.ends) == (date(2020, 1, 1), date(2027, 12, 31))

    def test_one_open_contract_means_no_end(self, files: Files) -> None:
        temporary = row(1, contract_volgnr="1", dienst_uit="2026-12-31")
        person = persons(files(temporary, row(1, contract_volgnr="2")))[guid(1)]
        assert person.ends is None

    def test_today_s_contract_says_where_somebody_works(self, files: Files) -> None:
        past = row(
            1, contract_volgnr="1", dienst_uit="2026-11-20", org_code="1", org_naam="Toen", manager_key="1002"
        )
        now = row(
            1, contract_volgnr="2", dienst_in="2026-11-21", org_code="2", org_naam="Nu", manager_key="1003"
        )
        coming = row(1, contract_volgnr="3", dienst_in="2027-01-01", org_code="3", org_naam="Straks")
        person = persons(files(past, now, coming, row(2), row(3)))[guid(1)]
        assert (person.unit, person.manager) == (OrgUnit("2", "Nu"), guid(3))

    def test_parallel_contracts_make_one_roster(self, files: Files) -> None:
        one, two = row(1, contract_volgnr="1", werkdagen="ma"), row(1, contract_volgnr="2", werkdagen="do")
        assert persons(files(one, two))[guid(1)].roster == Known(WorkPattern({0: OFFICE, 3: OFFICE}), NOW)

    def test_a_parallel_contract_without_days_leaves_the_roster_unknown(self, files: Files) -> None:
        one, two = row(1, contract_volgnr="1", werkdagen="ma"), row(1, contract_volgnr="2", werkdagen="")
        assert persons(files(one, two))[guid(1)].roster == Unknown(Reason.WORK_PATTERN_MISSING)

    def test_leaves_are_collected(self, files: Files) -> None:
        def leave(first: str, last: str) -> dict[str, str]:
            return row(1, verlof_van=first, verlof_tot=last, verlof_goedgekeurd_op="2026-01-05")

        person = persons(files(leave("2026-12-21", "2026-12-31"), leave("2026-07-01", "2026-07-14")))[guid(1)]
        assert [one.first for one in person.leave] == [date(2026, 7, 1), date(2026, 12, 21)]

    @pytest.mark.parametrize(
        ("column", "other"),
        [
            ("display_name", "Iemand Anders"),
            ("mail", "ander@voorbeeld.example"),
            ("language", "en"),
            ("pilot_group", "pilot"),
            ("enabled", "nee"),
            ("recipient_type", "shared"),
            ("hold", "ja"),
            ("person_key", "9"),
        ],
    )
    def test_account_columns_agree(self, files: Files, column: str, other: str) -> None:
        lines = files(row(1, contract_volgnr="1"), row(1, contract_volgnr="2", **{column: other}))
        assert places(lines) == [f"line 3, column {column}"]

    def test_one_contract_has_one_end(self, files: Files) -> None:
        assert places(files(row(1), row(1, dienst_uit="2027-01-01"))) == ["line 3, column dienst_uit"]

    def test_several_contracts_are_numbered(self, files: Files) -> None:
        assert places(files(row(1), row(1, contract_volgnr="2"))) == ["line 2, column contract_volgnr"]


class TestWrongCells:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("object_guid", ""),
            ("object_guid", "1001"),
            ("object_guid", "00000000-0000-0000-0000-000000000000"),
            ("display_name", ""),
            ("display_name", "x" * 257),
            ("mail", ""),
            ("mail", "p1"),
            ("mail", "p1@elders.example"),
            ("mail", "p1@sub.voorbeeld.example"),
            ("language", "NL"),
            ("enabled", "yes"),
            ("recipient_type", "UserMailbox"),
            ("hold", "1"),
            ("dienst_in", "01-03-2015"),
            ("dienst_in", "2015-02-30"),
            ("dienst_in", "0215-03-01"),
            ("dienst_in", "9999-12-31"),
            ("dienst_uit", "2015-02-28"),
            ("contract_volgnr", "0"),
            ("contract_volgnr", "een"),
            ("manager_key", "1001"),
            ("manager_key", "4242"),
            ("org_code", ""),
            ("org_naam", ""),
            ("werkdagen", "maandag"),
        ],
    )
    def test_a_wrong_cell_is_told_by_line_and_column(self, files: Files, column: str, value: str) -> None:
        assert places(files(row(1, **{column: value}), row(2))) == [f"line 2, column {column}"]

    @pytest.mark.parametrize(
        ("cells", "wrong"),
        [
            (("2026-12-21", "2026-12-20", "2026-10-05"), ["verlof_tot"]),
            (("2026-12-21", "", "2026-10-05"), ["verlof_tot"]),
            (("", "", "2026-10-05"), ["verlof_van", "verlof_tot"]),
            (("2026-12-21", "2026-12-31", ""), ["verlof_goedgekeurd_op"]),
        ],
    )
    def test_leave_is_whole_and_runs_forward(
        self, files: Files, cells: tuple[str, str, str], wrong: list[str]
    ) -> None:
        first, last, approved = cells
        line = row(1, verlof_van=first, verlof_tot=last, verlof_goedgekeurd_op=approved)
        assert places(files(line)) == [f"line 2, column {column}" for column in wrong]

    def test_all_of_it_is_told_at_once_and_nothing_is_quoted(self, files: Files) -> None:
        lines = files(
            row(1, display_name="", mail="Sjoukje de Geheime"),
            row(2, dienst_in="Sjoukje", werkdagen="Sjoukje 8"),
            row(3, manager_key="Sjoukje"),
        )
        people, problems = read(lines)
        assert people is None
        assert [problem.where for problem in problems] == [
            "line 2, column display_name",
            "line 2, column mail",
            "line 3, column dienst_in",
            "line 3, column werkdagen",
            "line 4, column manager_key",
        ]
        assert "Sjoukje" not in repr(problems)

    def test_a_name_cannot_smuggle_a_header_into_a_letter(self, files: Files) -> None:
        assert places(files(row(1, display_name='"Persoon\nBcc: x"'))) == ["line 2, column display_name"]


class TestOverLines:
    def test_one_address_belongs_to_one_account(self, files: Files) -> None:
        assert places(files(row(1), row(2, mail="P1@voorbeeld.example"))) == ["line 3, column mail"]

    def test_one_key_belongs_to_one_account(self, files: Files) -> None:
        assert places(files(row(1), row(2, person_key="1001"))) == ["line 3, column person_key"]

    def test_a_circle_of_managers_is_told_once(self, files: Files) -> None:
        circle = [row(n, manager_key=str(1001 + n % 3)) for n in (1, 2, 3)]
        people, problems = read(files(*circle, row(4, manager_key="1001")))
        assert people is None
        (problem,) = problems
        assert problem.where == "line 2, column manager_key"
        assert problem.found == "a circle over the lines 2, 3, 4"

    def test_a_manager_on_a_broken_line_is_still_known(self, files: Files) -> None:
        lines = files(row(1, manager_key="1002"), row(2, mail="nobody"))
        assert places(lines) == ["line 3, column mail"]


class TestHeader:
    def header(self, files: Files, change: Callable[[str], str]) -> list[Problem]:
        people, domains = files(row(1))
        people.write_text(change(people.read_text(encoding="utf-8")), encoding="utf-8")
        return read((people, domains))[1]

    @pytest.mark.parametrize(
        "name", ["verlof_soort", "Verlofsoort", "ziek_van", "verzuim", "reden", "leave_type", "type_verlof"]
    )
    def test_illness_and_kinds_of_leave_are_not_received(self, files: Files, name: str) -> None:
        (problem,) = self.header(files, lambda text: text.replace("\n", f";{name}\n", 1))
        assert problem.where == "line 1, column 20"
        assert "AVG 9" in problem.mend

    def test_an_unknown_column_gets_a_hint(self, files: Files) -> None:
        unknown, missing = self.header(files, lambda text: text.replace("werkdagen", "werkdag", 1))
        assert (unknown.where, unknown.mend) == ("line 1, column 16", "did you mean werkdagen?")
        assert missing.where == "line 1, column werkdagen"

    def test_a_column_stands_there_once(self, files: Files) -> None:
        problems = self.header(files, lambda text: text.replace("\n", ";mail\n", 1))
        assert [problem.where for problem in problems] == ["line 1, column mail"]

    def test_a_file_without_header_is_not_quoted(self, files: Files) -> None:
        (problem,) = self.header(files, lambda text: text.partition("\n")[2])
        assert problem.where == "line 1"
        assert "Persoon" not in repr(problem)

    def test_commas_are_told_as_commas(self, files: Files) -> None:
        (problem,) = self.header(files, lambda text: text.replace(";", ","))
        assert problem.mend == "separate columns by ;"

    def test_columns_may_come_in_any_order(self, files: Files) -> None:
        people, domains = files(row(1))
        lines = [line.split(";")[::-1] for line in people.read_text(encoding="utf-8").splitlines()]
        people.write_text("\n".join(";".join(cells) for cells in lines), encoding="utf-8")
        assert list(persons((people, domains))) == [guid(1)]


class TestFile:
    def rewritten(self, files: Files, data: Callable[[bytes], bytes]) -> list[str]:
        people, domains = files(row(1), row(2))
        people.write_bytes(data(people.read_bytes()))
        return places((people, domains))

    def test_a_byte_order_mark_and_windows_line_ends_are_fine(self, files: Files) -> None:
        people, domains = files(row(1))
        people.write_bytes(b"\xef\xbb\xbf" + people.read_bytes().replace(b"\n", b"\r\n\r\n"))
        assert list(persons((people, domains))) == [guid(1)]

    def test_windows_1252_is_refused_by_line(self, files: Files) -> None:
        assert self.rewritten(files, lambda data: data.replace(b"Persoon 2", b"Ren\xe9")) == ["line 3"]

    def test_utf_16_is_refused(self, files: Files) -> None:
        assert self.rewritten(files, lambda data: data.decode().encode("utf-16")) == ["line 1"]

    @pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
    def test_an_empty_file_is_not_an_empty_municipality(self, files: Files, data: bytes) -> None:
        assert self.rewritten(files, lambda _data: data) == ["line 1"]

    def test_a_header_alone_neither(self, files: Files) -> None:
        assert self.rewritten(files, lambda data: data.partition(b"\n")[0]) == ["line 2"]

    def test_a_line_with_other_cells_is_told(self, files: Files) -> None:
        assert self.rewritten(files, lambda data: data + b"a;b;c\n") == ["line 4"]

    def test_quotes_that_do_not_match(self, files: Files) -> None:
        assert self.rewritten(files, lambda data: data.replace(b"Persoon 2", b'"Persoon" 2')) == ["line 3"]
        assert self.rewritten(files, lambda data: data.replace(b"Persoon 2", b'"Persoon 2')) == ["line 3"]

    def test_a_missing_file(self, files: Files) -> None:
        people, domains = files(row(1))
        people.unlink()
        domains.unlink()
        assert places((people, domains)) == ["line 1", "line 1"]

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("", ["line 1"]),
            ("# none\n", ["line 1"]),
            ("a.example\n@b.example\n*.c.example\n", ["line 2", "line 3"]),
        ],
    )
    def test_domains_are_domains(self, files: Files, text: str, wrong: list[str]) -> None:
        people, problems = read(files(row(1, mail="p1@a.example"), domains=text))
        assert people is None
        assert [p.where for p in problems if p.file == "accepted_domains.txt"] == wrong


class TestExclusion:
    """Who is excluded is not in the answer, in no way."""

    @pytest.mark.parametrize(
        "cells",
        [
            {"pilot_group": "pilot,Ondernemingsraad"},
            {"org_naam": "ONDERNEMINGSRAAD"},
            {"org_code": "ondernemingsraad"},
            {"recipient_type": "room"},
            {"mail": "fg@voorbeeld.example"},
        ],
    )
    def test_by_group_type_or_address(self, files: Files, cells: dict[str, str]) -> None:
        exclusion = Exclusion(
            frozenset({"ondernemingsraad"}),
            frozenset({RecipientType.ROOM}),
            frozenset({Address("fg@voorbeeld.example")}),
        )
        assert list(persons(files(row(1), row(2, **cells)), exclusion=exclusion)) == [guid(1)]

    def test_by_person(self, files: Files) -> None:
        assert list(persons(files(row(1), row(2)), excluded=frozenset({guid(1)}))) == [guid(2)]

    @pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
    def test_an_accent_excludes_however_it_is_written(self, files: Files, form: str) -> None:
        """Some systems export `ö` as two characters. It looks the same, so it must count the same."""
        exclusion = Exclusion(groups=frozenset(folded(["Klachtencoördinatie"])))
        there = unicodedata.normalize(form, " KLACHTENCOÖRDINATIE ")  # type: ignore[arg-type]
        assert list(persons(files(row(1), row(2, org_naam=there)), exclusion=exclusion)) == [guid(1)]

    def test_groups_to_which_nobody_belongs_are_known(self, files: Files) -> None:
        exclusion = Exclusion(groups=frozenset(folded(["Griffie", "200", "Bedrijfarts", "burgerzaken"])))
        people, _ = read(files(row(1), row(2, pilot_group="griffie,x", org_code="200")), exclusion=exclusion)
        assert people is not None
        assert people.unmatched_groups == {"bedrijfarts"}

    def test_who_reports_to_an_excluded_person_has_no_manager(self, files: Files) -> None:
        lines = files(row(1), row(2, manager_key="1001"))
        assert persons(lines)[guid(2)].manager == guid(1)
        assert persons(lines, excluded=frozenset({guid(1)}))[guid(2)].manager is None

    def test_an_unknown_kind_of_mailbox_is_not_excluded_by_kind(self, files: Files) -> None:
        exclusion = Exclusion(types=frozenset(RecipientType))
        assert list(persons(files(row(1), row(2, recipient_type="")), exclusion=exclusion)) == [guid(2)]


class TestWaivers:
    def waiver(self, address: str) -> Waiver:
        return Waiver.model_validate(
            {
                "owner": "DIV",
                "reason": "archive",
                "rule": "quota",
                "address": address,
                "from": date(2026, 1, 1),
                "until": date(2026, 6, 1),
            }
        )

    def test_an_address_that_nobody_has_is_told(self, files: Files) -> None:
        waivers = [self.waiver("p1@voorbeeld.example"), self.waiver("p9@voorbeeld.example")]
        people, problems = read(files(row(1)), waivers=waivers)
        assert people is None
        assert [(p.file, p.where) for p in problems] == [("waivers.toml", "waiver 2.address")]
        assert "p9" not in repr(problems)

    def test_it_does_not_tell_who_is_excluded(self, files: Files) -> None:
        waivers = [self.waiver("p1@voorbeeld.example")]
        people, problems = read(files(row(1), row(2)), waivers=waivers, excluded=frozenset({guid(1)}))
        assert people is not None and problems == []


class TestDirectory:
    def directory(self, files: tuple[Path, Path], excluded: set[ObjectGuid]) -> CsvDirectory:
        return CsvDirectory(*files, Exclusion(), lambda: frozenset(excluded), SetClock(NOW))

    def test_who_an_address_is_can_be_asked_of_excluded_people_too(self, files: Files) -> None:
        directory = self.directory(files(row(1), row(2)), {guid(2)})
        assert directory.guid_of(Address("p2@voorbeeld.example")) == guid(2)
        assert directory.guid_of(Address("p3@voorbeeld.example")) is None
        assert list(directory.people().by_guid) == [guid(1)]

    def test_the_file_and_the_exclusions_are_read_anew_each_time(self, files: Files) -> None:
        excluded: set[ObjectGuid] = set()
        directory = self.directory(files(row(1), row(2)), excluded)
        assert set(directory.people().by_guid) == {guid(1), guid(2)}
        excluded.add(guid(2))
        assert set(directory.people().by_guid) == {guid(1)}
        files(row(3))
        assert set(directory.people().by_guid) == {guid(3)}

    def test_all_errors_come_in_one_refusal(self, files: Files) -> None:
        directory = self.directory(files(row(1, mail="x"), row(2, hold="x")), set())
        with pytest.raises(SettingsRefused, match="2 problems") as refused:
            directory.people()
        assert "line 2, column mail" in str(refused.value)
        assert "line 3, column hold" in str(refused.value)

    def test_the_people_know_when_they_were_read_and_their_domains(self, files: Files) -> None:
        lines = files(row(1), domains="Voorbeeld.example # ours\n\nvoorbeeld-oud.example\n")
        people = self.directory(lines, set()).people()
        assert people.read_at == NOW
        assert people.accepted_domains == {"voorbeeld.example", "voorbeeld-oud.example"}


def test_the_shipped_example_is_sound() -> None:
    shipped = shipped_settings()
    example = persons((shipped / "people.example.csv", shipped / "accepted_domains.example.txt"))
    assert len(example) == 4
