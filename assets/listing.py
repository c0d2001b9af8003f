"""What is released, as the manifests in the store say. Needs a store, no books."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final

from assets.asset_filter import AssetFilter
from assets.errors import AssetsError, Missing, StoreUnavailable
from assets.layout import LATEST, MANIFEST_JSON, RELEASED, latest_key
from assets.manifest import ManifestHeader, ManifestRow, Withdrawn, read_manifest
from assets.side_by_side import in_order
from assets.store import Store

READERS: Final = 8
"""How many manifests are read at a time."""

EDITION_PARTS: Final = 4
"""released, campaign, slug, edition: what the key of every file of an edition starts with."""

EVERYTHING: Final = AssetFilter()


@dataclass(frozen=True, slots=True)
class Edition:
    """One manifest's header, and those of its assets that are meant."""

    header: ManifestHeader
    rows: tuple[ManifestRow, ...]


def listing(store: Store, wanted: AssetFilter = EVERYTHING) -> Iterator[ManifestRow]:
    """Name what is released and meant, manifest by manifest. Raises as `editions` does."""
    for edition in editions(store, wanted):
        yield from edition.rows


def editions(store: Store, wanted: AssetFilter = EVERYTHING) -> Iterator[Edition]:
    """Read the manifests that may name what is meant, a few at a time, in the order of their keys.

    With `wanted.latest` these are the indexes of campaigns. For a campaign that has none yet the
    newest release of each name is found in its manifests.

    Raises:
        ManifestError: a manifest cannot be read.
        StoreUnavailable: the store as a whole does not work.
    """
    if wanted.latest:
        for campaign in _campaigns_with_latest(store, wanted.campaign):
            yield _latest(store, wanted, campaign)
        return
    keys = _manifest_keys(store, wanted.campaign, wanted.order)
    for edition in in_order(partial(_read, store, wanted), keys, workers=READERS):
        if edition is not None:
            yield edition


def withdrawn_in(store: Store, keys: Iterable[str]) -> tuple[dict[str, Withdrawn], list[str]]:
    """Say what is withdrawn in the editions that some released assets belong to.

    Returns:
        What is withdrawn, by its key, and a sentence for each manifest that could not be read.

    Raises:
        StoreUnavailable: the store as a whole does not work.
    """
    parts = {tuple(key.split("/")[:EDITION_PARTS]) for key in keys}
    manifests = sorted("/".join((*edition, MANIFEST_JSON)) for edition in parts)
    withdrawn: dict[str, Withdrawn] = {}
    problems: list[str] = []
    for found in in_order(partial(_withdrawn, store), manifests, workers=READERS):
        if isinstance(found, str):
            problems.append(found)
        else:
            withdrawn.update((one.key, one) for one in found)
    return withdrawn, problems


def _read(store: Store, wanted: AssetFilter, key: str) -> Edition | None:
    try:
        header, rows = read_manifest(store, key)
    except Missing:
        # The order has begun to release and has not written its first manifest yet.
        return None
    return Edition(header, tuple(wanted.chosen(rows)))


def _withdrawn(store: Store, key: str) -> tuple[Withdrawn, ...] | str:
    try:
        header, _ = read_manifest(store, key)
    except Missing:
        return ()
    except StoreUnavailable:
        raise
    except AssetsError as error:
        return f"What is withdrawn of its order is not known: {error}"
    return header.withdrawn


def _latest(store: Store, wanted: AssetFilter, campaign: str) -> Edition:
    index = _read(store, wanted, latest_key(campaign))
    if index is not None:
        return index
    rows = list(listing(store, AssetFilter(campaign=campaign)))
    newest: dict[tuple[str, str], ManifestRow] = {}
    for row in rows:
        name = row.order_id.rpartition("@")[0], row.name
        if not row.master and (name not in newest or newest[name].released_at <= row.released_at):
            newest[name] = row
    masters = {row.key for row in newest.values()}
    latest = [row for row in rows if (row.master or row.key) in masters]
    return Edition(ManifestHeader(campaign=campaign), tuple(wanted.chosen(latest)))


def _campaigns_with_latest(store: Store, campaign: str | None) -> list[str]:
    if campaign is not None:
        return [campaign]
    found = {prefix.split("/")[1] for root in (LATEST, RELEASED) for prefix in store.folders(root)}
    return sorted(found, key=str.encode)


def _manifest_keys(store: Store, campaign: str | None, order: str | None) -> list[str]:
    slug, _, edition = (order or "").partition("@")
    campaigns = [f"{RELEASED}{campaign}/"] if campaign else list(store.folders(RELEASED))
    slugs = [f"{prefix}{slug}/" for prefix in campaigns] if order else _below(store, campaigns)
    found = [f"{prefix}{edition}/" for prefix in slugs] if edition else _below(store, slugs)
    return [prefix + MANIFEST_JSON for prefix in found]


def _below(store: Store, prefixes: Iterable[str]) -> list[str]:
    def folders(prefix: str) -> list[str]:
        return list(store.folders(prefix))

    return list(chain.from_iterable(in_order(folders, prefixes, workers=READERS)))
