"""A cost report opens anywhere, keeps every digit, and runs no formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.exports.charge_csv import write
from ledger.exports.charge_line import ChargeLine
from ledger.exports.registry import Billed, ExportContext, Written
from ledger.instants import to_us
from ledger.reports.report import Provenance
from ledger.selection import EVERYTHING

LINE = ChargeLine(
    entry_id=7,
    at_us=to_us(datetime(2026, 11, 20, 12, 30, 1, 5, tzinfo=UTC)),
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
    amount_nano=30,
    asset_sha256=None,
    release_key="released/mugs/mug-0001.webp",
    held_at_us=None,
    because=None,
)
CONTEXT = ExportContext(
    selection=EVERYTHING,
    provenance=Provenance(0, None, None, None, sealed=False),
    billed=Billed(0, 0, 0, 0),
    made_at=datetime(2026, 12, 1, tzinfo=UTC),
)


def written(*lines: ChargeLine) -> str:
    out = io.StringIO(newline="")
    done = write(iter(lines), out, CONTEXT)
    assert done == Written(len(lines), sum(line.amount_nano for line in lines))
    return out.getvalue()


def test_columns_stand_in_the_order_of_the_design() -> None:
    assert written() == (
        "entry_id,at,period,order_id,job_id,attempt_id,cost_center,campaign,owner,provider,model,"
        "provider_ref,kind,quantity,unit,unit_price_usd,amount_usd,currency,asset_sha256,"
        "release_key\r\n"
    )


def test_a_row_has_plain_exact_numbers_and_utc_times() -> None:
    assert written(LINE).splitlines()[1] == (
        "E7,2026-11-20T12:30:01.000005Z,2026-11,mugs@2026,mugs@2026#mug-0001,0193,cc-4100,"
        "autumn-2026,brand-team@acme.example,replicate,black-forest-labs/flux-schnell,,charge,10,"
        "image,0.000000003,0.00000003,USD,,released/mugs/mug-0001.webp"
    )


def test_money_that_comes_back_is_below_zero_and_no_formula() -> None:
    line = LINE._replace(
        kind="adjust_down",
        quantity=Decimal(-1),
        unit_price_usd=Decimal("0.5"),
        amount_nano=-500_000_000,
        order_id=None,
        job_id=None,
    )
    (cells,) = csv.DictReader(io.StringIO(written(line), newline=""))
    assert (cells["quantity"], cells["amount_usd"], cells["order_id"]) == ("-1", "-0.5", "")


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC), "2026-10-31T23:59:59.999999Z"),
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-11-01T00:00:00.000000Z"),
        (datetime(2028, 2, 29, 1, 2, 3, 4, tzinfo=UTC), "2028-02-29T01:02:03.000004Z"),
    ],
)
def test_a_time_is_written_in_utc_to_the_microsecond(at: datetime, text: str) -> None:
    assert f",{text}," in written(LINE._replace(at_us=to_us(at)))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r\n"])
def test_text_that_a_spreadsheet_would_run_is_made_text(start: str) -> None:
    line = LINE._replace(campaign=f"{start}cmd|' /C calc'!A0", provider_ref=f"{start}1")
    (cells,) = list(csv.DictReader(io.StringIO(written(line), newline="")))
    assert cells["campaign"] == f"'{line.campaign}"
    assert cells["provider_ref"] == f"'{line.provider_ref}"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_any_text_comes_back_as_it_was_but_for_the_apostrophe(text: str) -> None:
    line = LINE._replace(campaign=text)
    (cells,) = list(csv.DictReader(io.StringIO(written(line), newline="")))
    came = "".join(
        f"\\x{ord(one):02x}" if unicodedata.category(one) == "Cc" and one not in "\t\r\n" else one
        for one in text.replace("\r\n", "\n")
    ).replace("\r", "\\x0d")
    assert cells["campaign"].replace("\r\n", "\n").removeprefix("'") == came.removeprefix("'")


def test_no_terminal_obeys_what_is_in_a_cell() -> None:
    line = LINE._replace(campaign="\x1b[2Jred\x9b\x07\x00\rover\tand\r\nout\x85é")
    text = written(line)
    assert r'"\x1b[2Jred\x9b\x07\x00\x0dover' in text
    assert not set(text) & set("\x1b\x9b\x07\x00\x85")
    (cells,) = list(csv.DictReader(io.StringIO(text, newline="")))
    assert cells["campaign"].endswith("over\tand\r\nout\\x85é")


def test_rows_are_written_while_they_come() -> None:
    out = io.StringIO(newline="")
    seen: list[int] = []

    def lines() -> Iterator[ChargeLine]:
        for _ in range(5_000):
            seen.append(out.getvalue().count("\r\n") if not len(seen) % 1_000 else seen[-1])
            yield LINE

    assert write(lines(), out, CONTEXT) == Written(5_000, 150_000)
    assert seen[-1] >= 3_000
