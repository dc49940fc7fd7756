"""The protocols that jobs speak to. Synchronous; whoever implements them keeps its own threads and loops.

Adapters raise the errors of `model.errors` and answer per-mailbox trouble with `Unknown`, never with an
exception.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from mailbot.model.facts import MailboxFacts, Reason
from mailbot.model.figures import Coverage, GroupFigure
from mailbot.model.findings import Finding, FindingChange, FindingState, TopicLetters
from mailbot.model.ids import Address, LetterId, ObjectGuid, PersonKey, PlanId, RuleId, SlotId
from mailbot.model.incoming import Incoming
from mailbot.model.letters import (
    Disclosure,
    Letter,
    LetterKind,
    LetterOrder,
    LetterState,
    Mail,
    OutboxLetter,
    Trace,
)
from mailbot.model.mailbox import Interval
from mailbot.model.needs import Need
from mailbot.model.people import People
from mailbot.model.plan import Plan, PlanState
from mailbot.model.reading import Reading
from mailbot.model.restrictions import Restriction
from mailbot.model.retention import Keeping
from mailbot.model.slots import Claim, Job, Slot, SlotResult, SlotRow
from mailbot.model.sources import SourceState
from mailbot.model.tasks import Task
from mailbot.model.verdicts import Judgement, Outcome, Verdict


class Directory(Protocol):
    """People behind the mailboxes. What implements it has already taken out whoever is excluded."""

    def people(self) -> People:
        """Raises SettingsRefused with all errors of the source at once."""

    def guid_of(self, address: Address) -> ObjectGuid | None:
        """Whose address this is, also of somebody who is excluded: for lifting an exclusion, for nothing
        else. Raises SettingsRefused as `people` does."""


class PersonnelFeed(Protocol):
    """The drops of the personnel system. A guard holds back one that nobody should believe unseen."""

    def examine(self) -> SourceState:
        """How the feed is now, with the newest drop looked at; nothing is moved. `as_of` is None when there
        was no good feed yet."""

    def accept(self) -> SourceState:
        """Let the held drop through: a human looked at it. Raises SettingsRefused when none is held."""


FollowUp = Callable[[MailboxFacts], Collection[Need[Any]]]
"""Given what the first step read of a mailbox, what else must be asked. Must be quick and pure."""


@dataclass(frozen=True, slots=True)
class Target:
    """A mailbox to read."""

    guid: ObjectGuid
    address: Address


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """How one mailbox answered a probe: None when it is readable."""

    target: Target
    trouble: Reason | None
    unreadable: Mapping[str, Reason]


@dataclass(frozen=True, slots=True)
class ExportCheck:
    """How the nightly export is, in words for the administrator, with everything that is wrong in it."""

    good: bool
    says: str


class Bookmarks(Protocol):
    """How far a road has read, by mailbox and kind of question, so that the next sweep reads what is new.

    `text` is the road's own and holds no subject, correspondent or name. Whoever is excluded has none.
    """

    def recall(self, guid: ObjectGuid, need: str) -> str | None:
        """What was kept last; None when nothing was, or when it was too long ago."""

    def keep(self, guid: ObjectGuid, need: str, text: str) -> None:
        """In place of what was kept before; on disk when this returns. From any thread."""


class NoBookmarks:
    """Remembers nothing: every sweep reads all that is in view."""

    def recall(self, _guid: ObjectGuid, _need: str) -> str | None:
        return None

    def keep(self, _guid: ObjectGuid, _need: str, _text: str) -> None:
        return None


class Exchange(Protocol):
    """Mailboxes, over one road or several."""

    def sign_in(self) -> None:
        """One probe before any worker starts. Raises SignInRefused or Unreachable."""

    def read(
        self, targets: Sequence[Target], needs: Collection[Need[Any]], follow_up: FollowUp, now: datetime
    ) -> Iterator[MailboxFacts]:
        """Facts of each target exactly once, in any order, as they come in; at most a few wait in memory."""

    def reachable(self, targets: Sequence[Target]) -> Iterator[tuple[Target, Reason | None]]:
        """Whether each mailbox can be opened; nothing about it is kept. For closed runs."""

    def probe(self, target: Target, needs: Collection[Need[Any]], now: datetime) -> ProbeAnswer:
        """Try every need on one mailbox, for `doctor`."""

    def requests(self) -> Mapping[str, int]:
        """Requests sent so far, by operation."""

    def hung(self) -> bool:
        """Whether a thread of this process does not come back, although its connection was cut. What it was
        at work on has been answered as unknown; only the end of the process is rid of the thread."""

    def close(self) -> None:
        """Give connections back; wait no longer than a few seconds for busy ones."""


class Post(Protocol):
    """Sends one mail in steps, so that a crash between any two of them can be told from the server, or from
    the copy of it in the service mailbox."""

    def reach(self) -> None:
        """Find out whether letters can leave, without one. Raises Unreachable or SignInRefused."""

    def prepare(self, mail: Mail) -> str:
        """Make the draft; nothing has been sent when this returns or raises. Gives the draft's reference."""

    def dispatch(self, draft: str) -> None:
        """Send the draft with a copy that proves it. Raises PostRefused or PostDeferred when it certainly has
        not left; after any other error it may or may not have."""

    def trace(self, key: LetterId, message_id: str) -> Trace:
        """Where the letter is: in drafts, in sent, or nowhere. Raises Unreachable when it cannot be told."""

    def discard(self, draft: str) -> bool:
        """Hard-delete a draft. False when it is not in drafts any more: then it may have been sent."""

    def tidy(self, keys: Collection[LetterId]) -> frozenset[LetterId]:
        """Hard-delete the proof copies of letters that are recorded as sent; gives those that are gone."""

    def left_over(self) -> int:
        """How many proof copies and drafts of ours the service mailbox still holds."""

    def close(self) -> None: ...


