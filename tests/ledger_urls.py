"""Databases made ready for a process that expects its tables."""

from __future__ import annotations

import functools
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from ledger import Books


def migrated(url: str) -> None:
    """Bring a database's tables to this version."""
    Books.open(url, clock=lambda: datetime.now(UTC), migrate=True).close()


def lay_blank_books(path: Path) -> None:
    """Put SQLite books with all tables and nothing in them there: quicker than migrating each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_blank_books())


@functools.cache
def _blank_books() -> bytes:
    with tempfile.TemporaryDirectory(prefix="mintage-blank-") as folder:
        path = Path(folder) / "ledger.db"
        migrated(f"sqlite:///{path}")
        return path.read_bytes()
