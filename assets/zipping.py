"""A pulled folder's assets as one ZIP file: stored as they are, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import os
import secrets
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from assets.errors import DigestMismatch, Missing, StoreUnavailable
from assets.layout import MANIFEST_CSV, MANIFEST_JSON, SHEET_HTML
from assets.manifest import ManifestHeader, ManifestRow, write_manifest
from assets.memory_store import MemoryStore
from assets.places import SUMS
from assets.pulled_folder import in_places, sums
from assets.rooted_files import RootedFiles
from assets.store import CHUNK_BYTES

_EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)
"""What dates a ZIP file can hold, in steps of two seconds."""
_UNIX: Final = 3
_MODE: Final = 0o100644 << 16
_ZIP64_FROM: Final = (1 << 31) - 1


def zip_path(dest: Path) -> Path:
    """Name the ZIP file of a folder: beside it, with `.zip` at its end; beside a link to it as well.

    Raises:
        StoreUnavailable: the folder is the root, which has nothing beside it.
    """
    # Not the real path: who pulls to a link looks for the file beside the link.
    folder = Path(os.path.abspath(dest))  # noqa: PTH100 - Path.absolute keeps dots
    if not folder.name:
        raise StoreUnavailable(f"{folder} has no place beside it for a ZIP; choose another folder.")
    return folder.with_name(f"{folder.name}.zip")


def zip_folder(dest: Path, rows: Mapping[str, ManifestRow], *, sheet: bytes | None = None) -> Path:
    """Pack assets that were pulled into a folder, with a manifest of just them, beside the folder.

    Nothing is compressed, for pictures are already. Entries are sorted and dated by when each asset
    was released, so the same assets make the same bytes. The file appears whole or not at all.

    Args:
        dest: the folder.
        rows: what to pack, by its place below the folder.
        sheet: the contact sheet of just these assets, packed as `index.html`.

    Raises:
        Missing: a file is not there any more.
        DigestMismatch: a file's bytes were changed since it was pulled.
        StoreUnavailable: the file cannot be written.
    """
    path = zip_path(dest)
    files = RootedFiles(dest)
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        try:
            with temporary.open("xb") as whole:
                _pack(whole, files, rows, sheet)
                whole.flush()
                os.fsync(whole.fileno())
            temporary.replace(path)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
    except OSError as error:
        raise RootedFiles(path.parent).fault(path.name, error) from error
    return path


def _pack(
    whole: BinaryIO, files: RootedFiles, rows: Mapping[str, ManifestRow], sheet: bytes | None
) -> None:
    newest = max((row.released_at for row in rows.values()), default=_EARLIEST)
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
        pages = [] if sheet is None else [(SHEET_HTML, sheet)]
        for name, data in (*pages, *_lists(rows)):
            packed.writestr(_entry(name, newest), data)
        for place, row in in_places(rows):
            path = files.path(place)
            try:
                file = path.open("rb")
            except FileNotFoundError:
                raise Missing(place, str(path)) from None
            with file:
                found = _copy(packed, _entry(place, row.released_at), file, row.bytes)
            if found != row.sha256:
                raise DigestMismatch(str(path), expected=row.sha256, found=found)


def _copy(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, file: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    with packed.open(entry, "w", force_zip64=size > _ZIP64_FROM) as inside:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            inside.write(chunk)
    return digest.hexdigest()


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    when = min(max(at.astimezone(UTC), _EARLIEST), _LATEST)
    entry = zipfile.ZipInfo(name, when.timetuple()[:6])
    entry.create_system = _UNIX
    entry.external_attr = _MODE
    return entry


def _lists(rows: Mapping[str, ManifestRow]) -> list[tuple[str, bytes]]:
    """Make the lists of just these assets: the folder's own may name more."""
    sorted_rows = in_places(rows)
    store = MemoryStore()
    write_manifest(store, "", ManifestHeader(), (row for _, row in sorted_rows))
    made = [(name, store.get(name)) for name in (MANIFEST_CSV, MANIFEST_JSON)]
    return [*made, (SUMS, sums(sorted_rows))]
