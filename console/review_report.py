"""What waits for a person, as people read it and as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from console.job_story import verdict_line
from console.output import age, amounts, indented, json_value, screen, table, usd_text
from console.screen import Screen
from flows import Queue, Waiting
from flows.rework import Changes
from ledger import VerdictRecord, format_usd

DIGEST_SHOWN = 12
"""Hex digits of a digest in the commands to paste: no two files of an order share so many."""

BLANK = "…"
"""What a person has to put in; as it stands it names nobody, and is refused."""


def commands(one: Waiting, by: str | None = None) -> dict[str, str]:
    """Give the two command lines to decide about a file, bound to it by its digest."""
    of = ("mintage", "review")
    target = (one.job.order_id, one.job.name, "--sha256", one.sha256[:DIGEST_SHOWN])
    who = ("--by", by or BLANK)
    return {
        "approve": _line(*of, "approve", *target, *who),
        "reject": _line(*of, "reject", *target, *who, "--because", BLANK),
    }


def _line(*words: str) -> str:
    return " ".join(word if word == BLANK else shlex.quote(word) for word in words)


def waiting_json(
    one: Waiting, *, by: str | None = None, saved: Path | None = None
) -> dict[str, Any]:
    """Give a file that waits with all that is known of it; money as decimal strings in USD."""
    job = one.job
    return {
        "job_id": job.job_id,
        "order": job.order_id,
        "name": job.name,
        "owner": one.order.owner,
        "sha256": one.sha256,
        "file": one.where,
        "saved": None if saved is None else str(saved),
        "media_type": job.media_type,
        "bytes": job.byte_count,
        "prompt": one.prompt,
        "since": json_value(one.since),
        "why": job.reason,
        "doubts": json_value(one.doubts),
        "passed": json_value([verdict for verdict in one.verdicts if verdict.passed]),
        "earlier": json_value(one.earlier),
        "attempt": job.last_number,
        "changes": job.changes_json and json.loads(job.changes_json),
        "attempts_left": one.attempts_left,
        "cost_usd": usd_text(job.spent_nano),
        "left_usd": usd_text(one.left_nano),
        "commands": commands(one, by),
    }


def queue_json(queue: Queue) -> dict[str, Any]:
    """Give how an order's reviews stand; the share as a decimal string."""
    return {
        "order": queue.order_id,
        "owner": queue.owner,
        "share": f"{queue.share:f}",
        "drawn": queue.drawn,
        "jobs": queue.jobs,
        "waiting": queue.waiting,
        "approved": queue.approved,
        "rejected": queue.rejected,
    }


def print_queue(queue: Queue, waiting: Sequence[Waiting], *, saved: Path | None) -> None:
    """Print how an order's reviews stand, and all that wait."""
    out = screen()
    out.print(f"{queue.order_id}: {_drawn(queue)}")
    out.print(
        f"{queue.waiting:,} waiting, {queue.approved:,} approved, {queue.rejected:,} rejected so "
        f"far; {queue.owner} ordered them and does not decide."
    )
    if not waiting:
        return
    now = datetime.now(UTC)
    costs = amounts([one.job.spent_nano for one in waiting])
    out.print(
        table(
            ("asset", "waits", "cost", "left", "why"),
            [
                (one.job.name, age(now - one.since), cost, str(one.attempts_left), _why(one))
                for one, cost in zip(waiting, costs, strict=True)
            ],
            right=frozenset({"waits", "cost", "left"}),
        )
    )
    if saved is not None:
        out.print(f"Copies are in {saved}", soft_wrap=True)
    out.print(
        f"Next: `mintage review next {queue.order_id}` shows the one that waits longest.",
        soft_wrap=True,
    )


def _drawn(queue: Queue) -> str:
    if queue.share == 1:
        return f"a person sees all of its {queue.jobs:,} assets."
    if not queue.share:
        return "a person sees only what breaks a rule that asks for one."
    percent = f"{queue.share * 100:f}"
    percent = percent.rstrip("0").rstrip(".") if "." in percent else percent
    actual = Decimal(100 * queue.drawn) / max(1, queue.jobs)
    return (
        f"a person sees {percent} % of its assets, drawn by name: {queue.drawn:,} of "
        f"{queue.jobs:,} ({actual:.1f} %), and what breaks a rule that asks for one."
    )


def _why(one: Waiting) -> str:
    asked = [doubt.criterion for doubt in one.doubts if doubt.severity.value == "review"]
    warned = [f"{doubt.criterion} (warning)" for doubt in one.doubts if doubt.severity == "warn"]
    if not asked and one.earlier:
        asked = ["a file before it was rejected"]
    return ", ".join([*(asked or ["the order asks for it"]), *warned])


def print_waiting(one: Waiting, *, place: str, by: str | None, saved: Path | None) -> None:
    """Print one file that waits, in full, with the commands to decide about it."""
    out = screen()
    job = one.job
    out.print(f"{job.name} of {job.order_id} ({place})", soft_wrap=True)
    out.print(f"“{one.prompt}”")
    out.print(f"file    {one.where}", soft_wrap=True)
    if saved is not None:
        out.print(f"copy    {saved}", soft_wrap=True)
    out.print(f"sha256  {one.sha256}", soft_wrap=True)
    out.print(f"is      {job.media_type}, {job.byte_count or 0:,} bytes, attempt {job.last_number}")
    changes = Changes.from_json(job.changes_json)
    if changes is not None:
        out.print(f"made    with {changes.sentence()}")
    out.print(f"waits   {age(datetime.now(UTC) - one.since)}, since {one.since:%Y-%m-%d %H:%M} UTC")
    left = "no attempt is left" if not one.attempts_left else _attempts(one)
    out.print(f"cost    {format_usd(job.spent_nano)} so far; {left}")
    out.print(f"owner   {one.order.owner}, who does not decide")
    if one.earlier:
        out.print("Before:")
        for review in one.earlier:
            because = f": {review.because}" if review.because else ""
            out.print(indented(f"{review.by} {review.decision} another file{because}", 2))
    _print_verdicts(out, "Look at:", one.doubts)
    _print_verdicts(out, "Passed:", [verdict for verdict in one.verdicts if verdict.passed])
    lines = commands(one, by)
    out.print("To decide, one of:")
    out.print(lines["approve"], soft_wrap=True)
    out.print(lines["reject"], soft_wrap=True)


def _attempts(one: Waiting) -> str:
    many = "attempt" if one.attempts_left == 1 else "attempts"
    return f"{one.attempts_left:,} {many} and {format_usd(one.left_nano)} left"


def _print_verdicts(out: Screen, title: str, verdicts: Sequence[VerdictRecord]) -> None:
    if not verdicts:
        return
    out.print(title)
    for verdict in verdicts:
        out.print(indented(verdict_line(verdict), 2))
