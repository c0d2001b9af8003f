"""The reviewer's commands: what waits for a person, and a person's decision on it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from console.order_commands import Json, open_house

By = Annotated[str, Parameter(name="--by", help="Who decides, such as maria@acme.example.")]


def register(app: App) -> None:
    """Add the commands."""
    review = App(name="review", help="Look at what orders with `review:` hand to a person.")
    review.command(show, name="list")
    review.command(approve)
    review.command(reject)
    app.command(review)


def show(order_id: str | None = None, *, json: Json = False) -> int:
    """List the assets that wait for a person, with where their file is."""
    from console.output import console, print_json, table
    from flows import waiting_for_review

    house = open_house()
    store = house.store()
    with house.books() as books:
        waiting = [
            {"job_id": view.job_id, "sha256": view.sha256, "file": where, "prompt": prompt}
            for view, where, prompt in waiting_for_review(books, store, order_id)
        ]
    if json:
        print_json({"waiting": waiting})
    elif not waiting:
        console().print("Nothing waits for review.")
    else:
        rows = [(str(one["job_id"]), str(one["file"])) for one in waiting]
        console().print(table(("job", "file"), rows))
    return 0


def approve(*job_ids: str, by: By) -> int:
    """Approve jobs; the next `mintage resume` releases them."""
    return _decide(job_ids, by, None)


def reject(
    *job_ids: str,
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
