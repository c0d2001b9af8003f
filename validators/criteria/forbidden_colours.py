"""Whether a picture shows colours that it must not, such as a competitor's.

The tolerance of 8 by default is narrower than a palette's: what is forbidden is a certain colour,
and everything near it would forbid half of what nature paints. Rates in
docs/criteria-rates.md.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from validators.colour_areas import colour_areas
from validators.colour_difference import HexColour, delta_e_2000, lab_of, rgb_of
from validators.colour_words import colour_word
from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.picture import Picture
from validators.word_list import AS_LIST


class ForbiddenColours(Criterion):
    """None of these colours covers more than a trifle of the picture (CIEDE2000).

    Each of the `colours`, taken as everything within `tolerance` of it, covers at most `max_share`
    of what can be seen. Colours are compared on means of blocks and taken as sRGB.
    """

    name = "forbidden_colours"
    version = 1
    cost_ms = 15.0
    example: ClassVar = {"colours": ["#e30613"], "max_share": 0.01}

    colours: Annotated[tuple[HexColour, ...], Field(min_length=1, max_length=16), AS_LIST] = Field(
        description='the colours that must not be seen, as "#rrggbb"'
    )
    max_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.01,
        description="how much of the picture each of them may cover",
        json_schema_extra={"unit": "part of what can be seen"},
    )
    tolerance: Annotated[float, Field(ge=0, le=50)] = Field(
        default=8.0,
        description="how different a colour may look and still count as it",
        json_schema_extra={"unit": "CIEDE2000"},
    )

    def forbids(self, colour: str) -> bool:
        """Whether this very `#rrggbb` counts as one of the colours."""
        lab = lab_of(rgb_of(colour))
        return any(delta_e_2000(lab, lab_of(rgb_of(one))) <= self.tolerance for one in self.colours)

    def inspect(self, picture: Picture) -> Finding:
        """Measure the areas of the colours and name the largest that is too large."""
        areas = colour_areas(picture, self.colours, self.tolerance)
        shares = dict(zip(self.colours, areas.shares, strict=True))
        measured: dict[str, JSONValue] = {
            "shares": {colour: round(share, 4) for colour, share in shares.items()}
        }
        worst = max(shares, key=lambda colour: shares[colour])
        passed = shares[worst] <= self.max_share
        if passed:
            return Finding(passed, measured, marks=areas.marks(self.colours, passed=True))
        reason = (
            f"The forbidden colour {worst} covers {shares[worst]:.1%} of the picture; "
            f"at most {self.max_share:.1%} is allowed."
        )
        return Finding(
            passed,
            measured,
            reason,
            # A generator is told in words: the very colour is the rule's own business.
            Remedy("avoid", f"the colour {colour_word(worst)}"),
            areas.marks(self.colours, passed=False),
        )
