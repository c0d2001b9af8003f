"""Every store there is, fresh for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3_server import S3Server, session_server
from warehouse_parts import Kept

from assets import DirectoryStore, MemoryStore, Store, open_store

STORES = ["memory", "directory", pytest.param("s3", marks=pytest.mark.s3)]


@pytest.fixture(scope="session")
def s3(request: pytest.FixtureRequest) -> S3Server:
    return session_server(request.config)


@pytest.fixture(scope="session")
def s3_bucket(s3: S3Server) -> Iterator[tuple[Any, str]]:
    client = s3.client()
    yield client, s3.fresh_bucket()
    client.close()


@pytest.fixture(params=STORES)
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kept]:
    if request.param == "memory":
        memory = MemoryStore()
        yield Kept(
            memory,
            lambda key, data: memory.replace(key, data, media_type="image/webp"),
            lambda key: memory._held.pop(key) and None,
        )
    elif request.param == "directory":
        root = tmp_path / "store"
        yield Kept(
            DirectoryStore(root),
            lambda key, data: (root / key).write_bytes(data) and None,
            lambda key: (root / key).unlink(),
        )
    else:
        server: S3Server = request.getfixturevalue("s3")
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        client, bucket = request.getfixturevalue("s3_bucket")
        # A prefix is a store of its own; a bucket for each test would cost a second.
        prefix = f"{secrets.token_hex(4)}/some"
        yield Kept(
            open_store(f"s3://{bucket}/{prefix}"),
            lambda key, data: client.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=data),
            lambda key: client.delete_object(Bucket=bucket, Key=f"{prefix}/{key}"),
        )


@pytest.fixture
def store(kept: Kept) -> Store:
    return kept.store
