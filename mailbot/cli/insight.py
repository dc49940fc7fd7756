"""Commands that show: counts for the administrator, one person's state only with a reason."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli import show
from mailbot.cli.explained import explanation, print_explanation
from mailbot.cli.options import DEFAULT_FOLDER, AsJson, Folder
from mailbot.cli.session import actor

if TYPE_CHECKING:
    from mailbot.model.ids import Address


def address(text: str) -> "Address":
    from mailbot.model.ids import Address

    try:
        return Address(text)
    except ValueError:
        raise typer.BadParameter("this is not an e-mail address") from None


def findings(settings: Folder = DEFAULT_FOLDER, json: AsJson = False) -> None:
    """How the newest sweep ended, and counts of findings, letters and open problems; nobody is named.

    A dry run that came after it is told of second.
    """
    from mailbot import wiring
    from mailbot.jobs.ending import standing
    from mailbot.jobs.turn import HALF_YEAR, newest_sweeps

    with wiring.opened(settings, insist=False) as house, house.store.begin() as work:
        now = house.clock.now()
        sweeps = [
            (row, *standing(row, len(work.judged(row.slot.id)), now)) if row else None
            for row in newest_sweeps(work, house.today() - HALF_YEAR)
        ]
        found = work.finding_counts()
        letters = work.letter_counts()
        problems = work.problems()
        stopped = work.stopped()
        upcoming = work.next_letter(house.clock.now())
        zone = house.terms.zone
    if json:
        show.as_json(
            {
                **{
                    name: {"slot": swept[0].slot.id, "result": swept[1], "why": swept[2]} if swept else None
                    for name, swept in zip(("sweep", "dry_run"), sweeps, strict=True)
                },
                "findings": [
                    {"rule": r, "state": s.value, "count": n} for (r, s), n in sorted(found.items())
                ],
                "letters": [
                    {"kind": k.value, "state": s.value, "count": n} for (k, s), n in sorted(letters.items())
                ],
                "problems": {code: since.isoformat() for code, since in problems.items()},
                "stopped": stopped,
                "next_letter": upcoming.isoformat() if upcoming else None,
            }
        )
        return
    for name, swept in zip(("sweep", "dry run"), sweeps, strict=True):
        if swept:
            row, result, why = swept
            typer.echo(f"{result}: {why} ({name} of {row.claimed.astimezone(zone):%Y-%m-%d %H:%M})")
        elif name == "sweep":
            typer.echo("No sweep yet.")
    typer.echo()
    show.table(
        "Findings", ["rule", "state", "count"], [[r, s.value, n] for (r, s), n in sorted(found.items())]
    )
    typer.echo()
    rows = [[kind.value, state.value, n] for (kind, state), n in sorted(letters.items())]
    show.table("Letters", ["kind", "state", "count"], rows)
    if upcoming:
        typer.echo(f"\nMore letters may leave from {upcoming.astimezone(zone):%Y-%m-%d %H:%M} on.")
    if problems:
        typer.echo("\nOpen problems; the status file says what each is about:")
    for code, since in problems.items():
        typer.echo(f"  since {since.astimezone(zone):%Y-%m-%d %H:%M}: {code}")
    if stopped:
        typer.echo("\nAll sending is stopped. To lift: mailbot stop --lift")


def tasks(
    task: Annotated[
        str,
        typer.Argument(metavar="[CODE]", show_default=False, help="Whose mailboxes: the code of one task."),
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why you look; it is kept in the audit log.")] = "",
    settings: Folder = DEFAULT_FOLDER,
    json: AsJson = False,
) -> None:
    """Work for the administrator: what the newest sweep saw, and where the sources of people disagree now.

    With a task's code and --reason: whose mailboxes. Looking is logged, and people who are still in service
    are told of it.
    """
    from mailbot import wiring
    from mailbot.jobs.tasks import INSTRUCTIONS, open_tasks, whose
    from mailbot.model.conflicts import Clash
    from mailbot.model.tasks import Task

    if not task:
        with wiring.opened(settings, insist=False) as house:
            swept, counts = open_tasks(house)
        if json:
            show.as_json({"swept": swept.isoformat() if swept else None, "tasks": counts})
        else:
            if not swept:
                typer.echo("No sweep yet.")
            elif not counts:
                typer.echo("No tasks.")
            if not counts:
                return
            show.table(
                "Tasks",
                ["code", "number", "what to do"],
                [[t, n, INSTRUCTIONS[t]] for t, n in counts.items()],
            )
            typer.echo('\nWhose mailboxes: mailbot tasks CODE --reason "why you look"')
        return
    known: dict[str, Task | Clash] = {found.value: found for found in (*Task, *Clash)}
    if task not in known:
        raise typer.BadParameter(f"no such task; there are: {', '.join(known)}", param_hint="CODE")
    if len(reason.strip()) < 5:
        raise typer.BadParameter("say why you look, in 5 letters or more", param_hint="--reason")
    with wiring.opened(settings, insist=False) as house:
        found = whose(house, known[task], reason.strip(), actor())
    if json:
        show.as_json({"task": task, "mailboxes": [person.address.value for person in found]})
        return
    typer.echo(f"{INSTRUCTIONS[known[task]]} (this look is logged)")
    for person in found:
        typer.echo(f"  {person.address.value}")
    if not found:
        typer.echo("  No mailbox that mailbot looks at: compare the sources themselves.")


def explain(
    who: Annotated[str, typer.Argument(metavar="ADDRESS", help="Mail address of one person.")],
    reason: Annotated[str, typer.Option("--reason", help="Why you look; it is kept in the audit log.")],
    settings: Folder = DEFAULT_FOLDER,
    json: AsJson = False,
) -> None:
    """All that is kept about one person: what was seen and told, what comes next, and what is deleted by now.

    The look is logged, and that person is told of it.
    """
    from mailbot import wiring
    from mailbot.jobs.rights import explain as look

    if len(reason.strip()) < 5:
        raise typer.BadParameter("say why you look, in 5 letters or more", param_hint="--reason")
    with wiring.opened(settings, insist=False) as house:
        found = look(house, address(who), reason.strip(), actor())
        zone = house.terms.zone
    if json:
        show.as_json(explanation(found))
        return
    print_explanation(found, zone)


def letter(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code on the letter, such as K7QF-2M9X.")],
    settings: Folder = DEFAULT_FOLDER,
    arrived: Annotated[bool, typer.Option("--arrived", help="Settle a letter in doubt: it arrived.")] = False,
    lost: Annotated[bool, typer.Option("--lost", help="Settle a letter in doubt: it never arrived.")] = False,
    json: AsJson = False,
) -> None:
    """Whether a letter is really ours, by the code that stands on it. For the servicedesk; names nobody.

    Gives exit code 1 when no letter with this code is kept. A letter in doubt is settled here: after --lost
    the next sweep may write again.
    """
    from mailbot import wiring
    from mailbot.jobs.lookup import look_up, settle

    if arrived and lost:
        raise typer.BadParameter("choose --arrived or --lost, not both")
    with wiring.opened(settings, insist=False) as house:
        if arrived or lost:
            settle(house, code, arrived, actor())
        found = look_up(house, code)
        changed = found.changed.astimezone(house.terms.zone) if found and found.changed else None
    if json:
        values: dict[str, Any] = {"ours": found is not None}
        if found is not None:
            values |= {"topic": found.order.topic, "kind": found.order.kind.value, "state": found.state.value}
            values["changed"] = changed.isoformat() if changed else None
        show.as_json(values)
    elif found is None:
        typer.echo("No letter with this code is kept: it is not ours, or so old that it was forgotten.")
    else:
        kind, state = f"{found.order.topic} ({found.order.kind.value})", found.state.value
        when = f" on {changed:%Y-%m-%d %H:%M}" if changed else ""
        typer.echo(f"This letter is ours: {kind}, {state}{when}.")
    if found is None:
        raise typer.Exit(1)
