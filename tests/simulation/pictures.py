"""The few pictures that the simulated provider makes, encoded once."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image
from simulation.provider_world import Run

SIDE = 64
SDXL_SIDE = 256


def picture(run: Run) -> bytes:
    """Give the bytes of a run's output: one of a few good ones, a blank one, or no picture at all."""
    if run.ending == "garbage":
        return b"<html>not a picture</html>"
    side = SIDE if run.version == "" else SDXL_SIDE
    return _encoded(side, -1 if run.ending == "blank" else sum(run.ref.encode()) % 5)


@cache
def _encoded(side: int, number: int) -> bytes:
    if number < 0:
        image = Image.new("RGB", (side, side), (200, 200, 200))
    else:
        ramp = Image.linear_gradient("L").resize((side, side)).rotate(90 * (number % 4))
        flat = Image.new("L", (side, side), 40 * number)
        image = Image.merge("RGB", (ramp, flat, Image.radial_gradient("L").resize((side, side))))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
