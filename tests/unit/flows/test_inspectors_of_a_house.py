"""Which inspectors a run gets: as many as are set or as there are cores, with room for models if need be."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest
from unit.flows.order_parts import order, plan

from flows import BadSettings, House, Settings, examine, read_settings
from flows.job_plan import needs_models
from validators import InspectorPool, WorkerLimits


def pool(settings: Settings, *, with_models: bool = False) -> InspectorPool:
    with closing(House(settings).inspectors(with_models=with_models)) as opened:
        assert isinstance(opened, InspectorPool)
        assert opened.process_ids() == ()
        return opened


def test_there_are_as_many_as_are_set_or_as_there_are_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert pool(read_settings()).workers == len(os.sched_getaffinity(0))
    monkeypatch.setenv("MINTAGE_INSPECTORS", "7")
    assert pool(read_settings()).workers == 7
    for wrong in ("0", "-1", "many"):
        monkeypatch.setenv("MINTAGE_INSPECTORS", wrong)
        with pytest.raises(BadSettings, match="MINTAGE_INSPECTORS cannot be used"):
            read_settings()


def test_models_get_more_memory_and_everybody_else_the_default() -> None:
    settings = Settings(inspectors=1)
    assert pool(settings).worker_limits == WorkerLimits()
    with_models = pool(settings, with_models=True).worker_limits
    assert with_models.memory_bytes >= 2 * 1024**3
    assert with_models.wall_s == WorkerLimits().wall_s


def test_an_order_needs_models_when_one_of_its_rules_does(tmp_path: Path) -> None:
    form = plan(tmp_path, order()).form
    assert not needs_models(form)
    assert needs_models(form.model_copy(update={"done": [*form.done, "nudity"]}))
    assert needs_models(form.model_copy(update={"done": [{"qr_code": {}}]}))


def test_doctor_says_what_the_kernel_holds_the_processes_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    house = House(read_settings())
    with closing(InspectorPool(1)) as inspectors:
        held = inspectors.seclusion().in_words
    (check,) = [one for one in examine(house) if one.subject == "inspectors"]
    assert check.ok
    assert f" at once; {held}" in check.finding
