"""Fitting a card's words to their frame: the largest headline at which everything has its place.

Nothing here draws. A setting is a list of lines with their pens and a box for the call to action.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from generators.studio_frames import Along, Frame, Shape, safe, shape_of
from generators.studio_type import CAP_EM, Voice, broken, tidy

Role = Literal["brand", "headline", "subline", "cta"]
Box = tuple[float, float, float, float]

HEADLINE = Voice("ExtraBold", -0.022, 1.07)
SUBLINE = Voice("Medium", 0.0, 1.42)
LABEL = Voice("Bold", 0.004, 1.3)

LEGIBLE_PX = 7.0
"""No letter is set smaller than this, whatever has to fit."""

_SUBLINE_MEASURE_EM = 32.0
_STRIP_HEADLINE_LEAST = 0.4
_PILL_PAD_EM, _PILL_HEIGHT_EM = 1.25, 2.7
# A line of a headline that is empty by this share weighs as much as type smaller by the same share.
_RAGGED_WEIGHT, _LINE_WEIGHT = 0.6, 0.05
_SHRUNK = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65)
# Words are cut with hyphens only where the headline would otherwise fall below this share of its
# largest size: a smaller line reads better than a broken word, up to a point.
_CUT_BELOW = 0.34


@dataclass(frozen=True, slots=True)
class Words:
    """What a card says. Empty texts are left out; `along` None is the layout's own alignment."""

    headline: str
    subline: str = ""
    cta: str = ""
    brand: str = ""
    along: Along | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of type: where its pen starts, and the ink that it covers, in pixels."""

    role: Role
    text: str
    voice: Voice
    size_px: float
    x: float
    baseline: float

    @property
    def ink(self) -> Box:
        """Left, top, right, bottom of what is drawn."""
        left, top, right, bottom = (self.size_px * side for side in self.voice.ink(self.text))
        return self.x + left, self.baseline + top, self.x + right, self.baseline + bottom


@dataclass(frozen=True, slots=True)
class Setting:
    """All lines, and the pill behind the call to action if there is one."""

    lines: tuple[Line, ...]
    pill: Box | None


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Sizes in pixels that go with one headline size."""

    headline: float
    subline: float
    label: float
    brand: float


@dataclass(frozen=True, slots=True)
class _Block:
    """Words broken into lines, and how high they stand together."""

    sizes: _Sizes
    headline: tuple[str, ...]
    subline: tuple[str, ...]
    height: float


@dataclass(frozen=True, slots=True)
class _Room:
    """The frame, the card's scale, and what does not depend on the headline's size."""

    frame: Frame
    shape: Shape
    scale: float
    words: Words
    end_px: float
    """Size of the type at a strip's ends."""
    brand: Box | None
    """Where the brand stands when it is no part of the block: a corner, or a strip's left end."""
    pill: Box | None
    """A strip's right end with its call to action; None when that follows the words."""

    def sizes(self, headline: float) -> _Sizes:
        strip = self.shape == "strip"
        small = max(LEGIBLE_PX, (0.12 if strip else 0.029) * self.scale)
        large = max(small, (0.16 if strip else 0.044) * self.scale)
        return _Sizes(
            headline=headline,
            subline=max(LEGIBLE_PX, min(max(0.40 * headline, small), large, 0.6 * headline)),
            label=max(LEGIBLE_PX, self._label_px(headline)),
            brand=max(LEGIBLE_PX, self.end_px if strip else 0.031 * self.scale),
        )

    def _label_px(self, headline: float) -> float:
        if self.shape == "strip":
            return self.end_px
        return min(0.4 * headline, 0.034 * self.scale)

    @property
    def largest_px(self) -> float:
        share = {"tall": 0.150, "square": 0.135, "wide": 0.160, "strip": 0.40}[self.shape]
        return max(LEGIBLE_PX, share * self.scale)


def fitted(
    words: Words, frame: Frame, size: tuple[int, int], *, brand_in_corner: bool
) -> Setting | None:
    """Fit the words into a frame of a card of `size` pixels; None where they cannot be legible."""
    words = replace(
        words,
        headline=tidy(words.headline),
        subline=tidy(words.subline),
        cta=tidy(words.cta).replace("\n", " "),
        brand=tidy(words.brand).replace("\n", " "),
    )
    frame = replace(frame, along=words.along or frame.along)
    shape = shape_of(*size)
    scale = min(size) * (1.1 if shape == "wide" else 1.0)
    room = _Room(frame, shape, scale, words, min(0.15 * size[1], 0.022 * size[0]), None, None)
    if shape == "strip":
        room = _with_ends(room)
    elif brand_in_corner and words.brand:
        room = _with_corner(room, safe(*size))
    if room.frame.width <= 0:
        return None
    block = _largest(room)
    if block is None:
        return None
    lines = tuple(_placed(room, block))
    pill = room.pill or _pill(room, block)
    if pill is not None:
        lines = (*lines, _label(room, block, pill))
    if room.brand is not None:
        lines = (*lines, _standing_brand(room, room.brand))
    inside = all(
        box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]
        for box in (*(line.ink for line in lines), *((pill,) if pill else ()))
    )
    return Setting(lines, pill) if inside else None


