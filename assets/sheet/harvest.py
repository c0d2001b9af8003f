"""Thumbnails that an earlier sheet has already, so that only new assets are read and decoded."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Final, Self

from assets.errors import AssetsError, Missing, StoreUnavailable
from assets.layout import RELEASED, SHEET_HTML
from assets.manifest import ManifestRow
from assets.sheet.thumbnails import BYTES_MAX, is_thumbnail, thumbnail
from assets.store import Store, check_digest

_LINE_BYTES_MAX: Final = 1 << 20
_LINE: Final = re.compile(rb'\{"sha256":"([0-9a-f]{64})","thumbnail":"([^"\\]*)"')
_EDITION_PARTS: Final = 4
"""released, campaign, order and edition: an edition's folder."""


def read_thumbnails(store: Store, key: str) -> Iterator[tuple[str, str]]:
    """Read a sheet's thumbnails: the asset's SHA-256 (hex) and the data URI, one after the other.

    A sheet lies where others can write: what is no thumbnail is passed over.

    Raises:
        Missing: there is no such sheet; said when the first is asked for.
    """
    rest = b""
    for chunk in store.chunks(key):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if found := _LINE.match(line):
                uri = found[2].decode("ascii", errors="replace")
                if is_thumbnail(uri):
                    yield found[1].decode("ascii"), uri
        if len(rest) > _LINE_BYTES_MAX:
            return


class Thumbnails:
    """Finds or makes the thumbnail of each row; safe to call from many threads.

    Thumbnails that were found wait in a temporary file: in memory is only where each lies. An
    edition's sheet is read when its first asset is asked for. Where none has an asset's thumbnail,
    the asset is read, compared with its SHA-256 and decoded.
    """

    def __init__(
        self,
        store: Store,
        *,
        sheets: Store | None = None,
        below: str = "",
        place_of: Callable[[ManifestRow], str] | None = None,
    ) -> None:
        """Say where the files lie.

        Args:
            store: what holds the assets.
            sheets: what holds the editions' sheets; `store` without it.
            below: what a key starts with that the file's place in `store` does not: `released/`
                in a folder that was pulled to.
            place_of: says where in `store` a row's file lies, where that is not told by its key.
        """
        self._store = store
        self._sheets = store if sheets is None else sheets
        self._place_of = place_of or (lambda row: row.key.removeprefix(below))
        self._lock = threading.Lock()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object
        self._places: dict[bytes, tuple[int, int]] = {}
        self._read: set[str] = set()
        self.made = 0
        """How many were decoded anew."""
        self.may_make: Callable[[], bool] = lambda: True
        """Asked before each asset that would have to be read and decoded."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def keep_from(self, store: Store, key: str) -> None:
        """Take the thumbnails of a sheet, if it is there."""
        with self._lock:
            self._keep_from(store, key)

    def __call__(self, row: ManifestRow) -> str | None:
        """Give a row's thumbnail, or None: its file is missing, changed, no picture, or not to be read."""
        with self._lock:
            self._keep_edition(row.key)
            if (place := self._places.get(bytes.fromhex(row.sha256))) is not None:
                return self._taken(place)
        made = self._made(row) if self.may_make() else None
        with self._lock:
            self.made += made is not None
        return made

    def _keep_edition(self, key: str) -> None:
        parts = key.split("/")
        if parts[0] + "/" != RELEASED or len(parts) <= _EDITION_PARTS:
            return
        edition = "/".join([*parts[:_EDITION_PARTS], SHEET_HTML])
        if edition not in self._read:
            self._keep_from(self._sheets, edition)

    def _keep_from(self, store: Store, key: str) -> None:
        self._read.add(key)
        try:
            for sha256, uri in read_thumbnails(store, key):
                data = uri.encode("ascii")
                start = self._file.seek(0, 2)
                self._file.write(data)
                self._places[bytes.fromhex(sha256)] = (start, len(data))
        except Missing:
            return

    def _taken(self, place: tuple[int, int]) -> str:
        start, length = place
        self._file.seek(start)
        return self._file.read(length).decode("ascii")

    def _made(self, row: ManifestRow) -> str | None:
        if row.bytes > BYTES_MAX:
            return None
        key = self._place_of(row)
        try:
            head = self._store.head(key)
            if head is None or head.byte_count != row.bytes:
                return None
            # Read whole: then a connection that breaks in the middle is asked again.
            data = self._store.get(key)
            check_digest(key, data, row.sha256)
        except StoreUnavailable:
            raise
        except AssetsError:
            # Missing or changed: whoever pulls or verifies is told; here it has no picture.
            return None
        return thumbnail(data)
