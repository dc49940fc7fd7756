"""The wheel: what a municipality installs holds everything, settings, texts and simulator included."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import mailbot

ROOT = Path(__file__).parents[2]


def run(*words: str, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Installed:
    """A wheel, unpacked by pip into a folder of its own; the other packages are those of this environment."""

    wheel: Path
    site: Path

    def types(self, *words: str) -> str:
        return run("-m", "mailbot", *words, cwd=self.site.parent, env={"PYTHONPATH": str(self.site)})


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built and installed without a network, as on a server that has none."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; it is in the extra `build`")
    folder = tmp_path_factory.mktemp("wheel")
    quiet = ("--quiet", "--no-index", "--no-deps", "--disable-pip-version-check")
    run("-m", "pip", "wheel", *quiet, "--no-build-isolation", "-w", str(folder), str(ROOT), cwd=folder)
    (wheel,) = folder.glob("*.whl")
    run("-m", "pip", "install", *quiet, "--target", str(folder / "site"), str(wheel), cwd=folder)
    return Installed(wheel, folder / "site")


def test_it_says_its_version_from_where_it_was_installed(installed: Installed) -> None:
    assert installed.types("--version") == f"mailbot {mailbot.__version__}\n"
    where = run("-c", "import mailbot; print(mailbot.__file__)", cwd=installed.site, env=path(installed))
    assert Path(where.strip()).is_relative_to(installed.site)
    assert (installed.site / "bin" / "mailbot").is_file(), "the command itself"


def path(installed: Installed) -> dict[str, str]:
    return {"PYTHONPATH": str(installed.site)}


def test_the_settings_are_inside(installed: Installed) -> None:
    """There is no checkout beside it: what init writes comes out of the wheel."""
    assert not (installed.site / "settings").exists()
    folder = installed.site.parent / "etc"
    said = installed.types(
        "init",
        str(folder),
        "--organisation=gemeente Anderland",
        "--domain=anderland.example",
        "--pack=huizen",
        "--endpoint=https://post.anderland.example/EWS/Exchange.asmx",
        r"--username=ANDERLAND\svc-mailbot",
        "--contact=de servicedesk, telefoon 1234",
    )
    assert "mailbot doctor" in said
    written = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    shipped = {file.relative_to(ROOT / "settings").as_posix() for file in (ROOT / "settings").rglob("*.toml")}
    other_packs = {name for name in shipped if name.startswith("packs/") and "/huizen/" not in name}
    assert shipped - other_packs - {"gates.empty.toml", "stages.empty.toml"} <= written


def test_the_demo_runs_from_it(installed: Installed) -> None:
    """Simulator, letter layouts, database migrations: whatever is not Python must be in the wheel too."""
    shown = json.loads(installed.types("demo", "--json", "--mailboxes", "250", "--folder", "demo"))
    assert shown["mailboxes"]["population"] == 250
    assert shown["letters"]["sent"] > 30


def test_nothing_else_is_in_it(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
    parts = {name.partition("/")[0] for name in names}
    assert parts == {"mailbot", f"mailbot-{mailbot.__version__}.dist-info"}
    private = ("__pycache__", ".db", ".key", ".password", "directory.ldf")
    assert not [name for name in names if any(part in name for part in private)]
    assert [name for name in names if name.endswith("LICENSE")]
