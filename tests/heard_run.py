"""`mintage`, whole and unchanged, with every frame that it writes to an inspector noted in a file.

    HEARD=frames.jsonl python tests/heard_run.py run order.yaml

Only `socket.socketpair`, by which the pool talks to its processes, is replaced: by one whose
sockets write down what they send.
"""

from __future__ import annotations

import os
import socket
from typing import Any

_pair = socket.socketpair


class Heard(socket.socket):
    """A socket that notes what is sent through it, one frame a line, in hexadecimal."""

    def sendall(self, data: Any, *flags: int) -> None:  # noqa: ANN401 - whatever can be sent
        """Note it, then send it."""
        with open(os.environ["HEARD"], "a", encoding="ascii") as file:  # noqa: PTH123 - each line at once
            file.write(bytes(data).hex() + "\n")
        super().sendall(data, *flags)


def heard_pair(*arguments: Any, **options: Any) -> tuple[socket.socket, socket.socket]:  # noqa: ANN401 - socketpair's own
    """Make a pair of which both ends are heard."""
    one, other = _pair(*arguments, **options)
    return _heard(one), _heard(other)


def _heard(one: socket.socket) -> Heard:
    family, kind, protocol = one.family, one.type, one.proto
    return Heard(family, kind, protocol, fileno=one.detach())


if __name__ == "__main__":
    from console.app import main

    socket.socketpair = heard_pair
    main()
