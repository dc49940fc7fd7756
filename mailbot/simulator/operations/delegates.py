"""GetDelegate: the delegates that Outlook shows for a mailbox.

Shapes: EWS schema; article "GetDelegate operation" of Microsoft's EWS reference. The message is the response
element itself, with one message per delegate in it. A delegate whose account is no more is told as
ErrorDelegateNoUser beside the good ones, without a word about who it was. Without delegates there is no
list. Delegates that are groups are not supported: the whole operation fails, with a code that the article
does not name; here ErrorDelegateNoUser, as a group is no user.
"""

from mailbot.simulator.calls import Call, Operation
from mailbot.simulator.mailboxes import Flaw, Mailbox, Right
from mailbot.simulator.operations.permissions import sid_of, user_id
from mailbot.simulator.soap import M, ResponseError, T, error_content

_FOLDERS = {
    "Calendar": "calendar",
    "Tasks": "tasks",
    "Inbox": "inbox",
    "Contacts": "contacts",
    "Notes": "notes",
    "Journal": "journal",
}
"""The folders of t:DelegatePermissions in the order of the schema, with their distinguished names."""
_LEVELS = frozenset({"None", "Editor", "Reviewer", "Author", "Custom"})


def _answer(call: Call) -> str:
    try:
        address = call.request.body.findtext(f"{M}Mailbox/{T}EmailAddress")
        mailbox = call.open(address.strip().lower() if address else None)
        if Flaw.DELEGATES_DENIED in mailbox.flaws:
            raise ResponseError("ErrorAccessDenied")
        delegates = _delegates(mailbox)
        if any(right.account.lower() in call.town.groups for right in delegates):
            raise ResponseError("ErrorDelegateNoUser")
    except ResponseError as error:
        return _fail(call, error)
    messages = "".join(_messages(call, mailbox, delegates))
    listed = f"<m:ResponseMessages>{messages}</m:ResponseMessages>" if messages else ""
    return (
        '<m:GetDelegateResponse ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"{listed}<m:DeliverMeetingRequests>DelegatesOnly</m:DeliverMeetingRequests></m:GetDelegateResponse>"
    )


def _fail(call: Call, error: ResponseError) -> str:
    call.first_error = call.first_error or error.code
    return f'<m:GetDelegateResponse ResponseClass="Error">{error_content(error)}</m:GetDelegateResponse>'


def _delegates(mailbox: Mailbox) -> list[Right]:
    """One right for each delegate, whichever folders it is a delegate for; orphans one by one."""
    rights = [right for rights in mailbox.rights.values() for right in rights if right.delegate]
    known = {right.account.lower(): right for right in reversed(rights) if not right.orphan}
    orphans = [right for right in rights if right.orphan]
    return [*reversed(known.values()), *orphans]


def _messages(call: Call, mailbox: Mailbox, delegates: list[Right]) -> list[str]:
    asked = [
        (element.text or "").strip().lower()
        for element in call.request.body.iterfind(f"{M}UserIds/{T}UserId/{T}PrimarySmtpAddress")
    ]
    by_account = {right.account.lower(): right for right in delegates if not right.orphan}
    strangers = [_error("ErrorNotDelegate") for account in asked if account not in by_account]
    chosen = [by_account[account] for account in asked if account in by_account] if asked else delegates
    return [*(_message(call, mailbox, right) for right in chosen), *strangers]


def _message(call: Call, mailbox: Mailbox, right: Right) -> str:
    if right.orphan:
        return _error("ErrorDelegateNoUser")
    return (
        '<m:DelegateUserResponseMessageType ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"{_user(call, mailbox, right)}</m:DelegateUserResponseMessageType>"
    )


def _error(code: str) -> str:
    return (
        '<m:DelegateUserResponseMessageType ResponseClass="Error">'
        f"{error_content(ResponseError(code))}</m:DelegateUserResponseMessageType>"
    )


def _user(call: Call, mailbox: Mailbox, right: Right) -> str:
    if call.value_missing:
        return ""
    levels = ""
    if call.request.body.get("IncludePermissions") in ("true", "1"):
        levels = "".join(
            f"<t:{name}FolderPermissionLevel>{_level(mailbox, distinguished, right)}"
            f"</t:{name}FolderPermissionLevel>"
            for name, distinguished in _FOLDERS.items()
        )
        levels = f"<t:DelegatePermissions>{levels}</t:DelegatePermissions>"
    return (
        f"<m:DelegateUser>{user_id(call.town, right, sid_of(right.account))}{levels}"
        "<t:ReceiveCopiesOfMeetingMessages>false</t:ReceiveCopiesOfMeetingMessages>"
        "<t:ViewPrivateItems>false</t:ViewPrivateItems></m:DelegateUser>"
    )


def _level(mailbox: Mailbox, distinguished: str, delegate: Right) -> str:
    folder = mailbox.folders.by_name.get(distinguished)
    rights = mailbox.rights.get(folder.id, []) if folder else []
    account = delegate.account.lower()
    level = next((right.level for right in rights if right.account.lower() == account), "None")
    return level if level in _LEVELS else "Custom"


GET_DELEGATE = Operation(_answer, _fail)
