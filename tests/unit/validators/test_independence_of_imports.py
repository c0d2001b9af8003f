"""Who builds and who judges cannot reach each other: what a fresh interpreter has loaded, and the source."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.validators import sample_pictures as samples

import validators
from validators import InspectorPool, criteria, parse_done, registered

ROOT = Path(validators.__file__).parents[1]
HOUSE = {"assets", "console", "flows", "generators", "ledger", "validators"}
OF_BUILDERS = {"replicate", "httpx"}
OF_OTHERS = {"sqlalchemy", "alembic", "psycopg", "boto3", "botocore", "prefect"}

LOAD_ALL = """
import importlib, json, pkgutil, sys
package = importlib.import_module({package!r})
for name in package.__all__:
    getattr(package, name)
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
{more}
print(json.dumps(sorted(sys.modules)))
"""
EVERY_CRITERION = """
for criterion in package.registered().values():
    for name in criterion.modules:
        importlib.import_module(name)
"""

CURIOUS = '''
import sys
from typing import ClassVar
from validators.criterion import Criterion, Finding

class Curious(Criterion):
    """Tells which modules are loaded where it judges."""
    name = "curious"
    version = 1
    example: ClassVar = {}
    def inspect(self, picture):
        return Finding(True, {"modules": sorted(sys.modules)})
'''


def loaded_by(package: str, more: str = "") -> set[str]:
    """Load every module of a package in a new interpreter; give all that is loaded then."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ALL.format(package=package, more=more)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def roots(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def imported_in(package: str) -> Iterator[tuple[str, str]]:
    """Give every module that a package's source imports, in functions too, with where."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name.partition(".")[0], path.name
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"a relative import in {path.name}"
                yield str(node.module).partition(".")[0], path.name


def test_inspectors_with_every_criterion_load_nothing_of_who_builds_pays_or_decides() -> None:
    loaded = loaded_by("validators", EVERY_CRITERION)
    assert "validators.inspector_process" in loaded
    assert {f"validators.criteria.{path.stem}" for path in _criteria_files()} <= loaded
    assert {name for one in registered().values() for name in one.modules} <= loaded
    assert roots(loaded) & (HOUSE | OF_BUILDERS | OF_OTHERS) == {"validators"}


def _criteria_files() -> list[Path]:
    return [
        path for path in (ROOT / "validators" / "criteria").glob("*.py") if path.stem != "__init__"
    ]


def test_generators_load_nothing_of_who_judges_pays_or_decides() -> None:
    loaded = loaded_by("generators")
    assert {"generators.replicate_builder", "generators.studio"} <= loaded
    assert roots(loaded) & (HOUSE | OF_OTHERS) == {"generators"}


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("validators", HOUSE | OF_BUILDERS | OF_OTHERS), ("generators", HOUSE | OF_OTHERS)],
)
def test_no_line_of_one_side_names_a_module_of_the_other(package: str, forbidden: set[str]) -> None:
    found = [(name, where) for name, where in imported_in(package) if name in forbidden]
    assert {name for name, _ in found} == {package}, found


def test_the_process_that_judges_has_only_inspectors_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Asked for before there is one criterion more: what is registered is kept.
    every = [{one.name: dict(one.example)} for one in registered().values() if not one.extra]
    (tmp_path / "curious.py").write_text(CURIOUS)
    monkeypatch.setattr(criteria, "__path__", [*criteria.__path__, str(tmp_path)])
    curious = importlib.import_module("validators.criteria.curious").Curious
    done = parse_done(every)
    assert isinstance(done, tuple), done
    try:
        with InspectorPool(1) as pool:
            photo = samples.photo_file("png", 256, 256)
            verdicts = pool.inspect(photo, [*done, curious()])
    finally:
        del sys.modules["validators.criteria.curious"], criteria.__dict__["curious"]
    (told,) = [one.measured["modules"] for one in verdicts if one.criterion == "curious"]
    assert isinstance(told, list)
    assert len(verdicts) == len(every) + 2
    assert "validators.inspector_process" in told
    assert roots(set(map(str, told))) & (HOUSE | OF_BUILDERS | OF_OTHERS) == {"validators"}
