"""What a folder remembers from pull to pull: editions, withdrawals, and what lies where."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from asset_shelf import shelve, withdraw
from warehouse_parts import Kept

from assets import (
    AssetFilter,
    DirectoryStore,
    ManifestHeader,
    ManifestRow,
    PullOutcome,
    PullStep,
    RecallOutcome,
    Store,
    listing,
    pull,
    read_condition,
    read_manifest,
    write_manifest,
)
from assets.layout import latest_prefix

AUTUMN = ("autumn-2026", "photos@a1")
NEWER = ("autumn-2026", "photos@b2")
WINTER = ("winter-2026", "gifts@c3")
LATEST = AssetFilter(campaign="autumn-2026", latest=True)


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "dest"


def listed(dest: Path) -> list[str]:
    """Name the keys that the folder's manifest has, and check the other two lists against it."""
    _, rows = read_manifest(DirectoryStore(dest), "manifest.json")
    keys = [row.key for row in rows]
    assert len((dest / "manifest.csv").read_text().splitlines()) == len(keys) + 1
    assert len((dest / "SHA256SUMS").read_text().splitlines()) == len(keys)
    return keys


def keys_of(*orders: list[ManifestRow]) -> set[str]:
    return {row.key for rows in orders for row in rows}


def place(row: ManifestRow, *, latest: bool = False) -> str:
    _, campaign, slug, edition, name = row.key.split("/", 4)
    return "/".join((campaign, slug, name) if latest else (campaign, slug, edition, name))


def test_two_campaigns_pulled_one_after_the_other_are_both_listed(store: Store, dest: Path) -> None:
    autumn, winter = shelve(store, *AUTUMN, 3), shelve(store, *WINTER, 2)
    pull(store, listing(store, AssetFilter(campaign="autumn-2026")), dest)
    pull(store, listing(store, AssetFilter(campaign="winter-2026")), dest)
    assert set(listed(dest)) == keys_of(autumn, winter)
    (dest / place(autumn[0])).unlink()
    narrow = AssetFilter(where=(read_condition("name=mug/oak-1"),), campaign="winter-2026")
    pull(store, listing(store, narrow), dest)
    assert set(listed(dest)) == keys_of(autumn[1:], winter)
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=dest, check=False
    )
    assert checked.returncode == 0


def write_index(store: Store, rows: list[ManifestRow]) -> None:
    header = ManifestHeader(campaign="autumn-2026")
    prefix = latest_prefix("autumn-2026")
    write_manifest(store, prefix, header, rows, names=("index.csv", "index.json"))


@pytest.mark.parametrize("has_index", [True, False])
def test_latest_lies_without_the_edition_and_a_newer_one_takes_its_place(
    store: Store, dest: Path, has_index: bool
) -> None:
    old = shelve(store, *AUTUMN, 4)
    if has_index:
        write_index(store, old)
    assert list(listing(store, LATEST)) == old
    first = pull(store, listing(store, LATEST), dest, latest=True)
    assert first.copied == 4
    new = shelve(store, *NEWER, 2, day=1)
    newest = [*new, *old[2:]]
    if has_index:
        write_index(store, newest)
    assert {row.key for row in listing(store, LATEST)} == keys_of(newest)
    second = pull(store, listing(store, LATEST), dest, latest=True)
    assert (second.updated, second.skipped, second.mended, second.copied) == (2, 2, 0, 0)
    assert set(listed(dest)) == keys_of(newest)
    for row in newest:
        data = (dest / place(row, latest=True)).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row.sha256
    (dest / place(new[0], latest=True)).write_bytes(b"by hand")
    third = pull(store, listing(store, LATEST), dest, latest=True)
    assert (third.updated, third.mended, third.skipped) == (0, 1, 3)


