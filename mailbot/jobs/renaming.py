"""Rules that have another name than they had: what is kept of them goes on under the new one."""

from mailbot.ports import Work
from mailbot.rules import registry


def rename_rules(work: Work) -> None:
    """In whatever job is the first after an update: a letter under a name that no rule has knows no stage."""
    for rule in registry().values():
        for old in rule.formerly:
            work.rename_rule(old, rule.id)
