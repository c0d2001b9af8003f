"""What orders were quoted when they were opened: written with them, and never changed."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select

from ledger.errors import BrokenPromise
from ledger.finance_tables import quotes
from ledger.money import format_usd
from ledger.proof_rules import Rule
from ledger.records import Quoted

_OF_ORDER = select(quotes).where(quotes.c.order_id == bindparam("id"))

QUOTE_RULES = (
    Rule(
        "every quote is from the moment when its order was opened, and within what its jobs may cost",
        """
        SELECT q.order_id, q.dearest_nano, o.job_count, o.per_job_nano FROM quotes q
        LEFT JOIN orders o ON o.order_id = q.order_id
        WHERE o.order_id IS NULL OR q.at_us <> o.created_at_us
            OR q.expected_nano < 0 OR q.expected_nano > q.first_pass_nano
            OR q.first_pass_nano > q.dearest_nano
            OR (q.dearest_nano > 0 AND COALESCE(
                (q.dearest_nano - 1) / NULLIF(o.job_count, 0) >= o.per_job_nano, TRUE))
        ORDER BY q.order_id
        """,
        lambda row: (
            f"order {row.order_id} is said to have been quoted up to "
            f"{format_usd(row.dearest_nano)}, and that is not what it was quoted when it was opened"
        ),
    ),
)
"""What `verify` asks of the table."""


def write(connection: Connection, now_us: int, order_id: str, quoted: Quoted) -> None:
    """Keep what an order was quoted, in the transaction that opens it.

    Raises:
        BrokenPromise: its amounts are below zero, or not in their order.
    """
    if not 0 <= quoted.expected_nano <= quoted.first_pass_nano <= quoted.dearest_nano:
        raise BrokenPromise(
            f"order {order_id} was quoted {quoted.expected_nano} nano-USD as a rule, "
            f"{quoted.first_pass_nano} for first attempts and {quoted.dearest_nano} at most: none "
            "may be less than the one before"
        )
    connection.execute(
        insert(quotes).values(
            order_id=order_id,
            at_us=now_us,
            expected_nano=quoted.expected_nano,
            first_pass_nano=quoted.first_pass_nano,
            dearest_nano=quoted.dearest_nano,
        )
    )


def of_order(connection: Connection, order_id: str) -> Quoted | None:
    """Give what an order was quoted; None for one that is from before quotes were kept."""
    row = connection.execute(_OF_ORDER, {"id": order_id}).first()
    if row is None:
        return None
    return Quoted(row.expected_nano, row.first_pass_nano, row.dearest_nano)
