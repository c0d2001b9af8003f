"""Names of jobs: a path below the order's folder, safe on every store and file system."""

from __future__ import annotations

import unicodedata
from itertools import repeat
from typing import Final

INCOMING: Final = ".incoming"
"""Where a store in a folder keeps what is on its way in; see `assets.store`."""

NAME_BYTES_MAX = 200
"""Leaves room below the 255 bytes of a file name and the 1,024 of an S3 key."""
_FORBIDDEN = set('\\:*?"<>|')
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³"
}
"""Windows counts the three small digits too ("Naming Files, Paths, and Namespaces", Microsoft Learn)."""
_UNSEEN = ("C", "Zl", "Zp")
"""Categories of Unicode: controls, formats, halves, what is unassigned; ends of lines and paragraphs."""
_FILE_ENDINGS = (".json", ".csv", ".png", ".jpg", ".jpeg", ".webp", ".avif")
NAME_WANTED = (
    "a relative name such as mug/oak-1: no `..`, no leading slash, "
    'none of \\ : * ? " < > |, no control characters, up to 200 bytes'
)


def name_fault(name: str) -> str | None:
    """Say what is wrong with a job's name, or None."""
    if not name:
        return "an empty name"
    if any(unicodedata.category(char).startswith(_UNSEEN) for char in name):
        return f"{name!r}, which has a control character"
    if len(name.encode()) > NAME_BYTES_MAX:
        return f"a name of {len(name.encode())} bytes"
    bad = sorted(_FORBIDDEN & set(name))
    if bad:
        return f"{name!r}, which has {' '.join(bad)}"
    segment_faults = map(_segment_fault, name.split("/"), repeat(name))
    return _place_fault(name) or next(filter(None, segment_faults), None)


def _place_fault(name: str) -> str | None:
    parts = name.split("/")
    if parts[0].casefold() == INCOMING:
        return f"{name!r}, a name that the store keeps for itself"
    if any(folder.casefold().endswith(_FILE_ENDINGS) for folder in parts[:-1]):
        # The folder would be in the place of another job's file, its receipt or the manifest.
        return f"{name!r}, with a folder that is called like a file"
    return None


def _segment_fault(segment: str, name: str) -> str | None:
    if segment in {"", ".", ".."}:
        return f"{name!r}, which could leave its folder"
    if segment != segment.strip() or segment.endswith("."):
        return f"{name!r}, with a space or dot at the end of a part"
    if segment.partition(".")[0].strip().casefold() in _DEVICES:
        return f"{name!r}, which is a device on Windows"
    return None


def name_key(name: str) -> str:
    """Give the form in which two names are the same file on some file system."""
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", folded)
