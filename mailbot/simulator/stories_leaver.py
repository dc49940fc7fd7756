"""Staged people for the rule on leavers, seen on Monday 23 November 2026.

Whoever left up to 23 October may have a reply until today; one working day more is let pass. A blocked
account is closed in the directory; Exchange refuses to be impersonated as it, and the service account
reads the reply by full access where it has that.
"""

from datetime import date

from mailbot.simulator import canaries
from mailbot.simulator.mailboxes import Flaw, Reply, Trouble
from mailbot.simulator.names import DOMAIN
from mailbot.simulator.residents import ORDINARY, Contract, Records
from mailbot.simulator.stories import (
    COMPLIANT,
    DEVIATION,
    NOT_APPLICABLE,
    TEXT,
    UNKNOWN,
    Story,
    at,
    day,
    enabled,
    scheduled,
)


def _text(words: str) -> str:
    return f"<html><body><p>Dank voor uw bericht. {words} {canaries.REPLY}</p></body></html>"


NOT_FORWARDED = (
    "Dit e-mailadres wordt niet meer gelezen en uw bericht wordt niet doorgestuurd. "
    "Stuur uw bericht naar info@voorbeeld.example of bel 14 0999."
)
GOODBYE = _text(f"Deze medewerker werkt niet meer bij gemeente Voorbeeld. {NOT_FORWARDED}")
ON = enabled(internal=GOODBYE, external=GOODBYE)
OFF = Reply("Disabled", "All", None, None, GOODBYE, GOODBYE)


def _saying(words: str) -> Reply:
    return enabled(internal=_text(words), external=_text(words))


def _blocked(
    story: str,
    name: str,
    text: str,
    *,
    leaver: str,
    left: date,
    tasks: tuple[str, ...] = (),
    reply: Reply,
    quota: str = UNKNOWN,
    confidential_external: str = NOT_APPLICABLE,
    trouble: Trouble | None = Trouble.DISABLED,
    full_access: bool = True,
    hold: bool = False,
    flaws: frozenset[Flaw] = frozenset(),
    forwards_to: str = "",
    contracts: tuple[Contract, ...] = (),
    recipient_type: str = "user",
    exported: bool = True,
    records: Records = ORDINARY,
) -> Story:
    """Somebody who left and whose account is blocked: of the mailbox itself only the reply can be read."""
    return Story(
        story,
        name,
        text,
        quota=quota,
        out_of_office=NOT_APPLICABLE,
        delegates=NOT_APPLICABLE,
        signature=NOT_APPLICABLE,
        confidential_external=confidential_external,
        leaver=leaver,
        tasks=tasks,
        leaves_on=left,
        reply=reply,
        enabled=False,
        trouble=trouble,
        full_access=full_access,
        hold=hold,
        flaws=flaws,
        forwards_to=forwards_to,
        contracts=contracts,
        recipient_type=recipient_type,
        exported=exported,
        records=records,
        rights=(),
        owa=None,
    )


