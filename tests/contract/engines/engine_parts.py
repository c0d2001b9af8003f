"""A house whose store can be broken, and the store that breaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assets import Store, StoreUnavailable
from flows import House


@dataclass(frozen=True)
class MendableHouse(House):
    """A house whose store can be exchanged for one that fails."""

    stores: list[Store] = field(default_factory=list)

    def store(self) -> Store:
        """Open the store, or take the one that was left here."""
        return self.stores[-1] if self.stores else super().store()


class FailingStore:
    """A real store that breaks down once it has put so many objects below a prefix."""

    def __init__(self, store: Store, prefix: str, after: int) -> None:
        self._store = store
        self._prefix = prefix
        self._left = after

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the real store has
        return getattr(self._store, name)

    def put_once(self, key: str, data: bytes, **rest: Any) -> Any:  # noqa: ANN401  as the real one
        """Put it, or be broken."""
        if key.startswith(self._prefix):
            self._left -= 1
            if self._left < 0:
                raise StoreUnavailable("The disk is full; make room.")
        return self._store.put_once(key, data, **rest)
