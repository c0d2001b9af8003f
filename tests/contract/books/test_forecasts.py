"""A month's forecast: means of nights that ended, nights left, caps and the day they are reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from books_parts import (
    CENT,
    SteppingClock,
    admit,
    an_order,
    approve,
    built,
    inspect,
    plan,
    release_record,
    settle,
    usd_line,
)

from ledger import Books, Scope
from ledger.errors import SelectionRefused
from ledger.forecasting import Forecast, ForecastRow, NightQuote, Wish
from ledger.reports.forecast import report_of
from ledger.selection import Selection, of_period

TODAY = date(2026, 11, 20)
NAMES = {
    "cost_center": "cc-4100",
    "campaign": "autumn-2026",
    "owner": "brand-team@acme.example",
    "provider": "replicate",
    "model": "black-forest-labs/flux-schnell",
}


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock(datetime(2026, 11, 1, 3, tzinfo=UTC), step_s=0.001)


def night(
    books: Books,
    clock: SteppingClock,
    order_id: str,
    cost: str = "0.03",
    *,
    ends: bool = True,
    cost_center: str = "cc-4100",
) -> None:
    """Run an order of one job in the night that its edition names."""
    day = date.fromisoformat(order_id.partition("@")[2])
    clock.now = max(clock.now, datetime(day.year, day.month, day.day, 3, tzinfo=UTC))
    order = replace(an_order(order_id, jobs=1), cost_center=cost_center)
    (job_id,) = plan(books, order)
    settle(books, built(admit(books, job_id, 20 * CENT), usd_line(cost), ref=f"ref-{order_id}"))
    inspect(books, job_id)
    approve(books, job_id)
    if ends:
        with books.transaction() as desk:
            desk.release([replace(release_record(job_id), release_key=f"{order_id}.webp")])
            desk.finish_order(order_id)


def nights(books: Books, clock: SteppingClock, slug: str, *costs: str, last: date) -> None:
    """Run an order every night, up to and with the last one."""
    for number, cost in enumerate(costs):
        day = last - timedelta(days=len(costs) - 1 - number)
        night(books, clock, f"{slug}@{day}", cost)


def wish(period: str = "2026-11", by: str = "cost_center", **more: object) -> Wish:
    return replace(Wish(of_period(period), TODAY, by), **more)  # type: ignore[arg-type]


def only(found: Forecast) -> ForecastRow:
    (row,) = found.rows
    return row


def test_the_mean_of_the_last_seven_nights_is_taken_for_each_that_is_left(
    books: Books, clock: SteppingClock
) -> None:
    # The first is too old to count in the mean; it is spent all the same.
    costs = ("0.19", "0.01", "0.02", "0.03", "0.01", "0.02", "0.03", "0.02")
    nights(books, clock, "mugs", *costs, last=TODAY)
    row = only(books.forecast(wish()))
    assert (row.key, row.spent_nano, row.held_nano) == ("cc-4100", 33 * CENT, 0)
    assert (row.nights_left, row.to_come_nano) == (10, 20 * CENT)
    assert row.forecast_nano == 53 * CENT
    assert (row.cap_nano, row.left_nano, row.reached_on) == (None, None, None)
    by_center = {one.key: one.forecast_nano for one in books.forecast(wish()).rows}
    assert by_center == {"cc-4100": 53 * CENT}
    told = report_of(books.forecast(wish())).notes[2]
    assert (
        told == "mugs: $0.0200 is the mean of 7 nights (2026-11-14 to 2026-11-20); 10 nights left."
    )


def test_the_night_to_come_today_counts_until_it_is_run(books: Books, clock: SteppingClock) -> None:
    nights(books, clock, "mugs", *["0.01"] * 5, last=TODAY - timedelta(days=1))
    assert only(books.forecast(wish())).nights_left == 11


def test_a_night_that_did_not_end_is_spent_and_is_no_night_of_the_mean(
    books: Books, clock: SteppingClock
) -> None:
    nights(books, clock, "mugs", "0.02", "0.02", "0.02", last=TODAY - timedelta(days=1))
    night(books, clock, f"mugs@{TODAY}", "0.19", ends=False)
    found = books.forecast(wish())
    assert only(found).spent_nano == 25 * CENT
    assert [len(one.nights) for one in found.orders] == [3]
    assert only(found).to_come_nano == 20 * CENT


def test_an_order_that_runs_on_weekdays_only_is_not_expected_on_the_others(
    books: Books, clock: SteppingClock
) -> None:
    for number in range(18):
        day = date(2026, 11, 2) + timedelta(days=number)
        if day.weekday() < 5:
            night(books, clock, f"mugs@{day}", "0.01")
    # From Friday the 20th: that day, and the weeks of the 23rd and, for one day, of the 30th.
    assert only(books.forecast(wish())).nights_left == 7


def test_one_night_that_was_missed_makes_no_pattern(books: Books, clock: SteppingClock) -> None:
    for number in range(19):
        if number != 10:
            night(books, clock, f"mugs@{date(2026, 11, 1) + timedelta(days=number)}", "0.01")
    assert only(books.forecast(wish())).nights_left == 11


def test_an_order_without_a_night_for_more_than_a_week_has_ended_unless_the_folder_has_it(
    books: Books, clock: SteppingClock
) -> None:
    nights(books, clock, "mugs", "0.01", "0.01", last=TODAY - timedelta(days=9))
    found = books.forecast(wish())
    assert only(found).to_come_nano == 0
    assert "Taken as ended, with no night in the last 8 days: mugs." in report_of(found).notes
    quote = NightQuote("mugs", NAMES, CENT, 5 * CENT)
    again = only(books.forecast(wish(quotes=(quote,))))
    assert (again.nights_left, again.to_come_nano) == (11, 11 * CENT)


def test_an_order_that_the_folder_does_not_have_any_more_has_ended(
    books: Books, clock: SteppingClock
) -> None:
    nights(books, clock, "mugs", "0.01", last=TODAY)
    found = books.forecast(wish(quotes=()))
    assert only(found).to_come_nano == 0
    assert "Not in the folder, and so taken as ended: mugs." in report_of(found).notes


def test_an_order_that_never_ran_is_taken_at_what_it_is_quoted(books: Books) -> None:
    quote = NightQuote("lamps", NAMES, 3 * CENT, 12 * CENT)
    found = books.forecast(wish(by="order", quotes=(quote,)))
    row = only(found)
    assert (row.key, row.spent_nano, row.to_come_nano) == ("lamps", 0, 33 * CENT)
    notes = report_of(found).notes
    assert (
        "lamps has no night that ended: quoted $0.03 expected, $0.12 at the dearest; 11 nights "
        "left, $0.33 expected, $1.32 at the dearest."
    ) in notes


def test_an_order_of_which_no_night_ended_and_nobody_quotes_is_named(
    books: Books, clock: SteppingClock
) -> None:
    night(books, clock, f"mugs@{TODAY}", "0.01", ends=False)
    found = books.forecast(wish())
    assert (only(found).to_come_nano, only(found).spent_nano) == (0, CENT)
    assert any(note.startswith("Nothing is counted for mugs: ") for note in report_of(found).notes)


def test_a_cap_is_reached_on_the_first_night_that_it_has_no_room_for(
    books: Books, clock: SteppingClock
) -> None:
    nights(books, clock, "mugs", *["0.02"] * 5, last=TODAY)
    for cap, left, reached in (
        (30, 0, None),
        (29, -1, date(2026, 11, 30)),
        (13, -17, date(2026, 11, 22)),
        (10, -20, TODAY),
    ):
        with books.transaction() as desk:
            desk.set_cap(
                Scope.COST_CENTER, "cc-4100", cap * CENT, by="f@acme.example", because="try"
            )
        row = only(books.forecast(wish()))
        assert (row.cap_nano, row.left_nano, row.reached_on) == (cap * CENT, left * CENT, reached)


def test_a_month_that_is_over_and_one_that_has_not_begun(
    books: Books, clock: SteppingClock
) -> None:
    nights(books, clock, "mugs", *["0.02"] * 5, last=TODAY)
    before = books.forecast(Wish(of_period("2026-11"), date(2026, 12, 3)))
    assert (only(before).spent_nano, only(before).to_come_nano) == (10 * CENT, 0)
    assert report_of(before).notes[0].startswith("The month is over")
    after = only(books.forecast(wish("2026-12")))
    assert (after.spent_nano, after.nights_left, after.to_come_nano) == (0, 31, 62 * CENT)


def test_what_is_held_counts_in_full(books: Books, clock: SteppingClock) -> None:
    clock.now = datetime(2026, 11, 20, 3, tzinfo=UTC)
    (job_id,) = plan(books, an_order("once@abc", jobs=1))
    admit(books, job_id, 7 * CENT)
    row = only(books.forecast(wish()))
    assert (row.spent_nano, row.held_nano, row.forecast_nano) == (0, 7 * CENT, 7 * CENT)


def test_every_dimension_has_the_same_sum_and_filters_take_a_part(
    books: Books, clock: SteppingClock
) -> None:
    for number in range(3):
        day = TODAY - timedelta(days=number)
        clock.now = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
        night(books, clock, f"mugs@{day}", "0.01")
        night(books, clock, f"lamps@{day}", "0.02", cost_center="cc-4200")
    sums = {
        by: sum(row.forecast_nano for row in books.forecast(wish(by=by)).rows)
        for by in ("cost_center", "campaign", "order", "owner", "provider", "model")
    }
    assert set(sums.values()) == {(9 + 30) * CENT}
    month = of_period("2026-11", [("cost_center", frozenset({"cc-4200"}))])
    part = only(books.forecast(wish(selection=month)))
    assert (part.key, part.forecast_nano) == ("cc-4200", 26 * CENT)


def test_the_report_says_which_entries_it_is_made_of_and_adds_up(
    books: Books, clock: SteppingClock
) -> None:
    nights(books, clock, "mugs", *["0.02"] * 5, last=TODAY)
    for by in ("cost_center", "campaign", "order"):
        report = report_of(books.forecast(wish(by=by)))
        assert all(len(row) == len(report.columns) for row in (*report.rows, report.totals or ()))
        assert report.provenance.entry_count == books.totals().entry_count
        assert report.selection.period == "2026-11"


def test_nights_of_the_month_before_are_named_among_what_it_is_made_of(
    books: Books, clock: SteppingClock
) -> None:
    clock.now = datetime(2026, 10, 29, 3, tzinfo=UTC)
    today = date(2026, 11, 2)
    nights(books, clock, "mugs", *["0.02"] * 5, last=today)
    found = books.forecast(Wish(of_period("2026-11"), today))
    assert (only(found).spent_nano, only(found).to_come_nano) == (4 * CENT, 56 * CENT)
    assert found.provenance.entry_count == books.totals().entry_count
    assert report_of(found).selection.period == "2026-11"


def test_a_mean_that_is_no_whole_number_is_rounded_once(books: Books, clock: SteppingClock) -> None:
    nights(books, clock, "mugs", "0.01", "0.01", "0.02", last=TODAY)
    row = only(books.forecast(wish()))
    assert Decimal(row.to_come_nano) / 10**9 == Decimal("0.1333")


@pytest.mark.parametrize(
    ("selection", "by", "said"),
    [
        (Selection(), "cost_center", "one whole month"),
        (of_period("2026-11"), "job", "by cost_center, campaign"),
        (of_period("2026-11", [("job", frozenset({"a"}))]), "order", "whole orders"),
    ],
)
def test_what_no_forecast_can_be_of_is_refused(
    books: Books, selection: Selection, by: str, said: str
) -> None:
    with pytest.raises(SelectionRefused, match=said):
        books.forecast(Wish(selection, TODAY, by))
