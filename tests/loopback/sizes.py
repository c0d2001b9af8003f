"""How many pixels the models' images have: the tables and rules of their model pages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MEBIPIXEL = 1 << 20

RATIOS = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "21:9": (1536, 640),
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "3:4": (896, 1152),
    "4:3": (1152, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}
IDEOGRAM_RATIOS = {
    "1:3": (512, 1536),
    "3:1": (1536, 512),
    "1:2": (704, 1408),
    "2:1": (1408, 704),
    "9:16": (736, 1312),
    "16:9": (1312, 736),
    "10:16": (800, 1280),
    "16:10": (1280, 800),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1152),
    "4:3": (1152, 864),
    "4:5": (896, 1120),
    "5:4": (1120, 896),
    "1:1": (1024, 1024),
}
# Portrait sizes; each is offered the other way round as well.
_IDEOGRAM_HEIGHTS = {
    512: (1536,),
    576: (1408, 1472, 1536),
    640: (1344, 1408, 1472, 1536),
    704: (1152, 1216, 1280, 1344, 1408, 1472),
    736: (1312,),
    768: (1088, 1216, 1280, 1344),
    800: (1280,),
    832: (960, 1024, 1088, 1152, 1216, 1248),
    864: (1152,),
    896: (960, 1024, 1088, 1120, 1152),
    960: (1024, 1088),
    1024: (1024,),
}
IDEOGRAM_SIZES = tuple(
    dict.fromkeys(
        size
        for width, heights in _IDEOGRAM_HEIGHTS.items()
        for height in heights
        for size in (f"{width}x{height}", f"{height}x{width}")
    )
)
RESOLUTIONS = {"match_input_image": 1.0, "0.5 MP": 0.5, "1 MP": 1.0, "2 MP": 2.0, "4 MP": 4.0}


def _rounded(pixels: float, low: int, high: int) -> int:
    return min(high, max(low, round(pixels / 32) * 32))


def _floored(pixels: float) -> int:
    return min(2048, max(256, math.floor(pixels / 32) * 32))


def ratio_size(given: Mapping[str, Any]) -> tuple[int, int]:
    """The open FLUX models: a table of ratios, halved in each direction at 0.25 megapixels."""
    width, height = RATIOS[given["aspect_ratio"]]
    return (width // 2, height // 2) if given.get("megapixels") == "0.25" else (width, height)


def flux_11_size(given: Mapping[str, Any]) -> tuple[int, int]:
    """FLUX 1.1 pro: the table, or custom sides in steps of 32 up to 1440."""
    if given["aspect_ratio"] != "custom":
        return RATIOS[given["aspect_ratio"]]
    return tuple(_rounded(given.get(side, 1024), 256, 1440) for side in ("width", "height"))  # type: ignore[return-value]


def flux_2_size(given: Mapping[str, Any]) -> tuple[int, int]:
    """FLUX 2 pro: a resolution spread over a ratio, or custom sides in steps of 32 up to 2048."""
    ratio = given["aspect_ratio"]
    if ratio == "custom":
        return tuple(_rounded(given.get(side, 1024), 256, 2048) for side in ("width", "height"))  # type: ignore[return-value]
    across, down = (1, 1) if ratio == "match_input_image" else map(int, ratio.split(":"))
    pixels = RESOLUTIONS[given["resolution"]] * MEBIPIXEL
    width = math.sqrt(pixels * across / down)
    # Downwards, so that what was asked as 1 MP is never more than 1 MP, and billed as that.
    return _floored(width), _floored(width * down / across)


def ideogram_size(given: Mapping[str, Any]) -> tuple[int, int]:
    """Ideogram v3: an explicit resolution goes before the ratio."""
    if given["resolution"] != "None":
        width, _, height = given["resolution"].partition("x")
        return int(width), int(height)
    return IDEOGRAM_RATIOS[given["aspect_ratio"]]
