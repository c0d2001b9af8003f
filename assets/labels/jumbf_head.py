"""The head of a JUMBF box, by which content credentials are told from anything else in their place.

Source: ISO 19566-5, annex A (superboxes and what describes them); C2PA technical specification,
section 11.1.4 (the box of a manifest store).
"""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 64
"""Within so many bytes a superbox says what it is."""


def is_manifest_store(box: bytes) -> bool:
    """Tell whether bytes begin with the superbox of a C2PA manifest store."""
    return box[4:8] == b"jumb" and b"c2pa" in box[8:HEAD_BYTES]
