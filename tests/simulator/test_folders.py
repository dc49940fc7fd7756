"""Folder trees: complete, in pages, with the properties that were asked for and no others."""

import pytest

from mailbot.simulator import canaries
from mailbot.simulator.stories import GIB

PARENT = '<t:FieldURI FieldURI="folder:ParentFolderId"/>'
NAME = '<t:FieldURI FieldURI="folder:DisplayName"/>'
CLASS = '<t:FieldURI FieldURI="folder:FolderClass"/>'
KNOWN_AS = '<t:FieldURI FieldURI="folder:DistinguishedFolderId"/>'


def local(element):
    return element.tag.rpartition("}")[2]


def test_only_what_was_asked_for_is_answered(client, asks, address):
    got = client.ask(asks.find_folder(properties=""), address("plain-over"))
    assert {local(child) for folder in got.all(".//t:Folders/*") for child in folder} == {"FolderId"}


def test_names_come_only_when_asked_for(client, asks, address):
    someone = address("plain-over")
    assert canaries.FOLDER not in client.ask(asks.find_folder(), someone).text
    assert canaries.FOLDER in client.ask(asks.find_folder(properties=NAME), someone).text


def test_sizes_come_under_the_shortened_tag_as_text(client, asks, address):
    got = client.ask(asks.find_folder(), address("enormous"))
    tags = {element.get("PropertyTag") for element in got.all(".//t:ExtendedFieldURI")}
    assert tags == {"0xe08"}
    assert max(int(element.text) for element in got.all(".//t:Value")) > 2**32


def test_sizes_asked_as_integer_overflow_as_mapi_does(client, asks, address):
    got = client.ask(asks.find_folder(properties=asks.SIZE.replace("Long", "Integer")), address("enormous"))
    assert min(int(element.text) for element in got.all(".//t:Value")) < 0


def test_pages_follow_each_other_without_gap_or_overlap(client, asks, address):
    someone = address("many-folders-over")
    offset, ids, last, pages = 0, [], "false", 0
    while last == "false":
        got = client.ask(asks.find_folder(offset=offset, limit=100), someone)
        (root,) = got.all(".//m:RootFolder")
        ids += [element.get("Id") for element in got.all(".//t:FolderId")]
        offset, last, pages = (
            int(root.get("IndexedPagingOffset")),
            root.get("IncludesLastItemInRange"),
            pages + 1,
        )
    assert pages == 3
    assert len(ids) == len(set(ids)) == int(root.get("TotalItemsInView"))


def test_a_page_beyond_the_end_is_empty_and_last(client, asks, address):
    got = client.ask(asks.find_folder(offset=500), address("plain-over"))
    assert got.all(".//t:FolderId") == []
    assert got.all(".//m:RootFolder")[0].get("IncludesLastItemInRange") == "true"


def test_recoverable_items_hang_under_the_root_and_are_known_as_such(client, asks, address):
    got = client.ask(asks.find_folder(properties=asks.SIZE + PARENT + KNOWN_AS), address("recoverable-big"))
    by_name = {folder.findtext("{*}DistinguishedFolderId"): folder for folder in got.all(".//t:Folders/*")}
    recoverable = by_name["recoverableitemsroot"].find("{*}FolderId").get("Id")
    purges = by_name["recoverableitemspurges"]
    assert purges.find("{*}ParentFolderId").get("Id") == recoverable
    assert purges.findtext(".//{*}Value") == str(7 * GIB)


def test_nothing_of_recoverable_items_hangs_under_the_visible_top(client, asks, address):
    body = asks.find_folder(properties=KNOWN_AS, below="msgfolderroot")
    assert "recoverable" not in client.ask(body, address("recoverable-big")).text


def test_search_folders_are_elements_of_their_own_kind(client, asks, address):
    got = client.ask(asks.find_folder(), address("searches-big"))
    sizes = [int(value.text) for value in got.all(".//t:SearchFolder//t:Value")]
    assert max(sizes) == 9 * GIB


def test_calendar_contacts_and_tasks_are_elements_of_their_own_kind(client, asks, address):
    got = client.ask(asks.find_folder(properties=CLASS), address("plain-over"))
    kinds = {local(folder): folder.findtext("{*}FolderClass") for folder in got.all(".//t:Folders/*")}
    assert kinds["CalendarFolder"] == "IPF.Appointment"
    assert kinds["ContactsFolder"] == "IPF.Contact"
    assert kinds["TasksFolder"] == "IPF.Task"


