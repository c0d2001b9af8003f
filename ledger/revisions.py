"""Which tables the code needs, which ones a database has, and the way from one to the other.

The everyday check reads one row; Alembic itself is imported only when there is something to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from ledger.errors import BooksBehind, BooksNewer

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS = tuple(f"{number:04}" for number in range(1, 12))
"""Every revision that this code knows, oldest first. A test compares it with the scripts."""

HEAD = REVISIONS[-1]

_FOLDER = Path(__file__).parent / "migrations"

# Any constant number serves, as long as every Mintage uses the same one.
_MIGRATION_LOCK = 7_307_199_401


def found_revision(connection: Connection) -> str | None:
    """The database's revision, None for a database without the books' tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if revision is None else str(revision)


def check(connection: Connection, url: str) -> None:
    """Refuse a database that this code must not touch.

    Raises:
        BooksBehind: its tables are older, or it has none.
        BooksNewer: its revision is unknown here.
    """
    found = found_revision(connection)
    if found == HEAD:
        return
    if found is None or found in REVISIONS:
        raise BooksBehind(url, found, HEAD)
    raise BooksNewer(url, found, HEAD)


def upgrade(connection: Connection, url: str) -> bool:
    """Bring the tables to HEAD inside the caller's transaction; True if there was anything to do.

    Safe to run from many processes at once: PostgreSQL serialises them here, SQLite by the
    caller's BEGIN IMMEDIATE.

    Raises:
        BooksNewer: the database's revision is unknown here.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK}
        )
    found = found_revision(connection)
    if found == HEAD:
        return False
    if found is not None and found not in REVISIONS:
        raise BooksNewer(url, found, HEAD)
    from alembic import command

    command.upgrade(alembic_config(connection), "head")
    return True


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for a connection whose transaction the caller commits."""
    from alembic.config import Config

    config = Config()
    # Alembic reads % as interpolation, and a folder may well have one in its name.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
