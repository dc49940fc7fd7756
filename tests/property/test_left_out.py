"""Whoever is excluded or paused is not told of, and nothing shows by what is missing."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mailbot.directory.exclusion import Exclusion
from mailbot.directory.people import PeopleDirectory
from mailbot.engine.figures.cells import circles_of
from mailbot.engine.figures.digests import figures_for
from mailbot.engine.figures.encoding import encode
from mailbot.engine.figures.words import FLOOR
from mailbot.model.accounts import Account, Directory, Language
from mailbot.model.clock import SetClock
from mailbot.model.conflicts import Clash
from mailbot.model.employment import Employment
from mailbot.model.figures import Coverage
from mailbot.model.ids import ObjectGuid, PersonKey, RuleId
from mailbot.model.people import People
from mailbot.model.restrictions import Restriction
from mailbot.model.sources import Attribute, Source, SourceState
from mailbot.model.verdicts import Outcome
from tests.property.houses import (
    HOUSE,
    NOW,
    ZONE,
    Organisation,
    guid,
    organisations,
    wild_accounts,
    wild_records,
)

PAIRS = (Clash.SAME_ADDRESS, Clash.SECOND_MAILBOX, Clash.MANAGER_CIRCLE)
RULES = (RuleId("quota"), RuleId("delegates"))


def people(
    accounts: Sequence[Account],
    records: Sequence[Employment],
    excluded: frozenset[ObjectGuid] = frozenset(),
    paused: frozenset[ObjectGuid] = frozenset(),
) -> People:
    with tempfile.TemporaryDirectory() as folder:
        domains = Path(folder, "accepted_domains.txt")
        domains.write_text("".join(f"{domain}\n" for domain in HOUSE.domains))
        return PeopleDirectory(
            lambda: Directory(tuple(accounts), NOW),
            lambda: (tuple(records), SourceState(Source.PERSONNEL, NOW)),
            domains,
            Exclusion(),
            lambda: excluded,
            lambda: dict.fromkeys(paused, Restriction.PAUSED),
            HOUSE.service_accounts,
            SetClock(NOW),
            ZONE,
            Language.NL,
        ).people()


def never_there(house: Organisation, gone: frozenset[ObjectGuid]) -> Organisation:
    """The same house, in which these people never worked and no source names them."""
    keys = {record.key for record, g in house.joined().items() if g in gone}
    stripped = {key.lstrip("0") for key in keys}
    accounts = [
        replace(a, manager=None, has_manager=False) if a.manager in gone else a
        for a in house.accounts
        if a.guid not in gone
    ]
    records = [
        replace(r, manager_key=None) if r.manager_key in stripped else r
        for r in house.records
        if r.key not in keys
    ]
    return Organisation(tuple(accounts), tuple(records), house.people)


def digest_values(
    found: People, outcomes: Mapping[ObjectGuid, Sequence[Outcome]]
) -> dict[ObjectGuid, dict[str, object]]:
    """Every value that every manager's digest says, and the leavers of its agenda."""

    def key(who: ObjectGuid) -> PersonKey:
        return PersonKey(f"key of {who}")

    judged = {
        rule: {key(who): said[place] for who, said in outcomes.items()} for place, rule in enumerate(RULES)
    }
    values: dict[ObjectGuid, dict[str, object]] = {}
    for manager, team in found.managers().items():
        everybody = Coverage(len(found.by_guid), len(found.by_guid))
        digest = figures_for(key(manager), circles_of(manager, found, key), judged, everybody, FLOOR)
        leavers = sorted((person.name, person.ends) for person in team if person.ends is not None)
        values[manager] = {**encode(digest), "agenda": leavers}
    return values


def origins(told: People) -> dict[ObjectGuid, dict[Attribute, Source]]:
    """Which source gave what. That one names a manager is told of everybody of whom it does: the number of
    people without one would tell how many report to somebody who is left out."""
    return {
        guid: {what: source for what, source in person.origins.items() if what is not Attribute.MANAGER}
        for guid, person in told.by_guid.items()
    }


some_guids = st.frozensets(st.integers(0, 19).map(guid), max_size=8)


@given(
    organisations(most=20, bosses=2),
    some_guids,
    some_guids,
    st.lists(st.sampled_from(Outcome), min_size=40, max_size=40),
)
def test_a_house_without_them_says_the_same(
    house: Organisation, excluded: frozenset[ObjectGuid], paused: frozenset[ObjectGuid], said: list[Outcome]
) -> None:
    """Population, teams, figures and agenda of every digest, and all counts. A team that falls below five by
    an exclusion is merged upward as a team that is that much smaller. What was judged of them before they
    were left out is still in the store when the digest is made."""
    house = house.without_departments()
    outcomes = {guid(n): said[2 * n : 2 * n + 2] for n in range(20)}
    there = people(house.accounts, house.records, excluded, paused)
    smaller = never_there(house, excluded | paused)
    never = people(smaller.accounts, smaller.records)
    assert there.by_guid == never.by_guid
    assert origins(there) == origins(never)
    before = people(house.accounts, house.records).by_guid
    assert all(
        (Attribute.MANAGER in person.origins) == (Attribute.MANAGER in before[guid].origins)
        for guid, person in there.by_guid.items()
    )
    assert there.unmatched == never.unmatched == 0
    assert digest_values(there, outcomes) == digest_values(never, outcomes)
    assert there.conflicts == (), "nor does a missing manager show; the house without them would be asked"
    assert set(there.set_aside) == (paused - excluded) & {a.guid for a in house.accounts}


@given(wild_accounts, wild_records(), some_guids, some_guids)
def test_nothing_new_is_told_and_nothing_by_halves(
    accounts: list[Account],
    records: list[Employment],
    excluded: frozenset[ObjectGuid],
    paused: frozenset[ObjectGuid],
) -> None:
    before = people(accounts, records)
    after = people(accounts, records, excluded, paused)
    hidden = excluded | paused
    told = {(one.clash, one.mailboxes) for one in before.conflicts}
    for conflict in after.conflicts:
        assert hidden.isdisjoint(conflict.mailboxes)
        assert len(conflict.mailboxes) >= 2 or conflict.clash not in PAIRS
        assert any(
            conflict.clash is clash and set(conflict.mailboxes) <= set(mailboxes) for clash, mailboxes in told
        )
    assert len(after.conflicts) <= len(before.conflicts)
    assert hidden.isdisjoint(after.by_guid)
    assert (hidden & set(before.by_guid)) - excluded <= set(after.set_aside)
    assert {p.manager for p in after.by_guid.values()} <= {None, *after.by_guid}
    assert excluded.isdisjoint(after.set_aside)
    assert after.colleagues == before.colleagues


@given(wild_accounts, wild_records())
def test_when_everybody_is_left_out_nobody_is_left(
    accounts: list[Account], records: list[Employment]
) -> None:
    after = people(accounts, records, excluded=frozenset(account.guid for account in accounts))
    assert after.by_guid == {} and after.set_aside == {}
    assert {one.clash for one in after.conflicts} <= {Clash.NO_MAILBOX}
