"""mailbot.toml key by key: what is accepted, and what is refused with which words."""

import copy
import tomllib
from datetime import time
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from mailbot.config.settings import Settings
from mailbot.config.shipped import shipped_settings
from mailbot.config.validation import problems_of
from mailbot.model.accounts import RecipientType

SHIPPED = tomllib.loads((shipped_settings() / "mailbot.toml").read_text(encoding="utf-8"))


def changed(**keys: Any) -> dict[str, Any]:
    """The shipped settings with `section__key=value` changes; None takes a key away."""
    tables = copy.deepcopy(SHIPPED)
    for path, value in keys.items():
        section, key = path.split("__")
        if value is None:
            tables[section].pop(key, None)
        else:
            tables[section][key] = value
    return tables


def refused(**keys: Any) -> list[str]:
    tables = changed(**keys)
    with pytest.raises(ValidationError) as error:
        Settings(**tables)
    return [problem.where for problem in problems_of("mailbot.toml", error.value, Settings, tables)]


def sections() -> list[tuple[str, type[BaseModel]]]:
    return [
        (name, field.annotation)
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    ]


def test_the_shipped_settings_are_sound_and_send_nothing() -> None:
    settings = Settings(**SHIPPED)
    assert settings.delivery.mode == "off"
    assert settings.people.exclude_types == (
        RecipientType.ROOM,
        RecipientType.EQUIPMENT,
        RecipientType.SYSTEM,
    )
    assert settings.schedule.sweep == time(6, 0)
    assert settings.schedule.digest_weekday.number == 0


def test_the_shipped_exclusions_cover_the_functions_that_need_it() -> None:
    groups = Settings(**SHIPPED).people.exclude_groups
    for name in ("ondernemingsraad", "vertrouwenspersonen", "bedrijfsarts", "griffie", "gemeenteraad"):
        assert name in groups


def test_the_shipped_file_explains_every_key() -> None:
    """Every key stands in the annotated file, if only as a comment: it is the manual."""
    text = (shipped_settings() / "mailbot.toml").read_text(encoding="utf-8")
    for section, model in sections():
        assert f"[{section}]" in text
        for key in model.model_fields:
            assert f"{key} = " in text, f"{section}.{key}"


def test_every_key_says_what_it_is_for_and_every_number_is_bounded() -> None:
    for section, model in sections():
        for key, field in model.model_fields.items():
            assert field.description, f"{section}.{key}"
            if field.annotation is int:
                assert any(hasattr(bound, "ge") for bound in field.metadata), f"{section}.{key}"
                assert any(hasattr(bound, "le") for bound in field.metadata), f"{section}.{key}"


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        ("exchange__workers", 1, 32),
        ("exchange__run_minutes", 10, 720),
        ("delivery__cap_per_run", 1, 5000),
        ("schedule__deliver_every_minutes", 5, 120),
        ("operator__smtp_port", 1, 65535),
    ],
)
def test_numbers_stay_within_their_bounds(key: str, low: int, high: int) -> None:
    for value in (low, high):
        Settings(**changed(**{key: value}))
    wrong: list[Any] = [low - 1, high + 1, str(low), float(low), True]
    for value in wrong:
        assert refused(**{key: value}) == [key.replace("__", ".")]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://mail.voorbeeld.example/EWS/Exchange.asmx",
        "http://127.0.0.1:8443/EWS/Exchange.asmx",
        "http://localhost:8443/EWS/Exchange.asmx",
        "http://[::1]:8443/EWS/Exchange.asmx",
    ],
)
def test_plain_http_only_on_this_machine(endpoint: str) -> None:
    on_this_machine = endpoint.startswith("http://")
    assert Settings(**changed(exchange__endpoint=endpoint)).exchange.on_this_machine is on_this_machine


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://mail.voorbeeld.example/EWS/Exchange.asmx",
        "http://127.0.0.1.voorbeeld.example/EWS",
        "mail.voorbeeld.example",
        "ftp://mail.voorbeeld.example",
        "https://user:secret@mail.voorbeeld.example/EWS",
        "https://mail.voorbeeld.example:99999/EWS",
        "https://[::1/EWS",
        "",
    ],
)
def test_other_endpoints_are_refused(endpoint: str) -> None:
    assert refused(exchange__endpoint=endpoint) == ["exchange.endpoint"]