def test_a_deep_folder_is_found_deep_and_not_shallow(client, asks, address):
    someone = address("deep-over")
    assert "3000000000" in client.ask(asks.find_folder(), someone).text
    shallow = client.ask(asks.find_folder(traversal="Shallow"), someone)
    assert shallow.codes == ["NoError"]
    assert "3000000000" not in shallow.text


def test_a_folder_without_size_is_answered_without_the_property(client, asks, address):
    got = client.ask(asks.find_folder(), address("size-missing"))
    without = [folder for folder in got.all(".//t:Folders/*") if folder.find("{*}ExtendedProperty") is None]
    assert len(without) == 1


def test_several_folders_are_answered_one_by_one(client, asks, address):
    body = asks.get_folder("inbox", "publicfoldersroot", "calendar", properties=KNOWN_AS)
    got = client.ask(body, address("plain-over"))
    assert got.codes == ["NoError", "ErrorFolderNotFound", "NoError"]
    assert [e.text for e in got.all(".//t:DistinguishedFolderId")] == ["inbox", "calendar"]


@pytest.mark.parametrize(
    ("story", "code"), [("archive-big", "NoError"), ("plain-over", "ErrorFolderNotFound")]
)
def test_the_archive_is_a_tree_of_its_own(client, asks, address, story, code):
    someone = address(story)
    assert client.ask(asks.find_folder(below="archiveroot"), someone).codes == [code]
    assert str(40 * GIB) not in client.ask(asks.find_folder(), someone).text


def test_a_folder_can_be_asked_for_by_its_own_identifier(client, asks, address, town):
    someone = address("plain-over")
    inbox = town.mailbox(someone).folders.by_name["inbox"].id
    body = asks.get_folder("inbox", properties=KNOWN_AS).replace(
        asks.place("inbox"), f'<t:FolderId Id="{inbox}"/>'
    )
    assert client.ask(body, someone).text_of(".//t:DistinguishedFolderId") == "inbox"


@pytest.fixture
def named(client, asks, address, town):
    """Names of the folders that a restriction lets through."""

    def find(restriction):
        someone = address("plain-over")
        got = client.ask(asks.find_folder(properties=NAME, restriction=restriction), someone)
        assert got.codes == ["NoError"]
        return {element.text for element in got.all(".//t:DisplayName")}

    return find


def test_folders_can_be_found_by_their_name_without_asking_for_it(client, asks, address, named):
    private = asks.has("VERTROUWELIJK", field="folder:DisplayName")
    assert named(private) == {"Vertrouwelijk"}
    got = client.ask(asks.find_folder(properties="", restriction=private), address("plain-over"))
    assert len(got.all(".//t:FolderId")) == 1
    assert "Vertrouwelijk" not in got.text


def test_restrictions_on_folders_can_be_combined(asks, named):
    mail = asks.has("IPF.Note", field="folder:FolderClass", mode="FullString", comparison="Exact")
    either = "".join(asks.has(word, field="folder:DisplayName") for word in ("dossier", "agenda"))
    dossier = f"Dossier {canaries.FOLDER}"
    assert named(f"<t:Or>{either}</t:Or>") == {dossier, "Agenda"}
    assert named(f"<t:And>{mail}<t:Or>{either}</t:Or></t:And>") == {dossier}
    not_mail = named(f"<t:Not>{mail}</t:Not>")
    assert {"Agenda", "Taken"} <= not_mail and dossier not in not_mail


def test_folders_can_be_found_by_how_much_is_in_them(asks, named, address, town):
    town.mailbox(address("plain-over")).folders.by_name["drafts"].items = 1_000_000
    many = (
        '<t:IsGreaterThan><t:FieldURI FieldURI="folder:TotalCount"/><t:FieldURIOrConstant>'
        '<t:Constant Value="999999"/></t:FieldURIOrConstant></t:IsGreaterThan>'
    )
    assert named(many) == {"Concepten"}


def test_a_restriction_on_what_no_folder_has_is_refused(client, asks, address):
    restriction = asks.has("x", field="item:Subject")
    got = client.ask(asks.find_folder(restriction=restriction), address("plain-over"))
    assert got.codes == ["ErrorUnsupportedPathForQuery"]
