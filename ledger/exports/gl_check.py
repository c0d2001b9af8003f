"""How a mapping file codes what is in the books: every combination, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.exports.gl_mapping import GlMapping, Mapped, Rule, Subject
from ledger.reports.report import Cell, Column, ColumnKind, Provenance, Report
from ledger.selection import Selection
from ledger.views import SummaryRow

BY: Final = ("provider", "cost_center", "campaign", "model")
"""The dimensions of the summary that a report is made of."""

_TEXTS: Final = (
    ("cost_center", "cost centre"),
    ("campaign", "campaign"),
    ("model", "model"),
    ("account", "account"),
    ("department", "dept."),
    ("class", "class"),
    ("location", "location"),
    ("decided_by", "by line"),
)
_DROPPED_WHEN_EMPTY: Final = frozenset({"department", "class", "location"})


@dataclass(frozen=True, slots=True)
class GlCheck:
    """How the books are coded, and what an export would refuse."""

    report: Report
    problems: tuple[str, ...]
    """Sentences about what no journal can be made of."""
    remarks: tuple[str, ...]
    """Sentences about what may be meant otherwise."""


def check_mapping(
    mapping: GlMapping, rows: Iterable[SummaryRow], selection: Selection, provenance: Provenance
) -> GlCheck:
    """Code every combination of `rows`, a summary by `BY`."""
    coded = [
        (subject, row.charged_nano, mapping.mapped(subject))
        for row in rows
        if (subject := _subject(row)) is not None
    ]
    subjects = [subject for subject, _, _ in coded]
    return GlCheck(
        _report(coded, selection, provenance),
        (*_unmapped(coded), *_unpayable(mapping, subjects)),
        (*_by_default(coded), *_idle(mapping.rules, subjects)),
    )


def _subject(row: SummaryRow) -> Subject | None:
    """Give what is coded of a row; None for a cap, which is no charge."""
    provider, cost_center, campaign, model = row.keys
    if provider is None or (cost_center is None and not row.charged_nano):
        return None
    return Subject(cost_center, campaign, model, provider)


def _report(
    coded: Sequence[tuple[Subject, int, Mapped]], selection: Selection, provenance: Provenance
) -> Report:
    rows = [(_cells(subject, mapped), charged_nano) for subject, charged_nano, mapped in coded]
    kept = [
        position
        for position, (name, _) in enumerate(_TEXTS)
        if name not in _DROPPED_WHEN_EMPTY or any(cells[position] for cells, _ in rows)
    ]
    columns = tuple(Column(*_TEXTS[position], ColumnKind.TEXT) for position in kept)
    money = Column("charged_usd", "charged", ColumnKind.MONEY)
    made: list[tuple[Cell, ...]] = [
        (*(cells[position] for position in kept), charged_nano) for cells, charged_nano in rows
    ]
    total = sum(charged_nano for _, charged_nano in rows)
    return Report(
        name="gl-mapping",
        title="How charges are coded",
        selection=selection,
        columns=(*columns, money),
        rows=made,
        totals=("in all", *(None for _ in kept[1:]), total),
        notes=(),
        provenance=provenance,
    )


def _cells(subject: Subject, mapped: Mapped) -> tuple[str | None, ...]:
    coding = mapped.coding
    if subject.cost_center is None:
        return (f"of no job, {subject.provider}", None, None, *_coding(mapped), "variance")
    said = [str(line) for line in mapped.lines]
    if mapped.by_default and coding.account is not None:
        said.append("default")
    decided = ", ".join(said) or "nothing"
    return (subject.cost_center, subject.campaign, subject.model, *_coding(mapped), decided)


def _coding(mapped: Mapped) -> tuple[str | None, ...]:
    coding = mapped.coding
    return coding.account, coding.department, coding.class_name, coding.location


def _unmapped(coded: Sequence[tuple[Subject, int, Mapped]]) -> list[str]:
    return [
        f"No account for cost centre {subject.cost_center}, campaign {subject.campaign}, model "
        f"{subject.model}: add a rule, or a default."
        for subject, _, mapped in coded
        if mapped.coding.account is None
    ]


def _unpayable(mapping: GlMapping, subjects: Iterable[Subject]) -> list[str]:
    missing = sorted({subject.provider for subject in subjects} - set(mapping.payables))
    return [
        f"No account for what {provider} is owed: add `{provider}` under `payable`."
        for provider in missing
    ]


def _by_default(coded: Sequence[tuple[Subject, int, Mapped]]) -> list[str]:
    found = sorted(
        {
            str(subject.cost_center)
            for subject, _, mapped in coded
            if mapped.by_default and mapped.coding.account is not None
        }
    )
    if not found:
        return []
    return [f"The default decides the account of charges of {', '.join(found)}."]


def _idle(rules: Iterable[Rule], subjects: Sequence[Subject]) -> list[str]:
    return [
        f"The rule of line {rule.line} fits nothing that is selected."
        for rule in rules
        if not any(rule.fits(subject) for subject in subjects)
    ]
