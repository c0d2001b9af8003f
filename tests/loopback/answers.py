"""The answers that the API gives: JSON objects, and errors in the shape of RFC 7807."""

from __future__ import annotations

import json

from loopback.wire import Reply


class RefusedError(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def answered(status: int, shown: object, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(shown).encode(), headers=headers)


def problem(status: int, title: str | None, detail: str, **more: object) -> Reply:
    """An error body as the API writes it."""
    shown = {"title": title, "detail": detail, "status": status, **more}
    body = {name: value for name, value in shown.items() if value is not None}
    return Reply(status, json.dumps(body).encode(), "application/problem+json")


def unauthenticated() -> Reply:
    """401: no token, or not the one that is accepted."""
    return problem(401, "Unauthenticated", "You did not pass a valid authentication token")


def not_found() -> Reply:
    """404: no such prediction, model, version or path."""
    return problem(404, "Not found", "The requested resource could not be found.")


def unavailable() -> Reply:
    """503: later, perhaps."""
    return problem(503, "Service unavailable", "The service is temporarily unavailable.")


def server_error() -> Reply:
    """500: nobody knows."""
    return problem(500, "Internal server error", "An unexpected error occurred.")


def no_credit() -> Reply:
    """402: the account has no money left."""
    detail = (
        "You have insufficient credit to run this model. Purchase credit, "
        "then please wait a few minutes before trying again."
    )
    return problem(402, "Insufficient credit", detail)


def throttled(seconds: int, *, header: bool = False) -> Reply:
    """429: too many creates; `seconds` until there is room."""
    detail = f"Request was throttled. Your rate limit resets in ~{seconds}s."
    reply = problem(429, None, detail, retry_after=seconds)
    extra = (("retry-after", str(seconds)),) if header else ()
    return Reply(reply.status, reply.body, reply.content_type, extra)


def invalid(detail: str, fields: list[dict[str, str]] | None = None) -> RefusedError:
    """422: the request or the model's input is not what the schema wants."""
    return RefusedError(problem(422, "Input validation failed", detail, invalid_fields=fields))
