"""Pull: what marketing does. Needs a store and its manifests, no books."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assets.directory_store import DirectoryStore
from assets.errors import AssetsError, BadKey, DigestMismatch, StoreError, StoreUnavailable
from assets.listing import withdrawn_in
from assets.manifest import ManifestRow
from assets.places import place_of_release, same_place
from assets.pull_report import HELD, PullOutcome, PullReport, PullStep, Recall, RecallOutcome
from assets.pulled_folder import PulledFolder, digest_if_size, is_pulled_to
from assets.store import Store

if TYPE_CHECKING:
    from concurrent.futures import Future

    from assets.manifest import Withdrawn

WORKERS: Final = 16
"""How many files are copied at a time."""

_WAITING_PER_WORKER: Final = 4
"""How many files are queued ahead of each worker; more would only take memory."""


def pull(  # noqa: PLR0913 - each is an option of the command
    store: Store,
    rows: Iterable[ManifestRow],
    dest: Path,
    *,
    latest: bool = False,
    prune: bool = False,
    replace: bool = False,
    sheet: bool = False,
    workers: int = WORKERS,
    progress: Callable[[PullStep], None] | None = None,
    then: Callable[[PullReport], None] | None = None,
) -> PullReport:
    """Copy released assets into a folder, where they lie as they do below `released/` in the store.

    Every file is checked against its SHA-256 while it is copied and appears whole or not at all.
    The bytes of a file that is there are always looked at; where they are right it is not read from
    the store, so a pull that was cut off is simply done again. At the end, and when it is cut off,
    the folder's own `manifest.json`, `manifest.csv` and `SHA256SUMS` name what this pull and
    earlier ones brought and is still there. What is withdrawn is told and taken out of them; only
    `prune` removes files, and only those. A file that no pull brought stays as it is and is told,
    and so does one that has the name of a list. Where there is nothing to bring and no pull has
    been, nothing is written.

    Args:
        store: where from.
        rows: what.
        dest: made when it is not there.
        latest: files lie in `<campaign>/<order>/`, without the edition, and a newer edition's file
            takes the place of the older one.
        prune: remove files in the folder that are withdrawn and have the bytes that were released.
        replace: put assets in the place of files that no pull brought, too.
        sheet: whether `then` writes the folder's `index.html`; it must not be somebody else's.
        workers: how many files are copied at a time.
        progress: called in the calling thread for each file, in the order of the rows.
        then: called when all is listed, while no other pull may work in the folder.

    Raises:
        StoreUnavailable: store or folder as a whole stopped working, and what was copied stays; or
            nothing was begun, because another pull is at work there, or a list is no pull's.
    """
    asked = {row.key: row for row in rows}
    report = PullReport()
    if store.url == DirectoryStore(dest).url:
        raise StoreUnavailable(f"{dest} is the store itself; pull into another folder.")
    if not is_pulled_to(dest) and not asked:
        return report
    with PulledFolder.opened(dest, sheet=sheet) as folder:
        if folder.note:
            report.notes.append(folder.note)
        report.recalls.extend(folder.recalls)
        copier = _Copier(store, folder, replace=replace)
        _pull(copier, asked, report, latest=latest, prune=prune, workers=workers, progress=progress)
        if then is not None:
            then(report)
    return report


def _pull(
    copier: _Copier,
    asked: Mapping[str, ManifestRow],
    report: PullReport,
    *,
    latest: bool,
    prune: bool,
    workers: int,
    progress: Callable[[PullStep], None] | None,
) -> None:
    store, folder = copier.store, copier.folder
    there = [*folder.keys_by_place().values(), *folder.replaced.values()]
    withdrawn, _ = withdrawn_in(store, [*there, *asked])
    report.recalls.extend(
        Recall(place, withdrawn[key], RecallOutcome.REPLACED)
        for place, key in folder.replaced.items()
        if key in withdrawn
    )

    def done(step: PullStep) -> None:
        report.count(step)
        if step.outcome in HELD and (recall := folder.put(step.place, step.row, withdrawn)):
            report.recalls.append(recall)
        if progress is not None:
            progress(step)

    try:
        jobs = _jobs(asked.values(), folder, withdrawn, latest=latest)
        _copy_all(copier, jobs, workers, done)
        withdrawn, problems = withdrawn_in(store, folder.keys_by_place().values())
        report.problems.extend(problems)
        for recall in folder.recall(withdrawn, prune=prune):
            report.recalls.append(recall)
            report.held.pop(recall.place, None)
    finally:
        folder.write()


class _Job:
    """One row, its place, the key of what pulls brought there before; or why it goes nowhere."""

    __slots__ = ("before", "end", "place", "row")

    def __init__(
        self, row: ManifestRow, place: str, before: str | None, end: PullStep | None
    ) -> None:
        self.row, self.place, self.before, self.end = row, place, before, end


def _jobs(
    rows: Iterable[ManifestRow],
    folder: PulledFolder,
    withdrawn: Mapping[str, Withdrawn],
    *,
    latest: bool,
) -> Iterator[_Job]:
    """Give each row its place; two of them can never lie in one, whatever the file system."""
    before = folder.keys_by_place()
    taken = {same_place(place): place for place in before}
    claimed: set[str] = set()
    for row in rows:
        end = None
        place = row.key
        try:
            place = place_of_release(row.key, latest=latest)
        except BadKey as error:
            end = PullStep(row, PullOutcome.FAILED, str(error), row.key)
        folded = same_place(place)
        if end is not None:
            pass
        elif row.key in withdrawn:
            end = PullStep(row, PullOutcome.WITHDRAWN, place=place)
        elif folded in claimed or taken.get(folded, place) != place:
            problem = (
                f"{row.key} is not copied: {taken[folded]} is in its place where capitals do not "
                "count; pull the two into two folders."
            )
            end = PullStep(row, PullOutcome.FAILED, problem, place)
        else:
            claimed.add(folded)
            taken[folded] = place
        yield _Job(row, place, before.get(place), end)


def _copy_all(
    copier: _Copier, jobs: Iterable[_Job], workers: int, done: Callable[[PullStep], None]
) -> None:
    """Copy a few files for each worker ahead of what is told; tell them in order.

    After an error or Ctrl-C the copies that are under way are finished and told as well.
    """
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[PullStep]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="pull") as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(copier.copy, job))
                if len(waiting) >= workers * _WAITING_PER_WORKER:
                    _tell_first(waiting, done)
            while waiting:
                _tell_first(waiting, done)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            for future in waiting:
                if not future.cancelled() and future.exception() is None:
                    done(future.result())
            raise


def _tell_first(waiting: deque[Future[PullStep]], done: Callable[[PullStep], None]) -> None:
    # Taken out only when it is there: Ctrl-C comes while this waits.
    step = waiting[0].result()
    waiting.popleft()
    done(step)


class _Copier:
    """Copies one file at a time in each thread."""

    def __init__(self, store: Store, folder: PulledFolder, *, replace: bool) -> None:
        self.store = store
        self.folder = folder
        self._files = folder.files
        self._replace = replace

    def copy(self, job: _Job) -> PullStep:
        """Bring one file into the folder, unless it is there."""
        if job.end is not None:
            return job.end
        try:
            return PullStep(job.row, self._copy(job), place=job.place)
        except StoreUnavailable:
            raise
        except AssetsError as error:
            return PullStep(job.row, PullOutcome.FAILED, str(error), job.place)

    def _copy(self, job: _Job) -> PullOutcome:
        row = job.row
        try:
            path = self._files.path(job.place)
            found = digest_if_size(path, row.bytes)
            if found == row.sha256:
                if job.before != row.key:
                    self.folder.note_down(job.place, row)
                return PullOutcome.SKIPPED
            if job.before is None and not self._replace and os.path.lexists(path):
                raise StoreError(
                    f"{path} is kept as it is: it is not what was released, and no pull brought "
                    "it; move it away, or give --replace."
                )
            self._bring(job, path)
        except OSError as error:
            raise self._files.fault(job.place, error) from error
        if found is None:
            return PullOutcome.COPIED
        is_another = job.before is not None and job.before != row.key
        return PullOutcome.UPDATED if is_another else PullOutcome.MENDED

    def _bring(self, job: _Job, path: Path) -> None:
        row = job.row
        where = self.store.locate(row.key)
        with self._files.incoming() as (file, temporary):
            digest = hashlib.sha256()
            byte_count = 0
            for chunk in self.store.chunks(row.key):
                byte_count += len(chunk)
                if byte_count > row.bytes:
                    # A manifest lies where others write: it must not fill the disk.
                    raise StoreError(
                        f"{where} is larger than the {row.bytes} bytes that its manifest says; it "
                        "was not copied."
                    )
                digest.update(chunk)
                file.write(chunk)
            if digest.hexdigest() != row.sha256:
                raise DigestMismatch(where, expected=row.sha256, found=digest.hexdigest())
            if byte_count < row.bytes:
                raise StoreError(
                    f"{where} has {byte_count} bytes and not the {row.bytes} that its manifest "
                    "says; it was not copied."
                )
            file.flush()
            # Before it has its name: a pull that is killed knows of everything that it brought.
            self.folder.note_down(job.place, row)
            # Not brought to the disk one by one: after a power cut the next pull mends them.
            self._files.rename_over(temporary, path, durable=False)
