"""Budget, variance, yield, trend and accruals say what the books know, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from books_parts import CENT, SteppingClock, an_order, plan, settle, through, usd_line
from report_parts import fill

from ledger import Books, FailedSettlement, JobState, Scope
from ledger.errors import SelectionRefused
from ledger.reports.report import Cell, Report
from ledger.selection import EVERYTHING, Selection, of_period

OCTOBER, NOVEMBER = of_period("2026-10"), of_period("2026-11")


@pytest.fixture
def filled(books: Books, clock: SteppingClock) -> Books:
    fill(books, clock)
    return books


def told(report: Report, *names: str) -> dict[Cell, tuple[Cell, ...]]:
    """Give some columns by the first."""
    at = [[column.name for column in report.columns].index(name) for name in names]
    return {row[0]: tuple(row[one] for one in at) for row in report.rows}


def test_all_reports_of_one_set_of_books(filled: Books, clock: SteppingClock) -> None:
    _yields(filled)
    _trend(filled)
    _variance(filled)
    _budget(filled)
    _accruals(filled, clock)
    _refusals(filled)


def _yields(books: Books) -> None:
    report = books.report("yield", EVERYTHING, ["order"])
    assert any(note.startswith("4 attempts are under way and not among") for note in report.notes)
    by_order = told(
        report,
        "attempts",
        "released",
        "yield_share",
        "charged_usd",
        "rejects_usd",
        "per_asset_usd",
    )
    # One was rejected; one is still to be inspected, one is held and one is lost, and none of them ended.
    assert by_order["lamps@a"] == (
        2,
        1,
        Decimal("0.5"),
        9 * CENT + 5_600,
        4 * CENT,
        9 * CENT + 5_600,
    )
    assert by_order["plates@a"][1:] == (2, Decimal(1), 4 * CENT, 0, 2 * CENT)
    assert by_order["mugs@a"] == (2, 1, Decimal("0.5"), 4 * CENT + 2_001, CENT, 4 * CENT + 2_001)
    assert by_order[None] == (0, 0, None, 2 * CENT, 0, None)
    october = told(books.report("yield", OCTOBER, ["cost_center"]), "released", "charged_usd")
    assert october == {"cc-4100": (1, 4 * CENT + 2_001), "cc-4200": (1, 5_600), None: (0, 2 * CENT)}


def _trend(books: Books) -> None:
    days = told(books.report("trend", NOVEMBER), "charged_usd", "cumulative_usd")
    assert list(days) == [date(2026, 11, day) for day in range(1, 10)], "up to today, none left out"
    assert days[date(2026, 11, 1)] == (9 * CENT, 9 * CENT)
    assert days[date(2026, 11, 2)] == (0, 9 * CENT)
    assert days[date(2026, 11, 7)] == (4 * CENT, 13 * CENT)
    months = told(books.report("trend", EVERYTHING, ["period"]), "charged_usd", "cumulative_usd")
    assert list(months) == ["2026-10", "2026-11"]
    assert months["2026-11"][1] == books.totals().charged_nano
    stacked = books.report("trend", EVERYTHING, ["model", "period"])
    assert [column.name for column in stacked.columns[:2]] == ["period", "model"]


def _variance(books: Books) -> None:
    names = ("expected_usd", "charged_usd", "other_days_usd", "difference_usd", "difference_share")
    lamps = told(books.report("variance", NOVEMBER), *names)["lamps@a"]
    assert lamps == (7 * CENT, 9 * CENT, 5_600, 2 * CENT + 5_600, Decimal("0.285794"))
    beyond = "beyond those that are counted below"
    assert beyond in " ".join(books.report("variance", NOVEMBER).notes)
    whole = books.report("variance", EVERYTHING, ["cost_center"])
    assert beyond not in " ".join(whole.notes)
    assert "no quote" not in " ".join(whole.notes), "an adjustment of nobody's is no order"
    by_center = told(whole, *names)
    assert by_center["cc-4100"][:4] == (14 * CENT, 8 * CENT + 2_001, 0, -6 * CENT + 2_001)
    assert by_center[None] == (None, 2 * CENT, 0, None, None)
    held = told(books.report("variance", EVERYTHING, ["order"]), "held_usd", "held_share")
    assert held["plates@a"] == (10 * CENT, Decimal("0.4"))


def _budget(books: Books) -> None:
    with books.transaction() as desk:
        desk.set_cap(
            Scope.COST_CENTER, "cc-4200", 50 * CENT, by="maria@acme.example", because="a budget"
        )
    names = ("period", "cap_usd", "charged_usd", "other_usd", "held_usd", "left_usd", "used_share")
    november = told(books.report("budget", NOVEMBER), *names)
    assert november["cc-4200"] == (
        "2026-11", 50 * CENT, 9 * CENT, 0, 5 * CENT, 36 * CENT, Decimal("0.28"),
    )  # fmt: skip
    assert november["cc-4100"][1:] == (None, 4 * CENT, 0, 5 * CENT, None, None)
    a_day = Selection(date(2026, 11, 7), date(2026, 11, 7))
    assert "cc-4200" in told(books.report("budget", a_day), "other_usd")
    one_day = Selection(date(2026, 11, 1), date(2026, 11, 1))
    on_it = told(books.report("budget", one_day), "charged_usd", "other_usd", "left_usd")
    assert on_it["cc-4200"] == (9 * CENT, 0, 36 * CENT)
    by_order = books.report("budget", NOVEMBER, ["order"])
    beyond = "Other is a sum of entries beyond those that are counted below"
    assert beyond in " ".join(by_order.notes)
    assert beyond not in " ".join(books.report("budget", NOVEMBER).notes)
    orders = told(by_order, *names[1:])
    assert orders["lamps@a"] == (
        500 * CENT, 9 * CENT, 5_600, 10 * CENT, 481 * CENT - 5_600, Decimal("0.038001"),
    )  # fmt: skip
    assert "mugs@a" not in orders
    assert books.report("budget", EVERYTHING, ["provider"]).rows[0][:2] == (
        "elsewhere", date(2026, 11, 7),
    )  # fmt: skip


def _accruals(books: Books, clock: SteppingClock) -> None:
    october = books.report("accruals", OCTOBER)
    (line,) = october.rows
    assert line == (
        date(2026, 10, 31), date(2026, 11, 1), "cc-4200", "lamps@a", 2, 5 * CENT, 10 * CENT,
    )  # fmt: skip
    assert october.selection == OCTOBER
    now = books.report("accruals", EVERYTHING, ["order"])
    assert now.totals is not None
    assert now.totals[-1] == books.totals().held_nano == 15 * CENT
    assert now.totals[-2] == books.totals().unknown_nano
    assert now.rows[0][:3] == (date(2026, 11, 9), date(2026, 11, 10), "lamps@a")
    clock.now = datetime(2026, 11, 12, tzinfo=UTC)
    settle(books, _voided("lamps@a#mug-0002/1"))
    assert books.report("accruals", OCTOBER).rows == [line], "what came after changes nothing"
    assert books.totals().unknown_nano == 0


def _voided(attempt_id: str) -> FailedSettlement:
    return FailedSettlement(attempt_id, (), None, "nothing was created", JobState.PLANNED)


def _refusals(books: Books) -> None:
    jobs = Selection(where=(("job", frozenset({"mugs@a#mug-0000"})),))
    for name, selection, by, because in (
        ("profit", EVERYTHING, (), "no report 'profit'"),
        ("budget", EVERYTHING, ("model",), "can be by cost_center, order, provider"),
        ("budget", EVERYTHING, ("order", "provider"), "by one of these at a time"),
        ("variance", jobs, (), "whole orders"),
        ("yield", EVERYTHING, ("day", "day"), "each dimension once"),
        ("trend", EVERYTHING, ("day", "period"), "not by both"),
    ):
        with pytest.raises(SelectionRefused, match=because):
            books.report(name, selection, by)


def test_orders_without_a_quote_are_counted_in_a_note(books: Books, clock: SteppingClock) -> None:
    fill(books, clock)
    plan(books, an_order("bare@a", jobs=1))
    through(books, "bare@a#mug-0000", usd_line("0.02"))
    notes = " ".join(books.report("variance", EVERYTHING, ["cost_center"]).notes)
    assert "1 order has no quote: opened before quotes were kept." in notes
