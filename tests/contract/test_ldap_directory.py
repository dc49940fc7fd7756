"""Accounts from a real Active Directory: read whole, and followed through its changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import pytest

from mailbot.directory.ldap.filters import mailboxes
from mailbot.directory.ldap.session import PAGE, Search
from mailbot.directory.ldap.source import LdapDirectory
from mailbot.model.accounts import Account, Quota, RecipientType
from mailbot.model.errors import SettingsRefused, SignInRefused, Unreachable
from tests.contract import wires
from tests.contract.domain_controller import ADMINS, DOMAIN, GROUPS, DomainController
from tests.contract.ldap_answers import slow_relay
from tests.contract.ldap_people import STORE, change, group, store
from tests.contract.ldap_reading import Corner, Watch
from tests.contract.roads import Memory
from tests.contract.wires import listening
from tests.free_ports import free_port

NUMBERS = count(1)


@pytest.fixture(scope="module")
def shared(domain: DomainController) -> DomainController:
    domain.fresh()
    return domain


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def watch(shared: DomainController, memory: Memory) -> Watch:
    return Watch(shared, memory)


@pytest.fixture
def corner(shared: DomainController, watch: Watch) -> Corner:
    return Corner(shared, watch, next(NUMBERS))


class TestReading:
    def test_mailboxes_with_their_database_manager_and_delegates(self, corner: Corner) -> None:
        corner.load(
            store(1024),
            corner.person(
                "anna",
                manager=corner.dn("bert"),
                publicDelegates=corner.dn("chris"),
                homeMDB=STORE,
                department="ICT",
            ),
            corner.person("bert"),
            corner.person("chris", msExchRecipientTypeDetails="2147483648"),
            corner.person(
                "dirk", userAccountControl="514", mDBUseDefaults="FALSE", mDBOverHardQuotaLimit="7"
            ),
        )
        read = corner.read(corner.reader())
        anna, dirk = read["anna"], read["dirk"]
        assert read.keys() == {"anna", "bert", "chris", "dirk"}
        assert anna.guid == corner.guid("anna")
        assert anna.manager == corner.guid("bert")
        assert anna.delegates == {corner.guid("chris")}
        assert anna.address.value == f"{anna.login}@voorbeeld.example"
        assert {one.value for one in anna.others} == {f"{anna.login}@oud.voorbeeld.example"}
        assert anna.department == "ICT"
        assert anna.quota == Quota(1024 * 1024) and dirk.quota == Quota(7 * 1024)
        assert read["chris"].kind is RecipientType.REMOTE_USER
        assert (anna.closed, dirk.closed) == (False, True)

    def test_over_starttls(self, corner: Corner) -> None:
        corner.load(corner.person("anna"))
        corner.watch.bind = replace(corner.watch.bind, starttls=True)
        assert corner.read(corner.reader(corner.dc.starttls_url)).keys() == {"anna"}

    def test_names_with_everything_in_them(self, corner: Corner) -> None:
        unit = f"OU=Team \\+ (a\\,b) \\\\ *,{corner.unit}"
        anna = corner.person("anna", unit, displayName="Ünal, Anna (ICT) *")
        corner.load(anna, group(corner.secret, corner.dn("anna", unit)))
        read = corner.read(corner.reader())
        assert read["anna"].name == "Ünal, Anna (ICT) *"
        assert read["anna"].groups == {corner.secret}


class TestFollowing:
    """The second reading asks what changed, and knows all the same."""

    @pytest.fixture
    def follower(self, corner: Corner, watch: Watch) -> LdapDirectory:
        corner.load(
            corner.person("anna", corner.team, manager=corner.dn("bert")),
            corner.person("bert"),
            corner.person("chris", corner.team, manager=corner.dn("anna", corner.team)),
            group(corner.inner),
            group(corner.secret, f"CN={corner.inner},{GROUPS}"),
        )
        made = corner.reader()
        assert corner.read(made).keys() == {"anna", "bert", "chris"}
        assert watch.whole()
        return made

    def same(self, corner: Corner, follower: LdapDirectory) -> dict[str, Account]:
        """What the follower says without asking everything; a new reader says the same."""
        corner.watch.whole()
        seen = corner.read(follower)
        assert not corner.watch.whole()
        assert seen == corner.read(corner.reader())
        return seen

    def test_nothing_changed(self, corner: Corner, follower: LdapDirectory) -> None:
        assert self.same(corner, follower).keys() == {"anna", "bert", "chris"}

    def test_an_account_that_is_closed(self, corner: Corner, follower: LdapDirectory) -> None:
        corner.dc.modify(change(corner.dn("bert"), "userAccountControl", "514"))
        assert self.same(corner, follower)["bert"].closed is True

    def test_somebody_who_is_called_otherwise_now(self, corner: Corner, follower: LdapDirectory) -> None:
        """And is manager of somebody who did not change."""
        new = corner.dc.rename(corner.dn("bert"), "CN=Bert de Vries")
        corner.dc.modify(change(new, "mail", "b.devries@voorbeeld.example"))
        corner.dc.modify(change(new, "proxyAddresses", "SMTP:b.devries@voorbeeld.example"))
        seen = self.same(corner, follower)
        assert seen["bert"].guid == corner.guid("bert")
        assert seen["bert"].address.value == "b.devries@voorbeeld.example"
        assert seen["anna"].manager == corner.guid("bert")

    def test_a_manager_who_moved(self, corner: Corner, follower: LdapDirectory) -> None:
        corner.dc.move(corner.dn("bert"), corner.team)
        assert self.same(corner, follower)["anna"].manager == corner.guid("bert")

    def test_a_manager_whose_old_name_is_anothers_now(self, corner: Corner, follower: LdapDirectory) -> None:
        corner.load(corner.person("albert"))
        corner.dc.rename(corner.dn("bert"), "CN=Bert de Vries")
        corner.dc.rename(corner.dn("albert"), corner.dn("bert").partition(",")[0])
        seen = self.same(corner, follower)
        assert seen["albert"].guid == corner.guid("albert")
        assert seen["anna"].manager == corner.guid("bert")

    def test_a_team_that_is_called_otherwise(self, corner: Corner, follower: LdapDirectory) -> None:
        """Everybody in it has another name, and nobody in it was changed."""
        before = corner.value(corner.dn("chris", corner.team), "uSNChanged")
        team = corner.dc.rename(corner.team, "OU=Ploeg")
        assert corner.value(corner.dn("chris", team), "uSNChanged") == before
        assert self.same(corner, follower)["chris"].manager == corner.guid("anna")

    def test_a_manager_who_moved_out_of_sight(self, corner: Corner, follower: LdapDirectory) -> None:
        corner.dc.move(corner.dn("bert"), ADMINS)
        seen = self.same(corner, follower)
        assert "bert" not in seen
        assert (seen["anna"].manager, seen["anna"].has_manager) == (None, True)

    def test_a_manager_who_was_removed(self, corner: Corner, follower: LdapDirectory) -> None:
        """Which takes the link away and leaves the number of changes of its owner as it was."""
        before = corner.value(corner.dn("anna", corner.team), "uSNChanged")
        corner.dc.delete(corner.dn("bert"))
        assert corner.value(corner.dn("anna", corner.team), "uSNChanged") == before
        seen = self.same(corner, follower)
        assert "bert" not in seen
        assert (seen["anna"].manager, seen["anna"].has_manager) == (None, False)

    def test_somebody_new(self, corner: Corner, follower: LdapDirectory) -> None:
        corner.load(corner.person("dirk", manager=corner.dn("bert")))
        assert self.same(corner, follower)["dirk"].manager == corner.guid("bert")

    def test_somebody_who_moves_into_sight(self, corner: Corner, follower: LdapDirectory) -> None:
        corner.load(corner.person("dirk", ADMINS))
        assert "dirk" not in corner.read(follower)
        corner.dc.move(corner.dn("dirk", ADMINS), corner.unit)
        assert corner.read(follower)["dirk"].guid == corner.guid("dirk")

    def test_a_member_of_a_nested_group(self, corner: Corner, follower: LdapDirectory) -> None:
        """Nothing of the member itself changes, and the group that is named does not change either."""
        anna = corner.dn("anna", corner.team)
        before = corner.value(anna, "uSNChanged")
        corner.dc.modify(change(f"CN={corner.inner},{GROUPS}", "member", anna))
        assert corner.value(anna, "uSNChanged") == before
        seen = self.same(corner, follower)
        assert seen["anna"].groups == {corner.secret} and seen["bert"].groups == frozenset()

    def test_somebody_whose_primary_group_it_is(self, corner: Corner, follower: LdapDirectory) -> None:
        bert, inner = corner.dn("bert"), f"CN={corner.inner},{GROUPS}"
        number = int.from_bytes(corner.value(inner, "objectSid")[-4:], "little")
        corner.dc.modify(change(inner, "member", bert))
        corner.dc.modify(change(bert, "primaryGroupID", str(number)))
        assert self.same(corner, follower)["bert"].groups == {corner.secret}

    def test_another_server_is_asked_everything(self, corner: Corner, follower: LdapDirectory) -> None:
        corner.watch.other_server = True
        corner.dc.modify(change(corner.dn("bert"), "department", "ICT"))
        assert corner.read(follower)["bert"].department == "ICT"
        assert corner.watch.whole()
        assert corner.read(follower)["bert"].department == "ICT"
        assert not corner.watch.whole()


class TestRefusals:
    def test_a_wrong_password(self, corner: Corner, memory: Memory) -> None:
        corner.watch.bind = replace(corner.watch.bind, password="verkeerd")
        with pytest.raises(SignInRefused, match="password is wrong"):
            corner.reader().read()
        with pytest.raises(SignInRefused, match="less than 30 minutes"):
            corner.reader(corner.dc.url, corner.dc.url).read()
        assert memory.text is not None

    def test_an_account_that_is_disabled(self, corner: Corner) -> None:
        corner.dc.tool("user", "create", "svc-oud", "Niet-meer-in-dienst-42")
        corner.dc.tool("user", "disable", "svc-oud")
        corner.watch.bind = replace(
            corner.watch.bind, username=f"svc-oud@{DOMAIN}", password="Niet-meer-in-dienst-42"
        )
        with pytest.raises(SignInRefused, match="account is disabled"):
            corner.reader().read()

    def test_a_certificate_of_another_authority(self, corner: Corner) -> None:
        corner.watch.bind = replace(corner.watch.bind, ca_file=corner.dc.other_ca_file)
        with pytest.raises(SettingsRefused, match="certificate"):
            corner.reader().read()

    def test_a_certificate_for_another_name(self, corner: Corner) -> None:
        """Its own are dc1.ad.voorbeeld.example and its address."""
        with relayed(corner.dc) as port, pytest.raises(SettingsRefused, match="another name"):
            corner.reader(f"ldaps://localhost:{port}").read()

    def test_a_server_that_is_not_there(self, corner: Corner) -> None:
        corner.load(corner.person("anna"))
        nowhere = f"ldaps://127.0.0.1:{free_port()}"
        with pytest.raises(Unreachable, match="nothing listens"):
            corner.reader(nowhere).read()
        assert corner.read(corner.reader(nowhere, corner.dc.url)).keys() == {"anna"}

    def test_a_server_that_freezes(self, corner: Corner) -> None:
        corner.load(corner.person("anna"))
        follower = corner.reader()
        follower.read()
        corner.patience(0.5)
        corner.dc.freeze()
        try:
            with pytest.raises(Unreachable, match="in time"):
                follower.read()
        finally:
            corner.dc.thaw()
        corner.patience(20)
        corner.watch.whole()
        assert corner.read(follower).keys() == {"anna"}
        assert not corner.watch.whole(), "what was known was thrown away"

    def test_a_slow_line(self, corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
        """The bytes keep coming, so no socket loses its patience; what counts is when all are there."""
        corner.load(*(corner.person(f"p{number}") for number in range(40)))
        monkeypatch.setattr(wires, "LOOPBACK", corner.dc.address)  # its certificate is for this address
        with relayed(corner.dc, chunk=4096, pause=0.002) as port:
            slow = f"ldaps://{corner.dc.address}:{port}"
            assert len(corner.reader(slow).read().accounts) == 40
        corner.patience(0.5)
        with relayed(corner.dc, chunk=32, pause=0.02) as port, pytest.raises(Unreachable, match="in time"):
            corner.reader(f"ldaps://{corner.dc.address}:{port}").read()

    def test_plain_ldap(self, corner: Corner) -> None:
        with pytest.raises(SettingsRefused, match="in the open"):
            corner.reader(corner.dc.starttls_url).read()

    @pytest.mark.parametrize(
        ("base", "words"),
        [
            ("OU=Medewerkers,DC=elders,DC=example", "another domain"),
            ("OU=Nergens,DC=ad,DC=voorbeeld,DC=example", "no such place"),
        ],
    )
    def test_a_base_that_is_not_here(self, corner: Corner, base: str, words: str) -> None:
        with pytest.raises(SettingsRefused, match=words):
            corner.reader(base=base).read()


class TestOtherPartitions:
    def test_references_to_them_are_no_people_and_are_not_followed(self, corner: Corner) -> None:
        """The domain's own top refers to its partitions for names and for settings."""
        corner.load(corner.person("anna"))
        session = corner.watch.bind(corner.dc.url)
        found = list(session.search(Search(corner.dc.base, mailboxes(), ("objectGUID",))))
        assert session.references > 0
        assert all(len(entry.values["objectguid"]) == 1 for entry in found)
        session.close()
        assert "anna" in corner.read(corner.reader(base=corner.dc.base))


