"""Reads a work order's YAML and remembers the line of every field.

Only plain data comes out: mappings, lists, strings, integers, booleans, null, and numbers with a
fraction as `NumberText`, which keeps how they were written, so that money given as a YAML float can
be refused with the right form instead of being rounded first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import yaml

from flows.errors import BadOrder
from flows.problems import FieldPath, Places, Problem

ORDER_BYTES_MAX = 16 * 1024 * 1024
"""A larger file is no work order: long item lists belong into a CSV file."""
NODES_MAX = 1_000_000
"""A bound on what aliases can multiply."""


class NumberText(float):
    """A number with a fraction that remembers how it was written."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Self:
        """Read the number from its text."""
        made = super().__new__(cls, text.replace("_", ""))
        made.text = text
        return made

    text: str

    def __deepcopy__(self, memo: object) -> NumberText:
        """Be one's own copy: a number does not change."""
        return self


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[FieldPath, int] = {}
        self.problems: list[Problem] = []
        self.seen = 0
        self._scalars = yaml.SafeLoader("")

    def read(self, node: yaml.Node, path: FieldPath) -> object:
        self.seen += 1
        if self.seen > NODES_MAX:
            raise BadOrder(
                self.file,
                [
                    Problem(
                        self.file,
                        node.start_mark.line + 1,
                        "",
                        f"more than {NODES_MAX:,} values",
                        "a smaller file, with long lists in a CSV file under `items:`",
                    )
                ],
            )
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, object]:
        made: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            line = key_node.start_mark.line + 1
            if not key or key == "<<":
                self.problems.append(
                    Problem(self.file, line, key, "a key that is no plain word", "a field name")
                )
                continue
            if key in made:
                first = self.lines[(*path, key)]
                self.problems.append(
                    Problem(
                        self.file, line, key, f"{key!r} again", f"it once (line {first} has it)"
                    )
                )
                continue
            self.lines[*path, key] = line
            made[key] = self.read(value_node, (*path, key))
        return made

    def _scalar(self, node: yaml.Node, path: FieldPath) -> object:
        if node.tag == "tag:yaml.org,2002:float":
            try:
                return NumberText(str(node.value))
            except ValueError:
                return str(node.value)
        if node.tag in {
            "tag:yaml.org,2002:int",
            "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null",
        }:
            try:
                return self._scalars.construct_object(node)
            except ValueError:
                return str(node.value)
        if node.tag in {"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"}:
            # A date stays as it was written: an order has no field that is a date.
            return str(node.value)
        self.problems.append(
            Problem(
                self.file,
                node.start_mark.line + 1,
                ".".join(str(part) for part in path),
                f"the YAML tag {node.tag}",
                "plain text, numbers, lists and mappings",
            )
        )
        return None


def read_order_text(path: Path) -> tuple[dict[str, object], Places]:
    """Read one order file.

    Raises:
        BadOrder: it cannot be read, is no YAML, has a key twice, or is no mapping.
    """
    file = str(path)
    try:
        if path.stat().st_size > ORDER_BYTES_MAX:
            raise _bad(file, None, "a file above 16 MiB", "long lists in a CSV file under `items:`")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(file, None, "bytes that are not UTF-8 text", "a YAML file in UTF-8") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _bad(file, None, f"a file that cannot be read ({reason})", "a work order") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise _bad(
            file, line, f"{error.problem or 'text'} ({error.context or 'YAML'})", "YAML"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _bad(file, None, "text that no YAML reader takes", "YAML") from error
    reader = _Reader(file)
    try:
        data = None if node is None else reader.read(node, ())
    except RecursionError as error:
        raise _bad(file, None, "values nested too deeply", "a plain work order") from error
    if not isinstance(data, dict):
        raise _bad(file, 1, "no fields", "a work order: `order: my-order` and so on")
    if reader.problems:
        raise BadOrder(file, reader.problems)
    return data, Places(file, reader.lines)


def _bad(file: str, line: int | None, found: str, wanted: str) -> BadOrder:
    return BadOrder(file, [Problem(file, line, "", found, wanted)])
