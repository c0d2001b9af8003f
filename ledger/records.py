"""The values that cross the books' counter: frozen, plain, with money as integers of nano-USD.

Nothing here touches a database. The states are the words that the tables, the reports and the
command line share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from ledger.kinds import DecisionKind, MendKind, ReviewDecision, Scope, VerdictSeverity


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
class Quoted:
    """What an order would cost, as it was told before a cent of it was spent; in nano-USD."""

    expected_nano: int
    """When every job is accepted at its first attempt, at its usual price."""
    first_pass_nano: int
    """The same at the dearest price."""
    dearest_nano: int
    """When every job uses all attempts that its own cap pays for, at the dearest price."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One asset that an order asks for, as planned."""

    job_id: str
    position: int
    name: str
    brief_json: str


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
    changes_json: str | None = None
    """What was changed about the brief after earlier attempts, and why; None where nothing was."""


@dataclass(frozen=True, slots=True)
class Admit:
    """The hold is in the books; the attempt may be sent once the transaction is committed."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Wait:
    """It does not fit now, but open holds under `budget_id` could still make room."""

    budget_id: str
    reason: str
    standing: tuple[int, int, int] = field(default=(0, 0, 0), compare=False)
    """The budget's cap, held and gone nano-USD when it was asked: another answer, another chance."""

    @property
    def is_shared(self) -> bool:
        """Whether other orders' holds, perhaps of other processes, count under the budget too."""
        return self.budget_id.partition(":")[0] in {Scope.COST_CENTER, Scope.PROVIDER}


@dataclass(frozen=True, slots=True)
class Refuse:
    """It cannot fit, whatever becomes of the open holds."""

    budget_id: str
    reason: str

    @property
    def is_of_job(self) -> bool:
        """Whether it is the job's own cap that has no room; nobody can raise that one."""
        return self.budget_id.partition(":")[0] == Scope.JOB


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
    came: tuple[int, int] | None = None
    """Width and height of the picture before it was finished, in pixels, where that is known."""
    came_sha256: str | None = None
    """The provider's own bytes, where they had content credentials that `sha256` has not."""


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
class Decision:
    """What a person decided about an attempt whose end cannot be told: charge it, or void it."""

    attempt_id: str
    kind: DecisionKind
    amount_usd: Decimal
    """What it is charged; zero where it is voided."""
    by: str
    because: str
    provider_ref: str | None = None
    """Which of the provider's runs it is, where that person found it."""


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One criterion's finding on one attempt's bytes."""

    criterion: str
    version: int
    parameters_json: str
    passed: bool
    measured_json: str
    reason: str | None
    severity: VerdictSeverity = VerdictSeverity.BLOCK
    remedy_json: str | None = None
    """What could help, as the inspectors said it; None where they said nothing."""

    @property
    def blocks(self) -> bool:
        """Whether the file may not go on because of it."""
        return not self.passed and self.severity is VerdictSeverity.BLOCK


@dataclass(frozen=True, slots=True)
class MendRecord:
    """The very same output, made right without paying: what was done, to which bytes, and why."""

    kind: MendKind
    sha256: str
    media_type: str
    byte_count: int
    because: str


@dataclass(frozen=True, slots=True)
class SigningRecord:
    """A file that got content credentials: the same picture in other bytes, to be judged again."""

    number: int
    """0 for the master, n for its nth rendition."""
    from_sha256: str
    to_sha256: str
    certificate_sha256: str
    """The certificate that it was signed with."""
    rules_sha256: str
    """The rules that it says it has passed."""
    media_type: str
    byte_count: int
    """Of the signed bytes."""


@dataclass(frozen=True, slots=True)
class RenditionRecord:
    """Another file, made for nothing of a job's master, as it would be released."""

    number: int
    """1 for the first."""
    name: str
    width: int
    height: int
    sha256: str
    """Of the signed bytes, where it is signed; `media_type`, `byte_count`, `verdicts` likewise."""
    media_type: str
    byte_count: int
    from_sha256: str
    """The master's bytes that it was made of: those from before it was signed."""
    verdicts: tuple[VerdictRecord, ...]
    signing: SigningRecord | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """All verdicts on one attempt's bytes, and where that sends its job."""

    attempt_id: str
    job_id: str
    verdicts: tuple[VerdictRecord, ...]
    job_state: JobState
    """ACCEPTED, PLANNED (back to build) or REJECTED; BUILT with a mend or a signing, to be judged
    again."""
    reason: str | None
    sha256: str | None = None
    """The bytes that were judged; None: those that the attempt has, whichever they are."""
    mend: MendRecord | None = None
    """What became of the bytes, where they were mended."""
    phash: str | None = None
    """What an accepted picture looks like, in 16 hex digits, where a criterion measured it."""
    signing: SigningRecord | None = None
    """What became of the bytes, where they have passed and were signed."""
    renditions: tuple[RenditionRecord, ...] = ()
    """What was made of the master and judged; the job is accepted only where nothing of it blocks."""


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
class Review:
    """What a person decided about the file of a job that waits for them."""

    job_id: str
    sha256: str
    """The file that they looked at; the decision holds for no other one."""
    decision: ReviewDecision
    by: str
    because: str | None = None
    """Why; a rejection has to say it."""
    remedy_json: str | None = None
    """What could help the next attempt, in the form of a verdict's remedy."""


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
