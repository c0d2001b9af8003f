"""The studio: Mintage's own generator, which draws social and campaign cards on this machine.

It needs no network and no account. What a card costs is the processor time that its drawing took,
measured, at the rate of the model card. The same brief gives the same bytes on the same machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from generators.cards import ModelCard
from generators.contract import (
    Absent,
    Brief,
    BuildFailed,
    Built,
    Finding,
    LostBuild,
    MaySend,
    Outcome,
    Quote,
    UsageLine,
    always,
)
from generators.studio_form import StudioParams, read_params

if TYPE_CHECKING:
    from PIL import Image

    from generators.studio_card import Design
    from generators.studio_setting import Setting

SIDE_LEAST_PX, SIDE_MOST_PX = 64, 4096
"""The sides that a card can have."""

PHOTO_BYTES_MAX = 60_000_000

_ENCODER_QUALITY = 92
_NANOSECONDS = Decimal(1_000_000_000)
_SHOWN_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class _Plan:
    """A brief that can be drawn: its design, its set words, its photograph's file."""

    design: Design
    setting: Setting
    photo: Path | None


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What came of one drawing, and the processor time that it took."""

    data: bytes | None
    reason: str
    seconds: Decimal


class StudioGenerator:
    """Draws cards; the headline is the brief's prompt, unless the params give one.

    Args:
        card: the model card, for its prices and bounds.
        photos: the only folder from which the param `photo` is read.
        today: the day (UTC) whose prices are in force.
    """

    def __init__(
        self,
        card: ModelCard,
        photos: Path,
        *,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.card = card
        self._photos = photos
        self._today = today

    @property
    def provider(self) -> str:
        """`studio`."""
        return self.card.provider

    @property
    def model(self) -> str:
        """`cards`."""
        return self.card.model

    def problems(self, brief: Brief) -> list[str]:
        """Say, a sentence each, why this brief cannot be drawn; empty when it can."""
        plan = self._plan(brief)
        return [] if isinstance(plan, _Plan) else plan

    def quote(self, brief: Brief) -> Quote:
        """Price one card: at the very most all the seconds of the model card's bound."""
        return self.card.quote(brief, today=self._today())

    def pixels(self, brief: Brief) -> tuple[int, int]:
        """Return the brief's own size: a card is drawn as large as it is wanted."""
        return brief.width, brief.height

    def request(self, brief: Brief) -> Mapping[str, object]:
        """Return the whole brief as JSON values."""
        return {
            "prompt": brief.prompt,
            "width": brief.width,
            "height": brief.height,
            "format": brief.format,
            "seed": brief.seed,
            "params": dict(brief.params),
        }

    async def build(
        self,
        attempt_id: str,
        brief: Brief,
        created: Callable[[str], Awaitable[None]],
        may_send: MaySend = always,
    ) -> Outcome:
        """Draw the card in a thread.

        A drawing is never interrupted: one that takes longer than the card's bound is reported, and
        charged, with the time that it really took.
        """
        # Nothing outlives this process that a reference could find again, and nothing is sent.
        del created, may_send
        drawn = await asyncio.to_thread(self._timed, brief)
        reference = f"studio-{attempt_id}"
        if drawn.data is None:
            return BuildFailed(drawn.reason, retryable=False, provider_ref=reference)
        return Built(drawn.data, f"image/{brief.format}", self._usage(brief, drawn), reference)

    async def find(
        self, lost: Sequence[LostBuild], known_refs: Collection[str]
    ) -> Mapping[str, Finding]:
        """Find nothing: what a process drew and did not hand over is gone with it, and free."""
        del known_refs  # There is no record to compare with them.
        return {build.attempt_id: Absent() for build in lost}

    def stop(self) -> None:
        """Do nothing: a drawing takes less than a second, and what is begun is finished."""

    async def aclose(self) -> None:
        """Let go of nothing: the studio holds no connections."""

    def _usage(self, brief: Brief, drawn: _Drawn) -> tuple[UsageLine, ...]:
        return self.card.usage({"cpu_seconds": drawn.seconds}, brief, today=self._today())

    def _timed(self, brief: Brief) -> _Drawn:
        """Draw in the calling thread and measure the processor time of that thread alone."""
        start = time.thread_time_ns()
        outcome = self._draw(brief)
        seconds = Decimal(time.thread_time_ns() - start) / _NANOSECONDS
        if isinstance(outcome, str):
            return _Drawn(None, outcome, seconds)
        return _Drawn(outcome, "", seconds)

    def _draw(self, brief: Brief) -> bytes | str:
        """Return the card's bytes, or the sentences that say why there are none."""
        from generators.finishing import encoder_options
        from generators.studio_card import compose, draw_words

        plan = self._plan(brief)
        if not isinstance(plan, _Plan):
            return " ".join(plan)
        photo = self._photograph(plan.photo) if plan.photo is not None else None
        if isinstance(photo, str):
            return photo
        picture = draw_words(compose(plan.design, plan.setting, photo))
        out = BytesIO()
        picture.save(out, brief.format.upper(), **encoder_options(brief.format, _ENCODER_QUALITY))
        return out.getvalue()

    def _plan(self, brief: Brief) -> _Plan | list[str]:
        """Turn a brief into a design with set words, or into all its problems."""
        found = _outer_problems(brief)
        params = read_params(brief.params)
        if isinstance(params, list):
            return found + params
        photo = None if params.photo is None else self._photo_file(params.photo)
        if isinstance(photo, str):
            found.append(photo)
        found += _text_problems(brief, params)
        if found or isinstance(photo, str):
            return found
        design = _design(brief, params)
        from generators.studio_card import setting_of

        setting = setting_of(design)
        if setting is None:
            size = f"{brief.width}x{brief.height}"
            return [f"The words do not fit a {size} card legibly; shorten them or enlarge it."]
        return _Plan(design, setting, photo)

    def _photo_file(self, name: str) -> Path | str:
        """Find a photograph inside the studio's folder; a sentence when it is not there."""
        folder = self._photos.resolve()
        try:
            file = (folder / name).resolve()
            if not file.is_relative_to(folder):
                return f"The photo {name!r} is outside the studio's folder of photographs."
            if not file.is_file():
                return f"There is no photo {name!r} in {self._photos}."
            if file.stat().st_size > PHOTO_BYTES_MAX:
                return f"The photo {name!r} is larger than {PHOTO_BYTES_MAX // 1_000_000} MB."
        except (OSError, ValueError) as error:
            return f"The photo {name!r} cannot be read: {error}."
        return file

    def _photograph(self, file: Path) -> Image.Image | str:
        from generators.finishing import decoded

        try:
            picture = decoded(file.read_bytes())
        except OSError as error:
            return f"The photo {file.name!r} cannot be read: {error}."
        if picture is None:
            return f"The photo {file.name!r} is not a sound PNG, JPEG, WebP or AVIF picture."
        return picture


