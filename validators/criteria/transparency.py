"""Whether the picture is transparent, really so, and cut out without a fringe.

The fringe ("halo") is what is left of an old background in the half-transparent pixels of a cut:
their colour is compared with the nearest solid colour inside. A clean cut keeps the inside's colour
and leaves the blending to alpha. On ellipses cut out of 42 photographs, November 2026: at most 6
levels for a clean cut, 20 to 106 with a white fringe and 10 to 95 with a black one. A line of old
background in solid pixels cannot be told from the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.luminance import LEVELS, mean_level, upright
from validators.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_PERCENT_UNIT: Final[dict[str, JSONValue]] = {"unit": "% of the area"}
_LEVEL_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_HALF: Final = 128
_SOLID: Final = 250
"""Encoders with loss scatter a solid alpha by a few levels."""
_EDGE: Final = (32, 224)
"""The alpha of pixels whose colour shows and is mixed: less is hardly seen, more hardly mixed."""
_REACH_PX: Final = 4
_EDGE_PIXELS_MIN: Final = 50


class Transparency(Criterion):
    """The picture is transparent, as a cut-out must be, or has no transparent part at all.

    With `is: needed`, at least `min_percent` of the area must be transparent (a channel that is
    not used does not count), at least `min_solid_percent` must not be, and the half-transparent
    edge may differ from the colour inside by at most `max_halo` levels on average, which finds the
    white or dark fringe of an old background. With `is: forbidden` every pixel must be solid.
    Solid is an alpha of at least 250 of 255: encoders with loss scatter it by so much, and nobody
    sees the difference. Transparent is an alpha under 128.
    """

    name = "transparency"
    version = 2
    cost_ms = 35.0
    example: ClassVar[dict[str, object]] = {"is": "needed"}

    wanted: Literal["needed", "forbidden"] = Field(
        alias="is", description="needed: a cut-out; forbidden: nothing may show through"
    )
    min_percent: Annotated[float, Field(ge=0, le=100)] = Field(
        default=1.0,
        description="at least so much is transparent, where it is needed",
        json_schema_extra=_PERCENT_UNIT,
    )
    min_solid_percent: Annotated[float, Field(ge=0, le=100)] = Field(
        default=1.0,
        description="at least so much is solid, where transparency is needed",
        json_schema_extra=_PERCENT_UNIT,
    )
    max_halo: Annotated[float, Field(ge=0, le=255)] = Field(
        default=15.0,
        description="how far the edge's brightness may be from the inside's; 255 asks nothing",
        json_schema_extra=_LEVEL_UNIT,
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.min_percent + self.min_solid_percent > 100:  # noqa: PLR2004 - of a hundred percent
            raise ValueError("min_percent and min_solid_percent of together at most 100")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Count solid and transparent pixels, and look at the edge where all else is well."""
        image = picture.eight_bit()
        if image.mode != "RGBA":
            reason = "Nothing in the picture is transparent." if self.wanted == "needed" else None
            return _finding(reason, {"transparent_percent": 0.0, "solid_percent": 100.0})
        alpha = image.getchannel("A")
        counts = alpha.histogram()
        total = sum(counts)
        measured: dict[str, JSONValue] = {
            "transparent_percent": _percent(sum(counts[:_HALF]), total),
            "solid_percent": _percent(sum(counts[_SOLID:]), total),
        }
        if self.wanted == "forbidden":
            measured["see_through_pixels"] = sum(counts[:_SOLID])
            measured["least_alpha"] = next(level for level, count in enumerate(counts) if count)
            return self._forbidden(picture, alpha, measured)
        reason = self._unused(sum(counts[:_HALF]) / total, sum(counts[_SOLID:]) / total)
        if reason is not None:
            return _finding(reason, measured)
        return self._edge(picture, image, alpha, measured)

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Say that a JPEG is never transparent."""
        del width, height
        if self.wanted == "needed" and self.min_percent > 0 and format_ == "jpeg":
            return "an output in jpeg, which cannot be transparent"
        return None

    def contradicts_other(self, other: Criterion) -> str | None:
        """Compare what has to be clear here with what has to be solid there."""
        if (
            not isinstance(other, Transparency)
            or self.wanted == "forbidden"
            or not self.min_percent
        ):
            return None
        if other.wanted == "forbidden":
            return "no picture is both transparent and solid everywhere"
        if self.min_percent + other.min_solid_percent > 100:  # noqa: PLR2004 - of a hundred percent
            return "so much cannot be transparent and so much solid"
        return None

    def _unused(self, clear: float, solid: float) -> str | None:
        if clear * 100 < self.min_percent:
            return (
                f"Only {100 * clear:.2g} % of the picture is transparent, at least "
                f"{self.min_percent:g} % is wanted."
            )
        if solid * 100 < self.min_solid_percent:
            return (
                f"Only {100 * solid:.2g} % of the picture is solid, at least "
                f"{self.min_solid_percent:g} % is wanted."
            )
        return None

    def _forbidden(self, picture: Picture, alpha: Image, measured: dict[str, JSONValue]) -> Finding:
        shown = upright(picture, alpha.point(_table(0, _SOLID - 1)))
        box = shown.getbbox()
        if box is None:
            return Finding(passed=True, measured=measured)
        counts = alpha.histogram()
        see_through, total = sum(counts[:_SOLID]), sum(counts)
        # Flattening on a ground mends it for nothing, and the order says on which by its format.
        return Finding(
            passed=False,
            measured=measured,
            reason=(
                f"Parts of the picture are transparent, and none may be: {see_through:,} of its "
                f"{total:,} pixels have an alpha under {_SOLID} of 255."
            ),
            remedy=Remedy("reencode", "flatten"),
            marks=(_mark("transparent", box),),
        )

    def _edge(
        self, picture: Picture, image: Image, alpha: Image, measured: dict[str, JSONValue]
    ) -> Finding:
        edge, halo = _halo(image, alpha)
        if halo is None:
            return Finding(passed=True, measured=measured)
        measured["halo_levels"] = halo
        if abs(halo) <= self.max_halo:
            return Finding(passed=True, measured=measured)
        box = upright(picture, edge).getbbox() or (0, 0, picture.width, picture.height)
        tone = "bright" if halo > 0 else "dark"
        return Finding(
            passed=False,
            measured=measured,
            reason=(
                f"The cut-out has a {tone} fringe: its edge differs from the inside by "
                f"{abs(halo):g} of 255 levels, at most {self.max_halo:g} are allowed."
            ),
            remedy=Remedy("new_seed"),
            marks=(_mark(f"{tone} fringe", box),),
        )


def _percent(count: int, total: int) -> float:
    """Return the percentage with digits enough to tell one pixel of the largest picture."""
    return round(100 * count / total, 7)


def _finding(reason: str | None, measured: dict[str, JSONValue]) -> Finding:
    return Finding(reason is None, measured, reason, Remedy("new_seed") if reason else None)


def _mark(label: str, box: tuple[int, int, int, int]) -> Mark:
    left, top, right, bottom = box
    return Mark(label, (left, top, right - left, bottom - top), passed=False)


def _table(first: int, last: int) -> list[int]:
    """Return a lookup table that is 255 from the first to the last level and 0 elsewhere."""
    return [255 if first <= level <= last else 0 for level in range(LEVELS)]


def _halo(image: Image, alpha: Image) -> tuple[Image, float | None]:
    """Return where the edge is, and by how many levels it is brighter than the inside beside it."""
    from PIL import ImageChops, ImageFilter

    solid = image.copy()
    solid.putalpha(alpha.point(_table(_SOLID, 255)))
    # Blurred with colours weighted by alpha, each pixel gets the mean of the solid ones around it.
    around = solid.convert("RGBa").filter(ImageFilter.BoxBlur(_REACH_PX)).convert("RGBA")
    edge = ImageChops.multiply(
        alpha.point(_table(*_EDGE)), around.getchannel("A").point(_table(8, 255))
    )
    if edge.histogram()[255] < _EDGE_PIXELS_MIN:
        return edge, None
    inside, rim = around.convert("RGB").convert("L"), image.convert("RGB").convert("L")
    brighter = mean_level(ImageChops.subtract(rim, inside).histogram(edge))
    darker = mean_level(ImageChops.subtract(inside, rim).histogram(edge))
    return edge, round(brighter - darker, 1)
