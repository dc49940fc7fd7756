"""How to add a rule: one rule file, one norm, its letters in two languages, its cases. Nothing else.

A rule for an imaginary article goes into a copy of mailbot, as an administrator with some Python would do it;
then the real command, started as a process from that copy, sweeps the municipality and writes to people.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailbot.rules import registry
from tests.acceptance.desk import SMALL, SMALL_CAST, Desk
from tests.acceptance.municipality import municipality

ROOT = Path(__file__).parents[2]

RULE = '''
"""Spring cleaning: a mailbox that is filling up is tidied before it is full."""

from typing import Annotated

from pydantic import Field

from mailbot.model.facts import known
from mailbot.model.needs import MailboxSize
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable
from mailbot.model.worktime import WorkCalendar
from mailbot.rules import Parameters, Subject, rule

SIZE = MailboxSize()


class SpringCleaning(Parameters):
    """`from_bytes`: the size from which the article asks to tidy up."""

    from_bytes: Annotated[int, Field(ge=1024, le=2**50)]


SAYS = {
    Outcome.COMPLIANT: "smaller than the size from which to tidy up",
    Outcome.DEVIATION: "that size or larger",
    Outcome.NOT_APPLICABLE: "not the mailbox of one human being",
    Outcome.UNKNOWN: "the size could not be read",
}


@rule("spring_cleaning", kind=Kind.STATE, parameters=SpringCleaning, needs=[SIZE], says=SAYS, priority=60)
def judge(subject: Subject, norm: SpringCleaning, _calendar: WorkCalendar) -> Verdict:
    """Voorbeeld, article 13 (imaginary)."""
    if not known(subject.person.recipient_type).personal:
        return not_applicable("not_a_user_mailbox")
    size = known(subject.mailbox.get(SIZE)).total
    if size >= norm.from_bytes:
        return deviation("filling_up", size_bytes=size)
    return compliant("tidy")
'''

NORM = """
[[norm]]
id = "voorbeeld-13"
article = "13"
class = ["M"]
text_nl = "Je ruimt je postbus op voordat hij vol raakt."
text_en = "You tidy your mailbox before it is full."
rule = "spring_cleaning"
[norm.parameters]
from_bytes = 5_000_000_000
"""

LETTERS = {
    "nl": """
name = "Voorjaarsschoonmaak"
[placeholders]
size_bytes = "bytes"
[nudge]
subject = "Tijd voor de grote schoonmaak"
heading = "Je postbus raakt vol"
opening = ["Er is nog ruimte, maar niet veel meer."]
facts = [{ label = "Jouw postbus", value = "{{ size_bytes }}" }]
steps = ["Kijk welke grote berichten al in het zaaksysteem staan."]
[reminder]
subject = "Nog een keer de grote schoonmaak"
heading = "Je postbus raakt vol"
opening = ["We schreven je hier eerder over."]
facts = [{ label = "Jouw postbus", value = "{{ size_bytes }}" }]
steps = ["Kijk welke grote berichten al in het zaaksysteem staan."]
[thanks]
subject = "Er is weer ruimte"
heading = "Dank je wel"
opening = ["Je postbus heeft weer ruimte."]
""",
    "en": """
name = "Spring cleaning"
[placeholders]
size_bytes = "bytes"
[nudge]
subject = "Time for spring cleaning"
heading = "Your mailbox is filling up"
opening = ["There is room left, but not much."]
facts = [{ label = "Your mailbox", value = "{{ size_bytes }}" }]
steps = ["See which large messages are in the case system already."]
[reminder]
subject = "Spring cleaning, once more"
heading = "Your mailbox is filling up"
opening = ["We wrote to you about this before."]
facts = [{ label = "Your mailbox", value = "{{ size_bytes }}" }]
steps = ["See which large messages are in the case system already."]
[thanks]
subject = "There is room again"
heading = "Thank you"
opening = ["Your mailbox has room again."]
""",
}

CASES = """
[norm]
from_bytes = 5_000_000_000

[base]
now = "2026-11-23 06:00"
mailbox = "user"
size = "1 GiB"

[[case]]
story = "A small mailbox is tidy."
expect = "compliant because tidy"

[[case]]
story = "Almost five gigabytes is the moment to tidy up."
size = "4.9 GiB"
expect = "deviation because filling_up"

[[case]]
story = "A shared mailbox is nobody's to tidy."
mailbox = "shared"
expect = "not_applicable because not_a_user_mailbox"

[[case]]
story = "What was not read is not called tidy."
unknown.size = "timed_out"
expect = "unknown because timed_out"
"""

ADDED = {
    "mailbot/rules/spring_cleaning.py",
    "settings/letters/nl/spring_cleaning.toml",
    "settings/letters/en/spring_cleaning.toml",
    "tests/rules/spring_cleaning.toml",
}
CHANGED = {"settings/packs/voorbeeld/pack.toml"}


@dataclass(frozen=True)
class Workshop:
    """A copy of mailbot with the rule in it, and a municipality whose settings come from that copy."""

    copy: Path
    desk: Desk
    env: dict[str, str]

    def runs(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mailbot", *words, "--settings", str(self.desk.here.settings)],
            cwd=self.copy,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def shows(self, *words: str) -> Any:
        done = self.runs(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("workshop")
    copy = folder / "mailbot"
    for part in ("mailbot", "settings", "tests/rules"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests" / "__init__.py").touch()
    add_rule(copy)
    with municipality(folder, SMALL, stories=SMALL_CAST) as here:
        organisation_reads(copy, here.settings)
        yield Workshop(copy, Desk(here), environment(folder, copy))


def add_rule(copy: Path) -> None:
    """The whole of it."""
    (copy / "mailbot/rules/spring_cleaning.py").write_text(RULE)
    with (copy / "settings/packs/voorbeeld/pack.toml").open("a") as pack:
        pack.write(NORM)
    for language, text in LETTERS.items():
        (copy / f"settings/letters/{language}/spring_cleaning.toml").write_text(text)
    (copy / "tests/rules/spring_cleaning.toml").write_text(CASES)


def organisation_reads(copy: Path, settings: Path) -> None:
    """The organisation's own folder takes over the pack and the letters of the copy."""
    for part in ("packs", "letters"):
        shutil.copytree(copy / "settings" / part, settings / part, dirs_exist_ok=True)