def test_what_is_withdrawn_is_told_until_it_is_pruned_and_never_copied(
    store: Store, dest: Path
) -> None:
    rows = shelve(store, *AUTUMN, 3)
    pull(store, rows, dest)
    left = withdraw(store, rows, rows[1])
    assert list(listing(store)) == left
    gone = dest / place(rows[1])
    for _ in range(2):
        report = pull(store, listing(store), dest)
        (recall,) = report.recalls
        assert (recall.place, recall.outcome) == (place(rows[1]), RecallOutcome.THERE)
        assert recall.withdrawn.because == "The label was misspelt."
        assert gone.exists()
        assert listed(dest) == [row.key for row in left]
    mine = gone.with_name("mine.txt")
    mine.write_text("keep me")
    report = pull(store, listing(store), dest, prune=True)
    assert [one.outcome for one in report.recalls] == [RecallOutcome.REMOVED]
    assert not gone.exists()
    assert mine.exists()
    assert all((dest / place(row)).exists() for row in left)
    assert pull(store, listing(store), dest, prune=True).recalls == []
    # A list that somebody read before the withdrawal.
    steps: list[PullStep] = []
    report = pull(store, rows, dest, progress=steps.append)
    assert [step.outcome for step in steps] == [
        PullOutcome.SKIPPED,
        PullOutcome.WITHDRAWN,
        PullOutcome.SKIPPED,
    ]
    assert not gone.exists()
    assert report.problems == []


@pytest.mark.parametrize("is_told_before", [True, False])
def test_the_release_before_takes_the_place_of_a_withdrawn_latest(
    store: Store, dest: Path, is_told_before: bool
) -> None:
    old = shelve(store, *AUTUMN, 2)
    new = shelve(store, *NEWER, 2, day=1)
    pull(store, listing(store, LATEST), dest, latest=True)
    withdraw(store, new, new[0])
    if is_told_before:
        pull(store, [], dest, latest=True)
    report = pull(store, listing(store, LATEST), dest, latest=True, prune=True)
    assert [(one.place, one.outcome) for one in report.recalls] == [
        (place(new[0], latest=True), RecallOutcome.REPLACED)
    ]
    assert (report.updated, report.mended) == (1, 0)
    assert set(listed(dest)) == keys_of(old[:1], new[1:])
    assert pull(store, listing(store, LATEST), dest, latest=True).recalls == []


def test_what_is_withdrawn_while_it_is_copied_is_told_at_once(store: Store, dest: Path) -> None:
    rows = shelve(store, *AUTUMN, 3)

    def meanwhile(step: PullStep) -> None:
        if step.row == rows[2]:
            withdraw(store, rows, rows[0])

    report = pull(store, rows, dest, workers=1, progress=meanwhile)
    assert [(one.place, one.outcome) for one in report.recalls] == [
        (place(rows[0]), RecallOutcome.THERE)
    ]
    assert set(report.held) == {place(row) for row in rows[1:]}
    assert listed(dest) == [row.key for row in rows[1:]]


def test_a_file_that_vanished_meanwhile_is_told_and_the_others_go_on(
    kept: Kept, dest: Path
) -> None:
    rows = shelve(kept.store, *AUTUMN, 5)

    def one_gone() -> Iterator[ManifestRow]:
        yield from rows
        kept.delete(rows[3].key)

    report = pull(kept.store, one_gone(), dest)
    assert report.copied == 4
    (problem,) = report.problems
    assert rows[3].key in problem


def test_an_unreadable_manifest_is_a_problem_of_the_orders_that_the_folder_has(
    store: Store, dest: Path
) -> None:
    autumn, winter = shelve(store, *AUTUMN, 1), shelve(store, *WINTER, 1)
    pull(store, [*autumn, *winter], dest)
    store.replace(f"{autumn[0].key.rpartition('/mug')[0]}/manifest.json", b"{}", media_type="x/y")
    report = pull(store, winter, dest)
    assert report.skipped == 1
    (problem,) = report.problems
    assert "What is withdrawn of its order is not known" in problem
    assert set(listed(dest)) == keys_of(autumn, winter)
