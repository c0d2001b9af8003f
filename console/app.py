"""The command line: `mintage`. Here are only its shape and its manners; the commands lie beside it.

Exit codes: 0 done; 1 something failed; 2 wrong usage or a bad order; 3 done, but some jobs were not
released. Errors are one sentence on standard error. Nothing slow is imported before it is needed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from importlib.metadata import version

from cyclopts import App, CycloptsError
from dotenv import load_dotenv

from console import asset_commands, house_commands, ledger_commands, order_commands, review_commands
from console.failures import BAD_USAGE, explain

app = App(
    name="mintage",
    help="Mint image assets in batches, every cent traced to its job.",
    version=lambda: version("mintage"),
    version_flags=["--version"],
    help_format="plaintext",
)
for module in (order_commands, review_commands, asset_commands, ledger_commands, house_commands):
    module.register(app)


def main() -> None:
    """Run the command line and exit with its code."""
    load_dotenv(".env", override=False)
    # Pillow warns of odd metadata in pictures; the inspectors judge pictures, and people read this screen.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    sys.exit(run(sys.argv[1:]))


def run(tokens: list[str]) -> int:
    """Carry out one command line and give its exit code; never raises for what users can meet."""
    try:
        code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        sys.stderr.write(f"mintage: {explain_usage(error)}\n")
        return BAD_USAGE
    except BrokenPipeError:
        # Whoever read our output has enough. Point stdout elsewhere, or Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write(
            "mintage: Interrupted; what was in flight stays held until the next run.\n"
        )
        return 1
    except Exception as error:  # noqa: BLE001  the edge of the program: people get a sentence
        return explain(error)
    return int(code or 0)


def explain_usage(error: CycloptsError) -> str:
    """Say what was wrong with a command line, and where help is."""
    sentence = " ".join(str(error).split())
    return f"{sentence} `mintage --help` shows what there is."
