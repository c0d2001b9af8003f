"""What `verify` proves about closed months, and about what takes two persons."""

# ruff: noqa: S608 - every query is made of constants of this file
from __future__ import annotations

from sqlalchemy import Connection, text

from ledger import persons
from ledger.closing_views import CLOSES_AFTER, REQUEST_LASTS
from ledger.errors import ReviewRefused, SelectionRefused
from ledger.money import format_usd
from ledger.proof_rules import Rule
from ledger.schema import AnyRow
from ledger.selection import period_end_us
from ledger.signatures import is_the_file

_LASTS_US = int(REQUEST_LASTS.total_seconds()) * 1_000_000
_CLOSES_AFTER_US = int(CLOSES_AFTER.total_seconds()) * 1_000_000

_HELD = """
    SELECT period, COUNT(*) AS held_count, MIN(entry_id) AS first_id, MAX(entry_id) AS last_id,
        SUM(CASE WHEN kind IN ('charge', 'overrun', 'adjust_up') THEN amount_nano
            WHEN kind = 'adjust_down' THEN -amount_nano ELSE 0 END) AS charged
    FROM entries GROUP BY period
"""

_APPROVED = """
    SELECT 1 FROM requests q JOIN approvals a ON a.request_id = q.request_id
    WHERE q.kind = '{kind}' AND a.answer = 'approved' AND a.actor_key <> q.actor_key
        AND COALESCE(q.amount_nano, -1) = COALESCE(s.{amount}, -1)
        AND q.basis_id = COALESCE(s.before_id, 0)
        AND q.actor = s.actor AND a.at_us = s.at_us AND s.because
            = q.because || ' (R' || q.request_id || ', approved by ' || a.actor || ')'
"""

# Each rule of a cap with the cap before it, the limit that stood when it was written, and by how
# much nobody but one person had raised that cap in that month since there is a limit.
_RAISES = f"""
    WITH steps AS (
        SELECT r.rule_id, r.scope, r.subject, r.cap_nano, r.actor, r.because, r.at_us,
            LAG(r.rule_id) OVER one AS before_id,
            CASE WHEN LAG(r.rule_id) OVER one IS NULL THEN o.cap_nano
                ELSE LAG(r.cap_nano) OVER one END AS before_nano
        FROM cap_rules r LEFT JOIN orders o ON r.scope = 'order' AND o.order_id = r.subject
        WINDOW one AS (PARTITION BY r.scope, r.subject ORDER BY r.rule_id)
    ),
    limited AS (
        SELECT s.*, (SELECT l.limit_nano FROM raise_limits l WHERE l.after_rule_id < s.rule_id
            ORDER BY l.limit_id DESC LIMIT 1) AS limit_nano,
            CASE WHEN EXISTS ({_APPROVED.format(kind="raise", amount="cap_nano")}
                AND q.scope = s.scope AND q.subject = s.subject) THEN 0 ELSE 1 END AS is_alone
        FROM steps s
    ),
    counted AS (
        SELECT l.*, SUM(CASE WHEN l.is_alone = 1 AND l.cap_nano > l.before_nano
                AND l.rule_id > (SELECT MIN(x.after_rule_id) FROM raise_limits x)
                THEN l.cap_nano - l.before_nano ELSE 0 END)
            OVER (PARTITION BY l.scope, l.subject, e.period ORDER BY l.rule_id) AS alone_nano
        FROM limited l LEFT JOIN entries e ON e.rule_id = l.rule_id
    )
"""
_LIMITS = """
    WITH steps AS (
        SELECT l.limit_id, l.limit_nano, l.actor, l.because, l.at_us,
            LAG(l.limit_id) OVER (ORDER BY l.limit_id) AS before_id,
            LAG(l.limit_nano) OVER (ORDER BY l.limit_id) AS before_nano
        FROM raise_limits l
    )
"""

