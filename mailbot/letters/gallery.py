"""A folder with letters that anybody can open: one `.eml` each and one page that shows them all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailbot.letters.mime import to_bytes
from mailbot.model.letters import LetterKind, Mail

LAYOUT = "gallery.html.j2"
INDEX = "index.html"


def by_subject(mail: Mail) -> str:
    """Letters of one kind and language share a subject, so it is the heading that readers know."""
    return mail.subject


def write_gallery(
    mails: Iterable[Mail], folder: Path, title: str, group: Callable[[Mail], str] = by_subject
) -> Path:
    """Write `0001.eml` and so on with an `index.html` into `folder`; gives the path of the index.

    Letters to employees come first, managers' digests last. Letters of an earlier gallery in the same
    folder are replaced. The page loads nothing from elsewhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("[0-9][0-9][0-9][0-9]*.eml"):
        old.unlink()
    groups: dict[str, list[tuple[str, Mail]]] = {}
    ordered = sorted(mails, key=lambda mail: mail.kind is LetterKind.DIGEST)
    for place, mail in enumerate(ordered, 1):
        name = f"{place:04}.eml"
        (folder / name).write_bytes(to_bytes(mail))
        groups.setdefault(group(mail), []).append((name, mail))
    return write_index(groups, folder, title)


def write_index(groups: Mapping[str, Sequence[tuple[str, Mail]]], folder: Path, title: str) -> Path:
    """One page for mails that lie in `folder` already: per group the name of each file with its mail."""
    layout = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(LAYOUT)
    total = sum(len(group) for group in groups.values())
    index = folder / INDEX
    index.write_text(layout.render(title=title, groups=groups, total=total), encoding="utf-8")
    return index