IN_THE_MONTH = (
    _blocked(
        "leaver-in-order",
        "Hilbert Kuiken",
        "Left on 31 October, account blocked, reply on, as it should be until 30 November; he still has full "
        "access to a colleague's mailbox.",
        leaver=COMPLIANT,
        tasks=("end_delegations",),
        left=day(10, 31),
        reply=ON,
    ),
    _blocked(
        "leaver-last-day-of-reply",
        "Ank Schilperoort",
        "Left on 23 October: today is the last day of the month.",
        leaver=COMPLIANT,
        left=day(10, 23),
        reply=ON,
    ),
    _blocked(
        "leaver-readable",
        "Driss Zerouali",
        "Account closed, but the mailbox can be read as before.",
        quota=COMPLIANT,
        confidential_external=NOT_APPLICABLE,
        leaver=COMPLIANT,
        left=day(10, 30),
        reply=ON,
        trouble=None,
        full_access=False,
    ),
    _blocked(
        "leaver-no-longer-employed",
        "Roos-Anne Timmer",
        "The reply says it in other words: no longer employed.",
        leaver=COMPLIANT,
        left=day(11, 6),
        reply=_saying(f"Deze medewerker is niet langer werkzaam bij onze gemeente. {NOT_FORWARDED}"),
    ),
    _blocked(
        "leaver-scheduled",
        "Joyce Amstelveen",
        "The reply is scheduled from the last day to the end of the month.",
        leaver=COMPLIANT,
        left=day(10, 31),
        reply=scheduled(at(10, 31, "17:00"), at(11, 30, "23:00"), internal=GOODBYE, external=GOODBYE),
    ),
    _blocked(
        "leaver-several-contracts",
        "Kasper Duinkerken",
        "Two contracts in a row, the last one ended in October; reply on.",
        leaver=COMPLIANT,
        left=day(10, 31),
        reply=ON,
        contracts=(
            Contract(date(2024, 1, 1), date(2025, 6, 30), 1),
            Contract(date(2025, 7, 1), date(2026, 10, 31), 2),
        ),
    ),
    _blocked(
        "leaver-forwarded",
        "Ties Hoogenboom",
        "Reply on, and the mailbox forwards to a successor: work for the administrator.",
        leaver=COMPLIANT,
        tasks=(
            "stop_forwarding",
            "reply_and_forward",
        ),
        left=day(10, 31),
        reply=ON,
        forwards_to=f"jan-willem.roodenburg@{DOMAIN}",
    ),
    _blocked(
        "leaver-reply-off",
        "Mariëtte Bovenkerk",
        "Left on 13 November, account blocked, no reply on.",
        leaver=DEVIATION,
        tasks=("set_leaver_reply",),
        left=day(11, 13),
        reply=OFF,
    ),
    _blocked(
        "leaver-holiday-text",
        "Saar Blokzijl",
        "The reply is the one of last summer's holiday.",
        leaver=DEVIATION,
        tasks=("mend_reply_text",),
        left=day(11, 6),
        reply=enabled(internal=TEXT, external=TEXT),
    ),
    _blocked(
        "leaver-friday-text",
        "Ebbe Roorda",
        "The reply is an old one about Fridays, in nearly the same words.",
        leaver=UNKNOWN,  # neither of leaving nor clearly of an absence: somebody reads it, nobody is accused
        tasks=("mend_reply_text",),
        left=day(11, 6),
        reply=_saying("Ik werk niet meer op vrijdag. Op maandag ben ik er weer."),
    ),
    _blocked(
        "leaver-empty-reply",
        "Ursula Dommerholt",
        "Reply switched on without a text: Exchange sends nothing.",
        leaver=DEVIATION,
        tasks=("set_leaver_reply",),
        left=day(10, 31),
        reply=enabled(internal="", external=""),
    ),
    _blocked(
        "leaver-reply-from-tomorrow",
        "Thom Wielinga",
        "The reply is scheduled from tomorrow on.",
        leaver=DEVIATION,
        tasks=("set_leaver_reply",),
        left=day(10, 31),
        reply=scheduled(at(11, 24, "08:00"), at(11, 30, "17:00"), internal=GOODBYE, external=GOODBYE),
    ),
    _blocked(
        "leaver-unreadable",
        "Wessel-Jan Prins",
        "Blocked, and nobody gave the service account access: whether a reply is on is not known.",
        leaver=UNKNOWN,
        left=day(10, 31),
        reply=ON,
        full_access=False,
    ),
    _blocked(
        "leaver-reply-missing",
        "Femmie Eggink",
        "The server answers the question about the reply without the settings in it.",
        quota=COMPLIANT,
        confidential_external=NOT_APPLICABLE,
        leaver=UNKNOWN,
        left=day(10, 31),
        reply=ON,
        trouble=None,
        full_access=False,
        flaws=frozenset({Flaw.REPLY_MISSING}),
    ),
)

