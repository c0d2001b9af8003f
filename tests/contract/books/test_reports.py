"""What finance reads adds up: to the entries, to each other, and to the bill."""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from books_parts import (
    CENT,
    SHA256,
    SteppingClock,
    admit,
    an_order,
    built,
    failed,
    inspect,
    plan,
    settle,
    sound,
    through,
    unknown,
    usd_line,
    verdict,
)

from ledger import (
    AttemptState,
    Books,
    BrokenPromise,
    JobState,
    PriceLine,
    SummaryRow,
    Totals,
    usd,
)


@pytest.fixture
def busy_books(books: Books, clock: SteppingClock) -> Books:
    """Two orders over the turn of a month, with every kind of entry."""
    clock.now = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    clock.step_s = 0.001
    mugs = plan(books, an_order("mugs@a", jobs=4))
    through(books, mugs[0])
    clock.now = datetime(2026, 11, 1, tzinfo=UTC)
    lamps = plan(books, an_order("lamps@a", jobs=4))
    through(books, mugs[1])
    settle(books, failed(admit(books, mugs[2])))
    settle(books, built(admit(books, lamps[0], 2 * CENT), usd_line("0.05")))
    with books.transaction() as desk:
        desk.resume_order("lamps@a")
    admit(books, lamps[1])
    settle(books, unknown(admit(books, lamps[2])))
    return books


def test_totals_are_what_the_entries_and_open_holds_come_to(busy_books: Books) -> None:
    assert busy_books.totals() == Totals(
        charged_nano=11 * CENT,
        held_nano=10 * CENT,
        unknown_nano=5 * CENT,
        overrun_nano=3 * CENT,
        entry_count=2 + 3 * 2 + 2 + 3 + 2,
    )
    sound(busy_books)


def test_empty_books_come_to_nothing(books: Books) -> None:
    assert books.totals() == Totals(0, 0, 0, 0, 0)
    assert books.summary("order") == []
    assert list(books.charges()) == []
    assert books.verify().problem is None


@pytest.mark.parametrize(
    "by", ["order", "model", "provider", "cost_center", "campaign", "period", "day"]
)
def test_every_summary_adds_up_to_the_totals(busy_books: Books, by: str) -> None:
    rows = busy_books.summary(by)
    summed = [sum(numbers) for numbers in zip(*[astuple(row)[1:] for row in rows], strict=True)]
    totals = busy_books.totals()
    assert summed[:5] == list(astuple(totals))[:5]
    assert summed[5:] == [2, totals.adjusted_nano]


def test_a_summary_by_order_and_by_period(busy_books: Books) -> None:
    assert busy_books.summary("order") == [
        SummaryRow(("lamps@a",), 5 * CENT, 10 * CENT, 5 * CENT, 3 * CENT, 6, 0),
        SummaryRow(("mugs@a",), 6 * CENT, 0, 0, 0, 9, 2),
    ]
    assert [(row.key, row.charged_nano, row.released) for row in busy_books.summary("period")] == [
        ("2026-10", 3 * CENT, 1),
        ("2026-11", 8 * CENT, 1),
    ]
    assert [row.key for row in busy_books.summary("day")] == ["2026-10-31", "2026-11-01"]


def test_a_summary_by_job_has_every_job_that_money_moved_for(busy_books: Books) -> None:
    rows = busy_books.summary("job")
    assert [row.key for row in rows] == [
        "lamps@a#mug-0000",
        "lamps@a#mug-0001",
        "lamps@a#mug-0002",
        "mugs@a#mug-0000",
        "mugs@a#mug-0001",
        "mugs@a#mug-0002",
    ]
    assert sum(row.charged_nano for row in rows) == 11 * CENT


def test_another_dimension_is_refused_with_the_known_ones(books: Books) -> None:
    with pytest.raises(BrokenPromise, match="order, job, model"):
        books.summary("colour")


