"""The message detector: which sent mail tells whether somebody signs, and what it tells.

No road reads a message's text and no decision opens it; these are the bodies that it was made for.
"""

from dataclasses import dataclass, replace

import pytest

from mailbot.model.mailbox import SignatureSample
from mailbot.model.sent import AttachmentMark, Reach
from mailbot.rules.mail.signature_sample import Assessed, SentMessage, assess, sample
from mailbot.rules.mail.signature_text import Sender
from tests.unit.rules.sent_bodies import (
    ENGLISH,
    FULL,
    GREETING,
    LETTER,
    OF_ANOTHER,
    apple,
    apple_mail,
    auto_signature,
    cite,
    gmail,
    gmail_quote,
    monarch_quote,
    outlook,
    outlook_ios,
    outlook_quote,
    owa,
    owa_quote,
    owa_signature,
    paragraphs,
    thunderbird,
    typed,
)

KIM = Sender("Kim de Wit", "Team Belastingen", frozenset({"voorbeeld.example"}))
PLAIN_LETTER = LETTER.replace(". ", ".\n")
ARROWS = tuple(f"> {line}" for line in FULL)
ON_MONDAY = "On Mon, 16 Nov 2026 at 09:12, Bo &lt;bo@elders.example&gt; wrote:"


def plain(*lines: str) -> str:
    return "\n".join(lines)


@dataclass(frozen=True)
class Body:
    story: str
    text: str


SIGNED = [
    Body("Outlook's own, under a new mail", outlook(paragraphs(LETTER), auto_signature(GREETING, *FULL))),
    Body("no marker, the block is typed", outlook(paragraphs(LETTER, GREETING, *FULL))),
    Body(
        "Dutch Outlook, above a quoted mail",
        outlook(paragraphs(LETTER), auto_signature(*FULL), quoted=outlook_quote("Wanneer hoor ik iets?")),
    ),
    Body(
        "English Outlook, above a quoted mail",
        outlook(paragraphs(LETTER), auto_signature(*FULL), quoted=outlook_quote("When?", words=ENGLISH)),
    ),
    Body("Outlook on the web", owa(typed(LETTER), owa_signature(GREETING, *FULL))),
    Body("on the web, above a reply", owa(typed(LETTER), owa_signature(*FULL), quoted=owa_quote("Vraag"))),
    Body("the new Outlook", owa(typed(LETTER), owa_signature(*FULL), quoted=monarch_quote("Vraag"))),
    Body("a marked signature of one word is one", owa(typed(LETTER), owa_signature("Kim"))),
    Body("an empty marker, the block typed above it", owa(typed(LETTER, *FULL), owa_signature(""))),
    Body("Gmail", gmail(LETTER, signature=FULL)),
    Body("Gmail, above a quoted mail", gmail(LETTER, signature=FULL, quoted=gmail_quote("Vraag"))),
    Body("Thunderbird", thunderbird(LETTER, signature=FULL)),
    Body("Apple Mail, typed", apple_mail(LETTER, "", GREETING, *FULL)),
    Body("plain text", plain(PLAIN_LETTER, "", GREETING, "", *FULL)),
    Body("plain text with the two dashes", plain(PLAIN_LETTER, "-- ", "Kim", "Voorbeeld")),
    Body("name and telephone are two clues", plain(PLAIN_LETTER, GREETING, "Kim de Wit", "0123-456789")),
    Body("team and telephone, no name", plain(PLAIN_LETTER, GREETING, "Team Belastingen", "14 0123")),
    Body("family name and postcode", plain(PLAIN_LETTER, GREETING, "mw. De Wit", "1234AB Voorbeeld")),
    Body("a picture beside the words", owa(typed(LETTER, *FULL), '<img src="cid:logo">')),
    Body(
        "plain text above an original message",
        plain(PLAIN_LETTER, GREETING, *FULL, "", "-----Oorspronkelijk bericht-----", "Van: Bo", "Vraag"),
    ),
    Body(
        "in a table, as a house style has it",
        outlook(
            paragraphs(LETTER),
            "<table><tr><td><img src='cid:logo'></td><td><p>Kim de Wit</p><p>Gemeente Voorbeeld</p></td></tr>"
            "<tr><td>T</td><td>14 0123</td></tr></table>",
        ),
    ),
]

