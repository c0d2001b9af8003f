"""The values that cross the books' counter: frozen, plain, with money as integers of nano-USD.

Nothing here touches a database. The states are the words that the tables, the reports and the
command line share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class OrderState(StrEnum):
    """Where a whole order stands."""

    OPEN = "open"
    """Planned into the books; no run has finished it yet."""
    STOPPED = "stopped"
    """Nothing new is sent until somebody resumes it; `stop_reason` says who or what stopped it."""
    DONE = "done"
    """Every job has come to an end that only a person can change."""


class JobState(StrEnum):
    """Where one job stands. Work goes forward, and after a failed gate back to PLANNED."""

    PLANNED = "planned"
    """Nothing is under way; the next step is a hold for the next attempt."""
    BUILDING = "building"
    """An attempt is held and may have been sent. No money has been booked yet."""
    BUILT = "built"
    """The attempt is charged and its bytes are staged; the next step is inspection."""
    ACCEPTED = "accepted"
    """Every blocking criterion passed; the next step is review."""
    IN_REVIEW = "in_review"
    """A person has to look at it before it goes further."""
    APPROVED = "approved"
    """Review is passed or was not asked for; the next step is release."""
    RELEASED = "released"
    """In the store under its public key, with its receipt. An end."""
    REJECTED = "rejected"
    """A gate failed and the job's attempts or money are used up. An end."""
    REFUSED = "refused"
    """A cap has no room for an attempt. Parked; the next run asks again once."""
    FAILED = "failed"
    """It could not be built and another attempt would not help, or none is left. An end."""
    UNKNOWN = "unknown"
    """An attempt's answer was lost; its hold stays until the provider's own record answers."""


class AttemptState(StrEnum):
    """Where one attempt stands."""

    HELD = "held"
    """Money is held; the request may or may not have been sent."""
    UNKNOWN = "unknown"
    """The answer was lost. The hold stays."""
    BUILT = "built"
    """Charged; bytes were staged."""
    FAILED = "failed"
    """Ended without usable bytes: charged or voided, as the card says."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """A work order as the books keep it.

    `spec_json` is the canonical order without its items (each job keeps its own brief), enough to
    resume without the file; `spec_sha256` is the digest of the whole canonical content.
    """

    order_id: str
    slug: str
    edition: str
    title: str
    owner: str
    cost_center: str
    campaign: str
    provider: str
    model: str
    cap_nano: int
    per_job_nano: int
    attempts_max: int
    job_count: int
    spec_sha256: str
    spec_json: str


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One asset that an order asks for, as planned."""

    job_id: str
    position: int
    name: str
    brief_json: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as it stands in the books.

    `spent_nano` is what was charged under the cap, so `held_nano + spent_nano` never passes it;
    `overrun_nano` is what was charged above holds and comes on top.
    """

    record: OrderRecord
    state: OrderState
    stop_reason: str | None
    held_nano: int
    spent_nano: int
    overrun_nano: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as it stands in the books, with what the next stage needs to know."""

    job_id: str
    order_id: str
    position: int
    name: str
    brief_json: str
    state: JobState
    reason: str | None
    attempts_used: int
    """Attempts that count against the order's `attempts`; one that created nothing does not."""
    last_number: int
    """Number of the latest attempt, counted or not; 0 before the first. The next is one higher."""
    attempt_id: str | None
    """The latest attempt, if there was one."""
    seed: int | None
    """The latest attempt's seed."""
    provider_ref: str | None
    """The latest attempt's provider reference."""
    sha256: str | None
    """Digest of the staged bytes of the latest built attempt."""
    media_type: str | None
    byte_count: int | None
    spent_nano: int
    """All charges of the job so far, overruns included."""
    approved_by: str | None
    accepted_at: datetime | None
    """When the last gate before release was passed: the receipt's time, so that a receipt
    written twice is the same."""


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Asks for money for one attempt. The database refuses a second open attempt of one job."""

    attempt_id: str
    job_id: str
    order_id: str
    number: int
    """1 for the job's first attempt. The pair (job_id, number) is unique."""
    seed: int
    amount_nano: int
    request_json: str
    """What the generator will be sent, exactly: recovery matches its record against it."""


@dataclass(frozen=True, slots=True)
class Admit:
    """The hold is in the books; the attempt may be sent once the transaction is committed."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Wait:
    """It does not fit now, but open holds under `budget_id` could still make room."""

    budget_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """It cannot fit, whatever becomes of the open holds."""

    budget_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The order is stopped, perhaps from another terminal: nothing new of it may be sent."""

    reason: str


