"""Whether a QR code can be read, and says what it must.

Read with OpenCV's two detectors, the one built on ArUco's finder first, because it reads small
codes better; with that one alone in the negative of the picture, for codes that are light on dark,
and in up to 4096 pixels a side, where it takes 80 ms for each of the two. Upright codes of 70 to
300 pixels, saved as JPEG at quality 80, were read on all of 42 photographs, and none was seen where
there was none (docs/criteria-rates.md). Of codes that were turned by 5 to 12 degrees as well, one
in twenty was not read from 120 pixels on, and under 100 pixels one in four; all of those that were
light on dark and turned by up to 10 degrees were found, in pictures of 1024, 2048 and 4096 pixels
alike, from 66 pixels on, and none of 33 pixels, at 1.3 pixels a module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.page import on_page
from validators.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIDE: Final = 4096
_SIDE_OF_SECOND: Final = 2048
"""The second detector takes five times as long at twice the size, and finds nothing more."""
_FINDER_SHARE: Final = 0.03
_FINDER_SIDE: Final = 1024
"""ArUco leaves out what is smaller than a share of the picture; ours is that share of 1024."""
_LEAST_SIDE: Final = 21
"""The smallest code has 21 by 21 modules; where fewer pixels are, OpenCV need not be asked."""
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class _Code:
    text: str
    box: tuple[int, int, int, int]
    inverted: bool = False


class QrCode(Criterion):
    """A QR code is in the picture and can be read, or there is none.

    With `value`, one of the codes that were found says exactly this. A code that is light on dark
    is found, but does not do, because some readers cannot scan it. With `absent: true`, none may
    be found, readable or not, dark on light or light on dark. Codes are found from 66 pixels a
    side on (25 modules) in pictures of up to 4,096 pixels a side; larger pictures are reduced
    first.
    """

    name = "qr_code"
    version = 2
    cost_ms = 45.0
    extra = "vision"
    modules = ("cv2", "numpy")
    example: ClassVar = {"value": "https://acme.example/spring"}

    value: Annotated[str, Field(min_length=1, max_length=4_000)] | None = Field(
        default=None, description="exactly what the code must say"
    )
    absent: bool = Field(default=False, description="whether there must be no code at all")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.absent and self.value is not None:
            raise ValueError("either a value or absent: true, not both")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Find and read the codes."""
        codes = _codes(picture)
        texts = [code.text for code in codes if code.text]
        measured: dict[str, JSONValue] = {
            "found": len(codes),
            "inverted": sum(code.inverted for code in codes),
            "values": list[JSONValue](texts),
        }
        reason = self._fault(codes, texts)
        marks = tuple(
            Mark(code.text[:_SHOWN] or "a code that cannot be read", code.box, reason is None)
            for code in codes
        )
        if reason is None:
            return Finding(passed=True, measured=measured, marks=marks)
        remedy = Remedy("avoid", "QR codes") if self.absent else Remedy("new_seed")
        return Finding(passed=False, measured=measured, reason=reason, remedy=remedy, marks=marks)

    def contradicts_other(self, other: Criterion) -> str | None:
        """Say when one wants a code and the other none."""
        if isinstance(other, QrCode) and self.absent and not other.absent:
            return "a QR code cannot be there and absent"
        return None

    def _fault(self, codes: list[_Code], texts: list[str]) -> str | None:
        if self.absent:
            return "There is a QR code in the picture; none is wanted." if codes else None
        if codes and all(code.inverted for code in codes):
            return (
                "The QR code is light on dark, which some readers cannot scan; "
                "dark on light is wanted."
            )
        if not texts:
            what = "a QR code that cannot be read" if codes else "no QR code"
            return f"There is {what} in the picture; one that can be read is wanted."
        if self.value is not None and self.value not in texts:
            return (
                f"The QR code says {texts[0][:_SHOWN]!r} instead of {self.value[:_SHOWN]!r}; "
                "whoever scans it would get to the wrong place."
            )
        return None


def _codes(picture: Picture) -> list[_Code]:
    """Return the codes that can be read, or else those that cannot; inverted ones when no other."""
    if min(picture.width, picture.height) < _LEAST_SIDE:
        return []
    import cv2
    import numpy as np

    page = on_page(picture, _SIDE).convert("L")
    if min(page.size) < _LEAST_SIDE:
        return []
    scale = (picture.width / page.width, picture.height / page.height)
    grey = np.asarray(page)
    first = _first_detector(max(page.size))
    unread: list[_Code] = []
    small = page.reduce(-(-max(page.size) // _SIDE_OF_SECOND))
    small_scale = (picture.width / small.width, picture.height / small.height)
    for detector, seen, its_scale in (
        (first, grey, scale),
        (cv2.QRCodeDetector(), np.asarray(small), small_scale),
    ):
        codes = list(_detected(detector, seen, its_scale))
        if any(code.text for code in codes):
            return codes
        unread = unread or codes
    inverted = [replace(code, inverted=True) for code in _detected(first, 255 - grey, scale)]
    return unread or inverted


def _first_detector(side: int) -> Any:  # noqa: ANN401 - OpenCV's types are not known to mypy here
    import cv2

    detector = cv2.QRCodeDetectorAruco()
    parameters = detector.getArucoParameters()
    parameters.minMarkerPerimeterRate = _FINDER_SHARE * min(1, _FINDER_SIDE / side)
    detector.setArucoParameters(parameters)
    return detector


def _detected(
    detector: Any,  # noqa: ANN401 - OpenCV's two detectors have no type in common
    grey: object,
    scale: tuple[float, float],
) -> Iterator[_Code]:
    import cv2

    try:
        found, texts, corners, _ = detector.detectAndDecodeMulti(grey)
    except cv2.error:
        # What looks like a code and is none drives OpenCV's own assertions: it is no code.
        return
    if not found:
        return
    for text, quad in zip(texts, corners, strict=True):
        left, top = (float(quad[:, axis].min()) * scale[axis] for axis in (0, 1))
        right, bottom = (float(quad[:, axis].max()) * scale[axis] for axis in (0, 1))
        yield _Code(text, (round(left), round(top), round(right - left), round(bottom - top)))
