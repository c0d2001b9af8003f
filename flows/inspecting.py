"""Judging files on disk by an order's definition of done, or by a list of rules, with no run of an order."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from flows.done_reading import read_done
from flows.errors import BadOrder, BadSettings
from flows.job_labels import RenditionBrief
from flows.job_plan import PlannedJob
from flows.labelling import criteria_for
from flows.order_form import show
from flows.order_sources import is_slug, read_sources
from flows.order_text import read_order_text
from flows.placeholders import fill, has_placeholder
from flows.plain_files import read_plain_file
from flows.planning import Plan
from flows.problems import FieldPath, Problem, dotted
from flows.sameness import FilesTogether
from flows.wiring import worker_limits
from validators import INTACT, Criterion, InspectorPool, Verdict

PIECE_MAX_BYTES = 64_000_001
"""One byte more than the inspectors take: a larger file is refused without being read to its end."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """One file and what the inspectors say of it, or why it could not be read."""

    path: Path
    data: bytes
    verdicts: tuple[Verdict, ...]
    unread: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it was judged and nothing blocks it."""
        return self.unread is None and not any(verdict.blocks for verdict in self.verdicts)

    @property
    def opened(self) -> bool:
        """Whether inspectors opened it and found it to be one intact still picture."""
        return any(verdict.criterion == INTACT and verdict.passed for verdict in self.verdicts)


def rules_of_file(path: Path) -> tuple[Criterion, ...]:
    """Read rules from a YAML file: `done:` and a list of criteria, as an order has them, and `brand:`.

    Raises:
        BadOrder: with every problem that was found, each with its line.
    """
    data, places = read_order_text(path, "rules: `done:` and a list of criteria")
    sources = read_sources(data, places)
    data = sources.data
    problems: list[Problem] = [
        places.problem((name,), "an unknown field", "only done, and brand where it names one")
        for name in data
        if name not in {"brand", "done"}
    ]
    if "brand" in data and not is_slug(data["brand"]):
        wanted = "the name of a brand kit, such as acme for brands/acme.yaml"
        problems.append(places.problem(("brand",), show(data["brand"]), wanted))
    problems += sources.problems
    read: tuple[Criterion, ...] | list[tuple[FieldPath, str, str]] = ()
    if "done" not in data:
        problems.append(places.problem(("done",), "nothing", "a list of criteria"))
    elif data["done"] == []:
        problems.append(places.problem(("done",), "an empty list", "at least one criterion"))
    elif has_placeholder(data["done"]):
        wanted = "rules without any; judge by the order itself: --order ORDER --job NAME"
        problems.append(places.problem(("done",), "placeholders", wanted))
    else:
        # Filling nothing in turns numbers of the file into those that criteria take.
        read = read_done(fill(data["done"], {}))
    if isinstance(read, list):
        problems += [
            places.problem(field, found, wanted)
            for field, found, wanted in read
            if not sources.covers(dotted(field))
        ]
    if problems or isinstance(read, list):
        raise BadOrder(places.file, problems)
    return read


def rules_of_order(
    plan: Plan, job_name: str | None, *, signed: bool = False
) -> tuple[Criterion, ...]:
    """Give an order's rules; `job_name` says whose: of a job, or of a rendition by its own name.

    Rules about metadata let pass what the order has written into its files, as in a run; with
    `signed`, the house's own content credentials too.

    Raises:
        BadSettings: they have placeholders and no job of that name is in the order.
    """
    done: object = json.loads(plan.spec_json)["done"]
    first = next(iter(plan.jobs()))
    job, own = (first, None) if job_name is None else _named(plan, job_name) or (None, None)
    if own is not None:
        done = list(own.done)
    elif has_placeholder(done):
        if job is None or job_name is None:
            raise BadSettings(
                "The rules of this order differ from job to job; name one that it has with --job, "
                f"such as {first.name}."
            )
        done = fill(done, job.brief.variables)
    criteria = read_done(done)
    assert isinstance(criteria, tuple)  # noqa: S101  the order was planned with these very criteria
    label = (job or first).brief.label
    return criteria_for(criteria, labels=label is not None and label.embed, signed=signed)


def _named(plan: Plan, name: str) -> tuple[PlannedJob, RenditionBrief | None] | None:
    """Find a job by its name, or by that of one of its renditions."""
    for job in plan.jobs():
        if job.name == name:
            return job, None
        for one in job.brief.renditions:
            if one.name == name:
                return job, one
    return None


def inspect_files(
    paths: Sequence[Path], criteria: Sequence[Criterion], workers: int | None = None
) -> Iterator[Inspected]:
    """Judge each file by every criterion, in their order, in processes of their own.

    A file that ends its process, or takes too much time or memory, is refused as one that is not
    intact, and one that cannot be read has no verdicts; the others are judged all the same. Where a
    rule compares a picture with its order, it is compared with the files before it that pass; what
    is in the books is not asked. `workers` is how many processes there are at most, one per usable
    core by default.

    Raises:
        InspectorsUnavailable: no process can be started.
    """
    limits = worker_limits(any(one.extra is not None for one in criteria))
    workers = max(1, min(workers or len(os.sched_getaffinity(0)), len(paths)))
    with (
        InspectorPool(workers, worker_limits=limits) as pool,
        ThreadPoolExecutor(workers, "inspect") as threads,
    ):

        def judge(path: Path) -> Inspected:
            try:
                data = read_plain_file(path, PIECE_MAX_BYTES)
            except OSError as error:
                return Inspected(path, b"", (), error.strerror or type(error).__name__)
            return Inspected(path, data, pool.inspect(data, criteria))

        together = FilesTogether()

        def with_others(one: Inspected) -> Inspected:
            if one.unread is not None:
                return one
            return replace(one, verdicts=together.compared(str(one.path), criteria, one.verdicts))

        rest = iter(paths)
        # A few ahead of what is asked for, so that a long list of files is never in memory whole.
        ahead = deque(threads.submit(judge, path) for path in islice(rest, 2 * workers))
        try:
            while ahead:
                yield with_others(ahead.popleft().result())
                ahead.extend(threads.submit(judge, path) for path in islice(rest, 1))
        finally:
            for one in ahead:
                one.cancel()
