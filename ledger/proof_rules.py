"""What `verify` proves, rule by rule.

Each rule is a sentence, a query for rows that break it, and how to say what is wrong with one. The
rules are written in the SQL that both databases share, apart from the code that writes the
books, so that a defect there does not hide itself here.
"""

# ruff: noqa: S608 - every query is made of constants of this file and of `ledger.entries`
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ledger.entries import FLOWS
from ledger.instants import DAY_US, day_of
from ledger.money import format_usd
from ledger.schema import AnyRow


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that holds in sound books."""

    sentence: str
    broken: str
    """A query for rows that break the rule."""
    problem: Callable[[AnyRow], str]


# Caps of cost centres and providers are nobody's order.
_OWNER = "COALESCE(order_id, 'cost_center:' || cost_center, 'provider:' || provider, '')"


def _account_case(side: int) -> str:
    whens = " ".join(
        f"WHEN '{kind.value}' THEN '{words[side]}:' || "
        f"{'provider' if words[side] == 'payable' else _OWNER}"
        for kind, words in FLOWS.items()
    )
    return f"CASE kind {whens} ELSE '' END"


def _adjusted(amount_nano: int) -> str:
    return f" and {format_usd(int(amount_nano))} adjusted" if amount_nano else ""


_MONEY = """
    SELECT attempt_id,
        COUNT(*) AS moved,
        COUNT(DISTINCT kind) AS kinds,
        SUM(CASE WHEN kind = 'hold' THEN amount_nano ELSE 0 END) AS held,
        SUM(CASE WHEN kind = 'void' THEN amount_nano ELSE 0 END) AS voided,
        SUM(CASE WHEN kind = 'charge' THEN amount_nano ELSE 0 END) AS charged,
        SUM(CASE WHEN kind = 'release' THEN amount_nano ELSE 0 END) AS released,
        SUM(CASE WHEN kind = 'overrun' THEN amount_nano ELSE 0 END) AS overrun
    FROM entries WHERE attempt_id IS NOT NULL GROUP BY attempt_id
"""

# Every hold with what its entries add up to; holds without entries count as zeros.
_HOLDS = f"""
    WITH money AS ({_MONEY}),
    ends AS (
        SELECT h.attempt_id, h.amount_nano AS amount, h.state,
            COALESCE(m.moved, 0) AS moved, COALESCE(m.kinds, 0) AS kinds,
            COALESCE(m.held, 0) AS held, COALESCE(m.voided, 0) AS voided,
            COALESCE(m.charged, 0) AS charged, COALESCE(m.released, 0) AS released,
            COALESCE(m.overrun, 0) AS overrun
        FROM holds h LEFT JOIN money m ON m.attempt_id = h.attempt_id
    )
