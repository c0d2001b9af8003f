"""The cost report as Parquet: exact decimals, times in UTC, and what it is in its metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import islice
from typing import Any, BinaryIO, Final

from ledger.errors import ExportRefused
from ledger.exports.about import about
from ledger.exports.charge_csv import COLUMNS
from ledger.exports.charge_line import CURRENCY, ChargeLine
from ledger.exports.registry import ExportContext, Written

METADATA_KEY: Final = b"mintage.export"
"""Under this key of the schema's metadata stands `about` as a JSON object."""

BATCH: Final = 2_500
"""Rows that are turned into columns at a time."""

BATCHES_IN_GROUP: Final = 4
"""A row group has so many batches: what is in memory, and what a reader takes at once.

At 50,000 rows a group a process takes twice the memory for a file that is six percent smaller.
"""

MONEY: Final = (28, 9)
"""Digits in all, and those after the point, of an amount."""

NUMBER: Final = (38, 18)
"""The same of a quantity or a unit price, which may be finer than a nano-dollar."""

_STEP: Final = Decimal(1).scaleb(-NUMBER[1])
_ROUNDING: Final = Context(prec=NUMBER[0], rounding=ROUND_HALF_EVEN)


def write(rows: Iterator[ChargeLine], out: BinaryIO, context: ExportContext) -> Written:
    """Write charges as Parquet with the columns of the CSV, money as DECIMAL(28, 9).

    Raises:
        ExportRefused: pyarrow is not installed, or a quantity has more digits than a decimal.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ExportRefused(
            "Parquet needs pyarrow, which is not installed: pip install 'mintage[parquet]'"
        ) from None
    making = _Making(pa)
    metadata = {METADATA_KEY: json.dumps(about(context)).encode()}
    schema = making.schema.with_metadata(metadata)
    count = sum_nano = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as file:
        while group := list(islice(_batches(rows), BATCHES_IN_GROUP)):
            made = []
            for columns in group:
                count += len(columns["amount_nano"])
                sum_nano += sum(columns["amount_nano"])
                made.append(making.batch(columns))
            file.write_table(pa.Table.from_batches(made, making.schema))
    return Written(count, sum_nano, _notes(making.rounded))


def _notes(rounded: int) -> tuple[str, ...]:
    if not rounded:
        return ()
    which = f"{rounded:,} quantities and unit prices were rounded to {NUMBER[1]} decimals"
    return (f"{which}; amounts are exact.",)


def _batches(rows: Iterator[ChargeLine]) -> Iterator[Mapping[str, Sequence[Any]]]:
    while batch := list(islice(rows, BATCH)):
        yield dict(zip(ChargeLine._fields, zip(*batch, strict=True), strict=True))


class _Making:
    """Turns columns of Python values into Arrow's."""

    def __init__(self, arrow: Any) -> None:  # noqa: ANN401  pyarrow has no types
        self._arrow = arrow
        self.rounded = 0
        self._kinds = {
            "at": arrow.timestamp("us", tz="UTC"),
            "quantity": arrow.decimal128(*NUMBER),
            "unit_price_usd": arrow.decimal128(*NUMBER),
            "amount_usd": arrow.decimal128(*MONEY),
        }
        self.schema = arrow.schema(
            [arrow.field(name, self._kinds.get(name, arrow.string())) for name in COLUMNS]
        )

    def batch(self, columns: Mapping[str, Sequence[Any]]) -> Any:  # noqa: ANN401  as above
        """Make one batch of rows."""
        return self._arrow.record_batch(
            [self._column(name, columns) for name in COLUMNS], schema=self.schema
        )

    def _column(self, name: str, columns: Mapping[str, Sequence[Any]]) -> Any:  # noqa: ANN401  as above
        arrow = self._arrow
        if name == "entry_id":
            return arrow.array([f"E{entry_id}" for entry_id in columns[name]], arrow.string())
        if name == "at":
            return arrow.array(columns["at_us"], arrow.int64()).cast(self._kinds[name])
        if name == "amount_usd":
            return self._money(columns["amount_nano"])
        if name == "currency":
            return arrow.repeat(CURRENCY, len(columns["at_us"]))
        if name in self._kinds:
            return self._numbers(columns[name], self._kinds[name])
        return arrow.array(columns[name], arrow.string())

    def _money(self, nanos: Sequence[int]) -> Any:  # noqa: ANN401  as above
        """Read the same digits with the point nine places further left."""
        arrow = self._arrow
        whole = arrow.array(nanos, arrow.int64()).cast(arrow.decimal128(MONEY[0], 0))
        return arrow.Array.from_buffers(self._kinds["amount_usd"], len(whole), whole.buffers())

    def _numbers(self, numbers: Sequence[Decimal], kind: Any) -> Any:  # noqa: ANN401  as above
        arrow = self._arrow
        try:
            return arrow.array(numbers, kind)
        except arrow.ArrowInvalid:
            return arrow.array([self._rounded(number) for number in numbers], kind)

    def _rounded(self, number: Decimal) -> Decimal:
        rounded = number.quantize(_STEP, context=_ROUNDING)
        self.rounded += rounded != number
        return rounded
