"""PostgreSQL refuses to run as root; this lets root start it, and makes no system user and opens no folder.

The server becomes `nobody`, who may own the data but may not pass through closed parent folders such as
`/root`. Opening those would change modes that are not ours, so on Linux the server keeps exactly one
capability, the weakest that lets it pass (and read): CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE where a
container withholds the former. It stays out of everybody else's reach, because the folder around it is
root's alone.
"""

from __future__ import annotations

import ctypes
import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oncall_gitops.core.errors import DatabaseUnreachable

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server. `become`, if any, is what the child does between fork and exec."""

    uid: int
    gid: int
    become: Callable[[], None] | None = None

    def give(self, path: Path) -> None:
        """Make `path` the server's own."""
        if self.become is not None:
            os.chown(path, self.uid, self.gid)


def server_account() -> Account:
    """Ourselves, or for root the unprivileged `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
        capability = _held_capability()
    except (KeyError, OSError, ValueError) as error:
        raise DatabaseUnreachable(
            "the embedded PostgreSQL cannot be started by root on this system",
            help="run as an ordinary user, or set DATABASE_URL",
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid, _becoming(nobody.pw_uid, nobody.pw_gid, capability))


def _held_capability() -> int:
    """The weakest capability that we hold and that opens closed folders."""
    [line] = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapPrm:")
    ]
    held = int(line.split()[1], 16)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if held >> capability & 1:
            return capability
    raise ValueError("root without its capabilities")


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _becoming(uid: int, gid: int, capability: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)
    header = _Header(_CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    sets = (_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0))

    def checked(result: int) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def become() -> None:
        checked(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        checked(libc.capset(ctypes.byref(header), ctypes.byref(sets)))
        checked(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))

    return become
