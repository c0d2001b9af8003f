"""What can go wrong above the four ground packages.

FlowError
├── BadOrder          the order cannot be run as it is written; carries every problem
├── BadStatement      a provider's statement cannot be read; carries what is wrong with its lines
├── UnknownOrderId    nothing by that id is in the books
├── UnknownJobId      no job by that id is in the books
├── NotInReview       a job does not wait for a person
├── FileChanged       a file is not what was built any more
├── OutdatedOrder     an order was recorded in a form that this Mintage does not read
├── BooksAltered      the books say what no run of Mintage writes
├── NothingToRun      a folder without orders
├── EngineUnreachable the Prefect server does not answer
└── BadSettings       a setting that cannot be used
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.problems import Problem


class FlowError(Exception):
    """Something that the foreman cannot go on with; the message is one sentence with the way out."""


class BadOrder(FlowError):
    """The order cannot be run as it is written.

    Attributes:
        problems: every problem that was found, in the order of the file.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(f"{source} has {count} problem{'s' if count != 1 else ''}.")


class BadStatement(FlowError):
    """A provider's statement cannot be read.

    Attributes:
        problems: what is wrong, in the order of the file; not more than the first of them.
    """

    def __init__(self, source: str, problems: Sequence[Problem], count: int) -> None:
        """Take the problems to be told, and how many there are in all."""
        self.problems = tuple(problems)
        told = len(self.problems)
        first = f"; the first {told} are" if count > told else ""
        super().__init__(f"{source} has {count:,} problem{'s' if count != 1 else ''}{first}.")


class UnknownOrderId(FlowError):
    """Nothing by that id is in the books."""

    def __init__(self, order_id: str) -> None:
        super().__init__(
            f"The books have no order {order_id!r}; `mintage status` lists those that they have."
        )


class UnknownJobId(FlowError):
    """No job by that id is in the books."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"The books have no job {job_id!r}; a job's id is its order's id, # and its name, and "
            "`mintage status ORDER_ID` lists those that need a look."
        )


class NotInReview(FlowError):
    """A job does not wait for a person."""

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(
            f"{job_id} is {state} and does not wait for review; `mintage review list` shows what does."
        )


class FileChanged(FlowError):
    """A file is not what was built any more."""

    def __init__(self, job_id: str, why: str) -> None:
        super().__init__(
            f"The file of {job_id} is not the one that was built ({why.rstrip('.')}): reject it, and "
            "it is built again."
        )


class OutdatedOrder(FlowError):
    """An order was recorded in a form that this Mintage does not read."""

    def __init__(self, order_id: str, problem: str) -> None:
        super().__init__(
            f"{order_id} was recorded in a form that this version of Mintage does not read "
            f"({problem}): go on with it in the version that recorded it, or mend its file and "
            "`mintage run` that as a new order"
        )


class BooksAltered(FlowError):
    """The books say what no run of Mintage writes: somebody else did."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: somebody has changed the books, and `mintage ledger verify` says what does "
            "not hold."
        )


class NothingToRun(FlowError):
    """A folder without orders."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"{folder} has no .yaml or .yml work order in it.")


class EngineUnreachable(FlowError):
    """The Prefect server does not answer."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"{url} does not answer ({why}); start the Prefect server, unset PREFECT_API_URL, or "
            "run with --engine inline."
        )


class BadSettings(FlowError):
    """A setting that cannot be used."""
