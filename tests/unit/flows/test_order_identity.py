"""Who an order and its jobs are: the same content is the same order, on every machine and every day."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from unit.flows.order_parts import GONE, order, plan

from flows.briefs import SEED_MAX, attempt_seed, canonical_json
from flows.errors import OutdatedOrder
from flows.running import recorded_form
from ledger import parse_usd

AS_WRITTEN = """
order: mugs
title: Autumn mugs
owner: brand-team@acme.example
cost_center: cc-4100
campaign: autumn-2026
budget: {cap: "5.00", per_job: "0.20", attempts: 3}
generator: {provider: replicate, model: black-forest-labs/flux-schnell}
brief: {prompt: "A {product} on {surface}"}
matrix: {product: [mug, lamp], surface: [oak, slate]}
variants: 2
output: {width: 1024, height: 1024, format: webp, name: "{product}/{surface}-{variant}"}
done: [dimensions: {width: 1024, height: 1024}, format: {is: webp}]
"""

OTHERWISE = """\ufeff# The same order, written by somebody else.
done:
  - dimensions:
      height: 1024   # pixels
      width: 1024
  - format:
      is: "webp"
output:
  name: '{product}/{surface}-{variant}'
  format: webp
  height: 1024
  width: 1024
concurrency: 16
review: none
variants: 2
matrix:
  surface: [oak, slate]
  product:
    - mug
    - lamp
brief:
  prompt: >-
    A {product}
    on {surface}
generator:
  params: {}
  model: black-forest-labs/flux-schnell
  provider: replicate
budget:
  attempts: 3
  per_job: "0.2"
  cap: "5"
