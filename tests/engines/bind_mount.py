"""The program behind Sandbox.bind: `bind_mount.py PID PATH` shows the host's PATH in the mount namespace of PID.

A program of its own, importing nothing of ours: a process that changes its mount namespace must have one thread only.
"""

from __future__ import annotations

import ctypes
import os
import sys


def _bind_into(pid: int, path: str) -> None:
    """Takes a copy of the mount here and attaches it there."""
    libc = ctypes.CDLL(None, use_errno=True)
    open_tree, move_mount = 428, 429  # the same numbers on every architecture since Linux 5.2
    at_fdcwd, clone, recursive, from_fd, mount_namespace = -100, 1, 0x8000, 4, 0x00020000

    def checked(what: str, result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
        return result

    tree = checked("open_tree", libc.syscall(open_tree, at_fdcwd, path.encode(), clone | recursive | os.O_CLOEXEC))
    is_directory = os.path.isdir(path)
    root = os.open(f"/proc/{pid}/root", os.O_RDONLY)
    namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    checked("setns", libc.setns(namespace, mount_namespace))
    os.fchdir(root)
    os.chroot(".")
    if is_directory:
        os.makedirs(path, exist_ok=True)
    elif not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
    checked("move_mount", libc.syscall(move_mount, tree, b"", at_fdcwd, path.encode(), from_fd))


if __name__ == "__main__":
    _bind_into(int(sys.argv[1]), sys.argv[2])
