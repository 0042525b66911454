# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible as a user does, and notes how long it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).absolute().parents[2]
COLLECTIONS = str(ROOT / ".build/ansible_collections")
Options = Mapping[str, Any]
Task = dict[str, Any]


@dataclass
class Row:
    """What was measured of one subject in one way, once or several times; `n`: of how many objects."""

    case: str
    subject: str
    way: str
    n: int = 1
    values: list[float] = field(default_factory=list)


class Ansible:
    """ansible-playbook and ansible-inventory with an engine; their files are in `folder`."""

    def __init__(self, host: str, folder: Path) -> None:
        self.folder = folder
        self.times = folder / "times.json"
        self.env = {
            **os.environ,
            "DOCKER_HOST": host,
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "bench_times",
            "BENCH_TIMES": str(self.times),
        }

    def _run(self, *command: str) -> tuple[float, str]:
        began = time.monotonic()
        done = subprocess.run(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
        )
        seconds = time.monotonic() - began
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-3000:]}")
        return seconds, done.stdout

    def play(self, tasks: Iterable[Task], unchanged: bool = True) -> list[tuple[str, float]]:
        """(name, seconds) of each task; RuntimeError when one fails, or changes something but for `unchanged`."""
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [*tasks]}
        book = self.folder / "play.yml"
        book.write_text(json.dumps([play]), encoding="utf-8")
        self.times.write_text("", encoding="utf-8")
        self._run(
            "ansible-playbook", "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}", str(book)
        )
        found = [json.loads(line) for line in self.times.read_text(encoding="utf-8").splitlines()]
        guilty = [name for name, _seconds, changed in found if changed and unchanged]
        if guilty:
            raise RuntimeError(f"these should have had nothing to do: {guilty}")
        return [(name, seconds) for name, seconds, _changed in found]

    def inventory(self, name: str, source: Options) -> tuple[float, float, int]:
        """The seconds in which ansible-inventory lists an inventory, those in which Ansible reads it, and its hosts."""
        path, listed = self.folder / name, self.folder / "listed.json"
        path.write_text(json.dumps(source), encoding="utf-8")
        whole, _said = self._run("ansible-inventory", "--list", "-i", str(path), "--output", str(listed))
        _seconds, said = self._run(sys.executable, "-c", READ, str(path))
        return whole, float(said.split()[-1]), len(json.loads(listed.read_text(encoding="utf-8"))["_meta"]["hostvars"])


# Reads an inventory as each of Ansible's programs does, and tells how long that took, without the start of the program.
READ = """
import sys, time
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([])
began = time.monotonic()
InventoryManager(loader=DataLoader(), sources=[sys.argv[1]])
print(time.monotonic() - began)
"""

# Runs a module as ansible-core does on a target, and tells at the end what the kernel counted. Not ru_maxrss, which
# begins with what the parent had when it forked.
CHILD = """
import importlib, re, sys
import ansible_collections
ansible_collections.__path__ = [*ansible_collections.__path__, sys.argv[2]]
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.buffer.read(), "legacy"
module = importlib.import_module(sys.argv[1])
try:
    module.main()
finally:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def peak(module: str, options: Options) -> float:
    """MiB of memory that a module (COLLECTION.NAME) takes at its peak; RuntimeError with its words when it fails."""
    collection, _dot, name = module.rpartition(".")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, f"ansible_collections.{collection}.plugins.modules.{name}", COLLECTIONS],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / ".build")},  # where there is no other ansible_collections
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stdout.decode()[-2000:]} {done.stderr.decode()[-2000:]}")
    return int(done.stderr.split()[-1]) / 1024
