"""What `verify` proves about files beside the master, and about signed files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

from ledger import renditions, signings
from ledger.file_views import RenditionView, SigningView
from ledger.proof_rules import Rule
from ledger.records import VerdictRecord

_WENT_ON = "j.state IN ('accepted', 'in_review', 'approved', 'released')"

RENDITION_RULES = (
    Rule(
        "every master that was signed had passed before, and what came of every signing is what its "
        "attempt, or its rendition, has",
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
                    AND v.sha256 = s.from_sha256))
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
        "every file that was signed was judged again, a master by all that had judged it before, and "
        "only then went on",
        f"""
        SELECT s.attempt_id, s.number, j.job_id, j.state FROM signings s
        JOIN attempts a ON a.attempt_id = s.attempt_id
        JOIN jobs j ON j.job_id = a.job_id AND j.attempt_id = s.attempt_id
        WHERE {_WENT_ON} AND (
            NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = s.attempt_id
                AND v.rendition = s.number AND v.sha256 = s.to_sha256)
            OR EXISTS (SELECT 1 FROM verdicts b WHERE b.attempt_id = s.attempt_id
                AND s.number = 0 AND b.rendition = 0 AND b.sha256 = s.from_sha256
                AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = s.attempt_id
                    AND v.rendition = 0 AND v.sha256 = s.to_sha256
                    AND v.criterion = b.criterion)))
        ORDER BY s.attempt_id, s.number
        """,  # noqa: S608 - a constant above
        lambda row: (
            f"job {row.job_id} is {row.state}, and {_file(row.number)} of attempt {row.attempt_id} "
            "was not judged again after it was signed"
        ),
    ),
    Rule(
        "of what went on, a master and all its renditions are signed, or none of them is",
        f"""
        SELECT c.attempt_id, c.number, c.name, c.job_id, c.state, c.is_signed FROM (
            SELECT r.attempt_id, r.number, r.name, j.job_id, j.state,
                CASE WHEN m.attempt_id IS NULL THEN 0 ELSE 1 END AS master_is_signed,
                CASE WHEN s.attempt_id IS NULL THEN 0 ELSE 1 END AS is_signed
            FROM renditions r
            JOIN attempts a ON a.attempt_id = r.attempt_id
            JOIN jobs j ON j.job_id = a.job_id AND j.attempt_id = r.attempt_id
            LEFT JOIN signings m ON m.attempt_id = r.attempt_id AND m.number = 0
            LEFT JOIN signings s ON s.attempt_id = r.attempt_id AND s.number = r.number
            WHERE {_WENT_ON}) c
        WHERE c.is_signed <> c.master_is_signed
        ORDER BY c.attempt_id, c.number
        """,  # noqa: S608 - a constant above
        lambda row: (
            f"job {row.job_id} is {row.state}, and its rendition {row.name} "
            + (
                "is signed, and its master is not"
                if row.is_signed
                else "is not signed, as its master is"
            )
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
)

ASKED_FOR = (
    "every job that went on has the renditions that its brief asks for, in these sizes and formats, and "
    "no other one; each was judged by every rule that the brief has for it, as severely as it says, and "
    "a signed one by the rules that its signing names"
)

_BATCH = 500

_ASKING = text(
    f"SELECT j.job_id, j.attempt_id, j.brief_json FROM jobs j WHERE {_WENT_ON} "  # noqa: S608 - constants
    """AND (j.brief_json LIKE '%"renditions":%' OR EXISTS (
        SELECT 1 FROM renditions r WHERE r.attempt_id = j.attempt_id)) ORDER BY j.job_id"""
).execution_options(yield_per=_BATCH)


def first_unasked(connection: Connection) -> str | None:
    """The first job whose renditions are not what its brief asks for, if there is one.

    That a brief is what was planned cannot be seen here: the database refuses to change it. The
    severity is compared where the brief says one, since only the inspectors know their own.
    """
    with connection.execute(_ASKING) as found:
        for rows in found.partitions():
            ids = [row.attempt_id for row in rows]
            made = renditions.of_attempts(connection, ids)
            verdicts = renditions.verdicts_of(connection, ids)
            signed = signings.of_attempts(connection, ids)
            for row in rows:
                has, asked = made.get(row.attempt_id, ()), _asked(row.brief_json)
                if [one.name for one in has] != [str(one["name"]) for one in asked]:
                    return (
                        f"job {row.job_id} has the renditions {_listed(one.name for one in has)}, and "
                        f"its brief asks for {_listed(str(one['name']) for one in asked)}"
                    )
                for one, wanted in zip(has, asked, strict=True):
                    key = (row.attempt_id, one.number)
                    fault = _fault(one, wanted, verdicts.get(key, ()), signed.get(key))
                    if fault is not None:
                        return f"rendition {one.name} of job {row.job_id} {fault}"
    return None


def _asked(brief_json: str) -> Sequence[Mapping[str, Any]]:
    brief = json.loads(brief_json)
    return brief.get("renditions", ()) if isinstance(brief, dict) else ()


def _fault(
    one: RenditionView,
    wanted: Mapping[str, Any],
    verdicts: Sequence[VerdictRecord],
    signing: SigningView | None,
) -> str | None:
    """Say in what a rendition is not what its brief asks for."""
    form = {"width": one.width, "height": one.height, "format": one.media_type.partition("/")[2]}
    for word, has in form.items():
        if wanted.get(word, has) != has:
            return f"has the {word} {has}, and its brief says {wanted[word]}"
    judged = Counter((verdict.criterion, str(verdict.severity)) for verdict in verdicts)
    by_name = Counter(verdict.criterion for verdict in verdicts)
    rules = [_rule(item) for item in wanted.get("done", ())]
    for name, times in Counter(name for name, _ in rules).items():
        if by_name[name] < times:
            return f"was not judged by {name}, and its brief asks for that"
    for (name, severity), times in Counter(rules).items():
        if severity is not None and judged[name, severity] < times:
            return f"was not judged by {name} as severely as its brief says: {severity}"
    if signing is not None and signing.rules_sha256 != rules_digest(verdicts):
        return "was judged by other rules than those that its signing names"
    return None


def _rule(item: object) -> tuple[str, str | None]:
    """Give the name of one rule of a definition of done, and its severity where it says one."""
    if not isinstance(item, Mapping):
        return str(item), None
    ((name, parameters),) = item.items()
    severity = parameters.get("severity") if isinstance(parameters, Mapping) else None
    return str(name), None if severity is None else str(severity)


def rules_digest(verdicts: Iterable[VerdictRecord]) -> str:
    """Give the digest of the rules by which verdicts were given, as a signing names them.

    The SHA-256 of the canonical JSON of each one's name, version and parameters, sorted by these.
    """
    rules = [
        {
            "criterion": one.criterion,
            "version": one.version,
            "parameters": json.loads(one.parameters_json),
        }
        for one in verdicts
    ]
    rules.sort(key=lambda one: (one["criterion"], one["version"], _canonical(one["parameters"])))
    return sha256(_canonical(rules).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _file(number: int) -> str:
    return f"rendition {number}" if number else "the file"
