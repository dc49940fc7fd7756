"""Encodings, separators, line ends and quotes: told or found out; with its line when one does not fit."""

import pytest

from tests.unit.directory.hr.feeds import feed, loaded, places, problems, row

ACCENT = row(2, org_naam="Coördinatie", org_code="200")


def accented() -> str:
    return feed(row(1), ACCENT).decode()


class TestEncoding:
    @pytest.mark.parametrize("told", [True, False])
    @pytest.mark.parametrize(
        ("codec", "encoding"),
        [
            ("utf-8", "utf-8"),
            ("utf-8-sig", "utf-8"),
            ("windows-1252", "windows-1252"),
            ("utf-16", "utf-16"),
            ("utf-16-le", "utf-16"),
            ("utf-16-be", "utf-16"),
        ],
    )
    def test_it_is_found_out_and_may_be_told(self, codec: str, encoding: str, told: bool) -> None:
        people = loaded(accented().encode(codec), encoding=encoding if told else "auto")
        assert [person.unit.name for person in people if person.unit] == ["Burgerzaken", "Coördinatie"]

    def test_a_mark_of_the_big_half_is_taken_at_its_word(self) -> None:
        assert len(loaded(b"\xfe\xff" + accented().encode("utf-16-be"), encoding="utf-16")) == 2

    @pytest.mark.parametrize(
        ("codec", "encoding", "line"),
        [
            ("windows-1252", "utf-8", 3),
            ("utf-8", "windows-1252", 3),
            ("utf-16-le", "utf-8", 1),
            ("utf-16-le", "windows-1252", 1),
            ("utf-16", "utf-8", 1),
            ("utf-8-sig", "windows-1252", 1),
            ("utf-8-sig", "utf-16", 1),
            ("utf-32", "auto", 1),
        ],
    )
    def test_one_that_does_not_fit_is_told_by_its_line(self, codec: str, encoding: str, line: int) -> None:
        assert places(accented().encode(codec), encoding=encoding) == [f"line {line}"]

    def test_half_a_sign_at_the_end_of_utf_16_is_an_error(self) -> None:
        assert places(accented().encode("utf-16")[:-1]) == ["line 3"]

    def test_a_marked_file_is_not_taken_for_something_else(self) -> None:
        data = accented().encode("utf-8-sig").replace("ö".encode(), b"\xf6")
        [problem] = problems(data)
        assert (problem.where, problem.expected) == ("line 3", "UTF-8")

    def test_two_encodings_in_one_file_are_told_and_not_read_as_signs(self) -> None:
        """Two exports pasted together: read as Windows-1252 the department would be `CoÃ¶rdinatie`, and slip
        through the list of those that are excluded."""
        data = accented().encode() + feed(row(3, org_naam="Financiën")).split(b"\n", 1)[1].decode().encode(
            "cp1252"
        )
        [problem] = problems(data)
        assert (problem.where, problem.found) == ("line 3", "accents in two encodings")

    def test_bytes_that_windows_1252_does_not_have_are_an_error(self) -> None:
        assert places(feed(row(1), ACCENT).replace("ö".encode(), b"\x81")) == ["line 3"]

    def test_zeros_are_no_text(self) -> None:
        [problem] = problems(feed(row(1), row(2)).replace(b"p2@", b"p\x002@"))
        assert problem.where == "line 3"
        assert "NUL" in problem.found

    @pytest.mark.parametrize(
        "data", [b"PK\x03\x04\x14\x00\x06\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-1.7\n"]
    )
    def test_other_kinds_of_file_are_refused(self, data: bytes) -> None:
        """A workbook or a report that somebody renamed."""
        assert len(places(data + bytes(range(200)))) == 1


class TestSeparator:
    @pytest.mark.parametrize("told", [True, False])
    @pytest.mark.parametrize(("name", "char"), [(";", ";"), (",", ","), ("tab", "\t"), ("|", "|")])
    def test_it_is_found_out_and_may_be_told(self, name: str, char: str, told: bool) -> None:
        data = feed(row(1, werkdagen="ma")).replace(b";", char.encode())
        assert loaded(data, separator=name if told else "auto") == loaded(feed(row(1, werkdagen="ma")))

    def test_one_that_is_not_the_one_told_is_named(self) -> None:
        [problem] = problems(feed(row(1)), separator="tab")
        assert problem.found == "columns separated by ;"

    def test_days_of_the_week_need_quotes_among_commas(self) -> None:
        plain = feed(row(1)).replace(b";", b",")
        [problem] = problems(plain)
        assert (problem.where, problem.found) == ("line 2", "16 cells")
        quoted = feed(row(1, werkdagen='"ma,di,wo,do,vr"')).replace(b";", b",")
        assert loaded(quoted) == loaded(feed(row(1)))


class TestLines:
    def test_blank_lines_and_mixed_line_ends_are_fine(self) -> None:
        data = feed(row(1), row(2), row(3)).replace(b"\n", b"\r\n\r\n", 1).replace(b"p1@", b"p1@", 1)
        first, rest = data.split(b"\r\n\r\n")
        mixed = b"\r\n" + first + b"\r\n\r\n" + rest.replace(b"\n", b"\r", 1)
        assert loaded(mixed) == loaded(feed(row(1), row(2), row(3)))

    def test_the_number_of_a_line_is_that_in_an_editor(self) -> None:
        """Also after blank lines, after lone carriage returns, and after a cell that holds line breaks."""
        broken = feed(row(1, org_naam='"Burger\r\nzaken"'), row(2), row(3, dienst_in="gisteren"))
        blank = broken.replace(b"\n1003", b"\r\r\n1003")
        assert places(broken) == ["line 2, column org_naam", "line 5, column dienst_in"]
        assert places(blank) == ["line 2, column org_naam", "line 6, column dienst_in"]

    def test_a_separator_and_a_quote_stand_in_a_quoted_cell(self) -> None:
        [person] = loaded(feed(row(1, org_naam='"Werk; ""en"" inkomen"')))
        assert person.unit is not None and person.unit.name == 'Werk; "en" inkomen'

    def test_quotes_that_do_not_match_end_the_reading(self) -> None:
        for broken in (b'"Burger" zaken', b'"Burgerzaken'):
            data = feed(row(1), row(2, org_naam="Griffie"), row(3)).replace(b"Griffie", broken)
            assert places(data) == ["line 3"]

    def test_a_line_with_other_cells_is_told(self) -> None:
        assert places(feed(row(1)) + b"1002;b\n") == ["line 3"]

    @pytest.mark.parametrize("data", [b"", b"\n\r\n", b"\xef\xbb\xbf", b"\xff\xfe"])
    def test_a_file_of_nothing_is_a_feed_of_nobody(self, data: bytes) -> None:
        assert loaded(data) == []