@pytest.mark.parametrize("url", ["sqlite:///x.db", "sqlite:////var/x.db", "postgresql+psycopg://u@h/d"])
def test_databases(url: str) -> None:
    assert Settings(**changed(store__url=url)).store.url == url


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "x.db", "mysql://u@h/d", "postgresql+psycopg://u:secret@h/d", "postgresql+psycopg://"],
)
def test_other_databases_are_refused(url: str) -> None:
    assert refused(store__url=url) == ["store.url"]


@pytest.mark.parametrize("version", ["15.2", "15.1.2507.6", "15.0"])
def test_server_versions(version: str) -> None:
    Settings(**changed(exchange__server_version=version))


@pytest.mark.parametrize("version", ["14.3", "15.3", "2019", "15", "15.2x"])
def test_other_server_versions_are_refused(version: str) -> None:
    assert refused(exchange__server_version=version) == ["exchange.server_version"]


class TestKeysThatBelongTogether:
    def test_redirect_needs_an_address(self) -> None:
        assert refused(delivery__mode="redirect") == ["delivery.redirect_to"]
        Settings(**changed(delivery__mode="redirect", delivery__redirect_to="test@voorbeeld.example"))

    @pytest.mark.parametrize("mode", ["redirect", "pilot"])
    def test_a_pilot_needs_people(self, mode: str) -> None:
        keys = {"delivery__mode": mode, "delivery__redirect_to": "test@voorbeeld.example"}
        assert refused(**keys, people__pilot_groups=[]) == ["delivery"]

    def test_on_the_simulator_everybody_is_a_pilot(self) -> None:
        Settings(
            **changed(
                delivery__mode="redirect",
                delivery__redirect_to="test@voorbeeld.example",
                people__pilot_groups=[],
                exchange__endpoint="http://127.0.0.1:8443/EWS/Exchange.asmx",
            )
        )

    def test_a_mailbox_gets_at_least_the_time_of_one_request(self) -> None:
        keys = {"exchange__request_deadline_seconds": 120, "exchange__mailbox_deadline_seconds": 119}
        assert refused(**keys) == ["exchange.mailbox_deadline_seconds"]
        assert refused(
            **keys | {"exchange__mailbox_deadline_seconds": None, "exchange__request_deadline_seconds": 181}
        ) == ["exchange.mailbox_deadline_seconds"]

    @pytest.mark.parametrize(
        ("first", "last", "wrong"),
        [
            ("08:29", "17:00", "schedule.deliver_from"),
            ("08:30", "17:01", "schedule.deliver_until"),
            ("08:30", "08:30", "schedule.deliver_until"),
            ("09:00", "16:00", "schedule.digest"),
        ],
    )
    def test_letters_leave_in_office_hours(self, first: str, last: str, wrong: str) -> None:
        assert refused(schedule__deliver_from=first, schedule__deliver_until=last) == [wrong]

    def test_a_relay_needs_sender_and_receiver(self) -> None:
        assert refused(operator__smtp_host="relay") == ["operator.smtp_from", "operator.smtp_to"]


@pytest.mark.parametrize("clock", ["6:00", "24:00", "06:60", "06:00:00", "six", 6])
def test_times_are_written_as_hours_and_minutes(clock: Any) -> None:
    assert refused(schedule__sweep=clock) == ["schedule.sweep"]


def test_a_misspelt_section_is_told_with_the_right_name() -> None:
    tables = {**SHIPPED, "exchnge": {}}
    with pytest.raises(ValidationError) as error:
        Settings(**tables)
    (problem,) = problems_of("mailbot.toml", error.value, Settings, tables)
    assert (problem.where, problem.mend) == ("exchnge", "did you mean `exchange`?")


def test_a_section_that_is_no_table() -> None:
    tables = {**SHIPPED, "exchange": "ews"}
    with pytest.raises(ValidationError) as error:
        Settings(**tables)
    (problem,) = problems_of("mailbot.toml", error.value, Settings, tables)
    assert (problem.where, problem.expected) == ("exchange", "a table")


def test_addresses_and_the_account_do_not_print() -> None:
    printed = repr(Settings(**SHIPPED))
    assert "griffie@" not in printed and "svc-mailbot" not in printed
