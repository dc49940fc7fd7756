"""Staged people for the rule on automatic replies, seen on Monday 23 November 2026 at 06:00.

Unless a story says otherwise its person works Monday to Friday 08:30-17:00, so that whoever is away from
Tuesday 24 November has today as last own working day: the reply is due today.
"""

from mailbot.simulator import canaries
from mailbot.simulator.calendars import Busy, all_day, timed, weekly
from mailbot.simulator.mailboxes import Flaw
from mailbot.simulator.names import DOMAIN
from mailbot.simulator.residents import ALSO_OPEN_ENDED, OPEN_ENDED, ApprovedLeave, Beside, Records
from mailbot.simulator.stories import (
    COMPLIANT,
    DEVIATION,
    NOT_APPLICABLE,
    TIP,
    UNKNOWN,
    Story,
    at,
    day,
    enabled,
    scheduled,
)
from mailbot.simulator.weeks import joined, week

HOLIDAY = f"Vakantie {canaries.EVENT}"
NEXT_DAYS = (all_day(HOLIDAY, day(11, 24), day(11, 27)),)
"""Away from Tuesday to Friday, all day."""

PLANNED = (
    Story(
        "portugal",
        "Jan-Willem Terwisscha",
        "Three weeks to Portugal from tomorrow, leave approved in June, automatic reply forgotten.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(HOLIDAY, day(11, 24), day(12, 11)),),
        leave=(ApprovedLeave(day(11, 24), day(12, 11), day(6, 15)),),
    ),
    Story(
        "three-days",
        "Rozemarijn Bolhuis",
        "Exactly three working days from tomorrow: one more than two.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 26)),),
    ),
    Story(
        "two-days",
        "Sietske Hamming",
        "Exactly two working days from tomorrow: not more than two.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 25)),),
    ),
    Story(
        "in-english",
        "Declan Murphy",
        "Reads English; away from tomorrow to Friday, nothing set.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=NEXT_DAYS,
        language="en",
    ),
    Story(
        "both-rules",
        "Hatice Korkmaz",
        "Away from tomorrow with nothing set, and 5.6 GiB: two findings, one letter a week.",
        quota=DEVIATION,
        out_of_office=DEVIATION,
        size=6_012_954_214,
        calendar=NEXT_DAYS,
    ),
    Story(
        "two-entries",
        "Gerbrich Feenstra",
        "Two entries of two days that touch make one absence of four.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(
            all_day(HOLIDAY, day(11, 24), day(11, 25)),
            all_day("Verlof", day(11, 26), day(11, 27)),
        ),
    ),
    Story(
        "double-entries",
        "Lambertus Veen",
        "The same two days entered twice are still two days.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(
            all_day(HOLIDAY, day(11, 24), day(11, 25)),
            timed("Verlof", day(11, 24), "08:30", "17:00"),
            timed("Verlof", day(11, 25), "08:30", "17:00"),
        ),
    ),
    Story(
        "broken-by-work",
        "Neeltje Zwart",
        "Away Tuesday and Wednesday, at work on Thursday, away Friday and Monday: two short absences.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(
            all_day(HOLIDAY, day(11, 24), day(11, 25)),
            all_day(HOLIDAY, day(11, 27), day(11, 30)),
        ),
    ),
    Story(
        "private-entry",
        "Yasmina Haddou",
        "The absence is marked private; that somebody is away shows in free/busy all the same.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(f"Ziekenhuis {canaries.EVENT}", day(11, 24), day(11, 27), private=True),),
    ),
    Story(
        "away-this-afternoon",
        "Pelle Nieuwland",
        "Leaves at 15:00 today (less than half of the day) and is away from tomorrow: due today.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(timed("Kapper", day(11, 23), "15:00", "17:00"), *NEXT_DAYS),
    ),
    Story(
        "away-from-today",
        "Corrie Dekkers",
        "Away from this morning on, first seen now: not seen in time, so nothing is said.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day("Afwezig", day(11, 23), day(11, 27)),),
    ),
    Story(
        "already-away",
        "Wieger Talsma",
        "Away since last Thursday without a reply: the day to say so is past.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(11, 19), day(11, 27)),),
    ),
    Story(
        "already-away-covered",
        "Amina Warsame",
        "Away since last Thursday with a reply that speaks all the time.",
        quota=COMPLIANT,
        out_of_office=COMPLIANT,
        calendar=(all_day(HOLIDAY, day(11, 19), day(11, 27)),),
        reply=scheduled(at(11, 18, "17:00"), at(11, 30, "08:00")),
    ),
    Story(
        "in-three-weeks",
        "Dieuwke Pasma",
        "Away from 14 December with nothing set: not due yet.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(12, 14), day(12, 18)),),
    ),
    Story(
        "day-after-tomorrow",
        "Ferdinand Luttikhuis",
        "Away from Wednesday with nothing set: due tomorrow, not today.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(11, 25), day(12, 2)),),
    ),
    Story(
        "christmas",
        "Trees Wolfswinkel",
        "Away on 23, 24 and 25 December with a reply: 25 December is a holiday, so two working days.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(12, 23), day(12, 25)),),
        reply=scheduled(at(12, 22, "17:00"), at(12, 28, "08:00")),
    ),
    Story(
        "long-leave-on",
        "Jorinde Makkinga",
        "Away from tomorrow to March; the reply is on without an end.",
        quota=COMPLIANT,
        out_of_office=COMPLIANT,
        calendar=(all_day(HOLIDAY, day(11, 24), day(3, 12, 2027)),),
        reply=enabled(),
    ),
    Story(
        "long-leave-off",
        "Esra Tunç",
        "Away from tomorrow to March and nothing set.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(HOLIDAY, day(11, 24), day(3, 12, 2027)),),
    ),
    Story(
        "long-leave-scheduled",
        "Margriet Oldenkamp",
        "Away from tomorrow to March, reply until 15 March: nobody can see so far, so it is not known.",
        quota=COMPLIANT,
        out_of_office=UNKNOWN,
        calendar=(all_day(HOLIDAY, day(11, 24), day(3, 12, 2027)),),
        reply=scheduled(at(11, 23, "17:00"), at(3, 15, "08:00", 2027)),
    ),
)