def _outer_problems(brief: Brief) -> list[str]:
    found = []
    if not all(SIDE_LEAST_PX <= side <= SIDE_MOST_PX for side in (brief.width, brief.height)):
        found.append(
            f"A card is {SIDE_LEAST_PX} to {SIDE_MOST_PX} px wide and high, "
            f"not {brief.width}x{brief.height}."
        )
    if brief.format not in {"png", "jpeg", "webp", "avif"}:
        found.append(f"The format {brief.format!r} is not one of png, jpeg, webp, avif.")
    return found


def _text_problems(brief: Brief, params: StudioParams) -> list[str]:
    from generators.studio_type import tidy, undrawable

    headline = brief.prompt if params.headline is None else params.headline
    found = []
    if not tidy(headline):
        found.append("The headline is empty; give a prompt or the param headline.")
    texts = {"headline": headline, "subline": params.subline, "cta": params.cta}
    for name, text in {**texts, "brand": params.brand}.items():
        lacking = undrawable(text)
        if lacking:
            shown = ", ".join(_shown(letter) for letter in lacking[:_SHOWN_CHARACTERS])
            found.append(f"The studio's typeface cannot draw {shown} in the {name}; leave it out.")
    return found


def _shown(letter: str) -> str:
    code = f"U+{ord(letter):04X}"
    return f"{letter} ({code})" if letter.isprintable() else code


def _design(brief: Brief, params: StudioParams) -> Design:
    from generators.studio_card import Design
    from generators.studio_setting import Words

    return Design(
        size=(brief.width, brief.height),
        layout=params.chosen_layout(brief.seed),
        palette=params.chosen_palette(brief.seed),
        words=Words(
            headline=brief.prompt if params.headline is None else params.headline,
            subline=params.subline,
            cta=params.cta,
            brand=params.brand,
            along=params.align,
        ),
        seed=brief.seed,
    )
