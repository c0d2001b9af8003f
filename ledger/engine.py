"""Connections to the two databases, set up so that a committed hold survives a power cut.

SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE for every write so that two writers queue instead
of failing late. PostgreSQL: READ COMMITTED, which is enough for conditional updates, and never
with asynchronous commit.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from ledger.errors import BooksUnavailable

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another one. SQLite's waiting is not fair: 4 s were seen."""

CONNECT_TIMEOUT_S = 10

_POLL_S = 0.001

READING: dict[str, object] = {"mintage_reading": True}
"""Execution options of a connection that only reads: on SQLite it takes no write lock."""

SNAPSHOT: dict[str, object] = {
    **READING,
    "isolation_level": "REPEATABLE READ",
    "postgresql_readonly": True,
}
"""The same for a PostgreSQL reader whose statements must see one moment; SQLite's do anyway."""

_SECRET_KEYS = frozenset({"password", "sslpassword", "sslkey", "passfile"})


def parse_url(text: str) -> URL:
    """Read a database URL: `sqlite:///path`, or `postgresql://...` for psycopg 3.

    Raises:
        BooksUnavailable: for any other database, without repeating what may hold a password.
    """
    wanted = "use sqlite:///path/to/ledger.db or postgresql://user:password@host/name"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise BooksUnavailable(f"the database URL cannot be read: {wanted}") from None
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise BooksUnavailable(f"the books cannot be kept in {url.drivername}: {wanted}")
    if url.database in {None, "", ":memory:"}:
        raise BooksUnavailable(
            f"the books must outlive this process, not be kept in memory: {wanted}"
        )
    return url.set(drivername="sqlite")


def printable(url: URL) -> str:
    """The URL with its password masked and secrets among its parameters left out."""
    shown = url.difference_update_query(_SECRET_KEYS)
    return shown.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def make_engine(url: URL) -> Engine:
    """An engine for a parsed URL. Creates SQLite's parent folders; connects to nothing yet."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    query: Mapping[str, Any] = url.query
    arguments = {} if "connect_timeout" in query else {"connect_timeout": CONNECT_TIMEOUT_S}
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=arguments,
    )
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _sqlite_engine(url: URL) -> Engine:
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BooksUnavailable(
            f"the folder {folder} for the books cannot be made: {error.strerror}"
        ) from error
    arguments: dict[str, object] = {"isolation_level": None}
    if "timeout" not in url.query:
        arguments["timeout"] = BUSY_TIMEOUT_S
    engine = create_engine(url, hide_parameters=True, connect_args=arguments)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    cursor = connection.cursor()
    try:
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
    finally:
        cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Let readers and the writer go on beside each other; kept in the file from the first time on.

    Of several who make the same new file at once, SQLite turns all but one away here without
    waiting, whatever the timeout says: it could be a deadlock. They begin again, so it is none.
    """
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline_s:
                raise
            time.sleep(_POLL_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("mintage_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _set_up_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401 - as above
    before = connection.autocommit
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{BUSY_TIMEOUT_S}s'")
            # A server that answers before it has written would forget holds in a power cut.
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )
    finally:
        connection.autocommit = before
