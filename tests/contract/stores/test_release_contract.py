"""Staging and release, on every store there is."""

from __future__ import annotations

import hashlib
import json

import pytest
from warehouse_parts import Kept, make_form

from assets import (
    DigestMismatch,
    KeyTaken,
    Missing,
    PutOutcome,
    Store,
    StoreUnavailable,
    receipt_json,
    release,
    stage,
    staged,
    staging_key,
)
from assets.memory_store import MemoryStore

DATA = b"webp bytes" * 100


class Cut:
    """A store whose connection breaks before its n-th put."""

    def __init__(self, store: Store, puts: int) -> None:
        self._store = store
        self._left = puts

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put_once(self, key: str, data: bytes, **rest: str) -> PutOutcome:
        """Put as long as the connection holds."""
        if not self._left:
            raise StoreUnavailable("The connection broke.")
        self._left -= 1
        return self._store.put_once(key, data, **rest)  # type: ignore[arg-type]


def test_staged_bytes_come_back_under_their_digest(store: Store) -> None:
    sha256 = stage(store, b"built")
    assert sha256 == hashlib.sha256(b"built").hexdigest()
    assert stage(store, b"built") == sha256
    assert staged(store, sha256) == b"built"
    assert [head.key for head in store.walk("staging/")] == [f"staging/{sha256[:2]}/{sha256}"]


def test_staged_bytes_that_were_changed_are_not_used(kept: Kept) -> None:
    sha256 = stage(kept.store, b"built")
    kept.overwrite(staging_key(sha256), b"tampered")
    with pytest.raises(DigestMismatch, match=sha256):
        staged(kept.store, sha256)


def test_staged_bytes_that_are_gone_are_missing(kept: Kept) -> None:
    sha256 = stage(kept.store, b"built")
    kept.delete(staging_key(sha256))
    with pytest.raises(Missing, match=sha256):
        staged(kept.store, sha256)


def test_a_release_puts_asset_and_receipt_under_their_keys(store: Store) -> None:
    form = make_form(DATA)
    released = release(store, form, DATA)
    folder = "released/autumn-2026/product-photos/0123abcdef"
    assert released.key == f"{folder}/mug/oak-1.webp"
    assert released.receipt_key == f"{folder}/receipts/mug/oak-1.json"
    assert store.get(released.key) == DATA
    receipt = json.loads(store.get(released.receipt_key))
    assert receipt["asset"]["sha256"] == form.sha256
    assert receipt["cost"] == {"amount": "0.006", "currency": "USD"}


def test_a_release_done_twice_changes_nothing(store: Store) -> None:
    form = make_form(DATA)
    assert release(store, form, DATA) == release(store, form, DATA)
    assert len(list(store.walk(""))) == 2


@pytest.mark.parametrize("puts", [0, 1])
def test_a_release_that_is_cut_off_shows_no_asset_and_is_done_again(
    store: Store, puts: int
) -> None:
    form = make_form(DATA)
    with pytest.raises(StoreUnavailable):
        release(Cut(store, puts), form, DATA)  # type: ignore[arg-type]
    assert store.head(form.key) is None
    release(store, form, DATA)
    assert store.get(form.key) == DATA


def test_a_newer_mintage_completes_what_an_older_one_began(store: Store) -> None:
    older, newer = (make_form(DATA, mintage_version=version) for version in ("0.1.0", "0.2.0"))
    with pytest.raises(StoreUnavailable):
        release(Cut(store, 1), older, DATA)  # type: ignore[arg-type]
    release(store, newer, DATA)
    assert store.get(newer.receipt_key) == receipt_json(older)
    assert store.get(newer.key) == DATA


def test_a_receipt_from_before_labels_and_renditions_stays(store: Store) -> None:
    form = make_form(DATA)
    told = json.loads(receipt_json(form))
    for word in ("label", "credentials", "renditions", "rendition_of"):
        del told[word]
    older = json.dumps({**told, "mintage_version": "0.0.1"}).encode()
    digest = hashlib.sha256(older).hexdigest()
    store.put_once(form.receipt_key, older, sha256=digest, media_type="application/json")
    release(store, form, DATA)
    assert store.get(form.receipt_key) == older
    assert store.get(form.key) == DATA


def test_another_asset_never_takes_a_released_name(store: Store) -> None:
    release(store, make_form(DATA), DATA)
    other = b"other bytes"
    with pytest.raises(KeyTaken):
        release(store, make_form(other), other)
    assert store.get(make_form(DATA).key) == DATA


def test_a_foreign_file_under_the_name_stops_the_release_and_names_both_digests(
    kept: Kept,
) -> None:
    form = make_form(DATA)
    foreign = b"put there by hand"
    kept.store.replace(form.key, foreign, media_type="image/webp")
    with pytest.raises(KeyTaken) as caught:
        release(kept.store, form, DATA)
    assert form.sha256 in str(caught.value)
    assert hashlib.sha256(foreign).hexdigest() in str(caught.value)
    assert kept.store.get(form.key) == foreign


def test_a_receipt_that_was_spoilt_stops_the_release(kept: Kept) -> None:
    form = make_form(DATA)
    kept.store.replace(form.receipt_key, b"[not a receipt", media_type="application/json")
    with pytest.raises(KeyTaken):
        release(kept.store, form, DATA)
    assert kept.store.head(form.key) is None


def test_bytes_that_are_not_the_forms_are_not_released() -> None:
    store = MemoryStore()
    with pytest.raises(DigestMismatch):
        release(store, make_form(DATA), b"swapped")
    assert list(store.walk("")) == []
