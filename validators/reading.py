"""Finding and reading text in a picture, with RapidOCR's models (PP-OCRv6 small, offline).

Reading invents a character or two on bark, rivets and wheels, so what is read comes with its score
and its height, and who asks says from when on it counts. Text is looked for upright and, where a
line is taller than wide, lying on either side: such a line is read both ways, 15 ms more for each,
and what the reader is surer of counts. Upside down it is not looked for. The reader works on at
most 768 pixels a side: it reads as much there as on 1024, invents less, and takes half the time.
What is transparent is read over white and over black, which takes as long again.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from validators.page import on_page

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from validators.picture import Picture

_SIDE: Final = 768
_LEAST_SIDE: Final = 16
_STANDING: Final = 1.5
"""From which height to width on the engine takes a line for one that stands."""
_LOCK: Final = threading.Lock()
_SOLID: Final = 250
"""From which alpha on a pixel is no longer transparent: encoders scatter it by a few levels."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: how sure the reader is (0 to 1) and where it is.

    `height` is that of the letters in parts of the picture's height; `box` is left, top, width and
    height in pixels.
    """

    text: str
    score: float
    height: float
    box: tuple[int, int, int, int]


def read_lines(picture: Picture, min_height: float) -> list[Line]:
    """Return the lines at least so high (in parts of the picture's height), top to bottom.

    Where nothing looks like text of this height, nothing is read, which saves the time.
    """
    if min(picture.width, picture.height) < _LEAST_SIDE:
        return []
    lines = _lines_on(picture, "white", min_height)
    if _is_transparent(picture):
        lines = _surest(lines + _lines_on(picture, "black", min_height))
    return lines


def _is_transparent(picture: Picture) -> bool:
    seen = picture.proxy(_SIDE)
    return seen.mode == "RGBA" and any(seen.getchannel("A").histogram()[:_SOLID])


def _lines_on(picture: Picture, colour: str, min_height: float) -> list[Line]:
    import numpy as np

    page = np.ascontiguousarray(np.asarray(on_page(picture, _SIDE, colour))[:, :, ::-1])
    # The engine keeps the options of the last call in itself.
    with _LOCK:
        found = _engine()(page, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        quads = [quad for quad in found.boxes if _height(quad) >= min_height * page.shape[0]]
        if not quads:
            return []
        read = _read_either_way(page, quads)
    scale = (picture.width / page.shape[1], picture.height / page.shape[0])
    return [
        Line(
            text, round(float(score), 3), round(_height(quad) / page.shape[0], 4), _box(quad, scale)
        )
        for (text, score), quad in zip(read, quads, strict=True)
        if text.strip()
    ]


def _read_either_way(
    page: NDArray[np.uint8], quads: list[NDArray[np.float32]]
) -> list[tuple[str, float]]:
    """Return the text and its score for each box; of two ways to turn one that stands, the surer.

    The engine turns what stands by a quarter to the left, so text that runs upwards comes out on
    its head, where letters are read as others.
    """
    import numpy as np

    upright = _engine().crop_text_regions(page, quads)
    standing = [index for index, quad in enumerate(quads) if _stands(quad)]
    turned = [np.ascontiguousarray(upright[index][::-1, ::-1]) for index in standing]
    answer = _engine().recognize_txt([*upright, *turned])
    every = list(zip(answer.txts, answer.scores, strict=True))
    read = every[: len(quads)]
    for index, other in zip(standing, every[len(quads) :], strict=True):
        read[index] = max(read[index], other, key=lambda one: one[1])
    return read


def _surest(lines: list[Line]) -> list[Line]:
    """Return one line for each place, the one read with the best score, top to bottom."""
    kept: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.score):
        if not any(_share_a_place(line.box, other.box) for other in kept):
            kept.append(line)
    return sorted(kept, key=lambda line: (line.box[1], line.box[0]))


def _share_a_place(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Say whether the middle of one box is inside of the other."""

    def holds(outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> bool:
        x, y = inner[0] + inner[2] / 2, inner[1] + inner[3] / 2
        return outer[0] <= x <= outer[0] + outer[2] and outer[1] <= y <= outer[1] + outer[3]

    return holds(one, other) or holds(other, one)


@functools.cache
def _engine() -> Any:  # noqa: ANN401 - the library has no types that say more
    from rapidocr import RapidOCR

    # One thread: inspectors scale by processes, and threads that wait for each other cost more.
    one_thread = {
        f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")
    }
    # Small pictures are not enlarged, as the library would: it costs time and invents characters.
    no_larger = {"Det.limit_type": "max", "Det.limit_side_len": _SIDE}
    quiet = {"Global.log_level": "critical", "Global.use_cls": False}
    return RapidOCR(params={**quiet, **no_larger, **one_thread})


def _stands(quad: NDArray[np.float32]) -> bool:
    """Say whether a box of four corners is so much taller than wide that the engine turns it."""
    sides = ((quad - quad[[1, 2, 3, 0]]) ** 2).sum(axis=1) ** 0.5
    return bool(max(sides[1], sides[3]) >= _STANDING * max(sides[0], sides[2]))


def _height(quad: NDArray[np.float32]) -> float:
    """Return the shorter side of a box of four corners: a line of text is wider than high."""
    sides = ((quad - quad[[1, 2, 3, 0]]) ** 2).sum(axis=1) ** 0.5
    return float(min(sides[0] + sides[2], sides[1] + sides[3]) / 2)


def _box(quad: NDArray[np.float32], scale: tuple[float, float]) -> tuple[int, int, int, int]:
    left, top = (float(quad[:, axis].min()) * scale[axis] for axis in (0, 1))
    right, bottom = (float(quad[:, axis].max()) * scale[axis] for axis in (0, 1))
    return (round(left), round(top), round(right - left), round(bottom - top))
