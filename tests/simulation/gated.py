"""The real books and the store in memory, each behind a gate where a process can die or be refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from simulation.mortal import SimProcess
from sqlalchemy import Connection, Engine

from assets import MemoryStore, PutOutcome, StoreUnavailable
from assets.store import CACHE_NEVER, CACHE_REVALIDATE
from ledger import Books, BooksBusy, BooksUnavailable


@dataclass(slots=True)
class Weather:
    """How often databases and stores break, while there is a storm."""

    rng: random.Random
    storm: bool = True

    def strikes(self, probability: float) -> bool:
        """Draw whether something breaks now."""
        return self.storm and self.rng.random() < probability


class GatedBooks(Books):
    """Books whose process can die before and after each commit, and whose database can fail it.

    A commit can also succeed without its answer: the process is told that the database is gone.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime],
        process: SimProcess,
        weather: Weather,
        committed: Callable[[], None],
    ) -> None:
        super().__init__(engine, "simulated", clock)
        self._process = process
        self._weather = weather
        self._committed = committed

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._process.moment()
        if self._weather.strikes(0.004):
            raise BooksBusy("the books at simulated are locked by another process")
        if self._weather.strikes(0.003):
            raise BooksUnavailable("the database at simulated does not answer")
        with super()._writing() as connection:
            yield connection
            self._process.moment()
        self._committed()
        self._process.moment()
        if self._weather.strikes(0.003):
            raise BooksUnavailable("the database at simulated does not answer")

    @contextmanager
    def _connected(self, options: dict[str, object]) -> Iterator[Connection]:
        self._process.moment()
        if self._weather.strikes(0.001):
            raise BooksUnavailable("the database at simulated does not answer")
        with super()._connected(options) as connection:
            yield connection


class GatedStore:
    """The store in memory: writes can fail before or after their effect, and so can processes."""

    def __init__(
        self,
        kept: MemoryStore,
        process: SimProcess,
        weather: Weather,
        put: Callable[[str, str], None],
    ) -> None:
        self._kept = kept
        self._process = process
        self._weather = weather
        self._put = put

    def __getattr__(self, name: str) -> Any:
        """Do anything else that the store does."""
        self._gate(0.002)
        return getattr(self._kept, name)

    @property
    def url(self) -> str:
        """The store's address."""
        return self._kept.url

    def put_once(
        self,
        key: str,
        data: bytes,
        *,
        sha256: str,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
        cache_control: str = CACHE_NEVER,
    ) -> PutOutcome:
        """Keep bytes once."""
        self._gate(0.005)
        outcome = self._kept.put_once(
            key,
            data,
            sha256=sha256,
            media_type=media_type,
            metadata=metadata,
            cache_control=cache_control,
        )
        self._put(key, sha256)
        self._gate(0.005)
        return outcome

    def replace(
        self,
        key: str,
        source: BinaryIO | bytes,
        *,
        media_type: str,
        cache_control: str = CACHE_REVALIDATE,
    ) -> None:
        """Keep bytes in place of others."""
        self._gate(0.005)
        self._kept.replace(key, source, media_type=media_type, cache_control=cache_control)
        self._gate(0.005)

    def _gate(self, probability: float) -> None:
        self._process.moment()
        if self._weather.strikes(probability):
            raise StoreUnavailable("the store in memory does not answer")
