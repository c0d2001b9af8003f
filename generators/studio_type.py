"""Setting type for the studio: what the face can draw, how wide it runs, where its lines break.

The face is Manrope (SIL Open Font License 1.1) from the package `font-manrope`. All measures are in
em, taken once per pair of letters at a large size, so that trying a hundred sizes costs no drawing.
"""

from __future__ import annotations

import math
import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from generators.errors import GeneratorError

if TYPE_CHECKING:
    from PIL import Image, ImageFont

Weight = Literal["ExtraBold", "Bold", "Medium"]

CAP_EM = 0.72
"""Height of Manrope's capitals above the baseline."""

_MEASURED_AT_PX = 1000
_NO_LIGATURES = ("-liga", "-clig")
_BREAKS_AFTER = "-\u2010\u2013\u2014/"
_HANGING = "\"'\u201c\u2018\u201e\u00ab\u2039"
_FINER = ((16, 4), (28, 3), (80, 2))
"""Type smaller than so many pixels is drawn so many times larger."""

_FORMAT_12 = 12
_FORMAT_4 = 4


class FontMissing(GeneratorError):
    """The package with the studio's typeface is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The studio's typeface is not installed; run `pip install font-manrope` and try again."
        )


@lru_cache(maxsize=4)
def _font_path(weight: Weight) -> Path:
    spec = find_spec("font_manrope")
    if spec is None or spec.origin is None:
        raise FontMissing
    return Path(spec.origin).parent / "files" / f"Manrope-{weight}.ttf"


@lru_cache(maxsize=8)
def _measuring_font(weight: Weight) -> ImageFont.FreeTypeFont:
    """Load a weight for measuring, with the layout engine that knows kerning, if there is one."""
    from PIL import ImageFont

    return ImageFont.truetype(_font_path(weight), _MEASURED_AT_PX)


@lru_cache(maxsize=256)
def _drawing_font(weight: Weight, size_px: float) -> ImageFont.FreeTypeFont:
    """Load a weight for drawing single letters, which need no layout."""
    from PIL import ImageFont

    return ImageFont.truetype(_font_path(weight), size_px, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4)
def _drawable(weight: Weight) -> frozenset[int]:
    """Read the code points that a weight has glyphs for out of its `cmap` table."""
    data = _font_path(weight).read_bytes()
    (count,) = struct.unpack_from(">H", data, 4)
    tables = [struct.unpack_from(">4sLLL", data, 12 + 16 * index) for index in range(count)]
    start = next(offset for tag, _, offset, _ in tables if tag == b"cmap")
    (subtables,) = struct.unpack_from(">H", data, start + 2)
    found: set[int] = set()
    for index in range(subtables):
        _, _, offset = struct.unpack_from(">HHL", data, start + 4 + 8 * index)
        found |= _code_points(data, start + offset)
    return frozenset(found)


def _code_points(data: bytes, at: int) -> set[int]:
    """Read one `cmap` subtable of format 4 or 12 (OpenType 1.9); of any other, nothing."""
    (kind,) = struct.unpack_from(">H", data, at)
    found: set[int] = set()
    if kind == _FORMAT_12:
        (groups,) = struct.unpack_from(">L", data, at + 12)
        for index in range(groups):
            first, last, _ = struct.unpack_from(">LLL", data, at + 16 + 12 * index)
            found.update(range(first, last + 1))
    elif kind == _FORMAT_4:
        (doubled,) = struct.unpack_from(">H", data, at + 6)
        ends = struct.unpack_from(f">{doubled // 2}H", data, at + 14)
        starts = struct.unpack_from(f">{doubled // 2}H", data, at + 16 + doubled)
        for first, last in zip(starts, ends, strict=True):
            found.update(range(first, last + 1))
        found.discard(0xFFFF)
    return found


def undrawable(text: str) -> list[str]:
    """Return the characters that the face lacks, each once, in the order of their appearance."""
    known = _drawable("ExtraBold") & _drawable("Medium") & _drawable("Bold")
    lacking = (letter for letter in tidy(text) if ord(letter) not in known and letter != "\n")
    return list(dict.fromkeys(lacking))


def tidy(text: str) -> str:
    """Compose accents (NFC) and make every run of blanks one space; line ends stay."""
    lines = unicodedata.normalize("NFC", text).strip().splitlines()
    return "\n".join(
        " ".join(line.split(None)) if line.isascii() else _folded(line) for line in lines
    )


def _folded(line: str) -> str:
    return " ".join(word for word in line.replace("\t", " ").split(" ") if word)


@lru_cache(maxsize=16_384)
def _advance_em(weight: Weight, letter: str, following: str) -> float:
    """Return how far a letter moves the pen when `following` comes next, kerning included."""
    face = _measuring_font(weight)
    both = face.getlength(letter + following, features=_features())
    alone = face.getlength(following, features=_features()) if following else 0.0
    return (both - alone) / _MEASURED_AT_PX


@lru_cache(maxsize=1)
def _features() -> list[str] | None:
    """Letters are set one by one, so ligatures must not form; only Raqm has any to switch off."""
    from PIL import features

    return list(_NO_LIGATURES) if features.check("raqm") else None


@lru_cache(maxsize=4096)
def ink_em(weight: Weight, letter: str) -> tuple[float, float, float, float]:
    """Return a letter's ink: left, top, right, bottom from its pen position on the baseline."""
    left, top, right, bottom = _measuring_font(weight).getbbox(letter, anchor="ls")
    unit = _MEASURED_AT_PX
    return left / unit, top / unit, right / unit, bottom / unit


