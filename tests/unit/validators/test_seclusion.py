"""What a process that judges can still reach, tried by children of a program that holds a secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import reaching_out

from validators import InspectorPool, seclusion
from validators.file_fence import fence_version, readable_here
from validators.seclusion import Seclusion
from validators.system_calls import MACHINES

ROOT = Path(seclusion.__file__).parents[1]
Outcomes = Mapping[str, Mapping[str, str]]

FILES_CHANGED = {
    *("write file", "map file", "append", "create", "truncate", "link", "symlink", "rename"),
    *("folder", "remove"),
}
MARKS_CHANGED = {"mode", "times"}
MEMORY = {"read memory", "write memory", "read environment"}
READ = {"read file", "list files", "read beside code"}
NEEDED = {"thread", "shelf", "own code"}
EVERYTHING = {
    *(FILES_CHANGED | MARKS_CHANGED | MEMORY | READ | NEEDED),
    *("signal", "limit", "socket", "pair", "process", "program"),
}

needs_filter = pytest.mark.skipif(
    os.uname().machine not in MACHINES, reason="no filter is written for this processor"
)
needs_fence = pytest.mark.skipif(not fence_version(), reason="this kernel has no Landlock")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root has rights to give up")


def reached(folder: Path, who: str) -> Outcomes:
    done = subprocess.run(
        [sys.executable, "-B", reaching_out.__file__, who],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    found: Outcomes = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What processes of an ordinary user reach."""
    return reached(tmp_path_factory.mktemp("ordinary"), "nobody")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What processes of root reach."""
    return reached(tmp_path_factory.mktemp("root"), "root")


def refused(outcomes: Mapping[str, str]) -> set[str]:
    assert set(outcomes) == EVERYTHING
    assert set(outcomes.values()) <= {"done", "EPERM", "EACCES"}
    return {name for name, outcome in outcomes.items() if outcome != "done"}


def test_unconfined_a_process_of_the_same_user_could_do_it_all(ordinary: Outcomes) -> None:
    assert refused(ordinary["free"]) == set()


def test_a_program_that_hides_keeps_its_memory_and_environment_from_its_users_others(
    ordinary: Outcomes,
) -> None:
    assert refused(ordinary["hidden"]) == MEMORY


@needs_filter
def test_the_filter_lets_no_file_be_changed_and_nothing_be_started(ordinary: Outcomes) -> None:
    others = {"signal", "limit", "socket", "pair", "process", "program", "write memory"}
    assert refused(ordinary["filtered"]) == FILES_CHANGED | MARKS_CHANGED | others


@needs_fence
def test_the_fence_hides_files_and_processes(ordinary: Outcomes) -> None:
    signals = {"signal"} if fence_version() >= 6 else set()
    truncated = {"truncate"} if fence_version() < 3 else set()
    fenced = FILES_CHANGED - truncated | MEMORY | READ | {"program"} | signals
    assert refused(ordinary["fenced"]) == fenced


@needs_filter
@needs_fence
@pytest.mark.parametrize("who", ["ordinary", pytest.param("root", marks=needs_root)])
def test_secluded_a_process_reaches_only_what_it_needs(
    request: pytest.FixtureRequest, who: str
) -> None:
    assert refused(request.getfixturevalue(who)["secluded"]) == EVERYTHING - NEEDED


@needs_root
def test_of_root_only_a_process_without_capabilities_is_kept_from_a_hidden_program(
    root: Outcomes,
) -> None:
    assert refused(root["hidden"]) == set()
    assert refused(root["without capabilities"]) == MEMORY


@needs_filter
@needs_fence
def test_a_pool_tells_what_its_processes_are_held_to() -> None:
    with InspectorPool(1) as pool:
        held = pool.seclusion()
        (process_id,) = pool.process_ids()
        assert pool.seclusion() == held
        assert pool.process_ids() == (process_id,), "no other is started to be asked"
    assert held == Seclusion(filtered=True, fence=fence_version())


def test_what_is_not_in_force_is_said() -> None:
    words = [Seclusion(filtered, fence).in_words for filtered in (True, False) for fence in (7, 0)]
    assert len(set(words)) == 4
    assert [("no Landlock" in one, "no seccomp" in one) for one in words[:3]] == [
        *((False, False), (True, False), (False, True)),
    ]
    assert words[3].startswith("they can do what this user can")


def test_of_a_folder_of_the_import_path_only_the_code_stays_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, libraries, elsewhere = (tmp_path / name for name in ("studio", "site-packages", "far"))
    for folder in (studio / "package", studio / "orders", libraries / "linked", elsewhere):
        folder.mkdir(parents=True)
    for file in (studio / ".env", studio / "books.db", studio / "module.py", elsewhere / "code.py"):
        file.touch()
    (studio / "package" / "__init__.py").touch()
    (libraries / "linked" / "__init__.py").symlink_to(elsewhere / "code.py")
    monkeypatch.setattr(sys, "path", [str(studio), str(libraries), str(tmp_path / "gone")])
    found = [one for one in readable_here() if one[0].is_relative_to(tmp_path)]
    assert found == [
        *((studio, False), (studio / "module.py", True), (studio / "package", True)),
        *((libraries, True), (elsewhere, True), (tmp_path / "gone", False)),
    ]


def test_no_number_of_a_call_is_named_twice() -> None:
    for machine in MACHINES.values():
        numbers = [*machine.absent.values(), *machine.refused.values()]
        numbers += [condition.call for condition in machine.conditions]
        assert len(numbers) == len(set(numbers))
