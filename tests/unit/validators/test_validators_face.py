"""The public face of the package, its discovery of criteria, and the cost of importing it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from unit.validators.sample_pictures import photo_file

import validators
from validators import BrokenCriterion, Criterion, Finding, Picture, registry

ROOT = Path(validators.__file__).parents[1]


def fresh(code: str) -> str:
    """Run code in a new interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_public_face_is_pinned() -> None:
    assert validators.__all__ == [
        "FORMAT_TITLES",
        "IMAGE_FORMATS",
        "INTACT",
        "INTACT_VERSION",
        "BrokenCriterion",
        "Criterion",
        "CriterionForm",
        "Drawer",
        "Finding",
        "Fingerprint",
        "Flaw",
        "HashIndex",
        "HexColour",
        "ImageFormat",
        "InspectionError",
        "InspectionFailed",
        "InspectorPool",
        "Inspectors",
        "InspectorsUnavailable",
        "JSONValue",
        "Likeness",
        "Limits",
        "LocalInspectors",
        "Mark",
        "NotDrawn",
        "NotSeenBefore",
        "Picture",
        "Problem",
        "Remedy",
        "Severity",
        "Verdict",
        "WorkerLimits",
        "Zone",
        "as_data_address",
        "contradictions",
        "criteria_forms",
        "in_order",
        "inspect",
        "is_data_address",
        "parse_done",
        "read_references",
        "registered",
        "rule_of",
    ]
    for name in validators.__all__:
        assert getattr(validators, name) is not None
    assert dir(validators) == sorted(validators.__all__)
    with pytest.raises(AttributeError, match="no attribute 'inspects'"):
        _ = validators.inspects


def test_importing_the_package_loads_neither_pydantic_nor_pillow() -> None:
    code = "import sys, validators; print('pydantic' in sys.modules, 'PIL' in sys.modules)"
    assert fresh(code) == "False False"


def test_reading_a_done_list_does_not_load_pillow() -> None:
    code = (
        "import sys, validators; validators.parse_done(['not_blank']); print('PIL' in sys.modules)"
    )
    assert fresh(code) == "False"


def test_inspecting_loads_no_decoder_but_the_four() -> None:
    code = (
        "import sys, validators\n"
        f"verdict, = validators.inspect(bytes.fromhex('{photo_file('png', 9, 9).hex()}'), ())\n"
        "print(verdict.passed, 'PIL.EpsImagePlugin' in sys.modules, 'PIL.PdfParser' in sys.modules)"
    )
    assert fresh(code) == "True False False"


def test_importing_the_package_is_cheap() -> None:
    cost = "import time; t = time.process_time(); import validators; print(time.process_time() - t)"
    started = time.monotonic()
    assert float(fresh(cost)) < 0.08
    assert time.monotonic() - started < 30


def criterion(**attributes: object) -> type[Criterion]:
    class Made(Criterion):
        """Passes everything."""

        name = "made"
        version = 1
        example: ClassVar[Mapping[str, object]] = {}

        def inspect(self, picture: Picture) -> Finding:
            return Finding(passed=bool(picture))

    for attribute, value in attributes.items():
        setattr(Made, attribute, value)
    return Made


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"name": "Not Snake"}, "its name 'Not Snake'"),
        ({"name": "intact"}, "its name 'intact'"),
        ({"name": 3}, "its name 3"),
        ({"version": 0}, "its version 0"),
        ({"version": "1"}, "its version '1'"),
        ({"__doc__": "  "}, "it has no docstring"),
        ({"example": None}, "it has no example"),
    ],
)
def test_a_criterion_that_breaks_the_form_is_refused_at_discovery(
    monkeypatch: pytest.MonkeyPatch, attributes: dict[str, object], fault: str
) -> None:
    monkeypatch.setattr(registry, "_defined", lambda: iter([criterion(**attributes)]))
    with pytest.raises(BrokenCriterion, match=fault):
        registry.registered.__wrapped__()


def test_two_criteria_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_defined", lambda: iter([criterion(), criterion()]))
    with pytest.raises(BrokenCriterion, match="has the same name"):
        registry.registered.__wrapped__()


def test_a_new_file_is_all_that_a_new_criterion_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "squareness.py").write_text(
        "from validators.criterion import Criterion, Finding\n"
        "class Squareness(Criterion):\n"
        "    '''The picture is square.'''\n"
        "    name = 'squareness'\n"
        "    version = 1\n"
        "    example = {}\n"
        "    def inspect(self, picture):\n"
        "        return Finding(picture.width == picture.height, {}, 'It is not square.')\n"
    )
    from validators import criteria

    monkeypatch.setattr(criteria, "__path__", [*criteria.__path__, str(tmp_path)])
    found = registry.registered.__wrapped__()
    assert "squareness" in found
    assert "dimensions" in found
    monkeypatch.delitem(sys.modules, "validators.criteria.squareness")
