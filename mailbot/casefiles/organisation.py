"""The lines about the organisation: colleagues, domains, secure mail, statements, and the decision."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from mailbot.casefiles.lines import Lines
from mailbot.casefiles.notation import day, days, one_of, truth
from mailbot.engine.gates import decision_for, in_sample
from mailbot.model.ids import Address, PersonKey
from mailbot.model.needs import DataClass
from mailbot.model.organisation import Organisation, Standing
from mailbot.model.people import Person, standing
from mailbot.model.statements import Claim, Statement
from mailbot.policy.decisions import Decision
from mailbot.policy.secure_mail import SecureMailFile
from mailbot.rules import Rule

TABLES = frozenset({"colleagues", "statements", "secure_mail"})
"""Of these a case writes only what is different; an empty table takes all of [base] away."""

LINES = TABLES | {"service_accounts", "domains", "decision", "drawn"}

DOMAINS = frozenset({"voorbeeld.example"})
DECISION = "2026-11-01 .. 2027-01-15"
NO_DECISION = "none"
SIGNED_BEFORE = timedelta(days=30)


def colleagues(lines: Lines) -> dict[Address, Standing]:
    known = {one.value: one for one in Standing}
    return {
        _address(address): one_of(known, value, address)
        for address, value in _table(lines, "colleagues").items()
    }


def statements(lines: Lines, today: date) -> tuple[Statement, ...]:
    """Each signed a month before the case, or before its review date when that is earlier."""
    known = {claim.value: claim for claim in Claim}
    return tuple(
        _statement(one_of(known, claim), day(review), today)
        for claim, review in _table(lines, "statements").items()
    )


def _statement(claim: Claim, review_by: date, today: date) -> Statement:
    return Statement(claim, "hoofd I&A", min(today, review_by) - SIGNED_BEFORE, review_by)


def secure_mail(lines: Lines) -> SecureMailFile:
    """Written as secure_mail.toml. Raises pydantic's ValidationError, as that file would."""
    written = _table(lines, "secure_mail")
    return SecureMailFile.model_validate({key: value for key, value in written.items() if value})


def service_accounts(lines: Lines) -> tuple[str, ...]:
    return _texts(lines, "service_accounts")


def domains(lines: Lines) -> frozenset[str]:
    return frozenset(_texts(lines, "domains"))


def period(lines: Lines) -> tuple[date, date] | None:
    written = lines.get("decision", DECISION)
    return None if written == NO_DECISION else days(written)


def drawn(lines: Lines) -> bool:
    return truth(lines.get("drawn", True))


READERS: tuple[tuple[str, Callable[[Lines], Any]], ...] = (
    ("colleagues", colleagues),
    ("statements", lambda lines: statements(lines, date.max)),
    ("service_accounts", service_accounts),
    ("domains", domains),
    ("decision", period),
    ("drawn", drawn),
)
"""For checking the lines one by one; each raises ValueError in words for whoever wrote it."""


def organisation(lines: Lines, person: Person, today: date) -> Organisation:
    """The person is one of the colleagues, as in a directory."""
    known = {person.address: standing(person, today)}
    return Organisation(
        MappingProxyType(known | (colleagues(lines) if "colleagues" in lines else {})),
        domains(lines) if "domains" in lines else DOMAINS,
        service_accounts(lines) if "service_accounts" in lines else (),
        secure_mail(lines).value() if "secure_mail" in lines else Organisation().secure_mail,
        statements(lines, today) if "statements" in lines else (),
    )


def decision(lines: Lines, rule: Rule, today: date) -> Decision | None:
    """The decision that is in force on the day of the case, if any. A rule over sizes and settings has one
    only when the case writes it.

    Raises ValueError when the decision of the case cannot be one.
    """
    if rule.data_class <= DataClass.TRAFFIC and "decision" not in lines:
        return None
    between = period(lines)
    if between is None:
        return None
    if "decision" not in lines and not between[0] <= today <= between[1]:
        raise ValueError(f"without this line the decision runs {DECISION}, and `now` is outside it")
    deepest = max(rule.data_class, DataClass.HEADING)
    made = Decision(
        id="case",
        decider="A. de Boer",
        function="gemeentesecretaris",
        authority="artikel 7",
        date=between[0],
        purpose="controle op naleving",
        weighty_reason="een datalek",
        less_intrusive_means="voorlichting hielp niet",
        checks=(rule.id,),
        data_class=deepest,
        population="alle medewerkers",
        sample_percent=50,
        start=between[0],
        end=between[1],
        who_sees_what="alleen de medewerker",
        works_council="ingestemd",
        ap_field="geen",
        fg_advice="akkoord",
        second_signer="B. Jansen",
    )
    return decision_for([made], rule.id, min(deepest, DataClass.HEADING), today)


def key(of: Decision | None, wanted: bool) -> PersonKey:
    """A person whom the sample of the decision drew, or did not."""
    number = 0
    while of is not None and in_sample(of, PersonKey(f"{number:064x}")) is not wanted:
        number += 1
    return PersonKey(f"{number:064x}")


def _table(lines: Lines, line: str) -> Mapping[str, Any]:
    table = lines[line]
    if not isinstance(table, Mapping):
        raise ValueError("it is a table, such as { name = value }")
    return table


def _texts(lines: Lines, line: str) -> tuple[str, ...]:
    texts = lines[line]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError('it is a list of texts, such as ["one", "two"]')
    return tuple(texts)


def _address(text: str) -> Address:
    try:
        return Address(text)
    except ValueError:
        raise ValueError(
            f"it names people by their mail address, such as anna@voorbeeld.example; not {text[:60]!r}"
        ) from None
