"""The studio draws cards that can be read, the same each time, and says what it cannot draw."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from generators import (
    Absent,
    Brief,
    BuildFailed,
    Built,
    LostBuild,
    Outcome,
    load_cards,
    open_generator,
)
from generators.studio import StudioGenerator
from generators.studio_card import Design, compose, draw_words, setting_of
from generators.studio_colour import PALETTES, contrast, exact_mix, luminance, palette_of_colours
from generators.studio_form import DRAWN_LAYOUTS, PHOTO_LAYOUTS, LayoutName
from generators.studio_ground import linear
from generators.studio_layouts import LAYOUTS
from generators.studio_setting import Words
from generators.studio_type import Voice, broken

SIZES = [(1080, 1080), (1080, 1920), (1200, 628), (728, 90), (64, 64)]
LOOK = {"subline": "Thrown by hand, made to last.", "cta": "Shop now", "brand": "Northlight"}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one lively picture: bright, dark and colourful stripes."""
    folder = tmp_path / "photos"
    folder.mkdir()
    red = Image.linear_gradient("L").resize((640, 480))
    green = Image.radial_gradient("L").resize((640, 480))
    blue = Image.effect_mandelbrot((640, 480), (-2.0, -1.5, 1.0, 1.5), 40)
    Image.merge("RGB", (red, green, blue)).save(folder / "lake.jpg", quality=92)
    return folder


@pytest.fixture
def studio(photos: Path) -> StudioGenerator:
    """The studio with its own card and a folder of photographs."""
    return StudioGenerator(
        load_cards().need("studio", "cards"), photos, today=lambda: date(2026, 11, 1)
    )


def _brief(
    prompt: str = "A mug on oak, morning light",
    size: tuple[int, int] = (256, 256),
    format_: str = "webp",
    seed: int = 7,
    **params: object,
) -> Brief:
    return Brief(prompt, *size, format_, seed, params)


async def _nothing_to_hold_on_to(_: str) -> None:
    raise AssertionError


def _build(studio: StudioGenerator, brief: Brief) -> Outcome:
    return asyncio.run(studio.build("0190-a", brief, _nothing_to_hold_on_to))


def _built(studio: StudioGenerator, brief: Brief) -> Built:
    outcome = _build(studio, brief)
    assert isinstance(outcome, Built), outcome
    return outcome


def _opened(built: Built) -> Image.Image:
    image = Image.open(BytesIO(built.data))
    image.load()
    return image


@pytest.mark.parametrize("format_", ["png", "jpeg", "webp", "avif"])
def test_the_same_brief_gives_the_same_bytes_in_the_size_and_format_asked_for(
    studio: StudioGenerator, format_: str
) -> None:
    brief = _brief(size=(320, 200), format_=format_, **LOOK)
    one, other = _built(studio, brief), _built(studio, brief)
    assert one.data == other.data
    image = _opened(one)
    assert image.size == (320, 200)
    assert image.format == format_.upper()
    assert one.media_type == f"image/{format_}"
    assert one.provider_ref == "studio-0190-a"


