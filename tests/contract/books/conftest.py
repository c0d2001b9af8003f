"""The books in both databases, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from books_parts import SteppingClock
from ledger_urls import lay_blank_books
from postgres_server import PostgresServer, session_server

from ledger import Books

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> PostgresServer:
    return session_server(request.config)


@pytest.fixture(scope="session")
def migrated_url(postgres: PostgresServer) -> str:
    """A PostgreSQL database with the books' tables, to be copied: quicker than migrating."""
    url = postgres.fresh_database()
    Books.open(url, clock=SteppingClock(), migrate=True).close()
    return url


@pytest.fixture(params=DATABASES)
def books_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        lay_blank_books(tmp_path / "books/ledger.db")
        yield f"sqlite:///{tmp_path}/books/ledger.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.fresh_database(request.getfixturevalue("migrated_url"))
    yield url
    server.drop_database(url)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def books(books_url: str, clock: SteppingClock) -> Iterator[Books]:
    opened = Books.open(books_url, clock=clock)
    yield opened
    opened.close()
