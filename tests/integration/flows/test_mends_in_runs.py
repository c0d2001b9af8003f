"""What a mend may not do, in whole runs: grow a picture past its bound, or hide what it had lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from loopback.faults import Fault
from loopback.server import LoopbackProvider
from PIL import Image
from pydantic import SecretStr
from unit.validators.sample_pictures import encoded, photograph

from flows import House, InlineEngine, RunReport, Settings, run_plan
from ledger import Books, JobState, MendKind

SIDE = 128

PNG = {"width": SIDE, "height": SIDE, "format": "png", "model": "black-forest-labs/flux-schnell"}
JPEG = {"width": 256, "height": 256, "format": "jpeg", "model": "black-forest-labs/flux-2-pro"}
"""A size and a format that the model can make: its very bytes are judged."""


def framed(side: int, bar_px: int) -> Image.Image:
    picture = Image.new("RGB", (side, side), (0, 0, 0))
    picture.paste(photograph(side, side - 2 * bar_px, 5), (0, bar_px))
    return picture


def lay_down(shelf: Path, words: str, data: bytes) -> None:
    (shelf / words).mkdir(parents=True)
    (shelf / words / "1.png").write_bytes(data)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    shelf = tmp_path / "shelf"
    small, sharp = framed(SIDE // 2, 12), photograph(256, 256, 3)
    lay_down(shelf, "small mug", encoded(small, "png"))
    lay_down(shelf, "lost mug", encoded(small, "png"))
    lay_down(shelf, "large mug", encoded(framed(2 * SIDE, 24), "png"))
    lay_down(shelf, "coarse mug", encoded(sharp, "jpeg", quality=40, progressive=True))
    lay_down(shelf, "fine mug", encoded(sharp, "jpeg", quality=85, progressive=True))
    with LoopbackProvider(shelf=str(shelf)) as provider:
        provider.add_faults(Fault("cut_after_create", prompt="lost mug", times=1))
        yield House(
            Settings(
                database_url=f"sqlite:///{tmp_path}/ledger.db",
                store_url=f"file:{tmp_path}/store",
                replicate_api_token=SecretStr(provider.token),
                replicate_base_url=provider.base_url,
                prefect_api_url=None,
                absent_after_s=0,
                settle_timeout_s=10,
                inspectors=1,
            )
        )


def run(
    house: House, books: Books, what: list[str], output: dict[str, Any], *rules: dict[str, Any]
) -> RunReport:
    output = dict(output)
    model = output.pop("model")
    order = {
        "order": "mugs",
        "title": "Winter mugs",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "winter-2026",
        "budget": {"cap": "1.00", "per_job": "0.10", "attempts": 1},
        "generator": {"provider": "replicate", "model": model},
        "brief": {"prompt": "A {what} mug"},
        "matrix": {"what": what},
        "output": {**output, "name": "{what}"},
        "done": [
            {"dimensions": {"width": output["width"], "height": output["height"]}},
            {"format": {"is": output["format"]}},
            *rules,
        ],
    }
    path = Path(house.settings.store_url.removeprefix("file:")).parent / "order.yaml"
    path.write_text(yaml.safe_dump(order), encoding="utf-8")
    return asyncio.run(run_plan(house, books, house.plan(path), None, InlineEngine()))


def test_finishing_and_mending_together_grow_no_picture_more_than_the_order_allows(
    house: House,
) -> None:
    with house.books() as books:
        report = run(house, books, ["small", "lost", "large"], PNG, {"borders": {}})
        assert (report.released, report.rejected, report.attempts) == (1, 2, 3)
        for what in ("small", "lost"):
            story = books.story(f"{report.order_id}#{what}")
            assert story is not None
            assert (story.job.state, story.attempts[0].mends) == (JobState.REJECTED, ())
            # Bars of 23 px are measured, and four more are cut off: 74 of 128 rows, 37 of the 64.
            assert (
                "(It could not be mended: of the picture's 64x64, 64x37 would be left and would "
                "have to grow 3.46 times to fill 128x128; the order allows 2 (output.upscale_max).)"
            ) in str(story.job.reason)


def test_a_file_that_lost_too_much_is_not_made_to_pass_by_writing_it_anew(house: House) -> None:
    with house.books() as books:
        rules = {"progressive": {"is": False}}, {"jpeg_quality": {"min": 80}}
        report = run(house, books, ["coarse", "fine"], JPEG, *rules)
        assert (report.released, report.rejected) == (1, 1)
        story = books.story(f"{report.order_id}#coarse")
        assert story is not None
        assert [one.kind for one in story.attempts[0].mends] == [MendKind.REENCODE]
        assert "saved with a quality of about 40; at least 80" in str(story.job.reason)
        (kept,) = books.released(report.order_id)
        assert kept.name == "fine"


def test_an_output_that_is_not_progressive_needs_no_mend_to_be_so(house: House) -> None:
    with house.books() as books:
        small = {**JPEG, "width": SIDE, "height": SIDE, "progressive": False}
        report = run(house, books, ["large"], small, {"progressive": {"is": False}})
        assert report.released == 1
        story = books.story(f"{report.order_id}#large")
        assert story is not None
        assert story.attempts[0].mends == ()
