"""Signatures: messages stay shut whatever is decided, and the readers of texts bear any text."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.runner import Case
from mailbot.engine import judge
from mailbot.exchange.ews.answers import READERS
from mailbot.model import needs
from mailbot.model.facts import Known, MailboxFacts, Reason, Unknown
from mailbot.model.mailbox import SignatureSample
from mailbot.model.needs import EXPORTED, DataClass, Need, SentSignatures
from mailbot.model.verdicts import Verdict
from mailbot.policy.decisions import LARGEST_SAMPLE, LONGEST, Decision
from mailbot.rules import Subject, registry
from mailbot.rules.mail.body_lines import lines
from mailbot.rules.mail.quoted_text import own_text
from mailbot.rules.mail.reply_text import LeaverReplyText
from mailbot.rules.mail.signature_sample import Assessed, SentMessage, assess
from mailbot.rules.mail.signature_text import Sender, SignatureFeature, SignatureText
from mailbot.rules.signature import UNDECIDED
from tests.rules.cases import all_cases
from tests.unit.rules.sent_bodies import FULL, gmail_quote, monarch_quote, outlook_quote, owa_quote

CASES = all_cases()
SIGNATURES = [case for case in CASES if case.rule.id == "signature"]
KIM = Sender("Kim de Wit", "Team Belastingen", frozenset({"voorbeeld.example"}))
BIG = 200_000

lines_of_text = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\x00\n\r\u200b\u202e\u00a0<>&=\"'-:_0123456789")
)
HTML_SCRAPS = (
    *(
        "<div>",
        "</div>",
        "<p",
        "<br>",
        "<table><tr><td>",
        "</table>",
        "<!--",
        "-->",
        "<style>",
        "</style>",
        "&#",
    ),
    *('<div id="Signature">', '<div id="x_Signature">', '<div id="divRplyFwdMsg">', "<blockquote type=cite>"),
    *(
        '<hr tabindex="-1" style="width:98%">',
        '<p style="border-top:solid #E1E1E1 1.0pt">',
        "<img src=cid:a>",
    ),
    *("]]>", "<?xml version='1.0' encoding='utf-16'?>", "<html>", "<pre>", "</pre>", "<a "),
)
WORD_SCRAPS = (
    *("Van:", "Verzonden:", "Aan:", "Op 16 november 2026 schreef Bo:", "-- ", "06-", "\n", " "),
    *("werkt niet meer", "bij de gemeente", "niet doorgestuurd"),
)
scraps = st.sampled_from((*HTML_SCRAPS, *WORD_SCRAPS))
bodies = st.lists(scraps | lines_of_text, max_size=25).map("".join)


@st.composite
def decisions(draw: st.DrawFn, case: Case) -> Decision:
    """Any that two people can sign: headings or content, for any rules, any share, any days."""
    start = case.calendar.today + timedelta(days=draw(st.integers(-60, 30)))
    return Decision(
        id="any",
        decider="A. de Boer",
        function=draw(st.sampled_from(["burgemeester", "gemeentesecretaris"])),
        authority="artikel 7",
        date=start - timedelta(days=draw(st.integers(0, 90))),
        purpose=draw(st.sampled_from(["controle", "inhoud van berichten"])),
        weighty_reason="een datalek",
        less_intrusive_means="voorlichting hielp niet",
        checks=tuple(draw(st.sets(st.sampled_from(sorted(registry())), min_size=1))),
        data_class=draw(st.sampled_from([DataClass.HEADING, DataClass.CONTENT])),
        population="alle medewerkers",
        sample_percent=draw(st.integers(1, LARGEST_SAMPLE)),
        start=start,
        end=start + draw(st.timedeltas(timedelta(), LONGEST - timedelta(days=1))),
        who_sees_what="alleen de medewerker",
        works_council="ingestemd",
        ap_field="gemeld",
        fg_advice="akkoord",
        second_signer="B. Jansen",
    )


def subject_of(case: Case, facts: MailboxFacts) -> Subject:
    return case.candidate.subject(case.active, facts, case.calendar.today)


def asked(case: Case) -> set[Need[object]]:
    return {*judge.needs([case.active]), *case.as_swept().values}


# --- messages stay shut --------------------------------------------------------------------------------


@given(st.data())
def test_no_decision_opens_the_content_of_a_message(data: st.DataObject) -> None:
    """Of any rule, over any story, whatever two people sign."""
    case = data.draw(st.sampled_from(CASES))
    decided = replace(case, decision=data.draw(decisions(case)))
    assert all(need.data_class < DataClass.CONTENT for need in asked(decided))


@given(st.data())
def test_nor_do_the_words_of_a_setting_that_leaves_it_open(data: st.DataObject) -> None:
    """Where the rule itself would like to know what the messages tell."""
    case = data.draw(st.sampled_from([case for case in SIGNATURES if case.verdict().reason in UNDECIDED]))
    decision = data.draw(decisions(case)).model_copy(update={"data_class": DataClass.CONTENT})
    decided = replace(case, decision=decision)
    subject = subject_of(decided, decided.as_swept())
    if subject.decided_from is not None:
        assert SentSignatures() in decided.rule.more(subject, decided.norm, decided.calendar)
    assert SentSignatures() not in asked(decided)
    assert decided.verdict() == case.verdict()


def test_and_no_road_could_answer() -> None:
    kinds = [kind for kind in vars(needs).values() if isinstance(kind, type) and issubclass(kind, Need)]
    content = [kind for kind in kinds if kind.data_class is DataClass.CONTENT]
    assert content == [SentSignatures]
    assert not {*content} & {*READERS, *EXPORTED}


# --- what messages would tell ---------------------------------------------------------------------------


@given(case=st.sampled_from(SIGNATURES), assessed=st.integers(0, 50), percent=st.integers(0, 100))
def test_messages_are_heard_only_where_the_setting_leaves_it_open(
    case: Case, assessed: int, percent: int
) -> None:
    sample = SignatureSample(assessed, assessed * percent // 100)
    facts = case.as_swept().with_values({SentSignatures(): Known(sample, case.now)})
    subject = replace(subject_of(case, facts), decided_from=date(2026, 11, 1))
    settings = case.verdict()
    if settings.reason in UNDECIDED:
        assert case.rule.judge(subject, case.norm, case.calendar).why == told(sample, settings)
    elif settings.reason is None:
        assert case.rule.judge(subject, case.norm, case.calendar) == settings


def told(sample: SignatureSample, settings: Verdict) -> str:
    """At least 5 messages, and 6 of 10 without one; never while a server may add them later."""
    if sample.assessed < 5:
        return Reason.TOO_FEW_MESSAGES.code
    if sample.lacking * 10 < sample.assessed * 6:
        return "messages_signed"
    return "messages_lack_signature" if settings.reason is Reason.SIGNATURE_ELSEWHERE else settings.why


@pytest.mark.parametrize("case", SIGNATURES, ids=lambda case: case.story)
def test_without_an_answer_about_messages_the_setting_has_the_word(case: Case) -> None:
    subject = subject_of(case, case.as_swept())
    unasked = case.as_swept().with_values({SentSignatures(): Unknown(Reason.NOT_ASKED)})
    for facts in (case.as_swept(), unasked):
        decided = replace(subject, mailbox=facts, decided_from=date(2026, 11, 1))
        if case.verdict().reason in (None, *UNDECIDED):
            assert case.rule.judge(decided, case.norm, case.calendar) == case.verdict()


# --- any text -------------------------------------------------------------------------------------------


@given(bodies)
def test_no_text_breaks_a_redactor(body: str) -> None:
    assert SignatureText("Kim de Wit").features(body) <= set(SignatureFeature)
    assert isinstance(LeaverReplyText(frozenset({"voorbeeld"})).features(body), frozenset)
    assert assess(SentMessage(body), KIM) in Assessed


@given(lines_of_text, lines_of_text)
def test_no_name_and_no_organisation_breaks_one(name: str, text: str) -> None:
    SignatureText(name).features(text)
    LeaverReplyText(frozenset({name})).features(text)
    assess(
        SentMessage("een twee drie " * 10 + "\nvier\nvijf\n" + text), Sender(name, name, frozenset({name}))
    )


LONG_SCRAPS = (
    *(
        "a",
        " ",
        "<",
        "<div>",
        "<table><tr><td>",
        "<b><i>",
        "<!--",
        "&#",
        "<p style='",
        "<blockquote type=cite>",
    ),
    *('<div id="Signature">', "werkt niet meer ", "heeft de ", "not be read or ", "niet en of ", "stuurt u "),
    *(
        "Op 1 ",
        "Van: \n",
        "Van: Verzonden: ",
        "-- \n",
        "> ",
        "a@",
        "1-1-",
        "tot 1 ",
        "voor a ",
        "06 ",
        "0 ",
        "()",
    ),
)


@pytest.mark.parametrize("scrap", LONG_SCRAPS)
def test_a_very_long_text_is_read_to_its_end(scrap: str) -> None:
    """A pattern or a parser that goes back over and over would never come here."""
    body = scrap * (BIG // len(scrap))
    for text in (body, f"<p>{body}x"):
        SignatureText("Kim de Wit").features(text)
        LeaverReplyText(frozenset({"voorbeeld"})).features(text)
        assess(SentMessage(text), KIM)


WORDS = ["wij", "sturen", "u", "de", "brief", "morgen", "toe", "met", "dank", "en", "groet"]


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=40),
    st.sampled_from([outlook_quote, owa_quote, monarch_quote, gmail_quote]),
)
def test_what_is_quoted_never_signs(own: list[str], quote: Callable[..., str]) -> None:
    """A mail answers with the other's whole signature under it, or one's own of last week."""
    text = f"<p>{' '.join(own)}</p>"
    assert assess(SentMessage(text + quote(*FULL)), KIM) is assess(SentMessage(text), KIM)


@given(bodies)
def test_own_text_is_the_beginning_of_the_text(body: str) -> None:
    shown = lines(body)
    own = own_text(shown).lines
    assert list(own) == shown[: len(own)]
