"""The charts of the monthly report: a gap is a gap, and who has no plotting library is told what to do."""

import re
import sys
from datetime import date

import pytest
from lxml import etree

from mailbot.engine.figures.words import Extent, Reach, Word
from mailbot.engine.monthly import Period, Point, Snapshot
from mailbot.engine.shares import Share
from mailbot.model.accounts import Language
from mailbot.model.errors import SettingsRefused
from mailbot.reports.monthly_charts import chart, require_charts
from mailbot.reports.monthly_texts import TEXTS

NL = TEXTS[Language.NL]
WELL = Reach(Extent.NEARLY_ALL)


def week(number: int, share: Share | None, swept: bool = True, reach: Reach = WELL) -> Point:
    first = date.fromisocalendar(2026, number, 1)
    period = Period(first, date.fromisocalendar(2026, number, 7), whole_month=False)
    return Point(period, Snapshot(first, reach) if swept else None, share)


def about(percent: int) -> Share:
    return Share(Word.SOME, percent)


def lines(svg: str) -> list[int]:
    """How many corners each line between points has."""
    root = etree.fromstring(svg.encode())
    paths = [p for p in root.iter("{*}path") if "stroke-width: 2;" in (p.get("style") or "")]
    return [len(re.findall(r"[ML]", path.get("d") or "")) for path in paths]


def words(svg: str) -> list[str]:
    root = etree.fromstring(svg.encode())
    return ["".join(text.itertext()).strip() for text in root.iter("{*}text")]


def test_a_week_without_a_sweep_breaks_the_line_and_is_called_so() -> None:
    whole = chart("c", [week(n, about(10 * n % 50 + 10)) for n in range(44, 49)], NL)
    assert lines(whole) == [5]
    assert "geen" not in words(whole)
    broken = chart(
        "c",
        [week(44, about(20)), week(45, about(25)), week(46, None, swept=False), week(47, about(30))],
        NL,
    )
    assert lines(broken) == [2]
    assert {"geen", "cijfer"} <= set(words(broken))


def test_each_change_is_written_beside_its_point() -> None:
    svg = chart("c", [week(44, about(35)), week(45, about(35)), week(46, about(30)), week(47, about(0))], NL)
    said = [text for text in words(svg) if text.endswith("%") and text not in ("0%", "25%", "50%")]
    assert [text for text in said if text not in ("75%", "100%")] == ["35%", "30%", "<5%"]


def test_a_small_organisation_is_drawn_in_words() -> None:
    svg = chart("c", [week(44, Share(Word.FEW)), week(45, Share(Word.SOME)), week(46, Share(Word.NONE))], NL)
    assert {"geen", "enkele", "een deel", "de meeste"} <= set(words(svg))
    assert not any("%" in text for text in words(svg))


def test_a_partial_sweep_is_an_open_circle() -> None:
    partial = week(45, about(20), reach=Reach(Extent.TENTHS, 7))
    assert "fill: var(--paper)" in chart("c", [week(44, about(20)), partial], NL)
    assert "fill: var(--paper)" not in chart("c", [week(44, about(20))], NL)


def test_the_same_points_give_the_same_drawing_and_two_charts_share_no_id() -> None:
    points = [week(44, about(20)), week(45, about(25))]
    assert chart("one", points, NL) == chart("one", points, NL)
    ids = [set(re.findall(r'id="([^"]+)"', chart(name, points, NL))) for name in ("one", "two")]
    assert ids[0] and ids[0].isdisjoint(ids[1])


def test_it_tells_of_no_program_and_no_day() -> None:
    svg = chart("c", [week(44, about(20))], NL)
    assert not re.search(r"[Mm]atplotlib v|metadata|purl|creativecommons|DOCTYPE", svg)


def test_without_the_plotting_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SettingsRefused, match=r"the extra `report`.*pip install '\.\[report\]'"):
        require_charts()


def test_both_languages_say_all_there_is_to_say() -> None:
    dutch, english = (TEXTS[language].page for language in (Language.NL, Language.EN))
    assert dutch.keys() == english.keys()
    for key, text in dutch.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key