MONDAY_THURSDAY_FRIDAY = week("ma do vr")
TUESDAY_THURSDAY = week("di do")
MONDAY_THURSDAY = week("ma do")
OLD_ADDRESS = f"petronella.hofstra@{DOMAIN}"
HALF_WEDNESDAY = joined(week("ma di do vr"), week("wo", "08:30-12:30"))
NIGHT_DESK = week("ma di wo do", "13:00-17:00", "18:00-22:00")

ROSTER_STORIES = (
    Story(
        "part-timer-last-day-today",
        "Willemijn Schoute",
        "Works Monday, Thursday and Friday; away Thursday, Friday and Monday: today is her last own day. Her "
        "administrator's account, with a mailbox, carries her staff number too.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(HOLIDAY, day(11, 26), day(11, 30)),),
        roster=MONDAY_THURSDAY_FRIDAY,
        records=Records(beside=Beside.WITH_MAILBOX),
    ),
    Story(
        "part-timer-over-a-week",
        "Sybren Wouda",
        "Works Monday and Thursday; away from Thursday to Thursday, three own days; last own day is today.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(HOLIDAY, day(11, 24), day(12, 3)),),
        roster=MONDAY_THURSDAY,
    ),
    Story(
        "part-timer-two-own-days",
        "Rabia Ouali",
        "Works Tuesday and Thursday; away Tuesday to Thursday, three days with only two of her own. "
        "Personnel has no address of her, and the directory writes her number with zeros before it.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 26)),),
        roster=TUESDAY_THURSDAY,
        key="4711",
        records=Records(number="00004711", mail=""),
    ),
    Story(
        "part-timer-day-past",
        "Evelien Grondsma",
        "Works Tuesday and Thursday; away for three own days from tomorrow: the reply was due last Thursday. "
        "Her administrator's account has no mailbox.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(11, 24), day(12, 1)),),
        roster=TUESDAY_THURSDAY,
        records=Records(beside=Beside.BARE),
    ),
    Story(
        "half-wednesday",
        "Hubrecht Maas",
        "Works a half Wednesday; away Tuesday afternoon to Thursday, and that half day counts as a day.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(
            timed("Verlof", day(11, 24), "12:00", "17:00"),
            timed("Verlof", day(11, 25), "08:30", "12:30"),
            all_day("Verlof", day(11, 26), day(11, 26)),
        ),
        roster=HALF_WEDNESDAY,
    ),
    Story(
        "mornings-exactly-half",
        "Loubna Chaouat",
        "Away four mornings until 12:45, exactly half of each day: the days count.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=tuple(timed("Cursus", day(11, number), "08:30", "12:45") for number in range(24, 28)),
    ),
    Story(
        "mornings-less-than-half",
        "Ewoud Pelgrim",
        "Away four mornings until 12:30, less than half of each day: no day counts.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=tuple(timed("Cursus", day(11, number), "08:30", "12:30") for number in range(24, 28)),
    ),
    Story(
        "late-shift",
        "Romy Kastelein",
        "Works afternoons and evenings; away from 18:00 on three days, half of each.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=tuple(timed("Verlof", day(11, number), "18:00", "22:00") for number in (24, 25, 26)),
        roster=NIGHT_DESK,
    ),
    Story(
        "roster-in-outlook",
        "Aukje Ringnalda",
        "Hired, so no roster in personnel; in Outlook Monday to Thursday. Away Tuesday to Thursday.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 26)),),
        roster=None,
        outlook=week("ma di wo do", "09:00-17:30"),
        records=Records(employed=False, expires=ALSO_OPEN_ENDED),
    ),
    Story(
        "outlook-says-otherwise",
        "Petronella Baas",
        "Outlook shows five days, the personnel roster Tuesday and Thursday: the roster goes first. She took "
        "another name: personnel has the old address, which her mailbox still carries, and no number tells.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 27)),),
        roster=TUESDAY_THURSDAY,
        records=Records(number="", old_addresses=(OLD_ADDRESS,), mail=OLD_ADDRESS),
    ),
    Story(
        "roster-nowhere",
        "Isabel Fontein",
        "Nobody knows when she works, so Monday to Friday is assumed, and she is away from tomorrow.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=NEXT_DAYS,
        roster=None,
        outlook=None,
    ),
    Story(
        "roster-nowhere-not-away",
        "Gradus Wensink",
        "Hired without an end; nobody knows when he works, and he is not away: nothing to know.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        roster=None,
        outlook=None,
        records=Records(employed=False, expires=OPEN_ENDED),
    ),
)

