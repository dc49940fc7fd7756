"""Commands that do the work: sweep, run, stop."""

import os
from datetime import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli import show
from mailbot.cli.options import DEFAULT_FOLDER, AsJson, Folder, Verbose
from mailbot.cli.session import actor, set_up_log

if TYPE_CHECKING:
    from mailbot.jobs.sweep_report import SweepReport

PARTIAL, HELD = 12, 14
"""Exit codes of a sweep that is not complete, and of one whose plan is held. It did its work; errors have the
other codes."""


def sweep(
    settings: Folder = DEFAULT_FOLDER,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and judge, store the plan, change and send nothing.")
    ] = False,
    accept_people: Annotated[
        bool, typer.Option("--accept-people", help="The directory lost many people, and that is right.")
    ] = False,
    json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Read all mailboxes once, now. With --dry-run: print what would follow, and the plan's id.

    While a gate is closed mailboxes are only counted, and the exit code is 4. It is 12 when not every mailbox
    had its turn or too few could be read, and 14 when its plan is held until somebody decides. When the sweep
    was broken off (6: sign-in was refused, 7: Exchange was not reached, 13: mailbot had to end), type it
    again within 8 hours and it goes on.
    """
    from mailbot import wiring
    from mailbot.jobs.sweep import sweep as run_sweep
    from mailbot.jobs.turn import DRY, MANUAL, slot_by_hand
    from mailbot.model.errors import Busy, GateClosed
    from mailbot.model.slots import SlotResult

    set_up_log(verbose)
    with wiring.opened(settings) as house:
        slot = slot_by_hand(house, DRY if dry_run else MANUAL)
        with show.Bar("mailboxes", hidden=json) as bar:
            report = run_sweep(house, slot, dry_run, bar, accept_people)
        hours = house.terms.hours.office
    if report is None:
        raise Busy("another sweep was started in this second; see: mailbot findings")
    print_sweep(report, dry_run, json)
    held = bool(report.alarms) and not dry_run
    if not dry_run and not held and not json:
        ordered = sum(n for (_, step), n in report.counts.items() if "+" in step)
        print_ordered(ordered, hours)
    if report.closed_gates:
        raise typer.Exit(GateClosed.exit_code)
    if held:
        raise typer.Exit(HELD)
    if report.result is SlotResult.PARTIAL:
        raise typer.Exit(PARTIAL)


def sweep_json(report: "SweepReport") -> dict[str, Any]:
    """The report of a sweep as printed by --json; no key or value in it is about one person."""
    figures = report.figures
    requests = sum(figures.requests.values())
    return {
        "result": report.result.value,
        "why": report.why,
        "closed_gates": list(report.closed_gates),
        "mailboxes": {"population": figures.coverage.population, "read": figures.coverage.read},
        "rules": show.verdicts(figures.verdicts),
        "unknowns": {f"{rule}/{reason}": n for (rule, reason), n in sorted(figures.unknowns.items())},
        "plan": report.plan,
        "alarms": show.alarms(report.alarms),
        "steps": [
            {"rule": rule, "step": name, "count": n} for (rule, name), n in sorted(report.counts.items())
        ],
        "tasks": dict(sorted(report.tasks.items())),
        "requests": requests,
        "requests_by_operation": dict(sorted(figures.requests.items())),
        "seconds": round(figures.seconds, 2),
    }


def print_sweep(report: "SweepReport", dry_run: bool, json: bool) -> None:
    figures = report.figures
    if json:
        show.as_json(sweep_json(report))
        return
    coverage = figures.coverage
    if report.closed_gates:
        typer.echo(f"Closed run. Closed gates: {', '.join(report.closed_gates)}; mailbot doctor says why.")
        typer.echo(f"{coverage.read} of {coverage.population} mailboxes can be reached.")
        typer.echo("Nothing about anybody was stored, and no plan was made.")
        return
    typer.echo(f"{report.result}: {report.why}\n")
    show.table("Verdicts", ["rule", *show.OUTCOMES], show.verdict_rows(figures.verdicts))
    if figures.unknowns:
        rows = [[rule, reason, n] for (rule, reason), n in sorted(figures.unknowns.items())]
        typer.echo()
        show.table("Not known, and why", ["rule", "reason", "mailboxes"], rows)
    typer.echo()
    steps = [[rule, name, n] for (rule, name), n in sorted(report.counts.items())]
    show.table("Steps of the plan", ["rule", "step", "count"], steps)
    if report.tasks:
        typer.echo(f"\n{sum(report.tasks.values())} tasks for the administrator; see: mailbot tasks")
    if report.alarms:
        which = "would be held" if dry_run else "is held: nothing of it was done"
        typer.echo(f"\nThe plan {which}. Look first whether so many can be right (limits: [brake]):")
        for alarm in report.alarms:
            typer.echo(f"  {alarm.says}")
        if not dry_run:
            typer.echo(f"\n  mailbot plan show {report.plan}\n  mailbot plan run {report.plan}")
            typer.echo(f"  mailbot plan reject {report.plan}")
    if dry_run:
        typer.echo(f"\nPlan {report.plan}: nothing was changed or sent. To carry it out within 24 hours:")
        typer.echo(f"  mailbot plan run {report.plan}")


def print_ordered(letters: int, hours: tuple[time, time]) -> None:
    """An order is not a letter yet: say when it becomes one."""
    if letters:
        first, last = hours
        typer.echo(
            f"\n{letters} letters ordered; `mailbot run` sends them between {first:%H:%M} and {last:%H:%M}."
        )


def run(settings: Folder = DEFAULT_FOLDER) -> None:
    """Run unattended until SIGTERM: sweeps, letters, digests and forgetting, each in its turn. It logs what
    happens."""
    import threading

    from mailbot import wiring
    from mailbot.reports.logs import configure
    from mailbot.service.run import Service, Timetable

    found = wiring.configuration(settings, os.environ)
    configure(found.settings.operator.log_file, verbose=True)
    stop = threading.Event()
    with wiring.opened(settings, halting=stop.is_set) as house:
        Service(house, Timetable(*wiring.schedules(settings)), stop).run()


def stop(
    settings: Folder = DEFAULT_FOLDER,
    lift: Annotated[bool, typer.Option("--lift", help="Let letters leave again.")] = False,
) -> None:
    """End all sending at once, in every mode. What was not sent waits; nothing is lost.

    Works while a gate is closed or another setting is wrong: it looks at [store] only.
    """
    from mailbot import wiring

    with wiring.memory(settings) as (store, clock), store.begin() as work:
        work.set_stopped(not lift, clock.now())
        work.audit(clock.now(), actor(), "stop_lifted" if lift else "stop", {})
    typer.echo("Sending is open again." if lift else "All sending is stopped. To lift: mailbot stop --lift")
