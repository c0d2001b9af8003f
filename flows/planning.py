"""Plans an order: reads it, lists all that is wrong with it at once, prices it, and names its jobs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from flows.brand_kits import ForbiddenWords
from flows.briefs import canonical_json
from flows.errors import BadOrder
from flows.item_rows import Rows
from flows.job_plan import JobPlanner, PlannedJob, names_in_done
from flows.job_survey import Findings, Survey, row_bytes, too_many
from flows.label_form import in_order
from flows.order_form import OrderForm, show
from flows.order_parsing import Unreadable, parse_order
from flows.order_sources import Sources, read_sources
from flows.order_text import as_written, read_order_text
from flows.problems import FieldPath, Places
from flows.renditions_form import renditions_of
from generators import Appraiser
from ledger import OrderRecord, hold_nano

EDITION_DIGITS = 10


class AppraiserFinder(Protocol):
    """Finds the appraiser of a model, or says in a sentence why there is none."""

    def __call__(self, provider: str, model: str) -> Appraiser | str:
        """Look it up by the order's words."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An order that can be run: its form, what it comes to, and where its jobs come from.

    `attempt_costs` counts the jobs at each (dearest, expected) price of one attempt, in USD.
    """

    form: OrderForm
    places: Places
    job_count: int
    attempt_costs: dict[tuple[Decimal, Decimal], int]
    spec_json: str
    spec_sha256: str
    rows_sha256: str
    notices: tuple[str, ...] = ()
    """What is no problem and worth knowing, each a sentence without its full stop."""

    @property
    def file_count(self) -> int:
        """How many files are released when every job is: each master and its renditions."""
        return self.job_count * (1 + len(renditions_of(self.form.output)))

    def order_id(self, edition: str | None = None) -> str:
        """Give the order's id: its slug and its edition, which is the content's unless a date is given."""
        return f"{self.form.order}@{edition or self.spec_sha256[:EDITION_DIGITS]}"

    def record(self, edition: str | None = None) -> OrderRecord:
        """Make the order's record for the books."""
        form = self.form
        return OrderRecord(
            order_id=self.order_id(edition),
            slug=form.order,
            edition=edition or self.spec_sha256[:EDITION_DIGITS],
            title=form.title,
            owner=form.owner,
            cost_center=form.cost_center,
            campaign=form.campaign,
            provider=form.generator.provider,
            model=form.generator.model,
            cap_nano=hold_nano(form.budget.cap),
            per_job_nano=hold_nano(form.budget.per_job),
            attempts_max=form.budget.attempts,
            job_count=self.job_count,
            spec_sha256=self.spec_sha256,
            spec_json=self.spec_json,
        )

    def jobs(self) -> Iterator[PlannedJob]:
        """Give every job in order, from the rows read once more.

        Raises:
            BadOrder: the items file was changed since the order was planned.
        """
        # Asked first as well, so that rows which were never judged are not even looked at.
        self._must_be_unchanged(_rows_sha256(self.form, self.places))
        digest = hashlib.sha256()
        planner = JobPlanner(self.form)
        position = 0
        for row, _ in Rows(self.form, self.places).rows([]):
            digest.update(row_bytes(row))
            for variant in range(1, self.form.variants + 1):
                job = planner.job(position, {**row, "variant": variant}, self._changed)
                if job is not None:
                    yield job
                position += 1
        self._must_be_unchanged(digest.hexdigest())

    def _must_be_unchanged(self, rows_sha256: str) -> None:
        if self.form.items is not None and rows_sha256 != self.rows_sha256:
            self._changed(("items",), "rows that changed meanwhile", "the rows that were planned")

    def _changed(self, path: FieldPath, found: str, wanted: str) -> None:
        raise BadOrder(self.places.file, [self.places.problem(path, found, wanted)])


def _rows_sha256(form: OrderForm, places: Places) -> str:
    digest = hashlib.sha256()
    if form.items is not None:
        for row, _ in Rows(form, places).rows([]):
            digest.update(row_bytes(row))
    return digest.hexdigest()


def plan_order(path: Path, find_appraiser: AppraiserFinder, *, jobs_max: int) -> Plan:
    """Read and plan one order.

    `jobs_max` bounds jobs times attempts.

    Raises:
        BadOrder: with every problem that was found, each with its line.
    """
    data, places = read_order_text(path)
    sources = read_sources(data, places)
    parsed = parse_order(sources.data, places)
    problems = list(sources.problems)
    if isinstance(parsed, Unreadable):
        problems += parsed.problems
    form = parsed.mended if isinstance(parsed, Unreadable) else parsed
    if not problems and form is not None:
        return _plan(form, places, sources, find_appraiser, jobs_max)
    # The rest of the order is judged as well, so that all of its problems are listed at once.
    if form is not None:
        try:
            _plan(form, places, sources, find_appraiser, jobs_max)
        except BadOrder as bad:
            problems += [
                one
                for one in bad.problems
                if not sources.covers(one.field)
                and not (isinstance(parsed, Unreadable) and parsed.covers(one.field))
            ]
    problems.sort(key=lambda problem: (problem.file, problem.line or 0, problem.field))
    raise BadOrder(places.file, problems)


def _plan(
    form: OrderForm,
    places: Places,
    sources: Sources,
    find_appraiser: AppraiserFinder,
    jobs_max: int,
) -> Plan:
    form = sources.stamped(form)
    findings = Findings(places)
    rows = Rows(form, places)
    row_problems = rows.problems()
    findings.listed += row_problems
    found = find_appraiser(form.generator.provider, form.generator.model)
    if isinstance(found, str):
        generator = form.generator
        findings.add(
            ("generator", "model"),
            f"{show(generator.model)} of {show(generator.provider)}",
            f"a model that `mintage models` lists ({found.rstrip('.')})",
        )
    _check_done_names(form, findings)
    known_count = rows.count_without_reading()
    over = known_count is not None and known_count * form.budget.attempts > jobs_max
    if over:
        too_many(known_count or 0, form, findings, jobs_max)
    forbidden = ForbiddenWords(() if sources.kit is None else sources.kit.form.forbidden_words)
    planner = JobPlanner(form, forbidden)
    appraiser = None if isinstance(found, str) else found
    survey = Survey(planner, rows, findings, appraiser, jobs_max)
    if not row_problems and not over:
        survey.run()
    for problem in planner.problems(survey.job_count):
        findings.add(*problem)
    problems = findings.all(survey.job_count)
    if problems:
        raise BadOrder(places.file, problems)
    spec = form.model_dump(mode="json", exclude={"items"})
    if form.items is not None:
        spec["items_sha256"] = survey.rows_sha256
    # 1.50 and 1.5 are one number in JSON and two texts in a name: they are not the same content.
    content = {
        **spec,
        "params": as_written(form.generator.params),
        "matrix": as_written(form.matrix),
        "output": as_written(sources.as_identity(form.output)),
        "done": as_written(sources.as_identity(form.done)),
    }
    if form.label is not None:
        content["label"] = in_order(form.label)
    return Plan(
        form=form,
        places=places,
        job_count=survey.job_count,
        attempt_costs=dict(survey.costs),
        spec_json=canonical_json(spec),
        spec_sha256=hashlib.sha256(canonical_json(content).encode()).hexdigest(),
        rows_sha256=survey.rows_sha256,
        notices=survey.notices(),
    )


def _check_done_names(form: OrderForm, findings: Findings) -> None:
    if not set(names_in_done(form.done)) & {"dimensions", "format"}:
        findings.add(
            ("done",),
            "no `dimensions` and no `format`",
            "at least one of them, so that a stranger could tell a right file from a wrong one",
        )
