"""Trials of the criteria about the picture itself: light, detail, edges."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from io import BytesIO

from benchmarks.rate_trials import Made, Photograph, Strength, Trial
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, ImageStat

from validators import inspect, parse_done

Everything = tuple[Photograph, ...]
Change = Callable[[Image.Image], Made]
GAMMA = 2.2
BASELINE_MIN = 30.0


def strength(title: str, change: Change) -> Strength:
    """Return a strength that looks at the picture only."""
    return Strength(title, lambda photograph: change(photograph.image))


def exposed(stops: int) -> Change:
    """Expose by so many stops more or less, in linear light."""
    table = [
        min(255, round(255 * ((v / 255) ** GAMMA * 2.0**stops) ** (1 / GAMMA))) for v in range(256)
    ]
    return lambda image: image.point(table * len(image.getbands()))


def faded(percent: int) -> Change:
    """Keep so much of the contrast, around the picture's own mean."""

    def change(image: Image.Image) -> Made:
        grey = round(ImageStat.Stat(image.convert("L")).mean[0])
        return Image.blend(
            Image.new(image.mode, image.size, (grey,) * len(image.getbands())), image, percent / 100
        )

    return change


def blurred(radius_px: float) -> Change:
    """Blur by a Gaussian of that standard deviation."""
    return lambda image: image.filter(ImageFilter.GaussianBlur(radius_px))


