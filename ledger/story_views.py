"""One job's whole story as the books tell it: what was tried, what it cost, what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.file_views import RenditionView, SigningView, WithdrawalView
from ledger.records import AttemptState, VerdictRecord
from ledger.views import JobView, MendView, OrderView, ReleasedView, ReviewView


@dataclass(frozen=True, slots=True)
class EntryView:
    """One line of the books: `amount_nano` moved from one account to another."""

    entry_id: str
    at: datetime
    kind: str
    from_account: str
    to_account: str
    amount_nano: int
    attempt_id: str | None


@dataclass(frozen=True, slots=True)
class SigningStory:
    """One signing, with the verdicts on the bytes that were signed."""

    signing: SigningView
    verdicts: tuple[VerdictRecord, ...]


@dataclass(frozen=True, slots=True)
class RenditionStory:
    """One rendition with the verdicts on its bytes; `signing` where it was signed."""

    rendition: RenditionView
    verdicts: tuple[VerdictRecord, ...]
    signing: SigningView | None


@dataclass(frozen=True, slots=True)
class AttemptStory:
    """One attempt with everything that was written about it."""

    attempt_id: str
    number: int
    state: AttemptState
    seed: int
    provider_ref: str | None
    hold_nano: int
    charged_nano: int
    reason: str | None
    sha256: str | None
    latency_ms: int | None
    held_at: datetime
    ended_at: datetime | None
    changes_json: str | None
    """What was changed about its brief after earlier attempts, and why."""
    mends: tuple[MendView, ...]
    """What was done to its bytes, with the verdicts that led to it."""
    verdicts: tuple[VerdictRecord, ...]
    """On its bytes as they are now."""
    entries: tuple[EntryView, ...]
    review: ReviewView | None = None
    signing: SigningStory | None = None
    """Where its bytes were signed: what they were before, with the verdicts that let them pass."""
    renditions: tuple[RenditionStory, ...] = ()
    """What was made of its bytes, each with its own verdicts."""
    came_sha256: str | None = None
    """The provider's own bytes, where they had content credentials that the file has not."""


@dataclass(frozen=True, slots=True)
class JobStory:
    """One job's whole story, for `mintage trace`."""

    job: JobView
    order: OrderView
    attempts: tuple[AttemptStory, ...]
    release: ReleasedView | None
    withdrawal: WithdrawalView | None = None
