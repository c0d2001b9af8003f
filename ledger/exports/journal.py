"""Journals for a general ledger: what a provider is owed for a period, in whole cents.

Nano-dollars are summed up first, by account, department, class and location, and each sum is
rounded once, half-even. What the provider is owed is the sum of all nano-dollars, rounded once,
half-even: what an invoice says. Where the rounded lines do not come to that, a line of its own
makes up the difference and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from ledger.errors import ExportRefused
from ledger.exports.charge_line import ChargeLine
from ledger.exports.gl_mapping import Coding, GlMapping, Subject
from ledger.money import NANO, plain, usd
from ledger.selection import Selection, days_of_period

CENT_NANO: Final = NANO // 100
_ID_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)


class LineRole(StrEnum):
    """What a line of a journal is for."""

    COST = "cost"
    """What was charged to an account."""
    ROUNDING = "rounding"
    """What rounding each cost to cents has added or lost."""
    PAYABLE = "payable"
    """What the provider is owed."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line: a debit where the amount is above zero, a credit where it is below."""

    role: LineRole
    coding: Coding
    amount_cents: int
    memo: str
    vendor: str | None = None
    """Whom a payable is owed to."""


class Cost(NamedTuple):
    """What is charged to one place of the general ledger, before it is rounded."""

    coding: Coding
    amount_nano: int
    memo: str


@dataclass(frozen=True, slots=True)
class Journal:
    """What one provider is owed for one period. Its lines come to zero, and none of them is zero.

    It has no lines where nothing comes to a cent.
    """

    external_id: str
    day: date
    period: str
    provider: str
    memo: str
    lines: tuple[JournalLine, ...]
    exact_nano: int
    """What the charges come to before rounding."""
    owed_cents: int

    @property
    def rounding_cents(self) -> int:
        """What the rounding line has, or zero."""
        return sum(line.amount_cents for line in self.lines if line.role is LineRole.ROUNDING)


@dataclass(slots=True)
class _Sum:
    amount_nano: int = 0
    charges: int = 0
    adjustments: int = 0

    @property
    def counted(self) -> str:
        counts = ((self.charges, "charge"), (self.adjustments, "adjustment"))
        return ", ".join(
            f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts if count
        )


@dataclass(slots=True)
class ChargeSums:
    """Charges added up as they come, by what a mapping may look at."""

    sums: dict[tuple[str, Subject], _Sum] = field(default_factory=dict)
    """By period and subject."""
    total_nano: int = 0

    def add(self, line: ChargeLine) -> None:
        """Add one charge."""
        subject = Subject(line.cost_center, line.campaign, line.model, line.provider)
        if line.cost_center is None:
            subject = Subject(None, None, None, line.provider)
        found = self.sums.setdefault((line.period, subject), _Sum())
        found.amount_nano += line.amount_nano
        if line.kind.startswith("adjust"):
            found.adjustments += 1
        else:
            found.charges += 1
        self.total_nano += line.amount_nano

    def subjects(self) -> set[Subject]:
        """What a mapping has to say something about."""
        return {subject for _, subject in self.sums}


def rounded_cents(amount_nano: int) -> int:
    """Round nano-dollars to cents, half-even."""
    cents, rest = divmod(amount_nano, CENT_NANO)
    half = CENT_NANO // 2
    if rest > half or (rest == half and cents % 2):
        cents += 1
    return cents


