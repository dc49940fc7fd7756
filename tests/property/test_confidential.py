"""Labelled mail: laws that hold for any subject, any recipients and any headers."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.casefiles.sent import through
from mailbot.engine.lifecycle import transitions
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.facts import Known, MailboxFacts
from mailbot.model.findings import Finding, FindingState, Transition
from mailbot.model.ids import Address, ObjectGuid, PersonKey, RuleId
from mailbot.model.organisation import Organisation
from mailbot.model.people import Person
from mailbot.model.plan import Case
from mailbot.model.secure_mail import (
    ClientCalibration,
    Gateway,
    Marker,
    MarkerKind,
    SecureMail,
    TrustedDomain,
)
from mailbot.model.sent import (
    AttachmentMark,
    Evidence,
    Reach,
    Recipient,
    RecipientKind,
    SentItem,
    SentLabel,
    Strength,
)
from mailbot.model.verdicts import Kind, Outcome, Verdict
from mailbot.model.worktime import ClosedDays, WorkCalendar
from mailbot.rules import Subject
from mailbot.rules.confidential_external import ConfidentialExternal, Mode, judge, more, occurrence, question
from mailbot.rules.mail.lexicon import Reading, lexicon
from mailbot.rules.mail.recipients import resolve
from mailbot.rules.mail.sent_label import monday

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
LAST_YEAR, NEXT_YEAR = date(2026, 10, 1), date(2027, 10, 1)
OWN = frozenset({"voorbeeld.example"})
INSIDE = Recipient("a@voorbeeld.example")
HUIZEN = lexicon(("vertrouwelijk",), ("persoonlijk", "privé", "prive"))
ENCRYPT = ConfidentialExternal(mode=Mode.ENCRYPT_EXTERNAL, trigger_words=("vertrouwelijk",))
FORBID = ConfidentialExternal(mode=Mode.FORBIDDEN_EXTERNAL, trigger_words=("vertrouwelijk",))
PARTNER = TrustedDomain("provincie.example", "x", "y", NEXT_YEAR, approved=LAST_YEAR)
MARKER = Marker(MarkerKind.HEADER, "zivver-relay", "zivver-message-info")
CALIBRATED = SecureMail((ClientCalibration("Outlook", (MARKER,)),), "CISO", NEXT_YEAR, approved=LAST_YEAR)
ORGANISATION = Organisation(domains=OWN, secure_mail=CALIBRATED)

ODD = "\u200b\u200e\u202e\u202c\u2066\u2069\u00ad\ufeff\u0301ĳ🔒שלום‏سرّي\t\n\r\x00"
WORDS = (
    *("vertrouwelijk", "Vertrouwelijke", "VERTROUWELIJK", "vertouwlijk", "vertr.", "confidential", "niet"),
    *("v e r t r o u w e l i j k", "(", ")", "[", "]", ":", "-", "|", "*", '"', "?", "RE:", "[EXT]", "***"),
    *(
        "privé",
        "of",
        "dossier",
        "hoe",
        "cursus",
        "=?utf-8?Q?",
        "=?utf-8?B?VmVydA==?=",
        "?=",
        "strikt",
        "p.v.",
    ),
)
any_text = st.text(max_size=60)
pieces = st.one_of(st.sampled_from(WORDS), st.text(st.sampled_from(ODD), max_size=4), any_text)
subjects = st.one_of(
    st.lists(pieces, max_size=25).map(" ".join),
    st.lists(pieces, max_size=25).map("".join),
    st.integers(0, 4096).flatmap(lambda n: st.sampled_from(WORDS).map(lambda word: (word * 4096)[:n])),
)
labelled = st.sampled_from(
    (
        "{}Vertrouwelijk: stuk",
        "Stuk - {}vertrouwelijk",
        "Advies ({}vertrouwelijk)",
        "[zaak 1] {}vertrouwelijk stuk",
        "Nota voor morgen {}VERTROUWELIJK",
        "RE: {}strikt vertrouwelijk - bod",
        "{}vetrouwelijk besluit",
        "{}vertr.: stuk",
        "{}confidential: offer",
        "{}v e r t r o u w e l i j k: stuk",
    )
)
addresses = st.one_of(
    st.none(),
    st.sampled_from(("a@voorbeeld.example", "b@provincie.example", "c#EXT#@voorbeeld.example", "/o=x/cn=y")),
    st.text(max_size=20),
    st.builds("{}@{}".format, st.text(max_size=8), st.text(max_size=20)),
)
leaves = st.builds(Recipient, addresses, st.sampled_from(sorted(set(RecipientKind) - {RecipientKind.GROUP})))
recipients = st.recursive(
    leaves,
    lambda inner: st.builds(
        Recipient,
        addresses,
        st.just(RecipientKind.GROUP),
        st.one_of(st.none(), st.lists(inner, max_size=4).map(tuple)),
    ),
    max_leaves=8,
)
headers = st.dictionaries(
    st.sampled_from(("content-type", "content-class", "msip_labels", "zivver-relay", "x-postguard", "x")),
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(
            (
                "application/pkcs7-mime; smime-type=signed-data",
                "rpmsg.message",
                "MSIP_Label_11111111-2222-3333-4444-555555555555_ContentBits=8",
                "zivver-message-info",
            )
        ),
    ),
).map(MappingProxyType)
classes = st.one_of(
    st.sampled_from(("IPM.Note", "IPM.Note.SMIME", "IPM.Note.SMIME.MultipartSigned", "REPORT.IPM.Note")),
    any_text,
)
files = st.builds(
    AttachmentMark,
    st.one_of(st.sampled_from(("smime.p7m", "message.rpmsg", "a.pdf", "b.gpg")), any_text),
    st.one_of(st.just(""), any_text),
)
items = st.builds(
    SentItem,
    st.one_of(subjects, labelled.map(lambda text: text.format(""))),
    classes,
    st.sampled_from(("Normal", "normal", "Private", "Confidential", "")),
    st.one_of(st.none(), st.integers(0, 30 * 24).map(lambda hours: NOW - timedelta(hours=hours))),
    st.booleans(),
    st.lists(recipients, max_size=5).map(tuple),
    headers,
    st.lists(files, max_size=3).map(tuple),
)
findable = st.builds(
    lambda item, text, to: replace(
        item,
        subject=text.format(""),
        item_class="IPM.Note",
        sensitivity="Normal",
        sent=NOW - timedelta(days=2),
        on_behalf=False,
        recipients=(Recipient("b@provincie.example"), *to),
    ),
    items,
    labelled,
    st.lists(recipients, max_size=3),
)
EVIDENCE = (
    lambda item: replace(item, headers={**item.headers, "content-class": "rpmsg.message"}),
    lambda item: replace(item, headers={**item.headers, "zivver-relay": "zivver-message-info"}),
    lambda item: replace(item, attachments=(*item.attachments, AttachmentMark("message.rpmsg"))),
    lambda item: replace(
        item,
        attachments=(
            *item.attachments,
            AttachmentMark("smime.p7m", "application/pkcs7-mime; smime-type=enveloped-data"),
        ),
    ),
)


def calendar(now: datetime = NOW) -> WorkCalendar:
    return WorkCalendar(now, ZONE, ClosedDays({}))


def subject(organisation: Organisation = ORGANISATION, since: date = date(2026, 11, 1)) -> Subject:
    guid = ObjectGuid("11111111-2222-3333-4444-555555555555")
    person = Person(
        guid,
        Address("kim@voorbeeld.example"),
        "Kim",
        Language.NL,
        Known(True, NOW),
        Known(RecipientType.USER, NOW),
        Known(False, NOW),
        Known(None, NOW),  # type: ignore[arg-type]
    )
    return Subject(person, MailboxFacts(guid), organisation, since)


def verdict(
    sent: list[SentItem], norm: ConfidentialExternal = ENCRYPT, organisation: Organisation = ORGANISATION
) -> Verdict:
    """As a sweep comes to it: the question, the road, the redactor, the rule."""
    who = subject(organisation)
    answers = {}
    for need in more(who, norm, calendar()):
        labels = (through(need.redactor, item, need.since) for item in sent)
        answers[need] = Known(tuple(label for label in labels if label is not None), NOW)
    facts = who.mailbox.with_values(answers)
    return judge.judge(replace(who, mailbox=facts), norm, calendar())


def found(sent: list[SentItem], norm: ConfidentialExternal = ENCRYPT) -> bool:
    return verdict(sent, norm).outcome is Outcome.DEVIATION


@given(subjects)
def test_no_subject_whatever_breaks_the_lexicon(text: str) -> None:
    assert HUIZEN.read(text) in Reading


@given(st.text(min_size=0, max_size=4096))
def test_no_text_of_four_kilobytes_breaks_the_lexicon(text: str) -> None:
    assert HUIZEN.read(text) in Reading


@given(st.lists(recipients, max_size=6))
def test_no_recipients_whatever_break_the_resolution(to: list[Recipient]) -> None:
    assert resolve(to, OWN).reach in Reach


@given(st.lists(items, max_size=5), st.sampled_from((ENCRYPT, FORBID)))
def test_no_sent_mail_whatever_breaks_the_rule(sent: list[SentItem], norm: ConfidentialExternal) -> None:
    assert verdict(sent, norm).outcome in set(Outcome) - {Outcome.TIP}


@given(findable, recipients, st.sampled_from((ENCRYPT, FORBID)))
def test_one_more_recipient_inside_makes_no_finding(
    item: SentItem, other: Recipient, norm: ConfidentialExternal
) -> None:
    for to in ((), (other,), item.recipients):
        before = replace(item, recipients=to)
        after = replace(item, recipients=(*to, INSIDE))
        assert found([before], norm) or not found([after], norm)


@given(findable)
def test_evidence_of_encryption_makes_no_finding_and_takes_one_away(item: SentItem) -> None:
    for secured in EVIDENCE:
        assert not found([secured(item)])


@given(findable)
def test_evidence_excuses_nothing_where_labelled_mail_may_not_leave(item: SentItem) -> None:
    assert found([item], FORBID)
    assert all(found([secured(item)], FORBID) for secured in EVIDENCE)


@given(
    labelled, st.sampled_from(("niet", "geen", "Niet meer", "non", "not", "niet-", "NIET", "zonder", "nooit"))
)
def test_a_negation_before_the_label_makes_it_none(text: str, negation: str) -> None:
    gap = "" if negation.endswith("-") else " "
    assert HUIZEN.read(text.format("")) is Reading.STRONG
    assert HUIZEN.read(text.format(negation + gap)) is Reading.NONE


@given(findable, st.sampled_from(("trust", "gateway", "no calibration", "expired", "not yet approved")))
def test_a_channel_or_a_lost_calibration_makes_no_finding(item: SentItem, change: str) -> None:
    changed = {
        "trust": replace(CALIBRATED, trusted=(PARTNER,)),
        "gateway": replace(CALIBRATED, gateway=Gateway("x", "y", NEXT_YEAR, LAST_YEAR)),
        "not yet approved": replace(CALIBRATED, approved=date(2026, 11, 24)),
        "no calibration": SecureMail(),
        "expired": replace(CALIBRATED, review_by=date(2026, 11, 24)),
    }[change]
    other = replace(ORGANISATION, secure_mail=changed)
    assert found([item]) or verdict([item], organisation=other).outcome is not Outcome.DEVIATION


@given(findable)
def test_mail_from_before_the_approval_is_never_a_finding(item: SentItem) -> None:
    """All of `findable` was sent two days ago."""
    yesterday = replace(ORGANISATION, secure_mail=replace(CALIBRATED, approved=date(2026, 11, 24)))
    assert verdict([item], organisation=yesterday).outcome is not Outcome.DEVIATION


@given(findable, st.sampled_from(("stuk.zip", "stuk.7z", "stuk.rar", "stuk.pdf", "stuk.docx", "stuk.XLSX")))
def test_a_file_that_may_have_a_password_makes_no_finding(item: SentItem, name: str) -> None:
    locked = replace(item, attachments=(*item.attachments, AttachmentMark(name)))
    assert not found([locked])
    assert found([locked], FORBID)


@given(findable)
def test_where_mail_may_not_leave_a_partner_makes_no_finding_of_it(item: SentItem) -> None:
    trusting = replace(ORGANISATION, secure_mail=replace(CALIBRATED, trusted=(PARTNER,)))
    alone = replace(item, recipients=(Recipient("b@provincie.example"), INSIDE))
    assert found([alone], FORBID)
    assert verdict([alone], FORBID, trusting).outcome is Outcome.NOT_APPLICABLE


@given(st.lists(findable, min_size=1, max_size=4))
def test_what_leaves_the_road_is_small_and_without_words(sent: list[SentItem]) -> None:
    asked = question(subject(), ENCRYPT, calendar())
    assert asked is not None
    for item in sent:
        label = through(asked.redactor, item, asked.since)
        assert label is None or isinstance(label, SentLabel)
        assert label is None or label.week == monday(label.week)


def test_the_question_names_a_small_search() -> None:
    """The request that carries it stays far under 64 KiB."""
    asked = question(subject(), ENCRYPT, calendar())
    assert asked is not None
    words = (*asked.redactor.search.fragments, *asked.redactor.search.without, *asked.redactor.headers)
    assert sum(len(word) + 300 for word in words) < 32 * 1024


# --- one letter for one week ----------------------------------------------------------------------------


def seen(on: list[datetime], now: datetime) -> Verdict:
    labels = tuple(
        SentLabel(Strength.STRONG, Reach.EXTERNAL, Evidence.PLAIN, monday(moment.astimezone(ZONE).date()))
        for moment in on
    )
    who = subject(since=date(2026, 1, 1))
    asked = question(who, ENCRYPT, calendar(now))
    assert asked is not None
    in_view = tuple(label for label in labels if label.week >= monday(asked.since))
    facts = who.mailbox.with_values({asked: Known(in_view, now)})
    return judge.judge(replace(who, mailbox=facts), ENCRYPT, calendar(now))


def letters(sent: list[datetime], sweeps: list[datetime]) -> int:
    """How often somebody is told, when each sweep sees what was sent before it.

    As the store hands findings over: those that live, and those told whose occurrence is not over.
    """
    kept: list[Finding] = []
    told = 0
    for now in sweeps:
        verdict = seen([moment for moment in sent if moment < now], now)
        findings = tuple(f for f in kept if f.state.live or (f.occurrence and f.occurrence.end > now))
        case = Case(PersonKey("p"), RuleId("confidential_external"), Kind.EVENT, verdict, findings)
        for finding, change in transitions(case, now):
            if finding is None:
                told += 1
                kept.append(_told(change, now))
            else:
                kept = [replace(f, state=change.to) if f.id == finding.id else f for f in kept]
    return told


def _told(opening: Transition, now: datetime) -> Finding:
    return Finding(
        opening.finding,
        opening.person,
        opening.rule,
        Kind.EVENT,
        FindingState.TOLD,
        2,
        now,
        now,
        opening.occurrence,
        letters=1,
    )


def mornings(first: date) -> list[datetime]:
    """Sweeps of sixteen days on end, each at six: until all of it is out of sight."""
    return [datetime.combine(first + timedelta(days=day), time(6), ZONE) for day in range(16)]


weeks = st.sampled_from((date(2026, 11, 16), date(2027, 3, 22), date(2026, 10, 19), date(2026, 12, 28)))
"""Mondays of ordinary weeks, of weeks in which the clock changes, and of one in which the year does."""
within_a_week = st.timedeltas(timedelta(), timedelta(days=6, hours=23, minutes=59))


@given(weeks, st.lists(within_a_week, min_size=1, max_size=4), st.integers(0, 3))
def test_mail_of_one_week_gives_one_letter_however_late_it_is_found(
    week: date, moments: list[timedelta], late: int
) -> None:
    sent = [(datetime.combine(week, time(0)) + moment).replace(tzinfo=ZONE) for moment in moments]
    first = max(sent).date() + timedelta(days=late + 1)
    assert letters(sent, mornings(first)) == 1
    assert letters(sent, mornings(week)) == 1


@given(weeks, within_a_week, within_a_week)
def test_mail_of_two_weeks_gives_two_letters(week: date, one: timedelta, other: timedelta) -> None:
    begin = datetime.combine(week, time(0))
    sent = [(begin + one).replace(tzinfo=ZONE), (begin + timedelta(days=7) + other).replace(tzinfo=ZONE)]
    six = timedelta(hours=6)
    seen_in_between = one < timedelta(days=6) + six or other >= six
    assert letters(sent, mornings(week)) == (2 if seen_in_between else 1)


@given(weeks)
def test_occurrences_of_weeks_follow_each_other_without_overlap(week: date) -> None:
    this, following = (occurrence(week + timedelta(days=days), calendar()) for days in (0, 7))
    assert this.end == following.start
    assert this.end > datetime.combine(week + timedelta(days=13), time(23, 59), ZONE)
