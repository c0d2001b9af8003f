"""Examples for `file_size`."""

from __future__ import annotations

from unit.validators.sample_pictures import photo_file

PASSES = (({"max_kb": 600}, photo_file("webp")), ({"min_kb": 1}, photo_file("png")))
FAILS = (({"max_kb": 1}, photo_file("png")), ({"min_kb": 600}, photo_file("webp")))
