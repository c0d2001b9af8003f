"""Looks at every job of an order before it is planned: names, briefs, prices, and all that is wrong."""

from __future__ import annotations

import hashlib
from collections import Counter
from decimal import Decimal

from flows.briefs import attempt_seed, canonical_json
from flows.done_reading import Report
from flows.item_rows import Rows
from flows.job_names import name_key
from flows.job_plan import JobPlanner, PlannedJob
from flows.label_form import NO_LANGUAGE
from flows.order_form import OrderForm
from flows.order_text import as_written
from flows.placeholders import Variables
from flows.problems import FieldPath, Places, Problem
from generators import Appraiser
from ledger import hold_nano, plain

PROBLEMS_MAX = 50
"""More than a person reads at once; the rest is counted."""


def row_bytes(row: Variables) -> bytes:
    """Write a row for a digest of rows."""
    return canonical_json(as_written(row)).encode()


class Findings:
    """Collects problems; the same one in many jobs is one problem with a count."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._first: dict[tuple[FieldPath, str], tuple[Problem, str]] = {}
        self._more: Counter[tuple[FieldPath, str]] = Counter()
        self.listed: list[Problem] = []

    def add(self, path: FieldPath, found: str, wanted: str, *, where: str = "") -> None:
        """Note a problem; `where` says in which row it was seen."""
        # Names and sizes differ from job to job and are one problem; a model's sentences are each their own.
        key = (path, found if path == ("generator", "params") else wanted)
        if key in self._first:
            self._more[key] += 1
            return
        self._first[key] = (self._places.problem(path, found, wanted), where)

    def all(self, job_count: int) -> list[Problem]:
        """Give every problem in the order of the file, as many as a person reads."""
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


def too_many(count: int, form: OrderForm, findings: Findings, jobs_max: int) -> None:
    """Report an order of more attempts than may be."""
    source = "matrix" if form.matrix else "items" if form.items else "budget"
    findings.add(
        ("variants",) if form.variants > 1 else (source,),
        f"{count:,} jobs of up to {form.budget.attempts} attempts",
        f"at most {jobs_max:,} attempts in all; split the order or raise MINTAGE_JOBS_MAX",
    )


class Survey:
    """One pass over all jobs: names, briefs, prices; nothing is kept but counts and name keys."""

    def __init__(
        self,
        planner: JobPlanner,
        rows: Rows,
        findings: Findings,
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
        self._without_alt: dict[str, str] = {}
        self._alt_count: Counter[str] = Counter()
        self.costs: Counter[tuple[Decimal, Decimal]] = Counter()
        self.job_count = 0
        self.rows_sha256 = ""

    def run(self) -> None:
        """Look at every job; what is wrong goes to the findings."""
        digest = hashlib.sha256()
        form = self._form
        for row, where in self._rows.rows(self._findings.listed):
            digest.update(row_bytes(row))
            for variant in range(1, form.variants + 1):
                self._one({**row, "variant": variant}, where)
                self.job_count += 1
            if self.job_count * form.budget.attempts > self._jobs_max:
                too_many(self.job_count, form, self._findings, self._jobs_max)
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
        self._check_names(job, report)
        self._note_alt(job)
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

    def _check_names(self, job: PlannedJob, report: Report) -> None:
        """Report each name of the job's files that another file of the order has already."""
        outputs = self._planner.outputs
        if self._taken(job.name):
            # Its renditions, which are mostly called after it, are no fault of their own.
            report(
                (*outputs.path, "name"),
                f"{job.name!r} for two jobs",
                "a name of its own for each job; use more placeholders, such as {variant}",
            )
            return
        for number, one in enumerate(job.brief.renditions, 1):
            if self._taken(one.name):
                report(
                    outputs.rendition_name_path(number),
                    f"{one.name!r} for two files",
                    "a name of its own for each rendition, such as {job}-{width}",
                )

    def _taken(self, name: str) -> bool:
        """Take a name; say whether another file has it. A name that was wrong is none."""
        key = name_key(name)
        taken = bool(key) and key in self._names
        self._names.add(key)
        return taken

    def _note_alt(self, job: PlannedJob) -> None:
        """Count the jobs that lack an alt text which the order has."""
        label = job.brief.label
        for language in () if label is None else self._planner.labels.without_alt(label):
            self._without_alt.setdefault(language, job.name)
            self._alt_count[language] += 1

    def notices(self) -> tuple[str, ...]:
        """Say what is no problem and worth knowing."""
        return tuple(
            f"{self._alt_count[language]:,} of {self.job_count:,} jobs have no alt text"
            f"{'' if language == NO_LANGUAGE else f' in {language}'}, such as {first}"
            for language, first in self._without_alt.items()
        )

    def _check_growth(self, job: PlannedJob, built: tuple[int, int], report: Report) -> None:
        """Report a size to which finishing may not enlarge what the model makes."""
        width, height, times = job.brief.width, job.brief.height, job.brief.upscale_max
        growth = max(Decimal(width) / built[0], Decimal(height) / built[1])
        if growth > times:
            report(
                (*self._planner.outputs.path, "upscale_max"),
                f"{width}x{height} pixels, {growth:.2f} times as large as the {built[0]}x{built[1]} "
                "that the model makes for it",
                f"at most {times.normalize():f} times (upscale_max), or a model that makes more",
            )
