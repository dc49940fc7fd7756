"""Asking only what changed gives what asking everything would have given, whatever happened in between."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from mailbot.directory.ldap.session import Search
from mailbot.directory.ldap.source import LdapDirectory
from mailbot.model.accounts import Account, Directory
from mailbot.model.clock import SetClock
from mailbot.model.errors import SettingsRefused, Unreachable
from tests.unit.directory.ldap.small_domain import DOMAIN, LINKS, SmallDomain, Thing

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
BASE = f"OU=Medewerkers,{DOMAIN}"
SECRET = "Geheim (OR)"


def reader(domain: SmallDomain, clock: SetClock | None = None, base: str = BASE) -> LdapDirectory:
    return LdapDirectory(
        domain.open, ["ldaps://dc1"], base, frozenset({SECRET}), clock or SetClock(NOW), deadline=60
    )


def by_guid(read: Directory) -> list[Account]:
    return sorted(read.accounts, key=lambda account: account.guid)


class Office:
    """A domain with a unit of employees, one below it, and one elsewhere."""

    def __init__(self) -> None:
        self.domain = SmallDomain()
        self.people = self.domain.unit("Medewerkers")
        self.team = self.domain.unit("Team", self.people)
        self.elsewhere = self.domain.unit("Oud")
        self.groups = self.domain.unit("Groepen")
        self.secret = self.domain.group(SECRET, self.groups, 1200)
        self.inner = self.domain.group("Binnen", self.groups, 1201)
        self.domain.join(self.secret, self.inner)


class Life:
    """Administrators do something at random, and now and then mailbot reads."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.office = Office()
        self.domain = self.office.domain
        self.domain.person("blijft", self.office.people)  # a house in which nobody is left is refused
        self.clock = SetClock(NOW)
        self.follower = reader(self.domain, self.clock)
        self.persons = [self.domain.person(f"p{number}", self.office.team) for number in range(3)]
        self.done: list[str] = []

    def goes_on(self, steps: int) -> None:
        acts: list[Callable[[], object]] = [
            self.hire, self.leave, self.change, self.lose_the_mailbox, self.move, self.rename, self.link,
            self.join, self.quit, self.primary_group, self.move_the_team, self.rename_the_team,
            self.domain.become_another_server, self.domain.run_backwards, self.hours_go_by,
            self.the_connection_breaks,
        ]  # fmt: skip
        for _ in range(steps):
            act = self.random.choice(acts)
            self.done.append(act.__name__)
            act()
            if self.random.random() < 0.6:
                self.done.append("read")
                self.compare()

    def compare(self) -> None:
        seen, whole = self.follower.read(), reader(self.domain, self.clock).read()
        assert by_guid(seen) == by_guid(whole), self.done
        assert seen.broken == whole.broken, self.done

    def somebody(self) -> Thing:
        return self.random.choice(self.persons)

    def unit(self) -> Thing:
        return self.random.choice([self.office.team, self.office.people, self.office.elsewhere])

    def group(self) -> Thing:
        return self.random.choice([self.office.secret, self.office.inner])

    def hire(self) -> None:
        login = f"p{len(self.domain.things)}x{len(self.done)}"
        self.persons.append(self.domain.person(login, self.unit(), mailbox=self.random.random() < 0.8))

    def leave(self) -> None:
        if len(self.persons) > 2:
            who = self.somebody()
            self.persons.remove(who)
            self.domain.delete(who)

    def change(self) -> None:
        self.domain.change(self.somebody(), "department", self.random.choice(["ICT", "Burgerzaken"]))

    def lose_the_mailbox(self) -> None:
        self.domain.change(self.somebody(), "msExchMailboxGuid")

    def move(self) -> None:
        self.domain.move(self.somebody(), self.unit())

    def rename(self) -> None:
        """Also to a name that another had; never to one that another has."""
        taken = {person.name for person in self.persons}
        names = [name for name in ("p0", "p1", "Nieuw\\, naam") if f"CN={name}" not in taken]
        if names:
            self.domain.rename(self.somebody(), self.random.choice(names))

    def link(self) -> None:
        link = self.random.choice(LINKS)
        self.domain.link(self.somebody(), link, *self.random.sample(self.persons, self.random.randrange(2)))

    def join(self) -> None:
        self.domain.join(self.group(), self.somebody())

    def quit(self) -> None:
        self.domain.quit(self.group(), self.somebody())

    def primary_group(self) -> None:
        self.domain.change(self.somebody(), "primaryGroupID", self.random.choice(["513", "1200", "1201"]))

    def move_the_team(self) -> None:
        """Into sight or out of it, with everybody in it."""
        self.domain.move(self.office.team, self.random.choice([self.office.people, self.office.elsewhere]))

    def rename_the_team(self) -> None:
        self.domain.rename(self.office.team, self.random.choice(["Team", "Nieuw"]))

    def hours_go_by(self) -> None:
        self.clock.sleep(self.random.randrange(30) * 3600)

    def the_connection_breaks(self) -> None:
        self.domain.breaks_after = self.random.randrange(10)
        with suppress(Unreachable):
            self.follower.read()
        self.domain.breaks_after = None


