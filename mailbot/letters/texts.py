"""The letter texts of one organisation: `settings/letters/<language>/<topic>.toml`, read as a whole.

Texts are data. A topic is a rule's name, `digest` or `explain`; it has one file per language and in it one
table per kind of letter. `common.toml` holds what all letters share. A text may use placeholders, as
`{{ size_bytes }}`: those of every letter and those that the topic declares.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from mailbot.config.problems import Problem, report
from mailbot.letters.schema import CommonTexts, Shape, Texts, TopicTexts
from mailbot.letters.textcheck import COMMON, file_of, missing, wrong
from mailbot.model.accounts import Language
from mailbot.model.errors import SettingsRefused

T = TypeVar("T", bound=Texts)

_BY_ERROR = {
    "missing": ("a text here", "nothing", "add the key"),
    "extra_forbidden": ("a key that letters have", "another key", "correct its name or take it out"),
    "enum": (f"one of {', '.join(Shape)}", "another word", "choose one of these shapes"),
    "string_type": ("a text in quotes", "something else", "put it in quotes"),
    "model_type": ("a table", "something else", "write it as in the shipped settings"),
    "dict_type": ("a table", "something else", "write it as in the shipped settings"),
    "list_type": ("a list of texts", "something else", 'write it as ["...", "..."]'),
    "string_too_short": ("a text", "an empty text", "write one or take the key out"),
    "string_too_long": ("a shorter text", "a long one", "say it in fewer words"),
    "too_long": ("at most 4 steps", "more", "join steps or leave some out"),
}


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """Texts that were found to be whole: every topic and kind in every language."""

    common: Mapping[Language, CommonTexts]
    topics: Mapping[str, Mapping[Language, TopicTexts]]

    @classmethod
    def load(cls, folder: Path) -> "LetterTexts":
        """Read `<language>/<topic>.toml` under `folder`. Raises SettingsRefused with all problems at once."""
        texts, problems = cls.check(folder)
        if problems:
            raise SettingsRefused(report(problems))
        return texts

    @classmethod
    def check(cls, folder: Path) -> "tuple[LetterTexts, list[Problem]]":
        """As `load`, but gives the problems, so that they can be shown beside those of other settings.

        The texts may only be used when there are none.
        """
        problems: list[Problem] = []
        common: dict[Language, CommonTexts] = {}
        topics: dict[str, dict[Language, TopicTexts]] = {}
        unread: set[str] = set()
        for language in Language:
            for path in sorted({folder / language / f"{COMMON}.toml", *(folder / language).glob("*.toml")}):
                file = file_of(path.stem, language)
                before = len(problems)
                if path.stem == COMMON:
                    shared = _read(path, file, CommonTexts, problems)
                    if shared is not None:
                        common[language] = shared
                else:
                    of_topic = topics.setdefault(path.stem, {})
                    topic = _read(path, file, TopicTexts, problems)
                    if topic is not None:
                        of_topic[language] = topic
                if len(problems) > before:
                    unread.add(file)
        problems.extend(missing(topics, unread))
        problems.extend(wrong(common, topics))
        return cls(common, topics), problems

    @property
    def tips(self) -> tuple[str, ...]:
        """Names of all tips: those of rules by the rule's name, those of the digest as `digest.<name>`."""
        language = next(iter(Language))
        names = [topic for topic, texts in self.topics.items() if texts[language].tip is not None]
        for topic, texts in self.topics.items():
            if (parts := texts[language].parts) is not None:
                names.extend(f"{topic}.{name}" for name in parts.tips)
        return tuple(sorted(names))

    def tip(self, name: str, language: Language) -> str | None:
        """The text of a tip, or None when it is not there (any more)."""
        topic, _, of_digest = name.partition(".")
        texts = self.topics.get(topic)
        if texts is None:
            return None
        parts = texts[language].parts
        return (parts.tips.get(of_digest) if parts else None) if of_digest else texts[language].tip


def _read(path: Path, file: str, shape: type[T], problems: list[Problem]) -> T | None:
    try:
        return shape.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        problems.append(Problem(file, "file", "the file", "nothing", "copy it from the shipped settings"))
    except OSError:
        mend = "make it a file that the account of mailbot may read"
        problems.append(Problem(file, "file", "a file that can be read", "one that cannot", mend))
    except UnicodeDecodeError:
        problems.append(Problem(file, "file", "UTF-8", "another encoding", "save it as UTF-8"))
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(file, "file", "TOML", str(error), "correct that line"))
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in detail["loc"])
            other = ("a valid value", detail["msg"], "correct it")
            problems.append(Problem(file, where, *_BY_ERROR.get(detail["type"], other)))
    return None
