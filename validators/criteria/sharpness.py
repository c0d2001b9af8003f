"""How sharp the sharpest part of the picture is.

Measured: in each block of 16 by 16 pixels, the detail that a blur of 3 pixels takes away as a share
of what a blur of 7 pixels takes away; the best tenth of the blocks counts, so that a shallow focus
does no harm. On 42 photographs, November 2026: 37 to 92 %, but for one of a storm with motion blur
(27 %); the same photographs under a Gaussian blur of 2 pixels: at most 24 %, of 1 pixel: 24 to
42 %.

So an absolute floor finds strong blur only. Slight blur lies within what good photographs differ
by: their content decides. It is found by comparing with a picture of the same kind, whose measured
`sharpness_percent` an order gives as `baseline`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators import detail
from validators.criterion import Criterion, Finding, JSONValue, Remedy, Severity
from validators.picture import Picture

_UNIT: Final[dict[str, JSONValue]] = {"unit": "%"}
_Percent = Annotated[float, Field(gt=0, le=100, json_schema_extra=_UNIT)]
_FLOOR: Final = 25.0
_BASELINE_MIN: Final = 30.0
"""Any picture measures 18 to 24 when it is blurred strongly; less far above it, nothing is told."""


class Sharpness(Criterion):
    """The sharpest part of the picture is sharp, by a floor or beside a reference picture.

    Give `baseline`: the `sharpness_percent` that `mintage inspect` measured on a good picture of
    the same kind and size; the picture must reach `min_share` of it. Without one, the absolute
    `floor` (25 unless given) holds, which depends on content: it finds strong blur, never slight
    blur, and a picture that is soft on purpose fails it. So this rule only warns unless its
    severity is given.
    """

    name = "sharpness"
    version = 1
    cost_ms = 13.0
    example: ClassVar[dict[str, object]] = {"baseline": 55.0, "severity": "review"}

    severity: Severity = Field(
        default="warn",
        description="block refuses the file, review sends it to a person, warn only tells",
    )
    floor: _Percent | None = Field(
        default=None, description="the least sharpness without a baseline; 25 unless given"
    )
    baseline: Annotated[float | None, Field(ge=_BASELINE_MIN, le=100, json_schema_extra=_UNIT)] = (
        Field(
            default=None,
            description="the sharpness of a reference picture of the same kind and size; "
            "one under 30 is too soft to compare with",
        )
    )
    min_share: _Percent = Field(default=75.0, description="at least so much of the baseline")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.floor is not None and self.baseline is not None:
            raise ValueError("either floor or baseline, not both")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Measure the sharpest tenth of the blocks that have any detail."""
        grey = detail.whole_grey(picture)
        ratio = detail.sharpest_ratio(
            detail.means(detail.deviation(grey, 1)),
            detail.means(detail.deviation(grey, 3)),
            detail.whole_blocks(picture),
        )
        # Blur that is strong enough leaves nothing to measure: no detail is not sharp either.
        sharpness = 0.0 if ratio is None else round(100 * ratio, 1)
        wanted = self._wanted()
        if sharpness >= wanted:
            return Finding(passed=True, measured={"sharpness_percent": sharpness})
        beside = "" if self.baseline is None else f" beside {self.baseline:g} of the reference"
        return Finding(
            passed=False,
            measured={"sharpness_percent": sharpness, "wanted_percent": wanted},
            reason=(
                f"The picture is blurred: even its sharpest part reaches {sharpness:g} of 100"
                f"{beside}, at least {wanted:g} is wanted."
            ),
            remedy=Remedy("new_seed"),
        )

    def _wanted(self) -> float:
        if self.baseline is not None:
            return round(self.baseline * self.min_share / 100, 1)
        return _FLOOR if self.floor is None else self.floor
