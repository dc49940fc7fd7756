"""The options of Outlook on the web, with the signature among them."""

import pytest

from mailbot.simulator import Fault, FaultKind, canaries
from mailbot.simulator.mailboxes import Flaw, OwaOptions


@pytest.fixture
def owner(address):
    return address("plain-over")


def options(got):
    return {
        entry.findtext("{*}DictionaryKey/{*}Value"): (
            entry.findtext("{*}DictionaryValue/{*}Type"),
            entry.findtext("{*}DictionaryValue/{*}Value"),
        )
        for entry in got.all(".//t:DictionaryEntry")
    }


def test_the_signature_comes_as_typed_entries_among_others(client, asks, owner, town):
    html = f"<p>Groet &amp; tot ziens<br>{canaries.SIGNATURE}</p>"
    town.mailbox(owner).owa = OwaOptions(auto_add=True, html=html, text="Groet")
    got = options(client.ask(asks.options(), owner))
    assert got["autoaddsignature"] == ("Boolean", "true")
    assert got["signaturehtml"] == ("String", html)
    assert got["signaturetext"] == ("String", "Groet")
    assert "timezone" in got


def test_what_was_never_set_is_not_in_the_dictionary(client, asks, owner, town):
    town.mailbox(owner).owa = OwaOptions(auto_add=False)
    got = options(client.ask(asks.options(), owner))
    assert got["autoaddsignature"] == ("Boolean", "false")
    assert not {"signaturehtml", "signaturetext"} & set(got)


def test_whoever_never_opened_outlook_on_the_web_has_no_options(client, asks, owner, town):
    town.mailbox(owner).owa = None
    assert client.ask(asks.options(), owner).codes == ["ErrorItemNotFound"]


@pytest.mark.parametrize(("name", "folder"), [("WorkHours", "calendar"), ("OWA.UserOptions", "inbox")])
def test_other_objects_and_other_folders_have_none_either(client, asks, owner, town, name, folder):
    town.mailbox(owner).owa = OwaOptions(auto_add=True)
    assert client.ask(asks.options(name=name, folder=folder), owner).codes == ["ErrorItemNotFound"]


def test_options_can_be_denied_while_the_rest_is_readable(client, asks, owner, town):
    town.mailbox(owner).owa = OwaOptions(auto_add=True)
    town.mailbox(owner).flaws = frozenset({Flaw.OPTIONS_DENIED})
    assert client.ask(asks.options(), owner).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.get_reply(owner), owner).codes == ["NoError"]


def test_only_the_parts_that_were_asked_for(client, asks, owner, town):
    town.mailbox(owner).owa = OwaOptions(auto_add=True)
    alone = client.ask(asks.options(parts="Id"), owner)
    assert alone.all(".//t:ItemId") and not alone.all(".//t:Dictionary")
    assert not client.ask(asks.options(), owner).all(".//t:ItemId")
    everything = client.ask(asks.options(parts="All"), owner)
    assert everything.all(".//t:ItemId") and everything.all(".//t:Dictionary")


def test_a_success_without_the_dictionary(client, asks, server, owner, town):
    town.mailbox(owner).owa = OwaOptions(auto_add=True)
    server.faults.add(Fault(FaultKind.VALUE_MISSING))
    got = client.ask(asks.options(), owner)
    assert (got.codes, got.all(".//t:Dictionary")) == (["NoError"], [])


def test_the_options_of_somebody_else_need_full_access(client, asks, owner, town):
    mailbox = town.mailbox(owner)
    mailbox.owa = OwaOptions(auto_add=True)
    assert client.ask(asks.options(owner)).codes == ["ErrorAccessDenied"]
    mailbox.full_access = True
    assert client.ask(asks.options(owner)).codes == ["NoError"]
