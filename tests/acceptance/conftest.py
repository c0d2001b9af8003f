"""Where a scheduler sits: a folder, an environment, and the real servers that it talks to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import postgres_server
import pytest
import s3_server
from ledger_urls import migrated
from loopback.process import LoopbackProcess
from mint_runs import Desk


@pytest.fixture
def provider() -> Iterator[LoopbackProcess]:
    """A provider that answers in 50 to 200 ms and makes no faults until it is told to."""
    with LoopbackProcess(latency_s=(0.05, 0.2), seed=7, picture_variants=16) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, provider: LoopbackProcess) -> Iterator[Desk]:
    """A scheduler's folder, with the provider's address and token set."""
    made = Desk.at(tmp_path, provider)
    made.books_at_hand = True
    yield made
    made.close()


@pytest.fixture
def studio_desk(tmp_path: Path) -> Iterator[Desk]:
    """A scheduler's folder without a provider."""
    made = Desk.at(tmp_path)
    yield made
    made.close()


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh PostgreSQL database with the books' tables."""
    server = postgres_server.session_server(request.config)
    url = server.fresh_database()
    migrated(url)
    yield url
    server.drop_database(url)


@pytest.fixture
def s3_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """What makes a process keep its assets in a fresh bucket of the session's real S3 server."""
    server = s3_server.session_server(request.config)
    bucket = server.fresh_bucket()
    return {**server.environment(), "MINTAGE_STORE_URL": f"s3://{bucket}/mint"}
