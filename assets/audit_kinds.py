"""What an audit is told, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Expected(NamedTuple):
    """What the books say of one asset that is released, or that may be."""

    key: str
    sha256: str
    byte_count: int
    receipt_key: str
    withdrawn: bool = False
    """Whether somebody has taken it back: its bytes stay, and nothing may show it any more."""
    receipt: bytes = b""
    """What its receipt has to say, version aside; empty where only its key and digest are known."""


class AuditKind(StrEnum):
    """In what way the store differs from the books."""

    MISSING = "missing"
    """The asset is not in the store."""
    CHANGED = "changed"
    """The asset's size or SHA-256 is not what the books say."""
    RECEIPT_MISSING = "receipt_missing"
    """The asset's receipt is not in the store."""
    RECEIPT_CHANGED = "receipt_changed"
    """The receipt cannot be read, or says other things than the books. Seen by a deep audit only."""
    ONLY_IN_STORE = "only_in_store"
    """The store holds a file among released ones that has not passed every gate, by the books."""
    WITHDRAWN_SHOWN = "withdrawn_shown"
    """A withdrawn asset is in a manifest, a contact sheet or an index, or its receipt does not say
    that it is withdrawn."""
    MANIFEST_CHANGED = "manifest_changed"
    """A manifest, an index or its table cannot be read, or says other things than the books."""


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """One difference. `where` is a path or URL for people, `detail` a sentence.

    `key` is what lies there; of a withdrawn asset that something shows it is the asset's.
    """

    kind: AuditKind
    key: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """How many assets were checked, whether their bytes were read, and every difference found."""

    checked: int
    deep: bool
    problems: tuple[AuditProblem, ...]
    unfinished: tuple[str, ...] = ()
    """Keys of what a release put that was cut off before the books knew: all of it has passed every
    gate, and the order's next run completes it."""
    withdrawn: int = 0
    """How many of the checked assets are withdrawn."""
    behind: tuple[str, ...] = ()
    """Keys of manifests and indexes that are not there, or that name all but what was released
    after they were written, because a run was cut off. The order's next run writes them."""
