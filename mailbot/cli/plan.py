"""Commands about plans: look at one, carry it out, or turn it down."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli import show
from mailbot.cli.options import DEFAULT_FOLDER, AsJson, Folder, Verbose
from mailbot.cli.session import actor, set_up_log
from mailbot.cli.work import print_ordered

if TYPE_CHECKING:
    from datetime import tzinfo

    from mailbot.jobs.plan_show import PlanLook

LONGEST_REASON = 400

SAID = {
    "stored": "made by a dry run; nothing of it was done",
    "held": "held; nothing of it was done",
    "run": "carried out",
    "rejected": "rejected; nothing of it was done",
    "refused": "overtaken by a newer sweep; nothing of it was done",
}

Id = Annotated[str, typer.Argument(metavar="ID", help="The plan's id, as the sweep printed it.")]


def show_plan(
    plan: Annotated[
        str,
        typer.Argument(metavar="[ID]", show_default=False, help="A plan's id; without it the newest plan."),
    ] = "",
    settings: Folder = DEFAULT_FOLDER,
    json: AsJson = False,
) -> None:
    """What a plan does, in numbers: steps, letters, what observing rules would have sent, and why it is held.

    Nobody is named. It says what can be typed next.
    """
    from mailbot import wiring
    from mailbot.jobs.plan_show import look
    from mailbot.model.ids import PlanId

    with wiring.opened(settings, insist=False) as house:
        found = look(house, PlanId(plan) if plan else None)
        zone = house.terms.zone
    if json:
        show.as_json(_as_values(found))
    else:
        _print(found, zone)


def run(plan: Id, settings: Folder = DEFAULT_FOLDER, json: AsJson = False, verbose: Verbose = False) -> None:
    """Carry out exactly this plan: a dry run's, or one that is held. Refused after 24 hours, or when a
    finding has changed.

    Of a plan that was held, the same again is let through from now on.
    """
    from mailbot import wiring
    from mailbot.jobs.execute import run_plan
    from mailbot.model.ids import PlanId

    set_up_log(verbose)
    with wiring.opened(settings) as house:
        done = run_plan(house, PlanId(plan), actor())
        hours = house.terms.hours.office
    if json:
        show.as_json({"plan": done.id, "steps": len(done.steps), "letters": done.letters})
        return
    typer.echo(f"Plan {done.id} is carried out: {len(done.steps)} steps.")
    print_ordered(done.letters, hours)


def reject(
    plan: Id,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, without names; it is kept in the audit log.")
    ] = "",
    settings: Folder = DEFAULT_FOLDER,
    json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Turn a plan down: nothing of it is ever done. The next sweep makes a new one, so mend first what is
    wrong."""
    from mailbot import wiring
    from mailbot.jobs.execute import reject_plan
    from mailbot.model.ids import PlanId

    set_up_log(verbose)
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise typer.BadParameter(f"one line of at most {LONGEST_REASON} characters", param_hint="--reason")
    with wiring.opened(settings, insist=False) as house:
        done = reject_plan(house, PlanId(plan), actor(), reason.strip())
    if json:
        show.as_json({"plan": done.id, "steps": len(done.steps), "letters": done.letters})
        return
    typer.echo(f"Plan {done.id} is rejected: nothing of it was done. The next sweep makes a new one.")


def _print(found: "PlanLook", zone: "tzinfo") -> None:
    made = f"{found.made.astimezone(zone):%Y-%m-%d %H:%M}"
    typer.echo(
        f"Plan {found.id} of {made}, {_age(found.now - found.made)} old, made in mode {found.mode}: "
        f"{SAID[found.state.value]}."
    )
    if found.alarms:
        typer.echo("\nLook first whether so many can be right (limits: [brake]):")
        for alarm in found.alarms:
            typer.echo(f"  {alarm.says}")
    typer.echo()
    show.table("Steps of the plan", ["rule", "step", "count"], _steps(found))
    typer.echo()
    rules = [[r["rule"], r["letters"], r["later"], r["observed"]] for r in _rules(found)]
    show.table("Letters", ["rule", "ordered", "due later", "if it did not observe"], rows=rules)
    typer.echo("\nStages today:")
    for rule, standing in sorted(found.standings.items()):
        typer.echo(f"  {rule}: {standing.says}")
    typer.echo()
    if found.over is None:
        typer.echo(
            f"Until {found.until.astimezone(zone):%Y-%m-%d %H:%M} it can be carried out, or turned down:"
        )
    elif found.state.value in ("stored", "held"):
        typer.echo(f"It can be run no more: it {found.over}. For a new one:")
    else:
        typer.echo("For a new one:")
    for words in found.to_type:
        typer.echo(f"  {words}")
    if found.waiting is not None:
        typer.echo(f"\nAnother plan is held until somebody decides: mailbot plan show {found.waiting}")


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def _steps(found: "PlanLook") -> list[list[Any]]:
    return [[rule, name, number] for (rule, name), number in sorted(found.steps.items())]


def _rules(found: "PlanLook") -> list[dict[str, Any]]:
    """Rules that are on, and those that the plan has letters of."""
    rules = {*found.standings, *found.sends, *found.later, *found.observed}
    return [
        {
            "rule": rule,
            "letters": found.sends.get(rule, 0),
            "later": found.later.get(rule, 0),
            "observed": found.observed.get(rule, 0),
        }
        for rule in sorted(rules)
    ]


def _as_values(found: "PlanLook") -> dict[str, Any]:
    return {
        "plan": found.id,
        "state": found.state.value,
        "made": found.made.isoformat(),
        "until": found.until.isoformat(),
        "mode": found.mode,
        "steps": [{"rule": rule, "step": name, "count": n} for rule, name, n in _steps(found)],
        "letters": _rules(found),
        "stages": show.stages(found.standings.values()),
        "alarms": show.alarms(found.alarms),
        "over": found.over,
        "to_type": list(found.to_type),
        "waiting": found.waiting,
    }
