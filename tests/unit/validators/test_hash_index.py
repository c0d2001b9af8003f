"""The quick search among many hashes answers exactly as the plain one."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators import hash_index
from validators.fingerprint import Fingerprint, nearest
from validators.hash_index import HashIndex

HASHES = st.integers(0, 2**64 - 1).map("{:016x}".format)
NEAR = st.tuples(st.just(0xA5A5_0FF0_1234_5678), st.sets(st.integers(0, 63), max_size=4)).map(
    lambda drawn: f"{drawn[0] ^ sum(1 << bit for bit in drawn[1]):016x}"
)
KNOWN = st.lists(HASHES | NEAR, max_size=40)
FOUND = st.builds(Fingerprint, HASHES | NEAR, HASHES | NEAR)


def numbers(hashes: Iterable[str]) -> list[int]:
    return [int(one, 16) for one in hashes]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks so small that a few hashes take several."""
    monkeypatch.setattr(hash_index, "_BLOCK", 7)


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=150, deadline=None)
@given(found=FOUND, known=KNOWN)
def test_the_nearest_is_that_of_the_plain_search(found: Fingerprint, known: list[str]) -> None:
    assert HashIndex(numbers(known)).nearest(found) == nearest(found, known)


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=100, deadline=None)
@given(found=FOUND, parts=st.lists(KNOWN, max_size=4), data=st.data())
def test_hashes_may_be_added_later_and_left_out_again(
    found: Fingerprint, parts: list[list[str]], data: st.DataObject
) -> None:
    index = HashIndex()
    for part in parts:
        index.add(numbers(part))
    known = [one for part in parts for one in part]
    assert len(index) == len(known)
    gone = data.draw(st.sets(st.sampled_from(range(len(known)))) if known else st.just(set()))
    for place in gone:
        index.discard(place)
    left = [place for place in range(len(known)) if place not in gone]
    plain = nearest(found, [known[place] for place in left])
    told = index.nearest(found)
    assert (plain is None) == (told is None)
    if plain is not None and told is not None:
        assert (left[plain.index], plain.distance, plain.mirrored) == (
            told.index,
            told.distance,
            told.mirrored,
        )


def test_a_hundred_thousand_hashes_are_compared_in_less_than_fifty_milliseconds() -> None:
    draw = random.Random(5)  # noqa: S311 - made-up hashes
    known = [f"{draw.getrandbits(64):016x}" for _ in range(100_000)]
    index = HashIndex(numbers(known))
    twin = f"{int(known[77_777], 16) ^ 0b1011:016x}"
    found = Fingerprint(f"{draw.getrandbits(64):016x}", twin)
    times = []
    for _ in range(5):
        begun = time.process_time()
        near = index.nearest(found)
        times.append(time.process_time() - begun)
    assert near is not None
    assert (near.index, near.distance, near.mirrored) == (77_777, 3, True)
    assert near == nearest(found, known)
    assert min(times) < 0.05
