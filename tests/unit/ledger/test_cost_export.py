"""A cost report opens anywhere, keeps every digit, and runs no formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import ChargeRow, write_csv

ROW = ChargeRow(
    entry_id="E7",
    at=datetime(2026, 11, 20, 12, 30, 1, 5, tzinfo=UTC),
    period="2026-11",
    order_id="mugs@2026",
    job_id="mugs@2026#mug-0001",
    attempt_id="0193",
    cost_center="cc-4100",
    campaign="autumn-2026",
    owner="brand-team@acme.example",
    provider="replicate",
    model="black-forest-labs/flux-schnell",
    provider_ref=None,
    kind="charge",
    quantity=Decimal("1E+1"),
    unit="image",
    unit_price_usd=Decimal("3E-9"),
    amount_usd=Decimal("0.000000030"),
    currency="USD",
    asset_sha256=None,
    release_key="released/mugs/mug-0001.webp",
)


def written(*rows: ChargeRow) -> str:
    out = io.StringIO(newline="")
    assert write_csv(rows, out) == len(rows)
    return out.getvalue()


def test_columns_stand_in_the_order_of_the_design() -> None:
    assert written() == (
        "entry_id,at,period,order_id,job_id,attempt_id,cost_center,campaign,owner,provider,model,"
        "provider_ref,kind,quantity,unit,unit_price_usd,amount_usd,currency,asset_sha256,"
        "release_key\r\n"
    )


def test_a_row_has_plain_exact_numbers_and_utc_times() -> None:
    assert written(ROW).splitlines()[1] == (
        "E7,2026-11-20T12:30:01.000005Z,2026-11,mugs@2026,mugs@2026#mug-0001,0193,cc-4100,"
        "autumn-2026,brand-team@acme.example,replicate,black-forest-labs/flux-schnell,,charge,10,"
        "image,0.000000003,0.00000003,USD,,released/mugs/mug-0001.webp"
    )


def test_a_time_in_another_zone_is_written_in_utc() -> None:
    row = replace(ROW, at=datetime(2026, 11, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))))
    assert "2026-10-31T22:30:00.000000Z" in written(row)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_made_text(start: str) -> None:
    row = replace(ROW, campaign=f"{start}cmd|' /C calc'!A0", provider_ref=f"{start}1")
    (cells,) = list(csv.DictReader(io.StringIO(written(row), newline="")))
    assert cells["campaign"] == f"'{row.campaign}"
    assert cells["provider_ref"] == f"'{row.provider_ref}"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_any_text_comes_back_as_it_was_but_for_the_apostrophe(text: str) -> None:
    row = replace(ROW, campaign=text)
    (cells,) = list(csv.DictReader(io.StringIO(written(row), newline="")))
    assert cells["campaign"].removeprefix("'") == text.removeprefix("'")


def test_rows_are_written_as_they_come() -> None:
    out = io.StringIO(newline="")
    lines_seen = []

    def rows() -> Iterator[ChargeRow]:
        for _ in range(3):
            lines_seen.append(out.getvalue().count("\r\n"))
            yield ROW

    assert write_csv(rows(), out) == 3
    assert lines_seen == [1, 2, 3]
