"""LDIF as directories and their tools write it, and what is wrong with a file that cannot be used."""

import pytest

from mailbot.config.problems import Problem
from mailbot.directory.entry import Entry
from mailbot.directory.ldif import MOST_PROBLEMS, Ldif, parse_ldif

LDIFDE = (
    "dn: CN=Anna Voorbeeld,OU=Medewerkers,DC=ad,DC=voorbeeld,DC=example\r\n"
    "changetype: add\r\n"
    "objectClass: top\r\n"
    "objectClass: user\r\n"
    "displayName:: UmVuw6ll\r\n"
    "proxyAddresses: SMTP:a.voorbeeld@\r\n"
    " voorbeeld.example\r\n"
    "\r\n"
    "dn:: Q049UmVuw6llLERDPXZvb3JiZWVsZA==\r\n"
    "changetype: add\r\n"
    "objectGUID:: AAECAwQFBgcICQoLDA0ODw==\r\n"
    "\r\n"
)

ENTRIES = (
    Entry(
        "CN=Anna Voorbeeld,OU=Medewerkers,DC=ad,DC=voorbeeld,DC=example",
        {
            "objectclass": (b"top", b"user"),
            "displayname": ("Renée".encode(),),
            "proxyaddresses": (b"SMTP:a.voorbeeld@voorbeeld.example",),
        },
    ),
    Entry("CN=Renée,DC=voorbeeld", {"objectguid": (bytes(range(16)),)}),
)


def good(text: str | bytes) -> Ldif:
    found, problems = parse_ldif(text if isinstance(text, bytes) else text.encode(), "people.ldf")
    assert problems == []
    assert found is not None
    return found


def bad(text: str | bytes) -> list[Problem]:
    found, problems = parse_ldif(text if isinstance(text, bytes) else text.encode(), "people.ldf")
    assert found is None
    assert problems
    return problems


def where(text: str) -> list[str]:
    return [problem.where for problem in bad(text)]


@pytest.mark.parametrize(
    "data",
    [
        LDIFDE.encode(),
        LDIFDE.replace("\r\n", "\n").encode(),
        ("version: 1\n\n" + LDIFDE).encode(),
        ("version: 1\n" + LDIFDE).encode(),
        LDIFDE.encode("utf-8-sig"),
        LDIFDE.encode("utf-16"),
        b"\xfe\xff" + LDIFDE.encode("utf-16-be"),
        LDIFDE.rstrip().encode(),
        ("\n\n# een\n\n" + LDIFDE + "\n\n\n").encode(),
    ],
    ids=["crlf", "lf", "version", "no blank", "bom", "utf-16", "big endian", "no end", "blanks"],
)
def test_what_ldifde_writes(data: bytes) -> None:
    assert good(data).entries == ENTRIES


def test_text_that_is_not_ascii_may_stand_as_it_is() -> None:
    [entry] = good("dn: CN=Renée\ndisplayName: Renée  de \u2028 Vries \n").entries
    assert entry == Entry("CN=Renée", {"displayname": ("Renée  de \u2028 Vries ".encode(),)})


def test_comments_are_kept_apart_also_over_several_lines_and_inside_an_entry() -> None:
    found = good("# attributes: mail\n  employeeID\nversion: 1\ndn: CN=a\n# b:\n  c\nmail: x\n  y\n#end\n")
    assert found.comments == ("attributes: mail employeeID", "b: c", "end")
    assert found.entries == (Entry("CN=a", {"mail": (b"x y",)}),)


def test_names_of_attributes_are_one_whatever_their_case_and_binary_is_no_part_of_them() -> None:
    [entry] = good("DN: CN=a\nMAIL: x\nmail: y\nuserCertificate;binary:: AAE=\n2.5.4.3: z\n").entries
    assert entry.values == {"mail": (b"x", b"y"), "usercertificate": (b"\0\1",), "2.5.4.3": (b"z",)}


def test_the_version_stands_at_the_top_or_nowhere() -> None:
    [problem] = bad("dn: CN=a\n\nversion: 1\n")
    assert (problem.where, problem.expected) == ("line 3", "an entry that begins with `dn:`")


