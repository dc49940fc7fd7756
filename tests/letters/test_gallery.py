"""The folder with letters that a communications officer opens."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lxml import html

from mailbot.letters.gallery import write_gallery
from mailbot.letters.mime import to_bytes
from mailbot.model.letters import Letter, Mail

Render = Callable[[Letter], Mail]


def test_a_gallery_shows_every_letter_in_its_group(
    tmp_path: Path, quota_letter: Letter, absence_letter: Letter, render: Render
) -> None:
    quota, absence = render(quota_letter), render(absence_letter)
    index = write_gallery([quota, absence, quota], tmp_path / "letters", "Gemeente Voorbeeld")
    page = html.document_fromstring(index.read_text(encoding="utf-8"))
    assert [h.text_content() for h in page.iter("h2")] == [quota.subject, absence.subject]
    frames = [frame.get("srcdoc") for frame in page.iter("iframe")]
    assert frames == [quota.html, quota.html, absence.html]
    assert [pre.text_content().strip() for pre in page.iter("pre")] == [
        mail.text.strip() for mail in (quota, quota, absence)
    ]
    assert (tmp_path / "letters" / "0002.eml").read_bytes() == to_bytes(absence)


def test_letters_to_employees_come_first_and_digests_last(
    tmp_path: Path, quota_letter: Letter, digest_letter: Letter, render: Render
) -> None:
    digest, quota = render(digest_letter), render(quota_letter)
    index = write_gallery([digest, quota, digest], tmp_path, "Gemeente Voorbeeld")
    page = html.document_fromstring(index.read_text(encoding="utf-8"))
    assert [h.text_content() for h in page.iter("h2")] == [quota.subject, digest.subject]
    assert (tmp_path / "0001.eml").read_bytes() == to_bytes(quota)


def test_a_gallery_loads_nothing_from_elsewhere_and_runs_nothing(
    tmp_path: Path, quota_letter: Letter, render: Render
) -> None:
    nasty = replace(quota_letter, to=replace(quota_letter.to, name='"><script>alert(1)</script>'))
    text = write_gallery([render(nasty)], tmp_path, "<b>Voorbeeld</b>").read_text(encoding="utf-8")
    page = html.document_fromstring(text)
    assert not list(page.iter("script", "link", "img", "b"))
    assert all(frame.get("sandbox") == "" for frame in page.iter("iframe"))
    assert all(a.get("href").startswith("#") or a.get("href").endswith(".eml") for a in page.iter("a"))


def test_a_new_gallery_replaces_the_old_one_and_nothing_else(
    tmp_path: Path, quota_letter: Letter, render: Render
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_gallery([render(quota_letter)] * 3, tmp_path, "Voorbeeld")
    write_gallery([render(quota_letter)], tmp_path, "Voorbeeld")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001.eml", "index.html", "notes.txt"]
