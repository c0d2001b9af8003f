"""A campaign's index: the newest asset of each name, in the form of a manifest."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from assets.layout import INDEX_CSV, INDEX_JSON, latest_prefix, split_order_id
from assets.manifest import Manifest, ManifestHeader, ManifestRow, write_manifest
from assets.natural_order import natural_key

if TYPE_CHECKING:
    from typing import Any

    from assets.store import Store


def write_latest(
    store: Store,
    campaign: str,
    header: ManifestHeader | Callable[[], ManifestHeader],
    rows: Iterable[ManifestRow],
) -> Manifest:
    """Write `index.csv` and then `index.json` of a campaign, each in place of what was there.

    They are sorted by order slug and name as people expect; renditions follow their master.

    Args:
        store: where to.
        campaign: its index.
        header: as `write_manifest` takes it.
        rows: of each slug and name one master, its renditions right after it.
    """
    return write_manifest(
        store,
        latest_prefix(campaign),
        header,
        rows,
        sorted_by=_by_place(),
        names=(INDEX_CSV, INDEX_JSON),
    )


def _by_place() -> Callable[[ManifestRow], Any]:
    # A campaign has few slugs, whose assets come together.
    slug_key = functools.lru_cache(natural_key)

    def place(row: ManifestRow) -> tuple[Any, ...]:
        slug, _ = split_order_id(row.order_id)
        return slug_key(slug), natural_key(row.name)

    return place
