"""A provider in this process and an HTTP client that has its token."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from loopback.server import LoopbackProvider


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    """A provider that answers at once."""
    with LoopbackProvider() as running:
        yield running


@pytest.fixture
def client(provider: LoopbackProvider) -> Iterator[httpx.Client]:
    """A client of `provider`, whatever provider the test module runs."""
    headers = {"Authorization": f"Bearer {provider.token}"}
    with httpx.Client(base_url=provider.base_url, headers=headers, timeout=20) as opened:
        yield opened