class PostRefused(Exception):
    """The server refuses this letter for good (unknown recipient, too large). `code` is the server's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PostDeferred(Exception):
    """The letter has not left, and may be tried again later. `code` is the server's; `rest` is how long it
    wants to be left alone, where it says so."""

    def __init__(self, code: str, rest: timedelta | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.rest = rest


class PostClosed(PostDeferred):
    """The letter has not left, and none would now, whoever it is for: it is no fault of this one."""


class ServiceMailbox(Protocol):
    """The mailbox that letters are sent from, as far as mailbot looks into it: class and headers of what came
    in, never a subject, correspondent or text. What people wrote stays where it is, unread."""

    def incoming(self, since: datetime) -> Iterator[Incoming]:
        """What came into its inbox at `since` or later, oldest first. Raises Unreachable, SignInRefused."""

    def copies(self, message_ids: Collection[str]) -> Mapping[str, str]:
        """References of the copies of our own letters in its inbox, by Message-ID. Raises as `incoming`."""

    def delete(self, references: Collection[str]) -> int:
        """Hard-delete items; how many were there. Raises as `incoming`."""

    def close(self) -> None: ...


class Letters(Protocol):
    """Turns a letter into a mail in the reader's language. Pure apart from reading its templates once."""

    def render(self, letter: Letter, message_id: str, deliver_to: Address, at: datetime) -> Mail: ...

    def topics(self) -> frozenset[str]:
        """Topics that have texts in every language."""

    def tips(self) -> tuple[str, ...]:
        """Names of the tips that a digest can give."""


class Operator(Protocol):
    """Tells the administrator: one message per problem, when it begins and when it is over."""

    def problem(self, code: str, text: str) -> None: ...

    def solved(self, code: str) -> None: ...

    def alive(self) -> None:
        """The service still ticks; whoever watches the status file sees its age."""

    def ran(self, job: Job, slot: str, finished: datetime, result: str, counts: Mapping[str, Any]) -> None:
        """The newest turn of a job, for the status file. No count is about one person."""


