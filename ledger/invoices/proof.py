"""What `verify` proves about statements that were posted, and about the adjustments to them."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from ledger.finance_tables import adjustments, statements
from ledger.instants import DAY_US
from ledger.invoices import ours
from ledger.money import format_usd
from ledger.proof_rules import Rule

INVOICE_RULES = (
    Rule(
        "every adjustment is of a statement that was posted, by whoever posted it",
        """
        SELECT a.entry_id, a.provider, a.period, a.number FROM adjustments a
        LEFT JOIN statements s ON s.provider = a.provider AND s.period = a.period
            AND s.number = a.number
        LEFT JOIN entries e ON e.entry_id = a.entry_id
        WHERE s.number IS NULL OR (e.entry_id IS NOT NULL
            AND (e.actor <> s.actor OR e.because <> s.because OR e.provider <> s.provider))
        ORDER BY a.entry_id
        """,
        lambda row: (
            f"entry E{row.entry_id} is an adjustment to statement {row.number} of {row.provider} for "
            f"{row.period}, which is not in the books or says otherwise"
        ),
    ),
    Rule(
        "every adjustment moves the books from what they had to what the provider bills",
        """
        SELECT e.entry_id, 0 AS is_whole FROM entries e
        LEFT JOIN adjustments a ON a.entry_id = e.entry_id
        WHERE e.kind IN ('adjust_up', 'adjust_down') AND a.entry_id IS NULL
        UNION ALL
        SELECT a.entry_id, CASE WHEN e.entry_id IS NULL THEN 0 ELSE 1 END FROM adjustments a
        LEFT JOIN entries e ON e.entry_id = a.entry_id
        WHERE e.entry_id IS NULL
            OR CASE e.kind WHEN 'adjust_up' THEN e.amount_nano WHEN 'adjust_down' THEN -e.amount_nano
                ELSE 0 END <> a.theirs_nano - a.ours_nano
            OR COALESCE(e.provider_ref, '') <> COALESCE(a.provider_ref, '')
        ORDER BY 1
        """,
        lambda row: (
            f"entry E{row.entry_id} and the adjustment that it is do not say the same"
            if row.is_whole
            else f"entry E{row.entry_id} is an adjustment of which only half is in the books"
        ),
    ),
    Rule(
        "every adjustment is put down to the job of its attempt, or to nobody",
        """
        SELECT a.entry_id, a.attempt_id FROM adjustments a
        JOIN entries e ON e.entry_id = a.entry_id
        LEFT JOIN attempts t ON t.attempt_id = a.attempt_id
        WHERE (e.job_id IS NOT NULL AND (t.attempt_id IS NULL OR t.job_id <> e.job_id))
            OR (t.provider_ref IS NOT NULL AND a.provider_ref IS NOT NULL
                AND t.provider_ref <> a.provider_ref)
        ORDER BY a.entry_id
        """,
        lambda row: (
            f"entry E{row.entry_id} adjusts another job than that of attempt {row.attempt_id}"
        ),
    ),
    Rule(
        "the statements of a provider for a month are numbered from 1 without a gap",
        """
        SELECT provider, period, COUNT(*) AS found, MAX(number) AS newest FROM statements
        GROUP BY provider, period HAVING COUNT(*) <> MAX(number) ORDER BY provider, period
        """,
        lambda row: (
            f"{row.provider} has {row.found} statements for {row.period}, and the newest is number "
            f"{row.newest}"
        ),
    ),
)

ARITHMETIC = "every statement that was posted left the books with what the provider bills"

_CLOCKS_APART_US = DAY_US
"""By how much the clocks of two who post and charge may differ, at most."""


def first_wrong_statement(connection: Connection) -> str | None:
    """Find a statement after whose last adjustment the books had something else than it says.

    Whoever posts is alone with the money: what was charged before has lower entries, what came
    after has higher ones. A statement that adjusted nothing has no entry, so it is looked for among
    what the books had around the time of its posting.
    """
    spans = (
        select(
            statements.c.provider,
            statements.c.period,
            statements.c.number,
            statements.c.total_nano,
            statements.c.posted_at_us,
            func.min(adjustments.c.entry_id).label("first_id"),
            func.max(adjustments.c.entry_id).label("last_id"),
        )
        .outerjoin(
            adjustments,
            (adjustments.c.provider == statements.c.provider)
            & (adjustments.c.period == statements.c.period)
            & (adjustments.c.number == statements.c.number),
        )
        .group_by(
            statements.c.provider,
            statements.c.period,
            statements.c.number,
            statements.c.total_nano,
            statements.c.posted_at_us,
        )
        .order_by(statements.c.provider, statements.c.period, statements.c.number)
    )
    for row in connection.execute(spans).all():
        if row.first_id is None:
            at_us = row.posted_at_us
            span_us = (at_us - _CLOCKS_APART_US, at_us + _CLOCKS_APART_US)
            if ours.had_once(connection, row.provider, row.period, row.total_nano, span_us):
                continue
            return (
                f"statement {row.number} of {row.provider} for {row.period} bills "
                f"{format_usd(row.total_nano)} and adjusted nothing, but the books did not have that"
            )
        had_nano = ours.total_nano(
            connection, row.provider, row.period, between=(row.first_id, row.last_id)
        )
        if had_nano != row.total_nano:
            return (
                f"statement {row.number} of {row.provider} for {row.period} bills "
                f"{format_usd(row.total_nano)}, but its adjustments left the books with "
                f"{format_usd(had_nano)}"
            )
    return None