CLOSING_RULES = (
    Rule(
        "every closed month holds what it held when it was closed",
        f"""
        SELECT c.period, c.entry_count, c.charged_nano, COALESCE(h.held_count, 0) AS held_count,
            COALESCE(h.charged, 0) AS charged
        FROM closings c LEFT JOIN ({_HELD}) h ON h.period = c.period
        WHERE c.event = 'close'
            AND c.closing_id = (SELECT MAX(x.closing_id) FROM closings x WHERE x.period = c.period)
            AND (c.entry_count <> COALESCE(h.held_count, 0)
                OR c.charged_nano <> COALESCE(h.charged, 0)
                OR COALESCE(c.first_entry_id, 0) <> COALESCE(h.first_id, 0)
                OR COALESCE(c.last_entry_id, 0) <> COALESCE(h.last_id, 0))
        ORDER BY c.closing_id
        """,
        lambda row: (
            f"{row.period} was closed with {format_usd(row.charged_nano)} in {row.entry_count:,} "
            f"entries, and has {format_usd(int(row.charged))} in {row.held_count:,}"
        ),
    ),
    Rule(
        "every closed month was sealed when it was closed",
        """
        SELECT c.period, c.seal_block FROM closings c LEFT JOIN seals s ON s.block = c.seal_block
        WHERE c.seal_block IS NOT NULL AND (s.block IS NULL OR s.sha256 <> c.seal_sha256
            OR s.last_entry_id < COALESCE(c.last_entry_id, 0))
        ORDER BY c.closing_id
        """,
        lambda row: (
            f"{row.period} was closed under seal {row.seal_block}, which is another one now"
        ),
    ),
    Rule(
        "months are closed and reopened in turn, and reopened as one person asked and when another "
        "approved",
        """
        WITH turns AS (
            SELECT closing_id, period, event, request_id, actor, because, at_us,
                MAX(at_us) OVER (PARTITION BY period ORDER BY closing_id) AS latest_us,
                LAG(event) OVER (PARTITION BY period ORDER BY closing_id) AS before_event,
                LAG(closing_id) OVER (PARTITION BY period ORDER BY closing_id) AS before_id
            FROM closings
        )
        SELECT t.period, t.event FROM turns t
        WHERE t.event = COALESCE(t.before_event, 'reopen') OR t.at_us < t.latest_us
            OR (t.event = 'reopen' AND NOT EXISTS (
            SELECT 1 FROM requests q JOIN approvals a ON a.request_id = q.request_id
            WHERE q.request_id = t.request_id AND q.kind = 'reopen' AND q.period = t.period
                AND q.basis_id = t.before_id AND a.answer = 'approved'
                AND q.actor = t.actor AND q.because = t.because AND a.at_us = t.at_us
                AND a.actor_key <> q.actor_key))
        ORDER BY t.closing_id
        """,
        lambda row: f"the {row.event} of {row.period} is one that nobody could write",
    ),
    Rule(
        "every cap that was raised in a month by more than the limit was approved by a second person",
        _RAISES
        + """
        SELECT s.rule_id, s.scope, s.subject, s.cap_nano, s.before_nano FROM counted s
        WHERE s.limit_nano IS NOT NULL AND s.before_nano IS NOT NULL AND s.is_alone = 1
            AND (s.cap_nano IS NULL
                OR (s.cap_nano > s.before_nano AND s.alone_nano > s.limit_nano))
        ORDER BY s.rule_id
        """,
        lambda row: (
            f"cap rule {row.rule_id} raised the cap of {row.scope} {row.subject} from "
            f"{format_usd(row.before_nano)} to "
            f"{'none' if row.cap_nano is None else format_usd(row.cap_nano)}, and no second person "
            "approved that"
        ),
    ),
    Rule(
        "every limit of raises that was raised or taken away was approved by a second person",
        _LIMITS
        + f"""
        SELECT s.limit_id, s.limit_nano FROM steps s
        WHERE s.before_nano IS NOT NULL
            AND (s.limit_nano IS NULL OR s.limit_nano > s.before_nano)
            AND NOT EXISTS ({_APPROVED.format(kind="limit", amount="limit_nano")})
        ORDER BY s.limit_id
        """,
        lambda row: (
            f"limit {row.limit_id} lets one person do more, and no second one approved that"
        ),
    ),
    Rule(
        "everything that was approved is in force, or was",
        """
        SELECT q.request_id FROM requests q JOIN approvals a ON a.request_id = q.request_id
        WHERE a.answer = 'approved' AND NOT CASE q.kind
            WHEN 'raise' THEN EXISTS (SELECT 1 FROM cap_rules r
                WHERE r.scope = q.scope AND r.subject = q.subject
                    AND r.actor = q.actor AND r.at_us = a.at_us
                    AND COALESCE(r.cap_nano, -1) = COALESCE(q.amount_nano, -1)
                    AND r.rule_id = (SELECT MIN(x.rule_id) FROM cap_rules x WHERE x.scope = q.scope
                        AND x.subject = q.subject AND x.rule_id > q.basis_id))
            WHEN 'limit' THEN EXISTS (SELECT 1 FROM raise_limits l
                WHERE l.actor = q.actor AND l.at_us = a.at_us
                    AND COALESCE(l.limit_nano, -1) = COALESCE(q.amount_nano, -1)
                    AND l.limit_id = (SELECT MIN(x.limit_id) FROM raise_limits x
                        WHERE x.limit_id > q.basis_id))
            ELSE EXISTS (SELECT 1 FROM closings c WHERE c.request_id = q.request_id) END
        ORDER BY q.request_id
        """,
        lambda row: f"request R{row.request_id} was approved, and what it asked for is not there",
    ),
)

