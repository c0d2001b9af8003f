"""Asks the inspectors about staged bytes: only what nobody has found out about them before."""

from __future__ import annotations

from collections.abc import Sequence

from assets import staged
from flows.known_verdicts import Known, merged, to_ask
from flows.order_run import OrderRun
from validators import Criterion, Verdict


async def judged(
    run: OrderRun,
    sha256: str,
    media_type: str | None,
    criteria: Sequence[Criterion],
    known: Known | None = None,
) -> tuple[Verdict, ...]:
    """Judge a staged file; it is not opened where everything about it is known.

    `known` is what is known of it, where somebody has asked already.

    Raises:
        Missing, DigestMismatch: the bytes are not in the store any more.
        InspectionError: nobody can judge, or a criterion is broken; nothing is concluded then.
    """
    if known is None:
        known = (await run.known.of([sha256]))[sha256]
    async with known.lock:
        asked = to_ask(
            criteria,
            known.findings,
            media_type=media_type,
            report_all=run.form.report == "all",
        )
        if not asked.opens:
            return merged(asked, known.findings, ())
        data = await run.in_thread(lambda: staged(run.store, sha256))
        found = await run.inspectors.inspect_async(
            data,
            asked.unknown,
            claimed_media_type=media_type,
            report_all=asked.report_all,
            sha256=sha256,
        )
        verdicts = merged(asked, known.findings, found)
        known.learn(found)
        return verdicts