class Work(Protocol):
    """One transaction of a store. Everything in it happens or nothing does."""

    # slots
    def claim(self, slot: Slot, owner: str, now: datetime, lease_until: datetime) -> Claim: ...

    def extend(self, slot: SlotId, owner: str, lease_until: datetime) -> None:
        """Raises Busy when another process took the slot over."""

    def finish(self, slot: SlotId, now: datetime, result: SlotResult, counts: Mapping[str, Any]) -> None: ...

    def leave(self, slot: SlotId, owner: str, now: datetime, counts: Mapping[str, Any]) -> None:
        """Let anybody take the slot up at once; `counts` says how far it came. Raises Busy as `extend`."""

    def slots(self, job: Job, since: date) -> list[SlotRow]: ...

    def newest(self, job: Job) -> SlotRow | None:
        """The turn that began last, whether or not it is over. One that was skipped never began."""

    def last_counts(self, job: Job) -> tuple[SlotRow, Mapping[str, Any]] | None:
        """The newest finished turn of a job that read mailboxes, with its counts."""

    # judgements: today's verdicts, kept until the next sweep replaces them
    def judged(self, slot: SlotId) -> frozenset[PersonKey]: ...

    def record(
        self,
        slot: SlotId,
        person: PersonKey,
        missed: Reason | None,
        judgements: Sequence[Judgement],
        now: datetime,
    ) -> None:
        """One mailbox is dealt with. `missed` is why it was not read; None when it was."""

    def keep_only(self, slot: SlotId, population: Collection[PersonKey]) -> None:
        """Delete what this slot recorded of anybody else: of who left since then, nothing counts."""

    def missed_counts(self, slot: SlotId) -> Mapping[Reason, int]:
        """Mailboxes that were not read in this slot, by why."""

    def tally(self, slot: SlotId) -> Mapping[RuleId, Mapping[Outcome, int]]: ...

    def unknowns(self, slot: SlotId) -> Mapping[tuple[RuleId, str], int]: ...

    def read_count(self, slot: SlotId) -> int: ...

    def away(self, slot: SlotId, rules: Collection[RuleId], now: datetime) -> Mapping[PersonKey, Interval]:
        """Who is away, now or later, by what one of these rules found, whatever its verdict, and when."""

    def deciding(self, slot: SlotId) -> list[tuple[PersonKey, Judgement]]:
        """Deviations and tips of this slot, and all judgements of people who have a living finding."""

    def judgements_of(self, slot: SlotId, person: PersonKey) -> list[Judgement]: ...

    def judgements_elsewhere(
        self, slot_id: SlotId | None, person: PersonKey
    ) -> list[tuple[datetime, Judgement]]:
        """The same of all turns but this one, with when each began: of one that a process left, for
        instance."""

    def outcomes(self, slot: SlotId, rule: RuleId) -> Mapping[PersonKey, Outcome]: ...

    def task_counts(self, slot: SlotId) -> Mapping[Task, int]:
        """Number of people by task that a rule saw in this slot."""

    def tasked(self, slot: SlotId, task: Task) -> list[PersonKey]:
        """Whose mailbox this task is about, by the verdicts of this slot."""

    def settle(self, slot: SlotId) -> None:
        """Drop the shown values of this slot's judgements and all judgements of earlier slots."""

    def drop(self, slot: SlotId) -> None:
        """Delete what this slot recorded: nothing follows from it. When mailboxes were read stays."""

    # reading
    def last_read(self) -> Mapping[PersonKey, datetime]:
        """When each mailbox was last read; whoever is not in it never was, or too long ago to be kept."""

    def failed(self) -> Mapping[PersonKey, datetime]:
        """When each mailbox that has not been read since failed by its own fault, most recently."""

    def note_failed(self, person: PersonKey, now: datetime) -> None:
        """A mailbox failed that is not recorded in a slot. Of who is excluded or paused nothing is kept."""

    def forget_reading(self, present: frozenset[PersonKey]) -> None:
        """Delete how the mailboxes of all others were read."""

    def reading_of(self, person: PersonKey, personal: timedelta) -> Reading:
        """All that is kept of how one person's mailbox was read, and until when; `personal` as in `purge`."""

    def bookmark(self, person: PersonKey, need: str, now: datetime) -> str | None:
        """How far this question was read in this mailbox. None when that was kept too long ago."""

    def set_bookmark(self, person: PersonKey, need: str, text: str, now: datetime) -> None:
        """In place of the one before. Nothing is kept of who is excluded or paused, and no answer that looks
        deeper than settings of who is settings-only."""

    def end_bookmarks(self, asked: Collection[str]) -> int:
        """Delete bookmarks of all needs but those in `asked`, by name. Gives the number of rows."""

    def end_deep_bookmarks(self, person: PersonKey) -> int:
        """Delete one person's bookmarks of questions that look deeper than settings. Gives their number."""

    # findings
    def living(self, rules: Collection[RuleId] | None = None, now: datetime | None = None) -> list[Finding]:
        """The living findings. With `now` also events that are not over and that somebody was told of,
        whatever became of the finding: an event is never told twice."""

    def mended_since(self, since: datetime) -> list[Finding]:
        """Findings resolved since then of which somebody had been told by letter, and for which no letter of
        thanks was made."""

    def findings_of(self, person: PersonKey) -> list[Finding]: ...

    def history_of(self, person: PersonKey) -> list[FindingChange]:
        """All that is kept of what a person's findings went through, oldest first."""

    def rename_rule(self, old: RuleId, new: RuleId) -> int:
        """Move all that is kept under a rule's former name to its new one. Gives the number of rows; none
        the second time."""

    def finding_counts(self) -> Mapping[tuple[RuleId, FindingState], int]:
        """Of who is paused nothing is counted."""

    def change(self, plan: Plan, step_index: int, now: datetime) -> None:
        """Apply one step: transition, history row and letter. Raises PlanRefused when its base moved."""

    def told(self, letter: OutboxLetter, silent_until: datetime, now: datetime) -> None:
        """A letter was delivered that asks something of its reader: its finding climbs (open, told,
        reminded), its steps and its deadline count from now, and the topic counts one letter more until
        `silent_until`. All earlier letters on the topic are remembered as long."""

    def untold(self, letter: OutboxLetter, now: datetime) -> None:
        """It came back after all: the step is taken back, and counts no more."""

    # the ladder
    def topics(self, now: datetime) -> Mapping[tuple[PersonKey, RuleId], TopicLetters]:
        """Letters on each topic that are not forgotten yet."""

    def rest(self, person: PersonKey, until: datetime) -> None:
        """No letter to this person before then: the later of this and what is kept already. Nothing is kept
        of who is excluded."""

    def topics_of(self, person: PersonKey, now: datetime) -> Mapping[RuleId, TopicLetters]:
        """The same of one person, by topic."""

    def resting(self, now: datetime) -> Mapping[PersonKey, datetime]:
        """Who is left in peace, and until when."""

    # plans
    def save_plan(self, plan: Plan, state: PlanState = PlanState.STORED) -> None: ...

    def plan(self, plan: PlanId) -> tuple[Plan, PlanState] | None: ...

    def newest_plan(self, state: PlanState | None = None) -> PlanId | None:
        """The plan that was made last, of all or of those in one state."""

    def mark_plan(self, plan: PlanId, state: PlanState, now: datetime) -> None: ...

    # outbox
    def order(self, letter: LetterId, order: LetterOrder, now: datetime) -> bool:
        """Put a letter in the outbox; False when a letter with its key is there already, or its reader is
        excluded, or paused and it is no notice."""

    def letters_due(self, now: datetime, limit: int, seen: Collection[LetterId] = ()) -> list[OutboxLetter]:
        """Letters to work on that are not among `seen`: waiting ones whose time has come, then unfinished
        ones, so that a letter which fails every time holds up no other."""

    def letter(self, letter: LetterId) -> OutboxLetter | None: ...

    def ordered(self, key: str) -> bool:
        """Whether a letter with this key is still kept, also when the rule that it is about had another name
        then."""

    def letters_that(self, matches: Callable[[LetterId], bool]) -> list[OutboxLetter]:
        """Letters by a property of their id, of all that are still kept."""

    def letters_of(self, person: PersonKey) -> list[OutboxLetter]: ...

    def move(
        self,
        letter: LetterId,
        from_: LetterState,
        to: LetterState,
        now: datetime,
        draft: str | None = None,
    ) -> None:
        """Raises Busy when the letter is not in state `from_` any more."""

    def postpone(self, letter: LetterId, from_: LetterState, until: datetime, now: datetime) -> int:
        """The post put it off: it waits until then. Gives how often it was put off by now. Raises as
        `move`."""

    def letters_in_doubt(self, since: datetime) -> list[OutboxLetter]:
        """Letters that came in doubt since then: their copy may still turn up."""

    def letter_with(self, letter_ids: Collection[LetterId]) -> Mapping[LetterId, OutboxLetter]:
        """Those of these letters that are still kept."""

    def first_left(self, since: datetime) -> datetime | None:
        """When the first letter left of those that left since then; of one that came back, when we knew."""

    def came_back(self, arrived_before: datetime) -> list[PersonKey]:
        """People to whom a letter came back and none left after it that counts as arrived, having left before
        that moment. Test letters are nobody's; of who is paused nothing is told."""

    def not_taken(self, since: datetime, now: datetime) -> list[PersonKey]:
        """People of whom a letter is set aside, or was refused since then while they rest at `now`. Test
        letters are nobody's; of who is paused nothing is told."""

    def expire(self, now: datetime) -> int: ...

    def untidy(self, limit: int) -> list[LetterId]:
        """Letters that left, whether or not they came back, whose proof copy was not yet deleted."""

    def tidied(self, letter: LetterId) -> None: ...

    def nudged_since(self, since: datetime, unsure_since: datetime) -> frozenset[PersonKey]:
        """People with a weekly letter under way or set aside, or tried since `since`, or that came in doubt
        since `unsure_since`."""

    def letter_counts(self) -> Mapping[tuple[LetterKind, LetterState], int]:
        """Letters to who is paused are not counted."""

    def next_letter(self, after: datetime) -> datetime | None:
        """When the next waiting letter may go."""

    # people
    def exclusions(self) -> frozenset[ObjectGuid]: ...

    def exclude(self, guid: ObjectGuid, person: PersonKey, now: datetime) -> None:
        """Remember the exclusion, encrypted, and erase all that is kept about the person."""

    def include(self, guid: ObjectGuid) -> bool: ...

    def restrictions(self) -> Mapping[ObjectGuid, Restriction]:
        """Who is left out of something. Who is paused counts as that only, whatever goes on when the pause
        ends. Raises KeyRefused as `exclusions`."""

    def restrict(self, guid: ObjectGuid, kind: Restriction, now: datetime) -> None:
        """Remember it, encrypted. Each kind stands by itself. A pause acts at once: letters that wait are
        withdrawn, apart from notices, and nothing that a sweep under way judges of the person is recorded;
        findings stay as they are. Settings only: bookmarks of deeper questions go; `end_rule_for` does the
        rest."""

    def unrestrict(self, guid: ObjectGuid, kind: Restriction) -> bool:
        """False when there was none of this kind."""

    def forget_absent(self, present: Collection[PersonKey], now: datetime) -> int:
        """Lapse the living findings of people who are no longer in the population, and forget how they were
        read. Gives the number of findings."""

    def disclose(self, person: PersonKey, at: datetime, due: date) -> int: ...

    def undisclosed(self, person: PersonKey | None = None) -> list[Disclosure]: ...

    def disclosed(self, ids: Collection[int], now: datetime) -> None: ...

    def disclosure_lost(self, person: PersonKey, told: datetime) -> None:
        """What a letter told at that moment never reached the person: it is owed again."""

    # figures of groups; nothing in them is about one person
    def measure(self, day: date, coverage: Coverage, figures: Sequence[GroupFigure], now: datetime) -> None:
        """Keep the figures of the sweep of one day, in place of what an earlier one of that day left. Raises
        ValueError for a group that is too small to be kept."""

    def measured(self, first: date, last: date) -> Mapping[date, tuple[Coverage, Sequence[GroupFigure]]]:
        """What was kept of the days from `first` to `last`; a day without a sweep is missing."""

    # house
    def audit(self, now: datetime, actor: str, action: str, detail: Mapping[str, str | int]) -> None: ...

    def audit_rows(self, limit: int = 50) -> list[tuple[datetime, str, str, Mapping[str, Any]]]: ...

    def audit_intact(self) -> bool:
        """Whether the chain of the audit log holds from its first row to its last."""

    def stopped(self) -> bool: ...

    def set_stopped(self, value: bool, now: datetime) -> None: ...

    def note(self, name: str) -> str | None:
        """A small fact about the house itself, such as the sign-in breaker. Never about a person."""

    def set_note(self, name: str, value: str | None) -> None: ...

    def problems(self) -> Mapping[str, datetime]: ...

    def set_problem(self, code: str, now: datetime | None) -> bool:
        """Open (`now`) or close (None) a problem; True when that changed anything."""

    def end_rule(self, rule: RuleId) -> int:
        """Delete what this rule saw of people: verdicts, findings, steps of plans and waiting letters. Of a
        letter that may have left only that it did is kept. Gives the number of rows."""

    def end_rule_for(self, rule: RuleId, person: PersonKey, instead: Verdict) -> int:
        """The same of one person. Verdicts become `instead`: one that is missing would tell that somebody is
        left out of this rule."""

    def keeping(self, personal: timedelta) -> Sequence[Keeping]:
        """How long `purge` keeps what is about people; `personal` as there."""

    def purge(self, now: datetime, personal: timedelta | None = None) -> Mapping[str, int]:
        """Delete what is older than its table's limit; rows deleted by table. `personal` shortens the limits
        of tables about people, where the policy keeps them for less."""


class Store(Protocol):
    """The memory of the installation. Raises KeyRefused when the key does not belong to it."""

    def begin(self) -> AbstractContextManager[Work]: ...

    def person_key(self, guid: ObjectGuid) -> PersonKey: ...

    def letter_id(self, key: str) -> LetterId: ...

    def close(self) -> None: ...
