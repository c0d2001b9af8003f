"""The foreman: reads orders, plans jobs, moves them through the stages, and recovers what was lost.

Importing this package imports neither Prefect nor a provider's client.
"""

from __future__ import annotations

from flows.auditing import audit_store
from flows.capacity import Capacity, Staying, Work, staying
from flows.caps_file import apply_caps, read_caps
from flows.deciding import decide
from flows.doctor import Check, examine
from flows.engine import Engine, InlineEngine
from flows.errors import (
    BadOrder,
    BadSettings,
    FileChanged,
    FlowError,
    NothingToRun,
    NotInReview,
    UnknownJobId,
    UnknownOrderId,
)
from flows.inspecting import Inspected, inspect_files, rules_of_file, rules_of_order
from flows.measuring import Measured, measure_released
from flows.nightly import NightlyOrder, nightly_exit_code, order_files, run_nightly
from flows.order_run import OrderRun
from flows.planning import Plan, plan_order
from flows.problems import Problem
from flows.quoting import OrderQuote, quote_plan
from flows.reviewing import (
    Queue,
    Waiting,
    decide_review,
    find_order,
    job_ids_of,
    longest_waiting,
    one_waiting,
    queue_of,
    waiting_for_review,
)
from flows.running import RunReport, Watcher, report, run_order, run_plan
from flows.settings import Settings, read_settings
from flows.wiring import House, utc_now

__all__ = [
    "BadOrder",
    "BadSettings",
    "Capacity",
    "Check",
    "Engine",
    "FileChanged",
    "FlowError",
    "House",
    "InlineEngine",
    "Inspected",
    "Measured",
    "NightlyOrder",
    "NotInReview",
    "NothingToRun",
    "OrderQuote",
    "OrderRun",
    "Plan",
    "Problem",
    "Queue",
    "RunReport",
    "Settings",
    "Staying",
    "UnknownJobId",
    "UnknownOrderId",
    "Waiting",
    "Watcher",
    "Work",
    "apply_caps",
    "audit_store",
    "decide",
    "decide_review",
    "examine",
    "find_order",
    "inspect_files",
    "job_ids_of",
    "longest_waiting",
    "measure_released",
    "nightly_exit_code",
    "one_waiting",
    "order_files",
    "plan_order",
    "queue_of",
    "quote_plan",
    "read_caps",
    "read_settings",
    "report",
    "rules_of_file",
    "rules_of_order",
    "run_nightly",
    "run_order",
    "run_plan",
    "staying",
    "utc_now",
    "waiting_for_review",
]
