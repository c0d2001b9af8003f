"""A cost report in Parquet keeps every digit, any text, and says what it is."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from charge_files import binary, parquet_about, parquet_rows
from charge_lines import NOON, a_line, an_adjustment
from pyarrow import parquet

from ledger.errors import ExportRefused
from ledger.exports import charge_parquet
from ledger.exports.charge_csv import COLUMNS
from ledger.instants import to_us

ODD = ("=1+1", "a\nb\r\nc", 'say "x", y', "🎨 \U0010ffff", "<r>x</r>", " lead ", "'quoted")


def test_columns_have_the_types_of_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "charges.parquet"
    assert binary("parquet", [a_line()], path).rows == 1
    schema = parquet.read_schema(path)
    assert schema.names == list(COLUMNS)
    kinds = {name: schema.field(name).type for name in COLUMNS}
    assert kinds.pop("at") == pa.timestamp("us", tz="UTC")
    assert kinds.pop("amount_usd") == pa.decimal128(28, 9)
    assert kinds.pop("quantity") == kinds.pop("unit_price_usd") == pa.decimal128(38, 18)
    assert set(kinds.values()) == {pa.string()}
    assert parquet_about(path) == {
        "period": "2026-11",
        "from": "2026-11-01",
        "to": "2026-11-30",
        "where": {},
        "made_at": "2026-12-03T08:30:00Z",
        "charged_usd": "0",
        "overrun_usd": "0",
        "adjusted_usd": "0",
        "entries": {
            "count": 1,
            "first": "E7",
            "last": "E7",
            "seal_sha256": "ab" * 32,
            "sealed": True,
        },
    }


def test_values_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "charges.parquet"
    lines = [a_line(1), a_line(2**63 - 1), an_adjustment(-(10**9)), a_line(123_456_789_012)]
    binary("parquet", lines, path)
    rows = parquet_rows(path)
    assert [row["amount_usd"] for row in rows] == [
        Decimal("0.000000001"),
        Decimal("9223372036.854775807"),
        Decimal("-1.000000000"),
        Decimal("123.456789012"),
    ]
    assert rows[0]["at"].replace(tzinfo=UTC) == NOON
    assert to_us(rows[0]["at"]) == to_us(NOON)
    assert (rows[0]["entry_id"], rows[0]["currency"]) == ("E7", "USD")
    assert (rows[2]["order_id"], rows[2]["quantity"]) == (None, Decimal(-1))


def test_any_text_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "charges.parquet"
    binary("parquet", [a_line(campaign=text) for text in ODD], path)
    assert [row["campaign"] for row in parquet_rows(path)] == list(ODD)


def test_a_quantity_finer_than_the_column_is_rounded_and_told(tmp_path: Path) -> None:
    path = tmp_path / "charges.parquet"
    fine = a_line(quantity=Decimal(1) / Decimal(3), unit_price_usd=Decimal("1e-18"))
    done = binary("parquet", [a_line(), fine], path)
    assert done.notes == (
        "1 quantities and unit prices were rounded to 18 decimals; amounts are exact.",
    )
    assert parquet_rows(path)[1]["quantity"] == Decimal("0.333333333333333333")
    assert parquet_rows(path)[1]["unit_price_usd"] == Decimal("1e-18")


def test_row_groups_do_not_grow_with_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charge_parquet, "BATCH", 10)
    path = tmp_path / "charges.parquet"
    done = binary("parquet", (a_line(number) for number in range(1, 128)), path)
    assert (done.rows, done.sum_nano) == (127, 127 * 64)
    about = parquet.read_metadata(path)
    sizes = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    assert sizes == [40, 40, 40, 7]
    assert sum(row["amount_usd"] for row in parquet_rows(path)) == Decimal("0.000008128")


def test_no_charges_are_a_file_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "charges.parquet"
    assert binary("parquet", [], path).rows == 0
    assert parquet_rows(path) == []


def test_without_pyarrow_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportRefused, match=r"pip install 'mintage\[parquet\]'"):
        binary("parquet", [a_line(at_us=to_us(datetime(2026, 11, 1, tzinfo=UTC)))], tmp_path / "x")
