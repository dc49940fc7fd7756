"""A simulator that was killed and started again on its journal knows what had happened."""

from mailbot.simulator.journal import Journal


def test_drafts_sent_copies_deliveries_and_replies_survive(
    serve, client_of, asks, address, tmp_path, town, new_town
):
    journal = tmp_path / "journal.jsonl"
    first = serve(journal=journal)
    client = client_of(first)
    someone, away, sender = address("plain-over"), address("already-away-covered"), town.sender
    sent = client.ask(asks.create(away, "x@elders.example", sender=sender, quiet=False))
    client.ask(asks.send(sent.all(".//t:ItemId")[0].get("Id"), sender))
    client.ask(asks.create(someone, sender=sender, key="k-2"))
    client.ask(
        asks.set_reply(someone, "Scheduled", "Weg", "2026-11-24T07:00:00Z", "2026-12-12T07:00:00Z"), someone
    )
    before = first.delivered()
    first.stop()

    second = serve(town=new_town(), journal=journal)
    again = client_of(second)
    assert second.delivered() == before
    assert set(before) == {away, sender, "x@elders.example"}
    for folder, key in (("sentitems", "k-1"), ("drafts", "k-2")):
        got = again.ask(asks.find_item(folder, sender, restriction=asks.with_key(key)))
        assert len(got.all(".//t:ItemId")) == 1
    assert again.ask(asks.get_reply(someone), someone).text_of(".//t:OofState") == "Scheduled"
    draft = again.ask(asks.create(away, sender=sender, key="k-3", quiet=False))
    again.ask(asks.send(draft.all(".//t:ItemId")[0].get("Id"), sender))
    assert len(second.inbox_of(sender)) == 1, "the one automatic reply was given before the restart"


def test_a_deleted_copy_stays_deleted(serve, client_of, asks, address, tmp_path, town, new_town):
    journal = tmp_path / "journal.jsonl"
    first = serve(journal=journal)
    client = client_of(first)
    made = client.ask(asks.create(address("plain-over"), sender=town.sender)).all(".//t:ItemId")[0].get("Id")
    client.ask(asks.delete(made))
    first.stop()
    second = serve(town=new_town(), journal=journal)
    assert client_of(second).ask(asks.get_item(made)).codes == ["ErrorItemNotFound"]


def test_a_line_that_a_kill_cut_off_never_happened(serve, client_of, asks, address, tmp_path, town, new_town):
    journal = tmp_path / "journal.jsonl"
    first = serve(journal=journal)
    client = client_of(first)
    for key in ("k-1", "k-2"):
        client.ask(asks.create(address("plain-over"), sender=town.sender, key=key))
    first.stop()
    journal.write_text(journal.read_text()[:-40])
    second = serve(town=new_town(), journal=journal)
    again = client_of(second)
    counts = [
        len(
            again.ask(asks.find_item("drafts", town.sender, restriction=asks.with_key(key))).all(
                ".//t:ItemId"
            )
        )
        for key in ("k-1", "k-2")
    ]
    assert counts == [1, 0]
    again.ask(asks.create(address("plain-over"), sender=town.sender, key="k-3"))
    assert all(line.startswith("{") and line.endswith("}") for line in journal.read_text().splitlines())


def test_an_item_with_attachments_survives_as_it_was(address, tmp_path, town, new_town, put):
    someone = address("plain-over")
    item = put(someone, attachments=[("bijlage.pdf", "application/pdf")], to=[("a@elders.example", "A")])
    path = tmp_path / "journal.jsonl"
    journal = Journal(town, path)
    journal.create(town.mailbox(someone), item)
    journal.close()
    again = new_town()
    Journal(again, path).close()
    assert again.mailbox(someone).items[item.id] == item
