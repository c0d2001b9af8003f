"""Renditions in an order: what they take from the master, what they are called, what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from unit.flows.order_parts import GONE, GOOD, order, plan, problems

import flows
from flows.briefs import JobBrief
from flows.job_labels import RenditionBrief
from flows.job_plan import JobPlanner, needs_models
from flows.output_plan import RULES_BYTES_MAX
from flows.renditions_form import RENDITIONS_MAX
from flows.running import recorded_form

BRANDS = Path(flows.__file__).parents[1] / "orders" / "brands"
MASTER: dict[str, Any] = GOOD["output"]
ONE_JOB: dict[str, Any] = {
    "matrix": {"product": ["mug"], "surface": ["oak"]},
    "variants": 1,
}


def renditions(folder: Path, *entries: dict[str, Any], **changes: Any) -> list[RenditionBrief]:  # noqa: ANN401  an order is data
    """Plan an order with these renditions; give those of its first job as the books give them back."""
    made = plan(folder, order(**{"output": [MASTER, *entries]} | changes))
    brief = next(made.jobs()).brief
    assert JobBrief.from_json(brief.to_json()) == brief
    assert recorded_form(made.record()).output == made.form.output
    return list(brief.renditions)


def faults(folder: Path, *entries: object, **changes: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401  an order is data
    """Give field, finding and wish of each problem of an order with these renditions."""
    data = order(**{"output": [MASTER, *entries]} | ONE_JOB | changes)
    return [(one.field, one.found, one.wanted) for one in problems(folder, data)]


def test_a_list_of_the_master_alone_makes_the_same_jobs_as_a_mapping(tmp_path: Path) -> None:
    alone, mapping = plan(tmp_path, order(output=[MASTER])), plan(tmp_path, order())
    assert [job.brief for job in alone.jobs()] == [job.brief for job in mapping.jobs()]
    assert [job.name for job in alone.jobs()] == [job.name for job in mapping.jobs()]
    assert alone.file_count == mapping.file_count == 8


def test_what_a_rendition_does_not_say_is_as_the_master_has_it(tmp_path: Path) -> None:
    master = {**MASTER, "quality": 71, "progressive": False, "upscale_max": 3}
    half, other = renditions(
        tmp_path,
        {"width": 512},
        {"format": "jpeg"},
        output=[master, {"width": 512}, {"format": "jpeg"}],
    )
    assert half == RenditionBrief(
        name="mug/oak-1-512x512",
        width=512,
        height=512,
        format="webp",
        quality=71,
        upscale_max="1",
        progressive=False,
        done=(
            {"dimensions": {"width": 512, "height": 512}},
            {"format": {"is": "webp"}},
            "not_blank",
        ),
    )
    assert (other.name, other.width, other.height) == ("mug/oak-1-jpeg", 1024, 1024)


@pytest.mark.parametrize(
    ("master", "entry", "size"),
    [
        ((1200, 628), {"width": 600}, (600, 314)),
        ((1200, 628), {"height": 314}, (600, 314)),
        ((1024, 768), {"width": 333}, (333, 250)),
        ((1024, 16), {"width": 10}, (10, 1)),
        ((1024, 768), {"width": 100, "height": 100}, (100, 100)),
    ],
)
def test_one_side_alone_keeps_the_masters_shape(
    tmp_path: Path, master: tuple[int, int], entry: dict[str, Any], size: tuple[int, int]
) -> None:
    output = {**MASTER, "width": master[0], "height": master[1], "upscale_max": 4}
    done = [{"format": {"is": "webp"}}]
    (one,) = renditions(tmp_path, output=[output, entry], done=done)
    assert (one.width, one.height) == size
    assert one.name == f"mug/oak-1-{size[0]}x{size[1]}"


def test_names_by_default_say_what_sets_renditions_apart(tmp_path: Path) -> None:
    made = renditions(
        tmp_path,
        {"width": 512},
        {"width": 512, "format": "avif"},
        {"width": 256},
        {"format": "png"},
        {"width": 128, "name": "{product}/tiny-{surface:slug}-{variant:02}"},
        {"width": 64, "format": "jpeg", "name": "{job}@{width}x{height}.{format}"},
    )
    assert [one.name for one in made] == [
        "mug/oak-1-512x512-webp",
        "mug/oak-1-512x512-avif",
        "mug/oak-1-256x256",
        "mug/oak-1-png",
        "mug/tiny-oak-01",
        "mug/oak-1@64x64.jpeg",
    ]


def test_sizes_and_rules_of_renditions_come_from_the_row(tmp_path: Path) -> None:
    rows = [{"product": "mug", "surface": "oak", "small": "300", "side": 300, "top": 20}]
    (one,) = renditions(
        tmp_path,
        {
            "width": "{small}",
            "done": [{"dimensions": {"width": "{side}"}}, {"file_size": {"max_kb": "{top}"}}],
        },
        matrix=GONE,
        items=rows,
    )
    assert (one.width, one.height) == (300, 300)
    assert one.done == ({"dimensions": {"width": 300}}, {"file_size": {"max_kb": 20}})


def test_the_rules_of_a_rendition_are_read_back_as_they_were_planned(tmp_path: Path) -> None:
    entry = {"width": 512, "done": [{"dimensions": {"width": 512}}, "not_blank"]}
    made = plan(tmp_path, order(output=[MASTER, entry, {"format": "png"}]))
    planner = JobPlanner(recorded_form(made.record()))
    own, by_default = next(made.jobs()).brief.renditions
    assert [one.name for one in planner.recorded_criteria(list(own.done))] == [
        "dimensions",
        "not_blank",
    ]
    assert [one.name for one in planner.recorded_criteria(list(by_default.done))] == [
        "dimensions",
        "format",
        "not_blank",
    ]


def test_a_rule_of_a_rendition_that_needs_models_is_known_of_the_order(tmp_path: Path) -> None:
    form = plan(tmp_path, order()).form
    asks = [MASTER, {"width": 512, "done": ["nudity", {"dimensions": {"width": 512}}]}]
    assert not needs_models(form)
    assert needs_models(form.model_copy(update={"output": asks}))


def test_brand_references_and_files_stand_in_the_rules_of_renditions_too(tmp_path: Path) -> None:
    shutil.copytree(BRANDS, tmp_path / "brands")
    shutil.copy(BRANDS / "acme-logo.png", tmp_path / "mark.png")
    entry: dict[str, Any] = {
        "width": 512,
        "done": [
            {"dimensions": {"width": 512}},
            {"palette": {"colours": "brand.palette", "min_share": 0.3}},
            {"logo": {"picture": "mark.png"}},
        ],
    }
    made = plan(tmp_path, order(output=[MASTER, entry], brand="acme"))
    (one,) = next(made.jobs()).brief.renditions
    text = json.dumps(one.done)
    assert "#0b3d91" in text
    assert "data:image/png" in text
    assert "mark.png" not in made.spec_json
    (tmp_path / "mark.png").rename(tmp_path / "other.png")
    entry["done"][2]["logo"]["picture"] = "other.png"
    assert plan(tmp_path, order(output=[MASTER, entry], brand="acme")).order_id() == made.order_id()
    entry["done"][2]["logo"]["picture"] = "gone.png"
    entry["done"][1]["palette"]["colours"] = "brand.pallette"
    found = faults(tmp_path, entry, brand="acme")
    assert [field for field, _, _ in found] == [
        "output[1].done[1].palette.colours",
        "output[1].done[2].logo.picture",
    ]


def test_any_change_of_a_rendition_is_another_edition(tmp_path: Path) -> None:
    lists: list[Any] = [
        MASTER,
        [MASTER],
        [MASTER, {"width": 512}],
        [MASTER, {"width": 511}],
        [MASTER, {"width": 512, "quality": 80}],
        [MASTER, {"width": 512, "name": "{job}-small"}],
        [MASTER, {"width": 512, "done": [{"dimensions": {"width": 512}}]}],
        [MASTER, {"width": 512}, {"width": 256}],
        [MASTER, {"width": 256}, {"width": 512}],
    ]
    digests = {plan(tmp_path, order(output=one)).spec_sha256 for one in lists}
    assert len(digests) == len(lists)


CASES: list[tuple[list[object], str, str, str]] = [
    ([{"format": "gif"}], "output[1].format", "'gif'", "png, jpeg, webp or avif"),
    ([{"width": 0}], "output[1].width", "the number 0", "whole pixels"),
    ([{"width": "{nothing}"}], "output[1].width", "{nothing}, which nothing binds", "the matrix"),
    ([{"widht": 3, "format": "png"}], "output[1].widht", "did you mean width?", "done"),
    (["png"], "output[1]", "'png'", "the master first"),
    ([{}], "output[1]", "1024x1024 webp, which is what the master is", "another size"),
    ([{"quality": 50}], "output[1]", "which is what the master is", "another format"),
    ([{"width": 2048}], "output[1].upscale_max", "2.00 times as large as the m", "at most 1 times"),
    ([{"width": 2048, "upscale_max": 1.5}], "output[1].upscale_max", "2.00 times", "1.5 times"),
    ([{"width": 9000, "height": 9000, "upscale_max": 9}], "output[1]", "81,000,000 pixels", "made"),
    ([{"width": 512, "name": "../x"}], "output[1].name", "could leave", "a relative name"),
    ([{"width": 512, "name": ["x"]}], "output[1].name", "a list", "a relative name"),
    ([{"width": 512, "name": "{x}"}], "output[1].name", "{x}, which nothing binds", "{job}"),
    ([{"width": 512, "name": "MUG/oak-1"}], "output[1].name", "for two files", "{job}-{width}"),
    (
        [{"width": 512}, {"width": 512, "quality": 9}],
        "output[2]",
        "'mug/oak-1-512x512-webp' for two files",
        "a name of its own",
    ),
    ([{"width": 512, "done": []}], "output[1].done", "no `dimensions`", "at least one"),
    ([{"width": 512, "done": "x"}], "output[1].done", "'x'", "a list of criteria"),
    ([{"width": 512, "done": ["not_blank"]}], "output[1].done", "no `dimensions`", "at least one"),
    (
        [{"width": 512, "done": [{"dimensions": {"width": 1024}}]}],
        "output[1].done[0].dimensions",
        "512 pixels wide",
        "no file could ever pass",
    ),
    (
        [{"width": 512, "done": [{"format": {"is": "png"}}]}],
        "output[1].done[0].format",
        "webp",
        "no file could ever pass",
    ),
    (
        [{"width": 512, "done": [{"format": {"is": "webp"}}, "not_seen_before"]}],
        "output[1].done[1].not_seen_before",
        "not_seen_before for a rendition",
        "judged by alone",
    ),
    (
        [{"width": 512, "done": [{"format": {"is": "webp"}}, "upscaled"]}],
        "output[1].done[1].upscaled",
        "severity: review",
        "block or warn",
    ),
    (
        [{"width": 512, "done": [{"format": {"is": "{x}"}}]}],
        "output[1].done[0].format.is",
        "{x}, which nothing binds",
        "the matrix",
    ),
    (
        [{"width": 512, "done": [{"formatt": {"is": "webp"}}]}],
        "output[1].done[0].formatt",
        '"formatt"',
        "did you mean",
    ),
    (
        [{"width": width} for width in range(1, RENDITIONS_MAX + 2)],
        "output",
        "21 renditions",
        "at most 20",
    ),
]


@pytest.mark.parametrize(("entries", "field", "found", "wanted"), CASES)
def test_what_is_wrong_with_a_rendition_is_said_with_its_place(
    tmp_path: Path, entries: list[object], field: str, found: str, wanted: str
) -> None:
    ((got_field, got_found, got_wanted),) = faults(tmp_path, *entries)
    assert got_field == field
    assert found in got_found
    assert wanted in got_wanted


def test_what_is_wrong_with_the_master_of_a_list_is_said_in_its_place(tmp_path: Path) -> None:
    master = {**MASTER, "widht": 3, "done": ["not_blank"]}
    del master["name"]
    found = faults(tmp_path, {"width": "wide"}, output=[master, {"width": "wide"}])
    assert [(field, text) for field, text, _ in found] == [
        ("output[0].name", "nothing"),
        ("output[0].widht", "an unknown field (did you mean width?)"),
        ("output[0].done", "rules of its own for the master"),
        ("output[1].width", "'wide'"),
    ]


def test_jobs_of_one_name_are_told_without_their_renditions(tmp_path: Path) -> None:
    master = {**MASTER, "name": "mug"}
    ((field, found, _),) = faults(tmp_path, output=[master, {"width": 512}], variants=3)
    assert field == "output[0].name"
    assert found == "'mug' for two jobs (and 1 more like it)"


def test_renditions_do_not_lie_among_receipts_and_manifests(tmp_path: Path) -> None:
    """Where marketing copies a campaign without these, the files would be left out."""
    for name in ("receipts/small", "mug/Receipts/small", "manifest", "mug/manifest.small"):
        ((field, found, _),) = faults(tmp_path, {"width": 512, "name": name})
        assert field == "output[1].name"
        assert f"{name!r}," in found
    master = {**MASTER, "name": "receipts/mug"}
    ((field, _, _),) = faults(tmp_path, output=[master, {"width": 512}])
    assert field == "output[1]"
    for name in ("mug/receipts", "manifesto", "receipts-small/mug"):
        (made,) = renditions(tmp_path, {"width": 512, "name": name}, **ONE_JOB)
        assert made.name == name
    # A job may, as it always could.
    assert next(plan(tmp_path, order(output=[master], **ONE_JOB)).jobs()).name == "receipts/mug"


def test_a_size_that_the_model_cannot_make_is_said_of_the_master_of_a_list(tmp_path: Path) -> None:
    master = {**MASTER, "width": 4096, "height": 4096}
    done = [{"format": {"is": "webp"}}]
    ((field, _, _),) = faults(tmp_path, output=[master, {"width": 512}], done=done)
    assert field == "output[0].upscale_max"


def test_pictures_in_the_rules_of_many_jobs_renditions_are_bounded(tmp_path: Path) -> None:
    entry = {"width": 512, "done": [{"dimensions": {"width": 512}}]}
    planner = JobPlanner(plan(tmp_path, order(output=[MASTER, entry])).form)
    assert list(planner.problems(8)) == []
    ((path, found, _),) = planner.problems(RULES_BYTES_MAX)
    assert path == ("output",)
    assert "rules of renditions" in found
