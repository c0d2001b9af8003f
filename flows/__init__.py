"""The foreman: reads orders, plans jobs, moves them through the stages, and recovers what was lost.

Importing this package imports neither Prefect nor a provider's client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_HOMES: Final = {
    "BadOrder": "flows.errors",
    "BadSettings": "flows.errors",
    "Capacity": "flows.capacity",
    "Check": "flows.doctor",
    "Engine": "flows.engine",
    "FileChanged": "flows.errors",
    "FlowError": "flows.errors",
    "House": "flows.wiring",
    "InlineEngine": "flows.engine",
    "Inspected": "flows.inspecting",
    "Measured": "flows.measuring",
    "NightlyOrder": "flows.nightly",
    "NotInReview": "flows.errors",
    "NothingToRun": "flows.errors",
    "OrderQuote": "flows.quoting",
    "OrderRun": "flows.order_run",
    "Plan": "flows.planning",
    "Problem": "flows.problems",
    "Queue": "flows.reviewing",
    "RunReport": "flows.running",
    "Settings": "flows.settings",
    "Staying": "flows.capacity",
    "UnknownJobId": "flows.errors",
    "UnknownOrderId": "flows.errors",
    "Waiting": "flows.reviewing",
    "Watcher": "flows.running",
    "Work": "flows.capacity",
    "apply_caps": "flows.caps_file",
    "audit_store": "flows.auditing",
    "decide": "flows.deciding",
    "decide_review": "flows.reviewing",
    "examine": "flows.doctor",
    "find_order": "flows.reviewing",
    "inspect_files": "flows.inspecting",
    "job_ids_of": "flows.reviewing",
    "longest_waiting": "flows.reviewing",
    "measure_released": "flows.measuring",
    "nightly_exit_code": "flows.nightly",
    "one_waiting": "flows.reviewing",
    "order_files": "flows.nightly",
    "plan_order": "flows.planning",
    "queue_of": "flows.reviewing",
    "quote_plan": "flows.quoting",
    "read_caps": "flows.caps_file",
    "read_settings": "flows.settings",
    "report": "flows.running",
    "rules_of_file": "flows.inspecting",
    "rules_of_order": "flows.inspecting",
    "run_nightly": "flows.nightly",
    "run_order": "flows.running",
    "run_plan": "flows.running",
    "staying": "flows.capacity",
    "utc_now": "flows.wiring",
    "waiting_for_review": "flows.reviewing",
}

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


def __getattr__(name: str) -> Any:  # noqa: ANN401  a module may give anything
    """Load a name's module when it is first asked for."""
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value
