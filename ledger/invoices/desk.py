"""What finance writes at a desk about the statements of providers."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sqlalchemy import Connection

from ledger.invoices import posting
from ledger.invoices.statement import Invoice, Matching, Posted


class InvoiceDesk(ABC):
    """Posting statements."""

    _connection: Connection

    @abstractmethod
    def _now_us(self) -> int:
        """The time."""

    def post_statement(
        self, invoice: Invoice, matching: Matching, *, by: str, because: str
    ) -> Posted:
        """Adjust the books until they have what a provider bills for a period, all or nothing.

        Each difference is one adjustment, or two where a run that nobody knew has its attempt now.
        It is put down to its job where that is known, else to the provider's variance account. What
        a closed period would take goes to the next open one. Budgets and attempts stay as they are.

        Raises:
            StatementRefused: it is hardly the statement that is meant, its total is not explained,
                or nobody, or no reason, is named.
            BooksBusy: the books, or their statements, have changed since they were matched.
        """
        return posting.post(self._connection, self._now_us(), invoice, matching, (by, because))
