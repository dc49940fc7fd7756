"""The Exchange attributes of a directory, as schema records for a test forest.

Names, syntaxes and classes are those of Exchange; object identifiers and link numbers are made up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

ARC = "1.3.6.1.4.1.99999.1"
FIRST_LINK = 31000
DN_CLASS = "KwwCh3McAIVK"
"""The OM object class of a distinguished name, in base64."""

READABLE = "D:(A;;RPWPCRCCDCLCLOLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)"
"""Administrators may do all, whoever is signed in may read."""

SHARED_BY_ALL = (
    "Object-Class",
    "Object-Category",
    "SAM-Account-Type",
    "Primary-Group-ID",
    "User-Account-Control",
)
"""Attributes with the same value in all people: an index of them is written anew with each person, which
makes loading 5,000 people take 29 seconds instead of 8."""


class Syntax(Enum):
    """Attribute syntax and OM syntax."""

    OCTETS = ("2.5.5.10", 4)
    INTEGER = ("2.5.5.9", 2)
    LARGE = ("2.5.5.16", 65)
    BOOLEAN = ("2.5.5.8", 1)
    TEXT = ("2.5.5.12", 64)
    TIME = ("2.5.5.11", 24)
    NAME = ("2.5.5.1", 127)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`back` names the attribute on the other end of a link."""

    name: str
    syntax: Syntax
    many: bool = False
    back: str | None = None


QUOTA = (
    Attribute("mDBUseDefaults", Syntax.BOOLEAN),
    Attribute("mDBStorageQuota", Syntax.INTEGER),
    Attribute("mDBOverQuotaLimit", Syntax.INTEGER),
    Attribute("mDBOverHardQuotaLimit", Syntax.INTEGER),
)
MAILBOX = (
    Attribute("msExchMailboxGuid", Syntax.OCTETS),
    Attribute("msExchArchiveGUID", Syntax.OCTETS),
    Attribute("msExchRecipientTypeDetails", Syntax.LARGE),
    Attribute("msExchRecipientDisplayType", Syntax.INTEGER),
    Attribute("msExchRemoteRecipientType", Syntax.LARGE),
    Attribute("msExchVersion", Syntax.LARGE),
    Attribute("msExchUserAccountControl", Syntax.INTEGER),
    Attribute("msExchMasterAccountSid", Syntax.OCTETS),
    Attribute("msExchHideFromAddressLists", Syntax.BOOLEAN),
    Attribute("mailNickname", Syntax.TEXT),
    Attribute("targetAddress", Syntax.TEXT),
    # in Exchange a link too; here that would make loading thousands of people on one database slow
    Attribute("homeMDB", Syntax.NAME),
    Attribute("altRecipient", Syntax.NAME, back="altRecipientBL"),
    Attribute("deliverAndRedirect", Syntax.BOOLEAN),
    Attribute("msExchGenericForwardingAddress", Syntax.TEXT),
    Attribute("msExchLitigationHoldDate", Syntax.TIME),
    Attribute("msExchUserHoldPolicies", Syntax.TEXT, many=True),
    Attribute("publicDelegates", Syntax.NAME, many=True, back="publicDelegatesBL"),
    Attribute("msExchDelegateListLink", Syntax.NAME, many=True, back="msExchDelegateListBL"),
    *(Attribute(f"extensionAttribute{number}", Syntax.TEXT) for number in range(1, 16)),
)
DATABASE_PARENT = "msExchMDB"
DATABASE = "msExchPrivateMDB"
LINKS = frozenset(a.name.lower() for a in MAILBOX if a.syntax is Syntax.NAME)


def steps(base: str) -> tuple[str, ...]:
    """LDIF for one run each: a run does not see what it taught the schema itself."""
    schema = f"CN=Schema,CN=Configuration,{base}"
    return (
        "\n".join(_attributes(schema)),
        _class(schema, DATABASE_PARENT, "top", 2, 1, "container"),
        _class(schema, DATABASE, DATABASE_PARENT, 1, 2, "container"),
        _user(schema),
        "\n".join(_unindexed(schema, name) for name in SHARED_BY_ALL),
    )


def _attributes(schema: str) -> Iterator[str]:
    number = link = 0
    for attribute in (*QUOTA, *MAILBOX):
        number += 1
        if attribute.back is None:
            yield _attribute(schema, attribute, number, None)
            continue
        # a forward link has an even number, its back link the next
        yield _attribute(schema, attribute, number, FIRST_LINK + link)
        number += 1
        back = Attribute(attribute.back, Syntax.NAME, many=True)
        yield _attribute(schema, back, number, FIRST_LINK + link + 1)
        link += 2


def _attribute(schema: str, attribute: Attribute, number: int, link: int | None) -> str:
    syntax, om_syntax = attribute.syntax.value
    lines = [
        f"dn: CN={attribute.name},{schema}",
        "changetype: add",
        "objectClass: attributeSchema",
        f"lDAPDisplayName: {attribute.name}",
        f"attributeID: {ARC}.1.{number}",
        f"attributeSyntax: {syntax}",
        f"oMSyntax: {om_syntax}",
        f"isSingleValued: {str(not attribute.many).upper()}",
        "showInAdvancedViewOnly: TRUE",
    ]
    if attribute.syntax is Syntax.NAME:
        lines.append(f"oMObjectClass:: {DN_CLASS}")
    if link is not None:
        lines.append(f"linkID: {link}")
    return "\n".join(lines) + "\n"


def _class(schema: str, name: str, parent: str, category: int, number: int, within: str) -> str:
    """Category 1 is a structural class, 2 an abstract one."""
    lines = [
        f"dn: CN={name},{schema}",
        "changetype: add",
        "objectClass: classSchema",
        f"lDAPDisplayName: {name}",
        f"governsID: {ARC}.2.{number}",
        f"objectClassCategory: {category}",
        f"subClassOf: {parent}",
        f"defaultObjectCategory: CN={name},{schema}",
        "rDNAttID: cn",
        "systemOnly: FALSE",
        f"possSuperiors: {within}",
        f"defaultSecurityDescriptor: {READABLE}",
    ]
    if parent == "top":
        lines += [f"mayContain: {attribute.name}" for attribute in QUOTA]
    return "\n".join(lines) + "\n"


def _user(schema: str) -> str:
    lines = [f"dn: CN=User,{schema}", "changetype: modify", "add: mayContain"]
    for attribute in (*QUOTA, *MAILBOX):
        lines.append(f"mayContain: {attribute.name}")
        if attribute.back is not None:
            lines.append(f"mayContain: {attribute.back}")
    return "\n".join(lines) + "\n"


def _unindexed(schema: str, name: str) -> str:
    return f"dn: CN={name},{schema}\nchangetype: modify\nreplace: searchFlags\nsearchFlags: 0\n"
