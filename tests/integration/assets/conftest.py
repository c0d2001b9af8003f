"""The session's real S3 server, as boto3 finds it in the environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.client import BaseClient
from s3_server import S3Server, session_server


@pytest.fixture
def s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    server = session_server(request.config)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    return s3.fresh_bucket()


@pytest.fixture
def client(s3: S3Server) -> Iterator[BaseClient]:
    client = s3.client()
    yield client
    client.close()
