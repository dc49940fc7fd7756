"""Letters as files, and pictures of them by whatever browser there is."""

import stat
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from mailbot.letters import pictures
from mailbot.letters.mime import to_bytes
from mailbot.letters.pictures import Browser, NoPicture, find_browser, take
from mailbot.letters.preview import write_preview
from mailbot.letters.samples import every_combination, samples
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.letters import Letter, LetterKind, Mail
from tests.letters.cases import TODAY

Render = Callable[[Letter], Mail]


def test_a_preview_is_files_that_anybody_can_open(
    tmp_path: Path, quota_letter: Letter, render: Render
) -> None:
    mail = render(quota_letter)
    index = write_preview({"quota-nudge.nl": mail}, tmp_path / "out", "Voorbeeld")
    files = {path.name: path.read_bytes() for path in index.parent.iterdir()}
    assert files.keys() == {"quota-nudge.nl.html", "quota-nudge.nl.txt", "quota-nudge.nl.eml", "index.html"}
    assert files["quota-nudge.nl.html"].decode() == mail.html
    assert files["quota-nudge.nl.txt"].decode() == mail.text
    assert files["quota-nudge.nl.eml"] == to_bytes(mail)


def test_there_is_a_sample_of_every_letter_and_every_variant(texts: LetterTexts) -> None:
    made = {(s.letter.topic, s.letter.kind, s.letter.to.language, s.variant) for s in samples(texts, TODAY)}
    for topic, by in texts.topics.items():
        for language, of in by.items():
            for kind, text in of.letters():
                if kind is not LetterKind.DIGEST:
                    for variant in ((), *((flag,) for flag in text.when)):
                        assert (topic, kind, language, variant) in made


def test_combinations_hold_every_pair_of_flags(texts: LetterTexts) -> None:
    found = list(every_combination(texts, "out_of_office", LetterKind.NUDGE, Language.NL, TODAY))
    flags = ("days_assumed", "hold", "last", "open_end", "reply_empty", "reply_set")
    assert len({frozenset(s.variant) for s in found}) == 2 ** len(flags)
    assert {flag for s in found for flag in s.variant} == set(flags)


@pytest.mark.parametrize(
    ("there", "wanted", "found"),
    [
        ([], None, None),
        (["firefox", "chromium"], None, Browser("/bin/chromium", firefox=False)),
        (["firefox-esr"], None, Browser("/bin/firefox-esr", firefox=True)),
        (["microsoft-edge"], None, Browser("/bin/microsoft-edge", firefox=False)),
        (["chromium", "firefox"], "firefox", Browser("/bin/firefox", firefox=True)),
        (["chromium"], "opera", None),
    ],
)
def test_a_browser_is_found_or_it_is_said(
    there: list[str], wanted: str | None, found: Browser | None
) -> None:
    assert find_browser(wanted, lambda name: f"/bin/{name}" if name in there else None) == found


def size_of(picture: Path) -> tuple[int, int]:
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    return width, height


def test_pictures_show_the_whole_letter_in_four_ways(
    chromium: object, tmp_path: Path, quota_letter: Letter, render: Render
) -> None:
    found = find_browser("chromium")
    assert found is not None
    mail = render(quota_letter)
    made = take(found, {"quota": mail.html}, tmp_path)
    assert {p.name for p in made} == {
        f"quota-{width}-{scheme}.png" for width in (360, 800) for scheme in ("light", "dark")
    }
    narrow, wide = size_of(tmp_path / "quota-360-light.png"), size_of(tmp_path / "quota-800-light.png")
    assert (narrow[0], wide[0]) == (360, 800)
    assert narrow[1] > wide[1] > 600
    light, dark = ((tmp_path / f"quota-800-{s}.png").read_bytes() for s in ("light", "dark"))
    assert light != dark
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(p.name for p in made)


def program(folder: Path, script: str) -> Browser:
    path = folder / "firefox"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Browser(str(path), firefox=True)


def test_firefox_is_asked_in_its_own_words(tmp_path: Path, quota_letter: Letter, render: Render) -> None:
    """Its profile is told the scheme, and of a network that is not there."""
    script = """
while [ $# -gt 0 ]; do
  case "$1" in --profile) profile="$2";; --screenshot) picture="$2";; esac
  shift
done
printf '\\211PNG\\r\\n\\032\\n' > "$picture"
cat "$profile/user.js" >> "$picture"
"""
    made = take(program(tmp_path, script), {"quota": render(quota_letter).html}, tmp_path)
    asked = {path.name: path.read_bytes().decode("latin-1") for path in made}
    assert 'content-override", 1)' in asked["quota-360-light.png"]
    assert 'content-override", 0)' in asked["quota-360-dark.png"]
    assert all('"network.proxy.type", 1' in said for said in asked.values())


@pytest.mark.parametrize(
    ("script", "patience", "said"),
    [("exit 1", 60, "took no picture"), ("sleep 60", 0.2, "took longer than")],
)
def test_a_browser_that_fails_is_told_of_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, patience: float, said: str
) -> None:
    monkeypatch.setattr(pictures, "PATIENCE", patience)
    with pytest.raises(NoPicture, match=said):
        take(program(tmp_path, script), {"quota": "<p>"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["firefox"]


def test_a_browser_that_cannot_be_started_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(NoPicture, match="could not be started"):
        take(Browser(str(tmp_path / "nothing"), firefox=False), {"quota": "<p>"}, tmp_path)


def test_a_folder_may_be_named_from_where_somebody_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--out letters-preview`, as the handbook has it; a browser knows only whole addresses."""
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    script = r"""
while [ $# -gt 0 ]; do
  case "$1" in --screenshot) picture="$2";; file:///*) page="$1";; esac
  shift
done
printf '\211PNG\r\n\032\n%s' "$page" > "$picture"
"""
    made = take(program(tmp_path, script), {"quota": "<p>"}, Path("out"))
    assert {path.parent for path in made} == {tmp_path / "out"}
    assert all(path.read_bytes().partition(b"file://")[2].startswith(b"/") for path in made)


def test_a_chromium_that_says_nothing_is_told_of(tmp_path: Path) -> None:
    silent = program(tmp_path, "exit 0")
    with pytest.raises(NoPicture, match="did not measure"):
        take(Browser(silent.program, firefox=False), {"quota": "<p>"}, tmp_path)
