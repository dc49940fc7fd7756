"""The export is read as a whole, or every mistake in it is told and nothing of it is used."""

import csv
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.exchange import export_rows
from mailbot.exchange.export_rows import AccessExport, read_export
from mailbot.model.ids import Address
from mailbot.simulator.town import Town

from .conftest import ANNA, BERT, DESK, EXPORTED, HEADER, line

Write = Callable[..., Path]


def whole(file: Path) -> AccessExport:
    export, problems = read_export(file)
    assert export is not None, problems
    return export


def wrong(file: Path) -> list[str]:
    """Where the problems are; nothing is loaded when there is one."""
    export, problems = read_export(file)
    assert export is None
    assert all(problem.file == "access.csv" and problem.expected and problem.mend for problem in problems)
    return [problem.where for problem in problems]


def test_who_has_access_to_what(write: Write) -> None:
    everything = line(
        DESK, full_access="Anna@voorbeeld.example, ?,?", send_as="bert@voorbeeld.example", forwarding="true"
    )
    export = whole(write(line(ANNA), everything))
    desk = export.rows[DESK.guid]
    assert desk.full_access == {ANNA.address}
    assert (desk.nameless, desk.forwards) == (2, True)
    assert export.held == {ANNA.address: {DESK.guid}, BERT.address: {DESK.guid}}
    assert export.rows[ANNA.guid].full_access == frozenset()


def test_its_age_is_that_of_its_oldest_line(write: Write) -> None:
    export = whole(write(line(ANNA), line(BERT, exported_at="2026-11-23T00:30:00Z")))
    assert export.oldest == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    assert export.newest == datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_as_windows_and_others_write_it(file: Path, encoding: str, end: str) -> None:
    quoted = ";".join(f'"{cell}"' for cell in line(ANNA).split(";"))
    file.write_text(end.join([HEADER, quoted, "", line(BERT)]), encoding=encoding, newline="")
    assert set(whole(file).rows) == {ANNA.guid, BERT.guid}


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("object_guid", ""),
        ("object_guid", "00000000-0000-0000-0000-000000000000"),
        ("primary_smtp", "Anna"),
        ("recipient_type", ""),
        ("full_access", "VOORBEELD\\anna"),
        ("full_access", "bert@voorbeeld.example,"),
        ("send_as", "S-1-5-21-1"),
        ("forwarding", "True"),
        ("hold", ""),
        ("quota_bytes", "5 GB"),
        ("quota_bytes", "-1"),
        ("exported_at", ""),
        ("exported_at", "2026-11-23T03:00:00"),
        ("exported_at", "2026-02-30T03:00:00Z"),
        ("exported_at", "23-11-2026 03:00"),
    ],
)
def test_one_cell_that_cannot_be_read_spoils_the_file(write: Write, column: str, text: str) -> None:
    assert wrong(write(line(BERT), line(ANNA, **{column: text}))) == [f"line 3, column {column}"]


def test_every_mistake_is_told_at_once(write: Write) -> None:
    broken = line(ANNA, hold="?", quota_bytes="?")
    assert wrong(write(broken, "a;b", line(BERT, forwarding=""))) == [
        "line 2, column hold",
        "line 2, column quota_bytes",
        "line 3",
        "line 4, column forwarding",
    ]


def test_a_mailbox_stands_in_it_once(write: Write) -> None:
    assert wrong(write(line(ANNA), line(ANNA, primary_smtp="a2@voorbeeld.example"))) == [
        "line 3, column object_guid"
    ]
    assert wrong(write(line(ANNA), line(BERT, primary_smtp="ANNA@voorbeeld.example"))) == [
        "line 3, column primary_smtp"
    ]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "naam;adres",
        HEADER.replace(";", ","),
        HEADER + ";extra",
        HEADER.replace("full_access;send_as", "send_as;full_access"),
    ],
)
def test_another_header_is_another_file(write: Write, header: str) -> None:
    assert wrong(write(line(ANNA), header=header))[0].startswith(("line 1", "line 2"))


def test_a_file_without_mailboxes_is_no_export(write: Write, file: Path) -> None:
    assert wrong(write()) == ["line 2"]
    file.write_bytes(b"")
    assert wrong(file) == ["line 1"]