def _with_corner(room: _Room, box: Frame) -> _Room:
    """Stand the brand in the upper corner of the card, and keep the words under it."""
    size = room.sizes(0).brand
    corner = (box.left, box.top, box.right, box.top + CAP_EM * size)
    frame = replace(room.frame, top=max(room.frame.top, box.top + 2.6 * size))
    return replace(room, frame=frame, brand=corner)


def _with_ends(room: _Room) -> _Room:
    """Stand a strip's brand at its left end and its call to action at its right end.

    On a short strip that would leave the headline too little: there all words stay one block.
    """
    frame, sizes, words = room.frame, room.sizes(0), room.words
    gap = 0.22 * room.scale
    middle = (frame.top + frame.bottom) / 2
    brand = pill = None
    left, right = frame.left, frame.right
    if words.brand:
        rise = CAP_EM * sizes.brand / 2
        left += _mark(sizes) + LABEL.width(words.brand) * sizes.brand
        brand = (frame.left, middle - rise, left, middle + rise)
        left += gap
    if words.cta:
        rise = _PILL_HEIGHT_EM * sizes.label / 2
        right -= _pill_width(words.cta, sizes)
        pill = (right, middle - rise, frame.right, middle + rise)
        right -= gap
    if right - left < _STRIP_HEADLINE_LEAST * frame.width:
        return room
    return replace(room, frame=replace(frame, left=left, right=right), brand=brand, pill=pill)


def _largest(room: _Room) -> _Block | None:
    """Search the largest headline, in half pixels, first without cut words."""
    whole = _searched(room, room.largest_px, cut_words=False)
    if whole is not None and whole.sizes.headline >= _CUT_BELOW * room.largest_px:
        return whole
    cut = _searched(room, max(LEGIBLE_PX, _CUT_BELOW * room.largest_px), cut_words=True)
    if whole is None or (cut is not None and cut.sizes.headline > whole.sizes.headline):
        return cut
    return whole


def _searched(room: _Room, largest_px: float, *, cut_words: bool) -> _Block | None:
    best = None
    low, high = round(2 * LEGIBLE_PX), int(2 * largest_px)
    while low <= high:
        middle = (low + high) // 2
        block = _block(room, middle / 2, cut_words=cut_words)
        if block is not None and block.height <= room.frame.height:
            best, low = block, middle + 1
        else:
            high = middle - 1
    if best is None:
        return None
    sizes = {max(LEGIBLE_PX, best.sizes.headline * share): share for share in _SHRUNK}
    tried = ((share, _block(room, size, cut_words=cut_words)) for size, share in sizes.items())
    at_ease = 2 if room.shape == "strip" else 4
    return max(
        ((share, block) for share, block in tried if block and block.height <= room.frame.height),
        key=lambda candidate: candidate[0] - _unrest(candidate[1], at_ease),
        default=(1.0, best),
    )[1]


def _unrest(block: _Block, at_ease: int) -> float:
    """Return how far a headline is from a few full lines, on the scale of sizes' shares."""
    widths = [HEADLINE.width(line) for line in block.headline]
    ragged = sum(1 - width / max(widths) for width in widths) / len(widths)
    return _RAGGED_WEIGHT * ragged + _LINE_WEIGHT * max(0, len(widths) - at_ease) * 4 / at_ease


def _block(room: _Room, headline_px: float, *, cut_words: bool) -> _Block | None:
    sizes, words = room.sizes(headline_px), room.words
    width = room.frame.width - 1
    if room.pill is None and words.cta and _pill_width(words.cta, sizes) > width:
        return None
    brand_width = LABEL.width(words.brand) * sizes.brand + _mark(sizes)
    if words.brand and room.brand is None and brand_width > width:
        return None
    headline = broken(words.headline, HEADLINE, width / headline_px, cut_words=cut_words)
    if headline is None:
        return None
    measure = min(_SUBLINE_MEASURE_EM, width / sizes.subline)
    subline = broken(words.subline, SUBLINE, measure, cut_words=True) if words.subline else []
    if subline is None:
        return None
    block = _Block(sizes, tuple(headline), tuple(subline), 0.0)
    return replace(block, height=_height(room, block))


