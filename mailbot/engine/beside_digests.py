"""What is kept of the organisation for the monthly report where managers get digests of the same sweep. Pure.

Somebody of the directie who leads a team has both. A team in which nobody deviates, taken from a share of the
whole, can leave nobody else over. So the count that is kept may be lower than what was found: then the next
lower share is told, as beside departments (`shares.share_of_whole`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mailbot.engine.figures.cells import JUDGED, Circle, cell
from mailbot.engine.figures.words import FEW_FROM, FLOOR, Word, tenths, word
from mailbot.engine.shares import SPARED, scale
from mailbot.model.figures import GroupFigure
from mailbot.model.ids import PersonKey
from mailbot.model.verdicts import Outcome

Reader = tuple[PersonKey, Sequence[Circle]]
"""A manager, and the circles that digests may tell of: from small to large, the whole as the last."""


Said = tuple[Word | None, int | None]
"""What a digest says of a circle: a word, and tenths with some; None where it keeps silent."""


def beside_digests(
    whole: GroupFigure, outcomes: Mapping[PersonKey, Outcome], readers: Iterable[Reader], k: int = FLOOR
) -> GroupFigure:
    """`whole` is the organisation's figure of one rule, `outcomes` those that it counts, `k` the number of
    people that a digest's figures rest on. For every reader two people outside what the digest tells of can
    be without deviation, whatever the reader's own outcome.

    Only what is told counts. A lower share because of what this reader is not told would tell it.
    """
    told = next(one for one in scale(whole.judged) if one.least <= whole.deviating <= one.most)
    if told.share.word is not Word.SOME:
        return whole
    limit = min(
        (_most_beside(whole.judged, outcomes, *reader, k) for reader in readers), default=whole.judged
    )
    lower = [one for one in scale(whole.judged) if one.share.word is Word.SOME and one.least <= limit]
    return replace(whole, deviating=min(whole.deviating, lower[-1].most)) if lower else whole


def _most_beside(
    everybody: int,
    outcomes: Mapping[PersonKey, Outcome],
    reader: PersonKey,
    circles: Sequence[Circle],
    k: int,
) -> int:
    """How many of everybody can deviate, for all that this reader is told of a smaller circle, with two to
    spare. That a circle is large enough and still not told of says that one or two of it deviate."""
    told = cell(reader, circles, outcomes, k)
    said: Said = (None, None)
    if told is not None and told.figure.level is not circles[-1].level:
        judged, said = told.judged, (told.figure.word, told.figure.tenths)
    else:
        sizes = (_judged(reader, circles[: place + 1], outcomes) for place in range(len(circles) - 1))
        judged = next((size for size in sizes if size >= k), everybody)
    if judged > everybody - k or (said[0] is None and judged >= FEW_FROM):
        return everybody
    most = max(count for count in range(judged + 1) if _said(count, judged, k) == said)
    return most + everybody - judged - SPARED


def _judged(reader: PersonKey, circles: Sequence[Circle], outcomes: Mapping[PersonKey, Outcome]) -> int:
    members = frozenset[PersonKey]().union(*(circle.members for circle in circles)) - {reader}
    return sum(outcomes.get(person) in JUDGED for person in members)


def _said(deviating: int, judged: int, k: int) -> Said:
    found = word(deviating, judged, k)
    return found, tenths(deviating, judged) if found is Word.SOME else None
