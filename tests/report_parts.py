"""Books for tests of reports: two months, three orders, every kind of entry, adjustments too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from books_parts import (
    CENT,
    SteppingClock,
    admit,
    an_order,
    built,
    failed,
    inspect,
    jobs_of,
    settle,
    through,
    unknown,
    usd_line,
    verdict,
)
from sqlalchemy import func, insert, select

from ledger import Books, OrderRecord
from ledger.entries import adjustment, write
from ledger.finance_tables import adjustments, quotes, statements
from ledger.schema import entries
from ledger.selection import period_end_us


def fill(books: Books, clock: SteppingClock) -> None:
    """October: mugs and lamps; November: lamps, plates and what the October invoice differed by."""
    mugs = an_order("mugs@a", jobs=4)
    lamps = replace(
        an_order("lamps@a", jobs=6),
        cost_center="cc-4200",
        campaign="lights",
        owner="lights@acme.example",
    )
    plates = replace(
        an_order("plates@a", jobs=3),
        provider="elsewhere",
        model="acme/painter",
        campaign="=cmd|' /C calc'!A0",
    )
    clock.now = datetime(2026, 10, 3, 9, tzinfo=UTC)
    _open(books, mugs)
    through(books, "mugs@a#mug-0000", usd_line("0.030000001"))
    settle(books, failed(admit(books, "mugs@a#mug-0002"), usd_line("0.01")))
    clock.now = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    _open(books, lamps)
    through(books, "lamps@a#mug-0000", usd_line("0.0000056"))
    over_midnight = admit(books, "lamps@a#mug-0001")
    lost = admit(books, "lamps@a#mug-0002")
    settle(books, unknown(lost))
    clock.now = datetime(2026, 11, 1, 0, 0, 1, tzinfo=UTC)
    settle(books, built(over_midnight, usd_line("0.04")))
    inspect(books, "lamps@a#mug-0001", verdict("noise", passed=False))
    settle(books, built(admit(books, "lamps@a#mug-0003", 2 * CENT), usd_line("0.05")))
    with books.transaction() as desk:
        desk.resume_order("lamps@a")
    clock.now = datetime(2026, 11, 7, 8, tzinfo=UTC)
    _open(books, plates)
    through(books, "plates@a#mug-0000", usd_line("0.02"))
    through(books, "plates@a#mug-0001", usd_line("0.02"))
    admit(books, "plates@a#mug-0002")
    _adjust(books, mugs)
    books.seal(max_entries=20)
    clock.now = datetime(2026, 11, 9, 8, tzinfo=UTC)
    admit(books, "lamps@a#mug-0004")


def _open(books: Books, order: OrderRecord) -> None:
    with books.transaction() as desk:
        desk.open_order(order, list(jobs_of(order)))
    with books._writing() as connection:
        connection.execute(
            insert(quotes).values(
                order_id=order.order_id,
                at_us=0,
                expected_nano=7 * CENT,
                first_pass_nano=9 * CENT,
                dearest_nano=20 * CENT,
            )
        )


def _adjust(books: Books, mugs: OrderRecord) -> None:
    """Post October's invoice: a price that was another, a run of nobody's, and money given back."""
    at_us = period_end_us("2026-10")
    decided = ("maria@acme.example", "the invoice of October")
    rows = [
        adjustment(2_000, at_us, "replicate", decided, to=mugs, job_id="mugs@a#mug-0000"),
        adjustment(3 * CENT, at_us, "replicate", decided, of=("acme/unknown", "ref-x")),
        adjustment(-CENT, at_us, "replicate", decided),
    ]
    with books._writing() as connection:
        write(connection, rows)
        connection.execute(
            insert(statements).values(
                provider="replicate",
                period="2026-10",
                number=1,
                sha256="ab" * 32,
                source="file",
                line_count=3,
                total_nano=1,
                posted_at_us=at_us,
                actor=decided[0],
                because=decided[1],
            )
        )
        newest = connection.execute(select(func.max(entries.c.entry_id))).scalar_one()
        connection.execute(
            insert(adjustments),
            [
                {
                    "entry_id": newest - 2 + at,
                    "provider": "replicate",
                    "period": "2026-10",
                    "number": 1,
                    "reason": reason,
                    "theirs_nano": theirs,
                    "ours_nano": 0,
                }
                for at, (reason, theirs) in enumerate(
                    (("price", 2_000), ("only_theirs", 3 * CENT), ("refund", -CENT))
                )
            ],
        )
