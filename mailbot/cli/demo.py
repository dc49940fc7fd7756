"""`mailbot demo`: the main job from end to end, for a municipality that exists on this machine only."""

import json as jsonlib
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from mailbot.cli import demo_settings, show
from mailbot.cli.options import AsJson, Verbose
from mailbot.cli.session import set_up_log
from mailbot.cli.work import sweep_json

if TYPE_CHECKING:
    from mailbot.jobs.house import House
    from mailbot.jobs.sweep_report import SweepReport
    from mailbot.model.clock import SetClock
    from mailbot.model.ids import LetterId
    from mailbot.model.letters import Mail, Trace
    from mailbot.ports import Post

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))
MARK = "this-is-a-mailbot-demo"
SEED = 1


def demo(
    mailboxes: Annotated[int, typer.Option(min=250, max=20000, help="People and shared mailboxes.")] = 300,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its state and letters.")] = Path("demo"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Start from nothing.")] = False,
    json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Sweep the fictional gemeente Voorbeeld on a Monday morning and deliver its letters.

    Everything is real but the municipality: HTTP, sign-in, EWS, database, letters. A second run on the same
    state finds the same and sends nothing.
    """
    from mailbot import wiring
    from mailbot.model.clock import SetClock

    started = time.monotonic()
    set_up_log(verbose, logging.ERROR)  # what an operator would be told is printed below
    _prepare(folder, fresh)
    clock = SetClock(_resume(folder))
    copies: list[Mail] = []

    def say(text: str) -> None:
        if not json:
            typer.echo(text)

    say(f"Starting gemeente Voorbeeld with {mailboxes} mailboxes on this machine ...")
    with _municipality(folder, mailboxes, clock) as server:
        settings = _settings(folder, server["endpoint"])
        calibrate_voorbeeld(settings, clock)
        with wiring.opened(
            settings,
            {},
            clock=clock,
            wrap_post=lambda post: Copying(post, copies),
            decisions=(demo_settings.decision(),),
        ) as house:
            read = demo_settings.decision()
            say(f"Headings: {read.sample_percent}% of the people, under decision {read.id} until {read.end}.")
            say(f"It is {clock.now().astimezone(MONDAY.tzinfo):%A %d %B %Y, %H:%M} there. Sweeping ...")
            report, sent, doubtful = _monday(house, clock, json)
    (folder / "clock").write_text(clock.now().isoformat(), encoding="ascii")
    index = _write_letters(folder, copies)
    values = {
        **sweep_json(report),
        "letters": {"sent": sent, "in_doubt": doubtful},
        "seconds": round(time.monotonic() - started, 2),
        "folder": str(index.parent),
    }
    if json:
        show.as_json(values)
    else:
        _print(report, values, index)


def _monday(house: "House", clock: "SetClock", quiet: bool) -> "tuple[SweepReport, int, int]":
    """The sweep, then the digests and letters at the hours at which they leave."""
    from mailbot.jobs.deliver import deliver
    from mailbot.jobs.digest import digest
    from mailbot.jobs.sweep import sweep
    from mailbot.model.slots import Job, Slot

    def label() -> str:
        return f"demo-{clock.now():%H%M%S}"

    with show.Bar("mailboxes", hidden=quiet) as bar:
        report = sweep(house, Slot(Job.SWEEP, house.today(), label()), progress=bar)
    if report is None:
        raise RuntimeError("the demo's own slot was done already")
    sent = doubtful = 0
    for hour, minute in ((8, 30), (10, 0)):
        local = clock.now().astimezone(MONDAY.tzinfo)
        clock.set(max(local.replace(hour=hour, minute=minute), local + timedelta(minutes=1)))
        digest(house, Slot(Job.DIGEST, house.today(), label()))
        delivery = deliver(house)
        sent += delivery.sent
        doubtful += delivery.in_doubt
    return report, sent, doubtful


def _prepare(folder: Path, fresh: bool) -> None:
    """Only a folder that the demo made itself is ever emptied."""
    mark = folder / MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise typer.BadParameter(f"{folder} holds other files; choose another folder", param_hint="--folder")
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _resume(folder: Path) -> datetime:
    """The demo's Monday goes on where its last run left it: time never runs back under a database."""
    kept = folder / "clock"
    if not kept.exists():
        return MONDAY
    return datetime.fromisoformat(kept.read_text(encoding="ascii")) + timedelta(minutes=1)


