"""`mintage ledger export`: the charges of a selection as a file for finance's other programs."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from console.arguments import a_path, open_house
from console.gl_commands import HOW_TO_GET_ONE, Gl, mapping_of
from console.selecting import From, Period, To, Where, read_selection

if TYPE_CHECKING:
    from flows import House
    from ledger import Books
    from ledger.exports.exporting import Exported, ExportWish
    from ledger.exports.gl_mapping import GlMapping
    from ledger.exports.registry import Format

FormatName = Literal[
    "csv",
    "xlsx",
    "parquet",
    "focus-1.2",
    "focus-1.4",
    "journal-netsuite",
    "journal-xero",
    "journal-quickbooks",
    "beancount",
]
"""The names of `ledger.exports.registry.FORMATS`; a test compares them."""

PROGRESS_ROWS_MIN = 20_000
"""Below so many rows an export is over before a bar could be read."""


def register(ledger: App) -> None:
    """Add the command."""
    ledger.command(export)


def export(
    *,
    format: Annotated[  # noqa: A002  the flag's name
        FormatName,
        Parameter(
            name="--format", help="How it is written; xlsx and parquet want --out or a pipe."
        ),
    ] = "csv",
    period: Period = None,
    first: From = None,
    last: To = None,
    where: Where = None,
    gl: Gl = None,
    out: Annotated[
        Path | None,
        a_path(
            "A file, written whole or not at all; one that is there is replaced. Standard output "
            "without it.",
            name="--out",
        ),
    ] = None,
) -> int:
    """Write the charges, overruns and adjustments of a period, for other programs."""
    from flows import utc_now
    from ledger.exports.exporting import ExportWish
    from ledger.exports.registry import FORMATS

    form = FORMATS[format]
    selection = read_selection(period, first, last, where)
    _insist_on_a_place(form, out)
    house = open_house()
    mapping = _mapping(form, house, gl)
    with house.books() as books, _progress(to_stdout=out is None) as progress:
        wish = ExportWish(form, selection, utc_now(), mapping, progress)
        done = _to_stdout(books, wish) if out is None else _to_file(books, wish, out)
    _tell(form, done, out)
    return 0


def _mapping(form: Format, house: House, gl: Path | None) -> GlMapping | None:
    """Read the mapping file for a format that has accounts; a journal cannot do without one."""
    from flows import BadSettings

    if not form.wants_mapping:
        if gl is not None:
            raise BadSettings(f"--gl is for formats that name accounts, and {form.name} does not.")
        return None
    mapping = mapping_of(house.settings, gl)
    if mapping is None and form.needs_mapping:
        raise BadSettings(f"A journal needs to know your accounts: {HOW_TO_GET_ONE}.")
    return mapping


def _insist_on_a_place(form: Format, out: Path | None) -> None:
    from flows import BadSettings

    if out is None and not form.is_text and sys.stdout.isatty():
        raise BadSettings(f"{form.name} is no text: name a file for it with --out.")


def _to_stdout(books: Books, wish: ExportWish) -> Exported:
    stream: IO[Any] = sys.stdout if wish.form.is_text else sys.stdout.buffer
    if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
        # Files are UTF-8 whatever the terminal of whoever starts this is set to.
        stream.reconfigure(encoding="utf-8", errors="strict", newline="")
    done = books.export(wish, stream)
    # A reader who has gone is noticed before anything is told about what they did not read.
    stream.flush()
    return done


def _to_file(books: Books, wish: ExportWish, out: Path) -> Exported:
    from console.report_formats.whole_file import whole_file

    with whole_file(out) as path:
        if wish.form.is_text:
            with path.open("w", encoding="utf-8", newline="") as text:
                return books.export(wish, text)
        with path.open("wb") as binary:
            return books.export(wish, binary)


@contextmanager
def _progress(*, to_stdout: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar on standard error for whoever looks at a terminal, where there is much to do.

    Where the rows themselves go to the terminal they are what is to be seen, and there is no bar.
    """
    if not sys.stderr.isatty() or (to_stdout and sys.stdout.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} charges"),
        BarColumn(bar_width=None),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False, markup=False),
        transient=True,
        # Else rich takes standard output over, and writes what is meant for a file as its own.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    task = bar.add_task("charges", total=None, start=False, visible=False)

    def show(count: int, total: int) -> None:
        if total >= PROGRESS_ROWS_MIN:
            bar.start_task(task)
            bar.update(task, completed=count, total=total, visible=True)

    with bar:
        yield show


def _tell(form: Format, done: Exported, out: Path | None) -> None:
    from console.output import say
    from ledger import format_usd

    count = done.written.rows
    noun = form.row_noun if count == 1 else f"{form.row_noun}s"
    place = "" if out is None else f" to {out}"
    say(
        f"{count:,} {noun} written{place}, {format_usd(done.written.sum_nano)} in all. "
        f"{done.provenance.in_words}"
    )
    for note in done.written.notes:
        say(note)
