"""Which account, department, class and location of the general ledger a charge belongs to.

A mapping is what finance wrote in its file, read by `flows.gl_file`. Rules are tried from the top.
A rule that fits a charge decides whatever it sets, and leaves the rest to the rules below it and to
the default; so cost centres may decide departments while models decide accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final, NamedTuple

DIMENSIONS: Final = ("cost_center", "campaign", "model", "provider")
"""What a rule may ask for."""

ANY_END: Final = "*"
"""At the end of a value: whatever begins like this."""


class Subject(NamedTuple):
    """What rules look at. Without a cost centre it is an adjustment that is nobody's."""

    cost_center: str | None
    campaign: str | None
    model: str | None
    provider: str


@dataclass(frozen=True, slots=True)
class Coding:
    """Where in the general ledger; None where nothing is said."""

    account: str | None = None
    department: str | None = None
    class_name: str | None = None
    location: str | None = None

    def filled_from(self, other: Coding) -> Coding:
        """Take from another what is not said here."""
        return Coding(*(getattr(self, name) or getattr(other, name) for name in CODING_FIELDS))

    @property
    def said(self) -> tuple[str, ...]:
        """The names of what is said."""
        return tuple(name for name in CODING_FIELDS if getattr(self, name) is not None)


CODING_FIELDS: Final = tuple(one.name for one in fields(Coding))


@dataclass(frozen=True, slots=True)
class Rule:
    """What charges of some values are coded as; every dimension that is named must fit."""

    when: tuple[tuple[str, tuple[str, ...]], ...]
    """Pairs of a dimension and the values that fit; a value may end with `ANY_END`."""
    then: Coding
    line: int | None = None
    """Where it stands in the file."""

    def fits(self, subject: Subject) -> bool:
        """Whether the rule is about a charge."""
        return all(
            any(_fits(value, getattr(subject, dimension)) for value in values)
            for dimension, values in self.when
        )

    def covers(self, other: Rule) -> bool:
        """Whether it fits everything that another rule fits."""
        theirs = dict(other.when)
        return all(
            dimension in theirs
            and all(any(_covers(wide, narrow) for wide in values) for narrow in theirs[dimension])
            for dimension, values in self.when
        )


def _fits(pattern: str, value: str | None) -> bool:
    if value is None:
        return False
    if pattern.endswith(ANY_END):
        return value.startswith(pattern[:-1])
    return value == pattern


def _covers(wide: str, narrow: str) -> bool:
    if narrow.endswith(ANY_END):
        return wide.endswith(ANY_END) and narrow.startswith(wide[:-1])
    return _fits(wide, narrow)


@dataclass(frozen=True, slots=True)
class Payable:
    """Where what is owed to a provider stands."""

    coding: Coding
    vendor: str | None = None
    """The provider's name as a vendor of the accounting system."""
    billing_account: str | None = None
    """The number under which the provider bills."""


@dataclass(frozen=True, slots=True)
class JournalStyle:
    """How the accounting system wants its files."""

    netsuite_subsidiary: str | None = None
    netsuite_dates: str = "MM/DD/YYYY"
    quickbooks_dates: str = "MM/DD/YYYY"
    xero_tax_rate: str = "Tax Exempt"
    xero_tracking: tuple[tuple[str, str], ...] = (
        ("department", "Department"),
        ("class_name", "Class"),
    )
    """At most two pairs of a field of `Coding` and the name of a tracking category."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """How one charge is coded, and by what."""

    coding: Coding
    lines: tuple[int, ...]
    """The lines of the rules that decided something."""
    by_default: bool
    """Whether its account is the default's."""


@dataclass(frozen=True, slots=True)
class GlMapping:
    """A whole mapping file."""

    source: str
    """Where it was read, for messages."""
    rules: Sequence[Rule]
    default: Coding
    """For what no rule decides; it may say nothing."""
    payables: Mapping[str, Payable]
    """By provider."""
    variance: Coding
    """For adjustments that belong to no job."""
    rounding: Coding
    accrual: Coding | None = None
    """For what is held and not billed yet at a period's end."""
    style: JournalStyle = field(default_factory=JournalStyle)

    def mapped(self, subject: Subject) -> Mapped:
        """Say how a charge is coded; its account is None where nothing says one."""
        if subject.cost_center is None:
            return Mapped(self.variance.filled_from(self.default), (), by_default=False)
        coding = Coding()
        lines = []
        for rule in self.rules:
            if rule.fits(subject):
                filled = coding.filled_from(rule.then)
                if filled != coding and rule.line is not None:
                    lines.append(rule.line)
                coding = filled
        return Mapped(
            coding.filled_from(self.default), tuple(lines), by_default=coding.account is None
        )

    def vendor(self, provider: str) -> str | None:
        """Name a provider as the accounting system knows it, where the file says how."""
        payable = self.payables.get(provider)
        return None if payable is None else payable.vendor


def dead_settings(rules: Sequence[Rule]) -> Iterator[tuple[int, str, int]]:
    """Find what can never apply: (position of the rule, what it sets, position of the one above).

    A rule above that fits everything that this one fits, and sets the same, has always decided.
    """
    for position, rule in enumerate(rules):
        for name in rule.then.said:
            for above, earlier in enumerate(rules[:position]):
                if name in earlier.then.said and earlier.covers(rule):
                    yield position, name, above
                    break
