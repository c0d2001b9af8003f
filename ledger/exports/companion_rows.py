"""Reads what goes with the charges of a selection."""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, func, select

from ledger.closing_tables import closings
from ledger.closing_views import ClosingEvent
from ledger.exports.companions import Companions, Correction, MonthCap, PostedInvoice
from ledger.finance_tables import adjustments, statements
from ledger.kinds import AdjustmentReason, EntryKind, Scope
from ledger.reports import conditions
from ledger.schema import cap_rules, entries
from ledger.selection import Selection


def read_companions(connection: Connection, selection: Selection) -> Companions:
    """Read what goes with the charges of a selection."""
    return Companions(
        _invoices(connection),
        _closed(connection),
        _corrections(connection, selection),
        _month_caps(connection),
    )


def _invoices(connection: Connection) -> dict[tuple[str, str], tuple[PostedInvoice, ...]]:
    found: dict[tuple[str, str], tuple[PostedInvoice, ...]] = {}
    for row in connection.execute(
        select(
            statements.c.provider,
            statements.c.period,
            statements.c.number,
            statements.c.invoice_id,
            statements.c.posted_at_us,
        )
        .where(statements.c.invoice_id.is_not(None))
        .order_by(statements.c.number)
    ):
        one = PostedInvoice(row.number, row.invoice_id, row.posted_at_us)
        found[row.provider, row.period] = (*found.get((row.provider, row.period), ()), one)
    return found


def _closed(connection: Connection) -> dict[str, int]:
    newest = select(func.max(closings.c.closing_id)).group_by(closings.c.period)
    return {
        row.period: row.at_us
        for row in connection.execute(
            select(closings.c.period, closings.c.at_us).where(
                closings.c.closing_id.in_(newest),
                closings.c.event == ClosingEvent.CLOSE.value,
            )
        )
    }


def _corrections(connection: Connection, selection: Selection) -> dict[int, Correction]:
    charge = entries.alias("charge")
    # What is taken out of a period because another month's statement has it corrects its own period.
    is_taken_out = and_(
        adjustments.c.reason == AdjustmentReason.OTHER_PERIOD.value, adjustments.c.theirs_nano == 0
    )
    billed = case(
        (is_taken_out, func.coalesce(charge.c.period, entries.c.period)),
        else_=adjustments.c.period,
    )
    statement = (
        select(
            adjustments.c.entry_id,
            adjustments.c.reason,
            billed.label("billed_period"),
            case((is_taken_out, None), else_=adjustments.c.number).label("number"),
            statements.c.posted_at_us,
        )
        .join(entries, entries.c.entry_id == adjustments.c.entry_id)
        .join(
            statements,
            and_(
                statements.c.provider == adjustments.c.provider,
                statements.c.period == adjustments.c.period,
                statements.c.number == adjustments.c.number,
            ),
        )
        .join(
            charge,
            and_(
                charge.c.attempt_id == adjustments.c.attempt_id,
                charge.c.kind == EntryKind.CHARGE.value,
            ),
            isouter=True,
        )
        .where(*conditions.of_entries(selection))
    )
    return {
        row.entry_id: Correction(row.reason, row.billed_period, row.number, row.posted_at_us)
        for row in connection.execute(statement)
    }


def _month_caps(connection: Connection) -> tuple[MonthCap, ...]:
    return tuple(
        MonthCap(row.subject, row.at_us, row.cap_nano)
        for row in connection.execute(
            select(cap_rules.c.subject, cap_rules.c.at_us, cap_rules.c.cap_nano)
            .where(cap_rules.c.scope == Scope.COST_CENTER.value)
            .order_by(cap_rules.c.rule_id)
        )
    )