def jpeg(image: Image.Image, quality: int) -> bytes:
    """Return the picture as a JPEG file."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def as_jpeg(quality: int) -> Callable[[Photograph], Made]:
    """Compress as JPEG."""
    return lambda photograph: jpeg(photograph.image, quality)


def blurred_half(radius_px: float) -> Callable[[Photograph], Made]:
    """Blur the right half."""
    return lambda photograph: blurred(radius_px)(half(photograph, 1))


def under_pattern(opacity: float) -> Callable[[Photograph], Made]:
    """Lay a pattern over the picture."""
    return lambda photograph: patterned(photograph, opacity)


def noisy(sigma: float) -> Change:
    """Add grey noise of that standard deviation, near to Gaussian, the same in every run."""

    def change(image: Image.Image) -> Made:
        rng = random.Random(int(sigma * 10))  # noqa: S311 - the same noise every time, no secret
        width, height = image.size
        parts = [Image.frombytes("L", image.size, rng.randbytes(width * height)) for _ in range(4)]
        pairs = ImageChops.add(parts[0], parts[1], 2), ImageChops.add(parts[2], parts[3], 2)
        # The mean of four uniform bytes has a standard deviation of 255 / sqrt(12) / 2.
        scale = sigma / 36.8
        noise = ImageChops.add(*pairs, 2).point(
            [min(255, max(0, round(128 + (v - 127) * scale))) for v in range(256)]
        )
        bands = [ImageChops.add(band, noise, 1, -128) for band in image.split()]
        return Image.merge(image.mode, bands)

    return change


def posterised(levels: int) -> Change:
    """Leave so many levels in each channel."""
    step = 256 / levels
    table = [int(int(v / step) * step + step / 2) for v in range(256)]
    return lambda image: image.point(table * len(image.getbands()))


def enlarged(factor: float, resampling: Image.Resampling) -> Callable[[Image.Image], Image.Image]:
    """Make the picture smaller and enlarge it to its size again."""

    def change(image: Image.Image) -> Image.Image:
        small = (round(image.width / factor), round(image.height / factor))
        return image.resize(small, Image.Resampling.LANCZOS).resize(image.size, resampling)

    return change


def barred(percent: float, colour: str, *, frame: bool) -> Callable[[Image.Image], Image.Image]:
    """Put bars of so much of the height over the picture at top and bottom, or all around."""

    def change(image: Image.Image) -> Image.Image:
        px = max(1, round(image.height * percent / 100))
        sides = px if frame else 0
        inner = image.convert("RGB").crop((sides, px, image.width - sides, image.height - px))
        return ImageOps.expand(inner, (sides, px, sides, px), colour)

    return change


def cut_out(ground: str | None, share: float = 1.0) -> Change:
    """Cut a soft ellipse out, its edge keeping so much of a ground's colour."""

    def change(image: Image.Image) -> Made:
        shape = Image.new("L", image.size, 0)
        width, height = image.size
        ImageDraw.Draw(shape).ellipse(
            (width // 8, height // 8, width * 7 // 8, height * 7 // 8), fill=255
        )
        shape = shape.filter(ImageFilter.GaussianBlur(1.5))
        cut = image.convert("RGB")
        if ground is not None:
            mixed = Image.composite(cut, Image.new("RGB", cut.size, ground), shape)
            cut = Image.blend(cut, mixed, share)
        cut.putalpha(shape)
        return cut

    return change


def exposure(everything: Everything) -> Iterator[Trial]:
    """Darker and brighter by whole stops."""
    for word, sign in (("under", -1), ("over", 1)):
        strengths = tuple(
            strength(f"{stops} stops {word}", exposed(sign * stops)) for stops in (1, 2, 3, 4)
        )
        yield Trial("exposure", f"{word}exposed", strengths, everything, {})


def contrast(everything: Everything) -> Iterator[Trial]:
    """Faded towards grey."""
    strengths = tuple(
        strength(f"{kept} % of the contrast kept", faded(kept)) for kept in (50, 30, 20, 10)
    )
    yield Trial("contrast", "faded towards grey", strengths, everything, {})


def borders(everything: Everything) -> Iterator[Trial]:
    """Letterbox and frames."""
    bars = tuple(
        strength(f"{percent} % black bars", barred(percent, "black", frame=False))
        for percent in (0.5, 2, 5, 12)
    )
    compressed = Strength(
        "5 % black bars, JPEG 75", lambda p: jpeg(barred(5, "black", frame=False)(p.image), 75)
    )
    yield Trial("borders", "letterbox", (*bars, compressed), everything, {})
    frames = tuple(
        strength(f"{percent} % {colour} frame", barred(percent, colour, frame=True))
        for colour in ("white", "#808080")
        for percent in (1, 4)
    )
    yield Trial("borders", "frame", frames, everything, {})


def transparency(everything: Everything) -> Iterator[Trial]:
    """A fringe of the old ground around a cut-out."""
    strengths = tuple(
        strength(f"{colour} fringe, {round(100 * share)} %", cut_out(colour, share))
        for colour in ("white", "black")
        for share in (0.5, 1.0)
    )
    good = cut_out(None)
    yield Trial(
        "transparency",
        "fringe around a cut-out",
        strengths,
        everything,
        {"is": "needed"},
        lambda photograph: good(photograph.image),
    )


def sharpness(everything: Everything) -> Iterator[Trial]:
    """Blurred, by the absolute floor and beside a reference of the same kind."""
    radii = (0.7, 1, 1.5, 2, 3)
    strengths = tuple(
        strength(f"Gaussian blur of {radius:g} px", blurred(radius)) for radius in radii
    )
    yield Trial("sharpness", "blurred, by the absolute floor", strengths, everything, {})
    beside = tuple(
        Strength(f"Gaussian blur of {radius:g} px", blurred_half(radius)) for radius in radii
    )
    # A half that is plain or soft is refused as a baseline.
    detailed = tuple(one for one in everything if measured_sharpness(half(one, 0)) >= BASELINE_MIN)
    yield Trial(
        "sharpness",
        "blurred, the baseline measured on the photograph's left half and its right half judged",
        beside,
        detailed,
        lambda photograph: {"baseline": measured_sharpness(half(photograph, 0))},
        lambda photograph: half(photograph, 1),
    )


def half(photograph: Photograph, which: int) -> Image.Image:
    """Return the left (0) or right (1) half."""
    width, height = photograph.image.size
    return photograph.image.crop((which * width // 2, 0, (which + 1) * width // 2, height))


def measured_sharpness(image: Image.Image) -> float:
    """Return what an order's author would read off `mintage inspect`."""
    buffer = BytesIO()
    image.save(buffer, "PNG")
    criteria = parse_done(["sharpness"])
    if isinstance(criteria, list):
        raise TypeError(str(criteria))
    return float(str(inspect(buffer.getvalue(), criteria)[1].measured["sharpness_percent"]))


def noise(everything: Everything) -> Iterator[Trial]:
    """Grey noise."""
    strengths = tuple(
        strength(f"noise of {sigma} levels", noisy(sigma)) for sigma in (2, 3, 4, 6, 12)
    )
    yield Trial("noise", "grey noise added", strengths, everything, {})


def saved(format_: str, quality: int, change: Change | None = None) -> Callable[[Photograph], Made]:
    """Return the photograph, changed or not, as a file of that format."""

    def put(photograph: Photograph) -> Made:
        made = photograph.image if change is None else change(photograph.image)
        if isinstance(made, bytes):
            raise TypeError("what is a file already is not saved again")
        buffer = BytesIO()
        made.save(buffer, format_, quality=quality)
        return buffer.getvalue()

    return put


def banding(everything: Everything) -> Iterator[Trial]:
    """Posterised, without loss and through the encoders."""
    strengths = tuple(
        strength(f"{levels} levels left", posterised(levels)) for levels in (64, 32, 16, 8)
    )
    yield Trial("banding", "posterised", strengths, everything, {})
    for format_, quality in (("JPEG", 75), ("WebP", 75), ("WebP", 88), ("AVIF", 75)):
        lossy = tuple(
            Strength(f"{levels} levels left", saved(format_, quality, posterised(levels)))
            for levels in (32, 8)
        )
        title = f"posterised; all, also the good ones, are {format_} of quality {quality}"
        yield Trial("banding", title, lossy, everything, {}, saved(format_, quality))


def blockiness(everything: Everything) -> Iterator[Trial]:
    """Compressed as JPEG."""
    strengths = tuple(
        Strength(f"JPEG of quality {quality}", as_jpeg(quality)) for quality in (75, 50, 30, 20, 10)
    )
    yield Trial("blockiness", "compressed as JPEG", strengths, everything, {})


def upscaled(everything: Everything) -> Iterator[Trial]:
    """Enlarged."""
    cubic = Image.Resampling.BICUBIC
    strengths = tuple(
        strength(f"enlarged {factor:g} times", enlarged(factor, cubic)) for factor in (1.5, 2, 3, 4)
    )
    more = (
        strength("enlarged 2 times, Lanczos", enlarged(2, Image.Resampling.LANCZOS)),
        strength("enlarged 2 times, pixels repeated", enlarged(2, Image.Resampling.NEAREST)),
        Strength("enlarged 3 times, JPEG 85", lambda p: jpeg(enlarged(3, cubic)(p.image), 85)),
    )
    yield Trial("upscaled", "enlarged (bicubic)", (*strengths, *more), everything, {})


CALM = {
    "Aqua": (0, 0, 50, 25),
    "Bridge_by_Sander_Klootwijk": (0, 0, 25, 30),
    "Dune": (0, 0, 50, 25),
    "Garden": (0, 75, 50, 25),
    "Storm": (0, 0, 100, 25),
    "TwoWings": (0, 0, 100, 25),
    "YellowFlower": (0, 0, 25, 50),
    "aitzgorri_by_Aitzol_Berasategi": (0, 0, 25, 20),
    "camera": (50, 0, 50, 25),
    "china": (50, 0, 50, 25),
    "flower": (0, 25, 25, 50),
    "free_by_Peter_Nerlich": (0, 50, 50, 25),
    "greentock_by_Peter_Nerlich": (75, 0, 25, 25),
    "picosdeeuropa_by_Aitzol_Berasategi": (62, 0, 38, 25),
    "sunset_by_Aitzol_Berasategi": (0, 0, 40, 25),
}
"""Zones that a person chose for a headline: left, top, width and height in percent."""

BUSY = {
    "Dragonfly_by_Bolly": (25, 25, 50, 50),
    "Dune": (0, 50, 100, 30),
    "GreenMeadow": (0, 50, 100, 30),
    "Picture_1A_by_freespace": (0, 0, 100, 30),
    "aitzgorri_by_Aitzol_Berasategi": (0, 25, 100, 30),
    "astronaut": (0, 50, 100, 30),
    "brick": (0, 0, 100, 30),
    "camera": (0, 70, 100, 30),
    "chelsea": (25, 25, 50, 30),
    "china": (0, 50, 100, 30),
    "coffee": (25, 50, 50, 30),
    "coins": (0, 0, 100, 30),
    "friends_by_Aitzol_Berasategi": (0, 25, 100, 30),
    "grass": (0, 0, 100, 30),
    "gravel": (0, 0, 100, 30),
    "hubble_deep_field": (0, 0, 100, 30),
    "ihc": (0, 0, 100, 30),
    "life_by_Aitzol_Berasategi": (0, 50, 100, 30),
    "motorcycle_left": (0, 50, 100, 30),
    "picosdeeuropa_by_Aitzol_Berasategi": (0, 25, 100, 30),
}
"""Zones on which a person would set no headline."""


def zone_of(
    zones: dict[str, tuple[int, int, int, int]], photograph: Photograph
) -> dict[str, object]:
    """Return the zone as parameters."""
    left, top, width, height = (percent / 100 for percent in zones[photograph.name])
    return {"zone": {"left": left, "top": top, "width": width, "height": height}}


def patterned(photograph: Photograph, opacity: float) -> Image.Image:
    """Lay a pattern of light and dark spots, 1 to 2 % of the picture each, over the picture."""
    rng = random.Random(7)  # noqa: S311 - the same pattern every time, no secret
    spots = Image.frombytes("L", (64, 64), rng.randbytes(64 * 64))
    grown = spots.resize(photograph.image.size, Image.Resampling.BICUBIC).convert(
        photograph.image.mode
    )
    return Image.blend(photograph.image, grown, opacity)


def calm_zone(everything: Everything) -> Iterator[Trial]:
    """Zones chosen by hand, and the calm ones with a pattern laid over."""
    calm = tuple(photograph for photograph in everything if photograph.name in CALM)
    strengths = tuple(
        Strength(f"pattern of {round(100 * opacity)} %", under_pattern(opacity))
        for opacity in (0.1, 0.2, 0.4)
    )
    if calm:
        yield Trial(
            "calm_zone",
            "a pattern laid over zones that a person chose for a headline",
            strengths,
            calm,
            lambda photograph: zone_of(CALM, photograph),
        )
    busy = tuple(photograph for photograph in everything if photograph.name in BUSY)
    if busy:
        yield Trial(
            "calm_zone",
            "zones that a person found too busy; the good ones are blurred until nothing is left",
            (Strength("as photographed", lambda p: p.image),),
            busy,
            lambda photograph: zone_of(BUSY, photograph),
            lambda photograph: photograph.image.resize((2, 2), Image.Resampling.BOX).resize(
                (512, 512)
            ),
        )


TRIALS = (
    exposure,
    contrast,
    borders,
    transparency,
    sharpness,
    noise,
    banding,
    blockiness,
    upscaled,
    calm_zone,
)
