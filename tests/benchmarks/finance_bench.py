"""Prints what finance waits for on large books: seconds, and the memory that it takes at most.

    python tests/benchmarks/books_year.py sqlite:////tmp/year/ledger.db        # once, some minutes
    python tests/benchmarks/finance_bench.py sqlite:////tmp/year/ledger.db
    python tests/benchmarks/finance_bench.py sqlite:////tmp/year/ledger.db --on postgres --only exports

`--on postgres` copies the books to a server of its own first, with its data in the temporary
folder. Each figure is of a process of its own that does nothing else, so that one's memory is not
another's. Exports are taken at two sizes: of memory that grows with rows the second would show it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(Path(__file__).resolve().parent)]

from books_copy import copy  # noqa: E402  found by the path above
from postgres_server import running_server  # noqa: E402

from flows.reconciling import StatementWish, reconcile  # noqa: E402  found by the path above
from flows.statement_files import take_file  # noqa: E402
from ledger import Books, format_usd  # noqa: E402  found by the path above
from ledger.exports.exporting import ExportWish  # noqa: E402
from ledger.exports.registry import FORMATS  # noqa: E402
from ledger.invoices.theirs import Theirs  # noqa: E402
from ledger.selection import EVERYTHING, Selection, days_of_period  # noqa: E402

SPAWN = multiprocessing.get_context("spawn")

Work = Callable[[Books, Selection], str]
"""Something that finance does, with what it has to say about the result."""


def export(name: str, books: Books, selection: Selection) -> str:
    """Export a selection to a file in the temporary folder."""
    form = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        wish = ExportWish(form, selection, datetime.now(UTC))
        if form.is_text:
            with path.open("w", encoding="utf-8", newline="") as text:
                written = books.export(wish, text).written
        else:
            with path.open("wb") as binary:
                written = books.export(wish, binary).written
        size_mb = path.stat().st_size / 1e6
    return f"{written.rows:,} rows, {format_usd(written.sum_nano)}, {size_mb:,.0f} MB"


def export_csv(books: Books, selection: Selection) -> str:
    """The cost report as CSV."""
    return export("csv", books, selection)


def export_parquet(books: Books, selection: Selection) -> str:
    """The cost report as Parquet."""
    return export("parquet", books, selection)


def export_workbook(books: Books, selection: Selection) -> str:
    """The cost report as a workbook."""
    return export("xlsx", books, selection)


def export_focus(books: Books, selection: Selection) -> str:
    """The FOCUS file of the newest version."""
    return export("focus-1.4", books, selection)


def report(name: str, by: str, books: Books, selection: Selection) -> str:
    """Make a report, without starting the command and without printing it."""
    made = books.report(name, selection, tuple(by.split(",")))
    return f"{len(made.rows):,} rows"


STATEMENT_LINES = 100_000


def reconcile_month(books: Books, selection: Selection) -> str:
    """Write a statement of many lines for a month, and match it; only the second part is timed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statement.csv"
        _write_statement(books, selection, path)
        before_s = time.perf_counter()
        theirs = Theirs()
        file = take_file(path, (), theirs)
        wish = StatementWish("replicate", str(selection.period))
        found = reconcile(books, wish, theirs, sha256=file.sha256, notes=file.notes)
        took_s = time.perf_counter() - before_s
    matching = found.matching
    kinds = ", ".join(f"{one.count:,} {kind}" for kind, one in matching.by_kind.items())
    return f"of that {took_s:.1f} s to read and match {matching.line_count:,} lines: {kinds}"


def _write_statement(books: Books, selection: Selection, path: Path) -> None:
    """Bill what the books have, some of it dearer, some not at all, and fill up with strangers."""
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id,model,completed_at,amount\r\n")
        for number, row in enumerate(books.charges(selection)):
            if row.provider != "replicate" or row.provider_ref is None or number % 5_000 == 2:
                continue
            amount = row.amount_usd + (1 if number % 1_000 == 1 else 0)
            file.write(f"{row.provider_ref},{row.model},{row.at.isoformat()},{amount}\r\n")
            written += 1
        for number in range(written, STATEMENT_LINES):
            file.write(f"stranger{number},,,0.003\r\n")


FIRST_HALF = Selection(days_of_period("2026-01")[0], days_of_period("2026-06")[1])
MONTH = Selection(*days_of_period("2026-11"))

WORKS: Mapping[str, Mapping[str, tuple[Work, tuple[Selection, ...]]]] = {
    "exports": {
        "export csv": (export_csv, (FIRST_HALF, EVERYTHING)),
        "export parquet": (export_parquet, (FIRST_HALF, EVERYTHING)),
    },
    "reports": {
        f"report {name} by {by}": (partial(report, name, by), (MONTH, EVERYTHING))
        for name, by in (
            ("summary", "day"),
            ("summary", "criterion"),
            ("budget", "cost_center"),
            ("variance", "order"),
            ("yield", "campaign"),
            ("yield", "order"),
            ("yield", "day"),
            ("trend", "day,model"),
            ("accruals", "cost_center,order"),
        )
    },
    "reconcile": {"reconcile": (reconcile_month, (MONTH,))},
    "slow exports": {
        "export xlsx": (export_workbook, (MONTH, FIRST_HALF)),
        "export focus-1.4": (export_focus, (MONTH, FIRST_HALF)),
    },
}
"""What is measured, by group and name, and of which selections. Module-level functions only."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one piece of work took in a process of its own."""

    took_s: float
    computed_s: float
    """Seconds of one core; on a machine that does nothing else it is nearly the same."""
    peak_mb: float
    said: str


def measured(work: Work, url: str, selection: Selection) -> Figures:
    """Do it in a process of its own."""
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=_measure, args=(work, url, selection, theirs))
    process.start()
    theirs.close()
    figures: Figures = ours.recv()
    process.join()
    return figures


def _measure(work: Work, url: str, selection: Selection, answer: Connection) -> None:
    with Books.open(url, clock=lambda: datetime.now(UTC)) as books:
        before_s, computed_before_s = time.perf_counter(), time.process_time()
        said = work(books, selection)
        took_s = time.perf_counter() - before_s
        computed_s = time.process_time() - computed_before_s
    # Linux counts in KiB.
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.send(Figures(took_s, computed_s, peak_mb, said))


def main() -> None:
    """Measure everything, or one group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--only", choices=sorted(WORKS))
    wanted = parser.parse_args()
    with at(wanted.url, wanted.on) as url:
        measure(url, wanted.only)


@contextmanager
def at(url: str, kind: str) -> Iterator[str]:
    """Give the books where they are, or a copy on a PostgreSQL server that is gone afterwards."""
    if kind == "sqlite":
        yield url
        return
    with running_server() as server:
        copied = server.fresh_database()
        copy(Path(url.removeprefix("sqlite:///")), copied)
        yield copied


def measure(url: str, only: str | None) -> None:
    """Print a line for each piece of work."""
    for group, works in WORKS.items():
        if only not in {None, group}:
            continue
        for name, (work, selections) in works.items():
            for selection in selections:
                made = measured(work, url, selection)
                print(
                    f"{name}, {selection.in_words}: {made.took_s:.1f} s ({made.computed_s:.1f} s of "
                    f"one core), {made.peak_mb:,.0f} MB at most; {made.said}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
