"""How pixels are stored: which colours they can have, and how finely."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, get_args

from pydantic import BeforeValidator, Field

from validators.containers.avif_boxes import avif_bit_depth
from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.picture import Picture

Layout = Literal["rgb", "rgba", "grey", "grey_alpha", "palette", "cmyk"]
Bits = Literal[1, 2, 4, 8, 10, 12, 16]

_TITLES: Final[dict[Layout, str]] = {
    "rgb": "colour (RGB)",
    "rgba": "colour with transparency (RGBA)",
    "grey": "grey",
    "grey_alpha": "grey with transparency",
    "palette": "a palette of at most 256 colours",
    "cmyk": "printing colours (CMYK)",
}
_OF_MODE: Final[dict[str, Layout]] = {
    "L": "grey",
    "LA": "grey_alpha",
    "P": "palette",
    "RGB": "rgb",
    "RGBA": "rgba",
    "CMYK": "cmyk",
}
_OF_PNG: Final[dict[int, Layout]] = {0: "grey", 2: "rgb", 3: "palette", 4: "grey_alpha", 6: "rgba"}
_POSSIBLE: Final[dict[str, frozenset[Layout]]] = {
    "png": frozenset(_OF_PNG.values()),
    "jpeg": frozenset({"rgb", "grey", "cmyk"}),
    "webp": frozenset({"rgb", "rgba"}),
    "avif": frozenset({"rgb", "rgba", "grey", "grey_alpha"}),
}


def _as_tuple(value: object) -> object:
    if isinstance(value, list):
        if not value:
            raise ValueError("at least one of " + ", ".join(get_args(Layout)))
        return tuple(value)
    return value if isinstance(value, tuple) else (value,)


def _as_bits(value: object) -> object:
    if value is None:
        return None
    if value == []:
        raise ValueError("at least one of " + ", ".join(map(str, get_args(Bits))))
    return _as_tuple(value)


class ColourMode(Criterion):
    """The pixels are stored in one of these ways, as the file says and not as it is unpacked.

    `is` is one of rgb, rgba, grey, grey_alpha, palette and cmyk, or a list of those that are
    allowed; `bits` is how many bits each channel may have (8 is usual, 16 is for editing; AVIF has
    8, 10 or 12), any number of them when it is not given.
    """

    name = "colour_mode"
    version = 1
    cost_ms = 0.01
    example: ClassVar = {"is": ["rgb", "rgba"], "bits": 8}

    allowed: Annotated[tuple[Layout, ...], BeforeValidator(_as_tuple)] = Field(
        alias="is", description="the ways that are allowed, one or a list"
    )
    bits: Annotated[tuple[Bits, ...] | None, BeforeValidator(_as_bits)] = Field(
        default=None,
        description="how many bits a channel may have, one number or a list",
        json_schema_extra={"unit": "bits per channel"},
    )

    def inspect(self, picture: Picture) -> Finding:
        """Compare the file's own layout and depth with those that are allowed."""
        layout, bits = _stored(picture)
        measured: dict[str, JSONValue] = {"layout": layout, "bits_per_channel": bits}
        if layout not in self.allowed:
            wanted = " or ".join(_TITLES[one] for one in self.allowed)
            reason = f"The pixels are stored as {_TITLES[layout]}, not as {wanted}."
        elif self.bits is not None and bits not in self.bits:
            wanted = " or ".join(map(str, self.bits))
            reason = f"Each channel has {bits} bits, not {wanted}."
        else:
            return Finding(passed=True, measured=measured)
        return Finding(passed=False, measured=measured, reason=reason, remedy=Remedy("reencode"))

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Say when the output's format has none of these ways."""
        del width, height
        possible = _POSSIBLE.get(format_)
        if possible is None or possible & set(self.allowed):
            return None
        return f"an output in {format_}, which cannot hold {' or '.join(self.allowed)}"


def _stored(picture: Picture) -> tuple[Layout, int]:
    if picture.format == "png":
        # Pillow unpacks 16-bit colour to 8 bits, so its word for it is not the file's.
        layout = _OF_PNG[picture.data[25]]
        if picture.image.has_transparency_data and layout in {"rgb", "grey"}:
            layout = "rgba" if layout == "rgb" else "grey_alpha"
        return layout, picture.data[24]
    bits = avif_bit_depth(picture.data) if picture.format == "avif" else 8
    return _OF_MODE.get(picture.mode, "rgb"), bits
