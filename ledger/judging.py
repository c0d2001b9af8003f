"""Gates: what inspectors found, what reviewers decided, what was released."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from ledger import budgeting, fingerprints, mends, renditions, signings
from ledger.errors import BrokenPromise, UnknownJob, WrongState
from ledger.records import Inspection, JobMove, JobState, ReleaseRecord, SigningRecord
from ledger.schema import AnyRow, attempts, jobs, releases, verdicts
from ledger.words import clean

_AFTER_INSPECTION = frozenset({JobState.ACCEPTED, JobState.PLANNED, JobState.REJECTED})
_TO_BE_JUDGED_AGAIN = frozenset({JobState.BUILT})

_MOVED_BY_SETTLEMENT = frozenset({JobState.BUILDING, JobState.UNKNOWN})
_PARKS = frozenset({JobState.PLANNED, JobState.REFUSED, JobState.FAILED, JobState.REJECTED})
_PASSES = {
    # Approved by no person, and then something was found that one has to look at.
    JobState.IN_REVIEW: frozenset({JobState.ACCEPTED, JobState.APPROVED}),
    JobState.APPROVED: frozenset({JobState.ACCEPTED, JobState.IN_REVIEW}),
}

_INSPECT_JOB = (
    update(jobs)
    .where(
        jobs.c.job_id == bindparam("j_id"),
        jobs.c.attempt_id == bindparam("j_attempt"),
        jobs.c.state == JobState.BUILT.value,
    )
    .values(
        state=bindparam("j_state"),
        reason=bindparam("j_reason"),
        accepted_at_us=bindparam("j_accepted"),
        updated_at_us=bindparam("j_now"),
    )
)

_MOVE_JOB = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("j_id"), jobs.c.state == bindparam("j_from"))
    .values(
        state=bindparam("j_state"),
        reason=bindparam("j_reason"),
        approved_by=bindparam("j_by"),
        # Only a gate that was just passed sets a new time; waiting for review keeps the old one.
        accepted_at_us=case(
            (bindparam("j_state") == JobState.IN_REVIEW.value, jobs.c.accepted_at_us),
            else_=bindparam("j_accepted"),
        ),
        updated_at_us=bindparam("j_now"),
    )
)

_RELEASE_JOB = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("j_id"), jobs.c.state == JobState.APPROVED.value)
    .values(state=JobState.RELEASED.value, updated_at_us=bindparam("j_now"))
)

_LOCK = (
    select(jobs.c.job_id, jobs.c.order_id, jobs.c.name, jobs.c.state, jobs.c.attempt_id)
    .where(jobs.c.job_id.in_(bindparam("ids", expanding=True)))
    .order_by(jobs.c.job_id)
    .with_for_update(key_share=True)
)

_DIGESTS = select(attempts.c.attempt_id, attempts.c.sha256).where(
    attempts.c.attempt_id.in_(bindparam("ids", expanding=True))
)

_WRITTEN = (
    select(verdicts.c.attempt_id, func.count().label("found"))
    .where(verdicts.c.attempt_id.in_(bindparam("ids", expanding=True)))
    .group_by(verdicts.c.attempt_id)
)

_INSERT_VERDICTS = insert(verdicts)
_INSERT_RELEASES = insert(releases)


def inspected(connection: Connection, now_us: int, inspections: Sequence[Inspection]) -> None:
    """See `Desk.inspected`."""
    if not inspections:
        return
    for inspection in inspections:
        _check_inspection(inspection)
    ordered = sorted(inspections, key=lambda inspection: inspection.job_id)
    _lock_in_place(connection, [(one.job_id, JobState.BUILT, one.attempt_id) for one in ordered])
    judged = _judged_bytes(connection, ordered)
    rows = [
        {
            "j_id": inspection.job_id,
            "j_attempt": inspection.attempt_id,
            "j_state": inspection.job_state.value,
            "j_reason": None if inspection.reason is None else clean(inspection.reason),
            "j_accepted": now_us if inspection.job_state is JobState.ACCEPTED else None,
            "j_now": now_us,
        }
        for inspection in ordered
    ]
    budgeting.must_change(connection, _INSPECT_JOB, rows, "a job moved while it was inspected")
    ids = {"ids": [inspection.attempt_id for inspection in ordered]}
    # Bytes that were mended have verdicts already, and keep them.
    before = {row.attempt_id: row.found for row in connection.execute(_WRITTEN, ids)}
    findings = [
        row
        for inspection in ordered
        for row in _verdict_rows(
            inspection, judged[inspection.attempt_id], before.get(inspection.attempt_id, 0), now_us
        )
    ]
    if findings:
        connection.execute(_INSERT_VERDICTS, findings)
    mended = [
        (inspection, judged[inspection.attempt_id])
        for inspection in ordered
        if inspection.mend is not None
    ]
    mends.write(connection, now_us, mended)
    made = [(one, judged[one.attempt_id]) for one in ordered if one.renditions]
    renditions.write(connection, now_us, made)
    signed = [(one.attempt_id, one.signing) for one in ordered if one.signing is not None]
    signings.write(connection, now_us, signed)
    fingerprints.write(connection, now_us, ordered)


def _judged_bytes(connection: Connection, inspections: Sequence[Inspection]) -> dict[str, str]:
    """The digests of the attempts' bytes, which are those that were judged."""
    ids = {"ids": [inspection.attempt_id for inspection in inspections]}
    found = {row.attempt_id: row.sha256 for row in connection.execute(_DIGESTS, ids)}
    for inspection in inspections:
        sha256 = found[inspection.attempt_id]
        if inspection.sha256 not in {None, sha256}:
            raise WrongState(
                f"job {inspection.job_id} has bytes {sha256} and had to have {inspection.sha256}"
            )
    return found


