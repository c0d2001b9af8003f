"""Whether a picture wears the brand's colours.

A tolerance of 10 takes in the shades that light and compression make of a printed colour: with it,
a navy bar of 25 % was found in all of 42 photographs, and one in royal blue, 13 away from navy, in
none that was not navy already (docs/criteria-rates.md).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.colour_areas import ColourAreas, colour_areas
from validators.colour_difference import HexColour, Lab, delta_e_2000, lab_of, rgb_of
from validators.criteria.forbidden_colours import ForbiddenColours
from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.picture import Picture
from validators.word_list import AS_LIST

_PART: Final[dict[str, JSONValue]] = {"unit": "part of what can be seen"}


class Palette(Criterion):
    """Enough of the picture has the brand's colours, as people see them (CIEDE2000).

    `min_share` of what can be seen lies within `tolerance` of any of the `colours`; with
    `each_min_share`, every single one covers at least so much. Colours are compared on means of
    blocks, as the eye does from a step away, and taken as sRGB.
    """

    name = "palette"
    version = 1
    cost_ms = 15.0
    example: ClassVar = {"colours": ["#0b3d91", "#f5f1e6"], "min_share": 0.25}

    colours: Annotated[tuple[HexColour, ...], Field(min_length=1, max_length=16), AS_LIST] = Field(
        description='the brand\'s colours, as "#rrggbb"'
    )
    min_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.2,
        description="how much of the picture has any of the colours at least",
        json_schema_extra=_PART,
    )
    each_min_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0,
        description="how much of the picture each single colour covers at least",
        json_schema_extra=_PART,
    )
    tolerance: Annotated[float, Field(ge=0, le=50)] = Field(
        default=10.0,
        description="how different a colour may look and still count",
        json_schema_extra={"unit": "CIEDE2000"},
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        apart = self._told_apart()
        if apart * self.each_min_share > 1:
            raise ValueError(
                f"an each_min_share of at most {1 / apart:.2f}: {apart} colours that are told apart "
                "cannot each cover more"
            )
        return self

    def _told_apart(self) -> int:
        """Count colours of which no part of a picture is near to two."""
        kept: list[Lab] = []
        for colour in self.colours:
            lab = lab_of(rgb_of(colour))
            # The difference is no metric: a colour in between may be nearer than half to both.
            if all(delta_e_2000(lab, one) > 2.5 * self.tolerance for one in kept):
                kept.append(lab)
        return len(kept)

    def contradicts_other(self, other: Criterion) -> str | None:
        """Say when the colours that are needed here are forbidden there."""
        if not isinstance(other, ForbiddenColours):
            return None
        barred = [colour for colour in self.colours if other.forbids(colour)]
        needed = self.each_min_share > other.max_share
        if len(barred) == len(self.colours):
            # Each of the forbidden colours may still cover its trifle.
            needed = needed or self.min_share > other.max_share * len(other.colours)
        if barred and needed:
            return f"the colour {barred[0]} is asked for and forbidden"
        return None

    def inspect(self, picture: Picture) -> Finding:
        """Measure the areas of the colours and compare them with what is wanted."""
        areas = colour_areas(picture, self.colours, self.tolerance)
        measured: dict[str, JSONValue] = {
            "share": round(areas.share, 4),
            "shares": {c: round(s, 4) for c, s in zip(self.colours, areas.shares, strict=True)},
        }
        reason = self._fault(areas)
        return Finding(
            reason is None,
            measured,
            reason,
            None if reason is None else Remedy("new_seed"),
            areas.marks(self.colours, passed=reason is None),
        )

    def _fault(self, areas: ColourAreas) -> str | None:
        if areas.share < self.min_share:
            return (
                f"The brand's colours cover {areas.share:.1%} of the picture; "
                f"at least {self.min_share:.1%} is wanted."
            )
        for index, colour in enumerate(self.colours):
            if areas.shares[index] < self.each_min_share:
                near = areas.nearest[index]
                hint = "" if near is None else f" (the nearest colour is {near:.0f} away from it)"
                return (
                    f"The brand's colour {colour} covers {areas.shares[index]:.1%} of the "
                    f"picture{hint}; at least {self.each_min_share:.1%} is wanted."
                )
        return None