AFTER_THE_MONTH = (
    _blocked(
        "leaver-day-of-grace",
        "Aaltsje Hofkamp",
        "Hired until 20 October: the directory alone says so, by an account that closed at midnight in "
        "summer time. The month ended on Friday, the reply is on: the first working day after is let pass.",
        leaver=COMPLIANT,
        left=day(10, 20),
        reply=ON,
        hold=True,
        records=Records(employed=False, expires=at(10, 21, "00:00")),
    ),
    _blocked(
        "leaver-reply-too-long",
        "Mees Rotteveel",
        "Hired until 19 October, by the directory alone: the month ended on Thursday, the reply is still on.",
        leaver=DEVIATION,
        tasks=("end_leaver_reply",),
        left=day(10, 19),
        reply=ON,
        records=Records(employed=False, expires=at(10, 20, "00:00")),
    ),
    _blocked(
        "leaver-removal-due",
        "Otto Kranenburg",
        "Left in September, reply off, no hold: somebody has to decide about removal.",
        leaver=DEVIATION,
        tasks=("decide_removal",),
        left=day(9, 30),
        reply=OFF,
    ),
    _blocked(
        "leaver-on-hold",
        "Zohra Tahir",
        "Left in September, reply off, and a hold keeps the mailbox.",
        leaver=COMPLIANT,
        left=day(9, 30),
        reply=OFF,
        hold=True,
    ),
    _blocked(
        "leaver-hold-unknown",
        "Friso Waardenburg",
        "Left in September, reply off; the nightly export, which knows of holds that the directory does not "
        "show, has no row for the mailbox.",
        leaver=UNKNOWN,
        left=day(9, 30),
        reply=OFF,
        exported=False,
    ),
)


def _open(
    story: str,
    name: str,
    text: str,
    *,
    leaver: str,
    left: date,
    tasks: tuple[str, ...] = (),
    reply: Reply,
    enabled: bool | None = True,
    hold: bool = False,
) -> Story:
    """Somebody who left and whose account is not known to be blocked: everything can still be read."""
    return Story(
        story,
        name,
        text,
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=NOT_APPLICABLE,
        signature=NOT_APPLICABLE,
        confidential_external=NOT_APPLICABLE,
        leaver=leaver,
        tasks=tasks,
        leaves_on=left,
        reply=reply,
        enabled=enabled,
        hold=hold,
    )


NOT_BLOCKED = (
    _open(
        "leaver-open",
        "Sander-Bas Noordijk",
        "Left on 13 November and can still sign in.",
        leaver=DEVIATION,
        tasks=(
            "block_account",
            "set_leaver_reply",
        ),
        left=day(11, 13),
        reply=Reply(),
    ),
    _open(
        "leaver-open-with-reply",
        "Ayoub Lamrani",
        "The reply is as agreed, but the account comes first and is open.",
        leaver=DEVIATION,
        tasks=("block_account",),
        left=day(10, 31),
        reply=ON,
    ),
    _open(
        "leaver-account-unknown",
        "Noëlle Brandsma",
        "Left in October; the service account may not read whether the account is open.",
        leaver=UNKNOWN,
        left=day(10, 31),
        reply=ON,
        enabled=None,
    ),
)

STILL_HERE = (
    Story(
        "leaver-last-day-today",
        "Bauke Terwal",
        "Hired until today, by the directory alone: the account closes at midnight, in winter time.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        leaver=NOT_APPLICABLE,
        leaves_on=day(11, 23),
        records=Records(employed=False, expires=at(11, 24, "00:00")),
    ),
    Story(
        "leaver-renewed",
        "Elise Vangrunsven",
        "The temporary contract ended in October, another one began the day after, with the end that some "
        "systems write for none.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        leaver=NOT_APPLICABLE,
        contracts=(
            Contract(date(2025, 11, 1), date(2026, 10, 31), 1),
            Contract(date(2026, 11, 1), date.max, 2),
        ),
    ),
    Story(
        "leaver-reply-before-leaving",
        "Rosalie Kamminga",
        "Leaves next week and the farewell is on already: too soon to say anything.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        leaver=NOT_APPLICABLE,
        leaves_on=day(11, 30),
        reply=ON,
    ),
)

LEAVER_STORIES = (*IN_THE_MONTH, *AFTER_THE_MONTH, *NOT_BLOCKED, *STILL_HERE)
