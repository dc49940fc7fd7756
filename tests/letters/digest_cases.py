"""Every digest that is looked at whole, in both languages."""

from dataclasses import replace
from datetime import date

from mailbot.engine.figures.encoding import DigestFigures, encode
from mailbot.engine.figures.words import Direction, Extent, Figure, Level, Reach, Word
from mailbot.model.arrangements import Via
from mailbot.model.ids import RuleId
from mailbot.model.letters import AgendaLine, LetterKind
from tests.letters.cases import Case, in_both_languages

FIGURES = DigestFigures(
    Reach(Extent.NEARLY_ALL),
    {RuleId("quota"): Figure(Level.DEPARTMENT, Word.FEW)},
    "quota",
)
AGENDA = (
    AgendaLine("Sanne de Boer", date(2026, 12, 18)),
    AgendaLine("Pieter Bakker", date(2026, 11, 13)),  # left already
)
STANDING_IN = (AgendaLine("Sanne de Boer", date(2026, 12, 18), Via.DEPUTY),)
AS_HEAD = (AgendaLine("Sanne de Boer", date(2026, 12, 18), Via.HEAD), *AGENDA[1:])

FULL = DigestFigures(
    Reach(Extent.NEARLY_ALL),
    {
        RuleId("quota"): Figure(Level.ORGANISATION, Word.SOME, 3, Direction.FEWER),
        RuleId("delegates"): Figure(Level.DEPARTMENT, Word.SOME, 6, Direction.MORE),
        RuleId("signature"): Figure(Level.TEAM, Word.MOST),
        RuleId("toy"): Figure(Level.ORGANISATION, Word.SOME, 0),
        RuleId("toy_two"): Figure(Level.TEAM, Word.FEW),
        RuleId("toy_three"): Figure(Level.TEAM, Word.NONE),  # one more than there is room for
    },
    "delegates",
)
"""As much as one digest can hold: more words than a letter, on one screen."""
ALL_WELL = DigestFigures(
    Reach(Extent.NEARLY_ALL),
    {rule: Figure(Level.TEAM, Word.NONE) for rule in (RuleId("quota"), RuleId("delegates"))},
    "quota",
    whole=True,
)


def _digests() -> list[Case]:
    digest = LetterKind.DIGEST
    tenths = replace(
        FIGURES,
        figures={RuleId("quota"): Figure(Level.ORGANISATION, Word.SOME, 3)},
        tip="digest.helper",
        at_least=10,
    )
    share = replace(FIGURES, figures={RuleId("quota"): Figure(Level.ORGANISATION, Word.SOME, 0)})
    bare = DigestFigures()
    return [
        Case("digest", "digest", digest, encode(FIGURES), more={"agenda": AGENDA}),
        Case("digest-large-groups", "digest", digest, encode(tenths)),
        Case("digest-small-share", "digest", digest, encode(share)),
        Case("digest-no-figures", "digest", digest, encode(bare), more={"agenda": AGENDA[:1]}),
        Case("digest-all-well", "digest", digest, encode(ALL_WELL), more={"agenda": AGENDA}),
        Case(
            "digest-tip-alone",
            "digest",
            digest,
            encode(DigestFigures(tip="quota")),
            more={"agenda": AGENDA},
        ),
        Case("digest-deputy", "digest", digest, encode(bare), more={"agenda": STANDING_IN}),
        Case("digest-head", "digest", digest, encode(bare), more={"agenda": AS_HEAD}),
        Case(
            "digest-redirected",
            "digest",
            digest,
            encode(FIGURES),
            more={"agenda": AGENDA, "redirected": True},
        ),
    ]


DIGESTS = in_both_languages(_digests())
