"""The baseline: the same pictures from the same provider with no caps, no books, no gates, no receipts.

It posts predictions, fetches their output, makes the webp file and writes it; what Mintage needs on
top of this is what its governance costs.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from pathlib import Path

import httpx
from PIL import Image

MODEL = "black-forest-labs/flux-schnell"


async def one(client: httpx.AsyncClient, slots: asyncio.Semaphore, folder: Path, seed: int) -> None:
    """Make one picture."""
    async with slots:
        made = await client.post(
            f"/v1/models/{MODEL}/predictions",
            headers={"Prefer": "wait=20"},
            json={"input": {"prompt": "A mug on a table", "seed": seed, "output_format": "png"}},
        )
        made.raise_for_status()
        output = await client.get(made.json()["output"][0])
        output.raise_for_status()

    def encode() -> None:
        out = io.BytesIO()
        with Image.open(io.BytesIO(output.content)) as picture:
            picture.convert("RGB").save(out, "WEBP", quality=88, method=2)
        (folder / f"{seed}.webp").write_bytes(out.getvalue())

    await asyncio.to_thread(encode)


async def main(count: int, concurrency: int, folder: Path) -> None:
    """Make them all."""
    slots = asyncio.Semaphore(concurrency)
    token = os.environ["REPLICATE_API_TOKEN"]
    async with httpx.AsyncClient(
        base_url=os.environ["REPLICATE_BASE_URL"],
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    ) as client:
        await asyncio.gather(*(one(client, slots, folder, seed) for seed in range(count)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
