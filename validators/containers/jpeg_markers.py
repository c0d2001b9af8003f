"""The walk over a JPEG: markers and segments from SOI to EOI, entropy-coded data skipped.

Source of the layout: ITU-T T.81, annex B. JPEG has no checksum: a flipped byte inside the
entropy-coded data cannot be seen here, nor by any decoder.
"""

from __future__ import annotations

import re
from typing import Final

from validators.containers.found import Defect, Header, animated, damaged, ending, truncated

_MARKER: Final = re.compile(rb"\xff++([^\x00\xff])")
# Inside entropy-coded data FF is stuffed as FF 00, and FF D0 to FF D7 are restarts: any other
# marker ends it.
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_EOI: Final = 0xD9
_SOS: Final = 0xDA
_SOI: Final = 0xD8
_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})

_MAX_SEGMENTS: Final = 20_000
"""Real files have under 1,000; a file of empty segments must not keep the walk busy for long."""

_MAX_SCANS: Final = 64
"""Encoders write 10 or so. Each scan passes over the whole picture, so many are an attack."""


class _Walk:
    """Where one walk stands."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 2
        self.scans = 0
        self.header: Header | None = None

    def step(self) -> Header | Defect | None:
        """Pass one marker with its segment; a value ends the walk."""
        marker = _MARKER.match(self.data, self.position)
        if marker is None:
            return self._no_marker()
        code = marker[1][0]
        self.position = marker.end()
        if code == _EOI:
            return self._end()
        if code == _SOI:
            return damaged("jpeg", f"a second picture begins at byte {self.position - 2}")
        if code in _STANDALONE:
            return None
        return self._segment(code)

    def _no_marker(self) -> Defect:
        if not self.data[self.position :].strip(b"\xff"):
            return truncated("jpeg", f"the file ends at byte {len(self.data)} before EOI")
        return damaged("jpeg", f"no marker begins at byte {self.position}")

    def _end(self) -> Header | Defect:
        if self.header is None or not self.scans:
            return damaged("jpeg", "there is no frame or no scan before EOI")
        return ending(self.data, self.position, self.header)

    def _segment(self, code: int) -> Defect | None:
        start = self.position
        length = int.from_bytes(self.data[start : start + 2], "big")
        end = start + length
        if start + 2 > len(self.data) or end > len(self.data):
            return truncated("jpeg", f"the segment FF{code:02X} at byte {start - 2} is cut")
        if length < 2:  # noqa: PLR2004 - the length counts its own two bytes
            return damaged("jpeg", f"the segment FF{code:02X} at byte {start - 2} has no length")
        self.position = end
        if code in _FRAME_HEADERS:
            return self._frame(self.data[start + 2 : end])
        if code == _SOS:
            return self._scan()
        return None

    def _frame(self, payload: bytes) -> Defect | None:
        height = int.from_bytes(payload[1:3], "big")
        width = int.from_bytes(payload[3:5], "big")
        if len(payload) < 6 or not width or not height:  # noqa: PLR2004 - a frame header's fixed part
            return damaged("jpeg", "the frame header gives no size")
        if self.header is not None:
            return animated("jpeg", "there are two frame headers")
        self.header = Header("jpeg", width, height)
        return None

    def _scan(self) -> Defect | None:
        self.scans += 1
        if self.scans > _MAX_SCANS:
            return damaged("jpeg", f"more than {_MAX_SCANS} scans")
        after = _AFTER_SCAN.search(self.data, self.position)
        if after is None:
            return truncated("jpeg", f"the scan at byte {self.position} has no end")
        self.position = after.start()
        return None


def walk_jpeg(data: bytes) -> Header | Defect:
    """Pass every segment and return the frame's header, or the first flaw."""
    walk = _Walk(data)
    for _ in range(_MAX_SEGMENTS):
        found = walk.step()
        if found is not None:
            return found
    return damaged("jpeg", f"more than {_MAX_SEGMENTS} segments")
