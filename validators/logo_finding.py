"""Finding a known picture, such as a logo, inside another one.

ORB features of both (Rublee, Rabaud, Konolige and Bradski, "ORB: an efficient alternative to SIFT
or SURF", ICCV 2011), matched where the best match is clearly better than the second (Lowe's ratio),
and a shift, turn and scale that at least 8 of them agree on (RANSAC). A logo of a few plain shapes
has too few features to be known by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from validators.page import on_page
from validators.references import picture_at

if TYPE_CHECKING:
    from validators.picture import Picture

    Grey = Any

_SIDE: Final = 1024
_LEAST_SIDE: Final = 32
_FEATURES: Final = 3000
_LOGO_FEATURES: Final = 700
_LEAST_FEATURES: Final = 24
_RATIO: Final = 0.8
_AGREEING: Final = 8
_RANSAC_PX: Final = 4.0
_LEAST_SCALE: Final = 0.08
_LARGEST_SCALE: Final = 12.0
_INSIDE: Final = 0.9
_CANNY: Final = (60, 150)
_EDGE: Final = 31
_LOGO_SIZES: Final = (1.0, 0.5)


@dataclass(frozen=True, slots=True)
class FoundLogo:
    """Where the logo is: its own width, and the box around it, in pixels of the picture.

    `busy` is the part of the clear space around it that is full of edges or outside the picture.
    """

    width: int
    box: tuple[int, int, int, int]
    agreeing: int
    busy: float


def can_be_known(address: str) -> bool:
    """Say whether the logo has features enough to be found by."""
    return len(_features(_logo(address), _LOGO_FEATURES)[0]) >= _LEAST_FEATURES


def find_logo(picture: Picture, address: str, clear_space: float) -> FoundLogo | None:
    """Return the place of the logo that most features agree on, or None.

    `clear_space` is the width of the ring around it that is looked at, in parts of its height.
    """
    import numpy as np

    grey = np.asarray(on_page(picture, _SIDE).convert("L"))
    if min(grey.shape) < _LEAST_SIDE:
        return None
    logo = _logo(address)
    matrix, agreeing = _placed(logo, grey)
    if matrix is None:
        return None
    height, width = logo.shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], float)
    placed = corners @ matrix.T
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    left, top = placed.min(axis=0)
    right, bottom = placed.max(axis=0)
    inside = _overlap(left, right, grey.shape[1]) * _overlap(top, bottom, grey.shape[0])
    if not _LEAST_SCALE <= scale <= _LARGEST_SCALE or inside < _INSIDE:
        return None
    across, down = picture.width / grey.shape[1], picture.height / grey.shape[0]
    return FoundLogo(
        width=round(scale * width * across),
        box=(
            round(left * across),
            round(top * down),
            round((right - left) * across),
            round((bottom - top) * down),
        ),
        agreeing=agreeing,
        busy=_busy(grey, (left, top, right, bottom), clear_space * scale * height),
    )


def _logo(address: str) -> Grey:
    import numpy as np

    return np.asarray(picture_at(address).convert("L"))


def _features(grey: Grey, count: int) -> tuple[Any, Any]:
    """Return the places and the descriptions of the features of a grey picture."""
    import cv2

    # ORB sees nothing near the edge, and a logo fills its picture: its edge is drawn out.
    wider = cv2.copyMakeBorder(grey, _EDGE, _EDGE, _EDGE, _EDGE, cv2.BORDER_REPLICATE)
    detector = cv2.ORB.create(nfeatures=count, fastThreshold=10, edgeThreshold=_EDGE)
    points, words = detector.detectAndCompute(wider, None)
    return [(point.pt[0] - _EDGE, point.pt[1] - _EDGE) for point in points], words


def _logo_features(logo: Grey) -> tuple[Any, Any]:
    """Return the features of the logo in three sizes: what is small has other corners."""
    import cv2
    import numpy as np

    places: list[tuple[float, float]] = []
    words = []
    for size in _LOGO_SIZES:
        small = logo if size == 1 else cv2.resize(logo, None, fx=size, fy=size, interpolation=3)
        found, described = _features(small, _LOGO_FEATURES)
        if found:
            places += [(x / size, y / size) for x, y in found]
            words.append(described)
    return places, np.concatenate(words) if words else None


def _placed(logo: Grey, grey: Grey) -> tuple[Any, int]:
    """Return the 2 by 3 matrix from the logo to the picture, and how many features agree."""
    import cv2
    import numpy as np

    logo_points, logo_words = _logo_features(logo)
    points, words = _features(grey, _FEATURES)
    if len(logo_points) < _LEAST_FEATURES or len(points) < _AGREEING:
        return None, 0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(logo_words, words, k=2)
    clear = [
        pair[0] for pair in pairs if len(pair) > 1 and pair[0].distance < _RATIO * pair[1].distance
    ]
    if len(clear) < _AGREEING:
        return None, 0
    # Its types promise a matrix; it is None where no two features agree.
    placing: Any = cv2.estimateAffinePartial2D(
        np.array([logo_points[match.queryIdx] for match in clear]),
        np.array([points[match.trainIdx] for match in clear]),
        method=cv2.RANSAC,
        ransacReprojThreshold=_RANSAC_PX,
    )
    matrix, inliers = placing
    if matrix is None:
        return None, 0
    # Several features may lie on one spot of the picture: a corner that looks like many others.
    agreed = [match for match, is_in in zip(clear, inliers.ravel(), strict=True) if is_in]
    spots = {tuple(np.round(points[match.trainIdx])) for match in agreed}
    return (matrix, len(spots)) if len(spots) >= _AGREEING else (None, 0)


def _overlap(low: float, high: float, size: int) -> float:
    return float(max(0.0, min(high, size) - max(low, 0.0)) / max(high - low, 1e-9))


def _busy(grey: Grey, box: tuple[float, float, float, float], margin: float) -> float:
    """Return the part of the ring around the box that has edges or lies outside the picture."""
    import cv2
    import numpy as np

    if margin < 1:
        return 0.0
    height, width = grey.shape
    left, top, right, bottom = (round(float(side)) for side in box)
    # The edge of the logo itself, or of the plate that it stands on, is no disturbance.
    gap = 2
    wide = round(margin)
    outer = (left - wide, top - wide, right + wide, bottom + wide)
    inner = (left - gap, top - gap, right + gap, bottom + gap)
    ring = _area(outer) - _area(inner)
    seen = _area(_cut(outer, width, height)) - _area(_cut(inner, width, height))
    edges = cv2.dilate(cv2.Canny(grey, *_CANNY), np.ones((3, 3), np.uint8))
    busy = _count(edges, _cut(outer, width, height)) - _count(edges, _cut(inner, width, height))
    return min(1.0, (busy + ring - seen) / max(ring, 1))


_Sides = tuple[int, int, int, int]


def _cut(sides: _Sides, width: int, height: int) -> _Sides:
    return (max(sides[0], 0), max(sides[1], 0), min(sides[2], width), min(sides[3], height))


def _area(sides: _Sides) -> int:
    return max(0, sides[2] - sides[0]) * max(0, sides[3] - sides[1])


def _count(edges: Grey, sides: _Sides) -> int:
    return int((edges[sides[1] : sides[3], sides[0] : sides[2]] > 0).sum())
