"""Staged people for the sources: where directory and personnel differ, or leave gaps.

Unless a story says otherwise its person works Monday to Friday 08:30-17:00 by personnel's roster, so that
whoever is away from Tuesday 24 November has today, the 23rd, as last own working day.
"""

from datetime import date

from mailbot.simulator.calendars import Busy, all_day, timed, weekly
from mailbot.simulator.names import DOMAIN
from mailbot.simulator.residents import ApprovedLeave, Contract, Records
from mailbot.simulator.stories import (
    COMPLIANT,
    DEVIATION,
    NOBODY,
    NOT_APPLICABLE,
    SELF,
    TIP,
    Story,
    at,
    day,
    scheduled,
)
from mailbot.simulator.stories_absence import HOLIDAY, MONDAY_THURSDAY_FRIDAY, NEXT_DAYS
from mailbot.simulator.stories_confidential import OUTSIDE_MAIL
from mailbot.simulator.stories_leaver import ON
from mailbot.simulator.weeks import joined, week

SETTINGS_ONLY_GROUP = "vakbondskaderleden"
"""Of whoever is in it neither headings nor content is looked at."""

IN_GENERAL = ApprovedLeave(day(11, 24), day(11, 27), day(6, 15))
"""Tuesday to Friday, approved in June."""

EMPLOYMENT = (
    Story(
        "hired-until-yesterday",
        "Ruud Wassink",
        "Hired through an agency: no staff number, no manager, and personnel never heard of him. His account "
        "closed last midnight; the reply is on.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=NOT_APPLICABLE,
        signature=NOT_APPLICABLE,
        leaver=COMPLIANT,
        leaves_on=day(11, 22),
        reply=ON,
        manager=NOBODY,
        records=Records(employed=False, expires=at(11, 23, "00:00")),
    ),
    Story(
        "end-withdrawn",
        "Liduina Spaargaren",
        "By Friday's file she left on 13 November; today's has no end any more. It names no manager: the "
        "directory does.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        leaver=NOT_APPLICABLE,
        records=Records(before=(Contract(date(2018, 3, 1), day(11, 13)),), led=False),
    ),
    Story(
        "two-on-one-mailbox",
        "Marga Zwiers",
        "Personnel has two people with her address: nothing of either is believed.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        records=Records(double="118840"),
        conflicts=("shared_mailbox",),
    ),
    Story(
        "leaver-forwarded-by-directory",
        "Bertus Nijenhuis",
        "Left on 31 October, account blocked, reply on. That his mailbox forwards shows in the directory "
        "only: the nightly export has no row for it.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=NOT_APPLICABLE,
        signature=NOT_APPLICABLE,
        leaver=COMPLIANT,
        tasks=("stop_forwarding", "reply_and_forward"),
        leaves_on=day(10, 31),
        reply=ON,
        enabled=False,
        exported=False,
        forwards_to=f"jan-willem.roodenburg@{DOMAIN}",
    ),
)

MANAGERS = (
    Story(
        "no-manager",
        "Goitske Anema",
        "Neither source names a manager.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        manager=NOBODY,
        conflicts=("no_manager",),
    ),
    Story(
        "own-manager",
        "Dirk-Jan Oudshoorn",
        "Both sources name him as his own manager.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        manager=SELF,
        conflicts=("own_manager",),
    ),
    Story(
        "circle-of-two",
        "Jantina Kruizinga",
        "She manages a colleague who manages her.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        manager="circle-of-two-closed",
        conflicts=("manager_circle",),
    ),
    Story(
        "circle-of-two-closed",
        "Evert-Jan Mosselman",
        "The other one.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        manager="circle-of-two",
    ),
    Story(
        "manager-on-leave",
        "Mehmet Aydemir",
        "Leads a team and is away since Thursday, with a reply: his digest waits until he is back.",
        quota=COMPLIANT,
        out_of_office=COMPLIANT,
        calendar=(all_day(HOLIDAY, day(11, 19), day(11, 27)),),
        reply=scheduled(at(11, 18, "17:00"), at(11, 30, "08:00")),
        leave=(ApprovedLeave(day(11, 19), day(11, 27), day(9, 1)),),
        leads=True,
    ),
)

WORKING_TIME = (
    Story(
        "leave-in-personnel-only",
        "Sjoukje Wiardi",
        "Leave from tomorrow to Friday, and nothing in the calendar.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        leave=(IN_GENERAL,),
    ),
    Story(
        "leave-shorter-than-calendar",
        "Mirjam Goudsmit",
        "The calendar says four days, personnel approved two of them: personnel knows better.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=NEXT_DAYS,
        leave=(ApprovedLeave(day(11, 24), day(11, 25), day(10, 1)),),
    ),
    Story(
        "leave-approved-late",
        "Ingrid Boonstra",
        "Away since Thursday, approved on Friday: not planned, so nothing is said.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day("Afwezig", day(11, 19), day(11, 27)),),
        leave=(ApprovedLeave(day(11, 19), day(11, 27), day(11, 20)),),
        records=Records(fresh=True),
    ),
    Story(
        "hours-in-periods",
        "Tineke Holwerda",
        "No roster in personnel. In Outlook whole Mondays and Tuesdays, Wednesday mornings and Thursday "
        "evenings; away on all three days to come, for those hours only. Her manager stands in personnel "
        "only.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(
            all_day("Verlof", day(11, 24), day(11, 24)),
            timed("Verlof", day(11, 25), "09:00", "13:00"),
            timed("Verlof", day(11, 26), "18:00", "22:00"),
        ),
        roster=None,
        outlook=joined(
            week("ma di", "08:30-12:30", "13:00-17:00"), week("wo", "09:00-13:00"), week("do", "18:00-22:00")
        ),
        records=Records(managed=False),
    ),
    Story(
        "free-fridays",
        "Annemiek Stellingwerf",
        "Every Friday off since September, which her roster does not know; away on Thursday and on Monday: "
        "two own days, and a tip to have the roster mended.",
        quota=COMPLIANT,
        out_of_office=TIP,
        calendar=(
            weekly("Vrij", day(9, 4), (4,), "00:00", "00:00", Busy.AWAY),
            all_day(HOLIDAY, day(11, 26), day(11, 26)),
            all_day(HOLIDAY, day(11, 30), day(11, 30)),
        ),
        roster=MONDAY_THURSDAY_FRIDAY,
    ),
)

SETTINGS_ONLY = (
    Story(
        "settings-only",
        "Tjalling Bakema",
        "Sent a labelled message outside, plain. He asked that nobody looks at his mail: only his settings "
        "are read.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        confidential_external=NOT_APPLICABLE,
        sent=(OUTSIDE_MAIL,),
        member_of=(SETTINGS_ONLY_GROUP,),
    ),
)

PEOPLE_STORIES = (*EMPLOYMENT, *MANAGERS, *WORKING_TIME, *SETTINGS_ONLY)