@lru_cache(maxsize=16_384)
def width_em(weight: Weight, tracking_em: float, text: str) -> float:
    """Return the width of a line from its first pen position to its last, in em."""
    followers = [*text[1:], ""][: len(text)]
    run = sum(_advance_em(weight, *pair) for pair in zip(text, followers, strict=True))
    return run + tracking_em * len(text[:-1].replace(" ", ""))


@dataclass(frozen=True, slots=True)
class Voice:
    """One way of setting text: weight, space between letters in em, line distance in em."""

    weight: Weight
    tracking_em: float
    leading_em: float

    def width(self, text: str) -> float:
        """Return the width of a line in em: of its pen's way, or of its ink where that is wider."""
        left, _, right, _ = self.ink(text)
        return max(width_em(self.weight, self.tracking_em, text), right - left)

    def ink(self, line: str) -> tuple[float, float, float, float]:
        """Return the ink of a line in em: left, top, right, bottom from its pen on the baseline."""
        if not line:
            return 0.0, 0.0, 0.0, 0.0
        inks = [ink_em(self.weight, letter) for letter in line]
        last = width_em(self.weight, self.tracking_em, line)
        last -= width_em(self.weight, self.tracking_em, line[-1])
        return (
            inks[0][0],
            min(ink[1] for ink in inks),
            last + inks[-1][2],
            max(ink[3] for ink in inks),
        )

    def hang(self, line: str) -> float:
        """Return how far a line starts left of its margin, in em: opening quotes hang out."""
        lead = _advance_em(self.weight, line[0], line[1:2]) if line[0] in _HANGING else 0.0
        rest = line[1:] if lead else line
        return lead + (ink_em(self.weight, rest[0])[0] if rest else 0.0)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What may not be broken further, and whether a space parts it from the piece before."""

    text: str
    spaced: bool


@lru_cache(maxsize=256)
def _pieces(line: str) -> tuple[_Piece, ...]:
    pieces: list[_Piece] = []
    for word in line.split(" "):
        if pieces and not any(letter.isalnum() for letter in word):
            # A dash, a currency sign or a bracket alone never starts a line.
            pieces[-1] = _Piece(f"{pieces[-1].text} {word}", pieces[-1].spaced)
            continue
        start, spaced = 0, True
        for index in range(1, len(word)):
            if word[index - 1] in _BREAKS_AFTER and word[index].isalnum() and index - start > 1:
                pieces.append(_Piece(word[start:index], spaced))
                start, spaced = index, False
        pieces.append(_Piece(word[start:], spaced))
    return tuple(pieces)


def _split(piece: _Piece, voice: Voice, measure_em: float) -> list[_Piece]:
    """Cut a piece that is wider than a line into parts that fit, with hyphens between letters."""
    if " " in piece.text and voice.width(piece.text) > measure_em:
        words = piece.text.split(" ")
        loose = [_Piece(word, piece.spaced or index > 0) for index, word in enumerate(words)]
        return [part for word in loose for part in _split(word, voice, measure_em)]
    parts: list[_Piece] = []
    rest, spaced = piece.text, piece.spaced
    while len(rest) > 1 and voice.width(rest) > measure_em:
        low, high = 1, len(rest) - 1
        while low < high:
            middle = (low + high + 1) // 2
            fits = voice.width(rest[:middle] + "-") <= measure_em
            low, high = (middle, high) if fits else (low, middle - 1)
        cut = rest[:low]
        parts.append(_Piece(cut + "-" if cut[-1].isalpha() else cut, spaced))
        rest, spaced = rest[low:], False
    return [*parts, _Piece(rest, spaced)]


def _filled(pieces: Sequence[_Piece], voice: Voice, measure_em: float) -> list[str]:
    """Put as much on every line as fits."""
    lines: list[str] = []
    for piece in pieces:
        longer = f"{lines[-1]}{' ' if piece.spaced else ''}{piece.text}" if lines else piece.text
        if lines and voice.width(longer) <= measure_em:
            lines[-1] = longer
        else:
            lines.append(piece.text)
    return lines


def broken(text: str, voice: Voice, measure_em: float, *, cut_words: bool) -> list[str] | None:
    """Break text into balanced lines no wider than `measure_em`.

    Balanced means: as few lines as filling them needs, then the narrowest measure that still
    gives that few. None when a word is too wide and words must not be cut.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        pieces = _pieces(paragraph)
        if any(voice.width(piece.text) > measure_em for piece in pieces):
            if not cut_words:
                return None
            pieces = tuple(part for piece in pieces for part in _split(piece, voice, measure_em))
            if any(voice.width(piece.text) > measure_em for piece in pieces):
                return None
        best = _filled(pieces, voice, measure_em)
        if len(best) > 1:
            low = max(voice.width(piece.text) for piece in pieces)
            best = _balanced(pieces, voice, low, measure_em, best)
        lines += best
    return lines


