"""Whether the picture was enlarged from a smaller one.

Two traces are looked for. Enlarging by interpolation leaves nothing at the finest scale: in each
block, the response to the finest checkered pattern as a share of the detail at 5 pixels; the best
tenth of the blocks counts. On 42 photographs, November 2026: 35 to 116 %, but for a brick wall
(24 %) and a storm with motion blur (23 %); enlarged twice: 8 to 24 % in 41 of them; three times:
at most 17 %. Enlarging by repetition of pixels leaves columns that equal their neighbour.

An enlargement by less than 1.5 cannot be told from a soft photograph, nor blur from enlargement,
and a good generative upscaler invents its own fine detail and leaves no trace at all.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from validators import detail
from validators.criterion import Criterion, Finding, JSONValue, Remedy, Severity
from validators.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_UNIT: Final[dict[str, JSONValue]] = {"unit": "%"}
_CHECKERED: Final = (1, -2, 1, -2, 4, -2, 1, -2, 1)
_STRONG: Final = 32
_RADII_PX: Final = (2, 8)
"""What was enlarged four times or more has no detail at the first scale; the second is asked then."""
_EQUAL_LEVELS: Final = 0.02
_CHANGED_LEVELS: Final = 0.3
_REPEATS_MAX: Final = 7
"""Longer runs of equal columns are flat areas; an enlargement by more than 8 is not believable."""


class Upscaled(Criterion):
    """The picture was not enlarged from a smaller one: there is detail at its full size.

    `min_detail` is the least detail at the finest scale, `max_repeated` the largest share of
    columns or rows that merely repeat their neighbour. Enlargement by 2 or more is found, less is
    not; a picture that is soft all over looks the same, and so does a drawing of flat colours after
    lossy compression. So a person is asked unless the severity is given.
    """

    name = "upscaled"
    version = 1
    cost_ms = 25.0
    example: ClassVar[dict[str, object]] = {"severity": "review"}

    severity: Severity = Field(
        default="review",
        description="block refuses the file, review sends it to a person, warn only tells",
    )
    min_detail: Annotated[float, Field(ge=0, le=100, json_schema_extra=_UNIT)] = Field(
        default=22.0, description="at least so much detail at the finest scale; 0 asks nothing"
    )
    max_repeated: Annotated[float, Field(ge=0, le=100, json_schema_extra=_UNIT)] = Field(
        default=20.0, description="at most so many columns or rows repeat their neighbour"
    )

    def inspect(self, picture: Picture) -> Finding:
        """Look for repeated columns and rows, then for detail at the finest scale."""
        from PIL.Image import Transpose

        grey = detail.whole_grey(picture)
        turned = grey.transpose(Transpose.TRANSPOSE)
        repeated = round(100 * max(_repeated(grey), _repeated(turned)), 1)
        measured: dict[str, JSONValue] = {"repeated_percent": repeated}
        if repeated > self.max_repeated:
            return _failed(
                measured,
                f"The picture was enlarged by repeating pixels: {repeated:g} % of its columns or "
                f"rows equal their neighbour, at most {self.max_repeated:g} % may.",
            )
        ratio = _fine_share(grey, detail.whole_blocks(picture))
        if ratio is None:
            # A drawing of flat colours has no detail at any size; it is no evidence of anything.
            measured["fine_detail_percent"] = None
            return Finding(passed=True, measured=measured)
        fine = round(100 * ratio, 1)
        measured["fine_detail_percent"] = fine
        if fine >= self.min_detail:
            return Finding(passed=True, measured=measured)
        return _failed(
            measured,
            f"The picture seems to be enlarged from a smaller one: its finest detail reaches "
            f"{fine:g} %, at least {self.min_detail:g} % is wanted.",
        )


def _failed(measured: dict[str, JSONValue], reason: str) -> Finding:
    return Finding(passed=False, measured=measured, reason=reason, remedy=Remedy("new_seed"))


def _fine_share(grey: Image, whole: bytes | None) -> float | None:
    """Return the finest detail as a share of detail in general; None where there is none at all."""
    fine = detail.means(detail.response(grey, _CHECKERED, 2))
    natural = _natural_blocks(grey, whole)
    for radius_px in _RADII_PX:
        coarse = detail.means(detail.deviation(grey, radius_px))
        ratio = detail.sharpest_ratio(fine, coarse, natural)
        if ratio is not None:
            return ratio
    return None


def _natural_blocks(grey: Image, whole: bytes | None) -> bytes:
    """Return 255 for the blocks to ask: seen as a whole, and not along a straight drawn edge.

    The checkered kernel answers such an edge with exactly nothing; nothing in a photograph, enlarged
    or not, is that straight.
    """
    answers = detail.means(detail.response(grey, _CHECKERED, _STRONG))
    seen = whole or b"\xff" * len(answers)
    return bytes(one if answer else 0 for answer, one in zip(answers, seen, strict=True))


def _repeated(grey: Image) -> float:
    """Return the share of columns that equal their neighbour, outside of flat areas."""
    if min(grey.size) < detail.BLOCK_PX:
        return 0.0
    levels = detail.column_means(detail.steps(grey))
    changes = [index for index, level in enumerate(levels) if level > _EQUAL_LEVELS]
    # A gap of n between two changes means n - 1 equal columns; a flat area is one long gap. Faint
    # changes are what compression leaves in flat areas.
    gaps = [
        after - before
        for before, after in pairwise(changes)
        if after - before <= _REPEATS_MAX + 1
        and min(levels[before], levels[after]) > _CHANGED_LEVELS
    ]
    columns = sum(gaps)
    return (columns - len(gaps)) / columns if columns >= detail.BLOCK_PX else 0.0
