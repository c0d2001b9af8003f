"""A program that holds a secret and has children try to get at it, and at files, under confinement.

Started as root it goes on as the user `nobody`, unless it is told `root`: what an ordinary user's
processes can do to each other is then the same whoever runs the tests. Prints, as JSON, for each way
of confining a child what became of each attempt: `done`, or the name of the error's number.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from validators import criteria, seclusion
from validators.file_fence import fence, readable_here

NOBODY = 65534
SECRET = b"r8_a_token_that_only_the_parent_holds"
HIDDEN = ("hidden", "without capabilities", "secluded")
"""Ways that the parent hides itself for, and stays hidden from there on."""

CONFINED: dict[str, Callable[[], object]] = {
    "free": lambda: None,
    "filtered": seclusion.filter_calls,
    "fenced": lambda: (seclusion.hold_no_new_privileges(), fence(readable_here())),
    "hidden": lambda: None,
    "without capabilities": seclusion.give_up_capabilities,
    "secluded": seclusion.seclude,
}


def attempts(
    folder: Path, parent: int, address: int, shelf: int
) -> dict[str, Callable[[], object]]:
    """Name what a child tries; what it changes lies in the folder."""
    memory = f"/proc/{parent}/mem"
    file = folder / "file"

    def read_memory() -> None:
        assert os.pread(os.open(memory, os.O_RDONLY), len(SECRET), address) == SECRET

    def map_file() -> None:
        with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as mapped:
            mapped[0:1] = b"X"

    def start_thread() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    return {
        "read memory": read_memory,
        "write memory": lambda: os.pwrite(os.open(memory, os.O_RDWR), SECRET, address),
        "read environment": Path(f"/proc/{parent}/environ").read_bytes,
        "signal": lambda: os.kill(parent, 0),
        "limit": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "read file": file.read_bytes,
        "list files": lambda: list(folder.iterdir()),
        "write file": lambda: file.write_bytes(b"X"),
        "map file": map_file,
        "append": lambda: file.open("ab"),
        "create": (folder / "new").touch,
        "truncate": lambda: os.truncate(file, 1),
        "link": lambda: os.link(file, folder / "linked"),
        "symlink": lambda: (folder / "symlinked").symlink_to("file"),
        "rename": lambda: file.rename(folder / "renamed").rename(file),
        "folder": (folder / "folder").mkdir,
        "mode": lambda: file.chmod(0o600),
        "times": lambda: os.utime(file),
        "remove": file.unlink,
        "socket": socket.socket,
        "pair": socket.socketpair,
        "process": lambda: os.fork() or os._exit(0),
        "program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "thread": start_thread,
        "shelf": lambda: os.pread(shelf, 1, 0) + mmap.mmap(shelf, 0, prot=mmap.PROT_READ)[:1],
        "read beside code": (Path(seclusion.__file__).parents[1] / "pyproject.toml").read_bytes,
        "own code": Path(seclusion.__file__).read_bytes,
    }


def outcome(attempt: Callable[[], object]) -> str:
    """Try it."""
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "done"


def outcomes_of(how: str, address: int, shelf: int) -> dict[str, str]:
    """Let a child that is confined this way try everything."""
    folder = Path(how.replace(" ", "_"))
    folder.mkdir()
    (folder / "file").write_bytes(b"bytes of the books")
    parent = os.getpid()
    heard, told = os.pipe()
    child = os.fork()
    if not child:
        tried = attempts(folder, parent, address, shelf)
        CONFINED[how]()
        os.write(told, json.dumps({name: outcome(one) for name, one in tried.items()}).encode())
        os._exit(0)
    os.close(told)
    os.waitpid(child, 0)
    with os.fdopen(heard, "rb") as answer:
        found: dict[str, str] = json.loads(answer.read())
    return found


def main(who: str) -> None:
    """Print what became of every attempt in every kind of confinement."""
    assert criteria.__path__
    if os.getuid() == 0 and who == "nobody":
        os.chown(".", NOBODY, NOBODY)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        # Changing the user has hidden this program; one that a user starts is not hidden.
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
    held = ctypes.create_string_buffer(SECRET)
    shelf = os.memfd_create("picture")
    os.write(shelf, b"picture")
    found = {}
    for how in CONFINED:
        if how in HIDDEN:
            seclusion.hide_memory()
        found[how] = outcomes_of(how, ctypes.addressof(held), shelf)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