@pytest.mark.parametrize("seed", range(40))
def test_following_is_as_good_as_reading_all(seed: int) -> None:
    Life(seed).goes_on(steps=60)


def asked_for_all(domain: SmallDomain, act: Callable[[], object]) -> bool:
    """Whether the act asked everything of everybody."""
    domain.questions.clear()
    act()
    return any(is_whole(question) for question in domain.questions)


def is_whole(question: Search) -> bool:
    return "sAMAccountName" in question.attributes and "objectClass=user" in question.filter and (
        "uSNChanged" not in question.filter
    )  # fmt: skip


class TestWhatIsAsked:
    def test_first_everything_then_what_changed(self) -> None:
        office = Office()
        office.domain.person("anna", office.team)
        follower = reader(office.domain)
        assert asked_for_all(office.domain, follower.read)
        reached = office.domain.usn
        assert not asked_for_all(office.domain, follower.read)
        [changes] = [question for question in office.domain.questions if "uSNChanged" in question.filter]
        assert f"(uSNChanged>={reached + 1})" in changes.filter

    def test_another_domain_controller_is_asked_everything(self) -> None:
        office = Office()
        office.domain.person("anna", office.team)
        follower = reader(office.domain)
        follower.read()
        office.domain.become_another_server()
        assert asked_for_all(office.domain, follower.read)

    def test_one_whose_count_runs_backwards_too(self) -> None:
        office = Office()
        office.domain.person("anna", office.team)
        follower = reader(office.domain)
        follower.read()
        office.domain.usn -= 1
        assert asked_for_all(office.domain, follower.read)

    def test_without_an_invocation_id_the_servers_name_tells_them_apart(self) -> None:
        office = Office()
        office.domain.tells_invocation = False
        office.domain.person("anna", office.team)
        follower = reader(office.domain)
        follower.read()
        assert not asked_for_all(office.domain, follower.read)

    @pytest.mark.parametrize(("gone_by", "whole"), [(23, False), (24, True), (-1, True)])
    def test_once_a_day_everything_and_when_the_clock_was_set_back(self, gone_by: int, whole: bool) -> None:
        office, clock = Office(), SetClock(NOW)
        office.domain.person("anna", office.team)
        follower = reader(office.domain, clock)
        follower.read()
        clock.set(NOW + timedelta(hours=gone_by))
        assert asked_for_all(office.domain, follower.read) is whole

    def test_a_team_that_came_in_sight_is_asked_everything(self) -> None:
        office = Office()
        office.domain.move(office.team, office.elsewhere)
        office.domain.person("anna", office.team)
        office.domain.person("bert", office.people)
        follower = reader(office.domain)
        assert {account.login for account in follower.read().accounts} == {"bert"}
        office.domain.move(office.team, office.people)
        assert {account.login for account in follower.read().accounts} == {"anna", "bert"}

    def test_the_connection_is_closed_whatever_happens(self) -> None:
        office = Office()
        office.domain.person("anna", office.team)
        follower = reader(office.domain)
        follower.read()
        office.domain.breaks_after = 2
        with pytest.raises(Unreachable):
            follower.read()
        assert office.domain.closed == 2