def environment(folder: Path, copy: Path) -> dict[str, str]:
    """The copy first on the path; and before anything else, the municipality's Monday at nine."""
    (folder / "clock").mkdir()
    (folder / "clock" / "sitecustomize.py").write_text(
        "import time_machine\ntime_machine.travel('2026-11-23T09:00+01:00', tick=True).start()\n"
    )
    path = os.pathsep.join((str(copy), str(folder / "clock")))
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def test_no_other_file_was_touched(workshop: Workshop) -> None:
    def files(root: Path) -> dict[str, bytes]:
        return {
            file.relative_to(root).as_posix(): file.read_bytes()
            for part in ("mailbot", "settings", "tests/rules")
            for file in (root / part).rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        }

    before, after = files(ROOT), files(workshop.copy)
    assert set(after) - set(before) == ADDED
    assert {name for name in before if before[name] != after[name]} == CHANGED


def test_its_cases_are_found_and_hold(workshop: Workshop) -> None:
    words = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider", "tests/rules/test_cases.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "-k", "spring_cleaning and rule_says"],
        cwd=workshop.copy,
        env=workshop.env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_first_the_works_council_must_consent_to_the_new_article(workshop: Workshop) -> None:
    closed = workshop.runs("sweep")
    assert closed.returncode == 4
    assert "gates are closed: G1" in closed.stderr
    said = workshop.runs("doctor").stdout
    record_consent(workshop.desk, said.rpartition(": ")[2].strip())
    said = workshop.runs("doctor").stdout
    assert "rule spring_cleaning: good, can find deviations here" in said


def record_consent(desk: Desk, policy: str) -> None:
    gates = desk.here.settings / "gates.toml"
    text = gates.read_text(encoding="utf-8")
    old = text.partition('policy_hash = "')[2].partition('"')[0]
    gates.write_text(text.replace(old, policy), encoding="utf-8")


def test_a_dry_run_counts_its_verdicts_beside_the_others(workshop: Workshop) -> None:
    shown = workshop.shows("sweep", "--dry-run")
    assert set(shown["rules"]) == set(registry()) - {"confidential_external"} | {"spring_cleaning"}
    assert shown["rules"]["spring_cleaning"]["deviation"] == 9
    assert shown["rules"]["spring_cleaning"]["unknown"] == 2
    assert sum(shown["rules"]["spring_cleaning"].values()) == SMALL
    assert steps(shown) == {"open (observing)": 8, "open (account_closed)": 1}, "what it would have sent"


def steps(shown: dict[str, Any]) -> dict[str, int]:
    return {row["step"]: row["count"] for row in shown["steps"] if row["rule"] == "spring_cleaning"}


def test_at_first_it_observes_and_then_somebody_decides(workshop: Workshop) -> None:
    """The lines that let it write to everyone are printed."""
    lines = workshop.runs(
        "rules", "stage", "everyone", "spring_cleaning", "--decided-by", "teamleider"
    ).stdout
    with (workshop.desk.here.settings / "stages.toml").open("a", encoding="utf-8") as stages:
        stages.write(f"\n{lines}")
    assert "stage everyone, since 2026-11-23" in workshop.runs("rules", "show", "spring_cleaning").stdout


def test_one_weekly_letter_each_and_the_most_useful_first(workshop: Workshop) -> None:
    """Seven have too full a mailbox by both articles: they hear of the limit, the new one waits its week."""
    assert steps(workshop.shows("sweep")) == {
        "open+nudge": 1,
        "open (one_a_week)": 7,
        "open (account_closed)": 1,
    }
    found = {(row["rule"], row["state"]): row["count"] for row in workshop.shows("findings")["findings"]}
    assert found[("spring_cleaning", "open")] == 9


def test_its_letter_arrives(workshop: Workshop) -> None:
    """The service itself, from the copy: started, left alone until the letter is there, then ended."""
    desk = workshop.desk
    with service(workshop):
        deadline = time.monotonic() + 200
        while not desk.staff_got("just-under-limit") and time.monotonic() < deadline:
            time.sleep(0.1)
    (mail,) = desk.staff_got("just-under-limit")
    assert mail.subject == "Tijd voor de grote schoonmaak"
    assert "Je ruimt je postbus op voordat hij vol raakt." in mail.body, "the norm, in the pack's words"
    assert "artikel 13" in mail.body
    assert "Je postbus raakt vol" in mail.body
    both = [mail.subject for mail in desk.staff_got("plain-over")]
    assert both in ([], ["De ruimte in je postbus"]), "never both in one week"


@contextmanager
def service(workshop: Workshop) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "mailbot", "run", "--settings", str(workshop.desk.here.settings)],
        cwd=workshop.copy,
        env=workshop.env,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        process.terminate()
        _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