@contextmanager
def _municipality(folder: Path, mailboxes: int, clock: "SetClock") -> Iterator[dict[str, Any]]:
    """The simulator as a process of its own, ended with this one."""
    command = [sys.executable, "-P", "-m", "mailbot.simulator", "--watch-stdin"]
    command += ["--seed", str(SEED), "--mailboxes", str(mailboxes), "--now", clock.now().isoformat()]
    command += ["--folder", str(folder / "municipality"), "--journal", str(folder / "exchange.jsonl")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise typer.BadParameter("the simulated municipality did not start; see the lines above")
        yield jsonlib.loads(line)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _settings(folder: Path, endpoint: str) -> Path:
    """Voorbeeld's shipped settings, pointed at the simulator and switched to live: only there may they be."""
    from mailbot.config.shipped import shipped_settings
    from mailbot.store.keys import create_key_file

    settings = folder / "settings"
    shutil.copytree(shipped_settings(), settings, dirs_exist_ok=True)
    demo_settings.complete(settings, endpoint, folder / "municipality")
    key = settings / "mailbot.key"
    if not key.exists():
        create_key_file(key)
    return settings


def calibrate_voorbeeld(settings: Path, clock: "SetClock") -> None:
    """As the administrator does once: from test mails in a mailbox made for it."""
    from mailbot import wiring
    from mailbot.cli.calibrate import existing_file
    from mailbot.jobs.calibrate import calibrate
    from mailbot.model.ids import Address
    from mailbot.policy.calibration import to_toml

    with wiring.opened(settings, {}, clock=clock, insist=False) as house:
        found = calibrate(
            house,
            Address(demo_settings.CALIBRATION_MAILBOX),
            existing_file(settings),
            approver="CISO",
            # The staged mail is of last week: a calibration tells nothing of mail from before its approval.
            approved=clock.now().date() - timedelta(days=21),
            confirmed_tags=("[veilig]",),
        )
    if found.file is None:
        raise RuntimeError("the town's own test mails do not make a calibration")
    (settings / demo_settings.SECURE_MAIL_FILE).write_text(to_toml(found.file), encoding="utf-8")


class Copying:
    """A post that keeps a copy of every mail it has sent, for the demo's folder of letters."""

    def __init__(self, post: "Post", copies: "list[Mail]") -> None:
        self._post = post
        self._copies = copies
        self._drafts: dict[str, Mail] = {}

    def prepare(self, mail: "Mail") -> str:
        draft = self._post.prepare(mail)
        self._drafts[draft] = mail
        return draft

    def dispatch(self, draft: str) -> None:
        self._post.dispatch(draft)
        if draft in self._drafts:
            self._copies.append(self._drafts.pop(draft))

    def discard(self, draft: str) -> bool:
        self._drafts.pop(draft, None)
        return self._post.discard(draft)

    def trace(self, key: "LetterId", message_id: str) -> "Trace":
        return self._post.trace(key, message_id)

    def tidy(self, keys: "Collection[LetterId]") -> "frozenset[LetterId]":
        return self._post.tidy(keys)

    def reach(self) -> None:
        self._post.reach()

    def left_over(self) -> int:
        return self._post.left_over()

    def close(self) -> None:
        self._post.close()


def _write_letters(folder: Path, copies: "list[Mail]") -> Path:
    """The letters of the newest run that sent any, one `.eml` each, and the page that shows them."""
    from mailbot.letters.gallery import write_gallery

    target = folder.absolute() / "letters"
    if not copies and (target / "index.html").exists():
        return target / "index.html"
    return write_gallery(copies, target, "Letters of gemeente Voorbeeld")


def _print(report: "SweepReport", values: dict[str, Any], index: Path) -> None:
    from mailbot.jobs.tasks import INSTRUCTIONS

    coverage = report.figures.coverage
    typer.echo(f"\n{report.result}: {report.why}\n")
    show.table("Verdicts", ["rule", *show.OUTCOMES], show.verdict_rows(report.figures.verdicts))
    if report.figures.unknowns:
        rows = [[rule, reason, n] for (rule, reason), n in sorted(report.figures.unknowns.items())]
        typer.echo()
        show.table("Not known, and why", ["rule", "reason", "mailboxes"], rows)
    letters = values["letters"]
    per_mailbox = values["requests"] / coverage.population if coverage.population else 0.0
    typer.echo(f"\nLetters sent: {letters['sent']}, in doubt: {letters['in_doubt']}.")
    typer.echo(
        f"Requests: {values['requests']}, {per_mailbox:.2f} per mailbox. Seconds: {values['seconds']}."
    )
    if report.tasks:
        rows = [[task, number, INSTRUCTIONS[task]] for task, number in report.tasks.items()]
        typer.echo()
        show.table(
            "Tasks for the administrator, of mailboxes and of people", ["code", "number", "what to do"], rows
        )
    typer.echo(f"\nRead the letters: {index}")
