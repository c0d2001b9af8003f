"""What an order would cost, against every cap, before a cent is spent."""

from __future__ import annotations

from dataclasses import dataclass

from flows.planning import Plan
from ledger import hold_nano


@dataclass(frozen=True, slots=True)
class OrderQuote:
    """Costs in nano-USD. An attempt's dearest cost is what a hold takes; the expected one is usual.

    `dearest_nano` is what all jobs cost when each of them uses all attempts that its own cap pays
    for; `first_pass_nano` when every first attempt is accepted at its dearest.
    """

    order_id: str
    job_count: int
    file_count: int
    """How many files are released when every job is; renditions cost nothing."""
    attempts_max: int
    attempt_dearest_nano: int
    attempt_expected_nano: int
    expected_nano: int
    first_pass_nano: int
    dearest_nano: int
    cap_nano: int
    per_job_nano: int

    @property
    def covers_expected(self) -> bool:
        """Whether the order's cap pays for every job at its expected cost."""
        return self.expected_nano <= self.cap_nano

    @property
    def covers_dearest(self) -> bool:
        """Whether the order's cap pays for every job even if all of them need every attempt."""
        return self.dearest_nano <= self.cap_nano

    @property
    def jobs_covered(self) -> int:
        """How many jobs the cap surely pays for when each needs one attempt at its dearest."""
        if self.attempt_dearest_nano == 0:
            return self.job_count
        return min(self.job_count, self.cap_nano // self.attempt_dearest_nano)


def quote_plan(plan: Plan, edition: str | None = None) -> OrderQuote:
    """Add up a plan's prices; each attempt is rounded up to the nano-dollar, as its hold will be."""
    per_job_nano = hold_nano(plan.form.budget.per_job)
    attempts_max = plan.form.budget.attempts
    expected = first_pass = dearest_in_all = 0
    dearest_one = expected_one = 0
    for (dearest_usd, expected_usd), count in plan.attempt_costs.items():
        dearest = hold_nano(dearest_usd)
        usual = hold_nano(expected_usd)
        payable = attempts_max if dearest == 0 else min(attempts_max, per_job_nano // dearest)
        expected += usual * count
        first_pass += dearest * count
        dearest_in_all += dearest * payable * count
        dearest_one = max(dearest_one, dearest)
        expected_one = max(expected_one, usual)
    return OrderQuote(
        order_id=plan.order_id(edition),
        job_count=plan.job_count,
        file_count=plan.file_count,
        attempts_max=attempts_max,
        attempt_dearest_nano=dearest_one,
        attempt_expected_nano=expected_one,
        expected_nano=expected,
        first_pass_nano=first_pass,
        dearest_nano=dearest_in_all,
        cap_nano=hold_nano(plan.form.budget.cap),
        per_job_nano=per_job_nano,
    )
