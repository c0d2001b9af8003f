"""What `verify` proves about an attempt's bytes: which were paid for, judged, mended and signed."""

from __future__ import annotations

from ledger.proof_rules import Rule

MEND_RULES = (
    Rule(
        "every mend was asked for by a verdict, goes on from the bytes before it, and the last one "
        "gave those that its attempt has, or that were signed",
        """
        SELECT c.attempt_id, c.number, c.from_sha256, c.to_sha256, a.sha256 FROM (
            SELECT attempt_id, number, from_sha256, to_sha256,
                ROW_NUMBER() OVER (PARTITION BY attempt_id ORDER BY number) AS place,
                LAG(to_sha256) OVER (PARTITION BY attempt_id ORDER BY number) AS before,
                LEAD(number) OVER (PARTITION BY attempt_id ORDER BY number) AS following
            FROM mends) c
        LEFT JOIN attempts a ON a.attempt_id = c.attempt_id
        LEFT JOIN signings s ON s.attempt_id = c.attempt_id AND s.number = 0
        WHERE COALESCE(a.state, '') <> 'built' OR c.number <> c.place
            OR c.from_sha256 <> COALESCE(c.before, c.from_sha256)
            OR (c.following IS NULL AND c.to_sha256 <> COALESCE(s.from_sha256, a.sha256, ''))
            OR NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = c.attempt_id
                AND v.rendition = 0 AND v.sha256 = c.from_sha256 AND NOT v.passed AND v.severity = 'block')
        ORDER BY c.attempt_id, c.number
        """,
        lambda row: (
            f"mend {row.number} of attempt {row.attempt_id} made {row.to_sha256} of "
            f"{row.from_sha256}, and that does not fit what was before it, why it was made, or what "
            f"the attempt has: {row.sha256}"
        ),
    ),
    Rule(
        "every attempt has the bytes that it was charged for, or what its mends and its signing made "
        "of them",
        """
        SELECT a.attempt_id, a.sha256, e.sha256 AS charged_sha256 FROM entries e
        JOIN attempts a ON a.attempt_id = e.attempt_id
        LEFT JOIN mends m ON m.attempt_id = e.attempt_id AND m.number = 1
        LEFT JOIN signings s ON s.attempt_id = e.attempt_id AND s.number = 0
        WHERE e.sha256 IS NOT NULL
            AND e.sha256 <> COALESCE(m.from_sha256, s.from_sha256, a.sha256, '')
        ORDER BY a.attempt_id
        """,
        lambda row: (
            f"attempt {row.attempt_id} was charged for bytes {row.charged_sha256}, and what it has "
            f"now, {row.sha256}, was not made of them"
        ),
    ),
    Rule(
        "every verdict is on bytes that its attempt, or its rendition, has or had",
        """
        SELECT v.attempt_id, v.rendition, v.criterion, v.sha256 FROM verdicts v
        LEFT JOIN attempts a ON a.attempt_id = v.attempt_id AND v.rendition = 0
        LEFT JOIN renditions r ON r.attempt_id = v.attempt_id AND r.number = v.rendition
        WHERE v.sha256 <> COALESCE(a.sha256, r.sha256, '')
            AND NOT EXISTS (SELECT 1 FROM signings s WHERE s.attempt_id = v.attempt_id
                AND s.number = 0 AND v.rendition = 0 AND s.from_sha256 = v.sha256)
            AND NOT EXISTS (SELECT 1 FROM mends m WHERE m.attempt_id = v.attempt_id
                AND v.rendition = 0 AND m.from_sha256 = v.sha256)
        ORDER BY v.attempt_id, v.position
        """,
        lambda row: (
            f"{f'rendition {row.rendition} of ' if row.rendition else ''}attempt {row.attempt_id} "
            f"has a verdict of {row.criterion} on bytes {row.sha256 or '(not named)'}, which it "
            "never had"
        ),
    ),
)
