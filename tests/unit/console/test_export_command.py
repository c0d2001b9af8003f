"""`mintage ledger export` as finance types it: files whole or not at all, and one sentence beside."""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from books_parts import SteppingClock
from charge_files import duckdb_sum, sheet_rows, workbook
from ledger_urls import lay_blank_books
from mint_runs import Desk
from report_parts import fill

from console import export_commands
from ledger import Books
from ledger.exports.exporting import ExportWish
from ledger.exports.registry import FORMATS
from ledger.selection import EVERYTHING

SENTENCE = re.compile(
    r"(\d+) charges? written(?: to (.+))?, \$([\d.]+) in all\. Made of (\d+) entr(?:y|ies), "
    r"E\d+ to E\d+, (?:sealed: [0-9a-f]{64}|not sealed yet|sealed in part: [0-9a-f]{64})\.\n"
)


class Terminal(io.StringIO):
    """A stream that says that somebody looks at it."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A folder with the books of two months."""
    folder = tmp_path_factory.mktemp("finance")
    path = folder / ".mintage/ledger.db"
    lay_blank_books(path)
    clock = SteppingClock()
    with Books.open(f"sqlite:///{path}", clock=clock) as books:
        fill(books, clock)
    return Desk.at(folder)


def test_every_format_of_the_registry_is_on_the_command_line() -> None:
    assert get_args(export_commands.FormatName) == tuple(FORMATS)


@pytest.mark.parametrize("words", [(), ("--period", "2026-10"), ("--where", "order=lamps@a")])
def test_files_and_the_summary_of_the_same_selection_agree(
    desk: Desk, tmp_path: Path, words: tuple[str, ...]
) -> None:
    charged = Decimal(desk.here("ledger", "summary", "--json", *words).json()["charged_usd"])
    for form in ("csv", "parquet", "xlsx"):
        out = tmp_path / "new" / f"charges.{form}"
        done = desk.here("ledger", "export", "--format", form, *words, "--out", str(out))
        assert (done.code, done.out) == (0, ""), done.err
        told = SENTENCE.fullmatch(done.err)
        assert told is not None, done.err
        assert (told[2], Decimal(told[3])) == (str(out), charged)
        if form == "xlsx":
            assert len(sheet_rows(workbook(out)["Charges"])) == int(told[1])
        else:
            assert duckdb_sum(out) == (int(told[1]), charged)


def test_text_goes_to_standard_output_and_the_sentence_beside_it(desk: Desk) -> None:
    done = desk.here("ledger", "export", "--from", "2026-11-01", "--to", "2026-11-07")
    told = SENTENCE.fullmatch(done.err)
    assert told is not None
    assert done.out.count("\r\n") == int(told[1]) + 1 == int(told[4]) + 1
    assert "'=cmd|' /C calc'!A0" in done.out


def test_what_is_no_text_is_not_written_to_a_terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    for form in ("xlsx", "parquet"):
        with pytest.raises(Exception, match=rf"{form} is no text: name a file for it with --out\."):
            export_commands._insist_on_a_place(FORMATS[form], None)
        export_commands._insist_on_a_place(FORMATS[form], desk.folder / "charges")
    export_commands._insist_on_a_place(FORMATS["csv"], None)


class Pipe(io.RawIOBase):
    """Takes bytes, and can neither tell where it is nor go back, as a pipe."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def writable(self) -> bool:
        """Say so."""
        return True

    def write(self, some: Any) -> int:  # noqa: ANN401  a buffer of whatever kind
        """Take some."""
        self.taken += some
        return len(some)


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_every_kind_of_format_can_be_piped(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    pipe = Pipe()
    # A stream that was opened for another encoding must not change what is in a file.
    stream = io.TextIOWrapper(io.BufferedWriter(pipe), encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", stream)
    url = f"sqlite:///{desk.folder}/.mintage/ledger.db"
    with Books.open(url, clock=SteppingClock()) as books:
        wish = ExportWish(FORMATS[form], EVERYTHING, datetime(2026, 12, 3, tzinfo=UTC))
        done = export_commands._to_stdout(books, wish)
    path = tmp_path / f"charges.{form}"
    path.write_bytes(pipe.taken)
    assert done.written.rows == 11
    if form == "xlsx":
        assert len(sheet_rows(workbook(path)["Charges"])) == 11
    else:
        assert duckdb_sum(path)[0] == 11
    assert stream.encoding == ("utf-8" if form == "csv" else "ascii")


def test_a_long_export_shows_how_far_it_is_at_a_terminal_and_only_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export_commands, "PROGRESS_ROWS_MIN", 5)
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with export_commands._progress(to_stdout=False) as show:
        assert show is not None
        show(4, 4)
        assert "charges" not in screen.getvalue()
        show(6, 12)
    assert "6 of 12 charges" in screen.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with export_commands._progress(to_stdout=False) as show:
        assert show is None


def test_a_failed_export_leaves_the_old_file_and_nothing_else(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "november.parquet"
    out.write_text("the old one")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = desk.here("ledger", "export", "--format", "parquet", "--out", str(out))
    assert (done.code, done.out) == (1, "")
    assert "pip install 'mintage[parquet]'" in done.err
    assert done.err.count("\n") == 1
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("november.parquet", "the old one")
    ]


def test_a_selection_of_nothing_is_a_file_that_says_so(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "empty.csv"
    done = desk.here("ledger", "export", "--period", "2025-01", "--out", str(out))
    assert done.err == f"0 charges written to {out}, $0.00 in all. Made of no entries.\n"
    assert out.read_bytes().count(b"\r\n") == 1


@pytest.mark.parametrize(
    ("words", "mark"),
    [
        (("--period", "2026-13"), "2026-11"),
        (("--period", "2026-11", "--from", "2026-11-01"), "either --period or"),
        (("--from", "2026-12-01", "--to", "2026-11-01"), "turn them around"),
        (("--where", "colour=red"), "cost_center"),
        (("--where", "campaign"), "cost_center=cc-4100"),
        (("--out", "."), "is a folder"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_sentence(
    desk: Desk, words: tuple[str, ...], mark: str
) -> None:
    done = desk.here("ledger", "export", *words)
    assert (done.code, done.out) == (2, "")
    assert mark in done.err
    assert done.err.count("\n") == 1
