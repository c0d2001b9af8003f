"""A day in marketing: 40 assets of two campaigns on a real S3 server, from an empty folder."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest
from asset_shelf import put_manifest, shelve, withdraw
from mint_runs import Desk
from s3_server import S3Server, session_server

from assets import ManifestRow, Store, open_store

pytestmark = [pytest.mark.s3, pytest.mark.xdist_group("marketing")]

REPOSITORY = Path(__file__).parents[2]
ORDERS = (
    ("autumn-2026", "photos@a1", 16),
    ("autumn-2026", "photos@b2", 8),
    ("winter-2026", "gifts@c3", 16),
)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> S3Server:
    return session_server(request.config)


@pytest.fixture(scope="module")
def bucket(server: S3Server) -> str:
    return server.fresh_bucket()


@pytest.fixture(scope="module")
def rows(server: S3Server, bucket: str) -> list[ManifestRow]:
    """Release 40 assets on S3."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        return shelved(open_store(f"s3://{bucket}/mint"))


def shelved(store: Store) -> list[ManifestRow]:
    return [
        row
        for day, (campaign, order_id, count) in enumerate(ORDERS)
        for row in shelve(store, campaign, order_id, count, day=day)
    ]


@pytest.fixture
def marketing(server: S3Server, bucket: str, tmp_path: Path) -> Desk:
    """A folder, and an environment with S3 keys and a store that is only read; no books."""
    url = f"s3://{bucket}/mint"
    return Desk.at(tmp_path, **server.environment(), MINTAGE_STORE_URL=url)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Make a store of one's own, in a folder."""
    return open_store(f"file:{tmp_path}/.mintage/store")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.at(tmp_path)


def pulled(desk: Desk, *words: str, code: int = 0) -> Any:  # noqa: ANN401  JSON is whatever it is
    done = desk.here("assets", "pull", "site", "--json", *words)
    assert done.code == code, done.err
    return done.json()


def file_of(row: ManifestRow) -> str:
    return row.key.removeprefix("released/")


def assert_released_bytes(folder: Path, rows: list[ManifestRow]) -> None:
    for row in rows:
        assert hashlib.sha256((folder / file_of(row)).read_bytes()).hexdigest() == row.sha256
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False
    )
    assert checked.returncode == 0


def test_from_an_empty_folder_to_a_stop_and_a_file_changed_by_hand(
    marketing: Desk, rows: list[ManifestRow]
) -> None:
    site = marketing.folder / "site"
    listed = marketing.here("assets", "list", "--json").json()["assets"]
    assert [one["key"] for one in listed] == [row.key for row in rows]
    running = marketing.start("assets", "pull", "site", "--workers", "1", "--no-sheet")
    while running.poll() is None and not any(site.rglob("oak-3.*")):
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    count = sum(path.suffix in {".webp", ".png", ".jpg"} for path in site.rglob("*"))
    if running.returncode:
        # A fast machine may have finished before the signal came.
        assert re.fullmatch(
            rf"mintage: Interrupted; {count} of 40 files are in site, and the same command goes on "
            r"from there\.\n",
            told,
        ), told
        assert 4 <= count < 40
    report = pulled(marketing)
    assert (report["skipped"], report["copied"]) == (count, 40 - count)
    assert_released_bytes(site, rows)
    changed = site / file_of(rows[20])
    changed.write_bytes(b"x" * rows[20].bytes)
    report = pulled(marketing)
    assert (report["mended"], report["skipped"], report["copied"]) == (1, 39, 0)
    assert_released_bytes(site, rows)
    assert (site / "index.html").read_bytes().count(b'"sha256"') == 40


def test_filters_narrow_list_and_pull_alike(marketing: Desk, rows: list[ManifestRow]) -> None:
    words = ("--campaign", "autumn-2026", "--where", "format=webp", "--tag", "autumn")
    keys = {
        row.key
        for row in rows
        if row.campaign == "autumn-2026" and row.format == "webp" and "autumn" in row.tags
    }
    listed = marketing.here("assets", "list", *words, "--json").json()["assets"]
    assert {one["key"] for one in listed} == keys
    assert pulled(marketing, *words, "--no-sheet")["copied"] == len(keys) > 0
    latest = pulled(
        marketing, "--latest", "--where", "size=1024x1024", "--no-sheet", "--order", "photos"
    )
    assert {row["order_id"] for row in _manifest(marketing)} == {"photos@a1", "photos@b2"}
    assert latest["copied"] == 6
    assert (marketing.folder / "site/autumn-2026/photos/mug/oak-0.webp").is_file()


def _manifest(desk: Desk) -> list[dict[str, Any]]:
    text = (desk.folder / "site/manifest.json").read_text()
    rows: list[dict[str, Any]] = json.loads(text)["assets"]
    return rows


def test_a_withdrawal_is_told_with_its_reason_and_pruned(desk: Desk, store: Store) -> None:
    rows = shelved(store)
    pulled(desk, "--no-sheet")
    withdraw(store, rows[:16], rows[3])
    told = desk.here("assets", "pull", "site", "--no-sheet")
    assert (told.code, told.err) == (0, "")
    place = file_of(rows[3])
    assert "Withdrawn" in told.out
    assert place in told.out
    assert "The label was misspelt." in told.out
    (one,) = pulled(desk, "--prune", "--no-sheet")["withdrawn"]
    assert (one["file"], one["outcome"], one["job_id"]) == (place, "removed", rows[3].job_id)
    assert not (desk.folder / "site" / place).exists()
    assert pulled(desk, "--prune", "--no-sheet")["withdrawn"] == []
    refused = desk.here("assets", "link", rows[3].job_id)
    assert refused.code == 1
    assert "was withdrawn on 2026-11-02: The label was misspelt." in refused.err


