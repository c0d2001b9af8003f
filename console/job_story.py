"""One job's whole story, as people read it and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from console.output import amounts, indented, json_value, screen, table
from console.screen import Screen
from flows.rework import Changes
from ledger import (
    AttemptStory,
    JobStory,
    MendView,
    ReleasedView,
    RenditionStory,
    ReviewView,
    SigningView,
    VerdictRecord,
    WithdrawalView,
    format_usd,
)

if TYPE_CHECKING:
    from flows.manifest_rows import Placed


def story_json(story: JobStory) -> dict[str, Any]:
    """Give everything that the books know of one job; money as decimal strings in USD."""
    made = {
        "job_id": story.job.job_id,
        "order_id": story.order.record.order_id,
        "state": str(story.job.state),
        "job": json_value(story.job),
        "attempts": json_value(story.attempts),
        "release": None if story.release is None else _release_json(story.release),
        "withdrawal": json_value(story.withdrawal),
    }
    made["cost_usd"] = made["job"]["spent_usd"]
    return made


def print_story(story: JobStory) -> None:
    """Print one job's story in the order in which it happened."""
    out = screen()
    job, record = story.job, story.order.record
    brief = json.loads(job.brief_json)
    out.print(job.job_id, soft_wrap=True)
    withdrawn = "" if story.withdrawal is None else ", and withdrawn since"
    out.print(f"is {job.state}{withdrawn}; it cost {format_usd(job.spent_nano)}")
    if job.reason:
        out.print(job.reason)
    out.print(
        f"asked for: {brief['width']}x{brief['height']} {brief['format']}, “{brief['prompt']}”"
    )
    out.print(f"by {record.owner} for {record.campaign}, cost centre {record.cost_center}")
    for attempt in story.attempts:
        out.print()
        _print_attempt(out, story, attempt)
    if story.release is not None:
        out.print()
        _print_release(out, story.release)
    if story.withdrawal is not None:
        out.print(withdrawal_line(story.withdrawal), soft_wrap=True)


def _print_release(out: Screen, release: ReleasedView) -> None:
    out.print(f"released {release.released_at:%Y-%m-%d %H:%M:%S} UTC")
    out.print(f"  {release.release_key}", soft_wrap=True)
    out.print(f"  sha256 {release.sha256}", soft_wrap=True)
    for place in _places(release):
        out.print(f"  {place.key}", soft_wrap=True)
        out.print(f"  sha256 {place.sha256}", soft_wrap=True)
    if release.approved_by:
        out.print(f"  approved by {release.approved_by}")


def _places(release: ReleasedView) -> list[Placed]:
    from flows.manifest_rows import place_of_rendition

    return [
        place_of_rendition(release.campaign, release.order_id, one) for one in release.renditions
    ]


def _release_json(release: ReleasedView) -> dict[str, Any]:
    made: dict[str, Any] = json_value(release)
    for one, place in zip(made["renditions"], _places(release), strict=True):
        one.update(release_key=place.key, receipt_key=place.receipt_key)
    return made


def withdrawal_line(one: WithdrawalView) -> str:
    """Say who took a released asset back, when and why."""
    because = one.because.rstrip(".")
    return f"WITHDRAWN by {one.by} on {one.at:%Y-%m-%d %H:%M} UTC: {because}."


def _print_attempt(out: Screen, story: JobStory, attempt: AttemptStory) -> None:
    record = story.order.record
    took = "" if attempt.latency_ms is None else f" in {attempt.latency_ms:,} ms"
    out.print(
        f"attempt {attempt.number}: {attempt.state}{took}, held {format_usd(attempt.hold_nano)}, "
        f"charged {format_usd(attempt.charged_nano)}"
    )
    out.print(indented(f"by {record.provider} {record.model}, seed {attempt.seed}", 2))
    for told in _changed(attempt):
        out.print(indented(told, 2))
    before = next((one for one in story.attempts if one.number == attempt.number - 1), None)
    if before is not None and before.review is not None:
        told = f"made after attempt {before.number} was {review_line(before.review)}"
        out.print(indented(told, 2))
    out.print(f"  id {attempt.attempt_id}", soft_wrap=True)
    if attempt.provider_ref:
        out.print(f"  provider's reference {attempt.provider_ref}", soft_wrap=True)
    if attempt.reason:
        out.print(indented(attempt.reason, 2))
    for line in _judged(attempt):
        out.print(indented(line, 2))
    if attempt.review is not None:
        out.print(indented(review_line(attempt.review), 2))
    if not attempt.entries:
        return
    moved = amounts([entry.amount_nano for entry in attempt.entries])
    out.print(
        table(
            ("  entry", "at (UTC)", "kind", "amount", "from → to"),
            [
                (
                    f"  {entry.entry_id}",
                    entry.at.strftime("%Y-%m-%d %H:%M:%S"),
                    entry.kind,
                    amount,
                    f"{_account(entry.from_account)} → {_account(entry.to_account)}",
                )
                for entry, amount in zip(attempt.entries, moved, strict=True)
            ],
            right=frozenset({"amount"}),
        )
    )


