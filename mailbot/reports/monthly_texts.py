"""The words of the monthly report, in the languages of the house."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from mailbot.engine.figures.words import Extent, Reach, Word
from mailbot.engine.monthly import Period, Point
from mailbot.engine.shares import Share
from mailbot.model.accounts import Language


@dataclass(frozen=True, slots=True)
class ReportTexts:
    """Braces are filled in by `str.format`. `shares` are the words for a share, `extents` those for how much
    was read; `page` is all else that stands on the page, by name."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    shares: Mapping[Word, str]
    about: str
    under: str
    over: str
    extents: Mapping[Extent, str]
    week: str
    from_to: str
    page: Mapping[str, str]

    def month(self, day: date) -> str:
        return f"{self.months[day.month - 1]} {day.year}"

    def day(self, day: date) -> str:
        return f"{day.day} {self.months[day.month - 1]} {day.year}"

    def period(self, period: Period) -> str:
        if period.whole_month:
            return self.month(period.first)
        first, last = period.first.day, period.last.day
        days = str(first) if first == last else self.from_to.format(first=first, last=last)
        week = self.week.format(week=period.first.isocalendar().week)
        return f"{week} ({days} {self.months[period.last.month - 1]})"

    def short_day(self, day: date) -> str:
        return f"{day.day} {self.short_months[day.month - 1]} {day.year}"

    def short_period(self, period: Period, with_year: bool) -> str:
        if not period.whole_month:
            return self.page["short_week"].format(week=period.first.isocalendar().week)
        name = self.short_months[period.first.month - 1]
        return f"{name}\n{period.first.year}" if with_year or period.first.month == 1 else name

    def share(self, share: Share) -> str:
        match share.percent:
            case None:
                return self.shares[share.word]
            case 0:
                return self.under
            case 100:
                return self.over
            case percent:
                return self.about.format(percent=percent)

    def reach(self, reach: Reach) -> str:
        return self.extents[reach.extent].format(tenths=reach.tenths)

    def seen(self, point: Point) -> str | None:
        """How much was looked at for a share; without one, how many mailboxes answered. None for a gap."""
        if point.seen is not None:
            return self.reach(point.seen)
        return None if point.snapshot is None else self.reach(point.snapshot.reach)

    def point(self, point: Point) -> str:
        """What stands for a share in a table, also where there is none."""
        if point.snapshot is None:
            return self.page["no_sweep"]
        return self.page["no_figure"] if point.share is None else self.share(point.share)


