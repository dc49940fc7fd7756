"""How case files write the signature settings and what sent messages would show."""

from mailbot.casefiles.access import number
from mailbot.casefiles.lines import FactLine, Lines
from mailbot.casefiles.notation import one_of
from mailbot.model.mailbox import SignatureSample, SignatureSetting
from mailbot.model.needs import SentSignatures, SignatureSettings

_ADDED = {"automatic": True, "by hand": False, "none": False}


def signature(lines: Lines, need: SignatureSettings) -> SignatureSetting:
    """The lines `signature` and `signature_text`; the text goes through the redactor of the need."""
    added = one_of(_ADDED, lines["signature"])
    text = "" if lines["signature"] == "none" else words(lines, "signature_text")
    return SignatureSetting(added, bool(text.strip()), need.redactor.features(text))


def messages(lines: Lines, _need: SentSignatures) -> SignatureSample:
    table = lines["messages"]
    if not isinstance(table, dict) or set(table) != {"assessed", "lacking"}:
        raise ValueError("messages reads like { assessed = 6, lacking = 4 }")
    return SignatureSample(number(table, "assessed"), number(table, "lacking"))


def words(lines: Lines, line: str) -> str:
    """Raises ValueError when it is no text."""
    text = lines[line]
    if not isinstance(text, str):
        raise ValueError(f"{line} is a text in quotes, HTML or plain")
    return text


FACTS: tuple[FactLine, ...] = (
    FactLine("signature", SignatureSettings, signature),
    FactLine("messages", SentSignatures, messages),
)
DETAILS = frozenset({"signature_text"})
