"""What must hold for all letter texts together, before one letter is made of them.

Every language says the same things, every placeholder is filled by somebody, and no text that can reach a
person whose mail must be kept says to delete.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import combinations

from jinja2 import StrictUndefined, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailbot.config.problems import Problem
from mailbot.letters.schema import (
    EVERY_LETTER,
    FRAME,
    HOLD,
    OF_A_NORM,
    RESERVED,
    CommonTexts,
    LetterText,
    TopicTexts,
    texts_in,
)
from mailbot.letters.style import deleting_faults
from mailbot.model.accounts import Language
from mailbot.model.letters import LetterKind
from mailbot.model.verdicts import Kind
from mailbot.rules import Rule, Tells, registry

COMMON = "common"

OF_NO_RULE = (
    ("digest", LetterKind.DIGEST),
    ("explain", LetterKind.NOTICE),
    ("waiver", LetterKind.WAIVER),
)
"""Topics that no norm switches on: their letters may be due in any municipality."""

Topics = Mapping[str, Mapping[Language, TopicTexts]]


def file_of(topic: str, language: Language) -> str:
    """Where the texts on a topic stand, as somebody who looks into the settings folder sees it."""
    return f"letters/{language}/{topic}.toml"


def text_environment() -> ImmutableSandboxedEnvironment:
    """How texts are filled: what nobody filled is an error, and a text can do nothing but print.

    Texts are plain, so nothing is escaped here; the layout escapes whatever it is given.
    """
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def placeholders_in(text: LetterText) -> frozenset[str]:
    """Names that a letter takes from elsewhere: in its lines as they are chosen, or by which it chooses them.
    Raises TemplateSyntaxError."""
    lines = texts_in(text.model_dump(exclude={"when"}, exclude_none=True))
    return frozenset(text.when).union(*(names_in(line) for _, line in lines))


@cache
def names_in(line: str) -> frozenset[str]:
    """The placeholders of one line. Raises TemplateSyntaxError."""
    return frozenset(meta.find_undeclared_variables(text_environment().parse(line)))


def missing(topics: Topics, unread: Collection[str]) -> Iterator[Problem]:
    """What one language has and another lacks. Files in `unread` were refused for another reason."""
    quiet = {rule.id for rule in registry().values() if rule.tells is not Tells.PERSON}
    for topic, by_language in topics.items():
        kinds = frozenset(kind for found in by_language.values() for kind in found.kinds)
        declared = {n: shape for found in by_language.values() for n, shape in found.placeholders.items()}
        for language in Language:
            file = file_of(topic, language)
            found = by_language.get(language)
            if found is None:
                if file not in unread:
                    yield Problem(file, "file", "this topic in every language", "nothing", "translate it")
                continue
            if not found.kinds and topic not in quiet:
                yield Problem(
                    file, "file", "a letter", "none", f"add a table such as [{LetterKind.NUDGE.value}]"
                )
            for kind in sorted(kinds - found.kinds):
                yield Problem(file, kind.value, "this letter in every language", "nothing", "translate it")
            for name, shape in sorted(declared.items()):
                if (own := found.placeholders.get(name)) is not shape:
                    where, expected = f"placeholders.{name}", f'"{shape.value}", as in another language'
                    described = f'"{own.value}"' if own else "nothing"
                    yield Problem(file, where, expected, described, "declare the same in every language")


def needed(rule: Rule) -> tuple[LetterKind, ...]:
    """The letters that a rule can cause: a state has a ladder and thanks, an event one letter."""
    if rule.tells is not Tells.PERSON:
        return ()
    state = (LetterKind.REMINDER, LetterKind.THANKS) if rule.kind is Kind.STATE else ()
    return (LetterKind.NUDGE, *state, *((LetterKind.HINT,) if rule.hints else ()))


def lacking(rules: Iterable[Rule], topics: Topics) -> Iterator[Problem]:
    """Letters that these rules can cause, or mailbot by itself, and that nobody wrote: found now, not when
    the first one is due."""
    for topic, kind in OF_NO_RULE:
        for language in Language:
            of_topic = topics.get(topic, {}).get(language)
            if of_topic is None or kind not in of_topic.kinds:
                yield Problem(
                    file_of(topic, language),
                    kind.value,
                    f"a [{kind.value}], which is sent whatever the rules are",
                    "no such letter",
                    "copy it from the shipped settings",
                )
    for rule in rules:
        for language in Language:
            of_rule = topics.get(rule.id, {}).get(language)
            for kind in needed(rule):
                if of_rule is None or kind not in of_rule.kinds:
                    yield Problem(
                        file_of(rule.id, language),
                        kind.value,
                        f"a [{kind.value}] for the rule {rule.id}, which a norm of the pack switches on",
                        "no such letter",
                        "write it, as for the rules beside it, or take the rule out of the pack",
                    )


def wrong(common: Mapping[Language, CommonTexts], topics: Topics) -> Iterator[Problem]:
    """Placeholders nobody fills, variants of unknown flags, unknown remarks, and deleting under hold."""
    for language, shared in common.items():
        file = file_of(COMMON, language)
        lines = dict(texts_in(shared.model_dump(exclude={"jargon", "form"})))
        yield from _unfilled(file, lines, EVERY_LETTER | OF_A_NORM | {"subject"})
        yield from _deleting(file, lines, language)
        for kind, notes in shared.about_of.items():
            for note in sorted(notes.keys() - shared.about.keys()):
                yield _no_such_note(file, f"about_of.{kind.value}.{note}", shared)
    for topic, by_language in topics.items():
        for language, found in by_language.items():
            file = file_of(topic, language)
            yield from _frame(file, found, language)
            for kind, text in found.letters():
                yield from _letter(file, kind, text, found, common.get(language))
                yield from _under_hold(file, kind, text, language)


def _frame(file: str, found: TopicTexts, language: Language) -> Iterator[Problem]:
    """What a topic has beside its letters."""
    for name in sorted(found.placeholders.keys() & RESERVED):
        where = f"placeholders.{name}"
        yield Problem(file, where, "a name of your own", "one that every letter has", "choose another name")
    lines = frame_of(found)
    for key, line in lines.items():
        yield from _unfilled(file, {key: line}, _filled_in_frame(key))
    yield from _deleting(file, {key: line for key, line in lines.items() if key != "name"}, language)
    if found.digest is not None and found.parts is None:
        yield Problem(file, "parts", "the parts of a digest", "nothing", "add the table [parts]")


def frame_of(found: TopicTexts) -> dict[str, str]:
    """The lines that a topic has beside its letters, by their keys."""
    return dict(texts_in(found.model_dump(exclude={"placeholders", *_KINDS}, exclude_none=True)))


def _filled_in_frame(key: str) -> frozenset[str]:
    """A name stands in headers and facts as it is."""
    if key == "name":
        return frozenset()
    always = EVERY_LETTER - {"looked_days"}  # no digest tells of a look
    return always.union(*(names for begins, names in FRAME if key.startswith(begins)))


def _letter(
    file: str, kind: LetterKind, text: LetterText, found: TopicTexts, shared: CommonTexts | None
) -> Iterator[Problem]:
    lines = dict(texts_in(text.model_dump(exclude_none=True), kind.value))
    yield from _unfilled(file, lines, EVERY_LETTER | OF_A_NORM | found.placeholders.keys())
    for flag in sorted(text.when.keys() - found.flags):
        expected = f"one of {', '.join(sorted(found.flags))}"
        yield Problem(file, f"{kind.value}.when.{flag}", expected, "no such flag", "declare it or correct it")
    if shared is not None:
        for note in sorted(text.about.keys() - shared.about.keys()):
            yield _no_such_note(file, f"{kind.value}.about.{note}", shared)


def _no_such_note(file: str, where: str, shared: CommonTexts) -> Problem:
    expected = f"one of {', '.join(sorted(shared.about))}"
    return Problem(file, where, expected, "no such remark", f"correct it or add it to {COMMON}.toml")


def _under_hold(file: str, kind: LetterKind, text: LetterText, language: Language) -> Iterator[Problem]:
    """The letter as it would read under hold, with every combination of its other flags."""
    others = sorted(text.when.keys() - {HOLD})
    told: set[str] = set()
    for count in range(len(others) + 1):
        for flags in combinations(others, count):
            chosen = text.chosen(frozenset((HOLD, *flags))).model_dump(exclude={"when"}, exclude_none=True)
            for problem in _deleting(file, dict(texts_in(chosen, kind.value)), language):
                if problem.where not in told:
                    told.add(problem.where)
                    yield problem


def _deleting(file: str, lines: Mapping[str, str], language: Language) -> Iterator[Problem]:
    for key, found in deleting_faults(lines, language):
        yield Problem(
            file,
            key,
            "nothing about deleting, because it can reach people whose mail must be kept",
            f'"{found}"',
            "say it otherwise, or add a variant under when.hold",
        )


def _unfilled(file: str, lines: Mapping[str, str], allowed: Collection[str]) -> Iterator[Problem]:
    for key, line in lines.items():
        try:
            used = names_in(line)
        except TemplateSyntaxError as error:
            yield Problem(file, key, "placeholders like {{ name }}", str(error.message), "correct it")
            continue
        for name in sorted(used - set(allowed)):
            mend = "declare it under [placeholders] or correct its name"
            yield Problem(file, key, "a placeholder that somebody fills", f"{{{{ {name} }}}}", mend)


_KINDS = tuple(kind.value for kind in LetterKind)
