"""SyncFolderItems: what became of the items of a folder since a state that the server gave earlier.

Shapes: EWS schema; article "SyncFolderItems operation" of Microsoft's EWS reference. A state is opaque for
clients; inside stands how far the list of changes was shown.
"""

import base64
from collections.abc import Iterable, Iterator

from lxml import etree

from mailbot.simulator.calls import Call
from mailbot.simulator.mailboxes import ChangeKind, Folder, Mailbox, opaque
from mailbot.simulator.operations.item_xml import item_xml
from mailbot.simulator.operations.items import check_sent
from mailbot.simulator.operations.messages import operation
from mailbot.simulator.soap import M, ResponseError, SoapFault, attribute

VERSION = "1"
MOST = 512
"""Changes of one page, by t:MaxSyncChangesReturnedType."""


def _folders(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}SyncFolderId/*")


def _sync(call: Call, element: etree._Element) -> str:
    mailbox, folder = call.folder(element)
    check_sent(mailbox, folder.id)
    asked = call.request.body.findtext(M + "MaxChangesReturned") or ""
    if not asked.isdecimal() or not 1 <= int(asked) <= MOST:
        raise SoapFault("ErrorSchemaValidation")
    with call.journal.lock:
        past = mailbox.past.count if mailbox.past is not None and mailbox.past.folder == folder.id else 0
        start = _position(mailbox, folder, call.request.body.findtext(M + "SyncState"))
        end = min(past, start + int(asked))
        shown = [_shown(call, mailbox, ChangeKind.CREATE, id_) for id_ in _past_ids(mailbox, start, end)]
        end = max(start, end)
        if len(shown) < int(asked):
            first: dict[str, ChangeKind] = {}
            for kind, item_id, place in mailbox.items.changes[end - past :]:
                if place == folder.id and item_id not in first:
                    if len(shown) + len(first) == int(asked):
                        break
                    first[item_id] = kind
                end += 1
            shown += [_shown(call, mailbox, kind, item_id) for item_id, kind in first.items()]
        last = end == past + len(mailbox.items.changes)
    return (
        f"<m:SyncState>{_state(mailbox, folder, end)}</m:SyncState>"
        f"<m:IncludesLastItemInRange>{'true' if last else 'false'}</m:IncludesLastItemInRange>"
        f"<m:Changes>{''.join(shown)}</m:Changes>"
    )


def _past_ids(mailbox: Mailbox, start: int, end: int) -> Iterator[str]:
    if mailbox.past is not None:
        yield from (mailbox.past.item(number).id for number in range(start, end))


def _shown(call: Call, mailbox: Mailbox, first: ChangeKind, item_id: str) -> str:
    """One item with all that became of it on this page; `first` is the first of it."""
    item = mailbox.item(item_id)
    if item is not None:
        kind = first if first is ChangeKind.CREATE else ChangeKind.UPDATE
        return f"<t:{kind}>{item_xml(item, call, listing=True)}</t:{kind}>"
    if first is ChangeKind.CREATE:
        return ""  # came and went: nobody was told of it
    return f'<t:Delete><t:ItemId Id={attribute(item_id)} ChangeKey="CQAAAA=="/></t:Delete>'


def _state(mailbox: Mailbox, folder: Folder, position: int) -> str:
    return opaque(f"sync {VERSION}|{folder.id}|{mailbox.items.age}.{position}")


def _position(mailbox: Mailbox, folder: Folder, state: str | None) -> int:
    """Raises ResponseError for a state that is not of this server, this folder and this age."""
    if not state:
        return 0
    try:
        name, place, where = base64.b64decode(state.encode("ascii"), validate=True).decode().split("|")
        age, position = map(int, where.split("."))
    except ValueError:
        raise ResponseError("ErrorInvalidSyncStateData") from None
    if (name, place, age) != (f"sync {VERSION}", folder.id, mailbox.items.age):
        raise ResponseError("ErrorInvalidSyncStateData")
    return position


SYNC_FOLDER_ITEMS = operation("SyncFolderItems", _folders, _sync)
