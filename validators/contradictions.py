"""Rules of one definition of done that no file can keep together."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Final

from validators.criterion import Criterion
from validators.done import Problem

_SHOWN: Final = 80
_WANTED: Final = "rules that one file can keep together"


def contradictions(criteria: Sequence[Criterion]) -> list[Problem]:
    """Return a problem for every two criteria that rule each other out, at the later of the two.

    One that only warns refuses no file, and so rules nothing out.
    """
    problems = []
    for (_, one), (index, other) in itertools.combinations(enumerate(criteria), 2):
        if "warn" in {one.severity, other.severity}:
            continue
        why = one.contradicts_other(other) or other.contradicts_other(one)
        if why:
            found = f"{_shown(other)} beside {_shown(one)}: {why}"
            problems.append(Problem(index, (other.name,), found, _WANTED))
    return problems


def _shown(criterion: Criterion) -> str:
    given = criterion.model_dump(mode="json", by_alias=True, exclude_unset=True)
    # What was read from files would fill the sentence with their bytes.
    given |= dict.fromkeys(given.keys() & criterion.reading().keys(), "…")
    text = json.dumps(given, ensure_ascii=False)
    return f"{criterion.name} {text if len(text) <= _SHOWN else f'{text[: _SHOWN - 1]}…'}"
