"""A provider's statement as values: its lines, and what matching them with the books found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ledger.kinds import AdjustmentReason

LINES_MAX: Final = 2_000_000
"""The most lines that one statement may have."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of what a provider bills, or gives back."""

    line_number: int
    """In the file, from 1; where there is no file, in the list."""
    provider_ref: str | None
    """What the provider calls the run; None where the line is about none, such as a credit."""
    amount_nano: int
    """In nano-USD; below zero where money comes back."""
    model: str | None = None
    at: datetime | None = None
    status: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is said about a statement as a whole."""

    provider: str
    period: str
    """The month that it is for, YYYY-MM."""
    source: str
    """file or live."""
    sha256: str
    """Of the file, or of the lines where there is no file."""
    invoice_id: str | None = None


class FindingKind(StrEnum):
    """What a line of the statement, or a charge of the books, was found to be."""

    MATCHED = "matched"
    """Both have it, at the same amount."""
    PRICE = "price_differs"
    """Both have it, at different amounts."""
    ONLY_THEIRS = "only_theirs"
    """The provider bills it and the books do not have it."""
    ONLY_OURS = "only_ours"
    """The books charged it and the provider does not bill it."""
    REFUND = "refund"
    """The provider gives money back."""
    OTHER_PERIOD = "other_period"
    """The provider bills it in another month than the books charged it in."""
    UNKNOWN_ATTEMPT = "unknown_attempt"
    """The provider bills it, and it is, or may be, an attempt whose end the books do not know."""
    SETTLED_SINCE = "settled_since"
    """Posted before its attempt was settled; no difference, but its job can be named now."""
    BILLED_TWICE = "billed_twice"
    """The provider bills one run twice."""
    NO_REF = "no_ref"
    """A line that names no run, such as a fee."""
    ROUNDING = "rounding"
    """The invoice's total is its lines' sum but for rounding."""
    INVOICE_TOTAL = "invoice_total"
    """The invoice's total is another than its lines' sum, by more than rounding."""
    ONLY_HELD = "only_held"
    """Held in the month for an attempt that the provider does not bill: no difference, no charge."""


REASONS: Mapping[FindingKind, AdjustmentReason] = {
    FindingKind.PRICE: AdjustmentReason.PRICE,
    FindingKind.ONLY_THEIRS: AdjustmentReason.ONLY_THEIRS,
    FindingKind.ONLY_OURS: AdjustmentReason.ONLY_OURS,
    FindingKind.REFUND: AdjustmentReason.REFUND,
    FindingKind.OTHER_PERIOD: AdjustmentReason.OTHER_PERIOD,
    FindingKind.UNKNOWN_ATTEMPT: AdjustmentReason.ONLY_THEIRS,
    FindingKind.SETTLED_SINCE: AdjustmentReason.ONLY_THEIRS,
    FindingKind.BILLED_TWICE: AdjustmentReason.ONLY_THEIRS,
    FindingKind.NO_REF: AdjustmentReason.ONLY_THEIRS,
    FindingKind.ROUNDING: AdjustmentReason.ROUNDING,
    FindingKind.INVOICE_TOTAL: AdjustmentReason.INVOICE,
}
"""What the books are told when a finding is posted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One run, or one line without a run, and what both sides have of it in the period."""

    kind: FindingKind
    theirs_nano: int
    """All lines of it."""
    ours_nano: int
    """Charges, overruns and adjustments of it."""
    provider_ref: str | None = None
    line_number: int | None = None
    """Its first line in the statement; None where the statement has none."""
    line_count: int = 0
    model: str | None = None
    attempt_id: str | None = None
    job_id: str | None = None
    order_id: str | None = None
    remark: str = ""
    """What is to be known or done about it, in a sentence; may be empty."""

    @property
    def difference_nano(self) -> int:
        """What the books have to be moved by to have what the provider bills."""
        return self.theirs_nano - self.ours_nano


@dataclass(frozen=True, slots=True)
class KindSum:
    """How many findings of one kind there are, and what they come to."""

    count: int = 0
    theirs_nano: int = 0
    ours_nano: int = 0

    @property
    def difference_nano(self) -> int:
        """Theirs less ours."""
        return self.theirs_nano - self.ours_nano


@dataclass(frozen=True, slots=True)
class Matching:
    """A statement beside the books as they were at one moment."""

    provider: str
    period: str
    line_count: int
    theirs_nano: int
    """What the provider bills: the invoice's total where it was said, else the sum of the lines."""
    ours_nano: int
    """What the books charged in the period, adjustments for it included."""
    findings: tuple[Finding, ...]
    """What is not matched, and what is where that was asked for; by kind, then by run."""
    by_kind: Mapping[FindingKind, KindSum]
    """Every kind that was found, the matched ones included."""
    last_number: int = 0
    """The number of the newest statement that was posted for the period; 0 without any."""
    lines_sha256: str = ""
    """A digest of the lines that does not hang on their order."""
    total_is_said: bool = False
    """Whether the invoice's own total was told."""
    notes: tuple[str, ...] = ()

    @property
    def matched_count(self) -> int:
        """How many runs both sides have at the same amount."""
        return self.by_kind.get(FindingKind.MATCHED, KindSum()).count

    @property
    def difference_nano(self) -> int:
        """Theirs less ours."""
        return self.theirs_nano - self.ours_nano

    @property
    def agrees(self) -> bool:
        """Whether nothing differs, run by run."""
        return not any(one.difference_nano for one in self.findings)


@dataclass(frozen=True, slots=True)
class Posted:
    """What posting a statement did."""

    number: int
    """The statement's number among those of its provider and period."""
    entry_count: int
    amount_nano: int
    """What the entries come to: up less down, those in other periods included."""
    again: bool = False
    """It had been posted before, and there was nothing left to post."""
    moved_to: str | None = None
    """The period that the entries went to because the statement's is closed."""
