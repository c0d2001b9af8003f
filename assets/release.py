"""Release: accepted bytes go under their public key, with a receipt that was there before them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from assets.errors import KeyTaken
from assets.media_types import JSON_MEDIA_TYPE
from assets.receipts import ReleaseForm, receipt_json
from assets.store import CACHE_RELEASED, CACHE_REVALIDATE, Store, check_digest


@dataclass(frozen=True, slots=True)
class Released:
    """Where an asset and its receipt are."""

    key: str
    receipt_key: str


def release(store: Store, form: ReleaseForm, data: bytes) -> Released:
    """Put an accepted asset under its public key.

    The receipt is put first and the asset last, so an asset that can be seen is complete. Both
    are put once, and a form's receipt is always the same, so a release that was cut off at any
    point is simply done again. Renditions are released before their master: who sees the master
    finds all that its receipt names.

    Raises:
        DigestMismatch: `data` is not what the form says.
        KeyTaken: another asset, or the receipt of one, has this key.
        BadKey: the form's parts make up no safe key.
    """
    key, receipt_key = form.key, form.receipt_key
    check_digest(store.locate(key), data, form.sha256)
    receipt = receipt_json(form)
    metadata = {"mintage-job": form.job_id, "mintage-order": form.order_id}
    try:
        store.put_once(
            receipt_key,
            receipt,
            sha256=hashlib.sha256(receipt).hexdigest(),
            media_type=JSON_MEDIA_TYPE,
            metadata=metadata,
            # Unlike the asset it may change: a withdrawal is written into it.
            cache_control=CACHE_REVALIDATE,
        )
    except KeyTaken:
        # A run that was cut off here may be taken up by a newer Mintage: the first receipt stays.
        if not _same_but_for_version(store.get(receipt_key), receipt):
            raise
    store.put_once(
        key,
        data,
        sha256=form.sha256,
        media_type=form.media_type,
        metadata=metadata,
        cache_control=CACHE_RELEASED,
    )
    return Released(key, receipt_key)


def _same_but_for_version(stored: bytes, offered: bytes) -> bool:
    try:
        first = json.loads(stored)
    except (ValueError, RecursionError):
        return False
    second = json.loads(offered)
    if not isinstance(first, dict):
        return False
    return says_no_other({**first, "mintage_version": None}, {**second, "mintage_version": None})


def says_no_other(stored: object, offered: object) -> bool:
    """Whether all that is stored is offered too: a newer Mintage may have more to say."""
    if isinstance(stored, dict) and isinstance(offered, dict):
        return all(
            name in offered and says_no_other(inner, offered[name])
            for name, inner in stored.items()
        )
    if isinstance(stored, list) and isinstance(offered, list):
        return len(stored) == len(offered) and all(map(says_no_other, stored, offered))
    return stored == offered
