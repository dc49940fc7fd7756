"""Commands about rules: which there are, what each may say and ask, how far it has come, and whether case
files hold."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli import show
from mailbot.cli.options import DEFAULT_FOLDER, AsJson

if TYPE_CHECKING:
    from mailbot.casefiles.runner import Result
    from mailbot.engine.stages import Standing
    from mailbot.model.decisiveness import Decisive, Lean
    from mailbot.policy.packs import Norm, Pack
    from mailbot.rules import Rule

DIFFERENT = 1
"""Exit code when a verdict is not the expected one."""

Settings = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="MAILBOT_SETTINGS",
        help=f"Folder with mailbot.toml and its packs; without it {DEFAULT_FOLDER}, and if there is none "
        "the settings that mailbot ships.",
    ),
]


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Case files, see the handbook.")],
    settings: Settings = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print every case, not only what differs.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Run the cases of your own files: expected beside given. Reads no mailbox and needs no database.

    Gives exit code 1 when a verdict is not the expected one, 2 when a file cannot be understood.
    """
    from mailbot.casefiles.reader import CasesRefused, read
    from mailbot.casefiles.runner import run

    packs = _packs(settings)
    cases, problems = {}, []
    for file in files:
        cases[file], wrong = read(file, packs, str(file))
        problems += wrong
    if problems:
        raise CasesRefused(problems)
    results = {file: [run(case) for case in found] for file, found in cases.items()}
    if json:
        show.as_json([_as_values(file, found) for file, found in results.items()])
    else:
        for file, found in results.items():
            _print(file, found, verbose)
    if not all(result.agrees for found in results.values() for result in found):
        raise typer.Exit(DIFFERENT)


def list_rules(settings: Settings = None, json: AsJson = False) -> None:
    """All rules: kind, how deep they look, who is told, whether they are on here and why, and at which
    stage."""
    from mailbot.rules import registry

    pack, where = _chosen(settings)
    standings = _standings(settings, pack)
    rows = [
        {
            "rule": rule.id,
            "kind": rule.kind.value,
            "reads": rule.data_class.name.lower(),
            "tells": rule.tells.value,
            "on": on,
            "why": why,
            **_stage(standings.get(rule.id)),
        }
        for rule in registry().values()
        for on, why in [_switch(rule, pack)]
    ]
    if json:
        show.as_json({"pack": pack.name, "settings": where, "rules": rows})
        return
    typer.echo(f"Pack {pack.name} of {where}, {pack.municipality}\n")
    for row in rows:
        typer.echo(f"{row['rule']}: {'on' if row['on'] else 'off'}, {row['why']}")
        typer.echo(f"  {row['kind']}; reads {row['reads']} data; tells the {row['tells']}")
        if row["terms"]:
            typer.echo(f"  stage {row['stage_says']}\n  terms {row['terms']}")
        elif row["on"]:
            typer.echo("  no stage: it sends no letters")


def show_rule(
    name: Annotated[str, typer.Argument(metavar="RULE", help="Name of the rule, as in `rules list`.")],
    settings: Settings = None,
    json: AsJson = False,
) -> None:
    """One rule: its verdicts, its parameters with bounds and values here, and what it must get to read."""
    from mailbot.config.validation import did_you_mean
    from mailbot.model.ids import RuleId
    from mailbot.rules import registry

    rule = registry().get(RuleId(name))
    if rule is None:
        raise typer.BadParameter(f"there is no such rule; {did_you_mean(name, list(registry()))}")
    pack, where = _chosen(settings)
    standing = _standings(settings, pack).get(rule.id)
    values = {**_described(rule, pack), **_stage(standing)}
    if json:
        show.as_json({"pack": pack.name, "settings": where, **values})
        return
    typer.echo(f"Pack {pack.name} of {where}\n")
    typer.echo(f"{rule.id}: {'on' if values['on'] else 'off'}, {values['why']}")
    typer.echo(
        f"  {rule.kind.value}; reads {rule.data_class.name.lower()} data; tells the {rule.tells.value}"
    )
    if standing is not None:
        typer.echo(f"  stage {standing.says}\n  terms {standing.terms}")
    elif values["on"]:
        typer.echo("  no stage: it sends no letters")
    typer.echo("\nIt can say:")
    _lines(values["says"])
    typer.echo("  The codes behind each outcome stand in the handbook, rule-cases.md, under Codes.")
    typer.echo("\nParameters:")
    if about := values["about"]:
        typer.echo("\n".join(f"  {line}" for line in about.splitlines()))
    for parameter in values["parameters"]:
        value = parameter["value"]
        shown = ", ".join(map(str, value)) or "none" if isinstance(value, list) else value
        here = "" if value is None else f"; here {shown}"
        typer.echo(f"  {parameter['name']}: {parameter['bounds'] or 'any'}{here}")
    typer.echo("\nIt asks of every mailbox:")
    _lines(values["asks"] or ["nothing"])
    typer.echo("\nIt may ask of some, after that:")
    _lines(values["asks_of_some"] or ["nothing"])
    typer.echo("\nTo be able to say deviation it must know:")
    for road, said in values["decisive"].items():
        typer.echo(f"  {road}: {said}")


