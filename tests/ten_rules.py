"""An order of 200 cards and ten rules, with 60 first outputs that break one of the rules each.

Which outputs those are is laid down here and nowhere else: the loopback provider gives out the
files that `stock` puts on its shelf, and a test compares what Mintage made of them with `cards`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from PIL import Image
from ten_rules_pictures import COPIED, FLAWS, Dealer

__all__ = ["COPIED", "FLAWS", "MENDED", "ORDER_FILE", "Card", "cards", "order", "stock"]

ORDER_FILE: Final = Path(__file__).with_name("ten_rules.yaml")
ATTEMPTS: Final = 2
MENDED: Final = "borders"
"""What is wrong with these outputs can be cut off: neither is another one made, nor paid for."""
_EACH: Final = 6
"""Jobs whose first output breaks the same rule; the second output of half of them breaks it too."""
_FIRST: Final = 20
"""The first job with a flaw: what others are copies of comes before."""
_STEP: Final = 3


@dataclass(frozen=True, slots=True)
class Card:
    """One job: its output name, the words of its prompt, and the rule that each output breaks."""

    position: int
    name: str
    words: str
    breaks: tuple[str | None, ...]

    @property
    def flaw(self) -> str | None:
        """The rule that its first output breaks."""
        return self.breaks[0]

    @property
    def is_reworked(self) -> bool:
        """Whether only another output that is paid for can be released."""
        return self.flaw not in {None, MENDED} and self.breaks[-1] is None

    @property
    def is_rejected(self) -> bool:
        """Whether no output of its attempts can be released."""
        return self.flaw != MENDED and None not in self.breaks


def order() -> dict[str, Any]:
    """Read the order as it stands."""
    read: dict[str, Any] = yaml.safe_load(ORDER_FILE.read_text(encoding="utf-8"))
    return read


def cards() -> list[Card]:
    """Give all jobs of the order in its own order."""
    matrix: Mapping[str, list[str]] = order()["matrix"]
    pairs = [(product, surface) for product in matrix["product"] for surface in matrix["surface"]]
    flaws = dict(_flaws())
    return [
        Card(
            position,
            f"{product}-on-{surface}",
            f"{product} on {surface}",
            flaws.get(position, (None,)),
        )
        for position, (product, surface) in enumerate(pairs)
    ]


def _flaws() -> Iterator[tuple[int, tuple[str | None, ...]]]:
    position = _FIRST
    for number in range(_EACH):
        for rule in FLAWS:
            again = rule if number >= _EACH // 2 else None
            yield position, (rule, again)
            position += _STEP


def stock(shelf: Path) -> None:
    """Draw every output of every job: one file for each attempt that its rules make of it."""
    dealer = Dealer()
    good: list[Image.Image] = []
    for one in cards():
        folder = shelf / one.words
        folder.mkdir(parents=True)
        for number, rule in enumerate(one.breaks, 1):
            word = f"{one.words}/{number}"
            if rule == COPIED:
                # Of a good card that comes long before it in the order, another one at each try.
                source = good[
                    (one.position - _FIRST) // (_STEP * len(FLAWS)) + _EACH * (number - 1)
                ]
                data = FLAWS[rule](source, word)
            else:
                picture, data = dealer.deal(word, rule)
                if rule is None and len(good) < ATTEMPTS * _EACH:
                    good.append(picture)
            (folder / f"{number}.png").write_bytes(data)
