"""What `verify` proves about the index of what pictures look like."""

from __future__ import annotations

from ledger.proof_rules import Rule

FINGERPRINT_RULES = (
    Rule(
        "what a picture looks like was measured on the bytes that its attempt has",
        """
        SELECT f.attempt_id, f.sha256, a.sha256 AS has_sha256 FROM fingerprints f
        LEFT JOIN attempts a ON a.attempt_id = f.attempt_id
        WHERE f.sha256 <> COALESCE(a.sha256, '')
        ORDER BY f.attempt_id
        """,
        lambda row: (
            f"what attempt {row.attempt_id} looks like was measured on bytes {row.sha256}, and it "
            f"has {row.has_sha256}"
        ),
    ),
    Rule(
        "every measured picture that was released is known to later orders, and no other one is",
        """
        SELECT f.attempt_id, r.job_id, p.number FROM fingerprints f
        LEFT JOIN releases r ON r.attempt_id = f.attempt_id
        LEFT JOIN released_pictures p ON p.fingerprint_id = f.fingerprint_id
        WHERE (r.job_id IS NULL) <> (p.number IS NULL)
        ORDER BY f.attempt_id
        """,
        lambda row: (
            f"attempt {row.attempt_id} was {'released' if row.job_id else 'not released'}, and "
            f"later orders are {'' if row.number else 'not '}compared with it"
        ),
    ),
)
