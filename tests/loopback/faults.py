"""What the provider can be told to do wrong, and the draw that decides when it does.

A Fault is a rule: its kind, when it fires (probability, how often, for which requests), and the
numbers that its kind uses. For each create request, the rules are asked in order, slot by slot; in
each slot the first that fires is taken. So one prediction can have its answer cut *and* its output
truncated, but it cannot both fail and be aborted.

Slots and kinds
    answer   nothing is created:  throttle, server_error, cut_before_create, no_credit, unauthorized
             created and billed:  server_error_after_create, cut_after_create, slow_answer,
                                  early_answer (files are out while the status is still processing)
    fate     failed, sensitive, aborted, canceled, slow_run, short_output (fewer files than billed)
    output   wrong_size, cut_bytes, cut_transfer, html, output_503, output_gone, blank
    get      get_503
    list     list_lag
    listing  list_503 (drawn for each list request, not for a create)
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Slot = Literal["answer", "fate", "output", "get", "list", "listing"]

SLOTS: dict[str, Slot] = {
    **dict.fromkeys(("throttle", "server_error", "cut_before_create"), "answer"),
    **dict.fromkeys(("no_credit", "unauthorized"), "answer"),
    **dict.fromkeys(("server_error_after_create", "cut_after_create"), "answer"),
    **dict.fromkeys(("slow_answer", "early_answer"), "answer"),
    **dict.fromkeys(("failed", "sensitive", "aborted", "canceled"), "fate"),
    **dict.fromkeys(("slow_run", "short_output"), "fate"),
    **dict.fromkeys(("wrong_size", "cut_bytes", "cut_transfer", "html"), "output"),
    **dict.fromkeys(("output_503", "output_gone", "blank"), "output"),
    "get_503": "get",
    "list_lag": "list",
    "list_503": "listing",
}
CREATES_NOTHING = frozenset(
    {"throttle", "server_error", "cut_before_create", "no_credit", "unauthorized"}
)
CREATE_SLOTS: tuple[Slot, ...] = ("answer", "fate", "output", "get", "list")
_DRAWS = 1 << 64


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. Everything but `kind` has a meaning only where its line says so.

    When it fires:
        probability  0 to 1, drawn anew for each request that matches
        times, after  fires at most `times` times, and never for the first `after` matching requests
        by  "arrival" draws from the request's number; "seed" from the input's seed and how often
            that seed was seen, so that a job meets the same faults in whatever order jobs arrive
        model, prompt, seed, inputs  only for this model, a prompt that contains this text, this
            input seed, inputs that have these values

    What it does:
        seconds  throttle: retry_after; cut_after_create: delay before the cut; slow_answer: delay
            of the answer; early_answer: how much longer the status stays processing; aborted,
            canceled: when; slow_run: the run's length; list_lag: how long the list does not show it
        count  get_503, output_503, cut_transfer: how many answers are bad before good ones;
            short_output: how many files are missing
        error  failed, sensitive: the prediction's error text
        with_counts  failed: the metrics show image counts although nothing is charged
        size  wrong_size: pixels (width, height); half the asked size without it
        content_type  html: what the HTML claims to be
        header  throttle: a Retry-After header as well (the API documents only the body)
        reset  cut_*: a TCP reset instead of an orderly close
    """

    kind: str
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    by: Literal["arrival", "seed"] = "arrival"
    model: str | None = None
    prompt: str | None = None
    seed: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    count: int = 1
    error: str | None = None
    with_counts: bool = False
    size: tuple[int, int] | None = None
    content_type: str = "image/webp"
    header: bool = False
    reset: bool = False

    def __post_init__(self) -> None:
        if self.kind not in SLOTS:
            known = ", ".join(sorted(SLOTS))
            raise ValueError(f"There is no fault {self.kind!r}; there are {known}.")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"The probability of a fault is 0 to 1, not {self.probability}.")

    def as_json(self) -> dict[str, Any]:
        """The rule as plain values, for the control endpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Fault:
        """The rule that `as_json` wrote."""
        size = given.get("size")
        return cls(**{**given, "size": tuple(size) if size else None})

    def matches(self, model: str, given: Mapping[str, Any]) -> bool:
        """Whether a request for `model` with this input is one that the rule is about."""
        return (
            self.model in {None, model}
            and (self.prompt is None or self.prompt in str(given.get("prompt", "")))
            and (self.seed is None or given.get("seed") == self.seed)
            and all(given.get(name) == value for name, value in self.inputs.items())
        )


class FaultDesk:
    """The rules in force and how often each has matched and fired."""

    def __init__(self, seed: int, rules: Iterable[Fault] = ()) -> None:
        self._seed = seed
        self._rules: list[Fault] = []
        self._matched: Counter[int] = Counter()
        self._fired: Counter[int] = Counter()
        self._sightings: Counter[object] = Counter()
        self.counts: Counter[str] = Counter()
        self.add(rules)

    def add(self, rules: Iterable[Fault]) -> None:
        """Put rules behind those that are in force."""
        self._rules.extend(rules)

    def clear(self) -> None:
        """Forget all rules; what was counted stays."""
        self._rules.clear()
        self._matched.clear()
        self._fired.clear()

    def drawn_for_create(self, arrival: int, model: str, given: Mapping[str, Any]) -> list[Fault]:
        """The faults of one create request, at most one for each slot."""
        seed = given.get("seed")
        sighting = self._sightings[seed]
        self._sightings[seed] += 1
        keys = {"arrival": f"{arrival}", "seed": f"{seed}/{sighting}"}
        drawn: list[Fault] = []
        for slot in CREATE_SLOTS:
            fault = self._first(slot, keys, model, given)
            if fault is None:
                continue
            drawn.append(fault)
            if fault.kind in CREATES_NOTHING:
                break
        return drawn

    def drawn_for_list(self, arrival: int) -> Fault | None:
        """The fault of one list request, if it has one."""
        keys = {"arrival": f"list/{arrival}", "seed": f"list/{arrival}"}
        return self._first("listing", keys, "", {})

    def _first(
        self, slot: Slot, keys: Mapping[str, str], model: str, given: Mapping[str, Any]
    ) -> Fault | None:
        for index, rule in enumerate(self._rules):
            if SLOTS[rule.kind] != slot or not (slot == "listing" or rule.matches(model, given)):
                continue
            self._matched[index] += 1
            spent = rule.times is not None and self._fired[index] >= rule.times
            if spent or self._matched[index] <= rule.after:
                continue
            if rule.probability < 1 and self._draw(index, keys[rule.by]) >= rule.probability:
                continue
            self._fired[index] += 1
            self.counts[rule.kind] += 1
            return rule
        return None

    def _draw(self, index: int, key: str) -> float:
        text = f"{self._seed}/{index}/{key}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / _DRAWS
