"""The systemd unit: systemd understands all of it, and it fits what mailbot does."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mailbot.model.errors import GateClosed, KeyRefused, SettingsRefused, WorkerHung
from mailbot.service import run
from mailbot.store.sql import DEADLINE

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "mailbot.service"
MOST_EXPOSED = 2.0
"""On systemd's scale from 0, shut in, to 10, open. A service without any hardening has 9.6."""


def analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        [program, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit as an administrator has it, with a program where it looks for one."""
    program = tmp_path / "mailbot"
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(0o755)
    text = UNIT.read_text(encoding="utf-8")
    assert "ExecStart=/opt/mailbot/bin/mailbot " in text
    unit = tmp_path / "mailbot.service"
    unit.write_text(text.replace("/opt/mailbot/bin/mailbot", str(program)), encoding="utf-8")
    return unit


def test_systemd_understands_every_line(installed: Path) -> None:
    """It only warns of a key that it does not know: any output is a fault."""
    done = analyze("verify", "--man=no", str(installed))
    assert (done.returncode, done.stdout) == (0, "")


def test_a_misspelt_line_would_be_found(installed: Path) -> None:
    text = installed.read_text(encoding="utf-8").replace("RestartForceExitStatus", "RestartForcedExitStatus")
    installed.write_text(text, encoding="utf-8")
    assert "RestartForcedExitStatus" in analyze("verify", "--man=no", str(installed)).stdout


def test_the_service_is_shut_in(installed: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}", str(installed))
    assert done.returncode == 0, done.stdout[-200:]


def test_the_unit_fits_what_mailbot_does() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    service = parser["Service"]
    assert service["RestartForceExitStatus"] == str(WorkerHung.exit_code)
    waits_for_a_person = {error.exit_code for error in (SettingsRefused, KeyRefused, GateClosed)}
    assert {int(code) for code in service["RestartPreventExitStatus"].split()} == waits_for_a_person
    assert int(service["TimeoutStopSec"]) >= run.END_WITHIN + 15, "what is cut needs a while to end"


def test_an_hour_without_database_is_survived_and_no_restart_is_for_ever() -> None:
    """A start ends at once when nothing listens, and after the store's deadline when nothing answers."""
    text = UNIT.read_text(encoding="utf-8")
    pause, starts, hours = (
        int(text.partition(f"\n{key}=")[2].splitlines()[0].rstrip("h"))
        for key in ("RestartSec", "StartLimitBurst", "StartLimitIntervalSec")
    )
    assert pause <= 60, "after a worker that hung the sweep must go on soon"
    assert pause * starts > 3600
    assert (pause + DEADLINE) * starts < hours * 3600, "else monitoring never finds it failed"


def test_only_a_group_reads_the_settings_and_what_others_bring() -> None:
    """User and group are made by hand, and what is kept of the personnel feed is the user's alone."""
    group = UNIT.read_text(encoding="utf-8").partition("\nSupplementaryGroups=")[2].splitlines()[0]
    steps = (UNIT.parent / "README.md").read_text(encoding="utf-8")
    assert f"groupadd --system {group}\n" in steps
    user = UNIT.read_text(encoding="utf-8").partition("\nUser=")[2].splitlines()[0]
    assert re.search(rf"useradd --system .* {user}\n", steps)
    assert f"install -d -o {user} -g {user} -m 700 /srv/mailbot/hr/kept\n" in steps
    for folder in ("/etc/mailbot", "/srv/mailbot"):
        assert re.search(rf"install -d -o \S+ -g {group} -m 2750 {folder}\n", steps), folder
