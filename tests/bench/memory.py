# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory.py [CASE…]: how much memory a module takes at its peak while it moves much data, on a throw-away engine.

Each case is a line of CASES. `./dev bench` runs it in the right environment; it ends with status 1 when one is above
the limit. The engine keeps its data in memory, so that a case of 2 GiB takes up to 6 GiB of the machine's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).absolute().parent.parent))

from engines import Engine, Lab

ROOT = Path(__file__).absolute().parents[2]
LIMIT = 80  # MiB
GIB = 1 << 30
Options = dict[str, Any]

# Runs a module as ansible-core does, and tells at the end what the kernel counted. Not ru_maxrss, which begins with
# what the parent had when it forked.
CHILD = """
import importlib, json, re, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.buffer.read(), "legacy"
module = importlib.import_module("ansible_collections.dockside.engine.plugins.modules." + sys.argv[1])
try:
    module.main()
finally:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def peak(module: str, options: Options) -> float:
    """MiB of memory that the module takes at its peak; RuntimeError with its words when it fails."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, module],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / ".build")},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stdout.decode()[-2000:]} {done.stderr.decode()[-2000:]}")
    return int(done.stderr.split()[-1]) / 1024


def large(path: Path, size: int) -> None:
    """A file without contents on the disk; whoever reads it gets zeros."""
    with open(path, "wb") as file:
        file.truncate(size)


def context(builder: str) -> Callable[[Engine, Path], tuple[str, Options]]:
    def prepare(engine: Engine, folder: Path) -> tuple[str, Options]:
        large(folder / "data", 2 * GIB)
        (folder / "Dockerfile").write_text("FROM scratch\nCOPY data /\n")
        options = {"name": "bench/context", "path": str(folder), "builder": builder, "rebuild": "when_context_changed"}
        return "image_build", options

    return prepare


# What is prepared on an engine and in a folder that is empty, and the module and its options.
CASES: dict[str, Callable[[Engine, Path], tuple[str, Options]]] = {
    "a build context of 2 GiB, classic": context("classic"),
    "a build context of 2 GiB, BuildKit": context("buildkit"),
}


def main(*names: str) -> int:
    too_much = 0
    for name in names or CASES:
        with Lab() as lab, tempfile.TemporaryDirectory(prefix="dockside-") as directory:
            engine = lab.engine("28.5")
            module, options = CASES[name](engine, Path(directory))
            began = time.monotonic()
            found = peak(module, {"docker_host": engine.host, **options})
            print(f"{name}: {found:.0f} MiB at its peak, {time.monotonic() - began:.0f} s", flush=True)
            too_much += found > LIMIT
    return int(too_much > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
