"""What whoever judges a run's files promises: the pool of processes and its twin in this process alike."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from unit.validators import sample_pictures as samples

from validators import (
    BrokenCriterion,
    Criterion,
    InspectionFailed,
    InspectorPool,
    Inspectors,
    InspectorsUnavailable,
    Limits,
    LocalInspectors,
    Verdict,
    criteria,
    inspect,
    parse_done,
)

IMPLEMENTATIONS: dict[str, Callable[[], Inspectors]] = {
    "pool": lambda: InspectorPool(1),
    "local": LocalInspectors,
}
PHOTO = samples.photo_file("png")
ODD = '''
from typing import ClassVar
from validators.criterion import Criterion, Finding

class Odd(Criterion):
    """Breaks its promises."""
    name = "odd"
    version = 1
    example: ClassVar = {"how": "raise"}
    how: str
    def inspect(self, picture):
        if self.how == "raise":
            raise ZeroDivisionError("oops")
        return Finding(True, {"ratio": float("nan")})
'''


def parsed(*items: object) -> tuple[Criterion, ...]:
    done = parse_done(items)
    assert isinstance(done, tuple), done
    return done


DONE = parsed({"dimensions": {"width": 95}}, {"format": {"is": "png"}}, "not_blank")


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def inspectors(request: pytest.FixtureRequest) -> Iterator[Inspectors]:
    with closing(IMPLEMENTATIONS[request.param]()) as opened:
        yield opened


def test_their_verdicts_are_those_of_the_inspection_whatever_the_file_is(
    inspectors: Inspectors,
) -> None:
    async def judged(data: bytes, **options: object) -> tuple[Verdict, ...]:
        return await inspectors.inspect_async(data, DONE, **options)  # type: ignore[arg-type]

    async def compare() -> None:
        for data in (PHOTO, PHOTO[:-3], PHOTO + b"x", b""):
            assert await judged(data) == inspect(data, DONE)
            first = await judged(data, report_all=False)
            assert first == inspect(data, DONE, report_all=False)
        claimed = await judged(PHOTO, claimed_media_type="image/gif")
        assert claimed == inspect(PHOTO, DONE, claimed_media_type="image/gif")
        for limits in (Limits(max_pixels=5), Limits(max_bytes=5)):
            assert await judged(PHOTO, limits=limits) == inspect(PHOTO, DONE, limits=limits)
        known = await judged(PHOTO, sha256="a digest that the caller computed")
        assert known[0].measured["sha256"] == "a digest that the caller computed"

    asyncio.run(compare())


def test_many_files_may_be_given_to_them_at_once_and_from_one_loop_after_another(
    inspectors: Inspectors,
) -> None:
    async def many() -> None:
        files = [PHOTO, PHOTO[:-3]] * 10
        found = await asyncio.gather(*(inspectors.inspect_async(one, DONE) for one in files))
        assert found == [inspect(one, DONE) for one in files]

    asyncio.run(many())
    asyncio.run(many())


def test_what_was_read_from_files_reaches_them_whole_and_verdicts_name_its_digest(
    inspectors: Inspectors,
) -> None:
    (seen,) = parsed({"not_seen_before": {"against": []}})
    phash = str(inspect(PHOTO, [seen])[1].measured["phash"])
    done = parsed({"not_seen_before": {"forbidden": [{"name": "ours.png", "phash": phash}]}})
    _, verdict = asyncio.run(inspectors.inspect_async(PHOTO, done))
    assert (verdict.passed, verdict.measured["nearest"]) == (False, "ours.png")
    assert str(verdict.parameters["forbidden"]).startswith("sha256:")
    assert verdict == inspect(PHOTO, done)[1]


def test_a_criterion_that_breaks_its_promise_is_an_error_and_no_verdict(
    inspectors: Inspectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd.py").write_text(ODD)
    with closing(type(inspectors)()) as own:
        monkeypatch.setattr(criteria, "__path__", [*criteria.__path__, str(tmp_path)])
        odd = importlib.import_module("validators.criteria.odd").Odd
        try:
            with pytest.raises(InspectionFailed, match=r"'odd' failed .* ZeroDivisionError: oops"):
                asyncio.run(own.inspect_async(PHOTO, [odd(how="raise")]))
            with pytest.raises(BrokenCriterion, match="no JSON"):
                asyncio.run(own.inspect_async(PHOTO, [odd(how="nan")]))
        finally:
            del sys.modules["validators.criteria.odd"], criteria.__dict__["odd"]


def test_closed_ones_judge_nothing_and_can_be_closed_again(inspectors: Inspectors) -> None:
    own = type(inspectors)()
    own.close()
    own.close()
    with pytest.raises(InspectorsUnavailable, match="closed"):
        asyncio.run(own.inspect_async(PHOTO, DONE))
