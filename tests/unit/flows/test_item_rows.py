"""Rows: a matrix in its order, items inline or from a CSV file, each row as it was written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.flows.order_parts import GONE, names, only, order, plan, problems

from flows import BadOrder
from flows.item_rows import Rows
from flows.order_form import OrderForm
from flows.order_parsing import parse_order
from flows.order_text import read_order_text


def csv_order(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    """Make an order whose items are in a file."""
    return order(
        matrix=GONE,
        items="items.csv",
        variants=1,
        brief__prompt="A {product}",
        output__name="{sku}",
        **changes,
    )


def put(folder: Path, content: str | bytes) -> Path:
    path = folder / "items.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows_of(folder: Path, content: str) -> list[dict[str, object]]:
    put(folder, content)
    (folder / "order.yaml").write_text("items: items.csv\n")
    _, places = read_order_text(folder / "order.yaml")
    form = OrderForm.model_construct(items="items.csv", matrix=None)
    faults: list[Any] = []
    found = [dict(row) for row, _ in Rows(form, places).rows(faults)]
    assert faults == []
    return found


def test_a_pipe_as_items_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "items.csv")
    field, found, wanted = only(tmp_path, csv_order())
    assert (field, wanted) == ("items", "a CSV in UTF-8")
    assert found == "'items.csv', which cannot be read (a pipe, which is no file)"


def test_a_matrix_turns_its_last_list_first_and_then_the_variants(tmp_path: Path) -> None:
    assert names(plan(tmp_path, order())) == [
        "mug/oak-1",
        "mug/oak-2",
        "mug/slate-1",
        "mug/slate-2",
        "lamp/oak-1",
        "lamp/oak-2",
        "lamp/slate-1",
        "lamp/slate-2",
    ]


def test_positions_count_from_zero_without_a_gap(tmp_path: Path) -> None:
    assert [job.position for job in plan(tmp_path, order()).jobs()] == list(range(8))


def test_without_matrix_and_items_the_variants_are_the_jobs(tmp_path: Path) -> None:
    made = plan(
        tmp_path, order(matrix=GONE, variants=3, brief__prompt="A mug", output__name="{variant}")
    )
    assert names(made) == ["1", "2", "3"]


def test_items_inline_are_jobs_in_their_order_with_their_types(tmp_path: Path) -> None:
    items = [{"sku": "b", "w": 512}, {"sku": "a", "w": 640}]
    made = plan(
        tmp_path,
        order(
            matrix=GONE,
            items=items,
            variants=1,
            brief__prompt="A mug",
            output__name="{sku}",
            output__width="{w}",
            done=[{"dimensions": {"width": "{w}"}}],
        ),
    )
    assert [(job.name, job.brief.width) for job in made.jobs()] == [("b", 512), ("a", 640)]


def test_an_item_that_lacks_a_variable_is_named_by_its_line(tmp_path: Path) -> None:
    items = [{"sku": "a", "product": "mug"}, {"sku": "b"}]
    data = order(
        matrix=GONE, items=items, variants=1, brief__prompt="{product}", output__name="{sku}"
    )
    field, found, _ = only(tmp_path, data)
    assert field == "brief.prompt"
    line = (tmp_path / "order.yaml").read_text().splitlines().index("- sku: b") + 1
    assert found == f"{{product}}, which nothing binds (the item in line {line})"


def test_a_csv_cell_is_a_number_only_where_nothing_is_lost(tmp_path: Path) -> None:
    text = "a,b,c,d,e,f,g,h\n12,007,0,-3,1.50,true,,1234567890\n"
    assert rows_of(tmp_path, text) == [
        {
            "a": 12,
            "b": "007",
            "c": 0,
            "d": "-3",
            "e": "1.50",
            "f": "true",
            "g": "",
            "h": "1234567890",
        }
    ]


def test_a_csv_may_have_a_mark_quotes_breaks_blank_lines_and_windows_ends(tmp_path: Path) -> None:
    text = '\ufeffsku,product\r\n"a-1","a ""big"" mug, blue"\r\n\r\nb-2,"two\nlines"\r\n'
    assert rows_of(tmp_path, text) == [
        {"sku": "a-1", "product": 'a "big" mug, blue'},
        {"sku": "b-2", "product": "two\nlines"},
    ]


def test_a_csv_order_plans_a_job_for_every_row_and_variant(tmp_path: Path) -> None:
    put(tmp_path, "sku,product\n007,mug\n008,lamp\n")
    data = csv_order(output__format="png", done=[{"format": {"is": "png"}}])
    data |= {"variants": 2}
    data["output"]["name"] = "{sku}-{variant}"
    made = plan(tmp_path, data)
    assert names(made) == ["007-1", "007-2", "008-1", "008-2"]
    assert [job.brief.prompt for job in made.jobs()][::2] == ["A mug", "A lamp"]


@pytest.mark.parametrize(
    ("content", "field", "found"),
    [
        ("", "items", "an empty CSV file"),
        ("\n", "items", "an empty CSV file"),
        ("sku,product\n", "items", "no rows"),
        ("sku,product\n\n\n", "items", "no rows"),
        ("sku,product,sku\na,b,c\n", "sku", "the column 'sku' twice"),
        ("sku,pro duct\na,b\n", "pro duct", "the column name 'pro duct'"),
        ("sku,,product\na,b,c\n", "", "the column name ''"),
        ("sku;product\na;b\n", "sku;product", "the column name 'sku;product'"),
        ("sku,product,variant\na,b,1\n", "variant", "the column name 'variant'"),
        ("sku,product\na\n", "", "1 cells"),
        ("sku,product\na,b,c\n", "", "3 cells"),
        ("sku,product\na,b\x00\n", "", "a control character"),
        ("sku,product\na,b\x1b[2J\n", "", "a control character"),
        ('sku,product\na,"b" c\n', "", "no CSV text"),
        ('sku,product\na,"b\n', "", "no CSV text"),
        ("sku,product\na," + "x" * 200_000 + "\n", "", "no CSV text"),
        (b"sku,product\na,bl\xe4u\n", "items", "which cannot be read"),
        (b"\xff\xfes\x00k\x00u\x00", "items", "which cannot be read"),
    ],
)
def test_a_csv_that_is_not_right_is_refused_with_its_place(
    tmp_path: Path, content: str | bytes, field: str, found: str
) -> None:
    put(tmp_path, content)
    (problem,) = problems(tmp_path, csv_order())
    assert problem.field == field
    assert found in problem.found
    assert problem.file.endswith(("items.csv", "order.yaml"))


def test_a_short_row_has_the_line_where_it_stands(tmp_path: Path) -> None:
    path = put(tmp_path, "sku,product\na,mug\nb\nc,lamp\nd,e,f\n")
    found = problems(tmp_path, csv_order())
    assert [(problem.file, problem.line) for problem in found] == [(str(path), 3), (str(path), 5)]


def test_bytes_that_are_no_text_are_found_beyond_the_first_block(tmp_path: Path) -> None:
    put(tmp_path, b"sku,product\n" + b"".join(b"s%d,mug\n" % n for n in range(5000)) + b"x,\xff\n")
    (problem,) = problems(tmp_path, csv_order())
    assert "no CSV text" in problem.found


def test_a_semicolon_file_is_told_what_separates_columns(tmp_path: Path) -> None:
    put(tmp_path, "sku;product\na;b\n")
    assert only(tmp_path, csv_order())[2].endswith("commas separate the columns")


def test_a_row_without_its_own_name_is_named(tmp_path: Path) -> None:
    put(tmp_path, "sku,product\na,mug\nA,lamp\n")
    field, found, _ = only(tmp_path, csv_order())
    assert (field, found) == ("output.name", "'A' for two jobs (items.csv line 3)")


@pytest.mark.parametrize("name", ["../items.csv", "/etc/passwd", "sub/../../items.csv", "link.csv"])
def test_items_come_from_the_orders_own_folder_only(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "orders"
    (folder / "sub").mkdir(parents=True)
    put(tmp_path, "sku,product\na,mug\n")
    (folder / "link.csv").symlink_to(tmp_path / "items.csv")
    field, found, wanted = only(folder, {**csv_order(), "items": name})
    assert (field, found) == ("items", repr(name))
    assert "own folder" in wanted


@pytest.mark.parametrize("name", ["none.csv", "", "."])
def test_a_file_that_is_not_there_says_so(tmp_path: Path, name: str) -> None:
    field, found, _ = only(tmp_path, {**csv_order(), "items": name})
    assert field == "items"
    assert "cannot be read" in found or found == "''"


def test_items_lie_below_the_order_too(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    put(tmp_path / "lists", "sku,product\na,mug\n")
    assert names(plan(tmp_path, {**csv_order(), "items": "lists/items.csv"})) == ["a"]


@pytest.mark.parametrize(
    "after",
    [
        "sku,product\na,mug\nb,lamp\nc,hat\n",
        "sku,product\na,mug\n",
        "sku,product\na,mug\nb,LAMP\n",
        "sku,product\na,mug\na,lamp\n",
        "sku,product\na,mug\n../b,lamp\n",
        "sku,product\na,mug\nb\n",
        "product\nmug\nlamp\n",
        "",
        None,
    ],
)
def test_rows_that_change_between_planning_and_entering_are_refused_before_a_job_is_made(
    tmp_path: Path, after: str | None
) -> None:
    path = put(tmp_path, "sku,product\na,mug\nb,lamp\n")
    made = plan(tmp_path, csv_order())
    assert names(made) == ["a", "b"]
    if after is None:
        path.unlink()
    else:
        path.write_text(after)
    jobs = made.jobs()
    with pytest.raises(BadOrder) as raised:
        next(jobs)
    assert "changed meanwhile" in raised.value.problems[0].found


def test_a_csv_is_bounded_while_it_is_read(tmp_path: Path) -> None:
    put(tmp_path, "sku,product\n" + "".join(f"s{number},mug\n" for number in range(500)))
    field, found, _ = only(tmp_path, csv_order(), jobs_max=30)
    assert (field, found) == ("items", "11 jobs of up to 3 attempts")


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_every_cell_keeps_its_text(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    quoted = [[cell.replace('"', '""') for cell in row] for row in cells]
    text = "a,b\n" + "".join(f'"{left}","{right}"\n' for left, right in quoted)
    found = rows_of(tmp_path_factory.getbasetemp(), text)
    assert [(str(row["a"]), str(row["b"])) for row in found] == cells


def test_a_form_that_is_read_again_gives_the_same_rows(tmp_path: Path) -> None:
    made = plan(tmp_path, order())
    data, places = read_order_text(tmp_path / "order.yaml")
    again = parse_order(data, places)
    assert again == made.form
