"""Prints what the books can carry, each figure beside a baseline of the same run.

    python tests/benchmarks/books_bench.py holds      # holds a second, three ways
    python tests/benchmarks/books_bench.py plan       # an order of 100,000 jobs into the books
    python tests/benchmarks/books_bench.py large      # status, summary, seal, verify on 1,000,000 entries

Each takes `--on sqlite` (the default) or `--on postgres`, a server of its own with its data in the
temporary folder. The baseline of the holds is the least that any books must do, with the bare
driver: one conditional update of the budget and one insert, committed to disk. `large` makes its
books first (some minutes), or takes those that `books_make.py` made with `--url`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, redirect_stdout
from io import StringIO
from itertools import islice
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import psycopg

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(Path(__file__).resolve().parent)]

from books_make import BatchClock, make  # noqa: E402  found by the path above
from books_parts import CENT, SteppingClock, an_order, jobs_of, plan, request  # noqa: E402
from postgres_server import running_server  # noqa: E402

from console.order_status import one_order, order_lines  # noqa: E402
from ledger import Admit, Books  # noqa: E402

SPAWN = multiprocessing.get_context("spawn")
PROCESSES = 8
BATCH = 64
ONE_BY_ONE = 2_000
IN_BATCHES = 100 * BATCH
EACH_PROCESS = 250
WARM_UP = 16
PLAN_JOBS = 100_000
SUMMARIES = ("order", "model", "provider", "cost_center", "campaign", "period", "day")

BARE_TABLES = (
    "CREATE TABLE bare_budget (id INTEGER PRIMARY KEY, cap BIGINT, held BIGINT)",
    "CREATE TABLE bare_holds (id TEXT PRIMARY KEY, amount BIGINT)",
    "INSERT INTO bare_budget VALUES (1, 1000000000, 0)",
)
BARE_TAKE = "UPDATE bare_budget SET held = held + 1 WHERE id = 1 AND held + 1 <= cap"


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def timed(work: Callable[[], Any]) -> float:
    """Seconds that it takes."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


@contextmanager
def database(kind: str) -> Iterator[str]:
    """An empty database, gone afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/ledger.db"
        return
    with running_server() as server:
        yield server.fresh_database()


def bare_connection(url: str) -> Any:  # noqa: ANN401  one of two drivers' connections
    """A connection of the bare driver, as durable as the books' own."""
    if not url.startswith("sqlite"):
        return psycopg.connect(url, autocommit=True)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


Hold = Callable[[Sequence[str]], None]
"""Holds for a batch of names in one transaction."""

Opened = Callable[[str], AbstractContextManager[Hold]]


@contextmanager
def bare(url: str) -> Iterator[Hold]:
    """The baseline."""
    is_sqlite = url.startswith("sqlite")
    begin, mark = ("BEGIN IMMEDIATE", "?") if is_sqlite else ("BEGIN", "%s")
    insert = f"INSERT INTO bare_holds VALUES ({mark}, 1)"  # noqa: S608  a constant
    with closing(bare_connection(url)) as connection:

        def hold(names: Sequence[str]) -> None:
            connection.execute(begin)
            for name in names:
                connection.execute(BARE_TAKE)
                connection.execute(insert, (name,))
            connection.execute("COMMIT")

        yield hold


@contextmanager
def ours(url: str) -> Iterator[Hold]:
    """The books."""
    with Books.open(url, clock=SteppingClock()) as books:

        def hold(job_ids: Sequence[str]) -> None:
            with books.transaction() as desk:
                decisions = desk.hold([request(job_id, CENT) for job_id in job_ids])
            assert all(isinstance(decision, Admit) for decision in decisions)

        yield hold


def in_turn(opened: Opened, url: str, names: Sequence[str], batch: int) -> float:
    """Seconds for all names, so many in a transaction, after a few to warm up."""
    warm, rest = names[:WARM_UP], names[WARM_UP:]
    with opened(url) as hold:
        hold(warm)
        before = time.perf_counter()
        for start in range(0, len(rest), batch):
            hold(rest[start : start + batch])
        return time.perf_counter() - before


def race(opened: Opened, url: str, names: Sequence[str], barrier: Barrier) -> None:
    """One of several processes: start when all are ready, end when all are done."""
    with opened(url) as hold:
        hold(names[:1])
        barrier.wait()
        for name in names[1:]:
            hold([name])
        barrier.wait()


def from_processes(opened: Opened, url: str, names: Sequence[str]) -> float:
    """Seconds for all names, one at a time from all processes at once."""
    barrier = SPAWN.Barrier(PROCESSES + 1)
    started = [
        SPAWN.Process(target=race, args=(opened, url, names[number::PROCESSES], barrier))
        for number in range(PROCESSES)
    ]
    for process in started:
        process.start()
    barrier.wait()
    took_s = timed(barrier.wait)
    for process in started:
        process.join()
        if process.exitcode:
            raise RuntimeError("a process of the benchmark failed")
    return took_s


