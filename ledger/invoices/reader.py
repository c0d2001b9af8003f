"""What anybody may ask about the statements of providers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from ledger.invoices import matching, twice
from ledger.invoices.matching import Asked
from ledger.invoices.statement import Matching
from ledger.invoices.theirs import Theirs
from ledger.invoices.twice import PostedEarlier


class InvoiceReader(ABC):
    """Statements beside the books."""

    @abstractmethod
    def _snapshot(self) -> AbstractContextManager[Connection]:
        """Give a connection whose statements all see the same moment."""

    def match_statement(self, asked: Asked, theirs: Theirs) -> Matching:
        """Compare a provider's statement with what the books have, run by run; changes nothing.

        Raises:
            SelectionRefused: the period is none.
        """
        with self._snapshot() as connection:
            return matching.match(connection, asked, theirs)

    def posted_earlier(self, attempt_id: str) -> PostedEarlier | None:
        """What a statement had posted of an attempt's run before anybody knew whose it is."""
        with self._snapshot() as connection:
            return twice.posted_earlier(connection, attempt_id)
