"""A folder that assets are pulled to: what earlier pulls brought, and what is withdrawn of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from assets.directory_store import DirectoryStore
from assets.errors import AssetsError, BadKey, Missing, StoreUnavailable
from assets.layout import MANIFEST_JSON
from assets.manifest import ManifestHeader, ManifestRow, Withdrawn, read_manifest, write_manifest
from assets.natural_order import natural_key
from assets.places import places_of_release
from assets.pull_report import Recall, RecallOutcome
from assets.rooted_files import RootedFiles

SUMS: Final = "SHA256SUMS"
"""Beside the manifest: what `sha256sum -c` reads."""


class PulledFolder:
    """The folder's own record of what is in it, as its `manifest.json` says, and files below it."""

    def __init__(self, dest: Path) -> None:
        """Make the folder when it is not there, and read what earlier pulls brought.

        Raises:
            StoreUnavailable: it cannot be made or used.
        """
        self._store = DirectoryStore(dest)
        self._store.make()
        self.files = RootedFiles(dest)
        self.rows: dict[str, ManifestRow] = {}
        """What is there, by its place below the folder."""
        self.withdrawn: dict[str, Withdrawn] = {}
        """What is there although it is withdrawn, by its place."""
        self.note: str | None = None
        """A sentence when the folder's own manifest could not be read."""
        try:
            self._read()
        except StoreUnavailable:
            raise
        except AssetsError as error:
            self.note = (
                f"{self.files.root / MANIFEST_JSON} cannot be read and is written anew; what "
                f"earlier pulls brought is listed again once it is pulled again. ({error})"
            )

    def _read(self) -> None:
        try:
            header, rows = read_manifest(self._store, MANIFEST_JSON)
        except Missing:
            return
        for row in rows:
            if place := self._place(row.key):
                self.rows[place] = row
        for one in header.withdrawn:
            if place := self._place(one.key):
                self.withdrawn[place] = one

    def _place(self, key: str) -> str | None:
        """Find where an earlier pull put an asset; None where nothing is any more."""
        for place in places_of_release(key):
            if place in self.rows or place in self.withdrawn:
                continue
            with suppress(BadKey):
                if self.files.path(place).is_file():
                    return place
        return None

    def keys_by_place(self) -> dict[str, str]:
        """Name the keys of everything that is there."""
        there = {place: row.key for place, row in self.rows.items()}
        there.update((place, one.key) for place, one in self.withdrawn.items())
        return there

    def put(self, place: str, row: ManifestRow) -> Recall | None:
        """Note that a place has this asset now; say what withdrawn one was there before."""
        self.rows[place] = row
        before = self.withdrawn.get(place)
        if before is None or before.key == row.key:
            return None
        del self.withdrawn[place]
        return Recall(place, before, RecallOutcome.REPLACED)

    def recall(self, withdrawn: Mapping[str, Withdrawn], *, prune: bool) -> list[Recall]:
        """Take what is withdrawn out of the list of what is there, and with `prune` off the disk.

        Only files that have the very bytes that were released are removed.
        """
        for place, row in list(self.rows.items()):
            if (one := withdrawn.get(row.key)) is not None:
                del self.rows[place]
                self.withdrawn[place] = one
        recalls = []
        for place in sorted(self.withdrawn, key=natural_key):
            one = self.withdrawn[place]
            outcome = self._prune(place, one) if prune else RecallOutcome.THERE
            if outcome is RecallOutcome.REMOVED:
                del self.withdrawn[place]
            recalls.append(Recall(place, one, outcome))
        return recalls

    def _prune(self, place: str, one: Withdrawn) -> RecallOutcome:
        try:
            path = self.files.path(place)
            if path.is_symlink() or digest_of(path) != one.sha256:
                return RecallOutcome.CHANGED
            path.unlink()
        except FileNotFoundError:
            return RecallOutcome.REMOVED
        except OSError as error:
            raise self.files.fault(place, error) from error
        for folder in path.parents:
            if folder == self.files.root:
                break
            # A folder that has anything else in it stays.
            with suppress(OSError):
                folder.rmdir()
        return RecallOutcome.REMOVED

    def write(self) -> None:
        """Write `manifest.json`, `manifest.csv` and `SHA256SUMS` of what is there."""
        rows = in_places(self.rows)
        kept = [self.withdrawn[place] for place in sorted(self.withdrawn, key=natural_key)]
        write_manifest(
            self._store,
            "",
            ManifestHeader(withdrawn=tuple(kept)),
            (row for _, row in rows),
        )
        self._store.replace(SUMS, sums(rows), media_type="text/plain; charset=utf-8")
        self._store.tidy()


def in_places(rows: Mapping[str, ManifestRow]) -> list[tuple[str, ManifestRow]]:
    """Sort places as people expect them."""
    return sorted(rows.items(), key=lambda pair: natural_key(pair[0]))


def sums(rows: Iterable[tuple[str, ManifestRow]]) -> bytes:
    """Write what `sha256sum -c` reads: a digest and a place on each line."""
    return "".join(f"{row.sha256}  {place}\n" for place, row in rows).encode()


def digest_of(path: Path) -> str:
    """Take a file's SHA-256, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_if_size(path: Path, byte_count: int) -> str | None:
    """Take a file's SHA-256; empty when its size already tells that it is another; None: no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_size != byte_count:
            return ""
        return hashlib.file_digest(file, "sha256").hexdigest()
