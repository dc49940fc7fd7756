"""The EWS operations that show who may read a mailbox: folder permissions, delegates, settings of Outlook.

Names of folders are compared by the server; none is among the properties asked for.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from exchangelib.services import FindFolder, GetDelegate, GetFolder, GetUserConfiguration

from mailbot.exchange.ews.calls import (
    FILTERED_PAGE,
    Element,
    M,
    Raw,
    T,
    _ask,
    checked,
    distinguished,
    el,
    only,
)
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason

PAGES = 40
"""Nobody has ten thousand folders with a private name: then the server repeats itself."""

CHUNK = 50
"""Ids in one request: 50 stay far below 64 KiB."""

USER_OPTIONS = "OWA.UserOptions"


class _FindFolder(Raw, FindFolder):  # type: ignore[misc]
    pass


class _GetFolder(Raw, GetFolder):  # type: ignore[misc]
    pass


class _GetDelegate(Raw, GetDelegate):  # type: ignore[misc]
    def _get_soap_messages(self, body: Element) -> list[Any]:
        """The answer as a whole: its own response code stands beside the messages of the delegates."""
        answer = body.find(self._response_tag())
        return [answer] if answer is not None else list(super()._get_soap_messages(body))


class _GetUserConfiguration(Raw, GetUserConfiguration):  # type: ignore[misc]
    pass


def _permission_shape() -> Element:
    return el(
        "m:FolderShape",
        el("t:BaseShape", text="IdOnly"),
        el("t:AdditionalProperties", el("t:FieldURI", FieldURI="folder:PermissionSet")),
    )


def inbox(box: Box, deadline: float) -> Element:
    """GetFolder of the inbox with its permissions. Gives the folder."""
    payload = el("m:GetFolder", _permission_shape(), el("m:FolderIds", distinguished(box, "inbox")))
    return _folder(only(_ask(_GetFolder(account=box), box.line, payload, deadline)))


def folders(box: Box, ids: Sequence[str], deadline: float) -> Iterator[Element]:
    """GetFolder with permissions, in chunks. Raises EwsTrouble for the first folder that cannot be read."""
    for first in range(0, len(ids), CHUNK):
        chunk = ids[first : first + CHUNK]
        wanted = el("m:FolderIds", *(el("t:FolderId", Id=id_) for id_ in chunk))
        payload = el("m:GetFolder", _permission_shape(), wanted)
        messages = _ask(_GetFolder(account=box), box.line, payload, deadline)
        if len(messages) != len(chunk):
            raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
        for message in messages:
            yield _folder(checked(message))


def _folder(message: Element) -> Element:
    found = message.findall(f"{M}Folders/*")
    if len(found) != 1:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_folder")
    return found[0]


def folders_named(box: Box, words: Sequence[str], deadline: float) -> list[str]:
    """FindFolder, deep: ids of the folders whose name has one of `words` in it, cases ignored.

    Search folders are left out: they hold nothing of their own.
    """
    found: dict[str, None] = {}
    offset = 0
    for _ in range(PAGES):
        payload = el(
            "m:FindFolder",
            el("m:FolderShape", el("t:BaseShape", text="IdOnly")),
            el(
                "m:IndexedPageFolderView",
                MaxEntriesReturned=FILTERED_PAGE,
                Offset=offset,
                BasePoint="Beginning",
            ),
            el("m:Restriction", any_of([contains("folder:DisplayName", word) for word in words])),
            el("m:ParentFolderIds", distinguished(box, "msgfolderroot")),
            Traversal="Deep",
        )
        root = only(_ask(_FindFolder(account=box), box.line, payload, deadline)).find(M + "RootFolder")
        if root is None:
            raise EwsTrouble(Reason.ANSWER_BROKEN, "no_root")
        for folder in root.iterfind(f"{T}Folders/*"):
            id_ = folder.find(T + "FolderId")
            if id_ is None or not id_.get("Id"):
                raise EwsTrouble(Reason.ANSWER_BROKEN, "no_id")
            if folder.tag != T + "SearchFolder":
                found[id_.get("Id", "")] = None
        following = next_page(root, offset)
        if following is None:
            return list(found)
        offset = following
    raise EwsTrouble(Reason.ANSWER_BROKEN, "endless")


def next_page(root: Element, offset: int) -> int | None:
    """The offset of the page after this one, None after the last. Raises EwsTrouble when it is no step on."""
    match root.get("IncludesLastItemInRange"):
        case "true" | "1":
            return None
        case "false" | "0":
            following = root.get("IndexedPagingOffset", "")
            if following.isdecimal() and int(following) > offset:
                return int(following)
    raise EwsTrouble(Reason.ANSWER_BROKEN, "paging")


def contains(field: str, text: str) -> Element:
    """A condition: `text` is somewhere in the field, cases ignored."""
    return el(
        "t:Contains",
        el("t:FieldURI", FieldURI=field),
        el("t:Constant", Value=text),
        ContainmentMode="Substring",
        ContainmentComparison="IgnoreCase",
    )


def any_of(conditions: Sequence[Element]) -> Element:
    """Exchange wants two operands at least in an Or."""
    return conditions[0] if len(conditions) == 1 else el("t:Or", *conditions)


def delegates(box: Box, deadline: float) -> list[Element]:
    """GetDelegate with permissions: one response message per delegate, faulty ones among them."""
    payload = el(
        "m:GetDelegate",
        el("m:Mailbox", el("t:EmailAddress", text=box.primary_smtp_address)),
        IncludePermissions=True,
    )
    answers = _ask(_GetDelegate(account=box), box.line, payload, deadline)
    if len(answers) != 1:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
    (answer,) = answers
    each = answer.findall(f"{M}ResponseMessages/{M}DelegateUserResponseMessageType")
    try:
        checked(answer)
    except EwsTrouble as trouble:
        if not each or trouble.code != "ErrorDelegateNoUser":
            raise
    return list(each)


def user_options(box: Box, deadline: float) -> Element | None:
    """GetUserConfiguration of OWA.UserOptions, which lies in the root folder. Gives m:UserConfiguration,
    None when the mailbox has none: nobody ever changed a setting in Outlook on the web."""
    payload = el(
        "m:GetUserConfiguration",
        el("m:UserConfigurationName", distinguished(box, "root"), Name=USER_OPTIONS),
        el("m:UserConfigurationProperties", text="Dictionary"),
    )
    try:
        message = only(_ask(_GetUserConfiguration(account=box), box.line, payload, deadline))
    except EwsTrouble as trouble:
        if trouble.code == "ErrorItemNotFound":
            return None
        raise
    found = message.find(M + "UserConfiguration")
    if found is None:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_configuration")
    return found
