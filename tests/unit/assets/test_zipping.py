"""A pulled folder as one ZIP file: the same bytes for the same assets, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from asset_shelf import shelve

from assets import (
    BadKey,
    DigestMismatch,
    MemoryStore,
    Missing,
    PullReport,
    listing,
    pull,
    read_manifest,
)
from assets.zipping import zip_folder, zip_path


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    shelve(made, "autumn-2026", "photos@a1", 3)
    shelve(made, "w\u00efnter", "gifts@b2", 2, day=40)
    return made


def pulled(store: MemoryStore, dest: Path) -> PullReport:
    return pull(store, listing(store), dest)


def test_a_zip_holds_what_was_pulled_as_it_is_and_lists_just_that(
    store: MemoryStore, tmp_path: Path
) -> None:
    dest = tmp_path / "site"
    report = pulled(store, dest)
    some = dict(list(report.held.items())[:2])
    path = zip_folder(dest, some, sheet=b"<!doctype html>")
    assert path == tmp_path / "site.zip"
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        assert packed.namelist()[:4] == [
            "index.html",
            "manifest.csv",
            "manifest.json",
            "SHA256SUMS",
        ]
        assert set(packed.namelist()[4:]) == set(some)
        assert {one.compress_type for one in packed.infolist()} == {zipfile.ZIP_STORED}
        for place, row in some.items():
            assert hashlib.sha256(packed.read(place)).hexdigest() == row.sha256
            assert packed.getinfo(place).date_time[:3] == (2026, 11, 1)
        packed.extractall(tmp_path / "out")
    listed = MemoryStore()
    listed.replace("m.json", (tmp_path / "out/manifest.json").read_bytes(), media_type="x/y")
    assert [row.key for row in read_manifest(listed, "m.json")[1]] == [
        row.key for row in some.values()
    ]
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "out", check=False
    )
    assert checked.returncode == 0


def test_the_same_assets_make_the_same_bytes(store: MemoryStore, tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    report = pulled(store, first)
    backwards = pull(store, reversed(list(listing(store))), second)
    for file in second.rglob("*.*"):
        os.utime(file, (1, 1))
    packed = [
        zip_folder(dest, held.held).read_bytes()
        for dest, held in ((first, report), (second, backwards))
    ]
    assert packed[0] == packed[1]
    assert zip_folder(first, report.held).read_bytes() == packed[0]


def test_a_zip_is_whole_or_not_at_all(store: MemoryStore, tmp_path: Path) -> None:
    dest = tmp_path / "site"
    report = pulled(store, dest)
    before = zip_folder(dest, report.held).read_bytes()
    place, row = next(iter(report.held.items()))
    (dest / place).write_bytes(b"x" * row.bytes)
    with pytest.raises(DigestMismatch):
        zip_folder(dest, report.held)
    (dest / place).unlink()
    with pytest.raises(Missing):
        zip_folder(dest, report.held)
    assert zip_path(dest).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site", "site.zip"]


def test_a_folder_where_the_zip_should_be_is_said(store: MemoryStore, tmp_path: Path) -> None:
    dest = tmp_path / "site"
    report = pulled(store, dest)
    (tmp_path / "site.zip").mkdir()
    with pytest.raises(BadKey, match="a folder of that name"):
        zip_folder(dest, report.held)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site", "site.zip"]