def test_a_value_may_hold_colons_and_be_empty() -> None:
    [entry] = good("dn: CN=a\nx: a:b::c\ny:\nz::\n").entries
    assert entry.values == {"x": (b"a:b::c",), "y": (b"",), "z": (b"",)}


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 1, "at least one entry"),
        ("version: 1\n# niets\n", 1, "at least one entry"),
        ("version: 2\ndn: CN=a\n", 1, "`version: 1`"),
        (" dn: CN=a\n", 1, "an entry that begins with `dn:`"),
        ("dn: CN=a\nmail: x\n\n x\n", 4, "an entry that begins with `dn:`"),
        ("mail: geheim\ndn: CN=a\n", 1, "an entry that begins with `dn:`"),
        ("dn: CN=a\ngeheim\n", 2, "an attribute, a colon and a value"),
        ("dn: CN=a\n\ngeheim\n", 3, "an attribute, a colon and a value"),
        ("dn: CN=a\nmail:: geheim!\n", 2, "a value in base64"),
        ("dn: CN=a\nmail:: Z2VoZWl\n", 2, "a value in base64"),
        ("dn: CN=a\nmail:: Z2Vo ZWlt\n", 2, "a value in base64"),
        ("dn:: /w==\nmail: x\n", 1, "a name in UTF-8"),
        ("dn: CN=a\nmail:< file:///geheim\n", 2, "the value itself"),
        ("dn: CN=a\nmember;range=0-1499: CN=geheim\n", 2, "all values of an attribute"),
        ("dn: CN=a\ndescription;lang-nl: geheim\n", 2, "no option but `;binary`"),
        ("dn: CN=a\nchangetype: modify\n", 2, "entries as they are"),
        ("dn: CN=a\nchangetype: delete\n", 2, "entries as they are"),
        ("dn: CN=a\ncontrol: 1.2.3\nchangetype: add\n", 2, "a blank line before the next entry"),
        ("dn: CN=a\nmail: x\ndn: CN=b\n", 3, "a blank line before the next entry"),
        ("dn: CN=a\nmail: x\ry\n", 2, "a line of text"),
        ("dn: CN=a\nmail: x\0y\n", 2, "a line of text"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_quotes_nothing(text: str, line: int, expected: str) -> None:
    [problem] = bad(text)
    assert (problem.file, problem.where, problem.expected) == ("people.ldf", f"line {line}", expected)
    assert problem.found
    assert problem.mend
    assert "geheim" not in repr(problem)
    assert "Z2Vo" not in repr(problem)


def test_a_ranged_attribute_comes_with_advice() -> None:
    [problem] = bad("dn: CN=a\nmember;range=0-1499: CN=b\n")
    assert "groups inside it" in problem.mend
    assert "LDAP" in problem.mend


def test_half_a_wide_character_is_told_on_its_own_line() -> None:
    """Half of U+010A looks like the end of a line to who counts octets."""
    text = "dn: CN=x\nobjectClass: user\ndisplayName: \u010a\u010a\u010a\n".encode("utf-16")
    found, [problem] = parse_ldif(text + b"x", "people.ldf")
    assert found is None
    assert (problem.where, problem.found) == ("line 4", "half a character")


def test_other_encodings_are_refused_at_the_line_where_they_begin() -> None:
    [windows] = bad("dn: CN=a\ndisplayName: Renée\n".encode("cp1252"))
    [half] = bad(b"\xff\xfed\0n\0:")
    assert (windows.where, half.where) == ("line 2", "line 1")
    assert "Windows-1252" in windows.found


def test_all_mistakes_are_told_at_once_up_to_a_bound() -> None:
    assert where("dn: CN=a\nx\ny:: !\nz: goed\n\nmail: x\n") == ["line 2", "line 3", "line 6"]
    assert len(bad("dn: CN=a\n" + "x\n" * 500)) == MOST_PROBLEMS
    assert len(bad("x\n\n" * 500)) == MOST_PROBLEMS


def test_a_value_over_many_lines_is_told_by_its_first() -> None:
    assert where("# c\n  d\n\ndn: CN=a\nmail:: AA\n AA\n !\n\nx\n") == ["line 5", "line 9"]


def test_nothing_of_an_entry_is_shown_by_accident() -> None:
    assert "Voorbeeld" not in repr(good(LDIFDE))
    assert "Voorbeeld" not in repr(good(LDIFDE).entries[0])
