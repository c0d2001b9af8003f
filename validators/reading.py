"""Finding and reading text in a picture, with RapidOCR's models (PP-OCRv6 small, offline).

Reading invents a character or two on bark, rivets and wheels, so what is read comes with its score
and its height, and who asks says from when on it counts. Text is looked for upright and, where a
line is taller than wide, lying on its side; not upside down. The reader works on at most 768
pixels a side: it reads as much there as on 1024, invents less, and takes half the time.
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
_LOCK: Final = threading.Lock()


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
    import numpy as np

    page = np.ascontiguousarray(np.asarray(on_page(picture, _SIDE))[:, :, ::-1])
    # The engine keeps the options of the last call in itself.
    with _LOCK:
        found = _engine()(page, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        quads = [quad for quad in found.boxes if _height(quad) >= min_height * page.shape[0]]
        if not quads:
            return []
        read = _engine().recognize_txt(_engine().crop_text_regions(page, quads))
    scale = (picture.width / page.shape[1], picture.height / page.shape[0])
    return [
        Line(
            text, round(float(score), 3), round(_height(quad) / page.shape[0], 4), _box(quad, scale)
        )
        for text, score, quad in zip(read.txts, read.scores, quads, strict=True)
        if text.strip()
    ]


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


def _height(quad: NDArray[np.float32]) -> float:
    """Return the shorter side of a box of four corners: a line of text is wider than high."""
    sides = ((quad - quad[[1, 2, 3, 0]]) ** 2).sum(axis=1) ** 0.5
    return float(min(sides[0] + sides[2], sides[1] + sides[3]) / 2)


def _box(quad: NDArray[np.float32], scale: tuple[float, float]) -> tuple[int, int, int, int]:
    left, top = (float(quad[:, axis].min()) * scale[axis] for axis in (0, 1))
    right, bottom = (float(quad[:, axis].max()) * scale[axis] for axis in (0, 1))
    return (round(left), round(top), round(right - left), round(bottom - top))
