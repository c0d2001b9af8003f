"""Where releases are written down: the books, and the manifests and receipts in the store.

Both are asked the same two things: who was released with these bytes, and what was released for this
job. Each answers with all that it knows, the cost only where it comes from the books.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from assets import AssetsError, BadKey, ManifestRow, Missing, Store, Withdrawn, receipt_key
from assets.asset_filter import AssetFilter
from assets.layout import RELEASED, edition_prefix
from assets.listing import Edition, editions
from flows.manifest_rows import manifest_rows
from ledger import AttemptStory, Books, JobState, ReleasedView, ReviewDecision

RECEIPT_BYTES_MAX: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Taking:
    """When a release was taken back, and why; by whom where the books or the receipt say it."""

    at: datetime
    because: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """One released file as a register knows it. `cost_usd` is None where the books were not asked."""

    job_id: str
    order_id: str
    campaign: str
    key: str
    sha256: str
    provider: str = ""
    model: str = ""
    released_at: datetime | None = None
    approved_by: str = ""
    """The person who approved it; empty when nobody was asked."""
    verified_by: tuple[str, ...] = ()
    """The rules that it passed."""
    master: str = ""
    """The key of what it is a rendition of."""
    withdrawn: Taking | None = None
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NeverReleased:
    """Bytes that a job of ours made and that were not released; `because` is the reason as sentences."""

    because: str


class Register(Protocol):
    """One place where releases are written down."""

    def with_bytes(self, digests: Collection[str]) -> Iterable[KnownRelease]:
        """Name the releases with these very bytes, told by SHA-256; of each all there are."""

    def of_job(self, job_id: str) -> Iterable[KnownRelease]:
        """Name what was released for one job: its master and its renditions."""


@dataclass(frozen=True, slots=True)
class BooksRegister:
    """The books: they know every release, and what it cost."""

    books: Books

    def with_bytes(self, digests: Collection[str]) -> Iterator[KnownRelease]:
        """See `Register`."""
        for digest in digests:
            for one in self._known(self.books.released_by_sha256(digest)):
                if one.sha256 == digest:
                    yield one

    def of_job(self, job_id: str) -> Iterator[KnownRelease]:
        """See `Register`."""
        view = self.books.released_one(job_id)
        return self._known([] if view is None else [view])

    def has_order(self, order_id: str) -> bool:
        """Say whether the books know an order at all."""
        return self.books.order(order_id) is not None

    def never_released(self, job_id: str, sha256: str) -> NeverReleased | None:
        """Tell of bytes that an attempt of a job has or had; None where it never had them."""
        story = self.books.story(job_id)
        if story is None:
            return None
        for attempt in story.attempts:
            signed = _signed_digests(attempt)
            if sha256 in signed or sha256 in _unsigned_digests(attempt):
                done = "built and signed" if sha256 in signed else "built"
                return NeverReleased(
                    f"We {done} these very bytes for this job, and never released them: "
                    f"{_fate(story.job.state, attempt, story.release)}"
                )
        return None

    def _known(self, views: list[ReleasedView]) -> Iterator[KnownRelease]:
        taken = {view.job_id: self._taking(view) for view in views}
        for row in manifest_rows(self.books, views):
            yield replace(_from_row(row), cost_usd=row.cost_usd, withdrawn=taken[row.job_id])

    def _taking(self, view: ReleasedView) -> Taking | None:
        found = self.books.withdrawal(view.job_id) if view.withdrawn else None
        return None if found is None else Taking(found.at, found.because, found.by)


@dataclass(frozen=True, slots=True)
class StoreRegister:
    """The store: what its manifests and receipts say, for those who have no books.

    An order's manifests are read once. Everything is read only to find bytes that name no job.
    """

    store: Store
    _of_order: dict[str, tuple[KnownRelease, ...]] = field(default_factory=dict)

    def with_bytes(self, digests: Collection[str]) -> Iterator[KnownRelease]:
        """See `Register`; reads every manifest."""
        wanted = frozenset(digests)
        for edition in editions(self.store):
            for row in edition.rows:
                if row.sha256 in wanted:
                    yield _from_row(row)
            for one in edition.header.withdrawn:
                if one.sha256 in wanted:
                    yield self._withdrawn(one)

    def of_job(self, job_id: str) -> Iterator[KnownRelease]:
        """See `Register`; reads the manifests of the job's order, else the job's receipt."""
        order_id, _, name = job_id.partition("#")
        if not name or not _is_order_id(order_id):
            return
        if order_id not in self._of_order:
            try:
                found = tuple(self._in_editions(editions(self.store, AssetFilter(order=order_id))))
            except BadKey:
                # With a campaign before it, no key could be so long: nothing was released as that.
                found = ()
            self._of_order[order_id] = found
        listed = [one for one in self._of_order[order_id] if one.job_id == job_id]
        # A running order has no manifest yet, or one that is older than its newest releases.
        yield from listed or self._by_receipt(order_id, name)

    def _in_editions(self, found: Iterable[Edition]) -> Iterator[KnownRelease]:
        for edition in found:
            yield from map(_from_row, edition.rows)
            yield from map(self._withdrawn, edition.header.withdrawn)

    def _withdrawn(self, one: Withdrawn) -> KnownRelease:
        """Tell of an asset that no manifest lists any more; its receipt is still there."""
        order_id, _, _ = one.job_id.partition("#")
        campaign = one.key.split("/")[1] if one.key.count("/") else ""
        stem = one.key.rpartition(".")[0]
        slug, _, edition = order_id.partition("@")
        name = stem.removeprefix(f"{RELEASED}{campaign}/{slug}/{edition}/")
        known = KnownRelease(one.job_id, order_id, campaign, one.key, one.sha256)
        with suppress(AssetsError):
            told = self._receipt(receipt_key(campaign, order_id, name))
            if told is not None and told.sha256 == one.sha256:
                known = told
        return replace(known, withdrawn=Taking(one.at, one.because, _by(known)))

    def _by_receipt(self, order_id: str, name: str) -> Iterator[KnownRelease]:
        for prefix in self.store.folders(RELEASED):
            campaign = prefix.split("/")[1]
            try:
                key = receipt_key(campaign, order_id, name)
            except BadKey:
                return
            told = self._receipt(key)
            # The receipt is put before its asset, which then is not released yet.
            if told is not None and self.store.head(told.key) is not None:
                yield told

    def _receipt(self, key: str) -> KnownRelease | None:
        try:
            head = self.store.head(key)
            if head is None or head.byte_count > RECEIPT_BYTES_MAX:
                return None
            said = json.loads(self.store.get(key))
        except (Missing, ValueError, RecursionError):
            return None
        return _from_receipt(said) if isinstance(said, dict) else None


def _signed_digests(attempt: AttemptStory) -> set[str]:
    signings = [attempt.signing.signing] if attempt.signing else []
    signings += [one.signing for one in attempt.renditions if one.signing is not None]
    return {one.to_sha256 for one in signings}


def _unsigned_digests(attempt: AttemptStory) -> set[str | None]:
    """Give all other bytes of an attempt: as they came, as they were mended, before they were signed."""
    return {
        attempt.sha256,
        attempt.came_sha256,
        *(mend.from_sha256 for mend in attempt.mends),
        *((attempt.signing.signing.from_sha256,) if attempt.signing else ()),
        *(one.rendition.sha256 for one in attempt.renditions),
        *(one.signing.from_sha256 for one in attempt.renditions if one.signing is not None),
    }


def _fate(job: JobState, attempt: AttemptStory, released: ReleasedView | None) -> str:
    """Say as a sentence's end why an attempt's bytes are not among what was released."""
    review = attempt.review
    if review is not None and review.decision is ReviewDecision.REJECTED:
        day = f"{review.at:%Y-%m-%d}"
        because = f": {review.because}" if review.because else "."
        return f"{review.by} rejected them on {day}{because}"
    if released is not None and released.attempt_id == attempt.attempt_id:
        return "what was released was made of them."
    if job is JobState.IN_REVIEW:
        return "they wait for a person's review."
    if released is not None:
        return "they did not pass, and another attempt's file was released."
    return "they must not be used."


def _from_row(row: ManifestRow) -> KnownRelease:
    return KnownRelease(
        job_id=row.job_id,
        order_id=row.order_id,
        campaign=row.campaign,
        key=row.key,
        sha256=row.sha256,
        provider=row.provider,
        model=row.model,
        released_at=row.released_at,
        approved_by=row.approved_by,
        verified_by=row.verdicts,
        master=row.master,
    )


def _from_receipt(said: Mapping[str, Any]) -> KnownRelease | None:
    asset, order, maker = _part(said, "asset"), _part(said, "order"), _part(said, "made_by")
    if not _text(asset, "key").startswith(RELEASED):
        return None
    rules = said.get("verified_by")
    return KnownRelease(
        job_id=_text(_part(said, "job"), "id"),
        order_id=_text(order, "id"),
        campaign=_text(order, "campaign"),
        key=_text(asset, "key"),
        sha256=_text(asset, "sha256"),
        provider=_text(maker, "provider"),
        model=_text(maker, "model"),
        approved_by=_text(said, "approved_by"),
        verified_by=tuple(_rule(one) for one in rules if isinstance(one, dict))
        if isinstance(rules, list)
        else (),
        master=_text(_part(said, "rendition_of"), "key"),
        withdrawn=_taking(_part(said, "withdrawn")),
    )


def _rule(said: Mapping[str, Any]) -> str:
    name = _text(said, "criterion")
    if said.get("passed", True):
        return name
    return f"{name} (warned)" if said.get("severity") == "warn" else f"{name} (let pass)"


def _taking(said: Mapping[str, Any]) -> Taking | None:
    try:
        at = datetime.fromisoformat(_text(said, "at"))
    except ValueError:
        return None
    return Taking(at, _text(said, "because"), _text(said, "by"))


def _by(known: KnownRelease) -> str:
    return known.withdrawn.by if known.withdrawn is not None else ""


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    return found if isinstance(found, str) else ""


def _is_order_id(text: str) -> bool:
    try:
        edition_prefix("any", text)
    except BadKey:
        return False
    return True
