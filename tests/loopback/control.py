"""The commands under /_control/ and the face that both forms of the provider offer to a test.

Each command is a function of the World and its arguments that returns plain JSON values. The
thread form calls it in the server's loop, the process form by `POST /_control/{command}`; a test
sees the same dataclasses either way. None of this is part of Replicate's API.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from loopback.billing import BillItem, BillLine
from loopback.catalog import MODELS
from loopback.errors import BadCommandError, LoopbackError
from loopback.faults import Fault
from loopback.prediction import microseconds, timestamp
from loopback.statement import as_csv, as_json, lines_between
from loopback.world import SeenRequest, World


@dataclass(frozen=True, slots=True)
class Counters:
    """What the provider has counted since its start.

    posts  create requests that arrived with a good token, whatever became of them
    created  predictions, also those that were created elsewhere
    gets, lists, cancels, fetches  other requests; `fetches` are of output files
    faults  how often each kind of fault was drawn
    statuses  API answers by HTTP status; 0 counts cut connections
    ended  ended predictions by status
    peak_creates_per_minute, peak_posts_per_minute  most in any rolling minute of real time
    peak_waiting  most create requests held open at once
    """

    posts: int
    created: int
    gets: int
    lists: int
    cancels: int
    fetches: int
    bytes_delivered: int
    throttled_by_rate: int
    pictures_drawn: int
    peak_creates_per_minute: int
    peak_posts_per_minute: int
    peak_waiting: int
    faults: dict[str, int]
    statuses: dict[int, int]
    ended: dict[str, int]


@dataclass(frozen=True, slots=True)
class SeenPrediction:
    """One prediction as the provider knows it; `faults` are the kinds that it had."""

    id: str
    model: str
    version: str
    status: str
    input: dict[str, Any]
    seed: int
    source: str
    created_at: str
    deadline: str | None
    metrics: dict[str, Any]
    faults: tuple[str, ...]
    fetches: dict[str, int]


def _counters(world: World) -> dict[str, Any]:
    now_us = world.now_us()
    ended: dict[str, int] = {}
    for prediction in world.predictions:
        if prediction.is_terminal(now_us):
            status = prediction.ending()[1]
            ended[status] = ended.get(status, 0) + 1
    names = ("posts", "created", "gets", "lists", "cancels", "fetches")
    more = ("bytes_delivered", "throttled_by_rate")
    return {
        **{name: world.counts[name] for name in (*names, *more)},
        "pictures_drawn": world.pictures.drawn,
        "peak_creates_per_minute": world.creates.peak,
        "peak_posts_per_minute": world.posts.peak,
        "peak_waiting": world.peak_waiting,
        "faults": dict(world.faults.counts),
        "statuses": {str(status): count for status, count in world.statuses.items()},
        "ended": ended,
    }


def _predictions(world: World) -> list[dict[str, Any]]:
    now_us = world.now_us()
    return [
        {
            "id": p.id,
            "model": p.spec.slug,
            "version": p.version,
            "status": p.status(now_us),
            "input": p.given,
            "seed": p.seed,
            "source": p.source,
            "created_at": timestamp(p.created_us),
            "deadline": None if p.deadline_us is None else timestamp(p.deadline_us),
            "metrics": p.metrics() if p.is_terminal(now_us) else {},
            "faults": [fault.kind for fault in p.faults],
            "fetches": p.fetches,
        }
        for p in world.predictions
    ]


def _bill(world: World) -> list[dict[str, Any]]:
    return [
        {
            "prediction_id": line.prediction_id,
            "model": line.model,
            "status": line.status,
            "source": line.source,
            "items": [
                [item.metric, str(item.quantity), str(item.unit_price)] for item in line.items
            ],
        }
        for line in world.bill()
    ]


def _create_elsewhere(
    world: World, model: str, model_input: dict[str, Any], source: str
) -> dict[str, Any]:
    spec = MODELS[model]
    version = (*spec.versions, "hidden")[0]
    return world.view(world.create(spec, model_input, version=version, source=source))


def _add_faults(world: World, rules: list[dict[str, Any]]) -> None:
    world.faults.add([Fault.from_json(rule) for rule in rules])


def _configure(world: World, changes: dict[str, Any]) -> None:
    pairs = {k: tuple(v) if isinstance(v, list) else v for k, v in changes.items()}
    world.configure(pairs)


def _statement(world: World, since: str, until: str, form: str, invoice: str) -> str:
    lines = list(lines_between(world, microseconds(since), microseconds(until)))
    return as_csv(lines) if form == "csv" else as_json(lines, invoice)


def _set_price(world: World, model: str, metric: str, price: str, since: str | None) -> None:
    from_us = world.now_us() if since is None else microseconds(since)
    world.prices.change(from_us, model, metric, Decimal(price))


def _refund(world: World, prediction_id: str, amount: str | None) -> None:
    world.refund(prediction_id, None if amount is None else Decimal(amount))


def _where(world: World) -> dict[str, str]:
    return {"base_url": world.api_url, "delivery_url": world.files_url}


COMMANDS: dict[str, Callable[..., Any]] = {
    "where": _where,
    "bill": _bill,
    "counters": _counters,
    "predictions": _predictions,
    "requests": lambda world: [asdict(request) for request in world.requests],
    "fetches": lambda world: [asdict(request) for request in world.fetches],
    "add_faults": _add_faults,
    "clear_faults": lambda world: world.faults.clear(),
    "configure": _configure,
    "advance": lambda world, seconds: world.advance(seconds),
    "create_elsewhere": _create_elsewhere,
    "statement": _statement,
    "set_price": _set_price,
    "refund": _refund,
    "forget": lambda world, prediction_id: world.forget(prediction_id),
    "settled_in_s": lambda world: world.settled_in_s(),
    "crashes": lambda world: list(world.crashes),
}


def run_command(world: World, name: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Run one command; BadCommandError when it does not exist or does not take the arguments."""
    command = COMMANDS.get(name)
    if command is None:
        raise BadCommandError(f"There is no control command {name!r}; use one of {[*COMMANDS]}.")
    try:
        return command(world, **arguments)
    except (TypeError, ValueError, KeyError) as error:
        message = f"The control command {name!r} cannot run with {dict(arguments)!r}: {error!r}."
        raise BadCommandError(message) from error


