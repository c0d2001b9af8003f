"""Whether smooth gradients have come out as bands.

A band's edge is a step of a few levels in one channel with pixels of exactly one level on both
sides; the channel and direction with the most of them count. Natural gradients have noise or go up
one level at a time.

Encoders make such steps too: WebP and JPEG leave the blocks of smooth parts flat, and the steps
between them lie on a grid of 4 pixels, in short pieces. So steps in the place on such a grid that
has the most of them count only where they run straight for 32 pixels, or as many as there are in
the other places on average. On 42 photographs, November 2026: at most 0.2 % of the pixels, as PNG
and through JPEG, WebP and AVIF alike (WebP reached 0.8 % when the grid counted in full); with 32
levels left in each channel: over 0.5 % in 36, and the others are texture in which no band can be
seen. The same pictures with 32 levels left are hardly ever found once they have been through an
encoder with loss, which wears the steps down: docs/criteria-rates.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from validators import detail
from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.luminance import LEVELS, upright
from validators.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_PERCENT_UNIT: Final[dict[str, JSONValue]] = {"unit": "% of the pixels"}
_LEVEL_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_STEP_MAX: Final = 36
"""A higher step is the edge of something drawn."""
_FLAT_PX: Final = 3
_SIDE_MIN_PX: Final = 16
_GRID_PX: Final = 4
"""The smallest block that encoders leave flat; larger ones lie on the same grid."""
_STRAIGHT_PX: Final = 32
"""No longer does the edge between flat blocks run straight, but that of a vertical gradient does."""


class Banding(Criterion):
    """Smooth gradients, such as skies and studio grounds, show no bands.

    Counted are steps of `min_step` to 36 levels between pixels of exactly one level, without those
    that encoders make between their blocks; at most `max_banded_percent` of all pixels may be such
    a step. Bands are found in pictures that are kept without loss, such as PNG. JPEG, WebP and AVIF
    wear most of them down so that they can still be seen but are not found: only those of clean
    gradients are. Drawings of flat colours in near tones count as banded: leave the rule out for
    those.
    """

    name = "banding"
    version = 2
    cost_ms = 35.0
    example: ClassVar[dict[str, object]] = {"max_banded_percent": 0.5}

    max_banded_percent: Annotated[float, Field(ge=0, le=100)] = Field(
        default=0.5,
        description="at most so many pixels are the edge of a band",
        json_schema_extra=_PERCENT_UNIT,
    )
    min_step: Annotated[int, Field(ge=2, le=_STEP_MAX)] = Field(
        default=3,
        description="the least step from band to band that counts",
        json_schema_extra=_LEVEL_UNIT,
    )

    def inspect(self, picture: Picture) -> Finding:
        """Look for steps between flat runs, along rows and along columns."""
        from PIL.Image import Transpose

        channels = _channels(picture)
        width, height = channels[0].size
        if min(width, height) < _SIDE_MIN_PX:
            return Finding(passed=True, measured={"banded_percent": 0.0})
        turn = Transpose.TRANSPOSE
        found = [(self._steps(channel), False) for channel in channels]
        found += [(self._steps(channel.transpose(turn)), True) for channel in channels]
        found.sort(key=lambda one: _count(one[0]), reverse=True)
        count, worst = 0, found[0][0]
        for steps, turned in found:
            # Of those that follow none has more, since leaving out only lessens the count.
            if _count(steps) <= count:
                break
            kept_count, kept = _without_blocks(steps)
            if kept_count > count:
                count, worst = kept_count, kept.transpose(turn) if turned else kept
        banded = round(100 * count / (width * height), 3)
        if banded <= self.max_banded_percent:
            return Finding(passed=True, measured={"banded_percent": banded})
        return Finding(
            passed=False,
            measured={"banded_percent": banded},
            reason=(
                f"Smooth parts of the picture show bands: {banded:g} % of its pixels are the edge "
                f"of one, at most {self.max_banded_percent:g} % may be."
            ),
            remedy=Remedy("new_seed"),
            marks=_marks(worst),
        )

    def _steps(self, grey: Image) -> Image:
        """Return 255 where a step has flat pixels before and after it, along rows."""
        from PIL import ImageChops

        jump = detail.steps(grey)
        flat = jump.point([255] + [0] * (LEVELS - 1))
        found = jump.point(
            [255 if self.min_step <= level <= _STEP_MAX else 0 for level in range(LEVELS)]
        )
        for distance in range(1, _FLAT_PX + 1):
            found = ImageChops.darker(found, ImageChops.offset(flat, distance, 0))
            found = ImageChops.darker(found, ImageChops.offset(flat, -distance, 0))
        return found.crop((_FLAT_PX, 0, found.width - _FLAT_PX, found.height))


def _count(found: Image) -> int:
    return found.histogram()[LEVELS - 1]


def _without_blocks(found: Image) -> tuple[int, Image]:
    """Leave out the steps between an encoder's blocks; return how many count, and where.

    The picture may have been cropped or turned, so the grid is taken to lie where most steps are.
    """
    from PIL import Image as Images

    width, height = found.size
    wide = -(-width // _GRID_PX) * _GRID_PX
    steps = bytearray(found.crop((0, 0, wide, height)).tobytes())
    counts = [steps[place::_GRID_PX].count(LEVELS - 1) for place in range(_GRID_PX)]
    grid = counts.index(max(counts))
    columns = Images.frombytes("L", (wide // _GRID_PX, height), bytes(steps[grid::_GRID_PX]))
    straight = _straight(columns).tobytes()
    steps[grid::_GRID_PX] = straight
    elsewhere = sum(counts) - counts[grid]
    on_grid = max(straight.count(LEVELS - 1), elsewhere // (_GRID_PX - 1))
    kept = Images.frombytes("L", (wide, height), bytes(steps)).crop((0, 0, width, height))
    return elsewhere + on_grid, kept


def _straight(columns: Image) -> Image:
    """Keep what runs down for 32 pixels or, in a picture that is not so high, for 16."""
    from PIL import ImageChops

    width, height = columns.size
    length = _STRAIGHT_PX if height >= _STRAIGHT_PX else _SIDE_MIN_PX
    shifts = [2**power for power in range(length.bit_length() - 1)]
    starts = columns
    for shift in shifts:
        rest = starts.height - shift
        starts = ImageChops.darker(
            starts.crop((0, 0, width, rest)), starts.crop((0, shift, width, shift + rest))
        )
    # Each start stands for the whole piece below it; what is cropped from outside is empty.
    kept = starts.crop((0, 0, width, height))
    for shift in shifts:
        kept = ImageChops.lighter(kept, kept.crop((0, -shift, width, height - shift)))
    return kept


def _channels(picture: Picture) -> tuple[Image, ...]:
    """Return each channel of the whole picture, mid-grey where it is transparent."""
    from PIL import Image as Images

    image = upright(picture, picture.eight_bit())
    if image.mode != "RGBA":
        return image.split()
    middle = LEVELS // 2
    ground = Images.new("RGBA", image.size, (middle, middle, middle, 255))
    return Images.alpha_composite(ground, image).split()[:3]


def _marks(found: Image) -> tuple[Mark, ...]:
    """Mark the part in which the steps lie, single ones left out."""
    size = detail.BLOCK_PX
    dense = found.reduce(size).point([0] * 4 + [255] * (LEVELS - 4)).getbbox()
    if dense is None:
        return ()
    left, top, right, bottom = (side * size for side in dense)
    box = (left, top, min(right, found.width) - left, min(bottom, found.height) - top)
    return (Mark("bands", box, passed=False),)
