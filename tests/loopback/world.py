"""The provider's state: predictions, faults, counts. No sockets: the same world serves both forms.

Everything runs in the server's one event loop, so nothing is locked.
"""

from __future__ import annotations

import asyncio
import base64
import random
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from loopback.billing import BillLine, PriceList, line_for
from loopback.catalog import ModelSpec, image_count
from loopback.faults import Fault, FaultDesk
from loopback.pictures import PictureStore
from loopback.prediction import SECOND_US, Prediction, view
from loopback.settings import Settings
from loopback.shelf import Shelf
from loopback.statement import Refund

_SENSITIVE = (
    "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
)
_INTERRUPTED = "Prediction interrupted; please retry (code: PA)"
_MINUTE_S = 60.0


def new_id() -> str:
    """A prediction id as the service makes them: 26 lower-case base-32 characters."""
    return base64.b32hexencode(secrets.token_bytes(16)).decode().rstrip("=").lower()


class RateMeter:
    """How many events fell into any rolling minute, now and at most."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._recent: deque[float] = deque()
        self.peak = 0

    def current(self) -> int:
        """Events within the last minute."""
        horizon = self._clock() - _MINUTE_S
        while self._recent and self._recent[0] <= horizon:
            self._recent.popleft()
        return len(self._recent)

    def count(self) -> None:
        """One event, now."""
        self._recent.append(self._clock())
        self.peak = max(self.peak, self.current())

    def room_in_s(self) -> float:
        """Seconds until the oldest event of the minute leaves it."""
        self.current()
        return max(0.0, self._recent[0] + _MINUTE_S - self._clock()) if self._recent else 0.0


@dataclass(slots=True)
class SeenRequest:
    """A request as it arrived, and what it got: an HTTP status, or 0 for a cut connection."""

    at_us: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page of the list begins, and its filters. Numbers count predictions from zero."""

    below: int | None = None
    skip: int | None = None
    above: int | None = None
    after_us: int | None = None
    before_us: int | None = None
    source: str | None = None


