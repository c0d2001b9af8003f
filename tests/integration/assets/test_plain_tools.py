"""The lines of docs/pull.md for other people's tools, against a real S3 server."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from asset_shelf import shelve, withdraw
from s3_server import S3Server

from assets import ManifestRow, open_store

pytestmark = pytest.mark.s3

RCLONE = shutil.which("rclone", path=sysconfig.get_path("scripts")) or shutil.which("rclone")
AWS = shutil.which("aws")


@pytest.fixture
def rows(bucket: str) -> list[ManifestRow]:
    """Release an order of a campaign, with a receipt beside, and one of another campaign."""
    store = open_store(f"s3://{bucket}/mint")
    made = shelve(store, "autumn-2026", "photos@a1", 6)
    store.replace(made[0].receipt, b"{}", media_type="application/json")
    shelve(store, "winter-2026", "gifts@c3", 1)
    return made


def clean_environment(server: S3Server, home: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), **server.environment(), **more}


def rclone_environment(server: S3Server, home: Path) -> dict[str, str]:
    return clean_environment(
        server,
        home,
        RCLONE_CONFIG="/dev/null",
        RCLONE_S3_PROVIDER="Other",
        RCLONE_S3_ENV_AUTH="true",
        RCLONE_S3_ENDPOINT=server.endpoint_url,
    )


def assert_as_released(folder: Path, rows: list[ManifestRow]) -> None:
    prefix = "released/autumn-2026/"
    there = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert there == {row.key.removeprefix(prefix): row.sha256 for row in rows}


@pytest.mark.skipif(RCLONE is None, reason="rclone is not installed")
@pytest.mark.parametrize("verb", ["copy", "sync"])
def test_rclone_fetches_what_the_manifest_names_and_mends_it(
    s3: S3Server, bucket: str, rows: list[ManifestRow], tmp_path: Path, verb: str
) -> None:
    environment = rclone_environment(s3, tmp_path)
    site = tmp_path / "site"
    source = f":s3:{bucket}/mint/released/autumn-2026"
    line = [str(RCLONE), verb, source, str(site), "--include", "*.{png,jpg,webp,avif}"]
    subprocess.run(line, env=environment, check=True, capture_output=True, timeout=60)
    assert_as_released(site, rows)
    changed = site / "photos/a1/mug/oak-0.webp"
    changed.write_bytes(b"x" * rows[0].bytes)
    changed.with_name("oak-1.png").unlink()
    subprocess.run(line, env=environment, check=True, capture_output=True, timeout=60)
    assert_as_released(site, rows)


@pytest.mark.skipif(RCLONE is None, reason="rclone is not installed")
def test_rclone_leaves_out_what_is_withdrawn_when_the_manifest_says_what_to_copy(
    s3: S3Server, bucket: str, rows: list[ManifestRow], tmp_path: Path
) -> None:
    left = withdraw(open_store(f"s3://{bucket}/mint"), rows, rows[2])
    environment = rclone_environment(s3, tmp_path)
    manifest = f":s3:{bucket}/mint/released/autumn-2026/photos/a1/manifest.json"
    told = subprocess.run(
        [str(RCLONE), "cat", manifest], env=environment, check=True, capture_output=True, timeout=60
    )
    keys = [one["key"].removeprefix("released/") for one in json.loads(told.stdout)["assets"]]
    approved = tmp_path / "approved.txt"
    approved.write_text("".join(f"{key}\n" for key in keys))
    site = tmp_path / "site"
    line = [str(RCLONE), "copy", f":s3:{bucket}/mint/released", str(site)]
    line += ["--files-from", str(approved)]
    subprocess.run(line, env=environment, check=True, capture_output=True, timeout=60)
    assert_as_released(site / "autumn-2026", left)


@pytest.mark.skipif(AWS is None, reason="the AWS command line is not installed")
def test_aws_s3_sync_fetches_what_the_manifest_names_and_mends_it(
    s3: S3Server, bucket: str, rows: list[ManifestRow], tmp_path: Path
) -> None:
    environment = clean_environment(s3, tmp_path, AWS_ENDPOINT_URL=s3.endpoint_url)
    site = tmp_path / "site"
    source = f"s3://{bucket}/mint/released/autumn-2026"
    without = ["--exclude", "*/receipts/*", "--exclude", "*/manifest.*", "--exclude", "*.html"]
    line = [str(AWS), "s3", "sync", source, str(site), *without]
    subprocess.run(line, env=environment, check=True, capture_output=True, timeout=120)
    assert_as_released(site, rows)
    (site / "photos/a1/mug/oak-0.webp").write_bytes(b"x" * rows[0].bytes)
    subprocess.run(line, env=environment, check=True, capture_output=True, timeout=120)
    assert_as_released(site, rows)
