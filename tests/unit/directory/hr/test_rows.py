"""Single lines: every cell arrives, and every wrong one is told by line and column without being quoted."""

from datetime import date, time

import pytest

from mailbot.directory.hr.content import read_feed
from mailbot.directory.hr.places import MOST
from mailbot.model.employment import Employment, Leave, OrgUnit
from mailbot.model.ids import Address
from mailbot.model.worktime import Hours, WorkPattern
from tests.unit.directory.hr.feeds import HEADER, TODAY, feed, loaded, places, problems, row, staff

OFFICE = (Hours(time(8, 30), time(17)),)


class TestOneLine:
    def test_every_column_arrives(self) -> None:
        full = row(
            1,
            dienst_uit="2027-01-31",
            werkdagen="ma 8",
            verlof_van="2026-12-21",
            verlof_tot="2026-12-31",
            verlof_goedgekeurd_op="2026-10-05",
            manager_key="1002",
        )
        assert loaded(feed(full)) == [
            Employment(
                key="1001",
                address=Address("p1@voorbeeld.example"),
                starts=date(2015, 3, 1),
                ends=date(2027, 1, 31),
                manager_key="1002",
                unit=OrgUnit("100", "Burgerzaken"),
                roster=WorkPattern({0: OFFICE}),
                leave=(Leave(date(2026, 12, 21), date(2026, 12, 31), date(2026, 10, 5)),),
            )
        ]

    def test_only_the_key_is_needed(self) -> None:
        """What personnel does not say is not known: no zeros, no Monday to Friday, no today."""
        assert loaded(f"{HEADER}\n1001;;;;;;;;;;;\n".encode()) == [Employment(key="1001")]

    def test_keys_are_text(self) -> None:
        person, other = loaded(feed(row(1, person_key="0012", manager_key="x-7"), row(2, person_key="12")))
        assert (person.key, person.manager_key, other.key) == ("0012", "x-7", "12")

    @pytest.mark.parametrize("open_end", ["", "9999-12-31"])
    def test_an_open_end_is_no_end(self, open_end: str) -> None:
        assert loaded(feed(row(1, dienst_uit=open_end)))[0].ends is None

    def test_managers_are_for_others_to_judge(self) -> None:
        """One who manages himself, one whom nobody knows, a circle: conflicts, for whoever merges people."""
        people = loaded(
            feed(
                row(1, manager_key="1001"),
                row(2, manager_key="9"),
                row(3, manager_key="1004"),
                row(4, manager_key="1003"),
            )
        )
        assert [person.manager_key for person in people] == ["1001", "9", "1004", "1003"]

    def test_two_people_may_be_said_to_have_one_address(self) -> None:
        assert len(loaded(feed(row(1), row(2, mail="p1@voorbeeld.example")))) == 2

    def test_cells_are_trimmed(self) -> None:
        assert loaded(feed(row(1, person_key=" 1001 ", dienst_uit=" 2027-01-31"))) == loaded(
            feed(row(1, dienst_uit="2027-01-31"))
        )


