"""The chart of the trend: right heights, words for whoever does not see it, nothing from elsewhere."""

from __future__ import annotations

import itertools
import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.report_formats.svg_parts import scale
from console.report_formats.trend_chart import trend_svg
from ledger.reports.report import Cell, Column, ColumnKind, Provenance, Report
from ledger.selection import of_period

SVG = "{http://www.w3.org/2000/svg}"


def a_trend(*rows: tuple[Cell, ...], by: tuple[str, ...] = ()) -> Report:
    """A trend by day, stacked by what else is named."""
    return Report(
        name="trend",
        title="Charged by day",
        selection=of_period("2026-11"),
        columns=(
            Column("day", "day", ColumnKind.DAY),
            *(Column(name, name, ColumnKind.TEXT) for name in by),
            Column("released", "released", ColumnKind.COUNT),
            Column("charged_usd", "charged", ColumnKind.MONEY),
            Column("cumulative_usd", "so far", ColumnKind.MONEY),
        ),
        rows=rows,
        totals=None,
        notes=(),
        provenance=Provenance(1_234, "E1", "E1300", None, sealed=False),
    )


def drawn(report: Report) -> ET.Element:
    return ET.fromstring(trend_svg(report))  # noqa: S314  our own text


def bars(root: ET.Element) -> dict[str, tuple[float, float]]:
    """Give top and height of each bar by what it says."""
    found = {}
    for one in root.iter(f"{SVG}rect"):
        said = one.find(f"{SVG}title")
        if said is not None and said.text and re.match(r"\d{4}-", said.text):
            found[said.text] = (float(one.attrib["y"]), float(one.attrib["height"]))
    return found


def test_bars_are_as_high_as_what_was_charged_and_days_without_any_keep_their_place() -> None:
    root = drawn(
        a_trend(
            (date(2026, 11, 1), 1, 10**9, 10**9),
            (date(2026, 11, 4), 1, 4 * 10**9, 5 * 10**9),
            (date(2026, 11, 5), 0, -(10**9), 4 * 10**9),
        )
    )
    found = bars(root)
    one, four, back = (
        found["2026-11-01: $1.00"],
        found["2026-11-04: $4.00"],
        found["2026-11-05: -$1.00"],
    )
    assert four[1] == pytest.approx(4 * one[1], abs=0.3)
    assert back[1] == pytest.approx(one[1], abs=0.3)
    assert back[0] == pytest.approx(one[0] + one[1], abs=0.3), "what was given back hangs down"
    (line,) = root.iter(f"{SVG}polyline")
    assert len(line.attrib["points"].split()) == 5
    assert [text.text for text in root.iter(f"{SVG}text")][
        -1
    ] == "Made of 1,234 entries, E1 to E1300."


def test_it_says_in_words_what_it_shows() -> None:
    root = drawn(a_trend((date(2026, 11, 1), 1, 10**9, 10**9), (date(2026, 11, 2), 1, 5_600, 0)))
    assert root.attrib["role"] == "img"
    labelled = root.attrib["aria-labelledby"].split()
    words = [one.text for one in root if one.attrib.get("id") in labelled]
    assert words == [
        "Charged by day: 2026-11",
        (
            "Bars from 2026-11-01 to 2026-11-02: $1.0000056 in all, most in 2026-11-01 with $1.00. A "
            "line below shows what they add up to."
        ),
    ]


def test_a_stack_has_a_legend_six_colours_and_the_rest_in_grey() -> None:
    nasty = 'a "name" <b>&amp;\x00\x1b'
    rows: list[tuple[Cell, ...]] = [
        (date(2026, 11, 1 + day), name, 1, (8 - at) * 10**9, 0)
        for day in range(2)
        for at, name in enumerate([nasty, None, "c", "d", "e", "f", "g"])
    ]
    root = drawn(a_trend(*rows, by=("model",)))
    legend = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert 'a "name" <b>&amp;\\x00\\x1b $16.00' in legend
    assert "not attributed $14.00" in legend
    assert "2 others $10.00" in legend
    tops = sorted(
        (top, height) for said, (top, height) in bars(root).items() if said.startswith("2026-11-01")
    )
    assert len(tops) == 6
    assert all(
        top + height == pytest.approx(below, abs=0.3)
        for (top, height), (below, _) in itertools.pairwise(tops)
    ), "one stands on the other"


def test_a_legend_rounds_no_small_amount_away() -> None:
    day = date(2026, 11, 1)
    rows = [
        (day, "a", 1, -8_000_000, 0),
        (day, "b", 1, -5_600, 0),
        (day, "c", 1, 12_345_678_901, 0),
    ]
    legend = [text.text for text in drawn(a_trend(*rows, by=("model",))).iter(f"{SVG}text")]
    assert {"a -$0.008", "b -$0.0000056", "c $12.35"} <= set(legend)


def test_it_loads_and_runs_nothing() -> None:
    text = trend_svg(a_trend((date(2026, 11, 1), 1, 10**9, 10**9)))
    outside = text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert re.search(r"https?:|href|url\(|@import|<script|<style|<image|on\w+=", outside) is None


def test_nothing_is_a_chart_too() -> None:
    assert "Nothing was charged." in trend_svg(a_trend())


@given(st.lists(st.integers(-(10**17), 10**17), max_size=5))
@settings(max_examples=50, deadline=None)
def test_marks_are_round_and_everything_is_within_the_scale(values: list[int]) -> None:
    made = scale(values, 10, 100)
    assert 2 <= len(made.ticks) <= 9
    assert 0 in made.ticks
    steps = {after - before for before, after in zip(made.ticks, made.ticks[1:], strict=False)}
    assert len(steps) == 1
    assert str(steps.pop()).rstrip("0") in {"1", "2", "5"}
    for value in (*values, *made.ticks):
        assert 10 - 1e-6 <= made.y(value) <= 110 + 1e-6
