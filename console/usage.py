"""Says in a sentence what was wrong with a command line."""

from __future__ import annotations

import difflib

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnusedCliTokensError


def explain_usage(error: CycloptsError) -> str:
    """Say what was wrong, and where help is; one sentence each."""
    command = " ".join(("mintage", *(error.command_chain or ())))
    return f"{_what_was_wrong(error, command)} `{command} --help` shows what there is."


def _what_was_wrong(error: CycloptsError, command: str) -> str:
    if isinstance(error, UnknownCommandError):
        return _no_such_command(error, command)
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        argument = error.argument
        # What can be given by its place is written in capitals, as in the help.
        name = argument.name if argument.index is None else argument.name.lstrip("-").upper()
        meaning = (argument.parameter.help or "").rstrip(".")
        return (
            f"`{command}` needs {name.replace('-', '_') if argument.index is not None else name}"
            + (f" ({meaning[0].lower()}{meaning[1:]})." if meaning else ".")
        )
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"`{command}` has no use for {error.unused_tokens[0]!r}."
    return " ".join(str(error).split())


def _no_such_command(error: UnknownCommandError, command: str) -> str:
    wanted = (error.unused_tokens or [""])[0]
    if wanted.startswith("-"):
        return f"`{command}` has no option {wanted}."
    known = [name for name in error.app or () if not name.startswith("-")]
    close = difflib.get_close_matches(wanted, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}."
    return f"`{command}` has no command {wanted!r}; {hint}"
