"""Processes of this machine: who is who, running programs, and what is needed to do so."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

# Program that is run on the host -> the Debian package it comes in.
PROGRAMS = {
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "ip": "iproute2",
    "mount": "mount",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "pivot_root": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "tar": "tar",
    "unshare": "util-linux",
}
PACKAGES = sorted({*PROGRAMS.values(), "debian-archive-keyring"})

_OWN_ENGINE = "Or use an engine of your own: set DOCKER_HOST, e.g. DOCKER_HOST=unix:///var/run/docker.sock"

T = TypeVar("T")


class LabError(Exception):
    """What a person can read and act on: something is missing here, or an engine did not do what it must."""


def require_machine() -> None:
    """Raises LabError, naming everything that is missing, when engines cannot be started on this machine."""
    if not os.path.isdir("/proc/self/ns"):
        raise LabError(f"Throw-away engines need Linux (namespaces under /proc). {_OWN_ENGINE}")
    if os.geteuid() != 0:
        raise LabError(
            "Throw-away engines need root: they make network namespaces and mounts (run it with sudo). " + _OWN_ENGINE
        )
    missing = sorted({package for program, package in PROGRAMS.items() if not shutil.which(program, path=_path())})
    if missing:
        raise LabError(
            "Throw-away engines are made from Debian's packages, and programs of these are missing here: "
            f"{' '.join(missing)} (on Debian: apt-get install {' '.join(missing)}). {_OWN_ENGINE}"
        )


def _path() -> str:
    """PATH with the sbin directories, which an ordinary login shell leaves out."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"


def host_env() -> dict[str, str]:
    return {**os.environ, "PATH": _path(), "LC_ALL": "C"}


def run(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    check: bool = True,
    timeout: float | None = 120,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a program of the host and returns its text output; LabError with its own words when it fails."""
    try:
        done = subprocess.run(
            list(command),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=env or host_env(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(command)}: no end after {timeout} s") from error
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"{' '.join(command)}: exit status {done.returncode}: {said}")
    return done


def wait_for(what: str, ready: Callable[[], T | None], timeout: float, pause: float = 0.02) -> T:
    """The first true answer of `ready`, asked again and again; LabError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        answer = ready()
        if answer:
            return answer
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {timeout:g} s")
        time.sleep(pause)


@functools.cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name (which may hold spaces and brackets); empty when gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@dataclass(frozen=True)
class Process:
    """One process, never mistaken for a later one that got the same pid: start time and boot belong to it."""

    pid: int
    start: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Process:
        fields = _stat(pid)
        if not fields:
            raise LabError(f"process {pid} is gone")
        return cls(pid, int(fields[19]), _boot())

    @property
    def alive(self) -> bool:
        """False also for a zombie: it holds no namespace, mount or file any more."""
        fields = _stat(self.pid)
        return bool(fields) and fields[0] not in "ZX" and int(fields[19]) == self.start and self.boot == _boot()

    @property
    def stopped(self) -> bool:
        """True once every thread has met a SIGSTOP; until then it may still answer."""
        tasks = Path(f"/proc/{self.pid}/task")
        try:
            states = [(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks.iterdir()]
        except (FileNotFoundError, ProcessLookupError):
            return False  # a thread just ended
        return all(state == "T" for state in states)

    def signal(self, number: signal.Signals) -> None:
        """A process that is gone is left alone: so is whoever has its pid now."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def wait(self, timeout: float) -> None:
        wait_for(f"end of process {self.pid}", lambda: not self.alive, timeout)
