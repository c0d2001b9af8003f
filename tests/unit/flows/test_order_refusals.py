"""What `check` refuses: every problem of an order at once, each with file, line, field, found, wanted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.flows.order_parts import GONE, GOOD, only, order, plan, problems

FIELDS = tuple(name for name in GOOD if name not in {"matrix", "variants"})
MANY = {f"axis{index}": list(range(100)) for index in range(6)}
"""10^12 combinations."""


def test_a_good_order_has_no_problems(tmp_path: Path) -> None:
    assert plan(tmp_path, order()).job_count == 8


def test_a_problem_says_file_line_field_found_and_wanted(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, order(budget__cap=5.0))
    assert problem.sentence() == (
        f"{tmp_path}/order.yaml:7: budget.cap: found the number 5.0, which is no exact amount; "
        'wanted it quoted: "5.00"'
    )


def test_every_missing_field_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, "variants: 1\n")
    assert {problem.field for problem in found} == set(FIELDS)
    assert {problem.found for problem in found} == {"nothing"}
    assert all(problem.wanted and problem.line == 1 for problem in found)


@pytest.mark.parametrize(
    "path", ["budget__cap", "budget__per_job", "generator__model", "generator__provider"]
)
def test_a_missing_inner_field_has_the_line_of_its_mapping(tmp_path: Path, path: str) -> None:
    data = order(**{path: GONE})
    (problem,) = problems(tmp_path, data)
    outer, inner = path.split("__")
    lines = yaml.safe_dump(data, sort_keys=False).splitlines()
    assert (problem.field, problem.found) == (f"{outer}.{inner}", "nothing")
    assert problem.line == lines.index(f"{outer}:") + 1


def test_all_problems_of_all_parts_are_listed_at_once_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    bad = order(
        order="Bad Slug",
        owner="  ",
        budget__cap=5.0,
        budget__per_job=-1,
        budget__attempts=0,
        generator__model="flux",
        brief__prompt="{nothing}",
        variants=0,
        output__width=0,
        output__fromat="x",
        done=[{"file_size": {"max_kb": "many"}}],
        varients=3,
        review={"sample": 2},
        concurrency="a",
    )
    found = problems(tmp_path, bad)
    assert [problem.field for problem in found] == [
        "order",
        "owner",
        "budget.cap",
        "budget.per_job",
        "budget.attempts",
        "generator.model",
        "brief.prompt",
        "variants",
        "output.width",
        "output.fromat",
        "done",
        "done[0].file_size.max_kb",
        "varients",
        "review.sample",
        "concurrency",
    ]
    lines = [problem.line or 0 for problem in found]
    assert lines == sorted(lines)
    assert len(set(lines)) >= 14


@pytest.mark.parametrize(
    ("gone", "others"),
    [
        ("generator", {"output.width", "done[0].dimensions.width"}),
        ("generator__model", {"output.width", "done[0].dimensions.width"}),
        ("generator__provider", {"output.width", "done[0].dimensions.width"}),
        ("output", {"done[0].dimensions.width"}),
        ("done", {"output.width"}),
    ],
)
def test_what_stands_in_for_a_missing_field_makes_no_problems_of_its_own(
    tmp_path: Path, gone: str, others: set[str]
) -> None:
    bad = order(output__width="wide", done=[{"dimensions": {"width": "wide"}}])
    holder = bad
    *outer, inner = gone.split("__")
    for part in outer:
        holder = holder[part]
    del holder[inner]
    fields = {problem.field for problem in problems(tmp_path, bad)}
    assert fields == {gone.replace("__", "."), *others}


def test_a_wrong_matrix_is_not_blamed_on_those_who_use_it(tmp_path: Path) -> None:
    for matrix in ("mug", {"product": "mug", "surface": ["oak"]}, {"product": [], "surface": [1]}):
        field, _, wanted = only(tmp_path, order(matrix=matrix))
        assert field in {"matrix", "matrix.product"}
        assert "every combination is one job" in wanted


@pytest.mark.parametrize(
    ("amount", "wanted"),
    [
        (5.0, 'it quoted: "5.00"'),
        (5, 'it quoted: "5.00"'),
        (0.125, 'it quoted: "0.125"'),
        (1e-5, 'it quoted: "0.000010"'),
        (-5.0, 'a quoted amount in USD, such as "5.00"'),
        (0, 'a quoted amount in USD, such as "5.00"'),
        (1.1234567890123, 'a quoted amount in USD, such as "5.00"'),
        (12345678901, 'a quoted amount in USD, such as "5.00"'),
        (True, 'a quoted amount in USD, such as "5.00"'),
        (None, 'a quoted amount in USD, such as "5.00"'),
        ([1], 'a quoted amount in USD, such as "5.00"'),
        ("5,00", 'a quoted amount in USD, such as "5.00"'),
        ("$5", 'a quoted amount in USD, such as "5.00"'),
        ("-1", 'a quoted amount in USD, such as "5.00"'),
        ("+1", 'a quoted amount in USD, such as "5.00"'),
        ("1e3", 'a quoted amount in USD, such as "5.00"'),
        (" 1", 'a quoted amount in USD, such as "5.00"'),
        ("1\n", 'a quoted amount in USD, such as "5.00"'),
        ("\u0665", 'a quoted amount in USD, such as "5.00"'),
        ("0", 'a quoted amount in USD, such as "5.00"'),
        ("0.0000000001", 'a quoted amount in USD, such as "5.00"'),
        ("NaN", 'a quoted amount in USD, such as "5.00"'),
        ("Infinity", 'a quoted amount in USD, such as "5.00"'),
    ],
)
def test_money_is_a_quoted_decimal_and_the_right_form_is_shown(
    tmp_path: Path, amount: object, wanted: str
) -> None:
    field, _, shown = only(tmp_path, order(budget__cap=amount))
    assert (field, shown) == ("budget.cap", wanted)
    if shown.startswith("it quoted"):
        assert plan(tmp_path, order(budget__cap=shown.split('"')[1])).job_count == 8


CASES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"varients": 2}, "varients", "did you mean variants?", "only order, title"),
    ({"budget__capp": "1"}, "budget.capp", "did you mean cap?", "only cap, per_job, attempts"),
    ({"output__heigth": 5}, "output.heigth", "did you mean height?", "only width, height"),
    ({"review": {"sample": "0.1", "x": 1}}, "review.x", "an unknown field", "only sample"),
    ({"items_sha256": "ab"}, "items_sha256", "an unknown field", "only order"),
    ({"order": "Mugs"}, "order", "'Mugs'", "lower-case"),
    ({"order": "-mugs"}, "order", "'-mugs'", "lower-case"),
    ({"order": "mugs\n"}, "order", "'mugs\\n'", "lower-case"),
    ({"order": "m" * 64}, "order", "…", "1 to 63"),
    ({"order": 5}, "order", "the number 5", "a slug"),
    ({"owner": ""}, "owner", "''", "who answers for it"),
    ({"owner": " \u00a0"}, "owner", "' \\xa0'", "who answers for it"),
    ({"owner": "a\nb"}, "owner", "'a\\nb'", "who answers for it"),
    ({"title": "x" * 201}, "title", "…", "1 to 200"),
    ({"cost_center": "cc/41"}, "cost_center", "'cc/41'", "1 to 63"),
    ({"campaign": "../up"}, "campaign", "'../up'", "1 to 63"),
    ({"budget__attempts": 0}, "budget.attempts", "the number 0", "1 to 100"),
    ({"budget__attempts": True}, "budget.attempts", "true", "1 to 100"),
    ({"budget__per_job": "0.0029"}, "budget.per_job", "one attempt can cost $0.003", "$0.003"),
    ({"generator__model": "flux"}, "generator.model", "'flux' of 'replicate'", "known models"),
    ({"generator__provider": "acme"}, "generator.model", "of 'acme'", "replicate"),
    ({"generator__params": {"steps": 4}}, "generator.params", "steps", "can build"),
    ({"generator__params": {"go_fast": "yes"}}, "generator.params", "go_fast", "can build"),
    ({"brief__prompt": "  "}, "brief.prompt", "'  '", "says what to make"),
    ({"brief__prompt": "x" * 10_001}, "brief.prompt", "…", "1 to 10,000"),
    ({"brief__prompt": "{mug}"}, "brief.prompt", "{mug}, which nothing binds", "placeholder"),
    ({"output__name": "{mug}"}, "output.name", "{mug}, which nothing binds", "placeholder"),
    ({"output__name": GONE}, "output.name", "nothing", "a relative name"),
    ({"output__name": ["a"]}, "output.name", "a list", "a relative name"),
    ({"output__name": "mug"}, "output.name", "'mug' for two jobs", "a name of its own"),
    ({"output__name": "../{product}{surface}{variant}"}, "output.name", "leave its", "relative"),
    ({"output__width": 0}, "output.width", "the number 0", "whole pixels from 1 to 16,384"),
    ({"output__width": 1024.0}, "output.width", "the number 1024.0", "whole pixels"),
    ({"output__width": True}, "output.width", "true", "whole pixels"),
    ({"output__format": "gif"}, "output.format", "'gif'", "png, jpeg, webp or avif"),
    ({"output__quality": 101}, "output.quality", "the number 101", "from 1 to 100"),
    ({"output__upscale_max": 0.5}, "output.upscale_max", "0.5", "from 1 to 16"),
    ({"output__upscale_max": True}, "output.upscale_max", "true", "from 1 to 16"),
    ({"output__fit": "contain"}, "output.fit", "'contain'", "cover"),
    ({"output__width": 16_000, "output__height": 16_000}, "output", "256,000,000", "made"),
    ({"done": []}, "done", "an empty list", "a list of criteria"),
    ({"done": ["not_blank"]}, "done", "no `dimensions` and no `format`", "at least one"),
    ({"done": [{"format": {"is": "gif"}}]}, "done[0].format.is", '"gif"', "png, jpeg"),
    ({"done": [{"fromat": {}}, {"format": {"is": "webp"}}]}, "done[0].fromat", "fromat", "mean"),
    ({"review": "some"}, "review", "'some'", "none, all, or {sample: 0.1}"),
    ({"review": {"sample": "abc"}}, "review.sample", "'abc'", "a share above 0"),
    ({"review": {"sample": "NaN"}}, "review.sample", "'NaN'", "a share above 0"),
    ({"review": {"sample": 0}}, "review.sample", "the number 0", "a share above 0"),
    ({"review": {"sample": 1.01}}, "review.sample", "the number 1.01", "a share above 0"),
    ({"concurrency": 0}, "concurrency", "the number 0", "1 to 1,000"),
    ({"matrix": {}}, "matrix", "an empty mapping", "at least one list"),
    ({"matrix": {"pro duct": ["x"]}}, "matrix.pro duct", "'pro duct'", "letters"),
    ({"matrix": {"variant": [1]}}, "matrix", "'variant'", "counts"),
    ({"items": [{"product": "x"}]}, "items", "items beside a matrix", "only one"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "field", "found", "wanted"), CASES)
def test_each_refusal_names_its_field_and_the_way_out(
    tmp_path: Path, changes: dict[str, Any], field: str, found: str, wanted: str
) -> None:
    got_field, got_found, got_wanted = only(tmp_path, order(**changes))
    assert got_field == field
    assert found in got_found
    assert wanted in got_wanted


def test_what_is_wrong_with_some_jobs_is_said_once_with_their_number(tmp_path: Path) -> None:
    field, found, _ = only(
        tmp_path,
        order(
            matrix={"product": ["mug", "lamp"], "surface": ["oak", "..", "a/../b"]},
            output__name="{product}/{surface}/{variant}",
        ),
    )
    assert field == "output.name"
    assert found == "'mug/../1', which could leave its folder (and 7 more like it)"


def test_more_problems_than_a_person_reads_are_counted(tmp_path: Path) -> None:
    done = [{"format": {"is": "webp"}}, *({f"wrong{number}": {}} for number in range(80))]
    found = problems(tmp_path, order(done=done))
    assert len(found) == 51
    assert found[-1].found == "30 more problems"


def test_an_order_whose_output_can_never_pass_is_refused(tmp_path: Path) -> None:
    done = [
        {"file_size": {"max_kb": 600}},
        {"dimensions": {"width": 512, "max_height": 1000}},
        {"format": {"is": ["png", "jpeg"]}},
    ]
    size, kind = problems(tmp_path, order(done=done))
    assert (size.field, size.found) == (
        "done[1].dimensions",
        "an output of 1,024 pixels wide instead of 512 and 1,024 pixels high instead of at most 1,000",
    )
    assert (kind.field, kind.found) == (
        "done[2].format",
        "an output in webp, which is not PNG or JPEG",
    )
    assert size.wanted == kind.wanted == "what `output` makes, or no file could ever pass"


def test_an_output_that_is_written_more_coarsely_than_its_rule_allows_is_refused(
    tmp_path: Path,
) -> None:
    jpeg = {**order(output__format="jpeg")["output"]}
    done = [{"format": {"is": "jpeg"}}, {"jpeg_quality": {"min": 95}}]
    field, found, _ = only(tmp_path, order(output=jpeg, done=done))
    assert field == "done[1].jpeg_quality"
    assert found == "an output in jpeg with a quality of 88 (output.quality)"
    assert plan(tmp_path, order(output={**jpeg, "quality": 95}, done=done)).job_count
    assert plan(tmp_path, order(done=[{"format": {"is": "webp"}}, *done[1:]])).job_count


def test_only_the_jobs_that_can_never_pass_are_counted(tmp_path: Path) -> None:
    sizes = [{"w": 512, "want": 512}, {"w": 640, "want": 512}, {"w": 768, "want": 768}]
    field, found, _ = only(
        tmp_path,
        order(
            matrix={"size": sizes},
            brief__prompt="A mug",
            output__width="{size.w}",
            output__name="{size.w}-{variant}",
            done=[{"dimensions": {"width": "{size.want}", "height": 1024}}],
        ),
    )
    assert field == "done[0].dimensions"
    assert found == "an output of 640 pixels wide instead of 512 (and 1 more like it)"


@pytest.mark.parametrize(
    ("size", "times", "good"),
    [((2048, 2048), 2, True), ((2049, 2048), 2, False), ((2049, 2048), 2.5, True)],
)
def test_a_size_that_the_model_cannot_reach_is_refused(
    tmp_path: Path, size: tuple[int, int], times: float, good: bool
) -> None:
    data = order(
        output__width=size[0],
        output__height=size[1],
        output__upscale_max=times,
        done=[{"format": {"is": "webp"}}],
    )
    if good:
        assert plan(tmp_path, data).job_count == 8
        return
    field, found, wanted = only(tmp_path, data)
    assert field == "output.upscale_max"
    assert "2049x2048 pixels, 2.00 times as large as the 1024x1024" in found
    assert "at most 2 times" in wanted


def test_the_studio_draws_as_large_as_it_is_asked_to(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        order(
            generator={"provider": "studio", "model": "cards"},
            output__width=4000,
            output__height=4000,
            done=[{"format": {"is": "webp"}}],
        ),
    )
    assert made.job_count == 8


@pytest.mark.parametrize(
    "changes",
    [
        {"matrix": MANY, "brief__prompt": "A mug", "output__name": "{axis0}"},
        {"matrix": MANY, "brief__prompt": "A mug", "output__name": "{axis0}", "variants": 10_000},
        {"matrix": MANY, "brief__prompt": "A mug", "output__name": "{axis0}", "order": "Wrong"},
    ],
)
def test_an_order_of_a_million_million_jobs_is_refused_before_any_is_made(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    started = time.perf_counter()
    found = problems(tmp_path, order(**changes))
    elapsed_s = time.perf_counter() - started
    assert any("jobs of up to 3 attempts" in problem.found for problem in found)
    assert elapsed_s < 1, "reading 600 values of YAML takes some 30 ms; expanding would take days"


def test_the_bound_counts_attempts_and_says_how_to_raise_it(tmp_path: Path) -> None:
    assert plan(tmp_path, order(), jobs_max=24).job_count == 8
    field, found, wanted = only(tmp_path, order(), jobs_max=23)
    assert (field, found) == ("variants", "8 jobs of up to 3 attempts")
    assert "at most 23 attempts" in wanted
    assert "MINTAGE_JOBS_MAX" in wanted
    assert only(tmp_path, order(variants=1), jobs_max=3)[0] == "matrix"


def test_every_placeholder_that_nothing_binds_is_named_where_it_stands(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        order(
            brief__prompt="{a} and {b.c} and {product}",
            generator__params={"scheduler": ["{d}", "{product}"], "go_fast": "{e}"},
            output__width="{f}",
            done=[{"dimensions": {"width": "{g}"}}, {"format": {"is": "webp"}}],
        ),
    )
    assert [(problem.field, problem.found) for problem in found] == [
        ("generator.params.scheduler[0]", "{d}, which nothing binds"),
        ("generator.params.go_fast", "{e}, which nothing binds"),
        ("brief.prompt", "{a}, which nothing binds and {b.c}, which nothing binds"),
        ("output.width", "{f}, which nothing binds"),
        ("done[0].dimensions.width", "{g}, which nothing binds"),
    ]


@pytest.mark.parametrize("prompt", [None, "", "  ", [1], {"a": 1}])
def test_a_prompt_that_is_filled_with_nothing_or_with_no_text_is_refused(
    tmp_path: Path, prompt: object
) -> None:
    data = order(
        matrix={"p": [prompt, "A mug"]}, brief__prompt="{p}", variants=1, output__name="x{p}"
    )
    fields = {problem.field for problem in problems(tmp_path, data)}
    assert "brief.prompt" in fields


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (True, "true"), (1.50, "1.5"), ("a", "a")])
def test_a_prompt_and_a_name_are_text_whatever_fills_them(
    tmp_path: Path, value: object, text: str
) -> None:
    made = plan(
        tmp_path, order(matrix={"p": [value]}, brief__prompt="{p}", variants=1, output__name="{p}")
    )
    (job,) = made.jobs()
    assert (job.name, job.brief.prompt) == (text, text)


def test_a_name_that_is_filled_with_nothing_is_refused(tmp_path: Path) -> None:
    data = order(matrix={"p": [None]}, brief__prompt="p", variants=1, output__name="{p}")
    assert only(tmp_path, data)[:2] == ("output.name", "an empty name")
