"""One chart per rule of the monthly report: inline SVG whose colours follow the page, drawn by matplotlib.

matplotlib is the extra `report`; it is loaded when a chart is drawn, so that nothing else waits for it.
"""

import io
import re
from collections.abc import Sequence
from typing import Any

from lxml import etree

from mailbot.engine.figures.words import Word
from mailbot.engine.monthly import Point
from mailbot.engine.shares import Share
from mailbot.model.errors import SettingsRefused
from mailbot.reports.monthly_texts import ReportTexts

INCHES = (8.6, 2.9)
TEXT_SIZE = 10.5

INK, SOFT, LINE, ACCENT, PAPER, TINT = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"
COLOURS = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    PAPER: "var(--paper)",
    TINT: "var(--tint)",
}
"""What is drawn, and the colour of the page that stands there: light and dark are one drawing."""

WORDS = (Word.NONE, Word.FEW, Word.SOME, Word.MOST)
HEIGHTS = {Word.NONE: 0.0, Word.FEW: 1.5, Word.MOST: 98.5}
"""Where words stand among percentages."""

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"


def require_charts() -> None:
    """Raises SettingsRefused, with what to do, when charts cannot be drawn here."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise SettingsRefused(
            "the charts of the report need the extra `report`, which is not where mailbot runs. In the "
            "folder of mailbot's source: pip install '.[report]'"
        ) from None


def chart(name: str, points: Sequence[Point], texts: ReportTexts) -> str:
    """The points as SVG without a size of its own. `name` keeps its ids apart from those of other charts on
    the page; the same points give the same text. A point without a share is a gap."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": name,
            "font.family": "sans-serif",
            "font.size": TEXT_SIZE,
            "text.color": INK,
        }
    ):
        figure = Figure(figsize=INCHES, layout="constrained")
        figure.patch.set_alpha(0)
        _draw(figure.add_subplot(), points, texts)
        written = io.StringIO()
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=metadata)
    return _inline(written.getvalue(), name)


def _draw(axes: Any, points: Sequence[Point], texts: ReportTexts) -> None:
    shares = [point.share for point in points if point.share is not None]
    in_words = Share(Word.SOME) in shares or all(share.percent is None for share in shares)
    months = sum(point.period.whole_month for point in points)
    top = len(WORDS) - 1 if in_words else 100
    heights = [None if p.share is None else _height(p.share, in_words) for p in points]
    axes.set_xlim(-0.6, len(points) - 0.4)
    axes.set_ylim(-0.12 * top, 1.18 * top)
    axes.patch.set_alpha(0)
    for place, (point, height) in enumerate(zip(points, heights, strict=True)):
        if height is None:
            axes.axvspan(place - 0.5, place + 0.5, color=TINT, linewidth=0, zorder=0)
            if not point.period.whole_month:
                axes.text(place, top / 2, texts.page["chart_gap"], ha="center", va="center", color=SOFT)
    for first, last in ((0, months), (months, len(points))):
        _line(axes, range(first, last), heights)
    said = ""
    for place, (point, height) in enumerate(zip(points, heights, strict=True)):
        if height is None or point.share is None or point.snapshot is None:
            said = ""
            continue
        inside = PAPER if point.snapshot.partial else ACCENT
        axes.plot(
            [place],
            [height],
            marker="o",
            markersize=7,
            markeredgewidth=1.8,
            color=ACCENT,
            markerfacecolor=inside,
            zorder=3,
        )
        label = _label(point.share, texts)
        if label == said and place not in (0, months, len(points) - 1):
            continue  # the line is level here
        said = label
        axes.annotate(
            label,
            (place, height),
            (0, 8),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontsize=TEXT_SIZE - 1,
        )
    if months:
        axes.axvline(months - 0.5, color=SOFT, linewidth=1, linestyle=(0, (2, 3)))
    _scales(axes, points, texts, in_words)


def _line(axes: Any, places: range, heights: Sequence[float | None]) -> None:
    """A gap breaks the line."""
    run: list[tuple[int, float]] = []
    for place in [*places, None]:
        height = None if place is None else heights[place]
        if place is not None and height is not None:
            run.append((place, height))
            continue
        if len(run) > 1:
            axes.plot(*zip(*run, strict=True), color=ACCENT, linewidth=2, zorder=2)
        run = []


def _scales(axes: Any, points: Sequence[Point], texts: ReportTexts, in_words: bool) -> None:
    names = [texts.short_period(point.period, place == 0) for place, point in enumerate(points)]
    axes.set_xticks(range(len(points)), names)
    if in_words:
        axes.set_yticks(range(len(WORDS)), [texts.page[f"short_{word.value}"] for word in WORDS])
    else:
        axes.set_yticks(range(0, 101, 25), [f"{percent}%" for percent in range(0, 101, 25)])
    axes.tick_params(length=0, colors=SOFT)
    axes.grid(axis="y", color=LINE, linewidth=1)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _height(share: Share, in_words: bool) -> float:
    if in_words:
        return float(WORDS.index(share.word))
    return HEIGHTS[share.word] if share.percent is None else float(min(max(share.percent, 2.5), 97.5))


def _label(share: Share, texts: ReportTexts) -> str:
    match share.percent:
        case None:
            return texts.page[f"short_{share.word.value}"]
        case 0:
            return "<5%"
        case 100:
            return ">95%"
        case percent:
            return f"{percent}%"


def _inline(written: str, name: str) -> str:
    """Without what a file of its own needs, with ids of its own and the colours of the page."""
    root = etree.fromstring(written.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    for element in root.findall(f"{SVG}metadata"):
        root.remove(element)
    for element in root.iter(etree.Element):
        if "id" in element.attrib:
            element.set("id", f"{name}-{element.get('id')}")
        if HREF in element.attrib:
            element.set("href", f"#{name}-{str(element.attrib.pop(HREF)).removeprefix('#')}")
        for key in ("style", "clip-path", "fill", "stroke"):
            if key in element.attrib:
                element.set(key, _recoloured(element.get(key) or "", name))
    for key in {"width", "height", "version"} & set(root.attrib):
        del root.attrib[key]
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _recoloured(text: str, name: str) -> str:
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    for drawn, meant in COLOURS.items():
        text = text.replace(drawn, meant)
    return text