PERSONS = "whoever approved something is another person than whoever asked for it, by name and key"
ENDED = "no month was closed before it was over"

_ANSWERS = text(
    "SELECT q.request_id, q.actor, q.actor_key, q.at_us, a.answer, a.actor AS answered_by, "
    "a.actor_key AS answered_key, a.asked_key, a.at_us AS answered_at_us FROM requests q "
    "LEFT JOIN approvals a ON a.request_id = q.request_id ORDER BY q.request_id"
)
_CLOSES = text("SELECT period, at_us FROM closings WHERE event = 'close' ORDER BY closing_id")


def first_alone(connection: Connection) -> str | None:
    """The first request that is nobody's, or that one person asked for and approved."""
    with connection.execute(_ANSWERS) as rows:
        return next((found for row in rows if (found := _alone(row))), None)


def _alone(row: AnyRow) -> str | None:
    if not _is_named(row.actor, row.actor_key):
        return f"request R{row.request_id} is by {row.actor!a}, which is nobody's name and key"
    if row.answer is None:
        return None
    if not _is_named(row.answered_by, row.answered_key) or row.asked_key != row.actor_key:
        return f"{row.answered_by!a} answered R{row.request_id}, and is nobody's name and key"
    if row.answer == "approved" and persons.is_same(row.actor, row.answered_by):
        return f"{row.answered_by} approved R{row.request_id}, and asked for it as {row.actor}"
    waited_us = row.answered_at_us - row.at_us
    if waited_us < 0 or (row.answer == "approved" and waited_us > _LASTS_US):
        when = "before it was asked for" if waited_us < 0 else "when it was too old"
        return f"R{row.request_id} was {row.answer} {when}"
    return None


def _is_named(actor: str, key: str) -> bool:
    try:
        named = persons.reviewer(actor) == actor and persons.reviewer_key(actor) == key
        return named and not is_the_file(actor)
    except ReviewRefused:
        return False


def first_too_early(connection: Connection) -> str | None:
    """The first close of a month that had not ended."""
    for row in connection.execute(_CLOSES):
        try:
            over_us = period_end_us(row.period) + 1 + _CLOSES_AFTER_US
        except SelectionRefused:
            return f"{row.period!a} was closed, and is no month"
        if row.at_us < over_us:
            return f"{row.period} was closed before it was over"
    return None
