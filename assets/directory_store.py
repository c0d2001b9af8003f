"""A folder as a store: no server, the same promises."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from assets.errors import BadKey, KeyTaken, Missing, StoreUnavailable
from assets.media_types import media_type_of
from assets.rooted_files import RootedFiles, finish
from assets.store import (
    CACHE_NEVER,
    CACHE_REVALIDATE,
    CHUNK_BYTES,
    INCOMING,
    Head,
    PutOutcome,
    check_digest,
    check_key,
    check_prefix,
)

LEFTOVER_AGE_S: Final = 86_400.0
"""A file that has been on its way in for longer than a day belongs to a process that was killed."""

_PROBE_BYTES: Final = b"\0" * 65_536


class DirectoryStore:
    """Objects as plain files below a root folder.

    A file is written aside, brought to the disk and then hard-linked to its name, so it is there
    whole or not at all and never twice. A folder keeps no headers: the media type is told from the
    extension, and metadata and cache headers, which receipts and web servers have, are not kept.
    """

    def __init__(self, root: Path | str, *, clock: Callable[[], float] = time.time) -> None:
        """Name the folder; nothing is touched before the first use.

        Args:
            root: made on first use when it is not there.
            clock: seconds since the epoch, to tell what a killed process left behind.
        """
        self._files = RootedFiles(Path(root))
        self._clock = clock

    @property
    def root(self) -> Path:
        """The folder, absolute, symbolic links resolved."""
        return self._files.root

    @property
    def url(self) -> str:
        """The store's address: `file:` and the absolute path."""
        return f"file:{self.root}"

    def check(self) -> None:
        """Prove that the folder takes files and hard links. See `Store.check`."""
        self.make()
        with self._told(INCOMING), self._files.incoming() as (file, path):
            file.write(_PROBE_BYTES)
            finish(file)
            twin = path.with_name(path.name + "-twin")
            try:
                os.link(path, twin)
            finally:
                twin.unlink(missing_ok=True)

    def make(self) -> None:
        """Make the folder when it is not there, and sweep what killed processes left in it.

        Raises:
            StoreUnavailable: it cannot be made, or a file has its name.
        """
        with self._told(INCOMING):
            if self.root.exists() and not self.root.is_dir():
                raise StoreUnavailable(
                    f"{self.root} is a file, not a folder; choose another place."
                )
            self.root.mkdir(parents=True, exist_ok=True)
            self._files.sweep(LEFTOVER_AGE_S, self._clock())

    def tidy(self) -> None:
        """Remove the store's own folder for files on their way in, when it is empty."""
        self._files.tidy()

    def put_once(
        self,
        key: str,
        data: bytes,
        *,
        sha256: str,
        media_type: str,  # noqa: ARG002 - told from the extension; a folder keeps no headers
        metadata: Mapping[str, str] | None = None,  # noqa: ARG002 - as media_type
        cache_control: str = CACHE_NEVER,  # noqa: ARG002 - as media_type
    ) -> PutOutcome:
        """Write bytes under a name that is free. See `Store.put_once`."""
        path = self._path(key)
        check_digest(str(path), data, sha256)
        with self._told(key):
            with self._files.incoming() as (file, temporary):
                file.write(data)
                finish(file)
                if self._files.link_once(temporary, path):
                    return PutOutcome.CREATED
            stored = self._digest(key, path)
        if stored != sha256:
            raise KeyTaken(str(path), stored=stored, offered=sha256)
        return PutOutcome.SAME

    def replace(
        self,
        key: str,
        source: BinaryIO | bytes,
        *,
        media_type: str,  # noqa: ARG002 - as in put_once
        cache_control: str = CACHE_REVALIDATE,  # noqa: ARG002 - as in put_once
    ) -> None:
        """Put a file in place of what has its name. See `Store.replace`."""
        path = self._path(key)
        with self._told(key), self._files.incoming() as (file, temporary):
            if isinstance(source, bytes):
                file.write(source)
            else:
                source.seek(0)
                shutil.copyfileobj(source, file, CHUNK_BYTES)
            finish(file)
            self._files.rename_over(temporary, path)

    def get(self, key: str) -> bytes:
        """Read a whole file. See `Store.get`."""
        with self._opened(key) as file:
            return file.read()

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read a file piece by piece. See `Store.chunks`."""
        with self._opened(key) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def head(self, key: str) -> Head | None:
        """Say a file's size and media type. See `Store.head`."""
        path = self._path(key)
        with self._told(key):
            try:
                status = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return Head(key, status.st_size, media_type=media_type_of(key))

    def walk(self, prefix: str) -> Iterator[Head]:
        """Name every file below a prefix. See `Store.walk`."""
        for name, entry in self._entries(check_prefix(prefix)):
            key = prefix + name
            if not _can_be(key):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self.walk(key)
            elif entry.is_file(follow_symlinks=False) and (head := self.head(key)):
                yield head

    def folders(self, prefix: str) -> Iterator[str]:
        """Name the folders just below a prefix. See `Store.folders`."""
        for name, entry in self._entries(check_prefix(prefix)):
            if entry.is_dir(follow_symlinks=False) and _can_be(prefix + name):
                yield prefix + name

    def strangers(self, prefix: str) -> Iterator[str]:
        """Name links, pipes, devices, and what has a name that no key has. See `Store.strangers`."""
        for name, entry in self._entries(check_prefix(prefix)):
            key = prefix + name
            if not _can_be(key):
                yield _printable(key)
            elif entry.is_dir(follow_symlinks=False):
                yield from self.strangers(key)
            elif not entry.is_file(follow_symlinks=False):
                yield key

    def locate(self, key: str) -> str:
        """Say the file's absolute path. See `Store.locate`."""
        return str(self.root / check_key(key))

    def _entries(self, prefix: str) -> list[tuple[str, os.DirEntry[str]]]:
        """List a folder in the order S3 would: by bytes, a folder's name with its slash."""
        folder = self._path(prefix[:-1]) if prefix else self.root
        with self._told(prefix or "."):
            try:
                entries = list(os.scandir(folder))
            except (FileNotFoundError, NotADirectoryError):
                return []
        named = [
            (f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name, entry)
            for entry in entries
            if prefix or entry.name != INCOMING
        ]
        return sorted(named, key=lambda pair: os.fsencode(pair[0]))

    def _path(self, key: str) -> Path:
        with self._told(key):
            return self._files.path(key)

    @contextmanager
    def _opened(self, key: str) -> Iterator[BufferedReader]:
        path = self._path(key)
        with self._told(key):
            try:
                # Not blocking, so that a pipe which somebody put there cannot hang the reader.
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except (FileNotFoundError, NotADirectoryError):
                raise Missing(key, str(path)) from None
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise BadKey(key, "it is no regular file")
                yield file

    def _digest(self, key: str, path: Path) -> str:
        if path.is_dir():
            raise BadKey(key, "a folder of that name is there")
        with self._opened(key) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Turn errors of the operating system into the warehouse's own."""
        try:
            yield
        except OSError as error:
            raise self._files.fault(key, error) from error


def _can_be(key: str) -> bool:
    """Whether a file or, with a slash at its end, a folder has a name that a key can have."""
    try:
        check_key(key.removesuffix("/"))
    except BadKey:
        return False
    return True


def _printable(name: str) -> str:
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode("ascii")
        for one in name
    )