CALENDAR_STORIES = (
    Story(
        "made-in-new-york",
        "Charlotte Weststrate",
        "All-day entry of Tuesday to Friday made in New York: in Amsterdam it runs from 06:00 to 06:00.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 27), zone="America/New_York"),),
    ),
    Story(
        "made-in-tokyo",
        "Hiroshi Tanaka",
        "All-day entry of Tuesday to Thursday made in Tokyo: here Monday 16:00 to Thursday 16:00.",
        quota=COMPLIANT,
        out_of_office=DEVIATION,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 26), zone="Asia/Tokyo"),),
    ),
    Story(
        "made-in-tokyo-two-days",
        "Naoko Visser",
        "All-day entry of two days made in Tokyo touches three days, but one of them for an hour only.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 25), zone="Asia/Tokyo"),),
    ),
    Story(
        "tentative",
        "Maurits Kleinjan",
        "The holiday is tentative.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day(HOLIDAY, day(11, 24), day(11, 27), Busy.TENTATIVE),),
    ),
    Story(
        "busy",
        "Stien Oldeboer",
        "A training of four days, shown as busy.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day("Training", day(11, 24), day(11, 27), Busy.BUSY),),
    ),
    Story(
        "elsewhere",
        "Rutger Alberda",
        "Works at home for four days.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day("Thuis", day(11, 24), day(11, 27), Busy.ELSEWHERE),),
    ),
    Story(
        "free",
        "Jacintha Pronker",
        "An all-day holiday that Outlook left on free: not visible as an absence.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        calendar=(all_day("Vakantie \U0001f389", day(11, 24), day(12, 4), Busy.FREE),),
    ),
    Story(
        "every-friday",
        "Sytze Anema",
        "Away every Friday: a day that is not worked, which his roster should say.",
        quota=COMPLIANT,
        out_of_office=TIP,
        calendar=(weekly("Papadag", day(9, 4), (4,), "00:00", "00:00", Busy.AWAY),),
    ),
    Story(
        "every-midweek",
        "Floris Stavenga",
        "A weekly entry since September that takes Tuesday, Wednesday and Thursday: not worked here at all.",
        quota=COMPLIANT,
        out_of_office=TIP,
        calendar=(weekly("Detachering", day(9, 1), (1, 2, 3), "00:00", "00:00", Busy.AWAY),),
    ),
    Story(
        "free-busy-hidden",
        "Noortje Vermaat",
        "Free/busy of this mailbox may not be read.",
        quota=COMPLIANT,
        out_of_office=UNKNOWN,
        calendar=NEXT_DAYS,
        flaws=frozenset({Flaw.FREE_BUSY_HIDDEN}),
    ),
    Story(
        "shared-away",
        "Postbus Balie",
        "A shared mailbox whose calendar shows a closed week.",
        quota=NOT_APPLICABLE,
        out_of_office=NOT_APPLICABLE,
        delegates=NOT_APPLICABLE,
        signature=NOT_APPLICABLE,
        calendar=NEXT_DAYS,
        recipient_type="shared",
        full_access=True,
    ),
)

ABSENCE_STORIES = (*PLANNED, *ROSTER_STORIES, *CALENDAR_STORIES)
