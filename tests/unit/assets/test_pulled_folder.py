"""What a folder keeps of what was pulled to it: its own lists, names, withdrawals."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from asset_shelf import shelve, withdraw

from assets import (
    AssetFilter,
    DirectoryStore,
    MemoryStore,
    RecallOutcome,
    listing,
    place_of_release,
    pull,
    read_condition,
    read_manifest,
)

AUTUMN = ("autumn-2026", "photos@a1")
NEWER = ("autumn-2026", "photos@b2")
WINTER = ("winter-2026", "gifts@c3")


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "dest"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def listed(dest: Path) -> list[str]:
    _, rows = read_manifest(DirectoryStore(dest), "manifest.json")
    return [row.key for row in rows]


def test_a_folder_lists_names_as_people_expect_them(store: MemoryStore, dest: Path) -> None:
    rows = shelve(store, *AUTUMN, 12)
    pull(store, reversed(rows), dest)
    assert listed(dest) == [row.key for row in rows]


def test_a_folder_whose_own_manifest_is_damaged_is_pulled_to_and_told(
    store: MemoryStore, dest: Path
) -> None:
    rows = shelve(store, *AUTUMN, 2)
    pull(store, rows, dest)
    listed_before = (dest / "manifest.json").read_text()
    (dest / "manifest.json").write_text(listed_before[:-40])
    report = pull(store, rows[:1], dest)
    assert (report.skipped, report.problems) == (1, [])
    assert "manifest.json cannot be read" in report.notes[0]
    assert listed(dest) == [rows[0].key]


def test_a_latest_view_narrows_by_every_other_condition_too(store: MemoryStore) -> None:
    shelve(store, *AUTUMN, 3)
    new = shelve(store, *NEWER, 3, day=1)
    winter = shelve(store, *WINTER, 1)
    wanted = AssetFilter(latest=True, where=(read_condition("format=webp"),))
    assert list(listing(store, wanted)) == [new[0], winter[0]]
    assert list(listing(store, dataclasses.replace(wanted, order="gifts"))) == winter


def test_pruning_keeps_what_was_changed_by_hand_and_removes_empty_folders(
    store: MemoryStore, dest: Path
) -> None:
    rows = shelve(store, *AUTUMN, 1)
    winter = shelve(store, *WINTER, 1)
    pull(store, [*rows, *winter], dest)
    for order in (rows, winter):
        withdraw(store, [*order, dataclasses.replace(order[0], key=order[0].key + ".x")], order[0])
    (dest / place_of_release(winter[0].key)).write_bytes(b"retouched")
    report = pull(store, [], dest, prune=True)
    assert {one.place: one.outcome for one in report.recalls} == {
        place_of_release(rows[0].key): RecallOutcome.REMOVED,
        place_of_release(winter[0].key): RecallOutcome.CHANGED,
    }
    assert sorted(path.name for path in dest.iterdir()) == [
        "SHA256SUMS",
        "manifest.csv",
        "manifest.json",
        "winter-2026",
    ]
    assert (dest / place_of_release(winter[0].key)).read_bytes() == b"retouched"
    again = pull(store, [], dest, prune=True)
    assert [one.outcome for one in again.recalls] == [RecallOutcome.CHANGED]


def test_two_that_are_one_file_on_some_systems_are_told_and_the_first_is_copied(
    store: MemoryStore, dest: Path
) -> None:
    (row,) = shelve(store, "Autumn", "photos@a1", 1)
    (twin,) = shelve(store, "autumn", "photos@a1", 1)
    (composed,) = shelve(store, "caf\u00e9", "photos@a1", 1)
    (apart,) = shelve(store, "cafe\u0301", "photos@a1", 1)
    report = pull(store, [row, twin, composed, apart], dest)
    assert report.copied == 2
    assert [twin.key in report.problems[0], apart.key in report.problems[1]] == [True, True]
    assert "capitals" in report.problems[0]
    # Nor does a later pull put one in the other's place.
    later = pull(store, [twin], dest)
    assert (later.copied, len(later.problems)) == (0, 1)
    assert listed(dest) == [row.key, composed.key]


def test_the_folders_manifest_says_what_is_withdrawn_and_still_there(
    store: MemoryStore, dest: Path
) -> None:
    rows = shelve(store, *AUTUMN, 2)
    pull(store, rows, dest)
    withdraw(store, rows, rows[0])
    pull(store, listing(store), dest)
    (told,) = json.loads((dest / "manifest.json").read_text())["withdrawn"]
    assert (told["key"], told["because"]) == (rows[0].key, "The label was misspelt.")
    (dest / place_of_release(rows[0].key)).unlink()
    pull(store, listing(store), dest)
    assert "withdrawn" not in json.loads((dest / "manifest.json").read_text())


def test_an_order_without_a_manifest_yet_is_no_problem(store: MemoryStore, dest: Path) -> None:
    rows = shelve(store, *AUTUMN, 1)
    pull(store, rows, dest)
    other = DirectoryStore(dest.with_name("other store"))
    assert pull(other, [], dest).problems == []
    assert listed(dest) == [rows[0].key]
