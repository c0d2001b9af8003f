"""Posts a provider's statement: adjusts the books until they have what the provider bills.

Whoever posts is alone with the money until it is done, reads again what the books have of every
run that differs, and checks the sum at the end: so two who post at once cannot both, and nothing
that was booked meanwhile is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert

from ledger import caps, closing, entries, totals
from ledger.errors import BooksBusy, StatementRefused
from ledger.finance_tables import adjustments, statements
from ledger.instants import period_of
from ledger.invoices import ours as books_side
from ledger.invoices.ours import Key, Standing
from ledger.invoices.posted import newest_statement, posted_periods
from ledger.invoices.statement import (
    REASONS,
    Finding,
    FindingKind,
    Invoice,
    KindSum,
    Matching,
    Posted,
)
from ledger.kinds import AdjustmentReason
from ledger.money import format_usd, plain, usd
from ledger.schema import AnyRow
from ledger.schema import entries as entries_table
from ledger.selection import of_period, period_end_us
from ledger.signatures import signed

WRITTEN_AT_ONCE: Final = 2_000

_INSERT_ENTRIES = insert(entries_table).returning(
    entries_table.c.entry_id, sort_by_parameter_order=True
)


@dataclass(frozen=True, slots=True)
class _Move:
    """One adjustment before it is written."""

    period: str
    """The period that it corrects."""
    reason: AdjustmentReason
    theirs_nano: int
    ours_nano: int
    finding: Finding
    attempt: AnyRow | None
    """The attempt that it is of, where the books know."""
    to: AnyRow | None
    """The same, where it is put down to its job; None: to nobody."""

    @property
    def amount_nano(self) -> int:
        return self.theirs_nano - self.ours_nano


def post(
    connection: Connection,
    now_us: int,
    invoice: Invoice,
    matching: Matching,
    decided: tuple[str, str],
) -> Posted:
    """See `Desk.post_statement`. `decided` is (who, why)."""
    who, why = signed(*decided, "a statement is posted", StatementRefused)
    _check(matching, invoice, why, now_us)
    caps.claim(connection)
    newest = newest_statement(connection, invoice.provider, invoice.period)
    number = 0 if newest is None else newest.number
    if number != matching.last_number:
        raise BooksBusy(
            f"another statement of {invoice.provider} for {invoice.period} was posted meanwhile: "
            "run this again"
        )
    if newest is not None and newest.source == "file" and invoice.source == "live":
        raise StatementRefused(
            f"statement {number} of {invoice.provider} for {invoice.period} was posted from its "
            "invoice, and the provider's own record has no prices to correct that by: post a "
            "corrected invoice from a file"
        )
    moves = list(_moves(connection, invoice, matching))
    if not moves and newest is not None and _is_same(newest, invoice, matching):
        _check_sum(connection, invoice, matching)
        return Posted(number, 0, 0, again=True)
    connection.execute(
        insert(statements),
        {
            "provider": invoice.provider,
            "period": invoice.period,
            "number": number + 1,
            "invoice_id": invoice.invoice_id,
            "sha256": invoice.sha256,
            "source": invoice.source,
            "line_count": matching.line_count,
            "total_nano": matching.theirs_nano,
            "posted_at_us": now_us,
            "actor": who,
            "because": why,
        },
    )
    open_periods = {
        period: closing.first_open(connection, period)
        for period in {invoice.period, *(move.period for move in moves)}
    }
    dates_us = {period: _date_us(now_us, other) for period, other in open_periods.items()}
    _write(connection, (invoice, number + 1), moves, (who, why), dates_us)
    _check_sum(connection, invoice, matching)
    period = open_periods[invoice.period]
    return Posted(
        number=number + 1,
        entry_count=len(moves),
        amount_nano=sum(move.amount_nano for move in moves),
        moved_to=period if moves and period != invoice.period else None,
    )


def _check(matching: Matching, invoice: Invoice, why: str, now_us: int) -> None:
    """Refuse what is hardly the statement that was meant, and a rest that nobody answers for."""
    if invoice.period > period_of(now_us):
        raise StatementRefused(f"{invoice.period} has not begun: nothing of it can be billed yet")
    if matching.agrees:
        return
    bills_nothing = matching.total_is_said and not matching.line_count and not matching.theirs_nano
    if not matching.line_count and matching.ours_nano and not bills_nothing:
        raise StatementRefused(
            "a statement without lines cannot be posted, for the books have charges: if nothing at "
            "all is billed, say --total 0"
        )
    shares = bills_nothing or matching.matched_count or _shares_a_run(matching)
    if matching.ours_nano and not shares:
        raise StatementRefused(
            f"not one of {matching.line_count:,} lines is in the books of {invoice.period}: check "
            "that this is the provider's statement of that month, and whole"
        )
    missing = matching.by_kind.get(FindingKind.ONLY_OURS, KindSum()).count
    shared = matching.matched_count + sum(
        bool(one.line_count and one.ours_nano)
        for one in matching.findings
        if one.kind is not FindingKind.MATCHED
    )
    if not matching.total_is_said and missing > shared:
        raise StatementRefused(
            f"{missing:,} of the {missing + shared:,} runs that the books charged in "
            f"{invoice.period} are in no line of the statement: if it is whole all the same, say the "
            "invoice's total with --total"
        )
    for one in matching.findings:
        if one.kind is not FindingKind.INVOICE_TOTAL:
            continue
        if not _names(why, one.difference_nano) and not (
            one.theirs_nano and _names(why, one.theirs_nano)
        ):
            had = f" ({format_usd(one.ours_nano)} was posted)" if one.ours_nano else ""
            raise StatementRefused(
                f"the invoice's total is {format_usd(one.theirs_nano)} apart from its lines{had}, "
                "which is more than rounding: say what that is in --because, with the amount "
                f"({plain(abs(usd(one.difference_nano)))}) in it"
            )


def _shares_a_run(matching: Matching) -> bool:
    return any(one.line_count and (one.ours_nano or one.attempt_id) for one in matching.findings)


def _names(why: str, amount_nano: int) -> bool:
    """Whether a text has an amount in it, with as many zeros at its end as it likes."""
    amount = plain(abs(usd(amount_nano)))
    zeros = "0*" if "." in amount else r"(?:\.0+)?"
    return re.search(rf"(?<![\d.]){re.escape(amount)}{zeros}(?![\d]|\.\d)", why) is not None


def _is_same(newest: AnyRow, invoice: Invoice, matching: Matching) -> bool:
    return (
        newest.sha256 == invoice.sha256
        and newest.total_nano == matching.theirs_nano
        and invoice.invoice_id in {None, newest.invoice_id}
    )


def _moves(connection: Connection, invoice: Invoice, matching: Matching) -> Iterator[_Move]:
    of_runs: dict[Key, Finding] = {}
    for one in matching.findings:
        if one.kind not in REASONS:
            continue
        if one.provider_ref is not None:
            of_runs[Key(one.provider_ref)] = one
        elif one.attempt_id is not None:
            of_runs[Key(None, one.attempt_id)] = one
    posted = posted_periods(connection, invoice.provider)
    for key, standing in books_side.standings(connection, invoice.provider, of_runs):
        yield from _of_run(invoice.period, of_runs[key], standing, posted)
    yield from _of_no_run(connection, invoice, matching)


def _of_run(
    period: str, finding: Finding, standing: Standing, posted: Mapping[str, int]
) -> Iterator[_Move]:
    """Work out what brings the books to what the provider bills for one run."""
    ours_nano = standing.ours_nano(period)
    step_nano = finding.theirs_nano - ours_nano
    nobodys_nano = standing.unattributed_nano
    attempt, reason = standing.attempt, _reason(finding)
    to = attempt if standing.ended else None
    if to is None:
        nobodys_nano = 0
    if nobodys_nano:
        # Its attempt was not settled when a statement had it: now it can be put down to its job.
        back = AdjustmentReason.PRICE if reason is AdjustmentReason.OTHER_PERIOD else reason
        yield _Move(period, back, 0, nobodys_nano, finding, attempt, None)
    rest_nano = step_nano + nobodys_nano
    if rest_nano:
        theirs_nano = finding.theirs_nano
        if rest_nano < 0 and reason is AdjustmentReason.OTHER_PERIOD:
            # Downwards, that reason says that another period is corrected.
            reason = AdjustmentReason.PRICE
        yield _Move(period, reason, theirs_nano, theirs_nano - rest_nano, finding, attempt, to)
    if finding.theirs_nano <= 0:
        return
    # This statement bills it, so no other month may have it too, unless its own statement says so.
    for other in standing.strays(period, posted):
        had_nano = standing.ours_nano(other)
        yield _Move(other, AdjustmentReason.OTHER_PERIOD, 0, had_nano, finding, attempt, to)


def _reason(finding: Finding) -> AdjustmentReason:
    if finding.kind is FindingKind.OTHER_PERIOD and not finding.line_count:
        return AdjustmentReason.ONLY_OURS
    return REASONS[finding.kind]


def _of_no_run(connection: Connection, invoice: Invoice, matching: Matching) -> Iterator[_Move]:
    lines_nano, total_nano = books_side.without_run(connection, invoice.provider, invoice.period)
    without = [
        one
        for one in matching.findings
        if one.kind in REASONS and one.provider_ref is None and one.attempt_id is None
    ]
    of_total = {FindingKind.ROUNDING, FindingKind.INVOICE_TOTAL}
    had_nano = sum(one.ours_nano for one in without if one.kind not in of_total)
    for one in without:
        is_of_total = one.kind in of_total
        now_nano, then_nano = (total_nano, one.ours_nano) if is_of_total else (lines_nano, had_nano)
        if now_nano != then_nano:
            raise BooksBusy("the books have changed meanwhile: run this again")
        if one.difference_nano:
            yield _Move(
                invoice.period,
                REASONS[one.kind],
                one.theirs_nano,
                one.ours_nano,
                one,
                None,
                None,
            )


def _write(
    connection: Connection,
    statement: tuple[Invoice, int],
    moves: Sequence[_Move],
    decided: tuple[str, str],
    dates_us: Mapping[str, int],
) -> None:
    """Write entries and what they adjust; `dates_us` is when an adjustment of a period counts."""
    invoice, number = statement
    for first in range(0, len(moves), WRITTEN_AT_ONCE):
        page = moves[first : first + WRITTEN_AT_ONCE]
        rows = [_entry(move, dates_us[move.period], invoice, decided) for move in page]
        ids = connection.execute(_INSERT_ENTRIES, rows).scalars().all()
        totals.add(connection, rows)
        connection.execute(
            insert(adjustments),
            [
                _adjustment(entry_id, invoice, number, move)
                for entry_id, move in zip(ids, page, strict=True)
            ],
        )


def _date_us(now_us: int, period: str) -> int:
    """When an adjustment in a period counts: now, or at its last moment where it is over."""
    return max(of_period(period).since_us or 0, min(now_us, period_end_us(period)))


def _entry(move: _Move, at_us: int, invoice: Invoice, decided: tuple[str, str]) -> dict[str, Any]:
    ref = move.finding.provider_ref
    return entries.adjustment(
        move.amount_nano,
        at_us,
        invoice.provider,
        decided,
        to=move.to,
        job_id=None if move.to is None else move.to.job_id,
        of=(None, ref),
    )


def _adjustment(entry_id: int, invoice: Invoice, number: int, move: _Move) -> dict[str, Any]:
    return {
        "entry_id": entry_id,
        "provider": invoice.provider,
        "period": invoice.period,
        "number": number,
        "reason": move.reason.value,
        "attempt_id": None if move.attempt is None else move.attempt.attempt_id,
        "provider_ref": move.finding.provider_ref,
        "theirs_nano": move.theirs_nano,
        "ours_nano": move.ours_nano,
        "line_number": move.finding.line_number,
    }


def _check_sum(connection: Connection, invoice: Invoice, matching: Matching) -> None:
    """Insist that the books have what the provider bills, to the nano-dollar; else undo it all."""
    have_nano = books_side.total_nano(connection, invoice.provider, invoice.period)
    if have_nano != matching.theirs_nano:
        raise BooksBusy(
            f"the books of {invoice.period} have changed while the statement was posted (they would "
            f"have {format_usd(have_nano)}, and {invoice.provider} bills "
            f"{format_usd(matching.theirs_nano)}): run this again"
        )
