"""Takes from the calling process, for good, what judging a file never needs: sockets and programs.

A file that took an inspector over could still ask the kernel for a connection to the outside, start
a program, or read the memory of the process that started it. On Linux a filter of system calls
(seccomp) makes the kernel refuse these with EPERM; it can never be lifted again. The numbers are
those of the kernel's own tables (arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h), the program is classic BPF as linux/filter.h defines it.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_COMMON: Final[Mapping[str, int]] = {"io_uring_setup": 425, "pidfd_open": 434, "pidfd_getfd": 438}


@dataclass(frozen=True, slots=True)
class _Machine:
    audit_arch: int
    refused: Mapping[str, int]


_MACHINES: Final[Mapping[str, _Machine]] = {
    "x86_64": _Machine(
        0xC000003E,
        {
            **_COMMON,
            "socket": 41,
            "execve": 59,
            "execveat": 322,
            "ptrace": 101,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
        },
    ),
    "aarch64": _Machine(
        0xC00000B7,
        {
            **_COMMON,
            "socket": 198,
            "execve": 221,
            "execveat": 281,
            "ptrace": 117,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
        },
    ),
}

_LOAD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_JUMP_IF_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_NUMBER_AT: Final = 0
_ARCH_AT: Final = 4
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # with the error number of EPERM
_OTHER_ABI: Final = 0x40000000
"""From here on are the numbers of x32, a second way to the same calls on x86_64."""

_SET_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_FILTER_MODE: Final = 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def seclude() -> bool:
    """Let this process open no socket, start no program and look into no other process any more.

    Threads that it starts from here on inherit that. False, and nothing is changed, where the
    kernel or the processor has no such filter.
    """
    machine = _MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or machine is None or sys.maxsize <= 2**32:
        return False
    steps = b"".join(_steps(machine))
    kept = ctypes.create_string_buffer(steps, len(steps))
    program = _Program(len(steps) // 8, ctypes.cast(kept, ctypes.c_void_p))
    libc = ctypes.CDLL(None)
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program)) == 0)


def _steps(machine: _Machine) -> Iterator[bytes]:
    yield _step(_LOAD, _ARCH_AT)
    yield _step(_JUMP_IF_EQUAL, machine.audit_arch, if_so=1)
    yield _step(_RETURN, _REFUSE)
    yield _step(_LOAD, _NUMBER_AT)
    yield _step(_JUMP_IF_AT_LEAST, _OTHER_ABI, if_not=1)
    yield _step(_RETURN, _REFUSE)
    for number in machine.refused.values():
        yield _step(_JUMP_IF_EQUAL, number, if_not=1)
        yield _step(_RETURN, _REFUSE)
    yield _step(_RETURN, _ALLOW)


def _step(code: int, value: int, *, if_so: int = 0, if_not: int = 0) -> bytes:
    """One instruction: what to do, how many to skip if it is so or not, and with which value."""
    return struct.pack("=HBBI", code, if_so, if_not, value)
