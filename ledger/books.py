"""The books: one database, opened once, written through desks and read directly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, tzinfo
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from ledger import revisions, roles, sealing
from ledger.desk import Desk
from ledger.engine import READING, SNAPSHOT, make_engine, parse_url, printable
from ledger.errors import BrokenPromise
from ledger.faults import translated
from ledger.instants import day_in, to_us
from ledger.reader import Reader


class Books(Reader):
    """The record of every order, job, attempt, verdict and nano-dollar.

    Threads may share one. Open it with `Books.open`; every method raises `BooksUnavailable` when
    the database cannot be used.
    """

    def __init__(
        self, engine: Engine, url: str, clock: Callable[[], datetime], zone: tzinfo = UTC
    ) -> None:
        self._engine = engine
        self._url = url
        self._clock = clock
        self._zone = zone
        self._is_sqlite = engine.dialect.name == "sqlite"
        # SQLite lets writers of one process queue fairly here instead of polling for its lock.
        self._turn = threading.Lock() if self._is_sqlite else nullcontext()
        self._writers: set[int] = set()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Callable[[], datetime],
        migrate: bool | None = None,
        zone: tzinfo = UTC,
    ) -> Books:
        """Open the books at `sqlite:///path` or `postgresql://...`.

        SQLite files and their folders are made and migrated by themselves; PostgreSQL is migrated
        only when `migrate` is True. `clock` gives the time with a time zone; `zone` is
        where the months and days of caps begin, and should be the same for everybody who writes.

        Raises:
            BooksUnavailable: no such server, folder, permission, or kind of database.
            BooksBehind: the tables are older than this code and were not to be migrated.
            BooksNewer: the tables are newer than this code.
        """
        parsed = parse_url(url)
        books = cls(make_engine(parsed), printable(parsed), clock, zone)
        try:
            if migrate or (migrate is None and books._is_sqlite):
                books.migrate()
            else:
                books.check()
        except BaseException:
            books.close()
            raise
        return books

    @property
    def url(self) -> str:
        """Where the books are, with every secret masked."""
        return self._url

    def today(self) -> str:
        """Say which day it is in the books' time zone, YYYY-MM-DD."""
        return day_in(self._now_us(), self._zone)

    def _now_us(self) -> int:
        return to_us(self._clock())

    def close(self) -> None:
        """Close every connection. The books can not be lost by not doing so."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def check(self) -> None:
        """Raise `BooksBehind` or `BooksNewer` unless the tables are those that this code needs."""
        with self._reading() as connection:
            revisions.check(connection, self._url)

    def migrate(self) -> bool:
        """Bring the tables up to date, all of it or none; True if there was anything to do.

        Raises:
            BooksNewer: the tables are newer than this code.
        """
        with self._reading() as connection:
            if revisions.found_revision(connection) == revisions.HEAD:
                return False
        with self._writing() as connection:
            return revisions.upgrade(connection, self._url)

    @staticmethod
    def role_script(url: str) -> str:
        """The roles of `ledger.roles` as SQL for whoever owns the tables; connects to nothing.

        Raises:
            BooksUnavailable: SQLite, which has no users, or no database that books are kept in.
        """
        return roles.role_script(url)

    def apply_roles(self) -> None:
        """Make the roles and give them their rights, all or nothing; may be done again.

        Raises:
            BooksUnavailable: SQLite, or this user may not make roles or does not own the tables.
        """
        with self._writing() as connection:
            roles.apply(connection)

    def tables_without_rights(self) -> list[str]:
        """The tables that came after the roles were applied; none where there are no roles."""
        with self._reading() as connection:
            return roles.without_rights(connection)

    @contextmanager
    def transaction(self) -> Iterator[Desk]:
        """One unit of work: committed and on disk when the block ends, undone when it raises.

        A second one in the same thread, before the first has ended, is a broken promise.
        """
        with self._writing() as connection:
            yield Desk(connection, self._clock, self._zone)

    def seal(
        self,
        *,
        max_entries: int = sealing.BLOCK_ENTRIES,
        patience_s: float = sealing.PATIENCE_S,
    ) -> int:
        """Put every settled entry that is not sealed yet under a seal; gives how many they were.

        Entries are sealed in the order of their ids, at most `max_entries` in a block, each block
        in a short transaction of its own: writers are not kept waiting, and several may seal at
        once. Where a writer that is under way outlasts `patience_s`, nothing is sealed now, and
        the next call has it all.

        Raises:
            BrokenPromise: `max_entries` is not positive.
        """
        if max_entries < 1:
            raise BrokenPromise(f"a block holds one entry at least, not {max_entries}")
        with self._reading() as connection:
            newest = sealing.settled_entry_id(connection, patience_s)
        sealed = 0
        while newest is not None:
            with self._snapshot() as connection:
                block = sealing.next_block(connection, newest, max_entries)
            if block is None:
                break
            with self._writing() as connection:
                if sealing.write(connection, block, to_us(self._clock())):
                    sealed += block.entry_count
        return sealed

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        me = threading.get_ident()
        if me in self._writers:
            raise BrokenPromise("a transaction of the books was begun inside another one")
        self._writers.add(me)
        try:
            with translated(self._url), self._turn, self._engine.begin() as connection:
                yield connection
        finally:
            self._writers.discard(me)

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._connected(READING)

    def _snapshot(self) -> AbstractContextManager[Connection]:
        return self._connected(READING if self._is_sqlite else SNAPSHOT)

    @contextmanager
    def _connected(self, options: dict[str, object]) -> Iterator[Connection]:
        with translated(self._url), self._engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection
