"""Files of somebody else's where a pull writes its own: they are told and never replaced."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Final

from assets.directory_store import DirectoryStore
from assets.errors import AssetsError, StoreUnavailable
from assets.layout import MANIFEST_CSV, MANIFEST_JSON, SHEET_HTML
from assets.manifest import read_manifest
from assets.memory_store import MemoryStore
from assets.places import SUMS

_SHEET_MARK: Final = b'<a class="skip" href="#assets-shown">'
"""What every contact sheet has near its start, and hardly another page."""
_CSV_MARK: Final = b"name,key,sha256,bytes,media_type,"
"""How the first line of every manifest.csv starts."""
_HEAD_BYTES: Final = 1 << 20
"""How much of a file is read to tell whose it is."""


def check_lists(root: Path, *, sheet: bool, begun: bool) -> None:
    """See that what has the names of the folder's lists was written by Mintage.

    Args:
        root: the folder that is to be pulled to.
        sheet: whether `index.html` is to be written as well.
        begun: whether an earlier pull was cut off here: its sums lie beside no manifest yet.

    Raises:
        StoreUnavailable: one was not; it says which, and the way out.
    """
    away = "pull into another folder, or move it away"
    has_manifest = _is_there(root, MANIFEST_JSON)
    if has_manifest and not _is_manifest(root):
        raise _foreign(root / MANIFEST_JSON, away)
    has_table = _is_there(root, MANIFEST_CSV)
    if has_table and not _head(root / MANIFEST_CSV).startswith(_CSV_MARK):
        raise _foreign(root / MANIFEST_CSV, away)
    if _is_there(root, SUMS):
        _head(root / SUMS)
        if not (has_manifest or has_table or begun):
            raise _foreign(root / SUMS, away)
    if sheet and _is_there(root, SHEET_HTML) and _SHEET_MARK not in _head(root / SHEET_HTML):
        raise _foreign(root / SHEET_HTML, "pull into another folder, or give --no-sheet")


def check_zip(path: Path) -> None:
    """See that nothing is at a path, or a ZIP that an earlier pull made.

    Raises:
        StoreUnavailable: something else is there.
    """
    if not os.path.lexists(path):
        return
    try:
        ours = not path.is_symlink() and _is_zip(path)
    except OSError:
        ours = False
    if not ours:
        raise _foreign(path, "move it away, or pull into a folder of another name")


def _is_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as packed, packed.open(MANIFEST_JSON) as inside:
            head = inside.read(_HEAD_BYTES)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError):
        return False
    store = MemoryStore()
    store.replace(MANIFEST_JSON, head, media_type="application/json")
    try:
        read_manifest(store, MANIFEST_JSON)
    except AssetsError:
        return False
    return True


def _is_manifest(root: Path) -> bool:
    try:
        read_manifest(DirectoryStore(root), MANIFEST_JSON)
    except StoreUnavailable:
        raise
    except AssetsError:
        return False
    return True


def _is_there(root: Path, name: str) -> bool:
    return os.path.lexists(root / name)


def _head(path: Path) -> bytes:
    """Read a file's start; a folder, a link or a pipe is nothing that Mintage wrote."""
    if path.is_symlink() or not path.is_file():
        raise _foreign(path, "pull into another folder, or move it away")
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _foreign(path: Path, way_out: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path} was not written by this Mintage and is not replaced; {way_out}."
    )
