"""The commands for whoever writes the letters: on a machine without database, key, Exchange or browser."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mailbot.config.shipped import shipped_settings
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.letters import LetterKind

ROOT = Path(__file__).parents[2]
HANDBOOK = (ROOT / "deploy" / "handbook" / "letters.md").read_text(encoding="utf-8")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Settings of a municipality that changes its texts; only what letters need is there."""
    folder = tmp_path / "settings"
    folder.mkdir()
    shutil.copy(shipped_settings() / "mailbot.toml", folder)
    for part in ("letters", "packs"):
        shutil.copytree(shipped_settings() / part, folder / part)
    return folder


def types(folder: Path, *words: str | Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailbot", "letters", *words, "--settings", folder],
        cwd=ROOT,
        env={"PATH": path} if path is not None else None,
        capture_output=True,
        text=True,
        timeout=120,
    )


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_letters_are_as_they_should_be(own: Path) -> None:
    done = types(own, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\d+ letters, for the pack voorbeeld: all as they should be\.\n", done.stdout)


def test_everything_wrong_is_told_at_once_with_its_mend(own: Path) -> None:
    """A text that does not hold, one that cannot be filled, one that is missing, and a stiff sentence."""
    letters = own / "letters"
    change(letters / "nl/quota.toml", "Laat al je berichten gewoon staan.", "Verwijder niets.")
    change(letters / "en/out_of_office.toml", "{{ first_day }}", "{{ first }}")
    change(letters / "nl/signature.toml", "[thanks]", "[hint]")
    change(
        letters / "nl/delegates.toml", "Dan is het fijn als", "Het is middels deze brief dringend nodig dat"
    )
    done = types(own, "check")
    assert done.returncode == 2
    told = re.findall(r"^(\S+\.toml)$|^  (\S.*)$", done.stderr, re.MULTILINE)
    assert {file for file, _ in told if file} == {
        "letters/nl/quota.toml",
        "letters/en/out_of_office.toml",
        "letters/nl/signature.toml",
        "letters/nl/delegates.toml",
        "letters/en/signature.toml",
    }
    assert {"nudge.paragraphs.1"} <= {where for _, where in told}
    assert '"middels"' in done.stderr
    assert '"dringend"' in done.stderr
    assert done.stderr.count("    mend:     ") == done.stderr.count("    expected: ") >= 5
    listed = json.loads(types(own, "check", "--json").stdout)["problems"]
    assert len(listed) == done.stderr.count("    mend:     ")
    assert {problem["file"] for problem in listed} == {file for file, _ in told if file}


def test_who_changes_a_letter_sees_it_with_the_own_words_of_the_house(own: Path, tmp_path: Path) -> None:
    change(own / "mailbot.toml", 'name = "gemeente Voorbeeld"', 'name = "Gemeente Elders"')
    change(own / "letters/nl/quota.toml", "Nog even over de ruimte in je postbus", "Daar zijn we weer")
    out = tmp_path / "out"
    words = ["--topic", "quota", "--kind", "reminder", "--locale", "nl", "--name", "Fatma Yıldız"]
    done = types(own, "preview", "--out", out, *words)
    assert done.returncode == 0, done.stderr
    names = {"quota-reminder.nl", "quota-reminder-hold.nl", "quota-reminder-last.nl"}
    kinds = (".html", ".txt", ".eml")
    assert {p.name for p in out.iterdir()} == {f"{n}{k}" for n in names for k in kinds} | {"index.html"}
    text = (out / "quota-reminder.nl.txt").read_text(encoding="utf-8")
    for said in (
        "Gemeente Elders",
        "Daar zijn we weer",
        "Dag Fatma Yıldız,",
        "Je postbus is hoogstens 5 gigabyte",
    ):
        assert said in text


def test_without_a_browser_the_letters_are_there_and_the_pictures_are_not(own: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = types(own, "preview", "--out", out, "--topic", "explain", "--png", path=str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert "no Chromium, Chrome, Edge or Firefox was found" in done.stderr
    assert (out / "index.html").is_file()
    assert not list(out.glob("*.png"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--topic", "qouta"], "quota"),
        (["--kind", "remind"], "reminder"),
        (["--locale", "fr"], "there is none"),
        (["--topic", "explain", "--kind", "thanks"], "no such letter"),
    ],
)
def test_a_letter_that_does_not_exist_is_told(own: Path, tmp_path: Path, words: list[str], said: str) -> None:
    done = types(own, "preview", "--out", tmp_path / "out", *words)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_a_wrong_setting_and_a_wrong_text_are_told_together(own: Path) -> None:
    change(own / "mailbot.toml", "contact = ", "contcat = ")
    change(own / "letters/nl/quota.toml", "{{ size_bytes }}", "{{ size }}")
    done = types(own, "check")
    assert done.returncode == 2
    assert "delivery.contact" in done.stderr
    assert "{{ size }}" in done.stderr


def test_the_handbook_names_every_kind_and_note(own: Path) -> None:
    texts = LetterTexts.load(own / "letters")
    kinds = {kind for by in texts.topics.values() for kind in by[Language.NL].kinds}
    assert {f"`[{kind.value}]`" for kind in kinds} <= set(re.findall(r"`\[\w+\]`", HANDBOOK))
    assert kinds <= set(LetterKind)
