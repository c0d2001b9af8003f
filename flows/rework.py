"""What another attempt is told that the first one was not, and why: rework with reasons.

Everything is taken from the books' verdicts on earlier attempts, so that it is the same on every
machine and after a kill. Of a rule that was broken, a generator learns the one word for what to
leave out, and nothing else: no number, no parameter and no reason of a criterion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flows.briefs import canonical_json
from flows.order_form import PROMPT_CHARS_MAX
from flows.order_run import OrderRun
from generators import Brief, Steerable
from ledger import JobView, ReviewDecision, ReviewView, VerdictRecord

_WORDS = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+)*")
"""What may stand for a thing in a brief: words; a number could only come from a criterion."""

_WORDS_CHARS_MAX = 60
_AVOIDED_MAX = 10


@dataclass(frozen=True, slots=True)
class Changes:
    """What was changed about one attempt's brief, beside its seed, and because of what."""

    because: tuple[str, ...]
    """Which attempt failed which rule, or who rejected it: `attempt 1: text`."""
    avoid: tuple[str, ...] = ()
    """What the model was asked to leave out, as far as it could be told."""
    prompt: str | None = None
    """The prompt that was sent, where it is another one than the job's."""
    params: Mapping[str, object] = field(default_factory=dict)
    """Parameters that were sent in place of the job's."""

    def to_json(self) -> str:
        """Write it for the books."""
        return canonical_json(self.told())

    def told(self) -> dict[str, object]:
        """Give it as JSON values, as books, receipts and `mintage trace` have it."""
        found: dict[str, object] = {"because": list(self.because), "new_seed": True}
        if self.avoid:
            found["avoid"] = list(self.avoid)
        if self.prompt is not None:
            found["prompt"] = self.prompt
        if self.params:
            found["params"] = dict(self.params)
        return found

    @classmethod
    def from_json(cls, text: str | None) -> Changes | None:
        """Read it from the books; None where nothing was changed."""
        if text is None:
            return None
        data: dict[str, Any] = json.loads(text)
        return cls(
            because=tuple(data["because"]),
            avoid=tuple(data.get("avoid", ())),
            prompt=data.get("prompt"),
            params=data.get("params", {}),
        )

    def sentence(self) -> str:
        """Say it as people read it."""
        said = ["a new seed", *(f"without {thing}" for thing in self.avoid)]
        return f"{', '.join(said)}; because of {', '.join(self.because)}"


async def reworked(run: OrderRun, view: JobView, brief: Brief) -> tuple[Brief, Changes | None]:
    """Change an attempt's brief after what failed before; nothing where nothing was judged."""
    if not view.last_number:
        return brief, None
    job_id = view.job_id
    blocked, reviews = await run.keeper.run(
        lambda books: (books.that_blocked(job_id), books.reviews([job_id]).get(job_id, ()))
    )
    rejected = [one for one in reviews if one.decision is ReviewDecision.REJECTED]
    if not blocked and not rejected:
        return brief, None
    words = avoided(blocked, rejected)
    told = brief
    if words and isinstance(run.generator, Steerable):
        asked = run.generator.avoiding(brief, words, chars_max=PROMPT_CHARS_MAX)
        # Whatever was added, it must not be what stops the attempt.
        told = brief if run.generator.problems(asked) else asked
    changes = Changes(
        because=(
            *(f"attempt {number}: {verdict.criterion}" for number, verdict in blocked),
            *(f"rejected by {one.by}" for one in rejected),
        ),
        avoid=tuple(word for word in words if told != brief and word in _said(told)),
        prompt=told.prompt if told.prompt != brief.prompt else None,
        params={
            name: value for name, value in told.params.items() if brief.params.get(name) != value
        },
    )
    return replace(told, seed=brief.seed), changes


def _said(brief: Brief) -> str:
    return f"{brief.prompt}\n{canonical_json(dict(brief.params))}"


def avoided(
    blocked: Sequence[tuple[int, VerdictRecord]], rejected: Sequence[ReviewView]
) -> tuple[str, ...]:
    """Give the words for what earlier attempts should not have shown, those of rules first."""
    remedies = [verdict.remedy_json for _, verdict in blocked]
    remedies += [one.remedy_json for one in rejected]
    words = dict.fromkeys(word for remedy in remedies if (word := _word(remedy)) is not None)
    return tuple(words)[:_AVOIDED_MAX]


def _word(remedy_json: str | None) -> str | None:
    remedy = None if remedy_json is None else json.loads(remedy_json)
    if not isinstance(remedy, dict) or remedy.get("kind") != "avoid":
        return None
    what = remedy.get("what")
    return what if isinstance(what, str) and avoidable(what) else None


def avoidable(what: str) -> bool:
    """Whether a generator can be told to leave this out: a thing in a few words."""
    return len(what) <= _WORDS_CHARS_MAX and _WORDS.fullmatch(what) is not None
