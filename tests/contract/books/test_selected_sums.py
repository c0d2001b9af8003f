"""Whatever is selected, and whatever it is added up by: the sums agree with the entries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import astuple
from datetime import date

import pytest
from books_parts import CENT, SteppingClock
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledger_urls import lay_blank_books
from postgres_server import PostgresServer
from report_parts import fill
from sqlalchemy import select

from ledger import Books, BrokenPromise
from ledger.reports import conditions
from ledger.reports.registry import REPORTS
from ledger.reports.report import Report
from ledger.schema import entries
from ledger.seal_table import seals
from ledger.selection import DIMENSIONS, EVERYTHING, Selection, of_period

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
DAYS = (date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30))
VALUES = {
    "order": ["mugs@a", "lamps@a", "plates@a", "nobody@a"],
    "job": ["mugs@a#mug-0000", "mugs@a#mug-0002", "lamps@a#mug-0001", "lamps@a#mug-0004"],
    "model": ["black-forest-labs/flux-schnell", "acme/painter", "acme/unknown"],
    "provider": ["replicate", "elsewhere"],
    "cost_center": ["cc-4100", "cc-4200"],
    "campaign": ["autumn-2026", "lights"],
    "owner": ["brand-team@acme.example", "lights@acme.example"],
}


@pytest.fixture(scope="module", params=DATABASES)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """Books that every test of this module reads and none changes."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("reports") / "ledger.db"
        lay_blank_books(path)
        url = f"sqlite:///{path}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.fresh_database(request.getfixturevalue("migrated_url"))
    clock = SteppingClock()
    with Books.open(url, clock=clock) as books:
        fill(books, clock)
        yield books
    if request.param == "postgres":
        server.drop_database(url)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    first, last = sorted(draw(st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS))))
    names = draw(st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=2))
    where = tuple(
        (name, draw(st.frozensets(st.sampled_from(VALUES[name]), min_size=1))) for name in names
    )
    return Selection(
        draw(st.sampled_from([first, None])), draw(st.sampled_from([last, None])), where
    )


def charged(report: Report) -> int:
    """Add up what a report says was charged."""
    at = [column.name for column in report.columns].index("charged_usd")
    return sum(cell for row in report.rows if isinstance(cell := row[at], int))


@given(selection=selections())
# An adjustment can be all that there is of the first day, with a later number than other days'.
@example(selection=Selection(DAYS[1], None, (("cost_center", frozenset({"cc-4100"})),)))
@settings(max_examples=40, deadline=None)
def test_a_selection_is_made_of_exactly_its_entries(filled: Books, selection: Selection) -> None:
    with filled._snapshot() as connection:
        found = connection.execute(
            select(entries).where(*conditions.of_entries(selection)).order_by(entries.c.entry_id)
        ).all()
        sealed_id = connection.execute(
            select(seals.c.last_entry_id).order_by(seals.c.block.desc())
        ).scalar()
    sign = {"charge": 1, "overrun": 1, "adjust_up": 1, "adjust_down": -1}
    totals, made_of = filled.totals(selection), filled.provenance(selection)
    assert totals.charged_nano == sum(sign.get(row.kind, 0) * row.amount_nano for row in found)
    assert totals.entry_count == made_of.entry_count == len(found)
    assert made_of.first_entry_id == (f"E{found[0].entry_id}" if found else None)
    assert made_of.last_entry_id == (f"E{found[-1].entry_id}" if found else None)
    assert made_of.sealed == bool(found and found[-1].entry_id <= (sealed_id or 0))


