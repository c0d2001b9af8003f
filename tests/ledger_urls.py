"""Databases made ready for a process that expects its tables."""

from __future__ import annotations

from datetime import UTC, datetime

from ledger import Books


def migrated(url: str) -> None:
    """Bring a database's tables to this version."""
    Books.open(url, clock=lambda: datetime.now(UTC), migrate=True).close()
