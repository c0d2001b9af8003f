"""What a builder promises: a brief in, bytes and usage out.

A builder never sees the criteria that will judge its work, never retries a paid request blindly,
and never rounds money: it reports exact quantities and unit prices, and the books do the sums.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Brief:
    """What a generator is told for one attempt. Sizes in pixels; `format` is png, jpeg, webp or avif."""

    prompt: str
    width: int
    height: int
    format: str
    seed: int
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One priced quantity, exact and unrounded. `unit_price_usd` comes from a model card."""

    metric: str
    quantity: Decimal
    unit: str
    unit_price_usd: Decimal

    @property
    def amount_usd(self) -> Decimal:
        """Quantity times unit price in USD, unrounded."""
        return self.quantity * self.unit_price_usd


@dataclass(frozen=True, slots=True)
class Quote:
    """What one attempt can cost: at the very most, and as a rule."""

    dearest: tuple[UsageLine, ...]
    expected: tuple[UsageLine, ...]

    @property
    def dearest_usd(self) -> Decimal:
        """The dearest possible cost in USD, unrounded: what a hold has to cover."""
        return sum((line.amount_usd for line in self.dearest), Decimal(0))

    @property
    def expected_usd(self) -> Decimal:
        """The usual cost in USD, unrounded."""
        return sum((line.amount_usd for line in self.expected), Decimal(0))


@dataclass(frozen=True, slots=True)
class Built:
    """Bytes, as they came, with what the provider says it used. The media type is a claim, not a fact."""

    data: bytes
    media_type: str
    usage: tuple[UsageLine, ...]
    provider_ref: str | None


@dataclass(frozen=True, slots=True)
class BuildFailed:
    """No usable bytes. `usage` is empty when the provider does not charge for it."""

    reason: str
    retryable: bool
    """Whether a new attempt, with a new hold and a new seed, could help."""
    usage: tuple[UsageLine, ...] = ()
    provider_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The answer was lost: something may have been created and billed; only the record can tell."""

    reason: str
    provider_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Halted:
    """Nothing was created and nothing will be until a person acts (token, credit, model gone)."""

    reason: str


Outcome = Built | BuildFailed | Lost | Halted

MaySend = Callable[[], Awaitable[bool]]


async def always() -> bool:
    """Let every request go out."""
    return True


@dataclass(frozen=True, slots=True)
class LostBuild:
    """An attempt to look up: its hold was written at `held_at`, its answer went missing at `lost_at`."""

    attempt_id: str
    brief: Brief
    request: Mapping[str, object]
    """What `Generator.request` said would be sent."""
    provider_ref: str | None
    held_at: datetime
    lost_at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """The provider's record is stable and has no such attempt: nothing was created, nothing is billed."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """It cannot be told yet; the hold stays. `reason` says what was seen."""

    reason: str
    provider_ref: str | None = None
    """Which run is the attempt's, where that can be told already: to be written down, for what tells
    it now (its input) may be gone when it has ended."""


Finding = Built | BuildFailed | Absent | Undecided


@runtime_checkable
class Checkable(Protocol):
    """A generator whose access can be tried without building anything."""

    async def check(self) -> str:
        """Say in a few words who the provider takes us for.

        Raises:
            TokenRefused: the provider knows no such token.
            ProviderUnavailable: it cannot be reached now.
        """


@runtime_checkable
class Steerable(Protocol):
    """A generator that can be told what to leave out of the picture."""

    def avoiding(self, brief: Brief, words: Sequence[str], *, chars_max: int) -> Brief:
        """Return a brief that also says what to avoid, as far as there is room; never a longer prompt.

        `words` are words for things, such as "text": nothing else of why is told. `chars_max` is
        the most that a prompt may have, beside the model's own limit.
        """


class Generator(Protocol):
    """One model of one provider. The contract suite in tests/contract runs on every implementation."""

    @property
    def provider(self) -> str:
        """The provider's word in orders and books."""

    @property
    def model(self) -> str:
        """The model's name in orders and books."""

    def problems(self, brief: Brief) -> list[str]:
        """Say, a sentence each, why this brief cannot be built; empty when it can. No network."""

    def quote(self, brief: Brief) -> Quote:
        """Price one attempt of this brief. Never touches the network."""

    def request(self, brief: Brief) -> Mapping[str, object]:
        """Say exactly what would be sent for this brief, as JSON values; recovery matches against it."""

    async def build(
        self,
        attempt_id: str,
        brief: Brief,
        created: Callable[[str], Awaitable[None]],
        may_send: MaySend = always,
    ) -> Outcome:
        """Build once, with at most one paid request.

        `may_send` is asked right before a paid request goes out, each time that one would: after
        every wait, and after a sleep of the whole machine. Where it says no, nothing is sent and
        the build ends as `Halted`.
        `created` is awaited with the provider's reference as soon as it is known and the result is
        not yet final, so that the books can hold on to it.
        Cancellation must not lose the outcome: a caller that cancels treats the attempt as lost.
        """

    async def find(
        self, lost: Sequence[LostBuild], known_refs: Collection[str]
    ) -> Mapping[str, Finding]:
        """Look lost attempts up in the provider's own record, all in one go; one finding per attempt id.

        `known_refs` are the references that the caller's books have for this provider's runs since
        the oldest of these holds, an hour before it included: such a run belongs to an attempt
        already, so it is given to no other, and is no reason to leave one undecided. An attempt of
        `lost` whose own `provider_ref` is known is looked up by it, whether it is among them or not.

        Raises:
            ProviderUnavailable: the record cannot be read now.
        """

    def stop(self) -> None:
        """Send nothing new: a build whose request is not sent yet ends as `Halted`; others go on."""

    async def aclose(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class BilledRun:
    """One run of a provider's own record, priced by its model's card, whoever asked for it."""

    ref: str
    """The provider's reference; empty where the record shows none that can be one."""
    model: str
    """The model's name in orders and books; as the provider writes it where no card has it."""
    created_at: datetime | None
    completed_at: datetime | None
    """When it ended, by the provider's clock; None where the record does not say, or cannot be
    believed."""
    status: str
    usage: tuple[UsageLine, ...]
    """What is charged for it; nothing where it is free, under way or not to be priced."""
    unpriced: str | None = None
    """Why nobody can say what it cost, in a clause; None where `usage` says it."""
    under_way: bool = False
    """It has not ended: it is billed when it does."""

    @property
    def billed_at(self) -> datetime | None:
        """When it counts: at its end, or at its creation where nobody knows the end."""
        return self.completed_at or self.created_at

    @property
    def amount_usd(self) -> Decimal | None:
        """The sum of its lines in USD, unrounded; None where it is not known."""
        if self.under_way or self.unpriced is not None:
            return None
        return sum((line.amount_usd for line in self.usage), Decimal(0))


class Statements(Protocol):
    """A provider's own record of what it ran for this account, over any span of time."""

    @property
    def provider(self) -> str:
        """The provider's word in orders and books."""

    def runs(self, since: datetime, until: datetime) -> AsyncIterator[BilledRun]:
        """Read every run that is billed from `since` on and before `until`, each once, newest first.

        A run is billed when it ends, so it counts where it completed; one that does not say when
        that was counts where it was created. A run of the span that has not ended, or that cannot
        be priced or even read, is given as such and never left out.

        Raises:
            ProviderUnavailable: the record cannot be read now; what was given until then is no
                whole statement.
        """

    async def aclose(self) -> None:
        """Let go of connections."""
