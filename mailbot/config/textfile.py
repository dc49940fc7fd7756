"""Reading one file of UTF-8 text. What is wrong with it becomes a problem, with the line where known."""

from pathlib import Path

from mailbot.config.problems import Problem


def read_text(file: Path, shown: str) -> tuple[str | None, list[Problem]]:
    """The file's text without a byte order mark, or what is wrong. `shown` is its name in problems."""
    try:
        data = file.read_bytes()
    except OSError:
        mend = "let the export write it, and give read rights"
        found = f"no file that can be read at {file}"
        return None, [Problem(shown, "line 1", "a readable file", found, mend)]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        return None, [
            Problem(
                shown,
                f"line {line}",
                "UTF-8",
                "UTF-16" if wide else "another encoding, such as Windows-1252",
                "export as UTF-8; in Excel choose the file type `CSV UTF-8`",
            )
        ]
