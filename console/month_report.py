"""Months and requests as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from console.output import indented, json_value, say, screen, usd_text
from console.two_persons import wanted_text
from ledger import format_usd
from ledger.closing_views import ClosingEvent, RequestState

if TYPE_CHECKING:
    from ledger.closing_views import (
        Closing,
        OpenPoint,
        PeriodView,
        ProviderRest,
        RequestView,
        StillOpen,
    )


def tell_open(refused: StillOpen) -> None:
    """Say everything that keeps a month from being closed, and whether it can be signed for."""
    count = len(refused.points)
    things = "one thing is" if count == 1 else f"{count} things are"
    say(f"mintage: {refused.period} is not closed: {things} open.")
    for point in refused.points:
        say(f"  {point.sentence}: {point.advice}.")
    if all(point.can_be_signed for point in refused.points):
        say("With --sign it is closed all the same, and --because says why you answer for it.")


def tell_closed(closed: Closing) -> None:
    """Say what a month was closed with."""
    held = "with nothing in it"
    if closed.entry_count:
        held = (
            f"with {format_usd(closed.charged_nano)} charged in {closed.entry_count:,} entries, "
            f"E{closed.first_entry_id} to E{closed.last_entry_id}"
        )
    say(f"{closed.period} is closed {held}.")
    for rest in closed.providers:
        say(f"  {_rest_text(rest)}")
    for point in closed.signed:
        say(f"  {closed.by} signed for: {point.sentence}.")
    if closed.seal_sha256 is not None:
        say(f"The newest seal is {closed.seal_sha256}")


def _rest_text(rest: ProviderRest) -> str:
    charged = f"{rest.provider} charged {format_usd(rest.charged_nano)}"
    if rest.carried_nano:
        charged += f" ({format_usd(rest.own_nano)} when each correction counts in its own month)"
    if rest.statement_nano is not None:
        return f"{charged} and billed {format_usd(rest.statement_nano)}"
    return f"{charged} and bills nobody" if rest.is_local else f"{charged}, without a statement"


def closing_json(event: Closing) -> dict[str, Any]:
    """Give an event of a month with all that was written."""
    made: dict[str, Any] = {
        "event": event.event.value,
        "at": json_value(event.at),
        "by": event.by,
        "because": event.because,
    }
    if event.event is ClosingEvent.REOPEN:
        return made | {"request": f"R{event.request_id}", "approved_by": event.approved_by}
    ids = (event.first_entry_id, event.last_entry_id)
    first, last = (None if one is None else f"E{one}" for one in ids)
    return made | {
        "entries": {"count": event.entry_count, "first": first, "last": last},
        "charged_usd": usd_text(event.charged_nano),
        "providers": [_rest_json(rest) for rest in event.providers],
        "signed": open_json(event.signed),
        "seal_sha256": event.seal_sha256,
    }


def open_json(points: Sequence[OpenPoint]) -> list[dict[str, Any]]:
    """Give the open points, each with its amount."""
    return [
        {
            "kind": point.kind.value,
            "subject": point.subject,
            "count": point.count,
            "amount_usd": usd_text(point.amount_nano),
            "says": point.sentence,
            "advice": point.advice or None,
            "can_be_signed": point.can_be_signed,
        }
        for point in points
    ]


def _rest_json(rest: ProviderRest) -> dict[str, Any]:
    def text(nano: int | None) -> str | None:
        return None if nano is None else usd_text(nano)

    return {
        "provider": rest.provider,
        "charged_usd": usd_text(rest.charged_nano),
        "of_other_months_usd": usd_text(rest.carried_nano),
        "statement": rest.statement_number,
        "billed_usd": text(rest.statement_nano),
        "rest_usd": text(rest.rest_nano),
        "bills_nobody": rest.is_local,
    }


def periods_json(views: Sequence[PeriodView]) -> list[dict[str, Any]]:
    """Give every month with its whole history."""
    return [
        {
            "period": view.period,
            "state": "closed" if view.is_closed else "open",
            "ended": view.has_ended,
            "entries": view.entry_count,
            "charged_usd": usd_text(view.charged_nano),
            "providers": [_rest_json(rest) for rest in view.providers],
            "reopened": view.reopenings,
            "events": [closing_json(event) for event in view.events],
        }
        for view in views
    ]


def tell_periods(views: Sequence[PeriodView]) -> None:
    """Print each month: how it stands, what it came to, and who did what with it."""
    out = screen()
    if not views:
        out.print("The books have no entries yet.")
    for number, view in enumerate(views):
        if number:
            out.print()
        out.print(_headline(view))
        for by, line in _period_lines(view):
            out.print(indented(line, by))


def _headline(view: PeriodView) -> str:
    state = "closed" if view.is_closed else "open"
    running = "" if view.has_ended else ", and not over yet"
    count = f"{view.entry_count:,} entr{'y' if view.entry_count == 1 else 'ies'}"
    return f"{view.period} is {state}{running}: {format_usd(view.charged_nano)} in {count}."


def _period_lines(view: PeriodView) -> Iterator[tuple[int, str]]:
    """What belongs below a month's headline, each with its indent."""
    for rest in view.providers:
        yield 2, f"{_rest_text(rest)}."
    for event in view.events:
        when = f"{event.at:%Y-%m-%d %H:%M} UTC"
        if event.event is ClosingEvent.REOPEN:
            two = f"{event.by} asked (R{event.request_id}) and {event.approved_by} approved"
            yield 2, f"Reopened {when}: {two}: {event.because}"
            continue
        yield 2, f"Closed {when} by {event.by}: {event.because}"
        for point in event.signed:
            yield 4, f"Signed for {format_usd(point.amount_nano)}: {point.sentence}."


def tell_requests(found: Sequence[RequestView]) -> None:
    """Print each request: what, who and why, and what is to be done."""
    out = screen()
    if not found:
        out.print("Nothing waits for a second person.")
    for number, request in enumerate(found):
        if number:
            out.print()
        wanted = wanted_text(request)
        out.print(f"{request.name}: {wanted[0].upper()}{wanted[1:]}.")
        asked = f"asked {request.at:%Y-%m-%d %H:%M} UTC by {request.by}: {request.because}"
        out.print(indented(asked, 2))
        out.print(indented(_stands(request), 2))


def _stands(request: RequestView) -> str:
    if request.state is RequestState.WAITING:
        return f"waits for another person: mintage ledger approve {request.name} --by …"
    if request.answered_at is None:
        return f"{request.state.value}; ask again for what is wanted now"
    why = f": {request.answer_because}" if request.answer_because else ""
    when = f"{request.answered_at:%Y-%m-%d %H:%M} UTC"
    return f"{request.state.value} {when} by {request.answered_by}{why}"


def request_json(request: RequestView) -> dict[str, Any]:
    """Give a request with all that was written."""

    def text(nano: int | None) -> str | None:
        return None if nano is None else usd_text(nano)

    return {
        "request": request.name,
        "kind": request.kind.value,
        "state": request.state.value,
        "at": json_value(request.at),
        "by": request.by,
        "because": request.because,
        "scope": request.scope,
        "subject": request.subject,
        "period": request.period,
        "before_usd": text(request.before_nano),
        "amount_usd": text(request.amount_nano),
        "answered_at": json_value(request.answered_at),
        "answered_by": request.answered_by,
        "answer_because": request.answer_because,
    }
