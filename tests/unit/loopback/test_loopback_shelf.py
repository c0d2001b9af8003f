"""Which file of a shelf a prompt gets."""

from __future__ import annotations

from pathlib import Path

from loopback.shelf import Shelf


def test_each_prediction_gets_the_next_file_of_the_longest_name_in_its_prompt(
    tmp_path: Path,
) -> None:
    for name, files in {"mug": "a", "mug on oak": "bc"}.items():
        (tmp_path / name).mkdir()
        for number, content in enumerate(files):
            (tmp_path / name / f"{number}.png").write_text(content)
    shelf = Shelf(tmp_path)

    def taken(prompt: str) -> str | None:
        path = shelf.take(prompt)
        return None if path is None else path.read_text()

    assert [taken("A mug on oak, warm light") for _ in range(3)] == ["b", "c", "c"]
    assert [taken("A mug on slate") for _ in range(2)] == ["a", "a"]
    assert taken("A lamp") is None


def test_without_a_shelf_everything_is_drawn() -> None:
    assert Shelf(None).take("A mug") is None
