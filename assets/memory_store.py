"""A store in memory, with every promise of a real one; for tests and for trying things out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from assets.errors import KeyTaken, Missing
from assets.store import (
    CACHE_NEVER,
    CACHE_REVALIDATE,
    CHUNK_BYTES,
    Head,
    PutOutcome,
    check_digest,
    check_key,
    check_prefix,
)


@dataclass(frozen=True, slots=True)
class _Held:
    data: bytes
    head: Head
    cache_control: str


class MemoryStore:
    """Objects in a dictionary, gone with the process."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Always `memory:`; it cannot be opened a second time."""
        return "memory:"

    def check(self) -> None:
        """Nothing can be wrong with a dictionary."""

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
        """Keep bytes under a key that is free. See `Store.put_once`."""
        where = self.locate(key)
        check_digest(where, data, sha256)
        head = Head(key, len(data), sha256, media_type, dict(metadata or {}))
        with self._lock:
            held = self._held.setdefault(key, _Held(data, head, cache_control))
        if held.head is head:
            return PutOutcome.CREATED
        if held.head.sha256 != sha256:
            raise KeyTaken(where, stored=str(held.head.sha256), offered=sha256)
        return PutOutcome.SAME

    def replace(
        self,
        key: str,
        source: BinaryIO | bytes,
        *,
        media_type: str,
        cache_control: str = CACHE_REVALIDATE,
    ) -> None:
        """Keep bytes in place of what the key has. See `Store.replace`."""
        check_key(key)
        if isinstance(source, bytes):
            data = source
        else:
            source.seek(0)
            data = source.read()
        head = Head(key, len(data), hashlib.sha256(data).hexdigest(), media_type)
        with self._lock:
            self._held[key] = _Held(data, head, cache_control)

    def get(self, key: str) -> bytes:
        """Give an object's bytes. See `Store.get`."""
        where = self.locate(key)
        with self._lock:
            held = self._held.get(key)
        if held is None:
            raise Missing(key, where)
        return held.data

    def chunks(self, key: str) -> Iterator[bytes]:
        """Give an object's bytes piece by piece. See `Store.chunks`."""
        data = self.get(key)
        for start in range(0, len(data), CHUNK_BYTES):
            yield data[start : start + CHUNK_BYTES]

    def head(self, key: str) -> Head | None:
        """Say what is known of an object. See `Store.head`."""
        check_key(key)
        with self._lock:
            held = self._held.get(key)
        return held.head if held else None

    def walk(self, prefix: str) -> Iterator[Head]:
        """Name every object below a prefix. See `Store.walk`."""
        check_prefix(prefix)
        with self._lock:
            heads = [held.head for key, held in self._held.items() if key.startswith(prefix)]
        yield from sorted(heads, key=lambda head: head.key.encode())

    def folders(self, prefix: str) -> Iterator[str]:
        """Name the prefixes one level below a prefix. See `Store.folders`."""
        below = (head.key[len(prefix) :] for head in self.walk(prefix))
        names = {rest.partition("/")[0] for rest in below if "/" in rest}
        yield from sorted((f"{prefix}{name}/" for name in names), key=str.encode)

    def strangers(self, prefix: str) -> Iterator[str]:
        """Name nothing: all that is in memory is an object. See `Store.strangers`."""
        check_prefix(prefix)
        return iter(())

    def locate(self, key: str) -> str:
        """Give a name that a person can read. See `Store.locate`."""
        return f"memory:{check_key(key)}"
