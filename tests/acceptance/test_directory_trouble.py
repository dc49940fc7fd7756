"""What an administrator hears when the directory is read over LDAP and does not answer, or says no."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.config.files import EXTRAS
from tests.acceptance.desk import Desk, small_town
from tests.acceptance.test_domain_controller import reads_over_ldap
from tests.contract.domain_controller import DomainController
from tests.free_ports import free_port


@pytest.fixture
def desk(tmp_path: Path, dc: DomainController) -> Iterator[Desk]:
    """A house that reads everybody from the domain controller."""
    with small_town(tmp_path) as here:
        dc.load(here.here.town.directory_ldf())
        reads_over_ldap(here.here, dc)
        yield here


def doctor(desk: Desk) -> tuple[int, str]:
    """Its exit code, and its line about people."""
    said = desk.types("doctor")
    assert "Traceback" not in said.err
    [line] = [line for line in said.out.splitlines() if line.startswith("people: ")]
    return said.code, line


def password(desk: Desk, text: str) -> None:
    (desk.here.settings / "ldap.password").write_text(text, encoding="ascii")


def test_a_refused_account_rests_and_the_doctor_tries_the_mended_one_at_once(
    desk: Desk, dc: DomainController
) -> None:
    password(desk, "verkeerd")
    assert "the user name or password is wrong" in desk.refused("people", "check")
    resting = desk.refused("people", "check")
    assert "less than 30 minutes ago" in resting and "mailbot doctor" in resting
    assert "refused the service account" in desk.refused("sweep")

    code, says = doctor(desk)
    assert code == 1 and "the user name or password is wrong" in says, "not that it rests"

    password(desk, dc.password)
    assert "less than 30 minutes ago" in desk.refused("people", "check"), "nobody else tries sooner"
    code, says = doctor(desk)
    assert says.startswith("people: good, "), says
    assert desk.types("people", "check").code == 0
    assert dc.password not in resting + says and dc.username not in resting + says


def test_a_server_that_is_not_there(desk: Desk, dc: DomainController) -> None:
    desk.types("sweep")
    before = desk.findings()
    desk.here.change((dc.url, f"ldaps://127.0.0.1:{free_port()}"))
    for words in (("people", "check"), ("sweep",)):
        assert "nothing listens at the directory server's port" in desk.refused(*words)
    code, says = doctor(desk)
    assert code == 1 and says.startswith("people: bad, nothing listens"), says
    assert desk.findings() == before


def test_a_certificate_of_an_authority_that_is_not_trusted(desk: Desk, dc: DomainController) -> None:
    desk.here.change((str(dc.ca_file), str(dc.other_ca_file)))
    assert "that is not trusted" in desk.refused("people", "check")
    code, says = doctor(desk)
    assert code == 1 and "nothing was sent to it" in says


def test_an_account_that_may_see_nobody_is_no_house_without_people(desk: Desk, dc: DomainController) -> None:
    desk.types("sweep")
    before = desk.findings()
    desk.here.change((f'base = "{dc.base}"', f'base = "OU=Groepen,{dc.base}"'))
    for words in (("people", "check"), ("sweep",)):
        assert "no mailbox that can be used" in desk.refused(*words)
    assert desk.findings() == before


def test_the_extra_that_is_not_installed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "ldap", "no_such_module_of_ldap")
    said = desk.refused("people", "check")
    assert "people.directory" in said and "pip install '.[ldap]'" in said
