"""LiteLLM's side of `side_by_side.py`, run by the interpreter of an environment that has it.

The budget is used as LiteLLM's documentation shows: look whether the cost so far is within the
budget, make the call, then record what it cost. The calls are LiteLLM's own mock completions of a
model whose price is made so that each costs the same; nothing goes over a network.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"


def no_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse every connection to an address: this benchmark needs none."""
    if event == "socket.connect" and arguments[0].family in {socket.AF_INET, socket.AF_INET6}:
        raise OSError(f"no network in this benchmark: {arguments[1]}")


sys.addaudithook(no_network)

import litellm  # noqa: E402  after what it reads from the environment

MODEL = "acme-painter"
USER = "brand-team"
MOCK_PROMPT_TOKENS = 10
"""What LiteLLM counts for a mock call, beside 20 tokens of completion, which are free here."""


class Calls:
    """The provider: counts the calls that reach it."""

    def __init__(self, latency_s: float) -> None:
        self.latency_s = latency_s
        self.count = 0

    async def __call__(self) -> object:
        """Make one call."""
        answer = await litellm.acompletion(
            model=MODEL,
            custom_llm_provider="openai",
            messages=[{"role": "user", "content": "a mug"}],
            mock_response="a picture",
        )
        self.count += 1
        await asyncio.sleep(self.latency_s)
        return answer


async def with_budget_manager(calls: Calls, count: int, cap_usd: float, *, at_once: bool) -> float:
    """`litellm.BudgetManager`, local: `get_current_cost` before, `update_cost` after.

    Gives what it says was spent.
    """
    manager = litellm.BudgetManager(project_name="side-by-side", client_type="local")
    manager.create_budget(total_budget=cap_usd, user=USER)

    async def one() -> None:
        if manager.get_current_cost(user=USER) <= manager.get_total_budget(USER):
            manager.update_cost(completion_obj=await calls(), user=USER)

    await many(one, count, at_once=at_once)
    return float(manager.get_current_cost(user=USER))


async def with_max_budget(calls: Calls, count: int, cap_usd: float, *, at_once: bool) -> float:
    """`litellm.max_budget`: the library refuses by itself once its own count is above it.

    Gives that count.
    """
    litellm.max_budget = cap_usd
    litellm._current_cost = 0.0

    async def one() -> None:
        try:
            await calls()
        except litellm.BudgetExceededError:
            return

    await many(one, count, at_once=at_once)
    litellm.max_budget = 0.0
    return float(litellm._current_cost)


async def many(one: Callable[[], Awaitable[None]], count: int, *, at_once: bool) -> None:
    """Make the calls all at once, or one after the other."""
    if at_once:
        await asyncio.gather(*(one() for _ in range(count)))
        return
    for _ in range(count):
        await one()


def main() -> None:
    """Print one JSON object: the calls that went out and its own count, by way and manner."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--price", type=float, required=True)
    parser.add_argument("--cap", type=float, required=True)
    parser.add_argument("--latency", type=float, required=True)
    wanted = parser.parse_args()
    litellm.suppress_debug_info = True
    price = {
        "input_cost_per_token": wanted.price / MOCK_PROMPT_TOKENS,
        "output_cost_per_token": 0.0,
        "litellm_provider": "openai",
        "mode": "chat",
    }
    litellm.register_model({MODEL: price, f"openai/{MODEL}": price})
    found: dict[str, object] = {"version": version("litellm")}
    for name, way in (("BudgetManager", with_budget_manager), ("max_budget", with_max_budget)):
        for at_once in (True, False):
            calls = Calls(wanted.latency if at_once else 0.0)
            told_usd = asyncio.run(way(calls, wanted.calls, wanted.cap, at_once=at_once))
            manner = "at once" if at_once else "one by one"
            found[f"{name}, {manner}"] = {"calls": calls.count, "told_usd": told_usd}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
