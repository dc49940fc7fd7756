"""Facts as plain values, by which what two clients read can be compared."""

from typing import Any

from mailbot.model import needs
from mailbot.model.facts import MailboxFacts, Unknown
from mailbot.model.mailbox import AbsenceList, AccessList, ReplyRules, ReplySetting, SignatureSetting, Size
from mailbot.model.worktime import WorkPattern


def plain(facts: MailboxFacts) -> dict[str, Any]:
    """By the name of the need; what the nightly export answers is left out."""
    return {
        need.name: fact.reason.code if isinstance(fact, Unknown) else _value(fact.value)
        for need, fact in facts.values.items()
        if not isinstance(need, needs.EXPORTED)
    }


def _value(value: Any) -> Any:
    match value:
        case Size():
            return [value.total, value.folders]
        case AbsenceList():
            return [[block.start.isoformat(), block.end.isoformat()] for block in value.blocks]
        case WorkPattern():
            return [
                [day, [[str(hours.start), str(hours.end)] for hours in spans]]
                for day, spans in sorted(value.days.items())
            ]
        case AccessList():
            grants = sorted(address.value for address in value.grants)
            return [grants, value.everyone, value.unresolved, value.orphans]
        case SignatureSetting():
            return [value.auto_add, value.present, sorted(value.features)]
        case ReplySetting():
            return [value.state.value, value.audience.value, value.internal_text, value.external_text]
        case ReplyRules():
            return [len(value.rules), value.hidden]
        case tuple():  # labels of sent items
            return [[label.strength, label.reach, label.evidence, label.week.isoformat()] for label in value]
    return value
