"""What finance writes at a desk that two persons, or a closed month, stand behind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection

from sqlalchemy import Connection

from ledger import approvals, closing
from ledger.closing_views import Closing, RequestView, StillOpen
from ledger.kinds import Scope


class ClosingDesk(ABC):
    """Closing and reopening months, raising caps, and approving what somebody else asked for."""

    _connection: Connection

    @abstractmethod
    def _now_us(self) -> int:
        """The time."""

    @abstractmethod
    def _today(self) -> str:
        """The day in the books' time zone."""

    def close_period(
        self,
        period: str,
        *,
        by: str,
        because: str,
        sign: bool = False,
        local: Collection[str] = (),
    ) -> Closing | StillOpen | None:
        """Close a month whose entries are sealed; use `ledger.closing.close_period`, which seals.

        None, and nothing is closed, where some of its entries are under no seal yet.

        Raises:
            CloseRefused: see there.
        """
        return closing.close(
            self._connection, self._now_us(), period, (by, because), sign=sign, local=local
        )

    def ask_reopen(self, period: str, *, by: str, because: str) -> RequestView:
        """Ask that a closed month takes entries again; a second person has to approve it.

        Raises:
            CloseRefused: it is not closed; nobody, or no reason, is named.
        """
        return approvals.ask_reopen(self._connection, self._now_us(), period, (by, because))

    def change_cap(
        self,
        scope: Scope,
        subject: str,
        cap_nano: int | None,
        *,
        by: str,
        because: str,
        only_up: bool = False,
    ) -> bool | RequestView:
        """Set a cap as `set_cap` does, or ask for it where that takes two persons.

        With `only_up` the new cap has to be a higher one. The same that waits already is given
        again. True if a cap was set, False if it is the cap already.

        Raises:
            CapTooLow, CapRefused, UnknownOrder: as `set_cap` does, or it is no raise.
        """
        return approvals.change_cap(
            self._connection,
            self._now_us(),
            self._today(),
            (scope, subject, cap_nano),
            (by, because),
            only_up=only_up,
        )

    def change_limit(self, limit_nano: int | None, *, by: str, because: str) -> bool | RequestView:
        """Set by how much one person may raise a cap in a month of UTC; None is any amount.

        A higher limit, or none in the place of one, has to be approved by a second person. False
        if it is the limit already.

        Raises:
            CapRefused: an amount that no limit can be; nobody, or no reason, is named.
        """
        return approvals.change_limit(self._connection, self._now_us(), limit_nano, (by, because))

    def approve(self, request_id: int, *, by: str, because: str | None = None) -> RequestView:
        """Approve what somebody else asked for; it is in force when this transaction ends.

        Raises:
            ApprovalRefused: there is no such request, it was answered, is overtaken or too old, or
                whoever approves it asked for it.
            CapTooLow, CapRefused: its cap cannot be set any more.
        """
        return approvals.approve(
            self._connection, self._now_us(), self._today(), request_id, by, because
        )

    def reject(self, request_id: int, *, by: str, because: str) -> RequestView:
        """Reject what somebody else asked for, or withdraw what one asked for oneself.

        Raises:
            ApprovalRefused: there is no such request, or it was answered; nobody, or no reason, is
                named.
        """
        return approvals.reject(self._connection, self._now_us(), request_id, (by, because))
