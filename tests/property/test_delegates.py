"""Who can look into a mailbox: laws that hold for any staff, teams and permissions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine import judge
from mailbot.engine.judge import ActiveRule, Candidate
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.facts import Fact, Known, MailboxFacts, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid, PersonKey
from mailbot.model.mailbox import AccessList, Membership
from mailbot.model.needs import (
    FullAccess,
    GroupMembers,
    InboxAccess,
    Need,
    OutlookDelegates,
    PrivateFolderAccess,
)
from mailbot.model.organisation import Organisation, Standing
from mailbot.model.people import Person
from mailbot.model.statements import Claim, Statement
from mailbot.model.verdicts import Outcome, Verdict
from mailbot.model.worktime import ClosedDays, WorkCalendar
from mailbot.rules.delegates import MOST_LOOKUPS, Delegates
from mailbot.rules.delegates import judge as RULE

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
GUID = ObjectGuid("11111111-2222-3333-4444-555555555555")
KIM = Address("kim.de.wit@voorbeeld.example")
PERSON = Person(
    GUID,
    KIM,
    "Kim de Wit",
    Language.NL,
    Known(True, NOW),
    Known(RecipientType.USER, NOW),
    Known(False, NOW),
    Unknown(Reason.WORK_PATTERN_MISSING),
)
STAFF = tuple(Address(f"collega{n}@voorbeeld.example") for n in range(6))
TEAMS = (*(Address(f"team{n}@voorbeeld.example") for n in range(3)), Address("svc-team@voorbeeld.example"))
"""The last one is named like a service account."""
GUESTS = (Address("gast@partner.example"), Address("gast@voorbeeld.example"))
ANYBODY = (*STAFF, *TEAMS, *GUESTS, KIM, Address("svc-scan@voorbeeld.example"))
LISTS = (InboxAccess(), OutlookDelegates(), FullAccess())
NO_FULL_ACCESS, NO_HIDDEN_MEMBERS = (
    Statement(claim, "hoofd I&A", date(2026, 6, 1), date(2027, 6, 1))
    for claim in (Claim.NO_FULL_ACCESS, Claim.NO_HIDDEN_MEMBERS)
)


@dataclass(frozen=True)
class Mailbox:
    """A mailbox as it is, and what of it cannot be read."""

    norm: Delegates
    colleagues: Mapping[Address, Standing]
    lists: Mapping[Need[AccessList], AccessList]
    teams: Mapping[Address, Membership] = field(default_factory=dict)
    private_shared: int = 0
    failing: Mapping[type[Need[Any]], Reason] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()

    def answer(self, need: Need[Any]) -> Fact[Any]:
        if type(need) in self.failing:
            return Unknown(self.failing[type(need)])
        match need:
            case GroupMembers(address):
                return Known(self.teams.get(address, Membership(group=False)), NOW)
            case PrivateFolderAccess():
                return Known(self.private_shared, NOW)
            case _:
                return Known(self.lists[need], NOW)

    def swept(self) -> tuple[Verdict, Collection[Need[Any]]]:
        """What the rule says after a sweep, and all that the sweep asked for."""
        organisation = Organisation(
            self.colleagues,
            frozenset({"voorbeeld.example"}),
            ("svc-*",),
            statements=self.statements,
        )
        rules = [ActiveRule(RULE, self.norm)]
        candidate = Candidate(PersonKey("0" * 64), PERSON, organisation)
        calendar = WorkCalendar(NOW, ZONE, ClosedDays({}))
        facts, wanted = MailboxFacts(GUID), judge.needs(rules)
        while wanted:
            facts = facts.with_values({need: self.answer(need) for need in wanted})
            more = judge.follow_up(rules, candidate, facts, calendar)
            wanted = tuple(need for need in more if need not in facts.values)
        [judgement] = judge.judge(rules, candidate, facts, calendar)
        return judgement.verdict, tuple(facts.values)

    def verdict(self) -> Verdict:
        return self.swept()[0]

    def with_grant(self, where: Need[AccessList], address: Address, given: bool) -> "Mailbox":
        before = self.lists[where]
        grants = before.grants | {address} if given else before.grants - {address}
        return replace(self, lists={**self.lists, where: replace(before, grants=grants)})


norms = st.builds(Delegates, minimum=st.integers(1, 4), level=st.sampled_from(["person", "department"]))
rosters = st.dictionaries(st.sampled_from([*STAFF, KIM]), st.sampled_from(list(Standing)))
access = st.builds(
    AccessList,
    st.frozensets(st.sampled_from(ANYBODY), max_size=4),
    everyone=st.booleans(),
    unresolved=st.sampled_from([0, 0, 0, 1, 2]),
    orphans=st.integers(0, 1),
)
teams = st.builds(
    Membership,
    group=st.just(True),
    members=st.frozensets(st.sampled_from(ANYBODY), max_size=4),
    complete=st.booleans(),
)
failures = st.dictionaries(
    st.sampled_from([InboxAccess, OutlookDelegates, FullAccess, GroupMembers, PrivateFolderAccess]),
    st.sampled_from([Reason.ACCESS_DENIED, Reason.TIMED_OUT, Reason.EXPORT_MISSING, Reason.EXPORT_STALE]),
)
all_read: st.SearchStrategy[dict[type[Need[Any]], Reason]] = st.just({})


def mailboxes(failing: st.SearchStrategy[Any] = failures) -> st.SearchStrategy[Mailbox]:
    return st.builds(
        Mailbox,
        norms,
        rosters,
        st.fixed_dictionaries(dict.fromkeys(LISTS, access)),
        st.dictionaries(st.sampled_from(TEAMS), teams),
        st.integers(0, 2),
        failing,
        st.sampled_from([(), (NO_FULL_ACCESS,), (NO_HIDDEN_MEMBERS,), (NO_FULL_ACCESS, NO_HIDDEN_MEMBERS)]),
    )


def sharing(*inbox: Address, **more: Any) -> Mailbox:
    """Two colleagues are agreed on and all of the staff is in service; nothing but the inbox is shared."""
    lists = {**dict.fromkeys(LISTS, AccessList(frozenset())), LISTS[0]: AccessList(frozenset(inbox))}
    return Mailbox(
        Delegates(minimum=2, level="person"),
        dict.fromkeys(STAFF, Standing.ACTIVE),
        **{"lists": lists, **more},
    )


# --- any mailbox ------------------------------------------------------------------------------------------


@given(mailboxes())
def test_the_rule_says_something_sensible_of_any_mailbox(mailbox: Mailbox) -> None:
    verdict = mailbox.verdict()
    assert verdict.reason is not Reason.RULE_FAILED
    assert verdict.outcome in RULE.says
    if verdict.shown:
        minimum = mailbox.norm.minimum
        least = minimum if verdict.why == "private_folder_shared" else 0
        most = minimum if verdict.why == "private_folder_shared" else minimum - 1
        assert verdict.shown in [{"minimum": minimum, "effective": n} for n in range(least, most + 1)]


@given(mailboxes(), st.sampled_from(LISTS), st.sampled_from(ANYBODY))
def test_removing_a_delegate_never_cures_a_deviation(
    mailbox: Mailbox, where: Need[AccessList], address: Address
) -> None:
    with_it = mailbox.with_grant(where, address, True)
    without = mailbox.with_grant(where, address, False)
    if with_it.verdict().outcome is Outcome.DEVIATION:
        assert without.verdict().outcome is Outcome.DEVIATION


@given(mailboxes(all_read), st.sampled_from(LISTS), st.sampled_from(STAFF))
def test_a_colleague_more_never_makes_a_deviation(
    mailbox: Mailbox, where: Need[AccessList], address: Address
) -> None:
    before = mailbox.verdict()
    after = mailbox.with_grant(where, address, True).verdict()
    if before.outcome is not Outcome.DEVIATION:
        assert after.outcome is not Outcome.DEVIATION
    if before.why in ("enough_colleagues", "private_folder_shared"):
        assert (after.outcome, after.why) == (before.outcome, before.why)


@given(mailboxes(all_read), failures)
def test_what_fails_never_makes_a_deviation_and_never_changes_what_is_said(
    mailbox: Mailbox, failing: dict[type[Need[Any]], Reason]
) -> None:
    """But for the statement on full access: it is believed only where there is no export (see below)."""
    signed = tuple(statement for statement in mailbox.statements if statement is not NO_FULL_ACCESS)
    whole = replace(mailbox, statements=signed).verdict()
    said = replace(mailbox, statements=signed, failing=failing).verdict()
    assert said.outcome is Outcome.UNKNOWN or (said.outcome, said.why) == (whole.outcome, whole.why)


@given(mailboxes(), st.sampled_from(STAFF))
def test_somebody_of_whom_less_is_known_never_makes_a_deviation(mailbox: Mailbox, address: Address) -> None:
    """Whether the directory is unsure of a colleague, or does not have that colleague at all."""
    known = replace(mailbox, colleagues={**mailbox.colleagues, address: Standing.ACTIVE})
    unsure = replace(mailbox, colleagues={**mailbox.colleagues, address: Standing.UNCERTAIN})
    absent = replace(mailbox, colleagues={a: s for a, s in mailbox.colleagues.items() if a != address})
    if known.verdict().outcome is not Outcome.DEVIATION:
        assert unsure.verdict().outcome is not Outcome.DEVIATION
        assert absent.verdict().outcome is not Outcome.DEVIATION


@given(mailboxes(), st.sampled_from(LISTS), st.frozensets(st.sampled_from(STAFF)))
def test_what_a_nameless_entry_is_never_takes_a_deviation_back(
    mailbox: Mailbox, where: Need[AccessList], behind: frozenset[Address]
) -> None:
    """Behind an entry without an address may be a group, of whatever size."""
    found = mailbox.lists[where]
    nameless = replace(found, unresolved=found.unresolved + 1)
    named = replace(found, grants=found.grants | behind)
    if replace(mailbox, lists={**mailbox.lists, where: nameless}).verdict().outcome is Outcome.DEVIATION:
        assert replace(mailbox, lists={**mailbox.lists, where: named}).verdict().outcome is Outcome.DEVIATION


@given(mailboxes(), st.sampled_from(TEAMS), st.frozensets(st.sampled_from(STAFF)))
def test_members_that_the_server_left_out_never_take_a_deviation_back(
    mailbox: Mailbox, team: Address, hidden: frozenset[Address]
) -> None:
    """Unless somebody signed that there are none."""
    unsigned = replace(mailbox, statements=tuple(s for s in mailbox.statements if s is not NO_HIDDEN_MEMBERS))
    shown = mailbox.teams.get(team, Membership(group=True))
    whole = replace(shown, members=shown.members | hidden)
    as_shown, as_it_is = (replace(unsigned, teams={**mailbox.teams, team: one}) for one in (shown, whole))
    if as_shown.verdict().outcome is Outcome.DEVIATION:
        assert as_it_is.verdict().outcome is Outcome.DEVIATION


@given(
    mailboxes(all_read), st.sampled_from([Reason.EXPORT_STALE, Reason.EXPORT_BROKEN, Reason.NOT_IN_EXPORT])
)
def test_an_export_that_cannot_be_used_never_makes_a_deviation_of_a_statement(
    mailbox: Mailbox, reason: Reason
) -> None:
    signed = replace(mailbox, statements=(NO_FULL_ACCESS, NO_HIDDEN_MEMBERS))
    said = replace(signed, failing={FullAccess: reason}).verdict()
    assert said.outcome is not Outcome.DEVIATION


@given(mailboxes())
def test_what_a_sweep_asked_for_is_all_that_decides(mailbox: Mailbox) -> None:
    """Every list and group that was not asked for may be anything."""
    verdict, asked = mailbox.swept()
    lists = {
        need: found if need in asked else AccessList(frozenset(), everyone=True, orphans=9)
        for need, found in mailbox.lists.items()
    }
    groups = {address: team for address, team in mailbox.teams.items() if GroupMembers(address) in asked}
    assert replace(mailbox, lists=lists, teams=groups).verdict() == verdict


# --- the statement ----------------------------------------------------------------------------------------


def test_an_export_that_is_there_counts_more_than_what_was_signed() -> None:
    by_export = AccessList(frozenset(STAFF[1:2]))
    mailbox = sharing(STAFF[0], statements=(NO_FULL_ACCESS,))
    mailbox = replace(mailbox, lists={**mailbox.lists, FullAccess(): by_export})
    assert mailbox.verdict().outcome is Outcome.COMPLIANT


@pytest.mark.parametrize("reason", [Reason.EXPORT_BROKEN, Reason.EXPORT_STALE, Reason.NOT_IN_EXPORT])
def test_the_statement_does_not_stand_in_for_an_export_that_may_say_otherwise(reason: Reason) -> None:
    mailbox = sharing(STAFF[0], statements=(NO_FULL_ACCESS,), failing={FullAccess: reason})
    assert mailbox.verdict().reason is reason


def test_where_no_export_is_made_the_statement_stands_in_for_it() -> None:
    failing = {FullAccess: Reason.EXPORT_MISSING}
    assert sharing(STAFF[0], failing=failing).verdict().reason is Reason.EXPORT_MISSING
    signed = sharing(STAFF[0], failing=failing, statements=(NO_FULL_ACCESS,))
    assert signed.verdict().outcome is Outcome.DEVIATION


# --- names that look like service accounts ----------------------------------------------------------------


def test_a_name_like_that_of_a_service_account_is_looked_up_when_the_people_file_does_not_have_it() -> None:
    team = TEAMS[-1]
    counted = sharing(team, teams={team: Membership(True, frozenset(STAFF[:2]))})
    assert counted.verdict().outcome is Outcome.COMPLIANT
    no_team = sharing(STAFF[0], team)
    assert no_team.verdict().outcome is Outcome.DEVIATION
    assert GroupMembers(team) in no_team.swept()[1]
    unread = replace(no_team, failing={GroupMembers: Reason.ACCOUNT_UNRESOLVED})
    assert unread.verdict().reason is Reason.ACCOUNT_UNRESOLVED


def test_the_people_file_comes_before_a_pattern() -> None:
    person = TEAMS[-1]
    mailbox = sharing(STAFF[0], person)
    mailbox = replace(mailbox, colleagues={**mailbox.colleagues, person: Standing.ACTIVE})
    verdict, asked = mailbox.swept()
    assert verdict.outcome is Outcome.COMPLIANT
    assert GroupMembers(person) not in asked


# --- asking -----------------------------------------------------------------------------------------------


def test_of_who_has_enough_colleagues_by_name_no_other_list_and_no_group_is_read() -> None:
    mailbox = sharing(*STAFF[:2], *TEAMS)
    asked = {type(need) for need in mailbox.swept()[1]}
    assert asked == {InboxAccess, PrivateFolderAccess}


def test_of_who_has_too_few_private_folders_are_not_asked_about() -> None:
    asked = {type(need) for need in sharing(STAFF[0], private_shared=1).swept()[1]}
    assert asked == {InboxAccess, OutlookDelegates, FullAccess}


def test_the_words_of_the_norm_are_the_ones_that_are_looked_for() -> None:
    norm = Delegates(minimum=2, level="person", private_folder_words=("geheim",))
    asked = replace(sharing(*STAFF[:2]), norm=norm).swept()[1]
    assert PrivateFolderAccess(("geheim",)) in asked


def test_a_mailbox_that_is_shared_with_very_many_is_not_looked_up_to_the_end() -> None:
    """What is left may be groups as well: then too few is no longer certain."""
    strangers = [Address(f"{n:02d}@voorbeeld.example") for n in range(MOST_LOOKUPS + 1)]
    nobody = Membership(group=True)
    for shared_with, outcome in ((strangers[1:], Outcome.DEVIATION), (strangers, Outcome.UNKNOWN)):
        mailbox = sharing(
            *shared_with, teams=dict.fromkeys(strangers, nobody), statements=(NO_HIDDEN_MEMBERS,)
        )
        verdict, asked = mailbox.swept()
        assert sum(isinstance(need, GroupMembers) for need in asked) == MOST_LOOKUPS
        assert verdict.outcome is outcome


def test_a_short_word_would_fit_half_of_all_folders_and_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        Delegates(minimum=2, level="person", private_folder_words=("or",))
