"""The example orders that come with Mintage: each can be run as it is, without any extra."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from unit.flows.order_parts import appraiser

import flows
from flows import plan_order
from validators import registered

ROOT = Path(flows.__file__).parents[1]
ORDERS = sorted(file for file in (ROOT / "orders").rglob("*.yaml") if file.parent.name != "brands")


@pytest.mark.parametrize("file", ORDERS, ids=lambda file: file.stem)
def test_an_example_passes_check_and_needs_no_extra(file: Path) -> None:
    assert plan_order(file, appraiser, jobs_max=100_000).job_count
    for item in yaml.safe_load(file.read_text(encoding="utf-8"))["done"]:
        (name,) = (item,) if isinstance(item, str) else item
        assert registered()[name].extra is None


def test_there_are_examples() -> None:
    assert {file.stem for file in ORDERS} >= {"product-photos", "launch-cards", "brand-cards"}
