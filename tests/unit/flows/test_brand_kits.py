"""Brand kits: found by name, read strictly, and put in the place of what refers to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.flows.order_parts import appraiser, order, write
from unit.validators.sample_pictures import photo_file

from flows import BadOrder, Plan, plan_order, rules_of_file
from flows.brand_kits import ForbiddenWords
from flows.running import recorded_form
from validators import as_data_address

LOGO = photo_file("png", 300, 120)
DONE = [{"format": {"is": "webp"}}]
KIT: dict[str, Any] = {
    "name": "Acme",
    "palette": ["#0B3D91", "#f5f1e6"],
    "forbidden_colours": ["#e30613"],
    "logo": "pictures/logo.png",
    "fonts": ["Inter"],
    "forbidden_words": ["cheap", "best ever"],
    "safe_zones": {"headline": {"left": 0.05, "top": 0, "width": 0.9, "height": 0.25}},
}


def put_kit(folder: Path, slug: str = "acme", **changes: object) -> Path:
    """Write a kit with its logo into the folder's brands/."""
    (folder / "brands/pictures").mkdir(parents=True, exist_ok=True)
    (folder / "brands/pictures/logo.png").write_bytes(LOGO)
    file = folder / f"brands/{slug}.yaml"
    file.write_text(yaml.safe_dump({**KIT, **changes}, sort_keys=False), encoding="utf-8")
    return file


def branded(done: list[object] | None = None, **changes: object) -> dict[str, Any]:
    return order(brand="acme", done=[*DONE, *(done or [])], **changes)


def planned(file: Path) -> Plan:
    return plan_order(file, appraiser, jobs_max=100_000)


def sentences(file: Path) -> list[str]:
    """Return the problems, with their files by name alone."""
    with pytest.raises(BadOrder) as raised:
        planned(file)
    folder = str(file.parent)
    return [one.sentence().replace(f"{folder}/", "") for one in raised.value.problems]


def test_what_refers_to_the_kit_is_replaced_by_what_the_kit_says(tmp_path: Path) -> None:
    put_kit(tmp_path)
    done = [
        {"palette": {"colours": "brand.palette", "min_share": 0.3}},
        {"forbidden_colours": {"colours": "brand.forbidden_colours"}},
        {"calm_zone": {"zone": "brand.safe_zones.headline"}},
        {"text_contrast": {"zone": "brand.safe_zones.headline"}},
    ]
    plan = planned(write(tmp_path, branded(done)))
    zone = KIT["safe_zones"]["headline"]
    assert json.loads(plan.spec_json)["done"][1:] == [
        {"palette": {"colours": ["#0b3d91", "#f5f1e6"], "min_share": 0.3}},
        {"forbidden_colours": {"colours": ["#e30613"]}},
        {"calm_zone": {"zone": zone}},
        {"text_contrast": {"zone": zone}},
    ]


def test_the_logo_and_the_words_are_replaced_where_their_criteria_can_be_used(
    tmp_path: Path,
) -> None:
    pytest.importorskip("cv2", reason="needs mintage[vision]")
    pytest.importorskip("rapidocr", reason="needs mintage[vision]")
    put_kit(tmp_path)
    done = [
        {"logo": {"picture": "brand.logo", "min_width": 200}},
        {"text": {"forbidden": "brand.forbidden_words"}},
    ]
    plan = planned(write(tmp_path, branded(done)))
    assert json.loads(plan.spec_json)["done"][1:] == [
        {"logo": {"picture": as_data_address(LOGO), "min_width": 200}},
        {"text": {"forbidden": ["cheap", "best ever"]}},
    ]
    # What the books keep of the order can be read again, with no file at hand.
    assert recorded_form(plan.record()).done == plan.form.done


