"""Letters as files that anybody can open, before one of them is sent."""

from collections.abc import Mapping
from pathlib import Path

from mailbot.letters.gallery import write_index
from mailbot.letters.mime import to_bytes
from mailbot.model.letters import Mail


def write_preview(mails: Mapping[str, Mail], folder: Path, title: str) -> Path:
    """Write `<name>.html`, `.txt` and `.eml` of every mail into `folder`, and one page that shows them all.

    Gives the path of that page. Files of these names are replaced, others stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups: dict[str, list[tuple[str, Mail]]] = {}
    for name, mail in mails.items():
        (folder / f"{name}.html").write_text(mail.html, encoding="utf-8")
        (folder / f"{name}.txt").write_text(mail.text, encoding="utf-8")
        (folder / f"{name}.eml").write_bytes(to_bytes(mail))
        groups.setdefault(mail.subject, []).append((f"{name}.eml", mail))
    return write_index(groups, folder, title)
