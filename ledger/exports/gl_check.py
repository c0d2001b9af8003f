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

_KEYS: Final = (
    ("cost_center", "cost centre"),
    ("campaign", "campaign"),
    ("model", "model"),
)
_CODING: Final = (
    ("account", "account"),
    ("department", "department"),
    ("class", "class"),
    ("location", "location"),
    ("by_line", "by line"),
)
_LAST: Final = 1_000_000
"""After every line."""

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
    mapping: GlMapping,
    rows: Iterable[SummaryRow],
    selection: Selection,
    provenance: Provenance,
    *,
    each: bool = False,
) -> GlCheck:
    """Code every combination of `rows`, a summary by `BY`.

    The report has a row for each account, department, class and location that charges are coded
    as; with `each` for each combination.
    """
    coded = [
        (subject, row.charged_nano, mapping.mapped(subject))
        for row in rows
        if (subject := _subject(row)) is not None
    ]
    subjects = [subject for subject, _, _ in coded]
    return GlCheck(
        _report(coded, selection, provenance, each=each),
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
    coded: Sequence[tuple[Subject, int, Mapped]],
    selection: Selection,
    provenance: Provenance,
    *,
    each: bool,
) -> Report:
    texts = (*_KEYS, *_CODING) if each else _CODING
    sums: dict[tuple[str | None, ...], list[int]] = {}
    decided: dict[tuple[str | None, ...], set[tuple[int, str]]] = {}
    for subject, charged_nano, mapped in coded:
        keys = (*_named(subject), *_coding(mapped)) if each else _coding(mapped)
        of_keys = sums.setdefault(keys, [0, 0])
        of_keys[0] += 1
        of_keys[1] += charged_nano
        decided.setdefault(keys, set()).update(_deciding(subject, mapped))
    told = {
        (*keys, ", ".join(word for _, word in sorted(decided[keys]))): amounts
        for keys, amounts in sorted(sums.items(), key=lambda item: [key or "" for key in item[0]])
    }
    kept = [
        position
        for position, (name, _) in enumerate(texts)
        if name not in _DROPPED_WHEN_EMPTY or any(keys[position] for keys in told)
    ]
    made: list[tuple[Cell, ...]] = [
        (*(keys[position] for position in kept), *amounts) for keys, amounts in told.items()
    ]
    totals = [sum(amounts[position] for amounts in sums.values()) for position in (0, 1)]
    return Report(
        name="gl-mapping",
        title="How charges are coded",
        selection=selection,
        columns=(
            *(Column(*texts[position], ColumnKind.TEXT) for position in kept),
            Column("combinations", "kinds of charge", ColumnKind.COUNT),
            Column("charged_usd", "charged", ColumnKind.MONEY),
        ),
        rows=made,
        totals=("in all", *(None for _ in kept[1:]), *totals),
        notes=(),
        provenance=provenance,
    )


def _named(subject: Subject) -> tuple[str | None, ...]:
    if subject.cost_center is None:
        return f"of no job, {subject.provider}", None, None
    return subject.cost_center, subject.campaign, subject.model


def _deciding(subject: Subject, mapped: Mapped) -> set[tuple[int, str]]:
    """Say which lines of the file have decided, each with its place in a list of them."""
    if subject.cost_center is None:
        return {(0, "variance")}
    said = {(line, str(line)) for line in mapped.lines}
    if mapped.coding.account is None:
        said.add((_LAST, "no account"))
    elif mapped.by_default:
        said.add((_LAST, "default"))
    return said


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
    idle = [str(rule.line) for rule in rules if not any(rule.fits(subject) for subject in subjects)]
    if not idle:
        return []
    one = len(idle) == 1
    return [
        (
            f"The rule{'' if one else 's'} of line{'' if one else 's'} {', '.join(idle)} "
            f"fit{'s' if one else ''} nothing that is selected."
        )
    ]
