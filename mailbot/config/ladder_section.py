"""The section [ladder] of mailbot.toml: how often one person may be written to (practice 6)."""

from typing import Annotated

from pydantic import Field

from mailbot.config.section import Section, number


class LadderSection(Section):
    reminder_days: Annotated[
        int, number(14, 90, "days from a letter to the next one on its topic; sooner is nagging, practice 6")
    ] = 14
    reminder_working_days: Annotated[
        int, number(5, 40, "own working days at work before a reminder; under 5 nobody had time to mend it")
    ] = 10
    most_letters: Annotated[
        int, number(1, 3, "letters on one topic before it rests; more than 3 help no more, practice 6")
    ] = 3
    silence_days: Annotated[
        int, number(90, 365, "days of rest after these; under 90 the letters would never seem to end")
    ] = 90
    first_working_days: Annotated[
        int, number(5, 40, "working days after somebody started without letters; a new colleague has enough")
    ] = 5
    last_working_days: Annotated[
        int, number(5, 40, "working days before somebody leaves without letters; the departure comes first")
    ] = 5
    after_return_working_days: Annotated[
        int, number(1, 10, "own working days after leave without letters; there is post to read first")
    ] = 1
    after_pause_days: Annotated[
        int, number(7, 60, "days without letters after a pause; whoever objected is not met by a letter")
    ] = 7
    thanks: Annotated[
        bool, Field(strict=True, description="whether somebody who mended it after a letter is thanked, once")
    ] = True
