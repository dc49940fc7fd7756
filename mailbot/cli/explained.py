"""What `mailbot explain` prints: one person's story in words, and the same as JSON."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import typer

from mailbot.cli import show

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mailbot.jobs.forgetting import Limit
    from mailbot.jobs.rights import Explanation
    from mailbot.jobs.story import Waiting, WouldDo
    from mailbot.model.ids import RuleId
    from mailbot.model.letters import OutboxLetter

HAPPENED = {
    "opened": "something to mend was found",
    "told": "the person was told by letter",
    "reminded": "the person was reminded by letter",
    "came_back": "that letter came back: it does not count",
    "mended": "it was mended",
    "waived": "it is left alone, by a waiver",
    "waiver_over": "the waiver is over, and there is still something to mend",
    "lapsed": "it lapsed: there is nothing to mend any more, or it was over",
}

SILENCE = {
    "resting": "the person rests until {}, after a pause, an absence or a letter that did not arrive",
    "one_a_week": "no letter before {}, but urgent ones; there was one this week",
    "too_soon": "no letter on this topic before {}; the last one is not long enough ago",
    "silent": "no letter on this topic before {}; there were as many as there may be",
}

BECAME = {
    "waiting": "it waits; it may leave from",
    "claimed": "it is being made, since",
    "drafted": "it is being sent, since",
    "sent": "it left on",
    "in_doubt": "it may have arrived, and is not sent again; in doubt since",
    "withdrawn": "it was not needed any more when it was to leave, on",
    "expired": "its time passed before it could leave, on",
    "refused": "the server refused it for good on",
    "bounced": "it came back on",
    "set_aside": "it failed too often, and was set aside on",
}


def print_explanation(found: "Explanation", zone: "ZoneInfo") -> None:
    typer.echo(f"Kept about {found.person.address.value}:\n")
    if found.paused:
        typer.echo("Paused: an objection is pending. Nothing is read or told; this is as it was then.")
    if found.swept:
        typer.echo(f"Newest sweep: {_minute(found.swept, zone)}")
    rows = [
        [j.rule, j.verdict.outcome.value, j.verdict.why, ", ".join(sorted(j.verdict.tasks)) or "-"]
        for j in found.judgements
    ]
    show.table("Verdicts", ["rule", "verdict", "because", "tasks"], rows)
    typer.echo()
    if found.left:
        rows = [
            [_minute(begun, zone), j.rule, j.verdict.outcome.value, j.verdict.why] for begun, j in found.left
        ]
        show.table("Verdicts of sweeps that are not over", ["sweep", "rule", "verdict", "because"], rows)
        typer.echo()
    rows = [
        [
            *(f.rule, _article(found, f.rule), f.state.value),
            *(_day(f.opened, zone), _day(f.changed, zone), str(f.steps)),
        ]
        for f in found.findings
    ]
    show.table("Findings", ["rule", "article", "state", "opened", "changed", "letters"], rows)
    typer.echo()
    _lines(
        "What happened",
        [
            f"{_minute(e.at, zone)}  {_named(found, e.rule)}: {HAPPENED[e.happened.value]}"
            for e in found.story
        ],
        "nothing that is still kept",
    )
    rows = [
        [x.order.topic, x.order.kind.value, x.state.value, f"{BECAME[x.state.value]} {_when(x, zone)}"]
        for x in found.letters
    ]
    show.table("Letters", ["topic", "kind", "state", "what became of it"], rows)
    typer.echo()
    _lines("What comes next", _next(found, zone), "the number of earlier letters holds none back")
    _print_reading(found, zone)
    _print_forgetting(found, zone)
    typer.echo(f"\nThis look is logged. The person is told of it by {found.told_by:%Y-%m-%d}.")


def _lines(title: str, lines: list[str], none: str) -> None:
    typer.echo(f"{title}: {none}" if not lines else title)
    for line in lines:
        typer.echo(f"  {line}")
    typer.echo()


def _next(found: "Explanation", zone: "ZoneInfo") -> list[str]:
    lines = [f"{w.rule}: left alone until {w.until:%Y-%m-%d}, by {w.owner}" for w in found.waived]
    lines += [
        f"{a.topic or 'all topics'}: {SILENCE[a.why.value].format(_minute(a.before, zone))}"
        for a in found.ahead
    ]
    lines += [
        f"{h.rule}: the plan of {_minute(h.planned, zone)} made no letter ({h.why.value})"
        for h in found.held_back
    ]
    if found.waiting is not None:
        plan = f"the plan of {_minute(found.waiting.planned, zone)} waits for a human"
        lines += [f"{step.rule}: {plan}; if it is run, {_would(step)}" for step in found.waiting.steps]
        if not found.waiting.steps:
            lines.append(f"all topics: {plan}; it does nothing to this person")
    return lines


def _would(step: "WouldDo") -> str:
    if step.letter is not None:
        return f"a letter is ordered ({step.letter.value})"
    return (
        f"no letter is ordered ({step.why.value})"
        if step.why
        else "what was found is noted, without a letter"
    )


def _when(letter: "OutboxLetter", zone: "ZoneInfo") -> str:
    waits = letter.state.value == "waiting"
    return _minute(letter.order.not_before if waits or not letter.changed else letter.changed, zone)


def _named(found: "Explanation", rule: "RuleId") -> str:
    return f"{rule} (article {_article(found, rule)})" if found.articles.get(rule) else rule


def _article(found: "Explanation", rule: "RuleId") -> str:
    return ", ".join(found.articles.get(rule, ())) or "-"


def _print_reading(found: "Explanation", zone: "ZoneInfo") -> None:
    """That and until when it is kept how the mailbox was read. Where it stopped in the mail is not shown."""
    reading = found.reading
    if reading.read:
        typer.echo(f"The mailbox was last read on {_minute(reading.read, zone)}.")
    if reading.failed:
        typer.echo(f"Reading it failed on {_minute(reading.failed, zone)}.")
    if reading.until:
        typer.echo(f"That is kept until {_day(reading.until, zone)}, unless it is read again.")
    if found.marks:
        rows = [
            [m.need, _day(m.made, zone), f"{m.until:%Y-%m-%d}", ", ".join(m.decisions) or "-"]
            for m in found.marks
        ]
        typer.echo()
        show.table("Marks of how far it was read", ["question", "made", "kept until", "decision"], rows)


def _print_forgetting(found: "Explanation", zone: "ZoneInfo") -> None:
    """What is gone by now. It is the same for everybody: of whom what was deleted is recorded nowhere."""
    forgetting = found.forgetting
    ran = (
        f"Forgetting last ran on {_minute(forgetting.last, zone)}"
        if forgetting.last
        else "Forgetting never ran yet"
    )
    typer.echo(f"\nWhat is deleted in time. {ran}; what was deleted of one person is recorded nowhere.")
    for under in sorted({limit.under for limit in forgetting.limits}):
        typer.echo(f"Under {under}:")
        for limit in forgetting.limits:
            if limit.under == under:
                gone = f"; all from before {limit.gone_before:%Y-%m-%d} is gone" if limit.gone_before else ""
                typer.echo(f"  {limit.what}: {_kept(limit)}{gone}")


def _kept(limit: "Limit") -> str:
    if not limit.days:
        return limit.since
    weeks, days = divmod(limit.days, 7)
    return f"{limit.days} days {limit.since}" if days else f"{weeks} weeks {limit.since}"


def _minute(moment: datetime, zone: "ZoneInfo") -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _day(moment: datetime, zone: "ZoneInfo") -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d}"


def explanation(found: "Explanation") -> dict[str, Any]:
    """The same for --json: moments in ISO 8601 with their offset, days as YYYY-MM-DD."""
    return {
        "paused": found.paused,
        "swept": _iso(found.swept),
        "verdicts": {j.rule: j.verdict.outcome.value for j in found.judgements},
        "because": {j.rule: j.verdict.why for j in found.judgements},
        "tasks": {j.rule: sorted(j.verdict.tasks) for j in found.judgements if j.verdict.tasks},
        "left": [
            {
                "sweep": begun.isoformat(),
                "rule": j.rule,
                "verdict": j.verdict.outcome.value,
                "because": j.verdict.why,
                "tasks": sorted(j.verdict.tasks),
            }
            for begun, j in found.left
        ],
        "findings": [
            {
                "rule": f.rule,
                "articles": list(found.articles.get(f.rule, ())),
                "state": f.state.value,
                "opened": f.opened.isoformat(),
                "changed": f.changed.isoformat(),
                "told": _iso(f.told),
                "letters": f.steps,
            }
            for f in found.findings
        ],
        "story": [
            {"at": e.at.isoformat(), "rule": e.rule, "happened": e.happened.value} for e in found.story
        ],
        "letters": [
            {
                "topic": x.order.topic,
                "kind": x.order.kind.value,
                "state": x.state.value,
                "not_before": x.order.not_before.isoformat(),
                "changed": _iso(x.changed),
            }
            for x in found.letters
        ],
        "next": {
            "no_letter_before": [
                {"topic": a.topic, "before": a.before.isoformat(), "why": a.why.value} for a in found.ahead
            ],
            "held_back": [
                {"rule": h.rule, "planned": h.planned.isoformat(), "why": h.why.value}
                for h in found.held_back
            ],
            "waiting": _waiting(found.waiting),
            "waived": [{"rule": w.rule, "owner": w.owner, "until": _iso(w.until)} for w in found.waived],
        },
        "reading": {
            "read": _iso(found.reading.read),
            "failed": _iso(found.reading.failed),
            "kept_until": _iso(found.reading.until),
        },
        "marks": [
            {
                "question": m.need,
                "made": m.made.isoformat(),
                "kept_until": m.until.isoformat(),
                "decisions": list(m.decisions),
            }
            for m in found.marks
        ],
        "forgetting": {
            "last": _iso(found.forgetting.last),
            "limits": [
                {
                    "what": limit.what,
                    "days": limit.days,
                    "since": limit.since,
                    "under": limit.under,
                    "gone_before": _iso(limit.gone_before),
                }
                for limit in found.forgetting.limits
            ],
        },
        "told_by": found.told_by.isoformat(),
    }


def _waiting(plan: "Waiting | None") -> dict[str, Any] | None:
    if plan is None:
        return None
    steps = [
        {
            "rule": step.rule,
            "letter": step.letter.value if step.letter else None,
            "why": step.why.value if step.why else None,
        }
        for step in plan.steps
    ]
    return {"plan": plan.plan, "planned": plan.planned.isoformat(), "steps": steps}


def _iso(when: date | None) -> str | None:
    return when.isoformat() if when else None
