"""Reads a work order's YAML and remembers the line of every field.

Only plain data comes out: mappings, lists, strings, integers, booleans, null, and numbers with a
fraction as `NumberText`, which keeps how they were written, so that money given as a YAML float can
be refused with the right form instead of being rounded first.

A word means what it says, as in YAML 1.2: `no` is no boolean, `0012` and `1:30` are no numbers.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import yaml

from flows.errors import BadOrder
from flows.plain_files import read_plain_file
from flows.problems import FieldPath, Places, Problem, dotted

ORDER_BYTES_MAX = 4 * 1024 * 1024
"""A larger file is no work order (and YAML is slow): long item lists belong into a CSV file."""
NODES_MAX = 1_000_000
"""A bound on what aliases can multiply."""
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""What is in no text: a database, a terminal or UTF-8 would choke on it."""
UNWRITABLE_WANTED = "text without control characters"

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_PLAIN_TAGS: dict[type[yaml.Node], str] = {
    yaml.MappingNode: "tag:yaml.org,2002:map",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
}


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


def as_written(value: object) -> object:
    """Give a value in which 1.50 and 1.5 differ, as the texts differ that they fill: for digests only."""
    if isinstance(value, NumberText):
        return {"": value.text}
    if isinstance(value, Mapping):
        return {key: as_written(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_written(inner) for inner in value]
    return value


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[FieldPath, int] = {}
        self.problems: list[Problem] = []
        self.seen = 0

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
        if node.tag != _PLAIN_TAGS.get(type(node), node.tag):
            self._strange_tag(node, path)
            return None
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
            if not key or key == "<<" or UNWRITABLE.search(key):
                self._add(line, path, "a key that is no plain word", "a field name")
                continue
            if key in made:
                first = self.lines[(*path, key)]
                self._add(line, (*path, key), f"{key!r} again", f"it once (line {first} has it)")
                continue
            self.lines[*path, key] = line
            made[key] = self.read(value_node, (*path, key))
        return made

    def _scalar(self, node: yaml.Node, path: FieldPath) -> object:
        text = _joined(str(node.value))
        if UNWRITABLE.search(text):
            line = node.start_mark.line + 1
            self._add(line, path, "a control character", UNWRITABLE_WANTED)
            return ""
        read = _SCALARS.get(node.tag)
        if read is None:
            self._strange_tag(node, path)
            return ""
        return read(text)

    def _strange_tag(self, node: yaml.Node, path: FieldPath) -> None:
        wanted = "plain text, numbers, lists and mappings"
        self._add(node.start_mark.line + 1, path, f"the YAML tag {node.tag}", wanted)

    def _add(self, line: int, path: FieldPath, found: str, wanted: str) -> None:
        self.problems.append(Problem(self.file, line, dotted(path), found, wanted))


def _joined(text: str) -> str:
    """Join the pairs of surrogates as which JSON may write a character."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return text


def _whole(text: str) -> int | str:
    try:
        return int(text) if _WHOLE.fullmatch(text) else text
    except ValueError:
        # Python reads no number of more than 4,300 digits, and no order needs one.
        return text


def _fraction(text: str) -> NumberText | str:
    try:
        number = NumberText(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _nothing(text: str) -> None:
    del text


def _truth(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.lower(), text)


_SCALARS: dict[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:null": _nothing,
    "tag:yaml.org,2002:bool": _truth,
    "tag:yaml.org,2002:int": _whole,
    "tag:yaml.org,2002:float": _fraction,
    "tag:yaml.org,2002:str": str,
    # A date stays as it was written: an order has no field that is a date.
    "tag:yaml.org,2002:timestamp": str,
    "tag:yaml.org,2002:value": str,
    "tag:yaml.org,2002:merge": str,
}


def read_order_text(
    path: Path, wanted: str = "a work order: `order: my-order` and so on"
) -> tuple[dict[str, object], Places]:
    """Read one order file, or another that is written like one; `wanted` says what it should be.

    Raises:
        BadOrder: it cannot be read, is no YAML, has a key twice, or is no mapping.
    """
    file = str(path)
    try:
        content = read_plain_file(path, ORDER_BYTES_MAX + 1)
        if len(content) > ORDER_BYTES_MAX:
            raise _bad(
                file,
                None,
                f"a file above {ORDER_BYTES_MAX // 1024**2} MiB",
                "long lists in a CSV file under `items:`",
            )
        # As text files are read: every way to end a line is one.
        text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig").read()
    except UnicodeDecodeError as error:
        raise _bad(file, None, "bytes that are not UTF-8 text", "a YAML file in UTF-8") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _bad(file, None, f"a file that cannot be read ({reason})", wanted) from error
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
    if reader.problems:
        raise BadOrder(file, reader.problems)
    if not isinstance(data, dict):
        raise _bad(file, 1, "no fields", wanted)
    return data, Places(file, reader.lines)


def _bad(file: str, line: int | None, found: str, wanted: str) -> BadOrder:
    return BadOrder(file, [Problem(file, line, "", found, wanted)])