def _balanced(
    pieces: Sequence[_Piece], voice: Voice, low: float, high: float, filled: list[str]
) -> list[str]:
    best = filled
    for _ in range(9):
        middle = (low + high) / 2
        tried = _filled(pieces, voice, middle)
        if len(tried) <= len(filled):
            best, high = tried, middle
        else:
            low = middle
    return best


def draw_line(
    picture: Image.Image,
    x: float,
    baseline: float,
    *,
    text: str,
    voice: Voice,
    size_px: float,
    fill: tuple[int, int, int],
) -> None:
    """Draw one line from its pen position, letter by letter, at sub-pixel places.

    Small type is drawn larger and averaged down: at its own size the hinting of the letters would
    move their stems to whole pixels, each by another fraction, and the line would look uneven.
    """
    from PIL import Image, ImageDraw

    finer = next((times for below, times in _FINER if size_px < below), 1)
    left, top, right, bottom = (size_px * side for side in voice.ink(text))
    corner = (math.floor(x + left) - 2, math.floor(baseline + top) - 2)
    across = math.ceil(x + right) + 2 - corner[0]
    down = math.ceil(baseline + bottom) + 2 - corner[1]
    mask = Image.new("L", (across * finer, down * finer))
    draw = ImageDraw.Draw(mask)
    face = _drawing_font(voice.weight, size_px * finer)
    pen, height = (x - corner[0]) * finer, round((baseline - corner[1]) * finer)
    for index, letter in enumerate(text):
        if letter != " ":
            draw.text((pen, height), letter, fill=255, font=face, anchor="ls")
        following = text[index + 1 : index + 2]
        # The space between words is not drawn closer: it has to part them.
        tracking = voice.tracking_em if letter != " " else 0.0
        pen += size_px * finer * (_advance_em(voice.weight, letter, following) + tracking)
    picture.paste(fill, corner, mask.reduce(finer) if finer > 1 else mask)
