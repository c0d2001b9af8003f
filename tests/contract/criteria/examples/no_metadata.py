"""Examples for `no_metadata`."""

from __future__ import annotations

from unit.validators.metadata_files import CAMERA, MACHINE_MADE, with_exif, with_xmp
from unit.validators.sample_pictures import FORMATS, photo_file

PASSES = (
    *(({}, photo_file(image_format)) for image_format in FORMATS),
    *(({}, with_xmp(image_format, MACHINE_MADE)) for image_format in FORMATS),
    ({"allow": ["exif"]}, with_exif("jpeg", CAMERA)),
    ({"allow": ["exif:Make", "exif:Model"]}, with_exif("webp", CAMERA)),
)
FAILS = (
    *(({}, with_exif(image_format, CAMERA)) for image_format in FORMATS),
    ({"allow": ["exif:Make"]}, with_exif("png", CAMERA)),
    ({"allow": []}, with_xmp("jpeg", MACHINE_MADE)),
)