class TestAnOldNameOfAManager:
    def test_now_anothers_is_not_taken_for_the_manager(self) -> None:
        """Jan became Piet and another Jan came: his people did not change."""
        office = Office()
        domain = office.domain
        jan, anna = domain.person("jan", office.team), domain.person("anna", office.team)
        domain.link(anna, "manager", jan)
        follower = reader(domain)
        follower.read()
        domain.rename(jan, "piet")
        domain.person("jan", office.team)
        [seen] = [account for account in follower.read().accounts if account.login == "anna"]
        assert seen.manager == str(jan.guid)


class TestGroups:
    def names(self, office: Office, *groups: str) -> dict[str, frozenset[str]]:
        found = LdapDirectory(
            office.domain.open, ["x"], BASE, frozenset(groups), SetClock(NOW), deadline=60
        ).read()
        return {account.login: account.groups for account in found.accounts}

    def test_a_name_is_no_filter(self) -> None:
        office = Office()
        office.domain.person("anna", office.team)
        for name in ("*", "x)(objectClass=*", "a\\2a", "(", ""):
            assert self.names(office, name) == {"anna": frozenset()}

    def test_members_by_way_of_another_group(self) -> None:
        office = Office()
        anna = office.domain.person("anna", office.team)
        office.domain.person("bert", office.team)
        office.domain.join(office.inner, anna)
        assert self.names(office, SECRET) == {"anna": frozenset({SECRET}), "bert": frozenset()}

    def test_the_primary_group_counts(self) -> None:
        """Nobody's `memberOf` names it."""
        office = Office()
        anna = office.domain.person("anna", office.team)
        office.domain.change(anna, "primaryGroupID", "1201")
        assert self.names(office, SECRET) == {"anna": frozenset({SECRET})}

    def test_two_ways_to_write_one_group_are_both_given(self) -> None:
        office = Office()
        anna = office.domain.person("anna", office.team)
        office.domain.join(office.secret, anna)
        assert self.names(office, SECRET, " geheim (or)") == {"anna": frozenset({SECRET, " geheim (or)"})}

    def test_none_named_nothing_asked(self) -> None:
        office = Office()
        office.domain.person("anna", office.team)
        assert self.names(office) == {"anna": frozenset()}
        assert not [one for one in office.domain.questions if "group" in one.filter]


class TestWhereItLooks:
    def test_a_base_in_another_domain(self) -> None:
        with pytest.raises(SettingsRefused, match="another domain"):
            reader(Office().domain, base="OU=Medewerkers,DC=elders,DC=example").read()

    def test_a_base_that_is_nowhere(self) -> None:
        with pytest.raises(SettingsRefused):
            reader(Office().domain, base=f"OU=Nergens,{DOMAIN}").read()

    def test_a_base_written_in_another_way(self) -> None:
        domain = Office().domain
        with pytest.raises(SettingsRefused, match="no such place"):
            reader(domain, base="ou=Nergens, dc=AD, dc=Voorbeeld, dc=example").read()

    def test_a_house_without_mailboxes_is_none(self) -> None:
        """An account that may not see people is not told so: it just finds nobody."""
        office = Office()
        follower = reader(office.domain)
        with pytest.raises(SettingsRefused, match="no mailbox"):
            follower.read()
        office.domain.person("anna", office.team)
        assert len(follower.read().accounts) == 1

    @pytest.mark.parametrize("port", [3268, 3269])
    def test_the_global_catalog_knows_too_little(self, port: int) -> None:
        domain = Office().domain
        urls = [f"ldaps://dc1:{port}/"]
        catalog = LdapDirectory(domain.open, urls, BASE, frozenset(), SetClock(NOW), deadline=60)
        with pytest.raises(SettingsRefused, match="global catalog"):
            catalog.read()
        assert domain.questions == []
