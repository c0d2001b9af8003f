"""Migrations make exactly the tables that the code means, and can be undone."""

from __future__ import annotations

import re
import sqlite3
import threading

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from books_parts import (
    SHA256,
    SteppingClock,
    admit,
    an_order,
    built,
    plan,
    run_sql,
    settle,
    sound,
    verdict,
)
from books_parts import inspect as judge
from sqlalchemy import Connection, create_engine, inspect

from ledger import (
    Books,
    BooksBehind,
    BooksNewer,
    Inspection,
    JobState,
    MendKind,
    MendRecord,
)
from ledger.engine import make_engine, parse_url
from ledger.revisions import HEAD, REVISIONS, alembic_config
from ledger.schema import metadata


def test_the_code_knows_every_revision_script() -> None:
    with create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
    found = [script.revision for script in scripts.walk_revisions()][::-1]
    assert tuple(found) == REVISIONS
    assert scripts.get_current_head() == HEAD


def test_migrated_tables_are_those_of_the_metadata(empty_url: str) -> None:
    Books.open(empty_url, clock=SteppingClock(), migrate=True).close()
    engine = make_engine(parse_url(empty_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_migrated_checks_are_those_of_the_metadata(empty_url: str) -> None:
    """Alembic does not compare CHECK constraints, and they are the last defence."""
    Books.open(empty_url, clock=SteppingClock(), migrate=True).close()
    engine = make_engine(parse_url(empty_url))
    with engine.begin() as connection:
        migrated = _checks(connection)
    command_engine = make_engine(parse_url(empty_url))
    with command_engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    with command_engine.begin() as connection:
        metadata.create_all(connection)
        assert _checks(connection) == migrated
    engine.dispose()
    command_engine.dispose()


def _checks(connection: Connection) -> dict[str, dict[str, str]]:
    inspector = inspect(connection)
    return {
        table: {
            str(check["name"]): re.sub(r"\s+", " ", str(check["sqltext"]))
            for check in inspector.get_check_constraints(table)
        }
        for table in metadata.tables
    }


def test_migrations_go_down_and_up_again(empty_url: str) -> None:
    Books.open(empty_url, clock=SteppingClock(), migrate=True).close()
    engine = make_engine(parse_url(empty_url))
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        plan(books, an_order())
        sound(books)


def test_migrating_twice_is_no_work(empty_url: str) -> None:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        assert not books.migrate()
        books.check()


def test_many_may_migrate_at_once(empty_url: str) -> None:
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            Books.open(empty_url, clock=SteppingClock(), migrate=True).close()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Books.open(empty_url, clock=SteppingClock(), migrate=False) as books:
        sound(books)


def test_books_without_tables_are_refused_with_the_command_that_makes_them(
    empty_url: str,
) -> None:
    with pytest.raises(BooksBehind, match=r"no tables yet .* `mintage ledger migrate`"):
        Books.open(empty_url, clock=SteppingClock(), migrate=False)


@pytest.mark.postgres
def test_postgresql_is_not_migrated_by_itself(postgres: object) -> None:
    from postgres_server import PostgresServer

    assert isinstance(postgres, PostgresServer)
    url = postgres.fresh_database()
    with pytest.raises(BooksBehind):
        Books.open(url, clock=SteppingClock())
    postgres.drop_database(url)


def test_books_of_a_newer_mintage_are_refused(empty_url: str) -> None:
    Books.open(empty_url, clock=SteppingClock(), migrate=True).close()
    run_sql(empty_url, ["UPDATE alembic_version SET version_num = '9999'"])
    for migrate in (True, False, None):
        with pytest.raises(BooksNewer, match=r"revision 9999, .* install the newer Mintage"):
            Books.open(empty_url, clock=SteppingClock(), migrate=migrate)


def test_verdicts_from_before_are_known_by_their_bytes_and_stay_as_they_are(empty_url: str) -> None:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        one, two, _ = plan(books, an_order())
        for job_id, sha256 in ((one, "ab" * 32), (two, "cd" * 32)):
            settle(books, built(admit(books, job_id), sha256=sha256))
            judge(books, job_id, verdict(), verdict("format"))
    engine = make_engine(parse_url(empty_url))
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0004")
    engine.dispose()
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        known = books.known_verdicts(["ab" * 32, "cd" * 32])
        assert {sha256: len(found) for sha256, found in known.items()} == {
            "ab" * 32: 2,
            "cd" * 32: 2,
        }
        assert books.verdicts(f"{two}/1") == (verdict(), verdict("format"))
        sound(books)
    with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="append-only"):
        run_sql(empty_url, ["UPDATE verdicts SET sha256 = 'ff'"])


def test_an_output_that_was_mended_is_not_forgotten_by_going_back(empty_url: str) -> None:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        one, *_ = plan(books, an_order())
        settle(books, built(admit(books, one)))
        mend = MendRecord(MendKind.RECROP, "cd" * 32, "image/webp", 9, "borders: it is framed")
        found = (verdict("borders", passed=False),)
        with books.transaction() as desk:
            desk.inspected(
                [Inspection(f"{one}/1", one, found, JobState.BUILT, None, SHA256, mend=mend)]
            )
    engine = make_engine(parse_url(empty_url))
    with (
        pytest.raises(RuntimeError, match="an output that was mended"),
        engine.begin() as connection,
    ):
        command.downgrade(alembic_config(connection), "0004")
    engine.dispose()
