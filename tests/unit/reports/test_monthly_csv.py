"""The report as CSV: what a Dutch Excel opens, and nothing that it would run."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from mailbot.model.accounts import Language
from mailbot.reports.monthly import values
from mailbot.reports.monthly_csv import ENCODING, figures_csv, sweeps_csv
from tests.unit.reports.november import november


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_excel_finds_its_mark_its_semicolons_and_its_line_ends() -> None:
    written = figures_csv(november()).encode(ENCODING)
    assert written.startswith(b"\xef\xbb\xbf")
    assert all(line.count(b'";"') == 9 for line in written.split(b"\r\n") if line)


def test_it_holds_the_numbers_of_the_page() -> None:
    report = november()
    found = read(figures_csv(report))
    expected = [
        (rule["name"], point["from"], point["share"] or "geen meting")
        for rule in values(report)["rules"]
        for point in rule["points"]
    ]
    whole = [row for row in found if row["onderdeel"] == "Gemeente Voorbeeld"]
    assert [
        (row["onderwerp"], row["van"], row["postbussen waar iets beter kan"]) for row in whole
    ] == expected
    departments = {row["onderdeel"]: row for row in found if row["onderdeel"] != "Gemeente Voorbeeld"}
    assert set(departments) == {"Burgerzaken", "Sociaal Domein"}
    assert all(
        row["bekeken postbussen in de hele organisatie"] == "9 van de 10 of meer"
        for row in departments.values()
    )


def test_a_gap_is_empty_where_there_is_nothing_to_say() -> None:
    (gap,) = [
        row
        for row in read(figures_csv(november()))
        if row["van"] == "2026-11-09" and row["onderwerp"] == "Omvang van je postbus"
    ]
    assert (
        gap["gemeten op"],
        gap["bekeken postbussen in de hele organisatie"],
        gap["gedeeltelijke meting"],
    ) == ("", "", "")


def test_waivers_stand_once_per_rule_and_month() -> None:
    counted = [row["uitzonderingen"] for row in read(figures_csv(november())) if row["uitzonderingen"]]
    assert counted == ["0", "2"]


def test_every_day_has_a_line() -> None:
    found = {row["dag"]: row["meting"] for row in read(sweeps_csv(november()))}
    assert len(found) == 21
    assert (found["2026-11-06"], found["2026-11-09"], found["2026-11-20"]) == (
        "volledig",
        "geen meting",
        "gedeeltelijk",
    )
    english = read(sweeps_csv(november(language=Language.EN)))
    assert {row["sweep"] for row in english} == {"complete", "partial", "not measured"}


@given(
    st.sampled_from(
        [
            "=",
            "+",
            "-",
            "@",
            "\t=",
            "\r=",
            "\n=",
            " =",
            "\ufeff=",
            "\ufeff =",
            "\u200b\ufeff +",
            "\u00a0@",
            "\u202e-",
            "＝",
            "＋",
        ]
    ),
    st.text(max_size=20),
)
def test_no_cell_is_a_formula_and_no_name_is_lost(begins: str, name: str) -> None:
    found = read(figures_csv(november(names={"BZ": f"{begins}{name}", "SD": "Sociaal"})))
    names = {row["onderdeel"] for row in found} - {"Gemeente Voorbeeld", "Sociaal"}
    (shown,) = names
    assert shown == f"'{begins}{name}"
    assert not any(cell[:1] in "=+-@\t\r\n" and cell for row in found for cell in row.values())
