"""Whether the grid of a strong JPEG compression shows.

JPEG works in squares of 8 by 8 pixels. The mean step between neighbouring columns is taken for each
of the eight places in such a grid: what the strongest place exceeds the mean of the other seven by,
in levels, times the ratio of the two, because a grid hides in texture and shows on smooth ground.
On 42 photographs, November 2026: at most 0.2, and 0.4 to 2.8 for four that have been through JPEG
before; as JPEG of quality 75: 0.5 to 2.4; docs/criteria-rates.md has the rates for stronger
compression. A picture that was scaled after compression has lost the grid and is not found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from validators import detail
from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.luminance import LEVELS
from validators.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_GRID_PX: Final = 8
_EDGE: Final = 24
"""Steps count up to this, so that a few strong edges of the subject do not look like a grid."""
_SIDE_MIN_PX: Final = 64
_UNSEEN_LEVELS: Final = 0.5
"""Texture of less than this hides nothing, so less of it makes no grid stand out more."""


class Blockiness(Criterion):
    """No grid of squares from strong compression can be seen.

    `max_grid` bounds how much stronger the steps on the lines of the 8 by 8 grid are than those
    between them, in grey levels, weighted by how far they stand out from the texture around. The
    picture is judged whatever its format: a PNG made of a bad JPEG has the grid too.
    """

    name = "blockiness"
    version = 1
    cost_ms = 6.0
    example: ClassVar[dict[str, object]] = {"max_grid": 2.8}

    max_grid: Annotated[float, Field(ge=0, le=1000, json_schema_extra=_UNIT)] = Field(
        default=2.8, description="the grid's lines are at most so much stronger than the rest"
    )

    def inspect(self, picture: Picture) -> Finding:
        """Measure the grid across and down; the stronger one counts."""
        from PIL.Image import Transpose

        grey = detail.whole_grey(picture)
        if min(grey.size) < _SIDE_MIN_PX:
            return Finding(passed=True, measured={"grid_levels": None})
        grid = round(max(_grid(grey), _grid(grey.transpose(Transpose.TRANSPOSE))), 2)
        reason = None
        if grid > self.max_grid:
            reason = (
                f"Squares from strong compression show: their edges stand out by {grid:g} levels, "
                f"at most {self.max_grid:g} are allowed."
            )
        # Encoding the same pixels again cannot mend what an earlier compression has lost.
        return Finding(
            reason is None,
            {"grid_levels": grid},
            reason,
            Remedy("new_seed") if reason else None,
        )


def _grid(grey: Image) -> float:
    """Return how much the strongest of the eight places in the grid stands out from the others."""
    capped = detail.steps(grey).point([min(level, _EDGE) for level in range(LEVELS)])
    columns = detail.column_means(capped)
    places = sorted(_mean(columns[place::_GRID_PX]) for place in range(_GRID_PX))
    strongest, others = places[-1], _mean(places[:-1])
    return (strongest - others) * strongest / (others + _UNSEEN_LEVELS)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
