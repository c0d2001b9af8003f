"""The page about brand kits shows a kit and an order that can be used as they stand there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from unit.flows.order_parts import appraiser

import flows
from flows import plan_order, rules_of_file

ROOT = Path(flows.__file__).parents[1]
KIT, ORDER, RULES = re.findall(
    r"```yaml\n(.*?)```", (ROOT / "docs/brand-kits.md").read_text(encoding="utf-8"), re.DOTALL
)


def test_the_kit_is_the_one_of_the_examples() -> None:
    example = (ROOT / "orders/brands/acme.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(KIT) == yaml.safe_load(example)


def test_the_order_and_the_rules_can_be_judged_by_it(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="needs mintage[vision]")
    pytest.importorskip("rapidocr", reason="needs mintage[vision]")
    shutil.copytree(ROOT / "orders/brands", tmp_path / "brands")
    (tmp_path / "brands/acme.yaml").write_text(KIT, encoding="utf-8")
    order = tmp_path / "order.yaml"
    order.write_text(ORDER, encoding="utf-8")
    plan = plan_order(order, appraiser, jobs_max=100)
    assert (plan.form.brand, plan.job_count) == ("acme", 2)
    order.write_text(RULES, encoding="utf-8")
    (criterion,) = rules_of_file(order)
    assert criterion.contents()["colours"] == ["#0b3d91", "#f5f1e6", "#e8a33d"]
