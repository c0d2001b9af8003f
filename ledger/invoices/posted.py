"""The statements of a provider that were posted before."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from ledger.finance_tables import statements
from ledger.schema import AnyRow


def posted_periods(connection: Connection, provider: str) -> dict[str, int]:
    """The periods that have a statement of the provider's, and when the newest was posted."""
    found = (
        select(statements.c.period, func.max(statements.c.posted_at_us).label("at_us"))
        .where(statements.c.provider == provider)
        .group_by(statements.c.period)
    )
    return {row.period: row.at_us for row in connection.execute(found)}


def newest_statement(connection: Connection, provider: str, period: str) -> AnyRow | None:
    """The statement that was posted last for a period, or None."""
    return connection.execute(
        select(statements)
        .where(statements.c.provider == provider, statements.c.period == period)
        .order_by(statements.c.number.desc())
        .limit(1)
    ).one_or_none()


def same_statement(
    connection: Connection, provider: str, period: str, sha256: str
) -> AnyRow | None:
    """The newest statement for a period that was posted from the same file or lines, or None."""
    return connection.execute(
        select(statements)
        .where(
            statements.c.provider == provider,
            statements.c.period == period,
            statements.c.sha256 == sha256,
        )
        .order_by(statements.c.number.desc())
        .limit(1)
    ).one_or_none()
