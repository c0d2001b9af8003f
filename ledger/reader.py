"""The reading side of the books: plain methods, each on a connection of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import IO, Any

from sqlalchemy import Connection

from ledger import (
    asset_costs,
    caps_reading,
    fingerprints,
    forecasting,
    known_refs,
    known_verdicts,
    mends,
    proving,
    quotes,
    reading,
    released,
    renditions,
    reviews,
    signings,
    stories,
    verdict_marks,
    withdrawals,
)
from ledger.asset_costs import AssetCosts
from ledger.closing_reader import ClosingReader
from ledger.exports import charge_rows, exporting
from ledger.exports.exporting import Exported, ExportWish
from ledger.file_views import RenditionView, SigningView, WithdrawalView, WithdrawnView
from ledger.forecasting import Forecast, Wish
from ledger.instants import to_us
from ledger.invoices.reader import InvoiceReader
from ledger.kinds import ReviewDecision
from ledger.records import (
    AttemptState,
    JobState,
    Quoted,
    VerdictRecord,
)
from ledger.reports.reader import ReportReader
from ledger.selection import EVERYTHING, Selection
from ledger.story_views import JobStory
from ledger.verdict_marks import VerdictMark
from ledger.views import (
    BudgetView,
    CapRule,
    ChargeRow,
    JobView,
    LostAttempt,
    MendView,
    OrderView,
    PictureHash,
    Proof,
    ReleasedView,
    ReviewView,
    Unmeasured,
    WaitingView,
)

_OPEN_ATTEMPTS = (AttemptState.HELD, AttemptState.UNKNOWN)


NO_LIMIT = 2**62
"""A LIMIT that both databases take and no list reaches."""


class Reader(ReportReader, ClosingReader, InvoiceReader):
    """What anybody may ask of the books. None of it waits for a writer, or makes one wait."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """Give a connection for one answer."""

    def budgets(self, *, past: bool = False) -> list[BudgetView]:
        """The caps of orders that are not done, cost centres' months and providers' days.

        Only running periods, unless `past` is asked for too, which brings done orders as well.
        """
        with self._snapshot() as connection:
            return caps_reading.listed(connection, self.today(), past=past)

    def cap_rules(self) -> list[CapRule]:
        """Every cap that people set, in the order they were set; the last of a subject stands."""
        with self._reading() as connection:
            return caps_reading.rules(connection)

    def order(self, order_id: str) -> OrderView | None:
        """One order, or None."""
        with self._reading() as connection:
            return reading.order(connection, order_id)

    def quoted(self, order_id: str) -> Quoted | None:
        """What an order was quoted when it was opened; None where that was not kept yet."""
        with self._reading() as connection:
            return quotes.of_order(connection, order_id)

    def orders(self, limit: int | None = None) -> list[OrderView]:
        """The newest orders, newest first; all of them without a limit."""
        with self._reading() as connection:
            return reading.orders_newest_first(connection, NO_LIMIT if limit is None else limit)

    def find_orders(self, slug: str) -> list[OrderView]:
        """All editions of a slug, newest first."""
        with self._reading() as connection:
            return reading.orders_of_slug(connection, slug)

    def jobs(self, job_ids: Sequence[str]) -> list[JobView]:
        """Jobs in the order asked; ids that are not in the books are left out."""
        with self._reading() as connection:
            return reading.jobs_of(connection, job_ids)

    def job_ids(
        self,
        order_id: str,
        states: Collection[JobState],
        after_position: int = -1,
        limit: int = 1000,
    ) -> list[tuple[int, str]]:
        """One page of (position, job id), in position order, of the jobs in these states."""
        with self._reading() as connection:
            return reading.job_ids(connection, order_id, states, after_position, limit)

    def job_counts(self, order_id: str) -> dict[JobState, int]:
        """How many of an order's jobs are in each state, zeros included."""
        with self._reading() as connection:
            return reading.job_counts(connection, order_id)

    def cost_by_state(self, order_id: str) -> dict[JobState, int]:
        """Nano-USD that an order's jobs have cost, overruns included, by their state now."""
        with self._reading() as connection:
            return reading.cost_by_state(connection, order_id)

    def attempt_count(self, order_id: str) -> int:
        """How many attempts an order has made, those that do not count included."""
        with self._reading() as connection:
            return reading.attempt_count(connection, order_id)

    def lost(
        self, order_id: str | None = None, states: Collection[AttemptState] = _OPEN_ATTEMPTS
    ) -> list[LostAttempt]:
        """Open attempts of one order or of all, oldest hold first."""
        with self._reading() as connection:
            return reading.lost(connection, order_id, states)

    def known_refs(self, provider: str, since: datetime) -> frozenset[str]:
        """What the provider calls the attempts that were held since then, of whatever order."""
        with self._reading() as connection:
            return known_refs.held_since(connection, provider, to_us(since))

    def released(self, order_id: str) -> Iterator[ReleasedView]:
        """An order's releases in the order of their names, streamed."""
        with self._reading() as connection:
            yield from released.of_order(connection, order_id)

    def released_one(self, job_id: str) -> ReleasedView | None:
        """One job's release, or None."""
        with self._reading() as connection:
            return released.of_job(connection, job_id)

    def released_of_campaign(self, campaign: str) -> Iterator[ReleasedView]:
        """A campaign's releases of all its orders, streamed: by slug and name, the newest first."""
        with self._snapshot() as connection:
            yield from released.of_campaign(connection, campaign)

    def release_mark(self, campaign: str) -> tuple[int, int]:
        """How many releases and withdrawals a campaign has: both only grow."""
        with self._snapshot() as connection:
            return released.mark(connection, campaign)

    def released_by_sha256(self, sha256: str) -> list[ReleasedView]:
        """The releases whose master or whose rendition is these very bytes, oldest first."""
        with self._snapshot() as connection:
            return released.with_bytes(connection, sha256)

    def withdrawal(self, job_id: str) -> WithdrawalView | None:
        """Who took one job's asset back, when and why; None where nobody did."""
        with self._reading() as connection:
            return withdrawals.of_job(connection, job_id)

    def withdrawals(self, order_id: str) -> Iterator[WithdrawnView]:
        """An order's withdrawn assets in the order of their names, streamed."""
        with self._reading() as connection:
            yield from withdrawals.of_order(connection, order_id)

    def renditions(self, attempt_ids: Sequence[str]) -> dict[str, tuple[RenditionView, ...]]:
        """What was made of attempts' masters; attempts without any are left out."""
        with self._reading() as connection:
            return renditions.of_attempts(connection, attempt_ids)

    def rendition_verdicts(
        self, attempt_ids: Sequence[str]
    ) -> dict[tuple[str, int], tuple[VerdictRecord, ...]]:
        """The verdicts on renditions' final bytes, by attempt and the rendition's number."""
        with self._reading() as connection:
            return renditions.verdicts_of(connection, attempt_ids)

    def verdict_marks(
        self, attempt_ids: Sequence[str]
    ) -> dict[tuple[str, int], tuple[VerdictMark, ...]]:
        """The verdicts on final bytes in short, by attempt and number: 0 is the master."""
        with self._reading() as connection:
            return verdict_marks.of_files(connection, attempt_ids)

    def signings(self, attempt_ids: Sequence[str]) -> dict[tuple[str, int], SigningView]:
        """Which files of attempts were signed, by attempt and number: 0 is the master."""
        with self._reading() as connection:
            return signings.of_attempts(connection, attempt_ids)

    def verdicts(self, attempt_id: str) -> tuple[VerdictRecord, ...]:
        """The verdicts on one attempt's bytes as they are now, in the order they were written."""
        with self._reading() as connection:
            return reading.verdicts_of(connection, [attempt_id]).get(attempt_id, ())

    def known_verdicts(self, digests: Collection[str]) -> dict[str, tuple[VerdictRecord, ...]]:
        """Every finding on bytes with these digests, of whatever job; unknown digests are left out."""
        with self._reading() as connection:
            return known_verdicts.of_digests(connection, digests)

    def that_blocked(self, job_id: str) -> list[tuple[int, VerdictRecord]]:
        """What refused the attempts of a job, each with the attempt's number, oldest first."""
        with self._reading() as connection:
            return known_verdicts.that_blocked(connection, job_id)

    def mends(self, attempt_id: str) -> tuple[MendView, ...]:
        """What was done to one attempt's output without paying, in the order it was done."""
        with self._reading() as connection:
            return mends.of_attempts(connection, [attempt_id]).get(attempt_id, ())

    def came_size(self, attempt_id: str) -> tuple[int, int] | None:
        """Width and height of an attempt's picture before it was finished, where they are known."""
        with self._reading() as connection:
            return mends.came_size(connection, attempt_id)

    def came_sha256(self, attempt_id: str) -> str | None:
        """The provider's own bytes, where they had content credentials that the file has not."""
        with self._reading() as connection:
            return mends.came_sha256(connection, attempt_id)

    def verdicts_on(self, attempt_ids: Sequence[str]) -> dict[str, tuple[VerdictRecord, ...]]:
        """The same for many attempts at once; those without any are left out."""
        with self._reading() as connection:
            return reading.verdicts_of(connection, attempt_ids)

    def reviews(self, job_ids: Sequence[str]) -> dict[str, tuple[ReviewView, ...]]:
        """What people decided about these jobs' files, oldest first; jobs without any are left out."""
        with self._reading() as connection:
            return reviews.of_jobs(connection, job_ids)

    def waiting(
        self, order_id: str, limit: int, after: WaitingView | None = None
    ) -> list[WaitingView]:
        """One page of an order's jobs that wait for a person, those that wait longest first."""
        with self._reading() as connection:
            return reviews.waiting(connection, order_id, limit, after)

    def passed_pictures(self, order_id: str) -> list[PictureHash]:
        """What the pictures of an order that have passed inspection look like, oldest first."""
        with self._reading() as connection:
            return fingerprints.of_order(connection, order_id)

    def released_pictures(self, after: int, limit: int) -> list[tuple[int, int]]:
        """The next released pictures of all orders: their numbers in order, and what they look like.

        A hash is a number from 0 to below 2**64. On PostgreSQL a number can become visible after
        a higher one: gaps have to be looked at again.
        """
        with self._reading() as connection:
            return fingerprints.released(connection, after, limit)

    def released_job(self, number: int) -> str | None:
        """The job whose released picture has this number, or None."""
        with self._reading() as connection:
            return fingerprints.released_job(connection, number)

    def unmeasured(self, after: str = "", limit: int = 1000) -> list[Unmeasured]:
        """Released pictures of which nobody measured what they look like, by their attempts' ids."""
        with self._reading() as connection:
            return fingerprints.without(connection, after, limit)

    def unmeasured_count(self) -> int:
        """How many released pictures nobody has measured."""
        with self._reading() as connection:
            return fingerprints.without_count(connection)

    def waits(self, job_id: str) -> WaitingView | None:
        """Since when one job waits for a person, or None."""
        with self._reading() as connection:
            return reviews.waits(connection, job_id)

    def review_counts(self, order_id: str) -> dict[ReviewDecision, int]:
        """How many of an order's files people approved and rejected."""
        with self._reading() as connection:
            return reviews.counts(connection, order_id)

    def story(self, job_id: str) -> JobStory | None:
        """Everything that was written about one job, or None."""
        with self._snapshot() as connection:
            return stories.story(connection, job_id)

    def asset_costs(self, selection: Selection = EVERYTHING) -> AssetCosts:
        """What the released assets of a selection cost, order by order, rejects included."""
        with self._snapshot() as connection:
            return asset_costs.asset_costs(connection, selection)

    def forecast(self, wish: Wish) -> Forecast:
        """What a month will have cost when it ends: spent, held, and the nights still to come.

        Raises:
            SelectionRefused: it is not one whole month, or by or of what no forecast is.
        """
        with self._snapshot() as connection:
            return forecasting.forecast(connection, wish)

    def charges(self, selection: Selection = EVERYTHING) -> Iterator[ChargeRow]:
        """One row per charge, overrun and adjustment, in the order they were booked, streamed.

        The amounts of all of them add up to what the summary of the same selection says was
        charged.
        """
        with self._snapshot() as connection:
            yield from charge_rows.charge_rows(connection, selection)

    def export(self, wish: ExportWish, out: IO[Any]) -> Exported:
        """Write the charges of a selection to `out` in one of the formats of `ledger.exports`.

        Raises:
            ExportRefused: the format cannot be written here, or what was written does not add up
                to the summary of the same selection: then `out` is not to be kept.
        """
        with self._snapshot() as connection:
            return exporting.export(connection, wish, out)

    def verify(self) -> Proof:
        """Derive everything again from the entries; says the first thing that does not hold."""
        with self._snapshot() as connection:
            return proving.prove(connection, self._now_us())
