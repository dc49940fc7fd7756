"""Every letter that is looked at whole, in both languages; digests stand in `digest_cases`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from mailbot.letters.render import NormText
from mailbot.model.accounts import Language
from mailbot.model.ids import Address, LetterId, RuleId
from mailbot.model.letters import Addressee, Letter, LetterKind
from mailbot.model.verdicts import Shown

TODAY = date(2026, 11, 23)
REGULATION = {
    Language.NL: "E-mailprotocol gemeente Voorbeeld",
    Language.EN: "E-mailprotocol gemeente Voorbeeld",
}
NORMS = {
    RuleId("quota"): NormText(
        "4.5",
        REGULATION,
        {Language.NL: "Een postbus is hoogstens 5 GB.", Language.EN: "A mailbox is at most 5 GB."},
    ),
    RuleId("out_of_office"): NormText(
        "4.7",
        REGULATION,
        {
            Language.NL: "Wie langer dan 2 werkdagen weg is, zet een automatisch antwoord aan.",
            Language.EN: "Whoever is away for more than 2 working days turns on an automatic reply.",
        },
    ),
    RuleId("delegates"): NormText(
        "4.8",
        REGULATION,
        {
            Language.NL: "Minstens 2 collega's kunnen in je postbus kijken als je er niet bent.",
            Language.EN: "At least 2 colleagues can look into your mailbox while you are away.",
        },
    ),
    RuleId("signature"): NormText(
        "5.10",
        REGULATION,
        {
            Language.NL: "Mail naar buiten heeft een handtekening.",
            Language.EN: "Mail to the outside carries a signature.",
        },
    ),
    RuleId("confidential_external"): NormText(
        "5.3",
        REGULATION,
        {
            Language.NL: "Mail met het woord vertrouwelijk in het onderwerp gaat beveiligd naar buiten.",
            Language.EN: "Mail with the word confidential in its subject goes outside secured.",
        },
    ),
}
QUOTA: Mapping[str, Shown] = {"size_bytes": 6_549_825_126, "limit_bytes": 5 * 1024**3}
ABSENCE: Mapping[str, Shown] = {
    "first_day": date(2026, 11, 24),
    "last_day": date(2026, 12, 11),
    "open_end": False,
    "reply_set": False,
    "reply_empty": False,
    "days_assumed": False,
}
COLLEAGUES: Mapping[str, Shown] = {"minimum": 2, "effective": 1}
LABELLED: Mapping[str, Shown] = {"messages": 2, "week": date(2026, 11, 16), "forbidden": False}
WAIVER: Mapping[str, Shown] = {
    "rule": "quota",
    "since": date(2026, 6, 8),
    "until": date(2026, 12, 7),
    "named": False,
    "several": False,
}
SEVERAL: Mapping[str, Shown] = {"until": date(2026, 12, 7), "named": False, "several": True, "waivers": 3}
TEAM_MAILBOX: Mapping[str, Shown] = {"named": True, "mailbox": "burgerzaken@voorbeeld.example"}
LAST: Mapping[str, Shown] = {"last": True}


@dataclass(frozen=True)
class Case:
    """A letter that is looked at whole; `name` is the name of its golden file."""

    name: str
    topic: str
    kind: LetterKind
    shown: Mapping[str, Shown]
    language: Language = Language.NL
    more: Mapping[str, Any] = field(default_factory=dict)

    def letter(self) -> Letter:
        return Letter(
            id=LetterId("letter-7"),
            kind=self.kind,
            topic=self.topic,
            to=Addressee("Jan-Willem Dekker", Address("jw.dekker@voorbeeld.example"), self.language),
            shown=self.shown,
            day=TODAY,
            **{"hold": False, **self.more},
        )


def in_both_languages(plain: Iterable[Case]) -> list[Case]:
    return [
        replace(case, name=f"{case.name}.{language.value}", language=language)
        for language in Language
        for case in plain
    ]


def _nudges() -> list[Case]:
    def nudge(name: str, shown: Mapping[str, Shown], **more: Any) -> Case:
        topic, _, variant = name.partition(" ")
        return Case(f"{topic}-nudge{variant and '-'}{variant}", topic, LetterKind.NUDGE, shown, more=more)

    return [
        nudge("quota", QUOTA),
        nudge("quota hold", QUOTA, hold=True),
        nudge("quota last", {**QUOTA, **LAST}),
        nudge("quota looked-at", QUOTA, **LOOKED),
        nudge("quota redirected", QUOTA, redirected=True),
        nudge("out_of_office", ABSENCE),
        nudge("out_of_office open-end", {**ABSENCE, "open_end": True}),
        nudge("out_of_office reply-set", {**ABSENCE, "reply_set": True}),
        nudge("out_of_office reply-empty", {**ABSENCE, "reply_empty": True}),
        nudge("out_of_office reply-set-open-end", {**ABSENCE, "reply_set": True, "open_end": True}),
        nudge("out_of_office reply-empty-open-end", {**ABSENCE, "reply_empty": True, "open_end": True}),
        nudge("out_of_office days-assumed", {**ABSENCE, "days_assumed": True}),
        nudge("out_of_office reply-set-days-assumed", {**ABSENCE, "reply_set": True, "days_assumed": True}),
        nudge("out_of_office last", {**ABSENCE, **LAST}),
        nudge("delegates", COLLEAGUES),
        nudge("delegates none-of-one", {"minimum": 1, "effective": 0}),
        nudge("signature", {"made": False}),
        nudge("signature made", {"made": True}),
        nudge("confidential_external", LABELLED),
        nudge("confidential_external one", {**LABELLED, "messages": 1}),
        nudge("confidential_external forbidden", {**LABELLED, "forbidden": True}),
    ]


def _later() -> list[Case]:
    """What comes after a nudge, or beside it."""
    reminder, thanks = LetterKind.REMINDER, LetterKind.THANKS
    return [
        Case("quota-reminder", "quota", reminder, QUOTA),
        Case("quota-reminder-hold", "quota", reminder, QUOTA, more={"hold": True}),
        Case("quota-reminder-last", "quota", reminder, {**QUOTA, **LAST}),
        Case("quota-reminder-redirected", "quota", reminder, QUOTA, more={"redirected": True}),
        Case("delegates-reminder", "delegates", reminder, COLLEAGUES),
        Case("delegates-reminder-none-of-one", "delegates", reminder, {"minimum": 1, "effective": 0}),
        Case("delegates-reminder-last", "delegates", reminder, {**COLLEAGUES, **LAST}),
        Case("signature-reminder", "signature", reminder, {"made": False}),
        Case("signature-reminder-made", "signature", reminder, {"made": True}),
        Case("signature-reminder-last", "signature", reminder, {"made": False, **LAST}),
        Case("quota-thanks", "quota", thanks, {}),
        Case("delegates-thanks", "delegates", thanks, {}),
        Case("signature-thanks", "signature", thanks, {}),
        Case("delegates-hint", "delegates", LetterKind.HINT, COLLEAGUES),
        Case("explain-notice", "explain", LetterKind.NOTICE, {}, more=LOOKED),
        Case("waiver", "waiver", LetterKind.WAIVER, WAIVER),
        Case("waiver-named", "waiver", LetterKind.WAIVER, {**WAIVER, **TEAM_MAILBOX}),
        Case("waiver-several", "waiver", LetterKind.WAIVER, SEVERAL),
        Case("waiver-leaver", "waiver", LetterKind.WAIVER, {**WAIVER, "rule": "leaver"}),
    ]


LOOKED: Mapping[str, Any] = {"looked_at": (date(2026, 11, 19), date(2026, 11, 20))}
CASES = in_both_languages([*_nudges(), *_later()])