UNSIGNED = [
    Body("a new mail that just ends", outlook(paragraphs(LETTER))),
    Body("a greeting and a first name", outlook(paragraphs(LETTER, GREETING, "Kim"))),
    Body("the full name is one clue", owa(typed(LETTER, GREETING, "Kim de Wit"))),
    Body("an empty marker and nothing typed", owa(typed(LETTER), owa_signature("<br>"))),
    Body(
        "the other's signature, in a quoted mail of Outlook",
        outlook(paragraphs(LETTER, "Kim"), quoted=outlook_quote("Vraag", *FULL)),
    ),
    Body(
        "the other's signature, English",
        outlook(paragraphs(LETTER, "Kim"), quoted=outlook_quote("Question", *FULL, words=ENGLISH)),
    ),
    Body(
        "an older blue line above the quoted mail",
        outlook(paragraphs(LETTER), quoted=outlook_quote("Vraag", *FULL).replace("#E1E1E1", "#B5C4DF")),
    ),
    Body("the other's `x_Signature` on the web", owa(typed(LETTER, "Kim"), quoted=owa_quote("Vraag"))),
    Body(
        "a prefixed name without anything above it",
        owa(typed(LETTER), owa_signature(*OF_ANOTHER, name="x_Signature")),
    ),
    Body("the other's unprefixed marker, new Outlook", owa(typed(LETTER), quoted=monarch_quote("Vraag"))),
    Body("one's own signature of last week, quoted", gmail(LETTER, quoted=gmail_quote("Beste Bo,", *FULL))),
    Body(
        "English Gmail",
        gmail(LETTER, quoted=gmail_quote(*FULL, intro=ON_MONDAY)),
    ),
    Body(
        "quoted without any marker but the words",
        apple_mail(LETTER, "Op 16 nov. 2026, om 09:12 heeft Bo het volgende geschreven:", *FULL),
    ),
    Body(
        "plain text, header lines",
        plain(
            PLAIN_LETTER, "Groet", "Kim", "", "Van: Bo", "Verzonden: ma", "Aan: Kim", "Onderwerp: x", *FULL
        ),
    ),
    Body(
        "plain text, English header lines in bold",
        plain(
            PLAIN_LETTER,
            "Kim",
            "Groet",
            "_______________",
            "*From:* Bo",
            "*Date:* Monday",
            "*To:* Kim",
            *FULL,
        ),
    ),
    Body("plain text, quoted by arrows", plain(PLAIN_LETTER, "Groet", "Kim", *ARROWS)),
    Body(
        "own words above a forwarded mail",
        plain(PLAIN_LETTER, "Groet", "Kim", "", "---------- Forwarded message ---------", "From: Bo", *FULL),
    ),
    Body(
        "the Dutch form of it",
        plain(PLAIN_LETTER, "Groet", "Kim", "", "Begin doorgestuurd bericht:", "Van: Bo", *FULL),
    ),
    Body(
        "the postcode stands far above the end",
        plain(
            "Kom langs: Stadhuisplein 1, 1234 AB, bel 14 0123.", *["Een punt van de lijst die u vroeg."] * 9
        ),
    ),
    Body(
        "`Van:` and `Tot:` are opening hours",
        plain(PLAIN_LETTER, "Open:", "Van: 9 uur", "Tot: 12 uur", "Groet, Kim"),
    ),
    Body(
        "`Op maandag schreef ik u:` is no quotation",
        plain("Op maandag 16 november 2026 schreef ik u:", PLAIN_LETTER, "Groet", "Kim"),
    ),
]

