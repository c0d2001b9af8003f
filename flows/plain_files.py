"""Reading files that people name: only plain ones, and never more than was asked for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

_PIECE_BYTES: Final = 16_000_000
_KINDS: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def read_plain_file(path: Path, bytes_max: int) -> bytes:
    """Read a file's first `bytes_max` bytes.

    Raises:
        OSError: it cannot be read, or is a folder, a pipe, a device: waiting for somebody to write
            into it, or for its end, would be forever.
    """
    with open_plain_file(path) as file:
        pieces = []
        left = bytes_max
        while left and (piece := file.read(min(left, _PIECE_BYTES))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


def open_plain_file(path: Path) -> BinaryIO:
    """Open a file for reading, for those that are read piece by piece.

    Raises:
        OSError: as for `read_plain_file`.
    """
    # Without O_NONBLOCK the opening of a pipe would wait; files know no difference.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _must_be_plain(os.fstat(handle).st_mode, path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _must_be_plain(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = next((name for is_one, name in _KINDS if is_one(mode)), "something")
        raise OSError(errno.EINVAL, f"{kind}, which is no file", str(path))
