"""The lines of stages.toml, as people would write them."""

import json
from datetime import date

from mailbot.model.ids import RuleId
from mailbot.policy.packs import Pack
from mailbot.policy.stages import Stage, terms_of
from mailbot.rules import Tells, registry


def lines_of(rule: RuleId, stage: Stage, terms: str, since: date | None, decided_by: str = "") -> str:
    """One [[rule]] table. To observe nobody decides anything, so no decision stands there."""
    lines = ["[[rule]]"]
    lines += [
        f"{key} = {json.dumps(value)}" for key, value in (("name", rule), ("stage", stage), ("terms", terms))
    ]
    if since is not None:
        lines.append(f"since = {since.isoformat()}")
    if stage.needs_decision:
        lines.append(f"decided_by = {json.dumps(decided_by, ensure_ascii=False)}")
    return "".join(f"{line}\n" for line in lines)


def all_observing(pack: Pack) -> str:
    """Every rule that writes to people and that a norm of the pack switches on observes, as it is now; a norm
    that takes over later has a table of its own."""
    tables: dict[RuleId, list[str]] = {}
    for norm in sorted(pack.norms, key=lambda norm: norm.valid_from or date.min):
        if norm.rule is not None and norm.built and registry()[norm.rule].tells is Tells.PERSON:
            of_rule = tables.setdefault(norm.rule, [])
            since = norm.valid_from if of_rule else None
            terms = terms_of(registry()[norm.rule], norm.parameters)
            of_rule.append(lines_of(norm.rule, Stage.OBSERVE, terms, since))
    return "\n".join(table for _, of_rule in sorted(tables.items()) for table in of_rule)
