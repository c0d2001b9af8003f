"""What the books give back: orders, jobs and attempts as they stand, and what they add up to.

Frozen and plain as the records are, with money as integers of nano-USD and times in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from ledger.file_views import RenditionView
from ledger.kinds import MendKind, ReviewDecision, Scope
from ledger.records import AttemptState, JobState, OrderRecord, OrderState, VerdictRecord


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
    cap_nano: int
    """The cap in force: the order's own, or the one that somebody set since."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BudgetView:
    """A budget as it stands; `period` is a month, a day, or None for an order's."""

    scope: Scope
    subject: str
    period: str | None
    cap_nano: int | None
    """None when its cap was taken away; what is held and spent is still counted."""
    held_nano: int
    spent_nano: int
    overrun_nano: int
    set_by: str | None
    """Who set the cap; None for the one that an order came with."""
    because: str | None

    @property
    def left_nano(self) -> int | None:
        """What can still be held; None where nothing is capped."""
        if self.cap_nano is None:
            return None
        return max(0, self.cap_nano - self.held_nano - self.spent_nano - self.overrun_nano)


@dataclass(frozen=True, slots=True)
class CapRule:
    """One cap as somebody set it: of an order, or of each period of a cost centre or provider."""

    scope: Scope
    subject: str
    cap_nano: int | None
    """None: from then on there is no cap."""
    by: str
    because: str
    at: datetime


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
    changes_json: str | None = None
    """What was changed about the latest attempt's brief after earlier ones, and why."""
    mend_count: int = 0
    """How often the latest attempt's output was mended."""
    signed: bool = False
    """Whether the latest attempt's bytes, as they are now, have content credentials of ours."""


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
    changes_json: str | None = None
    """What was changed about the attempt's brief after earlier ones, and why."""
    renditions: tuple[RenditionView, ...] = ()
    """What was made of it and released with it, in the order of their numbers."""
    withdrawn: bool = False
    """Whether somebody has taken it back since; its bytes and its cost stay."""


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
class Totals:
    """What the entries add up to, in nano-USD.

    `charged_nano` is what the providers bill, overruns and adjustments included; `overrun_nano` and
    `adjusted_nano` say how much of it they are, adjustments below zero where the providers gave
    back; `held_nano` is every open hold, `unknown_nano` the part of it whose answer was lost.
    """

    charged_nano: int
    held_nano: int
    unknown_nano: int
    overrun_nano: int
    entry_count: int
    adjusted_nano: int = 0


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """Totals of one value of each dimension; `released` counts its released assets."""

    keys: tuple[str | None, ...]
    """None where there is no value: an adjustment that no job could be named for has no order."""
    charged_nano: int
    held_nano: int
    unknown_nano: int
    overrun_nano: int
    entry_count: int
    released: int
    adjusted_nano: int = 0

    @property
    def key(self) -> str:
        """The values in one text."""
        return ", ".join("not attributed" if key is None else key for key in self.keys)


@dataclass(frozen=True, slots=True)
class SpendRow:
    """What was spent on attempts that came to the same end, in nano-USD, overruns included.

    `key` is the criterion that blocked the file, or one of
    - released: the file is in the store;
    - in progress: it is being made, judged, looked at by a person or put into the store;
    - failed at the provider: the attempt gave no file that could be finished;
    - review: every rule was kept, and a person rejected it;
    - passed, not released: every rule was kept, and its bytes were lost on the way to the store
      (or, in books from before reviews were kept, a person rejected it);
    - lost before it was judged: its bytes were lost before any rule was asked;
    - adjusted to statements: what the providers' statements had more or less, of no attempt here.

    `attempts` counts those that count against an order's `attempts`, as everywhere else.
    """

    RELEASED: ClassVar = "released"
    IN_PROGRESS: ClassVar = "in progress"
    FAILED: ClassVar = "failed at the provider"
    REVIEW: ClassVar = "review"
    NOT_RELEASED: ClassVar = "passed, not released"
    NOT_JUDGED: ClassVar = "lost before it was judged"
    ADJUSTED: ClassVar = "adjusted to statements"

    key: str
    attempts: int
    charged_nano: int

    @property
    def is_rule(self) -> bool:
        """Whether the key is a criterion's name."""
        ends = (self.RELEASED, self.IN_PROGRESS, self.FAILED, self.REVIEW, self.ADJUSTED)
        return self.key not in {*ends, self.NOT_RELEASED, self.NOT_JUDGED}

    @property
    def is_reject(self) -> bool:
        """Whether this money brought no released file, and never will."""
        return self.key not in {self.RELEASED, self.IN_PROGRESS, self.ADJUSTED}


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One charge, overrun or adjustment as finance exports it.

    Field order is the column order of the export. An adjustment that nobody's job is adjusted by
    names its provider and no order. Quantity and amount of an `adjust_down` are below zero.
    """

    entry_id: str
    at: datetime
    period: str
    order_id: str | None
    job_id: str | None
    attempt_id: str | None
    cost_center: str | None
    campaign: str | None
    owner: str | None
    provider: str
    model: str | None
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
class ReviewView:
    """What a person decided about one attempt's file."""

    attempt_id: str
    job_id: str
    sha256: str
    decision: ReviewDecision
    by: str
    because: str | None
    remedy_json: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class WaitingView:
    """A job that waits for a person's decision on its file."""

    job_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class MendView:
    """One mend: what was done to which bytes, which bytes came of it, and why."""

    kind: MendKind
    from_sha256: str
    to_sha256: str
    because: str
    at: datetime
    verdicts: tuple[VerdictRecord, ...] = ()
    """In a job's story: the verdicts on the bytes that were mended."""


@dataclass(frozen=True, slots=True)
class PictureHash:
    """What a picture that passed inspection looks like: its perceptual hash, 0 to below 2**64."""

    job_id: str
    attempt_id: str
    phash: int


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A released picture of which nobody has measured what it looks like."""

    attempt_id: str
    job_id: str
    sha256: str
    store_url: str
    release_key: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What `verify` found: how much was checked, and the first thing that does not hold, if any."""

    entries: int
    attempts: int
    budgets: int
    problem: str | None = None
    checks: tuple[str, ...] = field(default=())
    blocks: int = 0
    """Blocks of sealed entries."""
    sealed_entries: int = 0
    """Entries in them; the rest were written since."""
    seal_sha256: str | None = None
    """The newest block's digest. Noted elsewhere, it shows later whether seals were made anew."""
