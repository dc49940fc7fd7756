"""GetUserOofSettings and SetUserOofSettings: the automatic reply.

Shapes: EWS schema; articles "GetUserOofSettings operation" and "SetUserOofSettings operation" of
Microsoft's EWS reference. Outside state Scheduled the server fills in a period that means nothing.
"""

from datetime import datetime, timedelta

from mailbot.simulator.calls import Call, Operation
from mailbot.simulator.mailboxes import Flaw, Mailbox, Reply
from mailbot.simulator.soap import ResponseError, T, error_content, escape, utc_text


def _mailbox(call: Call) -> Mailbox:
    address = call.request.body.findtext(f"{T}Mailbox/{T}Address")
    if not address:
        raise ResponseError("ErrorMissingEmailAddress")
    return call.open(address.strip().lower())


def _get(call: Call) -> str:
    mailbox = _mailbox(call)
    settings = ""
    if Flaw.REPLY_MISSING not in mailbox.flaws:
        settings = _settings(mailbox.reply, call)
    return (
        '<m:GetUserOofSettingsResponse><m:ResponseMessage ResponseClass="Success">'
        f"<m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage>{settings}"
        "<m:AllowExternalOof>All</m:AllowExternalOof></m:GetUserOofSettingsResponse>"
    )


def _settings(reply: Reply, call: Call) -> str:
    if call.value_missing:
        return ""
    midnight = call.now.replace(minute=0, second=0, microsecond=0)
    start = reply.start or midnight
    end = reply.end or midnight + timedelta(days=1)
    return (
        f"<t:OofSettings><t:OofState>{reply.state}</t:OofState>"
        f"<t:ExternalAudience>{reply.audience}</t:ExternalAudience>"
        f"<t:Duration><t:StartTime>{utc_text(start)}</t:StartTime><t:EndTime>{utc_text(end)}</t:EndTime>"
        f"</t:Duration><t:InternalReply><t:Message>{escape(reply.internal)}</t:Message></t:InternalReply>"
        f"<t:ExternalReply><t:Message>{escape(reply.external)}</t:Message></t:ExternalReply></t:OofSettings>"
    )


def _set(call: Call) -> str:
    mailbox = _mailbox(call)
    wanted = call.request.body.find(T + "UserOofSettings")
    if wanted is None:
        raise ResponseError("ErrorInvalidRequest")
    start = wanted.findtext(f"{T}Duration/{T}StartTime")
    end = wanted.findtext(f"{T}Duration/{T}EndTime")
    state = wanted.findtext(T + "OofState") or "Disabled"
    if state == "Scheduled" and not (start and end):
        raise ResponseError("ErrorInvalidRequest")
    call.journal.set_reply(
        mailbox,
        Reply(
            state,
            wanted.findtext(T + "ExternalAudience") or "None",
            _moment(start),
            _moment(end),
            wanted.findtext(f"{T}InternalReply/{T}Message") or "",
            wanted.findtext(f"{T}ExternalReply/{T}Message") or "",
        ),
    )
    return (
        '<m:SetUserOofSettingsResponse><m:ResponseMessage ResponseClass="Success">'
        "<m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage></m:SetUserOofSettingsResponse>"
    )


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        raise ResponseError("ErrorInvalidRequest")
    return moment


def _operation(name: str, get: bool) -> Operation:
    def fail(call: Call, error: ResponseError) -> str:
        call.first_error = call.first_error or error.code
        return (
            f'<m:{name}Response><m:ResponseMessage ResponseClass="Error">{error_content(error)}'
            f"</m:ResponseMessage></m:{name}Response>"
        )

    def answer(call: Call) -> str:
        try:
            return _get(call) if get else _set(call)
        except ResponseError as error:
            return fail(call, error)

    return Operation(answer, fail)


GET_USER_OOF_SETTINGS = _operation("GetUserOofSettings", get=True)
SET_USER_OOF_SETTINGS = _operation("SetUserOofSettings", get=False)
