"""The page about names and texts shows the example order as it is, and what its commands say of it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from unit.flows.order_parts import appraiser

import flows
from flows import plan_order
from flows.label_form import LabelForm
from flows.placeholders import fill_words

ROOT = Path(flows.__file__).parents[1]
PAGE = (ROOT / "docs/names-and-text.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "orders/banner-set.yaml"


def test_the_label_and_the_renditions_are_those_of_the_example() -> None:
    order = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    shown = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    assert shown == [{"label": order["label"]}, {"output": order["output"]}]


def test_what_check_says_on_the_page_is_what_it_says() -> None:
    plan = plan_order(EXAMPLE, appraiser, jobs_max=100)
    said = f"{plan.job_count} jobs, {plan.file_count} files"
    assert f"orders/banner-set.yaml: ok, {said}, {plan.order_id()}" in PAGE
    assert f"{plan.order_id()} is done: {plan.job_count} of {plan.job_count} released" in PAGE
    assert plan.notices == ()
    job = next(plan.jobs())
    assert (job.name, [one.name for one in job.brief.renditions]) == (
        "repair",
        ["repair-webp", "small/repair"],
    )


def test_every_field_of_a_label_is_on_the_page() -> None:
    assert {name for name in LabelForm.model_fields if f"| `{name}` |" not in PAGE} == set()


def test_the_formats_of_placeholders_give_what_the_page_says() -> None:
    row = {"product": "Große Tasse", "variant": 7}
    lines = re.findall(r"^\| `(\{\w+:?\w*\})` \|[^`|\n]*: `([^`\n]+)`", PAGE, re.MULTILINE)
    assert len(lines) == 3
    for template, text in lines:
        assert fill_words(template, row) == text
