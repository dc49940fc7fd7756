"""The usual answer: a list of response messages, one per thing that was asked."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from lxml import etree

from mailbot.simulator.calls import Call, Operation
from mailbot.simulator.soap import ResponseError, error_content

T = TypeVar("T")


def response(name: str, messages: Iterable[str]) -> str:
    return (
        f"<m:{name}Response><m:ResponseMessages>{''.join(messages)}</m:ResponseMessages></m:{name}Response>"
    )


def success(name: str, content: str = "") -> str:
    return (
        f'<m:{name}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"{content}</m:{name}ResponseMessage>"
    )


def failure(name: str, error: ResponseError, content: str = "") -> str:
    """`content` is what the schema wants even of a failure, such as an empty list of items."""
    return (
        f'<m:{name}ResponseMessage ResponseClass="Error">{error_content(error)}{content}'
        f"</m:{name}ResponseMessage>"
    )


def one_page(found: Sequence[T], view: etree._Element | None) -> tuple[Sequence[T], str]:
    """The page that an indexed view asks for, and the paging attributes of its answer.

    Without a view everything comes at once, and no offset of a next page.
    """
    if view is None:
        return found, f'TotalItemsInView="{len(found)}" IncludesLastItemInRange="true"'
    offset = int(view.get("Offset", "0"))
    page = found[offset : offset + int(view.get("MaxEntriesReturned", "1000"))]
    last = offset + len(page) >= len(found)
    return page, (
        f'IndexedPagingOffset="{offset + len(page)}" TotalItemsInView="{len(found)}" '
        f'IncludesLastItemInRange="{"true" if last else "false"}"'
    )


def operation(
    name: str, parts: Callable[[Call], Iterable[T]], one: Callable[[Call, T], str], *, on_failure: str = ""
) -> Operation:
    """An operation that answers each part on its own: one that fails does not touch the others."""

    def answer(call: Call) -> str:
        messages = []
        for part in parts(call):
            try:
                messages.append(success(name, one(call, part)))
            except ResponseError as error:
                call.first_error = call.first_error or error.code
                messages.append(failure(name, error, on_failure))
        return response(name, messages)

    def fail(call: Call, error: ResponseError) -> str:
        count = sum(1 for _ in parts(call)) or 1
        return response(name, [failure(name, error, on_failure)] * count)

    return Operation(answer, fail)
