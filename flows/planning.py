"""Plans an order: reads it, lists all that is wrong with it at once, prices it, and names its jobs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from flows.brand_kits import ForbiddenWords
from flows.briefs import attempt_seed, canonical_json
from flows.done_reading import Report
from flows.errors import BadOrder
from flows.item_rows import Rows
from flows.job_names import name_key
from flows.job_plan import JobPlanner, PlannedJob, names_in_done
from flows.order_form import OrderForm, show
from flows.order_parsing import Unreadable, parse_order
from flows.order_sources import Sources, read_sources
from flows.order_text import as_written, read_order_text
from flows.placeholders import Variables
from flows.problems import FieldPath, Places, Problem
from generators import Appraiser
from ledger import OrderRecord, hold_nano, plain

EDITION_DIGITS = 10
PROBLEMS_MAX = 50
"""More than a person reads at once; the rest is counted."""


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
            digest.update(_row_bytes(row))
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


def _row_bytes(row: Variables) -> bytes:
    return canonical_json(as_written(row)).encode()


def _rows_sha256(form: OrderForm, places: Places) -> str:
    digest = hashlib.sha256()
    if form.items is not None:
        for row, _ in Rows(form, places).rows([]):
            digest.update(_row_bytes(row))
    return digest.hexdigest()


class _Findings:
    """Collects problems; the same one in many jobs is one problem with a count."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._first: dict[tuple[FieldPath, str], tuple[Problem, str]] = {}
        self._more: Counter[tuple[FieldPath, str]] = Counter()
        self.listed: list[Problem] = []

    def add(self, path: FieldPath, found: str, wanted: str, *, where: str = "") -> None:
        # Names and sizes differ from job to job and are one problem; a model's sentences are each their own.
        key = (path, found if path == ("generator", "params") else wanted)
        if key in self._first:
            self._more[key] += 1
            return
        self._first[key] = (self._places.problem(path, found, wanted), where)

    def all(self, job_count: int) -> list[Problem]:
        made = list(self.listed)
        for key, (problem, where) in self._first.items():
            # What is wrong with every job is wrong with the order, wherever it was seen first.
            more = self._more[key] if self._more[key] + 1 < job_count else 0
            notes = [where] if where and (more or self._more[key] == 0) else []
            if more:
                notes.append(f"and {more:,} more like it")
            found = f"{problem.found} ({', '.join(notes)})" if notes else problem.found
            made.append(Problem(problem.file, problem.line, problem.field, found, problem.wanted))
        made.sort(key=lambda problem: (problem.file, problem.line or 0))
        if len(made) > PROBLEMS_MAX:
            rest = len(made) - PROBLEMS_MAX
            made = made[:PROBLEMS_MAX]
            made.append(
                Problem(self._places.file, None, "", f"{rest} more problems", "these first")
            )
        return made


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
    findings = _Findings(places)
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
    too_many = known_count is not None and known_count * form.budget.attempts > jobs_max
    if too_many:
        _too_many(known_count or 0, form, findings, jobs_max)
    forbidden = ForbiddenWords(() if sources.kit is None else sources.kit.form.forbidden_words)
    planner = JobPlanner(form, forbidden)
    appraiser = None if isinstance(found, str) else found
    survey = _Survey(planner, rows, findings, appraiser, jobs_max)
    if not row_problems and not too_many:
        survey.run()
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
        "output": as_written(form.output),
        "done": as_written(sources.as_identity(form.done)),
    }
    return Plan(
        form=form,
        places=places,
        job_count=survey.job_count,
        attempt_costs=dict(survey.costs),
        spec_json=canonical_json(spec),
        spec_sha256=hashlib.sha256(canonical_json(content).encode()).hexdigest(),
        rows_sha256=survey.rows_sha256,
    )


def _too_many(count: int, form: OrderForm, findings: _Findings, jobs_max: int) -> None:
    source = "matrix" if form.matrix else "items" if form.items else "budget"
    findings.add(
        ("variants",) if form.variants > 1 else (source,),
        f"{count:,} jobs of up to {form.budget.attempts} attempts",
        f"at most {jobs_max:,} attempts in all; split the order or raise MINTAGE_JOBS_MAX",
    )


def _check_done_names(form: OrderForm, findings: _Findings) -> None:
    if not set(names_in_done(form.done)) & {"dimensions", "format"}:
        findings.add(
            ("done",),
            "no `dimensions` and no `format`",
            "at least one of them, so that a stranger could tell a right file from a wrong one",
        )


class _Survey:
    """One pass over all jobs: names, briefs, prices; nothing is kept but counts and name keys."""

    def __init__(
        self,
        planner: JobPlanner,
        rows: Rows,
        findings: _Findings,
        appraiser: Appraiser | None,
        jobs_max: int,
    ) -> None:
        self._form = planner.form
        self._rows = rows
        self._findings = findings
        self._appraiser = appraiser
        self._jobs_max = jobs_max
        self._planner = planner
        self._names: set[str] = set()
        self.costs: Counter[tuple[Decimal, Decimal]] = Counter()
        self.job_count = 0
        self.rows_sha256 = ""

    def run(self) -> None:
        digest = hashlib.sha256()
        form = self._form
        for row, where in self._rows.rows(self._findings.listed):
            digest.update(_row_bytes(row))
            for variant in range(1, form.variants + 1):
                self._one({**row, "variant": variant}, where)
                self.job_count += 1
            if self.job_count * form.budget.attempts > self._jobs_max:
                _too_many(self.job_count, form, self._findings, self._jobs_max)
                return
        self.rows_sha256 = digest.hexdigest()
        if self.job_count == 0 and not self._findings.listed:
            self._findings.add(("items",), "no rows", "at least one")

    def _one(self, variables: dict[str, object], where: str) -> None:
        def report(path: FieldPath, found: str, wanted: str) -> None:
            self._findings.add(path, found, wanted, where=where)

        job = self._planner.draft(self.job_count, variables, report)
        if job is None:
            return
        key = name_key(job.name)
        if key and key in self._names:
            report(
                ("output", "name"),
                f"{job.name!r} for two jobs",
                "a name of its own for each job; use more placeholders, such as {variant}",
            )
        self._names.add(key)
        if self._appraiser is None:
            return
        brief = job.brief.for_attempt(attempt_seed(job.name, 1))
        for sentence in self._appraiser.problems(brief):
            report(("generator", "params"), sentence.rstrip("."), "what the model can build")
        quote = self._appraiser.quote(brief)
        if hold_nano(quote.dearest_usd) > hold_nano(self._form.budget.per_job):
            report(
                ("budget", "per_job"),
                f"${self._form.budget.per_job:f}, but one attempt can cost ${plain(quote.dearest_usd)}",
                f"at least ${plain(quote.dearest_usd)}",
            )
        self._check_growth(job, self._appraiser.pixels(brief), report)
        self.costs[quote.dearest_usd, quote.expected_usd] += 1

    def _check_growth(self, job: PlannedJob, built: tuple[int, int], report: Report) -> None:
        """Report a size to which finishing may not enlarge what the model makes."""
        width, height, times = job.brief.width, job.brief.height, job.brief.upscale_max
        growth = max(Decimal(width) / built[0], Decimal(height) / built[1])
        if growth > times:
            report(
                ("output", "upscale_max"),
                f"{width}x{height} pixels, {growth:.2f} times as large as the {built[0]}x{built[1]} "
                "that the model makes for it",
                f"at most {times.normalize():f} times (upscale_max), or a model that makes more",
            )
