"""The command line: `mintage`. Here are only its shape and its manners; the commands lie beside it.

Exit codes: 0 done; 1 something failed; 2 wrong usage or a bad order; 3 done, but some jobs were not
released. Errors are one sentence on standard error. Nothing slow is imported before it is needed.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import warnings
from importlib.metadata import version
from typing import Any

from cyclopts import App, CycloptsError, Parameter
from dotenv import load_dotenv

from console import (
    asset_commands,
    capacity_commands,
    house_commands,
    inspect_commands,
    ledger_commands,
    order_commands,
    review_commands,
)
from console.failures import BAD_USAGE, FAILED, explain
from console.notices import hear_notices
from console.screen import screen
from console.streams import bear_any_text, fill_closed_streams, hush, tell, write_out
from console.usage import explain_usage

app = App(
    name="mintage",
    help="Mint image assets in batches, every cent traced to its job.",
    version=lambda: version("mintage"),
    version_flags=["--version"],
    help_format="plaintext",
    # A file may be called `[1].png`, and an asset `{2}`: what begins like JSON is a name all the same.
    default_parameter=Parameter(json_dict=False, json_list=False),
)
for module in (
    order_commands,
    review_commands,
    inspect_commands,
    asset_commands,
    ledger_commands,
    capacity_commands,
    house_commands,
):
    module.register(app)


def main() -> None:
    """Run the command line and exit with its code."""
    fill_closed_streams()
    bear_any_text()
    # A scheduler ends programs with SIGTERM; they clean up after themselves as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hear_notices()
    # Pillow warns of odd metadata in pictures; the inspectors judge pictures, and people read this screen.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    sys.exit(run(sys.argv[1:]))


def run(tokens: list[str]) -> int:
    """Carry out one command line and give its exit code; never raises for what users can meet."""
    try:
        read_env_file()
        code = int(call(tokens) or 0)
        write_out("")
    except CycloptsError as error:
        tell(f"mintage: {explain_usage(error)}")
        return BAD_USAGE
    except BrokenPipeError:
        hush()
        return 0
    except (KeyboardInterrupt, asyncio.CancelledError):
        tell("mintage: Interrupted; nothing is lost, and the next run goes on from the books.")
        return FAILED
    except Exception as error:  # noqa: BLE001  the edge of the program: people get a sentence
        return explain(error)
    return code


def call(tokens: list[str]) -> Any:  # noqa: ANN401  what a command returns is its exit code
    """Find the command and run it; help is printed on our own screen, which minds broken pipes."""
    return app(
        tokens,
        console=screen(),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )


def read_env_file() -> None:
    """Put what `.env` says into the environment, where boto3 looks too; the environment wins."""
    try:
        load_dotenv(".env", override=False)
    except UnicodeDecodeError as error:
        from flows import BadSettings

        raise BadSettings("The file .env is not UTF-8 text; write it anew or remove it.") from error
