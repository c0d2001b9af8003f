"""Caps from a settings file: `MINTAGE_CAPS` names it, and each run sees to it that the books agree.

    cost_centers:
      cc-4100: {month: "500.00"}
    providers:
      replicate: {day: "50.00"}

What the file says wins over what `mintage ledger budget set` said about the same subject. A subject
that the file does not name keeps the cap that it has. A file is nobody's second person: where it
asks for a raise that takes two, the run says so and goes on under the cap that stands.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, StrictStr, ValidationError

from flows.errors import BadSettings
from flows.plain_files import read_plain_file
from ledger import Books, MoneyError, Scope, hold_nano, parse_usd
from ledger.errors import ApprovalRefused
from ledger.signatures import SETTINGS_FILE, first_unseen

log = logging.getLogger("mintage.caps")

CAPS_BYTES_MAX = 1_000_000
"""Twenty thousand cost centres; whatever is larger is no caps file."""


def _an_amount(text: str) -> str:
    parse_usd(text)
    return text


def _a_name(text: str) -> str:
    if not text.strip() or first_unseen(text) is not None:
        raise ValueError("a name is one line of plain text")
    return text


Amount = Annotated[StrictStr, AfterValidator(_an_amount)]
Name = Annotated[StrictStr, AfterValidator(_a_name)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Month(_Form):
    month: Amount


class _Day(_Form):
    day: Amount


class CapsForm(_Form):
    """The file's form: amounts are quoted decimal strings in USD."""

    cost_centers: dict[Name, _Month] = {}
    providers: dict[Name, _Day] = {}

    def caps(self) -> dict[tuple[Scope, str], int]:
        """Give the cap of each subject in nano-USD."""
        months = {
            (Scope.COST_CENTER, name): hold_nano(parse_usd(cap.month))
            for name, cap in self.cost_centers.items()
        }
        days = {
            (Scope.PROVIDER, name): hold_nano(parse_usd(cap.day))
            for name, cap in self.providers.items()
        }
        return months | days


def read_caps(path: Path) -> dict[tuple[Scope, str], int]:
    """Read a caps file: the cap of each scope and subject in nano-USD.

    Raises:
        BadSettings: it cannot be read, or says what no cap can be.
    """
    try:
        content = read_plain_file(path, CAPS_BYTES_MAX + 1)
        if len(content) > CAPS_BYTES_MAX:
            raise BadSettings(
                f"MINTAGE_CAPS names {path}, which is larger than {CAPS_BYTES_MAX:,} bytes and "
                "cannot be a file of caps."
            )
        read = yaml.safe_load(content.decode())
    except OSError as error:
        raise BadSettings(
            f"MINTAGE_CAPS names {path}, which cannot be read: {error.strerror}."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(getattr(error, "problem_mark", None), "line", None)
        line = "" if where is None else f", line {where + 1},"
        raise BadSettings(f"{path}{line} is not YAML; MINTAGE_CAPS names it.") from error
    try:
        return CapsForm.model_validate({} if read is None else read).caps()
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in detail["loc"] if part != "[key]") or "the file"
        wanted = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "string_type":
            wanted = 'write names and amounts in quotes, such as "500.00"'
        raise BadSettings(f"{path}: {field}: {wanted}.") from error
    except MoneyError as error:
        raise BadSettings(f"{path}: {error}.") from error


def apply_caps(books: Books, path: Path | None) -> int:
    """See to it that the books have the caps of the settings file; give how many had to change.

    Raises:
        BadSettings: the file cannot be used.
        CapTooLow: it asks for less than what is held and spent already.
    """
    if path is None:
        return 0
    wanted = read_caps(path)
    known = {(rule.scope, rule.subject): rule.cap_nano for rule in books.cap_rules()}
    changes = {key: cap for key, cap in sorted(wanted.items()) if known.get(key) != cap}
    if not changes:
        return 0
    changed = 0
    with books.transaction() as desk:
        for (scope, subject), cap_nano in changes.items():
            try:
                desk.set_cap(
                    scope, subject, cap_nano, by=SETTINGS_FILE, because=f"{_named(path)} says so"
                )
            except ApprovalRefused as error:
                log.warning("%s asks for what takes two persons, and %s", path, f"{error}.")
            else:
                changed += 1
    return changed


def _named(path: Path) -> str:
    """The file's name as a reason can have it: without what nobody can see in it."""
    return "".join(one for one in path.name if one.isprintable()) or "a file"