def test_a_kit_is_part_of_what_an_order_is(tmp_path: Path) -> None:
    file = write(tmp_path, branded())
    put_kit(tmp_path)
    first = planned(file)
    assert (first.form.brand, len(str(first.form.brand_sha256))) == ("acme", 64)
    kept = recorded_form(first.record())
    assert (kept.brand, kept.brand_sha256) == ("acme", first.form.brand_sha256)
    assert "/" not in json.dumps(json.loads(first.spec_json)["brand"])
    put_kit(tmp_path, fonts=["Other"])
    assert planned(file).order_id() != first.order_id()
    put_kit(tmp_path)
    assert planned(file).order_id() == first.order_id()
    (tmp_path / "brands/pictures/logo.png").write_bytes(photo_file("png", 301, 120))
    assert planned(file).order_id() != first.order_id()
    # The same logo by another path, and a comment, change nothing.
    (tmp_path / "brands/moved.png").write_bytes(LOGO)
    kit = put_kit(tmp_path, logo="moved.png")
    kit.write_text("# Ours.\n" + kit.read_text())
    assert planned(file).order_id() == first.order_id()
    assert planned(write(tmp_path, order(done=DONE))).order_id() != first.order_id()


def test_a_kit_is_looked_for_beside_the_order_and_above_it_up_to_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "house/orders/nightly"
    deep.mkdir(parents=True)
    file = write(deep, branded())
    put_kit(tmp_path)
    monkeypatch.chdir(tmp_path / "house")
    assert "brand: found 'acme'; wanted a brand kit: brands/acme.yaml" in sentences(file)[0]
    monkeypatch.chdir(tmp_path)
    far = planned(file).form.brand_sha256
    put_kit(tmp_path / "house/orders", fonts=["Near"])
    near = planned(file).form.brand_sha256
    assert near != far
    put_kit(deep, fonts=["Nearest"])
    monkeypatch.chdir("/")
    assert planned(file).form.brand_sha256 not in {near, far}
    # From elsewhere only the order's own folder counts.
    (deep / "brands/acme.yaml").unlink()
    monkeypatch.chdir(deep / "brands")
    assert "brand: found 'acme'" in sentences(file)[0]


def test_every_problem_of_a_kit_is_told_with_its_own_file_and_line(tmp_path: Path) -> None:
    put_kit(
        tmp_path,
        palette=["red"],
        logo="../logo.png",
        colour="#000000",
        forbidden_words=["{cheap}", "..."],
        safe_zones={"headline": {"left": 0.5, "lefft": 1}, "Foot": {}},
    )
    done = [{"palette": {"colours": "brand.palette"}}, {"logo": {"picture": "brand.logo"}}]
    told = sentences(write(tmp_path, branded(done)))
    assert [one.partition(": found")[0] for one in told] == [
        "brands/acme.yaml:3: palette[0]",
        "brands/acme.yaml:6: logo",
        "brands/acme.yaml:10: forbidden_words[0]",
        "brands/acme.yaml:11: forbidden_words[1]",
        "brands/acme.yaml:15: safe_zones.headline.lefft",
        "brands/acme.yaml:16: safe_zones.Foot",
        "brands/acme.yaml:17: colour",
    ]
    assert told[0].endswith("""found 'red'; wanted a colour as "#rrggbb", in quotes""")
    assert "(did you mean left?)" in told[4]
    assert told[6].endswith(
        "wanted only name, palette, forbidden_colours, logo, fonts, forbidden_words, safe_zones"
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "brands/acme.yaml:1: name: found ''; wanted the brand's name"),
        ({"palette": "#0b3d91"}, "brands/acme.yaml:2: palette: found '#0b3d91'; wanted a list"),
        ({"forbidden_colours": ["#0b3d91"]}, "#0b3d91, which is in the palette as well"),
        ({"logo": "brands.yaml"}, "logo: found 'brands.yaml', which cannot be read (No such"),
        ({"logo": "acme.yaml"}, "logo: found 'acme.yaml', which is no picture; wanted a PNG"),
        ({"safe_zones": {"top": {"top": 0.9, "height": 0.2}}}, "wanted a zone inside the picture"),
    ],
)
def test_a_wrong_field_of_a_kit_is_refused(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    put_kit(tmp_path, **change)
    (sentence,) = sentences(write(tmp_path, branded()))
    assert told in sentence


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("brand.pallete", " (did you mean brand.palette?)"),
        ("brand.safe_zones.headlin", " (did you mean brand.safe_zones.headline?)"),
        ("brand.safe_zones", ""),
        ("brand.{product}", ""),
    ],
)
def test_a_reference_to_nothing_is_told_with_what_there_is(
    tmp_path: Path, value: str, hint: str
) -> None:
    put_kit(tmp_path)
    (told,) = sentences(write(tmp_path, branded([{"palette": {"colours": value}}])))
    assert f"done[1].palette.colours: found {value}, which the brand acme does not have" in told
    assert hint in told
    assert told.endswith("brand.forbidden_words, brand.safe_zones.headline")


