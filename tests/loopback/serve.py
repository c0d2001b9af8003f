"""Serve a loopback provider until SIGINT, SIGTERM or (if asked) the end of standard input.

    python tests/loopback/serve.py --port 0 --settings '{"latency_s": [0.1, 0.5]}'
    PYTHONPATH=tests python -m loopback.serve

Prints the API's base URL on the first line and the delivery server's on the second. Settings are
those of `loopback.settings.Settings`, as JSON. `POST /_control/{command}` with the arguments as a
JSON object asks for the bill and all the rest (see `loopback.control`):

    curl -s -X POST $URL/_control/bill
    curl -s -X POST $URL/_control/add_faults -d '{"rules": [{"kind": "throttle", "times": 3}]}'
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

if __package__ in {None, ""}:
    # Run by its path: the folder above is where `loopback` is found; its own folder would let
    # `errors` or `settings` be imported by those bare names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from loopback.settings import Settings
from loopback.station import Station
from loopback.world import World


def main() -> int:
    """Serve; 0, or 1 when the server's own code failed while it answered."""
    parser = argparse.ArgumentParser(description="A Replicate-like provider on the loopback.")
    parser.add_argument("--port", type=int, default=0, help="of the API; 0 takes a free one")
    parser.add_argument("--delivery-port", type=int, default=0, help="of the output files")
    parser.add_argument("--settings", type=json.loads, default={}, help="as a JSON object")
    parser.add_argument("--until-stdin-closes", action="store_true")
    options = parser.parse_args()
    world = World(Settings.from_json(options.settings))
    asyncio.run(_serve(world, options))
    for crash in world.crashes:
        sys.stderr.write(crash)
    return 1 if world.crashes else 0


async def _serve(world: World, options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if options.until_stdin_closes:
        _watch_stdin(loop, stopping)
    station = Station(world)
    await station.open(options.port, options.delivery_port)
    sys.stdout.write(f"{world.api_url}\n{world.files_url}\n")
    sys.stdout.flush()
    await stopping.wait()
    await station.close()


def _watch_stdin(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    stdin = sys.stdin.fileno()

    def on_readable() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            stopping.set()

    loop.add_reader(stdin, on_readable)


if __name__ == "__main__":
    sys.exit(main())
