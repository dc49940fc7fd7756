"""GetServerTimeZones: the zones that this server knows, with their rules when asked for.

Shapes: EWS schema; article "GetServerTimeZones operation" of Microsoft's EWS reference.
"""

from collections.abc import Iterable

from mailbot.simulator.calls import Call
from mailbot.simulator.operations.messages import operation
from mailbot.simulator.soap import M, T, attribute
from mailbot.simulator.weeks import ENGLISH_DAYS
from mailbot.simulator.zones import SERVER_ZONES, Change, RuleZone


def _once(_call: Call) -> Iterable[None]:
    return (None,)


def _answer(call: Call, _part: None) -> str:
    asked = [(element.text or "").strip() for element in call.request.body.iterfind(f"{M}Ids/{T}Id")]
    full = call.request.body.get("ReturnFullTimeZoneData", "true") == "true"
    zones = "".join(
        _definition(name, shown, rules, full)
        for name, (shown, rules) in SERVER_ZONES.items()
        if not asked or name in asked
    )
    return f"<m:TimeZoneDefinitions>{zones}</m:TimeZoneDefinitions>"


def _definition(name: str, shown: str, zone: RuleZone, full: bool) -> str:
    head = f"<t:TimeZoneDefinition Id={attribute(name)} Name={attribute(shown)}"
    if not full:
        return head + "/>"
    seasons = {"Standard": (zone.bias, zone.standard)}
    if zone.standard and zone.daylight:
        seasons["Standard"] = (zone.bias + zone.standard.bias, zone.standard)
        seasons["Daylight"] = (zone.bias + zone.daylight.bias, zone.daylight)
    periods = "".join(
        f'<t:Period Bias="{_duration(bias)}" Name="{season}" Id="{season}"/>'
        for season, (bias, _change) in seasons.items()
    )
    transitions = (
        "".join(
            _transition(season, change) for season, (_bias, change) in seasons.items() if change is not None
        )
        or '<t:Transition><t:To Kind="Period">Standard</t:To></t:Transition>'
    )
    return (
        f"{head}><t:Periods>{periods}</t:Periods>"
        f'<t:TransitionsGroups><t:TransitionsGroup Id="0">{transitions}</t:TransitionsGroup>'
        "</t:TransitionsGroups>"
        '<t:Transitions><t:Transition><t:To Kind="Group">0</t:To></t:Transition></t:Transitions>'
        "</t:TimeZoneDefinition>"
    )


def _transition(season: str, change: Change) -> str:
    order = -1 if change.order == 5 else change.order
    return (
        f'<t:RecurringDayTransition><t:To Kind="Period">{season}</t:To>'
        f"<t:TimeOffset>PT{change.clock.hour}H</t:TimeOffset><t:Month>{change.month}</t:Month>"
        f"<t:DayOfWeek>{ENGLISH_DAYS[change.weekday]}</t:DayOfWeek><t:Occurrence>{order}</t:Occurrence>"
        "</t:RecurringDayTransition>"
    )


def _duration(minutes: int) -> str:
    sign = "-" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}PT{hours}H{rest}M" if rest else f"{sign}PT{hours}H"


GET_SERVER_TIME_ZONES = operation("GetServerTimeZones", _once, _answer, on_failure="<m:TimeZoneDefinitions/>")
