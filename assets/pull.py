"""Pull: what marketing does. Needs a store and its manifests, no books."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assets.directory_store import DirectoryStore
from assets.errors import AssetsError, BadKey, DigestMismatch, Missing, StoreError, StoreUnavailable
from assets.layout import MANIFEST_CSV, MANIFEST_JSON, RELEASED
from assets.manifest import ManifestHeader, ManifestRow, read_manifest, write_manifest
from assets.rooted_files import RootedFiles
from assets.store import CHUNK_BYTES, Store

if TYPE_CHECKING:
    from concurrent.futures import Future

_WAITING_PER_WORKER: Final = 4
"""How many files are queued ahead of each worker; more would only take memory."""


class PullOutcome(StrEnum):
    """What became of one file."""

    COPIED = "copied"
    """It was not there; now it is."""
    SKIPPED = "skipped"
    """It was there with the right bytes."""
    MENDED = "mended"
    """It was there with other bytes, changed by hand perhaps, and was replaced."""
    FAILED = "failed"
    """It could not be copied; the report says why. What was there before is still there."""


@dataclass(frozen=True, slots=True)
class PullStep:
    """One file is done with. `problem` is None unless it failed."""

    row: ManifestRow
    outcome: PullOutcome
    problem: str | None = None


@dataclass(slots=True)
class PullReport:
    """What a pull did: numbers of files, bytes copied, and a sentence for each file that failed."""

    copied: int = 0
    skipped: int = 0
    mended: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)

    def count(self, step: PullStep) -> None:
        """Add one file to the numbers."""
        match step.outcome:
            case PullOutcome.SKIPPED:
                self.skipped += 1
            case PullOutcome.FAILED:
                self.problems.append(str(step.problem))
            case PullOutcome.COPIED:
                self.copied += 1
                self.bytes += step.row.bytes
            case PullOutcome.MENDED:
                self.mended += 1
                self.bytes += step.row.bytes


def listing(
    store: Store,
    *,
    campaign: str | None = None,
    order: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[ManifestRow]:
    """Name what is released, as the manifests in the store say, order by order.

    Args:
        store: where to look.
        campaign: only this one.
        order: only this one; a slug (every edition) or an order id (`slug@edition`).
        since: only what was released then or later; aware.
        until: only what was released before; aware.

    Raises:
        ManifestError: a manifest cannot be read.
    """
    for key in _manifest_keys(store, campaign, order):
        try:
            _, rows = read_manifest(store, key)
        except Missing:
            # The order has begun to release and has not written its first manifest yet.
            continue
        for row in rows:
            is_late_enough = since is None or row.released_at >= since
            if is_late_enough and (until is None or row.released_at < until):
                yield row


def pull(
    store: Store,
    rows: Iterable[ManifestRow],
    dest: Path,
    *,
    workers: int = 8,
    progress: Callable[[PullStep], None] | None = None,
) -> PullReport:
    """Copy released assets into a folder, where they lie as they do below `released/` in the store.

    Every file is checked against its SHA-256 while it is copied and appears whole or not at all.
    A file that is there with the right bytes is not read from the store, so a pull that was cut off
    is simply done again. Nothing is ever deleted. At the end the folder's own `manifest.json` and
    `manifest.csv` name what this pull found or put there.

    Args:
        store: where from.
        rows: what; read as it goes, only their keys are kept.
        dest: made when it is not there.
        workers: how many files are copied at a time.
        progress: called in the calling thread for each file, in the order of the rows.

    Raises:
        StoreUnavailable: store or folder as a whole stopped working; what was copied stays.
    """
    folder = DirectoryStore(dest)
    folder.make()
    report = PullReport()

    def kept() -> Iterator[ManifestRow]:
        for step in _steps(store, rows, RootedFiles(dest), workers):
            report.count(step)
            if progress is not None:
                progress(step)
            if step.outcome is not PullOutcome.FAILED:
                yield step.row

    write_manifest(folder, "", ManifestHeader(), kept())
    folder.tidy()
    return report


def _manifest_keys(store: Store, campaign: str | None, order: str | None) -> Iterator[str]:
    wanted_slug, _, wanted_edition = (order or "").partition("@")
    campaigns = [f"{RELEASED}{campaign}/"] if campaign else store.folders(RELEASED)
    for campaign_prefix in campaigns:
        slugs = [f"{campaign_prefix}{wanted_slug}/"] if order else store.folders(campaign_prefix)
        for slug_prefix in slugs:
            if wanted_edition:
                yield f"{slug_prefix}{wanted_edition}/{MANIFEST_JSON}"
            else:
                for edition_prefix in store.folders(slug_prefix):
                    yield edition_prefix + MANIFEST_JSON


def _steps(
    store: Store, rows: Iterable[ManifestRow], files: RootedFiles, workers: int
) -> Iterator[PullStep]:
    """Copy a few files for each worker ahead of the reader; give them back in order."""
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[PullStep]] = deque()
    seen: set[str] = set()
    with ThreadPoolExecutor(workers, thread_name_prefix="pull") as pool:
        try:
            for row in rows:
                if row.key in seen:
                    continue
                seen.add(row.key)
                waiting.append(pool.submit(_fetch, store, row, files))
                if len(waiting) >= workers * _WAITING_PER_WORKER:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # After an error or Ctrl-C only the copies that are under way are finished.
            pool.shutdown(wait=False, cancel_futures=True)


def _fetch(store: Store, row: ManifestRow, files: RootedFiles) -> PullStep:
    try:
        return PullStep(row, _fetch_one(store, row, files))
    except StoreUnavailable:
        raise
    except AssetsError as error:
        return PullStep(row, PullOutcome.FAILED, str(error))


def _fetch_one(store: Store, row: ManifestRow, files: RootedFiles) -> PullOutcome:
    name = _name_in_folder(row.key)
    try:
        path = files.path(name)
        found = _digest_of(path) if path.is_file() else None
        if found == row.sha256:
            return PullOutcome.SKIPPED
        with files.incoming() as (file, temporary):
            digest = hashlib.sha256()
            byte_count = 0
            for chunk in store.chunks(row.key):
                byte_count += len(chunk)
                if byte_count > row.bytes:
                    # A manifest lies where others write: it must not fill the disk.
                    raise StoreError(
                        f"{store.locate(row.key)} is larger than the {row.bytes} bytes that its "
                        "manifest says; it was not copied."
                    )
                digest.update(chunk)
                file.write(chunk)
            if digest.hexdigest() != row.sha256:
                raise DigestMismatch(
                    store.locate(row.key), expected=row.sha256, found=digest.hexdigest()
                )
            file.flush()
            # Not brought to the disk one by one: after a power cut the next pull mends them.
            files.rename_over(temporary, path, durable=False)
    except OSError as error:
        raise files.fault(name, error) from error
    return PullOutcome.MENDED if found else PullOutcome.COPIED


def _name_in_folder(key: str) -> str:
    """Turn a key into the name below the destination. The manifest may lie: nothing else may go."""
    if not key.startswith(RELEASED):
        raise BadKey(key, f"only what is below {RELEASED} is released")
    name = key.removeprefix(RELEASED)
    if name in {MANIFEST_JSON, MANIFEST_CSV}:
        raise BadKey(key, "the folder keeps its own manifest under that name")
    return name


def _digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
