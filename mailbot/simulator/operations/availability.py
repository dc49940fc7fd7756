"""GetUserAvailability: free/busy and working hours of up to 100 mailboxes, without their owners' rights.

Shapes: EWS schema; articles "GetUserAvailability operation", "TimeWindow" and "ResponseCode" of Microsoft's
EWS reference. Times of events are local times of the request's zone, without an offset.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mailbot.simulator.calendars import Busy
from mailbot.simulator.calls import Call, Operation
from mailbot.simulator.faults import FaultKind
from mailbot.simulator.mailboxes import Flaw, Mailbox, Trouble
from mailbot.simulator.soap import M, ResponseError, SoapFault, T, error_content
from mailbot.simulator.weeks import ENGLISH_DAYS, Span, Week
from mailbot.simulator.zones import WEST_EUROPE, RuleZone, read_zone, write_zone

MOST_MAILBOXES = 100
LONGEST_WINDOW = timedelta(days=42)
_DIGITS = {Busy.FREE: 0, Busy.TENTATIVE: 1, Busy.BUSY: 2, Busy.AWAY: 3, Busy.ELSEWHERE: 4}
_TROUBLES = {
    Trouble.MOVING: "ErrorFreeBusyGenerationFailed",
    Trouble.STORE_DOWN: "ErrorFreeBusyGenerationFailed",
    Trouble.ELSEWHERE: "ErrorProxyRequestProcessingFailed",
}
Event = tuple[datetime, datetime, Busy]


def _answer(call: Call) -> str:
    asked = _asked(call)
    if not asked:
        raise SoapFault("ErrorMailboxDataArrayEmpty")
    if len(asked) > MOST_MAILBOXES:
        raise SoapFault("ErrorMailboxDataArrayTooBig")
    options = call.request.body.find(T + "FreeBusyViewOptions")
    zone_element = call.request.body.find(T + "TimeZone")
    if options is None or zone_element is None:
        raise SoapFault("ErrorInvalidRequest")
    try:
        zone = read_zone(zone_element)
        window = tuple(
            _moment(options.findtext(f"{T}TimeWindow/{T}{name}"), zone) for name in ("StartTime", "EndTime")
        )
    except ValueError:
        raise SoapFault("ErrorSchemaValidation") from None
    first, last = window
    if last <= first:
        raise SoapFault("ErrorInvalidTimeInterval")
    if last - first > LONGEST_WINDOW:
        raise SoapFault("ErrorTimeIntervalTooBig")
    view = options.findtext(T + "RequestedView") or "FreeBusy"
    interval = int(options.findtext(T + "MergedFreeBusyIntervalInMinutes") or "30")
    answers = []
    for address in asked:
        try:
            mailbox = _calendar_of(call, address)
            content = _view(mailbox, first, last, view, interval, zone)
            answers.append(
                '<m:FreeBusyResponse><m:ResponseMessage ResponseClass="Success">'
                f"<m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage>{content}</m:FreeBusyResponse>"
            )
        except ResponseError as error:
            answers.append(_refusal(call, error))
    return _wrap(answers)


def _asked(call: Call) -> list[str]:
    return [
        (element.text or "").strip().lower()
        for element in call.request.body.iterfind(f"{M}MailboxDataArray/{T}MailboxData/{T}Email/{T}Address")
    ]


def _moment(text: str | None, zone: RuleZone) -> datetime:
    moment = datetime.fromisoformat((text or "").strip())
    return zone.to_utc(moment) if moment.tzinfo is None else moment


def _calendar_of(call: Call, address: str) -> Mailbox:
    fault = call.fault
    if fault is not None and fault.kind is FaultKind.CODE and fault.mailbox in (None, address):
        raise ResponseError(fault.code)
    mailbox = call.town.mailbox(address)
    if mailbox is None:
        raise ResponseError("ErrorMailRecipientNotFound")
    if mailbox.trouble in _TROUBLES:
        raise ResponseError(_TROUBLES[mailbox.trouble])
    if Flaw.FREE_BUSY_HIDDEN in mailbox.flaws:
        raise ResponseError("ErrorNoFreeBusyAccess")
    return mailbox


def _view(mailbox: Mailbox, first: datetime, last: datetime, view: str, interval: int, zone: RuleZone) -> str:
    """The service account has no rights on calendars: a detailed view comes back as plain free/busy."""
    events = sorted(
        (start, end, entry.busy)
        for entry in mailbox.calendar
        for start, end in entry.occurrences(first, last)
    )
    granted = view.replace("Detailed", "FreeBusy")
    parts = [f"<m:FreeBusyView><t:FreeBusyViewType>{granted}</t:FreeBusyViewType>"]
    if "Merged" in granted:
        parts.append(f"<t:MergedFreeBusy>{_merged(events, first, last, interval)}</t:MergedFreeBusy>")
    if granted.startswith("FreeBusy") and events:
        listed = "".join(
            f"<t:CalendarEvent><t:StartTime>{zone.to_local(start).isoformat(timespec='seconds')}</t:StartTime>"
            f"<t:EndTime>{zone.to_local(end).isoformat(timespec='seconds')}</t:EndTime>"
            f"<t:BusyType>{busy}</t:BusyType></t:CalendarEvent>"
            for start, end, busy in events
        )
        parts.append(f"<t:CalendarEventArray>{listed}</t:CalendarEventArray>")
    if mailbox.hours is not None:
        parts.append(_working_hours(mailbox.hours))
    parts.append("</m:FreeBusyView>")
    return "".join(parts)


def _merged(events: Sequence[Event], first: datetime, last: datetime, interval: int) -> str:
    """One digit per slot of `interval` minutes: the busiest state in it."""
    step = timedelta(minutes=interval)
    slots = -(-(last - first) // step)
    digits = [0] * slots
    for start, end, busy in events:
        begin = max(0, (start - first) // step)
        finish = min(slots, -(-(end - first) // step))
        for slot in range(begin, finish):
            digits[slot] = max(digits[slot], _DIGITS[busy])
    return "".join(map(str, digits))


def _working_hours(week: Week) -> str:
    groups: dict[Span, list[str]] = {}
    for day, spans in sorted(week.days.items()):
        for span in spans:
            groups.setdefault(span, []).append(ENGLISH_DAYS[day])
    periods = "".join(
        f"<t:WorkingPeriod><t:DayOfWeek>{' '.join(days)}</t:DayOfWeek>"
        f"<t:StartTimeInMinutes>{start}</t:StartTimeInMinutes><t:EndTimeInMinutes>{end}</t:EndTimeInMinutes>"
        "</t:WorkingPeriod>"
        for (start, end), days in groups.items()
    )
    return (
        f"<t:WorkingHours>{write_zone(WEST_EUROPE)}"
        f"<t:WorkingPeriodArray>{periods}</t:WorkingPeriodArray></t:WorkingHours>"
    )


def _refusal(call: Call, error: ResponseError) -> str:
    call.first_error = call.first_error or error.code
    return (
        f'<m:FreeBusyResponse><m:ResponseMessage ResponseClass="Error">{error_content(error)}'
        "</m:ResponseMessage></m:FreeBusyResponse>"
    )


def _wrap(answers: Sequence[str]) -> str:
    return (
        f"<m:GetUserAvailabilityResponse><m:FreeBusyResponseArray>{''.join(answers)}"
        "</m:FreeBusyResponseArray></m:GetUserAvailabilityResponse>"
    )


def _fail(call: Call, error: ResponseError) -> str:
    return _wrap([_refusal(call, error) for _ in _asked(call)])


GET_USER_AVAILABILITY = Operation(_answer, _fail)
