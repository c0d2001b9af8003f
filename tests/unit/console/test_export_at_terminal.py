"""Exports of whoever sits at a terminal: the bar is drawn there, and never in place of the rows."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from threading import Thread

import pytest
from books_parts import SteppingClock
from ledger_urls import lay_blank_books
from report_parts import fill

from console import export_commands
from console.app import run
from console.live_progress import counting
from ledger import Books

WORDS = ["ledger", "export", "--period", "2026-10"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the books of two months."""
    folder = tmp_path_factory.mktemp("finance")
    path = folder / ".mintage/ledger.db"
    lay_blank_books(path)
    clock = SteppingClock()
    with Books.open(f"sqlite:///{path}", clock=clock) as books:
        fill(books, clock)
    return folder


@pytest.fixture(autouse=True)
def _at_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("MINTAGE_DATABASE_URL", raising=False)
    monkeypatch.setattr(export_commands, "PROGRESS_ROWS_MIN", 1)


class Seen:
    """What came to the terminal, whole once nobody writes to it any more."""

    text = ""


@contextmanager
def terminal() -> Iterator[tuple[int, Seen]]:
    """Give a real terminal's handle to write to, and what is seen on it afterwards."""
    here, there = pty.openpty()
    seen = Seen()
    taken = bytearray()

    def take() -> None:
        # Linux ends the reading of a terminal that nobody holds any more with an error.
        try:
            while some := os.read(here, 65_536):
                taken.extend(some)
        except OSError:
            pass

    reader = Thread(target=take)
    reader.start()
    try:
        yield there, seen
    finally:
        os.close(there)
        reader.join()
        os.close(here)
        seen.text = taken.decode()


def test_rows_go_to_a_file_and_the_bar_to_the_terminal(tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    with (
        terminal() as (handle, seen),
        open(handle, "w", encoding="utf-8", closefd=False) as err,
        out.open("w", encoding="utf-8") as rows,
        redirect_stdout(rows),
        redirect_stderr(err),
    ):
        assert run(WORDS) == 0
    lines = out.read_bytes().splitlines()
    assert lines[0].startswith(b"entry_id,")
    assert f"{len(lines) - 1} charges written" in seen.text
    assert f"{len(lines) - 1} of {len(lines) - 1} charges" in seen.text
    assert "entry_id" not in seen.text


def test_rows_go_into_a_pipe_and_the_bar_to_the_terminal() -> None:
    back, into = os.pipe()
    with (
        open(back, "rb") as piped,  # noqa: PTH123  a handle is no path
        terminal() as (handle, seen),
        open(handle, "w", encoding="utf-8", closefd=False) as err,
    ):
        with (
            open(into, "w", encoding="utf-8") as rows,  # noqa: PTH123  as above
            redirect_stdout(rows),
            redirect_stderr(err),
        ):
            assert run([*WORDS, "--format", "focus-1.4"]) == 0
        lines = piped.read().splitlines()
    assert lines[0].startswith(b"BilledCost,") or b",BilledCost," in lines[0]
    assert len(lines) > 1
    assert "BilledCost" not in seen.text


def test_rows_that_go_to_the_terminal_itself_have_no_bar_over_them() -> None:
    with (
        terminal() as (handle, seen),
        open(handle, "w", encoding="utf-8", closefd=False) as screen,
        redirect_stdout(screen),
        redirect_stderr(screen),
    ):
        assert run(WORDS) == 0
    assert "\x1b" not in seen.text
    first, *rest = seen.text.splitlines()
    assert first.startswith("entry_id,")
    assert "charges written" in rest[-1]


def test_counting_a_providers_record_leaves_standard_output_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with (
        terminal() as (handle, _),
        open(handle, "w", encoding="utf-8", closefd=False) as err,
        out.open("w", encoding="utf-8") as rows,
        redirect_stdout(rows),
        redirect_stderr(err),
        counting("replicate", len),
    ):
        sys.stdout.write("said meanwhile\n")
    assert out.read_text() == "said meanwhile\n"