def test_there_is_one_row_for_each_charge_and_overrun(busy_books: Books) -> None:
    rows = list(busy_books.charges())
    assert [(row.kind, row.job_id, row.amount_usd) for row in rows] == [
        ("charge", "mugs@a#mug-0000", Decimal("0.03")),
        ("charge", "mugs@a#mug-0001", Decimal("0.03")),
        ("charge", "lamps@a#mug-0000", Decimal("0.02")),
        ("overrun", "lamps@a#mug-0000", Decimal("0.03")),
    ]
    assert sum(row.amount_usd for row in rows) == usd(busy_books.totals().charged_nano)
    assert [row.period for row in rows] == ["2026-10", "2026-11", "2026-11", "2026-11"]
    first = rows[0]
    assert (first.quantity, first.unit, first.unit_price_usd) == (
        Decimal(1),
        "image",
        Decimal("0.03"),
    )
    assert (first.asset_sha256, first.release_key) == (SHA256, "released/mugs/mug-0000.webp")
    assert (first.currency, first.at.tzinfo) == ("USD", UTC)
    assert first.entry_id == "E3"


def test_an_overrun_splits_the_quantity_as_the_money(busy_books: Books) -> None:
    *_, under, over = busy_books.charges()
    assert (under.quantity, over.quantity) == (Decimal("0.4"), Decimal("0.6"))
    assert under.quantity + over.quantity == 1
    assert under.unit_price_usd == over.unit_price_usd == Decimal("0.05")


def test_stacked_metrics_are_one_run_at_the_whole_price(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    stacked = (usd_line("0.01"), PriceLine("predict_time", Decimal(2), "second", Decimal("0.01")))
    settle(books, built(admit(books, one), *stacked))
    settle(books, built(admit(books, two, 2 * CENT), *stacked))
    whole, under, over = books.charges()
    assert (whole.quantity, whole.unit, whole.unit_price_usd) == (
        Decimal(1),
        "run",
        Decimal("0.03"),
    )
    assert under.quantity + over.quantity == 1
    assert (under.amount_usd, over.amount_usd) == (Decimal("0.02"), Decimal("0.01"))


def test_an_asset_is_named_only_where_bytes_were_accepted(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    settle(books, built(admit(books, one)))
    inspect(books, one, verdict(passed=False))
    settle(books, built(admit(books, one, number=2), sha256="ee" * 32))
    inspect(books, one, number=2)
    settle(books, built(admit(books, two)))
    assert [(row.attempt_id, row.asset_sha256, row.release_key) for row in books.charges()] == [
        (f"{one}/1", None, None),
        (f"{one}/2", "ee" * 32, None),
        (f"{two}/1", None, None),
    ]


def test_charges_can_be_read_while_somebody_writes(books: Books) -> None:
    job_ids = plan(books, an_order())
    settle(books, built(admit(books, job_ids[0])))
    rows = books.charges()
    first = next(rows)
    settle(books, built(admit(books, job_ids[1])))
    assert first.job_id == job_ids[0]
    assert list(rows) == []
    assert len(list(books.charges())) == 2


def test_a_jobs_story_has_everything_that_was_written_about_it(books: Books) -> None:
    one, *_ = plan(books, an_order())
    settle(books, built(admit(books, one)))
    inspect(books, one, verdict("format"), verdict(passed=False))
    settle(books, failed(admit(books, one, number=2), job_state=JobState.FAILED))
    story = books.story(one)
    assert story is not None
    assert story.job.state is JobState.FAILED
    assert story.order.record.order_id == "mugs@2026"
    first, second = story.attempts
    assert (first.number, first.state, first.charged_nano) == (1, AttemptState.BUILT, 3 * CENT)
    assert [one.passed for one in first.verdicts] == [True, False]
    assert [(one.kind, one.from_account, one.to_account) for one in first.entries] == [
        ("hold", "available:mugs@2026", "held:mugs@2026"),
        ("charge", "held:mugs@2026", "payable:replicate"),
        ("release", "held:mugs@2026", "available:mugs@2026"),
    ]
    assert (second.state, second.reason) == (AttemptState.FAILED, "the model said no")
    assert story.release is None
    assert books.story("mugs@2026#nothing") is None


def test_a_story_of_a_released_job_has_its_release(books: Books) -> None:
    one, *_ = plan(books, an_order())
    through(books, one)
    story = books.story(one)
    assert story is not None
    assert story.release == books.released_one(one)
