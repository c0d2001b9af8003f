"""What can go wrong with the books, as one tree.

    LedgerError
    ├── MoneyError          an amount that money cannot be (also a ValueError)
    ├── BooksUnavailable    the database cannot be reached, read or written
    │   └── BooksBusy       another process has it; the same call may work in a moment
    ├── BooksBehind         the database needs `mintage ledger migrate`
    ├── BooksNewer          the database was written by a newer Mintage
    ├── OrderChanged        the same order id with another content
    ├── UnknownOrder        no such order
    ├── UnknownJob          no such job
    ├── UnknownAttempt      no such attempt
    ├── CapRefused          a cap that cannot be set like this
    │   └── CapTooLow       a cap below what is held and spent under it
    ├── LeaseLost           another process has taken the order over
    ├── ReviewRefused       a person's decision on a file that cannot be taken like this
    │   └── ReviewedBefore  somebody else has decided about it already
    ├── WithdrawalRefused   an asset that cannot be taken back like this
    │   └── NotReleased     it was never released
    ├── DecisionRefused     an attempt that is not for a person to decide about
    ├── SelectionRefused    days or filters that no entries can be selected by (also a ValueError)
    ├── ExportRefused       an export that cannot be written like this
    ├── StatementRefused    a provider's statement that cannot be matched or posted like this
    ├── PeriodClosed        an entry for a period that was closed
    ├── CloseRefused        a period that cannot be closed or reopened like this
    ├── ApprovalRefused     a request that this person cannot make or approve
    └── BrokenPromise       a caller asked for what the books must never do
        ├── AlreadySettled  a hold ends once
        ├── RunKnown        an attempt whose run is known was to be voided as if it had none
        └── WrongState      a job or an order is not where the caller says it is

Each message is one sentence with the facts and, where there is one, the way out. None carries a
password. When one is raised inside `Books.transaction()`, nothing of that transaction is kept.
"""

from __future__ import annotations


class LedgerError(Exception):
    """Anything that the books refuse or cannot do."""


class MoneyError(LedgerError, ValueError):
    """An amount that money cannot be."""


class BooksUnavailable(LedgerError):
    """The database cannot be reached, read or written."""


class BooksBusy(BooksUnavailable):
    """Another process kept the books locked for longer than the busy timeout."""


class BooksBehind(LedgerError):
    """The database's tables are older than this Mintage needs."""

    def __init__(self, url: str, found: str | None, wanted: str) -> None:
        state = "have no tables yet" if found is None else f"are at revision {found}"
        super().__init__(
            f"the books at {url} {state} and this Mintage needs revision {wanted}: "
            "run `mintage ledger migrate`"
        )


class BooksNewer(LedgerError):
    """The database was migrated by a newer Mintage."""

    def __init__(self, url: str, found: str, wanted: str) -> None:
        super().__init__(
            f"the books at {url} are at revision {found}, which this Mintage (revision {wanted}) "
            "does not know: install the newer Mintage that migrated them"
        )


class OrderChanged(LedgerError):
    """An order with this id is in the books with another content."""

    def __init__(self, order_id: str, known_sha256: str, given_sha256: str) -> None:
        super().__init__(
            f"order {order_id} is in the books with another content "
            f"({known_sha256[:10]}, now {given_sha256[:10]}): "
            "give it a new edition or bring back the old content"
        )


class UnknownOrder(LedgerError):
    """No such order in the books."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"there is no order {order_id} in the books")


class UnknownJob(LedgerError):
    """No such job in the books."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id} in the books")


class UnknownAttempt(LedgerError):
    """No such attempt in the books."""

    def __init__(self, attempt_id: str) -> None:
        super().__init__(f"there is no attempt {attempt_id} in the books")


class CapRefused(LedgerError):
    """A cap that cannot be set like this."""


class CapTooLow(CapRefused):
    """A cap below what is held and spent under it already.

    Attributes:
        used_nano: what is held and spent, overruns included; the lowest cap that could be set.
    """

    def __init__(self, name: str, cap: str, used: str, used_nano: int) -> None:
        self.used_nano = used_nano
        super().__init__(
            f"a cap of {cap} on {name} is below what is used under it already ({used}): "
            "set no less than that, or wait until holds are settled"
        )


class LeaseLost(LedgerError):
    """Another process has taken an order over from one that was not heard of for too long."""

    def __init__(self, order_id: str, holder: str | None) -> None:
        by = "by somebody else" if holder is None else f"by {holder}"
        super().__init__(
            f"order {order_id} was taken over {by} while this run was not heard of: nothing is "
            "lost, and a new run goes on with it"
        )


class DecisionRefused(LedgerError):
    """An attempt that is not for a person to decide about, now or ever."""


class ReviewRefused(LedgerError):
    """A person's decision on a file that cannot be taken like this."""


class ReviewedBefore(ReviewRefused):
    """Somebody has decided about the file already; the first decision holds."""


class WithdrawalRefused(LedgerError):
    """An asset that cannot be taken back like this: nobody, or no reason, is named."""


class NotReleased(WithdrawalRefused):
    """Only what was released can be taken back."""

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(
            f"job {job_id} is {state}: only what was released can be withdrawn, and this never was"
        )


class BrokenPromise(LedgerError):
    """A caller asked for something that must never be in the books; it is a defect, not a state."""


class AlreadySettled(BrokenPromise):
    """A second end for one hold."""

    def __init__(self, attempt_id: str, state: str) -> None:
        super().__init__(
            f"attempt {attempt_id} was settled before (it is {state}) and a hold ends exactly once"
        )


class RunKnown(BrokenPromise):
    """An attempt was to end as if nothing had been created, and its provider's run is known."""

    def __init__(self, attempt_id: str, provider_ref: str) -> None:
        super().__init__(
            f"attempt {attempt_id} cannot end as if nothing was created: its provider knows it as "
            f"{provider_ref}, which says what it cost"
        )


class WrongState(BrokenPromise):
    """A job or an order is not in the state that the step starts from."""


class SelectionRefused(LedgerError, ValueError):
    """Days or filters that no entries can be selected by."""


class ExportRefused(LedgerError):
    """An export that cannot be written like this: a library, a mapping or a value is missing."""


class StatementRefused(LedgerError):
    """A provider's statement that cannot be matched or posted like this."""


class PeriodClosed(LedgerError):
    """An entry for a period that was closed: it belongs into the next one that is open."""


class CloseRefused(LedgerError):
    """A period that cannot be closed or reopened like this."""


class ApprovalRefused(LedgerError):
    """A request that this person cannot make or approve."""
