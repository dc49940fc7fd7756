"""Where people come from, in mailbot.toml: an export or LDAP, encrypted, with one way of signing in."""

from typing import Any

import pytest
from pydantic import ValidationError

from mailbot.config.people_section import Ldap, PeopleSection
from mailbot.config.settings import Settings
from mailbot.config.validation import problems_of

SIGNED_IN = {
    "servers": ["ldaps://dc1.ad.voorbeeld.example"],
    "base": "DC=ad,DC=voorbeeld,DC=example",
    "username": "svc-mailbot@ad.voorbeeld.example",
    "password_file": "ldap.password",
}


def wrong(**changes: Any) -> dict[str, str]:
    """What is wrong with [ldap] when these keys differ from a sound one; None takes a key away."""
    table = {key: value for key, value in {**SIGNED_IN, **changes}.items() if value is not None}
    try:
        Ldap.model_validate(table)
    except ValidationError as error:
        return {p.where: p.expected for p in problems_of("mailbot.toml", error, Ldap, table)}
    return {}


def test_a_sound_section_is_taken() -> None:
    assert wrong() == {}
    assert wrong(servers=["ldap://dc1.ad.voorbeeld.example"], starttls=True) == {}
    for base in ("dc=example", "ou=Zorg\\, Jeugd, dc=Voorbeeld , DC=example", "OU=Ça = va,DC=a-1"):
        assert wrong(base=base) == {}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"servers": ["ldap://dc1.ad.voorbeeld.example"]}, "starttls"),
        ({"starttls": True}, "starttls"),
        ({"servers": ["ldaps://dc1.example", "ldap://dc2.example"]}, "servers"),
        ({"servers": ["https://dc1.example"]}, "servers 1"),
        ({"servers": ["ldaps://svc:secret@dc1.example"]}, "servers 1"),
        ({"base": None}, "base"),
        ({"base": "ad.voorbeeld.example"}, "base"),
        ({"base": "Medewerkers,DC=voorbeeld,DC=example"}, "base"),
        ({"base": "DC=voorbeeld,DC=example,OU=Medewerkers"}, "base"),
        ({"username": None}, "username"),
        ({"password_file": None}, "password_file"),
        ({"keytab_file": "ldap.keytab"}, "keytab_file"),
        ({"auth": "kerberos", "password_file": None, "username": "svc@R.EXAMPLE"}, "keytab_file"),
        ({"auth": "kerberos", "password_file": None, "keytab_file": "k", "username": "svc"}, "username"),
        ({"servers": None}, "base"),
        ({"deadline_seconds": 1}, "deadline_seconds"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_key(changes: dict[str, Any], where: str) -> None:
    assert where in wrong(**changes)


@pytest.mark.parametrize(("directory", "servers"), [("ldap", False), ("export", True)])
def test_one_way_of_reading_the_directory(directory: str, servers: bool) -> None:
    """Servers that nobody would ask, or LDAP without servers, is a misunderstanding."""
    tables = {"people": {"directory": directory}, "ldap": SIGNED_IN if servers else {}}
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate(tables)
    told = {p.where for p in problems_of("mailbot.toml", refused.value, Settings, tables)}
    assert "ldap" in told


def test_of_groups_only_the_named_ones_are_asked() -> None:
    people = PeopleSection(exclude_groups=("or",), settings_only_groups=("kader",), pilot_groups=("pilot",))
    assert people.named_groups == {"or", "kader", "pilot"}
