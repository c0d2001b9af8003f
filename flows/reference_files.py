"""Reads the files that an order or a brand kit names, such as a logo, and puts what they say in their place.

Only files beside the one that names them, or in folders below, are read: an order that somebody
else wrote must not bring out what it has no business with. From here on nothing needs the files
any more, so that a run goes on on any machine.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from flows.briefs import canonical_json
from flows.order_form import show
from flows.placeholders import has_placeholder
from flows.problems import FieldPath
from validators import is_data_address, read_references, registered

PICTURE_BYTES_MAX: Final = 32 * 1024**2
"""A larger file is no logo, and no picture that anybody compares with."""
FOLDER_FILES_MAX: Final = 2_000
"""Opening one takes some 20 ms, and `mintage check` opens them all."""
FOLDER_BYTES_MAX: Final = 2 * 1024**3

_BELOW: Final = "a path in the folder of the file that names it, or below, such as logos/acme.png"
_SMALLER: Final = f"files of at most {PICTURE_BYTES_MAX // 1024**2} MiB"
_PICTURES: Final = "only pictures that can be opened: PNG, JPEG, WebP, AVIF, one still picture each"

Fault = tuple[FieldPath, str, str]
"""A problem: the field, what was found, what is wanted."""


class NotReadable(Exception):
    """A file that is not there, or may not be read.

    Attributes:
        found: what was found in its place.
        wanted: what is wanted.
    """

    def __init__(self, found: str, wanted: str) -> None:
        self.found = found
        self.wanted = wanted
        super().__init__(f"found {found}; wanted {wanted}")


class FolderTree:
    """One folder and all below it; nothing outside can be read through it, by links neither."""

    def __init__(self, top: Path) -> None:
        self._top: Final = top.resolve()

    def picture(self, path: str) -> bytes:
        """Read one file. Raises NotReadable."""
        return _bytes_of(self._inside(path), path)

    def pictures(self, path: str, seen: Callable[[str], None]) -> Mapping[str, bytes]:
        """Find the files of a folder and of those in it, by their names; hidden ones are left out.

        They are read one by one when they are asked for, and `seen` is told the SHA-256 of each.

        Raises:
            NotReadable: also when one is asked for.
        """
        folder = self._inside(path)
        if not folder.is_dir():
            raise NotReadable(f"{show(path)}, which is no folder", "a folder of pictures")
        files: dict[str, Path] = {}
        size_bytes = 0
        for file in self._files(folder, path):
            files[_label(file.relative_to(folder))] = file
            size_bytes += file.stat().st_size
            if len(files) > FOLDER_FILES_MAX or size_bytes > FOLDER_BYTES_MAX:
                raise NotReadable(
                    f"{show(path)} with more than {FOLDER_FILES_MAX:,} files or "
                    f"{FOLDER_BYTES_MAX // 1024**3} GiB",
                    "a smaller folder",
                )
        if not files:
            raise NotReadable(f"{show(path)}, which is empty", "a folder of pictures")
        return _Pictures(files, seen)

    def _inside(self, path: str) -> Path:
        if has_placeholder(path):
            raise NotReadable(
                f"{show(path)} with a placeholder", "one path, which is the same for every job"
            )
        written = PurePosixPath(path)
        if not path.strip() or written.is_absolute() or ".." in written.parts:
            raise NotReadable(show(path), _BELOW)
        try:
            real = (self._top / written).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "a link that leads to itself"
            raise NotReadable(f"{show(path)}, which cannot be read ({reason})", _BELOW) from error
        if not real.is_relative_to(self._top):
            raise NotReadable(f"{show(path)}, a link that leads out of the folder", _BELOW)
        return real

    def _files(self, folder: Path, path: str) -> Iterator[Path]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise NotReadable(
                f"{show(path)}, in which a folder cannot be read ({error.strerror})", _BELOW
            ) from error
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._files(Path(entry.path), path)
                continue
            if not entry.is_file(follow_symlinks=False):
                # A link passed over in silence would be a picture that nobody forbids.
                name = _label(Path(entry.path).relative_to(folder))
                raise NotReadable(
                    f"{name!r} in {show(path)}, which is no file of its own", _PICTURES
                )
            yield Path(entry.path)


class _Pictures(Mapping[str, bytes]):
    """The files of a folder, each read when it is asked for: together they may fit into no memory."""

    def __init__(self, files: Mapping[str, Path], seen: Callable[[str], None]) -> None:
        self._files = files
        self._seen = seen

    def __getitem__(self, name: str) -> bytes:
        data = _bytes_of(self._files[name], name)
        self._seen(hashlib.sha256(data).hexdigest())
        return data

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _bytes_of(file: Path, path: str) -> bytes:
    try:
        # Asked before it is opened: opening a pipe waits for somebody to write into it.
        if not stat.S_ISREG(file.stat().st_mode):
            raise NotReadable(f"{show(path)}, which is no file", "the path of a picture")
        with file.open("rb") as opened:
            data = opened.read(PICTURE_BYTES_MAX + 1)
    except OSError as error:
        raise NotReadable(
            f"{show(path)}, which cannot be read ({error.strerror})", _BELOW
        ) from error
    if len(data) > PICTURE_BYTES_MAX:
        raise NotReadable(f"{show(path)} of more than {PICTURE_BYTES_MAX // 1024**2} MiB", _SMALLER)
    return data


def _label(path: Path) -> str:
    """Name a file for people; braces would be taken for placeholders, odd bytes for no text."""
    text = os.fsencode(path.as_posix()).decode(errors="replace")
    return text.replace("{", "(").replace("}", ")")[-300:]


@dataclass(frozen=True, slots=True)
class ReadDone:
    """A `done:` list with the contents of files in place of their paths, and what went wrong.

    `identity` leads from a content, as canonical JSON, to the digest of the file or files that it
    was made from: what an order is must not depend on how a library shrinks a picture.
    """

    items: list[object]
    faults: tuple[Fault, ...]
    identity: Mapping[str, str]


def read_done_files(items: Sequence[object], folder: Path) -> ReadDone:
    """Read every file that criteria name; `folder` is that of the order file."""
    tree = FolderTree(folder)
    faults: list[Fault] = []
    identity: dict[str, str] = {}
    made = [_item(index, item, tree, faults, identity) for index, item in enumerate(items)]
    return ReadDone(made, tuple(faults), identity)


def _item(
    index: int, item: object, tree: FolderTree, faults: list[Fault], identity: dict[str, str]
) -> object:
    for name, field, path in _paths(item):
        assert isinstance(item, Mapping)  # noqa: S101  it has parameters
        place: FieldPath = ("done", index, name, field)
        try:
            content, digest, strange = _content(name, field, path, tree)
        except NotReadable as error:
            faults.append((place, error.found, error.wanted))
            continue
        identity[canonical_json(content)] = digest
        item = {name: {**item[name], field: content}}
        if strange:
            count = f"{len(strange)} files that are" if len(strange) > 1 else "a file that is"
            found = f"{show(path)} with {count} no such picture: {', '.join(strange[:3])}"
            faults.append((place, found, _PICTURES))
    return item


def _content(name: str, field: str, path: str, tree: FolderTree) -> tuple[object, str, list[str]]:
    """Read what one parameter names: its content, the digest of the files, files that are no picture."""
    digests: list[str] = []
    names: list[str] = []

    def picture(path: str) -> bytes:
        data = tree.picture(path)
        digests.append(hashlib.sha256(data).hexdigest())
        return data

    def pictures(path: str) -> Mapping[str, bytes]:
        found = tree.pictures(path, digests.append)
        names.extend(found)
        return found

    (read,) = read_references([{name: {field: path}}], picture, pictures)
    assert isinstance(read, dict)  # noqa: S101  as it was given
    content = read[name][field]
    known = {one["name"] for one in content} if names else set()
    digest = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
    return content, digest, sorted(set(names) - known)


def _paths(item: object) -> list[tuple[str, str, str]]:
    """List an item's parameters that are paths: the criterion, the field, the path."""
    if not isinstance(item, Mapping) or len(item) != 1:
        return []
    name, parameters = next(iter(item.items()))
    criterion = registered().get(name) if isinstance(name, str) else None
    if criterion is None or not isinstance(parameters, Mapping):
        return []
    return [
        (name, field, value)
        for field in criterion.reading()
        if isinstance(value := parameters.get(field), str) and not is_data_address(value)
    ]