HoldDecision = Admit | Wait | Refuse | Stopped


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One priced quantity of a charge: quantity x unit price, both exact."""

    metric: str
    quantity: Decimal
    unit: str
    unit_price_usd: Decimal


@dataclass(frozen=True, slots=True)
class BuiltSettlement:
    """An attempt that gave bytes: charge its hold and move its job to BUILT."""

    attempt_id: str
    lines: tuple[PriceLine, ...]
    provider_ref: str | None
    sha256: str
    media_type: str
    byte_count: int
    latency_ms: int


@dataclass(frozen=True, slots=True)
class FailedSettlement:
    """An attempt that gave no usable bytes. No lines: the hold is voided; lines: it is charged.

    `job_state` is PLANNED when the job goes back to build, else FAILED.
    """

    attempt_id: str
    lines: tuple[PriceLine, ...]
    provider_ref: str | None
    reason: str
    job_state: JobState
    latency_ms: int | None = None
    counts: bool = True
    """False when nothing was created (no token, no credit, absent from the provider's record): the
    hold is voided and the job's `attempts_used` goes down by one again. Only without lines.
    """


@dataclass(frozen=True, slots=True)
class UnknownSettlement:
    """An attempt whose answer was lost: the hold stays, attempt and job become UNKNOWN."""

    attempt_id: str
    provider_ref: str | None
    reason: str


Settlement = BuiltSettlement | FailedSettlement | UnknownSettlement


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement did to the books."""

    attempt_id: str
    charged_nano: int
    overrun_nano: int
    """The part of the charge above its hold; not zero means that the order was stopped."""


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One criterion's finding on one attempt's bytes."""

    criterion: str
    version: int
    parameters_json: str
    passed: bool
    measured_json: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """All verdicts on one attempt's bytes, and where that sends its job."""

    attempt_id: str
    job_id: str
    verdicts: tuple[VerdictRecord, ...]
    job_state: JobState
    """ACCEPTED, PLANNED (back to build) or REJECTED."""
    reason: str | None


@dataclass(frozen=True, slots=True)
class JobMove:
    """Moves a job from the state it must be in to another; any other state breaks a promise."""

    job_id: str
    from_state: JobState
    to_state: JobState
    reason: str | None = None
    by: str | None = None
    """The person who decided, for a review."""


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """An accepted asset under its public key."""

    job_id: str
    sha256: str
    store_url: str
    release_key: str
    receipt_key: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ReleasedView:
    """One released asset with all that a manifest or a receipt says of it."""

    job_id: str
    order_id: str
    name: str
    brief_json: str
    attempt_id: str
    attempts_used: int
    provider: str
    model: str
    provider_ref: str | None
    seed: int
    sha256: str
    media_type: str
    byte_count: int
    width: int
    height: int
    store_url: str
    release_key: str
    receipt_key: str
    cost_nano: int
    accepted_at: datetime
    released_at: datetime
    approved_by: str | None
    campaign: str
    cost_center: str
    owner: str
    order_title: str


@dataclass(frozen=True, slots=True)
class LostAttempt:
    """An attempt that recovery has to look up: HELD by a process that is gone, or UNKNOWN."""

    attempt_id: str
    job_id: str
    order_id: str
    number: int
    state: AttemptState
    provider: str
    model: str
    provider_ref: str | None
    seed: int
    request_json: str
    brief_json: str
    hold_nano: int
    held_at: datetime
    lost_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one process to move one order's jobs, until `expires_at` unless renewed."""

    order_id: str
    holder: str
    since: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HeldBy:
    """Somebody else has the lease."""

    holder: str
    since: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """What the entries add up to, in nano-USD.

    `charged_nano` is what the providers bill, overruns included; `held_nano` is every open hold,
    `unknown_nano` the part of it whose answer was lost.
    """

    charged_nano: int
    held_nano: int
    unknown_nano: int
    overrun_nano: int
    entry_count: int


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """Totals of one value of a dimension; `released` counts that value's released assets."""

    key: str
    charged_nano: int
    held_nano: int
    unknown_nano: int
    overrun_nano: int
    entry_count: int
    released: int


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One charge as finance exports it. Field order is the column order of the export."""

    entry_id: str
    at: datetime
    period: str
    order_id: str
    job_id: str
    attempt_id: str
    cost_center: str
    campaign: str
    owner: str
    provider: str
    model: str
    provider_ref: str | None
    kind: str
    quantity: Decimal
    unit: str
    unit_price_usd: Decimal
    amount_usd: Decimal
    currency: str
    asset_sha256: str | None
    release_key: str | None


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
    verdicts: tuple[VerdictRecord, ...]
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True)
class JobStory:
    """One job's whole story, for `mintage trace`."""

    job: JobView
    order: OrderView
    attempts: tuple[AttemptStory, ...]
    release: ReleasedView | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What `verify` found: how much was checked, and the first thing that does not hold, if any."""

    entries: int
    attempts: int
    budgets: int
    problem: str | None = None
    checks: tuple[str, ...] = field(default=())
