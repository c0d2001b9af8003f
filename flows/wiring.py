"""Puts the parts together: the only place that turns settings into engines, clients and clocks."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from uuid6 import uuid7

from assets import Store, open_store
from flows.engine import Engine, InlineEngine
from flows.errors import BadSettings
from flows.planning import Appraiser, Plan, plan_order
from flows.settings import Settings
from generators import Generator, GeneratorError, open_generator
from ledger import Books


def utc_now() -> datetime:
    """Tell the time in UTC."""
    return datetime.now(UTC)


def new_attempt_id() -> str:
    """Make a UUIDv7: unique without asking anybody, and sorted by time."""
    return str(uuid7())


def lease_holder() -> str:
    """Name this process as the holder of leases: `host:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class House:
    """What a command works with. Nothing is opened before it is asked for."""

    settings: Settings

    @contextmanager
    def books(self) -> Iterator[Books]:
        """Open the books; closes them in the end."""
        books = Books.open(self.settings.database_url, clock=utc_now)
        try:
            yield books
        finally:
            books.close()

    def store(self) -> Store:
        """Open the store."""
        return open_store(self.settings.store_url)

    def generator(self, provider: str, model: str, *, concurrency: int = 1) -> Generator:
        """Open a generator. Raises GeneratorError when there is no such model."""
        settings = self.settings
        return open_generator(
            provider,
            model,
            replicate_token=settings.replicate_api_token.get_secret_value()
            if settings.replicate_api_token
            else None,
            replicate_base_url=settings.replicate_base_url,
            concurrency=concurrency,
            creates_per_minute=settings.creates_per_minute,
            absent_after_s=float(settings.absent_after_s),
            photo_folder=settings.photo_folder,
        )

    def appraiser(self, provider: str, model: str) -> Appraiser | str:
        """Find who prices a model's briefs, or say why nobody does."""
        try:
            return self.generator(provider, model)
        except GeneratorError as error:
            return str(error)

    def plan(self, path: Path) -> Plan:
        """Plan one order file. Raises BadOrder."""
        return plan_order(path, self.appraiser, jobs_max=self.settings.jobs_max)

    def engine(self, name: str | None) -> Engine:
        """Choose the engine: the one that is named, else Prefect where a server is configured."""
        wanted = name or ("prefect" if self.settings.prefect_api_url else "inline")
        if wanted == "inline":
            return InlineEngine()
        if wanted == "prefect":
            from flows.prefect_engine import PrefectEngine

            return PrefectEngine()
        raise BadSettings(f"There is no engine {wanted!r}; choose inline or prefect.")


async def sleep(seconds: float) -> None:
    """Sleep for real."""
    await asyncio.sleep(seconds)
