"""Files below one root folder that no name can lead out of, written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from assets.errors import BadKey, StoreError, StoreUnavailable
from assets.store import INCOMING, check_key

_FOLDER_ATTEMPTS: Final = 3
"""Another process may tidy the folder away between its making and its first file."""

_NOT_THIS_KEY: Final = {
    errno.EISDIR: "a folder of that name is there",
    errno.ENOTDIR: "one of its folders is a file",
    errno.EEXIST: "one of its folders is a file",
    errno.ENAMETOOLONG: "the file system allows no name of that length",
    errno.EILSEQ: "the file system allows no such characters",
    errno.EINVAL: "the file system allows no such characters",
    errno.ELOOP: "it is a symbolic link, and links are not followed",
}

_NOT_THIS_STORE: Final = {
    errno.ENOSPC: "the disk is full; free some space and run again, nothing is lost",
    errno.EDQUOT: "the disk quota is used up; free some space and run again, nothing is lost",
    errno.EROFS: "the file system is read-only; mount it writable or choose another folder",
    errno.EACCES: "this user may not write or read there; change the folder's owner or mode",
    errno.EPERM: "the file system does not allow it; a store needs write permission and hard links",
    errno.EOPNOTSUPP: "the file system has no hard links; choose a folder on another one",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
    errno.EIO: "the disk reports an input/output error; check the disk",
}


class RootedFiles:
    """A root folder and the few operations on files below it."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self._incoming = self.root / INCOMING

    def path(self, key: str) -> Path:
        """Turn a key into a path below the root.

        Raises:
            BadKey: the key is unsafe, or a symbolic link on its way leads out of the root.
        """
        check_key(key)
        path = self.root / key
        parent = path.parent
        # A link inside the root may point anywhere; the folder must really be where it says.
        if os.path.realpath(parent) != str(parent):
            raise BadKey(key, "a symbolic link is on its way")
        return path

    @contextmanager
    def incoming(self) -> Iterator[tuple[BinaryIO, Path]]:
        """Open a new file that nobody sees yet; it is gone afterwards unless it was renamed."""
        path = self._incoming / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            with self._new(path) as file:
                yield file, path
        finally:
            with suppress(FileNotFoundError):
                path.unlink()

    def _new(self, path: Path) -> BinaryIO:
        for _ in range(_FOLDER_ATTEMPTS):
            with suppress(FileNotFoundError):
                return path.open("xb")
            path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")

    def tidy(self) -> None:
        """Remove the folder for files on their way in; while any is, it stays."""
        with suppress(OSError):
            self._incoming.rmdir()

    def link_once(self, temporary: Path, path: Path) -> bool:
        """Give a finished file its name if the name is free; say whether it was."""
        try:
            try:
                os.link(temporary, path)
            except FileNotFoundError:
                self._make_folder(path.parent)
                os.link(temporary, path)
        except FileExistsError:
            return False
        sync_folder(path.parent)
        return True

    def rename_over(self, temporary: Path, path: Path, *, durable: bool = True) -> None:
        """Give a finished file its name, in place of what has it.

        Without `durable` a power cut may undo it, which spares waiting for the disk.
        """
        if not path.parent.is_dir():
            self._make_folder(path.parent)
        temporary.replace(path)
        if durable:
            sync_folder(path.parent)

    def sweep(self, older_than_s: float, now_s: float) -> int:
        """Remove files that a killed process left behind on their way in; say how many."""
        count = 0
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._incoming):
                if entry.stat(follow_symlinks=False).st_mtime < now_s - older_than_s:
                    with suppress(FileNotFoundError):
                        Path(entry.path).unlink()
                        count += 1
        return count

    def fault(self, key: str, error: OSError) -> StoreError:
        """Say in one sentence what an error of the operating system means for a key."""
        if error.errno in _NOT_THIS_KEY:
            return BadKey(key, _NOT_THIS_KEY[error.errno])
        why = _NOT_THIS_STORE.get(error.errno or 0, f"the system says: {error.strerror}")
        return StoreUnavailable(f"The folder {self.root} cannot be used: {why}.")

    def _make_folder(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for made in reversed(missing):
            with suppress(FileExistsError):
                made.mkdir()
            sync_folder(made.parent)


def finish(file: BinaryIO) -> None:
    """Bring a file's bytes to the disk, so that a name never outlives a power cut without them."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
