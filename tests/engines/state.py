"""What a lab owns, written down before it is made, so that another process can remove a dead lab's remains.

/run/dockside-lab/lock            held for the moments in which numbers are taken and dead labs removed
/run/dockside-lab/N/lab.json      the record of lab N: owner, processes, control groups, link, engines
/run/dockside-lab/N/OCTET/        a sandbox's shared directory: docker.sock, logs, certificates

Everything else of a lab (namespaces, mounts, bridge, addresses) lives in namespaces that end with its processes.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engines.process import LabError, Process, run, wait_for

STATE = Path("/run/dockside-lab")
_NUMBERS = range(1, 250)


@dataclass
class Record:
    """The contents of lab.json. `owner` is None for a lasting lab: only `down` and `clean --all` end that one."""

    number: int
    token: str  # tells it from a later lab with the same number
    checkout: str
    owner: Process | None
    name: str | None = None
    processes: list[Process] = field(default_factory=list)
    cgroups: list[str] = field(default_factory=list)
    shared_cgroups: list[str] = field(default_factory=list)  # of which only what is empty may be removed
    engines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def directory(self) -> Path:
        return STATE / str(self.number)

    @property
    def link(self) -> str:
        """The host's end of the cable to the lab's switch."""
        return f"dockside{self.number}"

    @property
    def dead(self) -> bool:
        """Nobody will use it any more: its owner is gone, or (a lasting one) its processes are."""
        if self.owner is not None:
            return not self.owner.alive
        return not any(process.alive for process in self.processes)

    def save(self) -> None:
        """Replaces lab.json in one step, so that a reader never sees half of it."""
        new = self.directory / "lab.json.new"
        new.write_text(json.dumps(asdict(self), indent=1))
        new.rename(self.directory / "lab.json")

    @classmethod
    def load(cls, directory: Path) -> Record:
        values = json.loads((directory / "lab.json").read_text())
        values["owner"] = Process(**values["owner"]) if values["owner"] else None
        values["processes"] = [Process(**process) for process in values["processes"]]
        return cls(**values)


@contextmanager
def locked() -> Iterator[None]:
    STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with open(STATE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def records() -> list[Record]:
    """Every lab of this machine, dead ones too. A directory without a record owns nothing yet."""
    found = []
    for directory in sorted(STATE.glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            found.append(Record.load(directory))
        except FileNotFoundError:
            continue
    return found


def allocate(checkout: str) -> Record:
    """A record with a number of its own, owned by this process. Removes dead labs first, whoever they belonged to."""
    with locked():
        _remove_dead()
        for number in _NUMBERS:
            record = Record(number, secrets.token_hex(8), checkout, Process.of(os.getpid()))
            if record.directory.exists() or os.path.exists(f"/sys/class/net/{record.link}"):
                continue
            record.directory.mkdir(mode=0o755)
            record.save()
            return record
    raise LabError(f"every lab number is taken; see {STATE} and `python3 tests/engines clean`")


def remove_dead() -> list[int]:
    """The numbers of the labs whose remains were removed."""
    with locked():
        return _remove_dead()


def _remove_dead() -> list[int]:
    dead = [record for record in records() if record.dead]
    for record in dead:
        _remove(record)
    # A maker that was killed between making the directory and writing the record.
    for directory in STATE.glob("[0-9]*"):
        if not (directory / "lab.json").exists():
            shutil.rmtree(directory)
    return [record.number for record in dead]


def remove(record: Record) -> None:
    """Ends everything the record names and removes every trace; nothing when somebody else has done so already."""
    with locked():
        try:
            present = Record.load(record.directory)
        except FileNotFoundError:
            return
        if present.token == record.token:
            _remove(record)


def _remove(record: Record) -> None:
    for process in record.processes:
        process.signal(signal.SIGKILL)
    for process in record.processes:
        process.wait(20)
    _remove_link(record.link)
    for cgroup in record.cgroups:
        _remove_cgroup(cgroup)
    for cgroup in record.shared_cgroups:
        _remove_cgroup(cgroup, shared=True)
    # The record goes last: after a failure, the next cleaning finds what is left.
    for path in record.directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    shutil.rmtree(record.directory)


def _remove_link(link: str) -> None:
    if os.path.exists(f"/sys/class/net/{link}"):
        # It ends with the switch's namespace too, but the kernel takes its time for that.
        run(["ip", "link", "delete", link], check=False)
        wait_for(f"end of network link {link}", lambda: not os.path.exists(f"/sys/class/net/{link}"), 20)


def cgroup_mounts() -> list[Path]:
    """Where the control group hierarchies are mounted: one with cgroup v2, one a controller with v1."""
    mounts = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _dash, source = line.partition(" - ")
        if source.split()[0] in ("cgroup", "cgroup2"):
            mounts.append(Path(re.sub(r"\\040", " ", fields.split()[4])))
    return mounts


def _remove_cgroup(name: str, *, shared: bool = False) -> None:
    """Removes the control group from every hierarchy. Its processes are gone, so only the directories are left."""
    for mount in cgroup_mounts():
        for directory, _subdirectories, _files in os.walk(mount / name, topdown=False):
            if not (shared and _in_use(Path(directory))):
                _rmdir(Path(directory))


def _in_use(cgroup: Path) -> bool:
    try:
        return bool((cgroup / "cgroup.procs").read_text()) or any(path.is_dir() for path in cgroup.iterdir())
    except FileNotFoundError:
        return False


def _rmdir(directory: Path) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            return directory.rmdir()
        except FileNotFoundError:
            return None
        except OSError:
            # Busy for some milliseconds after its last process died.
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
