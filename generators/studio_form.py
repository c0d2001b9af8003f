"""The form of the studio's params, and what a brief becomes under it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from generators.studio_colour import (
    OWN_COLOURS_LEAST,
    OWN_COLOURS_MOST,
    PALETTES,
    Palette,
    palette_of_colours,
    rgb_of_hex,
)

LayoutName = Literal[
    "aurora",
    "circle",
    "diagonal",
    "dots",
    "photo",
    "poster",
    "split",
    "stripes",
    "tiles",
    "waves",
]
PHOTO_LAYOUTS = ("photo", "split")
DRAWN_LAYOUTS: tuple[str, ...] = tuple(
    name for name in get_args(LayoutName) if name not in PHOTO_LAYOUTS
)

_TEXT_MAX = 2000
_LABEL_MAX = 60


def _listed(value: object) -> object:
    """Take `#112233, #ffcc00` for a list: a matrix of an order can only hold strings."""
    if isinstance(value, str) and "," in value:
        return [part.strip() for part in value.split(",")]
    return value


class StudioParams(BaseModel):
    """What an order may set: all of it optional, anything else refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: LayoutName | None = None
    """Without it, the seed chooses one."""
    palette: Annotated[str | list[str] | None, BeforeValidator(_listed)] = None
    """A name, or two to five colours: ground, its end, call to action, two for figures."""
    headline: str | None = Field(default=None, min_length=1, max_length=_TEXT_MAX)
    """Without it, the prompt."""
    subline: str = Field(default="", max_length=_TEXT_MAX)
    cta: str = Field(default="", max_length=_LABEL_MAX)
    brand: str = Field(default="", max_length=_LABEL_MAX)
    photo: str | None = Field(default=None, min_length=1, max_length=1000)
    """Path of a picture inside the studio's folder of photographs."""
    align: Literal["left", "center", "right"] | None = None

    @field_validator("palette")
    @classmethod
    def _palette_is_known(cls, value: str | list[str] | None) -> str | list[str] | None:
        if value is None or (isinstance(value, str) and value in PALETTES):
            return value
        if isinstance(value, str):
            known = ", ".join(PALETTES)
            msg = f"there is no palette {value!r}; take one of {known}, or a list of hex colours"
            raise ValueError(msg)  # noqa: TRY004 - pydantic reads ValueError
        wrong = [colour for colour in value if rgb_of_hex(colour) is None]
        if wrong:
            msg = f"{wrong[0]!r} is no colour like #1a2b3c"
            raise ValueError(msg)
        if not OWN_COLOURS_LEAST <= len(value) <= OWN_COLOURS_MOST:
            span = f"{OWN_COLOURS_LEAST} to {OWN_COLOURS_MOST}"
            msg = f"{span} colours make a palette, not {len(value)}"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _photo_and_layout_agree(self) -> Self:
        if self.photo is None and self.layout in PHOTO_LAYOUTS:
            msg = f"layout {self.layout} needs a photo; set the param photo"
            raise ValueError(msg)
        if self.photo is not None and self.layout not in {None, *PHOTO_LAYOUTS}:
            msg = f"layout {self.layout} shows no photo; take photo or split, or leave photo out"
            raise ValueError(msg)
        return self

    def chosen_layout(self, seed: int) -> str:
        """Return the layout: the order's, else one for the photo, else the seed's."""
        if self.layout is not None:
            return self.layout
        if self.photo is not None:
            return "photo"
        return _chance(seed, "layout").choice(DRAWN_LAYOUTS)

    def chosen_palette(self, seed: int) -> Palette:
        """Return the palette: the order's by name or colours, else the seed's."""
        if isinstance(self.palette, str):
            return PALETTES[self.palette]
        if self.palette is not None:
            return palette_of_colours([rgb_of_hex(text) or (0, 0, 0) for text in self.palette])
        return PALETTES[_chance(seed, "palette").choice(tuple(PALETTES))]


def _chance(seed: int, part: str) -> Random:
    """Return a chance of its own for each choice, so that fixing one leaves the others alone."""
    return Random(f"{part} {seed}")  # noqa: S311 - chance of taste, not of secrets


def read_params(params: Mapping[str, object]) -> StudioParams | list[str]:
    """Check an order's params; all problems, a sentence each, when they break the form."""
    try:
        return StudioParams.model_validate(dict(params))
    except ValidationError as error:
        return [_sentence(dict(problem)) for problem in error.errors(include_url=False)]


def _sentence(problem: dict[str, object]) -> str:
    place = problem["loc"]
    name = str(place[0]) if isinstance(place, tuple) and place else ""
    if problem["type"] == "extra_forbidden":
        known = ", ".join(StudioParams.model_fields)
        return f"The studio knows no parameter {name}; allowed: {known}."
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"The parameter {name}: {message}." if name else f"{message[:1].upper()}{message[1:]}."
