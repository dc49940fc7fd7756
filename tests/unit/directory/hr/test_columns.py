"""The header: twelve columns, and nothing that mailbot may not receive."""

import pytest

from mailbot.directory.hr.columns import COLUMNS, sensitive
from mailbot.directory.hr.content import read_feed
from tests.unit.directory.hr.feeds import HEADER, TODAY, feed, loaded, places, problems, row


def with_column(name: str) -> bytes:
    """A feed with one column more, and a cell in it."""
    header, line, _ = feed(row(1)).decode().split("\n")
    return f"{header};{name}\n{line};griep\n".encode()


@pytest.mark.parametrize(
    "name",
    [
        "ziek", "ziek_van", "ziekmelding", "Ziekteverzuim", "verzuim", "verzuimpercentage",
        "kort_verzuim", "hersteldmelding", "betermelding", "HrIllness", "sick_leave", "sickness",
        "illness_from", "medische_keuring", "verlofsoort", "verlof_soort", "soort verlof", "VerlofType",
        "type_verlof", "verlof_code", "verlofomschrijving", "leave_type", "LeaveTypeCode",
        "absence_code", "absenceType", "afwezigheid_reden", "vakantiesoort", "abs_type", "zwangerschap",
        "zwangerschapsverlof", "bevallingsverlof", "maternity", "pregnancy", "ouderschapsverlof_van",
        "zorgverlof", "bijzonder_verlof", "parental_leave", "care leave", "special-leave",
        "kraamverlof", "rouwverlof", "wazo", "WIA", "wao_percentage", "wga", "zw_uitkering",
        "ao_klasse", "poortwachter", "wajong", "re-integratie", "re_integratie", "reïntegratie",
        "reintegration", "arbeidsongeschikt", "bedrijfsarts", "reden", "reden_uit_dienst",
        "uitdienstreden", "vertrekreden", "reason", "leaving_reason", "diagnose", "zíék",
    ],
)  # fmt: skip
def test_illness_and_kinds_of_leave_are_not_received(name: str) -> None:
    """Not even for looking at: the file is deleted, so nobody is told of anything else in it."""
    found, place = read_feed(with_column(name), "hr.csv", TODAY)
    assert found is None and place.forbidden
    [problem] = place.problems
    assert problem.where == "line 1, column 13"
    assert "AVG 9" in problem.mend
    assert "griep" not in repr(problem)


@pytest.mark.parametrize(
    "name",
    [
        "functie", "geslacht", "telefoon", "contract_type", "soort_medewerker",
        "empl_Soort_medewerker_code", "account_disabled", "datum_uittreden", "treden", "intreden_op",
        "tevredenheid", "diensttreden", "leaver_code", "verlof_uren", "verlofsaldo", "afwezig_van",
        "leave_from", "vestiging", "zwembad", "klachtencommissie", "medewerker", "medicijnman", "vrouw",
        "biljartkamer", "dwaolicht", "opleiding", "uren_per_week", "vakgroep",
    ],
)  # fmt: skip
def test_an_innocent_column_is_refused_as_unknown(name: str) -> None:
    found, place = read_feed(with_column(name), "hr.csv", TODAY)
    assert found is None and not place.forbidden
    [problem] = place.problems
    assert (problem.where, problem.found) == ("line 1, column 13", "an unknown column")
    assert name not in repr(problem)


def test_no_column_of_the_contract_is_taken_for_one_about_illness() -> None:
    assert [name for name in COLUMNS if sensitive(name)] == []


def test_beside_an_unknown_column_the_lines_are_checked_all_the_same() -> None:
    data = with_column("functie").replace(b"2015-03-01", b"2015")
    assert places(data) == ["line 1, column 13", "line 2, column dienst_in"]


def test_a_column_that_is_mistyped_gets_a_hint() -> None:
    unknown, missing = problems(feed(row(1)).replace(b"werkdagen", b"werkdag", 1))
    assert (unknown.where, unknown.mend) == ("line 1, column 9", "did you mean werkdagen?")
    assert missing.where == "line 1, column werkdagen"


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_is_there_once(column: str) -> None:
    doubled = [(name, name) if name == column else (name,) for name in COLUMNS]
    assert places(";".join(name for names in doubled for name in names).encode()) == [
        f"line 1, column {column}"
    ]
    others = ";".join(name for name in COLUMNS if name != column)
    assert places(others.encode()) == [f"line 1, column {column}"]


def test_a_separator_too_many_at_the_end_is_told_as_a_column_without_a_name() -> None:
    [problem] = problems(f"{HEADER};\n".encode())
    assert (problem.where, problem.found) == ("line 1, column 13", "a column without a name")


def test_a_file_without_header_is_not_quoted() -> None:
    [problem] = problems(feed(row(1)).partition(b"\n")[2])
    assert problem.where == "line 1"
    assert "voorbeeld" not in repr(problem) and "1001" not in repr(problem)


def test_columns_may_come_in_any_order_and_case() -> None:
    lines = [line.split(";")[::-1] for line in feed(row(1)).decode().replace("mail", "MAIL", 1).splitlines()]
    assert loaded("\n".join(";".join(cells) for cells in lines).encode()) == loaded(feed(row(1)))
