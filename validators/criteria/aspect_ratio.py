"""The shape of the picture: how wide it is for its height.

The default tolerance of 1 % was computed, not guessed: a side rounded to whole pixels puts 16:9 off
by 0.4 % at 256 pixels and by 0.1 % at 1,024. Models that only make multiples of 64 pixels are off
by more (1344 by 768 for 16:9 by 1.6 %, 1216 by 832 for 3:2 by 2.6 %): that is another shape, which
shows when pictures are set side by side.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field

from validators.criterion import Criterion, Finding, Remedy
from validators.picture import Picture

_RATIO: Final = re.compile(r"(\d{1,5}(?:\.\d{1,4})?):(\d{1,5}(?:\.\d{1,4})?)")


def _as_ratio(value: object) -> object:
    match = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if match is None or not float(match[1]) or not float(match[2]):
        # Without quotes YAML reads 16:9 as a time of day, the number 969.
        raise ValueError('width to height in quotes, such as "16:9"')
    return value


class AspectRatio(Criterion):
    """The picture is so wide for its height, as people see it (EXIF orientation applied).

    `ratio` is width to height in quotes, such as "16:9"; `tolerance_percent` is by how much the
    ratio of the picture may differ from it.
    """

    name = "aspect_ratio"
    version = 1
    cost_ms = 0.001
    example: ClassVar = {"ratio": "1:1"}

    ratio: Annotated[str, BeforeValidator(_as_ratio)] = Field(
        description='width to height, in quotes, such as "16:9"'
    )
    tolerance_percent: Annotated[float, Field(ge=0, le=50)] = Field(
        default=1.0,
        description="how far the picture's ratio may be from it",
        json_schema_extra={"unit": "%"},
    )

    def inspect(self, picture: Picture) -> Finding:
        """Compare width divided by height with what is wanted."""
        off = self._off_percent(picture.width, picture.height)
        measured = {"ratio": round(picture.width / picture.height, 4), "off_percent": round(off, 2)}
        if off <= self.tolerance_percent:
            return Finding(passed=True, measured=measured)
        wrong = self._wrong(picture.width, picture.height)
        return Finding(
            passed=False,
            measured=measured,
            reason=f"The picture is {wrong}.",
            remedy=Remedy("recrop"),
        )

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Compare the output's shape with what is wanted."""
        del format_
        if self._off_percent(width, height) <= self.tolerance_percent:
            return None
        return f"an output of {self._wrong(width, height)}"

    def _wrong(self, width: int, height: int) -> str:
        wanted = self._wanted()
        shown = f"{width / height:.3g}:1 instead of {self.ratio}"
        more = "wide" if width / height > wanted else "high"
        off = self._off_percent(width, height)
        return f"{width:,} by {height:,} pixels, which is {shown}: {off:.1f} % too {more}"

    def _wanted(self) -> float:
        wide, _, high = self.ratio.partition(":")
        return float(wide) / float(high)

    def _off_percent(self, width: int, height: int) -> float:
        ratio, wanted = width / height, self._wanted()
        return 100 * (max(ratio, wanted) / min(ratio, wanted) - 1)
