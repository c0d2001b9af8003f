"""What `verify` proves about people's decisions: nothing that they had to see went past them."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal

from sqlalchemy import Connection, text

from ledger.errors import ReviewRefused
from ledger.persons import is_owner, reviewer, reviewer_key
from ledger.proof_rules import Rule

_PASSED = "j.state IN ('approved', 'released')"

# A person's approval of the bytes that the job has now.
_APPROVAL = """
    SELECT 1 FROM reviews r JOIN attempts a ON a.attempt_id = r.attempt_id
    WHERE r.attempt_id = j.attempt_id AND r.job_id = j.job_id AND r.decision = 'approved'
        AND r.sha256 = a.sha256
"""

REVIEW_RULES = (
    Rule(
        "every review is of a file that its job had, and nothing rejected was let through",
        f"""
        SELECT r.job_id, r.actor, r.decision, r.sha256 FROM reviews r
        LEFT JOIN attempts a ON a.attempt_id = r.attempt_id
        LEFT JOIN jobs j ON j.job_id = r.job_id
        WHERE a.attempt_id IS NULL OR a.job_id <> r.job_id OR COALESCE(a.sha256, '') <> r.sha256
            OR (r.decision = 'rejected' AND {_PASSED} AND j.attempt_id = r.attempt_id)
        ORDER BY r.job_id
        """,  # noqa: S608 - a constant above
        lambda row: (
            f"{row.actor} {row.decision} bytes {row.sha256} of job {row.job_id}, and that is not "
            "what became of them"
        ),
    ),
    Rule(
        "every job that names who approved it has that person's review of its very bytes",
        f"""
        SELECT j.job_id, j.approved_by FROM jobs j
        WHERE {_PASSED} AND j.approved_by IS NOT NULL
            AND NOT EXISTS ({_APPROVAL} AND (r.carried_over OR r.actor = j.approved_by))
        ORDER BY j.job_id
        """,  # noqa: S608 - constants above
        lambda row: (
            f"job {row.job_id} says that {row.approved_by} approved it, and no review of its bytes "
            "says so"
        ),
    ),
    Rule(
        "where a person has rejected a file, nothing went on before a person approved another",
        f"""
        SELECT j.job_id, t.actor FROM reviews t JOIN jobs j ON j.job_id = t.job_id
        WHERE t.decision = 'rejected' AND {_PASSED} AND NOT EXISTS ({_APPROVAL})
        ORDER BY j.job_id
        """,  # noqa: S608 - constants above
        lambda row: (
            f"{row.actor} rejected a file of job {row.job_id}, and the next one went on with "
            "nobody's approval"
        ),
    ),
)

OWNERS = "nobody has reviewed what they ordered themselves"
UNREVIEWED = "everything that its order wants a person to see was approved by one"

_REVIEWERS = text(
    "SELECT r.job_id, r.actor, r.reviewer_key, o.owner FROM reviews r JOIN jobs j ON j.job_id = r.job_id "
    "JOIN orders o ON o.order_id = j.order_id WHERE NOT r.carried_over ORDER BY r.job_id"
)

_ORDERS = text("SELECT order_id, spec_json FROM orders ORDER BY order_id")

_NOT_APPROVED = text(
    f"SELECT j.job_id FROM jobs j WHERE j.order_id = :id AND {_PASSED} "  # noqa: S608 - constants
    f"AND NOT EXISTS ({_APPROVAL}) ORDER BY j.job_id"
)


def first_own(connection: Connection) -> str | None:
    """The first review by the owner of its order, if there is one."""
    with connection.execute(_REVIEWERS) as rows:
        for row in rows:
            if is_owner(row.actor, row.owner):
                return f"{row.actor} reviewed job {row.job_id}, and owns its order"
            if not _well_named(row.actor) or row.reviewer_key != reviewer_key(row.actor):
                return f"{row.actor!a} reviewed job {row.job_id}, and is nobody's name and key"
    return None


def _well_named(actor: str) -> bool:
    try:
        return reviewer(actor) == actor
    except ReviewRefused:
        return False


def first_unreviewed(connection: Connection) -> str | None:
    """The first asset that an order wants a person to see, and that passed without one."""
    for order in connection.execute(_ORDERS).all():
        share = _share(json.loads(order.spec_json).get("review", "none"))
        if not share:
            continue
        with connection.execute(_NOT_APPROVED, {"id": order.order_id}) as rows:
            for row in rows:
                if _drawn(row.job_id, share):
                    return f"job {row.job_id} has to be seen by a person, and nobody approved it"
    return None


def _share(asked: object) -> Decimal:
    """The share of its assets that an order wants a person to see."""
    if isinstance(asked, dict):
        return Decimal(str(asked["sample"]))
    return Decimal(1 if asked == "all" else 0)


def _drawn(job_id: str, share: Decimal) -> bool:
    """Draw again, as the foreman has to: a job's id decides, so a sample stays the same."""
    number = int.from_bytes(hashlib.sha256(f"review\n{job_id}".encode()).digest()[:8], "big")
    return Decimal(number) / Decimal(2**64) < share
