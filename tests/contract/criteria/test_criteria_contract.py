"""What every registered criterion promises, run against each of them.

A new criterion brings one file of its own in `examples/`, named after it, with PASSES and FAILS:
pairs of parameters and the bytes of an intact picture. Nothing here has to be edited.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError
from unit.validators.sample_pictures import FORMATS, encoded, flat, photo_file, photograph

from validators import Criterion, Limits, Picture, Verdict, inspect, parse_done, registered
from validators.picture import open_picture, sha256_of

Example = tuple[dict[str, object], bytes]

NAMES = sorted(registered())
JUDGING = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            bool(missing := registered()[name].missing()),
            reason=f"needs {', '.join(missing)} of mintage[{registered()[name].extra}]",
        ),
    )
    for name in NAMES
]
"""Those whose modules are installed; the form of the others is tested all the same."""


def examples(name: str, kind: str) -> tuple[Example, ...]:
    """Return a criterion's examples; a criterion without its file fails here."""
    module = importlib.import_module(f"contract.criteria.examples.{name}")
    found: tuple[Example, ...] = getattr(module, kind)
    assert found, f"{name} has no example in {kind}"
    return found


def judged(name: str, example: Example) -> Verdict:
    parameters, data = example
    criteria = parse_done([{name: parameters}])
    assert isinstance(criteria, tuple), criteria
    intact, verdict = inspect(data, criteria)
    assert intact.passed
    return verdict


@pytest.mark.parametrize("name", NAMES)
def test_its_form_is_complete(name: str) -> None:
    criterion = registered()[name]
    assert criterion.name == name
    assert criterion.version >= 1
    summary = (criterion.__doc__ or "").strip().splitlines()[0]
    assert summary[0].isupper()
    assert criterion.inspect is not Criterion.inspect
    assert "inspect" in vars(criterion), "the judgement is in the criterion's own file"
    assert "cost_ms" in vars(criterion), "what it costs was measured"
    for field, form in criterion.model_fields.items():
        assert form.description, f"{field} is described"


@pytest.mark.parametrize("name", NAMES)
def test_its_example_can_be_ordered_and_read_back(name: str) -> None:
    criterion = registered()[name]
    parsed = parse_done([{name: dict(criterion.example)}])
    assert isinstance(parsed, tuple), parsed
    contents = parsed[0].contents()
    json.dumps(contents, allow_nan=False)
    assert parse_done([{name: contents}]) == parsed


@pytest.mark.parametrize("name", NAMES)
def test_its_parameters_say_all_but_what_was_read_from_files_which_has_a_digest(name: str) -> None:
    criterion = registered()[name].model_validate(dict(registered()[name].example))
    contents, parameters = criterion.contents(), criterion.parameters()
    assert parameters.keys() == contents.keys()
    for parameter, value in parameters.items():
        if contents[parameter] and parameter in criterion.reading():
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", str(value))
        else:
            assert value == contents[parameter]


@pytest.mark.parametrize("name", NAMES)
def test_it_refuses_parameters_that_it_does_not_know(name: str) -> None:
    criterion = registered()[name]
    with pytest.raises(ValidationError, match="extra_forbidden"):
        criterion.model_validate({**criterion.example, "no_such_parameter": 1})


@pytest.mark.parametrize("name", NAMES)
def test_it_cannot_be_changed(name: str) -> None:
    criterion = registered()[name]
    made = criterion.model_validate(dict(criterion.example))
    for field in criterion.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(made, field, None)
    hash(made)


@pytest.mark.parametrize("name", JUDGING)
def test_it_passes_its_good_examples(name: str) -> None:
    for example in examples(name, "PASSES"):
        verdict = judged(name, example)
        assert verdict.passed, (example[0], verdict)
        assert verdict.reason is None


@pytest.mark.parametrize("name", JUDGING)
def test_it_fails_its_bad_examples_with_a_sentence(name: str) -> None:
    for example in examples(name, "FAILS"):
        verdict = judged(name, example)
        assert not verdict.passed, (example[0], verdict)
        assert verdict.reason is not None
        assert verdict.reason[0].isupper()
        assert verdict.reason.endswith(".")
        assert "\n" not in verdict.reason


@pytest.mark.parametrize("name", JUDGING)
def test_its_verdict_names_the_rule_and_can_be_kept_as_json(name: str) -> None:
    for example in (*examples(name, "PASSES"), *examples(name, "FAILS")):
        verdict = judged(name, example)
        assert (verdict.criterion, verdict.version) == (name, registered()[name].version)
        assert verdict.measured, "a verdict says what was measured"
        kept = json.loads(json.dumps(dataclasses.asdict(verdict), allow_nan=False))
        bare = dataclasses.replace(verdict, marks=(), remedy=None)
        assert Verdict(**{**kept, "marks": (), "remedy": None}) == bare
        parsed = parse_done([{name: example[0]}])
        assert isinstance(parsed, tuple)
        assert kept["parameters"] == parsed[0].parameters()


@pytest.mark.parametrize("name", JUDGING)
def test_it_gives_the_same_verdict_every_time_and_in_every_thread(name: str) -> None:
    times = 1 if registered()[name].cost_ms > DEAR_MS else 4
    every = [*examples(name, "PASSES"), *examples(name, "FAILS")] * times
    alone = [judged(name, example) for example in every]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda example: judged(name, example), every)) == alone


@pytest.mark.parametrize("name", JUDGING)
def test_it_leaves_the_picture_as_it_was_for_the_others(name: str) -> None:
    criterion = registered()[name].model_validate(dict(registered()[name].example))
    for data in (photo_file("webp", 256, 256), encoded(flat((200, 10, 30, 90)), "png")):
        picture = open_picture(data, sha256_of(data), None, Limits())
        assert isinstance(picture, Picture)
        before = pixels_of(picture)
        criterion.inspect(picture)
        assert pixels_of(picture) == before


def pixels_of(picture: Picture) -> list[bytes]:
    """Return every form of the pixels that criteria share."""
    shared = [picture.image, picture.eight_bit()]
    shared += [picture.proxy(side) for side in (32, 96, 128, 256, 512)]
    return [image.tobytes() for image in shared]


@pytest.mark.parametrize("name", JUDGING)
def test_it_judges_every_layout_and_shape_without_raising(name: str) -> None:
    criteria = ordered([{name: dict(registered()[name].example)}])
    files = [photo_file(image_format, *size) for image_format in FORMATS for size in SHAPES]
    files += [encoded(photograph().convert(mode), "png") for mode in ("1", "L", "P", "LA", "RGBA")]
    files += [encoded(photograph().convert("I").convert("I;16"), "png")]
    files += [encoded(photograph().convert("CMYK"), "jpeg"), encoded(flat((9, 9, 9, 0)), "webp")]
    for data in files:
        assert len(inspect(data, criteria)) == 2


DEAR_MS = 50
SHAPES = ((1, 1), (1, 300), (300, 1), (31, 33))


def ordered(items: list[dict[str, dict[str, object]]]) -> tuple[Criterion, ...]:
    criteria = parse_done(items)
    assert isinstance(criteria, tuple), criteria
    return criteria