def _check_inspection(inspection: Inspection) -> None:
    again = inspection.mend is not None or inspection.signing is not None
    ways = _TO_BE_JUDGED_AGAIN if again else _AFTER_INSPECTION
    if inspection.job_state not in ways:
        raise BrokenPromise(f"an inspection cannot send a job to {inspection.job_state}")
    if inspection.mend is not None and not any(verdict.blocks for verdict in inspection.verdicts):
        raise BrokenPromise(f"job {inspection.job_id} was mended, and nothing was wrong with it")
    if inspection.signing is not None:
        _check_signing(inspection, inspection.signing)
    elif inspection.renditions:
        if again:
            raise BrokenPromise(
                f"renditions of job {inspection.job_id} are made when it has passed"
            )
        renditions.check(inspection)
    if inspection.job_state is JobState.ACCEPTED:
        _must_have_passed(inspection, "accepted")


def _check_signing(inspection: Inspection, signing: SigningRecord) -> None:
    job_id = inspection.job_id
    if inspection.mend is not None or inspection.renditions:
        raise BrokenPromise(f"job {job_id} is signed in a step of its own")
    if signing.number != signings.MASTER:
        raise BrokenPromise(f"job {job_id} itself is file {signings.MASTER}, not {signing.number}")
    _must_have_passed(inspection, "signed")


def _must_have_passed(inspection: Inspection, end: str) -> None:
    if not inspection.verdicts:
        raise BrokenPromise(f"job {inspection.job_id} cannot be {end} without a verdict")
    for verdict in inspection.verdicts:
        if verdict.blocks:
            raise BrokenPromise(
                f"job {inspection.job_id} cannot be {end}: {verdict.criterion} did not pass"
            )


def _verdict_rows(
    inspection: Inspection, sha256: str, first: int, now_us: int
) -> list[dict[str, object]]:
    """Give an inspection's verdicts as rows: those on the job's own bytes, then its renditions'."""
    found = [(signings.MASTER, sha256, verdict) for verdict in inspection.verdicts]
    for one in inspection.renditions:
        found += [(one.number, one.sha256, verdict) for verdict in one.verdicts]
    return [
        {
            "attempt_id": inspection.attempt_id,
            "position": position,
            "criterion": verdict.criterion,
            "version": verdict.version,
            "parameters_json": verdict.parameters_json,
            "passed": verdict.passed,
            "severity": verdict.severity.value,
            "remedy_json": verdict.remedy_json,
            "measured_json": verdict.measured_json,
            "reason": None if verdict.reason is None else clean(verdict.reason),
            "at_us": now_us,
            "sha256": of_sha256,
            "rendition": number,
        }
        for position, (number, of_sha256, verdict) in enumerate(found, start=first)
    ]


