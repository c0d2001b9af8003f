"""Drawing on copies: in a process with limits, at a bounded size, whatever the file and the marks are."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from unit.validators.sample_pictures import photo_file

from validators import Drawer, Mark, NotDrawn, Verdict, WorkerLimits
from validators.annotation import DRAWN_SIDE_MAX_PX


def marked(*marks: Mark) -> tuple[Verdict, ...]:
    return (Verdict("made", 1, {}, passed=True, measured={}, reason=None, marks=marks),)


def png(size: tuple[int, int]) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "#808080").save(out, "PNG")
    return out.getvalue()


def test_what_cannot_be_drawn_ends_its_own_drawing_only() -> None:
    mark = Mark("here", (4, 4, 20, 10), passed=False)
    absurd = Mark("no colour", (0, 0, 9, 9), passed=True, colour="no colour at all")
    with Drawer() as drawer:
        before = drawer.draw(png((64, 64)), marked(mark))
        with pytest.raises(NotDrawn):
            drawer.draw(png((64, 64))[:-20], ())
        with pytest.raises(NotDrawn, match="ValueError"):
            drawer.draw(png((64, 64)), marked(absurd))
        assert drawer.draw(png((64, 64)), marked(mark)) == before
    drawn = Image.open(BytesIO(before))
    assert drawn.getpixel((4, 13)) == (209, 36, 47)
    assert drawn.getpixel((60, 60)) == (128, 128, 128)


def test_a_very_tall_picture_is_reduced_and_its_marks_with_it() -> None:
    side = 3 * DRAWN_SIDE_MAX_PX
    mark = Mark("far down" * 1_000, (0, side - 300, 6, 300), passed=True)
    with Drawer() as drawer:
        drawn = Image.open(BytesIO(drawer.draw(png((6, side)), marked(mark))))
    assert drawn.size == (2, DRAWN_SIDE_MAX_PX)
    assert drawn.getpixel((0, DRAWN_SIDE_MAX_PX - 1)) == (26, 127, 55)
    assert drawn.getpixel((0, DRAWN_SIDE_MAX_PX - 101)) == (128, 128, 128)


def test_a_picture_is_drawn_on_as_people_see_it() -> None:
    image = Image.new("RGB", (40, 20), "#808080")
    exif = image.getexif()
    exif[0x0112] = 6
    out = BytesIO()
    image.save(out, "PNG", exif=exif)
    with Drawer() as drawer:
        drawn = Image.open(BytesIO(drawer.draw(out.getvalue(), ())))
    assert drawn.size == (20, 40)


def test_a_file_over_the_limits_of_memory_or_time_is_not_drawn() -> None:
    large = png((4_000, 4_000))
    with Drawer(WorkerLimits(memory_bytes=200_000_000)) as drawer, pytest.raises(NotDrawn):
        drawer.draw(large, ())
    with (
        Drawer(WorkerLimits(wall_s=0.01)) as drawer,
        pytest.raises(NotDrawn, match=r"over 0\.01 s"),
    ):
        drawer.draw(large, ())
    with Drawer() as drawer:
        assert drawer.draw(photo_file("jpeg", 64, 64), ())
