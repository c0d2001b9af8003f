"""Turns one row of an order into one job, or says what is wrong with it.

The forms of output and criteria are asked once for each distinct filling, not once for each job:
an order of 100,000 jobs has a handful of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from flows.brand_kits import ForbiddenWords
from flows.briefs import JobBrief
from flows.done_reading import DoneReader, Fault, Report
from flows.label_text import LabelMaker
from flows.order_form import PROMPT_CHARS_MAX, PROMPT_WANTED, OrderForm, show
from flows.output_plan import BOUND_WANTED, OutputPlanner
from flows.placeholders import Unbound, Variables, fill, fill_words, has_placeholder
from flows.problems import FieldPath
from flows.renditions_form import DONE, renditions_of
from validators import Criterion, registered

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job as planned: where it stands in the order, its name, its brief."""

    position: int
    name: str
    brief: JobBrief


@dataclass(slots=True)
class JobPlanner:
    """Makes jobs of one order. Holds what was already judged, so that it is not judged again."""

    form: OrderForm
    forbidden: ForbiddenWords = field(default_factory=lambda: ForbiddenWords(()))
    """What the brand keeps out of prompts; asked when an order is planned, not again when it runs."""
    dones: DoneReader = field(default_factory=DoneReader)
    outputs: OutputPlanner = field(init=False)
    labels: LabelMaker = field(init=False)

    def __post_init__(self) -> None:
        self.outputs = OutputPlanner(self.form, self.dones)
        self.labels = LabelMaker(self.form)

    def problems(self, job_count: int) -> Iterator[Fault]:
        """List what is wrong with the order's outputs and label, whatever its rows are."""
        yield from self.outputs.problems(job_count)
        yield from self.labels.problems()

    def job(self, position: int, row: Variables, report: Report) -> PlannedJob | None:
        """Fill one row in. Every problem of the row is reported; None after any of them."""
        faults = 0

        def counted(path: FieldPath, found: str, wanted: str) -> None:
            nonlocal faults
            faults += 1
            report(path, found, wanted)

        planned = self.draft(position, row, counted)
        return None if faults else planned

    def draft(self, position: int, row: Variables, report: Report) -> PlannedJob | None:
        """Fill one row in as far as it can be: what is reported is patched, so that the rest can be judged.

        None when there is no output or no params to speak of; a job whose name is wrong has none.
        """
        form = self.form

        def filled(path: FieldPath, value: T, fill_in: Callable[[T, Variables], R]) -> R | None:
            try:
                return fill_in(value, row)
            except Unbound as unbound:
                for inside, found in unbound.faults:
                    report((*path, *inside), found, BOUND_WANTED)
                return None

        prompt = filled(("brief", "prompt"), form.brief.prompt, fill_words)
        if prompt is not None and not 0 < len(prompt.strip()) <= PROMPT_CHARS_MAX:
            report(("brief", "prompt"), show(prompt), PROMPT_WANTED)
            prompt = None
        word = None if prompt is None else self.forbidden.first_in(prompt)
        if word is not None:
            report(
                ("brief", "prompt"),
                show(prompt),
                f"a prompt without {show(word)}, which the brand {form.brand} forbids",
            )
        params = filled(("generator", "params"), form.generator.params, fill)
        output = self.outputs.master(row, report)
        done = filled(("done",), form.done, fill)
        criteria = None if done is None else self.dones.criteria(done, report)
        if output is not None and criteria is not None:
            self.dones.compare(output, criteria, report)
        name = self.outputs.name(row, report)
        renditions = self.outputs.renditions(name, row, output, report)
        label = self.labels.make(
            name or "?", row, params if isinstance(params, dict) else {}, report
        )
        if output is None or not isinstance(params, dict):
            return None
        return PlannedJob(
            position,
            name or "",
            JobBrief(
                prompt=prompt or "?",
                width=output.width,
                height=output.height,
                format=output.format,
                quality=output.quality,
                upscale_max=Decimal(output.upscale_max),
                params=params,
                variables=row if has_placeholder(form.done) else {},
                progressive=output.progressive,
                label=label,
                renditions=renditions,
            ),
        )

    def recorded_criteria(self, done: object) -> tuple[Criterion, ...]:
        """Read a filled `done:` list of an order in the books; see `DoneReader.recorded`."""
        return self.dones.recorded(done)


def what_is_missing(form: OrderForm) -> str | None:
    """Say in a sentence which libraries an order of the books needs and this machine lacks, if any."""
    for criterion in _asked_for(form):
        if criterion.missing():
            return (
                f"The rule {criterion.name} needs {', '.join(criterion.missing())}, which is not "
                f'installed here: pip install "mintage[{criterion.extra}]", then resume.'
            )
    return None


def needs_models(form: OrderForm) -> bool:
    """Whether any of an order's criteria needs an extra, and so loads models."""
    return any(criterion.extra is not None for criterion in _asked_for(form))


def _asked_for(form: OrderForm) -> list[type[Criterion]]:
    """The criteria that an order names for any of its files, known ones only, in its order."""
    known = registered()
    names = names_in_done(form.done)
    for entry in renditions_of(form.output):
        done = entry.get(DONE)
        names += names_in_done(done) if isinstance(done, list) else []
    return [known[name] for name in names if name in known]


def names_in_done(done: Sequence[object]) -> list[str]:
    """Every criterion's name as the order writes it, whether anybody knows it or not."""
    return [str(next(iter(item), "")) if isinstance(item, Mapping) else str(item) for item in done]
