"""GetUserConfiguration: the options of Outlook on the web, the only configuration object in this town.

Shapes: EWS schema; article "GetUserConfiguration operation" of Microsoft's EWS reference. The object
`OWA.UserOptions` stands in the root folder, with typed keys and values in a dictionary.
"""

from collections.abc import Iterable

from lxml import etree

from mailbot.simulator.calls import Call
from mailbot.simulator.mailboxes import Flaw, OwaOptions, opaque
from mailbot.simulator.operations.messages import operation
from mailbot.simulator.soap import M, ResponseError, attribute, escape

OPTIONS = "OWA.UserOptions"
_OTHER_OPTIONS = (("timezone", "String", "W. Europe Standard Time"), ("composefontsize", "Integer32", "3"))
"""What stands in everybody's dictionary beside the signature."""


def _asked(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(M + "UserConfigurationName")


def _get(call: Call, name: etree._Element) -> str:
    if len(name) != 1:
        raise ResponseError("ErrorInvalidRequest")
    mailbox, folder = call.folder(name[0])
    if Flaw.OPTIONS_DENIED in mailbox.flaws:
        raise ResponseError("ErrorAccessDenied")
    if name.get("Name") != OPTIONS or folder.distinguished != "root" or mailbox.owa is None:
        raise ResponseError("ErrorItemNotFound")
    parts = set((call.request.body.findtext(M + "UserConfigurationProperties") or "").split())
    content = f'<t:UserConfigurationName Name="{OPTIONS}"><t:FolderId Id={attribute(folder.id)}/>'
    content += "</t:UserConfigurationName>"
    if parts & {"Id", "All"}:
        identifier = opaque(f"item|{mailbox.guid}|{OPTIONS}")
        content += f'<t:ItemId Id={attribute(identifier)} ChangeKey="CQAAAA=="/>'
    if parts & {"Dictionary", "All"} and not call.value_missing:
        content += f"<t:Dictionary>{_dictionary(mailbox.owa)}</t:Dictionary>"
    return f"<m:UserConfiguration>{content}</m:UserConfiguration>"


def _dictionary(options: OwaOptions) -> str:
    rows = list(_OTHER_OPTIONS)
    if options.auto_add is not None:
        rows.append(("autoaddsignature", "Boolean", "true" if options.auto_add else "false"))
    if options.html is not None:
        rows.append(("signaturehtml", "String", options.html))
    if options.text is not None:
        rows.append(("signaturetext", "String", options.text))
    return "".join(
        f"<t:DictionaryEntry><t:DictionaryKey><t:Type>String</t:Type><t:Value>{key}</t:Value>"
        f"</t:DictionaryKey><t:DictionaryValue><t:Type>{kind}</t:Type><t:Value>{escape(value)}</t:Value>"
        "</t:DictionaryValue></t:DictionaryEntry>"
        for key, kind, value in rows
    )


GET_USER_CONFIGURATION = operation("GetUserConfiguration", _asked, _get)
