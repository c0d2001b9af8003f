"""1,000 concurrent calls of $0.10 against a cap of $5.00: Mintage's books and LiteLLM's budgets.

    python tests/benchmarks/side_by_side.py [--venv FOLDER] [--on sqlite|postgres]

LiteLLM is never a dependency: it is installed for this comparison alone, into an environment of its
own in the temporary folder, or taken from the environment that `--venv` names. The provider is the
same on both sides, a wait of 50 ms that counts the calls that reach it; nothing goes over a network.
What was spent is what reached the provider, whatever the budgets say.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from books_parts import an_order, built, plan, request, usd_line  # noqa: E402
from postgres_server import running_server  # noqa: E402

from flows.bookkeeping import Bookkeeper  # noqa: E402
from ledger import Admit, Books, HoldRequest, Refuse, format_usd, hold_nano  # noqa: E402

CALLS = 1_000
PRICE_USD = "0.10"
CAP_USD = "5.00"
LATENCY_S = 0.05
INSTALL_TIMEOUT_S = 600


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Provider:
    """Counts the calls that reach it."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> None:
        """Make one call."""
        self.count += 1
        await asyncio.sleep(LATENCY_S)


class Room:
    """Tells those who wait that a hold has ended."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next hold that ends."""
        await self._changed.wait()

    def tell(self) -> None:
        """Wake everybody who waits."""
        self._changed.set()
        self._changed = asyncio.Event()


async def mint(books: Books, job_ids: list[str], provider: Provider) -> None:
    """Every call at once, each as a run makes it: hold, call, charge, in the books' own groups."""
    room = Room()
    async with Bookkeeper(books) as keeper:

        async def one(asked: HoldRequest) -> None:
            while not isinstance(decision := await keeper.hold(asked), Admit):
                if isinstance(decision, Refuse):
                    return
                await room.wait()
            await provider()
            await keeper.settle(built(asked.attempt_id, usd_line(PRICE_USD)))
            room.tell()

        price_nano = hold_nano(Decimal(PRICE_USD))
        await asyncio.gather(*(one(request(job_id, price_nano)) for job_id in job_ids))


def mintage(url: str) -> None:
    """Mintage's side."""
    provider = Provider()
    with Books.open(url, clock=lambda: datetime.now(UTC), migrate=True) as books:
        job_ids = plan(books, an_order(jobs=CALLS, cap=CAP_USD))
        before = time.perf_counter()
        asyncio.run(mint(books, job_ids, provider))
        took_s = time.perf_counter() - before
        order = books.order("mugs@2026")
        assert order is not None
        problem = books.verify().problem
        assert problem is None, problem
        say(
            f"Mintage, at once: {provider.count} calls went out, {spent(provider.count)} spent; the "
            f"books say {format_usd(order.spent_nano)} spent, {format_usd(order.held_nano)} held, "
            f"and prove themselves ({took_s:.1f} s, {url.partition(':')[0]})"
        )


def spent(calls: int) -> str:
    """What so many calls cost."""
    return format_usd(calls * hold_nano(Decimal(PRICE_USD)))


def litellm(folder: Path, python: Path) -> None:
    """LiteLLM's side, in its own environment and in a folder where it may write."""
    script = str(Path(__file__).with_name("side_by_side_litellm.py"))
    sizes = ["--calls", str(CALLS), "--price", PRICE_USD, "--cap", CAP_USD]
    done = subprocess.run(
        [str(python), script, *sizes, "--latency", str(LATENCY_S)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_TIMEOUT_S,
    )
    if done.returncode:
        say(f"LiteLLM could not be run: {last_line(done.stderr)}")
        return
    found = json.loads(last_line(done.stdout))
    version = found.pop("version")
    for way, counted in found.items():
        say(
            f"LiteLLM {version}, {way}: {counted['calls']} calls went out, "
            f"{spent(counted['calls'])} spent; its own count says ${counted['told_usd']:.2f}"
        )


def environment(folder: Path) -> Path | None:
    """Make an environment with LiteLLM; None, and why, where that cannot be done."""
    where = folder / "litellm-venv"
    venv.create(where, with_pip=True)
    python = where / "bin" / "python"
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "litellm"],
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_TIMEOUT_S,
    )
    if done.returncode:
        say(f"LiteLLM could not be installed, so there is no other side: {last_line(done.stderr)}")
        return None
    return python


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def main() -> None:
    """Print both sides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, help="an environment that has LiteLLM")
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    wanted = parser.parse_args()
    say(f"{CALLS:,} concurrent calls of ${PRICE_USD} against a cap of ${CAP_USD}")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        if wanted.on == "postgres":
            mintage(stack.enter_context(running_server()).fresh_database())
        else:
            mintage(f"sqlite:///{folder}/ledger.db")
        python = wanted.venv / "bin" / "python" if wanted.venv else environment(folder)
        if python is not None:
            litellm(folder, python)


if __name__ == "__main__":
    main()
