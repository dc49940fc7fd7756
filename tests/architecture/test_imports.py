"""What starts quickly stays quick, and every rule is complete."""

import json
import pkgutil
import subprocess
import sys

import pytest

from mailbot import rules
from mailbot.rules import registry

HEAVY = (
    "exchangelib",
    "sqlalchemy",
    "alembic",
    "apscheduler",
    "holidays",
    "jinja2",
    "lxml",
    "requests",
    "pydantic",
)
"""Together more than a second of CPU. A command imports what it needs when it runs."""


@pytest.mark.parametrize("module", ["mailbot", "mailbot.cli", "mailbot.cli.app"])
def test_the_command_line_starts_without_the_heavy_libraries(module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(answer.stdout)}
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)


def test_help_is_shown_without_the_heavy_libraries() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['mailbot', '--help']\n"
        "from mailbot.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    sys.stderr.write(' '.join(sorted(sys.modules)))\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in answer.stdout
    loaded = {name.partition(".")[0] for name in answer.stderr.split()}
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)


def test_every_file_of_the_rules_folder_is_a_rule_of_its_name() -> None:
    """`mail` holds the pure helpers that redactors share; it is no rule."""
    modules = {module.name for module in pkgutil.iter_modules(rules.__path__) if not module.ispkg}
    assert modules == set(registry())


@pytest.mark.parametrize("rule", registry().values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_it_needs_to_find_a_deviation(rule: rules.Rule) -> None:
    assert rule.decisive, "doctor prints from this what keeps the rule from finding anything"
    assert rule.judge.__doc__, "the article that it holds mailboxes against"
    assert rule.parameters.__doc__, "what a pack may set"
