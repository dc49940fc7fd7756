"""The one domain controller of a run of tests."""

from collections.abc import Iterator

import pytest

from tests.contract.domain_controller import DomainController, needed, own_address


@pytest.fixture(scope="session")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainController]:
    """A running domain controller as somebody left it: for modules that load it once. Such a module's own
    fixture calls `fresh()` first, and its tests change nothing and do not use `dc`."""
    needed()
    with own_address() as address:
        made = DomainController(tmp_path_factory.mktemp("domain") / "controller", address)
        made.make()
        made.start()
        yield made
        made.stop()


@pytest.fixture
def dc(domain: DomainController) -> DomainController:
    """A domain controller with an empty domain: its units, and the service account."""
    domain.fresh()
    return domain
