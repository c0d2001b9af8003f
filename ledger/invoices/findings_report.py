"""What matching a statement found, as a report: a row for each finding, or only what people need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ledger.invoices.statement import Finding, FindingKind, KindSum, Matching
from ledger.reports.report import Cell, Column, ColumnKind, Provenance, Report
from ledger.selection import of_period

ROWS_SHOWN: Final = 200
"""How many findings a table for people has, unless it is asked for all of them."""

REMARKS_SHOWN: Final = 10

_NAME: Final = "reconcile"

IN_WORDS: Final[dict[FindingKind, str]] = {
    FindingKind.MATCHED: "matched",
    FindingKind.PRICE: "price differs",
    FindingKind.ONLY_THEIRS: "only theirs",
    FindingKind.ONLY_OURS: "only ours",
    FindingKind.REFUND: "refund",
    FindingKind.OTHER_PERIOD: "other month",
    FindingKind.UNKNOWN_ATTEMPT: "unknown attempt",
    FindingKind.SETTLED_SINCE: "settled since",
    FindingKind.BILLED_TWICE: "billed twice",
    FindingKind.NO_REF: "names no run",
    FindingKind.ROUNDING: "rounding",
    FindingKind.INVOICE_TOTAL: "invoice total",
    FindingKind.ONLY_HELD: "only held",
}
"""How people read each kind."""

_MONEY: Final = (
    Column("theirs_usd", "theirs", ColumnKind.MONEY),
    Column("ours_usd", "ours", ColumnKind.MONEY),
    Column("difference_usd", "difference", ColumnKind.MONEY),
)
_FOR_PEOPLE: Final = (
    Column("kind", "finding", ColumnKind.TEXT),
    Column("line", "line", ColumnKind.COUNT),
    Column("run", "run", ColumnKind.TEXT),
    *_MONEY,
)
_FOR_PROGRAMS: Final = (
    Column("kind", "finding", ColumnKind.TEXT),
    Column("line", "line", ColumnKind.COUNT),
    Column("line_count", "lines", ColumnKind.COUNT),
    Column("provider_ref", "run", ColumnKind.TEXT),
    Column("model", "model", ColumnKind.TEXT),
    Column("order_id", "order", ColumnKind.TEXT),
    Column("job_id", "job", ColumnKind.TEXT),
    Column("attempt_id", "attempt", ColumnKind.TEXT),
    *_MONEY,
    Column("remark", "remark", ColumnKind.TEXT),
)


def for_people(matching: Matching, provenance: Provenance, *, every_row: bool) -> Report:
    """A narrow table with remarks below; what is matched is one line unless it was kept."""
    findings = matching.findings if every_row else matching.findings[:ROWS_SHOWN]
    rows = [_narrow(one) for one in findings]
    left = len(matching.findings) - len(findings)
    notes = [*matching.notes, *_remarks(findings)]
    if left:
        notes.insert(0, f"{left:,} more findings are not shown: --all shows them, and so does CSV.")
    matched = _folded(matching)
    if matched is not None:
        name, run = IN_WORDS[FindingKind.MATCHED], _runs(matched.count)
        rows.insert(0, (name, None, run, *_amounts(matched.theirs_nano, matched.ours_nano)))
    totals = ("in all", None, None, *_amounts(matching.theirs_nano, matching.ours_nano))
    return _report(matching, provenance, _FOR_PEOPLE, rows, totals, notes)


def for_programs(matching: Matching, provenance: Provenance) -> Report:
    """Every finding with all that is known about it; what is matched is one row unless it was kept."""
    rows = [_wide(one) for one in matching.findings]
    matched = _folded(matching)
    if matched is not None:
        sums = _amounts(matched.theirs_nano, matched.ours_nano)
        none = (None,) * 5
        rows.insert(0, (FindingKind.MATCHED.value, None, None, *none, *sums, _runs(matched.count)))
    sums = _amounts(matching.theirs_nano, matching.ours_nano)
    totals = ("total", None, matching.line_count, *(None,) * 5, *sums, None)
    return _report(matching, provenance, _FOR_PROGRAMS, rows, totals, matching.notes)


def _report(
    matching: Matching,
    provenance: Provenance,
    columns: tuple[Column, ...],
    rows: list[tuple[Cell, ...]],
    totals: tuple[Cell, ...],
    notes: Iterable[str],
) -> Report:
    provider = (("provider", frozenset({matching.provider})),)
    return Report(
        name=_NAME,
        title=f"What {matching.provider} bills beside the books",
        selection=of_period(matching.period, provider),
        columns=columns,
        rows=rows,
        totals=totals,
        notes=tuple(notes),
        provenance=provenance,
    )


def _folded(matching: Matching) -> KindSum | None:
    """What is matched, where it is not among the findings."""
    if any(one.kind is FindingKind.MATCHED for one in matching.findings):
        return None
    found = matching.by_kind.get(FindingKind.MATCHED, KindSum())
    return found if found.count or found.theirs_nano or found.ours_nano else None


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def _amounts(theirs_nano: int, ours_nano: int) -> tuple[int, int, int]:
    return theirs_nano, ours_nano, theirs_nano - ours_nano


def _narrow(one: Finding) -> tuple[Cell, ...]:
    run = one.provider_ref or one.attempt_id or (_lines(one.line_count) if one.line_count else None)
    return (IN_WORDS[one.kind], one.line_number, run, *_amounts(one.theirs_nano, one.ours_nano))


def _lines(count: int) -> str:
    return "no run" if count == 1 else f"{count:,} lines, no run"


def _wide(one: Finding) -> tuple[Cell, ...]:
    return (
        one.kind.value,
        one.line_number,
        one.line_count,
        one.provider_ref,
        one.model,
        one.order_id,
        one.job_id,
        one.attempt_id,
        *_amounts(one.theirs_nano, one.ours_nano),
        one.remark or None,
    )


def _remarks(findings: Iterable[Finding]) -> list[str]:
    """What is to be known about findings, those of one wording together."""
    by_remark: dict[str, list[Finding]] = {}
    for one in findings:
        if one.remark:
            by_remark.setdefault(one.remark, []).append(one)
    told = [_told(remark, ones) for remark, ones in by_remark.items()]
    more = len(told) - REMARKS_SHOWN
    if more > 0:
        told = [*told[:REMARKS_SHOWN], f"{more:,} more remarks are in --format csv."]
    return told


def _told(remark: str, ones: list[Finding]) -> str:
    one = ones[0]
    name = one.provider_ref or (
        f"line {one.line_number}" if one.line_number is not None else one.attempt_id
    )
    more = f" and {len(ones) - 1:,} more" if len(ones) > 1 else ""
    what = f"{IN_WORDS[one.kind]}, {name}{more}" if name else IN_WORDS[one.kind]
    return f"{what[0].upper()}{what[1:]}: {remark}."
