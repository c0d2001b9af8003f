"""A folder that is not a pull's alone: files of others, another pull, one that was killed."""

from __future__ import annotations

import dataclasses
import os
import signal
import zipfile
from pathlib import Path

import pytest
from asset_shelf import shelve, withdraw

from assets import (
    BadKey,
    DirectoryStore,
    ManifestRow,
    MemoryStore,
    PullStep,
    RecallOutcome,
    StoreError,
    StoreUnavailable,
    listing,
    place_of_release,
    pull,
    read_manifest,
)
from assets.foreign_files import check_zip
from assets.pulled_sheet import pulled_sheet
from assets.zipping import zip_folder, zip_path

JOURNAL = ".mintage-pull"


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "dest"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def rows(store: MemoryStore) -> list[ManifestRow]:
    return shelve(store, "autumn-2026", "photos@a1", 4)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def listed(dest: Path) -> list[str]:
    _, rows = read_manifest(DirectoryStore(dest), "manifest.json")
    return [row.key for row in rows]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("manifest.json", '{"name": "Our shop", "display": "standalone"}'),
        ("manifest.json", '{"mintage": 99,\n "assets": [\n]}\n'),
        ("manifest.csv", "name,price\n"),
        ("SHA256SUMS", "0" * 64 + "  mine.iso\n"),
        ("index.html", "<!doctype html><h1>Our shop</h1>"),
    ],
)
def test_a_list_of_somebody_else_stops_a_pull_before_it_begins(
    store: MemoryStore, rows: list[ManifestRow], dest: Path, name: str, text: str
) -> None:
    dest.mkdir()
    (dest / name).write_text(text)
    before = tree(dest)
    with pytest.raises(StoreUnavailable) as told:
        pull(store, rows, dest, sheet=True)
    assert f"{dest / name} was not written by" in str(told.value)
    assert "another folder" in str(told.value)
    assert tree(dest) == before


