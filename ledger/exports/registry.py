"""Which formats charges are exported in, and the form of a module that writes one.

A format is one module in this package. It publishes one function,

    def write(rows: Iterator[ChargeLine], out: TextIO, context: ExportContext) -> Written: ...

(`out: BinaryIO` where `is_text` is False), and `FORMATS` below has a line that says how the format
is called, in which module it is, and what one row of it is. Two formats of one module are two
functions; `function` names the one that is meant.

The rules for `write`:
- It takes `rows` once, from first to last, and keeps none of them: there may be millions. They
  come in the order of the entries. Sums by account or day are kept as it goes.
- Amounts are signed nano-dollars: an `adjust_down` is below zero. What was written must add up to
  what was read; `Written.sum_nano` is added up from what went out, not from `context`, so that the
  caller can compare it with the summary of the same selection.
- `out` is a stream that cannot be wound back; `write` does not close it. A text stream is UTF-8
  and does not change line ends.
- Nothing expensive is imported at the top of the module.
- What it cannot do it says with `ExportRefused`, in one sentence that tells what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import IO, Any, Final, TypeAlias

from ledger.exports.charge_line import ChargeLine
from ledger.exports.companions import Companions
from ledger.exports.gl_mapping import GlMapping
from ledger.reports.report import Provenance
from ledger.selection import Selection


@dataclass(frozen=True, slots=True)
class Billed:
    """What the entries of a selection that a provider bills add up to, as the summary has it."""

    row_count: int
    """Charges, overruns and adjustments."""
    charged_nano: int
    """All of them, adjustments by their sign."""
    overrun_nano: int
    adjusted_nano: int
    """What of it are adjustments, up less down."""


@dataclass(frozen=True, slots=True)
class ExportContext:
    """What a writer may want to know besides the rows."""

    selection: Selection
    provenance: Provenance
    """The entries that the rows are."""
    billed: Billed
    """What the rows will add up to; a writer may announce it and must not replace its own sum."""
    made_at: datetime
    """When the export was begun, UTC."""
    gl_mapping: GlMapping | None = None
    """Which account, department and class a row belongs to; None without a mapping file."""
    companions: Companions = field(default_factory=Companions)
    """What else the books say: for formats that want it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer wrote."""

    rows: int
    """Rows, or lines of a journal, or transactions: what `Format.row_noun` says."""
    sum_nano: int
    """What they add up to, before any rounding to cents."""
    notes: tuple[str, ...] = ()
    """Sentences for whoever ran the command, such as what was rounded and by how much."""


Writer: TypeAlias = Callable[[Iterator[ChargeLine], IO[Any], ExportContext], Written]


@dataclass(frozen=True, slots=True)
class Format:
    """One format that charges can be exported in."""

    name: str
    """As the command line has it."""
    module: str
    """Its module in this package."""
    row_noun: str = "charge"
    """What one row is, in the singular."""
    is_text: bool = True
    """Whether it can go to a terminal."""
    function: str = "write"
    wants_mapping: bool = False
    """Whether it reads `ExportContext.gl_mapping`."""
    needs_mapping: bool = False
    """Whether it cannot do without one."""
    wants_companions: bool = False
    """Whether it reads `ExportContext.companions`."""

    def writer(self) -> Writer:
        """Import its module and give the function."""
        found: Writer = getattr(import_module(f"ledger.exports.{self.module}"), self.function)
        return found


def _journal(system: str) -> Format:
    return Format(
        f"journal-{system}",
        f"journal_{system}",
        "journal line",
        wants_mapping=True,
        needs_mapping=True,
    )


FORMATS: Final[Mapping[str, Format]] = {
    one.name: one
    for one in (
        Format("csv", "charge_csv"),
        Format("xlsx", "charge_workbook", is_text=False),
        Format("parquet", "charge_parquet", is_text=False),
        Format("focus-1.2", "focus_1_2", wants_mapping=True, wants_companions=True),
        Format("focus-1.4", "focus_1_4", wants_mapping=True, wants_companions=True),
        _journal("netsuite"),
        _journal("xero"),
        _journal("quickbooks"),
        Format(
            "beancount",
            "beancount_text",
            "transaction",
            wants_mapping=True,
            wants_companions=True,
        ),
    )
}
"""Every format by its name."""
