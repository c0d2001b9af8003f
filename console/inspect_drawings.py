"""Copies of inspected pictures with what was found drawn on them; nothing that is there is touched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

    from flows import Inspected
    from validators import Drawer

_STEM_BYTES_MAX: Final = 200
"""File systems take names of up to 255 bytes."""
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Drawing:
    """Where one file's drawing is, or why there is none; `unwritten` when it only found no place."""

    where: Path | None
    fault: str | None = None
    unwritten: bool = False


class Drawings:
    """The folder of one run's drawings: `NNN-NAME.png` for the file NAME that was named as number NNN.

    Raises:
        BadSettings: one of the names is taken already, or the folder cannot be one.
    """

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self._places: Final = tuple(
            folder / f"{number:03}-{_stem(file)}.png" for number, file in enumerate(files, 1)
        )
        self._refuse_what_is_there(folder)
        self._folder: Final = folder
        self._drawer: Drawer | None = None

    def draw(self, number: int, one: Inspected) -> Drawing | None:
        """Draw on a copy of the file of that number; None for one that inspectors did not open."""
        from validators import Drawer, NotDrawn

        if not one.opened:
            return None
        if self._drawer is None:
            self._drawer = Drawer()
        where = self._places[number - 1]
        try:
            picture = self._drawer.draw(one.data, one.verdicts)
            self._folder.mkdir(parents=True, exist_ok=True)
            _put_new(where, picture)
        except NotDrawn as error:
            return Drawing(None, str(error))
        except OSError as error:
            return Drawing(None, f"{where}: {error.strerror or error}", unwritten=True)
        return Drawing(where)

    def _refuse_what_is_there(self, folder: Path) -> None:
        from flows import BadSettings

        if os.path.lexists(folder) and not folder.is_dir():
            raise BadSettings(f"{folder} is no folder; name another one with --annotate.")
        taken = [place.name for place in self._places if os.path.lexists(place)]
        if taken:
            more = f" and {len(taken) - _SHOWN} more" if len(taken) > _SHOWN else ""
            raise BadSettings(
                f"The folder {folder} has {', '.join(taken[:_SHOWN])}{more} already, and drawings "
                "take no file's place: name another folder with --annotate, or remove them."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawer is not None:
            self._drawer.close()


def _stem(file: Path) -> str:
    # A cut through the middle of a character leaves odd bytes, which a file's name may have.
    return os.fsdecode(os.fsencode(file.stem)[:_STEM_BYTES_MAX])


def _put_new(where: Path, content: bytes) -> None:
    """Write a file that was not there: none is replaced, and no link followed."""
    handle = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError:
        with suppress(OSError):
            where.unlink()
        raise
