"""Reads filled `done:` lists into criteria, each distinct one once, and compares them with outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flows.briefs import canonical_json
from flows.order_form import show
from flows.problems import FieldPath
from generators import Output
from validators import Criterion, Problem, contradictions, parse_done

Report = Callable[[FieldPath, str, str], None]
"""Takes a problem: the field, what was found, what is wanted."""

Fault = tuple[FieldPath, str, str]

DONE_PATH: FieldPath = ("done",)

_MEETABLE = "what `output` makes, or no file could ever pass"


def read_done(done: object) -> tuple[Criterion, ...] | list[Fault]:
    """Read a `done:` list that has no placeholders; give the criteria, or each problem with them."""
    if not isinstance(done, list):
        return [(DONE_PATH, show(done), "a list of criteria")]
    read = parse_done(done)
    if isinstance(read, tuple):
        missing: list[Fault] = [
            (
                (*DONE_PATH, index, one.name),
                f"a criterion that needs {', '.join(one.missing())}, which is not installed",
                f'this first: pip install "mintage[{one.extra}]"',
            )
            for index, one in enumerate(read)
            if one.missing()
        ]
        return missing or _faults(contradictions(read)) or read
    return _faults(read)


def _faults(problems: list[Problem]) -> list[Fault]:
    return [
        ((*DONE_PATH, problem.index, *problem.path), problem.found, problem.wanted)
        for problem in problems
    ]


@dataclass(slots=True)
class DoneReader:
    """Reads the definitions of done of one order's jobs. Holds what was read already.

    `place` is where the list stands in a file whose list is not `done` at its top: `("output", 1)`.
    """

    _dones: dict[str, tuple[Criterion, ...] | list[Fault]] = field(default_factory=dict)
    _recorded: dict[str, tuple[Criterion, ...]] = field(default_factory=dict)
    _compared: dict[tuple[int, int], list[Fault]] = field(default_factory=dict)

    def criteria(
        self, done: object, report: Report, place: FieldPath = ()
    ) -> tuple[Criterion, ...] | None:
        """Read a filled `done:` list; None after any problem was reported."""
        key = canonical_json(done)
        known = self._dones.get(key)
        if known is None:
            known = self._dones[key] = read_done(done)
        if isinstance(known, list):
            for path, found, wanted in known:
                report((*place, *path), found, wanted)
            return None
        return known

    def recorded(self, done: object) -> tuple[Criterion, ...]:
        """Read a filled `done:` list of an order in the books, which was checked when it was planned.

        Rules that a newer Mintage would refuse together are asked as they were agreed on.
        """
        key = canonical_json(done)
        known = self._recorded.get(key)
        if known is None:
            read = parse_done(done if isinstance(done, Sequence) else [])
            assert isinstance(read, tuple), read  # noqa: S101  the order was planned with these very criteria
            known = self._recorded[key] = read
        return known

    def compare(
        self,
        output: Output,
        criteria: tuple[Criterion, ...],
        report: Report,
        place: FieldPath = (),
    ) -> None:
        """Report each criterion that no file of this output could ever pass."""
        # Both were read once for each distinct filling and are kept, so their ids stand for them.
        key = (id(output), id(criteria))
        known = self._compared.get(key)
        if known is None:
            known = self._compared[key] = [
                ((*DONE_PATH, index, criterion.name), found, _MEETABLE)
                for index, criterion in enumerate(criteria)
                if (
                    found := criterion.contradicts(
                        width=output.width, height=output.height, format_=output.format
                    )
                    or criterion.contradicts_encoding(format_=output.format, quality=output.quality)
                )
            ]
        for path, found, wanted in known:
            report((*place, *path), found, wanted)
