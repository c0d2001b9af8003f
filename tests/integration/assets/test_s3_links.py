"""Signed links, fetched by a program that has no keys, from a real S3 server."""

from __future__ import annotations

import dataclasses
import hashlib
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.message import Message

import pytest
from asset_shelf import asset_bytes, shelf_rows, shelve

from assets import ManifestRow, NoLink, Store, StoreUnavailable, open_store, release_key
from assets.links import Link, make_link

pytestmark = pytest.mark.s3

WEEK = timedelta(days=7)
(ROW,) = shelf_rows("autumn-2026", "photos@a1", 1)


@pytest.fixture
def store(bucket: str) -> Store:
    return open_store(f"s3://{bucket}/some place")


@pytest.fixture
def row(store: Store) -> ManifestRow:
    (made,) = shelve(store, "autumn-2026", "photos@a1", 1)
    return made


def fetched(url: str) -> tuple[bytes, Message]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read(), answer.headers


def status_of(url: str) -> int:
    try:
        fetched(url)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200


def test_a_link_downloads_the_asset_under_its_name_without_keys(
    store: Store, row: ManifestRow
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    link = make_link(store, row, WEEK)
    after = datetime.now(UTC)
    data, headers = fetched(link.url)
    assert hashlib.sha256(data).hexdigest() == row.sha256
    assert headers["Content-Type"] == "image/webp"
    assert headers["Content-Disposition"] == 'attachment; filename="mug-oak-0.webp"'
    for mark in ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Signature=", "X-Amz-Expires=604800"):
        assert mark in link.url
    assert before + WEEK <= link.ends_at <= after + WEEK
    assert not link.temporary_keys


def test_a_name_in_any_script_comes_through(store: Store) -> None:
    data = asset_bytes("autumn-2026/photos@a1/mug/oak-0", 2_000)
    name = "krûs/猫 +1"
    key = release_key("autumn-2026", "photos@a1", name, "image/webp")
    store.put_once(key, data, sha256=ROW.sha256, media_type="image/webp")
    link = make_link(store, dataclasses.replace(ROW, name=name, key=key), WEEK)
    got, headers = fetched(link.url)
    assert got == data
    disposition = headers["Content-Disposition"]
    assert disposition.endswith("filename*=UTF-8''kr%C3%BBs-%E7%8C%AB%20+1.webp")


def test_a_link_that_somebody_changed_is_refused(store: Store, row: ManifestRow) -> None:
    link = make_link(store, row, timedelta(days=1))
    for old, new in (
        ("oak-0", "oak-1"),
        ("X-Amz-Expires=86400", "X-Amz-Expires=172800"),
        ("mug-oak-0", "mug-oak-9"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ):
        assert old in link.url
        assert status_of(link.url.replace(old, new)) == 403, old


def test_a_link_ends(store: Store, row: ManifestRow) -> None:
    link: Link = make_link(store, row, timedelta(seconds=1))
    deadline = time.monotonic() + 30
    while status_of(link.url) == 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert status_of(link.url) == 403
    assert datetime.now(UTC) > link.ends_at


@pytest.mark.parametrize("lasting", [timedelta(days=7, seconds=1), timedelta(0), -WEEK])
@pytest.mark.usefixtures("s3")
def test_no_link_lasts_longer_than_s3_signs(lasting: timedelta) -> None:
    with pytest.raises(NoLink, match="at most 7 days"):
        make_link(open_store("s3://shop"), ROW, lasting)


@pytest.mark.usefixtures("s3")
def test_temporary_keys_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "hunter2hunter2")
    assert make_link(open_store("s3://shop"), ROW, WEEK).temporary_keys


@pytest.mark.usefixtures("s3")
def test_without_keys_no_link_is_made_and_no_secret_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    with pytest.raises(StoreUnavailable) as refused:
        make_link(open_store("s3://shop"), ROW, WEEK)
    assert "hunter2" not in str(refused.value)
