"""The smallest packs that say something, as the tables that a TOML file gives."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest


@pytest.fixture
def norm() -> Callable[..., dict[str, Any]]:
    """One norm's table; keywords replace or add keys, and a key set to None is left out."""

    def make(**changed: Any) -> dict[str, Any]:
        table: dict[str, Any] = {
            "id": "klein-1",
            "article": "1",
            "class": ["M"],
            "text_nl": "Je postbus is niet te groot.",
            "text_en": "Your mailbox is not too large.",
            "rule": "quota",
            "parameters": {"limit_bytes": 5 * 1024**3, "tip_percent": 90},
        } | changed
        return {key: value for key, value in table.items() if value is not None}

    return make


@pytest.fixture
def pack(norm: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """One pack's table, with one quota norm unless told otherwise."""

    def make(*norms: dict[str, Any], **changed: Any) -> dict[str, Any]:
        table: dict[str, Any] = {
            "name": "klein",
            "title": "Klein protocol",
            "municipality": "Klein",
            "owner": "gemeentesecretaris",
            "valid_from": date(2024, 1, 1),
            "source": {
                "regulation": "Klein protocol",
                "adopted": date(2023, 12, 1),
                "adopted_by": "college",
                "published": "Gemeenteblad",
            },
            "rights": {
                "access_days": 14,
                "rectify_days": 14,
                "addressee": "directie",
                "source": "artikel 9",
            },
            "retention": {"individual_weeks": 13, "source": "artikel 10"},
            "team_figures": {"shown_to": "none", "source": "artikel 11"},
            "norm": list(norms) or [norm()],
        } | changed
        return table

    return make
