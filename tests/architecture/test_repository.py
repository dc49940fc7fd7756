"""What stands in the repository holds on any machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HOSTS = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "conda" + ".anaconda.org")
"""Put together here, so that this file does not name what it looks for."""
MACHINE_PATHS = re.compile(r"(?<![\w.$~-])/(work|home|root|Users|mnt)/\w")
BINARY = {".png", ".ico", ".gz", ".whl", ".db", ".eml"}


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Files that git knows or would add; a copy without git has no list to look at."""
    if not (ROOT / ".git").exists():
        pytest.skip("this copy has no git: there is no list of its files")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names = [name for name in listed.split("\0") if name]
    assert "pyproject.toml" in names
    return [ROOT / name for name in names if (ROOT / name).is_file() and Path(name).suffix not in BINARY]


def test_no_file_names_a_package_registry(files: list[Path]) -> None:
    """Where packages come from is the business of whoever installs."""
    guilty = [
        f"{file.relative_to(ROOT)}: {host}"
        for file in files
        for host in HOSTS
        if host in file.read_text(encoding="utf-8", errors="replace").lower()
    ]
    assert guilty == []


def test_no_file_names_a_folder_of_somebodys_machine(files: list[Path]) -> None:
    guilty = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number, line in enumerate(
            file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if MACHINE_PATHS.search(line)
    ]
    assert guilty == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("see /ho" + "me/kim/notes.txt", True),
        ('Path("/ro' + 'ot/x")', True),
        ("https://example.org/ho" + "me/page", False),
        ("the ~/wo" + "rk/folder", False),
        ("/etc/mailbot/mailbot.toml", False),
    ],
)
def test_the_look_for_machine_paths_finds_them(line: str, found: bool) -> None:
    assert bool(MACHINE_PATHS.search(line)) is found