def stage(
    to: Annotated[str, typer.Argument(metavar="STAGE", help="observe, pilot or everyone.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RULE]...",
            show_default=False,
            help="Rules; without any, all of the pack that send letters.",
        ),
    ] = None,
    decided_by: Annotated[
        str, typer.Option("--decided-by", help="The function that decided; no name.")
    ] = "TO FILL IN: the function that decided",
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            metavar="YYYY-MM-DD",
            formats=["%Y-%m-%d"],
            help="The first day of the stage; without it today.",
        ),
    ] = None,
    settings: Settings = None,
) -> None:
    """Print the lines that bring rules to a stage, to be added to stages.toml. Changes nothing.

    Their terms are those of the rules as they are now: when a rule or its norm changes, it observes again.
    The first line says of which pack they are.
    """
    from mailbot.config.stages import lines_of
    from mailbot.config.validation import did_you_mean
    from mailbot.model.ids import RuleId
    from mailbot.policy.stages import Stage

    if to not in list(Stage):
        raise typer.BadParameter(f"one of {', '.join(Stage)}", param_hint="STAGE")
    pack, where = _chosen(settings)
    standings = _standings(settings, pack)
    for name in names or ():
        if name not in standings:
            hint = did_you_mean(name, list(standings))
            raise typer.BadParameter(
                f"the pack has no norm in force for such a rule, or it sends no letters; {hint}",
                param_hint="RULE",
            )
    day = since.date() if since else _today()
    wanted = [standings[RuleId(name)] for name in dict.fromkeys(names or sorted(standings))]
    typer.echo(f"# Pack {pack.name} of {where}")
    typer.echo(
        "\n".join(lines_of(found.rule, Stage(to), found.terms, day, decided_by) for found in wanted), nl=False
    )


def _standings(settings: Path | None, pack: "Pack") -> Mapping[str, "Standing"]:
    """How far each rule has come that writes to people and whose norm is in force, by rule."""
    from mailbot.config.load import read_stages
    from mailbot.config.problems import report
    from mailbot.engine.judge import ActiveRule
    from mailbot.engine.stages import stage_of
    from mailbot.model.errors import SettingsRefused
    from mailbot.rules import Tells, registry

    stages, problems = read_stages(_folder(settings)[0])
    if problems:
        raise SettingsRefused(report(problems))
    today = _today()
    return {
        norm.rule: stage_of(ActiveRule(registry()[norm.rule], norm.parameters), stages, today)
        for norm in pack.active_norms(today)
        if norm.rule is not None and registry()[norm.rule].tells is Tells.PERSON
    }


def _stage(standing: "Standing | None") -> dict[str, Any]:
    """None of it for a rule that sends no letters or whose norm is not in force: there is nothing to decide
    about."""
    if standing is None:
        return {"stage": None, "stage_says": None, "terms": None}
    return {"stage": standing.stage.value, "stage_says": standing.says, "terms": standing.terms}


def _lines(texts: Mapping[str, str] | list[str]) -> None:
    for text in texts.items() if isinstance(texts, Mapping) else texts:
        typer.echo(f"  {text}" if isinstance(text, str) else f"  {text[0]}: {text[1]}")


def _folder(settings: Path | None) -> tuple[Path, str]:
    """The settings that are meant, and what to call them. Rules can be looked at before there are any."""
    from mailbot.config.load import require_settings
    from mailbot.config.shipped import shipped_settings

    if settings is None and (DEFAULT_FOLDER / "mailbot.toml").exists():
        settings = DEFAULT_FOLDER
    if settings is None:
        return shipped_settings(), "the settings that mailbot ships"
    require_settings(settings)
    return settings, str(settings)


def _packs(settings: Path | None) -> dict[str, "Pack"]:
    """The packs that mailbot ships, with those of the settings folder over them."""
    from mailbot.config.load import read_packs
    from mailbot.config.problems import report
    from mailbot.config.shipped import shipped_settings
    from mailbot.model.errors import SettingsRefused

    packs: dict[str, Pack] = {}
    for folder in (shipped_settings(), _folder(settings)[0]):
        found, problems = read_packs(folder)
        if problems:
            raise SettingsRefused(report(problems))
        packs |= found
    return packs


def _chosen(settings: Path | None) -> tuple["Pack", str]:
    """The pack that mailbot.toml chooses. Other settings may be wrong, and nothing else has to be there."""
    from mailbot.config.problems import Problem, report
    from mailbot.config.tomlfile import read_toml
    from mailbot.config.validation import did_you_mean
    from mailbot.model.errors import SettingsRefused

    folder, where = _folder(settings)
    raw, problems = read_toml(folder / "mailbot.toml", "mailbot.toml")
    packs = _packs(settings)
    policy = (raw or {}).get("policy")
    name = policy.get("pack") if isinstance(policy, Mapping) else None
    pack = packs.get(str(name))
    if pack is None and not problems:
        hint = did_you_mean(str(name), list(packs))
        problems = [Problem("mailbot.toml", "policy.pack", "the name of a pack", f"`{name}`", hint)]
    if pack is None or problems:
        raise SettingsRefused(report(problems))
    return pack, where