def move(connection: Connection, now_us: int, moves: Sequence[JobMove]) -> None:
    """See `Desk.move`."""
    if not moves:
        return
    for wanted in moves:
        _check_move(wanted)
    ordered = sorted(moves, key=lambda one: one.job_id)
    _lock_in_place(connection, [(one.job_id, one.from_state, None) for one in ordered])
    rows = [
        {
            "j_id": one.job_id,
            "j_from": one.from_state.value,
            "j_state": one.to_state.value,
            "j_reason": None if one.reason is None else clean(one.reason),
            "j_by": one.by if one.to_state is JobState.APPROVED else None,
            "j_accepted": now_us if one.to_state is JobState.APPROVED else None,
            "j_now": now_us,
        }
        for one in ordered
    ]
    budgeting.must_change(connection, _MOVE_JOB, rows, "a job moved while it was being moved")


def _check_move(wanted: JobMove) -> None:
    """Moves park a job, or pass it through review; every other way has its own method."""
    start, end = wanted.from_state, wanted.to_state
    if start in _MOVED_BY_SETTLEMENT:
        raise BrokenPromise(f"job {wanted.job_id} is {start}: only a settlement moves it on")
    if start is JobState.RELEASED:
        raise BrokenPromise(f"job {wanted.job_id} is released, and that is an end")
    if start is end or not (end in _PARKS or start in _PASSES.get(end, frozenset())):
        raise BrokenPromise(f"job {wanted.job_id} cannot be moved from {start} to {end}")


def release(connection: Connection, now_us: int, records: Sequence[ReleaseRecord]) -> None:
    """See `Desk.release`."""
    if not records:
        return
    ordered = sorted(records, key=lambda record: record.job_id)
    ready = _lock_in_place(
        connection, [(record.job_id, JobState.APPROVED, None) for record in ordered]
    )
    attempt_ids = [row.attempt_id for row in ready.values()]
    digests = {
        row.attempt_id: row.sha256 for row in connection.execute(_DIGESTS, {"ids": attempt_ids})
    }
    rows = []
    for record in ordered:
        job = ready[record.job_id]
        if record.sha256 != digests.get(job.attempt_id):
            raise BrokenPromise(
                f"job {record.job_id} was inspected with bytes {digests.get(job.attempt_id)} "
                f"and cannot be released with {record.sha256}"
            )
        rows.append(_release_row(record, job, now_us))
    budgeting.must_change(
        connection,
        _RELEASE_JOB,
        [{"j_id": record.job_id, "j_now": now_us} for record in ordered],
        "a job moved while it was released",
    )
    connection.execute(_INSERT_RELEASES, rows)
    fingerprints.release(connection, attempt_ids)


def _release_row(record: ReleaseRecord, job: AnyRow, now_us: int) -> dict[str, object]:
    return {
        "job_id": record.job_id,
        "attempt_id": job.attempt_id,
        "order_id": job.order_id,
        "name": job.name,
        "sha256": record.sha256,
        "store_url": record.store_url,
        "release_key": record.release_key,
        "receipt_key": record.receipt_key,
        "width": record.width,
        "height": record.height,
        "released_at_us": now_us,
    }


def _lock_in_place(
    connection: Connection, wanted: Sequence[tuple[str, JobState, str | None]]
) -> dict[str, AnyRow]:
    """Lock jobs and insist that each is in its state and, where one is given, at its attempt."""
    ids = sorted({job_id for job_id, _, _ in wanted})
    if len(ids) != len(wanted):
        raise BrokenPromise("one job was named twice in one step")
    found = {row.job_id: row for row in connection.execute(_LOCK, {"ids": ids})}
    for job_id, state, attempt_id in wanted:
        row = found.get(job_id)
        if row is None:
            raise UnknownJob(job_id)
        if row.state != state.value:
            raise WrongState(f"job {job_id} is {row.state} and had to be {state.value}")
        if attempt_id is not None and row.attempt_id != attempt_id:
            raise WrongState(
                f"job {job_id} is at attempt {row.attempt_id} and had to be at {attempt_id}"
            )
    return found