TELLS_NOTHING = [
    Body("fewer than twenty words", outlook(paragraphs("Dank, ontvangen. Groet, Kim"))),
    Body("forwarded without a word", owa(quoted=owa_quote(LETTER))),
    Body("forwarded with three words", outlook(paragraphs("Ter info, Kim"), quoted=outlook_quote(LETTER))),
    Body("a signature alone", owa(typed(""), owa_signature(*FULL))),
    Body("the iPhone's own line", apple(LETTER, "Kim")),
    Body("the same in English", apple(LETTER, "Kim", last="Sent from my iPhone")),
    Body("an Android telephone", apple(LETTER, "Kim", last="Verzonden vanaf mijn Galaxy")),
    Body("Outlook for iOS", outlook_ios(LETTER)),
    Body("Outlook for iOS wraps all that was typed", outlook_ios(signature=LETTER)),
    Body("Outlook for Android", apple_mail(LETTER, "Get Outlook for Android")),
    Body("a picture where a signature would stand", owa(typed(LETTER), '<img src="cid:handtekening">')),
    Body("plain text of three lines", plain(LETTER, GREETING, "Kim")),
    Body("answers under the quotation", thunderbird(LETTER, "Kim", quoted=cite("Vraag"))),
    Body(
        "begins above the quotation and goes on under it",
        f'<p>{LETTER}</p><blockquote type="cite">Vraag</blockquote><p>{LETTER}</p>',
    ),
    Body("nothing at all", ""),
]


def story(body: Body) -> str:
    return body.story


@pytest.mark.parametrize("body", SIGNED, ids=story)
def test_it_is_signed(body: Body) -> None:
    assert assess(SentMessage(body.text), KIM) is Assessed.SIGNED


@pytest.mark.parametrize("body", UNSIGNED, ids=story)
def test_it_lacks_a_signature(body: Body) -> None:
    assert assess(SentMessage(body.text), KIM) is Assessed.UNSIGNED


@pytest.mark.parametrize("body", TELLS_NOTHING, ids=story)
def test_it_tells_nothing(body: Body) -> None:
    assert assess(SentMessage(body.text), KIM) is Assessed.NOTHING


NEVER = {
    "it stays inside": SentMessage("", reach=Reach.INTERNAL),
    "nobody knows whether it went out": SentMessage("", reach=Reach.UNCLEAR),
    "a meeting request": SentMessage("", item_class="IPM.Schedule.Meeting.Request"),
    "a vote": SentMessage("", item_class="IPM.Note.VotingForm"),
    "a read receipt": SentMessage("", item_class="REPORT.IPM.Note.IPNRN"),
    "a recall": SentMessage("", item_class="IPM.Outlook.Recall"),
    "an automatic reply": SentMessage("", item_class="IPM.Note.Rules.OofTemplate.Microsoft"),
    "encrypted": SentMessage("", item_class="IPM.Note.SMIME"),
    "encrypted by rights management": SentMessage("", attachments=(AttachmentMark("message.rpmsg"),)),
    "private": SentMessage("", sensitivity="Private"),
    "a subject that keeps everybody out": SentMessage("", hands_off=True),
    "in the name of another": SentMessage("", on_behalf=True),
    "a later answer in the same conversation": SentMessage("", first_of_mine=False),
    "a telephone, by its headers": SentMessage("", headers={"X-Mailer": "iPhone Mail (20A362)"}),
    "a machine, by its headers": SentMessage("", headers={"Auto-Submitted": "auto-generated"}),
}


@pytest.mark.parametrize("why", NEVER)
def test_it_is_never_asked(why: str) -> None:
    unsigned = outlook(paragraphs(LETTER))
    assert assess(SentMessage(unsigned), KIM) is Assessed.UNSIGNED
    assert assess(replace(NEVER[why], body=unsigned), KIM) is Assessed.NOTHING


def test_of_many_messages_two_counts_are_kept() -> None:
    bodies = [body.text for body in (*SIGNED[:4], *UNSIGNED[:3], *TELLS_NOTHING)]
    counted = sample([SentMessage(body) for body in bodies], KIM)
    assert counted == SignatureSample(assessed=7, lacking=3)


def test_a_message_cannot_be_shown() -> None:
    assert "aanslag" not in repr(SentMessage(LETTER)) and "Kim" not in repr(KIM)
