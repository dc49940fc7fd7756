"""Who may open what: impersonation within a scope, full access where it was given, nothing else."""

import pytest

from mailbot.simulator import SimulatorServer


def test_impersonation_opens_the_mailbox(client, asks, address):
    someone = address("plain-over")
    assert client.ask(asks.find_folder(), someone).codes == ["NoError"]


@pytest.mark.parametrize(
    ("story", "code"),
    [
        ("denied", "ErrorImpersonateUserDenied"),
        ("disabled", "ErrorAccountDisabled"),
        ("in-cloud", "ErrorNonExistentMailbox"),
    ],
)
def test_some_mailboxes_cannot_be_impersonated(client, asks, address, story, code):
    got = client.ask(asks.find_folder(), address(story))
    assert (got.status, got.fault) == (500, code)


@pytest.mark.parametrize(
    ("story", "code"),
    [("moving", "ErrorMailboxMoveInProgress"), ("store-down", "ErrorMailboxStoreUnavailable")],
)
def test_some_mailboxes_can_be_impersonated_but_not_opened(client, asks, address, story, code):
    someone = address(story)
    for body in (asks.find_folder(), asks.get_reply(someone), asks.rules(someone)):
        got = client.ask(body, someone)
        assert (got.status, got.codes) == (200, [code])


def test_an_unknown_address_has_no_mailbox(client, asks):
    got = client.ask(asks.find_folder(), "niemand@voorbeeld.example")
    assert (got.status, got.fault) == (500, "ErrorNonExistentMailbox")


def test_whoever_is_impersonated_may_not_open_somebody_elses_mailbox(client, asks, address):
    someone, other = address("plain-over"), address("deep-over")
    assert client.ask(asks.find_folder(other), someone).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.get_reply(other), someone).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.rules(other), someone).codes == ["ErrorAccessDenied"]


def test_the_account_itself_opens_only_what_it_has_full_access_to(client, asks, address, town):
    assert client.ask(asks.find_folder(town.sender)).codes == ["NoError"]
    assert client.ask(asks.find_folder(address("shared-over"))).codes == ["NoError"]
    assert client.ask(asks.find_folder(address("plain-over"))).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.find_folder("niemand@voorbeeld.example")).codes == ["ErrorNonExistentMailbox"]


def test_the_account_itself_has_no_mailbox(client, asks):
    assert client.ask(asks.find_folder()).codes == ["ErrorMissingEmailAddress"]


def test_the_sender_can_be_impersonated_too(client, asks, town):
    assert client.ask(asks.find_folder(), town.sender).codes == ["NoError"]


def test_without_the_right_to_impersonate_nobody_can_be(serve, client_of, asks, address):
    client = client_of(serve(may_impersonate=False))
    got = client.ask(asks.find_folder(), address("plain-over"))
    assert (got.status, got.fault) == (500, "ErrorImpersonateUserDenied")


def test_full_access_everywhere_works_without_impersonation_except_outside_the_scope(
    serve, client_of, asks, address
):
    client = client_of(serve(may_impersonate=False, full_access=True))
    someone = address("plain-over")
    assert client.ask(asks.find_folder(someone)).codes == ["NoError"]
    assert client.ask(asks.get_reply(someone)).codes == ["NoError"]
    assert client.ask(asks.find_folder(address("denied"))).codes == ["ErrorAccessDenied"]


def test_full_access_opens_the_mailbox_of_a_disabled_account_that_nobody_can_impersonate(
    client, asks, address, town
):
    """So can a leaver's mailbox still be read after the account is blocked."""
    leaver = address("disabled")
    mailbox = town.mailbox(leaver)
    assert client.ask(asks.find_folder(leaver)).codes == ["ErrorAccountDisabled"]
    mailbox.full_access = True
    for body in (asks.find_folder(leaver), asks.get_reply(leaver), asks.rules(leaver)):
        assert client.ask(body).codes == ["NoError"]
    assert client.ask(asks.find_folder(), leaver).fault == "ErrorAccountDisabled"
    assert client.ask(asks.find_folder(leaver), address("plain-over")).codes == ["ErrorAccountDisabled"]


def test_full_access_opens_nothing_that_lies_elsewhere(serve, client_of, asks, address):
    client = client_of(serve(full_access=True))
    assert client.ask(asks.find_folder(address("disabled"))).codes == ["NoError"]
    assert client.ask(asks.find_folder(address("in-cloud"))).codes == ["ErrorNonExistentMailbox"]


def test_an_identifier_opens_nothing_that_an_address_would_not(client, asks, address, town):
    someone, other = address("plain-over"), address("deep-over")
    other_inbox = town.mailbox(other).folders.by_name["inbox"].id
    item = next(iter(town.mailbox(other).items))
    body = asks.find_folder().replace(asks.place("root"), f'<t:FolderId Id="{other_inbox}"/>')
    assert client.ask(body, someone).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.get_item(item), someone).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.get_item("bm9uc2Vuc2U="), someone).codes == ["ErrorInvalidIdMalformed"]


def test_the_log_tells_who_asked_what_about_whom(client, asks, address, server: SimulatorServer):
    someone, other = address("plain-over"), address("deep-over")
    client.ask(asks.find_folder(properties='<t:FieldURI FieldURI="folder:FolderClass"/>'), someone)
    client.ask(asks.find_folder(other), someone)
    client.ask(asks.availability(someone, other))
    first, second, third = server.access_log()
    assert (first.operation, first.account) == ("FindFolder", "VOORBEELD\\svc-mailbot")
    assert (first.impersonated, first.mailboxes) == (someone, (someone,))
    assert first.properties == ("folder:FolderClass",)
    assert (first.status, first.code, first.content_asked) == (200, "", ())
    assert set(second.mailboxes) == {someone, other}
    assert second.code == "ErrorAccessDenied"
    assert (third.impersonated, set(third.mailboxes)) == (None, {someone, other})


@pytest.mark.parametrize(
    "properties",
    ["item:Subject", "item:Body", "item:MimeContent", "item:TextBody", "item:Attachments", "message:Sender"],
)
def test_asking_for_words_or_correspondents_is_flagged(client, asks, server, town, properties):
    client.ask(asks.find_item("inbox", town.sender, properties=f'<t:FieldURI FieldURI="{properties}"/>'))
    (line,) = server.access_log()
    assert line.content_asked == (properties,)
    assert line.body_asked is properties.startswith("item:")


def test_a_wide_shape_mime_or_a_detailed_view_is_flagged_as_well(client, asks, server, town):
    sender = town.sender
    item = next(iter(town.mailbox(sender).items))
    client.ask(asks.get_item(item).replace("IdOnly", "Default"))
    client.ask(asks.get_item(item, mime=True))
    client.ask(asks.availability(sender, view="Detailed"))
    client.ask(asks.find_folder(sender, properties="", base="Default"))
    shape, mime, view, folder_names = server.access_log()
    assert shape.body_asked and mime.body_asked and view.body_asked
    assert folder_names.content_asked == ("folder:DisplayName",)
    assert not folder_names.body_asked


def test_the_log_finds_the_owner_of_an_item_without_an_address_in_the_request(client, asks, server, town):
    client.ask(asks.get_item(next(iter(town.mailbox(town.sender).items))))
    assert server.access_log()[0].mailboxes == (town.sender,)
