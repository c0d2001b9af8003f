"""Parts of a chart: texts, marks, and scales with round numbers on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from console.escaping import shown
from console.output import amounts
from ledger import NANO

INK: Final = "#1a1a1a"
FAINT: Final = "#5f5f5f"
GRID: Final = "#d9d9d9"
_CHARACTER_WIDTH: Final = 6.7
"""Of the usual sans serif at 12 pixels, on the average and a little more."""

_HEADROOM: Final = 25
"""One part in so many is left free above the largest amount."""


def number(value: float) -> str:
    """Write a coordinate: to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def text(
    at: tuple[float, float], words: str, *, anchor: str = "start", size: int = 12, fill: str = FAINT
) -> str:
    """Write words."""
    bold = ' font-weight="600"' if size > 12 else ""  # noqa: PLR2004  larger than labels is a title
    return (
        f'<text x="{number(at[0])}" y="{number(at[1])}" text-anchor="{anchor}" '
        f'font-size="{size}" fill="{fill}"{bold}>{words_of(words)}</text>'
    )


def words_of(words: str) -> str:
    """Make words from outside fit for XML, which some characters may not be in at all."""
    return escape(shown(words))


def text_width(words: str) -> float:
    """About how many pixels words take."""
    return len(words) * _CHARACTER_WIDTH


def line(start: tuple[float, float], end: tuple[float, float], stroke: str = GRID) -> str:
    """Draw a thin straight line."""
    return (
        f'<line x1="{number(start[0])}" y1="{number(start[1])}" x2="{number(end[0])}" '
        f'y2="{number(end[1])}" stroke="{stroke}"/>'
    )


def bar(at: tuple[float, float], width: float, height: float, *, fill: str, says: str) -> str:
    """Draw a rectangle that says what it stands for when it is pointed at."""
    return (
        f'<rect x="{number(at[0])}" y="{number(at[1])}" width="{number(width)}" '
        f'height="{number(max(height, 0.5))}" fill="{fill}"><title>{words_of(says)}</title></rect>'
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """Money on a height, with round amounts marked."""

    low_nano: int
    high_nano: int
    top: float
    height: float
    ticks: tuple[int, ...]

    def y(self, amount_nano: int) -> float:
        """Where an amount is."""
        share = (amount_nano - self.low_nano) / (self.high_nano - self.low_nano)
        return self.top + self.height * (1 - share)

    def grid(self, left: float, right: float) -> list[str]:
        """Draw a line and its amount at each mark; nought is drawn stronger."""
        made: list[str] = []
        for tick, label in zip(self.ticks, amounts(self.ticks), strict=True):
            y = self.y(tick)
            made.append(line((left, y), (right, y), GRID if tick else FAINT))
            made.append(text((left - 8, y + 4), label, anchor="end"))
        return made


def scale(values: Sequence[int], top: float, height: float, marks: int = 6) -> Scale:
    """Make a scale from nought to the largest amount, or from the smallest where that is below."""
    low, high = min(0, *values, 0), max(0, *values, 0)
    if low == high:
        high = NANO
    step = _round_step((high - low) / marks)
    ticks = tuple(step * one for one in range(-(-low // step), high // step + 1))
    room = (high - low) // _HEADROOM
    return Scale(low and low - room, high and high + room, top, height, ticks)


def _round_step(at_least: float) -> int:
    """The next of 1, 2 and 5 with noughts behind it."""
    unit = 1
    while True:
        for one in (1, 2, 5):
            if one * unit >= at_least:
                return one * unit
        unit *= 10
