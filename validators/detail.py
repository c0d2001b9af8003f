"""Fine detail as the criteria measure it: in full size, on grey levels, block by block.

Means of blocks are read back as bytes, so what is averaged is amplified first; everything here is
Pillow's own arithmetic on 8-bit pictures, which is several times faster than floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from validators.luminance import LEVELS, light
from validators.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

BLOCK_PX: Final = 16
_ENERGY_FACTOR: Final = 8
_ENERGY_MIN: Final = 24
"""A block has detail when it deviates by 3 levels from its own blur, 24 when amplified."""
_BLOCKS_MIN: Final = 10
_SHARPEST: Final = 0.9


def whole_grey(picture: Picture) -> Image:
    """Return the grey levels of the whole picture, mid-grey where it is transparent."""
    from PIL import Image as Images

    seen = light(picture)
    if seen.seen is None:
        return seen.grey
    return Images.composite(seen.grey, Images.new("L", seen.grey.size, LEVELS // 2), seen.seen)


def whole_blocks(picture: Picture) -> bytes | None:
    """Return 255 for every block that is seen as a whole; None where nothing is transparent."""
    seen = light(picture).seen
    return None if seen is None else means(inner(seen))


def inner(image: Image) -> Image:
    """Cut off the outermost pixels, which filters with a neighbourhood leave as they were."""
    width, height = image.size
    if width <= 2 or height <= 2:  # noqa: PLR2004 - nothing would be left
        return image
    return image.crop((1, 1, width - 1, height - 1))


def means(image: Image) -> bytes:
    """Return the mean of every block, row by row."""
    return image.reduce(BLOCK_PX).tobytes()


def response(grey: Image, kernel: Sequence[int], factor: float) -> Image:
    """Return the absolute response to a kernel of 3 by 3 times `factor`, clipped at 127."""
    from PIL import ImageFilter

    middle = LEVELS // 2
    filtered = grey.filter(ImageFilter.Kernel((3, 3), kernel, scale=1 / factor, offset=middle))
    return inner(filtered).point([min(abs(level - middle), middle - 1) for level in range(LEVELS)])


def deviation(grey: Image, radius_px: int) -> Image:
    """Return the absolute difference to the box blur of that radius, times 8, clipped at 255."""
    from PIL import ImageChops, ImageFilter

    blurred = grey.filter(ImageFilter.BoxBlur(radius_px))
    table = [min(LEVELS - 1, level * _ENERGY_FACTOR) for level in range(LEVELS)]
    return inner(ImageChops.difference(grey, blurred).point(table))


def sharpest_ratio(fine: bytes, coarse: bytes, whole: bytes | None) -> float | None:
    """Divide fine by coarse detail in each block, and return what the best tenth reaches.

    A photograph with a shallow focus is sharp in a small part, and that part is what counts. Only
    blocks with some coarse detail are asked, of those that `whole` lets; None when there are fewer
    than ten.
    """
    if whole is None:
        whole = b"\xff" * len(fine)
    ratios = sorted(
        f / c
        for f, c, all_seen in zip(fine, coarse, whole, strict=True)
        if c >= _ENERGY_MIN and all_seen == LEVELS - 1
    )
    return ratios[int(len(ratios) * _SHARPEST)] if len(ratios) >= _BLOCKS_MIN else None


def steps(grey: Image) -> Image:
    """Return the absolute difference of each pixel to its right neighbour; one column less."""
    from PIL import ImageChops

    width, height = grey.size
    return ImageChops.difference(
        grey.crop((0, 0, width - 1, height)), grey.crop((1, 0, width, height))
    )


def column_means(image: Image) -> list[float]:
    """Return the mean of every column, in levels."""
    from PIL.Image import Resampling

    row = image.convert("F").resize((image.width, 1), Resampling.BOX)
    return list(memoryview(row.tobytes()).cast("f"))
