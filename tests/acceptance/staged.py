"""How far rules have come, as an administrator writes it into stages.toml."""

import re
from collections.abc import Mapping
from pathlib import Path


def bring(settings: Path, **stages: str) -> None:
    """Bring rules to other stages than Voorbeeld's `everyone`; each must be in the file."""
    change(settings, {rule: ("stage", stage) for rule, stage in stages.items()})


def forget_terms(settings: Path, rule: str) -> None:
    """As if the rule had changed since it was decided about."""
    change(settings, {rule: ("terms", "0" * 64)})


def change(settings: Path, changes: Mapping[str, tuple[str, str]]) -> None:
    file = settings / "stages.toml"
    text = file.read_text(encoding="utf-8")
    for rule, (key, value) in changes.items():
        of_rule = rf'(name = "{rule}"\n(?:\w.*\n)*?{key} = )"[^"]*"'
        text, count = re.subn(of_rule, lambda found, new=value: f'{found[1]}"{new}"', text)
        assert count == 1, f"stages.toml has no {key} of {rule}"
    file.write_text(text, encoding="utf-8")
