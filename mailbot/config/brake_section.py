"""The section [brake] of mailbot.toml: from when on a human looks at a plan before it is carried out."""

from typing import Annotated

from mailbot.config.section import Section, number


class BrakeSection(Section):
    letters: Annotated[
        int, number(10, 5000, "letters that one plan may ask for; above it a human looks first")
    ] = 500
    opened: Annotated[int, number(10, 20000, "new findings in one sweep; above it a human looks first")] = (
        1000
    )
    share_percent: Annotated[
        int, number(10, 95, "share of the people judged by one rule that may deviate; above it look first")
    ] = 60
    times: Annotated[
        int, number(2, 20, "times as many letters or new findings as usual; above it a human looks first")
    ] = 3
    least: Annotated[
        int, number(10, 500, "letters, findings or people below which nothing counts as a jump")
    ] = 50
