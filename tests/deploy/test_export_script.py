"""The script that administrators run in Exchange. No Exchange is here to run it against: it is parsed, and
held to a list of commands that only read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from mailbot.exchange.export_rows import COLUMNS

FOLDER = Path(__file__).parents[2] / "deploy" / "exchange"
SCRIPT = FOLDER / "export-access.ps1"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
LANGUAGE = Language(tree_sitter_powershell.language())

ON_PREMISES = {
    "Get-Mailbox",
    "Get-MailboxPermission",
    "Get-ADPermission",
    "Get-MailboxDatabase",
    "Get-Recipient",
}
ONLINE = {"Get-EXOMailbox", "Get-EXOMailboxPermission", "Get-EXORecipientPermission"}
READS_EXCHANGE = ON_PREMISES | ONLINE
WITHOUT_EXCHANGE = {
    "Where-Object",
    "ForEach-Object",
    "Select-Object",
    "Export-Csv",
    "Move-Item",
    "Write-Output",
}
METHODS = {"ContainsKey", "ToString"}
CLASSES = {"DateTime", "CultureInfo"}


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


@pytest.fixture(scope="module")
def script() -> Node:
    return parse(SCRIPT.read_text(encoding="ascii"))


def test_it_is_powershell(script: Node) -> None:
    assert mistakes(script) == []


def test_it_calls_reading_commands_of_exchange_and_the_few_that_write_its_file(script: Node) -> None:
    assert commands(script) == READS_EXCHANGE | WITHOUT_EXCHANGE


def test_of_commands_that_change_anything_there_is_only_the_move_of_its_own_file(script: Node) -> None:
    verbs = {name.partition("-")[0] for name in commands(script)}
    assert verbs == {"Get", "Where", "ForEach", "Select", "Export", "Move", "Write"}
    moves = [text for text in texts(script, "command") if text.startswith("Move-Item")]
    assert moves == ["Move-Item -LiteralPath $fresh -Destination $Path -Force"]
    assert '$fresh = "$Path.new"' in SCRIPT.read_text(encoding="ascii")


def test_nothing_is_called_by_a_name_that_is_made_up_while_it_runs(script: Node) -> None:
    assert dynamic(script) == []
    calls = texts(script, "invokation_expression")
    assert {re.findall(r"\.(\w+)\(", call)[-1] for call in calls} == METHODS
    assert set(re.findall(r"(\w+)\]::", SCRIPT.read_text(encoding="ascii"))) == CLASSES


def test_every_command_of_exchange_stops_at_an_error(script: Node) -> None:
    """Else a mailbox that could not be read would be written as one that nobody has access to."""
    for text in texts(script, "command"):
        if text.split()[0] in READS_EXCHANGE:
            assert text.endswith("-ErrorAction Stop"), text


def test_its_columns_are_those_that_mailbot_reads(script: Node) -> None:
    [header] = [text for text in texts(script, "string_literal") if text.startswith("'object_guid;")]
    assert tuple(header.strip("'").split(";")) == COLUMNS
    assert tuple(text.strip() for text in texts(script, "key_expression")) == COLUMNS


def test_its_head_says_that_it_was_never_run() -> None:
    head = SCRIPT.read_text(encoding="ascii").partition("#>")[0]
    assert "NEVER RUN AGAINST A REAL EXCHANGE" in head
    for parameter in ("Path", "Online", "IgnoreTrustee"):
        assert f".PARAMETER {parameter}" in head


def test_the_recipe_gives_rights_to_the_commands_that_it_uses_and_tells_every_column() -> None:
    assert all(f"'{name}'" in README for name in READS_EXCHANGE)
    assert all(f"`{column}`" in README for column in COLUMNS)


def test_the_recipe_is_powershell_too() -> None:
    blocks = re.findall(r"```powershell\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 4
    assert [mistakes(parse(block)) for block in blocks] == [[]] * 4


@pytest.mark.parametrize(
    ("text", "noticed"),
    [
        ("if ($true) {", "mistake"),
        ("$a = 'open", "mistake"),
        ("Set-Mailbox -Identity x -HiddenFromAddressListsEnabled $true", "command"),
        ("$rows | Remove-Item", "command"),
        ("& $name -Identity x", "dynamic"),
        (". $name", "dynamic"),
    ],
)
def test_what_it_must_not_do_would_be_noticed(text: str, noticed: str) -> None:
    root = parse(text)
    found = {
        "mistake": bool(mistakes(root)),
        "command": not commands(root) <= READS_EXCHANGE | WITHOUT_EXCHANGE,
        "dynamic": bool(dynamic(root)),
    }
    assert found[noticed]
