"""The proof of the books: everything that can be derived is derived again from the entries."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select, text

from ledger import entries as entry_form
from ledger import order_identity, sealing_proof
from ledger.caps_proof import CAP_RULES, DAYS, first_wrong_day
from ledger.closing_proof import CLOSING_RULES, ENDED, PERSONS, first_alone, first_too_early
from ledger.fingerprints_proof import FINGERPRINT_RULES
from ledger.instants import period_of
from ledger.invoices.proof import ARITHMETIC, INVOICE_RULES, first_wrong_statement
from ledger.mends_proof import MEND_RULES
from ledger.money import charge_nano, format_usd
from ledger.proof_rules import MONEY_RULES, WORK_RULES, Rule
from ledger.quotes import QUOTE_RULES
from ledger.renditions_proof import ASKED_FOR, RENDITION_RULES, first_unasked
from ledger.reviews_proof import OWNERS, REVIEW_RULES, UNREVIEWED, first_own, first_unreviewed
from ledger.schema import AnyRow, attempts, budgets, entries
from ledger.totals import BILLED
from ledger.views import (
    Proof,
)
from ledger.withdrawals_proof import WITHDRAWN, first_unsound

_PRICES = "every charge is what its price lines come to, in the month that it was booked"

_CHARGES = (
    select(
        entries.c.entry_id,
        entries.c.at_us,
        entries.c.period,
        entries.c.lines_json,
        attempts.c.attempt_id,
        attempts.c.charged_nano,
    )
    .join(attempts, attempts.c.attempt_id == entries.c.attempt_id)
    .where(entries.c.kind.in_(BILLED))
    .order_by(entries.c.entry_id)
    .execution_options(yield_per=1_000)
)


def prove(connection: Connection, now_us: int) -> Proof:
    """Check every rule in turn and stop at the first that does not hold.

    `connection` must see one moment throughout; `now_us` is the time by the books' clock. Work
    under way does not disturb the proof.
    """
    proven: list[str] = []
    problem = None
    for sentence, found in _findings(connection, now_us):
        if found is not None:
            problem = found
            break
        proven.append(sentence)
    sealed = sealing_proof.extent(connection)
    return Proof(
        entries=connection.execute(select(func.count()).select_from(entries)).scalar_one(),
        attempts=connection.execute(select(func.count()).select_from(attempts)).scalar_one(),
        budgets=connection.execute(select(func.count()).select_from(budgets)).scalar_one(),
        problem=problem,
        checks=tuple(proven),
        blocks=sealed.blocks,
        sealed_entries=sealed.entries,
        seal_sha256=sealed.sha256,
    )


def _findings(connection: Connection, now_us: int) -> Iterator[tuple[str, str | None]]:
    for rule in MONEY_RULES:
        yield rule.sentence, _first_break(connection, rule)
    yield _PRICES, _first_wrong_price(connection)
    for rule in CAP_RULES:
        yield rule.sentence, _first_break(connection, rule)
    yield DAYS, first_wrong_day(connection)
    yield order_identity.SENTENCE, order_identity.first_changed(connection)
    for rule in WORK_RULES:
        yield rule.sentence, _first_break(connection, rule)
    for rule in (*QUOTE_RULES, *MEND_RULES, *FINGERPRINT_RULES):
        yield rule.sentence, _first_break(connection, rule)
    for rule in RENDITION_RULES:
        yield rule.sentence, _first_break(connection, rule)
    yield ASKED_FOR, first_unasked(connection)
    yield WITHDRAWN, first_unsound(connection, now_us)
    for rule in REVIEW_RULES:
        yield rule.sentence, _first_break(connection, rule)
    yield OWNERS, first_own(connection)
    yield UNREVIEWED, first_unreviewed(connection)
    for rule in INVOICE_RULES:
        yield rule.sentence, _first_break(connection, rule)
    yield ARITHMETIC, first_wrong_statement(connection)
    for rule in CLOSING_RULES:
        yield rule.sentence, _first_break(connection, rule)
    yield PERSONS, first_alone(connection)
    yield ENDED, first_too_early(connection)
    yield sealing_proof.SENTENCE, sealing_proof.first_broken(connection)


def _first_break(connection: Connection, rule: Rule) -> str | None:
    row = connection.execute(text(f"{rule.broken} LIMIT 1")).first()
    return None if row is None else rule.problem(row)


def _first_wrong_price(connection: Connection) -> str | None:
    """Price every charge again, which SQL cannot do exactly."""
    with connection.execute(_CHARGES) as charges:
        return next((problem for row in charges if (problem := _mispriced(row))), None)


def _mispriced(row: AnyRow) -> str | None:
    priced_nano = charge_nano(entry_form.lines_from_json(row.lines_json))
    if priced_nano != row.charged_nano:
        return (
            f"attempt {row.attempt_id} was charged {format_usd(row.charged_nano)}, but its "
            f"price lines (entry E{row.entry_id}) come to {format_usd(priced_nano)}"
        )
    if row.period != period_of(row.at_us):
        return f"entry E{row.entry_id} is put down to {row.period}, when it was not written"
    return None
