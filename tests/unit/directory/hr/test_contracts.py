"""Several lines of one person: contracts that follow each other or run together, and leaves."""

from datetime import date, time

import pytest

from mailbot.model.employment import Employment, Leave, OrgUnit
from mailbot.model.worktime import Hours, WorkPattern
from tests.unit.directory.hr.feeds import TODAY, feed, loaded, places, problems, row

OFFICE = (Hours(time(8, 30), time(17)),)


def one(*rows: dict[str, str], today: date = TODAY) -> Employment:
    [person] = loaded(feed(*rows), today)
    return person


def contract(number: int, first: str, last: str, **cells: str) -> dict[str, str]:
    return row(1, contract_volgnr=str(number), dienst_in=first, dienst_uit=last, **cells)


def leave(first: str, last: str, approved: str = "2026-01-05", **cells: str) -> dict[str, str]:
    return row(1, verlof_van=first, verlof_tot=last, verlof_goedgekeurd_op=approved, **cells)


class TestService:
    def test_the_last_end_of_all_contracts_counts(self) -> None:
        first, second = contract(1, "2020-01-01", "2024-12-31"), contract(2, "2025-01-01", "2027-12-31")
        person = one(second, first)
        assert (person.starts, person.ends) == (date(2020, 1, 1), date(2027, 12, 31))

    @pytest.mark.parametrize("open_end", ["", "9999-12-31"])
    def test_one_open_contract_means_no_end(self, open_end: str) -> None:
        assert one(contract(1, "2020-01-01", open_end), contract(2, "2026-01-01", "2026-12-31")).ends is None

    def test_a_gap_between_contracts_makes_nobody_a_leaver(self) -> None:
        """The season is over in September and begins again in March: the mailbox is not to be closed."""
        season, next_one = contract(1, "2026-03-01", "2026-09-30"), contract(2, "2027-03-01", "2027-09-30")
        person = one(season, next_one)
        assert (person.starts, person.ends) == (date(2026, 3, 1), date(2027, 9, 30))

    def test_a_contract_that_does_not_say_when_it_began_leaves_the_first_day_unknown(self) -> None:
        assert one(contract(1, "", "2024-12-31"), contract(2, "2025-01-01", "")).starts is None

    def test_who_has_not_begun_is_there_already(self) -> None:
        assert one(contract(1, "2027-01-01", "")).starts == date(2027, 1, 1)


class TestWhereSomebodyWorks:
    PAST = contract(1, "2024-01-01", "2026-11-20", org_code="1", org_naam="Toen", manager_key="7")
    NOW = contract(2, "2026-11-21", "2026-12-31", org_code="2", org_naam="Nu", manager_key="8")
    COMING = contract(3, "2027-02-01", "", org_code="3", org_naam="Straks", manager_key="9")

    @pytest.mark.parametrize(
        ("today", "unit", "manager"),
        [
            (date(2023, 6, 1), "Toen", "7"),
            (date(2026, 11, 20), "Toen", "7"),
            (date(2026, 11, 21), "Nu", "8"),
            (date(2026, 12, 31), "Nu", "8"),
            (date(2027, 1, 1), "Straks", "9"),
            (date(2028, 1, 1), "Straks", "9"),
        ],
    )
    def test_today_s_contract_tells_else_the_next_one(self, today: date, unit: str, manager: str) -> None:
        person = one(self.COMING, self.PAST, self.NOW, today=today)
        assert person.unit is not None
        assert (person.unit.name, person.manager_key) == (unit, manager)

    def test_when_all_are_over_the_last_one_tells(self) -> None:
        person = one(self.NOW, self.PAST, today=date(2027, 6, 1))
        assert person.unit == OrgUnit("2", "Nu")

    def test_of_two_that_run_together_the_one_that_began_last_tells(self) -> None:
        main = contract(1, "2020-01-01", "", org_code="1", org_naam="Vast", werkdagen="ma")
        extra = contract(2, "2026-05-01", "", org_code="2", org_naam="Erbij", werkdagen="do")
        person = one(main, extra)
        assert person.unit == OrgUnit("2", "Erbij")
        assert person.roster == WorkPattern({0: OFFICE, 3: OFFICE})

    def test_one_of_them_without_days_leaves_the_roster_unknown(self) -> None:
        assert one(contract(1, "2020-01-01", ""), contract(2, "2026-05-01", "", werkdagen="")).roster is None

    def test_days_of_a_contract_that_is_over_count_no_longer(self) -> None:
        over, runs = (
            contract(1, "2020-01-01", "2025-12-31", werkdagen="vr"),
            contract(2, "2026-01-01", "", werkdagen="ma"),
        )
        assert one(over, runs).roster == WorkPattern({0: OFFICE})


class TestLeave:
    def test_leaves_are_collected_by_date(self) -> None:
        person = one(leave("2026-12-21", "2026-12-31"), leave("2026-07-01", "2026-07-14"))
        assert [(each.first, each.last) for each in person.leave] == [
            (date(2026, 7, 1), date(2026, 7, 14)),
            (date(2026, 12, 21), date(2026, 12, 31)),
        ]

    def test_two_contracts_say_it_once_each(self) -> None:
        lines = leave("2026-12-21", "2026-12-31"), leave("2026-12-21", "2026-12-31", contract_volgnr="2")
        assert len(one(*lines).leave) == 1

    def test_leaves_that_overlap_are_one_and_approved_when_all_of_it_was(self) -> None:
        lines = (
            leave("2026-12-21", "2026-12-31", "2026-10-05"),
            leave("2026-12-30", "2027-01-08", "2026-12-01"),
        )
        assert one(*lines).leave == (Leave(date(2026, 12, 21), date(2027, 1, 8), date(2026, 12, 1)),)

    def test_a_day_asked_for_twice_changes_nothing(self) -> None:
        """Somebody has three weeks off, and later asks for a day in the middle of it."""
        lines = (
            leave("2026-12-07", "2026-12-27", "2026-10-05"),
            leave("2026-12-15", "2026-12-15", "2026-12-15"),
        )
        assert one(*lines).leave == (Leave(date(2026, 12, 7), date(2026, 12, 27), date(2026, 10, 5)),)

    def test_leaves_that_only_touch_stay_two(self) -> None:
        lines = leave("2026-12-07", "2026-12-13"), leave("2026-12-14", "2026-12-20", "2026-12-13")
        assert len(one(*lines).leave) == 2


class TestAgreement:
    def test_a_person_has_one_address(self) -> None:
        lines = contract(1, "2020-01-01", ""), contract(2, "2026-01-01", "", mail="ander@voorbeeld.example")
        assert places(feed(*lines)) == ["line 3, column mail"]

    @pytest.mark.parametrize(
        ("column", "other"),
        [
            ("dienst_in", "2016-01-01"),
            ("dienst_uit", "2027-01-01"),
            ("manager_key", "7"),
            ("werkdagen", "ma"),
        ],
    )
    def test_lines_of_one_contract_agree(self, column: str, other: str) -> None:
        [problem] = problems(feed(row(1), row(1, **{column: other})))
        assert (problem.where, problem.expected) == (
            f"line 3, column {column}",
            "the same value as on line 2",
        )

    def test_so_do_the_names_of_departments(self) -> None:
        assert places(feed(row(1), row(1, org_naam="Griffie"))) == ["line 3, column org_code"]

    def test_several_contracts_are_numbered(self) -> None:
        assert places(feed(row(1, contract_volgnr=""), row(1))) == ["line 2, column contract_volgnr"]
