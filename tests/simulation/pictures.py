"""The few pictures that the simulated provider makes, encoded once."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image
from simulation.provider_world import Run

SIDE = 64
SDXL_SIDE = 256


def picture(run: Run) -> bytes:
    """Give the bytes of a run's output: a good or framed picture, a blank one, or none at all."""
    if run.ending == "garbage":
        return b"<html>not a picture</html>"
    side = SIDE if run.version == "" else SDXL_SIDE
    number = -1 if run.ending == "blank" else sum(run.ref.encode()) % 5
    return _encoded(side, number, side // 8 if run.ending == "framed" else 0)


@cache
def _encoded(side: int, number: int, bar_px: int) -> bytes:
    if number < 0:
        image = Image.new("RGB", (side, side), (200, 200, 200))
    else:
        ramp = Image.linear_gradient("L").resize((side, side)).rotate(90 * (number % 4))
        flat = Image.new("L", (side, side), 40 * number)
        image = Image.merge("RGB", (ramp, flat, Image.radial_gradient("L").resize((side, side))))
    for top in (0, side - bar_px):
        image.paste((0, 0, 0), (0, top, side, top + bar_px))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