def test_a_zip_is_made_of_what_was_pulled_and_not_of_half_of_it(desk: Desk, store: Store) -> None:
    rows = shelved(store)
    report = pulled(desk, "--campaign", "winter-2026", "--zip")
    with zipfile.ZipFile(report["zip"]) as packed:
        names = set(packed.namelist())
        page = packed.read("index.html")
    winter = {file_of(row) for row in rows[24:]}
    assert names == winter | {"index.html", "manifest.csv", "manifest.json", "SHA256SUMS"}
    assert page.count(b'"sha256"') == len(winter)
    Path(report["zip"]).unlink()
    ghost = shelve(store, "winter-2026", "gifts@dd", 1)[0]
    put_manifest(store, [ghost, *(_elsewhere(ghost, number) for number in range(2))])
    failed = pulled(desk, "--campaign", "winter-2026", "--zip", code=1)
    assert (failed["copied"], failed["zip"], len(failed["problems"])) == (1, None, 3)
    assert not (desk.folder / "site.zip").exists()


def test_a_zip_of_nothing_is_not_made_and_no_place_for_one_stops_a_pull_at_once(
    desk: Desk, store: Store
) -> None:
    shelve(store, "autumn-2026", "photos@a1", 1)
    before = set(desk.folder.iterdir())
    done = desk.here("assets", "pull", "site", "--order", "nothing", "--zip")
    assert (done.code, done.err) == (0, "")
    assert "No ZIP is written" in done.out
    (desk.folder / "other.zip").write_text("mine")
    for words, told in ((("/",), "no place beside it"), (("other",), "other.zip was not written")):
        refused = desk.here("assets", "pull", *words, "--zip")
        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
        assert told in refused.err
    assert set(desk.folder.iterdir()) - before == {desk.folder / "other.zip"}
    told = pulled(desk, "--order", "nothing")
    assert (told["manifest"], told["sheet"], told["zip"]) == (None, None, None)


def _elsewhere(row: ManifestRow, number: int) -> ManifestRow:
    return dataclasses.replace(row, key=row.key.replace("oak-0", f"lost-{number}"))


def test_links_are_printed_and_work_without_keys(marketing: Desk, rows: list[ManifestRow]) -> None:
    done = marketing.here("assets", "link", "mug/oak-0", "--campaign", "autumn-2026", "--days", "2")
    name, url = done.out.splitlines()
    assert (done.code, name) == (0, "mug-oak-0.webp")
    assert re.fullmatch(r"1 link, until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.\n", done.err)
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert hashlib.sha256(answer.read()).hexdigest() == rows[16].sha256
    told = marketing.here("assets", "link", "--order", "photos@b2", "--json").json()
    assert [one["key"] for one in told["links"]] == [row.key for row in rows[16:24]]
    assert told["temporary_keys"] is False


@pytest.mark.parametrize(
    ("words", "code", "marks"),
    [
        ("link", 2, ("Say which assets",)),
        ("link mug/oak-0 --days 8", 2, ("at most 7 days",)),
        ("link mug/oka-0", 1, ("did you mean",)),
        ("link --campaign spring", 1, ("Nothing that fits",)),
        ("list --where colour=red", 2, ("'colour'",)),
        ("list --where widht>3", 2, ("did you mean 'width'?",)),
        ("pull site --where width", 2, ("is no condition", "'width>=1024'")),
        ("pull site --workers 0", 2, ("--workers",)),
        ("pull site --latest --campaign ../x", 2, ("can be no campaign",)),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    desk: Desk, store: Store, words: str, code: int, marks: tuple[str, ...]
) -> None:
    shelve(store, "autumn-2026", "photos@a1", 1)
    done = desk.here("assets", *words.split())
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1), done.err
    for mark in marks:
        assert mark in done.err


def test_a_folder_for_a_store_has_no_links(desk: Desk, store: Store) -> None:
    shelve(store, "autumn-2026", "photos@a1", 1)
    done = desk.here("assets", "link", "mug/oak-0")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "only S3 has links" in done.err


def test_long_lists_are_one_line_each_and_say_how_many(desk: Desk, store: Store) -> None:
    shelve(store, "autumn-2026", "photos@a1", 201, byte_count=9)
    lines = desk.here("assets", "list").out.splitlines()
    assert len(lines) == 203
    assert lines[0].split() == ["order", "name", "size", "file", "cost"]
    assert lines[201].split() == ["photos@a1", "mug/oak-200", "1024x1024", "0", "kB", "$0.003"]
    assert lines[202].startswith("201 assets in file:")


def test_a_terminal_shows_how_far_a_pull_is(desk: Desk, store: Store) -> None:
    shelve(store, "autumn-2026", "photos@a1", 30)
    mine, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "assets", "pull", "site", "--no-sheet"],
        cwd=desk.folder,
        env={**desk.environment, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color"},
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown = b""
    while select.select([mine], [], [], 60)[0]:
        try:
            shown += os.read(mine, 65_536)
        except OSError:
            # Linux says so when the other side has closed the terminal.
            break
    os.close(mine)
    assert process.wait(timeout=60) == 0
    screen = shown.decode()
    assert "30/30 files" in screen
    assert "site: 30 copied (0.1 MB), 0 there already" in screen.rpartition("\x1b[2K")[2]
