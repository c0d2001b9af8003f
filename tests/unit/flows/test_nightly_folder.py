"""The nightly folder: every order once for a date, a bad one in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from unit.flows.order_parts import order, write

from flows import (
    BadOrder,
    House,
    InlineEngine,
    NightlyOrder,
    NothingToRun,
    OrderRun,
    RunReport,
    Settings,
    nightly_exit_code,
    order_files,
    run_nightly,
)
from ledger import Books, JobState, OrderChanged

NIGHT = date(2026, 11, 20)


def card(slug: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    """Make an order of two studio cards, which cost next to nothing."""
    return order(
        order=slug,
        generator={"provider": "studio", "model": "cards"},
        matrix={"product": ["Mug", "Lamp"], "surface": ["Oak"]},
        variants=1,
        output={"width": 128, "height": 128, "format": "webp", "name": "{product}"},
        done=[{"dimensions": {"width": 128, "height": 128}}],
        **changes,
    )


@pytest.fixture
def house(tmp_path: Path) -> House:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/ledger.db",
        store_url=f"file:{tmp_path}/store",
        replicate_api_token=SecretStr("r8_unused"),
        replicate_base_url="http://127.0.0.1:9",
        prefect_api_url=None,
    )
    return House(settings)


@pytest.fixture
def books(house: House) -> Iterator[Books]:
    with house.books() as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "orders"
    made.mkdir()
    return made


def night(house: House, books: Books, folder: Path, day: date = NIGHT) -> list[NightlyOrder]:
    return asyncio.run(run_nightly(house, books, folder, day, InlineEngine()))


def test_a_folders_orders_are_its_yaml_files_by_name(folder: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.YAML", ".hidden.yaml", "items.csv", "notes.yaml.bak"):
        (folder / name).write_text("")
    (folder / "sub.yaml").mkdir()
    found = [path.name for path in order_files(folder)]
    assert found[:2] == ["a.yml", "b.yaml"]
    assert not {".hidden.yaml", "items.csv", "notes.yaml.bak", "sub.yaml"} & set(found)


def test_a_folder_without_orders_is_a_mistake_and_says_so(folder: Path) -> None:
    for where in (folder, folder / "none"):
        with pytest.raises(NothingToRun, match=r"no \.yaml or \.yml"):
            order_files(where)


def test_every_order_runs_once_for_a_date(house: House, books: Books, folder: Path) -> None:
    write(folder, card("mugs"), "mugs.yaml")
    write(folder, card("lamps"), "lamps.yaml")
    first = night(house, books, folder)
    assert [one.report.order_id for one in first if one.report] == [
        "lamps@2026-11-20",
        "mugs@2026-11-20",
    ]
    assert nightly_exit_code(first) == 0
    spent = books.totals().charged_nano
    again = night(house, books, folder)
    assert nightly_exit_code(again) == 0
    assert books.totals().charged_nano == spent > 0
    night(house, books, folder, date(2026, 11, 21))
    assert len(books.orders()) == 4
    assert books.totals().charged_nano > spent


def test_a_bad_order_does_not_stop_the_others(house: House, books: Books, folder: Path) -> None:
    write(folder, "order: Bad Slug\n", "a.yaml")
    write(folder, card("mugs"), "b.yaml")
    write(folder, "not yaml: [", "c.yaml")
    write(folder, {**card("lamps"), "items": "none.csv", "matrix": None}, "d.yaml")
    first = night(house, books, folder)
    assert [type(one.fault) for one in first] == [BadOrder, type(None), BadOrder, BadOrder]
    assert [one.exit_code for one in first] == [2, 0, 2, 2]
    assert nightly_exit_code(first) == 2
    assert [one.record.slug for one in books.orders()] == ["mugs"]


def test_a_provider_that_is_down_halts_its_order_and_no_other(
    house: House, books: Books, folder: Path
) -> None:
    write(folder, order(order="photos", variants=1), "a.yaml")
    write(folder, card("mugs"), "b.yaml")
    settings = house.settings.model_copy(update={"replicate_api_token": None})
    done = night(House(settings), books, folder)
    assert "REPLICATE_API_TOKEN" in str(done[0].fault)
    assert [one.exit_code for one in done] == [1, 0]
    assert nightly_exit_code(done) == 1
    # What could not be started has left nothing behind.
    assert [one.record.slug for one in books.orders()] == ["mugs"]


def test_an_order_that_is_changed_after_its_night_is_not_run_under_the_same_date(
    house: House, books: Books, folder: Path
) -> None:
    write(folder, card("mugs"), "mugs.yaml")
    night(house, books, folder)
    spent = books.totals().charged_nano
    write(folder, card("mugs", title="Another title"), "mugs.yaml")
    (changed,) = night(house, books, folder)
    assert isinstance(changed.fault, OrderChanged)
    assert changed.exit_code == 1
    assert books.totals().charged_nano == spent
    (next_night,) = night(house, books, folder, date(2026, 11, 21))
    assert next_night.exit_code == 0


def test_a_second_file_with_one_slug_is_refused_and_counted_nowhere(
    house: House, books: Books, folder: Path
) -> None:
    write(folder, card("mugs"), "a.yaml")
    write(folder, card("mugs"), "b.yaml")
    first, second = night(house, books, folder)
    assert first.report is not None
    assert second.report is None
    assert isinstance(second.fault, BadOrder)
    assert "a.yaml has too" in second.fault.problems[0].sentence()


def test_an_order_that_changed_since_its_night_is_refused(
    house: House, books: Books, folder: Path
) -> None:
    write(folder, card("mugs"), "a.yaml")
    night(house, books, folder)
    write(folder, card("mugs", title="Another title"), "a.yaml")
    (changed,) = night(house, books, folder)
    assert isinstance(changed.fault, OrderChanged)


def test_a_person_who_stops_one_order_stops_the_night(
    house: House, books: Books, folder: Path
) -> None:
    write(folder, card("a"), "a.yaml")
    write(folder, card("b"), "b.yaml")

    async def stop(run: OrderRun) -> None:
        run.stop("Stopped by Ctrl-C.")
        await asyncio.Event().wait()

    done = asyncio.run(run_nightly(house, books, folder, NIGHT, InlineEngine(), stop))
    assert len(done) == 1
    assert nightly_exit_code(done) in {0, 3}
    assert len(night(house, books, folder)) == 2
    assert books.job_counts("a@2026-11-20")[JobState.RELEASED] == 2


@pytest.mark.parametrize(
    ("codes", "code"),
    [([], 0), ([0, 0], 0), ([0, 3], 3), ([3, 2, 0], 2), ([3, 2, 1], 1), ([0, 2, 0], 2)],
)
def test_the_worst_code_is_the_folders(codes: list[int], code: int) -> None:
    def one(wanted: int) -> NightlyOrder:
        if wanted == 2:
            return NightlyOrder("a.yaml", None, BadOrder("a.yaml", []))
        report = RunReport(
            order_id="a@1",
            state="done",
            jobs=1,
            released=int(wanted == 0),
            rejected=int(wanted != 0),
            refused=0,
            failed=0,
            unknown=0,
            in_review=0,
            stopped=0,
            attempts=1,
            spent_nano=1,
            overrun_nano=0,
            held_nano=0,
            cap_nano=1,
            manifest=None,
            stop_reason=None,
            halted=wanted == 1,
        )
        return NightlyOrder("a.yaml", report, None)

    assert nightly_exit_code([one(wanted) for wanted in codes]) == code
