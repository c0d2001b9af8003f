"""The limit above which raising a cap takes two persons: what it is, and what it lets one do."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, text

from ledger.closing_tables import raise_limits
from ledger.closing_views import RaiseLimit
from ledger.instants import from_us, period_of
from ledger.kinds import Scope
from ledger.schema import cap_rules
from ledger.selection import of_period

_LATEST = select(raise_limits).order_by(raise_limits.c.limit_id.desc()).limit(1)
_LAST_RULE = select(func.coalesce(func.max(cap_rules.c.rule_id), 0))
_INSERT = insert(raise_limits)
# Revision 0010 has it in a trigger.
_RAISED_ALONE = text("""
    SELECT COALESCE(SUM(s.cap_nano - s.before_nano), 0) FROM (
        SELECT c.*, LAG(c.rule_id) OVER (ORDER BY c.rule_id) AS before_id,
            COALESCE(LAG(c.cap_nano) OVER (ORDER BY c.rule_id), o.cap_nano) AS before_nano
        FROM cap_rules c LEFT JOIN orders o ON c.scope = 'order' AND o.order_id = c.subject
        WHERE c.scope = :scope AND c.subject = :subject) s
    WHERE s.cap_nano > s.before_nano AND s.at_us >= :since_us AND s.at_us < :until_us
        AND s.rule_id > (SELECT MIN(l.after_rule_id) FROM raise_limits l)
        AND NOT EXISTS (
            SELECT 1 FROM requests r JOIN approvals a ON a.request_id = r.request_id
            WHERE r.kind = 'raise' AND a.answer = 'approved'
                AND r.scope = s.scope AND r.subject = s.subject
                AND r.basis_id = COALESCE(s.before_id, 0)
                AND COALESCE(r.amount_nano, -1) = COALESCE(s.cap_nano, -1))
""")


def in_force(connection: Connection) -> RaiseLimit | None:
    """The limit that was set last; None where none ever was."""
    row = connection.execute(_LATEST).one_or_none()
    if row is None:
        return None
    return RaiseLimit(row.limit_id, row.limit_nano, from_us(row.at_us), row.actor, row.because)


def takes_two(
    connection: Connection,
    now_us: int,
    cap: tuple[Scope, str, int | None],
    before_nano: int | None,
) -> bool:
    """Whether one person may not put a cap in the place of another: None is no cap.

    `cap` is (scope, subject, nano-USD). What one person alone has raised it by in this month of
    UTC counts too, so that nobody passes the limit in small steps.
    """
    limit = in_force(connection)
    if limit is None or limit.limit_nano is None or before_nano is None:
        return False
    scope, subject, cap_nano = cap
    if cap_nano is None:
        return True
    step_nano = cap_nano - before_nano
    return step_nano > 0 and (
        step_nano + raised_alone_nano(connection, now_us, scope, subject) > limit.limit_nano
    )


def raised_alone_nano(connection: Connection, now_us: int, scope: Scope, subject: str) -> int:
    """By how much nobody but one person raised a cap in this month, since there is a limit at all."""
    month = of_period(period_of(now_us))
    named = {"scope": scope.value, "subject": subject}
    asked = named | {"since_us": month.since_us, "until_us": month.until_us}
    return int(connection.execute(_RAISED_ALONE, asked).scalar_one())


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
