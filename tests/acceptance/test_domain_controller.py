"""The same people out of a real domain controller: nothing of what mailbot says of anybody changes.

The simulated town's directory is loaded into Samba and read over LDAPS, instead of from the export.
"""

from collections import Counter
from collections.abc import Mapping

from mailbot.cli.demo_settings import decision
from mailbot.jobs.sweep import sweep
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.people import People, Person
from mailbot.policy.decisions import LARGEST_SAMPLE
from mailbot.rules import registry
from mailbot.simulator.directory import dn_of
from tests.acceptance.municipality import Municipality
from tests.acceptance.test_ground_truth import expected
from tests.contract.domain_controller import DomainController

CLOSED_OFF = (
    "D:(OD;;RP;4c164200-20c0-11d0-a768-00aa006e0529;;WD)"
    "(A;;RPWPCRCCDCLCLOLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)"
)
"""Whoever is signed in may read all but the property set in which userAccountControl and accountExpires lie
(User-Account-Restrictions, MS-ADTS 3.1.1.2.3.3)."""

Verdicts = Mapping[tuple[PersonKey, RuleId], str]


def test_the_sweep_says_the_same_whether_people_come_by_ldap_or_from_the_export(
    voorbeeld: Municipality, dc: DomainController
) -> None:
    voorbeeld.calibrated()
    exported, by_export, wrong_by_export = swept(voorbeeld)
    settle(voorbeeld, dc)
    reads_over_ldap(voorbeeld, dc)
    voorbeeld.at(6, 10)
    served, by_ldap, wrong_by_ldap = swept(voorbeeld)
    assert (wrong_by_export, wrong_by_ldap) == ({}, {})
    assert by_ldap == by_export
    assert clashes(served) == clashes(exported) == voorbeeld.town.conflicts()
    assert served.conflicts == exported.conflicts
    assert told(served) == told(exported)
    assert served.colleagues == exported.colleagues


def swept(voorbeeld: Municipality) -> tuple[People, Verdicts, dict[tuple[str, str], str]]:
    """The people, what is said of them, and where that is not what the stories say."""
    with voorbeeld.opened(decisions=[decision(LARGEST_SAMPLE)]) as house:
        people = house.directory.people()
        slot = voorbeeld.slot()
        sweep(house, slot)
        with house.store.begin() as work:
            given = {
                (key, RuleId(rule)): str(outcome)
                for rule in registry()
                for key, outcome in work.outcomes(slot.id, RuleId(rule)).items()
            }
        wrong = {}
        for guid in voorbeeld.town.expected():
            story = voorbeeld.town.story(guid)
            for rule, outcome in expected(voorbeeld, house, guid).items():
                said = given.get((house.store.person_key(guid), RuleId(rule)))
                if said != outcome:
                    wrong[(story.id if story else "crowd", rule)] = f"expected {outcome}, given {said}"
    return people, given, wrong


def settle(voorbeeld: Municipality, dc: DomainController) -> None:
    """Everybody moves in. What the export lacks of an account, the service account may not read here."""
    dc.load(voorbeeld.town.directory_ldf())
    closed_off = [resident for resident in voorbeeld.town.residents if resident.enabled is None]
    assert closed_off
    for resident in closed_off:
        change = f"dn: {dn_of(resident)}\nchangetype: modify\nreplace: nTSecurityDescriptor\n"
        dc.modify(f"{change}nTSecurityDescriptor: {CLOSED_OFF}\n")


def reads_over_ldap(voorbeeld: Municipality, dc: DomainController) -> None:
    """As an administrator who moves from the export to LDAP."""
    voorbeeld.change(('directory = "export" ', 'directory = "ldap"   '))
    password = voorbeeld.settings / "ldap.password"
    password.write_text(dc.password, encoding="ascii")
    password.chmod(0o600)
    voorbeeld.change(
        (
            '# servers = ["ldaps://dc1.ad.voorbeeld.example", "ldaps://dc2.ad.voorbeeld.example"]',
            f'servers = ["{dc.url}"]',
        ),
        ('# base = "DC=ad,DC=voorbeeld,DC=example"', f'base = "{dc.base}"'),
        ('# username = "svc-mailbot@ad.voorbeeld.example"', f'username = "{dc.username}"'),
        ('# password_file = "ldap.password"  ', 'password_file = "ldap.password"  '),
        ('# ca_file = "ldap-ca.pem"  ', f"ca_file = '{dc.ca_file}'  "),
    )
    (voorbeeld.settings / "directory.ldf").unlink()


def clashes(people: People) -> dict[str, int]:
    return dict(Counter(str(conflict.clash) for conflict in people.conflicts))


def told(people: People) -> dict[str, tuple[object, ...]]:
    """All that the sources say of each person, without the moment at which they were read."""
    return {guid: values(person) for guid, person in people.by_guid.items()}


def values(person: Person) -> tuple[object, ...]:
    facts = (
        person.enabled,
        person.recipient_type,
        person.hold,
        person.forwards,
        person.quota,
        person.delegates,
        person.roster,
    )
    bare = tuple(getattr(fact, "value", fact) for fact in facts)
    return (
        *bare,
        person.address,
        person.name,
        person.language,
        person.groups,
        person.unit,
        person.manager,
        person.starts,
        person.ends,
        person.leave,
        person.settings_only,
        tuple(sorted(person.origins.items())),
    )