class World:
    """All that one provider knows."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        meter_clock: Callable[[], float] = time.monotonic,
        ids: Callable[[], str] = new_id,
    ) -> None:
        self.settings = settings
        self.api_url = ""
        self.files_url = ""
        self.faults = FaultDesk(settings.seed, settings.faults)
        self.pictures = PictureStore(settings.picture_variants)
        self._shelf = Shelf(None if settings.shelf is None else Path(settings.shelf))
        self.predictions: list[Prediction] = []
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.posts = RateMeter(meter_clock)
        self.creates = RateMeter(meter_clock)
        self.requests: deque[SeenRequest] = deque(maxlen=settings.remembered_requests)
        self.fetches: deque[SeenRequest] = deque(maxlen=settings.remembered_requests)
        self.crashes: list[str] = []
        self.prices = PriceList()
        self.refunds: list[Refund] = []
        self.forgotten: set[str] = set()
        self.waiting = 0
        self.peak_waiting = 0
        self._by_id: dict[str, Prediction] = {}
        self._clock = clock
        self._ids = ids
        self._offset_us = 0
        # Reproducible delays and seeds are the point; ids come from elsewhere.
        self._draw = random.Random(settings.seed)  # noqa: S311 - simulated delays, not a secret
        self._changed: asyncio.Event | None = None

    def now_us(self) -> int:
        """The provider's time, which `advance` moves."""
        return round(self._clock() * SECOND_US) + self._offset_us

    def advance(self, seconds: float) -> None:
        """Let the provider's time jump forward, or back where `seconds` are negative."""
        self._offset_us += round(seconds * SECOND_US)
        self._wake()

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change settings from now on; a prediction keeps the delays it was created with."""
        self.settings = replace(self.settings, **changes)

    def find(self, prediction_id: str) -> Prediction | None:
        """The prediction with this id."""
        return self._by_id.get(prediction_id)

    def create(
        self,
        spec: ModelSpec,
        given: dict[str, Any],
        *,
        version: str,
        source: str = "api",
        deadline_s: float | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> Prediction:
        """Create a prediction and decide its whole life."""
        settings = self.settings
        now_us = self.now_us()
        start_us = now_us + self._drawn_us(settings.queue_s)
        end_us = start_us + self._drawn_us(settings.latency_s)
        completed = spec.completed(given)
        size = spec.size(completed)
        given_seed = given.get("seed")
        nominal_s = settings.predict_time_s
        prediction = Prediction(
            number=len(self.predictions),
            id=self._ids(),
            spec=spec,
            version=version,
            given=given,
            completed_input=completed,
            seed=self._draw.randrange(1 << 31) if given_seed is None else given_seed,
            source=source,
            created_us=now_us,
            start_us=start_us,
            files_us=end_us,
            end_us=end_us,
            outcome="succeeded",
            error=None,
            size=size,
            counts=spec.counts(completed, size),
            files=_file_names(spec, completed),
            listed_us=now_us + round(settings.list_lag_s * SECOND_US),
            nominal_s=None if nominal_s is None else round(self._draw.uniform(*nominal_s), 9),
            shelved=self._shelf.take(str(completed.get("prompt", ""))),
            deadline_us=None if deadline_s is None else now_us + round(deadline_s * SECOND_US),
            faults=faults,
        )
        for fault in faults:
            _apply(fault, prediction)
        self.predictions.append(prediction)
        self._by_id[prediction.id] = prediction
        self.counts["created"] += 1
        if source == "api":
            self.creates.count()
        return prediction

    def cancel(self, prediction: Prediction) -> None:
        """Cancel a prediction that has not ended; nothing happens to one that has."""
        now_us = self.now_us()
        if not prediction.is_terminal(now_us):
            prediction.canceled_us = now_us
            self._wake()

    def view(self, prediction: Prediction, at_us: int | None = None) -> dict[str, Any]:
        """The API's prediction object, now or at another moment."""
        return view(
            prediction,
            self.now_us() if at_us is None else at_us,
            api_url=self.api_url,
            files_url=self.files_url,
            retention_us=round(self.settings.retention_s * SECOND_US),
        )

    def is_removed(self, prediction: Prediction) -> bool:
        """Whether the output files are gone."""
        retention_us = round(self.settings.retention_s * SECOND_US)
        return self.now_us() >= prediction.ending()[0] + retention_us

    def page(self, key: PageKey) -> tuple[list[Prediction], bool, bool]:
        """One page, newest first; whether there are newer ones, and whether older ones."""
        size = self.settings.page_size
        if key.above is not None:
            newer = list(self._listed(key, above=key.above))
            return newer[-size:], len(newer) > size, True
        if key.skip is not None:
            listed = list(self._listed(key))[key.skip : key.skip + size + 1]
            return listed[:size], True, len(listed) > size
        older = []
        for prediction in self._listed(key, below=key.below):
            older.append(prediction)
            if len(older) > size:
                break
        return older[:size], key.below is not None, len(older) > size

    def _listed(
        self, key: PageKey, *, below: int | None = None, above: int = -1
    ) -> Iterator[Prediction]:
        now_us = self.now_us()
        top = len(self.predictions) if below is None else below
        for number in range(top - 1, above, -1):
            prediction = self.predictions[number]
            if key.after_us is not None and prediction.created_us < key.after_us:
                return
            hidden = prediction.listed_us > now_us or prediction.id in self.forgotten
            hidden = hidden or (key.source is not None and prediction.source != key.source)
            too_new = key.before_us is not None and prediction.created_us >= key.before_us
            if not hidden and not too_new:
                yield prediction

    async def wait_for_answer(self, prediction: Prediction, patience_s: float) -> None:
        """Hold until the answer can be given or the patience is over."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + patience_s
        self.waiting += 1
        self.peak_waiting = max(self.peak_waiting, self.waiting)
        try:
            while True:
                rest_s = (prediction.answerable_us() - self.now_us()) / SECOND_US
                patience_left_s = give_up - loop.time()
                if rest_s <= 0 or patience_left_s <= 0:
                    return
                await self._pause(min(rest_s, patience_left_s))
        finally:
            self.waiting -= 1

    async def _pause(self, seconds: float) -> None:
        """Sleep, but wake when the provider's time jumped or something was canceled."""
        if self._changed is None:
            self._changed = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _wake(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()

    def bill(self) -> list[BillLine]:
        """A line for each prediction that has ended, oldest first, whatever was refunded since."""
        now_us = self.now_us()
        kept = (p for p in self.predictions if p.id not in self.forgotten)
        return [self.line_for(p) for p in kept if p.is_terminal(now_us)]

    def line_for(self, prediction: Prediction) -> BillLine:
        """The bill line of a prediction that has ended, at the prices of its time."""
        return line_for(prediction, self.prices)

    def refund(self, prediction_id: str, amount: Decimal | None) -> None:
        """Give a prediction's money back, or some USD of it, now; KeyError when there is none."""
        whole = self.line_for(self._by_id[prediction_id]).amount
        self.refunds.append(
            Refund(prediction_id, self.now_us(), whole if amount is None else amount)
        )

    def forget(self, prediction_id: str) -> None:
        """Lose a prediction from list, bill and statements; KeyError when there is none."""
        self.forgotten.add(self._by_id[prediction_id].id)

    def settled_in_s(self) -> float:
        """Seconds until everything that was created has ended; 0 when it has."""
        now_us = self.now_us()
        last_us = max((p.ending()[0] for p in self.predictions), default=now_us)
        return max(0.0, (last_us - now_us) / SECOND_US)

    def _drawn_us(self, span_s: tuple[float, float]) -> int:
        return round(self._draw.uniform(*span_s) * SECOND_US)


def _file_names(spec: ModelSpec, completed: Mapping[str, Any]) -> tuple[str, ...]:
    extension = completed.get("output_format", spec.default_format)
    if spec.output == "string":
        return (f"output.{extension}",)
    return tuple(f"out-{index}.{extension}" for index in range(image_count(completed)))


def _apply(fault: Fault, prediction: Prediction) -> None:
    """Bend a prediction's life as a fault says. Other kinds act when an answer is written."""
    start_us = prediction.created_us if prediction.start_us is None else prediction.start_us
    given_us = None if fault.seconds is None else round(fault.seconds * SECOND_US)
    match fault.kind:
        case "failed":
            prediction.outcome, prediction.error = "failed", fault.error or _INTERRUPTED
        case "sensitive":
            prediction.outcome, prediction.error = "failed", fault.error or _SENSITIVE
        case "aborted":
            prediction.outcome, prediction.start_us = "aborted", None
            prediction.end_us = start_us if given_us is None else prediction.created_us + given_us
        case "canceled":
            prediction.outcome = "canceled"
            prediction.end_us = prediction.end_us if given_us is None else start_us + given_us
        case "slow_run":
            prediction.end_us = start_us + (60 * SECOND_US if given_us is None else given_us)
            prediction.files_us = prediction.end_us
        case "short_output":
            prediction.files = prediction.files[: max(0, len(prediction.files) - fault.count)]
        case "early_answer":
            prediction.end_us += SECOND_US // 5 if given_us is None else given_us
        case "get_503":
            prediction.bad_gets_left = fault.count
        case "list_lag":
            prediction.listed_us += 5 * SECOND_US if given_us is None else given_us
        case _:
            pass
