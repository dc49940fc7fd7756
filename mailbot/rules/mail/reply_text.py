"""What the automatic reply of somebody who left says, and what it should not say.

Practice (handling of leavers' mailboxes): it says that the person no longer works here and that mail is not
forwarded; it tells no reason, no new employer, no private number or address. Dutch and English. One bit per
feature is kept: which reason was told is nobody's business here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from mailbot.rules.mail.body_lines import lines, plain


class ReplyFeature(StrEnum):
    LEFT = "left"  # says that the person no longer works here, or that the address is out of use
    NOT_FORWARDED = "not_forwarded"  # says that the message is not sent on
    TOO_MUCH = "too_much"  # a reason, a new employer, a mobile number or an address at a webmail provider


def _any_of(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


_FEW_WORDS = r"(?:[\w'-]+,? ){0,6}?"
_DAY = _any_of(
    "(?:maan|dins|woens|donder|vrij|zater|zon)dag(?:en|s)?", "(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
)
_ORGANISATIONS = (
    *("gemeente", "organisatie", "gemeentehuis", "stadhuis", "omgevingsdienst", "werkorganisatie", "griffie"),
    *("bedrijf", "municipality", "organi[sz]ation", "city", "council", "company", "employer", "ons", "us"),
)
_NO_MORE = r"niet (?:meer|langer)(?! dan)"
_ANY_MORE = "(?:any ?more|any longer)"

_PART_OF_IT = re.compile(
    _any_of(
        rf"\b(?:op|on|elke|every|iedere|each) {_DAY}\b(?! \d)",
        rf"'s {_DAY}\b",
        r"\b(?:maan|dins|woens|donder|vrij)dagen\b",
        r"\b(?:tijdelijk|temporarily|deze week|this week)\b",
        r"(?<!vanaf )(?<!sinds )(?<!van )(?<!goede)(?<!goede )\b(?:vandaag|morgen)\b",
        r"(?<!from )(?<!since )(?<!as of )\b(?:today|tomorrow)\b",
        r"\b(?:full-?time|part-?time|voltijds|'s (?:ochtends|middags|avonds)|thuis|from home|at home)\b",
        r"\btot (?:en met )?(?:\d|begin|eind)[^.]{0,40} niet (?:meer|langer)\b",
        r"\bniet (?:zo|waar|juist) dat\b",
        r"\bnot true that\b",
        r"\b(?:mijn|my) (?:collega|colleague)\b",
    )
)
"""Says something about some days, some place or somebody else, not that the writer is gone."""

_ADDRESS_GONE = re.compile(
    r"\b(?:dit|deze) (?:e-?mail-?adres|mail-?adres|adres|postbus|mailbox) (?:is|bestaat|wordt) "
    rf"(?:{_NO_MORE} (?:in gebruik|actief|gebruikt)|vervallen|opgeheven|niet meer(?=$|,| en| omdat))"
    r"|\bthis (?:e-?mail address|address|mailbox|account) (?:is|exists) "
    r"(?:no longer (?:in use|active|used)|not in use any ?more)"
)

_NOT_READ_OR = (
    "(?:(?:automatisch|meer|langer|gelezen|bekeken|beantwoord|of|en ook niet|en niet|en|noch|,) ?){0,5}"
)
_NOT_BE_READ_OR = "(?:(?:be|being|automatically|read|monitored|answered|or|nor|and|,) ?){0,5}"
_NOT_FORWARDED = re.compile(
    _any_of(
        rf"\b(?:niet|noch) {_NOT_READ_OR}(?:doorgestuurd|doorgezonden|doorgeleid)\b"
        r"(?! (?:wil|wilt|willen|mag|hoeft|hebben)\b)",
        r"\bstu(?:urt?|ren) (?:[\w'-]+ ){0,5}niet (?:automatisch )?door\b",
        r"\bniet (?:automatisch )?(?:naar|aan) (?:[\w'-]+ ){1,5}(?:doorgestuurd|doorgezonden)\b",
        rf"\b(?:not|never|isn't|won't|aren't) {_NOT_BE_READ_OR}(?:forwarded|redirected|passed on|sent on)\b",
        r"\b(?:do|will) not (?:automatically )?forward\b",
    )
)

_REASONS = (
    *("ziek(?:te|teverlof|gemeld)?", "arbeidsongeschikt(?:heid)?", "burn-?out", "burned out", "wia"),
    *("overleden", "overlijden", "overleed", "gestorven", "deceased", "died", "death", "passed away"),
    *("ontslag(?:en|name)?", "geschorst", "schorsing", "arbeidsconflict", "vaststellingsovereenkomst"),
    *("reorganisatie", "boventallig", "pensioen", "gepensioneerd", "retire(?:d|ment)", "illness"),
    *("contract (?:is )?(?:niet verlengd|afgelopen|beeindigd|loopt af)", "werkt? nu (?:bij|voor)"),
    *("(?:andere|nieuwe) (?:baan|werkgever|functie|uitdaging|werkkring)", "nu werkzaam bij"),
    *("sick(?:ness)?", "dismiss(?:ed|al)", "fired", "laid off", "suspended", "resigned", "redundan(?:t|cy)"),
    *("reorgani[sz]ation", "restructuring", "new (?:job|employer|position|role|challenge)"),
    "now work(?:s|ing)? (?:at|for)",
)
_REASON = re.compile(rf"\b{_any_of(*_REASONS)}\b")
_A_SUBJECT = re.compile(
    _any_of(
        r"\b(?:vragen|vraag|questions?|informatie|information) (?:over|about|on)\b[^.!?]*",
        r"\b(?:voor|for) [^.!?]{0,80}? (?:mailt?|belt?|kunt|neemt?|stuurt?|gaat|please|call|contact)\b",
    )
)
"""What a sender may ask about is no reason why somebody left: a registry office is told of many a death."""

_GAP = r"[ .()/-]{0,3}"
_DATE = re.compile(r"\b\d{1,2}([-/.])\d{1,2}\1\d{4}\b(?![-.]?\d)")
_MOBILE = re.compile(
    rf"(?<![\d+])(?:0{_GAP}6|(?:\+|00){_GAP}31{_GAP}(?:0{_GAP})?6){_GAP}[1-58](?:{_GAP}\d){{7}}(?!\d)"
)
_WEBMAIL = re.compile(
    r"@(?:gmail|googlemail|hotmail|outlook|live|msn|yahoo|ymail|icloud|me|ziggo|kpnmail|kpnplanet|planet|xs4all|home"
    r"|casema|upcmail|hetnet|telfort|chello|quicknet|tele2|zonnet|solcon|caiway|zeelandnet|proton|protonmail|gmx)"
    r"\.(?:nl|com|net|org|be|me|eu|de)\b"
)
_SENTENCE_ENDS = re.compile(r"(?<=[.!?;])\s+")


@dataclass(frozen=True, slots=True)
class LeaverReplyText:
    """`names` are words by which the organisation is called, such as the first part of its mail domain."""

    names: frozenset[str] = field(default=frozenset())

    def features(self, text: str) -> frozenset[str]:
        """Of HTML or plain text. A sentence may run over several lines, as mail programs break them."""
        content = plain(" ".join(line.text for line in lines(text)))
        found: set[str] = set()
        if self._says_left(content):
            found.add(ReplyFeature.LEFT)
        if _NOT_FORWARDED.search(content):
            found.add(ReplyFeature.NOT_FORWARDED)
        if _tells_too_much(content):
            found.add(ReplyFeature.TOO_MUCH)
        return frozenset(found)

    def _says_left(self, content: str) -> bool:
        said = self._gone()
        return any(
            (said.search(sentence) or _ADDRESS_GONE.search(sentence)) and not _PART_OF_IT.search(sentence)
            for sentence in _sentences(content)
        )

    def _gone(self) -> re.Pattern[str]:
        """Someone's work here as a whole is over: never without the organisation or the end of service, so
        that "I no longer work on Mondays" and "no longer with team West" are something else."""
        names = (re.escape(plain(name)) for name in sorted(self.names) if name)
        here = _any_of(
            "hier",
            "here",
            "(?:(?:bij|voor|binnen|aan|in|van|uit|at|for|with|by|within|of) )?"
            "(?:(?:de|het|onze|deze|the|our|this) )?" + _any_of(*_ORGANISATIONS, *names),
        )
        here += r"\b(?! (?:building|office|hall|website|gebouw|site))"
        does_not = "(?:does|do|is) not|doesn't|don't|isn't"
        works = r"\bwerk(?:t|en|zaam)?"
        return re.compile(
            _any_of(
                rf"{works} {_FEW_WORDS}{_NO_MORE} {here}",
                rf"{works} {here} {_FEW_WORDS}{_NO_MORE}(?! {_FEW_WORDS}(?:op|in|als|aan|alleen)\b)",
                rf"\b{_NO_MORE} werkzaam\b(?! (?:op|als|in|voor (?:team|afdeling|de afdeling|het team))\b)",
                rf"\b{_NO_MORE} {here} {_FEW_WORDS}(?:werk(?:t|zaam|en)?|in dienst)\b",
                rf"\b{_NO_MORE} in dienst\b",
                r"(?<!niet )\buit dienst\b(?! tot\b)",
                rf"\b{_NO_MORE} (?:{here} verbonden|verbonden {here})",
                rf"\b(?:heeft|heb) {_FEW_WORDS}{here} {_FEW_WORDS}verlaten\b",
                rf"\b(?:vertrokken|afscheid genomen|gestopt) {here}",
                rf"\bgeen (?:medewerker|collega|deel) meer (?:uit )?{here}",
                rf"\bwerkte tot (?:en met )?{_FEW_WORDS}{here}",
                rf"\bno longer (?:works?|working|employed)\b {_FEW_WORDS}{here}",
                rf"\bno longer with {here}",
                rf"\bno longer (?:a )?part {here}",
                r"\bno longer an? employee\b",
                rf"\b(?:{does_not}) (?:work|employed) {_FEW_WORDS}{here} {_FEW_WORDS}{_ANY_MORE}\b",
                rf"\b(?:has|have) left {here}",
                r"\b(?:has|have) left (?:our |the )?(?:employment|service)\b",
            )
        )


def _tells_too_much(content: str) -> bool:
    without_subjects = _A_SUBJECT.sub(" ", content)
    without_dates = _DATE.sub(" ", content)
    return bool(_REASON.search(without_subjects) or _MOBILE.search(without_dates) or _WEBMAIL.search(content))


def _sentences(content: str) -> Iterator[str]:
    yield from _SENTENCE_ENDS.split(content)