def _switch(rule: "Rule", pack: "Pack") -> tuple[bool, str]:
    """Whether the rule is on today, and why."""
    from mailbot.model.needs import DataClass

    today = _today()
    lapsed = pack.inactive_because(today)
    norm = _norm(rule, pack)
    if lapsed:
        return False, lapsed
    if norm is None:
        return False, "the pack has no norm in force with its parameters"
    if rule.data_class > DataClass.TRAFFIC:
        return False, f"article {norm.article}; it runs under a signed decision only, for those in its sample"
    return True, f"by article {norm.article}"


def _norm(rule: "Rule", pack: "Pack") -> "Norm | None":
    return next((norm for norm in pack.active_norms(_today()) if norm.rule == rule.id), None)


def _today() -> date:
    from mailbot.casefiles.notation import ZONE
    from mailbot.model.clock import SystemClock

    return SystemClock().now().astimezone(ZONE).date()


def _described(rule: "Rule", pack: "Pack") -> dict[str, Any]:
    import inspect

    on, why = _switch(rule, pack)
    norm = _norm(rule, pack)
    here = norm.parameters.model_dump(mode="json") if norm else {}
    schema = rule.parameters.model_json_schema()
    return {
        "rule": rule.id,
        "kind": rule.kind.value,
        "reads": rule.data_class.name.lower(),
        "tells": rule.tells.value,
        "on": on,
        "why": why,
        "norm": norm.id if norm else None,
        "article": norm.article if norm else None,
        "says": {outcome.value: when for outcome, when in rule.says.items()},
        "about": inspect.cleandoc(rule.parameters.__doc__ or ""),
        "parameters": [
            {"name": name, "bounds": _bounds(one, schema.get("$defs", {})), "value": here.get(name)}
            for name, one in schema["properties"].items()
        ],
        "asks": [need.name for need in rule.needs],
        "asks_of_some": [need.name for need in rule.follow_ups],
        "decisive": {road.value: _decisive(decisive) for road, decisive in rule.decisive.items()},
    }


def _bounds(schema: Mapping[str, Any], named: Mapping[str, Any]) -> str:
    """What a parameter may be, by its JSON schema; `named` are the schemas that it refers to."""
    if "$ref" in schema:
        schema = named[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return "one of " + ", ".join(str(option) for option in schema["enum"])
    if "minimum" in schema and "maximum" in schema:
        return f"from {schema['minimum']} to {schema['maximum']}"
    if schema.get("type") == "array":
        of = _bounds(schema.get("items", {}), named)
        return f"a list, each {of}" if of else "a list"
    return {"boolean": "true or false", "string": "a text"}.get(schema.get("type", ""), "")


def _decisive(decisive: "Decisive") -> str:
    if decisive.never:
        return f"never: {decisive.never}"
    return "; ".join(" or ".join(_lean(lean) for lean in group) for group in decisive.requires) or "nothing"


def _lean(lean: "Lean") -> str:
    from mailbot.model.decisiveness import name
    from mailbot.model.statements import Claim

    return f"a statement ({name(lean)})" if isinstance(lean, Claim) else name(lean)


def _print(file: Path, results: list["Result"], verbose: bool) -> None:
    wrong = sum(not result.agrees for result in results)
    noun = "case" if len(results) == 1 else "cases"
    typer.echo(f"{file}: {len(results)} {noun}, {f'{wrong} not as expected' if wrong else 'all as expected'}")
    for result in results:
        if result.agrees and verbose:
            typer.echo(f"  case {result.case.number}: {result.case.story}")
            typer.echo(f"    given: {_given(result)}")
        if not result.agrees:
            typer.echo(f"  case {result.case.number}: {result.case.story}")
            for difference in result.differences:
                typer.echo(f"    {difference.what}")
                typer.echo(f"      expected: {difference.expected}")
                typer.echo(f"      given:    {difference.given}")


def _given(result: "Result") -> str:
    from mailbot.casefiles.runner import in_words

    tasks = ", ".join(sorted(result.given.tasks))
    return in_words(result.given) + (f"; tasks: {tasks}" if tasks else "")


def _as_values(file: Path, results: list["Result"]) -> dict[str, Any]:
    return {
        "file": str(file),
        "cases": [
            {
                "number": result.case.number,
                "story": result.case.story,
                "agrees": result.agrees,
                "expected": {
                    "outcome": result.case.expected.outcome.value,
                    "why": result.case.expected.why,
                },
                "given": {
                    "outcome": result.given.outcome.value,
                    "why": result.given.why,
                    "tasks": sorted(result.given.tasks),
                    "shown": dict(result.given.shown),
                },
                "differences": [
                    {"what": d.what, "expected": d.expected, "given": d.given} for d in result.differences
                ],
            }
            for result in results
        ],
    }
