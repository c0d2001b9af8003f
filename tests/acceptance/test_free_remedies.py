"""Rework with reasons: what a crop or a new encoding cures costs nothing, and what does not is told why.

Real pictures from the loopback provider's shelf, real books and store, and inspectors that count.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from loopback.faults import Fault
from loopback.server import LoopbackProvider
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import SecretStr
from unit.validators.sample_pictures import photograph

from console.job_story import print_story, story_json
from flows import House, InlineEngine, RunReport, Settings, run_plan
from ledger import AttemptStory, Books, JobState, JobStory, MendKind, VerdictRecord
from validators import Criterion, LocalInspectors, Verdict

# They share what one fixture makes once.
pytestmark = pytest.mark.xdist_group("free_remedies")

SIDE = 256
IMAGE_NANO = 3_000_000
"""What one image of flux-schnell costs."""

DONE: list[dict[str, Any]] = [
    {"dimensions": {"width": SIDE, "height": SIDE}},
    {"format": {"is": "png"}},
    {"no_metadata": {}},
    {"transparency": {"is": "forbidden"}},
    {"borders": {}},
    {"qr_code": {"absent": True}},
]


def a_picture(seed: int) -> Image.Image:
    return photograph(SIDE, SIDE, seed)


def framed(seed: int) -> Image.Image:
    made = Image.new("RGB", (SIDE, SIDE), (0, 0, 0))
    made.paste(photograph(SIDE, SIDE - 64, seed), (0, 32))
    return made


def coded(seed: int) -> Image.Image:
    import cv2

    made = a_picture(seed).copy()
    code = Image.fromarray(cv2.QRCodeEncoder.create().encode("https://acme.example"))
    side = code.width * 4
    made.paste(code.resize((side, side), Image.Resampling.NEAREST), (40, 40))
    return made


def see_through(seed: int) -> Image.Image:
    made = framed(seed).convert("RGBA")
    made.putpixel((SIDE // 2, SIDE // 2), (255, 255, 255, 0))
    return made


def put(shelf: Path, words: str, *pictures: Image.Image, **options: Any) -> None:  # noqa: ANN401  Pillow's own
    """Lay down what the provider gives out for a prompt that has these words, try by try."""
    folder = shelf / words
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures, 1):
        out = BytesIO()
        picture.save(out, "PNG", **options)
        (folder / f"{number}.png").write_bytes(out.getvalue())


class CountingInspectors(LocalInspectors):
    """Write down what they are asked of which bytes."""

    def __init__(self, asked: list[tuple[str, str]]) -> None:
        super().__init__()
        self._asked = asked

    async def inspect_async(
        self,
        data: bytes,
        criteria: Sequence[Criterion],
        **named: Any,  # noqa: ANN401  the real one takes more
    ) -> tuple[Verdict, ...]:
        """Judge one file."""
        self._asked.extend((str(named["sha256"]), one.name) for one in criteria)
        return await super().inspect_async(data, criteria, **named)


@dataclass(frozen=True)
class CountingHouse(House):
    """A house whose inspectors say what they were asked, over all its runs."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    def inspectors(self, *, with_models: bool = False) -> LocalInspectors:
        """Open the inspectors of one run."""
        del with_models
        return CountingInspectors(self.asked)


@dataclass(frozen=True, slots=True)
class Shop:
    """One run of the order, and all that can be looked at afterwards."""

    house: CountingHouse
    books: Books
    provider: LoopbackProvider
    folder: Path
    report: RunReport

    def story(self, what: str) -> JobStory:
        """One job's story, by what it shows."""
        found = self.books.story(f"{self.report.order_id}#{what}")
        assert found is not None
        return found

    def prompts(self, what: str) -> list[str]:
        """The prompts of the provider's runs for one job, in their order."""
        seen = [str(one.input["prompt"]) for one in self.provider.predictions()]
        return [prompt for prompt in seen if what in prompt]


