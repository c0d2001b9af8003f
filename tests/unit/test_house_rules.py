"""The rules of the house that no linter knows: sizes, names, public faces, what an import costs."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import flows

PACKAGES = ("assets", "console", "flows", "generators", "ledger", "validators")
ROOT = Path(flows.__file__).parents[1]
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base", "core"}


MIGRATIONS = ROOT / "ledger" / "migrations" / "versions"
"""History, not code: a step is written once, as long as the tables are, and never edited again."""


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def edited_modules() -> Iterator[Path]:
    return (path for path in modules() if not path.is_relative_to(MIGRATIONS))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_six_packages_lie_side_by_side() -> None:
    homes = {Path(str(importlib.import_module(name).__file__)).parents[1] for name in PACKAGES}
    assert homes == {ROOT}


def test_modules_are_short_enough_to_be_read_in_one_go() -> None:
    long = {shown(path): len(path.read_text().splitlines()) for path in edited_modules()}
    assert {name: lines for name, lines in long.items() if lines >= MODULE_LINES_MAX} == {}


def test_functions_fit_on_a_screen() -> None:
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in edited_modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: lines for name, lines in long.items() if lines >= FUNCTION_LINES_MAX} == {}


def test_no_module_hides_a_library_or_the_standard_library() -> None:
    # A script's own folder comes first on the path: there, a module of that name would be imported.
    taken = set(sys.stdlib_module_names)
    for name, owners in importlib.metadata.packages_distributions().items():
        if set(owners) != {"mintage"}:
            taken.add(name)
    ours = {path.stem if path.stem != "__init__" else path.parent.name for path in modules()}
    ours -= {"__main__"}
    assert ours & taken <= {"env"}, "Alembic wants its `env`"


def test_no_module_is_named_for_nothing() -> None:
    assert [shown(path) for path in modules() if path.stem in VAGUE] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_public_face_is_sorted_and_whole(package: str) -> None:
    module = importlib.import_module(package)
    names = list(getattr(module, "__all__", []))
    # Constants first, then classes, then functions: the order in which ruff sorts them (RUF022).
    assert names == sorted(names, key=lambda name: (_rank(name), name))
    assert len(set(names)) == len(names)
    assert [name for name in names if not hasattr(module, name)] == []


def _rank(name: str) -> int:
    if name.isupper():
        return 0
    return 1 if name[0].isupper() else 2


def test_every_package_is_typed_for_others() -> None:
    assert [name for name in PACKAGES if not (ROOT / name / "py.typed").is_file()] == []


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    heavy = ("prefect", "sqlalchemy", "boto3", "botocore", "httpx", "replicate", "PIL", "alembic")
    code = f"import sys, console.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_only_two_modules_import_prefect() -> None:
    found = {
        shown(path)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if (
            isinstance(node, ast.Import)
            and any(n.name.split(".")[0] == "prefect" for n in node.names)
        )
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "prefect")
    }
    assert found == {"flows/prefect_engine.py", "flows/prefect_flows.py"}


def test_the_other_library_called_validators_is_not_installed() -> None:
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("validators")


def test_tests_and_infra_are_no_packages() -> None:
    assert [
        shown(path) for name in ("tests", "infra") for path in (ROOT / name).rglob("__init__.py")
    ] == []
