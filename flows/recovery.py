"""Looks up what an earlier run, or this one, left behind without an answer.

An attempt is lost in one of two ways: its process ended while it was HELD, or its answer never
came and it is UNKNOWN. `flows.left_behind` has the rule of each. Either way the provider's own record
decides, and no timer does:

    the record shows it built     charged; its output is fetched, finished and staged
    the record shows it failed    charged or voided, as the model card says
    its output is gone            charged, and the job goes back to build
    the stable record lacks it    nothing was created: voided, and not counted as an attempt
    it cannot be told yet         the hold stays
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import timedelta

from flows.briefs import JobBrief
from flows.left_behind import Rule, rule_for_open
from flows.order_run import OrderRun
from flows.outcomes import Tried, settle_outcome
from generators import Finding, LostBuild, ProviderUnavailable, Undecided
from ledger import (
    AlreadySettled,
    AttemptState,
    JobView,
    LostAttempt,
    RunKnown,
    UnknownSettlement,
)

log = logging.getLogger("mintage.recovery")

LOOK_FIRST_S = 0.5
LOOK_LAST_S = 5.0
"""The pause between two looks grows from the first to the last."""

LOOKED_UP = " Looked up: "
"""Stands in an attempt's reason between how it was lost and what its last look-up has seen."""

KNOWN_BEFORE = timedelta(hours=1)
"""How long before a lost attempt's hold runs may have been held for that look like its own: clocks
may be wrong, and what was held for may have waited to be sent."""


async def mark_left_behind(run: OrderRun) -> int:
    """Turn attempts that a process which is gone left HELD into UNKNOWN ones; needs the order's lease."""
    held = await run.keeper.run(lambda books: books.lost(run.order_id, states=(AttemptState.HELD,)))
    return sum(await asyncio.gather(*(_mark(run, lost) for lost in held)))


async def _mark(run: OrderRun, lost: LostAttempt) -> int:
    reason = "The process that sent it ended before the answer was booked."
    try:
        await run.keeper.settle(UnknownSettlement(lost.attempt_id, lost.provider_ref, reason))
    except AlreadySettled:
        # Its process was only asleep, and may book the answers to what it had sent.
        _settled_meanwhile(lost)
        return 0
    return 1


async def look_up(run: OrderRun) -> int:
    """Ask the provider once about every lost attempt of the order; give how many were settled."""
    lost = await run.keeper.run(
        lambda books: books.lost(run.order_id, states=(AttemptState.UNKNOWN,))
    )
    if not lost:
        return 0
    briefs = {one.attempt_id: JobBrief.from_json(one.brief_json) for one in lost}
    try:
        findings = await run.generator.find(
            [_lost_build(one, briefs[one.attempt_id]) for one in lost], await _known_refs(run, lost)
        )
    except ProviderUnavailable as error:
        log.warning("%s", error, extra={"action": "recovery_unavailable"})
        return 0
    settled = await asyncio.gather(
        *(_settle(run, one, briefs[one.attempt_id], findings[one.attempt_id]) for one in lost)
    )
    count = sum(settled)
    run.found += count
    return count


async def _known_refs(run: OrderRun, lost: Sequence[LostAttempt]) -> frozenset[str]:
    """Read what the books know of the provider's runs, where one is to be told from all others."""
    unnamed = [one.held_at for one in lost if _rule(one) is Rule.LOOK_UP_BY_INPUT]
    if not unnamed:
        return frozenset()
    provider, since = run.record.provider, min(unnamed) - KNOWN_BEFORE
    return await run.keeper.run(lambda books: books.known_refs(provider, since))


def _rule(lost: LostAttempt) -> Rule:
    return rule_for_open(lost.state, ref_known=lost.provider_ref is not None)


def _lost_build(lost: LostAttempt, brief: JobBrief) -> LostBuild:
    lost_at = lost.lost_at
    assert lost_at is not None  # noqa: S101  the books stamp it when an attempt becomes unknown
    return LostBuild(
        attempt_id=lost.attempt_id,
        brief=brief.for_attempt(lost.seed),
        request=json.loads(lost.request_json),
        provider_ref=lost.provider_ref if _rule(lost) is Rule.READ_BY_REF else None,
        held_at=lost.held_at,
        lost_at=lost_at,
    )


async def _settle(run: OrderRun, lost: LostAttempt, brief: JobBrief, finding: Finding) -> int:
    (view,) = await run.keeper.jobs([lost.job_id])
    latency_ms = round((run.clock() - lost.held_at).total_seconds() * 1000)
    try:
        if isinstance(finding, Undecided):
            await _keep(run, lost, view, finding)
            return 0
        await settle_outcome(
            run,
            Tried(lost.attempt_id, lost.job_id, brief),
            finding,
            used=view.attempts_used,
            number=lost.number,
            latency_ms=latency_ms,
        )
    except AlreadySettled:
        _settled_meanwhile(lost)
    except RunKnown as error:
        # The process that sent it was only asleep, and has named its run by now: look again.
        log.warning("%s", error, extra={"action": "run_known_meanwhile"})
        return 0
    return 1


async def _keep(run: OrderRun, lost: LostAttempt, view: JobView, finding: Undecided) -> None:
    """Write down what was seen, for a person to go by, and whose run it is if that can be told.

    By the time that the run has ended, the input that tells so may be gone.
    """
    log.info("%s", finding.reason, extra={"action": "undecided", "attempt_id": lost.attempt_id})
    reason = f"{(view.reason or '').partition(LOOKED_UP)[0]}{LOOKED_UP}{finding.reason}"
    is_named = finding.provider_ref is not None and lost.provider_ref is None
    if is_named or reason != view.reason:
        await run.keeper.settle(UnknownSettlement(lost.attempt_id, finding.provider_ref, reason))


def _settled_meanwhile(lost: LostAttempt) -> None:
    """Say that somebody else was first, a person or the process that had sent it: a hold ends once."""
    log.warning(
        "Attempt %s was settled by somebody else meanwhile.",
        lost.attempt_id,
        extra={"action": "settled_meanwhile", "attempt_id": lost.attempt_id},
    )


async def keep_looking(run: OrderRun) -> None:
    """Look lost attempts up while the run goes on; ends only by being cancelled."""
    pause_s = LOOK_FIRST_S
    while True:
        await run.lost.wait()
        await run.sleep(pause_s)
        run.lost.clear()
        settled = await look_up(run)
        left = await run.keeper.run(
            lambda books: books.lost(run.order_id, states=(AttemptState.UNKNOWN,))
        )
        if left:
            run.lost.set()
        pause_s = LOOK_FIRST_S if settled or not left else min(pause_s * 2, LOOK_LAST_S)
