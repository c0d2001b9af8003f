"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flows import BadSettings

NAME_SHOWN = 40
"""Letters of a file's name that the file beside it begins with; whole names may be as long as may be."""


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """Give the path of a file to write to; at the end it takes the place of `out`, or is poured in.

    When the block raises, nothing is left behind and what was at `out` stays. Folders are made. A
    link is followed; a file that is there keeps its mode and, where that is allowed, its owner.
    Devices, pipes and what is this command's own output are written to and stay what they are.

    Raises:
        BadSettings: `out` is a folder, or what no file can be written to.
    """
    there = _there(out)
    if there is not None and _takes_a_stream(out, there):
        with _passing() as path:
            yield path
            _pour(path, out)
        return
    # Replacing a link would leave whoever reads what it leads to with the old file.
    target = Path(os.path.realpath(out))
    target.parent.mkdir(parents=True, exist_ok=True)
    with _passing(target) as path:
        yield path
        if there is None:
            path.chmod(0o666 & ~_umask())
        else:
            _make_alike(path, there)
        path.replace(target)


@contextmanager
def _passing(beside: Path | None = None) -> Iterator[Path]:
    """Make a file that is gone at the end, unless it was moved; beside another, or where such are."""
    name = "mintage" if beside is None else beside.name[:NAME_SHOWN]
    folder = None if beside is None else beside.parent
    handle, made = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    os.close(handle)
    try:
        yield Path(made)
    finally:
        Path(made).unlink(missing_ok=True)


def _there(out: Path) -> os.stat_result | None:
    """Look at what is there, behind all links."""
    try:
        return out.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _takes_a_stream(out: Path, there: os.stat_result) -> bool:
    """Tell whether bytes are put into what is there, rather than a file in its place.

    Raises:
        BadSettings: neither can be.
    """
    if stat.S_ISDIR(there.st_mode):
        raise BadSettings(f"{out} is a folder; name a file.")
    if stat.S_ISBLK(there.st_mode) or stat.S_ISSOCK(there.st_mode):
        kind = "socket" if stat.S_ISSOCK(there.st_mode) else "disk"
        raise BadSettings(f"{out} is a {kind}; name a file.")
    return not stat.S_ISREG(there.st_mode) or _is_own_output(there)


def _is_own_output(there: os.stat_result) -> bool:
    """Tell whether it is what standard output or error go to, as /dev/stdout is."""
    for stream in (sys.__stdout__, sys.__stderr__):
        # A stream that is closed, or none of the system's, goes to no file.
        with suppress(AttributeError, OSError, ValueError):
            if os.path.samestat(there, os.fstat(stream.fileno())):  # type: ignore[union-attr]
                return True
    return False


def _pour(path: Path, out: Path) -> None:
    """Write a file's bytes to something that is no file; what stands in it already stays."""
    with (
        path.open("rb") as source,
        os.fdopen(os.open(out, os.O_WRONLY | os.O_APPEND), "wb") as into,
    ):
        shutil.copyfileobj(source, into)


def _make_alike(path: Path, there: os.stat_result) -> None:
    """Give a file the owner and the mode of the one whose place it takes."""
    made = path.stat()
    if (made.st_uid, made.st_gid) != (there.st_uid, there.st_gid):
        # Only an administrator may give files away; the mode is kept all the same.
        with suppress(PermissionError):
            os.chown(path, there.st_uid, there.st_gid)
    path.chmod(stat.S_IMODE(there.st_mode))


def _umask() -> int:
    """Read it; mkstemp makes files for their owner only, and reports are for whoever may read there."""
    umask = os.umask(0)
    os.umask(umask)
    return umask
