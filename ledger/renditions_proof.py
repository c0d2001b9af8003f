"""What `verify` proves about files beside the master: renditions, signed files, what was taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from ledger import renditions
from ledger.proof_rules import Rule

_WENT_ON = "j.state IN ('accepted', 'in_review', 'approved', 'released')"

RENDITION_RULES = (
    Rule(
        "every signed file had passed before it was signed, and what came of it is what its attempt, "
        "or its rendition, has",
        """
        SELECT s.attempt_id, s.number, s.from_sha256, s.to_sha256,
            CASE WHEN s.number = 0 THEN a.sha256 ELSE r.sha256 END AS has_sha256
        FROM signings s
        LEFT JOIN attempts a ON a.attempt_id = s.attempt_id
        LEFT JOIN renditions r ON r.attempt_id = s.attempt_id AND r.number = s.number
        WHERE COALESCE(a.state, '') <> 'built'
            OR s.to_sha256 <> COALESCE(CASE WHEN s.number = 0 THEN a.sha256 ELSE r.sha256 END, '')
            OR (s.number = 0 AND NOT EXISTS (SELECT 1 FROM verdicts v
                WHERE v.attempt_id = s.attempt_id AND v.rendition = 0
                    AND v.sha256 = s.from_sha256 AND v.at_us <= s.at_us))
            OR (s.number = 0 AND EXISTS (SELECT 1 FROM verdicts v
                WHERE v.attempt_id = s.attempt_id AND v.rendition = 0
                    AND v.sha256 = s.from_sha256 AND NOT v.passed AND v.severity = 'block'))
        ORDER BY s.attempt_id, s.number
        """,
        lambda row: (
            f"{_file(row.number)} of attempt {row.attempt_id} was signed from {row.from_sha256} to "
            f"{row.to_sha256}, and that does not fit what was judged, or what it has: "
            f"{row.has_sha256}"
        ),
    ),
    Rule(
        "everything that was signed was judged again, by all that had judged it before, and only then "
        "went on",
        f"""
        SELECT s.attempt_id, s.number, j.job_id, j.state FROM signings s
        JOIN attempts a ON a.attempt_id = s.attempt_id
        JOIN jobs j ON j.job_id = a.job_id AND j.attempt_id = s.attempt_id
        WHERE {_WENT_ON} AND (
            NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = s.attempt_id
                AND v.rendition = s.number AND v.sha256 = s.to_sha256 AND v.at_us >= s.at_us)
            OR EXISTS (SELECT 1 FROM verdicts b WHERE b.attempt_id = s.attempt_id
                AND b.rendition = s.number AND b.sha256 = s.from_sha256
                AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = s.attempt_id
                    AND v.rendition = s.number AND v.sha256 = s.to_sha256
                    AND v.criterion = b.criterion AND v.at_us >= s.at_us)))
        ORDER BY s.attempt_id, s.number
        """,  # noqa: S608 - a constant above
        lambda row: (
            f"job {row.job_id} is {row.state}, and {_file(row.number)} of attempt {row.attempt_id} "
            "was not judged again after it was signed"
        ),
    ),
    Rule(
        "every rendition was made of its attempt's bytes, as they were before they were signed, and "
        "was judged",
        """
        SELECT c.attempt_id, c.number, c.name, c.from_sha256 FROM (
            SELECT attempt_id, number, name, sha256, from_sha256,
                ROW_NUMBER() OVER (PARTITION BY attempt_id ORDER BY number) AS place
            FROM renditions) c
        LEFT JOIN attempts a ON a.attempt_id = c.attempt_id
        LEFT JOIN signings s ON s.attempt_id = c.attempt_id AND s.number = 0
        WHERE COALESCE(a.state, '') <> 'built' OR c.number <> c.place
            OR c.from_sha256 <> COALESCE(s.from_sha256, a.sha256, '')
            OR NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = c.attempt_id
                AND v.rendition = c.number AND v.sha256 = c.sha256)
        ORDER BY c.attempt_id, c.number
        """,
        lambda row: (
            f"rendition {row.number} of attempt {row.attempt_id}, {row.name}, was made of "
            f"{row.from_sha256}, and that is not what its master was, or nobody judged it"
        ),
    ),
    Rule(
        "nothing went on with a rendition that did not pass, or that no person approved where a rule "
        "asks for that",
        f"""
        SELECT j.job_id, j.state, r.name, v.criterion FROM renditions r
        JOIN attempts a ON a.attempt_id = r.attempt_id
        JOIN jobs j ON j.job_id = a.job_id AND j.attempt_id = r.attempt_id
        JOIN verdicts v ON v.attempt_id = r.attempt_id AND v.rendition = r.number
        WHERE {_WENT_ON} AND NOT v.passed AND (v.severity = 'block' OR (v.severity = 'review'
            AND j.state IN ('approved', 'released') AND j.approved_by IS NULL))
        ORDER BY j.job_id, r.number
        """,  # noqa: S608 - a constant above
        lambda row: (
            f"job {row.job_id} is {row.state}, and its rendition {row.name} did not pass "
            f"{row.criterion}"
        ),
    ),
    Rule(
        "every withdrawal is of what was released, after it was, by somebody and for a reason",
        """
        SELECT w.job_id, w.actor, w.because FROM withdrawals w
        LEFT JOIN jobs j ON j.job_id = w.job_id
        LEFT JOIN releases r ON r.job_id = w.job_id
        WHERE COALESCE(j.state, '') <> 'released' OR r.job_id IS NULL
            OR w.at_us < r.released_at_us OR TRIM(w.actor) = '' OR TRIM(w.because) = ''
        ORDER BY w.job_id
        """,
        lambda row: (
            f"job {row.job_id} was withdrawn by {row.actor!a} because of {row.because!a}, and that "
            "is no withdrawal of something released"
        ),
    ),
)

ASKED_FOR = "every job that went on has the renditions that its brief asks for, and no other one"

_BATCH = 500

_ASKING = text(
    f"SELECT j.job_id, j.attempt_id, j.brief_json FROM jobs j WHERE {_WENT_ON} "  # noqa: S608 - constants
    """AND (j.brief_json LIKE '%"renditions":%' OR EXISTS (
        SELECT 1 FROM renditions r WHERE r.attempt_id = j.attempt_id)) ORDER BY j.job_id"""
).execution_options(yield_per=_BATCH)


def first_unasked(connection: Connection) -> str | None:
    """The first job whose renditions are not those of its brief, if there is one."""
    with connection.execute(_ASKING) as found:
        for rows in found.partitions():
            made = renditions.of_attempts(connection, [row.attempt_id for row in rows])
            for row in rows:
                has = [one.name for one in made.get(row.attempt_id, ())]
                asked = list(_names(json.loads(row.brief_json)))
                if has != asked:
                    return (
                        f"job {row.job_id} has the renditions {_listed(has)}, and its brief asks for "
                        f"{_listed(asked)}"
                    )
    return None


def _names(brief: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON is there
    asked = brief.get("renditions", ()) if isinstance(brief, dict) else ()
    return (str(one["name"]) for one in asked)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _file(number: int) -> str:
    return f"rendition {number}" if number else "the file"
