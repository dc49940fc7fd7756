"""The first day: a new folder, what is left to do by hand, and one report of everything that is wrong."""

from pathlib import Path

import pytest

from mailbot.cli import demo_settings
from mailbot.config.init import shipped_packs
from tests.acceptance.desk import Desk, Typed, small_town, typed

ANSWERS = (
    "--organisation=gemeente Anderland",
    "--domain=anderland.example",
    "--pack=huizen",
    "--endpoint=https://post.anderland.example/EWS/Exchange.asmx",
    r"--username=ANDERLAND\svc-mailbot",
    "--contact=de servicedesk, telefoon 1234",
)


def init(folder: Path) -> Typed:
    return typed(None, "init", str(folder), *ANSWERS)


def test_it_asks_six_things_and_says_what_comes_next(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    answers = [
        "gemeente Anderland",
        "anderland.example",
        "huizen",
        "https://post.anderland.example/EWS/Exchange.asmx",
        r"ANDERLAND\svc",
        "de servicedesk, telefoon 1234",
    ]
    said = typed(None, "init", str(folder), keys="".join(f"{answer}\n" for answer in answers))
    assert said.code == 0, said.err
    for question in (
        "organisation",
        "Mail domain",
        "Policy pack",
        "EWS address",
        "Service account",
        "Whom staff can ask",
    ):
        assert question in said.out
    assert all(name in said.out for name in shipped_packs()), "the packs to choose from stand in the question"
    assert [line.strip()[0] for line in said.out.splitlines() if line.startswith("  ")] == list("123456")
    assert f"mailbot doctor --settings {folder}" in said.out
    text = (folder / "mailbot.toml").read_text(encoding="utf-8")
    assert 'name = "gemeente Anderland"' in text
    assert 'mode = "off"' in text


def test_only_what_the_user_must_still_do_is_missing(tmp_path: Path) -> None:
    init(tmp_path / "etc")
    said = typed(None, "doctor", "--settings", str(tmp_path / "etc"))
    assert said.code == 2
    assert said.err.startswith("mailbot: 1 problem in the settings; nothing was started.")
    assert "\n1 problem in the directory export; nothing of it is used." in said.err
    assert "exchange.password_file" in said.err
    assert "directory.ldf" in said.err


def test_the_key_is_closed_to_others_and_there_are_no_open_gates(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    init(folder)
    assert (folder / "mailbot.key").stat().st_mode & 0o777 == 0o600
    gates = (folder / "gates.toml").read_text(encoding="utf-8")
    assert not [line for line in gates.splitlines() if line and not line.startswith("#")]


def test_doctor_then_says_what_to_do_next(tmp_path: Path) -> None:
    """With a password, a directory and an Exchange: what is left are decisions, not computers."""
    with small_town(tmp_path / "town") as desk:
        folder = tmp_path / "etc"
        typed(
            desk.here,
            "init",
            str(folder),
            "--organisation=gemeente Voorbeeld",
            "--domain=voorbeeld.example",
            "--pack=voorbeeld",
            f"--endpoint={desk.here.server.endpoint}",
            r"--username=VOORBEELD\svc-mailbot",
            "--contact=de servicedesk, telefoon 1234",
        )
        (folder / "exchange.password").write_text("demo-only")
        (folder / "exchange.password").chmod(0o600)
        demo_settings.publish(desk.here.files, folder)
        said = typed(desk.here, "doctor", "--settings", str(folder))
        lines = dict(line.split(": ", 1) for line in said.out.splitlines())
        assert said.code == 1
        bad = {what for what, says in lines.items() if says.startswith("bad")}
        assert bad == {"gate G0", "gate G1", "gate G2", "gate G3", "gate G4"}
        assert all("record it in gates.toml" in lines[gate] for gate in bad)
        assert lines["delivery"] == (
            "note, mode off: no letter leaves; the next step is [delivery] mode = redirect"
        )
        assert lines["sign-in"].startswith("good"), "ntlm, the way a real Exchange wants it"
        rules = {what: says for what, says in lines.items() if what.startswith("stage ")}
        assert set(rules.values()) == {"note, observe; what it would have sent: mailbot plan show"}, rules
        closed = typed(desk.here, "sweep", "--settings", str(folder))
        assert (closed.code, "Closed run" in closed.out) == (4, True)


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    init(folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    again = init(folder)
    assert (again.code, again.out) == (2, "")
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_a_mistaken_answer_is_told_as_in_the_settings(tmp_path: Path) -> None:
    answers = [a if not a.startswith("--endpoint") else "--endpoint=htp:/x" for a in ANSWERS]
    said = typed(None, "init", str(tmp_path / "etc"), *answers)
    assert said.code == 2
    assert "exchange.endpoint: expected a URL such as https://" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_mistaken_answer_is_asked_again_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    answers = [
        "gemeente Anderland",
        "Anderland",
        "anderland.example",
        "assen",
        "huizen",
        "htp:/x",
        "https://post.anderland.example/EWS/Exchange.asmx",
        r"ANDERLAND\svc",
        "de servicedesk",
    ]
    said = typed(None, "init", str(folder), keys="".join(f"{answer}\n" for answer in answers))
    assert said.code == 0, said.err
    told = said.out + said.err
    assert "The mail domain looks like voorbeeld.example" in told
    assert "There is no pack of that name. Choose one of: brunssum" in told
    assert "expected a URL such as https://" in told
    assert (folder / "packs" / "huizen").is_dir()


def test_a_folder_that_is_in_use_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    init(tmp_path / "etc")
    said = typed(None, "init", str(tmp_path / "etc"))
    assert (said.code, said.out) == (2, "")
    assert "Choose another folder" in said.err


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file of that name")
    said = init(tmp_path / "etc")
    assert said.code == 2
    assert f"{tmp_path}/etc cannot be written" in said.err


def test_a_key_that_is_there_stops_it_before_anything_is_written(tmp_path: Path) -> None:
    """Somebody put the old key back first: no half folder around it."""
    (tmp_path / "mailbot.key").write_text("the old one")
    said = init(tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "a key is never overwritten" in said.err
    assert [file.name for file in tmp_path.iterdir()] == ["mailbot.key"]


@pytest.mark.parametrize("pack", ["voorbeeld", "huizen", "brunssum"])
def test_every_shipped_pack_makes_a_folder_that_can_be_read(tmp_path: Path, pack: str) -> None:
    answers = [answer if not answer.startswith("--pack") else f"--pack={pack}" for answer in ANSWERS]
    assert typed(None, "init", str(tmp_path / "etc"), *answers).code == 0
    said = typed(None, "doctor", "--settings", str(tmp_path / "etc"))
    assert [line.strip() for line in said.err.splitlines() if "expected:" in line] == [
        "expected: a file with one line, the password",
        "expected: a readable file",
    ]


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    """Nine files, each with a mistake: one report, grouped by file, each with what was expected."""
    with small_town(tmp_path) as desk:
        spoil(desk)
        said = desk.types("sweep")
    assert (said.code, said.out) == (2, "")
    report = said.err
    for file, words in {
        "mailbot.toml": ("exchange.workers", "from 1 to 32"),
        "packs/voorbeeld/pack.toml": ("tip_percent", "99"),
        "gates.toml": ("dpia.fg_advice",),
        "calendar.toml": ("years",),
        "waivers.toml": ("waiver", "rule"),
        "stages.toml": ("rule 3.stage", "`observe`, `pilot` or `everyone`"),
        "directory.ldf": ("base64",),
        "accepted_domains.txt": ("a domain such as voorbeeld.example",),
        "letters/nl/quota.toml": ("nudge.heading",),
    }.items():
        assert f"\n{file}\n" in report, file
        section = report.partition(f"\n{file}\n")[2].partition("\n\n")[0]
        for word in words:
            assert word in section, (file, word, section)
        assert section.count("expected:") == section.count("found:") == section.count("mend:") >= 1
    assert "demo-only" not in report
    assert "@voorbeeld.example" not in report, "a report quotes no address"
    assert desk.here.server.access_log() == []


def spoil(desk: Desk) -> None:
    settings = desk.here.settings
    desk.here.change(("workers = 4 ", "workers = 400 "))
    edit(settings / "packs/voorbeeld/pack.toml", "tip_percent = 90", "tip_percent = 100")
    edit(settings / "gates.toml", "fg_advice =", "fg_advise =")
    edit(settings / "calendar.toml", "closed = [2026-05-15]", 'closed = ["15 May"]')
    (settings / "waivers.toml").write_text(
        '[[waiver]]\nowner = "x"\nreason = "y"\nrule = "qouta"\naddress = "a.b@voorbeeld.example"\n'
        "from = 2026-01-01\nuntil = 2026-02-01\n"
    )
    edit(
        settings / "stages.toml",
        'name = "out_of_office"\nstage = "everyone"',
        'name = "out_of_office"\nstage = "all"',
    )
    edit(settings / "directory.ldf", "objectGUID:: ", "objectGUID:: !")
    (settings / "accepted_domains.txt").write_text("@voorbeeld\nvoorbeeld.example\nlandelijk.example\n")
    edit(settings / "letters/nl/quota.toml", 'heading = "Je postbus kan', 'headline = "Je postbus kan')


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, (file.name, old)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_rule_without_letters_is_found_on_the_first_day(tmp_path: Path) -> None:
    with small_town(tmp_path) as desk:
        for language in ("nl", "en"):
            (desk.here.settings / "letters" / language / "quota.toml").unlink()
        said = desk.types("sweep")
    assert said.code == 2
    assert "\nletters/nl/quota.toml\n" in said.err and "\nletters/en/quota.toml\n" in said.err
    assert "write it, as for the rules beside it" in said.err
