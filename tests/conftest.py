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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of an xdist group in one worker also where xdist cannot (its issue 1386).

    xdist tells its scheduler of groups by new names for the tests, and pytest has no longer looked
    at those since 9.2: each worker would make every module's fixtures and every server again.
    """
    if not config.getoption("loadgroup", default=False):
        return
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            continue
        named: str = vars(item).get("_nodeid", item.nodeid)
        if named != item.nodeid:
            item._id = type(item.id).parse(named)
        assert item.nodeid.rpartition("@")[1], f"{item.nodeid} was not given its group's name"


def pytest_unconfigure() -> None:
    """End this test process's server of commands, if it has one."""
    warm_start.close()
