# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module for swarms, from its options to its result, on an engine that is no manager or in no swarm."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.plugin_utils._in_process import MODULES, as_module, encoded
from engines import Engine, Lab

TASKS: list[tuple[str, dict[str, Any]]] = [
    ("config", {"name": "x", "data": "x"}),
    ("config", {"name": "x", "state": "absent"}),
    ("config_info", {}),
    ("node", {"hostname": "x", "availability": "drain"}),
    ("node", {"hostname": "x", "state": "absent"}),
    ("node_info", {}),
    ("node_info", {"self": True}),
    ("secret", {"name": "x", "data": "x", "hashed_versions": True}),
    ("secret", {"name": "x", "state": "absent"}),
    ("secret_info", {}),
    ("service", {"name": "x", "image": "x", "resolve_image": "never"}),
    ("service", {"name": "x", "state": "absent"}),
    ("service", {"name": "x", "rollback": True}),
    ("service_info", {}),
    ("service_info", {"name": "x"}),
    ("service_logs", {"name": "x"}),
    ("service_logs", {"task": "x"}),
    ("swarm_info", {}),
    ("swarm", {"state": "remove", "node_id": "x"}),
    ("task_info", {}),
    ("task_info", {"service": "x"}),
]
IN_NO_SWARM = [*TASKS, ("swarm_unlock", {"unlock_key": "x"})]
ON_A_WORKER = [*TASKS, ("swarm", {"labels": {"a": "1"}})]


def failure(name: str, options: dict[str, Any]) -> str:
    """What a module says that fails."""
    output = io.StringIO()
    with (
        as_module(encoded({"ANSIBLE_MODULE_ARGS": options}), {}, print),
        redirect_stdout(output),
        pytest.raises(SystemExit),
    ):
        importlib.import_module(MODULES + name).main()
    result = json.loads(output.getvalue())
    assert result["failed"], result
    assert "exception" not in result
    return str(result["msg"])


@pytest.fixture(scope="module")
def loner(lab: Lab) -> Iterator[Engine]:
    engine = lab.engine("26.1")
    yield engine
    engine.kill()


@pytest.fixture(scope="module")
def worker(lab: Lab) -> Iterator[Engine]:
    engines = lab.swarm(managers=1, workers=1, flavours=("28.5", "20.10"))
    yield engines[1]
    for engine in engines:
        engine.kill()


@pytest.mark.parametrize(("name", "options"), IN_NO_SWARM, ids=str)
def test_in_no_swarm(name: str, options: dict[str, Any], loner: Engine) -> None:
    said = failure(name, {**options, "docker_host": loner.host})
    assert (
        "is in no swarm: make it a manager with dockside.engine.swarm, state present or join, or set docker_host"
        in said
    )


@pytest.mark.parametrize(("name", "options"), ON_A_WORKER, ids=str)
def test_on_a_worker(name: str, options: dict[str, Any], worker: Engine) -> None:
    said = failure(name, {**options, "docker_host": worker.host})
    assert "is a worker of its swarm: set docker_host to a manager (the swarm's managers: 10.210." in said
