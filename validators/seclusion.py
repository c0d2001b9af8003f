"""Takes from the calling process, for good, what judging a file never needs.

A file that took an inspector over could still ask the kernel for a connection to the outside, start
a program, write to files, or reach into the process that started it. On Linux three things make the
kernel refuse that, each where it has it, and none can be lifted again: capabilities are given up, a
fence around files and processes (Landlock, `file_fence`), and a filter of system calls (seccomp).
The filter is classic BPF as linux/filter.h defines it.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from validators.file_fence import fence, readable_here
from validators.system_calls import MACHINES, OWN_ID, Condition, Machine

_LOAD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_JUMP_IF_AT_LEAST: Final = 0x35
_JUMP_IF_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_NUMBER_AT: Final = 0
_ARCH_AT: Final = 4
_ARGUMENTS_AT: Final = 16
_ARGUMENT_BYTES: Final = 8
"""The lower half comes first; all that is asked of an argument is in there."""
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # with the error number of EPERM
_ABSENT: Final = 0x00050000 | 38  # with that of ENOSYS
_OTHER_ABI: Final = 0x40000000
"""From here on are the numbers of x32, a second way to the same calls on x86_64."""

_SET_DUMPABLE: Final = 4
_SET_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_FILTER_MODE: Final = 2
_CAPABILITY_VERSION: Final = 0x20080522
_KEPT_CAPABILITY: Final = 1 << 2
"""CAP_DAC_READ_SEARCH: root in a container may have to read programs that are another user's."""


@dataclass(frozen=True, slots=True)
class Seclusion:
    """What the kernel holds the calling process to: its filter, and the version of its fence."""

    filtered: bool
    fence: int
    """Landlock's version; 0 without one."""

    @property
    def in_words(self) -> str:
        """What a process that judges can do on this machine, for people."""
        landlock = f"Landlock {self.fence}"
        if self.filtered and self.fence:
            return f"they change no file and read only programs and models (seccomp, {landlock})"
        if self.filtered:
            return "they change no file, but read what this user may (seccomp; no Landlock here)"
        if self.fence:
            return (
                f"they change no file and read only programs and models ({landlock}; no seccomp "
                "here, so they can open connections)"
            )
        return "they can do what this user can: neither seccomp nor Landlock here"


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def seclude() -> Seclusion:
    """Let this process start, reach and change nothing any more, and read what it needs only.

    Threads that it starts from here on inherit that. What the kernel or the processor does not have
    is left out, as the answer says.
    """
    if sys.platform != "linux":
        return Seclusion(filtered=False, fence=0)
    give_up_capabilities()
    hold_no_new_privileges()
    fenced = fence(readable_here())
    return Seclusion(filter_calls(), fenced)


def hold_no_new_privileges() -> bool:
    """Let no program give this process more rights; the kernel asks for that before the others."""
    return bool(ctypes.CDLL(None).prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0)


def hide_memory() -> None:
    """Keep this process's memory and environment from others of the same user.

    The kernel lets nobody without the right to trace every process (as root has it) read or write
    its /proc/PID/mem, environ and the like; it leaves no core dump, and debuggers of the same user
    cannot attach.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def give_up_capabilities() -> None:
    """Be no more than an ordinary process, also as root, but for reading; says nothing if refused."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    # A process without the one to keep cannot ask for it, but may always ask for none.
    for kept in (_KEPT_CAPABILITY, 0):
        rights = struct.pack("=6I", kept, kept, 0, 0, 0, 0)
        if ctypes.CDLL(None).capset(header, rights) == 0:
            return


def filter_calls() -> bool:
    """Have the kernel refuse what `system_calls` names; False where it or the processor cannot."""
    machine = MACHINES.get(os.uname().machine)
    if machine is None or sys.maxsize <= 2**32 or not hold_no_new_privileges():
        return False
    steps = b"".join(_steps(machine, os.getpid()))
    kept = ctypes.create_string_buffer(steps, len(steps))
    program = _Program(len(steps) // 8, ctypes.cast(kept, ctypes.c_void_p))
    set_filter = ctypes.CDLL(None).prctl
    return bool(set_filter(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program)) == 0)


def _steps(machine: Machine, process_id: int) -> Iterator[bytes]:
    yield _step(_LOAD, _ARCH_AT)
    yield _step(_JUMP_IF_EQUAL, machine.audit_arch, if_so=1)
    yield _step(_RETURN, _REFUSE)
    yield _step(_LOAD, _NUMBER_AT)
    yield _step(_JUMP_IF_AT_LEAST, _OTHER_ABI, if_not=1)
    yield _step(_RETURN, _REFUSE)
    for condition in machine.conditions:
        asked = list(_asked(condition, process_id))
        yield _step(_JUMP_IF_EQUAL, condition.call, if_not=len(asked))
        yield from asked
    for number in machine.absent.values():
        yield _step(_JUMP_IF_EQUAL, number, if_not=1)
        yield _step(_RETURN, _ABSENT)
    for number in machine.refused.values():
        yield _step(_JUMP_IF_EQUAL, number, if_not=1)
        yield _step(_RETURN, _REFUSE)
    yield _step(_RETURN, _ALLOW)


def _asked(condition: Condition, process_id: int) -> Iterator[bytes]:
    """Decide a call by its argument: it is compared, and one of two returns is reached."""
    yield _step(_LOAD, _ARGUMENTS_AT + _ARGUMENT_BYTES * condition.argument)
    test = _JUMP_IF_EQUAL if condition.test.endswith("one_of") else _JUMP_IF_ANY_BIT
    values = [process_id if value == OWN_ID else value for value in condition.values]
    for left, value in zip(reversed(range(len(values))), values, strict=True):
        yield _step(test, value, if_so=left + 1)
    refused_if_so = condition.test in {"any_bit", "one_of"}
    yield _step(_RETURN, _ALLOW if refused_if_so else _REFUSE)
    yield _step(_RETURN, _REFUSE if refused_if_so else _ALLOW)


def _step(code: int, value: int, *, if_so: int = 0, if_not: int = 0) -> bytes:
    """One instruction: what to do, how many to skip if it is so or not, and with which value."""
    return struct.pack("=HBBI", code, if_so, if_not, value)
