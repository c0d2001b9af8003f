"""Journals for what was held and not billed when a period ended, and their reversals.

Each provider has two: one on the last day, costs against the accrual account, and one on the day
after that takes all of it back, so that the bill itself can be booked whole when it comes. Whether
an accounting system reverses by itself does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from ledger.errors import ExportRefused
from ledger.exports.gl_mapping import Coding, GlMapping, Subject
from ledger.exports.journal import (
    Cost,
    Journal,
    JournalLine,
    LineRole,
    balanced,
    digest,
    filters_of,
    plain_name,
    refuse_unmapped,
    rounded_cents,
)
from ledger.reports.report import Report

BY: Final = ("provider", "cost_center", "campaign", "model")
"""What the report of accruals has to be by."""


@dataclass(frozen=True, slots=True)
class Accrued:
    """What is held for one subject."""

    subject: Subject
    amount_nano: int
    holds: int


def accrued_of(report: Report) -> tuple[date, list[Accrued]]:
    """Read the report of accruals by `BY`: the day that it is of, and what was held then."""
    names = [column.name for column in report.columns]
    totals: Any = report.totals
    rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in report.rows]
    return totals[names.index("accrued_on")], [
        Accrued(
            Subject(row["cost_center"], row["campaign"], row["model"], row["provider"]),
            row["accrued_usd"],
            row["holds"],
        )
        for row in rows
    ]


def make_accruals(
    accrued: Iterable[Accrued],
    day: date,
    mapping: GlMapping,
    where: Iterable[tuple[str, frozenset[str]]],
) -> list[Journal]:
    """Make two journals for each provider: of the day, and the reversal of the day after.

    Raises:
        ExportRefused: the mapping has no accrual account, or not one for everything.
    """
    if mapping.accrual is None:
        raise ExportRefused(
            f'{mapping.source} names no accrual account: add `accrual: "2150"` with yours'
        )
    accrued = [one for one in accrued if one.amount_nano]
    refuse_unmapped([one.subject for one in accrued], mapping)
    journals = []
    for provider in sorted({one.subject.provider for one in accrued}):
        of_provider = [one for one in accrued if one.subject.provider == provider]
        journal = _journal(provider, of_provider, day, mapping, tuple(where))
        journals += [journal, _reversal(journal)]
    return journals


def _journal(
    provider: str,
    accrued: list[Accrued],
    day: date,
    mapping: GlMapping,
    where: tuple[tuple[str, frozenset[str]], ...],
) -> Journal:
    assert mapping.accrual is not None  # noqa: S101  whoever calls has looked
    sums: dict[Coding, tuple[int, int]] = {}
    for one in accrued:
        coding = mapping.mapped(one.subject).coding
        nano, holds = sums.get(coding, (0, 0))
        sums[coding] = nano + one.amount_nano, holds + one.holds
    costs = [
        Cost(coding, nano, f"{holds:,} hold{'' if holds == 1 else 's'}")
        for coding, (nano, holds) in sums.items()
    ]
    against = JournalLine(
        LineRole.PAYABLE, mapping.accrual.filled_from(mapping.default), 0, "accrued, not billed yet"
    )
    about = f"Mintage {provider} accrual {day}"
    exact_nano = sum(cost.amount_nano for cost in costs)
    filters = filters_of(where)
    part = f"-{digest(repr(filters))}" if filters else ""
    external_id = f"MINTAGE-{day}-{plain_name(provider)}{part}-ACC"
    return Journal(
        external_id=external_id,
        day=day,
        period=day.strftime("%Y-%m"),
        provider=provider,
        memo=f"{about} ({external_id})",
        lines=balanced(about, costs, against, mapping),
        exact_nano=exact_nano,
        owed_cents=rounded_cents(exact_nano),
    )


def _reversal(journal: Journal) -> Journal:
    external_id = journal.external_id.removesuffix("ACC") + "REV"
    day = journal.day + timedelta(days=1)
    return replace(
        journal,
        external_id=external_id,
        day=day,
        period=day.strftime("%Y-%m"),
        memo=f"Mintage {journal.provider} reversal of accrual {journal.day} ({external_id})",
        lines=tuple(
            replace(line, amount_cents=-line.amount_cents, memo=f"Reversal: {line.memo}")
            for line in journal.lines
        ),
        exact_nano=-journal.exact_nano,
        owed_cents=-journal.owed_cents,
    )
