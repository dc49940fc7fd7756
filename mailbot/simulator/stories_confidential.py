"""Staged people for the rule on labelled mail to the outside, sent in the week of 16 November 2026.

The verdicts are those of people in the decision's sample. `SECURED` are the marks that the town's products
leave on a copy; every client leaves one, so a copy without any went out plain. `TRUSTED` is a closed
network, `EXPIRED` one whose approval is past its review date.
"""

from datetime import datetime

from mailbot.simulator import canaries
from mailbot.simulator.mailboxes import Flaw, Group, legacy_dn
from mailbot.simulator.names import DOMAIN, SECOND_DOMAIN
from mailbot.simulator.stories import (
    COMPLIANT,
    DEVIATION,
    MATE_1,
    MATE_2,
    NOT_APPLICABLE,
    SELF,
    UNKNOWN,
    Sent,
    Story,
    at,
)

OUTSIDE = canaries.CORRESPONDENT
TRUSTED = "keten@suwinet.example"
EXPIRED = "intake@zorgkoppeling.example"
CONTACT = f"huisartsenpost@{DOMAIN}"
CONTACTS = {CONTACT: "balie@huisartsenpost.example"}
GUEST = f"adviseur_bureau.example#EXT#@{DOMAIN}"

ZIVVER_CLASS = "IPM.Note.Zivver"
RELAY = ("zivver-relay", "zivver-message-info")
RIGHTS_MANAGED = ("message.rpmsg", "application/x-microsoft-rpmsg-message")
TAG = "[veilig]"
ENCRYPTING_LABEL = "7d3c1a52-0f6e-4b1b-9a51-2f1c6e0d4a11"
OTHER_LABEL = "1b9e8f40-3c2d-4e5f-8a6b-7c8d9e0f1a2b"
DOSSIER = (f"{canaries.ATTACHMENT}.txt", "text/plain")
"""No PDF: that may have a password, and then nobody can say that a message left plain."""

SMIME = ("smime.p7m", "application/pkcs7-mime")

LABEL = f"Vertrouwelijk: {canaries.SUBJECT}"


def _label_header(guid: str) -> tuple[str, str]:
    return ("msip_labels", f"MSIP_Label_{guid}_Enabled=true;MSIP_Label_{guid}_Method=Privileged")


def _smime(kind: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", f'application/pkcs7-mime; smime-type={kind}; name="smime.p7m"'),)


def _person(
    story: str,
    name: str,
    text: str,
    expected: str,
    *sent: Sent,
    groups: tuple[Group, ...] = (),
    flaws: frozenset[Flaw] = frozenset(),
) -> Story:
    """Somebody of whom only the sent mail is of interest."""
    return Story(
        story,
        name,
        text,
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        confidential_external=expected,
        sent=sent,
        groups=groups,
        flaws=flaws,
    )


WEDNESDAY = at(11, 18, "10:15")
THURSDAY = at(11, 19, "15:50")


def _mail(subject: str, *to: str, when: datetime = WEDNESDAY) -> Sent:
    return Sent(subject, to or (OUTSIDE,), at=when, attachments=(DOSSIER,))


OUTSIDE_MAIL = _mail(LABEL)
"""Labelled, to the outside, plain."""

SUBJECTS = (
    _person(
        "labelled-plain",
        "Wendelien Oosterwijk",
        "A labelled message to the outside, plain.",
        DEVIATION,
        _mail(LABEL),
    ),
    _person(
        "labelled-in-brackets",
        "Mustafa Erdogan",
        "The label stands in brackets at the end.",
        DEVIATION,
        _mail("Dossier 4471 [vertrouwelijk]"),  # beside a word about subjects a label is doubtful
    ),
    _person(
        "labelled-with-typo",
        "Lianne Verbruggen",
        "One letter of the label is missing.",
        DEVIATION,
        _mail(f"Vetrouwelijk - {canaries.SUBJECT}"),
    ),
    _person(
        "labelled-in-a-reply",
        "Yusuf Demirtas",
        "The label stands behind three prefixes.",
        DEVIATION,
        _mail(f"RE: FW: [EXTERN] vertrouwelijk: {canaries.SUBJECT}"),
    ),
    _person(
        "label-in-a-sentence",
        "Ottilie Verkade",
        "The word stands in the middle of a sentence: whether it is a label nobody can tell.",
        UNKNOWN,
        _mail(f"Verslag van het vertrouwelijk overleg over {canaries.SUBJECT}"),
    ),
    _person(
        "label-denied",
        "Hajar Boumediene",
        "Two subjects say that it is not confidential, or no longer.",
        NOT_APPLICABLE,
        _mail(f"Niet vertrouwelijk: {canaries.SUBJECT}"),
        _mail(f"Niet meer vertrouwelijk - {canaries.SUBJECT}", when=THURSDAY),
    ),
    _person(
        "label-false-friends",
        "Chantalle Poppes",
        "A declaration, a course and a familiar address: words about confidentiality, and no label.",
        NOT_APPLICABLE,
        _mail(f"Vertrouwelijkheidsverklaring getekend {canaries.SUBJECT}"),
        _mail("Cursus Omgaan met vertrouwelijke informatie", when=THURSDAY),
        _mail(f"Vertrouwd adres voor {canaries.SUBJECT}", when=THURSDAY),
    ),
    _person(
        "label-with-personal",
        "Corné Slabbekoorn",
        "Labelled and personal, by its words or by Outlook's sensitivity: nobody's business.",
        NOT_APPLICABLE,
        _mail(f"Vertrouwelijk / persoonlijk: {canaries.SUBJECT}"),
        Sent(LABEL, (OUTSIDE,), sensitivity="Private"),
    ),
)

RECIPIENTS = (
    _person(
        "sent-inside",
        "Abdelkader Fassi",
        "Labelled, to two colleagues, to a subdomain and, in capitals, to the municipality's other domain.",
        NOT_APPLICABLE,
        _mail(LABEL, MATE_1, MATE_2),
        _mail(LABEL, f"Zaak+4471@kcc.{DOMAIN}", f"Info@{SECOND_DOMAIN.upper()}", when=THURSDAY),
    ),
    _person(
        "sent-to-lookalike-domain",
        "Stella Aziz",
        "The domain ends in the same letters and is another one.",
        DEVIATION,
        _mail(LABEL, f"info@nep-{DOMAIN}"),
    ),
    _person(
        "sent-blind-copy-outside",
        "Freerk Dantuma",
        "To a colleague, with a blind copy to the outside.",
        DEVIATION,
        Sent(LABEL, (MATE_1,), bcc=(OUTSIDE,)),
    ),
    _person(
        "sent-to-group-inside",
        "Joris Kleinsmit",
        "To a group that holds colleagues only, one group within another.",
        NOT_APPLICABLE,
        _mail(LABEL, f"groep.wijkteam@{DOMAIN}"),
        groups=(
            Group(f"groep.wijkteam@{DOMAIN}", (SELF, f"groep.wijkteam.noord@{DOMAIN}")),
            Group(f"groep.wijkteam.noord@{DOMAIN}", (MATE_1, MATE_2)),
        ),
    ),
    _person(
        "sent-to-group-with-outsider",
        "Philippine Stork",
        "To a group in which one member is from outside.",
        DEVIATION,
        _mail(LABEL, f"groep.zorgoverleg@{DOMAIN}"),
        groups=(Group(f"groep.zorgoverleg@{DOMAIN}", (MATE_1, "wijkarts@zorgpraktijk.example")),),
    ),
    _person(
        "sent-to-hidden-group",
        "Ronnie Bisschops",
        "To a group whose members are hidden.",
        UNKNOWN,
        _mail(LABEL, f"groep.besloten@{DOMAIN}"),
        groups=(Group(f"groep.besloten@{DOMAIN}", (MATE_1,), hidden=True),),
    ),
    _person(
        "sent-to-contact",
        "Akke Wijbrandi",
        "To a contact in the address list whose mail goes outside; the copy shows Exchange's own address.",
        DEVIATION,
        _mail(LABEL, legacy_dn(CONTACT)),
    ),
    _person(
        "sent-to-guest",
        "Sven Achterhuis",
        "To a guest in the directory, who is from outside.",
        DEVIATION,
        _mail(LABEL, GUEST),
    ),
    _person(
        "sent-to-nobody-known",
        "Marleine Opdam",
        "To an old entry that no longer can be resolved.",
        UNKNOWN,
        _mail(LABEL, ""),
    ),
    _person(
        "sent-to-trusted-network",
        "Cees-Jan Vermaas",
        "To a closed network that was approved.",
        COMPLIANT,
        _mail(LABEL, TRUSTED),
    ),
    _person(
        "sent-to-trusted-and-others",
        "Hadewych Moons",
        "To the closed network, with a copy to an address on the internet.",
        DEVIATION,
        Sent(LABEL, (TRUSTED,), cc=(OUTSIDE,)),
    ),
    _person(
        "sent-to-expired-network",
        "Tarik Ouazzani",
        "To a network whose approval is past its review date.",
        UNKNOWN,
        _mail(LABEL, EXPIRED),
    ),
)

PRODUCTS = (
    _person(
        "secured-zivver",
        "Iefke Landman",
        "Outside with Zivver, which leaves an encrypted copy; inside plain.",
        COMPLIANT,
        Sent(LABEL, (OUTSIDE,), item_class=ZIVVER_CLASS),
        _mail(LABEL, MATE_1),
    ),
    _person(
        "secured-zivver-readable",
        "Rob Schaapveld",
        "Sent with Zivver, which left a readable copy and a header.",
        COMPLIANT,
        Sent(LABEL, (OUTSIDE,), headers=(RELAY,), attachments=(DOSSIER,)),
    ),
    _person(
        "secured-rights-managed",
        "Malika Naciri",
        "Rights managed by the sender: the copy holds message.rpmsg.",
        COMPLIANT,
        Sent(LABEL, (OUTSIDE,), headers=(("content-class", "rpmsg.message"),), attachments=(RIGHTS_MANAGED,)),
    ),
    _person(
        "secured-by-tag",
        "Dieke Soesman",
        "The subject carries the tag that the gateway acts on.",
        COMPLIANT,
        _mail(f"{TAG} Vertrouwelijk: dossier 4471"),  # beside a word about subjects a label is doubtful
    ),
    _person(
        "secured-by-sensitivity-label",
        "Kor Steenwijk",
        "A sensitivity label that encrypts.",
        COMPLIANT,
        Sent(LABEL, (OUTSIDE,), headers=(_label_header(ENCRYPTING_LABEL),)),
    ),
    _person(
        "not-secured-by-sensitivity-label",
        "Bernadet Ubbink",
        "A sensitivity label that only marks.",
        DEVIATION,
        Sent(LABEL, (OUTSIDE,), headers=(_label_header(OTHER_LABEL),)),
    ),
    _person(
        "secured-smime",
        "Jeltje Rispens",
        "S/MIME, enveloped.",
        COMPLIANT,
        Sent(
            LABEL,
            (OUTSIDE,),
            item_class="IPM.Note.SMIME",
            headers=_smime("enveloped-data"),
            attachments=(SMIME,),
        ),
    ),
    _person(
        "signed-smime",
        "Vincent-Paul Bax",
        "S/MIME, signed in one piece: a signature is no encryption.",
        DEVIATION,
        Sent(
            LABEL,
            (OUTSIDE,),
            item_class="IPM.Note.SMIME",
            headers=_smime("signed-data"),
            attachments=(SMIME,),
        ),
    ),
    _person(
        "signed-smime-readable",
        "Oetske Brandenburg",
        "S/MIME, signed and readable: a signature is no encryption.",
        DEVIATION,
        Sent(
            LABEL,
            (OUTSIDE,),
            item_class="IPM.Note.SMIME.MultipartSigned",
            attachments=(("smime.p7m", "multipart/signed"),),
        ),
    ),
    _person(
        "smime-of-some-kind",
        "Adinda Soekarno",
        "S/MIME that does not say whether it was signed or encrypted.",
        UNKNOWN,
        Sent(LABEL, (OUTSIDE,), item_class="IPM.Note.SMIME", attachments=(SMIME,)),
    ),
    _person(
        "secured-once-plain-once",
        "Hendrikje Zomerdijk",
        "One message with Zivver, another one plain.",
        DEVIATION,
        Sent(LABEL, (OUTSIDE,), item_class=ZIVVER_CLASS),
        _mail(f"Vertrouwelijk - {canaries.SUBJECT}", when=at(11, 20, "16:40")),
    ),
    _person(
        "secured-once-unclear-once",
        "Lowie Bastings",
        "One message with Zivver, another one to nobody can tell whom.",
        UNKNOWN,
        Sent(LABEL, (OUTSIDE,), item_class=ZIVVER_CLASS),
        _mail(LABEL, "", when=at(11, 19, "09:05")),
    ),
)

KINDS = (
    _person(
        "labelled-meeting",
        "Janna Vlietstra",
        "An invitation, an answer to one and an attempt to call a message back are no mail of hers.",
        NOT_APPLICABLE,
        Sent(LABEL, (OUTSIDE,), item_class="IPM.Schedule.Meeting.Request"),
        Sent(f"Geaccepteerd: {LABEL}", (OUTSIDE,), item_class="IPM.Schedule.Meeting.Resp.Pos"),
        Sent(f"Intrekken: {LABEL}", (OUTSIDE,), item_class="IPM.Outlook.Recall"),
    ),
    _person(
        "labelled-on-behalf",
        "Ragna Thorsteinsdottir",
        "Sent in the name of a colleague: not this person's finding.",
        NOT_APPLICABLE,
        Sent(LABEL, (OUTSIDE,), on_behalf_of=MATE_1),
    ),
    _person(
        "labelled-first-hour",
        "Pieternel Kuyt",
        "Sent on Monday 16 November, half an hour after midnight.",
        DEVIATION,
        _mail(LABEL, when=at(11, 16, "00:30")),
    ),
    _person(
        "labelled-before-the-week",
        "Wicher Dalstra",
        "Sent on Sunday 15 November, half an hour before midnight.",
        NOT_APPLICABLE,
        _mail(LABEL, when=at(11, 15, "23:30")),
    ),
    _person(
        "labelled-denied",
        "Anouschka Peereboom",
        "Sent Items of this mailbox may not be read.",
        UNKNOWN,
        _mail(LABEL),
        flaws=frozenset({Flaw.SENT_DENIED}),
    ),
)

CONFIDENTIAL_STORIES = (*SUBJECTS, *RECIPIENTS, *PRODUCTS, *KINDS)
