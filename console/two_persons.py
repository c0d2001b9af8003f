"""What takes two persons, told in sentences: requests, what became of them, and the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

if TYPE_CHECKING:
    from ledger import Scope
    from ledger.closing_views import RequestView

ASKED: Final = 3
"""The exit code of a command that asked for something in place of doing it."""

By = Annotated[str, Parameter(name="--by", help="Who decides: an e-mail address or a name.")]
Because = Annotated[str, Parameter(name="--because", help="Why, in a sentence.")]


def cap_text(scope: Scope, cap_nano: int | None) -> str:
    """A cap with what it is for: `a cap of $500.00 a month`."""
    from ledger import format_usd

    period = {"order": "", "cost_center": " a month", "provider": " a day"}[scope.value]
    return "no cap" if cap_nano is None else f"a cap of {format_usd(cap_nano)}{period}"


def subject_text(scope: Scope, subject: str) -> str:
    """Whose cap it is: `cost centre cc-4100`."""
    return f"{scope.value.replace('_center', ' centre')} {subject}"


def limit_text(limit_nano: int | None) -> str:
    """What one person may do alone."""
    return f"one person may raise a cap by {_most(limit_nano)}"


def _most(limit_nano: int | None) -> str:
    from ledger import format_usd

    return "any amount" if limit_nano is None else f"{format_usd(limit_nano)} a month at most"


def wanted_text(request: RequestView) -> str:
    """What a request asks for, as the end of a sentence."""
    if request.scope is not None and request.subject is not None:
        name = subject_text(request.scope, request.subject)
        before = cap_text(request.scope, request.before_nano)
        return f"{name} has {cap_text(request.scope, request.amount_nano)} in place of {before}"
    if request.period is not None:
        return f"{request.period} takes entries again"
    return f"{limit_text(request.amount_nano)}, in place of {_most(request.before_nano)}"


def tell_asked(request: RequestView, by: str) -> int:
    """Say that something waits for a second person, and how they approve it; gives the exit code."""
    from console.output import say

    if request.asked_before:
        say(
            f"{request.by} asked on {request.at:%Y-%m-%d} that {wanted_text(request)}; "
            f"it waits as {request.name}."
        )
    else:
        say(f"{by.strip()} asks that {wanted_text(request)}; this takes a second person.")
    say("Nothing has changed yet. Somebody else approves it with")
    say(f"  mintage ledger approve {request.name} --by …")
    return ASKED
