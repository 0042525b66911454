# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task takes beside time: bytes on the way to the target, memory there, requests to the engine."""

from __future__ import annotations

import base64
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from ansible.executor import module_common
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from engines import Engine
from engines.recorder import Recorder

from bench.runs import COLLECTIONS, Options, Row, peak
from bench.times import KINDS, PEER

OURS = "dockside.engine"


def modules(kind: str) -> dict[str, tuple[str, Options]]:
    """Way -> the module and its options."""
    peer, common, own = KINDS[kind]
    return {PEER: (f"{PEER}.{peer}", common), OURS: (f"{OURS}.{kind}", {**common, **own})}


def payload(module: str) -> int:
    """The bytes that ansible-core sends to a target for a task."""
    collection, _dot, name = module.rpartition(".")
    path = importlib.import_module(f"ansible_collections.{collection}.plugins.modules.{name}").__file__
    built = module_common.modify_module(
        module_name=module,
        module_path=str(path),
        module_args={},
        templar=Templar(loader=DataLoader()),
        task_vars={"ansible_python_interpreter": "/usr/bin/python3"},
        module_compression="ZIP_DEFLATED",
    )
    packed = re.search(rb"UEsD[A-Za-z0-9+/=]+", built.b_module_data)
    assert packed, f"no archive in what ansible-core sends for {module}"
    return len(base64.b64decode(packed.group()))


def sizes(engine: Engine, folder: Path) -> Iterator[Row]:
    init_plugin_loader([str(Path(COLLECTIONS).parent)])
    engine.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": engine.address})
    with Recorder(folder / "docker.sock", engine.socket, client="") as recorder:
        for kind in KINDS:
            found = modules(kind)
            peak(found[OURS][0], {**found[OURS][1], "docker_host": engine.host})  # from now on there is nothing to do
            for way, (module, options) in found.items():
                recorder.label = module
                memory = peak(module, {**options, "docker_host": recorder.host})
                sent = sum(label == module for label, _request in recorder.requests)
                yield Row("payload", kind, way, values=[payload(module) / 1024])
                yield Row("memory", kind, way, values=[memory])
                yield Row("requests", kind, way, values=[sent])
    engine.reset()
