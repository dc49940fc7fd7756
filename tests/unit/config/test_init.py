"""`init` makes an organisation's own start: nothing is sent, every gate is closed, nothing is overwritten."""

import errno
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailbot.config.init import Answers, shipped_packs, write_initial
from mailbot.config.load import collect, load
from mailbot.config.shipped import shipped_settings
from mailbot.engine.gates import Gate, check
from mailbot.model.errors import SettingsRefused

ANSWERS = Answers(
    organisation='gemeente "Tweeën" \\ omstreken',
    domain="tweeen.example",
    pack="huizen",
    endpoint="https://post.tweeen.example/EWS/Exchange.asmx",
    username=r"TWEE\svc",
    contact='de "balie", tst. 12',
    auth="basic",
)


def test_the_answers_come_back_out(tmp_path: Path) -> None:
    write_initial(tmp_path, ANSWERS)
    (tmp_path / "exchange.password").write_text("x")
    (tmp_path / "exchange.password").chmod(0o600)
    settings = load(tmp_path, {}).settings
    assert settings.organisation.name == ANSWERS.organisation
    assert (settings.exchange.endpoint, settings.exchange.username) == (ANSWERS.endpoint, ANSWERS.username)
    assert (settings.exchange.auth, settings.policy.pack, settings.delivery.mode) == (
        "basic",
        "huizen",
        "off",
    )
    assert {a.domain for a in (settings.delivery.sender, *settings.people.exclude_addresses)} == {
        "tweeen.example"
    }


def test_the_search_base_to_fill_in_is_of_their_own_domain(tmp_path: Path) -> None:
    write_initial(tmp_path, ANSWERS)
    text = (tmp_path / "mailbot.toml").read_text(encoding="utf-8")
    assert '# base = "DC=ad,DC=tweeen,DC=example"' in text
    assert "voorbeeld" not in text.partition("[ldap]")[2].partition("[delivery]")[0]


def test_only_the_password_is_left_to_do(folder: Path) -> None:
    (folder / "exchange.password").unlink()
    assert [problem.where for problem in collect(folder, {})[1]] == ["exchange.password_file"]


def test_every_gate_is_closed_but_that_of_the_pack(folder: Path) -> None:
    found = load(folder, {})
    states = check(found.evidence, found.pack, found.policy_hash, date(2026, 11, 21))
    assert {state.gate for state in states if state.open} == {Gate.PACK}


def test_the_comments_stay(folder: Path) -> None:
    written = (folder / "mailbot.toml").read_text(encoding="utf-8")
    shipped = (shipped_settings() / "mailbot.toml").read_text(encoding="utf-8")
    assert written.count("#") == shipped.count("#") + 1, "Voorbeeld's own contact_en became an example"
    assert "fictional" not in written


def test_the_folder_holds_the_chosen_pack_and_no_other(folder: Path) -> None:
    assert [pack.name for pack in (folder / "packs").iterdir()] == ["voorbeeld"]
    assert not (folder / "gates.empty.toml").exists()
    assert (folder / "accepted_domains.txt").read_text(encoding="utf-8").endswith("voorbeeld.example\n")
    assert (folder / "directory.example.ldf").is_file()
    assert (folder / "hr.example.csv").is_file()


def test_nothing_is_overwritten_and_the_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "gates.toml").write_text("ours")
    with pytest.raises(SettingsRefused, match=r"gates\.toml"):
        write_initial(tmp_path, ANSWERS)
    assert [file.name for file in tmp_path.iterdir()] == ["gates.toml"]
    assert (tmp_path / "gates.toml").read_text() == "ours"


@pytest.mark.parametrize(
    "answers",
    [
        replace(ANSWERS, pack="atlantis"),
        replace(ANSWERS, pack="../packs/huizen"),
        replace(ANSWERS, domain="@tweeen.example"),
        replace(ANSWERS, domain="Tweeën"),
        replace(ANSWERS, organisation=" "),
        replace(ANSWERS, username="a\nb"),
        replace(ANSWERS, domain="-tweeen.example"),
        replace(ANSWERS, endpoint="htp:/x"),
        replace(ANSWERS, endpoint="http://post.tweeen.example/EWS/Exchange.asmx"),
        replace(ANSWERS, contact=" "),
        replace(ANSWERS, contact="x" * 401),
    ],
)
def test_an_answer_that_cannot_be_used_writes_nothing(tmp_path: Path, answers: Answers) -> None:
    with pytest.raises(SettingsRefused):
        write_initial(tmp_path, answers)
    assert list(tmp_path.iterdir()) == []


def test_a_backslash_stands_in_single_quotes_as_people_should_write_it(tmp_path: Path) -> None:
    write_initial(tmp_path, ANSWERS)
    assert r"username = 'TWEE\svc'" in (tmp_path / "mailbot.toml").read_text(encoding="utf-8")


def test_nothing_of_voorbeeld_s_own_is_taken_over(folder: Path, tmp_path: Path) -> None:
    """Its telephone would be called by others, and on its closing days others would get no letters."""
    made = tmp_path / "other"
    write_initial(made, ANSWERS)
    everything = "".join(
        file.read_text(encoding="utf-8") for file in made.glob("*.*") if "example" not in file.name
    )
    assert "14 0123" not in everything
    assert 'contact = "de \\"balie\\", tst. 12"' in everything
    assert '# contact_en = "the service desk, telephone ..."' in everything
    calendar = tomllib.loads((made / "calendar.toml").read_text(encoding="utf-8"))
    assert [year["closed"] for year in calendar["years"].values()] == [[], [], []]
    text = (made / "calendar.toml").read_text(encoding="utf-8")
    assert text.count("TO FILL IN") == 3
    assert "Ascension" not in text


@pytest.mark.parametrize("where", ["file", "file/below", "x" * 300])
def test_a_folder_that_cannot_be_made(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("ours")
    with pytest.raises(SettingsRefused, match="cannot be written"):
        write_initial(tmp_path / where, ANSWERS)
    assert [file.name for file in tmp_path.rglob("*")] == ["file"]


def test_a_disk_that_fills_up_leaves_no_half_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, opened = Path.open, list[Path]()

    def open_some(file: Path, *more: Any, **options: Any) -> Any:
        opened.extend([file] if "xb" in more else [])
        if len(opened) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(file, *more, **options)

    monkeypatch.setattr(Path, "open", open_some)
    with pytest.raises(SettingsRefused, match="No space left"):
        write_initial(tmp_path / "etc", ANSWERS)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_the_packs_that_can_be_chosen() -> None:
    assert {"brunssum", "huizen", "voorbeeld"} <= set(shipped_packs())