def _changed(attempt: AttemptStory) -> Iterator[str]:
    """Say what was changed about the brief after earlier attempts."""
    changes = Changes.from_json(attempt.changes_json)
    if changes is None:
        return
    yield f"made with {changes.sentence()}"
    if changes.prompt is not None:
        yield f"told: “{changes.prompt}”"
    for name, value in changes.params.items():
        yield f"told: {name} “{value}”"


def _judged(attempt: AttemptStory) -> Iterator[str]:
    """Say what was found, and what was done about it, in the order in which it happened."""
    if attempt.came_sha256 is not None:
        yield f"came with its maker's content credentials as {attempt.came_sha256[:12]}"
    for mend in attempt.mends:
        yield from map(verdict_line, mend.verdicts)
        yield mend_line(mend)
    if attempt.signing is not None:
        yield from map(verdict_line, attempt.signing.verdicts)
        yield signing_line(attempt.signing.signing)
    yield from map(verdict_line, attempt.verdicts)
    for rendition in attempt.renditions:
        yield from _rendition_lines(rendition)


def _rendition_lines(story: RenditionStory) -> Iterator[str]:
    """Say which other file was made of the master, and what was found about it."""
    one = story.rendition
    yield (
        f"rendition {one.name} made at no cost: {one.width}x{one.height} "
        f"{one.media_type.removeprefix('image/')}, {one.byte_count:,} bytes, {one.sha256[:12]}"
    )
    if story.signing is not None:
        yield f"{one.name}: {signing_line(story.signing)}"
    for verdict in story.verdicts:
        yield f"{one.name}: {verdict_line(verdict)}"


def verdict_line(verdict: VerdictRecord) -> str:
    """Say what one rule found, with what was measured."""
    measured = ", ".join(
        f"{name} {_measure(value)}"
        for name, value in json.loads(verdict.measured_json).items()
        if name != "sha256"
    )
    word = {"block": "FAILED", "review": "TO REVIEW", "warn": "WARNING"}[verdict.severity]
    ending = "passed" if verdict.passed else f"{word}: {verdict.reason}"
    return f"{verdict.criterion} v{verdict.version}: {ending} ({measured})"


def _measure(value: object) -> str:
    """Write what was measured as a person would: no brackets, quotes or True and False."""
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "unknown"
        case dict():
            return ", ".join(f"{name} {_measure(one)}" for name, one in value.items()) or "none"
        case list():
            return ", ".join(map(_measure, value)) or "none"
        case _:
            return str(value)


def mend_line(mend: MendView) -> str:
    """Say what was done to the output for nothing, and which bytes came of it."""
    done = {
        "recrop": "cropped",
        "flatten": "put on white",
        "reencode": "written anew",
    }[mend.kind]
    return f"mended at no cost ({done}): {mend.from_sha256[:12]} became {mend.to_sha256[:12]}"


def signing_line(signing: SigningView) -> str:
    """Say which bytes became which by being signed, and by whose certificate."""
    return (
        f"signed: {signing.from_sha256[:12]} became {signing.to_sha256[:12]} with the certificate "
        f"{signing.certificate_sha256[:12]}"
    )


def review_line(review: ReviewView) -> str:
    """Say what a person decided, when and why."""
    because = f": {review.because}" if review.because else ""
    return f"{review.decision} by {review.by} on {review.at:%Y-%m-%d %H:%M} UTC{because}"


def _account(name: str) -> str:
    # An account belongs to the order that the story is about; its kind, and a provider, say enough.
    kind, _, _ = name.partition(":")
    return name if kind == "payable" else kind
