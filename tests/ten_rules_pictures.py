"""Pictures for an order of ten rules: good ones that keep them all, and flaws that each break one.

A card is calm above, dark below, and has sharp shapes and hairlines between; its colours are blues,
greens and ochres, never red. Everything is drawn from a word, so the same word gives the same card.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from validators.containers import Defect
from validators.fingerprint import Fingerprint, fingerprint, nearest
from validators.picture import Limits, open_picture, sha256_of

SIDE: Final = 256
"""Pixels of a side."""
_CALM_TO: Final = 82
_HEAD: Final = 66
_FLOOR_FROM: Final = 178
_FOOT: Final = 198
"""The product stands out of the shapes, into sky and floor: where these end in a straight line, they
would be bars."""
_LIGHT: Final = (238, 236, 226)
_INKS: Final = (
    (28, 63, 110),
    (196, 214, 224),
    (52, 110, 96),
    (214, 196, 122),
    (18, 30, 44),
    (128, 160, 60),
    _LIGHT,
    (90, 130, 190),
)
_RED: Final = (227, 6, 19)
COPIED: Final = "not_seen_before"
_APART: Final = 13
"""Bits of 64 that any two cards differ in at least, mirrored ones too: the rule allows 12."""
_BAR_PX: Final = 24
_GRAIN_LEVELS: Final = 4.0
_TILE: Final = 64


def card(word: str) -> Image.Image:
    """Draw a good card from a word."""
    draw_from = random.Random(word)  # noqa: S311 - a picture, not a key
    picture = _ground(draw_from)
    brush = ImageDraw.Draw(picture)
    for _ in range(12):
        left, top = draw_from.randrange(-60, SIDE - 20), draw_from.randrange(_CALM_TO, 160)
        right = left + draw_from.randrange(30, 130)
        bottom = min(top + draw_from.randrange(20, 90), _FLOOR_FROM + 3)
        paint = brush.ellipse if draw_from.random() < 0.4 else brush.rectangle
        paint((left, top, right, bottom), fill=draw_from.choice(_INKS))
    for _ in range(40):
        ends = [
            (draw_from.randrange(SIDE), draw_from.randrange(_CALM_TO, _FLOOR_FROM))
            for _ in range(2)
        ]
        brush.line(ends, fill=draw_from.choice(_INKS), width=1)
    left = draw_from.randrange(_BAR_PX + 4, SIDE - _BAR_PX - 54)
    brush.rectangle((left, _HEAD, left + draw_from.randrange(24, 50), _FOOT), fill=_LIGHT)
    return picture


class Dealer:
    """Draws files of which no two look nearly the same, nor one like the mirror image of another."""

    def __init__(self) -> None:
        self._dealt: list[str] = []

    def deal(self, word: str, rule: str | None) -> tuple[Image.Image, bytes]:
        """Give the first card from the word that is like none before it, and its spoiled file."""
        for number in range(100):
            picture = card(f"{word}/{number}")
            data = as_png(picture) if rule is None else FLAWS[rule](picture, word)
            found = _fingerprint(data) or _fingerprint(as_png(picture))
            assert found is not None
            twin = nearest(found, self._dealt)
            if twin is None or twin.distance >= _APART:
                self._dealt.append(found.phash)
                return picture, data
        raise RuntimeError(f"no card from {word!r} is unlike the others")


def _fingerprint(data: bytes) -> Fingerprint | None:
    opened = open_picture(data, sha256_of(data), None, Limits())
    return None if isinstance(opened, Defect) else fingerprint(opened)


def _ground(draw_from: random.Random) -> Image.Image:
    """Draw a soft sky and a soft dark floor, both with slopes of their own."""
    sky = _slope(draw_from, 40, 138).resize((SIDE, _FLOOR_FROM), Image.Resampling.BICUBIC)
    floor = _slope(draw_from, 20, 80).resize((SIDE, SIDE - _FLOOR_FROM), Image.Resampling.BICUBIC)
    picture = Image.new("RGB", (SIDE, SIDE))
    picture.paste(sky, (0, 0))
    picture.paste(floor, (0, _FLOOR_FROM))
    return picture


def _slope(draw_from: random.Random, low: int, high: int) -> Image.Image:
    levels = bytes(draw_from.randrange(low, high) for _ in range(15))
    grey = Image.frombytes("L", (5, 3), levels)
    return ImageOps.colorize(grey, (0, 6, 16), (244, 250, 255))


def _truncated(picture: Image.Image, word: str) -> bytes:
    del word
    data = as_png(picture)
    return data[: len(data) * 2 // 3]


def _washed_out(picture: Image.Image, word: str) -> bytes:
    del word
    return as_png(picture.point([100 + level * 46 // 255 for level in range(256)] * 3))


def _too_dark(picture: Image.Image, word: str) -> bytes:
    del word
    return as_png(picture.point([level * 32 // 100 for level in range(256)] * 3))


def _barred(picture: Image.Image, word: str) -> bytes:
    del word
    framed = picture.copy()
    brush = ImageDraw.Draw(framed)
    for left in (0, SIDE - _BAR_PX):
        brush.rectangle((left, 0, left + _BAR_PX - 1, SIDE), fill=(0, 0, 0))
    return as_png(framed)


def _blurred(picture: Image.Image, word: str) -> bytes:
    del word
    return as_png(picture.filter(ImageFilter.GaussianBlur(3)))


def _grainy(picture: Image.Image, word: str) -> bytes:
    draw_from = random.Random(word)  # noqa: S311 - a picture, not a key
    levels = bytes(round(128 + draw_from.gauss(0, _GRAIN_LEVELS)) for _ in range(_TILE * _TILE))
    tile = Image.frombytes("L", (_TILE, _TILE), levels)
    grain = Image.new("L", (SIDE, SIDE))
    for corner in range((SIDE // _TILE) ** 2):
        down, across = divmod(corner, SIDE // _TILE)
        grain.paste(tile, (across * _TILE, down * _TILE))
    return as_png(ImageChops.add(picture, Image.merge("RGB", (grain,) * 3), 1, -128))


def _red(picture: Image.Image, word: str) -> bytes:
    draw_from = random.Random(word)  # noqa: S311 - a picture, not a key
    stamped = picture.copy()
    left = draw_from.randrange(20, SIDE - 80)
    ImageDraw.Draw(stamped).rectangle((left, 100, left + 50, 150), fill=_RED)
    return as_png(stamped)


def _busy_above(picture: Image.Image, word: str) -> bytes:
    draw_from = random.Random(word)  # noqa: S311 - a picture, not a key
    busy = picture.copy()
    brush = ImageDraw.Draw(busy)
    for _ in range(60):
        ends = [(draw_from.randrange(SIDE), draw_from.randrange(_CALM_TO)) for _ in range(2)]
        brush.line(ends, fill=draw_from.choice(_INKS), width=1)
    return as_png(busy)


def _bright_below(picture: Image.Image, word: str) -> bytes:
    del word
    bright = picture.copy()
    floor = picture.crop((0, _FLOOR_FROM, SIDE, SIDE))
    bright.paste(floor.point([170 + level // 4 for level in range(256)] * 3), (0, _FLOOR_FROM))
    return as_png(bright)


def _copied(picture: Image.Image, word: str) -> bytes:
    """Mirror every other copy and brighten the rest: another file, and nearly the same picture."""
    if word.endswith("1"):
        return as_png(ImageOps.mirror(picture))
    return as_png(picture.point([min(255, level + 8) for level in range(256)] * 3))


def as_png(picture: Image.Image) -> bytes:
    """Encode a picture."""
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


FLAWS: Final[Mapping[str, Callable[[Image.Image, str], bytes]]] = MappingProxyType(
    {
        "intact": _truncated,
        "contrast": _washed_out,
        "exposure": _too_dark,
        "borders": _barred,
        "sharpness": _blurred,
        "noise": _grainy,
        "forbidden_colours": _red,
        "calm_zone": _busy_above,
        "text_contrast": _bright_below,
        COPIED: _copied,
    }
)
"""What spoils a card so that it breaks this one rule, from the card and its word."""
