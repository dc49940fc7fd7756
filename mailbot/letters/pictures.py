"""Pictures of letters, taken by a browser that this machine has: offline, with a profile of its own.

Chromium and its kin take a picture of the window alone, so the page is measured first; Firefox takes the
whole page.
"""

import html
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

WIDTHS = (360, 800)
"""Pixels: a telephone, and a reading pane on a desk."""

PATIENCE = 60.0
PNG = b"\x89PNG\r\n\x1a\n"

CHROMIUMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
FIREFOXES = ("firefox", "firefox-esr")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Mozilla Firefox\firefox.exe",
)
NO_BROWSER = (
    "No pictures: no Chromium, Chrome, Edge or Firefox was found. Install one, or name its program with "
    "--browser. The letters themselves are written: open index.html."
)

_OFFLINE = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-default-browser-check",
    "--no-first-run",
)
_FIREFOX_PREFERENCES = """\
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("layout.css.prefers-color-scheme.content-override", {scheme});
"""
_MEASURE = """\
<script>addEventListener("load", () => {
  const frames = [...document.querySelectorAll("iframe")];
  document.body.append("heights:" + frames.map(f => f.contentDocument.body.scrollHeight).join(",") + ";");
});</script>
"""


class NoPicture(Exception):
    """The browser took no picture. The message holds no text of a letter."""


class Scheme(StrEnum):
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Browser:
    program: str
    firefox: bool


@dataclass(frozen=True, slots=True)
class Shot:
    page: Path
    width: int
    height: int
    scheme: Scheme
    picture: Path


def find_browser(
    wanted: str | None = None, which: Callable[[str], str | None] = shutil.which
) -> Browser | None:
    """The browser `wanted` by name or path, else the first that is found; None when there is none."""
    for name in (wanted,) if wanted else (*CHROMIUMS, *FIREFOXES, *ELSEWHERE):
        if (program := which(name)) is not None:
            return Browser(program, firefox="firefox" in Path(name.replace("\\", "/")).name.lower())
    return None


def take(browser: Browser, pages: Mapping[str, str], folder: Path) -> list[Path]:
    """Pictures of HTML pages by name, as `<name>-<width>-<scheme>.png` in `folder`. Raises NoPicture."""
    folder = folder.absolute()  # a browser is given addresses of files, and those are never relative
    # inside the folder, because a browser from a sandboxed package cannot read the system's temporary files
    with TemporaryDirectory(dir=folder, prefix=".browser-") as scratch:
        here = Path(scratch)
        shots = list(_shots(browser, pages, folder, here))
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            list(
                pool.map(
                    lambda numbered: _shoot(browser, numbered[1], here / str(numbered[0])), enumerate(shots)
                )
            )
    return [shot.picture for shot in shots]


def _shots(browser: Browser, pages: Mapping[str, str], folder: Path, scratch: Path) -> Iterator[Shot]:
    for width in WIDTHS:
        heights = (
            [600] * len(pages) if browser.firefox else _heights(browser, list(pages.values()), width, scratch)
        )
        for (name, text), height in zip(pages.items(), heights, strict=True):
            page = scratch / f"{name}.html"
            page.write_text(text, encoding="utf-8")
            for scheme in Scheme:
                yield Shot(page, width, height, scheme, folder / f"{name}-{width}-{scheme}.png")


def _heights(browser: Browser, pages: Sequence[str], width: int, scratch: Path) -> list[int]:
    """How high each page is at this width, from one page that holds them all in frames."""
    frames = (
        f'<iframe srcdoc="{html.escape(page)}" style="width:{width}px;height:10px;border:0"></iframe>'
        for page in pages
    )
    sheet = scratch / f"measure-{width}.html"
    sheet.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><body>{"".join(frames)}{_MEASURE}', encoding="utf-8"
    )
    words = [*_chromium(browser, scratch / f"measure-{width}"), "--dump-dom", sheet.as_uri()]
    found = re.search(r"heights:([\d,]+);", _run(words))
    heights = [int(height) for height in found.group(1).split(",")] if found else []
    if len(heights) != len(pages):
        raise NoPicture(
            f"{browser.program} did not measure the letters; is it a Chromium that can run headless?"
        )
    return heights


def _shoot(browser: Browser, shot: Shot, profile: Path) -> None:
    shot.picture.unlink(missing_ok=True)
    size = f"--window-size={shot.width},{shot.height}"
    if browser.firefox:
        profile.mkdir()
        dark = int(shot.scheme is Scheme.LIGHT)  # Firefox: 0 is dark
        (profile / "user.js").write_text(_FIREFOX_PREFERENCES.format(scheme=dark), encoding="utf-8")
        words = [browser.program, "--headless", "--no-remote", "--profile", str(profile)]
        words += [size, "--screenshot", str(shot.picture), shot.page.as_uri()]
    else:
        dark = int(shot.scheme is Scheme.LIGHT)  # Chromium: 0 is dark
        words = [*_chromium(browser, profile), size, f"--blink-settings=preferredColorScheme={dark}"]
        words += [f"--screenshot={shot.picture}", shot.page.as_uri()]
    _run(words)
    if not shot.picture.is_file() or shot.picture.read_bytes()[: len(PNG)] != PNG:
        raise NoPicture(f"{browser.program} took no picture of {shot.page.stem}; try another with --browser")


def _chromium(browser: Browser, profile: Path) -> list[str]:
    # as root there is no sandbox to be had; the pages are our own and nothing is fetched
    root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    shared = ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb")
    return [browser.program, *shared, *_OFFLINE, *root, f"--user-data-dir={profile}"]


def _run(words: Sequence[str]) -> str:
    """What a program prints. A browser is many processes: when it takes too long, all of them end."""
    try:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
    except OSError as error:
        raise NoPicture(f"{words[0]} could not be started ({error.strerror})") from None
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        raise NoPicture(f"{words[0]} took longer than {PATIENCE:.0f} seconds for one letter") from None
    return said