def run(house: CountingHouse, books: Books, folder: Path, slug: str, what: list[str]) -> RunReport:
    order = {
        "order": slug,
        "title": "Winter mugs",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "winter-2026",
        "budget": {"cap": "1.00", "per_job": "0.02", "attempts": 3},
        "generator": {"provider": "replicate", "model": "black-forest-labs/flux-schnell"},
        "brief": {"prompt": "A {what} mug"},
        "matrix": {"what": what},
        "output": {"width": SIDE, "height": SIDE, "format": "png", "name": "{what}"},
        "done": DONE,
        # A label names its job: with one inside, no two jobs' files are the same bytes.
        "label": {"embed": False},
        "concurrency": 4,
    }
    path = folder / f"{slug}.yaml"
    path.write_text(yaml.safe_dump(order), encoding="utf-8")
    return asyncio.run(run_plan(house, books, house.plan(path), None, InlineEngine()))


WHAT = ["plain", "framed", "tagged", "glass", "coded", "hopeless"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("remedies")
    shelf = folder / "shelf"
    tags = PngInfo()
    tags.add_text("Comment", "made by somebody")
    put(shelf, "plain mug", a_picture(1))
    put(shelf, "framed mug", framed(2))
    put(shelf, "tagged mug", a_picture(3), pnginfo=tags)
    put(shelf, "glass mug", see_through(4))
    put(shelf, "coded mug", coded(5), a_picture(6))
    put(shelf, "hopeless mug", coded(7), coded(8), coded(9))
    with LoopbackProvider(shelf=str(shelf)) as provider:
        # The answer to the attempt with the changed prompt is lost: it is found by its exact input.
        provider.add_faults(Fault("cut_after_create", prompt="coded mug, without", times=1))
        house = CountingHouse(
            Settings(
                database_url=f"sqlite:///{folder}/ledger.db",
                store_url=f"file:{folder}/store",
                replicate_api_token=SecretStr(provider.token),
                replicate_base_url=provider.base_url,
                prefect_api_url=None,
                absent_after_s=0,
                settle_timeout_s=10,
            )
        )
        with house.books() as books:
            yield Shop(house, books, provider, folder, run(house, books, folder, "mugs", WHAT))


def broken(verdicts: Sequence[VerdictRecord]) -> list[str]:
    return [one.criterion for one in verdicts if not one.passed]


def only_attempt(shop: Shop, what: str) -> AttemptStory:
    """The single attempt of a job that was released, paid for once."""
    story = shop.story(what)
    assert story.job.state is JobState.RELEASED, story.job.reason
    assert story.job.spent_nano == IMAGE_NANO
    (attempt,) = story.attempts
    assert attempt.changes_json is None
    return attempt


def test_bars_are_cut_off_for_nothing_and_the_cost_report_names_what_was_released(
    shop: Shop,
) -> None:
    attempt = only_attempt(shop, "framed")
    (mend,) = attempt.mends
    assert (mend.kind, broken(mend.verdicts)) == (MendKind.RECROP, ["borders"])
    assert (mend.to_sha256, broken(attempt.verdicts)) == (attempt.sha256, [])
    job_id = shop.story("framed").job.job_id
    (charge,) = (one for one in shop.books.charges() if one.job_id == job_id)
    assert charge.asset_sha256 == mend.to_sha256
    released = shop.books.released_one(job_id)
    assert released is not None
    assert (released.sha256, released.width, released.height) == (mend.to_sha256, SIDE, SIDE)
    data = shop.house.store().get(released.release_key)
    corner = Image.open(BytesIO(data)).convert("RGB").crop((0, 0, SIDE, 1))
    assert len(corner.getcolors(SIDE) or ()) > 20


def test_metadata_is_written_away_and_glass_is_cropped_and_then_put_on_white(shop: Shop) -> None:
    tagged = only_attempt(shop, "tagged")
    assert [one.kind for one in tagged.mends] == [MendKind.REENCODE]
    glass = only_attempt(shop, "glass")
    assert [one.kind for one in glass.mends] == [MendKind.RECROP, MendKind.FLATTEN]
    assert [broken(one.verdicts) for one in glass.mends] == [["borders"], ["transparency"]]
    assert glass.mends[0].to_sha256 == glass.mends[1].from_sha256
    assert only_attempt(shop, "plain").mends == ()


def test_a_receipt_has_the_mends_and_the_verdicts_on_the_released_bytes_alone(shop: Shop) -> None:
    released = shop.books.released_one(shop.story("glass").job.job_id)
    assert released is not None
    receipt = json.loads(shop.house.store().get(released.receipt_key))
    assert [one["kind"] for one in receipt["mended"]] == ["recrop", "flatten"]
    assert receipt["mended"][-1]["to_sha256"] == receipt["asset"]["sha256"] == released.sha256
    assert all(one["passed"] for one in receipt["verified_by"])
    assert len(receipt["verified_by"]) == 1 + len(DONE)


def test_what_must_not_be_seen_is_told_to_the_next_attempt_in_one_word(shop: Shop) -> None:
    story = shop.story("coded")
    assert story.job.state is JobState.RELEASED, story.job.reason
    assert [broken(attempt.verdicts) for attempt in story.attempts] == [["qr_code"], []]
    assert shop.prompts("coded") == ["A coded mug", "A coded mug, without QR codes"]
    first, second = story.attempts
    assert first.changes_json is None
    assert json.loads(str(second.changes_json)) == {
        "avoid": ["QR codes"],
        "because": ["attempt 1: qr_code"],
        "new_seed": True,
        "prompt": "A coded mug, without QR codes",
    }
    assert story.release is not None
    receipt = json.loads(shop.house.store().get(story.release.receipt_key))
    assert receipt["brief"]["prompt"] == "A coded mug, without QR codes"
    assert receipt["brief"]["changed"]["avoid"] == ["QR codes"]
    assert shop.report.manifest is not None
    manifest = json.loads(Path(shop.report.manifest.removeprefix("file://")).read_bytes())
    prompts = {one["job_id"].partition("#")[2]: one["prompt"] for one in manifest["assets"]}
    assert (prompts["coded"], prompts["plain"]) == (receipt["brief"]["prompt"], "A plain mug")


def test_a_lost_attempt_with_a_changed_prompt_is_found_and_paid_for_once(shop: Shop) -> None:
    assert shop.provider.counters().created == 4 + 2 + 3
    assert shop.report.spent_nano == 9 * IMAGE_NANO
    assert (shop.report.released, shop.report.rejected, shop.report.unknown) == (5, 1, 0)
    assert shop.books.verify().problem is None


def test_what_helps_nothing_is_said_once_and_the_job_is_rejected_in_the_end(shop: Shop) -> None:
    story = shop.story("hopeless")
    assert story.job.state is JobState.REJECTED
    assert [broken(attempt.verdicts) for attempt in story.attempts] == [["qr_code"]] * 3
    assert shop.prompts("hopeless")[1:] == ["A hopeless mug, without QR codes"] * 2
    assert len({attempt.seed for attempt in story.attempts}) == 3


def test_nothing_of_a_rule_reaches_the_provider(shop: Shop) -> None:
    sent = json.dumps([one.input for one in shop.provider.predictions()])
    for word in ("borders", "qr_code", "no_metadata", "transparency", "None is wanted", "max_"):
        assert word not in sent


def test_a_job_s_story_tells_of_mends_and_of_what_was_changed(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    print_story(shop.story("glass"))
    print_story(shop.story("coded"))
    told = " ".join(capsys.readouterr().out.split())
    assert told.index("borders v1: FAILED") < told.index("transparency v2: FAILED")
    assert told.index("transparency v2: FAILED") < told.index("transparency v2: passed")
    assert "“A coded mug, without QR codes”" in told
    glass = json.loads(json.dumps(story_json(shop.story("glass"))))
    assert [one["kind"] for one in glass["attempts"][0]["mends"]] == ["recrop", "flatten"]


def test_the_same_bytes_are_not_judged_again_in_another_order(shop: Shop) -> None:
    assert len(shop.house.asked) == len(set(shop.house.asked)) > 0
    before = len(shop.house.asked)
    report = run(shop.house, shop.books, shop.folder, "again", ["plain", "framed"])
    assert (report.released, report.attempts) == (2, 2)
    assert shop.house.asked[before:] == []
    framed_again = shop.books.story(f"{report.order_id}#framed")
    assert framed_again is not None
    (attempt,) = framed_again.attempts
    assert [one.kind for one in attempt.mends] == [MendKind.RECROP]
    assert broken(attempt.verdicts) == []
    assert shop.books.verify().problem is None
