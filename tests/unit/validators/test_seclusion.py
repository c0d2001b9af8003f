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

from validators import seclusion
from validators.file_fence import fence_version
from validators.system_calls import MACHINES

ROOT = Path(seclusion.__file__).parents[1]
Outcomes = Mapping[str, Mapping[str, str]]

FILES_CHANGED = {
    *("write file", "map file", "append", "create", "truncate", "link", "symlink", "rename"),
    *("folder", "remove"),
}
MARKS_CHANGED = {"mode", "times"}
MEMORY = {"read memory", "write memory", "read environment"}
READ = {"read file", "list files"}
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


def test_no_number_of_a_call_is_named_twice() -> None:
    for machine in MACHINES.values():
        numbers = [*machine.absent.values(), *machine.refused.values()]
        numbers += [condition.call for condition in machine.conditions]
        assert len(numbers) == len(set(numbers))
