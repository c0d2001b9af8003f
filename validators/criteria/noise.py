"""How noisy the calm parts of the picture are.

The response to a kernel that cancels edges and slopes, in the calmest tenth of the blocks of 16 by
16 pixels, as the standard deviation of Gaussian noise that would give it (J. Immerkær, "Fast Noise
Variance Estimation", 1996). On 42 photographs, November 2026: at most 2.8 levels, but for two that
are texture from edge to edge (gravel 3.9, grass 7.7): those cannot be told from noise. Noise of 4
levels put into the others is measured as 3.5 to 5.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Annotated, ClassVar, Final

from pydantic import Field

from validators import detail
from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.luminance import LEVELS
from validators.picture import Picture

_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_KERNEL: Final = (1, -2, 1, -2, 4, -2, 1, -2, 1)
_KERNEL_NORM: Final = 6
_CLIPPED: Final = 12
"""Blocks so near to black or white hide noise, because levels end there."""
_CALMEST: Final = 0.1
_BLOCKS_MIN: Final = 10


class Noise(Criterion):
    """The calm parts of the picture are free of grain and sensor noise.

    `max_noise` bounds the standard deviation of the noise in grey levels. Film grain that is wanted
    and pictures that are fine texture from edge to edge (a lawn, gravel) measure as noise: raise
    the bound for those.
    """

    name = "noise"
    version = 1
    cost_ms = 9.0
    example: ClassVar[dict[str, object]] = {"max_noise": 3.0}

    max_noise: Annotated[float, Field(gt=0, le=50, json_schema_extra=_UNIT)] = Field(
        default=3.0, description="the noise in the calm parts is at most this"
    )

    def inspect(self, picture: Picture) -> Finding:
        """Estimate the noise from the calmest blocks that are neither black nor white."""
        grey = detail.whole_grey(picture)
        amplified = detail.response(grey, _KERNEL, 1).point(
            [min(2 * level, LEVELS - 1) for level in range(LEVELS)]
        )
        responses, levels = detail.means(amplified), detail.means(detail.inner(grey))
        whole = detail.whole_blocks(picture)
        known = sorted(
            value
            for index, (value, level) in enumerate(zip(responses, levels, strict=True))
            if _CLIPPED < level < LEVELS - _CLIPPED
            and (whole is None or whole[index] == LEVELS - 1)
        )
        if len(known) < _BLOCKS_MIN:
            return Finding(passed=True, measured={"noise_levels": None, "block_count": len(known)})
        value = known[int(len(known) * _CALMEST)] / 2
        noise = round(sqrt(pi / 2) * value / _KERNEL_NORM, 2)
        reason = None
        if noise > self.max_noise:
            reason = (
                f"The picture is noisy: even its calm parts have a grain of {noise:g} of 255 "
                f"levels, at most {self.max_noise:g} is allowed."
            )
        return Finding(
            reason is None,
            {"noise_levels": noise, "block_count": len(known)},
            reason,
            Remedy("new_seed") if reason else None,
        )
