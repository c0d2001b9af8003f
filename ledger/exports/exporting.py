"""One export: the entries, the writer, and the proof that what was written adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from sqlalchemy import Connection

from ledger.errors import ExportRefused
from ledger.exports.charge_line import ChargeLine
from ledger.exports.charge_rows import charge_batches
from ledger.exports.companion_rows import read_companions
from ledger.exports.companions import Companions
from ledger.exports.gl_mapping import GlMapping
from ledger.exports.registry import Billed, ExportContext, Format, Written
from ledger.exports.selected_entries import billed
from ledger.money import format_usd
from ledger.reports.report import Provenance
from ledger.reports.sums import totals
from ledger.selection import Selection

Progress = Callable[[int, int], None]
"""Told now and then: rows read so far, rows in all."""


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What somebody wants exported."""

    form: Format
    selection: Selection
    made_at: datetime
    gl_mapping: GlMapping | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that adds up."""

    written: Written
    billed: Billed
    provenance: Provenance


def export(connection: Connection, wish: ExportWish, out: IO[Any]) -> Exported:
    """Write the charges of a selection to `out`; `connection` must see one moment throughout.

    Raises:
        ExportRefused: the format cannot be written here, or what was written does not add up to
            the summary of the same selection: then `out` is not to be kept.
    """
    write = wish.form.writer()
    sums, provenance = billed(connection, wish.selection)
    told_nano = totals(connection, wish.selection).charged_nano
    _insist("the summary", told_nano, sums.charged_nano)
    context = ExportContext(
        selection=wish.selection,
        provenance=provenance,
        billed=sums,
        made_at=wish.made_at,
        gl_mapping=wish.gl_mapping,
        companions=(
            read_companions(connection, wish.selection)
            if wish.form.wants_companions
            else Companions()
        ),
    )
    written = write(_told(connection, wish, context), out, context)
    _insist(f"the {wish.form.name} file", written.sum_nano, sums.charged_nano)
    return Exported(written, sums, provenance)


def _told(connection: Connection, wish: ExportWish, context: ExportContext) -> Iterator[ChargeLine]:
    """The lines of the selection, telling how far they were read."""
    count = 0
    for batch in charge_batches(connection, wish.selection, context.provenance):
        yield from batch
        count += len(batch)
        if wish.progress is not None:
            wish.progress(count, context.billed.row_count)


def _insist(name: str, found_nano: int, wanted_nano: int) -> None:
    if found_nano != wanted_nano:
        raise ExportRefused(
            f"the entries come to {format_usd(wanted_nano)}, but {name} to "
            f"{format_usd(found_nano)}: nothing was exported; run `mintage ledger verify`"
        )
