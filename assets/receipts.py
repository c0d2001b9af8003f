"""The receipt: who made an asset, with what, who verified and approved it, and what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from assets.layout import receipt_key, release_key

RECEIPT_VERSION: Final = 1
"""The shape of the JSON; it rises when a reader would have to change."""


@dataclass(frozen=True, slots=True)
class Verification:
    """One criterion that the bytes were judged by: which version, asked what, measured what."""

    criterion: str
    version: int
    parameters: Mapping[str, object]
    measured: Mapping[str, object]
    passed: bool = True
    """False for a rule that was broken and only warns, or that a person has let pass."""
    severity: str = "block"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person decided about these very bytes, and why."""

    by: str
    decision: str
    because: str | None
    at: datetime
    sha256: str
    """The bytes that they looked at."""


@dataclass(frozen=True, slots=True)
class Mend:
    """What was done to the output for nothing before it passed: to which bytes, and why."""

    kind: str
    from_sha256: str
    to_sha256: str
    because: str


@dataclass(frozen=True, slots=True)
class ToldLabel:
    """What an asset says of itself, in every language: BCP 47 tag to text, the main one first."""

    title: Mapping[str, str]
    alt: Mapping[str, str]
    description: Mapping[str, str]
    rights: Mapping[str, str]
    credit: str
    tags: tuple[str, ...]
    source_type: str
    """IPTC's term for who made it."""
    embedded: bool
    """Whether the file itself says so too."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The content credentials that an asset was signed with."""

    certificate_sha256: str
    rules_sha256: str
    """The SHA-256 of the canonical JSON of criterion, version and parameters of all that is under
    `verified_by`, in the order in which it is there."""


@dataclass(frozen=True, slots=True)
class SisterFile:
    """Another file of the same job: a rendition, or the master that a rendition was made of."""

    name: str
    key: str
    sha256: str
    receipt: str
    """The key of its receipt."""


@dataclass(frozen=True, slots=True)
class ReleaseForm:
    """All that has to be known of an asset before it can be released; its receipt says the same.

    `cost_usd` is the sum of all charges of the job, failed attempts included, exact. `params` and
    the verifications hold JSON values. Every time is aware and comes from the books, never from the
    clock, so that a receipt written twice is the same.
    """

    order_id: str
    order_title: str
    owner: str
    cost_center: str
    campaign: str
    job_id: str
    name: str
    prompt: str
    params: Mapping[str, object]
    seed: int
    provider: str
    model: str
    provider_ref: str | None
    attempt_id: str
    attempts: int
    """How many attempts the job took, the good one included."""
    verified_by: tuple[Verification, ...]
    approved_by: str | None
    """The person who approved it; None when the order asks for no review."""
    approved_at: datetime | None
    accepted_at: datetime
    cost_usd: Decimal
    sha256: str
    byte_count: int
    media_type: str
    width: int
    height: int
    mintage_version: str
    review: Approval | None = None
    """A person's decision, where a person had to look at it."""
    mends: tuple[Mend, ...] = ()
    """In the order in which they were made; the last one gave the released bytes."""
    changed: Mapping[str, object] | None = None
    """What the brief of this attempt was changed in after earlier ones, and why."""
    label: ToldLabel | None = None
    credentials: Signed | None = None
    renditions: tuple[SisterFile, ...] = ()
    """What was made of it and released before it."""
    master: SisterFile | None = None
    """What it was made of, for a rendition: its cost is zero, and the job's is in that receipt."""

    @property
    def key(self) -> str:
        """Where the asset is released.

        Raises:
            BadKey: campaign, order id, name or media type cannot make up a safe key.
        """
        return release_key(self.campaign, self.order_id, self.name, self.media_type)

    @property
    def receipt_key(self) -> str:
        """Where its receipt is. Raises as `key` does."""
        return receipt_key(self.campaign, self.order_id, self.name)


def receipt_json(form: ReleaseForm) -> bytes:
    """Write a form as its receipt: JSON in UTF-8, the same bytes for the same form."""
    content = {
        "mintage_receipt": RECEIPT_VERSION,
        "asset": {
            "key": form.key,
            "sha256": form.sha256,
            "bytes": form.byte_count,
            "media_type": form.media_type,
            "width": form.width,
            "height": form.height,
        },
        "order": {
            "id": form.order_id,
            "title": form.order_title,
            "owner": form.owner,
            "cost_center": form.cost_center,
            "campaign": form.campaign,
        },
        "job": {"id": form.job_id, "name": form.name},
        "brief": {
            "prompt": form.prompt,
            "params": dict(form.params),
            "seed": form.seed,
            "changed": form.changed and dict(form.changed),
        },
        "made_by": _made_by(form),
        "mended": [asdict(mend) for mend in form.mends],
        "verified_by": [_verification(one) for one in sorted(form.verified_by, key=_sorting)],
        "review": form.review and _review(form.review),
        "approved_by": form.approved_by,
        "approved_at": form.approved_at and timestamp(form.approved_at),
        "accepted_at": timestamp(form.accepted_at),
        "cost": {
            "amount": plain_decimal(form.cost_usd),
            "currency": "USD",
            **({} if form.master is None else {"booked_in": form.master.receipt}),
        },
        "label": form.label and _label(form.label),
        "credentials": form.credentials and asdict(form.credentials),
        "renditions": [asdict(one) for one in form.renditions],
        "rendition_of": form.master and asdict(form.master),
        "mintage_version": form.mintage_version,
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=2)
    return (text + "\n").encode()


def _made_by(form: ReleaseForm) -> dict[str, object]:
    return {
        "provider": form.provider,
        "model": form.model,
        "provider_ref": form.provider_ref,
        "attempt_id": form.attempt_id,
        "attempts": form.attempts,
    }


def _verification(one: Verification) -> dict[str, object]:
    return {
        "criterion": one.criterion,
        "version": one.version,
        "parameters": dict(one.parameters),
        "measured": dict(one.measured),
        "passed": one.passed,
        **({} if one.passed else {"severity": one.severity, "reason": one.reason}),
    }


def _label(label: ToldLabel) -> dict[str, object]:
    texts = {name: dict(getattr(label, name)) for name in ("title", "alt", "description", "rights")}
    return {
        **texts,
        # The main language comes first in each text, and sorted keys would hide which it is.
        "language": next(iter(label.title), ""),
        "credit": label.credit,
        "tags": list(label.tags),
        "source_type": label.source_type,
        "embedded": label.embedded,
    }


def _review(review: Approval) -> dict[str, object]:
    return {
        "by": review.by,
        "decision": review.decision,
        "because": review.because,
        "at": timestamp(review.at),
        "sha256": review.sha256,
    }


def timestamp(moment: datetime) -> str:
    """Write an aware time as ISO 8601 in UTC with a Z, microseconds included.

    Raises:
        ValueError: the time has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def plain_decimal(amount: Decimal) -> str:
    """Write an amount exactly: no exponent, no zeros without meaning, cents kept."""
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def _sorting(verification: Verification) -> tuple[str, int, str]:
    parameters = json.dumps(dict(verification.parameters), sort_keys=True, default=str)
    return verification.criterion, verification.version, parameters
