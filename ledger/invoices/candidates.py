"""Which attempts a run may be of, where nobody knows the run of any of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from ledger.instants import DAY_US
from ledger.schema import AnyRow

NAMED: Final = 3
"""How many are named; the rest is a number."""

CLOCKS_APART_US: Final = 10 * 60 * 1_000_000
"""By how much a provider's clock may be behind ours."""

RUN_LONGEST_US: Final = 2 * DAY_US
"""How long after it was sent a run may be billed at most."""


class Candidates:
    """Open attempts whose run is not known, to be asked for by model and time."""

    def __init__(self, rows: Iterable[AnyRow]) -> None:
        """Take open attempts, oldest hold first."""
        self._by_model: dict[str | None, list[AnyRow]] = defaultdict(list)
        for row in rows:
            if row.provider_ref is None:
                self._by_model[row.model].append(row)
                self._by_model[None].append(row)
        self._held_at_us = {
            model: [row.held_at_us for row in of_model]
            for model, of_model in self._by_model.items()
        }

    def of(self, model: str | None, at_us: int | None) -> tuple[Sequence[AnyRow], int]:
        """Give those that a run of a model and a time may be of, and how many more there are.

        None is a model, or a time, that the provider does not say.
        """
        rows = self._by_model.get(model, [])
        first, last = 0, len(rows)
        if at_us is not None and rows:
            held_at_us = self._held_at_us[model]
            first = bisect_left(held_at_us, at_us - RUN_LONGEST_US)
            last = bisect_right(held_at_us, at_us + CLOCKS_APART_US)
        return rows[first : min(last, first + NAMED)], max(0, last - first - NAMED)
