"""One folder in which every file is wrong gives one report that names all of it, and quotes no secret."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailbot.config.load import collect, load
from mailbot.config.problems import report
from mailbot.model.errors import SettingsRefused

GOLDEN = Path(__file__).with_name("broken_folder.txt")
SECRET = "Zeer-Geheim-4711"
Change = Callable[[str, str, str], None]


@pytest.fixture
def broken(folder: Path, change: Change) -> Path:
    settings = "mailbot.toml"
    change(settings, 'zone = "Europe/Amsterdam"', 'zone = "Europe/Huizen"')
    change(settings, 'pack = "voorbeeld"', 'pack = "voorbeld"')
    change(settings, "https://mail", "http://mail")
    change(settings, "workers = 4", "wrokers = 4")
    change(settings, "request_deadline_seconds = 60", f'request_deadline_seconds = 4\npassword = "{SECRET}"')
    change(settings, "mailbox_deadline_seconds = 180", 'mailbox_deadline_seconds = "long"')
    change(settings, 'exclude_types = ["room", ', f'exclude_types = ["{SECRET}", ')
    change(settings, '"griffie@voorbeeld.example"', '"griffie"')
    change(settings, 'mode = "off"', 'mode = "redirect"')
    change(settings, "intranet_word", "# intranet_word")
    change(settings, "sqlite:///mailbot.db", f"postgresql+psycopg://mailbot:{SECRET}@db/mailbot")
    change(settings, 'deliver_until = "17:00"', 'deliver_until = "19:00"')
    change(settings, 'sweep = "06:00"', 'sweep = "6 uur"')
    change(settings, '# smtp_host = "relay', 'smtp_host = "relay')
    pack = "packs/voorbeeld/pack.toml"
    change(pack, "valid_from = 2024-01-01", 'valid_from = "1 januari 2024"')
    change(pack, "tip_percent = 90 ", "tip_procent = 90 ")
    change(pack, 'rule = "delegates"', 'rule = "delegate"')
    change(pack, 'why_no_rule = "scope, no duty"', "")
    change("gates.toml", "# [register]", "[register]")
    change("stages.toml", 'name = "signature"\nstage = "observe"', 'name = "signature"\nstage = "pilot"')
    (folder / "exchange.password").write_text(f"{SECRET}\n{SECRET}\n")
    change("calendar.toml", "closed = []", "closed = [2027-05-15]")
    with (folder / "waivers.toml").open("a") as waivers:
        waivers.write(
            '[[waiver]]\nowner = "DIV"\nowner_address = "div@voorbeeld.example"\nreason = "archive"\n'
            'rule = "quota"\naddress = "archief@voorbeeld.example"\nfrom = 2026-01-01\nuntil = 2028-01-01\n'
        )
    return folder


def test_everything_wrong_is_told_at_once(broken: Path) -> None:
    _configuration, problems = collect(broken, {"MAILBOT_EXCHANGE_WORKERS": "9"})
    told = report(problems)
    assert told + "\n" == GOLDEN.read_text(encoding="utf-8")
    assert SECRET not in told


def test_loading_raises_once_with_the_report(broken: Path) -> None:
    with pytest.raises(SettingsRefused) as refused:
        load(broken, {})
    assert str(refused.value) == report(collect(broken, {})[1])
    assert SECRET not in str(refused.value)


def test_every_problem_says_where_what_and_how(broken: Path) -> None:
    _configuration, problems = collect(broken, {})
    for problem in problems:
        assert all((problem.file, problem.where, problem.expected, problem.found, problem.mend))
