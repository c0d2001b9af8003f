"""Parts for tests of statements: charged runs, lines, and one-line ways to match and post."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from books_parts import SteppingClock, admit, an_order, built, plan, settle, unknown, usd_line

from flows.reconciling import Reconciliation, StatementWish, post, reconcile
from ledger import Books
from ledger.invoices.statement import Finding, FindingKind, Posted, StatementLine
from ledger.invoices.theirs import Theirs
from ledger.selection import Selection, of_period

NOVEMBER = "2026-11"
DECEMBER = "2026-12"
OCTOBER = "2026-10"
BY = "maria@acme.example"


def nano(usd: str) -> int:
    """Exact nano-USD."""
    return int(Decimal(usd) * 10**9)


def in_month(clock: SteppingClock, period: str, day: int = 10) -> None:
    """Set the clock to noon of a day."""
    clock.now = datetime.strptime(period, "%Y-%m").replace(day=day, hour=12, tzinfo=UTC)


def open_jobs(books: Books, order_id: str = "mugs@2026", *, jobs: int = 8) -> list[str]:
    """Open an order with room for everything; gives its jobs."""
    return plan(books, an_order(order_id, jobs=jobs, cap="50.00"))


def charged(books: Books, job_id: str, ref: str, usd: str = "0.03") -> str:
    """Charge a job's first attempt; gives its id."""
    attempt_id = admit(books, job_id)
    settle(books, built(attempt_id, usd_line(usd), ref=ref))
    return attempt_id


def lost(books: Books, job_id: str, ref: str | None = None) -> str:
    """Hold for a job's first attempt and lose its answer; gives its id."""
    attempt_id = admit(books, job_id)
    settle(books, unknown(attempt_id, ref))
    return attempt_id


def lines(*told: tuple[str | None, str]) -> list[StatementLine]:
    """Lines of a reference and an amount each."""
    return [
        StatementLine(number, ref, nano(usd), model="black-forest-labs/flux-schnell")
        for number, (ref, usd) in enumerate(told, 1)
    ]


def matched(
    books: Books, told: Iterable[StatementLine], period: str = NOVEMBER, total: str | None = None
) -> Reconciliation:
    """Match lines with the books."""
    theirs = Theirs()
    theirs.add(told)
    total_nano = None if total is None else nano(total)
    return reconcile(books, StatementWish("replicate", period, total_nano=total_nano), theirs)


def posted(
    books: Books,
    told: Iterable[StatementLine],
    period: str = NOVEMBER,
    total: str | None = None,
    because: str = "the invoice came",
) -> Posted:
    """Match lines and post what differs."""
    return post(books, matched(books, told, period, total), by=BY, because=because)


def kinds_of(found: Reconciliation) -> dict[str | None, FindingKind]:
    """What each run was found to be."""
    return {one.provider_ref or one.attempt_id: one.kind for one in found.matching.findings}


def finding(found: Reconciliation, ref: str | None) -> Finding:
    """The one finding of a run."""
    (one,) = [one for one in found.matching.findings if one.provider_ref == ref]
    return one


def books_charged(books: Books, period: str = NOVEMBER, **where: str) -> int:
    """What the summary says was charged in a period, adjustments included."""
    filters = {"provider": "replicate", **where}
    asked = tuple((name, frozenset({value})) for name, value in filters.items())
    return books.totals(of_period(period, asked)).charged_nano


def order_charged(books: Books, order_id: str = "mugs@2026") -> int:
    """What an order cost, in all periods."""
    return books.totals(Selection(where=(("order", frozenset({order_id})),))).charged_nano
