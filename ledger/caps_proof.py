"""What `verify` proves about caps that people set, and about attempts that people decided on."""

# ruff: noqa: S608 - every query is made of constants of this file
from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection, func, select

from ledger.instants import day_of
from ledger.money import format_usd
from ledger.proof_rules import Rule
from ledger.schema import holds

_COVERED = """
    FROM holds h JOIN attempts a ON a.attempt_id = h.attempt_id
    JOIN orders o ON o.order_id = a.order_id
"""
_MONTH = "'cost_center:' || o.cost_center || '/' || substr(h.day, 1, 7)"
_DAY = "'provider:' || o.provider || '/' || h.day"

_STEPS = """
    WITH steps AS (
        SELECT r.rule_id, r.scope, r.subject, r.actor, r.because, r.at_us,
            COALESCE(r.cap_nano, 0) - COALESCE(LAG(COALESCE(r.cap_nano, 0))
                OVER (PARTITION BY r.scope, r.subject ORDER BY r.rule_id), o.cap_nano, 0) AS step
        FROM cap_rules r LEFT JOIN orders o ON r.scope = 'order' AND o.order_id = r.subject
    )
"""

CAP_RULES = (
    Rule(
        "every hold counts under its month's and its day's budget where there are such",
        f"""
        SELECT h.attempt_id, b.budget_id {_COVERED} JOIN budgets b ON b.budget_id = {_MONTH}
        WHERE NOT EXISTS (SELECT 1 FROM hold_budgets x
            WHERE x.attempt_id = h.attempt_id AND x.budget_id = b.budget_id)
        UNION ALL
        SELECT h.attempt_id, b.budget_id {_COVERED} JOIN budgets b ON b.budget_id = {_DAY}
        WHERE NOT EXISTS (SELECT 1 FROM hold_budgets x
            WHERE x.attempt_id = h.attempt_id AND x.budget_id = b.budget_id)
        """,
        lambda row: (
            f"the hold of attempt {row.attempt_id} does not count under budget {row.budget_id}"
        ),
    ),
    Rule(
        "no hold counts under a budget that does not cover it",
        f"""
        SELECT x.attempt_id, x.budget_id {_COVERED}
        JOIN hold_budgets x ON x.attempt_id = h.attempt_id
        WHERE x.budget_id NOT IN
            ('job:' || a.job_id, 'order:' || a.order_id, {_MONTH}, {_DAY})
        ORDER BY x.attempt_id
        """,
        lambda row: (
            f"the hold of attempt {row.attempt_id} counts under budget {row.budget_id}, which "
            "does not cover it"
        ),
    ),
    Rule(
        "every budget is named for what it caps",
        """
        SELECT budget_id FROM budgets WHERE budget_id <> scope || ':' || subject
            || CASE period WHEN '' THEN '' ELSE '/' || period END
        ORDER BY budget_id
        """,
        lambda row: f"budget {row.budget_id} is of something else than its name says",
    ),
    Rule(
        "every cap that was set is in the entries by its difference, with who and why",
        _STEPS
        + """
        SELECT s.rule_id, s.scope, s.subject, s.step FROM steps s
        LEFT JOIN entries e ON e.rule_id = s.rule_id
        WHERE (s.step = 0) <> (e.entry_id IS NULL)
            OR (e.entry_id IS NOT NULL AND (e.amount_nano <> ABS(s.step)
                OR e.kind <> CASE WHEN s.step > 0 THEN 'raise' ELSE 'lower' END
                OR e.actor <> s.actor OR e.because <> s.because OR e.at_us <> s.at_us
                OR s.subject <> COALESCE(CASE s.scope WHEN 'order' THEN e.order_id
                    WHEN 'cost_center' THEN e.cost_center ELSE e.provider END, '')
                OR (s.scope = 'order') <> (e.order_id IS NOT NULL)))
        ORDER BY s.rule_id
        """,
        lambda row: (
            f"cap rule {row.rule_id} moved the cap of {row.scope} {row.subject} by "
            f"{format_usd(int(row.step))}, but the entries do not say so"
        ),
    ),
    Rule(
        "every budget has the cap of its rule, and a running one that of the rule in force",
        """
        WITH latest AS (
            SELECT r.* FROM cap_rules r JOIN (SELECT MAX(rule_id) AS rule_id FROM cap_rules
                GROUP BY scope, subject) newest ON newest.rule_id = r.rule_id
        ),
        newest_row AS (
            SELECT scope, subject, MAX(period) AS period FROM budgets WHERE scope <> 'job'
            GROUP BY scope, subject
        )
        SELECT b.budget_id, b.cap_nano FROM budgets b
        LEFT JOIN cap_rules r ON r.rule_id = b.rule_id
        LEFT JOIN latest l ON l.scope = b.scope AND l.subject = b.subject
        LEFT JOIN newest_row n ON n.scope = b.scope AND n.subject = b.subject
        WHERE (b.rule_id IS NOT NULL AND (r.rule_id IS NULL OR r.scope <> b.scope
                OR r.subject <> b.subject
                OR COALESCE(r.cap_nano, -1) <> COALESCE(b.cap_nano, -1)))
            OR (b.period <> '' AND b.rule_id IS NULL)
            OR (b.scope <> 'job' AND b.period = n.period
                AND COALESCE(b.rule_id, 0) <> COALESCE(l.rule_id, 0)
                AND (b.scope = 'order' OR l.cap_nano IS NOT NULL))
        ORDER BY b.budget_id
        """,
        lambda row: (
            f"budget {row.budget_id} has "
            f"{'no cap' if row.cap_nano is None else 'a cap of ' + format_usd(row.cap_nano)}, and "
            "the rules say otherwise"
        ),
    ),
    Rule(
        "every decision of a person ended its attempt as it says, with who and why",
        """
        SELECT d.attempt_id FROM decisions d
        LEFT JOIN attempts a ON a.attempt_id = d.attempt_id
        LEFT JOIN holds h ON h.attempt_id = d.attempt_id
        WHERE a.attempt_id IS NULL OR a.state <> 'failed' OR a.charged_nano <> d.amount_nano
            OR h.state <> CASE d.kind WHEN 'void' THEN 'voided' ELSE 'charged' END
            OR EXISTS (SELECT 1 FROM entries e WHERE e.attempt_id = d.attempt_id
                AND e.kind <> 'hold' AND (COALESCE(e.actor, '') <> d.actor
                    OR COALESCE(e.because, '') <> d.because))
        UNION ALL
        SELECT e.attempt_id FROM entries e LEFT JOIN decisions d ON d.attempt_id = e.attempt_id
        WHERE e.actor IS NOT NULL AND e.attempt_id IS NOT NULL
            AND (d.attempt_id IS NULL OR e.kind = 'hold')
        """,
        lambda row: (
            f"attempt {row.attempt_id} was decided on by a person, but its end says otherwise"
        ),
    ),
)

DAYS = "every hold counts on the day on which it was made, in some time zone"

_DAYS = select(
    holds.c.day,
    func.min(holds.c.opened_at_us).label("first_us"),
    func.max(holds.c.opened_at_us).label("last_us"),
).group_by(holds.c.day)


def first_wrong_day(connection: Connection) -> str | None:
    """Find a hold that is put down to a day that was nowhere on earth when it was made."""
    for row in connection.execute(_DAYS.order_by(holds.c.day)):
        for at_us in (row.first_us, row.last_us):
            if abs(_date(day_of(at_us)) - _date(row.day)) > timedelta(days=1):
                return f"a hold of {day_of(at_us)} is put down to {row.day}, when it was not made"
    return None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min
