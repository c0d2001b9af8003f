"""What is particular to the folder store, to opening a store, and to the package's face."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import assets
from assets import (
    BadKey,
    BadStoreUrl,
    DirectoryStore,
    KeyTaken,
    StoreError,
    StoreUnavailable,
    open_store,
)
from assets.rooted_files import RootedFiles

SHA256 = hashlib.sha256(b"data").hexdigest()
NOBODY = 65_534


def put(store: DirectoryStore, key: str) -> None:
    store.put_once(key, b"data", sha256=SHA256, media_type="image/png")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


def test_nothing_is_touched_before_the_first_use(tmp_path: Path) -> None:
    DirectoryStore(tmp_path / "store")
    assert list(tmp_path.iterdir()) == []


def test_a_root_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    store = DirectoryStore(tmp_path / "link")
    put(store, "a/b.png")
    assert (tmp_path / "real/a/b.png").read_bytes() == b"data"
    assert store.locate("a/b.png") == str(tmp_path / "real/a/b.png")


def test_a_link_inside_leads_nowhere(store: DirectoryStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(b"data")
    store.check()
    (store.root / "folder").symlink_to(outside)
    (store.root / "file.png").symlink_to(outside / "secret.png")
    (store.root / "new.png").symlink_to(outside / "new.png")
    for key in ("folder/x.png", "folder/secret.png", "file.png", "new.png"):
        with pytest.raises(BadKey, match="link"):
            put(store, key)
    for key in ("folder/secret.png", "file.png"):
        with pytest.raises(BadKey, match="link"):
            store.get(key)
    assert store.head("file.png") is None
    assert list(store.walk("")) == []
    store.replace("file.png", b"own", media_type="image/png")
    assert (outside / "secret.png").read_bytes() == b"data"
    assert sorted(path.name for path in outside.iterdir()) == ["secret.png"]


def test_a_pipe_in_the_store_does_not_hang_its_reader(store: DirectoryStore) -> None:
    store.check()
    os.mkfifo(store.root / "pipe.png")
    with pytest.raises(BadKey, match="regular"):
        store.get("pipe.png")
    with pytest.raises(BadKey, match="regular"):
        put(store, "pipe.png")
    assert store.head("pipe.png") is None


def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreUnavailable, match="is a file"):
        DirectoryStore(tmp_path / "store").check()


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    root = tmp_path / "store"
    root.mkdir()
    root.chmod(0o500)
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        store = DirectoryStore(root)
        with pytest.raises(StoreUnavailable, match="owner or mode"):
            store.check()
        with pytest.raises(StoreUnavailable, match="owner or mode"):
            put(store, "a.png")
    finally:
        os.seteuid(was)


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.ENOSPC, StoreUnavailable, "disk is full"),
        (errno.EDQUOT, StoreUnavailable, "quota"),
        (errno.EROFS, StoreUnavailable, "read-only"),
        (errno.EIO, StoreUnavailable, "check the disk"),
        (errno.EOPNOTSUPP, StoreUnavailable, "hard links"),
        (errno.ENAMETOOLONG, BadKey, "length"),
        (errno.EISDIR, BadKey, "folder"),
        (errno.ENXIO, StoreUnavailable, "No such device"),
    ],
)
def test_each_error_of_the_system_becomes_a_sentence(
    tmp_path: Path, number: int, kind: type[StoreError], said: str
) -> None:
    error = RootedFiles(tmp_path).fault("a/b.png", OSError(number, os.strerror(number)))
    assert type(error) is kind
    assert said in str(error)
    assert "\n" not in str(error)


class FullDisk(io.BytesIO):
    """A file whose reading runs into a full disk after its first piece."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Give one piece, then fail."""
        if self.tell():
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().read(size if size != -1 else None)


def test_a_full_disk_leaves_the_old_file_and_nothing_half_written(store: DirectoryStore) -> None:
    store.replace("manifest.json", b"old", media_type="application/json")
    with pytest.raises(StoreUnavailable, match="disk is full"):
        store.replace("manifest.json", FullDisk(b"x" * 3_000_000), media_type="application/json")
    assert store.get("manifest.json") == b"old"
    assert list((store.root / ".incoming").iterdir()) == []


