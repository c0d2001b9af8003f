"""The reviewer's commands: what waits for a person, and a person's decision on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from console.arguments import Json, a_path, open_house

if TYPE_CHECKING:
    from flows import Waiting
    from ledger import Books

OrderName = Annotated[
    str, Parameter(name="ORDER", help="An order's id, or its slug where one edition waits.")
]
Targets = Annotated[
    str,
    Parameter(
        name="ORDER NAME",
        help="An order and names of its assets; or ids of jobs, as `mintage review list` shows them.",
    ),
]
By = Annotated[str, Parameter(name="--by", help="Who decides, such as maria@acme.example.")]
Sha256 = Annotated[
    str | None,
    Parameter(name="--sha256", help="How the digest begins of the file that you looked at."),
]
Me = Annotated[
    str | None, Parameter(name="--by", help="Who you are, for the commands to copy and paste.")
]
Save = Annotated[
    Path | None, a_path("Put a copy of the file into this folder, to open it.", "--save")
]


def register(app: App) -> None:
    """Add the commands."""
    review = App(name="review", help="Look at what orders with `review:` hand to a person.")
    review.command(show_all, name="list")
    review.command(following, name="next")
    review.command(show)
    review.command(approve)
    review.command(reject)
    app.command(review)


def show_all(
    order_id: Annotated[
        str | None, Parameter(help="An order of the books; all of them without it.")
    ] = None,
    *,
    json: Json = False,
) -> int:
    """List the assets that wait for a person, with where their file is."""
    from console.output import indented, print_json, screen
    from console.review_report import waiting_json
    from flows import find_order, waiting_for_review

    house = open_house()
    store = house.store()
    with house.books() as books:
        found = None if order_id is None else find_order(books, order_id)
        waiting = list(waiting_for_review(books, store, found))
    if json:
        print_json({"waiting": [waiting_json(one) for one in waiting]})
    elif not waiting:
        screen().print("Nothing waits for review.")
    else:
        out = screen()
        for one in waiting:
            out.print(one.job.job_id, soft_wrap=True)
            out.print(indented(f"“{one.prompt}”", 2))
            out.print(f"  {one.where}", soft_wrap=True)
        out.print(
            f"{len(waiting):,} to review; `mintage review next ORDER` shows one after the other."
        )
    return 0


def following(order: OrderName, /, *, by: Me = None, save: Save = None, json: Json = False) -> int:
    """Show the asset that waits longest, and the commands to decide about it."""
    from console.output import print_json, screen
    from console.review_report import print_waiting, queue_json, waiting_json
    from flows import find_order, longest_waiting, queue_of

    house = open_house()
    store = house.store()
    with house.books() as books:
        order_id = find_order(books, order)
        found = books.order(order_id)
        assert found is not None  # noqa: S101  it was just found
        queue = queue_of(books, found)
        one = longest_waiting(books, store, order_id)
    copies, code = _saved([] if one is None else [one], save)
    saved = next(iter(copies), None)
    if json:
        shown = None if one is None else waiting_json(one, by=by, saved=saved)
        print_json({"queue": queue_json(queue), "next": shown})
    elif one is None:
        screen().print(f"Nothing of {order_id} waits for review.")
    else:
        print_waiting(one, place=f"1 of {queue.waiting:,} that wait", by=by, saved=saved)
    return code


def show(
    order: OrderName,
    name: Annotated[str | None, Parameter(name="NAME", help="One of its assets, in full.")] = None,
    /,
    *,
    by: Me = None,
    save: Save = None,
    json: Json = False,
) -> int:
    """Show all that wait in an order, or one of them in full."""
    from console.output import print_json
    from console.review_report import (
        print_queue,
        print_waiting,
        queue_json,
        waiting_json,
    )
    from flows import find_order, job_ids_of, one_waiting, queue_of, waiting_for_review

    house = open_house()
    store = house.store()
    with house.books() as books:
        if name is not None or "#" in order:
            targets = [order] if name is None else [order, name]
            one = one_waiting(books, store, job_ids_of(books, targets)[0])
            (saved,), code = _saved([one], save)
            if json:
                print_json({"waiting": [waiting_json(one, by=by, saved=saved)]})
            else:
                print_waiting(one, place="waits", by=by, saved=saved)
            return code
        order_id = find_order(books, order)
        found = books.order(order_id)
        assert found is not None  # noqa: S101  it was just found
        queue = queue_of(books, found)
        waiting = list(waiting_for_review(books, store, order_id))
    copies, code = _saved(waiting, save)
    if json:
        shown = [
            waiting_json(one, by=by, saved=saved)
            for one, saved in zip(waiting, copies, strict=True)
        ]
        print_json({"queue": queue_json(queue), "waiting": shown})
    else:
        print_queue(queue, waiting, saved=save if any(copies) else None)
    return code


def approve(
    *targets: Targets,
    by: By,
    because: Annotated[str | None, Parameter(name="--because", help="Why, if you want.")] = None,
    sha256: Sha256 = None,
) -> int:
    """Approve assets, all of them or none; the next `mintage resume` releases them."""
    return _decide(targets, by, because, sha256, approving=True)


def reject(
    *targets: Targets,
    by: By,
    because: Annotated[str, Parameter(name="--because", help="Why, in a sentence.")],
    sha256: Sha256 = None,
    avoid: Annotated[
        str | None,
        Parameter(name="--avoid", help="What the next attempt shall leave out, such as 'text'."),
    ] = None,
) -> int:
    """Reject assets: they go back to build while attempts and money are left."""
    return _decide(targets, by, because, sha256, approving=False, avoid=avoid)


def _decide(
    targets: tuple[str, ...],
    by: str,
    because: str | None,
    sha256: str | None,
    *,
    approving: bool,
    avoid: str | None = None,
) -> int:
    from flows import decide_review, job_ids_of

    house = open_house()
    with house.books() as books:
        job_ids = job_ids_of(books, targets)
        decide_review(
            books,
            job_ids,
            by=by,
            because=because,
            approve=approving,
            sha256=sha256,
            avoid=avoid,
            store=house.store(),
        )
        _tell(books, job_ids)
    return 0


def _tell(books: Books, job_ids: list[str]) -> None:
    """Say where each job is now, and how to go on."""
    from console.output import say
    from ledger import JobState

    views = books.jobs(job_ids)
    order_ids = dict.fromkeys(view.order_id for view in views)
    for view in views:
        if view.state is JobState.REJECTED:
            say(f"{view.name} is rejected: its attempts are used up.")
        elif view.state is JobState.PLANNED:
            say(f"{view.name} goes back to build.")
        else:
            say(f"{view.name} is {view.state}.")
    for order_id in order_ids:
        left = books.job_counts(order_id)[JobState.IN_REVIEW]
        if left:
            say(f"{left:,} more to review; `mintage review next {order_id}` shows the next.")
        say(f"Decided; `mintage resume {order_id}` goes on with it.")


def _saved(waiting: Sequence[Waiting], folder: Path | None) -> tuple[list[Path | None], int]:
    """Put copies of files where a person can open them; one that is damaged does not end the others.

    Gives where they are, None for each that could not be saved, and the exit code.
    """
    from assets import DigestMismatch, Missing
    from console.output import say

    copies: list[Path | None] = []
    code = 0
    for one in waiting:
        try:
            copies.append(None if folder is None else _save(one, folder))
        except (DigestMismatch, Missing) as error:
            say(f"mintage: No copy of {one.job.name}: {error}")
            copies.append(None)
            code = 1
    return copies, code


def _save(one: Waiting, folder: Path) -> Path:
    """Put a copy of a file where a person can open it: staged files have no ending."""
    from assets import staged

    ending = (one.job.media_type or "application/bin").rpartition("/")[2]
    path = folder / f"{one.job.name.replace('/', '-')}.{one.sha256[:8]}.{ending}"
    data = staged(open_house().store(), one.sha256)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
