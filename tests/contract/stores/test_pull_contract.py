"""Manifests, listing and pull, on every store there is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from warehouse_parts import (
    ACCEPTED_AT,
    CAMPAIGN,
    ORDER_ID,
    Kept,
    make_form,
    make_row,
    released_order,
)

from assets import (
    AssetFilter,
    DirectoryStore,
    PullOutcome,
    PullStep,
    Store,
    StoreUnavailable,
    listing,
    pull,
    read_manifest,
    release,
)

FOLDERS_OWN = {"manifest.json", "manifest.csv", "SHA256SUMS"}
"""What a pull writes beside the assets."""


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "dest"


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_manifest_reads_back_as_it_was_written(store: Store) -> None:
    rows = released_order(store)
    key = f"released/{CAMPAIGN}/product-photos/0123abcdef/manifest.json"
    header, read = read_manifest(store, key)
    assert list(read) == rows
    assert header.order == ORDER_ID
    assert str(header.charged_usd) == "0.02"
    assert json.loads(store.get(key))["released"] == 3


def test_a_listing_reads_every_manifest_and_filters(store: Store) -> None:
    first = released_order(store)
    second = released_order(store, "product-photos@ffffffffff")
    third = released_order(store, "lamps@2026-11-22", "winter-2026")
    assert list(listing(store)) == [*first, *second, *third]
    assert list(listing(store, AssetFilter(campaign="winter-2026"))) == third
    assert list(listing(store, AssetFilter(order="product-photos"))) == [*first, *second]
    assert list(listing(store, AssetFilter(order=ORDER_ID))) == first
    assert list(listing(store, AssetFilter(order="lamps", campaign=CAMPAIGN))) == []
    later = ACCEPTED_AT + timedelta(minutes=1)
    assert list(listing(store, AssetFilter(order=ORDER_ID, since=later))) == first[1:]
    assert list(listing(store, AssetFilter(order=ORDER_ID, until=later))) == first[:1]
    assert list(listing(store, AssetFilter(since=later, until=later))) == []


def test_an_order_without_a_manifest_is_not_listed(kept: Kept) -> None:
    released_order(kept.store)
    kept.delete(f"released/{CAMPAIGN}/product-photos/0123abcdef/manifest.json")
    assert list(listing(kept.store)) == []


def test_a_pull_mirrors_what_is_released_and_says_what_it_did(store: Store, dest: Path) -> None:
    rows = released_order(store)
    steps: list[PullStep] = []
    report = pull(store, listing(store), dest, progress=steps.append)
    assert (report.copied, report.skipped, report.mended, report.problems) == (3, 0, 0, [])
    assert report.bytes == sum(row.bytes for row in rows)
    assert [step.row for step in steps] == rows
    there = files(dest)
    names = {row.key.removeprefix("released/") for row in rows}
    assert set(there) == names | FOLDERS_OWN
    for row in rows:
        data = there[row.key.removeprefix("released/")]
        assert hashlib.sha256(data).hexdigest() == row.sha256
    _, own = read_manifest(DirectoryStore(dest), "manifest.json")
    assert list(own) == rows


def test_a_second_pull_skips_mends_and_deletes_nothing(store: Store, dest: Path) -> None:
    rows = released_order(store)
    pull(store, rows, dest)
    changed = dest / rows[0].key.removeprefix("released/")
    good = changed.read_bytes()
    changed.write_bytes(b"retouched by hand")
    (dest / rows[1].key.removeprefix("released/")).unlink()
    mine = changed.with_name("mine.txt")
    mine.write_text("keep me")
    report = pull(store, rows, dest)
    assert (report.copied, report.skipped, report.mended) == (1, 1, 1)
    assert changed.read_bytes() == good
    assert mine.read_text() == "keep me"


def test_an_asset_that_was_changed_or_lost_in_the_store_is_a_problem_of_its_own(
    kept: Kept, dest: Path
) -> None:
    rows = released_order(kept.store, count=4)
    # The same length, so that only the digest can tell.
    kept.overwrite(rows[0].key, b"x" * rows[0].bytes)
    kept.overwrite(rows[1].key, b"x" * (rows[1].bytes + 1))
    kept.delete(rows[2].key)
    report = pull(kept.store, rows, dest)
    assert report.copied == 1
    assert len(report.problems) == 3
    for row, problem in zip(rows, report.problems, strict=False):
        assert row.key in problem
    assert set(files(dest)) == {
        rows[3].key.removeprefix("released/"),
        *FOLDERS_OWN,
    }


def test_a_broken_asset_leaves_the_good_copy_from_before(kept: Kept, dest: Path) -> None:
    rows = released_order(kept.store, count=1)
    pull(kept.store, rows, dest)
    path = dest / rows[0].key.removeprefix("released/")
    path.write_bytes(b"retouched")
    kept.overwrite(rows[0].key, b"x" * rows[0].bytes)
    report = pull(kept.store, rows, dest)
    assert len(report.problems) == 1
    assert path.read_bytes() == b"retouched"


@pytest.mark.parametrize(
    "key",
    [
        "../outside.webp",
        "released/../../outside.webp",
        "/outside.webp",
        "staging/aa/private",
        "released/manifest.json",
        "released/.incoming/x.webp",
        "released/link/x.webp",
        "released/link/o/e/x.webp",
        "released/.incoming/o/e/x.webp",
        "released/manifest.json/o/e/x.webp",
        "released/Index.HTML/o/e/x.webp",
        "released/SHA256SUMS/o/e/x.webp",
        "released/.mintage-pull/o/e/x.webp",
    ],
)
def test_a_hostile_manifest_cannot_write_outside_or_read_private_bytes(
    store: Store, tmp_path: Path, dest: Path, key: str
) -> None:
    (row,) = released_order(store, count=1)
    outside = tmp_path / "outside"
    outside.mkdir()
    dest.mkdir()
    (dest / "link").symlink_to(outside)
    if key.startswith("staging/"):
        data = b"private"
        store.put_once(key, data, sha256=hashlib.sha256(data).hexdigest(), media_type="image/webp")
    hostile = dataclasses.replace(row, key=key)
    report = pull(store, [hostile], dest)
    assert len(report.problems) == 1
    assert [path.name for path in dest.iterdir()] == ["link"]
    assert files(outside) == {}
    assert not (tmp_path / "outside.webp").exists()


def test_a_row_that_comes_twice_is_copied_once(store: Store, dest: Path) -> None:
    rows = released_order(store, count=1)
    assert pull(store, rows * 3, dest).copied == 1


def test_a_pull_that_is_interrupted_is_taken_up_again(store: Store, dest: Path) -> None:
    rows = released_order(store, count=12)

    def interrupted(step: PullStep) -> None:
        if step.row == rows[8]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(store, rows, dest, workers=1, progress=interrupted)
    there = files(dest)
    count = len(there.keys() - FOLDERS_OWN)
    assert 9 <= count < 12
    _, own = read_manifest(DirectoryStore(dest), "manifest.json")
    assert {row.key.removeprefix("released/") for row in own} == there.keys() - FOLDERS_OWN
    report = pull(store, rows, dest, workers=2)
    assert report.skipped == count
    assert report.copied == 12 - count


def test_a_pull_of_nothing_writes_nothing(store: Store, dest: Path) -> None:
    report = pull(store, listing(store), dest)
    assert report.copied == 0
    assert not dest.exists()


def test_outcomes_are_told_one_by_one(kept: Kept, dest: Path) -> None:
    rows = released_order(kept.store, count=2)
    kept.delete(rows[1].key)
    steps: list[PullStep] = []
    pull(kept.store, rows, dest, progress=steps.append)
    assert [step.outcome for step in steps] == [PullOutcome.COPIED, PullOutcome.FAILED]
    assert steps[0].problem is None
    assert rows[1].key in str(steps[1].problem)


def test_a_file_in_place_of_the_folder_is_said(store: Store, dest: Path) -> None:
    dest.write_text("a file")
    with pytest.raises(StoreUnavailable, match="is a file"):
        pull(store, [], dest)


def test_every_name_that_can_be_released_can_be_pulled(store: Store, dest: Path) -> None:
    rows = []
    for name in ["ünï/çødé-猫", "a+b c", "per%20cent", ".hidden/x"]:
        data = name.encode()
        form = make_form(data, name)
        done = release(store, form, data)
        rows.append(make_row(form, done.key, done.receipt_key, ACCEPTED_AT))
    assert pull(store, rows, dest).copied == len(rows)
    for row in rows:
        assert (dest / row.key.removeprefix("released/")).read_bytes() == row.name.encode()