class TestALargeHouse:
    """Ten pages of people, who have managers and groups on other pages."""

    PEOPLE = 5000

    def test_nobody_is_lost_between_two_pages(self, corner: Corner) -> None:
        logins = [f"p{number}" for number in range(self.PEOPLE)]
        far = dict(zip(logins[::50], reversed(logins[::50]), strict=True))
        managed = (
            corner.person(one, **({"manager": corner.dn(far[one])} if one in far else {}), homeMDB=STORE)
            for one in logins
        )
        corner.load(store(1024), *managed, group(corner.secret, *map(corner.dn, far)))
        follower = corner.reader()
        whole = corner.read(follower)
        assert {account.guid for account in whole.values()} == set(map(corner.guid, logins))
        assert {one: whole[one].manager for one in far} == {one: corner.guid(far[one]) for one in far}
        assert {one for one, account in whole.items() if account.groups} == far.keys()
        assert {account.quota for account in whole.values()} == {Quota(1024 * 1024)}
        further = self.PEOPLE // PAGE - 1
        questions, pages = len(corner.watch.asked), corner.watch.pages
        assert further <= pages - questions <= further + 1, "the further pages of the one long answer"

        corner.dc.modify(change(corner.dn("p4999"), "department", "ICT"))
        corner.watch.whole()
        assert corner.read(follower) == {**whole, "p4999": replace(whole["p4999"], department="ICT")}
        assert not corner.watch.whole()


@contextmanager
def relayed(dc: DomainController, chunk: int = 65536, pause: float = 0.0) -> Iterator[int]:
    """The same server by way of a port of its own."""
    with listening(slow_relay((dc.address, 636), chunk, pause)) as port:
        yield port
