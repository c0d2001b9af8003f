"""Trials of the criteria of colour, brand, text, people and sameness."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from io import BytesIO

from benchmarks.rate_trials import Made, Photograph, Strength, Trial, Trials
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from unit.validators.brand_pictures import hashed, logo, logo_address, portrait, qr_code, written

BLUE = "#0b3d91"
PINK = "#e5007d"
URL = "https://acme.example/spring"
LINE = "Summer Sale"
PEOPLE = ("astronaut", "camera")
WRITTEN_ON = ("motorcycle_left",)
"""Photographs that show writing: the maker's name on a tank."""
FACE = (165, 40, 285, 190)
"""Left, top, right and bottom of the face in the portrait."""

Photographs = tuple[Photograph, ...]


def jpeg(image: Image.Image, quality: int = 80) -> bytes:
    buffer = BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def placed(photograph: Photograph, size: tuple[int, int]) -> tuple[int, int]:
    """Return a place for something of this size: another one in every photograph."""
    number = zlib.crc32(photograph.name.encode())
    room = (photograph.image.width - size[0], photograph.image.height - size[1])
    return (number % max(1, room[0]), number // 7 % max(1, room[1]))


def with_part(photograph: Photograph, part: Image.Image) -> Image.Image:
    image = photograph.image.convert("RGB")
    image.paste(part, placed(photograph, part.size))
    return image


def bar(share: float, colour: str) -> Callable[[Photograph], Made]:
    def put(photograph: Photograph) -> Made:
        image = photograph.image.convert("RGB")
        image.paste(colour, (0, 0, image.width, round(image.height * share)))
        return jpeg(image)

    return put


def patch(share: float, colour: str) -> Callable[[Photograph], Made]:
    def put(photograph: Photograph) -> Made:
        side = round((photograph.image.width * photograph.image.height * share) ** 0.5)
        return jpeg(with_part(photograph, Image.new("RGB", (side, side), colour)))

    return put


def palette(everything: Photographs) -> Iterable[Trial]:
    strengths = (
        Strength("a bar of 15 %", bar(0.15, BLUE)),
        Strength("a bar of 5 %", bar(0.05, BLUE)),
        Strength("a bar of 25 % in royal blue (#2f5fd0)", bar(0.25, "#2f5fd0")),
    )
    given = {"colours": [BLUE], "min_share": 0.2}
    good = bar(0.25, BLUE)
    defect = "too little navy; the good ones have a navy bar of 25 %"
    yield Trial("palette", defect, strengths, everything, given, good)


def forbidden_colours(everything: Photographs) -> Iterable[Trial]:
    strengths = tuple(
        Strength(f"a patch of {share:.1%}", patch(share, PINK)) for share in (0.012, 0.02, 0.05)
    )
    yield Trial("forbidden_colours", "a patch in it", strengths, everything, {"colours": [PINK]})


def lettered(colour: str) -> Callable[[Photograph], Made]:
    """Write on the upper third, which is darkened to a seventh of its light."""

    def put(photograph: Photograph) -> Made:
        image = photograph.image.convert("RGB")
        box = (0, 0, image.width, image.height // 3)
        image.paste(ImageEnhance.Brightness(image.crop(box)).enhance(0.15), box)
        written(image, LINE, (image.width // 2, image.height // 6), image.width // 8, colour)
        return jpeg(image, 90)

    return put


def text_contrast(everything: Photographs) -> Iterable[Trial]:
    strengths = (
        Strength("grey text (#767676)", lettered("#767676")),
        Strength("dark grey text (#555555)", lettered("#555555")),
    )
    given = {"zone": {"height": 0.333}}
    defect = "text of too little contrast on a darkened photograph; the good one is white"
    yield Trial("text_contrast", defect, strengths, everything, given, lettered("#ffffff"))


def coded(side: int, text: str = URL, *, inverted: bool = False) -> Callable[[Photograph], Made]:
    code = ImageOps.invert(qr_code(text, side)) if inverted else qr_code(text, side)
    return lambda photograph: jpeg(with_part(photograph, code))


def covered(photograph: Photograph) -> Made:
    code = qr_code(URL, 200)
    code.paste("black", (60, 60, 140, 140))
    return jpeg(with_part(photograph, code))


def qr(everything: Photographs) -> Iterable[Trial]:
    wrong = (
        Strength("no code", lambda photograph: photograph.image),
        Strength("another value", coded(160, "https://acme.example/autumn")),
        Strength("covered in the middle", covered),
    )
    for side in (70, 110, 160, 300):
        title = f"a code that is none or wrong; the good one is up to {side} px"
        yield Trial("qr_code", title, wrong, everything, {"value": URL}, coded(side))
    there = tuple(
        Strength(f"a code of up to {side} px{', light on dark' * inverted}", put)
        for inverted in (False, True)
        for side in (70, 110, 160)
        for put in (coded(side, inverted=inverted),)
    )
    yield Trial("qr_code", "a code where none is wanted", there, everything, {"absent": True})


def cropped(share: float) -> Callable[[Photograph], Made]:
    def put(photograph: Photograph) -> Made:
        image = photograph.image
        x, y = round(image.width * share / 2), round(image.height * share / 2)
        return image.crop((x, y, image.width - x, image.height - y))

    return put


def not_seen_before(everything: Photographs) -> Iterable[Trial]:
    known = [{"name": one.name, "phash": hashed(one.image)} for one in everything]
    copies = (
        Strength("half the size", lambda one: ImageOps.scale(one.image, 0.5)),
        Strength("JPEG of quality 40", lambda one: jpeg(one.image, 40)),
        Strength("a fifth brighter", lambda one: ImageEnhance.Brightness(one.image).enhance(1.2)),
        Strength("mirrored", lambda one: ImageOps.mirror(one.image)),
        Strength("5 % cropped", cropped(0.05)),
        Strength("10 % cropped", cropped(0.10)),
        Strength("15 % cropped", cropped(0.15)),
    )
    title = "a copy of a forbidden picture; the good ones stand on their heads"
    yield Trial(
        *("not_seen_before", title, copies, everything),
        lambda _: {"forbidden": known},
        lambda one: one.image.rotate(180),
    )
    yield Trial(
        *("not_seen_before", "none; all other photographs are forbidden", (), everything),
        lambda one: {"forbidden": [entry for entry in known if entry["name"] != one.name]},
    )


def marked(width: int, plate: float = 0) -> Callable[[Photograph], Made]:
    """Lay the logo on, on a white plate that is larger by so much of the logo's height."""

    def put(photograph: Photograph) -> Made:
        margin = round(width / 2 * plate)
        page = Image.new("RGB", (width + 2 * margin, width // 2 + 2 * margin), "white")
        page.paste(logo().resize((width, width // 2), Image.Resampling.LANCZOS), (margin, margin))
        return jpeg(with_part(photograph, page))

    return put


def logos(everything: Photographs) -> Iterable[Trial]:
    there = tuple(
        Strength(f"a logo of {width} px", marked(width)) for width in (64, 96, 128, 192, 320)
    )
    given: dict[str, object] = {"picture": logo_address()}
    yield _short(Trial("logo", "it is there", there, everything, given | {"absent": True}))
    none = (
        Strength("no logo", lambda photograph: photograph.image),
        Strength("a logo of 64 px", marked(64)),
        Strength("no clear space", marked(192)),
    )
    wanted = given | {"min_width": 120, "clear_space": 0.4}
    title = "missing, too small, on the bare photograph; the good one is on a white plate"
    yield _short(Trial("logo", title, none, everything, wanted, marked(192, 0.5)))


def _short(trial: Trial) -> Trial:
    """Return the trial with its parameters out of sight: the logo is half a page of letters."""
    given = trial.parameters
    return replace(trial, parameters=given if callable(given) else lambda _: given)


def headed(text: str, height: float, colour: str = "white") -> Callable[[Photograph], Made]:
    """Write a line on a soft shade in the middle; `height` is that of its capitals."""

    def put(photograph: Photograph) -> Made:
        image = photograph.image.convert("RGB")
        size = max(8, round(image.height * height / 0.72))
        shade = Image.new("L", image.size, 0)
        middle = (image.width // 2, image.height // 2)
        shade.paste(120, (0, middle[1] - size, image.width, middle[1] + size))
        blurred = shade.filter(ImageFilter.GaussianBlur(size / 3))
        image.paste(Image.new("RGB", image.size, "black"), mask=blurred)
        written(image, text, middle, size, colour)
        return jpeg(image, 85)

    return put


def upwards(text: str, height: float) -> Callable[[Photograph], Made]:
    """Write a line that runs from the bottom to the top."""
    put = headed(text, height)
    turn = Image.Transpose.ROTATE_90

    def turned(photograph: Photograph) -> Made:
        lying = photograph.image.transpose(Image.Transpose.ROTATE_270)
        made = put(Photograph(photograph.name, lying))
        if not isinstance(made, bytes):
            raise TypeError("a headline is saved as a file")
        with Image.open(BytesIO(made)) as file:
            return file.transpose(turn)

    return turned


def text(everything: Photographs) -> Iterable[Trial]:
    blank = tuple(one for one in everything if one.name not in WRITTEN_ON)
    there = tuple(
        Strength(f"a line of {height:.1%} of the height", headed(LINE, height))
        for height in (0.012, 0.02, 0.04, 0.08)
    )
    there += (Strength("a line of 4.0% of the width that runs upwards", upwards(LINE, 0.04)),)
    yield Trial("text", "a line where none is wanted", there, blank, {})
    wrong = (
        Strength("a letter left out", headed("Sumer Sale", 0.05)),
        Strength("a letter changed", headed("Sunmer Sale", 0.05)),
        Strength("a letter too many", headed("Summer Salle", 0.05)),
        Strength("no text", lambda photograph: photograph.image),
    )
    given = {"words": [LINE]}
    yield Trial("text", "spelled wrong or missing", wrong, blank, given, headed(LINE, 0.05))


def peopled(width: int) -> Callable[[Photograph], Made]:
    def put(photograph: Photograph) -> Made:
        part = portrait().crop(FACE)
        # The crop is 120 pixels wide, the face in it 88.
        factor = width / 88
        return jpeg(with_part(photograph, ImageOps.scale(part, factor)), 85)

    return put


def faces(everything: Photographs) -> Iterable[Trial]:
    empty = tuple(one for one in everything if one.name not in PEOPLE)
    there = tuple(
        Strength(f"one face, {width} px wide", peopled(width)) for width in (30, 40, 64, 128, 200)
    )
    yield Trial("faces", "the same face pasted in", there, empty, {"max": 0})


def nudity(everything: Photographs) -> Iterable[Trial]:
    yield Trial("nudity", "none at hand, so what it misses is not known", (), everything, {})


TRIALS: tuple[Trials, ...] = (
    palette,
    forbidden_colours,
    text_contrast,
    qr,
    not_seen_before,
    logos,
    text,
    faces,
    nudity,
)