campaign: "autumn-2026"
cost_center: cc-4100
owner: brand-team@acme.example
title: Autumn mugs
order: mugs
"""


def test_key_order_layout_remarks_defaults_and_zeros_of_money_change_nothing(
    tmp_path: Path,
) -> None:
    one, other = plan(tmp_path, AS_WRITTEN), plan(tmp_path, OTHERWISE)
    assert one.order_id() == other.order_id()
    assert one.record() == other.record()
    assert {job.name: job.brief for job in one.jobs()} == {
        job.name: job.brief for job in other.jobs()
    }


def test_an_id_is_the_slug_and_ten_digits_of_the_contents_digest(tmp_path: Path) -> None:
    made = plan(tmp_path, order())
    slug, _, edition = made.order_id().partition("@")
    assert slug == "mugs"
    assert edition == made.spec_sha256[:10]
    assert set(edition) <= set("0123456789abcdef")


def test_the_edition_of_an_order_stays_what_it_is_from_one_version_to_the_next(
    tmp_path: Path,
) -> None:
    # When this changes, every order that people have run is a new one and is paid for again.
    assert plan(tmp_path, AS_WRITTEN).order_id() == "mugs@be752b9d75"


CHANGES: list[dict[str, Any]] = [
    {"order": "mugs-2"},
    {"title": "Autumn mugs."},
    {"owner": "other@acme.example"},
    {"cost_center": "cc-4101"},
    {"campaign": "autumn-2027"},
    {"budget__cap": "5.01"},
    {"budget__per_job": "0.21"},
    {"budget__attempts": 4},
    {"generator__model": "black-forest-labs/flux-dev"},
    {"generator__params": {"go_fast": True}},
    {"generator__params": {"output_quality": 91}},
    {"brief__prompt": "A {product} on  {surface}"},
    {"matrix": {"product": ["mug", "lamp"], "surface": ["oak", "Slate"]}},
    {"matrix": {"product": ["lamp", "mug"], "surface": ["oak", "slate"]}},
    {"matrix": {"product": ["mug", "lamp"], "surface": ["oak", 1.5]}},
    {"matrix": {"product": ["mug", "lamp"], "surface": ["oak", "1.5"]}},
    {"variants": 3},
    {"output__quality": 87},
    {"output__format": "png", "done": [{"dimensions": {"width": 1024}}]},
    {"done": [{"dimensions": {"width": 1024}}]},
    {"done": [{"format": {"is": "webp"}}, {"dimensions": {"width": 1024, "height": 1024}}]},
    {"review": "all"},
    {"review": {"sample": 0.1}},
    {"review": {"sample": 0.2}},
    {"concurrency": 17},
    {"matrix": GONE, "items": [{"product": "mug", "surface": "oak"}]},
    {"matrix": GONE, "items": [{"product": "mug", "surface": "Oak"}]},
    {"matrix": GONE, "items": [{"product": "mug", "surface": 1}]},
    {"matrix": GONE, "items": [{"product": "mug", "surface": "1"}]},
]


def test_any_change_of_content_is_another_edition(tmp_path: Path) -> None:
    ids = [plan(tmp_path, order(**changes)).spec_sha256 for changes in ({}, *CHANGES)]
    assert len(set(ids)) == len(CHANGES) + 1


def test_one_number_written_in_two_ways_names_two_files_and_is_two_editions(
    tmp_path: Path,
) -> None:
    text = yaml.safe_dump(order(matrix={"product": ["mug"], "surface": [1.5]}))
    one, other = plan(tmp_path, text), plan(tmp_path, text.replace("1.5", "1.50"))
    assert [job.name for job in one.jobs()] != [job.name for job in other.jobs()]
    assert one.order_id() != other.order_id()


def test_items_in_a_file_and_inline_are_the_same_content(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("product,surface\nmug,oak\nlamp,slate\n")
    rows = [{"surface": "oak", "product": "mug"}, {"product": "lamp", "surface": "slate"}]
    inline = plan(tmp_path, order(matrix=GONE, items=rows))
    assert plan(tmp_path, order(matrix=GONE, items="rows.csv")).order_id() == inline.order_id()
    (tmp_path / "rows.csv").rename(tmp_path / "other.csv")
    renamed = plan(tmp_path, order(matrix=GONE, items="other.csv"))
    assert renamed.order_id() == inline.order_id()
    (tmp_path / "other.csv").write_text("product,surface\nlamp,slate\nmug,oak\n")
    turned = plan(tmp_path, order(matrix=GONE, items="other.csv"))
    assert turned.order_id() != inline.order_id()


def test_a_date_is_the_edition_of_a_nightly_run(tmp_path: Path) -> None:
    made = plan(tmp_path, order())
    record = made.record("2026-11-20")
    assert (record.order_id, record.edition) == ("mugs@2026-11-20", "2026-11-20")
    assert record.spec_sha256 == made.spec_sha256


def test_the_record_has_what_the_order_says(tmp_path: Path) -> None:
    record = plan(tmp_path, order(budget__cap="5.000000001")).record()
    assert record.cap_nano == 5_000_000_001
    assert record.per_job_nano == 200_000_000
    assert (record.attempts_max, record.job_count) == (3, 8)
    assert (record.provider, record.model) == ("replicate", "black-forest-labs/flux-schnell")
    assert (record.owner, record.cost_center) == ("brand-team@acme.example", "cc-4100")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"review": {"sample": 0.1}},
        {"review": "all"},
        {"generator__params": {"go_fast": True, "output_quality": 90}},
        {"matrix": {"product": [1.25, True], "surface": ["x"]}},
        {"done": ["not_blank", {"format": {"is": ["webp", "png"]}}]},
        {"budget__cap": "0.000000001", "budget__per_job": "999999999"},
    ],
)
def test_a_form_that_is_read_back_from_the_books_is_the_form_that_was_planned(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    made = plan(tmp_path, order(**changes))
    assert recorded_form(made.record()) == made.form


def test_a_form_that_another_mintage_recorded_is_told_with_its_order_and_the_way_out(
    tmp_path: Path,
) -> None:
    record = plan(tmp_path, order()).record()
    spec = json.loads(record.spec_json) | {"variants": 0}
    wanted = rf"^{record.order_id} was recorded in a form .* \(variants: .*\): .* as a new order$"
    with pytest.raises(OutdatedOrder, match=wanted):
        recorded_form(replace(record, spec_json=json.dumps(spec)))


def test_the_books_keep_a_digest_in_place_of_the_items(tmp_path: Path) -> None:
    made = plan(tmp_path, order(matrix=GONE, items=[{"product": "mug", "surface": "oak"}]))
    record = made.record()
    assert '"oak"' not in record.spec_json
    form = recorded_form(record)
    assert (form.items, form.items_sha256) == (None, made.rows_sha256)
    assert form.model_copy(update={"items_sha256": None}) == made.form.model_copy(
        update={"items": None}
    )


def test_a_brief_comes_back_from_the_books_as_it_was(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        order(
            matrix={"size": [{"w": 512, "note": 'a "b" \\ ü\u2028'}]},
            brief__prompt='{size.note} {{"x"}}',
            generator__params={"go_fast": True},
            output__upscale_max=2.5,
            output__width="{size.w}",
            output__name="{variant}",
            done=[{"dimensions": {"width": "{size.w}"}}],
        ),
    )
    for job in made.jobs():
        assert type(job.brief).from_json(job.brief.to_json()) == job.brief
        assert job.brief.variables == {
            "size": {"w": 512, "note": 'a "b" \\ ü\u2028'},
            "variant": job.position + 1,
        }
        assert job.brief.prompt == 'a "b" \\ ü\u2028 {"x"}'
        assert "seed" not in json.loads(job.brief.to_json())


def test_a_brief_carries_its_row_only_where_the_criteria_need_it(tmp_path: Path) -> None:
    assert all(job.brief.variables == {} for job in plan(tmp_path, order()).jobs())


def test_a_generator_is_never_told_the_criteria(tmp_path: Path) -> None:
    job = next(plan(tmp_path, order()).jobs())
    brief = job.brief.for_attempt(7)
    assert (brief.width, brief.height, brief.format, brief.seed) == (1024, 1024, "webp", 7)
    assert not hasattr(brief, "variables")


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": [1, "ü"], "a": None}) == '{"a":null,"b":[1,"ü"]}'


def test_seeds_are_the_same_on_every_machine() -> None:
    digest = hashlib.sha256(b"mugs@1#mug/oak-1\n1").digest()
    expected = int.from_bytes(digest[:8], "big") % (2**31 - 1) + 1
    assert attempt_seed("mugs@1#mug/oak-1", 1) == expected


def test_every_attempt_of_every_job_has_a_seed_of_its_own() -> None:
    seeds = {attempt_seed(f"mugs@1#{job}", number) for job in range(2_000) for number in (1, 2, 3)}
    # Of 6,000 in 2^31 about 0.008 pairs are expected to meet.
    assert len(seeds) == 6_000
    assert all(1 <= seed <= SEED_MAX for seed in seeds)


@given(st.text(max_size=30), st.integers(1, 100))
def test_a_seed_is_what_every_model_takes(job_id: str, number: int) -> None:
    assert 1 <= attempt_seed(job_id, number) <= SEED_MAX
    assert attempt_seed(job_id, number) == attempt_seed(job_id, number)
    assert attempt_seed(job_id, number) != attempt_seed(job_id, number + 1)


@given(st.integers(1, 10**18 - 1))
def test_money_goes_through_the_form_without_a_change(nano: int) -> None:
    from flows.order_form import BudgetForm

    text = f"{nano // 10**9}.{nano % 10**9:09}"
    form = BudgetForm.model_validate({"cap": text, "per_job": text})
    again = BudgetForm.model_validate_json(form.model_dump_json())
    assert again.cap == parse_usd(text)
    assert again == form
