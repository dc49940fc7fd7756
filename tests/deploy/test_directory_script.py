"""The script that administrators run against Active Directory. No Windows is here to run it: it is parsed,
and held to a list of commands that only read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from mailbot.directory.attributes import ATTRIBUTES, REMOTE, STORE_ATTRIBUTES
from mailbot.directory.membership import NAMES

FOLDER = Path(__file__).parents[2] / "deploy" / "directory"
TEXT = (FOLDER / "export-directory.ps1").read_text(encoding="ascii")
GUIDE = (FOLDER / "export.md").read_text(encoding="utf-8")
LANGUAGE = Language(tree_sitter_powershell.language())

READS = {"ldifde", "Get-Content", "Test-Path", "Select-String", "New-Object"}
SHAPES = {"ForEach-Object", "Where-Object", "Select-Object", "Out-Null", "Write-Output"}
WRITES = {"New-Item", "Set-Content", "Add-Content", "Move-Item", "Remove-Item"}
METHODS = {"FindAll", "Trim"}
CLASSES = {"System.DirectoryServices.DirectoryEntry", "System.DirectoryServices.DirectorySearcher"}


def parse(text: str) -> Node:
    return Parser(LANGUAGE).parse(text.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def texts(root: Node, kind: str) -> list[str]:
    return [(node.text or b"").decode() for node in walk(root) if node.type == kind]


def commands(root: Node) -> set[str]:
    """Commands that the script calls and does not define itself."""
    own = set(texts(root, "function_name"))
    return set(texts(root, "command_name")) - own


def mistakes(root: Node) -> list[int]:
    return [node.start_point[0] + 1 for node in walk(root) if node.type == "ERROR" or node.is_missing]


def dynamic(root: Node) -> list[str]:
    """Calls whose name is only known when they run: a list of names could not hold them."""
    operators = [node for node in walk(root) if node.type in ("command_invokation_operator", "&", ".")]
    return [
        (node.text or b"").decode() for node in operators if node.parent and node.parent.type == "command"
    ]


def array(name: str) -> set[str]:
    """The texts of `$name = @('one', 'two')`, in lower case."""
    found = re.search(rf"^\${name} = @\((.*?)\)", TEXT, re.DOTALL | re.MULTILINE)
    assert found
    return {value.lower() for value in re.findall(r"'([^']*)'", found[1])}


@pytest.fixture(scope="module")
def script() -> Node:
    return parse(TEXT)


def test_it_is_powershell(script: Node) -> None:
    assert mistakes(script) == []


def test_it_calls_ldifde_and_a_few_commands_of_windows(script: Node) -> None:
    assert commands(script) == READS | SHAPES | WRITES
    assert set(re.findall(r"-TypeName (\S+)", TEXT)) == CLASSES
    calls = texts(script, "invokation_expression")
    assert {re.findall(r"\.(\w+)\(", call)[-1] for call in calls} == METHODS
    assert "]::" not in TEXT


def test_nothing_is_called_by_a_name_that_is_made_up_while_it_runs(script: Node) -> None:
    assert dynamic(script) == []


def test_it_writes_its_own_file_and_its_own_folder_and_nothing_else(script: Node) -> None:
    written = [text for text in texts(script, "command") if text.split()[0] in WRITES]
    targets = {re.search(r"-(?:Literal)?Path (\$\w+)", text)[1] for text in written}  # type: ignore[index]
    assert targets == {"$fresh", "$work"}
    assert '$work = "$Path.work"' in TEXT
    assert '$fresh = "$Path.new"' in TEXT
    assert [text for text in written if text.startswith("Move-Item")] == [
        "Move-Item -LiteralPath $fresh -Destination $Path -Force"
    ]
    removals = {text for text in written if text.startswith("Remove-Item")}
    assert removals == {"Remove-Item -LiteralPath $work -Recurse -Force"}


def test_ldifde_only_exports_and_leaves_out_nothing(script: Node) -> None:
    """-i would import; -m and -n leave out objectGUID; -u would write another encoding."""
    options = set(re.findall(r"'(-[a-z]+)'", TEXT))
    assert options == {"-f", "-d", "-p", "-r", "-l", "-j", "-s"}
    [call] = [text.strip() for text in texts(script, "command") if text.startswith("ldifde")]
    assert call == "ldifde $arguments"
    assert "if ($LASTEXITCODE -ne 0)" in TEXT


def test_it_asks_for_what_mailbot_reads() -> None:
    assert array("mailboxAttributes") == {name.lower() for name in ATTRIBUTES}
    assert array("databaseAttributes") == {name.lower() for name in STORE_ATTRIBUTES}
    assert array("groupAttributes") == {"objectclass", "member", *NAMES}
    assert array("remoteTypes") == {str(number) for number in REMOTE}


def test_its_file_ends_with_the_mark_that_mailbot_looks_for() -> None:
    assert "'# mailbot directory export', \"# attributes: $asked\"" in TEXT
    assert '"# end: $total entries"' in TEXT


def test_its_head_says_that_it_was_never_run_and_tells_every_parameter(script: Node) -> None:
    head = TEXT.partition("#>")[0]
    assert "NEVER RUN AGAINST A REAL DOMAIN" in head
    for parameter in ("Path", "Base", "ConfigurationBase", "GroupList", "Server"):
        assert f".PARAMETER {parameter}" in head


def test_the_guide_tells_every_attribute_and_holds_powershell() -> None:
    assert all(f"`{name}`" in GUIDE for name in (*ATTRIBUTES, *STORE_ATTRIBUTES, "cn", "member"))
    blocks = re.findall(r"```powershell\n(.*?)```", GUIDE, re.DOTALL)
    assert [mistakes(parse(block)) for block in blocks] == [[]] * 2
