"""How the sources of people are: in words for the administrator, and told to the operator once."""

from collections.abc import Collection, Mapping, Sequence

from mailbot.jobs.house import House
from mailbot.model.sources import Source, SourceState, Trouble

NAMES: Mapping[Source, str] = {
    Source.DIRECTORY: "directory",
    Source.PERSONNEL: "personnel feed",
}

INSTEAD: Mapping[Source, str] = {
    Source.DIRECTORY: "the last good reading is used",
    Source.PERSONNEL: "the last good feed is used",
}

SAYS: Mapping[Trouble, str] = {
    Trouble.REFUSED: "it has errors",
    Trouble.EMPTY: "it names nobody",
    Trouble.MANY_LEAVERS: "more people leave on one day than is likely",
    Trouble.OLD: "nothing new came for too long",
}
"""Counts stand in none of them: beside those of the population they would tell how many are left out."""

KINDS: Mapping[Trouble, str] = {
    Trouble.REFUSED: "refused",
    Trouble.EMPTY: "held",
    Trouble.MANY_LEAVERS: "held",
    Trouble.OLD: "old",
}

MENDING: Mapping[tuple[Source, str], str] = {
    (Source.DIRECTORY, "refused"): "see: mailbot people check",
    (Source.DIRECTORY, "held"): "see whether the search base and the account's rights are still right",
    (Source.DIRECTORY, "old"): "see why no new reading or export of it succeeds",
    (Source.PERSONNEL, "refused"): "have it exported again; its errors: mailbot people check",
    (Source.PERSONNEL, "held"): "look at it, and if it is right: mailbot people accept-feed",
    (Source.PERSONNEL, "old"): "see why the personnel system's export does not come",
}


def code(source: Source, kind: str) -> str:
    """As `personnel_feed_held`."""
    return f"{NAMES[source].replace(' ', '_')}_{kind}"


def days_old(house: House, state: SourceState) -> int | None:
    """Whole days since what is used now was delivered or read, 0 when another machine's clock dated it ahead;
    None when there is nothing."""
    return None if state.as_of is None else max(0, (house.clock.now() - state.as_of).days)


def advice(state: SourceState) -> str:
    """What is wrong and what to do, in one line; empty when all is well."""
    if state.trouble is None:
        return ""
    mend = MENDING[state.source, KINDS[state.trouble]]
    if (state.source, state.trouble) == (Source.PERSONNEL, Trouble.EMPTY):
        mend = "have it exported again: an empty one is never accepted"
    return f"{SAYS[state.trouble]}; {INSTEAD[state.source]}; {mend}"


def tell_of_sources(
    house: House, states: Sequence[SourceState], looked_at: Collection[Source] = tuple(Source)
) -> None:
    """One problem for each kind of trouble of each source, until it is over. A source that was looked at and
    has no state is not used any more."""
    there = {code(state.source, KINDS[state.trouble]): state for state in states if state.trouble is not None}
    for source, kind in MENDING:
        name = code(source, kind)
        if name in there:
            house.operator.problem(name, f"The {NAMES[source]}: {advice(there[name])}")
        elif source in looked_at:
            house.operator.solved(name)
