"""A folder that assets are pulled to: what earlier pulls brought, and what is withdrawn of it."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from assets.directory_store import DirectoryStore
from assets.errors import AssetsError, BadKey, Missing, StoreUnavailable
from assets.foreign_files import check_lists
from assets.layout import MANIFEST_JSON
from assets.manifest import ManifestHeader, ManifestRow, Withdrawn, read_manifest, write_manifest
from assets.natural_order import natural_key
from assets.places import JOURNAL, SUMS, places_of_release
from assets.pull_journal import PullJournal, opened_journal
from assets.pull_report import Recall, RecallOutcome
from assets.rooted_files import RootedFiles

NOTHING: Final[Mapping[str, Withdrawn]] = MappingProxyType({})


class PulledFolder:
    """The folder's own record of what is in it, as its `manifest.json` says, and files below it."""

    def __init__(self, dest: Path) -> None:
        """Read what earlier pulls brought. Only a folder that is `opened` is pulled to.

        Raises:
            StoreUnavailable: it cannot be used.
        """
        self._store = DirectoryStore(dest)
        self._journal: PullJournal | None = None
        self._has_record = False
        self.files = RootedFiles(dest)
        self.rows: dict[str, ManifestRow] = {}
        """What is there, by its place below the folder."""
        self.withdrawn: dict[str, Withdrawn] = {}
        """What is there although it is withdrawn, by its place."""
        self.note: str | None = None
        """A sentence when the folder's own manifest could not be read."""
        self.recalls: list[Recall] = []
        """What a pull that was killed put in the place of a withdrawn file."""
        self.replaced: dict[str, str] = {}
        """Where a pull that was killed put another asset, and the key of the one before."""
        try:
            self._read()
        except StoreUnavailable:
            raise
        except AssetsError as error:
            self.note = (
                f"{self.files.root / MANIFEST_JSON} cannot be read and is written anew; what "
                f"earlier pulls brought is listed again once it is pulled again. ({error})"
            )

    @classmethod
    @contextmanager
    def opened(cls, dest: Path, *, sheet: bool = False) -> Iterator[Self]:
        """Open a folder for one pull, which is the only one that works in it meanwhile.

        It is made when it is not there. What a pull that was killed left on its way in is removed,
        and what it brought is known.

        Args:
            dest: the folder.
            sheet: whether its `index.html` is to be written too.

        Raises:
            StoreUnavailable: it cannot be made or used, another pull is at work in it, or a file of
                somebody else's has the name of one of its lists.
        """
        files = RootedFiles(dest)
        _make(files)
        with ExitStack() as stack:
            with _told(files, JOURNAL):
                journal = stack.enter_context(opened_journal(files.root))
                check_lists(files.root, sheet=sheet, begun=journal.begun)
                files.sweep(0.0, math.inf)
                files.tidy()
                folder = cls(dest)
                folder._take_up(journal)
            yield folder

    def _take_up(self, journal: PullJournal) -> None:
        """Add what a pull that was killed had brought to what the folder's manifest says."""
        self._journal = journal
        known = self.keys_by_place()
        for place, row in journal.entries():
            try:
                path = self.files.path(place)
            except BadKey:
                continue
            if not path.is_file():
                continue
            before = known.get(place)
            if before not in {None, row.key} and digest_if_size(path, row.bytes) != row.sha256:
                # It was killed just before the newer file got its name.
                continue
            if recall := self.put(place, row):
                self.recalls.append(recall)
            elif before not in {None, row.key}:
                self.replaced[place] = str(before)

    def note_down(self, place: str, row: ManifestRow) -> None:
        """Note, so that it outlives this process, that an asset is about to be at a place."""
        if self._journal is not None:
            self._journal.note(place, row)

    def _read(self) -> None:
        try:
            header, rows = read_manifest(self._store, MANIFEST_JSON)
        except Missing:
            return
        self._has_record = True
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

    def put(
        self, place: str, row: ManifestRow, withdrawn: Mapping[str, Withdrawn] = NOTHING
    ) -> Recall | None:
        """Note that a place has this asset now; say what withdrawn one was there before.

        That is one which an earlier pull has told of, or one that is in `withdrawn`, by its key.
        """
        listed = self.rows.get(place)
        before = self.withdrawn.get(place)
        if before is None and listed is not None:
            before = withdrawn.get(listed.key)
        self.rows[place] = row
        if before is None or before.key == row.key:
            return None
        self.withdrawn.pop(place, None)
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
        """Write `manifest.json`, `manifest.csv` and `SHA256SUMS` of what is there.

        Where nothing is and nothing was, there are no lists either.
        """
        if self.rows or self.withdrawn or self._has_record:
            self._write_lists()
        self._store.tidy()
        if self._journal is not None:
            self._journal.done()

    def _write_lists(self) -> None:
        rows = in_places(self.rows)
        kept = [self.withdrawn[place] for place in sorted(self.withdrawn, key=natural_key)]
        write_manifest(
            self._store,
            "",
            ManifestHeader(withdrawn=tuple(kept)),
            (row for _, row in rows),
        )
        self._store.replace(SUMS, sums(rows), media_type="text/plain; charset=utf-8")


def is_pulled_to(dest: Path) -> bool:
    """Whether a pull has been in a folder; what cannot be a folder is told.

    Raises:
        StoreUnavailable: there is a file of its name, or on the way to it, or it may not be read.
    """
    files = RootedFiles(dest)
    root = files.root
    with _told(files, ""):
        for folder in (root, *root.parents):
            if folder.is_dir():
                break
            if folder.exists():
                raise _no_folder(root, folder)
    return any(os.path.lexists(root / name) for name in (MANIFEST_JSON, JOURNAL))


def _make(files: RootedFiles) -> None:
    is_pulled_to(files.root)
    with _told(files, ""):
        files.root.mkdir(parents=True, exist_ok=True)


@contextmanager
def _told(files: RootedFiles, name: str) -> Iterator[None]:
    """Turn errors of the operating system into a sentence about the folder or a file in it."""
    try:
        yield
    except OSError as error:
        fault = files.fault(name, error)
        if not isinstance(fault, StoreUnavailable):
            fault = StoreUnavailable(
                f"{files.root / name} cannot be used ({error.strerror}); choose another place."
            )
        raise fault from error


def _no_folder(root: Path, file: Path) -> StoreUnavailable:
    below = "" if file == root else f", so {root} cannot be made"
    return StoreUnavailable(f"{file} is a file, not a folder{below}; choose another place.")


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
