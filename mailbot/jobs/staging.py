"""Rules that observe although nobody chose that they should: told once, with what to do."""

from collections.abc import Mapping

from mailbot.engine.stages import Standing
from mailbot.jobs.house import House
from mailbot.model.ids import RuleId

UNDECIDED = "rules_without_a_stage"


def in_doubt(house: House) -> Mapping[RuleId, Standing]:
    """Rules that stages.toml does not name, or names as they were before they changed."""
    return {rule: found for rule, found in house.standings().items() if found.doubt is not None}


def tell(house: House) -> None:
    """One problem for as long as any rule is in doubt."""
    found = in_doubt(house)
    if not found:
        house.operator.solved(UNDECIDED)
        return
    rules = "; ".join(f"{rule} ({standing.says})" for rule, standing in sorted(found.items()))
    house.operator.problem(
        UNDECIDED,
        f"These rules send nothing, because nobody decided about them as they are now: {rules}. What they "
        "would have sent: mailbot plan show. The lines for stages.toml, once decided: mailbot rules stage",
    )
