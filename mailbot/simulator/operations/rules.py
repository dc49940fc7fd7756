"""GetInboxRules: the rules of an inbox; of an unsupported rule neither conditions nor actions.

Shapes: EWS schema; article "GetInboxRules operation" of Microsoft's EWS reference.
"""

from mailbot.simulator.calls import Call, Operation
from mailbot.simulator.mailboxes import Flaw, InboxRule, Mailbox, opaque
from mailbot.simulator.soap import M, ResponseError, attribute, error_content, escape, utc_text


def _answer(call: Call) -> str:
    try:
        address = call.request.body.findtext(M + "MailboxSmtpAddress")
        mailbox = call.open(address.strip().lower() if address else None)
        if Flaw.RULES_DENIED in mailbox.flaws:
            raise ResponseError("ErrorAccessDenied")
    except ResponseError as error:
        return _fail(call, error)
    rules = "".join(_rule(mailbox, number, rule) for number, rule in enumerate(mailbox.rules, start=1))
    listed = f"<m:InboxRules>{rules}</m:InboxRules>" if rules else ""
    return (
        '<m:GetInboxRulesResponse ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"<m:OutlookRuleBlobExists>{'true' if rules else 'false'}</m:OutlookRuleBlobExists>{listed}"
        "</m:GetInboxRulesResponse>"
    )


def _fail(call: Call, error: ResponseError) -> str:
    call.first_error = call.first_error or error.code
    return f'<m:GetInboxRulesResponse ResponseClass="Error">{error_content(error)}</m:GetInboxRulesResponse>'


def _rule(mailbox: Mailbox, number: int, rule: InboxRule) -> str:
    head = (
        f"<t:Rule><t:RuleId>{opaque(f'rule|{mailbox.guid}|{number}')}</t:RuleId>"
        f"<t:DisplayName>{escape(rule.name)}</t:DisplayName><t:Priority>{number}</t:Priority>"
        f"<t:IsEnabled>{_bool(rule.enabled)}</t:IsEnabled>"
    )
    if not rule.supported:
        return head + "<t:IsNotSupported>true</t:IsNotSupported></t:Rule>"
    return (
        f"{head}{_predicates('Conditions', _conditions(rule))}"
        f"{_predicates('Exceptions', _addresses('FromAddresses', rule.except_from))}"
        f"<t:Actions>{_actions(mailbox, number, rule)}</t:Actions></t:Rule>"
    )


def _conditions(rule: InboxRule) -> str:
    words = "".join(f"<t:String>{escape(word)}</t:String>" for word in rule.subject_words)
    period = ""
    if rule.starts or rule.ends:
        start = f"<t:StartDateTime>{utc_text(rule.starts)}</t:StartDateTime>" if rule.starts else ""
        end = f"<t:EndDateTime>{utc_text(rule.ends)}</t:EndDateTime>" if rule.ends else ""
        period = f"<t:WithinDateRange>{start}{end}</t:WithinDateRange>"
    subject = f"<t:ContainsSubjectStrings>{words}</t:ContainsSubjectStrings>" if words else ""
    return subject + _addresses("FromAddresses", rule.only_from) + period


def _actions(mailbox: Mailbox, number: int, rule: InboxRule) -> str:
    """In the order of the schema; a rule that does nothing else marks as read."""
    parts = [_addresses("ForwardToRecipients", rule.forwards_to)]
    if not (rule.forwards_to or rule.moves or rule.replies):
        parts.append("<t:MarkAsRead>true</t:MarkAsRead>")
    if rule.moves:
        target = mailbox.folders.by_name["deleteditems"].id
        parts.append(f"<t:MoveToFolder><t:FolderId Id={attribute(target)}/></t:MoveToFolder>")
    if rule.replies:
        template = opaque(f"template|{mailbox.guid}|{number}")
        parts.append(f'<t:ServerReplyWithMessage Id={attribute(template)} ChangeKey="AQAAAA=="/>')
    return "".join(parts)


def _addresses(name: str, address: str) -> str:
    if not address:
        return ""
    return (
        f"<t:{name}><t:Address><t:EmailAddress>{escape(address)}</t:EmailAddress>"
        f"<t:RoutingType>SMTP</t:RoutingType></t:Address></t:{name}>"
    )


def _predicates(name: str, content: str) -> str:
    return f"<t:{name}>{content}</t:{name}>" if content else ""


def _bool(value: bool) -> str:
    return "true" if value else "false"


GET_INBOX_RULES = Operation(_answer, _fail)
