"""Puts the parts together: the only place that turns settings into engines, clients and clocks."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from uuid6 import uuid7

from assets import CredentialsMissing, Signer, Store, open_signer, open_store
from assets.credentials import Trust, trust_in
from flows.engine import Engine, InlineEngine
from flows.errors import BadSettings
from flows.planning import Plan, plan_order
from flows.prefect_health import ask_prefect
from flows.settings import Settings
from generators import (
    Access,
    Appraiser,
    Generator,
    GeneratorError,
    open_appraiser,
    open_with,
)
from ledger import Books
from validators import InspectorPool, Inspectors, WorkerLimits

MODELS_MEMORY_BYTES = 3 * 1024**3
"""The address space of an inspector's process that loads models.

Of 64 megapixels, the dearest to all models together is a WebP with alpha: 2.26 GB (measured with
onnxruntime 1.32 and OpenCV 4.14, November 2026).
"""


def utc_now() -> datetime:
    """Tell the time in UTC."""
    return datetime.now(UTC)


def new_attempt_id() -> str:
    """Make a UUIDv7: unique without asking anybody, and sorted by time."""
    return str(uuid7())


def lease_holder() -> str:
    """Name one run of this process as the holder of a lease: `host:pid:run`."""
    return f"{_host()}:{os.getpid()}:{secrets.token_hex(2)}"


def _host() -> str:
    """Name where process ids mean something: containers can share a name and not their processes."""
    try:
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}/{namespace}"


def is_dead(holder: str) -> bool:
    """Say whether a lease's holder was a process of this machine that is gone."""
    host, _, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    if host != _host() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def worker_limits(with_models: bool) -> WorkerLimits:
    """Say what one file may take of an inspector's process."""
    limits = WorkerLimits()
    if not with_models:
        return limits
    return replace(limits, memory_bytes=max(limits.memory_bytes, MODELS_MEMORY_BYTES))


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise BadSettings(f"{setting} cannot be used: {path} cannot be read: {why}.") from error


@dataclass(frozen=True, slots=True)
class House:
    """What a command works with. Nothing is opened before it is asked for."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    new_attempt_id: Callable[[], str] = new_attempt_id
    lease_holder: Callable[[], str] = lease_holder
    is_dead: Callable[[str], bool] = is_dead
    """Whether a lease's holder is known to be gone, without waiting for the lease to expire."""

    @contextmanager
    def books(self) -> Iterator[Books]:
        """Open the books; closes them in the end."""
        settings = self.settings
        books = Books.open(settings.database_url, clock=self.clock, zone=settings.zone)
        try:
            yield books
        finally:
            books.close()

    def store(self) -> Store:
        """Open the store."""
        return open_store(self.settings.store_url)

    def anchors(self) -> bytes | None:
        """Read the roots that are trusted to issue this organisation's certificates.

        Raises:
            BadSettings: the file cannot be read.
        """
        path = self.settings.trust_anchors
        return None if path is None else _read(path, "MINTAGE_TRUST_ANCHORS")

    def trust(self) -> Trust:
        """Say whose credentials are believed, and which certificates are this organisation's.

        Raises:
            BadSettings: a configured file cannot be read.
            CredentialsError: it holds no certificates.
        """
        anchors, certificate = self.anchors(), self.settings.signing_certificate
        if anchors is None and certificate is None:
            return Trust()
        own = None if certificate is None else _read(certificate, "MINTAGE_SIGNING_CERTIFICATE")
        try:
            return trust_in(anchors, own)
        except CredentialsMissing:
            # Then nothing can be signed or read either, and whoever tries is told.
            return Trust()

    def signer(self) -> Signer | None:
        """Open who signs what is released, or None where nobody does.

        Raises:
            BadSettings: a certificate without a key, or a key without a certificate.
            CredentialsError: they cannot sign, or the extra is not installed; says which and why.
        """
        settings = self.settings
        certificate, key = settings.signing_certificate, settings.signing_key
        if certificate is None and key is None:
            return None
        if certificate is None or key is None:
            given, lacking = "MINTAGE_SIGNING_CERTIFICATE", "MINTAGE_SIGNING_KEY"
            if certificate is None:
                given, lacking = lacking, given
            raise BadSettings(f"{given} is set and {lacking} is not; who signs needs both.")
        return open_signer(
            certificate,
            key,
            timestamp_url=settings.signing_timestamp_url,
            anchors=self.anchors(),
            clock=self.clock,
        )

    def access(self, *, concurrency: int = 1) -> Access:
        """Say how providers are reached."""
        settings = self.settings
        token = settings.replicate_api_token
        return Access(
            concurrency=concurrency,
            replicate_token=token.get_secret_value() if token else None,
            replicate_base_url=settings.replicate_base_url,
            absent_after_s=None
            if settings.absent_after_s is None
            else float(settings.absent_after_s),
            creates_per_minute=settings.creates_per_minute,
            photo_folder=settings.photo_folder,
        )

    def generator(self, provider: str, model: str, *, concurrency: int = 1) -> Generator:
        """Open a generator. Raises GeneratorError when it cannot be used."""
        return open_with(provider, model, self.access(concurrency=concurrency))

    def appraiser(self, provider: str, model: str) -> Appraiser | str:
        """Find who checks and prices a model's briefs, or say in a sentence why nobody does."""
        # A price is in force on a calendar day where the house stands.
        today = datetime.now().astimezone().date()
        try:
            return open_appraiser(provider, model, self.access(), today=today)
        except GeneratorError as error:
            return str(error)

    def inspectors(self, *, with_models: bool = False) -> Inspectors:
        """Open the inspectors of one run; no process is started before the first file comes.

        `with_models` says that a criterion brings a model along, which takes memory of its own.
        """
        return InspectorPool(self.settings.inspectors, worker_limits=worker_limits(with_models))

    def plan(self, path: Path) -> Plan:
        """Plan one order file. Raises BadOrder."""
        return plan_order(path, self.appraiser, jobs_max=self.settings.jobs_max)

    def engine(self, name: str | None) -> Engine:
        """Choose the engine: the one that is named, else Prefect where a server is configured."""
        wanted = name or ("prefect" if self.settings.prefect_api_url else "inline")
        if wanted == "inline":
            return InlineEngine()
        if wanted == "prefect":
            if self.settings.prefect_api_url:
                ask_prefect(self.settings.prefect_api_url)
            from flows.prefect_engine import PrefectEngine

            return PrefectEngine()
        raise BadSettings(f"There is no engine {wanted!r}; choose inline or prefect.")
