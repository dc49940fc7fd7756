"""ConvertId: clients ask it to find out the server's version.

Shapes: EWS schema; article "ConvertId operation" of Microsoft's EWS reference.
"""

from collections.abc import Iterable

from lxml import etree

from mailbot.simulator.calls import Call
from mailbot.simulator.mailboxes import owner_of
from mailbot.simulator.operations.messages import operation
from mailbot.simulator.soap import M, ResponseError, attribute


def _sources(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}SourceIds/*")


def _convert(call: Call, source: etree._Element) -> str:
    identifier = source.get("Id", "")
    if owner_of(identifier) is None:
        raise ResponseError("ErrorInvalidIdMalformed")
    return (
        '<m:AlternateId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:AlternateIdType" '
        f"Format={attribute(call.request.body.get('DestinationFormat', 'EwsId'))} "
        f"Id={attribute(identifier)} Mailbox={attribute(source.get('Mailbox', ''))}/>"
    )


CONVERT_ID = operation("ConvertId", _sources, _convert)
