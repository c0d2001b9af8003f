"""Both engines, each with books, a store and a provider of its own for every test."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.engines.engine_parts import MendableHouse
from loopback.server import LoopbackProvider
from prefect_server import PrefectServer
from pydantic import SecretStr

from flows import Engine, InlineEngine, Settings
from ledger import Books

LEAVES_SOCKETS = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
"""Prefect's own client for its server leaves sockets to the collector at the end of each flow."""

ENGINES = [
    "inline",
    pytest.param(
        "prefect",
        marks=[pytest.mark.prefect, pytest.mark.xdist_group("prefect"), LEAVES_SOCKETS],
    ),
]


@pytest.fixture(scope="session")
def prefect_api(prefect: PrefectServer) -> Iterator[PrefectServer]:
    """The session's real Prefect server, used by this process from now on."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in prefect.environment().items():
            patch.setenv(name, value)
        # Prefect reads its settings when it is imported, and somebody may have done that already.
        from prefect import settings

        with settings.temporary_settings(
            {
                settings.PREFECT_API_URL: prefect.api_url,
                settings.PREFECT_HOME: prefect.home,
                settings.PREFECT_LOGGING_LEVEL: "CRITICAL",
                settings.PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED: False,
                settings.PREFECT_LOGGING_TO_API_ENABLED: False,
            }
        ):
            yield prefect
            _collect_sockets()


def _collect_sockets() -> None:
    """Let Prefect's sockets go now, in the test that may ignore them, and not in somebody else's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed", ResourceWarning)
        gc.collect()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One of the engines."""
    if request.param == "inline":
        yield InlineEngine()
        return
    request.getfixturevalue("prefect_api")
    from prefect.events.worker import EventsWorker

    from flows.prefect_engine import PrefectEngine

    yield PrefectEngine()
    # Its thread would go on drawing from `random`, which Hypothesis takes for a fault of later tests.
    EventsWorker.drain_all(timeout=10)
    _collect_sockets()


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    """A provider that answers at once and makes no faults until it is told to."""
    with LoopbackProvider(seed=7) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, provider: LoopbackProvider) -> MendableHouse:
    """Books and store in a fresh folder, and the provider's address and token."""
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/ledger.db",
        store_url=f"file:{tmp_path}/store",
        replicate_api_token=SecretStr(provider.token),
        replicate_base_url=provider.base_url,
        prefect_api_url=None,
        absent_after_s=0,
        settle_timeout_s=10,
    )
    return MendableHouse(settings)


@pytest.fixture
def books(house: MendableHouse) -> Iterator[Books]:
    """The house's books."""
    with house.books() as opened:
        yield opened
