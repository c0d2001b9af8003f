"""Reads what goes with the charges of a selection."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ledger.exports.companions import Companions, Correction, MonthCap
from ledger.exports.selected_entries import conditions
from ledger.finance_tables import adjustments, statements
from ledger.kinds import Scope
from ledger.schema import cap_rules, entries
from ledger.selection import Selection


def read_companions(connection: Connection, selection: Selection) -> Companions:
    """Read what goes with the charges of a selection."""
    invoices = {
        (row.provider, row.period): row.invoice_id
        for row in connection.execute(
            select(statements.c.provider, statements.c.period, statements.c.invoice_id)
            .where(statements.c.invoice_id.is_not(None))
            # The newest statement of a period is the one that the books were brought to.
            .order_by(statements.c.number)
        )
    }
    corrections = {
        row.entry_id: Correction(row.reason, row.period)
        for row in connection.execute(
            select(adjustments.c.entry_id, adjustments.c.reason, adjustments.c.period)
            .join(entries, entries.c.entry_id == adjustments.c.entry_id)
            .where(*conditions(selection))
        )
    }
    month_caps = tuple(
        MonthCap(row.subject, row.at_us, row.cap_nano)
        for row in connection.execute(
            select(cap_rules.c.subject, cap_rules.c.at_us, cap_rules.c.cap_nano)
            .where(cap_rules.c.scope == Scope.COST_CENTER.value)
            .order_by(cap_rules.c.rule_id)
        )
    )
    return Companions(invoices, corrections, month_caps)
