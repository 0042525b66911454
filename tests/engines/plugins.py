"""A managed plugin made here: a driver of volumes, and the files that an engine makes a plugin of."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engines.process import LabError, run

_SOURCE = Path(__file__).with_name("volume_driver.c")
_FLAGS = ("-D_GNU_SOURCE", "-O2", "-static", "-Wall", "-Wextra", "-Werror")
_DIRECTORIES = ("data", "dev", "etc", "host", "proc", "run/docker/plugins", "sys")

CONFIG: Mapping[str, Any] = {
    "description": "Volumes for tests",
    "documentation": "none",
    "entrypoint": ["/driver"],
    "workdir": "/",
    "interface": {"types": ["docker.volumedriver/1.0"], "socket": "driver.sock"},
    "network": {"type": "host"},
    "linux": {
        "capabilities": ["CAP_SYS_ADMIN"],
        "devices": [{"name": "disk", "description": "", "path": "/dev/null", "settable": ["path"]}],
    },
    "mounts": [
        {
            "name": "place",
            "description": "",
            "source": "/tmp",
            "destination": "/host",
            "type": "bind",
            "options": ["rbind"],
            "settable": ["source"],
        }
    ],
    "env": [
        {"name": "GREETING", "description": "What new volumes hold", "value": "hello", "settable": ["value"]},
        {"name": "UNSET", "description": "", "settable": ["value"]},
        {"name": "FIXED", "description": "", "value": "1"},
    ],
    "args": {"name": "args", "description": "", "value": ["-a", "-b"], "settable": ["value"]},
}
"""A bit of everything that a plugin can have. Volumes hold a file `greeting`. Without `place` it does not start."""

PRIVILEGES = [
    {"name": "network", "value": ["host"]},
    {"name": "mount", "value": ["/tmp"]},
    {"name": "device", "value": ["/dev/null"]},
    {"name": "capabilities", "value": ["CAP_SYS_ADMIN"]},
]
"""What a plugin of CONFIG asks for."""


@functools.cache
def driver() -> bytes:
    """The program, static so that it is all that a root file system needs; LabError where there is no compiler."""
    with tempfile.TemporaryDirectory(prefix="dockside-") as directory:
        program = Path(directory, "driver")
        try:
            run(["gcc", *_FLAGS, "-o", str(program), str(_SOURCE)])
        except FileNotFoundError as error:
            raise LabError("The tests' plugin needs a C compiler (on Debian: apt-get install gcc libc6-dev)") from error
        return program.read_bytes()


def files(directory: Path, version: str = "1", **config: Any) -> Path:
    """config.json and rootfs in the directory, which is made; answers it.

    `version` makes the root file system another one: an engine takes the same only once. `config` is laid over CONFIG.
    """
    rootfs = directory / "rootfs"
    for name in _DIRECTORIES:
        (rootfs / name).mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps({**CONFIG, **config}))
    (rootfs / "driver").write_bytes(driver())
    (rootfs / "driver").chmod(0o755)
    (rootfs / "version").write_text(version)
    return directory