class Controls(ABC):
    """What a test can ask of a running provider, and tell it."""

    @abstractmethod
    def _ask(self, command: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        """Run a control command in the provider and return its JSON value."""

    @property
    @abstractmethod
    def base_url(self) -> str:
        """The API's address without /v1, as REPLICATE_BASE_URL wants it."""

    @property
    @abstractmethod
    def delivery_url(self) -> str:
        """The address in front of /files/."""

    @property
    @abstractmethod
    def token(self) -> str:
        """The API token that is accepted."""

    def environment(self) -> dict[str, str]:
        """The variables that point a Replicate client at this provider."""
        return {"REPLICATE_API_TOKEN": self.token, "REPLICATE_BASE_URL": self.base_url}

    def bill(self) -> list[BillLine]:
        """A line for each prediction that has ended, oldest first."""
        return [
            BillLine(
                line["prediction_id"],
                line["model"],
                line["status"],
                line["source"],
                tuple(
                    BillItem(metric, Decimal(quantity), Decimal(price))
                    for metric, quantity, price in line["items"]
                ),
            )
            for line in self._ask("bill")
        ]

    def total(self) -> Decimal:
        """The bill in USD, exact."""
        return sum((line.amount for line in self.bill()), Decimal(0))

    def total_nano(self) -> int:
        """The bill in 1e-9 USD, each line rounded once, half to even."""
        return sum(line.amount_nano for line in self.bill())

    def counters(self) -> Counters:
        """Everything that was counted."""
        counted = self._ask("counters")
        statuses = {int(status): count for status, count in counted.pop("statuses").items()}
        return Counters(**counted, statuses=statuses)

    def predictions(self) -> list[SeenPrediction]:
        """Every prediction, oldest first."""
        return [
            SeenPrediction(**{**shown, "faults": tuple(shown["faults"])})
            for shown in self._ask("predictions")
        ]

    def requests(self) -> list[SeenRequest]:
        """The API requests that are remembered, oldest first."""
        return [SeenRequest(**shown) for shown in self._ask("requests")]

    def fetches(self) -> list[SeenRequest]:
        """The requests for output files that are remembered, oldest first, with their headers."""
        return [SeenRequest(**shown) for shown in self._ask("fetches")]

    def add_faults(self, *rules: Fault) -> None:
        """Put rules in force, behind those that are."""
        self._ask("add_faults", rules=[rule.as_json() for rule in rules])

    def clear_faults(self) -> None:
        """Behave from now on; what was created keeps its faults."""
        self._ask("clear_faults")

    def configure(self, **changes: object) -> None:
        """Change settings (see Settings) for what comes."""
        self._ask("configure", changes=changes)

    def advance(self, seconds: float) -> None:
        """Let the provider's time jump forward: runs end, deadlines pass, data is removed.

        Its answers are dated by that time, so to a client the two clocks differ from then on;
        negative seconds put the provider's behind.
        """
        self._ask("advance", seconds=seconds)

    def create_elsewhere(
        self, model: str, model_input: dict[str, Any], *, source: str = "web"
    ) -> dict[str, Any]:
        """A prediction that somebody else made on the same account; it is listed and billed."""
        shown: dict[str, Any] = self._ask(
            "create_elsewhere", model=model, model_input=model_input, source=source
        )
        return shown

    def statement(
        self,
        since: datetime,
        until: datetime,
        *,
        form: Literal["csv", "json"] = "csv",
        invoice: str = "INV-1",
    ) -> str:
        """What the provider bills for a span, as it sends it (see `loopback.statement`)."""
        text: str = self._ask(
            "statement",
            since=since.isoformat(),
            until=until.isoformat(),
            form=form,
            invoice=invoice,
        )
        return text

    def set_price(
        self, model: str, metric: str, price: Decimal, *, since: datetime | None = None
    ) -> None:
        """Charge another price, in USD, for what is created from a moment on, or from now."""
        moment = None if since is None else since.isoformat()
        self._ask("set_price", model=model, metric=metric, price=str(price), since=moment)

    def refund(self, prediction_id: str, amount: Decimal | None = None) -> None:
        """Give back, now, what a prediction cost, or an amount of USD; the statement shows it."""
        self._ask(
            "refund", prediction_id=prediction_id, amount=None if amount is None else str(amount)
        )

    def forget(self, prediction_id: str) -> None:
        """Lose a prediction from list, bill and statements, as if it had never been."""
        self._ask("forget", prediction_id=prediction_id)

    def wait_until_settled(self, timeout_s: float = 30.0) -> None:
        """Return when every prediction has ended; LoopbackError after `timeout_s`."""
        give_up = time.monotonic() + timeout_s
        while rest_s := float(self._ask("settled_in_s")):
            if time.monotonic() + rest_s > give_up:
                message = f"The last prediction ends in {rest_s:.1f} s, beyond {timeout_s} s."
                raise LoopbackError(f"{message} Wait longer, or advance the provider's time.")
            time.sleep(rest_s)
