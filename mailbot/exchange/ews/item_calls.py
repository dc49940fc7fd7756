"""FindItem, for all who look for items: one page of one folder and no deeper, oldest first."""

from collections.abc import Sequence

from exchangelib.services import FindItem

from mailbot.exchange.ews import calls
from mailbot.exchange.ews.access_calls import next_page
from mailbot.exchange.ews.calls import Element, M, Raw, T, distinguished, el, only
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason


class _FindItem(Raw, FindItem):  # type: ignore[misc]
    pass


def find_items(
    box: Box,
    folder: str,
    wanted: Element,
    condition: Element,
    *,
    by: str,
    most: int,
    offset: int,
    deadline: float,
) -> Element:
    """At most `most` items of a distinguished folder that meet the condition, from `offset` on, with what the
    m:ItemShape `wanted` names. In the order of the field `by`: what comes in meanwhile moves nothing. Gives
    m:RootFolder. Raises EwsTrouble."""
    payload = el(
        "m:FindItem",
        wanted,
        el("m:IndexedPageItemView", MaxEntriesReturned=most, Offset=offset, BasePoint="Beginning"),
        el("m:Restriction", condition),
        el("m:SortOrder", el("t:FieldOrder", el("t:FieldURI", FieldURI=by), Order="Ascending")),
        el("m:ParentFolderIds", distinguished(box, folder)),
        Traversal="Shallow",
    )
    root = only(calls._ask(_FindItem(account=box), box.line, payload, deadline)).find(M + "RootFolder")
    if root is None:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_root")
    return root


def items_on(root: Element, offset: int) -> tuple[list[Element], bool]:
    """The items of the page that begins at `offset`, and whether it is the last one. Raises EwsTrouble for a
    page after which the next one would leave a gap or overlap."""
    found = root.findall(f"{T}Items/*")
    following = next_page(root, offset)
    if following is not None and following != offset + len(found):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "paging")
    return found, following is None


def shape(fields: Sequence[str], headers: Sequence[str] = ()) -> Element:
    """m:ItemShape: ids, these fields, and these headers of the mail."""
    return el(
        "m:ItemShape",
        el("t:BaseShape", text="IdOnly"),
        el(
            "t:AdditionalProperties",
            *(el("t:FieldURI", FieldURI=field) for field in fields),
            *map(header_uri, headers),
        ),
    )


def header_uri(name: str) -> Element:
    return el(
        "t:ExtendedFieldURI",
        DistinguishedPropertySetId="InternetHeaders",
        PropertyName=name,
        PropertyType="String",
    )


def constant(value: str) -> Element:
    return el("t:FieldURIOrConstant", el("t:Constant", Value=value))


def reference_of(item_id: Element | None) -> str:
    """What a t:ItemId says, in one word. Raises EwsTrouble when there is none."""
    if item_id is None or not item_id.get("Id"):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_id")
    return f"{item_id.get('Id')}|{item_id.get('ChangeKey', '')}"
