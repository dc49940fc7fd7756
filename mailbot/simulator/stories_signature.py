"""Staged people for the rule on signatures: what Outlook on the web is set to. The town has stated that its
server adds no signatures and that nobody sends with a program that keeps them to itself."""

from datetime import date

from mailbot.simulator.mailboxes import Flaw, OwaOptions
from mailbot.simulator.residents import Contract
from mailbot.simulator.stories import (
    COMPLIANT,
    DEVIATION,
    NOT_APPLICABLE,
    SIGNED,
    SIGNED_PLAIN,
    UNKNOWN,
    Story,
)

BLANK = "<html><head><style>p {margin: 0}</style></head><body><p>&nbsp;</p><div><br></div></body></html>"

SIGNATURE_STORIES = (
    Story(
        "signature-plain-text",
        "Gijsbert Wartena",
        "A signature in plain text only, added by itself.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        signature=COMPLIANT,
        owa=SIGNED_PLAIN,
    ),
    Story(
        "signature-not-added",
        "Pytrik Hoogland",
        "A fine signature that is not added by itself.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        signature=DEVIATION,
        owa=OwaOptions(False, SIGNED.html, SIGNED_PLAIN.text),
    ),
    Story(
        "signature-blank",
        "Walid Chahbari",
        "The signature is HTML with nothing to read in it.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        signature=DEVIATION,
        owa=OwaOptions(True, BLANK, "\n\n"),
    ),
    Story(
        "signature-never-set",
        "Trudy Scholtens",
        "Never set anything in Outlook on the web.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        signature=DEVIATION,
        owa=None,
    ),
    Story(
        "signature-and-delegates",
        "Sjaak Burgerhout",
        "No signature and nobody to look into the inbox: two findings, one letter a week.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        signature=DEVIATION,
        rights=(),
        owa=None,
    ),
    Story(
        "signature-denied",
        "Hendrika Poortinga",
        "The settings of Outlook on the web may not be read.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        signature=UNKNOWN,
        flaws=frozenset({Flaw.OPTIONS_DENIED}),
    ),
    Story(
        "not-begun",
        "Levi Stroband",
        "Begins on 1 December; the mailbox stands ready and has nothing set.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=NOT_APPLICABLE,
        signature=NOT_APPLICABLE,
        contracts=(Contract(date(2026, 12, 1)),),
        rights=(),
        owa=None,
    ),
)
