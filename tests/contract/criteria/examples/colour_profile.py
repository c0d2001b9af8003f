"""Examples for `colour_profile`."""

from __future__ import annotations

from unit.validators.colour_profile_files import ADOBE_RGB, DISPLAY_P3, SRGB
from unit.validators.sample_pictures import encoded, photo_file, photograph

PASSES = (
    ({}, photo_file("png")),
    ({"is": "srgb", "untagged": False}, encoded(photograph(), "jpeg", icc_profile=SRGB)),
    ({"is": ["srgb", "display_p3"]}, encoded(photograph(), "webp", icc_profile=DISPLAY_P3)),
)
FAILS = (
    ({}, encoded(photograph(), "png", icc_profile=ADOBE_RGB)),
    ({"is": "srgb"}, encoded(photograph(), "avif", icc_profile=DISPLAY_P3)),
    ({"untagged": False}, photo_file("png")),
    ({}, encoded(photograph(), "jpeg", icc_profile=b"no profile at all")),
)