"""

MONEY_RULES = (
    Rule(
        "every entry moves an amount above zero between the two accounts of its kind",
        f"""
        SELECT entry_id, kind, from_account, to_account, amount_nano FROM entries
        WHERE amount_nano <= 0 OR from_account = to_account
            OR from_account <> {_account_case(0)} OR to_account <> {_account_case(1)}
        ORDER BY entry_id
        """,
        lambda row: (
            f"entry E{row.entry_id} ({row.kind}) moves {format_usd(row.amount_nano)} from "
            f"{row.from_account} to {row.to_account}, which no {row.kind} does"
        ),
    ),
    Rule(
        "every entry names the attempt, job, order, owner and model that it belongs to",
        """
        SELECT e.entry_id, e.kind, e.order_id FROM entries e
        LEFT JOIN orders o ON o.order_id = e.order_id
        LEFT JOIN attempts a ON a.attempt_id = e.attempt_id
        LEFT JOIN jobs j ON j.job_id = e.job_id AND e.kind IN ('adjust_up', 'adjust_down')
        WHERE (e.order_id IS NOT NULL AND (o.order_id IS NULL OR e.cost_center <> o.cost_center
                OR e.campaign <> o.campaign OR e.owner <> o.owner OR e.provider <> o.provider
                OR e.model <> o.model))
            OR (e.order_id IS NULL AND e.kind NOT IN ('adjust_up', 'adjust_down')
                AND (e.kind NOT IN ('raise', 'lower')
                OR (e.cost_center IS NULL) = (e.provider IS NULL)
                OR e.campaign IS NOT NULL OR e.owner IS NOT NULL OR e.model IS NOT NULL))
            OR (e.kind IN ('cap', 'raise', 'lower')
                AND (e.attempt_id IS NOT NULL OR e.job_id IS NOT NULL))
            OR (e.kind IN ('adjust_up', 'adjust_down') AND (e.attempt_id IS NOT NULL
                OR e.provider IS NULL OR (e.order_id IS NULL) <> (j.job_id IS NULL)
                OR j.order_id <> e.order_id OR (e.order_id IS NULL
                    AND (e.cost_center IS NOT NULL OR e.campaign IS NOT NULL
                        OR e.owner IS NOT NULL))))
            OR (e.kind NOT IN ('cap', 'raise', 'lower', 'adjust_up', 'adjust_down')
                AND (a.attempt_id IS NULL
                OR e.job_id IS NULL OR a.job_id <> e.job_id OR a.order_id <> e.order_id))
        ORDER BY e.entry_id
        """,
        lambda row: (
            f"entry E{row.entry_id} ({row.kind}) is put down to something else than order "
            f"{row.order_id} and its attempt say"
        ),
    ),
    Rule(
        "every order was opened with its cap, once, and its budgets have its caps",
        """
        SELECT o.order_id, o.cap_nano FROM orders o
        LEFT JOIN (SELECT order_id, SUM(amount_nano) AS opened, COUNT(*) AS times
            FROM entries WHERE kind = 'cap' GROUP BY order_id) c ON c.order_id = o.order_id
        LEFT JOIN budgets b ON b.budget_id = 'order:' || o.order_id
        WHERE COALESCE(c.opened, 0) <> o.cap_nano OR COALESCE(c.times, 0) > 1
            OR b.budget_id IS NULL OR (b.rule_id IS NULL AND b.cap_nano <> o.cap_nano)
            OR EXISTS (SELECT 1 FROM jobs j JOIN budgets p ON p.budget_id = 'job:' || j.job_id
                WHERE j.order_id = o.order_id AND (p.cap_nano <> o.per_job_nano OR p.rule_id IS NOT NULL))
        ORDER BY o.order_id
        """,
        lambda row: (
            f"order {row.order_id} has a cap of {format_usd(row.cap_nano)}, but its opening entry "
            "or one of its budgets says otherwise"
        ),
    ),
    Rule(
        "every attempt has one hold, open exactly as long as the attempt is",
        """
        SELECT a.attempt_id, a.state, a.hold_nano FROM attempts a
        LEFT JOIN holds h ON h.attempt_id = a.attempt_id
        WHERE h.attempt_id IS NULL OR h.amount_nano <> a.hold_nano
            OR (h.state = 'open') <> (a.state IN ('held', 'unknown'))
            OR (h.state = 'voided' AND a.charged_nano <> 0)
        ORDER BY a.attempt_id
        """,
        lambda row: (
            f"attempt {row.attempt_id} is {row.state} with a hold of {format_usd(row.hold_nano)}, "
            "but its hold says otherwise"
        ),
    ),
    Rule(
        "every hold counts under its job's and its order's budget",
        """
        SELECT a.attempt_id FROM attempts a
        WHERE NOT EXISTS (SELECT 1 FROM hold_budgets b
                WHERE b.attempt_id = a.attempt_id AND b.budget_id = 'job:' || a.job_id)
            OR NOT EXISTS (SELECT 1 FROM hold_budgets b
                WHERE b.attempt_id = a.attempt_id AND b.budget_id = 'order:' || a.order_id)
        ORDER BY a.attempt_id
        """,
        lambda row: f"the hold of attempt {row.attempt_id} does not count under all its budgets",
    ),
    Rule(
        "every hold was opened by one entry of its amount",
        _HOLDS + "SELECT * FROM ends WHERE held <> amount OR moved <> kinds ORDER BY attempt_id",
        lambda row: (
            f"attempt {row.attempt_id} holds {format_usd(row.amount)}, but its entries held "
            f"{format_usd(int(row.held))} in {row.moved} entries of {row.kinds} kinds"
        ),
    ),
    Rule(
        "every hold ended at most once, and what was charged and released adds up to it",
        _HOLDS
        + """
        SELECT * FROM ends WHERE NOT (
            (state = 'open' AND voided = 0 AND charged = 0 AND released = 0 AND overrun = 0)
            OR (state = 'voided' AND voided = amount AND charged = 0 AND released = 0
                AND overrun = 0)
            OR (state = 'charged' AND voided = 0 AND charged + released = amount
                AND (overrun = 0 OR charged = amount)))
        ORDER BY attempt_id
        """,
        lambda row: (
            f"the hold of {format_usd(row.amount)} of attempt {row.attempt_id} is {row.state}, "
            f"but {format_usd(int(row.charged))} was charged, {format_usd(int(row.released))} "
            f"released, {format_usd(int(row.voided))} voided and "
            f"{format_usd(int(row.overrun))} overrun"
        ),
    ),
    Rule(
        "every attempt costs what its entries charged",
        _HOLDS
        + """
        SELECT a.attempt_id, a.charged_nano, e.charged + e.overrun AS billed
        FROM attempts a JOIN ends e ON e.attempt_id = a.attempt_id
        WHERE a.charged_nano <> e.charged + e.overrun ORDER BY a.attempt_id
        """,
        lambda row: (
            f"attempt {row.attempt_id} is said to have cost {format_usd(row.charged_nano)}, but "
            f"its entries charged {format_usd(int(row.billed))}"
        ),
    ),
    Rule(
        "no provider's work is charged under two attempts",
        """
        SELECT provider, provider_ref, COUNT(DISTINCT attempt_id) AS times FROM entries
        WHERE kind IN ('charge', 'overrun') AND provider_ref IS NOT NULL
        GROUP BY provider, provider_ref HAVING COUNT(DISTINCT attempt_id) > 1
        ORDER BY provider, provider_ref
        """,
        lambda row: (
            f"{row.provider}'s {row.provider_ref} is charged under {row.times} attempts, and its "
            "bill has it once"
        ),
    ),
    Rule(
        "every budget holds and has spent what the entries under it say, and never above its cap",
        _HOLDS
        + """
        , under AS (
            SELECT hb.budget_id,
                SUM(CASE WHEN e.state = 'open' THEN e.amount ELSE 0 END) AS held,
                SUM(e.charged) AS spent, SUM(e.overrun) AS overrun
            FROM hold_budgets hb JOIN ends e ON e.attempt_id = hb.attempt_id
            GROUP BY hb.budget_id
        )
        SELECT b.budget_id, b.held_nano, b.spent_nano, b.cap_nano,
            COALESCE(u.held, 0) AS held, COALESCE(u.spent, 0) AS spent
        FROM budgets b LEFT JOIN under u ON u.budget_id = b.budget_id
        WHERE b.held_nano <> COALESCE(u.held, 0) OR b.spent_nano <> COALESCE(u.spent, 0)
            OR b.overrun_nano <> COALESCE(u.overrun, 0)
            OR b.held_nano + b.spent_nano > b.cap_nano
        ORDER BY b.budget_id
        """,
        lambda row: (
            f"budget {row.budget_id} says {format_usd(row.held_nano)} held and "
            f"{format_usd(row.spent_nano)} spent"
            f"{'' if row.cap_nano is None else ' of ' + format_usd(row.cap_nano)}, but the entries "
            f"say {format_usd(int(row.held))} and {format_usd(int(row.spent))}"
        ),
    ),
    Rule(
        "no order's money was ever held or spent above its cap, at any moment",
        """
        SELECT entry_id, order_id FROM (
            SELECT entry_id, order_id,
                SUM(CASE WHEN kind IN ('cap', 'raise', 'void', 'release') THEN amount_nano
                    WHEN kind IN ('hold', 'lower') THEN -amount_nano ELSE 0 END)
                    OVER (PARTITION BY order_id ORDER BY entry_id) AS available,
                SUM(CASE WHEN kind = 'hold' THEN amount_nano
                    WHEN kind IN ('void', 'release', 'charge') THEN -amount_nano ELSE 0 END)
                    OVER (PARTITION BY order_id ORDER BY entry_id) AS held
            FROM entries WHERE order_id IS NOT NULL) running
        WHERE available < 0 OR held < 0 ORDER BY entry_id
        """,
        lambda row: f"entry E{row.entry_id} takes order {row.order_id} beyond what it had",
    ),
    Rule(
        "every running total is what its entries come to",
        f"""
        SELECT day, order_id, SUM(charged) AS charged, SUM(moved) AS moved,
            SUM(told_charged) AS told_charged, SUM(told_moved) AS told_moved,
            SUM(adjusted) AS adjusted, SUM(told_adjusted) AS told_adjusted
        FROM (
            SELECT at_us / {DAY_US} AS day, COALESCE(order_id, '') AS order_id,
                COALESCE(cost_center, '') AS cost_center, COALESCE(campaign, '') AS campaign,
                COALESCE(provider, '') AS provider, COALESCE(model, '') AS model,
                CASE WHEN kind IN ('charge', 'overrun') THEN amount_nano ELSE 0 END AS charged,
                CASE WHEN kind = 'overrun' THEN amount_nano ELSE 0 END AS overrun, 1 AS moved,
                CASE WHEN kind = 'adjust_up' THEN amount_nano
                    WHEN kind = 'adjust_down' THEN -amount_nano ELSE 0 END AS adjusted,
                0 AS told_charged, 0 AS told_overrun, 0 AS told_moved, 0 AS told_adjusted
            FROM entries
            UNION ALL
            SELECT day, order_id, cost_center, campaign, provider, model, 0, 0, 0, 0,
                charged_nano, overrun_nano, entry_count, adjusted_nano
            FROM totals) both_sides
        GROUP BY day, order_id, cost_center, campaign, provider, model
        HAVING SUM(charged) <> SUM(told_charged) OR SUM(overrun) <> SUM(told_overrun)
            OR SUM(moved) <> SUM(told_moved) OR SUM(adjusted) <> SUM(told_adjusted)
        ORDER BY day, order_id, cost_center, campaign, provider, model
        """,
        lambda row: (
            f"the running total of {row.order_id or 'what belongs to no order'} on "
            f"{day_of(int(row.day) * DAY_US)} says {format_usd(int(row.told_charged))} charged"
            f"{_adjusted(row.told_adjusted)} in {row.told_moved} entries, but the entries say "
            f"{format_usd(int(row.charged))}{_adjusted(row.adjusted)} in {row.moved}"
        ),
    ),
)

WORK_RULES = (
    Rule(
        "every order has the jobs that it says",
        """
        SELECT o.order_id, o.job_count, COUNT(j.job_id) AS found FROM orders o
        LEFT JOIN jobs j ON j.order_id = o.order_id
        GROUP BY o.order_id, o.job_count HAVING COUNT(j.job_id) <> o.job_count
        ORDER BY o.order_id
        """,
        lambda row: f"order {row.order_id} has {row.found} jobs and says {row.job_count}",
    ),
    Rule(
        "every job counts its attempts and what they cost",
        """
        SELECT j.job_id, j.attempts_used, j.spent_nano, COALESCE(a.tries, 0) AS tries,
            COALESCE(a.cost, 0) AS cost
        FROM jobs j LEFT JOIN (
            SELECT job_id, COUNT(*) AS made, MAX(number) AS last_number,
                SUM(CASE WHEN counts THEN 1 ELSE 0 END) AS tries, SUM(charged_nano) AS cost
            FROM attempts GROUP BY job_id) a ON a.job_id = j.job_id
        WHERE j.attempts_used <> COALESCE(a.tries, 0) OR j.last_number <> COALESCE(a.made, 0)
            OR j.last_number <> COALESCE(a.last_number, 0) OR j.spent_nano <> COALESCE(a.cost, 0)
        ORDER BY j.job_id
        """,
        lambda row: (
            f"job {row.job_id} says {row.attempts_used} attempts for "
            f"{format_usd(row.spent_nano)}, but the books have {row.tries} for "
            f"{format_usd(int(row.cost))}"
        ),
    ),
    Rule(
        "every job stands where its latest attempt left it",
        """
        SELECT j.job_id, j.state, a.state AS attempt_state FROM jobs j
        LEFT JOIN attempts a ON a.job_id = j.job_id AND a.number = j.last_number
        WHERE (j.attempt_id IS NOT NULL AND (a.attempt_id IS NULL OR a.attempt_id <> j.attempt_id))
            OR (j.state = 'building') <> (COALESCE(a.state, '') = 'held')
            OR (j.state = 'unknown') <> (COALESCE(a.state, '') = 'unknown')
            OR (j.state IN ('built', 'accepted', 'in_review', 'approved', 'released')
                AND COALESCE(a.state, '') <> 'built')
        ORDER BY j.job_id
        """,
        lambda row: (
            f"job {row.job_id} is {row.state}, but its latest attempt is "
            f"{row.attempt_state or 'not in the books'}"
        ),
    ),
    Rule(
        "every released job has its release, and every release its job and its bytes",
        """
        SELECT j.job_id, j.state, r.sha256, a.sha256 AS built_sha256 FROM jobs j
        LEFT JOIN releases r ON r.job_id = j.job_id
        LEFT JOIN attempts a ON a.attempt_id = j.attempt_id
        WHERE (j.state = 'released') <> (r.job_id IS NOT NULL)
            OR (r.job_id IS NOT NULL AND (r.attempt_id <> j.attempt_id OR r.name <> j.name
                OR r.order_id <> j.order_id OR r.sha256 <> COALESCE(a.sha256, '')))
        ORDER BY j.job_id
        """,
        lambda row: (
            f"job {row.job_id} is {row.state} with bytes {row.built_sha256}, but its release says "
            f"{row.sha256}"
        ),
    ),
    Rule(
        "every released asset passed every criterion that blocks, was approved by a person where one "
        "asks for that, and was judged at all",
        """
        SELECT r.job_id, r.attempt_id FROM releases r
        WHERE NOT EXISTS (SELECT 1 FROM verdicts v
                WHERE v.attempt_id = r.attempt_id AND v.sha256 = r.sha256 AND v.rendition = 0)
            OR EXISTS (SELECT 1 FROM verdicts v
                WHERE v.attempt_id = r.attempt_id AND v.sha256 = r.sha256
                    AND NOT v.passed AND v.severity = 'block')
            OR EXISTS (SELECT 1 FROM verdicts v JOIN jobs j ON j.job_id = r.job_id
                WHERE v.attempt_id = r.attempt_id AND v.sha256 = r.sha256
                    AND NOT v.passed AND v.severity = 'review' AND j.approved_by IS NULL)
        ORDER BY r.job_id
        """,
        lambda row: (
            f"job {row.job_id} is released, but attempt {row.attempt_id} did not pass inspection"
        ),
    ),
)
