"""What `verify` proves about withdrawals.

Who withdrew something, why, and that nothing was withdrawn besides stands in that one table alone:
the database keeps it from being changed, and no relation could show that it was.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, text

from ledger.schema import AnyRow

WITHDRAWN: Final = (
    "every withdrawal in the books is of what was released, after it was and not in the future, and "
    "names somebody and a reason"
)

# The clocks of two machines differ, and time zones are mistaken for each other.
_CLOCKS_DIFFER_US: Final = timedelta(days=1) // timedelta(microseconds=1)

_WITHDRAWALS = text(
    """
    SELECT w.job_id, w.actor, w.because, w.at_us, r.released_at_us, j.state FROM withdrawals w
    LEFT JOIN jobs j ON j.job_id = w.job_id
    LEFT JOIN releases r ON r.job_id = w.job_id
    ORDER BY w.job_id
    """
).execution_options(yield_per=1_000)


def first_unsound(connection: Connection, now_us: int) -> str | None:
    """The first withdrawal that nobody could have written by `now_us`, if there is one."""
    with connection.execute(_WITHDRAWALS) as found:
        return next((fault for row in found if (fault := _fault(row, now_us))), None)


def _fault(row: AnyRow, now_us: int) -> str | None:
    said = f"job {row.job_id} was withdrawn by {row.actor!a} because of {row.because!a}"
    if row.state != "released" or row.released_at_us is None or row.at_us < row.released_at_us:
        return f"{said}, and that is no withdrawal of something released"
    if not row.actor.strip() or not row.because.strip():
        return f"{said}: a withdrawal says who and why"
    # One that has its release's own time was written by a clock that goes after the other.
    if row.at_us > max(now_us + _CLOCKS_DIFFER_US, row.released_at_us):
        return f"{said}, at a time that has not come yet"
    return None
