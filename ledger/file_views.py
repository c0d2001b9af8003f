"""What the books give back of files beside a job's master: renditions, signings, withdrawals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RenditionView:
    """Another file that was made for nothing of a job's master; sizes in pixels and bytes."""

    number: int
    """1 for the first."""
    name: str
    width: int
    height: int
    sha256: str
    media_type: str
    byte_count: int


@dataclass(frozen=True, slots=True)
class SigningView:
    """One file that got content credentials: which bytes became which, and by which certificate."""

    number: int
    """0 for the master, n for its nth rendition."""
    from_sha256: str
    to_sha256: str
    certificate_sha256: str
    rules_sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawalView:
    """Who took a released asset back, and why; its bytes and its cost stay."""

    job_id: str
    by: str
    because: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawnView:
    """A withdrawn asset with what its release said of it; its renditions went with it."""

    job_id: str
    order_id: str
    campaign: str
    name: str
    sha256: str
    media_type: str
    store_url: str
    release_key: str
    receipt_key: str
    at: datetime
    by: str
    because: str
    renditions: tuple[RenditionView, ...] = ()
