"""The limit above which raising a cap takes two persons: what it is, and what it lets one do."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from ledger.closing_tables import raise_limits
from ledger.closing_views import RaiseLimit
from ledger.instants import from_us
from ledger.schema import cap_rules

_LATEST = select(raise_limits).order_by(raise_limits.c.limit_id.desc()).limit(1)
_LAST_RULE = select(func.coalesce(func.max(cap_rules.c.rule_id), 0))
_INSERT = insert(raise_limits)


def in_force(connection: Connection) -> RaiseLimit | None:
    """The limit that was set last; None where none ever was."""
    row = connection.execute(_LATEST).one_or_none()
    if row is None:
        return None
    return RaiseLimit(row.limit_id, row.limit_nano, from_us(row.at_us), row.actor, row.because)


def takes_two(connection: Connection, before_nano: int | None, cap_nano: int | None) -> bool:
    """Whether one person may not put a cap in the place of another: None is no cap."""
    limit = in_force(connection)
    if limit is None or limit.limit_nano is None or before_nano is None:
        return False
    return cap_nano is None or cap_nano - before_nano > limit.limit_nano


def loosens(limit: RaiseLimit | None, limit_nano: int | None) -> bool:
    """Whether a limit in the place of another lets one person do more: that takes two as well."""
    if limit is None or limit.limit_nano is None:
        return False
    return limit_nano is None or limit_nano > limit.limit_nano


def write(
    connection: Connection, now_us: int, limit_nano: int | None, decided: tuple[str, str]
) -> None:
    """Put a limit in force for the caps that come after it; the caller has claimed the caps."""
    connection.execute(
        _INSERT,
        {
            "at_us": now_us,
            "limit_nano": limit_nano,
            "after_rule_id": connection.execute(_LAST_RULE).scalar_one(),
            "actor": decided[0],
            "because": decided[1],
        },
    )
