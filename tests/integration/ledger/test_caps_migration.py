"""From the first tables to those with caps and back, with books in them."""

from __future__ import annotations

import pytest
from alembic import command
from books_parts import (
    CENT,
    SteppingClock,
    admit,
    an_order,
    built,
    failed,
    plan,
    run_sql,
    settle,
    sound,
    through,
    unknown,
    usd_line,
)
from sqlalchemy import Connection, inspect, text

from ledger import Books, BooksBehind, BrokenPromise, CapTooLow, Scope
from ledger.engine import make_engine, parse_url
from ledger.revisions import alembic_config

JOBS = [f"mugs@2026#mug-000{number}" for number in range(5)]
TABLES = ("orders", "jobs", "attempts", "holds", "budgets", "hold_budgets", "entries", "verdicts")


def fill(books: Books) -> None:
    """Something of every kind: released, voided, overrun, unknown and held."""
    released, voided, over, lost, held = plan(books, an_order(jobs=5))
    through(books, released)
    settle(books, failed(admit(books, voided)))
    settle(books, built(admit(books, over, 2 * CENT), usd_line("0.05")))
    with books.transaction() as desk:
        desk.resume_order("mugs@2026")
    settle(books, unknown(admit(books, lost)))
    admit(books, held)


def to_revision(url: str, revision: str) -> None:
    engine = make_engine(parse_url(url))
    try:
        with engine.begin() as connection:
            command.downgrade(alembic_config(connection), revision)
    finally:
        engine.dispose()


def shape(connection: Connection) -> dict[str, object]:
    """Columns, checks and indexes of the tables that were there before caps."""
    inspector = inspect(connection)
    return {
        table: (
            sorted(
                (one["name"], str(one["type"]), one["nullable"])
                for one in inspector.get_columns(table)
            ),
            sorted((one["name"], one["sqltext"]) for one in inspector.get_check_constraints(table)),
            sorted(str(one["name"]) for one in inspector.get_indexes(table)),
            sorted(str(one["constrained_columns"]) for one in inspector.get_foreign_keys(table)),
        )
        for table in TABLES
    }


def count(connection: Connection) -> dict[str, int]:
    return {
        table: connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()  # noqa: S608 - constants
        for table in TABLES
    }


def look(url: str) -> tuple[dict[str, object], dict[str, int], set[str]]:
    engine = make_engine(parse_url(url))
    with engine.connect() as connection:
        triggers = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if url.startswith("sqlite")
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        found = (
            shape(connection),
            count(connection),
            set(connection.execute(text(triggers)).scalars()),
        )
    engine.dispose()
    return found


def test_books_of_the_first_revision_come_over_whole(empty_url: str) -> None:
    clock = SteppingClock()
    with Books.open(empty_url, clock=clock, migrate=True) as books:
        fill(books)
        before = (
            books.totals(),
            list(books.charges()),
            books.jobs(JOBS),
        )
    at_head = look(empty_url)
    to_revision(empty_url, "0001")
    with pytest.raises(BooksBehind, match="revision 0001"):
        Books.open(empty_url, clock=clock, migrate=False)
    with Books.open(empty_url, clock=clock, migrate=True) as books:
        after = (
            books.totals(),
            list(books.charges()),
            books.jobs(JOBS),
        )
        assert after == before
        assert look(empty_url) == at_head
        sound(books)
        with pytest.raises(CapTooLow, match=r"and \$0\.10 held"), books.transaction() as desk:
            desk.set_cap(Scope.PROVIDER, "replicate", CENT, by="me", because="what was counts")
        with books.transaction() as desk:
            desk.set_cap(Scope.PROVIDER, "replicate", 90 * CENT, by="me", because="what was counts")
        (day,) = [one for one in books.budgets() if one.scope is Scope.PROVIDER]
        assert (day.held_nano, day.spent_nano, day.overrun_nano) == (10 * CENT, 5 * CENT, 3 * CENT)
        settle(books, built("mugs@2026#mug-0003/1"), built("mugs@2026#mug-0004/1"))
        sound(books)


def test_the_way_back_gives_the_first_tables(empty_url: str) -> None:
    engine = make_engine(parse_url(empty_url))
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
    engine.dispose()
    first = look(empty_url)
    Books.open(empty_url, clock=SteppingClock(), migrate=True).close()
    to_revision(empty_url, "0001")
    assert look(empty_url) == first


def test_caps_in_use_are_not_thrown_away_on_the_way_back(empty_url: str) -> None:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        with books.transaction() as desk:
            desk.set_cap(Scope.PROVIDER, "replicate", CENT, by="me", because="a cap")
        with pytest.raises(RuntimeError, match="no place for what is in cap_rules"):
            to_revision(empty_url, "0001")
        assert books.cap_rules()
        sound(books)


def test_a_hold_of_the_first_revision_gets_its_day_in_utc(empty_url: str) -> None:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        one, *_ = plan(books, an_order())
        admit(books, one)
    to_revision(empty_url, "0001")
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        sound(books)
        with pytest.raises(Exception, match="never changed"):
            run_sql(empty_url, ["UPDATE holds SET day = '2026-11-21'"])
        with books._reading() as connection:
            days = connection.execute(text("SELECT day FROM holds")).scalars().all()
    assert days == ["2026-11-20"]


def test_books_in_which_two_attempts_name_one_run_say_which_before_they_are_migrated(
    empty_url: str,
) -> None:
    books = Books.open(empty_url, clock=SteppingClock(), migrate=True)
    one, other = plan(books, an_order(jobs=2))
    settle(books, built(admit(books, one)), built(admit(books, other)))
    books.close()
    to_revision(empty_url, "0003")
    run_sql(empty_url, ["UPDATE attempts SET provider_ref = 'run-1'"])
    with pytest.raises(BrokenPromise, match=rf"{one}/1 and {other}/1 both name .* run run-1"):
        Books.open(empty_url, clock=SteppingClock(), migrate=True)
    run_sql(empty_url, ["UPDATE attempts SET provider_ref = NULL WHERE attempt_id LIKE '%1/1'"])
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as migrated:
        assert len(migrated.jobs([one, other])) == 2