def test_what_a_kit_leaves_out_cannot_be_referred_to(tmp_path: Path) -> None:
    (tmp_path / "brands").mkdir()
    (tmp_path / "brands/acme.yaml").write_text("name: Acme\n")
    (told,) = sentences(write(tmp_path, branded([{"palette": {"colours": "brand.palette"}}])))
    assert told.endswith("wanted one of brand.name")


def test_a_reference_needs_a_brand_in_the_order(tmp_path: Path) -> None:
    done = [*DONE, {"palette": {"colours": "brand.palette"}}]
    (told,) = sentences(write(tmp_path, order(done=done)))
    assert "found brand.palette, and no brand; wanted `brand: acme` at the top" in told


@pytest.mark.parametrize("name", ["../acme", "Acme", "a/b", "{product}", 7])
def test_a_name_never_becomes_a_path(tmp_path: Path, name: object) -> None:
    put_kit(tmp_path)
    (told,) = sentences(write(tmp_path, order(brand=name, done=DONE)))
    assert "brand: found" in told
    assert "wanted a brand kit by its file's name in brands/" in told


def test_a_kit_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    put_kit(tmp_path)
    put_kit(tmp_path, slug="zenith")
    (told,) = sentences(write(tmp_path, order(brand="acne", done=DONE)))
    assert "brand: found 'acne' (did you mean acme?); wanted" in told
    assert told.endswith("there is acme, zenith")


def test_nobody_writes_the_digest_into_an_order(tmp_path: Path) -> None:
    put_kit(tmp_path)
    (told,) = sentences(write(tmp_path, branded(brand_sha256="0" * 64)))
    assert "brand_sha256: found an unknown field" in told


def test_prompts_are_free_of_the_words_that_a_brand_forbids(tmp_path: Path) -> None:
    put_kit(tmp_path)
    assert planned(write(tmp_path, branded(brief__prompt="A cheaper {product}"))).job_count == 8
    (told,) = sentences(write(tmp_path, branded(brief__prompt="A Cheap {product}")))
    assert told == (
        "order.yaml:14: brief.prompt: found 'A Cheap mug'; "
        "wanted a prompt without 'cheap', which the brand acme forbids"
    )
    # Also where it comes from the matrix, and is in one job of several.
    data = branded(matrix__product=["mug", "best  EVER mug"])
    (told,) = sentences(write(tmp_path, data))
    assert "wanted a prompt without 'best ever'" in told


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("the BEST\never", "best ever"),
        ("a cheap, warm light", "cheap"),
        ("cheapest", None),
        ("best, ever", None),
        ("ｃｈｅａｐ", "cheap"),  # noqa: RUF001  full-width letters are what is tried
    ],
)
def test_forbidden_words_are_whole_words_in_any_case(text: str, word: str | None) -> None:
    assert ForbiddenWords(["cheap", "best ever"]).first_in(text) == word


def test_rules_in_a_file_of_their_own_may_name_a_kit(tmp_path: Path) -> None:
    put_kit(tmp_path)
    file = tmp_path / "rules.yaml"
    rules = [{"palette": {"colours": "brand.palette"}}]
    file.write_text(yaml.safe_dump({"brand": "acme", "done": rules}))
    (criterion,) = rules_of_file(file)
    assert criterion.contents()["colours"] == ["#0b3d91", "#f5f1e6"]
    for brand in ("acne", "../acme"):
        file.write_text(yaml.safe_dump({"brand": brand, "done": rules}))
        with pytest.raises(BadOrder) as raised:
            rules_of_file(file)
        assert "brand" in {one.field for one in raised.value.problems}
