"""What every level of tests shares: the session's one Prefect server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import warm_start
from prefect_server import PrefectServer, prefect_server

# Some machines forbid bytecode files; hundreds of commands would then each compile all of Mintage.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def prefect() -> Iterator[PrefectServer]:
    """The session's real Prefect server; tests that use it are in the xdist group `prefect`."""
    with prefect_server() as server:
        yield server


def pytest_unconfigure() -> None:
    """End this test process's server of commands, if it has one."""
    warm_start.close()
