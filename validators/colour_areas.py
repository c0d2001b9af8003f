"""Which parts of a picture have which colours, as people would name them.

Measured on means of blocks, 96 by 96 of them at most: the eye averages grain and fine pattern too,
and every colour is compared with every colour asked for. Levels are rounded to the nearest multiple
of 4, which moves a colour by less than a difference that anybody notices. Pixels that are more
transparent than not belong to no area.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from validators.colour_difference import delta_e_2000, lab_of, lightness_weight, rgb_of
from validators.criterion import Mark
from validators.luminance import upright

if TYPE_CHECKING:
    from validators.colour_difference import Rgb
    from validators.picture import Picture

_SIDE: Final = 96
_SEEN_ALPHA: Final = 128
_STEP: Final = 4
_ROUNDED: Final = tuple(min(255, (level + 2) // _STEP * _STEP) for level in range(256))
_TRIM: Final = 0.02
"""The part of an area's blocks that may lie outside its box on either side: stray ones."""


@dataclass(frozen=True, slots=True)
class ColourAreas:
    """How much of what can be seen is within the tolerance of each colour, and of any.

    `shares` are in the order of the colours asked for, in parts of 1; a block that is near to two
    colours counts for both, in `share` once. `nearest` is the least difference from each colour
    anywhere in the picture, None when nothing can be seen.
    """

    share: float
    shares: tuple[float, ...]
    nearest: tuple[float | None, ...]
    boxes: tuple[tuple[int, int, int, int] | None, ...]

    def marks(self, colours: Sequence[str], *, passed: bool) -> tuple[Mark, ...]:
        """Return a mark for every colour that was found."""
        return tuple(
            Mark(f"{colour}: {share:.1%}", box, passed, colour)
            for colour, share, box in zip(colours, self.shares, self.boxes, strict=True)
            if box is not None
        )


def colour_areas(picture: Picture, colours: Sequence[str], tolerance: float) -> ColourAreas:
    """Measure the areas of these `#rrggbb` colours within a CIEDE2000 difference."""
    image = upright(picture, picture.proxy(_SIDE))
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    width, height = image.size
    rounded = image.point((*_ROUNDED * 3, *range(256)))
    levels = rounded.tobytes()
    pixels: list[Rgb | None] = [
        (levels[at], levels[at + 1], levels[at + 2]) if levels[at + 3] >= _SEEN_ALPHA else None
        for at in range(0, len(levels), 4)
    ]
    distinct = {pixel for pixel in pixels if pixel is not None}
    near, nearest = _near(distinct, colours, tolerance)
    scale = (picture.width / width, picture.height / height)
    found: list[list[int]] = [[] for _ in colours]
    covered = 0
    for place, pixel in enumerate(pixels):
        if pixel is not None and near[pixel]:
            covered += 1
            for index in near[pixel]:
                found[index].append(place)
    seen = sum(pixel is not None for pixel in pixels) or 1
    return ColourAreas(
        share=covered / seen,
        shares=tuple(len(places) / seen for places in found),
        nearest=nearest,
        boxes=tuple(_box(places, width, scale) for places in found),
    )


def _near(
    pixels: Collection[Rgb], colours: Sequence[str], tolerance: float
) -> tuple[dict[Rgb, tuple[int, ...]], tuple[float | None, ...]]:
    """Return for every colour of the picture the indexes of those asked for that it is near to."""
    asked = [lab_of(rgb_of(colour)) for colour in colours]
    nearest: list[float | None] = [None] * len(asked)
    near: dict[Rgb, tuple[int, ...]] = {}
    for pixel in pixels:
        lab = lab_of(pixel)
        hits = []
        for index, wanted in enumerate(asked):
            best = nearest[index]
            # Most colours are told apart by their lightness alone, at a tenth of the cost.
            least = abs(lab[0] - wanted[0]) / lightness_weight(lab[0], wanted[0])
            if best is not None and least > max(tolerance, best):
                continue
            apart = delta_e_2000(lab, wanted)
            if best is None or apart < best:
                nearest[index] = apart
            if apart <= tolerance:
                hits.append(index)
        near[pixel] = tuple(hits)
    return near, tuple(nearest)


def _box(
    places: list[int], width: int, scale: tuple[float, float]
) -> tuple[int, int, int, int] | None:
    if not places:
        return None
    left, right = _ends([place % width for place in places])
    top, bottom = _ends([place // width for place in places])
    x, y = round(left * scale[0]), round(top * scale[1])
    return (x, y, round((right + 1) * scale[0]) - x, round((bottom + 1) * scale[1]) - y)


def _ends(values: list[int]) -> tuple[int, int]:
    ranked = sorted(values)
    spare = int(len(ranked) * _TRIM)
    return ranked[spare], ranked[-1 - spare]