def holds(kind: str) -> None:
    """Holds a second on one order's budget, and the bare driver's."""
    with database(kind) as url:
        make_bare_tables(url)
        counts = (WARM_UP + ONE_BY_ONE, WARM_UP + IN_BATCHES, PROCESSES * (1 + EACH_PROCESS))
        with Books.open(url, clock=SteppingClock(), migrate=True) as books:
            job_ids = plan(books, an_order(jobs=sum(counts), cap="1000.00"))
        left = iter(job_ids)
        single, many, raced = (list(islice(left, count)) for count in counts)
        for words, count, run in (
            ("one at a time", ONE_BY_ONE, lambda opened: in_turn(opened, url, single, 1)),
            (
                f"in batches of {BATCH}",
                IN_BATCHES,
                lambda opened: in_turn(opened, url, many, BATCH),
            ),
            (
                f"from {PROCESSES} processes on one budget",
                PROCESSES * EACH_PROCESS,
                lambda opened: from_processes(opened, url, raced),
            ),
        ):
            ours_s, bare_s = run(ours), run(bare)
            say(
                f"{kind}: holds {words}: {count / ours_s:,.0f}/s "
                f"(bare driver {count / bare_s:,.0f}/s)"
            )
        with Books.open(url, clock=SteppingClock()) as books:
            order = books.order("mugs@2026")
            assert order is not None
            assert order.held_nano == len(job_ids) * CENT
            problem = books.verify().problem
            assert problem is None, problem


def make_bare_tables(url: str) -> None:
    """Make what the baseline writes."""
    with closing(bare_connection(url)) as connection:
        for statement in BARE_TABLES:
            connection.execute(statement)


def planning(kind: str) -> None:
    """An order of many jobs into the books, and the bare driver writing as many short rows."""
    order = an_order(jobs=PLAN_JOBS, cap="10000.00")
    with database(kind) as url, Books.open(url, clock=SteppingClock(), migrate=True) as books:

        def open_it() -> None:
            with books.transaction() as desk:
                desk.open_order(order, jobs_of(order))

        ours_s = timed(open_it)
        make_bare_tables(url)
        names = [job.job_id for job in jobs_of(order)]
        bare_s = timed(lambda: bare_rows(url, names))
        say(
            f"{kind}: an order of {PLAN_JOBS:,} jobs planned in {ours_s:.1f} s "
            f"(bare driver, the ids alone: {bare_s:.1f} s)"
        )
        status_s = timed(lambda: quietly(order_lines, books, 20))
        say(f"{kind}: status of it: {1000 * status_s:.0f} ms")


def bare_rows(url: str, names: Sequence[str]) -> None:
    """Insert so many rows in one transaction with the bare driver."""
    rows = [(name,) for name in names]
    with closing(bare_connection(url)) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        mark = "?" if url.startswith("sqlite") else "%s"
        cursor.executemany(f"INSERT INTO bare_holds VALUES ({mark}, 1)", rows)  # noqa: S608  a constant
        cursor.execute("COMMIT")


def quietly(show: Callable[..., int], *arguments: object) -> None:
    """Let a command write its report, as JSON, to nobody."""
    with redirect_stdout(StringIO()):
        show(*arguments, as_json=True)


def large(kind: str, url: str | None, entries: int) -> None:
    """What people ask of large books, and how long the proof takes."""
    if url is not None:
        measure_large(kind, url)
        return
    with database(kind) as made:
        clock = BatchClock()
        with Books.open(made, clock=clock, migrate=True) as books:
            took_s = timed(lambda: make(books, clock, entries))
        say(f"{kind}: made in {took_s:.0f} s")
        measure_large(kind, made)


def measure_large(kind: str, url: str) -> None:
    """Measure on books that are there."""
    with Books.open(url, clock=SteppingClock(), migrate=True) as books:
        newest = books.orders(1)[0]
        say(f"{kind}: {books.totals().entry_count:,} entries")
        say(f"{kind}: totals {1000 * timed(books.totals):.0f} ms")
        for by in SUMMARIES:
            say(f"{kind}: summary by {by} {1000 * timed(lambda by=by: books.summary(by)):.0f} ms")
        say(f"{kind}: status {1000 * timed(lambda: quietly(order_lines, books, 20)):.0f} ms")
        say(
            f"{kind}: status of one order {1000 * timed(lambda: quietly(one_order, books, newest)):.0f} ms"
        )
        with closing(bare_connection(url)) as connection:
            added_up = "SELECT kind, SUM(amount_nano) FROM entries GROUP BY 1"
            bare_s = timed(lambda: connection.execute(added_up).fetchall())
        say(f"{kind}: baseline, the bare driver adding up all entries: {1000 * bare_s:.0f} ms")
        say(f"{kind}: seal {timed(books.seal):.1f} s")
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        before = time.perf_counter()
        proof = books.verify()
        took_s = time.perf_counter() - before
        assert proof.problem is None, proof.problem
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        say(
            f"{kind}: verify on one core: {proof.entries:,} entries, {proof.attempts:,} attempts, "
            f"{proof.blocks:,} seals in {took_s:.1f} s; peak memory {peak_mb:.0f} MB"
        )


def main() -> None:
    """Run one of the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("holds", "plan", "large"))
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--url", help="large: books that books_make.py made")
    parser.add_argument("--entries", type=int, default=1_000_000, help="large: how many to make")
    wanted = parser.parse_args()
    say(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}; {' '.join(sys.argv[1:])}"
    )
    if wanted.what == "holds":
        holds(wanted.on)
    elif wanted.what == "plan":
        planning(wanted.on)
    else:
        large(wanted.on, wanted.url, wanted.entries)


if __name__ == "__main__":
    main()
