"""Folders of the bench's Exchange: every property in EWS form, in the schema's order."""

from collections.abc import Sequence

from tests.bench.items import RIGHTS, leaf, opaque
from tests.bench.payload import Folder, Payload

SIZE = "0x0E08"


def level(address: str, word: str, calendar: bool) -> str:
    """An entry of a permission set: somebody by address, or by one of Exchange's two words."""
    named = address in ("Default", "Anonymous")
    user = (
        leaf("DistinguishedUser", address)
        if named
        else leaf("SID", "S-1-5-21-1004336348-1177238915-682003330-1103")
        + leaf("PrimarySmtpAddress", address)
        + leaf("DisplayName", "Een Collega")
    )
    rights = "".join(
        leaf(name, text)
        for name, text in (
            ("CanCreateItems", "false"),
            ("CanCreateSubFolders", "false"),
            ("IsFolderOwner", "false"),
            ("IsFolderVisible", "true"),
            ("IsFolderContact", "false"),
            ("EditItems", "None"),
            ("DeleteItems", "None"),
            ("ReadItems", "None" if word == "None" else "FullDetails"),
        )
    )
    kind = "CalendarPermission" if calendar else "Permission"
    return f"<t:{kind}><t:UserId>{user}</t:UserId>{rights}{leaf(kind + 'Level', word)}</t:{kind}>"


class Folders:
    """Folders of one mailbox: who may read it, and whether one of them has a private name."""

    def __init__(self, payload: Payload, traits: frozenset[str]) -> None:
        self.all: Sequence[Folder] = payload.folders
        self.by_key = {folder.key: folder for folder in self.all}
        self.by_name = {folder.distinguished: folder for folder in self.all if folder.distinguished}
        self._private = "private_folder" in traits
        inbox = payload.settings["inbox"]
        readers = inbox["readers"][:1] if "few_colleagues" in traits else inbox["readers"]
        self._entries = [(payload.address(number), inbox["level"]) for number in readers]
        self._entries += [("Default", "None"), ("Anonymous", "None")]

    def name(self, folder: Folder) -> str:
        return folder.private if self._private else folder.name

    def below(self, folder: Folder) -> list[Folder]:
        """All folders under this one, in their order."""
        inside = {folder.key}
        found = []
        for one in self.all:
            if one.parent in inside:
                inside.add(one.key)
                found.append(one)
        return found

    def shown(self, folder: Folder, asked: frozenset[str]) -> str:
        """The folder's element with the properties that are asked for."""
        children = sum(one.parent == folder.key for one in self.all)
        calendar = folder.kind == "CalendarFolder"
        parent = f'<t:ParentFolderId Id="{opaque(folder.parent or folder.key)}" ChangeKey="AQAAAA=="/>'
        properties = {
            "folder:ParentFolderId": parent,
            "folder:FolderClass": leaf("FolderClass", folder.folder_class),
            "folder:DisplayName": leaf("DisplayName", self.name(folder)),
            "folder:TotalCount": leaf("TotalCount", str(folder.items)),
            "folder:ChildFolderCount": leaf("ChildFolderCount", str(children)),
            SIZE: f'<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0xe08" PropertyType="Long"/>'
            f"<t:Value>{folder.size}</t:Value></t:ExtendedProperty>",
            "folder:EffectiveRights": RIGHTS,
            "folder:DistinguishedFolderId": leaf("DistinguishedFolderId", folder.distinguished)
            if folder.distinguished
            else "",
            "folder:PermissionSet": self._permissions(calendar),
            "folder:UnreadCount": "" if folder.kind in _UNCOUNTED else leaf("UnreadCount", "0"),
        }
        inside = "".join(text for name, text in properties.items() if name in asked)
        own = f'<t:FolderId Id="{opaque(folder.key)}" ChangeKey="AQAAAA=="/>'
        return f"<t:{folder.kind}>{own}{inside}</t:{folder.kind}>"

    def _permissions(self, calendar: bool) -> str:
        kind = "CalendarPermissions" if calendar else "Permissions"
        entries = "".join(level(address, word, calendar) for address, word in self._entries)
        return f"<t:PermissionSet><t:{kind}>{entries}</t:{kind}></t:PermissionSet>"


_UNCOUNTED = ("CalendarFolder", "ContactsFolder")
