"""Commands about people: how whole their sources are, what these say of one person, and who is left out."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli import show
from mailbot.cli.insight import address
from mailbot.cli.options import DEFAULT_FOLDER, AsJson, Folder
from mailbot.cli.session import actor

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mailbot.jobs.people_check import PeopleCheck, SourceLine
    from mailbot.jobs.people_show import Shown
    from mailbot.model.sources import Attribute

Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="Mail address of one person.")]


def check(settings: Folder = DEFAULT_FOLDER, json: AsJson = False) -> None:
    """How whole the sources of people are: counts, conflicts and coverage by source. Nobody is named.

    Who is left out is in no count. Whose mailboxes a conflict is about: mailbot tasks CODE --reason.
    """
    from mailbot import wiring
    from mailbot.jobs.people_check import check_people

    with wiring.opened(settings, insist=False) as house:
        found = check_people(house)
        zone = house.terms.zone
    if json:
        show.as_json(_check_json(found))
    else:
        _print_check(found, zone)


def _check_json(found: "PeopleCheck") -> dict[str, Any]:
    return {
        "sources": [
            {
                "source": line.source.value,
                "as_of": line.as_of.isoformat() if line.as_of else None,
                "days_old": line.days,
                "trouble": line.trouble,
                "advice": line.advice,
                "says": line.says,
            }
            for line in found.sources
        ],
        "people": [
            {"kind": kind, "standing": stands.value, "count": n} for (kind, stands), n in found.kinds.items()
        ],
        "coverage": {
            attribute.value: {source.value if source else "none": n for source, n in by.items()}
            for attribute, by in found.coverage.items()
        },
        "conflicts": {clash.value: n for clash, n in found.conflicts.items()},
        "without_mailbox": found.unmatched,
        "groups_of_nobody": list(found.unmatched_groups),
        "unknown_in_managers_toml": list(found.unknown_managers),
        "unknown_in_waivers_toml": list(found.unknown_waivers),
    }


def _print_check(found: "PeopleCheck", zone: "ZoneInfo") -> None:
    from mailbot.jobs.tasks import INSTRUCTIONS

    for line in found.sources:
        _print_source(line, zone)
    typer.echo()
    rows: list[list[Any]] = [[kind, stands.value, n] for (kind, stands), n in found.kinds.items()]
    show.table("People by kind of mailbox", ["kind", "stands for", "count"], rows)
    typer.echo()
    rows = [[attribute.value, *by.values()] for attribute, by in found.coverage.items()]
    sources = [source.value if source else "from none" for source in next(iter(found.coverage.values()))]
    show.table("What is known, by source", ["", *sources], rows)
    typer.echo()
    rows = [[clash.value, n, INSTRUCTIONS[clash]] for clash, n in found.conflicts.items()]
    show.table("Conflicts", ["code", "number", "what to do"], rows)
    typer.echo(f"\nPeople of personnel without a mailbox: {found.unmatched}")
    if found.unmatched_groups:
        groups = ", ".join(found.unmatched_groups)
        typer.echo(
            f"Groups of mailbot.toml that nobody is in: {groups}. Are they spelled as in the directory?"
        )
    for file, keys in (("managers.toml", found.unknown_managers), ("waivers.toml", found.unknown_waivers)):
        for key in keys:
            typer.echo(f"No source knows the address at {key} of {file}: correct it, or take it out.")


def _print_source(line: "SourceLine", zone: "ZoneInfo") -> None:
    name = {"directory": "directory", "personnel": "personnel feed"}[line.source.value]
    age = (
        f"as of {line.as_of.astimezone(zone):%Y-%m-%d %H:%M}, {line.days} days old" if line.as_of else "never"
    )
    typer.echo(f"{name}: {age}" + (f"; {line.advice}" if line.advice else ""))
    for said in line.says.splitlines():
        typer.echo(f"  {said}")


def show_one(
    who: Who,
    reason: Annotated[str, typer.Option("--reason", help="Why you look; it is kept in the audit log.")],
    settings: Folder = DEFAULT_FOLDER,
    json: AsJson = False,
) -> None:
    """What the sources say of one person, and which source said it.

    The look is logged, and that person is told of it.
    """
    from mailbot import wiring
    from mailbot.jobs.people_show import show_person

    if len(reason.strip()) < 5:
        raise typer.BadParameter("say why you look, in 5 letters or more", param_hint="--reason")
    with wiring.opened(settings, insist=False) as house:
        found = show_person(house, address(who), reason.strip(), actor())
        zone = house.terms.zone
    if json:
        show.as_json(_shown_json(found))
        return
    typer.echo(f"What the sources say of {found.address.value}:\n")
    rows = [
        [
            said.attribute.value,
            "-" if said.value is None else _plain(said.attribute, said.value),
            said.source.value if said.source else "no source",
            f"{said.read.astimezone(zone):%Y-%m-%d %H:%M}" if said.read else "-",
        ]
        for said in found.said
    ]
    show.table("Attributes", ["", "value", "source", "as of"], rows)
    if found.paused:
        typer.echo("\nPaused: an objection is pending, and nothing is read or told. To end it: people resume")
    typer.echo(f"\nThis look is logged. The person is told of it by {found.told_by:%Y-%m-%d}.")


def _plain(attribute: "Attribute", value: object) -> str:
    if attribute.value == "quota" and isinstance(value, int):
        return f"{value / 2**30:.1f} GB" if value >= 2**30 else f"{value / 2**20:.0f} MB"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _shown_json(found: "Shown") -> dict[str, Any]:
    return {
        "attributes": {
            said.attribute.value: {
                "value": said.value,
                "source": said.source.value if said.source else None,
                "as_of": said.read.isoformat() if said.read else None,
            }
            for said in found.said
        },
        "paused": found.paused,
        "told_by": found.told_by.isoformat(),
    }


def pause(who: Who, settings: Folder = DEFAULT_FOLDER) -> None:
    """Read and tell nothing of one person, at once, while an objection is decided.

    What was kept stays and can be explained. No reason is asked. To end it: people resume.
    """
    from mailbot import wiring
    from mailbot.jobs.restriction import pause as begin

    with wiring.opened(settings, insist=False) as house:
        begin(house, address(who), actor())
    typer.echo("Done. From now on nothing of this person is read, counted or told. To end it: people resume")


def resume(who: Who, settings: Folder = DEFAULT_FOLDER) -> None:
    """End `people pause` for one person. Says the same whether or not there was a pause."""
    from mailbot import wiring
    from mailbot.jobs.restriction import resume as end

    with wiring.opened(settings, insist=False) as house:
        end(house, address(who), actor())
    typer.echo("Done. From the next sweep on this person counts as everybody does.")


def exclude(
    who: Who,
    settings: Folder = DEFAULT_FOLDER,
    settings_only: Annotated[
        bool, typer.Option("--settings-only", help="Leave out of headings and content only.")
    ] = False,
) -> None:
    """Leave one person out from now on. No reason is asked; all that was kept is erased.

    With --settings-only sizes and settings are still looked at; what other rules saw is erased.
    """
    from mailbot import wiring
    from mailbot.jobs.restriction import keep_to_settings
    from mailbot.jobs.rights import exclude as leave_out

    with wiring.opened(settings, insist=False) as house:
        if settings_only:
            keep_to_settings(house, address(who), actor())
        else:
            leave_out(house, address(who), actor())
    if settings_only:
        typer.echo("Done. From now on only sizes and settings of this person's mailbox are looked at.")
    else:
        typer.echo("Done. From now on nothing of this person is read, kept, counted or mentioned.")


def include(who: Who, settings: Folder = DEFAULT_FOLDER) -> None:
    """Lift `people exclude` for one person, with or without --settings-only. What was erased stays erased.

    Says the same whether or not there was such an exclusion. Groups, types and addresses that mailbot.toml
    leaves out stay left out.
    """
    from mailbot import wiring
    from mailbot.jobs.inclusion import include as take_back

    with wiring.opened(settings, insist=False) as house:
        take_back(house, address(who), actor())
    typer.echo("Done. From the next sweep on this person counts again, unless mailbot.toml leaves them out.")


def accept_feed(
    settings: Folder = DEFAULT_FOLDER,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; you looked before.")] = False,
) -> None:
    """Let a personnel feed through that was held back, because too many people leave on one day, say.

    Shows in counts what the guard saw, and asks first. Nobody is named.
    """
    from mailbot import wiring
    from mailbot.jobs.feed import accept_feed as let_through
    from mailbot.jobs.feed import held_feed

    with wiring.opened(settings, insist=False) as house:
        typer.echo(held_feed(house).says)
        if not yes and not typer.confirm("Is that right, and is this feed to be used?"):
            typer.echo("Nothing was changed: the last good feed is used.")
            raise typer.Exit(1)
        let_through(house, actor())
    typer.echo("Done. The feed is used from now on.")