def test_quotes_that_do_not_match_end_the_reading(write: Write) -> None:
    assert wrong(write(line(ANNA), '"open;' + line(BERT))) == ["line 3"]


def test_a_shared_mailbox_of_the_whole_municipality_fits_in_a_cell(write: Write) -> None:
    """8,000 trustees are more characters than the csv module takes by itself."""
    everybody = [f"medewerker{number:05}@voorbeeld.example" for number in range(8000)]
    before = csv.field_size_limit()
    assert len(",".join(everybody)) > before
    export = whole(write(line(ANNA), line(DESK, full_access=",".join(everybody))))
    assert export.rows[DESK.guid].full_access == {Address(one) for one in everybody}
    assert csv.field_size_limit() == before, "other files are read as strictly as before"


def test_the_limit_of_other_files_comes_back_after_a_broken_export_too(write: Write) -> None:
    before = csv.field_size_limit()
    assert wrong(write('"open;' + line(BERT))) == ["line 2"]
    assert csv.field_size_limit() == before


def test_another_encoding_is_told(file: Path) -> None:
    file.write_bytes(HEADER.encode("utf-16"))
    assert wrong(file) == ["line 1"]


def test_a_file_of_another_size_is_not_even_read(
    write: Write, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(line(ANNA))
    monkeypatch.setattr(export_rows, "LARGEST", file.stat().st_size - 1)
    assert wrong(file) == ["the file"]


def test_no_file_is_another_matter_than_a_broken_one(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_export(file)
    file.mkdir()
    assert wrong(file) == ["line 1"]


def test_problems_and_values_quote_nobody(write: Write) -> None:
    file = write(line(ANNA, full_access="bert@voorbeeld.example"))
    assert "voorbeeld" not in repr(whole(file)) + repr(whole(file).rows[ANNA.guid])
    write(line(ANNA, full_access="Bert de Vries"), line(ANNA))
    assert "Bert" not in repr(read_export(file))


cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "?",
            "true",
            "false",
            "unlimited",
            "5",
            EXPORTED,
            ANNA.guid,
            "anna@voorbeeld.example",
            "a,b,?",
            '"',
        ]
    ),
)


@given(st.one_of(st.binary(max_size=200), st.lists(st.lists(cells, min_size=8, max_size=10), max_size=4)))
def test_whatever_is_in_it_nothing_is_half_loaded(
    tmp_path_factory: pytest.TempPathFactory, body: object
) -> None:
    file = tmp_path_factory.getbasetemp() / f"fuzz-{os.getpid()}.csv"
    rest = (
        body
        if isinstance(body, bytes)
        else "\n".join(";".join(row) for row in body).encode("utf-8", "surrogatepass")  # type: ignore[attr-defined]
    )
    file.write_bytes(HEADER.encode() + b"\n" + line(BERT).encode() + b"\n" + rest)
    export, problems = read_export(file)
    assert (export is None) == bool(problems)


@given(st.integers(0, 200))
def test_a_line_that_was_cut_off_is_never_taken_for_less_access(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """A copy that broke off in the middle of a line: told as broken, or that whole line is there."""
    file = tmp_path_factory.getbasetemp() / f"cut-{os.getpid()}.csv"
    last = line(ANNA, full_access="bert@voorbeeld.example,balie@voorbeeld.example")
    file.write_text(f"{HEADER}\n{line(BERT)}\n{last[:cut]}")
    export, _ = read_export(file)
    if export is not None and ANNA.guid in export.rows:
        assert export.rows[ANNA.guid].full_access == {BERT.address, DESK.address}
    assert export is None or cut in (0, len(last)) or cut >= len(last)


def test_addresses_are_compared_without_case(write: Write) -> None:
    export = whole(write(line(ANNA, send_as="BERT@Voorbeeld.Example")))
    assert export.held[Address("bert@voorbeeld.example")] == {ANNA.guid}


def test_the_export_of_the_simulated_town_is_sound(file: Path) -> None:
    town = Town.build()
    file.write_text(town.access_csv(), encoding="utf-8")
    export = whole(file)
    assert len(export.rows) > 100
    assert {row.guid for row in export.rows.values()} <= {box.guid for box in town.mailboxes.values()}
    assert any(row.nameless for row in export.rows.values()) and any(r.forwards for r in export.rows.values())
