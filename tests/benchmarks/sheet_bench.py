"""Prints what a contact sheet of many assets costs: to write, to open in Chromium, to search.

    python tests/benchmarks/sheet_bench.py                 # 10,000 assets
    python tests/benchmarks/sheet_bench.py --assets 50000 --keep /tmp/sheet.html

Rows are made up; their thumbnails are real ones, of photographs and drawings. `open` is from the
start of the navigation until the first cards are painted and a search can be typed; `type` is from
the last key of a word that one asset has until only its card is there and painted.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from browser import playwright_browser, program, running_chromium  # noqa: E402  by the path above

from assets import DirectoryStore, ManifestRow  # noqa: E402
from assets.sheet import (  # noqa: E402
    SheetHeader,
    read_thumbnails,
    thumbnail,
    write_sheet,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")
PRODUCTS = ("mug", "lamp", "chair", "kettle", "blanket", "vase", "café table", "Bücherregal")
SURFACES = ("oak", "slate", "linen", "marble", "concrete")
SIZES = ((1024, 1024), (1080, 1920), (1200, 628))
NEEDLE = "zeppelin-7431"
RELEASED_AT = datetime(2026, 11, 1, 3, tzinfo=UTC)


def real_thumbnails(count: int, rng: random.Random) -> list[str]:
    """Cut pieces out of photographs and shrink them."""
    from PIL import Image
    from skimage import data

    photographs = [Image.fromarray(getattr(data, name)()).convert("RGB") for name in PHOTOGRAPHS]
    made = []
    for number in range(count):
        whole = photographs[number % len(photographs)]
        width, height = SIZES[number % len(SIZES)]
        side = rng.randint(220, min(whole.size))
        box = (side, side * height // width) if width > height else (side * width // height, side)
        left, top = (
            rng.randint(0, have - want) for have, want in zip(whole.size, box, strict=True)
        )
        piece = whole.crop((left, top, left + box[0], top + box[1]))
        file = io.BytesIO()
        piece.save(file, "PNG")
        uri = thumbnail(file.getvalue())
        assert uri is not None
        made.append(uri)
    return made


def rows(count: int, rng: random.Random) -> Iterator[ManifestRow]:
    """Make up rows with all their texts filled in; one of them has a word of its own."""
    for number in range(count):
        product, surface = rng.choice(PRODUCTS), rng.choice(SURFACES)
        width, height = SIZES[number % len(SIZES)]
        campaign = f"campaign-{number * 4 // count}"
        order = f"product-photos@{number * 20 // count:010x}"
        folder = f"released/{campaign}/{order.replace('@', '/')}"
        name = f"{product}/{surface}-{number}"
        word = f" {NEEDLE}" if number == count * 2 // 3 else ""
        yield ManifestRow(
            name=name,
            key=f"{folder}/{name}.webp",
            sha256=f"{rng.getrandbits(256):064x}",
            bytes=rng.randint(80_000, 900_000),
            media_type="image/webp",
            width=width,
            height=height,
            campaign=campaign,
            order_id=order,
            job_id=f"{order}#{name}",
            prompt=f"A {product} on {surface}, soft morning light from the left, 50 mm, no people",
            provider="replicate",
            model=rng.choice(("black-forest-labs/flux-schnell", "black-forest-labs/flux-dev")),
            seed=rng.getrandbits(31),
            cost_usd=Decimal("0.003") * rng.randint(1, 3),
            receipt=f"{folder}/receipts/{name}.json",
            released_at=RELEASED_AT + timedelta(minutes=number),
            format="webp",
            title=f"A {product} on {surface}",
            alt=f"A {product} stands on {surface} in soft morning light{word}",
            language="en",
            credit="Acme",
            rights="© 2026 Acme. All rights reserved.",
            tags=("autumn", product),
            source_type="trainedAlgorithmicMedia",
            verdicts=("dimensions", "file_size", "format", "not_blank"),
            approved_by=rng.choice(("", "anna@acme.example")),
        )


OPENED = """
(() => {
  const seen = new MutationObserver(() => {
    if (!document.querySelector("#cards .face")) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.openedMs = performance.now(); }));
  });
  seen.observe(document, { childList: true, subtree: true });
})();
"""
"""Notes, by the browser's own clock, when the frame with the first cards was painted."""

TYPED = """
(word) => new Promise((done) => {
  const find = document.getElementById("find");
  const cards = document.getElementById("cards");
  let start = 0;
  new MutationObserver(() => {
    if (cards.children.length !== 1) return;
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
  }).observe(cards, { childList: true });
  find.focus();
  for (const letter of word) {
    find.value += letter;
    find.dispatchEvent(new Event("input", { bubbles: true }));
  }
  start = performance.now();
})
"""
"""Types a word at once, and gives the milliseconds until one card is left and painted."""


def timed_page(page: Page, url: str) -> tuple[float, float]:
    """Open a sheet and search in it; give both times in seconds."""
    page.add_init_script(OPENED)
    page.goto(url, wait_until="load")
    page.locator("#cards .face").first.wait_for()
    opened_ms = page.evaluate("() => window.openedMs")
    typed_ms = page.evaluate(TYPED, NEEDLE)
    assert page.locator("#cards .card").count() == 1
    return opened_ms / 1000, typed_ms / 1000


def measured(count: int, tries: int, keep: Path | None) -> dict[str, object]:
    """Write a sheet, open it in a fresh context a few times, and give the figures."""
    rng = random.Random(7)  # noqa: S311  the same sheet every time
    pictures = real_thumbnails(120, rng)
    with tempfile.TemporaryDirectory() as folder:
        store = DirectoryStore(folder)
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        sheet = write_sheet(
            store,
            "index.html",
            rows(count, rng),
            SheetHeader("Bench"),
            thumbnail_of=lambda row: pictures[row.seed % len(pictures)],
        )
        wrote_s = time.perf_counter() - started
        after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        taken = sum(1 for _ in read_thumbnails(store, "index.html"))
        read_s = time.perf_counter() - started
        assert taken == count
        if keep is not None:
            shutil.copyfile(sheet.url, keep)
        with running_chromium(program()) as endpoint, playwright_browser(endpoint) as browser:
            times = []
            for _ in range(tries):
                context = browser.new_context(viewport={"width": 1280, "height": 800})
                times.append(timed_page(context.new_page(), Path(sheet.url).as_uri()))
                context.close()
    return {
        "assets": count,
        "page_mb": round(sheet.bytes / 1e6, 1),
        "bytes_per_asset": sheet.bytes // count,
        "write_s": round(wrote_s, 2),
        "write_memory_mb": round((after_kb - before_kb) / 1024, 1),
        "harvest_s": round(read_s, 2),
        "open_s": sorted(round(opened, 2) for opened, _ in times),
        "type_s": sorted(round(typed, 3) for _, typed in times),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="copy the page here")
    wanted = parser.parse_args()
    print(json.dumps(measured(wanted.assets, wanted.tries, wanted.keep), indent=1))


if __name__ == "__main__":
    main()