def test_leftovers_of_killed_processes_are_swept_after_a_day(tmp_path: Path) -> None:
    put(DirectoryStore(tmp_path), "a.png")
    leftover = tmp_path / ".incoming" / "1-dead"
    leftover.write_bytes(b"half")
    written_at = leftover.stat().st_mtime
    DirectoryStore(tmp_path, clock=lambda: written_at + 80_000).check()
    assert leftover.exists()
    DirectoryStore(tmp_path, clock=lambda: written_at + 90_000).check()
    assert not leftover.exists()
    assert [head.key for head in DirectoryStore(tmp_path).walk("")] == ["a.png"]


def test_names_that_only_differ_in_case_never_overwrite_each_other(store: DirectoryStore) -> None:
    put(store, "Mug.png")
    other = b"other"
    # On a file system without case it is refused.
    with suppress(KeyTaken):
        store.put_once(
            "mug.png", other, sha256=hashlib.sha256(other).hexdigest(), media_type="image/png"
        )
    assert store.get("Mug.png") == b"data"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:.mintage/store", ".mintage/store"),
        ("file:with space/and%20percent", "with space/and%20percent"),
        ("FILE:upper", "upper"),
        (" file:spaces-around ", "spaces-around"),
    ],
)
def test_a_relative_file_url_starts_at_the_working_folder(
    url: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_store(url).url == f"file:{tmp_path / path}"


@pytest.mark.parametrize("form", ["file:{}", "file://{}", "file://localhost{}"])
def test_an_absolute_file_url_has_one_slash_or_three(form: str, tmp_path: Path) -> None:
    assert open_store(form.format(tmp_path)).url == f"file:{tmp_path}"


def test_a_file_url_may_start_at_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("file:~/store").url == f"file:{tmp_path}/store"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no scheme"),
        (".mintage/store", "no scheme"),
        ("file:", "no folder"),
        ("file://server/share", "another computer"),
        ("gs://bucket", "kind 'gs'"),
        ("http://127.0.0.1:9000/bucket", "kind 'http'"),
        ("s3:", "nothing else"),
        ("s3:///prefix", "nothing else"),
        ("s3://bucket?region=x", "nothing else"),
        ("s3://bucket#x", "nothing else"),
        ("s3://bucket:9000/x", "AWS_ENDPOINT_URL_S3"),
        ("s3://bucket/../x", "bad prefix"),
        ("s3://[bucket", "cannot be read"),
    ],
)
def test_a_bad_store_url_is_refused_in_one_sentence(url: str, said: str) -> None:
    with pytest.raises(BadStoreUrl, match=said):
        open_store(url)


def test_a_secret_in_a_store_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadStoreUrl) as caught:
        open_store("s3://KEYID:hunter2@bucket/prefix")
    assert "hunter2" not in str(caught.value)
    assert "KEYID" not in str(caught.value)


def test_the_public_face_is_all_there_and_sorted() -> None:
    assert all(hasattr(assets, name) for name in assets.__all__)
    assert len(set(assets.__all__)) == len(assets.__all__)
    errors = {
        name
        for name, value in vars(assets).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert errors <= set(assets.__all__)


def test_neither_boto3_nor_pydantic_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, assets; assets.open_store('file:x');"
        "print([m for m in ('boto3', 'botocore', 'pydantic', 'PIL') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_what_is_no_plain_file_is_passed_over_and_named_as_a_stranger(
    store: DirectoryStore, tmp_path: Path
) -> None:
    put(store, "released/a/plain.png")
    folder = store.root / "released/a"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "seen.png").write_bytes(b"seen")
    (folder / "linked").symlink_to(outside)
    (folder / "link.png").symlink_to(folder / "plain.png")
    (folder / "dangling").symlink_to(folder / "nothing")
    (folder / "new\nline.png").write_bytes(b"x")
    (folder / "odd\\folder").mkdir()
    (folder / "empty").mkdir()
    os.mkfifo(folder / "pipe.png")
    assert [head.key for head in store.walk("released/")] == ["released/a/plain.png"]
    assert list(store.folders("released/a/")) == ["released/a/empty/"]
    assert set(store.strangers("released/")) == {
        f"released/a/{name}"
        for name in ("linked", "link.png", "dangling", "new\\nline.png", "odd\\folder/", "pipe.png")
    }
    # One that takes the place of a folder is met when it is looked below.
    assert list(store.strangers("released/a/empty/")) == []
