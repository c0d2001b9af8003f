"""Matches a provider's statement with the books, and posts what differs.

Where the lines come from does not matter: from a file (`statement_files`), or from the provider's
own record (`live_statement`). Whoever has them hands them to a `Theirs`, in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from flows.errors import BadSettings
from ledger import Books
from ledger.errors import SelectionRefused, StatementRefused
from ledger.invoices.matching import Asked
from ledger.invoices.statement import FindingKind, Invoice, Matching, Posted
from ledger.invoices.theirs import Theirs
from ledger.selection import Selection, of_period


@dataclass(frozen=True, slots=True)
class StatementWish:
    """Which statement it is, and how it is to be looked at."""

    provider: str
    period: str
    """YYYY-MM."""
    source: Literal["file", "live"] = "file"
    invoice_id: str | None = None
    total_nano: int | None = None
    """The invoice's own total, where somebody said it."""
    keep_matched: bool = False


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A statement beside the books."""

    invoice: Invoice
    matching: Matching
    is_whole: bool = True
    """Whether the lines are all that the provider bills; if not, they cannot be posted."""

    @property
    def selection(self) -> Selection:
        """The provider's entries of the period."""
        provider = frozenset({self.invoice.provider})
        return of_period(self.invoice.period, [("provider", provider)])

    @property
    def differences(self) -> int:
        """How many findings differ."""
        return sum(bool(one.difference_nano) for one in self.matching.findings)

    @property
    def to_post(self) -> int:
        """How many findings posting would do something about."""
        since = self.matching.by_kind.get(FindingKind.SETTLED_SINCE)
        return self.differences + (0 if since is None else since.count)


def reconcile(
    books: Books,
    wish: StatementWish,
    theirs: Theirs,
    *,
    sha256: str | None = None,
    notes: Sequence[str] = (),
    is_whole: bool = True,
) -> Reconciliation:
    """Match lines with the books; nothing is written.

    `sha256` is of the file, without which the lines have one of their own; `notes` are what the
    reader of the lines has to tell.

    Raises:
        BadSettings: the period is none.
    """
    digest = theirs.lines_sha256 if sha256 is None else sha256
    asked = Asked(
        wish.provider,
        wish.period,
        sha256=digest,
        total_nano=wish.total_nano,
        keep_matched=wish.keep_matched,
    )
    try:
        matching = books.match_statement(asked, theirs)
    except SelectionRefused as error:
        raise BadSettings(f"{error}.") from error
    invoice = Invoice(wish.provider, wish.period, wish.source, digest, wish.invoice_id)
    told = [*notes, *matching.notes]
    if books.today().startswith(wish.period):
        told.append(f"{wish.period} is not over: what is charged from now on is in no line yet.")
    return Reconciliation(invoice, replace(matching, notes=tuple(told)), is_whole)


def post(books: Books, found: Reconciliation, *, by: str, because: str) -> Posted:
    """Post what differs, in one transaction; see `Desk.post_statement`.

    Raises:
        BadSettings: the statement is refused as it is.
        BooksBusy: the books have changed since they were matched.
    """
    if not found.is_whole:
        raise BadSettings(
            "Not every run could be priced, so the lines are not all that is billed: post the "
            "provider's invoice from a file."
        )
    try:
        with books.transaction() as desk:
            return desk.post_statement(found.invoice, found.matching, by=by, because=because)
    except StatementRefused as error:
        text = str(error)
        raise BadSettings(f"{text[0].upper()}{text[1:]}.") from error
