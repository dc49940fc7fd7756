"""What the access log can prove: no body ever, headings only of what a search by subject found."""

import pytest

SUBJECT = '<t:FieldURI FieldURI="item:Subject"/>'
HEADINGS = ("item:Subject", "message:ToRecipients", "message:BccRecipients", "item:Attachments")


@pytest.fixture
def sender(address):
    return address("plain-over")


@pytest.fixture
def last(client, server, sender):
    """The line of one more request."""

    def ask(body):
        client.ask(body, sender)
        return server.access_log()[-1]

    return ask


def test_a_subject_in_a_search_for_fragments_is_told_from_any_other(last, asks):
    searched = last(asks.find_item("sentitems", properties=SUBJECT, restriction=asks.has("vertrouwelijk")))
    assert (searched.subjects_asked, searched.subject_searched) == (("item:Subject",), True)
    plain = last(asks.find_item("sentitems", properties=SUBJECT))
    assert (plain.subjects_asked, plain.subject_searched) == (("item:Subject",), False)
    assert searched.bodies_asked == plain.bodies_asked == ()
    assert searched.body_asked and searched.content_asked, "the old properties know no exceptions"


@pytest.mark.parametrize(
    ("restriction", "searched"),
    [
        ("{since}", False),
        ("<t:And>{since}{one}</t:And>", True),
        ("<t:Or>{one}{two}</t:Or>", True),
        ("<t:Or>{one}{since}</t:Or>", False),
        ("<t:Not>{one}</t:Not>", False),
        ("<t:And><t:Or>{one}{two}</t:Or><t:Not>{two}</t:Not></t:And>", True),
        ("<t:And>{since}<t:Not>{one}</t:Not></t:And>", False),
        ("{short}", False),
        ("{elsewhere}", False),
    ],
)
def test_only_what_demands_a_fragment_is_a_search(last, asks, restriction, searched):
    """A way around it, such as one letter or "not this word", would let all items through."""
    parts = {
        "since": asks.since("2026-11-01T00:00:00Z"),
        "one": asks.has("vertrouwelijk"),
        "two": asks.has("geheim"),
        "short": asks.has("e "),
        "elsewhere": asks.has("Note", field="item:ItemClass"),
    }
    line = last(asks.find_item("sentitems", restriction=restriction.format(**parts)))
    assert (line.code, line.subject_searched) == ("", searched)


def test_headings_of_what_was_found_and_of_what_was_not(last, asks, sender, put):
    labelled, other = put(sender, subject="Vertrouwelijk"), put(sender, subject="Lunch")
    fields = asks.fields(*HEADINGS)
    last(asks.find_item("sentitems"))
    before = last(asks.get_item(labelled.id, fields))
    last(asks.find_item("sentitems", restriction=asks.has("vertrouwelijk")))
    found, unfound = last(asks.get_item(labelled.id, fields)), last(asks.get_item(other.id, fields))
    assert set(found.headings_asked) == set(HEADINGS)
    assert [line.subject_searched for line in (before, found, unfound)] == [False, True, False]
    one = f'<t:ItemId Id="{labelled.id}"/>'
    both = asks.get_item(labelled.id, fields).replace(one, f'{one}<t:ItemId Id="{other.id}"/>')
    assert not last(both).subject_searched, "one item that was not found is enough"


def test_a_page_that_was_not_given_was_not_found(last, asks, sender, put):
    first, second = (put(sender, subject="Zeer vertrouwelijk") for _ in range(2))
    page = asks.find_item("sentitems", restriction=asks.has("zeer vertrouwelijk"))
    last(page.replace('MaxEntriesReturned="100"', 'MaxEntriesReturned="1"'))
    assert last(asks.get_item(first.id)).subject_searched
    assert not last(asks.get_item(second.id)).subject_searched


@pytest.mark.parametrize(
    ("asked", "bodies"),
    [
        ("item:Body", ("item:Body",)),
        ("item:TextBody", ("item:TextBody",)),
        ("item:UniqueBody", ("item:UniqueBody",)),
        ("item:Preview", ("item:Preview",)),
        ("item:Subject", ()),
        ("item:Attachments", ()),
        ("item:ItemClass", ()),
    ],
)
def test_bodies_are_told_from_headings(last, asks, asked, bodies):
    line = last(asks.find_item("sentitems", properties=asks.fields(asked)))
    assert line.bodies_asked == bodies
    assert not set(line.bodies_asked) & set(line.headings_asked)


@pytest.mark.parametrize(
    ("tag", "kind", "as_property"),
    [
        ("0x1000", "bodies_asked", "item:Body"),
        ("0x1013", "bodies_asked", "item:Body"),
        ("0x0037", "subjects_asked", "item:Subject"),
        ("0x0E1D", "subjects_asked", "item:Subject"),
        ("0x007D", "correspondents_asked", "item:InternetMessageHeaders"),
        ("0x0E04", "correspondents_asked", "item:DisplayTo"),
    ],
)
def test_words_asked_for_by_the_tag_of_their_property_are_seen_as_well(last, asks, tag, kind, as_property):
    disguised = f'<t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="String"/>'
    line = last(asks.find_item("sentitems", properties=disguised))
    assert getattr(line, kind) == (as_property,)
    assert as_property in line.content_asked


def test_wide_shapes_and_mime_texts_are_bodies(last, asks, sender, put):
    item = put(sender)
    assert last(asks.get_item(item.id).replace("IdOnly", "Default")).bodies_asked == ("item:(Default)",)
    assert (
        "item:(AllProperties)" in last(asks.get_item(item.id).replace("IdOnly", "AllProperties")).bodies_asked
    )
    assert last(asks.get_item(item.id, mime=True)).bodies_asked == ("item:MimeContent",)


def test_texts_of_settings_are_no_content_and_stand_apart(last, asks, sender):
    options, reply = last(asks.options()), last(asks.get_reply(sender))
    assert options.texts_asked == ("setting:OWA.UserOptions",)
    assert reply.texts_asked == ("setting:OofSettings",)
    assert options.content_asked == reply.content_asked == ()
    assert last(asks.options(parts="Id")).texts_asked == ()
    assert last(asks.rules(sender)).texts_asked == ()


def test_a_restriction_on_folder_names_asks_for_no_name(last, asks):
    line = last(asks.find_folder(restriction=asks.has("privé", field="folder:DisplayName")))
    assert (line.code, line.content_asked) == ("", ())


def test_a_question_about_delegates_is_about_the_mailbox_that_it_names(client, asks, server, sender):
    client.ask(asks.delegates(sender))
    (line,) = server.access_log()
    assert (line.mailboxes, line.looked_up, line.code) == ((sender,), (), "ErrorAccessDenied")


def test_content_is_bodies_headings_and_details_and_nothing_twice(last, asks, sender):
    every = asks.fields(
        "item:Body", "item:Subject", "message:Sender", "item:Attachments", "calendar:Location"
    )
    lines = [
        last(asks.find_item("sentitems", properties=every)),
        last(asks.find_item("sentitems", properties=every).replace("IdOnly", "AllProperties")),
        last(asks.find_folder(properties=asks.fields("folder:DisplayName"))),
        last(asks.availability(sender, view="DetailedMerged")),
    ]
    for line in lines:
        parts = [*line.bodies_asked, *line.headings_asked, *line.details_asked]
        assert sorted(parts) == sorted(line.content_asked)
        assert parts
    assert [line.details_asked for line in lines[2:]] == [("folder:DisplayName",), ("view:Detailed",)]
