"""The commands that deploy/systemd/README.md tells an administrator to type work as they stand there."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailbot.config.init import Answers, write_initial
from mailbot.store.keys import create_key_file

README = (Path(__file__).parents[2] / "deploy" / "systemd" / "README.md").read_text(encoding="utf-8")
COMMANDS = README.partition("## Commands about it\n")[2].partition("\n## ")[0]
LINES = [line.strip() for line in COMMANDS.splitlines() if line.startswith("    ")]
PROGRAM = "/opt/mailbot/bin/mailbot"
ANSWERS = Answers(
    organisation="gemeente Voorbeeld",
    domain="voorbeeld.example",
    pack="voorbeeld",
    endpoint="http://127.0.0.1:9/EWS/Exchange.asmx",
    username=r"VOORBEELD\svc-mailbot",
    contact="de servicedesk, telefoon 4321",
)


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A folder that stands for / of a server, installed as the README says; nobody answers for Exchange."""
    secrets, settings = tmp_path / "etc/mailbot-secrets", tmp_path / "etc/mailbot"
    for folder in (secrets, tmp_path / "var/lib/mailbot", tmp_path / "srv/mailbot/hr"):
        folder.mkdir(parents=True)
    write_initial(settings, ANSWERS)
    create_key_file(secrets / "mailbot.key")
    password = secrets / "exchange.password"
    password.write_text("alleen-voor-de-proef\n", encoding="utf-8")
    password.chmod(0o600)
    shutil.copy(settings / "directory.example.ldf", tmp_path / "srv/mailbot/directory.ldf")
    drop = shutil.copy(settings / "hr.example.csv", tmp_path / "srv/mailbot/hr/personeel.csv")
    earlier = time.time() - 3600
    os.utime(drop, (earlier, earlier))
    file = settings / "mailbot.toml"
    text = file.read_text(encoding="utf-8")
    keys = re.findall(r'`((?:url|access_export|directory_export|hr_folder) = "[^"`]+")`', README)
    assert len(keys) == 4, "the README tells which paths to write in mailbot.toml"
    for line in keys:
        key = line.partition(" ")[0]
        moved = re.sub(r"/(?=(?:var|srv)/)", f"{tmp_path}/", line, count=1)
        text, times = re.subn(rf'^(?:# )?{key} = "[^"]*"', moved, text, flags=re.M)
        assert times == 1, key
    file.write_text(text, encoding="utf-8")
    return tmp_path


def typed(lines: list[str], server: Path) -> "subprocess.CompletedProcess[str]":
    """What a shell without any setting of its own makes of these lines."""
    script = "\n".join(lines).replace(PROGRAM, f"{sys.executable} -m mailbot")
    script = re.sub(r"(?<=[ =])/(?=(?:etc|var)/)", f"{server}/", script)
    shell = ["env", "-i", "PATH=/usr/bin:/bin", "HOME=/nonexistent", "sh", "-c", script]
    return subprocess.run(
        shell, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120
    )


def told(command: str) -> list[str]:
    """The lines up to this command, without the other commands."""
    (wanted,) = [line for line in LINES if line.startswith(f"{PROGRAM} {command} ")]
    return [line for line in LINES if line.startswith("export ")] + [wanted]


def test_the_findings(server: Path) -> None:
    done = typed(told("findings"), server)
    assert (done.returncode, "Traceback" in done.stdout) == (0, False), done.stdout


def test_the_doctor_finds_every_file_and_goes_on_to_exchange(server: Path) -> None:
    done = typed(told("doctor"), server)
    assert "settings: good" in done.stdout
    assert "sign-in: bad, Exchange did not answer" in done.stdout
    assert done.returncode == 1


def test_without_the_paths_of_the_unit_neither_would_work(server: Path) -> None:
    (command,) = told("findings")[-1:]
    assert typed([command], server).returncode == 2
