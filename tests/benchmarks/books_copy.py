"""Copies SQLite books into an empty PostgreSQL database, to measure the same books on both.

    python tests/benchmarks/books_copy.py /tmp/year/ledger.db postgresql://...

It is for benchmarks alone: rows go in as they are, past the triggers that books are guarded by.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from ledger import Books  # noqa: E402  found by the path above

ROWS = 5_000


def copy(source: Path, url: str) -> int:
    """Copy every table; gives the number of rows."""
    Books.open(url, clock=lambda: datetime.now(UTC), migrate=True).close()
    address = f"file:{source}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as books, psycopg.connect(url) as server:
        server.execute("SET session_replication_role = replica")
        names = [
            name
            for (name,) in books.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(("sqlite_", "alembic"))
        ]
        count = sum(_copy_table(books, server, name) for name in sorted(names))
    with psycopg.connect(url, autocommit=True) as server:
        server.execute("VACUUM ANALYZE")
    return count


def _copy_table(books: sqlite3.Connection, server: psycopg.Connection, name: str) -> int:
    columns = {
        column: kind.upper()
        for _, column, kind, *_ in books.execute(f'PRAGMA table_info("{name}")')
    }
    booleans = [at for at, kind in enumerate(columns.values()) if kind == "BOOLEAN"]
    table = sql.Identifier(name)
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        table, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    found = books.execute(f'SELECT {", ".join(columns)} FROM "{name}"')  # noqa: S608  names of tables
    with server.cursor() as cursor, cursor.copy(into) as copying:
        while rows := found.fetchmany(ROWS):
            for row in rows:
                values = list(row)
                for at in booleans:
                    values[at] = bool(values[at])
                copying.write_row(values)
            count += len(rows)
    return count


def main() -> None:
    """Copy books."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("url")
    wanted = parser.parse_args()
    before = time.perf_counter()
    count = copy(wanted.source, wanted.url)
    print(f"{count:,} rows copied in {time.perf_counter() - before:.0f} s")


if __name__ == "__main__":
    main()
