"""What the automatic reply of somebody who left says, and what it should not say.

Practice (handling of leavers' mailboxes): it says that the person no longer works here and that mail is not
forwarded; it tells no reason, no new employer, no private number or address. Dutch and English. One bit per
feature is kept: which reason was told is nobody's business here.

Nobody knows all wordings: a text with neither LEFT nor TOO_MUCH nor ABSENT was not understood.
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
    ABSENT = "absent"  # clearly the text of somebody who is away and comes back


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

_THING = "(?:e-?mail-?|mail-?)?(?:adres|account)|postbus|postvak|mailbox"
_NOT_A_PERSON = r"(?:het|de|een|onze?|deze|dit|ieder|elk|team|afdeling|project)\b"
_OF_SOMEBODY = (
    rf"(?: van (?:(?:de heer|mevrouw|collega) [^.,!?]{{1,60}}?|(?!{_NOT_A_PERSON})[^.,!?]{{1,60}}?))?"
)
_ADDRESS_GONE = re.compile(
    rf"\b(?:dit|deze|het|de|mijn) (?:{_THING}){_OF_SOMEBODY} (?:is|bestaat|wordt) "
    r"(?:(?:per|sinds|vanaf) [^.!?]{1,40} )?"
    rf"(?:{_NO_MORE} (?:in gebruik|actief|gebruikt)|vervallen|opgeheven|afgesloten|gesloten"
    r"|niet meer(?=$|,| en| omdat))"
    rf"|[\w.+-]@[\w.-]+ is {_NO_MORE} in gebruik"
    r"|\b(?:this|my) (?:e-?mail address|address|mailbox|(?:e-?mail )?account) (?:is|exists) "
    r"(?:no longer (?:in use|active|used)|not in use any ?more|closed)"
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

_CAUSES = (
    *("ziek(?:te|teverlof)?", "arbeidsongeschiktheid", "burn-?out", "wia", "overlijden", "dood", "illness"),
    *("ontslag(?:name)?", "schorsing", "arbeidsconflict", "vaststellingsovereenkomst", "reorganisatie"),
    *("pensioen", "pensionering", "sickness", "death", "dismissal", "retirement", "redundancy"),
    *("suspension", "reorgani[sz]ation", "restructuring", "resignation"),
)
_STATES = (
    *("ziek(?:gemeld)?", "arbeidsongeschikt", "burned out", "overleden", "gestorven", "ontslagen"),
    *("geschorst", "boventallig", "gepensioneerd", "met (?:\\w+ )?(?:pensioen|ontslag)", "in de wia"),
    *("sick", "ill", "deceased", "dismissed", "fired", "laid off", "suspended", "redundant", "retired"),
)
_NEW = "(?:andere|nieuwe) (?:baan|werkgever|functie|uitdaging|werkkring)"
_NEW_IN_ENGLISH = "(?:new|other|another) (?:job|employer|position|role|challenge)"
_REASON = re.compile(
    _any_of(
        r"\b(?:is|was|ben|been|ging|gaat|ga|werd|wordt|raakte|has|heeft|heb|zich) "
        rf"(?:[\w'-]+ ){{0,4}}?{_any_of(*_STATES)}\b",
        r"\b(?:wegens|vanwege|door|i\.?v\.?m\.?|in verband met|als gevolg van|met"
        r"|(?:na|after) (?:zijn|haar|mijn|een lang\w*|his|her|my|a long)"
        rf"|because of|due to|owing to|on account of) (?:[\w'-]+ ){{0,3}}?{_any_of(*_CAUSES)}\b",
        r"\b(?:overleed|passed away|died|resigned|retired (?:last|in|on|at|from|after))\b",
        r"\b(?:ontslag (?:genomen|gekregen)|nam ontslag)\b",
        r"\b(?:heeft|kreeg|vond) (?:[\w'-]+ ){0,2}?burn-?out\b",
        rf"\b(?:heeft|heb|kreeg|vond|begint|begon|start|gestart|naar|met|voor|aan|wegens|vanwege) "
        rf"(?:[\w'-]+ ){{0,4}}?{_NEW}\b",
        rf"\b(?:has|have|found|got|started|starting|to|for|at|of) (?:[\w'-]+ ){{0,3}}?{_NEW_IN_ENGLISH}\b",
        r"\bcontract (?:is )?(?:niet verlengd|afgelopen|beeindigd|loopt af)\b",
        r"\bwerkt? nu (?:bij|voor)\b",
        r"\bnu werkzaam bij\b",
        r"\bnow work(?:s|ing)? (?:at|for)\b",
    )
)
"""A reason as it is told of somebody: the word alone may be what a counter of the town hall is about."""

_READER_OR_ANYBODY = re.compile(
    _any_of(
        r"\b(?:u|uw|je|jij|jouw|jullie|you|your|iemand|someone|somebody|anyone|wie|whoever)\b",
        r"\b(?:familielid|naaste|partner|dierbare|inwoners?|relative|resident)\b",
        r"\b(?:aangifte|melding|afspraak|vragen|vraag|informatie|formulier|questions?|information|appointment)\b",
        r"^(?:bij|voor|als|wanneer|if|when|for|in case of)\b",
    )
)
_CLAUSE_ENDS = re.compile(r"(?<=[.!?;:,])\s+")

_AWAY = r"(?:afwezig|met \w{0,20}verlof|(?:op|met) vakantie)\b"
_ABSENT = re.compile(
    _any_of(
        rf"\b(?:ben|is|zijn|ga) [^.!?]{{0,40}}?\b{_AWAY}",
        r"\b(?:ben|is|zijn) (?:[\w'-]+ ){0,2}er (?:\w+ )?(?:even|vandaag) niet\b",
        r"\bafwezig (?:tot|van|vanaf|t/m|wegens)\b",
        rf"\b(?:tot|van|vanaf|t/m) [^.!?]{{1,40}} {_AWAY}",
        rf"^{_AWAY}",
        r"(?:^|\b(?:ben|is|kom|komt|keer|keert) (?:[\w'-]+ ){0,4})"
        rf"terug (?:op|in|vanaf) (?:\d|kantoor|{_DAY})",
        r"\bvanaf [^.!?]{1,40} (?:weer|terug)\b",
        r"\bout of (?:the )?office\b",
        r"\b(?:am|is|i'm) [^.!?]{0,30}?\bon (?:\w+ )?(?:leave|holidays?|vacation)\b",
        r"(?:^|\b(?:am|be|is|i'm|come|comes) (?:[\w'-]+ ){0,2})back (?:on|at|in the office|from)\b",
        r"\baway (?:until|till|from)\b",
    )
)
_NOT_THE_WRITER = re.compile(
    r"\b(?:niet|not|isn't) (?:\w+ )?(?:afwezig|met|op|terug|out|on|back|away)\b"
    r"|\b(?:collega|colleague|loket|balie|team|afdeling|counter|gemeentehuis|u|you)\b"
)
_OF_LEAVING = re.compile(
    _any_of(
        r"\b(?:niet|geen|nooit) (?:[\w'-]+ ){0,3}?(?:meer|langer|terug)\b",
        r"\b(?:no longer|not return|any ?more|any longer|permanent(?:ly)?|definitief|blijvend|voorgoed)\b",
        r"\b(?:verlaten|ver(?:trek(?:t|ken)?|trok(?:ken)?)|afscheid|gestopt|(?:be)?eindigt|(?:be|ge)eindigd)\b",
        r"\b(?:opgeheven|vervallen|vervalt|opvolg(?:er|ster)|successor|farewell|goodbye|has left|leaving)\b",
        r"\b(?:laatste (?:werk)?dag|last (?:working )?day|dienstverband|employment|(?:uit|in) dienst)\b",
    )
)
"""Any of these words may be about leaving, so that the text is not clearly about an absence."""

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
        if _is_of_an_absence(content):
            found.add(ReplyFeature.ABSENT)
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
                rf"\b(?:vertrokken|afscheid genomen|gestopt|weg) {here}",
                rf"\b(?:heeft|had) afscheid {here} genomen\b",
                r"\b(?:dienstverband|dienstbetrekking|aanstelling|arbeidsovereenkomst)\b"
                r"(?! [^.!?]{0,60}\bniet\b)[^.!?]{0,60} (?:beeindigd|geeindigd|(?:is|was) ten einde)\b",
                rf"\bwerkzaamheden {here} {_FEW_WORDS}(?:beeindigd|gestaakt|neergelegd)\b",
                rf"\blaatste werkdag {here} was\b",
                r"\b(?:his|her|my|their|the|whose|'s) employment\b(?! [^.!?]{0,60}\bnot\b)"
                r"[^.!?]{0,60} (?:has (?:been )?(?:ended|terminated|come to an end)|ended)\b",
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
    without_dates = _DATE.sub(" ", content)
    told = any(_told_of_somebody(clause) for clause in _CLAUSE_ENDS.split(content))
    return told or bool(_MOBILE.search(without_dates) or _WEBMAIL.search(content))


def _told_of_somebody(clause: str) -> bool:
    return bool(_REASON.search(clause)) and not clause.endswith("?") and not _READER_OR_ANYBODY.search(clause)


def _is_of_an_absence(content: str) -> bool:
    """Never in doubt: one word that may be about leaving is enough to say nothing."""
    if _OF_LEAVING.search(content):
        return False
    return any(
        (away := _ABSENT.search(one))
        and not one.endswith("?")
        and not _NOT_THE_WRITER.search(one[: away.end()])
        for one in _sentences(content)
    )


def _sentences(content: str) -> Iterator[str]:
    yield from _SENTENCE_ENDS.split(content)