def test_another_process_gives_the_same_bytes(studio: StudioGenerator) -> None:
    brief = _brief(format_="png")
    program = (
        "import asyncio, hashlib\n"
        "from generators import Brief, open_generator\n"
        "async def ignore(_): ...\n"
        "brief = Brief('A mug on oak, morning light', 256, 256, 'png', 7, {})\n"
        "built = asyncio.run(open_generator('studio', 'cards').build('0', brief, ignore))\n"
        "print(hashlib.sha256(built.data).hexdigest())\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == hashlib.sha256(_built(studio, brief).data).hexdigest()


def test_different_seeds_give_different_cards(studio: StudioGenerator) -> None:
    cards = {_built(studio, _brief(seed=seed)).data for seed in range(12)}
    assert len(cards) == 12


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_seeds_differ_even_where_the_order_fixes_layout_and_palette(
    studio: StudioGenerator, layout: str
) -> None:
    photo = {"photo": "lake.jpg"} if LAYOUTS[layout].needs_photo else {}
    briefs = [_brief(seed=seed, layout=layout, palette="tide", **photo) for seed in range(6)]
    assert len({_built(studio, brief).data for brief in briefs}) == 6


def test_the_form_knows_exactly_the_layouts_that_are_drawn() -> None:
    assert set(get_args(LayoutName)) == set(LAYOUTS)
    assert {name for name, layout in LAYOUTS.items() if layout.needs_photo} == set(PHOTO_LAYOUTS)


def _design(layout: str, size: tuple[int, int], words: Words, palette: str = "cobalt") -> Design:
    return Design(size, layout, PALETTES[palette], words, 3)


def _photo() -> Image.Image:
    red = Image.linear_gradient("L").resize((300, 200))
    green = Image.radial_gradient("L").resize((300, 200))
    return Image.merge("RGB", (red, green, ImageChops.invert(red)))


def _drawn(design: Design) -> tuple[Image.Image, Image.Image, list[tuple[int, int, int]]]:
    """Return the card before and after its letters, and the colours of its lines."""
    setting = setting_of(design)
    assert setting is not None
    photo = _photo() if LAYOUTS[design.layout].needs_photo else None
    composition = compose(design, setting, photo)
    before = composition.ground.copy()
    colours = [part.colour for part in composition.inked]
    return before, draw_words(composition), colours


def _words_for(size: tuple[int, int]) -> Words:
    if min(size) <= 64:
        return Words("Sale, today")
    return Words("Crème brûlée from 4 €", "Until Sunday, in every café.", "Taste it", "Northlight")


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_draws_words_within_the_card_at_every_shape(
    layout: str, size: tuple[int, int]
) -> None:
    before, after, _ = _drawn(_design(layout, size, _words_for(size)))
    assert sum(ImageStat.Stat(before.convert("L")).stddev) > 1.0
    box = ImageChops.difference(before, after).getbbox()
    assert box is not None
    assert box[0] > 0
    assert box[1] > 0
    assert box[2] < size[0]
    assert box[3] < size[1]


def _worst_contrast(before: Image.Image, after: Image.Image, ink: tuple[int, int, int]) -> float:
    """Measure an ink against every pixel that its letters touched."""
    touched = ImageChops.difference(before, after).convert("L").point([0] * 9 + [255] * 247)
    colours = Image.composite(before, Image.new("RGB", before.size, ink), touched).getcolors(
        before.width * before.height
    )
    assert colours is not None
    return min(
        contrast(luminance(ink), luminance(colour))
        for _, colour in colours
        if isinstance(colour, tuple) and colour != ink
    )


@pytest.mark.parametrize("palette", sorted(PALETTES))
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("size", [(400, 400), (300, 560), (600, 314), (560, 120)], ids=str)
def test_letters_have_the_contrast_that_wcag_asks_for_against_what_is_behind_them(
    layout: str, palette: str, size: tuple[int, int]
) -> None:
    words = Words("A headline that needs a few lines to say what it says", "And one more line.")
    before, after, colours = _drawn(_design(layout, size, words, palette))
    assert len(set(colours)) == 1
    assert _worst_contrast(before, after, colours[0]) >= 4.5


@pytest.mark.parametrize("palette", [*sorted(PALETTES), "own"])
def test_the_call_to_action_and_the_brand_can_be_read_too(palette: str) -> None:
    colours = [(119, 119, 119), (128, 128, 128), (118, 118, 118)]
    chosen = PALETTES.get(palette) or palette_of_colours(colours)
    for layout in DRAWN_LAYOUTS:
        design = Design((400, 400), layout, chosen, Words("Hi", "", "Buy now", "Northlight"), 5)
        setting = setting_of(design)
        assert setting is not None
        composition = compose(design, setting, None)
        for part in composition.inked:
            left, top, right, bottom = part.line.ink
            box = (int(left), int(top), int(right) + 1, int(bottom) + 1)
            region = composition.ground.crop(box).getcolors(1_000_000)
            assert region is not None
            worst = min(
                contrast(luminance(part.colour), luminance(colour))
                for _, colour in region
                if isinstance(colour, tuple)
            )
            assert worst >= 4.5, (layout, part.line.role, worst)


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFÄÖÜß€0123456789-,.!?“”'"
SHAPES = [(1080, 1080), (1080, 1920), (1200, 628), (300, 250), (728, 90), (128, 128)]
WORD = st.text(
    st.sampled_from(LETTERS),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(WORD, min_size=1, max_size=14),
    long=st.integers(0, 160),
    size=st.sampled_from(
        [(1080, 1080), (1080, 1920), (1200, 628), (300, 250), (728, 90), (128, 128)]
    ),
    layout=st.sampled_from(sorted(LAYOUTS)),
    along=st.sampled_from(["left", "center", "right", None]),
    extras=st.booleans(),
)
def test_no_headline_ever_leaves_its_card(
    words: list[str],
    long: int,
    size: tuple[int, int],
    layout: str,
    along: str | None,
    extras: bool,
) -> None:
    headline = " ".join([*words, "W" * long]).strip()
    said = Words(
        headline,
        "A second line, a little longer than most." if extras else "",
        "Shop now" if extras else "",
        "Northlight" if extras else "",
        along,  # type: ignore[arg-type]
    )
    design = _design(layout, size, said)
    setting = setting_of(design)
    if setting is None:
        return
    drawn = "".join(line.text for line in setting.lines if line.role == "headline")
    assert drawn.replace(" ", "").replace("-", "") == headline.replace(" ", "").replace("-", "")
    frame = LAYOUTS[layout].frame(*size)
    for line in setting.lines:
        left, top, right, bottom = line.ink
        assert left >= 0
        assert top >= 0
        assert right <= size[0]
        assert bottom <= size[1]
        if line.role in {"headline", "subline"}:
            assert right <= frame.right + 1
            assert bottom <= frame.bottom + 1


def test_a_short_headline_always_fits() -> None:
    for layout in LAYOUTS:
        for size in SIZES:
            assert setting_of(_design(layout, size, Words("Sale"))) is not None


@pytest.mark.parametrize("layout", DRAWN_LAYOUTS)
@pytest.mark.parametrize(
    "size", [(500, 180), (600, 190), (700, 200), (970, 250), (320, 50)], ids=str
)
def test_a_card_with_all_its_words_fits_every_banner(layout: str, size: tuple[int, int]) -> None:
    words = Words("Autumn, by the cupful", "", "Shop now", "Northlight")
    assert setting_of(_design(layout, size, words)) is not None


def test_lines_are_balanced_and_keep_signs_off_their_starts() -> None:
    voice = Voice("ExtraBold", 0.0, 1.1)
    lines = broken("one two three four five six seven", voice, 10.0, cut_words=False)
    assert lines is not None
    widths = [voice.width(line) for line in lines]
    assert min(widths) > 0.6 * max(widths)
    for measure in (5.0, 6.0, 8.0):
        broken_lines = broken("Grüße aus Zürich — ab 19 €", voice, measure, cut_words=True)
        assert broken_lines is not None
        assert not any(line.startswith(("—", "€")) for line in broken_lines)
    assert broken("Zürich —", voice, 3.9, cut_words=True) == ["Zürich", "—"]


def test_a_word_is_cut_only_when_the_headline_would_get_very_small() -> None:
    words = Words("Donaudampfschifffahrtsgesellschaft feiert")
    setting = setting_of(_design("circle", (1080, 1080), words))
    assert setting is not None
    assert not any(line.text.endswith("-") for line in setting.lines)
    endless = setting_of(_design("circle", (1080, 1080), Words("x" * 120)))
    assert endless is not None
    assert all(line.text.endswith("-") for line in endless.lines[:-1])


def test_a_line_end_in_the_text_is_kept() -> None:
    lines = broken("Eat.\nSleep.\nRepeat.", Voice("ExtraBold", 0.0, 1.1), 40.0, cut_words=False)
    assert lines == ["Eat.", "Sleep.", "Repeat."]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"colour": "red"}, "knows no parameter colour; allowed: layout, palette"),
        ({"layout": "spiral"}, "layout"),
        ({"palette": "mauve"}, "there is no palette 'mauve'; take one of cobalt"),
        ({"palette": ["#123456", "#12"]}, "'#12' is no colour like #1a2b3c"),
        ({"palette": ["#123456"]}, "2 to 5 colours"),
        ({"layout": "photo"}, "needs a photo"),
        ({"layout": "dots", "photo": "lake.jpg"}, "shows no photo"),
        ({"photo": "../secret.png"}, "outside the studio's folder"),
        ({"photo": "/etc/hostname"}, "outside the studio's folder"),
        ({"photo": "sea.jpg"}, "There is no photo 'sea.jpg'"),
        ({"photo": "a\0b"}, "photo"),
        ({"cta": "x" * 61}, "cta"),
        ({"align": "justify"}, "align"),
        ({"headline": "Hello 😀 世界"}, "cannot draw 😀 (U+1F600), 世 (U+4E16), 界 (U+754C)"),
        ({"headline": "zero\u200bwidth"}, "U+200B"),
        ({"headline": " \n "}, "The headline is empty"),
        ({"subline": "word " * 390}, "do not fit"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence_and_never_built(
    studio: StudioGenerator, params: dict[str, object], said: str
) -> None:
    brief = _brief(**params)
    problems = studio.problems(brief)
    assert any(said in problem for problem in problems), problems
    assert all(problem.endswith(".") for problem in problems)
    outcome = _build(studio, brief)
    assert isinstance(outcome, BuildFailed)
    assert not outcome.retryable
    assert outcome.usage == ()


def test_sizes_and_formats_outside_the_studio_are_refused(studio: StudioGenerator) -> None:
    assert "64 to 4096 px" in studio.problems(_brief(size=(63, 64)))[0]
    assert "64 to 4096 px" in studio.problems(_brief(size=(64, 4097)))[0]
    assert "not one of png" in studio.problems(_brief(format_="gif"))[0]
    assert studio.problems(_brief(size=(64, 64), prompt="Sale")) == []


def test_a_link_out_of_the_folder_of_photos_is_not_followed(
    studio: StudioGenerator, photos: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_bytes((photos / "lake.jpg").read_bytes())
    (photos / "link.jpg").symlink_to(outside)
    assert "outside" in studio.problems(_brief(photo="link.jpg"))[0]


@pytest.mark.parametrize("layout", [None, "photo", "split"])
def test_a_photo_is_seen_on_the_card(studio: StudioGenerator, layout: str | None) -> None:
    params: dict[str, object] = {"photo": "lake.jpg", "palette": "ink"}
    if layout is not None:
        params["layout"] = layout
    image = _opened(_built(studio, _brief(size=(400, 400), format_="png", **params)))
    colours = image.convert("RGB").crop((0, 0, 400, 150)).getcolors(1_000_000)
    assert colours is not None
    assert len(colours) > 2000


def test_a_photo_that_is_no_picture_fails_the_build_and_costs_nothing(
    studio: StudioGenerator, photos: Path
) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    outcome = _build(studio, _brief(photo="broken.jpg"))
    assert isinstance(outcome, BuildFailed)
    assert "not a sound PNG, JPEG, WebP or AVIF picture" in outcome.reason
    assert outcome.usage == ()


def test_own_colours_can_be_a_list_or_one_string(studio: StudioGenerator) -> None:
    params: dict[str, object] = {"layout": "poster"}
    listed = _built(studio, _brief(**params, palette=["#102030", "203040", "#fc0"]))
    joined = _built(studio, _brief(**params, palette="#102030, 203040, #fc0"))
    assert listed.data == joined.data


def test_usage_is_the_measured_processor_time_at_the_rate_of_the_card(
    studio: StudioGenerator,
) -> None:
    small = _built(studio, _brief(size=(64, 64), prompt="Sale")).usage
    large = _built(studio, _brief(size=(1400, 1400))).usage
    for lines in (small, large):
        assert [(line.metric, line.unit) for line in lines] == [("cpu_seconds", "CPU-second")]
        assert lines[0].unit_price_usd == Decimal("0.000100")
        assert lines[0].quantity % Decimal("0.000000001") == 0
    assert Decimal("0.00001") < small[0].quantity < large[0].quantity < 10


def test_the_quote_holds_ten_seconds(studio: StudioGenerator) -> None:
    quote = studio.quote(_brief())
    assert quote.dearest_usd == Decimal("0.001")
    assert quote.expected_usd < quote.dearest_usd


def test_the_request_is_the_whole_brief_as_json(studio: StudioGenerator) -> None:
    request = studio.request(_brief(palette=["#000000", "#ffffff"], **LOOK))
    assert json.loads(json.dumps(request)) == {
        "prompt": "A mug on oak, morning light",
        "width": 256,
        "height": 256,
        "format": "webp",
        "seed": 7,
        "params": {"palette": ["#000000", "#ffffff"], **LOOK},
    }


def test_what_was_lost_is_absent(studio: StudioGenerator) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    lost = [LostBuild(name, _brief(), {}, None, at, at) for name in ("a", "b")]
    assert asyncio.run(studio.find(lost, frozenset())) == {"a": Absent(), "b": Absent()}
    asyncio.run(studio.aclose())


def test_many_cards_at_once_are_each_their_own(studio: StudioGenerator) -> None:
    briefs = [_brief(seed=seed, **LOOK) for seed in range(16)]

    async def all_at_once() -> list[Outcome]:
        return await asyncio.gather(
            *(studio.build(f"a{brief.seed}", brief, _nothing_to_hold_on_to) for brief in briefs)
        )

    together = asyncio.run(all_at_once())
    for brief, outcome in zip(briefs, together, strict=True):
        assert isinstance(outcome, Built)
        assert outcome.data == _built(studio, brief).data


def test_the_studio_opens_by_its_name_and_imports_no_pictures_until_it_draws() -> None:
    generator = open_generator("studio", "cards")
    assert (generator.provider, generator.model) == ("studio", "cards")
    program = "import sys, generators.studio; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_gradients_have_no_bands() -> None:
    """Over any 8 rows the mean follows the exact gradient closer than one step of 8 bits could."""
    ground = linear((64, 512), (20, 20, 20), (40, 40, 40), 90).getchannel("R")
    for y in range(64, 448, 8):
        below = exact_mix((20, 20, 20), (40, 40, 40), (y + 4) / 512)[0]
        mean = ImageStat.Stat(ground.crop((0, y, 64, y + 8))).mean[0]
        assert abs(mean - below) < 0.12
