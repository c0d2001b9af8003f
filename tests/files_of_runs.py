"""Runs of whole orders for the tests of labels, renditions and signing, against the loopback provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from ledger_urls import lay_blank_books
from loopback.server import LoopbackProvider
from PIL import Image
from pydantic import SecretStr
from unit.validators.sample_pictures import encoded, photograph

from assets import Store
from flows import House, InlineEngine, RunReport, Settings, run_plan
from ledger import Books, JobStory
from validators import Inspectors, LocalInspectors

SIDE = 128
"""A size that the model can make: with its format, the provider's very bytes are judged."""


@dataclass(frozen=True)
class Place(House):
    """A house at one folder, whose inspectors sit in this process."""

    folder: Path = field(default_factory=Path)
    stores: tuple[Any, ...] = ()

    def inspectors(self, *, with_models: bool = False) -> Inspectors:
        """Judge here: what these tests are about is no file that ends its inspector."""
        del with_models
        return LocalInspectors()

    def at_home(self, **settings: Any) -> Place:  # noqa: ANN401  settings are of many kinds
        """Give the same house with other settings."""
        return replace(self, settings=self.settings.model_copy(update=settings))

    def with_store(self, store: Any) -> Place:  # noqa: ANN401  a store, or what stands in for one
        """Give the same house with another store."""
        return replace(self, stores=(store,))

    def store(self) -> Store:
        """Open the store, or take the one that was left here."""
        return self.stores[-1] if self.stores else super().store()

    def released(self, key: str) -> bytes:
        """Read a released file."""
        return (self.folder / "store" / key).read_bytes()

    def receipt(self, key: str) -> dict[str, Any]:
        """Read a receipt."""
        made: dict[str, Any] = json.loads(self.released(key))
        return made

    def staged_names(self) -> set[str]:
        """Name what is staged."""
        return {one.name for one in (self.folder / "store/staging").glob("*/*")}


@contextmanager
def place(folder: Path, shelf: dict[str, bytes] | None = None) -> Iterator[tuple[Place, Any]]:
    """Give a house and its provider, which gives the shelf's pictures for prompts with their words."""
    for words, data in (shelf or {}).items():
        (folder / "shelf" / words).mkdir(parents=True)
        (folder / "shelf" / words / "1.png").write_bytes(data)
    lay_blank_books(folder / "ledger.db")
    shelf_folder = str(folder / "shelf") if shelf else None
    with LoopbackProvider(shelf=shelf_folder, picture_size=(SIDE, SIDE)) as provider:
        settings = Settings(
            _env_file=None,
            database_url=f"sqlite:///{folder}/ledger.db",
            store_url=f"file:{folder}/store",
            replicate_api_token=SecretStr(provider.token),
            replicate_base_url=provider.base_url,
            prefect_api_url=None,
            absent_after_s=0,
            settle_timeout_s=10,
            creates_per_minute=1_000_000,
        )
        yield Place(settings, folder=folder), provider


def order(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    """Make an order of one mug; `changes` replace whole fields."""
    made: dict[str, Any] = {
        "order": "mugs",
        "title": "Winter mugs",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "winter-2026",
        "budget": {"cap": "1.00", "per_job": "0.10", "attempts": 2},
        "generator": {"provider": "replicate", "model": "black-forest-labs/flux-schnell"},
        "brief": {"prompt": "A {what} mug"},
        "matrix": {"what": ["red"]},
        "output": {"width": SIDE, "height": SIDE, "format": "png", "name": "{what}"},
        "done": [{"dimensions": {"width": SIDE, "height": SIDE}}, {"not_blank": {}}],
    }
    made.update(changes)
    return made


def run(house: Place, books: Books, wanted: dict[str, Any]) -> RunReport:
    """Plan an order and run it to its end."""
    path = house.folder / "order.yaml"
    path.write_text(yaml.safe_dump(wanted, sort_keys=False), encoding="utf-8")
    return asyncio.run(run_plan(house, books, house.plan(path), None, InlineEngine()))


def story(books: Books, report: RunReport, name: str) -> JobStory:
    """Give all that the books know of one job."""
    found = books.story(f"{report.order_id}#{name}")
    assert found is not None
    return found


def pixels(data: bytes) -> bytes:
    """Decode a picture."""
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB").tobytes()


def picture(format_: str = "png", side: int = SIDE, **options: Any) -> bytes:  # noqa: ANN401  as Pillow's
    """Make a picture as a generator would give it."""
    return encoded(photograph(side, side, 3), format_, **options)
