"""The reviewer's commands: what waits for a person, and a person's decision on it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from console.arguments import Json, open_house

JobId = Annotated[str, Parameter(help="Jobs, as `mintage review list` shows them.")]
By = Annotated[str, Parameter(name="--by", help="Who decides, such as maria@acme.example.")]


def register(app: App) -> None:
    """Add the commands."""
    review = App(name="review", help="Look at what orders with `review:` hand to a person.")
    review.command(show, name="list")
    review.command(approve)
    review.command(reject)
    app.command(review)


def show(
    order_id: Annotated[
        str | None, Parameter(help="An order of the books; all of them without it.")
    ] = None,
    *,
    json: Json = False,
) -> int:
    """List the assets that wait for a person, with where their file is."""
    from console.output import indented, print_json, screen
    from flows import UnknownOrderId, waiting_for_review

    house = open_house()
    store = house.store()
    with house.books() as books:
        if order_id is not None and books.order(order_id) is None:
            raise UnknownOrderId(order_id)
        waiting = [
            {"job_id": view.job_id, "sha256": view.sha256, "file": where, "prompt": prompt}
            for view, where, prompt in waiting_for_review(books, store, order_id)
        ]
    if json:
        print_json({"waiting": waiting})
    elif not waiting:
        screen().print("Nothing waits for review.")
    else:
        out = screen()
        for one in waiting:
            out.print(str(one["job_id"]), soft_wrap=True)
            out.print(indented(f"“{one['prompt']}”", 2))
            out.print(f"  {one['file']}", soft_wrap=True)
        out.print(f"{len(waiting):,} to review; `mintage review approve JOB… --by YOU`, or reject.")
    return 0


def approve(*job_ids: JobId, by: By) -> int:
    """Approve jobs; the next `mintage resume` releases them."""
    return _decide(job_ids, by, None)


def reject(
    *job_ids: JobId,
    by: By,
    because: Annotated[str, Parameter(name="--because", help="Why, in a sentence.")],
) -> int:
    """Reject jobs: they go back to build while attempts and money are left."""
    return _decide(job_ids, by, because)


def _decide(job_ids: tuple[str, ...], by: str, because: str | None) -> int:
    from console.output import say
    from flows import BadSettings, decide_review

    if not job_ids:
        raise BadSettings("Name at least one job; `mintage review list` shows those that wait.")
    house = open_house()
    with house.books() as books:
        orders = decide_review(books, job_ids, by=by, because=because)
    for order_id in orders:
        say(f"Decided; `mintage resume {order_id}` goes on with it.")
    return 0
