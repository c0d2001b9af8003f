"""Where the database library's exceptions end: each becomes one sentence of `ledger.errors`.

The library's exception stays as the cause, with its parameters hidden by the engine.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger.errors import BooksBusy, BooksUnavailable, BrokenPromise, LedgerError, PeriodClosed

_BUSY_SQLSTATES = {
    "40001": "another process changed the same rows",
    "40P01": "another process wanted the same rows in another order",
    "55P03": "another process kept the rows locked",
}

_NOT_ALLOWED = "42501"

# How revision 0010's trigger begins to say it, on both databases.
_PERIOD_CLOSED = "this period is closed"

_SQLSTATES = {
    "25006": "is read-only: write to the primary server",
    "28000": "refused the user: check MINTAGE_DATABASE_URL",
    "28P01": "refused the password: check MINTAGE_DATABASE_URL",
    "3D000": "does not exist: create it, or check MINTAGE_DATABASE_URL",
    "42P01": "lacks a table: run `mintage ledger migrate`",
    "53100": "has no disk space left: make room, then resume",
    "53300": "has no connection left: raise max_connections or run fewer workers",
    "57P01": "was shut down: start it again, then resume",
    "57P02": "was shut down at once: start it again, then resume",
    "57P03": "is starting up or shutting down: wait for it, then resume",
}

_SQLITE = {
    "full": "has no disk space left: make room, then resume",
    "readonly": "is read-only: give this user the right to write the file and its folder",
    "unable to open": "cannot be opened: check that the folder exists and is writable",
    "not a database": "is not a database: check MINTAGE_DATABASE_URL",
    "malformed": "is damaged: restore it from a backup",
    "disk i/o": "cannot be read or written: check the disk",
    "no such table": "lacks a table: run `mintage ledger migrate`",
}


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn whatever the database library raises inside into an error of `ledger.errors`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise sentence_of(error, url) from error


def sentence_of(error: SQLAlchemyError, url: str) -> LedgerError:
    """The books' own error for a library's error. `url` must be safe to print."""
    if isinstance(error, PoolTimeout):
        return BooksBusy(f"every connection to the books at {url} is in use: run this again")
    if not isinstance(error, DBAPIError):
        return BrokenPromise(
            f"the books' own code asked {url} for the impossible: {_first_line(str(error))}"
        )
    original = error.orig
    if isinstance(error, IntegrityError):
        if _PERIOD_CLOSED in str(original):
            return PeriodClosed(
                "the month that an entry was to be booked in is closed: it belongs into the next "
                "one that is open; `mintage ledger periods` says who closed it, and `mintage "
                "ledger reopen` asks a second person to open it again"
            )
        return BrokenPromise(
            f"the books at {url} refused what breaks one of their rules: "
            f"{_first_line(str(original))}"
        )
    if isinstance(original, sqlite3.Error):
        return _of_sqlite(original, url)
    return _of_server(error, url)


def _of_sqlite(original: sqlite3.Error, url: str) -> LedgerError:
    said = str(original).lower()
    if "locked" in said or "busy" in said:
        return BooksBusy(
            f"the books at {url} are locked by another process: let it finish, then run this again"
        )
    for mark, sentence in _SQLITE.items():
        if mark in said:
            return BooksUnavailable(f"the database at {url} {sentence}")
    return BooksUnavailable(f"the database at {url} failed: {_first_line(str(original))}")


def _of_server(error: DBAPIError, url: str) -> LedgerError:
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate in _BUSY_SQLSTATES:
        return BooksBusy(
            f"the books at {url} are busy ({_BUSY_SQLSTATES[sqlstate]}): run this again"
        )
    if sqlstate == _NOT_ALLOWED:
        return BooksUnavailable(
            f"the database at {url} does not let this user do that "
            f"({_first_line(str(error.orig))}): use one with the role for it, see "
            "`mintage ledger roles`"
        )
    if sqlstate in _SQLSTATES:
        return BooksUnavailable(f"the database at {url} {_SQLSTATES[sqlstate]}")
    if sqlstate is None or sqlstate.startswith("08") or error.connection_invalidated:
        return BooksUnavailable(
            f"the database at {url} does not answer: start it, or check MINTAGE_DATABASE_URL"
        )
    return BooksUnavailable(
        f"the database at {url} failed ({sqlstate}): {_first_line(str(error.orig))}"
    )


def _first_line(message: str) -> str:
    lines = message.strip().splitlines()
    return lines[0] if lines else "no reason given"
