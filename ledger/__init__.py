"""The books: money, budgets, holds, charges, and the record of every order, job and verdict.

`Books.open` opens them, `Books.transaction` gives a `Desk` to write at, and every other method of
`Books` reads. Names that need the database library are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.errors import (
    AlreadySettled,
    BooksBehind,
    BooksBusy,
    BooksNewer,
    BooksUnavailable,
    BrokenPromise,
    CapRefused,
    CapTooLow,
    DecisionRefused,
    LeaseLost,
    LedgerError,
    MoneyError,
    OrderChanged,
    ReviewedBefore,
    ReviewRefused,
    RunKnown,
    UnknownAttempt,
    UnknownJob,
    UnknownOrder,
    WrongState,
)
from ledger.kinds import DecisionKind, MendKind, ReviewDecision, Scope, VerdictSeverity
from ledger.money import NANO, charge_nano, format_usd, hold_nano, parse_usd, plain, usd
from ledger.records import (
    Admit,
    AttemptState,
    BuiltSettlement,
    Decision,
    FailedSettlement,
    HeldBy,
    HoldDecision,
    HoldRequest,
    Inspection,
    JobMove,
    JobRecord,
    JobState,
    Lease,
    MendRecord,
    OrderRecord,
    OrderState,
    PriceLine,
    Quoted,
    Refuse,
    ReleaseRecord,
    Review,
    Settled,
    Settlement,
    Stopped,
    UnknownSettlement,
    VerdictRecord,
    Wait,
)
from ledger.views import (
    AttemptStory,
    BudgetView,
    CapRule,
    ChargeRow,
    EntryView,
    JobStory,
    JobView,
    LostAttempt,
    MendView,
    OrderView,
    PictureHash,
    Proof,
    ReleasedView,
    ReviewView,
    SpendRow,
    SummaryRow,
    Totals,
    Unmeasured,
    WaitingView,
)

if TYPE_CHECKING:
    from ledger.books import Books
    from ledger.desk import Desk

__all__ = [
    "NANO",
    "Admit",
    "AlreadySettled",
    "AttemptState",
    "AttemptStory",
    "Books",
    "BooksBehind",
    "BooksBusy",
    "BooksNewer",
    "BooksUnavailable",
    "BrokenPromise",
    "BudgetView",
    "BuiltSettlement",
    "CapRefused",
    "CapRule",
    "CapTooLow",
    "ChargeRow",
    "Decision",
    "DecisionKind",
    "DecisionRefused",
    "Desk",
    "EntryView",
    "FailedSettlement",
    "HeldBy",
    "HoldDecision",
    "HoldRequest",
    "Inspection",
    "JobMove",
    "JobRecord",
    "JobState",
    "JobStory",
    "JobView",
    "Lease",
    "LeaseLost",
    "LedgerError",
    "LostAttempt",
    "MendKind",
    "MendRecord",
    "MendView",
    "MoneyError",
    "OrderChanged",
    "OrderRecord",
    "OrderState",
    "OrderView",
    "PictureHash",
    "PriceLine",
    "Proof",
    "Quoted",
    "Refuse",
    "ReleaseRecord",
    "ReleasedView",
    "Review",
    "ReviewDecision",
    "ReviewRefused",
    "ReviewView",
    "ReviewedBefore",
    "RunKnown",
    "Scope",
    "Settled",
    "Settlement",
    "SpendRow",
    "Stopped",
    "SummaryRow",
    "Totals",
    "UnknownAttempt",
    "UnknownJob",
    "UnknownOrder",
    "UnknownSettlement",
    "Unmeasured",
    "VerdictRecord",
    "VerdictSeverity",
    "Wait",
    "WaitingView",
    "WrongState",
    "charge_nano",
    "format_usd",
    "hold_nano",
    "parse_usd",
    "plain",
    "usd",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute is whatever it is
    if name == "Books":
        from ledger.books import Books

        return Books
    if name == "Desk":
        from ledger.desk import Desk

        return Desk
    raise AttributeError(f"module 'ledger' has no attribute {name!r}")
