"""FindFolder and GetFolder: the folder tree, limited to the properties asked for.

Shapes: EWS schema; articles "FindFolder operation" and "GetFolder operation" of Microsoft's EWS reference.
Permissions come with GetFolder only.
"""

from collections.abc import Iterable

from lxml import etree

from mailbot.simulator.calls import Call
from mailbot.simulator.incoming import Shape
from mailbot.simulator.mailboxes import Flaw, Folder, FolderKind, Folders, Mailbox
from mailbot.simulator.operations.messages import one_page, operation
from mailbot.simulator.operations.permissions import permission_set
from mailbot.simulator.operations.restrictions import folder_matches
from mailbot.simulator.soap import M, ResponseError, SoapFault, attribute, escape

SIZE_TAG = "0xe08"
PERMISSIONS = "folder:PermissionSet"
_SIZE_TYPES = ("Long", "Integer")


def _parents(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}ParentFolderIds/*")


def _find(call: Call, element: etree._Element) -> str:
    mailbox, parent = call.folder(element)
    tree = _tree(mailbox, parent)
    traversal = call.request.body.get("Traversal")
    if traversal == "Deep":
        found = list(tree.below(parent))
    elif traversal == "Shallow":
        found = tree.children(parent)
    else:
        raise SoapFault("ErrorSchemaValidation")
    restriction = call.request.body.find(M + "Restriction")
    if restriction is not None:
        found = [one for one in found if folder_matches(one, len(tree.children(one)), restriction)]
    view = call.request.body.find(M + "IndexedPageFolderView")
    page, paging = one_page(found, view)
    folders = "".join(folder_xml(tree, folder, call.request.shape, call) for folder in page)
    return f"<m:RootFolder {paging}><t:Folders>{folders}</t:Folders></m:RootFolder>"


def _wanted(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}FolderIds/*")


def _get(call: Call, element: etree._Element) -> str:
    mailbox, folder = call.folder(element)
    permissions = ""
    if PERMISSIONS in call.request.shape:
        if Flaw.PERMISSIONS_DENIED in mailbox.flaws:
            raise ResponseError("ErrorAccessDenied")
        permissions = "" if call.value_missing else permission_set(call.town, mailbox, folder)
    found = folder_xml(_tree(mailbox, folder), folder, call.request.shape, call, permissions)
    return f"<m:Folders>{found}</m:Folders>"


def _tree(mailbox: Mailbox, folder: Folder) -> Folders:
    if folder.id in mailbox.folders.by_id:
        return mailbox.folders
    if mailbox.archive is None:
        raise ResponseError("ErrorFolderNotFound")
    return mailbox.archive


def folder_xml(tree: Folders, folder: Folder, shape: Shape, call: Call, permissions: str = "") -> str:
    """One folder element, its children in the order of the schema, `permissions` among them."""
    parts = [f'<t:{folder.kind}><t:FolderId Id={attribute(folder.id)} ChangeKey="AQAAAA=="/>']
    if "folder:ParentFolderId" in shape and folder.parent:
        parts.append(f'<t:ParentFolderId Id={attribute(folder.parent)} ChangeKey="AQAAAA=="/>')
    if "folder:FolderClass" in shape and folder.folder_class:
        parts.append(f"<t:FolderClass>{folder.folder_class}</t:FolderClass>")
    if "folder:DisplayName" in shape:
        parts.append(f"<t:DisplayName>{escape(folder.name)}</t:DisplayName>")
    if "folder:TotalCount" in shape:
        parts.append(f"<t:TotalCount>{folder.items}</t:TotalCount>")
    if "folder:ChildFolderCount" in shape:
        parts.append(f"<t:ChildFolderCount>{len(tree.children(folder))}</t:ChildFolderCount>")
    for owner, name, kind in shape.extended:
        if owner == "tag" and name == SIZE_TAG and kind in _SIZE_TYPES:
            parts.append(_size(folder, kind, call))
    if "folder:DistinguishedFolderId" in shape and folder.distinguished:
        parts.append(f"<t:DistinguishedFolderId>{folder.distinguished}</t:DistinguishedFolderId>")
    parts.append(permissions)
    if "folder:UnreadCount" in shape and folder.kind not in (FolderKind.CALENDAR, FolderKind.CONTACTS):
        parts.append("<t:UnreadCount>0</t:UnreadCount>")
    parts.append(f"</t:{folder.kind}>")
    return "".join(parts)


def _size(folder: Folder, kind: str, call: Call) -> str:
    if folder.size is None or call.value_missing:
        return ""
    size = folder.size if kind == "Long" else (folder.size + 2**31) % 2**32 - 2**31
    return (
        f'<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="{SIZE_TAG}" PropertyType="{kind}"/>'
        f"<t:Value>{size}</t:Value></t:ExtendedProperty>"
    )


FIND_FOLDER = operation("FindFolder", _parents, _find)
GET_FOLDER = operation("GetFolder", _wanted, _get, on_failure="<m:Folders/>")
