"""The provider's side of a statement, added up by run in little memory: numbers, not objects."""

from __future__ import annotations

import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from ledger.errors import StatementRefused
from ledger.instants import period_of, to_us
from ledger.invoices.statement import LINES_MAX, StatementLine
from ledger.money import NANO_MAX, format_usd

_DIGESTS: Final = 2**256
_NO_TIME: Final = -1


class Theirs:
    """Every line of a statement, summed by run. Slots number the runs from 0."""

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}
        """The slot of each run."""
        self.nano = array("q")
        self.first_line = array("q")
        self.counts = array("q")
        self.with_refunds: set[int] = set()
        """Slots with a line below zero."""
        self.without_ref: list[StatementLine] = []
        self.line_count = 0
        self.sum_nano = 0
        self.periods: dict[str, int] = defaultdict(int)
        """How many lines are dated in each month."""
        self._at_us = array("q")
        self._model = array("q")
        self._models: dict[str | None, int] = {}
        self._words: list[str | None] = []
        # The amounts of runs with several lines, by slot.
        self._several: dict[int, list[int]] = {}
        self._moved_nano = 0
        self._digest = 0

    def add(self, lines: Iterable[StatementLine]) -> None:
        """Take lines, each once.

        Raises:
            StatementRefused: there are too many, or they come to more than the books can keep.
        """
        for line in lines:
            self.line_count += 1
            self._moved_nano += abs(line.amount_nano)
            if self.line_count > LINES_MAX:
                raise StatementRefused(
                    f"a statement may have {LINES_MAX:,} lines: split it by the day, or leave out "
                    "what cost nothing"
                )
            if self._moved_nano > NANO_MAX:
                raise StatementRefused(
                    f"the lines up to line {line.line_number} come to more than "
                    f"{format_usd(NANO_MAX)}, which the books cannot keep"
                )
            self._take(line)

    def _take(self, line: StatementLine) -> None:
        self.sum_nano += line.amount_nano
        self._digest = (self._digest + _digest(line)) % _DIGESTS
        at_us = _NO_TIME if line.at is None else to_us(line.at)
        if at_us >= 0:
            self.periods[period_of(at_us)] += 1
        if line.provider_ref is None:
            self.without_ref.append(line)
            return
        model = self._word(line.model)
        slot = self.slots.setdefault(line.provider_ref, len(self.nano))
        if slot == len(self.nano):
            self.nano.append(line.amount_nano)
            self.first_line.append(line.line_number)
            self.counts.append(1)
            self._at_us.append(at_us)
            self._model.append(model)
        else:
            self._several.setdefault(slot, [self.nano[slot]]).append(line.amount_nano)
            self.nano[slot] += line.amount_nano
            self.counts[slot] += 1
            self.first_line[slot] = min(self.first_line[slot], line.line_number)
            self._at_us[slot] = max(self._at_us[slot], at_us)
            # Whichever line comes first must not decide, so the words are compared.
            self._model[slot] = self._word(_first_word(self.model(slot), line.model))
        if line.amount_nano < 0:
            self.with_refunds.add(slot)

    @property
    def lines_sha256(self) -> str:
        """A digest of all lines that does not hang on their order."""
        return f"{self._digest:064x}"

    @property
    def model_count(self) -> int:
        """How many models the lines name, one at least: the groups that an invoice may round."""
        named = {word for word in self._models if word is not None}
        named |= {line.model for line in self.without_ref if line.model is not None}
        return max(1, len(named))

    def model(self, slot: int) -> str | None:
        """The model that a run's lines name."""
        return self._words[self._model[slot]]

    def at_us(self, slot: int) -> int | None:
        """The time of a run's latest line."""
        return None if self._at_us[slot] == _NO_TIME else self._at_us[slot]

    def is_twice(self, slot: int, ours_nano: int) -> bool:
        """Whether a run's lines come to what the books charged and to some of themselves again.

        Equal lines alone do not say so: a run may be priced by two metrics that cost the same.
        """
        more_nano = self.nano[slot] - ours_nano
        charges = Counter(amount for amount in self._several.get(slot, ()) if amount > 0)
        again_nano = sum(amount * (times - 1) for amount, times in charges.items())
        return more_nano > 0 and (
            more_nano == again_nano
            or any(
                more_nano % amount == 0 and more_nano // amount < times
                for amount, times in charges.items()
            )
        )

    def _word(self, text: str | None) -> int:
        number = self._models.setdefault(text, len(self._words))
        if number == len(self._words):
            self._words.append(text)
        return number


def _first_word(one: str | None, other: str | None) -> str | None:
    return min((word for word in (one, other) if word is not None), default=None)


def _digest(line: StatementLine) -> int:
    text = json.dumps(
        [
            line.provider_ref,
            line.amount_nano,
            line.model,
            None if line.at is None else to_us(line.at),
            line.status,
            line.description,
        ]
    )
    return int.from_bytes(sha256(text.encode()).digest(), "big")
