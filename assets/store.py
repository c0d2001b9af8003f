"""What every store promises: whole objects under keys, written once, never half visible."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Final, Protocol

from assets.errors import BadKey, DigestMismatch

CACHE_RELEASED: Final = "public, max-age=31536000, immutable"
"""For released assets: their key never gets other bytes."""
CACHE_NEVER: Final = "no-store"
"""For staged bytes, which are private."""
CACHE_REVALIDATE: Final = "no-cache"
"""For manifests, which are replaced as a whole, and receipts, in which a withdrawal is marked."""

INCOMING: Final = ".incoming"
"""First part of the keys that a directory store keeps for itself; no caller may use it."""

KEY_BYTES_MAX: Final = 1024
"""The longest key of S3, prefix included, in bytes of UTF-8."""
PART_BYTES_MAX: Final = 255
"""The longest file name of the usual file systems, in bytes of UTF-8."""

CHUNK_BYTES: Final = 1 << 20
"""How much of an object is in memory while it is streamed."""


class PutOutcome(StrEnum):
    """What became of a put-once."""

    CREATED = "created"
    """The bytes were not there; now they are."""
    SAME = "same"
    """The very same bytes were there already, and still are."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a store knows of an object without reading it."""

    key: str
    byte_count: int
    sha256: str | None = None
    """Hex digest, when the store keeps one. A directory does not."""
    media_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """Whole objects under keys. Safe to share between threads.

    Every method raises `StoreUnavailable` when the store as a whole does not work, and `BadKey`
    for a key that it cannot hold.
    """

    @property
    def url(self) -> str:
        """The store's address. Safe to print: it never holds a secret."""

    def check(self) -> None:
        """Prove that the store is there, can be written, and writes once.

        Raises:
            StoreUnavailable: it does not work; one sentence says what is wrong and the way out.
        """

    def put_once(
        self,
        key: str,
        data: bytes,
        *,
        sha256: str,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
        cache_control: str = CACHE_NEVER,
    ) -> PutOutcome:
        """Write `data` under a key that has none yet; all of it becomes visible at once.

        Of any number of racing writers exactly one gets CREATED.

        Raises:
            KeyTaken: other bytes are there.
            DigestMismatch: `data` has another SHA-256 (hex) than `sha256`.
        """

    def replace(
        self,
        key: str,
        source: BinaryIO | bytes,
        *,
        media_type: str,
        cache_control: str = CACHE_REVALIDATE,
    ) -> None:
        """Put an object in place of what the key holds.

        A reader sees the old or the new one, whole. A file is read from its start and left open.
        """

    def get(self, key: str) -> bytes:
        """Read a whole object into memory.

        Raises:
            Missing: nothing is there.
        """

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read an object piece by piece.

        Raises:
            Missing: nothing is there; said when the first piece is asked for.
        """

    def head(self, key: str) -> Head | None:
        """Say what is known of an object, or None when there is none."""

    def walk(self, prefix: str) -> Iterator[Head]:
        """Name every object below a prefix, in whatever order the store has them.

        The prefix is empty or ends with a slash. Only key and size are sure to be filled in.
        """

    def folders(self, prefix: str) -> Iterator[str]:
        """Name the prefixes one level below a prefix, each ending with a slash, in byte order."""

    def strangers(self, prefix: str) -> Iterator[str]:
        """Name what lies below a prefix and is no object, which `walk` therefore passes over.

        That is what a folder can hold and no store makes: links, pipes, devices, and files whose
        names can be no keys. Such a name is given printable.
        """

    def locate(self, key: str) -> str:
        """Say where a person finds the object: a path, or an s3:// URL."""


def check_key(key: str) -> str:
    """Give the key back when every store can hold it and none can be left through it.

    Raises:
        BadKey: it is empty, too long, absolute, climbs with dots, or holds a character that
            is unsafe in a path.
    """
    why = _fault(key)
    if why is not None:
        raise BadKey(key, why)
    return key


def check_prefix(prefix: str) -> str:
    """Give the prefix back when it is empty or a safe key with a slash at its end.

    Raises:
        BadKey: it is neither.
    """
    if prefix:
        if not prefix.endswith("/"):
            raise BadKey(prefix, "a prefix ends with a slash")
        check_key(prefix[:-1])
    return prefix


def check_digest(where: str, data: bytes, sha256: str) -> None:
    """Compare bytes with the hex SHA-256 that was promised for them.

    Raises:
        DigestMismatch: they differ.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise DigestMismatch(where, expected=sha256, found=found)


def _fault(key: str) -> str | None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if not 0 < size <= KEY_BYTES_MAX:
        return f"it has {size} bytes, and 1 to {KEY_BYTES_MAX} are allowed"
    for character in () if key.isascii() and key.isprintable() else key:
        if unicodedata.category(character) in _UNSAFE_CATEGORIES:
            return f"it holds the unprintable character U+{ord(character):04X}"
    return _part_fault(key.split("/"))


def _part_fault(parts: list[str]) -> str | None:
    if parts[0] == INCOMING:
        return f"{INCOMING} is kept for files that are on their way in"
    for part in parts:
        if part in {"", ".", ".."}:
            return "it has an empty part, a dot or two dots between slashes"
        if "\\" in part:
            return "it holds a backslash"
        if len(part.encode()) > PART_BYTES_MAX:
            return f"one part is longer than {PART_BYTES_MAX} bytes"
    return None


_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, invisible marks that reorder text, surrogates, line and paragraph breaks."""
