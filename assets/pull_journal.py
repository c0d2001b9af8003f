"""What a pull that is under way brought so far, kept in its folder, where it also keeps others out."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assets.errors import BadKey, StoreUnavailable
from assets.manifest import ManifestRow, row_fields
from assets.places import JOURNAL, places_of_release
from assets.store import check_key

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_NO_LOCKS: Final = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}
"""Some network drives have no locks; a pull works there too, and two at once are not kept apart."""
_PLACE: Final = "place"


class PullJournal:
    """A line for each file, written before the file gets its name; safe to use from many threads.

    A line is never half of another, and one that a full disk cut off is passed over.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.begun = os.fstat(descriptor).st_size > 0
        """Whether a pull was cut off here before its lists were written."""
        if self.begun:
            self._append(b"\n")

    def note(self, place: str, row: ManifestRow) -> None:
        """Say that an asset is about to be at a place. Raises OSError when it cannot be written."""
        line = json.dumps({_PLACE: place, **row_fields(row)}, ensure_ascii=False)
        self._append(f"{line}\n".encode())

    def entries(self) -> Iterator[tuple[str, ManifestRow]]:
        """Read what the pull that was cut off had noted: places and assets."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            for line in file:
                if (entry := _entry(line)) is not None:
                    yield entry

    def done(self) -> None:
        """Forget everything: the folder's own lists have it."""
        os.ftruncate(self._descriptor, 0)

    def _append(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


@contextmanager
def opened_journal(root: Path) -> Iterator[PullJournal]:
    """Open a folder's journal, as the only one who does; it is gone afterwards when it is done.

    Raises:
        StoreUnavailable: another pull is at work in the folder.
        OSError: the file cannot be made or written.
    """
    path = root / JOURNAL
    descriptor = _locked(path)
    try:
        yield PullJournal(descriptor)
    finally:
        # Removed while it is locked, so that nobody waits for a file that has no name any more.
        if os.fstat(descriptor).st_size == 0:
            with suppress(FileNotFoundError):
                path.unlink()
        os.close(descriptor)


def _locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
            if _has_name(descriptor, path):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise StoreUnavailable(
                f"Another pull is at work in {path.parent}; run this one when it is done."
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        # The pull that had it was done in between, and took its file away.
        os.close(descriptor)


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _entry(line: bytes) -> tuple[str, ManifestRow] | None:
    from pydantic import ValidationError

    try:
        values = json.loads(line)
        place = values.pop(_PLACE)
        row = _row_adapter().validate_python(values)
        check_key(row.key)
        check_key(row.receipt)
    except (ValueError, ValidationError, BadKey, KeyError, AttributeError, TypeError):
        # Cut off by a full disk or a killed process: its file never got its name.
        return None
    return (place, row) if place in places_of_release(row.key) else None


@cache
def _row_adapter() -> TypeAdapter[ManifestRow]:
    from pydantic import TypeAdapter

    return TypeAdapter(ManifestRow)