@pytest.mark.parametrize("name", DIMENSIONS)
@pytest.mark.parametrize("period", [None, "2026-10", "2026-11"])
def test_the_values_of_a_dimension_partition_whatever_is_selected(
    filled: Books, name: str, period: str | None
) -> None:
    base = EVERYTHING if period is None else of_period(period)
    rows = filled.summary(name, base)
    whole = astuple(filled.totals(base))
    parts = [
        filled.totals(Selection(base.first_day, base.last_day, ((name, frozenset({row.keys[0]})),)))
        for row in rows
        if row.keys[0] is not None
    ]
    nobodys = [row for row in rows if row.keys[0] is None]
    for at in (0, 1, 2, 3, 5):
        none = sum((row.charged_nano, 0, 0, 0, 0, row.adjusted_nano)[at] for row in nobodys)
        assert sum(astuple(part)[at] for part in parts) + none == whole[at], at


@given(selection=selections(), cut=st.sampled_from(DAYS[1:3]))
@settings(max_examples=10, deadline=None)
def test_days_partition_whatever_is_selected(
    filled: Books, selection: Selection, cut: date
) -> None:
    after = date.fromordinal(cut.toordinal() + 1)
    whole = filled.totals(Selection(where=selection.where))
    parts = [
        filled.totals(Selection(None, cut, selection.where)),
        filled.totals(Selection(after, None, selection.where)),
    ]
    assert [sum(both) for both in zip(*map(astuple, parts), strict=True)] == list(astuple(whole))


@pytest.mark.parametrize(
    "selection",
    [
        EVERYTHING,
        of_period("2026-10"),
        of_period("2026-11", [("provider", frozenset({"replicate"}))]),
        Selection(date(2026, 11, 1), date(2026, 11, 1), (("cost_center", frozenset({"cc-4200"})),)),
    ],
    ids=lambda selection: selection.in_words,
)
def test_every_report_by_everything_it_can_be_by_adds_up_to_the_summary(
    filled: Books, selection: Selection
) -> None:
    wanted = filled.totals(selection).charged_nano
    for name, kind in REPORTS.items():
        if name == "accruals":
            continue
        for by in [kind.by, *((one,) for one in kind.choices)]:
            report = filled.report(name, selection, by)
            assert charged(report) == wanted, (name, by)
            assert report.provenance == filled.provenance(selection), (name, by)
            assert all(len(row) == len(report.columns) for row in report.rows)
            if report.totals is not None:
                at = [column.name for column in report.columns].index("charged_usd")
                assert report.totals[at] == wanted


def test_several_dimensions_have_a_row_for_each_combination(filled: Books) -> None:
    rows = filled.summary(["cost_center", "period"], Selection())
    assert [(row.keys, row.charged_nano, row.held_nano, row.adjusted_nano) for row in rows] == [
        (("cc-4100", "2026-10"), 4 * CENT + 1 + 2_000, 0, 2_000),
        (("cc-4100", "2026-11"), 4 * CENT, 5 * CENT, 0),
        (("cc-4200", "2026-10"), 5_600, 5 * CENT, 0),
        (("cc-4200", "2026-11"), 9 * CENT, 5 * CENT, 0),
        ((None, "2026-10"), 2 * CENT, 0, 2 * CENT),
    ]
    assert [row.key for row in rows][-1] == "not attributed, 2026-10"


def test_what_became_of_the_money_has_the_adjustments_beside_the_attempts(filled: Books) -> None:
    rows = {row.key: (row.attempts, row.charged_nano) for row in filled.spend()}
    assert rows["adjusted to statements"] == (0, 2 * CENT + 2_000)
    assert rows["noise"] == (1, 4 * CENT)
    assert sum(cost for _, cost in rows.values()) == filled.totals().charged_nano


def test_a_dimension_that_is_none_or_named_twice_is_refused(filled: Books) -> None:
    for by in ("colour", (), ("day", "day")):
        with pytest.raises(BrokenPromise, match="a summary"):
            filled.summary(by)


def test_provenance_in_words_names_the_newest_seal(filled: Books) -> None:
    words = filled.provenance(of_period("2026-10")).in_words
    assert re.fullmatch(r"Made of \d+ entries, E1 to E\d+, sealed: [0-9a-f]{64}\.", words)
    assert "sealed in part" in filled.provenance().in_words
    assert filled.provenance(of_period("2020-01")).in_words == "Made of no entries."
