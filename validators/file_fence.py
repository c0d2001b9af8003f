"""A fence around the calling process (Landlock): it may read what it needs to judge, no more.

The kernel refuses the process every other file, every change of a file, programs, new TCP
connections, and reaching into (also signalling, from version 6 on) processes outside of the fence.
Constants and structures are those of include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_BENEATH: Final = 1

_READ_FILE: Final = 1 << 2
_READ_FOLDER: Final = 1 << 3
_FILE_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights that the fence takes away, by the version from which on the kernel knows them."""
_NETWORK_FROM: Final = 4
_NETWORK: Final = 0b11
_SCOPES_FROM: Final = 6
_SCOPES: Final = 0b11
"""Sockets with abstract names, and signals, of processes outside."""

_SYSTEM: Final = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"),
    *("/nix/store", "/gnu/store", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/proc/self"),
    # Libraries of models ask these how many processors there are, and of which kind.
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system"),
)
_WHOLE: Final = ("site-packages", "dist-packages")
"""Folders of this name hold libraries and nothing of anybody's own."""
_CODE: Final = (".py", ".pyc", ".so", ".libs", ".dist-info", ".egg-info")


def fence_version() -> int:
    """Tell which version of Landlock the kernel has; 0 for none, or where it is turned off."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)))


def fence(readable: Iterable[tuple[Path, bool]]) -> int:
    """Fence this process in; returns Landlock's version, 0 where the kernel has none or refuses.

    `readable` are paths that stay readable with all that is beneath; with False, names only.
    The caller has given up new privileges before.
    """
    version = fence_version()
    if version < 1:
        return 0
    libc = ctypes.CDLL(None)
    rights = max(rights for since, rights in _FILE_RIGHTS.items() if since <= version)
    network = _NETWORK if version >= _NETWORK_FROM else 0
    scopes = _SCOPES if version >= _SCOPES_FROM else 0
    attributes = struct.pack("=QQQ", rights, network, scopes)
    # A kernel that does not know the later fields takes them as long as they are 0.
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return 0
    try:
        for path, contents in readable:
            _allow(libc, ruleset, path, contents=contents)
        return 0 if libc.syscall(_RESTRICT_SELF, ruleset, 0) else version
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, *, contents: bool) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # What is not there, or not for this user, is not read either.
        return
    try:
        folder = _READ_FOLDER if stat.S_ISDIR(os.fstat(beneath).st_mode) else 0
        rights = folder | (_READ_FILE if contents else 0)
        libc.syscall(_ADD_RULE, ruleset, _BENEATH, struct.pack("=Qi", rights, beneath), 0)
    finally:
        os.close(beneath)


def readable_here() -> Iterator[tuple[Path, bool]]:
    """Name what this interpreter reads to find and load its code, its libraries and their models.

    Of a folder of the import path that is none of libraries, as one that a program is worked on
    and run in, only the code is among it: such a folder may hold books, pictures and secrets.
    """
    from validators import criteria

    yield from ((Path(name), True) for name in _SYSTEM)
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    yield from ((Path(name), True) for name in libraries if name.startswith("/"))
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    homes = [Path(prefix, name) for prefix in sorted(prefixes) for name in ("lib", "lib64")]
    yield from ((home, True) for home in homes)
    yield from ((Path(name), True) for name in criteria.__path__)
    yield Path(__file__).parent, True
    for entry in map(Path, filter(None, sys.path)):
        if entry.name in _WHOLE or stat.S_ISREG(_kind(entry)):
            yield entry, True
            yield from ((place, True) for place in _linked(entry))
        elif not any(entry.is_relative_to(home) for home in homes):
            yield entry, False
            yield from ((place, True) for place in _code_in(entry))


def _code_in(folder: Path) -> Iterator[Path]:
    for one in _inside(folder):
        if one.name.endswith(_CODE) or _kind(one / "__init__.py"):
            yield one


def _linked(folder: Path) -> Iterator[Path]:
    """Find libraries that only a link leads to, as some installers keep them elsewhere."""
    for one in _inside(folder):
        start = one / "__init__.py"
        if stat.S_ISLNK(_kind(one, follow=False)):
            yield one
        elif stat.S_ISLNK(_kind(start, follow=False)):
            yield start.resolve().parent


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        # An import path may name what is not there, or not for this user.
        return []


def _kind(path: Path, *, follow: bool = True) -> int:
    try:
        return path.stat(follow_symlinks=follow).st_mode
    except OSError:
        return 0
