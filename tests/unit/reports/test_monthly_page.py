"""The page of the monthly report: everybody can read it, it loads nothing, and says what it is not for."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from lxml import html as parser

from mailbot.model.accounts import Language
from mailbot.reports.monthly import DARK, LIGHT, html, values
from mailbot.reports.monthly_csv import figures_csv
from tests.letters.test_contrast import contrast
from tests.letters.test_pictures import colours_in, rgb
from tests.unit.reports.november import QUOTA, measured, november


@pytest.fixture(scope="module")
def page() -> str:
    return html(november())


@pytest.fixture(scope="module")
def tree(page: str) -> Any:
    return parser.document_fromstring(page)


def text_of(page: str) -> str:
    body = parser.document_fromstring(page).find("body")
    return " ".join(" ".join(body.itertext()).split())


# what it says


def test_it_says_first_that_nobody_may_be_judged_by_it(tree: Any) -> None:
    first = tree.find(".//section")
    assert "Gebruik deze cijfers niet om medewerkers te beoordelen." in " ".join(first.itertext())


def test_it_says_when_by_what_and_from_which_sweeps_it_was_made(page: str) -> None:
    said = text_of(page)
    assert "Gemaakt op 3 december 2026 door mailbot 0.1.0" in said
    assert "Gemeten op 2–6, 16–20, 23–27, 30 november" in said
    assert "Daarvan gedeeltelijk 16–20 november" in said
    assert "Werkdagen zonder meting 9–13 november" in said


def test_every_share_stands_beside_how_much_was_read(tree: Any) -> None:
    tables = list(tree.iter("table"))
    assert len(tables) == 4
    for table in tables:
        heads = [head.text for head in table.findall(".//thead//th")]
        assert "Postbussen waar iets beter kan" in heads
        everywhere = heads[0] == "Afdeling"
        assert ("Bekeken postbussen, hele organisatie" if everywhere else "Bekeken postbussen") in heads
        assert all(cell.text and cell.text.strip() for cell in table.iter("td"))


def test_how_much_could_be_seen_of_a_topic_stands_beside_its_share() -> None:
    """Every mailbox answered, but of most of them nobody can tell whether there is a signature."""
    some = {
        day: (answered, [replace(f, unknown=4 * f.judged) for f in of_day])
        for day, (answered, of_day) in measured(80).items()
    }
    report = november(some)
    (rule,) = [one for one in values(report)["rules"] if one["rule"] == QUOTA]
    assert {point["read"] for point in rule["points"]} == {None, "minder dan de helft"}
    assert "9 van de 10 of meer" not in html(report) + figures_csv(report)


def history(tree: Any) -> dict[str, list[str]]:
    caption = "Omvang van je postbus: de maanden ervoor"
    (table,) = [one for one in tree.iter("table") if caption in (one.findtext("caption") or "")]
    found = [[" ".join(cell.itertext()).strip() for cell in row] for row in table.findall("tbody/tr")]
    return {period: cells for period, *cells in found}


def test_a_gap_is_told_as_a_gap_and_a_partial_sweep_as_one(tree: Any) -> None:
    told = history(tree)
    assert told["week 46 (9 t/m 15 november)"] == ["geen meting", "–", "–"]
    assert told["mei 2026"] == ["geen meting", "–", "–"]
    assert told["week 47 (16 t/m 22 november)"] == [
        *("ongeveer 25%", "ongeveer 7 van de 10 (gedeeltelijke meting)", "20 nov 2026")
    ]
    assert told["oktober 2026"] == ["ongeveer 30%", "9 van de 10 of meer", "30 okt 2026"]


def test_at_a_glance_each_rule_has_its_newest_share_and_its_waivers(tree: Any) -> None:
    (table,) = [one for one in tree.iter("table") if one.find("caption") is None]
    found = [[cell.text for cell in row] for row in table.findall("tbody/tr")]
    assert found == [
        ["Collega's bij afwezigheid", "enkele (minder dan 3)", "9 van de 10 of meer", "0"],
        ["Omvang van je postbus", "ongeveer 25%", "9 van de 10 of meer", "2"],
    ]


def test_departments_have_names_and_shares_of_their_own(page: str) -> None:
    assert "Sociaal Domein ongeveer 20%" in text_of(page)
    assert "Deze cijfers gaan alleen over de hele organisatie." in text_of(
        html(november(by_department=False))
    )


def test_a_department_that_the_directory_forgot_keeps_its_code() -> None:
    assert "SD ongeveer 20%" in text_of(html(november(names={"BZ": "Burgerzaken"})))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({}, "In november 2026 is er niet gemeten."),
        (measured(first=date(2026, 9, 1), last=date(2026, 9, 30)), "In november 2026 is er niet gemeten."),
        ({date(2026, 11, 3): (measured()[date(2026, 11, 3)][0], [])}, "te weinig postbussen bekeken"),
    ],
    ids=["never measured", "not this month", "too few people"],
)
def test_a_month_without_figures_says_so_plainly(found: Any, why: str) -> None:
    said = text_of(html(november(found)))
    assert "Geen cijfers over deze maand" in said and why in said
    assert "In één oogopslag" not in said


def test_a_month_that_goes_on_says_up_to_when() -> None:
    report = november(measured(last=date(2026, 11, 6)), today=date(2026, 11, 6))
    assert "De cijfers gaan tot en met 6 november 2026." in text_of(html(report))


def test_it_can_be_had_in_english() -> None:
    page = html(november(language=Language.EN))
    assert 'lang="en"' in page
    assert "Do not use these figures to judge employees." in text_of(page)
    assert not re.search(r"\b(postbussen|geen|meting|ongeveer)\b", text_of(page).replace("Omvang", ""))


def test_no_number_of_people_is_anywhere_on_it() -> None:
    """1237 people are judged, of whom 309 deviate; of two departments 22 of 113 and 43 of 217 do."""
    found = measured(1237, {"BZ": 113, "SD": 217})
    page = html(november(found))
    assert not re.search(r"(?<![\d.])(1[. ]?237|309|310|113|217|43)(?![\d.])", text_of(page))


# how it is made


def test_it_loads_nothing_and_runs_nothing(page: str, tree: Any) -> None:
    without_namespace = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(
        r"https?:|//\w|@import|@font-face|<script|<link|<img|<iframe|\son\w+=", without_namespace
    )
    urls = re.findall(r"url\(([^)]*)\)", page)
    assert urls and all(url.startswith("#chart-") for url in urls)
    assert all(e.get("href").startswith("#") for e in tree.iter() if e.get("href"))


def test_headings_and_tables_can_be_heard(tree: Any) -> None:
    levels = [element.tag for element in tree.iter("h1", "h2", "h3")]
    assert levels[0] == "h1" and levels.count("h1") == 1 and set(levels) == {"h1", "h2"}
    assert tree.getroottree().getroot().get("lang") == "nl"
    for table in tree.iter("table"):
        assert all(head.get("scope") == "col" for head in table.findall("thead//th"))
        assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in table.findall("tbody/tr"))
    charts = [element for element in tree.iter() if element.get("role") == "img"]
    assert len(charts) == 2
    assert all("De tabel hieronder heeft dezelfde cijfers." in chart.get("aria-label") for chart in charts)


def test_every_id_stands_once_and_every_reference_finds_its_own(page: str) -> None:
    ids = Counter(re.findall(r'\bid="([^"]+)"', page))
    assert max(ids.values()) == 1
    asked = re.findall(r'(?:href="|url\()#([^")]+)', page) + re.findall(r'aria-labelledby="([^"]+)"', page)
    assert set(asked) <= set(ids)


def test_the_same_month_gives_the_same_page(page: str) -> None:
    assert html(november()) == page


def test_names_of_departments_stay_text() -> None:
    page = html(november(names={"BZ": "<script>alert(1)</script>", "SD": 'Zorg & "Jeugd"'}))
    assert "<script" not in page
    assert 'Zorg & "Jeugd" ongeveer 20%' in text_of(page)


TEXT_COLOURS = [("page", "ink"), ("page", "soft"), ("page", "accent"), ("note", "note-ink")]
TEXT_COLOURS += list(product(("paper", "tint"), ("ink", "soft")))


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("behind", "colour"), TEXT_COLOURS)
def test_all_text_stands_out(palette: dict[str, str], behind: str, colour: str) -> None:
    assert contrast(palette[colour], palette[behind]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_drawn_stands_out(palette: dict[str, str]) -> None:
    """Lines and points need 3 to 1 (WCAG 1.4.11)."""
    assert contrast(palette["accent"], palette["paper"]) >= 3


def test_charts_take_their_colours_from_the_page(tree: Any) -> None:
    """One drawing, in light and in dark: no colour of its own."""
    for svg in tree.iter("svg"):
        drawn = parser.tostring(svg, encoding="unicode")
        assert not re.search(r"#[0-9a-fA-F]{6}\b", drawn)
        assert "var(--accent)" in drawn


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1200])
def test_it_fits_the_screen_and_asks_the_network_for_nothing(
    width: int, scheme: str, chromium: Any, page: str, tmp_path: Path
) -> None:
    picture = tmp_path / f"{width}-{scheme}.png"
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 600})
    try:
        shown, asked = context.new_page(), list[str]()
        shown.on("request", lambda request: asked.append(request.url))
        shown.set_content(page)
        shown.screenshot(path=picture, full_page=True)
        wide = shown.evaluate("document.documentElement.scrollWidth")
        behind = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    finally:
        context.close()
    assert asked == []
    assert wide == width
    assert behind == rgb((LIGHT if scheme == "light" else DARK)["page"])
    assert colours_in(picture.read_bytes()) > 30


def test_who_works_in_the_dark_prints_on_white_paper(chromium: Any, page: str) -> None:
    context = chromium.new_context(color_scheme="dark", viewport={"width": 720, "height": 600})
    try:
        printed = context.new_page()
        printed.emulate_media(media="print", color_scheme="dark")
        printed.set_content(page)
        root = printed.evaluate(
            "(s => [s.colorScheme, s.backgroundColor])(getComputedStyle(document.documentElement))"
        )
        ink = printed.evaluate("getComputedStyle(document.body).color")
    finally:
        context.close()
    assert root == ["light", rgb(LIGHT["paper"])]
    assert ink == rgb(LIGHT["ink"])


# the same values


def test_json_holds_what_the_page_shows(tree: Any) -> None:
    found = values(november())
    (quota,) = [rule for rule in found["rules"] if rule["rule"] == QUOTA]
    on_page = [cells[0] for cells in history(tree).values()]
    assert [point["share"] or "geen meting" for point in quota["points"]] == on_page
    assert {department["department"] for department in quota["departments"]} == {
        "Burgerzaken",
        "Sociaal Domein",
    }
    assert (found["month"], found["figures"], found["over"]) == ("2026-11", True, True)
