"""From elements of an answer to facts. Own typed readers: what is missing or odd is trouble, not a default.

Texts of automatic replies come by here; only what asks for them gets them.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from exchangelib.util import MNS, TNS
from lxml import etree

from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.model.mailbox import Audience, Interval, ReplySetting, ReplyState
from mailbot.model.work_days import joined
from mailbot.model.worktime import Hours, WorkPattern

Element = etree._Element
M, T = f"{{{MNS}}}", f"{{{TNS}}}"

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_SILENT = ("head", "title", "style", "script")
_INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY_SETS = {"Day": range(7), "Weekday": range(5), "WeekendDay": range(5, 7)}


def missing() -> EwsTrouble:
    return EwsTrouble(Reason.VALUE_MISSING, "missing")


def broken() -> EwsTrouble:
    return EwsTrouble(Reason.ANSWER_BROKEN, "value")


def text_of(parent: Element, path: str) -> str:
    """The text at `path`. Raises EwsTrouble when it is not there."""
    found = parent.findtext(path)
    if found is None or not found.strip():
        raise missing()
    return found.strip()


def moment(text: str) -> datetime:
    """An xs:dateTime as a moment in UTC; without an offset it is taken as UTC, which is what we asked for."""
    text = text.strip()
    if not _DATE_TIME.fullmatch(text):
        raise broken()
    try:
        value = datetime.fromisoformat(text)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise broken() from None


def boolean(text: str) -> bool:
    match text.strip():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise broken()


class FolderPage:
    """One page of FindFolder, flattened: (id, parent id, distinguished name, bytes, is a search folder).

    `next_offset` is None on the last page, which needs none.
    """

    def __init__(self, root: Element) -> None:
        self.last = boolean(root.get("IncludesLastItemInRange", ""))
        self.next_offset = None if self.last else _integer(root.get("IndexedPagingOffset"))
        self.total = _integer(root.get("TotalItemsInView"))
        self.folders = [self._folder(folder) for folder in root.iterfind(f"{T}Folders/*")]

    @staticmethod
    def _folder(folder: Element) -> tuple[str, str, str | None, int | None, bool]:
        ids = folder.find(T + "FolderId"), folder.find(T + "ParentFolderId")
        own, parent = (element.get("Id") if element is not None else None for element in ids)
        if not own or not parent:
            raise missing()
        size = None
        for extended in folder.iterfind(T + "ExtendedProperty"):
            uri = extended.find(T + "ExtendedFieldURI")
            if uri is not None and _tag(uri.get("PropertyTag", "")) == 0x0E08:
                size = _integer(extended.findtext(T + "Value"))
        name = folder.findtext(T + "DistinguishedFolderId")
        return own, parent, name, size, folder.tag == T + "SearchFolder"


def _tag(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return -1


def _integer(text: str | None) -> int:
    if text is None or not re.fullmatch(r"\s*\d+\s*", text):
        raise missing()
    return int(text)


def tree_size(
    folders: Sequence[tuple[str, str, str | None, int | None, bool]], left_out: str | None
) -> tuple[int, int]:
    """Bytes and number of all folders but search folders and the subtree of `left_out`.

    Search folders hold references; their sizes would count mail twice. Raises EwsTrouble when a folder that
    counts shows no size: a sum with holes is no size.
    """
    parents = {own: parent for own, parent, *_ in folders}
    total = counted = 0
    for own, _, _, size, is_search in folders:
        if is_search or _inside(own, left_out, parents):
            continue
        if size is None:
            raise missing()
        total += size
        counted += 1
    return total, counted


def _inside(folder: str, root: str | None, parents: dict[str, str]) -> bool:
    seen: set[str] = set()
    at: str | None = folder
    while at is not None and at not in seen:
        if at == root:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def reply_setting(response: Element) -> ReplySetting:
    """GetUserOofSettings: of both texts only whether anything is left without markup and blanks."""
    settings = response.find(T + "OofSettings")
    if settings is None:
        raise missing()
    try:
        state = ReplyState(text_of(settings, T + "OofState").lower())
        audience = Audience(text_of(settings, T + "ExternalAudience").lower())
    except ValueError:
        raise broken() from None
    period = None
    if state is ReplyState.SCHEDULED:
        start = moment(text_of(settings, f"{T}Duration/{T}StartTime"))
        end = moment(text_of(settings, f"{T}Duration/{T}EndTime"))
        if end <= start:
            raise broken()
        period = Interval(start, end)
    return ReplySetting(
        state,
        period,
        audience,
        internal_text=says_something(settings.findtext(f"{T}InternalReply/{T}Message")),
        external_text=says_something(settings.findtext(f"{T}ExternalReply/{T}Message")),
    )


def reply_texts(response: Element) -> tuple[str, str]:
    """GetUserOofSettings: the texts for colleagues and for others, empty where nothing can be seen."""
    texts = [
        response.findtext(f"{T}OofSettings/{T}{name}/{T}Message") or ""
        for name in ("InternalReply", "ExternalReply")
    ]
    inside, outside = (text if says_something(text) else "" for text in texts)
    return inside, outside


def says_something(html: str | None) -> bool:
    """Whether a reader would see a single character of it."""
    if not html or not html.strip():
        return False
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = etree.fromstring(html.encode(errors="replace"), parser)
    except etree.XMLSyntaxError:  # nothing but comments
        return False
    if root is None:
        return False
    for element in root.iter():
        own = "" if element.tag in _SILENT else element.text or ""
        if any(unicodedata.category(character) not in _INVISIBLE for character in own + (element.tail or "")):
            return True
    return False


def free_busy_view(response: Element) -> Element:
    """m:FreeBusyView of one mailbox. Raises EwsTrouble when the rights showed us no events at all."""
    view = response.find(M + "FreeBusyView")
    if view is None:
        raise missing()
    if text_of(view, T + "FreeBusyViewType") not in (
        "FreeBusy",
        "FreeBusyMerged",
        "Detailed",
        "DetailedMerged",
    ):
        raise EwsTrouble(Reason.ACCESS_DENIED, "view")
    return view


def away_blocks(view: Element) -> tuple[Interval, ...]:
    """Events marked out of office. An event with a time that cannot be read spoils the whole list."""
    blocks = []
    for event in view.iterfind(f"{T}CalendarEventArray/{T}CalendarEvent"):
        if text_of(event, T + "BusyType") == "OOF":
            start, end = (moment(text_of(event, T + edge)) for edge in ("StartTime", "EndTime"))
            if end > start:
                blocks.append(Interval(start, end))
    return tuple(sorted(blocks))


def work_pattern(view: Element, zone: ZoneInfo, at: datetime) -> WorkPattern:
    """Working hours as set in Outlook, when they are kept in the organisation's own zone.

    A view that shows events and leaves out the hours is of somebody who set none: no days. Hours kept in
    another zone are not converted: nobody works by a zone that was left behind at set-up.
    """
    hours = view.find(T + "WorkingHours")
    if hours is None:
        return WorkPattern({})
    bias = -int(text_of(hours, f"{T}TimeZone/{T}Bias"))
    local = at.astimezone(zone)
    standard = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
    if timedelta(minutes=bias) != standard:
        raise EwsTrouble(Reason.VALUE_MISSING, "zone")
    days: dict[int, list[Hours]] = {}
    for period in hours.iterfind(f"{T}WorkingPeriodArray/{T}WorkingPeriod"):
        span = Hours(
            _clock(text_of(period, T + "StartTimeInMinutes"), 1439),
            _clock(text_of(period, T + "EndTimeInMinutes"), 1440),
        )
        for weekday in _weekdays(text_of(period, T + "DayOfWeek")):
            days.setdefault(weekday, []).append(span)
    return WorkPattern({day: joined(spans) for day, spans in days.items()})


def _weekdays(text: str) -> list[int]:
    found: list[int] = []
    for word in text.split():
        if word in _DAY_SETS:
            found.extend(_DAY_SETS[word])
        elif word in _WEEKDAYS:
            found.append(_WEEKDAYS.index(word))
        else:
            raise broken()
    return found


def _clock(minutes: str, most: int) -> time:
    """Minutes since midnight; 1440 is the midnight that ends the day."""
    value = _integer(minutes)
    if value > most:
        raise broken()
    return time(value // 60 % 24, value % 60)
