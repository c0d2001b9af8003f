"""The numbers of the system calls that judging a file never needs, for each processor.

They are those of the kernel's own tables (arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

_WRITE_ONLY_OR_BOTH: Final = 0o3
_CREATE: Final = 0o100
_TRUNCATE: Final = 0o1000
WRITING: Final = _WRITE_ONLY_OR_BOTH | _CREATE | _TRUNCATE
"""Any of these flags of `open` would change a file (asm-generic/fcntl.h, the same for both)."""

THREAD: Final = 0x10000
"""CLONE_THREAD: what is started is a thread of this process, no process of its own."""

SENDS_SIGNALS_ELSEWHERE: Final = (8, 15)
"""F_SETOWN and F_SETOWN_EX: whom the kernel shall signal when a descriptor is ready."""

SETS_OWNER: Final = (0x8901, 0x8902)
"""FIOSETOWN and SIOCSPGRP: the same as an `ioctl`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A call that is refused by what one of its arguments is.

    `any_bit`: one of the bits is set; `no_bit`: none is; `one_of`: it is one of the values;
    `not_one_of`: it is none of them, where `OWN_ID` stands for the id of the calling process.
    """

    call: int
    argument: int
    test: Literal["any_bit", "no_bit", "one_of", "not_one_of"]
    values: tuple[int, ...]


OWN_ID: Final = -1


@dataclass(frozen=True, slots=True)
class Machine:
    """One kind of processor: its mark in the kernel, and what is refused there."""

    audit_arch: int
    absent: Mapping[str, int]
    """Calls for which the kernel is to say that it has none: libraries then use an older one."""
    refused: Mapping[str, int]
    conditions: tuple[Condition, ...]


_ABSENT: Final = {"clone3": 435, "openat2": 437}

_NEWER: Final = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "process_mrelease": 448,
    "fchmodat2": 452,
    "setxattrat": 463,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_setattr": 469,
}
"""Calls that came after both tables had become one."""

_X86_64: Final = {
    "socket": 41,
    "socketpair": 53,
    "execve": 59,
    "execveat": 322,
    "fork": 57,
    "vfork": 58,
    "tkill": 200,
    "rt_sigqueueinfo": 129,
    "rt_tgsigqueueinfo": 297,
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "creat": 85,
    "truncate": 76,
    "ftruncate": 77,
    "fallocate": 285,
    "open_by_handle_at": 304,
    "rename": 82,
    "renameat": 264,
    "renameat2": 316,
    "link": 86,
    "linkat": 265,
    "symlink": 88,
    "symlinkat": 266,
    "unlink": 87,
    "unlinkat": 263,
    "rmdir": 84,
    "mkdir": 83,
    "mkdirat": 258,
    "mknod": 133,
    "mknodat": 259,
    "chmod": 90,
    "fchmod": 91,
    "fchmodat": 268,
    "chown": 92,
    "fchown": 93,
    "lchown": 94,
    "fchownat": 260,
    "utime": 132,
    "utimes": 235,
    "futimesat": 261,
    "utimensat": 280,
    "setxattr": 188,
    "lsetxattr": 189,
    "fsetxattr": 190,
    "removexattr": 197,
    "lremovexattr": 198,
    "fremovexattr": 199,
    "shmget": 29,
    "shmat": 30,
    "shmctl": 31,
    "semget": 64,
    "semop": 65,
    "semctl": 66,
    "semtimedop": 220,
    "msgget": 68,
    "msgsnd": 69,
    "msgrcv": 70,
    "msgctl": 71,
    "mq_open": 240,
    "mq_unlink": 241,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "mount": 165,
    "umount2": 166,
    "pivot_root": 155,
    "chroot": 161,
    "unshare": 272,
    "setns": 308,
    "bpf": 321,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "setpriority": 141,
}

_AARCH64: Final = {
    "socket": 198,
    "socketpair": 199,
    "execve": 221,
    "execveat": 281,
    "tkill": 130,
    "rt_sigqueueinfo": 138,
    "rt_tgsigqueueinfo": 240,
    "ptrace": 117,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "kcmp": 272,
    "truncate": 45,
    "ftruncate": 46,
    "fallocate": 47,
    "open_by_handle_at": 265,
    "renameat": 38,
    "renameat2": 276,
    "linkat": 37,
    "symlinkat": 36,
    "unlinkat": 35,
    "mkdirat": 34,
    "mknodat": 33,
    "fchmod": 52,
    "fchmodat": 53,
    "fchown": 55,
    "fchownat": 54,
    "utimensat": 88,
    "setxattr": 5,
    "lsetxattr": 6,
    "fsetxattr": 7,
    "removexattr": 14,
    "lremovexattr": 15,
    "fremovexattr": 16,
    "shmget": 194,
    "shmat": 196,
    "shmctl": 195,
    "semget": 190,
    "semop": 193,
    "semctl": 191,
    "semtimedop": 192,
    "msgget": 186,
    "msgsnd": 189,
    "msgrcv": 188,
    "msgctl": 187,
    "mq_open": 180,
    "mq_unlink": 181,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "mount": 40,
    "umount2": 39,
    "pivot_root": 41,
    "chroot": 51,
    "unshare": 97,
    "setns": 268,
    "bpf": 280,
    "perf_event_open": 241,
    "userfaultfd": 282,
    "setpriority": 140,
}


def _conditions(
    *, openat: int, clone: int, kill: int, tgkill: int, prlimit: int, fcntl: int, ioctl: int
) -> tuple[Condition, ...]:
    return (
        Condition(openat, 2, "any_bit", (WRITING,)),
        Condition(clone, 0, "no_bit", (THREAD,)),
        Condition(kill, 0, "not_one_of", (OWN_ID,)),
        Condition(tgkill, 0, "not_one_of", (OWN_ID,)),
        Condition(prlimit, 0, "not_one_of", (0, OWN_ID)),
        Condition(fcntl, 1, "one_of", SENDS_SIGNALS_ELSEWHERE),
        Condition(ioctl, 1, "one_of", SETS_OWNER),
    )


MACHINES: Final[Mapping[str, Machine]] = {
    "x86_64": Machine(
        0xC000003E,
        _ABSENT,
        {**_NEWER, **_X86_64},
        (
            Condition(2, 1, "any_bit", (WRITING,)),  # open
            *_conditions(
                openat=257, clone=56, kill=62, tgkill=234, prlimit=302, fcntl=72, ioctl=16
            ),
        ),
    ),
    "aarch64": Machine(
        0xC00000B7,
        _ABSENT,
        {**_NEWER, **_AARCH64},
        _conditions(openat=56, clone=220, kill=129, tgkill=131, prlimit=261, fcntl=25, ioctl=29),
    ),
}
