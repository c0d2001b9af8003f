"""Looks for withdrawn assets where they may not be shown: manifests, contact sheets and indexes.

Only what can show one is read, so that an audit of a store without withdrawals reads none of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from assets.audit_kinds import AuditKind, AuditProblem, Expected
from assets.errors import AssetsError, StoreError, StoreUnavailable
from assets.layout import LATEST, MANIFEST_JSON, RELEASED, SHEET_HTML, edition_of, latest_key
from assets.manifest import read_manifest
from assets.store import Store

_ASSET_LINE = b'{"sha256":"'
"""How a contact sheet's line of one asset begins; its digest follows."""
_DIGEST_CHARS = 64


def shown(store: Store, withdrawn: Sequence[Expected]) -> Iterator[AuditProblem]:
    """Find every place that shows an asset of these, place by place.

    Raises:
        StoreUnavailable: the store as a whole does not work.
    """
    by_folder: dict[str, dict[str, Expected]] = {}
    by_campaign: dict[str, dict[str, Expected]] = {}
    for item in withdrawn:
        folder = edition_of(item.key)
        if folder is not None:
            by_folder.setdefault(folder, {})[item.key] = item
            campaign = folder.removeprefix(RELEASED).partition("/")[0]
            by_campaign.setdefault(campaign, {})[item.key] = item
    for folder, items in sorted(by_folder.items()):
        yield from _in_manifest(store, folder + MANIFEST_JSON, items)
        yield from _in_sheet(store, folder + SHEET_HTML, items)
    for campaign, items in sorted(by_campaign.items()):
        yield from _in_manifest(store, latest_key(campaign), items)
        yield from _in_sheet(store, f"{LATEST}{campaign}/{SHEET_HTML}", items)


def receipt_unmarked(store: Store, item: Expected) -> Iterator[AuditProblem]:
    """Say so where a withdrawn asset's receipt does not tell it; a missing one is told elsewhere."""
    try:
        receipt = json.loads(store.get(item.receipt_key))
    except StoreUnavailable:
        raise
    except StoreError:
        # It is missing, or what is there is no file: told where receipts are looked at.
        return
    except (ValueError, RecursionError):
        receipt = None
    if not isinstance(receipt, dict) or not receipt.get("withdrawn"):
        yield _problem(store, item.receipt_key, item, "its receipt does not say so")


def _in_manifest(store: Store, key: str, items: Mapping[str, Expected]) -> Iterator[AuditProblem]:
    try:
        _, rows = read_manifest(store, key)
        for row in rows:
            if (item := items.get(row.key)) is not None:
                yield _problem(store, key, item, "it is still named here")
    except StoreUnavailable:
        raise
    except AssetsError:
        # There is none, or it cannot be read: told where it is compared with the books.
        return


def _in_sheet(store: Store, key: str, items: Mapping[str, Expected]) -> Iterator[AuditProblem]:
    digests = {item.sha256.encode() for item in items.values()}
    start, end = len(_ASSET_LINE), len(_ASSET_LINE) + _DIGEST_CHARS
    try:
        for line in _lines(store, key):
            if not line.startswith(_ASSET_LINE) or line[start:end] not in digests:
                continue
            # Another asset may have the same bytes.
            item = items.get(_key_in(line))
            if item is not None:
                yield _problem(store, key, item, "it is still shown here")
    except StoreUnavailable:
        raise
    except StoreError:
        # There is none, or what is there is no file: told where the folder is looked through.
        return


def _key_in(line: bytes) -> str:
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return ""


def _lines(store: Store, key: str) -> Iterator[bytes]:
    rest = b""
    for chunk in store.chunks(key):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    yield rest


def _problem(store: Store, place: str, item: Expected, what: str) -> AuditProblem:
    return AuditProblem(
        AuditKind.WITHDRAWN_SHOWN,
        item.key,
        store.locate(place),
        f"{item.key} is withdrawn, and {what}",
    )
