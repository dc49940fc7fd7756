"""Who may look into the inbox: enough colleagues, so that mail is not left lying when somebody is ill.

Only a colleague counts who could really do it: a human being in service with an open account. The rule
knows the people behind addresses from the directory; an address that is not in it may be a group, and
is looked up. Whoever cannot be told might count: then there is no deviation as long as that could make up
the difference. An entry without an address might be a group of any size, and Exchange leaves out of a group
whoever is hidden from the address lists without a word: both make up any difference.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from mailbot.model.decisiveness import Decisive, Road
from mailbot.model.facts import Fact, Known, Reason, Unknown, known
from mailbot.model.ids import Address
from mailbot.model.mailbox import AccessList
from mailbot.model.needs import (
    FullAccess,
    GroupMembers,
    InboxAccess,
    Need,
    OutlookDelegates,
    PrivateFolderAccess,
)
from mailbot.model.organisation import Standing
from mailbot.model.statements import Claim
from mailbot.model.tasks import Task
from mailbot.model.verdicts import (
    Kind,
    Outcome,
    Verdict,
    compliant,
    deviation,
    not_applicable,
    tip,
    unknown,
)
from mailbot.model.worktime import WorkCalendar
from mailbot.rules import Parameters, Subject, rule

INBOX = InboxAccess()
OUTLOOK = OutlookDelegates()
FULL = FullAccess()

MOST_LOOKUPS = 20
"""Addresses of one mailbox that are looked up as groups. Whoever shares with more has no letter to fear."""

Word = Annotated[str, Field(min_length=4, max_length=40, pattern=r"^\S(.*\S)?$")]


class Delegates(Parameters):
    """`minimum`: colleagues who must be able to look in. `level`: whether the norm binds each person, or a
    department together; the latter gives tips only. `private_folder_words`: a folder with one of them in
    its name is private (Huizen 3.3), and sharing it gives a tip; without words nobody looks."""

    minimum: Annotated[int, Field(ge=1, le=10)]
    level: Literal["person", "department"]
    private_folder_words: Annotated[tuple[Word, ...], Field(max_length=10, strict=False)] = (
        "vertrouwelijk",
        "persoonlijk",
    )


@dataclass(frozen=True, slots=True)
class Count:
    """How many colleagues can look in, as far as that could be told.

    `doubtful` accounts might be further ones. `gap` is why there might be any number more; None when
    everything was read.
    """

    effective: int
    doubtful: int
    gap: Reason | None
    tasks: frozenset[Task]


def passed_over(subject: Subject, today: date) -> str | None:
    """Why the rule has nothing to say about this mailbox; None when it has. Raises FactUnknown."""
    if not known(subject.person.recipient_type).personal:
        return "not_a_user_mailbox"
    if not subject.person.in_service(today):
        return "not_in_service"
    return None


def sources(subject: Subject, norm: Delegates, calendar: WorkCalendar) -> tuple[Fact[AccessList], ...]:
    """The lists that are looked at: the inbox alone when it has enough colleagues by name, else all three."""
    inbox = subject.mailbox.get(INBOX)
    if isinstance(inbox, Known):
        by_name = (subject.organisation.standing(a) for a in inbox.value.grants - {subject.person.address})
        if sum(standing is Standing.ACTIVE for standing in by_name) >= norm.minimum:
            return (inbox,)
    full = subject.mailbox.get(FULL)
    # An export that is there and cannot be used may contradict the statement.
    if (
        isinstance(full, Unknown)
        and full.reason is Reason.EXPORT_MISSING
        and subject.organisation.states(Claim.NO_FULL_ACCESS, calendar.today)
    ):
        full = Known(AccessList(frozenset()), calendar.now)
    return inbox, subject.mailbox.get(OUTLOOK), full


def strangers(subject: Subject, lists: Sequence[Fact[AccessList]]) -> list[Address]:
    """Addresses that may be groups, those of the inbox first: which of them are looked up must not depend
    on what is read later."""
    found = (a for fact in lists if isinstance(fact, Known) for a in sorted(fact.value.grants))
    return [
        address
        for address in dict.fromkeys(found)
        if address != subject.person.address and subject.organisation.may_be_group(address)
    ]


def count(subject: Subject, lists: Sequence[Fact[AccessList]], today: date) -> Count:
    """Everybody on the lists, each once, groups taken apart."""
    read = [fact.value for fact in lists if isinstance(fact, Known)]
    # What failed comes before what cannot be told: mending it may be enough.
    gaps = [fact.reason for fact in lists if isinstance(fact, Unknown)]
    all_listed = True
    groups: set[Address] = set()
    accounts = {address for found in read for address in found.grants}
    strange = strangers(subject, lists)
    for address in strange[:MOST_LOOKUPS]:
        group = subject.mailbox.get(GroupMembers(address))
        if isinstance(group, Unknown):
            gaps.append(group.reason)
        elif group.value.group:
            groups.add(address)
            accounts |= group.value.members
            all_listed = all_listed and group.value.complete
    all_shown = all_listed and subject.organisation.states(Claim.NO_HIDDEN_MEMBERS, today)
    if groups and not all_shown:
        gaps.append(Reason.GROUP_HIDDEN)
    if len(strange) > MOST_LOOKUPS or any(found.unresolved for found in read):
        gaps.append(Reason.ACCOUNT_UNRESOLVED)
    standings = [subject.organisation.standing(a) for a in accounts - groups - {subject.person.address}]
    tasks = set()
    if any(found.everyone for found in read):
        tasks.add(Task.INBOX_OPEN_TO_ALL)
    if any(found.orphans for found in read):
        tasks.add(Task.ORPHANED_DELEGATE)
    return Count(
        effective=sum(standing is Standing.ACTIVE for standing in standings),
        doubtful=sum(standing in (None, Standing.UNCERTAIN) for standing in standings),
        gap=gaps[0] if gaps else None,
        tasks=frozenset(tasks),
    )


def private_folders(norm: Delegates) -> PrivateFolderAccess | None:
    """What is asked about private folders of whoever meets the norm. At the level of a department nobody
    is told anything about their own folders, so nothing is asked."""
    if norm.level == "department" or not norm.private_folder_words:
        return None
    return PrivateFolderAccess(norm.private_folder_words)


def more(subject: Subject, norm: Delegates, calendar: WorkCalendar) -> Collection[Need[Any]]:
    """Of whom the inbox does not show enough: the other lists, and the groups on each list as it comes in.
    Of whom has enough: whether private folders are shared."""
    if passed_over(subject, calendar.today) is not None:
        return ()
    lists = sources(subject, norm, calendar)
    if count(subject, lists, calendar.today).effective >= norm.minimum:
        private = private_folders(norm)
        return () if private is None else (private,)
    return (OUTLOOK, FULL, *(GroupMembers(a) for a in strangers(subject, lists)[:MOST_LOOKUPS]))


SAYS = {
    Outcome.COMPLIANT: "enough colleagues in service can look into the inbox",
    Outcome.DEVIATION: "too few can, where the norm binds each person, and all that might count was read",
    Outcome.TIP: "enough can and a private folder is shared too; or too few, where a department arranges it",
    Outcome.NOT_APPLICABLE: "not a person's mailbox, or the person is not in service today",
    Outcome.UNKNOWN: "a list, group or account that might make up the difference could not be read, or a "
    "group may have hidden members (claim no_hidden_members)",
}

_DECISIVE = Decisive(((INBOX,), (OUTLOOK,), (FULL, Claim.NO_FULL_ACCESS)))


@rule(
    "delegates",
    kind=Kind.STATE,
    parameters=Delegates,
    needs=[INBOX],
    # Over Graph the first two come from the Admin API of Exchange Online, a preview with its own rights:
    # Graph itself has neither folder permissions nor delegates.
    decisive={Road.EWS: _DECISIVE, Road.GRAPH: _DECISIVE},
    says=SAYS,
    more=more,
    follow_ups=(
        OutlookDelegates,
        FullAccess,
        GroupMembers,
        PrivateFolderAccess,
    ),
    priority=30,
    hints=("private_folder_shared",),
)
def judge(subject: Subject, norm: Delegates, calendar: WorkCalendar) -> Verdict:
    """Huizen 4.8: several colleagues are authorised for your mailbox. Groningen, "tijdig openen": each
    department arranges that mailboxes can be opened."""
    if (why := passed_over(subject, calendar.today)) is not None:
        return not_applicable(why)
    found = count(subject, sources(subject, norm, calendar), calendar.today)
    return _verdict(subject, norm, found).with_tasks(*found.tasks)


def _verdict(subject: Subject, norm: Delegates, found: Count) -> Verdict:
    if found.effective >= norm.minimum:
        return _enough(subject, norm)
    if found.gap is not None:
        return unknown(found.gap)
    if found.effective + found.doubtful >= norm.minimum:
        return unknown(Reason.ACCOUNT_UNRESOLVED)
    if norm.level == "department":
        return tip("department_arranges", minimum=norm.minimum, effective=found.effective)
    return deviation("too_few", minimum=norm.minimum, effective=found.effective)


def _enough(subject: Subject, norm: Delegates) -> Verdict:
    private = private_folders(norm)
    if private is None:
        return compliant("enough_colleagues")
    shared = subject.mailbox.get(private)
    if isinstance(shared, Unknown):
        # The norm is met either way, yet "compliant" would deny a tip that may be due: what was not read
        # never changes what is said. It costs a line in the coverage, and nobody gets a letter.
        return unknown(shared.reason)
    if not shared.value:
        return compliant("enough_colleagues")
    return tip("private_folder_shared", minimum=norm.minimum, effective=norm.minimum)  # or more: not shown
