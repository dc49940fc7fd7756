"""From GetInboxRules: rules that reply and rules that send mail on. Their names are let go at once."""

from collections.abc import Iterator

from mailbot.exchange.ews.readers import Element, M, T, boolean, moment, text_of
from mailbot.model.mailbox import ForwardRules, ReplyRule, ReplyRules

FORWARDING = ("ForwardToRecipients", "ForwardAsAttachmentToRecipients", "RedirectToRecipients")


def reply_rules(response: Element) -> ReplyRules:
    """GetInboxRules: enabled rules that reply from the server, and how many show no actions at all."""
    rules: list[ReplyRule] = []
    hidden = 0
    for rule, actions in _rules_at_work(response):
        if actions is None:
            hidden += 1
        elif actions.find(T + "ServerReplyWithMessage") is not None:
            rules.append(_reply_rule(rule))
    return ReplyRules(tuple(rules), hidden)


def forward_rules(response: Element) -> ForwardRules:
    """GetInboxRules: how many enabled rules send mail on, and how many show no actions at all."""
    forwards = hidden = 0
    for _, actions in _rules_at_work(response):
        if actions is None:
            hidden += 1
        elif any(actions.find(T + name) is not None for name in FORWARDING):
            forwards += 1
    return ForwardRules(forwards, hidden)


def _rules_at_work(response: Element) -> Iterator[tuple[Element, Element | None]]:
    """Enabled rules with their actions, None where the server does not show them."""
    for rule in response.iterfind(f"{M}InboxRules/{T}Rule"):
        if not boolean(text_of(rule, T + "IsEnabled")) or boolean(rule.findtext(T + "IsInError") or "false"):
            continue
        shown = not boolean(rule.findtext(T + "IsNotSupported") or "false")
        yield rule, rule.find(T + "Actions") if shown else None


def _reply_rule(rule: Element) -> ReplyRule:
    start = end = None
    conditions = list(rule.iterfind(f"{T}Conditions/*"))
    others = [condition for condition in conditions if condition.tag != T + "WithinDateRange"]
    exceptions = list(rule.iterfind(f"{T}Exceptions/*"))
    for dates in rule.iterfind(f"{T}Conditions/{T}WithinDateRange"):
        first, last = dates.findtext(T + "StartDateTime"), dates.findtext(T + "EndDateTime")
        start = moment(first) if first else None
        end = moment(last) if last else None
    return ReplyRule((start, end), conditional=bool(others or exceptions))
