"""What closing, and what takes two persons, is told in: periods, open points, requests, limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ledger.kinds import Scope

REQUEST_LASTS: Final = timedelta(days=30)
"""How long a request waits: whoever approves an older one does not know what it was asked for."""

CLOSES_AFTER: Final = timedelta(hours=1)
"""How long after its end a month can be closed: clocks of other machines may be behind."""


class ClosingEvent(StrEnum):
    """What happened to a period."""

    CLOSE = "close"
    """Nothing is booked in it any more."""
    REOPEN = "reopen"
    """It takes entries again, after two persons said so."""


class RequestKind(StrEnum):
    """What takes two persons."""

    RAISE = "raise"
    """A cap that is raised by more than the limit, or taken away."""
    LIMIT = "limit"
    """A limit that is raised, or taken away."""
    REOPEN = "reopen"
    """A closed period that is to take entries again."""


class Answer(StrEnum):
    """What became of a request."""

    APPROVED = "approved"
    """By a second person; it is in force."""
    REJECTED = "rejected"
    """By a second person."""
    WITHDRAWN = "withdrawn"
    """By whoever asked."""


class RequestState(StrEnum):
    """Where a request stands: as it was answered, or why it waits or does not."""

    WAITING = "waiting"
    """For a second person."""
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"
    """What it was to change has changed since."""
    EXPIRED = "expired"
    """Nobody answered it within `REQUEST_LASTS`."""


class PointKind(StrEnum):
    """Why a period cannot be closed yet."""

    EARLIER_OPEN = "earlier_open"
    """An earlier period has entries and is not closed; nobody can sign for that."""
    NO_STATEMENT = "no_statement"
    """A provider charged, and no statement of it was posted."""
    DIFFERS = "differs"
    """The books and a provider's statement differ."""
    OPEN_ATTEMPTS = "open_attempts"
    """Attempts that were held in the period are held still, or unknown."""


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """One thing that keeps a period from being closed."""

    kind: PointKind
    subject: str
    """A provider, or an earlier period."""
    count: int
    """Attempts, or entries."""
    amount_nano: int
    """Charged without a statement; books less statement; held; charged in the earlier period."""
    sentence: str
    """What is open."""
    advice: str = ""
    """What to do about it; nothing once somebody has signed for it."""

    @property
    def can_be_signed(self) -> bool:
        """Whether a person may answer for it instead."""
        return self.kind is not PointKind.EARLIER_OPEN


@dataclass(frozen=True, slots=True)
class ProviderRest:
    """What the books and a provider's latest statement say about a period."""

    provider: str
    charged_nano: int
    statement_number: int | None
    """None where no statement was posted."""
    statement_nano: int | None
    is_local: bool
    """Whether it bills nobody, as what runs on one's own machines."""
    carried_nano: int = 0
    """What of `charged_nano` corrects other months, less what other months have of this one's."""

    @property
    def own_nano(self) -> int:
        """What the books have of the month itself, wherever it had to be booked."""
        return self.charged_nano - self.carried_nano

    @property
    def rest_nano(self) -> int | None:
        """Books less statement; None without one."""
        return None if self.statement_nano is None else self.own_nano - self.statement_nano


@dataclass(frozen=True, slots=True)
class Closing:
    """One event of a period, as it was written."""

    closing_id: int
    at: datetime
    period: str
    event: ClosingEvent
    by: str
    because: str
    request_id: int | None
    approved_by: str | None
    """The second person of a reopening."""
    entry_count: int
    first_entry_id: int | None
    last_entry_id: int | None
    charged_nano: int
    providers: tuple[ProviderRest, ...]
    signed: tuple[OpenPoint, ...]
    seal_sha256: str | None


@dataclass(frozen=True, slots=True)
class StillOpen:
    """Why a period was not closed: everything at once."""

    period: str
    points: tuple[OpenPoint, ...]


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A month with entries, or one that was closed without any."""

    period: str
    is_closed: bool
    has_ended: bool
    entry_count: int
    charged_nano: int
    providers: tuple[ProviderRest, ...]
    """As they are now; statements that were posted after a close are in it."""
    events: tuple[Closing, ...]
    """Oldest first."""

    @property
    def latest(self) -> Closing | None:
        """The event that says how it stands."""
        return self.events[-1] if self.events else None

    @property
    def reopenings(self) -> int:
        """How often it was reopened."""
        return sum(one.event is ClosingEvent.REOPEN for one in self.events)


@dataclass(frozen=True, slots=True)
class RequestView:
    """Something that one person asked for and a second one has to approve."""

    request_id: int
    kind: RequestKind
    state: RequestState
    at: datetime
    by: str
    because: str
    scope: Scope | None
    subject: str | None
    before_nano: int | None
    amount_nano: int | None
    """The new cap or limit; None: none."""
    period: str | None
    answered_at: datetime | None
    answered_by: str | None
    answer_because: str | None
    asked_before: bool = False
    """Whether it was there already when it was asked for again."""

    @property
    def name(self) -> str:
        """How people call it: R7."""
        return f"R{self.request_id}"


@dataclass(frozen=True, slots=True)
class RaiseLimit:
    """By how much one person may raise a cap in a month, from then on."""

    limit_id: int
    limit_nano: int | None
    """None: by any amount."""
    at: datetime
    by: str
    because: str
