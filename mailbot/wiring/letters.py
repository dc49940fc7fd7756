"""Letter texts with what a settings folder says beside them: who writes, and under which articles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from mailbot.config.load import read_packs, require_settings
from mailbot.config.problems import Problem, report
from mailbot.config.section import Section
from mailbot.config.settings import Delivery, Organisation
from mailbot.config.tomlfile import read_toml
from mailbot.config.validation import did_you_mean, problems_of
from mailbot.letters.check import check
from mailbot.letters.render import NormText, TomlLetters
from mailbot.letters.samples import stand_in
from mailbot.letters.textcheck import lacking
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.errors import SettingsRefused
from mailbot.model.ids import Address, RuleId
from mailbot.policy.packs import Pack
from mailbot.rules import Rule, registry

S = TypeVar("S", bound=Section)


def norm_texts(pack: Pack, day: date) -> Mapping[RuleId, NormText]:
    """The articles behind the rules that are on that day, in plain words."""
    return {
        norm.rule: NormText(
            norm.article,
            dict.fromkeys(Language, pack.source.regulation),
            {Language.NL: norm.text_nl, Language.EN: norm.text_en},
        )
        for norm in pack.active_norms(day)
        if norm.rule is not None
    }


def rules_of(pack: Pack) -> list[Rule]:
    """The rules that norms of a pack switch on, on whatever day."""
    return [
        registry()[rule] for rule in sorted({n.rule for n in pack.norms if n.built and n.rule is not None})
    ]


def without_texts(pack: Pack, texts: LetterTexts) -> Iterator[Problem]:
    """Norms whose rule has nothing to write to people with: found now, not when the first letter is due."""
    return lacking(rules_of(pack), texts.topics)


@dataclass(frozen=True, slots=True)
class Desk:
    """All that letters can be looked at with, without database, key or Exchange. `problems` are those of the
    texts as a whole; with any of them no letter is made."""

    texts: LetterTexts
    problems: tuple[Problem, ...]
    letters: TomlLetters
    pack: Pack
    organisation: str
    sender: Address
    day: date

    def faults(self) -> list[Problem]:
        """Everything that is wrong with the texts. A topic that is not whole is looked at no further."""
        broken = {Path(problem.file).stem for problem in self.problems}
        if len(self.texts.common) < len(Language) or "common" in broken:
            return list(self.problems)
        whole = LetterTexts(
            self.texts.common, {t: by for t, by in self.texts.topics.items() if t not in broken}
        )
        rules = [rule for rule in rules_of(self.pack) if rule.id not in broken]
        norms = norm_texts(self.pack, self.day)
        file = f"packs/{self.pack.name}/pack.toml"
        found = check(whole, self.letters, rules, norms, file, self.day)
        return [*self.problems, *(one for one in found if Path(one.file).stem not in broken)]


def desk(folder: Path, day: date) -> Desk:
    """The letters of a settings folder. Of its other settings only those that letters show must be right.
    Raises SettingsRefused."""
    require_settings(folder)
    raw, problems = read_toml(folder / "mailbot.toml", "mailbot.toml")
    raw = raw or {}
    organisation, more = _section(raw, "organisation", Organisation)
    problems += more
    delivery, more = _section(raw, "delivery", Delivery)
    problems += more
    packs, more = read_packs(folder)
    problems += more
    policy = raw.get("policy")
    name = str(policy.get("pack")) if isinstance(policy, Mapping) else ""
    pack = packs.get(name)
    if pack is None and not problems:
        hint = did_you_mean(name, list(packs))
        problems.append(Problem("mailbot.toml", "policy.pack", "the name of a pack", "another name", hint))
    texts, wrong = LetterTexts.check(folder / "letters")
    if problems or organisation is None or delivery is None or pack is None:
        raise SettingsRefused(report([*problems, *wrong]))
    letters = TomlLetters(
        texts,
        organisation=organisation.name,
        sender=delivery.sender,
        sender_name=delivery.sender_name,
        contact=delivery.contact,
        contact_en=delivery.contact_en,
        intranet_word=delivery.intranet_word,
        norms=lambda on: {**dict.fromkeys(registry(), stand_in()), **norm_texts(pack, on)},
        warning_article=pack.warning_article or "",
    )
    return Desk(texts, tuple(wrong), letters, pack, organisation.name, delivery.sender, day)


def _section(raw: Mapping[str, Any], name: str, model: type[S]) -> tuple[S | None, list[Problem]]:
    found = raw.get(name, {})
    try:
        return model.model_validate(found), []
    except ValidationError as error:
        wrong = problems_of("mailbot.toml", error, model, found)
        return None, [replace(p, where=f"{name}.{p.where}") for p in wrong]
