"""The words that the tables share: what a budget caps, where a hold stands, why an entry was made."""

from __future__ import annotations

from enum import StrEnum


class HoldState(StrEnum):
    """Where the money of one attempt stands."""

    OPEN = "open"
    """Set aside, under every budget that covers it."""
    CHARGED = "charged"
    """Ended by a charge, with the rest released."""
    VOIDED = "voided"
    """Ended without a charge, released whole."""


class Scope(StrEnum):
    """What a budget caps. The order of the members is the order in which budgets are locked."""

    JOB = "job"
    """All attempts of one job."""
    ORDER = "order"
    """All jobs of one order."""
    COST_CENTER = "cost_center"
    """All orders of one cost centre in one calendar month."""
    PROVIDER = "provider"
    """All that one provider does on one day: the row that everybody wants, so it is locked last."""


class DecisionKind(StrEnum):
    """What a person decided about an attempt that nobody can tell the end of."""

    CHARGE = "charge"
    """It is booked as having cost what the person says."""
    VOID = "void"
    """It is booked as having cost nothing."""


class EntryKind(StrEnum):
    """Why an entry moved money."""

    CAP = "cap"
    """authorised -> available, when an order is opened."""
    HOLD = "hold"
    """available -> held."""
    VOID = "void"
    """held -> available: the whole hold comes back."""
    CHARGE = "charge"
    """held -> payable, up to the hold."""
    RELEASE = "release"
    """held -> available: the unspent rest of a hold."""
    OVERRUN = "overrun"
    """overrun -> payable: the part of a charge above its hold."""
    RAISE = "raise"
    """authorised -> available, when somebody raises a cap."""
    LOWER = "lower"
    """available -> authorised, when somebody lowers a cap or takes it away."""
    ADJUST_UP = "adjust_up"
    """variance -> payable: the provider's invoice has more than the books had."""
    ADJUST_DOWN = "adjust_down"
    """payable -> variance: the provider's invoice has less than the books had."""


class AdjustmentReason(StrEnum):
    """Why the books were adjusted to a provider's statement."""

    PRICE = "price"
    """The provider has the same run at another price."""
    ONLY_THEIRS = "only_theirs"
    """The provider bills a run that the books do not have."""
    ONLY_OURS = "only_ours"
    """The books charged a run that the provider does not bill."""
    REFUND = "refund"
    """The provider gives money back."""
    OTHER_PERIOD = "other_period"
    """The provider bills in one period what the books charged in another."""
    INVOICE = "invoice"
    """The invoice's sum is another than that of its lines."""
    ROUNDING = "rounding"
    """The invoice rounds its lines to cents."""


class ReviewDecision(StrEnum):
    """What a person decided about a file that waited for them."""

    APPROVED = "approved"
    """It goes on to release."""
    REJECTED = "rejected"
    """It goes no further; its job is built again while attempts are left."""


class MendKind(StrEnum):
    """What makes the very same output right without paying; each once for an attempt."""

    RECROP = "recrop"
    """Bars are cut off, or the picture is cropped to the shape that is asked for."""
    FLATTEN = "flatten"
    """What is transparent is put on white."""
    REENCODE = "reencode"
    """The file is written anew: no metadata, sRGB, eight bits."""


class VerdictSeverity(StrEnum):
    """What a rule that is broken does to the file."""

    BLOCK = "block"
    """It goes no further."""
    REVIEW = "review"
    """A person has to approve it."""
    WARN = "warn"
    """It is told, and nothing else."""