TEXTS: Mapping[Language, ReportTexts] = {
    Language.NL: ReportTexts(
        months=(
            *("januari", "februari", "maart", "april", "mei", "juni", "juli"),
            *("augustus", "september", "oktober", "november", "december"),
        ),
        short_months=("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
        shares={
            Word.NONE: "geen",
            Word.FEW: "enkele (minder dan 3)",
            Word.SOME: "een deel",
            Word.MOST: "de meeste",
        },
        about="ongeveer {percent}%",
        under="minder dan 5%",
        over="meer dan 95%",
        extents={
            Extent.NEARLY_ALL: "9 van de 10 of meer",
            Extent.TENTHS: "ongeveer {tenths} van de 10",
            Extent.HALF: "de helft of meer",
            Extent.LESS: "minder dan de helft",
        },
        week="week {week}",
        from_to="{first} t/m {last}",
        page={
            "title": "Maandoverzicht postbussen",
            "service": "Postbushulp",
            "for_whom": "Voor de directie",
            "not_over": "Deze maand is nog niet voorbij. De cijfers gaan tot en met {day}.",
            "first_heading": "Lees dit eerst",
            "no_appraisal": (
                "Gebruik deze cijfers niet om medewerkers te beoordelen. Daar zijn ze niet voor, en "
                "het mag niet."
            ),
            "what_it_is": (
                "Een cijfer zegt bij welk deel van de bekeken postbussen iets beter kan. Bij wie dat is, "
                "staat er niet in. De inhoud van berichten lezen we niet."
            ),
            "glance_heading": "In één oogopslag",
            "empty_heading": "Geen cijfers over deze maand",
            "empty_no_sweep": "In {month} is er niet gemeten. Daarom zijn er geen cijfers.",
            "empty_too_few": (
                "In {month} zijn te weinig postbussen bekeken, of geen onderwerp gold al voor iedereen. "
                "Daarom zijn er geen cijfers."
            ),
            "rule": "Onderwerp",
            "share": "Postbussen waar iets beter kan",
            "read": "Bekeken postbussen",
            "read_everywhere": "Bekeken postbussen, hele organisatie",
            "waivers": "Uitzonderingen",
            "no_waivers": "onbekend",
            "period": "Periode",
            "measured_on": "Gemeten op",
            "partial_mark": "gedeeltelijke meting",
            "no_sweep": "geen meting",
            "no_figure": "geen cijfer",
            "article": "Artikel {article}: {text}",
            "history": "{rule}: de maanden ervoor en de weken van {month}",
            "departments_caption": "{rule}: per afdeling, gemeten op {day}",
            "department": "Afdeling",
            "no_departments": "We noemen geen afdelingen apart, want dan zouden er mensen te herkennen zijn.",
            "never_departments": "Deze cijfers gaan alleen over de hele organisatie.",
            "chart": "Grafiek van {rule}. De tabel hieronder heeft dezelfde cijfers.",
            "chart_months": "maanden ervoor",
            "chart_weeks": "weken",
            "chart_gap": "geen\ncijfer",
            "chart_partial": "open rondje: gedeeltelijke meting",
            "short_week": "wk {week}",
            "short_none": "geen",
            "short_few": "enkele",
            "short_some": "een deel",
            "short_most": "de meeste",
            "sweeps_heading": "Wanneer is er gemeten?",
            "sweeps_measured": "Gemeten op",
            "sweeps_partial": "Daarvan gedeeltelijk",
            "sweeps_missed": "Werkdagen zonder meting",
            "no_days": "geen",
            "gaps": (
                "Een week of maand zonder meting is een gat in de grafiek, geen nul. Is een meting "
                "gedeeltelijk, dan zijn minder dan 9 van de 10 postbussen bereikt."
            ),
            "how_heading": "Hoe zijn deze cijfers gemaakt?",
            "how_group": (
                "Elk cijfer gaat over ten minste {at_least} bekeken mensen. Kleine afdelingen noemen "
                "we niet, en ook niet wat je daarover zou kunnen uitrekenen."
            ),
            "how_no_figure": (
                "Staat er 'geen cijfer', dan zijn te weinig mensen bekeken. Of het onderwerp gold toen nog "
                "niet voor iedereen. Of iemand moest de meting eerst nakijken."
            ),
            "how_rounded": (
                "Tot 40 bekeken mensen gebruiken we woorden. Daarboven ronden we af op 5%. Soms "
                "noemen we een lager percentage, zodat niemand te herkennen is."
            ),
            "how_read": (
                "Bekeken wil zeggen: de postbus gaf antwoord, en het onderwerp was te zien. Wat niet te zien "
                "was, telt niet mee. Hoeveel postbussen er precies zijn, staat er niet bij. Met een "
                "personeelslijst ernaast zou je dan kunnen zien wie niet meedoet."
            ),
            "how_snapshot": (
                "Voor een week of maand geldt de laatste goede meting daarin. Veranderingen rekenen "
                "we niet uit. Een klein verschil kan komen doordat mensen komen en gaan."
            ),
            "how_waivers": (
                "Wie een uitzondering heeft, telt niet mee. Het aantal is dat van de geldige regels "
                "in het bestand met uitzonderingen."
            ),
            "how_events": (
                "Regels over één gebeurtenis, zoals een afwezigheid, staan hier niet in. Eén meetdag "
                "zegt daar te weinig over."
            ),
            "made": "Gemaakt op {day} door mailbot {version}, volgens {regulation}.",
        },
    ),
    Language.EN: ReportTexts(
        months=(
            *("January", "February", "March", "April", "May", "June", "July"),
            *("August", "September", "October", "November", "December"),
        ),
        short_months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        shares={
            Word.NONE: "none",
            Word.FEW: "a few (fewer than 3)",
            Word.SOME: "some",
            Word.MOST: "most",
        },
        about="about {percent}%",
        under="less than 5%",
        over="more than 95%",
        extents={
            Extent.NEARLY_ALL: "9 in 10 or more",
            Extent.TENTHS: "about {tenths} in 10",
            Extent.HALF: "half or more",
            Extent.LESS: "less than half",
        },
        week="week {week}",
        from_to="{first} to {last}",
        page={
            "title": "Monthly overview of mailboxes",
            "service": "Mailbox help",
            "for_whom": "For the directors",
            "not_over": "This month is not over yet. The figures go up to {day}.",
            "first_heading": "Read this first",
            "no_appraisal": (
                "Do not use these figures to judge employees. They are not meant for that, and it is "
                "not allowed."
            ),
            "what_it_is": (
                "A figure says for which share of the mailboxes that were looked at something can be "
                "better. It does not say whose they are. We do not read messages."
            ),
            "glance_heading": "At a glance",
            "empty_heading": "No figures for this month",
            "empty_no_sweep": "Nothing was measured in {month}. So there are no figures.",
            "empty_too_few": (
                "Too few mailboxes were looked at in {month}, or no topic held for everybody yet. So there "
                "are no figures."
            ),
            "rule": "Topic",
            "share": "Mailboxes to improve",
            "read": "Mailboxes looked at",
            "read_everywhere": "Mailboxes looked at, whole organisation",
            "waivers": "Waivers",
            "no_waivers": "unknown",
            "period": "Period",
            "measured_on": "Measured on",
            "partial_mark": "partial sweep",
            "no_sweep": "not measured",
            "no_figure": "no figure",
            "article": "Article {article}: {text}",
            "history": "{rule}: the months before and the weeks of {month}",
            "departments_caption": "{rule}: by department, measured on {day}",
            "department": "Department",
            "no_departments": "No department is named, because people could be recognised.",
            "never_departments": "These figures are about the whole organisation only.",
            "chart": "Chart of {rule}. The table below has the same figures.",
            "chart_months": "months before",
            "chart_weeks": "weeks",
            "chart_gap": "no\nfigure",
            "chart_partial": "open circle: partial sweep",
            "short_week": "wk {week}",
            "short_none": "none",
            "short_few": "a few",
            "short_some": "some",
            "short_most": "most",
            "sweeps_heading": "When was it measured?",
            "sweeps_measured": "Measured on",
            "sweeps_partial": "Partial among these",
            "sweeps_missed": "Working days without a sweep",
            "no_days": "none",
            "gaps": (
                "A week or month without a sweep is a gap in the chart, not a zero. A sweep is partial when "
                "fewer than 9 in 10 mailboxes were reached."
            ),
            "how_heading": "How were these figures made?",
            "how_group": (
                "Every figure rests on at least {at_least} people. Small departments are not named, "
                "nor what could be worked out about them."
            ),
            "how_no_figure": (
                "'No figure' means that too few people were looked at, or that the topic did not hold for "
                "everybody yet. Or somebody had to check the sweep first."
            ),
            "how_rounded": (
                "Up to 40 people we use words. Above that we round to 5%. Sometimes we give a lower "
                "percentage, so that nobody can be recognised."
            ),
            "how_read": (
                "Looked at means: the mailbox gave an answer, and the topic could be seen. What could not be "
                "seen is not counted. How many mailboxes there are exactly is not said. Beside a list of "
                "staff it could show who is left out."
            ),
            "how_snapshot": (
                "A week or month is shown by its last good sweep. We calculate no changes. A small "
                "difference can come from people who join and leave."
            ),
            "how_waivers": (
                "Whoever has a waiver is not counted. The number is that of the lines in force in the "
                "file of waivers."
            ),
            "how_events": (
                "Rules about one event, such as an absence, are left out. One day says too little "
                "about these."
            ),
            "made": "Made on {day} by mailbot {version}, under {regulation}.",
        },
    ),
}