class TestWrongCells:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("person_key", ""),
            ("person_key", " "),
            ("person_key", "10\u200b01"),
            ("person_key", "x" * 257),
            ("mail", "p1"),
            ("mail", "Persoon Een <p1@voorbeeld.example>"),
            ("dienst_in", "01-03-2015"),
            ("dienst_in", "2015-02-30"),
            ("dienst_in", "2015-03-01T00:00:00"),
            ("dienst_in", "٢٠١٥-٠٣-٠١"),
            ("dienst_in", "0215-03-01"),
            ("dienst_in", "9999-12-31"),
            ("dienst_uit", "2015-02-28"),
            ("dienst_uit", "2999-12-31"),
            ("dienst_uit", "2027-02-29"),
            ("contract_volgnr", "0"),
            ("contract_volgnr", "1.0"),
            ("contract_volgnr", "een"),
            ("manager_key", "10\u00ad02"),
            ("org_code", ""),
            ("org_naam", ""),
            ("org_naam", "Burger\tzaken"),
            ("org_naam", "Burger\u2028zaken"),
            ("werkdagen", "maandag"),
            ("werkdagen", "ma 17:00-08:30"),
        ],
    )
    def test_it_is_told_by_line_and_column(self, column: str, value: str) -> None:
        assert places(feed(row(1), row(2, **{column: value}))) == [f"line 3, column {column}"]

    @pytest.mark.parametrize(
        ("cells", "wrong"),
        [
            (("2026-12-21", "2026-12-20", "2026-10-05"), ["verlof_tot"]),
            (("2026-12-21", "", "2026-10-05"), ["verlof_tot"]),
            (("", "", "2026-10-05"), ["verlof_van", "verlof_tot"]),
            (("2026-12-21", "2026-12-31", ""), ["verlof_goedgekeurd_op"]),
            (("2026-12-21", "9999-12-31", "2026-10-05"), ["verlof_tot"]),
        ],
    )
    def test_leave_is_whole_and_runs_forward(self, cells: tuple[str, str, str], wrong: list[str]) -> None:
        first, last, approved = cells
        line = row(1, verlof_van=first, verlof_tot=last, verlof_goedgekeurd_op=approved)
        assert places(feed(line)) == [f"line 2, column {column}" for column in wrong]

    def test_all_of_it_is_told_at_once_and_nothing_is_quoted(self) -> None:
        data = feed(
            row(1, mail="Sjoukje de Geheime"),
            row(2, dienst_in="Sjoukje", werkdagen="Sjoukje 8"),
            row(3, contract_volgnr="Sjoukje", org_code=""),
        )
        told = problems(data)
        assert [problem.where for problem in told] == [
            "line 2, column mail",
            "line 3, column dienst_in",
            "line 3, column werkdagen",
            "line 4, column contract_volgnr",
            "line 4, column org_code",
        ]
        assert all(problem.file == "hr.csv" and problem.expected and problem.mend for problem in told)
        assert "Sjoukje" not in repr(told)

    def test_one_mistake_in_every_line_is_told_so_often_and_no_more(self) -> None:
        found, place = read_feed(feed(*staff(MOST + 41, dienst_in="x")), "hr.csv", TODAY)
        assert found is None and len(place.problems) == MOST
        assert place.told("in the feed").endswith("\n\nand 41 more")

    def test_the_same_line_twice_names_both(self) -> None:
        [problem] = problems(feed(row(1), row(2), row(1)))
        assert (problem.where, problem.found) == ("line 4", "the same line as line 2")

    def test_a_line_that_cannot_be_read_is_one_mistake(self) -> None:
        people = [row(1), *(row(number, manager_key="1001") for number in range(2, 20))]
        assert places(feed(*people).replace(b"Burgerzaken", b"Burger; zaken", 1)) == ["line 2"]


class TestManyLines:
    def test_what_is_wrong_on_every_line_is_told_once(self) -> None:
        """A query that writes days the Dutch way does so 40 times: one thing to mend, not 40."""
        dutch = [row(number, dienst_in="01-03-2015") for number in (1, 2, 3, 5)]
        found, place = read_feed(feed(*dutch[:3], row(4), dutch[3]), "hr.csv", TODAY)
        assert found is None
        told = place.told("in the feed")
        assert told.startswith("4 problems in the feed.")
        assert told.count("expected:") == 1
        assert "lines 2-4, 6, column dienst_in" in told

    def test_different_columns_and_shapes_stay_apart(self) -> None:
        _, place = read_feed(feed(row(1, dienst_in="x"), row(2, dienst_uit="x")), "hr.csv", TODAY)
        told = place.told("in the feed")
        assert "line 2, column dienst_in" in told and "line 3, column dienst_uit" in told

    def test_a_second_header_is_one_problem_and_not_one_of_every_cell(self) -> None:
        [problem] = problems(feed(row(1)) + feed(row(2)))
        assert (problem.where, problem.found) == ("line 3", "the header again")