@pytest.mark.parametrize("name", ["manifest.json", "manifest.csv", "SHA256SUMS", "index.html"])
def test_a_folder_or_a_link_with_the_name_of_a_list_stops_a_pull(
    store: MemoryStore, rows: list[ManifestRow], tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder" / name).mkdir(parents=True)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / name).symlink_to(tmp_path / "nowhere")
    for dest in (tmp_path / "folder", tmp_path / "linked"):
        with pytest.raises(StoreUnavailable, match="not written by"):
            pull(store, rows, dest, sheet=True)
        assert [path.name for path in dest.iterdir()] == [name]


def test_a_page_of_ones_own_stays_where_no_sheet_is_asked_for(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    dest.mkdir()
    (dest / "index.html").write_text("mine")
    assert pull(store, rows, dest).copied == 4
    assert (dest / "index.html").read_text() == "mine"


def test_a_pulls_own_lists_and_sheet_are_written_again(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    def then(_: object) -> None:
        pulled_sheet(store, dest)

    for _ in range(2):
        report = pull(store, rows, dest, sheet=True, then=then)
        assert report.problems == []
    assert (dest / "index.html").exists()
    assert not (dest / JOURNAL).exists()


@pytest.mark.parametrize("latest", [False, True])
def test_a_file_that_no_pull_brought_is_told_and_kept_until_it_is_to_be_replaced(
    store: MemoryStore, rows: list[ManifestRow], dest: Path, latest: bool
) -> None:
    mine = dest / place_of_release(rows[1].key, latest=latest)
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"x" * rows[1].bytes)
    link = dest / place_of_release(rows[2].key, latest=latest)
    link.symlink_to("nowhere")
    report = pull(store, rows, dest, latest=latest)
    assert (report.copied, report.mended) == (2, 0)
    assert [str(path) in told for path, told in zip((mine, link), report.problems, strict=True)]
    assert "--replace" in report.problems[0]
    assert mine.read_bytes() == b"x" * rows[1].bytes
    assert link.is_symlink()
    assert listed(dest) == [rows[0].key, rows[3].key]
    report = pull(store, rows, dest, latest=latest, replace=True)
    assert (report.there, report.problems) == (4, [])
    assert listed(dest) == [row.key for row in rows]
    mine.write_bytes(b"retouched")
    assert pull(store, rows, dest, latest=latest).mended == 1


def test_only_a_zip_that_a_pull_made_is_replaced(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    check_zip(zip_path(dest))
    report = pull(store, rows, dest)
    check_zip(zip_folder(dest, report.held))
    zip_path(dest).write_bytes(b"PK, a backup of mine")
    with pytest.raises(StoreUnavailable, match="move it away"):
        check_zip(zip_path(dest))
    with zipfile.ZipFile(zip_path(dest), "w") as packed:
        packed.writestr("manifest.json", '{"name": "Our shop"}')
    with pytest.raises(StoreUnavailable, match="move it away"):
        check_zip(zip_path(dest))


def test_a_zip_lies_beside_the_link_that_was_named_and_never_beside_the_root(
    tmp_path: Path,
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "sl").symlink_to("out")
    assert zip_path(tmp_path / "sl") == tmp_path / "sl.zip"
    assert zip_path(tmp_path / "out" / "..") == tmp_path.with_name(f"{tmp_path.name}.zip")
    with pytest.raises(StoreUnavailable, match="no place beside it"):
        zip_path(Path("/"))


def test_what_a_killed_pull_brought_is_known_and_what_it_left_half_is_gone(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    def killed(step: PullStep) -> None:
        if step.row == rows[1]:
            os.kill(os.getpid(), signal.SIGKILL)

    if (child := os.fork()) == 0:
        try:
            pull(store, rows, dest, workers=1, progress=killed)
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert not (dest / "manifest.json").exists()
    (dest / ".incoming").mkdir(exist_ok=True)
    (dest / ".incoming" / "half").write_bytes(b"half")
    with (dest / JOURNAL).open("ab") as journal:
        journal.write(b'{"place": "autumn-2026/cut off')
    retouched = dest / place_of_release(rows[1].key)
    retouched.write_bytes(b"retouched")
    left = withdraw(store, rows, rows[0])
    (told,) = pull(store, [], dest).recalls
    assert (told.place, told.outcome) == (place_of_release(rows[0].key), RecallOutcome.THERE)
    assert rows[1].key in listed(dest)
    assert not {".incoming", JOURNAL} & {path.name for path in dest.iterdir()}
    report = pull(store, listing(store), dest, prune=True)
    assert [one.outcome for one in report.recalls] == [RecallOutcome.REMOVED]
    assert (report.mended, report.problems) == (1, [])
    assert listed(dest) == [row.key for row in left]


def test_what_was_brought_is_known_when_the_lists_could_not_be_written(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    def in_the_way(_: PullStep) -> None:
        (dest / "manifest.csv").mkdir(exist_ok=True)

    with pytest.raises(StoreError):
        pull(store, rows, dest, progress=in_the_way)
    (dest / "manifest.csv").rmdir()
    withdraw(store, rows, rows[2])
    (told,) = pull(store, [], dest, prune=True).recalls
    assert told.outcome is RecallOutcome.REMOVED
    assert len(listed(dest)) == 3


def test_a_withdrawal_is_told_when_the_pull_that_replaced_its_file_could_not_tell_it(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    newer = shelve(store, "autumn-2026", "photos@b2", 4, day=1)
    pull(store, newer, dest, latest=True)
    withdraw(store, newer, newer[0])

    def in_the_way(_: PullStep) -> None:
        (dest / "manifest.csv").unlink(missing_ok=True)
        (dest / "manifest.csv").mkdir(exist_ok=True)

    with pytest.raises(StoreError):
        pull(store, rows[:1], dest, latest=True, progress=in_the_way)
    (dest / "manifest.csv").rmdir()
    (told,) = pull(store, [], dest, latest=True).recalls
    assert (told.outcome, told.withdrawn.key) == (RecallOutcome.REPLACED, newer[0].key)
    assert pull(store, [], dest, latest=True).recalls == []


def test_a_journals_newer_file_that_never_got_its_name_is_not_believed(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    pull(store, rows, dest, latest=True)
    newer = shelve(store, "autumn-2026", "photos@b2", 4, day=1)
    place = place_of_release(rows[0].key, latest=True)
    before = tree(dest)

    def killed(_: PullStep) -> None:
        # As though the process had ended between the note and the name.
        (dest / JOURNAL.removeprefix(".")).write_bytes((dest / JOURNAL).read_bytes())

    pull(store, newer[:1], dest, latest=True, progress=killed)
    for name, data in before.items():
        (dest / name).write_bytes(data)
    (dest / JOURNAL.removeprefix(".")).rename(dest / JOURNAL)
    pull(store, [], dest)
    assert listed(dest) == [row.key for row in rows]
    assert (dest / place).read_bytes() == before[place]


def test_a_second_pull_into_the_same_folder_is_refused_while_the_first_works(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    refused: list[str] = []

    def meanwhile(_: object) -> None:
        with pytest.raises(StoreUnavailable) as told:
            pull(store, rows, dest)
        refused.append(str(told.value))

    report = pull(store, rows, dest, progress=meanwhile, then=meanwhile)
    assert (report.copied, len(refused)) == (4, 5)
    assert set(refused) == {
        f"Another pull is at work in {dest}; run this one when it is done.",
    }
    assert len(listed(dest)) == 4
    assert pull(store, rows, dest).skipped == 4


def test_an_object_of_another_length_than_its_manifest_says_is_no_asset(
    store: MemoryStore, rows: list[ManifestRow], dest: Path
) -> None:
    longer = dataclasses.replace(rows[0], bytes=rows[0].bytes + 1)
    for _ in range(2):
        report = pull(store, [longer], dest)
        assert f"has {rows[0].bytes} bytes and not the {longer.bytes}" in report.problems[0]
    assert tree(dest) == {}


def test_a_file_on_the_way_to_the_folder_is_said(
    store: MemoryStore, rows: list[ManifestRow], tmp_path: Path
) -> None:
    file = tmp_path / "afile"
    file.write_text("a file")
    for dest in (file, file / "sub", file / "sub" / "below"):
        for some in (rows, []):
            with pytest.raises(StoreUnavailable, match=f"^{file} is a file, not a folder"):
                pull(store, some, dest)
    with pytest.raises(StoreUnavailable, match="choose another place"):
        pull(store, rows, tmp_path / ("x" * 300))


def test_the_store_itself_is_no_folder_to_pull_to(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    rows = shelve(store, "autumn-2026", "photos@a1", 1)
    with pytest.raises(StoreUnavailable, match="is the store itself"):
        pull(store, rows, tmp_path / "store")


@pytest.mark.parametrize(
    "campaign", ["manifest.json", "INDEX.html", "manifest.csv", "sha256sums", JOURNAL, ".incoming"]
)
def test_no_campaigns_folder_takes_the_name_of_a_folders_own_file(campaign: str) -> None:
    for latest in (False, True):
        with pytest.raises(BadKey, match="of its own"):
            place_of_release(f"released/{campaign}/o/e/x.webp", latest=latest)
