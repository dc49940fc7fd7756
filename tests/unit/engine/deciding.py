"""A decision as two people would sign it, for tests to change one thing of."""

from datetime import date
from typing import Any

from mailbot.model.needs import DataClass
from mailbot.policy.decisions import Decision


def deciding(**changes: Any) -> Decision:
    """Headings of half the people, for one rule that exists, in November and December 2026."""
    values: dict[str, Any] = {
        "id": "2026-07",
        "decider": "A. de Groot",
        "function": "gemeentesecretaris",
        "authority": "artikel 9 lid 1 van het protocol",
        "date": date(2026, 10, 20),
        "purpose": "c: vertrouwelijkheid van informatie",
        "weighty_reason": "twee datalekken in een kwartaal",
        "less_intrusive_means": "voorlichting in mei en augustus hielp niet genoeg",
        "checks": ("quota",),
        "data_class": DataClass.HEADING,
        "population": "alle medewerkers",
        "sample_percent": 50,
        "start": date(2026, 11, 1),
        "end": date(2026, 12, 31),
        "who_sees_what": "alleen de medewerker zelf",
        "works_council": "OR-2026-12",
        "ap_field": "n.v.t.: geen inhoud",
        "fg_advice": "positief, 12 oktober 2026",
        "second_signer": "B. Bakker",
    }
    return Decision.model_validate(values | changes)