def cents_text(cents: int) -> str:
    """Write cents as dollars: 12.05, -0.30."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def make_journals(charges: ChargeSums, mapping: GlMapping, selection: Selection) -> list[Journal]:
    """Make one journal for each period and provider.

    Raises:
        ExportRefused: the mapping has no account for some of the charges.
    """
    refuse_unmapped(charges.subjects(), mapping)
    groups: dict[tuple[str, str], dict[Coding, _Sum]] = {}
    for (period, subject), one in sorted(charges.sums.items(), key=_sortable):
        coding = mapping.mapped(subject).coding
        of_group = groups.setdefault((period, subject.provider), {})
        into = of_group.setdefault(coding, _Sum())
        into.amount_nano += one.amount_nano
        into.charges += one.charges
        into.adjustments += one.adjustments
    return [
        _journal(period, provider, sums, mapping, selection)
        for (period, provider), sums in groups.items()
    ]


def _sortable(item: tuple[tuple[str, Subject], _Sum]) -> tuple[str, ...]:
    (period, subject), _ = item
    return (period, subject.provider, *(value or "" for value in subject))


def refuse_unmapped(subjects: Iterable[Subject], mapping: GlMapping) -> None:
    """Insist that there is an account for all that is owed and to whom. Raises ExportRefused."""
    missing = sorted(
        f"cost centre {subject.cost_center}, campaign {subject.campaign}, model {subject.model}"
        for subject in subjects
        if mapping.mapped(subject).coding.account is None
    )
    unpayable = sorted({one.provider for one in subjects} - set(mapping.payables))
    if unpayable:
        raise ExportRefused(
            f"{mapping.source} names no payable account for {', '.join(unpayable)}: "
            f"add `{unpayable[0]}` under `payable`"
        )
    if missing:
        more = "" if len(missing) == 1 else f", and for {len(missing) - 1:,} more"
        raise ExportRefused(
            f"{mapping.source} has no account for {missing[0]}{more}: add a rule or a default; "
            "`mintage ledger gl check` lists what is missing"
        )


def _journal(
    period: str,
    provider: str,
    sums: dict[Coding, _Sum],
    mapping: GlMapping,
    selection: Selection,
) -> Journal:
    payable = mapping.payables[provider]
    vendor = payable.vendor or provider
    about = f"Mintage {provider} {period}"
    costs = [Cost(coding, one.amount_nano, one.counted) for coding, one in sums.items()]
    against = JournalLine(LineRole.PAYABLE, payable.coding, 0, f"owed to {vendor}", vendor)
    external_id, day = identity(period, provider, selection)
    exact_nano = sum(cost.amount_nano for cost in costs)
    return Journal(
        external_id=external_id,
        day=day,
        period=period,
        provider=provider,
        memo=f"{about} ({external_id})",
        lines=balanced(about, costs, against, mapping),
        exact_nano=exact_nano,
        owed_cents=rounded_cents(exact_nano),
    )


def balanced(
    about: str, costs: Iterable[Cost], against: JournalLine, mapping: GlMapping
) -> tuple[JournalLine, ...]:
    """Make lines of costs, rounded, with the line that they stand against, and what rounding wants.

    `against` comes without an amount; its memo says what it is.
    """
    costs = list(costs)
    exact_nano = sum(cost.amount_nano for cost in costs)
    owed_cents = rounded_cents(exact_nano)
    exact = plain(usd(exact_nano))
    lines = [
        JournalLine(
            LineRole.COST, cost.coding, rounded_cents(cost.amount_nano), f"{about}: {cost.memo}"
        )
        for cost in costs
    ]
    costs_cents = sum(line.amount_cents for line in lines)
    if costs_cents != owed_cents:
        memo = (
            f"{about}: rounding; the lines rounded to cents come to {cents_text(costs_cents)}, "
            f"the exact sum {exact} USD to {cents_text(owed_cents)}"
        )
        coding = mapping.rounding.filled_from(mapping.default)
        lines.append(JournalLine(LineRole.ROUNDING, coding, owed_cents - costs_cents, memo))
    memo = f"{about}: {against.memo}; exactly {exact} USD"
    lines.append(replace(against, amount_cents=-owed_cents, memo=memo))
    return tuple(line for line in lines if line.amount_cents)


def identity(period: str, provider: str, selection: Selection) -> tuple[str, date]:
    """Name a journal, the same each time that the same is exported, and give its day.

    A whole period of a provider has one name, however it was selected; a part of it has another,
    so that neither can overwrite the other in the accounting system.
    """
    first, last = days_of_period(period)
    since = max(first, selection.first_day or first)
    until = min(last, selection.last_day or last)
    filters = filters_of(selection.where)
    external_id = f"MINTAGE-{period}-{plain_name(provider)}"
    if filters or (since, until) != (first, last):
        external_id += f"-{digest(repr((since.isoformat(), until.isoformat(), filters)))}"
    return external_id, until


def filters_of(
    where: Iterable[tuple[str, frozenset[str]]],
) -> list[tuple[str, list[str]]]:
    """Give the filters that leave out a part of a provider's charges."""
    return [(name, sorted(values)) for name, values in where if name != "provider"]


def plain_name(provider: str) -> str:
    """Write a provider's name with what every accounting system takes in an id."""
    if _ID_PLAIN.fullmatch(provider):
        return provider
    kept = re.sub(r"[^A-Za-z0-9]+", "-", provider)[:20].strip("-")
    return f"{kept}-{digest(provider)}".lstrip("-")


def digest(text: str) -> str:
    """Give eight letters and digits that stand for a text."""
    return f"x{hashlib.sha256(text.encode()).hexdigest()[:7]}"


def journal_notes(journals: Sequence[Journal]) -> tuple[str, ...]:
    """Say of each journal what it comes to and what was rounded."""
    notes = [_note(journal) for journal in journals]
    exact_nano = sum(journal.exact_nano for journal in journals)
    together_cents = sum(journal.owed_cents for journal in journals)
    if together_cents != rounded_cents(exact_nano):
        notes.append(
            f"Each journal is rounded by itself, as each invoice is: together they come to "
            f"{cents_text(together_cents)}, and the exact sum, {plain(usd(exact_nano))}, would be "
            f"{cents_text(rounded_cents(exact_nano))}."
        )
    return tuple(notes)


def _note(journal: Journal) -> str:
    exact = plain(usd(journal.exact_nano))
    if not journal.lines:
        return f"{journal.external_id}: {exact} USD is less than a cent on every line: no journal."
    rounding = journal.rounding_cents
    rounded = f"a rounding line of {cents_text(rounding)}" if rounding else "no rounding line"
    return (
        f"{journal.external_id}: exactly {exact} USD, in cents {cents_text(journal.owed_cents)}; "
        f"{rounded}."
    )
