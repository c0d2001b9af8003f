"""Which colour space a file says its numbers are in, read from the profile's own numbers.

A profile is known by its primaries and its tone curve, never by its name: thousands of profiles are
called sRGB and some of them are not. Sources: ICC.1:2022 (header, tags, curves), IEC 61966-2-1
(sRGB), SMPTE EG 432-1 with the sRGB curve (Display P3), Adobe RGB (1998), ITU-T H.273 (cICP and
nclx codes). Primaries are adapted to D50, as profiles store them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from validators.containers.avif_boxes import avif_colour_codes
from validators.containers.file_parts import file_parts
from validators.picture import Picture

ColourSpace = Literal["srgb", "display_p3", "adobe_rgb", "grey", "cmyk", "other"]

_HEAD: Final = 128
_TOLERANCE: Final = 0.004
"""Of XYZ; published sRGB profiles differ by up to 0.002, Display P3 from sRGB by 0.08."""
_CURVE_TOLERANCE: Final = 0.01
_MIDDLE: Final = {"srgb": 0.2140, "gamma_2.2": 0.2176}
"""What half of the full signal means in light: sRGB's curve, and a power of 2.2."""

_XYZ: Final[dict[ColourSpace, tuple[tuple[float, float, float], ...]]] = {
    "srgb": ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)),
    "display_p3": ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841)),
    "adobe_rgb": ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
}
_CODES: Final[dict[tuple[int, int], ColourSpace]] = {(1, 13): "srgb", (12, 13): "display_p3"}
_UNSPECIFIED: Final = 2
_PARAMETERS: Final = {0: "g", 1: "gab", 2: "gabc", 3: "gabcd", 4: "gabcdef"}
"""The parameters of the kinds of parametric curve, in ICC's letters."""
_HALF: Final = 0.5
_MAX_POWER: Final = 10
_MAX_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Profile:
    """A colour space, the name that the profile gives itself, and where the file states it."""

    space: ColourSpace
    name: str
    source: Literal["icc", "code"]


def profile_of(picture: Picture) -> Profile | None:
    """Return what the file states about its colours, or None when it states nothing."""
    icc = picture.image.info.get("icc_profile")
    if isinstance(icc, bytes) and icc:
        return Profile(_space(icc), _name(icc), "icc")
    codes: tuple[int, int] | None = None
    if picture.format == "png":
        for part in file_parts(picture.data, "png"):
            if part.kind == "cICP" and len(part.payload) == 4:  # noqa: PLR2004 - four codes of a byte
                codes = (part.payload[0], part.payload[1])
            elif part.kind == "sRGB" and codes is None:
                codes = (1, 13)
    elif picture.format == "avif":
        codes = avif_colour_codes(picture.data)
    if codes is None or _UNSPECIFIED in codes:
        return None
    return Profile(_CODES.get(codes, "other"), f"codes {codes[0]} and {codes[1]}", "code")


def _space(icc: bytes) -> ColourSpace:
    model = icc[16:20]
    if model == b"CMYK":
        return "cmyk"
    if model == b"GRAY":
        return "grey"
    tags = _tags(icc)
    primaries = [_xyz(tags.get(tag, b"")) for tag in (b"rXYZ", b"gXYZ", b"bXYZ")]
    middles = [_middle(tags.get(tag, b"")) for tag in (b"rTRC", b"gTRC", b"bTRC")]
    if model != b"RGB " or icc[36:40] != b"acsp":
        return "other"
    for space, wanted in _XYZ.items():
        curve = _MIDDLE["gamma_2.2" if space == "adobe_rgb" else "srgb"]
        if all(map(_near, primaries, wanted)) and all(
            middle is not None and abs(middle - curve) < _CURVE_TOLERANCE for middle in middles
        ):
            return space
    return "other"


def _near(found: tuple[float, ...] | None, wanted: tuple[float, ...]) -> bool:
    return found is not None and all(
        abs(one - other) < _TOLERANCE for one, other in zip(found, wanted, strict=True)
    )


def _tags(icc: bytes) -> dict[bytes, bytes]:
    count = min(int.from_bytes(icc[_HEAD : _HEAD + 4], "big"), 100)
    found = {}
    for index in range(count):
        entry = icc[_HEAD + 4 + 12 * index :][:12]
        start, length = int.from_bytes(entry[4:8], "big"), int.from_bytes(entry[8:12], "big")
        found[entry[:4]] = icc[start : start + length]
    return found


def _fixed(data: bytes) -> float:
    return int.from_bytes(data, "big", signed=True) / 65536


def _xyz(tag: bytes) -> tuple[float, ...] | None:
    if tag[:4] != b"XYZ " or len(tag) < 20:  # noqa: PLR2004 - a kind, four bytes of nothing, three numbers
        return None
    return tuple(_fixed(tag[at : at + 4]) for at in (8, 12, 16))


def _middle(tag: bytes) -> float | None:
    """Return the light that a curve gives for half of the full signal."""
    if tag[:4] == b"para":
        return _parametric(tag)
    if tag[:4] != b"curv":
        return None
    count = int.from_bytes(tag[8:12], "big")
    values = [int.from_bytes(tag[at : at + 2], "big") for at in range(12, len(tag) - 1, 2)]
    values = values[:count]
    if len(values) != count:
        return None
    if count == 0:
        return 0.5
    if count == 1:
        return float(0.5 ** (values[0] / 256))
    low, high = values[(count - 1) // 2], values[count // 2]
    return (low + high) / 2 / 65535


def _parametric(tag: bytes) -> float | None:
    kind = int.from_bytes(tag[8:10], "big")
    numbers = [_fixed(tag[at : at + 4]) for at in range(12, len(tag) - 3, 4)]
    names = _PARAMETERS.get(kind, "")
    if not names or len(numbers) < len(names):
        return None
    # What a kind leaves out stands for a plain power: nothing added, no straight part.
    curve = dict.fromkeys("bcdef", 0.0) | {"a": 1.0} | dict(zip(names, numbers, strict=False))
    if curve["d"] > _HALF:
        return curve["c"] * _HALF + curve["f"]
    base = curve["a"] * _HALF + curve["b"]
    if base <= 0 or not 0 < curve["g"] < _MAX_POWER:
        return None
    offset = curve["c"] if names == "gabc" else curve["e"]
    return float(base ** curve["g"] + offset)


def _name(icc: bytes) -> str:
    tag = _tags(icc).get(b"desc", b"")
    if tag[:4] == b"mluc":
        length, start = int.from_bytes(tag[20:24], "big"), int.from_bytes(tag[24:28], "big")
        text = tag[start : start + length].decode("utf-16-be", "replace")
    else:
        text = tag[12 : 12 + int.from_bytes(tag[8:12], "big")].decode("latin-1")
    shown = "".join(character for character in text if character.isprintable()).strip()
    return shown[:_MAX_NAME] or "without a name"