def _rises(room: _Room, block: _Block) -> Iterator[tuple[Role, str, float]]:
    """Yield each line of the block with its baseline, measured down from the block's top."""
    sizes = block.sizes
    down = 0.0
    if room.words.brand and room.brand is None:
        down += CAP_EM * sizes.brand
        yield "brand", room.words.brand, down
        down += 1.0 * sizes.brand + 0.14 * sizes.headline
    rise = max(CAP_EM, -HEADLINE.ink(block.headline[0])[1])
    down += rise * sizes.headline
    for index, line in enumerate(block.headline):
        down += HEADLINE.leading_em * sizes.headline if index else 0.0
        yield "headline", line, down
    if block.subline:
        down += max(0.52 * sizes.headline, 0.9 * sizes.subline) + CAP_EM * sizes.subline
        for index, line in enumerate(block.subline):
            down += SUBLINE.leading_em * sizes.subline if index else 0.0
            yield "subline", line, down


def _height(room: _Room, block: _Block) -> float:
    bottom = 0.0
    baseline = 0.0
    for role, text, down in _rises(room, block):
        size, voice = _style(role, block.sizes)
        bottom = max(bottom, down + voice.ink(text)[3] * size)
        baseline = down
    if room.words.cta and room.pill is None:
        return baseline + _pill_gap(block) + _PILL_HEIGHT_EM * block.sizes.label
    return bottom


def _pill_gap(block: _Block) -> float:
    """Distance from the last baseline to the pill."""
    sizes = block.sizes
    return max(1.35 * sizes.subline, 0.64 * sizes.headline if not block.subline else 0.0)


def _style(role: Role, sizes: _Sizes) -> tuple[float, Voice]:
    if role == "headline":
        return sizes.headline, HEADLINE
    if role == "subline":
        return sizes.subline, SUBLINE
    return (sizes.brand, LABEL) if role == "brand" else (sizes.label, LABEL)


def _top(room: _Room, height: float) -> float:
    frame = room.frame
    spare = frame.height - height
    return frame.top + {"top": 0.0, "middle": 0.5, "bottom": 1.0}[frame.down] * spare


def _placed(room: _Room, block: _Block) -> Iterator[Line]:
    top = _top(room, block.height)
    for role, text_, down in _rises(room, block):
        size, voice = _style(role, block.sizes)
        indent = _mark(block.sizes) if role == "brand" else 0.0
        yield _line(room, role, text_, top + down, (size, voice, indent))


def _mark(sizes: _Sizes) -> float:
    """Room for the dot before the brand."""
    return 0.95 * sizes.brand


def _line(
    room: _Room, role: Role, text: str, baseline: float, style: tuple[float, Voice, float]
) -> Line:
    """Put a line against its side of the frame by its ink, not by its pen."""
    size, voice, indent = style
    frame = room.frame
    left, _, right, _ = (size * side for side in voice.ink(text))
    if frame.along == "center":
        x = (frame.left + frame.right - (right - left) + indent) / 2 - left
    elif frame.along == "right":
        x = frame.right - right
    else:
        # Opening quotes hang outside the margin, as far as half of it.
        x = frame.left + indent - min(size * voice.hang(text), left + 0.5 * frame.margin)
    return Line(role, text, voice, size, x, baseline)


def _pill_width(text: str, sizes: _Sizes) -> float:
    return (LABEL.width(text) + 2 * _PILL_PAD_EM) * sizes.label


def _pill(room: _Room, block: _Block) -> Box | None:
    words, sizes, frame = room.words, block.sizes, room.frame
    if not words.cta:
        return None
    width, height = _pill_width(words.cta, sizes), _PILL_HEIGHT_EM * sizes.label
    last = max(down for _, _, down in _rises(room, block))
    top = _top(room, block.height) + last + _pill_gap(block)
    spare = frame.width - width
    left = frame.left + {"left": 0.0, "center": 0.5, "right": 1.0}[frame.along] * spare
    return left, top, left + width, top + height


def _label(room: _Room, block: _Block, pill: Box) -> Line:
    size = block.sizes.label
    left, _, right, _ = (size * side for side in LABEL.ink(room.words.cta))
    x = (pill[0] + pill[2] - (right - left)) / 2 - left
    baseline = (pill[1] + pill[3] + CAP_EM * size) / 2
    return Line("cta", room.words.cta, LABEL, size, x, baseline)


def _standing_brand(room: _Room, box: Box) -> Line:
    sizes = room.sizes(0)
    place = replace(room, frame=replace(room.frame, left=box[0], right=box[2]))
    if room.shape == "strip":
        place = replace(place, frame=replace(place.frame, along="left"))
    return _line(place, "brand", room.words.brand, box[3], (sizes.brand, LABEL, _mark(sizes)))
