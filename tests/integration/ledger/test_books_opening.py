"""Opening books, and what is said when it cannot be done: one sentence, never a password."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from books_parts import SteppingClock, admit, an_order, plan, sound
from postgres_server import PostgresServer
from sqlalchemy import event

from ledger import Books, BooksBusy, BooksUnavailable, BrokenPromise


def opened(url: str, *, migrate: bool | None = None) -> Books:
    return Books.open(url, clock=SteppingClock(), migrate=migrate)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some" / "folder" / "ledger.db"


def test_sqlite_books_make_their_own_folder_and_tables(path: Path) -> None:
    with opened(f"sqlite:///{path}") as books:
        plan(books, an_order())
        assert books.url == f"sqlite:///{path}"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_sqlite_connections_are_durable_and_keep_foreign_keys(path: Path) -> None:
    with opened(f"sqlite:///{path}") as books, books._reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


@pytest.mark.postgres
def test_a_server_that_commits_late_is_told_to_commit_at_once(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    with psycopg.connect(url, autocommit=True) as connection:
        name = url.partition("?")[0].rpartition("/")[2]
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())
    with opened(url, migrate=True) as books, books._writing() as session:
        assert session.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        assert session.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"
    postgres.drop_database(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root:s3cret@localhost/books", "cannot be kept in mysql"),
        ("sqlite://", "not be kept in memory"),
        ("sqlite:///:memory:", "not be kept in memory"),
        ("no url at all s3cret", "cannot be read"),
        ("postgresql://u:s3cret@host:port/books", "cannot be read"),
    ],
)
def test_a_url_that_names_no_books_is_refused(url: str, said: str) -> None:
    with pytest.raises(BooksUnavailable, match=said) as caught:
        opened(url)
    assert "s3cret" not in str(caught.value)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    url = "postgresql://books:s3cret@127.0.0.1:1/books?connect_timeout=2&sslpassword=s3cret"
    with pytest.raises(BooksUnavailable, match=r"127\.0\.0\.1:1/books.* does not answer") as caught:
        opened(url)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "s3cret" not in str(chain)
        chain = chain.__cause__


@pytest.mark.postgres
def test_a_database_that_is_not_there_is_named(postgres: PostgresServer) -> None:
    with pytest.raises(BooksUnavailable, match="nowhere"):
        opened(postgres.url_of("nowhere"))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"dear diary, " * 1_000)
    with pytest.raises(BooksUnavailable, match="is not a database"):
        opened(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BooksUnavailable, match="cannot be made"):
        opened(f"sqlite:///{tmp_path}/file/books/ledger.db")
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(BooksUnavailable, match="cannot be opened"):
        opened(f"sqlite:///{tmp_path}/ledger.db")


def test_books_locked_for_too_long_are_busy_and_nothing_is_half_written(path: Path) -> None:
    with opened(f"sqlite:///{path}?timeout=0.05") as books:
        job_ids = plan(books, an_order())
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(BooksBusy, match="locked by another process"):
                admit(books, job_ids[0])
            # Readers are not kept waiting.
            assert books.totals().entry_count == 1
            other.execute("ROLLBACK")
        admit(books, job_ids[0])
        sound(books)


@pytest.fixture
def full_disk(path: Path) -> Iterator[Books]:
    """Books whose file may not grow: what a full disk looks like to SQLite."""
    with opened(f"sqlite:///{path}") as books:
        plan(books, an_order())

        def limit(connection: sqlite3.Connection, *_: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        books._engine.dispose()
        event.listen(books._engine, "connect", limit)
        yield books


def test_a_full_disk_is_said_and_loses_nothing(full_disk: Books) -> None:
    order = an_order("lamps@1", jobs=2_000)
    with pytest.raises(BooksUnavailable, match="no disk space left"):
        plan(full_disk, order)
    assert full_disk.order("lamps@1") is None
    sound(full_disk)


def test_threads_take_turns(empty_url: str) -> None:
    with opened(empty_url, migrate=True) as books:
        job_ids = plan(books, an_order(jobs=40))
        shares = [job_ids[start::8] for start in range(8)]

        def work(share: list[str]) -> None:
            for job_id in share:
                admit(books, job_id)

        threads = [threading.Thread(target=work, args=(share,)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert books.attempt_count("mugs@2026") == 40
        sound(books)


def test_a_transaction_inside_another_one_is_refused_at_once(empty_url: str) -> None:
    with opened(empty_url, migrate=True) as books:
        with (
            books.transaction(),
            pytest.raises(BrokenPromise, match="inside another"),
            books.transaction(),
        ):
            pass
        with books.transaction() as desk:
            desk.take_lease("mugs@2026", "host:1", 1)


def test_a_clock_without_a_zone_is_refused(path: Path) -> None:
    with Books.open(f"sqlite:///{path}", clock=lambda: datetime(2026, 1, 1)) as books:  # noqa: DTZ001, SIM117 - the point of the test
        with pytest.raises(BrokenPromise, match="time zone"):
            plan(books, an_order())


@pytest.mark.postgres
def test_a_server_that_went_away_is_said_and_found_again(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    with opened(url, migrate=True) as books:
        plan(books, an_order())
        # Every pooled connection dies, as when a server restarts.
        with psycopg.connect(postgres.maintenance_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [url.partition("?")[0].rpartition("/")[2]],
            )
        sound(books)
        postgres.drop_database(url)
        with pytest.raises(BooksUnavailable):
            books.totals()
