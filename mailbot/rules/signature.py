"""Signature: mail that leaves the organisation says who sends it.

The least that can be looked at comes first. Where the server adds signatures nothing is asked. Else the
setting of Outlook on the web decides, as far as it can: classic Outlook, Outlook for Mac and phones keep
theirs to themselves, and a server that adds them shows nothing in the sent copy, so that "not set" is a
deviation only where signed statements rule both out. Messages could tell more; looking at them needs a
decision over content, and no such decision opens anything in this version.

A signature that is a picture only says nothing that can be read, neither here nor by who cannot see: unknown.
"""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field

from mailbot.model.decisiveness import Decisive, Road
from mailbot.model.facts import FactUnknown, Reason, Unknown, known
from mailbot.model.mailbox import SignatureSetting
from mailbot.model.needs import Need, SentSignatures, SignatureSettings
from mailbot.model.people import Person
from mailbot.model.statements import Claim
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable, tip, unknown
from mailbot.model.worktime import WorkCalendar
from mailbot.rules import Parameters, Subject, rule
from mailbot.rules.mail.signature_text import SignatureFeature, SignatureText, name_words

SETTINGS = SignatureSettings(SignatureText())
SENT = SentSignatures()

FEWEST_ASSESSED = 5
LACKING_PERCENT = 60
"""Messages that must have been judged, and the share without a signature from which it is a habit."""

UNDECIDED = (Reason.SERVER_SIGNATURE_UNSTATED, Reason.SIGNATURE_ELSEWHERE)
"""The settings were read and leave it open; what could not be read is read again next time."""

Element = Literal["present", "name", "function", "service", "address", "phone", "fax"]
READABLE: tuple[Element, ...] = ("name", "phone", "address", "fax")
"""Elements that the text itself shows or lacks. A function or service nobody can tell from other words, so
that these are held against nobody."""


class Signature(Parameters):
    """`elements`: what the norm wants in a signature. `level`: a `tip` is for a norm that recommends."""

    elements: Annotated[tuple[Element, ...], Field(min_length=1)]
    level: Literal["finding", "tip"] = "finding"


def of_settings(subject: Subject, norm: Signature, calendar: WorkCalendar) -> Verdict:
    """What the setting of Outlook on the web tells; unknown for one of UNDECIDED where it leaves it open."""
    setting = known(subject.mailbox.get(SETTINGS))
    if is_set(setting):
        missing = _missing(setting, norm, subject.person)
        return tip("elements_missing", None, **_listed(missing)) if missing else compliant("signature_set")
    if setting.auto_add and SignatureFeature.IMAGE in setting.features:
        return unknown(Reason.SIGNATURE_ELSEWHERE)
    if not subject.organisation.states(Claim.NO_SERVER_SIGNATURES, calendar.today):
        return unknown(Reason.SERVER_SIGNATURE_UNSTATED)
    if not subject.organisation.states(Claim.NO_CLASSIC_OUTLOOK, calendar.today):
        return unknown(Reason.SIGNATURE_ELSEWHERE)
    return _lacking("no_signature_set", norm, made=_made(setting))


def is_set(setting: SignatureSetting) -> bool:
    """Whether words come under every new message by themselves."""
    return setting.auto_add and setting.present and SignatureFeature.PRESENT in setting.features


def _made(setting: SignatureSetting) -> bool:
    """Whether there is one that waits to be added by hand; a letter then says which switch is off."""
    return bool(setting.features)


def _missing(setting: SignatureSetting, norm: Signature, person: Person) -> tuple[Element, ...]:
    """Elements that the norm wants and the signature surely lacks. Who has no readable name lacks none, and
    beside words a picture may hold what they lack."""
    if SignatureFeature.IMAGE in setting.features:
        return ()
    return tuple(
        element
        for element in READABLE
        if element in norm.elements
        and element not in setting.features
        and (element != "name" or name_words(person.name))
    )


def _listed(missing: Collection[Element]) -> dict[str, bool]:
    """For the letter: `no_name`, `no_phone` and so on, each true or false."""
    return {f"no_{element}": element in missing for element in READABLE}


def of_messages(subject: Subject, norm: Signature, calendar: WorkCalendar, settings: Verdict) -> Verdict:
    """What the sent messages tell where the settings leave it open, if they were looked at at all."""
    fact = subject.mailbox.get(SENT)
    if subject.decided_from is None or fact == Unknown(Reason.NOT_ASKED):
        return settings
    sample = known(fact)
    if sample.assessed < FEWEST_ASSESSED:
        return unknown(Reason.TOO_FEW_MESSAGES)
    if sample.lacking * 100 < sample.assessed * LACKING_PERCENT:
        return compliant("messages_signed")
    if not subject.organisation.states(Claim.NO_SERVER_SIGNATURES, calendar.today):
        return unknown(Reason.SERVER_SIGNATURE_UNSTATED)  # a server adds them after the sent copy is kept
    return _lacking("messages_lack_signature", norm)


def _lacking(why: str, norm: Signature, **shown: bool) -> Verdict:
    return (tip if norm.level == "tip" else deviation)(why, None, **shown)


def more(subject: Subject, norm: Signature, calendar: WorkCalendar) -> Collection[Need[Any]]:
    """The settings of who is in service and signs by himself; messages only where these leave it open."""
    if not _concerns(subject, calendar):
        return ()
    settings = SignatureSettings(SignatureText(subject.person.name))
    if subject.decided_from is None:
        return (settings,)
    try:
        verdict = of_settings(subject, norm, calendar)
    except FactUnknown:
        return (settings,)
    return (settings, SENT) if verdict.reason in UNDECIDED else (settings,)


def _concerns(subject: Subject, calendar: WorkCalendar) -> bool:
    return (
        known(subject.person.recipient_type).personal
        and subject.person.in_service(calendar.today)
        and not subject.organisation.states(Claim.SERVER_SIGNATURES, calendar.today)
    )


SAYS = {
    Outcome.COMPLIANT: "a signature in words is added by itself",
    Outcome.DEVIATION: "none is, and statements say that no server and no other program adds one",
    Outcome.TIP: "an element lacks that the norm names, or none is set where the norm only recommends it",
    Outcome.NOT_APPLICABLE: "the server signs, not in service, or not a person's mailbox",
    Outcome.UNKNOWN: "the setting could not be read, is a picture, or leaves open what adds one elsewhere",
}


@rule(
    "signature",
    kind=Kind.STATE,
    parameters=Signature,
    needs=[],
    decisive={
        Road.EWS: Decisive(((SETTINGS,), (Claim.NO_SERVER_SIGNATURES,), (Claim.NO_CLASSIC_OUTLOOK,))),
        Road.GRAPH: Decisive(never="Graph does not show the signature settings of Outlook on the web"),
    },
    says=SAYS,
    more=more,
    follow_ups=(
        SignatureSettings,
        SentSignatures,
    ),
    priority=60,
)
def judge(subject: Subject, norm: Signature, calendar: WorkCalendar) -> Verdict:
    """Huizen 5.10: every outgoing message has a signature. Groningen, "vermelden afzender": what is in it."""
    if not known(subject.person.recipient_type).personal:
        return not_applicable("not_a_user_mailbox")
    if not subject.person.in_service(calendar.today):
        return not_applicable("not_in_service")
    if subject.organisation.states(Claim.SERVER_SIGNATURES, calendar.today):
        return not_applicable("server_signs")
    settings = of_settings(subject, norm, calendar)
    if settings.reason not in UNDECIDED:
        return settings
    return of_messages(subject, norm, calendar, settings)
