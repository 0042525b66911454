# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of each module sends to the target, packed by ansible-core itself: our own part of it has a budget."""

from __future__ import annotations

import base64
import io
import pathlib
import re
import zipfile

import pytest
from ansible.executor import module_common
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

pytestmark = pytest.mark.controller

ROOT = pathlib.Path(__file__).absolute().parents[2]
HOME = "ansible_collections/dockside/engine/"
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
KIB = 1024
# The client takes 11 KiB of each, the convergence core 10, the documentation of the module 2 to 9. A KiB more costs a
# task about 0.2 ms for packing, sending and compiling; budgets keep a module from taking along what it does not use.
# Images and plugins also speak to registries and pack files.
# What apply takes along is every kind of object, and it takes the place of many tasks.
# What only Podman needs of a container is sent along as well, 4 KiB that no other engine's tasks compile.
BUDGETS = {
    "apply": 144,
    "container": 84,
    "image_build": 80,
    "container_run": 78,
    "service": 72,
    "plugin": 52,
    "image": 48,
    "config": 44,
    "secret": 44,
}
BUDGET = 40


def payload(name: str) -> list[zipfile.ZipInfo]:
    """The files that ansible-core packs for a module."""
    built = module_common.modify_module(
        module_name=f"dockside.engine.{name}",
        module_path=str(ROOT / ".build" / HOME / f"plugins/modules/{name}.py"),
        module_args={},
        templar=Templar(loader=DataLoader()),
        task_vars={"ansible_python_interpreter": "/usr/bin/python3"},
        module_compression="ZIP_DEFLATED",
    )
    packed = re.search(rb"UEsD[A-Za-z0-9+/=]+", built.b_module_data)
    assert packed, "no zip archive in what ansible-core built"
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed.group()))) as archive:
        return archive.infolist()


def test_there_are_modules() -> None:
    assert MODULES


@pytest.mark.parametrize("name", MODULES)
def test_payload_is_within_its_budget(name: str) -> None:
    own = {info.filename[len(HOME) :]: info.compress_size for info in payload(name) if info.filename.startswith(HOME)}
    assert f"plugins/modules/{name}.py" in own
    budget = BUDGETS.get(name, BUDGET) * KIB
    largest_first = sorted(own.items(), key=lambda item: -item[1])
    assert sum(own.values()) <= budget, f"{sum(own.values())} of {budget} bytes: {largest_first}"
