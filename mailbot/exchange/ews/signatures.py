"""The signature of Outlook on the web, from the dictionary of OWA.UserOptions.

Its keys are those of Get-MailboxMessageConfiguration in lower case: autoaddsignature, signaturehtml,
signaturetext. The dictionary cannot be asked for in part; what else is in it is not looked at.
"""

from collections.abc import Iterator

from mailbot.exchange.ews.readers import Element, T, boolean, missing, says_something
from mailbot.exchange.ews.sent_items import through
from mailbot.model.mailbox import SignatureSetting
from mailbot.model.sent import TextRedactor

KEYS = frozenset({"autoaddsignature", "signaturehtml", "signaturetext"})


def signature_setting(configuration: Element | None, redactor: TextRedactor) -> SignatureSetting:
    """None stands for a mailbox without the object: nobody ever set anything."""
    if configuration is None:
        return SignatureSetting(auto_add=False, present=False)
    dictionary = configuration.find(T + "Dictionary")
    if dictionary is None:
        raise missing()
    options = dict(_entries(dictionary))
    html, text = options.get("signaturehtml", ""), options.get("signaturetext", "").strip()
    shown = html if html.strip() else text
    return SignatureSetting(
        auto_add=boolean(options.get("autoaddsignature", "false").lower()),
        present=says_something(html) or bool(text),
        features=through(lambda: redactor.features(shown)) if shown else frozenset(),
    )


def _entries(dictionary: Element) -> Iterator[tuple[str, str]]:
    for entry in dictionary.iterfind(T + "DictionaryEntry"):
        key = (entry.findtext(f"{T}DictionaryKey/{T}Value") or "").strip().lower()
        if key in KEYS:
            values = entry.findall(f"{T}DictionaryValue/{T}Value")
            yield key, "".join(value.text or "" for value in values)
